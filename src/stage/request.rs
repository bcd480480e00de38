//! Requests to the subject: plain data.

use serde::{Deserialize, Serialize};

use crate::record::Bytes;

/// An HTTP request to the subject, or a connection to it over which nothing is sent.
///
/// It goes to the subject itself, on the loopback: to the port that was handed in, else to the first TCP port at which a process
/// of its tree listens. One request of a name is under way at a time: this is a judge of ends, not a load tester.
///
/// ```
/// use exeunt::stage::{Action, Request};
/// use exeunt::{record::EventName, millis};
/// let slow = Request::get("slow", "/slow?ms=1000");
/// let after = Action::request(slow).on(EventName::Ready).after(millis(100));
/// # let _ = after;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Its name. Events have it: `slow sent`, `slow answered`.
    pub name: String,
    /// What is sent. `None`: nothing, as with the spare connection of a browser.
    pub head: Option<Head>,
    /// What comes behind the head.
    pub body: Bytes,
    /// Whether the connection is held open after the answer.
    pub keep_alive: bool,
    /// The port, where the subject listens at several.
    pub port: Option<u16>,
}

/// The first line of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Head {
    /// Such as `GET`.
    pub method: String,
    /// Such as `/slow?ms=1000`.
    pub path: String,
}

impl Request {
    /// A request with any method.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        method: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        let head = Head {
            method: method.into(),
            path: path.into(),
        };
        Self {
            head: Some(head),
            keep_alive: false,
            ..Self::connection(name)
        }
    }

    /// `GET` of a path.
    #[must_use]
    pub fn get(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name, "GET", path)
    }

    /// A connection over which nothing is sent, held open until the subject closes it.
    #[must_use]
    pub fn connection(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            head: None,
            body: Vec::new().into(),
            keep_alive: true,
            port: None,
        }
    }

    /// Sends a body.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    /// Holds the connection open after the answer, idle, until the subject closes it.
    #[must_use]
    pub fn keep_alive(self) -> Self {
        Self {
            keep_alive: true,
            ..self
        }
    }

    /// Chooses a port, where the subject listens at several.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self {
            port: Some(port),
            ..self
        }
    }

    /// The bytes that are sent.
    #[cfg(feature = "http")]
    pub(super) fn bytes(&self, host: &str) -> Vec<u8> {
        let Some(Head { method, path }) = &self.head else {
            return Vec::new();
        };
        let connection = match self.keep_alive {
            true => "keep-alive",
            false => "close",
        };
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: exeunt\r\nAccept: */*\r\nConnection: {connection}\r\n"
        );
        let body = self.body.as_slice();
        if !body.is_empty() {
            bytes += &format!("Content-Length: {}\r\n", body.len());
        }
        bytes += "\r\n";
        [bytes.as_bytes(), body].concat()
    }

    /// What is wrong with it: it must be one line, so that nobody sends a second request within it.
    pub(crate) fn problem(&self) -> Option<String> {
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if self.name.is_empty() || self.name.contains(char::is_whitespace) {
            return Some(format!(
                "`{}` is no name: it is empty or has white space",
                self.name
            ));
        }
        let head = self.head.as_ref()?;
        if !plain(&head.method) {
            return Some(format!("`{}` is no method", head.method.escape_debug()));
        }
        let fine = plain(&head.path) && head.path.starts_with('/');
        (!fine).then(|| {
            format!(
                "`{}` is no path: a request goes to the subject itself, on the loopback, so write a path such as `/slow`",
                head.path.escape_debug()
            )
        })
    }
}
