//! Lines, steps and marks as a suite file writes them.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::selector::{Condition, Selectors};
use super::signals::SignalSpec;
use super::values::{OneOrMore, TextOrTable, text_or_table};
use crate::expect::{Mark, Occurrence, Times};
use crate::log::{Pattern, Regex};
use crate::record::{EventName, Signal, Stream};

/// The stream of a line: one of the two where the streams are split, or the files that are tailed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Origin {
    Stdout,
    Stderr,
    File,
}

impl From<Origin> for Stream {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Stdout => Self::Stdout,
            Origin::Stderr => Self::Stderr,
            Origin::File => Self::File,
        }
    }
}

/// A pattern, and where its stream is named.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) pattern: Pattern,
    pub(super) stream: Option<Range<usize>>,
}

impl Placed {
    fn text(text: &str) -> Self {
        Self {
            pattern: Pattern::text(text),
            stream: None,
        }
    }
}

/// The three ways to name a line.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) line: Option<String>,
    pub(super) contains: Option<String>,
    pub(super) regex: Option<Regex>,
    pub(super) stream: Option<Spanned<Origin>>,
}

const NO_LINE: &str = "no line: expected one of `line`, `contains`, `regex`";

impl Text {
    pub(super) fn placed(self) -> Result<Option<Placed>, String> {
        let pattern = match (self.line, self.contains, self.regex) {
            (None, None, None) => return Ok(None),
            (Some(text), None, None) => Pattern::text(&text),
            (None, Some(text), None) => Pattern::contains(&text),
            (None, None, Some(regex)) => Pattern::from(regex),
            (Some(_), Some(_), _) => return Err(one_of("contains", "line")),
            (Some(_), _, Some(_)) => return Err(one_of("regex", "line")),
            (None, Some(_), Some(_)) => return Err(one_of("regex", "contains")),
        };
        Ok(Some(match self.stream {
            None => Placed {
                pattern,
                stream: None,
            },
            Some(stream) => Placed {
                pattern: pattern.on((*stream.get_ref()).into()),
                stream: Some(stream.span()),
            },
        }))
    }
}

fn one_of(key: &str, other: &str) -> String {
    format!("`{key}` beside `{other}`: one of them only")
}

macro_rules! text_or_table {
    ($($type:ty),*) => {
        $(impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text_or_table(deserializer)
            }
        })*
    };
}

text_or_table!(Line, Bare, Step, MarkSpec, Count);

/// A line, where it is wanted at all.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) pattern: Placed,
    pub(super) condition: Condition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LineTable {
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
    r#if: Option<Selectors>,
    unless: Option<Selectors>,
}

impl TextOrTable for Line {
    const EXPECTED: &'static str =
        "a line, `{ line = \"…\" }`, `{ contains = \"…\" }` or `{ regex = \"…\" }`";
    type Table = LineTable;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            pattern: Placed::text(text),
            condition: Condition::default(),
        })
    }

    fn from_table(table: LineTable) -> Result<Self, String> {
        let LineTable {
            line,
            contains,
            regex,
            stream,
            r#if: only,
            unless,
        } = table;
        let text = Text {
            line,
            contains,
            regex,
            stream,
        };
        Ok(Self {
            pattern: text.placed()?.ok_or(NO_LINE)?,
            condition: Condition { only, unless },
        })
    }
}

/// A line that stands inside something that has the condition.
#[derive(Debug, Clone)]
pub(super) struct Bare(pub(super) Placed);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BareTable {
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
}

impl TextOrTable for Bare {
    const EXPECTED: &'static str = Line::EXPECTED;
    type Table = BareTable;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self(Placed::text(text)))
    }

    fn from_table(table: BareTable) -> Result<Self, String> {
        let BareTable {
            line,
            contains,
            regex,
            stream,
        } = table;
        let text = Text {
            line,
            contains,
            regex,
            stream,
        };
        text.placed()?.ok_or(NO_LINE.into()).map(Self)
    }
}

