//! The shape of a suite file.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use toml::Spanned;

use super::duration::parse_duration;
use super::lines::{Count, Line, Log, MarkSpec, Step};
use super::ready::Ready;
use super::requests::{AnswerSpec, RequestSpec};
use super::selector::{Selector, Selectors, Texts};
use super::signals::SignalSpec;
use super::values::{
    ByName, ExitCode, Limit, OneOrMore, PerImplementation, Span, TextOrTable, text_or_table,
};
use super::version::VersionReq;
use crate::expect::FileEnd;
use crate::log::LogFormat;
use crate::record::{Signal, Streams};
use crate::stage::Framing;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) suite: Option<Spanned<Defaults>>,
    #[serde(default)]
    pub(super) implementation: BTreeMap<Spanned<String>, Implementation>,
    #[serde(default)]
    pub(super) set: BTreeMap<Spanned<String>, Set>,
    #[serde(default)]
    pub(super) deviation: BTreeMap<Spanned<String>, Deviation>,
    #[serde(default)]
    pub(super) scenario: Vec<Scenario>,
}

/// What holds for every scenario that does not say otherwise, and the suite's other files.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Defaults {
    pub(super) include: Option<Vec<Spanned<String>>>,
    pub(super) implementations: Option<Spanned<Names>>,
    pub(super) exit_after: Option<Spanned<MarkSpec>>,
    pub(super) timeout: Option<Limit>,
    pub(super) build_timeout: Option<Limit>,
    pub(super) grace: Option<Span>,
    pub(super) settle: Option<Span>,
    pub(super) slack: Option<Span>,
    pub(super) streams: Option<Streams>,
    pub(super) framing: Option<Framing>,
    #[serde(default)]
    pub(super) values: BTreeMap<Spanned<String>, String>,
    pub(super) log_pattern: Option<LogFormat>,
    pub(super) clock: Option<Clock>,
}

/// `"all"`, or a list of implementations and sets.
#[derive(Debug, Clone)]
pub(super) enum Names {
    All,
    These(Vec<Spanned<Selector>>),
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Texts::deserialize(deserializer)?;
        if let [name] = names.0.as_slice()
            && name.get_ref() == "all"
        {
            return Ok(Self::All);
        }
        let read = |name: Spanned<String>| {
            let selector = name.get_ref().parse().map_err(D::Error::custom)?;
            Ok(Spanned::new(name.span(), selector))
        };
        names
            .0
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self::These)
    }
}

pub(super) type Words = Spanned<Vec<Spanned<String>>>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Implementation {
    pub(super) about: Option<String>,
    pub(super) build: Option<Words>,
    pub(super) build_timeout: Option<Limit>,
    pub(super) command: Option<Words>,
    pub(super) cargo: Option<Cargo>,
    pub(super) locate: Option<Words>,
    pub(super) probe: Option<Words>,
    /// What stops it: SIGTERM, unless it says otherwise.
    pub(super) stop_signal: Option<Signal>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, Spanned<String>>,
}

/// Binaries of a cargo package: cargo builds them and tells where they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Cargo {
    pub(super) package: String,
    pub(super) bin: Spanned<String>,
    pub(super) profile: Option<String>,
    #[serde(default)]
    pub(super) features: Vec<String>,
}

/// A name for several implementations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Set {
    pub(super) of: Spanned<Vec<Spanned<Selector>>>,
    /// By implementation: where its promise stands.
    #[serde(default)]
    pub(super) source: ByName<OneOrMore<String>>,
}

/// Defines a table that has the keys of an expectation beside its own.
///
/// serde's `flatten` would do it too, but it forgets where in the file a value stood.
macro_rules! with_expectation {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$on:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct $name {
            $($(#[$on])* pub(super) $field: $type,)*
            log: Option<Log>,
            other_lines: Option<Allowance>,
            present: Option<Vec<Line>>,
            absent: Option<Vec<Line>>,
            count: Option<Vec<Count>>,
            exit: Option<Spanned<Exit>>,
            delays: Option<Vec<Spanned<Delay>>>,
            threads: Option<Threads>,
            order: Option<Vec<Spanned<MarkSpec>>>,
            answers: Option<BTreeMap<Spanned<String>, AnswerSpec>>,
            files: Option<BTreeMap<String, FileEnd>>,
            survivors: Option<Allowance>,
        }

        impl $name {
            /// What it says of an expectation.
            pub(super) fn expects(&self) -> Expects<'_> {
                Expects {
                    log: self.log.as_ref().map(|log| log.0.as_slice()),
                    other_lines: self.other_lines,
                    present: self.present.as_deref(),
                    absent: self.absent.as_deref(),
                    count: self.count.as_deref(),
                    exit: self.exit.as_ref(),
                    delays: self.delays.as_deref(),
                    threads: self.threads,
                    order: self.order.as_deref(),
                    answers: self.answers.as_ref(),
                    files: self.files.as_ref(),
                    survivors: self.survivors,
                }
            }
        }
    };
}

