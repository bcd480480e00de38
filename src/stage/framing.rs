//! Where a message of the subject's standard streams ends.

use serde::{Deserialize, Serialize};

/// How messages are told apart on the subject's standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Framing {
    /// Each ends with its line, as those of MCP do.
    #[default]
    Lines,
    /// Each has a header with its length, as those of LSP and DAP do: `Content-Length: 17`, an empty line, and 17 bytes. What
    /// an action writes gets such a header. A message of the subject is one line of the record, without its header; what
    /// stands between messages is lines as ever.
    ContentLength,
}

impl Framing {
    /// A message as it is sent.
    #[cfg(target_os = "linux")]
    pub(super) fn frame(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Lines => message.to_vec(),
            Self::ContentLength => {
                let header = format!("Content-Length: {}\r\n\r\n", message.len());
                [header.as_bytes(), message].concat()
            }
        }
    }

    /// The length of the message that a line of a header tells.
    #[cfg(target_os = "linux")]
    pub(super) fn length(line: &[u8]) -> Option<u64> {
        let (name, value) = str::from_utf8(line).ok()?.split_once(':')?;
        let value = name
            .eq_ignore_ascii_case("content-length")
            .then_some(value)?;
        value.trim().parse().ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_message_gets_a_header_with_its_length() {
        assert_eq!(Framing::Lines.frame(b"{}\n"), b"{}\n");
        assert_eq!(
            Framing::ContentLength.frame("{\"ä\"}".as_bytes()),
            "Content-Length: 6\r\n\r\n{\"ä\"}".as_bytes()
        );
    }

    #[test]
    fn only_a_header_tells_a_length() {
        assert_eq!(Framing::length(b"Content-Length: 17\r"), Some(17));
        assert_eq!(Framing::length(b"content-length:17"), Some(17));
        for other in [
            "Content-Length: -1",
            "Content-Length",
            "Content-Type: 17",
            "17",
        ] {
            assert_eq!(Framing::length(other.as_bytes()), None, "{other}");
        }
    }
}