/// One line, or several that come in this order.
#[derive(Debug, Clone)]
pub(super) struct Sequence(pub(super) Vec<Line>);

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMore::deserialize(deserializer).map(|lines| Self(lines.0))
    }
}

/// One step in the order of a log.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    pub(super) condition: Condition,
}

#[derive(Debug, Clone)]
pub(super) enum StepKind {
    Then(Placed),
    Next(Placed),
    Not(Placed),
    AnyOrder(Vec<Sequence>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StepTable {
    next: Option<Bare>,
    not: Option<Bare>,
    any_order: Option<Vec<Sequence>>,
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
    r#if: Option<Selectors>,
    unless: Option<Selectors>,
}

impl TextOrTable for Step {
    const EXPECTED: &'static str =
        "a line, or a table with one of `next`, `not`, `any-order`, `line`, `contains`, `regex`";
    type Table = StepTable;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            kind: StepKind::Then(Placed::text(text)),
            condition: Condition::default(),
        })
    }

    fn from_table(table: StepTable) -> Result<Self, String> {
        let origin = table.stream.is_some();
        let line = Text {
            line: table.line,
            contains: table.contains,
            regex: table.regex,
            stream: table.stream,
        };
        let kinds = [
            ("next", table.next.map(|line| StepKind::Next(line.0))),
            ("not", table.not.map(|line| StepKind::Not(line.0))),
            ("any-order", table.any_order.map(StepKind::AnyOrder)),
            ("a line", line.placed()?.map(StepKind::Then)),
        ];
        let mut kinds = kinds
            .into_iter()
            .filter_map(|(key, kind)| Some((key, kind?)));
        let (key, kind) = kinds.next().ok_or(
            "an empty table, expected one of `next`, `not`, `any-order`, `line`, `contains`, `regex` in it",
        )?;
        if let Some((other, _)) = kinds.next() {
            return Err(one_of(other, key).replace("`a line`", "a line"));
        }
        if origin && !matches!(kind, StepKind::Then(_)) {
            return Err(format!(
                "`stream` belongs to the line: write `{key} = {{ line = \"…\", stream = \"…\" }}`"
            ));
        }
        Ok(Self {
            kind,
            condition: Condition {
                only: table.r#if,
                unless: table.unless,
            },
        })
    }
}