with_expectation! {
    struct Scenario {
        name: Spanned<String>,
        #[serde(default)]
        about: String,
        implementations: Option<Spanned<Names>>,
        #[serde(default)]
        args: Vec<Spanned<String>>,
        #[serde(default)]
        env: BTreeMap<String, Spanned<String>>,
        stdin: Option<Spanned<String>>,
        directory: Option<Spanned<String>>,
        timeout: Option<Limit>,
        grace: Option<Span>,
        settle: Option<Span>,
        slack: Option<Span>,
        streams: Option<Streams>,
        framing: Option<Framing>,
        log_pattern: Option<LogFormat>,
        clock: Option<Clock>,
        exit_after: Option<Spanned<MarkSpec>>,
        /// No other case runs beside it.
        #[serde(default)]
        exclusive: bool,
        /// Signals that the subject inherits as ignored.
        #[serde(default)]
        ignore_signals: Vec<Signal>,
        /// Signals that the subject is sent.
        #[serde(default)]
        signals: Vec<Action>,
        /// What else is done to the subject.
        #[serde(default)]
        actions: Vec<Spanned<Deed>>,
        /// Programs that run beside it.
        #[serde(default)]
        clients: Vec<Spanned<ClientSpec>>,
        /// Requests that it is sent.
        #[serde(default)]
        requests: Vec<Spanned<RequestSpec>>,
        /// Files that are tailed.
        #[serde(default)]
        logs: Vec<Spanned<String>>,
        /// The input stays open until an action closes it.
        #[serde(default)]
        stdin_open: bool,
        /// How it is known that the subject is ready.
        ready: Option<Spanned<Ready>>,
        /// The signal that the subject is sent first when its time is over.
        at_timeout: Option<Signal>,
        /// How often it is run; all runs must hold.
        repeat: Option<NonZeroU32>,
        /// By implementation: where its promise stands.
        #[serde(default)]
        source: ByName<OneOrMore<String>>,
        /// By implementation: what is right for it instead.
        #[serde(default, rename = "for")]
        differs: ByName<Difference>,
        /// By implementation: how it deviates from the expectation, and why that is known.
        #[serde(default)]
        deviates: ByName<OneOrMore<Deviates>>,
    }
}

with_expectation! {
    struct Difference {
        source: Option<OneOrMore<String>>,
    }
}

with_expectation! {
    struct Deviation {
        /// The named deviation that this one is, but for what it says itself.
        r#use: Option<Spanned<String>>,
        why: Option<String>,
        version: Option<Spanned<VersionReq>>,
    }
}

/// A known deviation: by its name, or written out.
#[derive(Debug, Clone)]
pub(super) enum Deviates {
    Named(String),
    Written(Box<Deviation>),
}

impl TextOrTable for Deviates {
    const EXPECTED: &'static str = "the name of a deviation, or a table with `why`";
    type Table = Deviation;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self::Named(text.into()))
    }

    fn from_table(table: Deviation) -> Result<Self, String> {
        match (&table.why, &table.r#use) {
            (None, None) => Err("missing field `why`".into()),
            _ => Ok(Self::Written(Box::new(table))),
        }
    }
}

impl<'de> Deserialize<'de> for Deviates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

/// A signal that the subject is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Action {
    pub(super) send: SignalSpec,
    pub(super) on: Option<Spanned<MarkSpec>>,
    pub(super) after: Option<Span>,
    pub(super) when: Option<When>,
    /// Not only to the subject, but to its process group.
    #[serde(default)]
    pub(super) group: bool,
}

/// Something that is done to the subject, besides a signal: one of the first three keys says what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Deed {
    pub(super) write: Option<Spanned<String>>,
    pub(super) close: Option<Closes>,
    pub(super) end: Option<Ends>,
    pub(super) on: Option<Spanned<MarkSpec>>,
    pub(super) after: Option<Span>,
    pub(super) when: Option<When>,
}

