//! How a suite says when a subject is ready.

use serde::Deserialize;
use serde::de::Deserializer;
use toml::Spanned;

use super::lines::{Origin, Placed, Text};
use super::values::{TextOrTable, text_or_table};
use crate::log::Regex;
use crate::stage::{Readiness, Request};

/// `"listening"`, `"notify"`, or a table with `line`, `file` or `fd`.
#[derive(Debug, Clone)]
pub(super) enum Ready {
    Line(Placed),
    Other(Readiness),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReadyTable {
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
    file: Option<String>,
    http: Option<String>,
    status: Option<u16>,
    fd: Option<u32>,
}

impl TextOrTable for Ready {
    const EXPECTED: &'static str = "`\"listening\"`, `\"notify\"`, or a table with one of `line`, `contains`, `regex`, `file`, `http`, `fd`";
    type Table = ReadyTable;

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "listening" => Ok(Self::Other(Readiness::Listening)),
            "notify" => Ok(Self::Other(Readiness::Notify)),
            other => Err(format!(
                "`{other}` is no way to be ready: there are \"listening\" and \"notify\"; a line is written `{{ line = \"{other}\" }}`"
            )),
        }
    }

    fn from_table(table: ReadyTable) -> Result<Self, String> {
        let text = Text {
            line: table.line,
            contains: table.contains,
            regex: table.regex,
            stream: table.stream,
        };
        if table.status.is_some() && table.http.is_none() {
            return Err("`status` is for `http`".into());
        }
        match (text.placed()?, table.file, table.http, table.fd) {
            (Some(line), None, None, None) => Ok(Self::Line(line)),
            (None, Some(path), None, None) => Ok(Self::Other(Readiness::File(path))),
            (None, None, Some(path), None) => {
                let status = table.status.unwrap_or(200);
                match Request::get("ready", &path).problem() {
                    Some(problem) => Err(problem),
                    None => Ok(Self::Other(Readiness::Http { path, status })),
                }
            }
            (None, None, None, Some(fd @ 3..=255)) => Ok(Self::Other(Readiness::Descriptor(fd))),
            (None, None, None, Some(fd)) => Err(format!(
                "descriptor {fd}: 0 to 2 are the standard streams, so take one from 3 to 255"
            )),
            _ => Err("one of `line`, `contains`, `regex`, `file`, `http` and `fd`".into()),
        }
    }
}

impl<'de> Deserialize<'de> for Ready {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}
