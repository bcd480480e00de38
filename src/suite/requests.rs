//! Requests to the subject, and what becomes of them, as a suite file writes them.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use toml::Spanned;

use super::file::When;
use super::lines::MarkSpec;
use super::values::Span;
use crate::expect::ExpectedExchange;
use crate::stage::Request;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RequestSpec {
    pub(super) name: Spanned<String>,
    /// The path.
    http: Option<String>,
    method: Option<String>,
    body: Option<String>,
    #[serde(default)]
    keep_alive: bool,
    /// A connection over which nothing is sent.
    #[serde(default)]
    idle: bool,
    port: Option<u16>,
    /// What becomes of it, unless `answers` says otherwise.
    pub(super) status: Option<AnswerSpec>,
    pub(super) on: Option<Spanned<MarkSpec>>,
    pub(super) after: Option<Span>,
    pub(super) when: Option<When>,
}

impl RequestSpec {
    /// The request, or what is wrong with it.
    pub(super) fn request(&self) -> Result<Request, String> {
        let name = self.name.get_ref();
        let mut request = match (&self.http, self.idle) {
            (Some(path), false) => {
                Request::new(name, self.method.as_deref().unwrap_or("GET"), path)
            }
            (None, true) if self.method.is_none() && self.body.is_none() => {
                Request::connection(name)
            }
            (None, true) => return Err("nothing is sent over an idle connection".into()),
            _ => return Err("one of `http` and `idle = true`".into()),
        };
        if let Some(body) = &self.body {
            request = request.body(body.as_str());
        }
        if self.keep_alive {
            request = request.keep_alive();
        }
        if let Some(port) = self.port {
            request = request.port(port);
        }
        match request.problem() {
            Some(problem) => Err(problem),
            None => Ok(request),
        }
    }

    /// What becomes of it, unless `answers` says otherwise. Nothing is said of an idle connection.
    pub(super) fn usual_end(&self) -> Option<ExpectedExchange> {
        let usual = || (!self.idle).then_some(ExpectedExchange::Status(200));
        self.status.map(|status| status.0).or_else(usual)
    }
}

/// A status, or a word for what else can become of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerSpec(pub(super) ExpectedExchange);

const WORDS: [(&str, ExpectedExchange); 4] = [
    ("cut off", ExpectedExchange::CutOff),
    ("refused", ExpectedExchange::Refused),
    ("lost", ExpectedExchange::Lost),
    ("closed", ExpectedExchange::Closed),
];

/// As a suite writes it.
pub(super) fn show(end: ExpectedExchange) -> String {
    match (end, WORDS.iter().find(|(_, known)| *known == end)) {
        (ExpectedExchange::Status(status), _) => status.to_string(),
        (_, Some((word, _))) => format!("\"{word}\""),
        (_, None) => String::new(),
    }
}

impl<'de> Deserialize<'de> for AnswerSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = AnswerSpec;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a status such as 200, `\"cut off\"`, `\"refused\"`, `\"lost\"` (either of the two) or `\"closed\"`")
            }

            fn visit_i64<E: serde::de::Error>(self, status: i64) -> Result<AnswerSpec, E> {
                match u16::try_from(status) {
                    Ok(status @ 200..=599) => Ok(AnswerSpec(ExpectedExchange::Status(status))),
                    _ => Err(E::custom(format!("{status} is no status: 200 to 599"))),
                }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AnswerSpec, E> {
                let found = WORDS.iter().find(|(word, _)| *word == text);
                let found = found.map(|(_, end)| AnswerSpec(*end));
                found.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
