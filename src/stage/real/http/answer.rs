//! An HTTP answer, piece by piece as it comes.

use crate::record::Answer;

/// How much of a body is kept.
const KEPT: usize = 64 * 1024;
/// The longest head that is read.
const HEAD: usize = 64 * 1024;
/// The most headers of an answer.
const HEADERS: usize = 128;

/// What has come of an answer.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// How many bytes have come in all.
    pub(super) received: u64,
    head: Option<Head>,
    body: Vec<u8>,
    /// Whether the request asked for the head alone.
    head_only: bool,
}

#[derive(Debug)]
struct Head {
    status: u16,
    rest: Rest,
}

/// How much of the body is yet to come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rest {
    Bytes(u64),
    /// Chunks: the size of the next is read next.
    ChunkSize,
    /// This many bytes of a chunk, and its line end.
    Chunk(u64),
    /// Lines up to an empty one.
    Trailer,
    /// All up to the end of the connection.
    ToTheEnd,
}

/// Bytes that are no HTTP answer.
#[derive(Debug, PartialEq)]
pub(super) struct NotHttp(pub(super) String);

impl Incoming {
    pub(super) fn new(head_only: bool) -> Self {
        Self {
            head_only,
            ..Self::default()
        }
    }

    /// Takes more bytes. The answer, once all of it has come.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<Answer>, NotHttp> {
        self.received += bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        while self.head.is_none() {
            if !self.read_head()? {
                return Ok(None);
            }
        }
        self.read_body()
    }

    /// The connection has ended. The answer, if it may end so.
    pub(super) fn end(&mut self) -> Option<Answer> {
        let head = self.head.as_ref()?;
        (head.rest == Rest::ToTheEnd).then(|| self.answer(head.status))
    }

    fn answer(&self, status: u16) -> Answer {
        Answer::new(status, self.body.clone())
    }

    /// False if more bytes are needed.
    fn read_head(&mut self) -> Result<bool, NotHttp> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(&self.bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.bytes.len() <= HEAD => return Ok(false),
            Ok(httparse::Status::Partial) => {
                return Err(NotHttp(format!("a head of more than {HEAD} bytes")));
            }
            Err(error) => return Err(NotHttp(format!("no HTTP answer: {error}"))),
        };
        let status = response.code.unwrap_or_default();
        let rest = rest(status, response.headers, self.head_only)?;
        self.bytes.drain(..length);
        // 100 Continue and its like stand ahead of the answer.
        if status >= 200 {
            self.head = Some(Head { status, rest });
        }
        Ok(true)
    }

    fn read_body(&mut self) -> Result<Option<Answer>, NotHttp> {
        loop {
            let Some(head) = &mut self.head else {
                return Ok(None);
            };
            let status = head.status;
            match head.rest {
                Rest::Bytes(0) => return Ok(Some(self.answer(status))),
                Rest::ToTheEnd if self.bytes.is_empty() => return Ok(None),
                Rest::ToTheEnd => {
                    let n = self.bytes.len();
                    self.take(n);
                }
                Rest::Bytes(left) | Rest::Chunk(left) if left > 0 => {
                    let n = self
                        .bytes
                        .len()
                        .min(usize::try_from(left).unwrap_or(usize::MAX));
                    if n == 0 {
                        return Ok(None);
                    }
                    let left = left - n as u64;
                    head.rest = match head.rest {
                        Rest::Chunk(_) => Rest::Chunk(left),
                        _ => Rest::Bytes(left),
                    };
                    self.take(n);
                }
                _ => match self.line() {
                    None => return Ok(None),
                    Some(line) => match self.next(&line)? {
                        true => return Ok(Some(self.answer(status))),
                        false => continue,
                    },
                },
            }
        }
    }

    /// What follows a line between the chunks. True if it was the last.
    fn next(&mut self, line: &str) -> Result<bool, NotHttp> {
        let Some(head) = &mut self.head else {
            return Ok(false);
        };
        head.rest = match head.rest {
            Rest::ChunkSize => {
                let size = line.split(';').next().unwrap_or_default().trim();
                match chunk_size(size) {
                    Some(0) => Rest::Trailer,
                    Some(size) => Rest::Chunk(size),
                    None => return Err(NotHttp(format!("`{size}` is no size of a chunk"))),
                }
            }
            Rest::Trailer if line.is_empty() => return Ok(true),
            Rest::Trailer => Rest::Trailer,
            // The line end of a chunk.
            _ if line.is_empty() => Rest::ChunkSize,
            _ => return Err(NotHttp("a chunk is longer than its size".into())),
        };
        Ok(false)
    }

    /// The next line, taken off, if all of it is there.
    fn line(&mut self) -> Option<String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Takes bytes for the body.
    fn take(&mut self, n: usize) {
        let room = KEPT - self.body.len();
        self.body.extend(self.bytes.drain(..n).take(room));
    }
}