/// What an action ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ends {
    Parent,
}

/// What an action closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Closes {
    Stdin,
    Stdout,
    Stderr,
}

/// A program that runs beside the subject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClientSpec {
    pub(super) name: Spanned<String>,
    pub(super) command: Words,
    #[serde(default)]
    pub(super) env: BTreeMap<String, Spanned<String>>,
    pub(super) directory: Option<String>,
    pub(super) on: Option<Spanned<MarkSpec>>,
    pub(super) after: Option<Span>,
    pub(super) when: Option<When>,
    /// What is expected of it: an end, and lines.
    pub(super) exit: Option<Spanned<PerImplementation<End>>>,
    #[serde(default)]
    pub(super) present: Vec<String>,
    #[serde(default)]
    pub(super) absent: Vec<String>,
}

/// The state that a signal waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum When {
    /// The main thread has been blocked in one system call for a while.
    Blocked,
}

/// The clock of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Clock {
    Real,
    Virtual,
}

/// What is expected, as far as one table says it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expects<'f> {
    pub(super) log: Option<&'f [Step]>,
    pub(super) other_lines: Option<Allowance>,
    pub(super) present: Option<&'f [Line]>,
    pub(super) absent: Option<&'f [Line]>,
    pub(super) count: Option<&'f [Count]>,
    pub(super) exit: Option<&'f Spanned<Exit>>,
    pub(super) delays: Option<&'f [Spanned<Delay>]>,
    pub(super) threads: Option<Threads>,
    pub(super) order: Option<&'f [Spanned<MarkSpec>]>,
    pub(super) answers: Option<&'f BTreeMap<Spanned<String>, AnswerSpec>>,
    pub(super) files: Option<&'f BTreeMap<String, FileEnd>>,
    pub(super) survivors: Option<Allowance>,
}

/// How threads end: how many in each way that is named.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Threads {
    pub(super) returned: Option<u64>,
    pub(super) exited: Option<u64>,
    pub(super) killed: Option<u64>,
    pub(super) signalled: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Allowance {
    Forbidden,
    Allowed,
}

/// How the subject ends.
#[derive(Debug, Clone)]
pub(super) enum Exit {
    /// With code 0, this long after the mark `exit-after`.
    Succeeds(Span),
    Table(Box<ExitTable>),
}

impl TextOrTable for Exit {
    const EXPECTED: &'static str =
        "a duration such as `\"400ms\"`, or a table such as `{ code = 0, delay = \"400ms\" }`";
    type Table = ExitTable;

    fn from_text(text: &str) -> Result<Self, String> {
        parse_duration(text)
            .map(|delay| Self::Succeeds(Span(delay)))
            .map_err(|error| error.to_string())
    }

    fn from_table(table: ExitTable) -> Result<Self, String> {
        Ok(Self::Table(Box::new(table)))
    }
}

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

/// One of several ends: an exit code, or the name of a signal.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Code(i32),
    Signal(Signal),
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = End;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an exit code from 0 to 255, or the name of a signal")
            }

            fn visit_i64<E: serde::de::Error>(self, code: i64) -> Result<End, E> {
                ExitCode::deserialize(code.into_deserializer()).map(|code| End::Code(code.0))
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<End, E> {
                name.parse().map(End::Signal).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExitTable {
    pub(super) code: Option<Spanned<PerImplementation<ExitCode>>>,
    pub(super) signal: Option<Spanned<PerImplementation<Signal>>>,
    #[serde(default)]
    pub(super) hang: bool,
    pub(super) one_of: Option<Spanned<Vec<End>>>,
    pub(super) after: Option<Spanned<MarkSpec>>,
    pub(super) delay: Option<Spanned<PerImplementation<Span>>>,
    pub(super) within: Option<Spanned<PerImplementation<Span>>>,
    pub(super) at_least: Option<Spanned<PerImplementation<Span>>>,
    pub(super) slack: Option<Span>,
}

/// How long it takes from one mark to another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Delay {
    pub(super) from: Spanned<MarkSpec>,
    pub(super) to: Spanned<MarkSpec>,
    pub(super) about: Option<Spanned<PerImplementation<Span>>>,
    pub(super) within: Option<Spanned<PerImplementation<Span>>>,
    pub(super) at_least: Option<Spanned<PerImplementation<Span>>>,
    pub(super) slack: Option<Span>,
    pub(super) r#if: Option<Selectors>,
    pub(super) unless: Option<Selectors>,
}
