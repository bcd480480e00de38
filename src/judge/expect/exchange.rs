use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::Exchange;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedRequest {
    /// The name of the request. Of several requests of one name, all end so.
    pub name: String,
    /// How it ends.
    pub end: ExpectedExchange,
}

impl ExpectedRequest {
    /// A request of this name ends so.
    #[must_use]
    pub fn new(name: impl Into<String>, end: ExpectedExchange) -> Self {
        let name = name.into();
        Self { name, end }
    }
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExpectedExchange {
    /// The whole answer comes, with this status.
    Status(u16),
    /// The connection ends before the whole answer has come.
    CutOff,
    /// There is no connection.
    Refused,
    /// Either of the two: no answer comes, and the client knows it.
    Lost,
    /// The subject closes the connection that is held open.
    Closed,
}

impl ExpectedExchange {
    /// Whether this is what is expected.
    #[must_use]
    pub fn allows(self, exchange: &Exchange) -> bool {
        match (self, exchange) {
            (Self::Status(status), Exchange::Answered(answer)) => answer.status == status,
            (Self::CutOff, Exchange::CutOff { .. })
            | (Self::Refused, Exchange::Refused { .. })
            | (Self::Lost, Exchange::CutOff { .. } | Exchange::Refused { .. })
            | (Self::Closed, Exchange::Closed) => true,
            _ => false,
        }
    }
}

impl fmt::Display for ExpectedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "answered with status {status}"),
            Self::CutOff => f.write_str("cut off"),
            Self::Refused => f.write_str("refused"),
            Self::Lost => f.write_str("cut off or refused"),
            Self::Closed => f.write_str("closed by the subject"),
        }
    }
}
