//! The shape of a suite file.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use semver::VersionReq;
use serde::Deserialize;
use toml::Spanned;

use super::values::{ExitCode, OneOrMore, PerImplementation, Span, version_req};
use crate::expect::{Pattern, Step};
use crate::log::LogFormat;
use crate::record::{Signal, Streams};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) suite: Defaults,
    #[serde(default)]
    pub(super) implementation: BTreeMap<Spanned<String>, Spanned<Implementation>>,
    #[serde(default)]
    pub(super) scenario: Vec<Scenario>,
}

/// What holds for every scenario that does not say otherwise.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Defaults {
    pub(super) timeout: Option<Span>,
    pub(super) slack: Option<Span>,
    pub(super) streams: Option<Streams>,
    pub(super) log_pattern: Option<LogFormat>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Implementation {
    pub(super) about: Option<String>,
    pub(super) build: Option<Spanned<Vec<String>>>,
    pub(super) command: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) cargo: Option<Spanned<Cargo>>,
    pub(super) probe: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
}

/// Binaries of a cargo package: cargo builds them and tells where they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Cargo {
    pub(super) package: String,
    pub(super) bin: Spanned<String>,
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
            log: Option<Vec<Step>>,
            other_lines: Option<Allowance>,
            present: Option<Vec<Pattern>>,
            absent: Option<Vec<Pattern>>,
            exit: Option<Spanned<Exit>>,
            delays: Option<Vec<LineDelay>>,
            survivors: Option<Allowance>,
        }

        impl $name {
            /// What it expects, the rest as `base` has it.
            pub(super) fn expect(&self, base: &Expect) -> Expect {
                Expect {
                    log: self.log.clone().or_else(|| base.log.clone()),
                    other_lines: self.other_lines.or(base.other_lines),
                    present: self.present.clone().or_else(|| base.present.clone()),
                    absent: self.absent.clone().or_else(|| base.absent.clone()),
                    exit: self.exit.clone().or_else(|| base.exit.clone()),
                    delays: self.delays.clone().or_else(|| base.delays.clone()),
                    survivors: self.survivors.or(base.survivors),
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
        implementations: Option<Spanned<Vec<Spanned<String>>>>,
        timeout: Option<Span>,
        slack: Option<Span>,
        streams: Option<Streams>,
        log_pattern: Option<LogFormat>,
        /// Signals that the subject inherits as ignored.
        #[serde(default)]
        ignore_signals: Vec<Signal>,
        /// Signals that the subject is sent.
        #[serde(default)]
        signals: Vec<Action>,
        /// How often it is run; all runs must hold.
        repeat: Option<NonZeroU32>,
        /// By implementation: what is right for it instead.
        #[serde(default, rename = "for")]
        differs: BTreeMap<Spanned<String>, Difference>,
        /// By implementation: how it deviates from the expectation, and why that is known.
        #[serde(default)]
        deviates: BTreeMap<Spanned<String>, OneOrMore<Deviation>>,
    }
}

with_expectation! {
    struct Difference {}
}

with_expectation! {
    struct Deviation {
        why: String,
        #[serde(default, deserialize_with = "version_req")]
        version: Option<VersionReq>,
    }
}

/// A signal that the subject is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Action {
    pub(super) send: Signal,
    pub(super) on: Option<Pattern>,
    pub(super) after: Option<Span>,
    pub(super) once: Option<Once>,
}

/// The state that a signal waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Once {
    /// The main thread has been blocked in one system call for a while.
    Parked,
}

/// What is expected, as far as the file says it.
#[derive(Debug, Clone, Default)]
pub(super) struct Expect {
    pub(super) log: Option<Vec<Step>>,
    pub(super) other_lines: Option<Allowance>,
    pub(super) present: Option<Vec<Pattern>>,
    pub(super) absent: Option<Vec<Pattern>>,
    pub(super) exit: Option<Spanned<Exit>>,
    pub(super) delays: Option<Vec<LineDelay>>,
    pub(super) survivors: Option<Allowance>,
}

impl Expect {
    /// The implementations that are named, for each of which something else is expected.
    pub(super) fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        let exit = self.exit.iter().map(Spanned::get_ref);
        let exit = exit.flat_map(|exit| {
            let codes = exit.code.iter().flat_map(|p| p.get_ref().names());
            let signals = exit.signal.iter().flat_map(|p| p.get_ref().names());
            let delays = exit.delay.iter().flat_map(|p| p.get_ref().names());
            codes.chain(signals).chain(delays)
        });
        let delays = self.delays.iter().flatten();
        exit.chain(delays.flat_map(|delay| delay.about.get_ref().names()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Allowance {
    Forbidden,
    Allowed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Exit {
    pub(super) code: Option<Spanned<PerImplementation<ExitCode>>>,
    pub(super) signal: Option<Spanned<PerImplementation<Signal>>>,
    #[serde(default)]
    pub(super) hang: bool,
    pub(super) after: Option<Pattern>,
    pub(super) delay: Option<Spanned<PerImplementation<Span>>>,
    pub(super) slack: Option<Span>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LineDelay {
    pub(super) from: Pattern,
    pub(super) to: Pattern,
    pub(super) about: Spanned<PerImplementation<Span>>,
    pub(super) slack: Option<Span>,
}