/// Digits alone: no sign.
fn chunk_size(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let size = u64::from_str_radix(text, 16).ok();
    size.filter(|_| digits)
}

fn rest(status: u16, headers: &[httparse::Header<'_>], head_only: bool) -> Result<Rest, NotHttp> {
    if head_only || matches!(status, 100..=199 | 204 | 304) {
        return Ok(Rest::Bytes(0));
    }
    // Of several codings the last is that of the connection.
    if values(headers, "transfer-encoding").last().as_deref() == Some("chunked") {
        return Ok(Rest::ChunkSize);
    }
    let mut lengths: Vec<_> = values(headers, "content-length").collect();
    lengths.dedup();
    match &lengths[..] {
        [] => Ok(Rest::ToTheEnd),
        [one] if one.bytes().all(|byte| byte.is_ascii_digit()) => match one.parse() {
            Ok(length) => Ok(Rest::Bytes(length)),
            Err(_) => Err(NotHttp(format!("`{one}` is no length"))),
        },
        [one] => Err(NotHttp(format!("`{one}` is no length"))),
        several => Err(NotHttp(format!(
            "several lengths: {}",
            several.join(" and ")
        ))),
    }
}

/// All values of a header, which may be in several lines, or in one with commas.
fn values(headers: &[httparse::Header<'_>], name: &str) -> impl Iterator<Item = String> {
    let lines = headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name));
    lines.flat_map(|header| {
        let line = String::from_utf8_lossy(header.value).to_ascii_lowercase();
        let values = line.split(',').map(|value| value.trim().to_owned());
        values.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer, however its bytes are cut into pieces.
    fn read(text: &str, ends: bool) -> Result<Option<Answer>, NotHttp> {
        let all = read_by(text.len().max(1), text, ends);
        for n in [1, 2, 7] {
            assert_eq!(read_by(n, text, ends), all, "{n}");
        }
        all
    }

    fn read_by(n: usize, text: &str, ends: bool) -> Result<Option<Answer>, NotHttp> {
        let mut incoming = Incoming::default();
        for piece in text.as_bytes().chunks(n) {
            if let Some(answer) = incoming.push(piece)? {
                return Ok(Some(answer));
            }
        }
        Ok(if ends { incoming.end() } else { None })
    }

    #[test]
    fn an_answer_ends_where_it_says() {
        let ok = |body: &str| Ok(Some(Answer::new(200, body)));
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false),
            ok("hi")
        );
        assert_eq!(
            read("HTTP/1.0 200 OK\r\n\r\nhi there", true),
            ok("hi there")
        );
        assert_eq!(read("HTTP/1.0 200 OK\r\n\r\nhi there", false), Ok(None));
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
        assert_eq!(read(chunks, false), ok("abc0123456789"));
        let none = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(read(none, false), Ok(Some(Answer::new(204, ""))));
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        ] {
            assert_eq!(read(text, true), Ok(None), "{text}");
        }
    }

    #[test]
    fn where_an_answer_ends_is_said_by_all_its_headers() {
        let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        let both = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n";
        let chunk = head(both) + "2\r\nhi\r\n";
        assert_eq!(read(&chunk, true), Ok(None));
        let all = chunk + "0\r\n\r\n";
        assert_eq!(read(&all, false), Ok(Some(Answer::new(200, "hi"))));
        let length = "Content-Length: 2\r\n";
        let twice = head(&length.repeat(2)) + "hi";
        assert_eq!(read(&twice, false), Ok(Some(Answer::new(200, "hi"))));
        for other in ["Content-Length: 3\r\n", "Content-Length: 2, 3\r\n"] {
            let text = head(&(length.to_owned() + other)) + "hi";
            let why = "several lengths: 2 and 3".into();
            assert_eq!(read(&text, true), Err(NotHttp(why)), "{other}");
        }
        let signed = head("Content-Length: +2\r\n") + "hi";
        assert!(read(&signed, true).is_err());
    }

    #[test]
    fn a_chunk_is_as_long_as_it_says() {
        let chunks = |text: &str| {
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{text}0\r\n\r\n")
        };
        assert!(read(&chunks("2\r\nhi\r\n"), false).is_ok());
        for wrong in ["2\r\nhello\r\n", "+2\r\nhi\r\n"] {
            assert!(read(&chunks(wrong), false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_http_is_told() {
        assert!(read("220 smtp ready\r\n\r\n", false).is_err());
        let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
        assert_eq!(
            read(chunk, false),
            Err(NotHttp("`xyz` is no size of a chunk".into()))
        );
    }
}