/// The steps of a log: a list, or a text with a line for each.
#[derive(Debug, Clone)]
pub(super) struct Log(pub(super) Vec<Step>);

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Log;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of lines, or a text with a line for each")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Log, E> {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                lines
                    .map(Step::from_text)
                    .collect::<Result<_, _>>()
                    .map(Log)
                    .map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Log, A::Error> {
                let mut steps = Vec::new();
                while let Some(step) = seq.next_element()? {
                    steps.push(step);
                }
                Ok(Log(steps))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// An instant of a run: `"start"`, `"exit"`, the name of a signal that is sent or of another event, or a line.
#[derive(Debug, Clone)]
pub(super) struct MarkSpec {
    pub(super) mark: Mark,
    /// The event that a text means, if the scenario has it.
    pub(super) event: Option<EventName>,
    /// Which sending of the stop signal is meant, if the scenario sends that.
    pub(super) stop: Option<Occurrence>,
}

impl From<Mark> for MarkSpec {
    fn from(mark: Mark) -> Self {
        Self {
            mark,
            event: None,
            stop: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MarkTable {
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
    signal: Option<SignalSpec>,
    event: Option<EventName>,
    nth: Option<NonZeroU32>,
    last: Option<bool>,
}

impl TextOrTable for MarkSpec {
    const EXPECTED: &'static str = "a line, `\"start\"`, `\"exit\"`, or a table with one of `line`, `contains`, `regex`, `signal`, `event`";
    type Table = MarkTable;

    fn from_text(text: &str) -> Result<Self, String> {
        let mark = match text {
            "start" => Mark::Start,
            "exit" => Mark::Exit,
            _ => match text.parse::<Signal>() {
                Ok(signal) if text.starts_with("SIG") => Mark::Signal(signal, Occurrence::First),
                _ => Mark::Line(Pattern::text(text), Occurrence::First),
            },
        };
        let is_line = matches!(mark, Mark::Line(..));
        let event = text.parse().ok().filter(|_| is_line);
        let stop = SignalSpec::stop(text).map(|_| Occurrence::First);
        Ok(Self { mark, event, stop })
    }

    fn from_table(table: MarkTable) -> Result<Self, String> {
        let occurrence = match (table.nth, table.last) {
            (Some(_), Some(true)) => return Err(one_of("last", "nth")),
            (Some(n), _) => Occurrence::Nth(n),
            (None, Some(true)) => Occurrence::Last,
            (None, _) => Occurrence::First,
        };
        let text = Text {
            line: table.line,
            contains: table.contains,
            regex: table.regex,
            stream: table.stream,
        };
        let line = text
            .placed()?
            .map(|line| Mark::Line(line.pattern, occurrence));
        let stop = (table.signal == Some(SignalSpec::Stop)).then_some(occurrence);
        let signal = table
            .signal
            .map(|signal| Mark::Signal(signal.of(Signal::TERM), occurrence));
        let event = table.event.map(|name| match name {
            EventName::Signal(signal) => Mark::Signal(signal, occurrence),
            name => Mark::Event(name, occurrence),
        });
        match (line, signal, event) {
            (Some(mark), None, None) | (None, Some(mark), None) | (None, None, Some(mark)) => {
                Ok(Self {
                    stop,
                    ..mark.into()
                })
            }
            (Some(_), Some(_), _) => Err("`signal` beside a line: one of them only".into()),
            (Some(_), _, Some(_)) => Err("`event` beside a line: one of them only".into()),
            (None, Some(_), Some(_)) => Err(one_of("signal", "event")),
            (None, None, None) => Err(
                "an empty table, expected one of `line`, `contains`, `regex`, `signal`, `event` in it"
                    .into(),
            ),
        }
    }
}

/// How often a line comes.
#[derive(Debug, Clone)]
pub(super) struct Count {
    pub(super) pattern: Placed,
    pub(super) times: Times,
    pub(super) condition: Condition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CountTable {
    line: Option<String>,
    contains: Option<String>,
    regex: Option<Regex>,
    stream: Option<Spanned<Origin>>,
    times: Option<u64>,
    at_least: Option<u64>,
    at_most: Option<u64>,
    r#if: Option<Selectors>,
    unless: Option<Selectors>,
}

const NO_TIMES: &str = "how often the line comes is missing: add `times`, `at-least` or `at-most`";

impl TextOrTable for Count {
    const EXPECTED: &'static str = "a table such as `{ line = \"…\", times = 2 }`";
    type Table = CountTable;

    fn from_text(_: &str) -> Result<Self, String> {
        Err(NO_TIMES.into())
    }

    fn from_table(table: CountTable) -> Result<Self, String> {
        let text = Text {
            line: table.line,
            contains: table.contains,
            regex: table.regex,
            stream: table.stream,
        };
        let (least, most) = match (table.times, table.at_least, table.at_most) {
            (Some(times), None, None) => (times, Some(times)),
            (None, Some(least), Some(most)) if least > most => {
                return Err(format!(
                    "at least {least} and at most {most}: no number is both"
                ));
            }
            (None, least, most) if least.is_some() || most.is_some() => (least.unwrap_or(0), most),
            (None, ..) => return Err(NO_TIMES.into()),
            (Some(_), ..) => {
                return Err(
                    "`times` beside `at-least` or `at-most`: it is both of them already".into(),
                );
            }
        };
        Ok(Self {
            pattern: text.placed()?.ok_or(NO_LINE)?,
            times: Times { least, most },
            condition: Condition {
                only: table.r#if,
                unless: table.unless,
            },
        })
    }
}
