//! A case written out: a suite of this one case, with nothing left to defaults, sets or conditions.

use std::ffi::OsString;
use std::fmt::{self, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use super::case::{Case, KnownDeviation};
use super::duration;
use super::implementation::Start;
use super::requests::show as show_end;
use crate::expect::{
    Bound, Count, Delay, Expectation, ExpectedEnd, FileEnd, Mark, Occurrence, OtherLines, Pattern,
    Step, Survivors, ThreadEnds,
};
use crate::log::Matcher;
use crate::record::{Clock, Exit, Stream, Streams};
use crate::stage::{Act, Action, Client, Framing, Plan, Readiness, Request, Trigger};

impl Case {
    /// The case written out as a suite of its own: what is run, within which bounds, and what is expected.
    ///
    /// Everything that the suite says by defaults, sets, conditions and names is put in its place.
    #[must_use]
    pub fn show(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# {}/{}", self.scenario, self.implementation)?;
        writeln!(out, "[implementation.{}]", key(&self.implementation))?;
        self.write_start(out)?;
        for (key, words) in [("locate", &self.locate), ("probe", &self.probe)] {
            if let Some(words) = words {
                writeln!(out, "{key} = {}", list(words.iter().map(|word| text(word))))?;
            }
        }
        writeln!(out, "\n[[scenario]]\nname = {}", text(&self.scenario))?;
        writeln!(out, "about = {}", text(&self.about))?;
        self.write_run(out)?;
        self.write_bounds(out)?;
        if !self.sources.is_empty() {
            let sources = lines(self.sources.iter().map(|source| text(source)));
            writeln!(out, "source.{} = {sources}", key(&self.implementation))?;
        }
        write_expectation(out, &self.expectation, false)?;
        for deviation in &self.deviations {
            self.write_deviation(out, deviation)?;
        }
        Ok(())
    }

    fn write_start(&self, out: &mut String) -> fmt::Result {
        let cargo = match &self.start {
            Start::Command(words) => {
                return writeln!(
                    out,
                    "command = {}",
                    list(words.iter().map(|word| text(word)))
                );
            }
            Start::Cargo { cargo, .. } => cargo,
        };
        let mut keys = format!(
            "package = {}, bin = {}",
            text(&cargo.build.package),
            text(&cargo.bin)
        );
        if let Some(profile) = &cargo.build.profile {
            write!(keys, ", profile = {}", text(profile))?;
        }
        if !cargo.build.features.is_empty() {
            write!(
                keys,
                ", features = {}",
                list(cargo.build.features.iter().map(|f| text(f)))
            )?;
        }
        writeln!(out, "cargo = {{ {keys} }}")
    }

    fn write_run(&self, out: &mut String) -> fmt::Result {
        if let Start::Cargo { args, .. } = &self.start
            && !args.is_empty()
        {
            writeln!(out, "args = {}", list(args.iter().map(|arg| text(arg))))?;
        }
        writeln!(
            out,
            "directory = {}",
            text(&self.directory.to_string_lossy())
        )?;
        if !self.environment.is_empty() {
            let env = self.environment.iter();
            let env: Vec<_> = env
                .map(|(name, value)| format!("{} = {}", key(name), text(value)))
                .collect();
            writeln!(out, "env = {{ {} }}", env.join(", "))?;
        }
        if let Some(stdin) = &self.stdin {
            writeln!(out, "stdin = {}", text(stdin))?;
        }
        if self.stdin_open {
            writeln!(out, "stdin-open = true")?;
        }
        if !self.logs.is_empty() {
            writeln!(
                out,
                "logs = {}",
                list(self.logs.iter().map(|path| text(path)))
            )?;
        }
        if let Some(ready) = &self.ready {
            writeln!(out, "ready = {}", readiness(ready))?;
        }
        let streams = match self.streams {
            Streams::Merged => "merged",
            Streams::Split => "split",
            Streams::Terminal => "terminal",
        };
        writeln!(
            out,
            "streams = \"{streams}\"\nlog-pattern = {}",
            text(self.log.as_str())
        )?;
        if self.framing == Framing::ContentLength {
            writeln!(out, "framing = \"content-length\"")?;
        }
        if self.clock == Clock::Virtual {
            writeln!(out, "clock = \"virtual\"")?;
        }
        if !self.ignored_signals.is_empty() {
            let ignored = self
                .ignored_signals
                .iter()
                .map(|signal| text(&signal.to_string()));
            writeln!(out, "ignore-signals = {}", list(ignored))?;
        }
        // Signals first, as they are read.
        let of = |kind: &str| {
            let actions = self.actions.iter();
            let actions = actions.filter(|action| kind_of(action.act()) == kind);
            actions.collect::<Vec<_>>()
        };
        for key in ["signals", "actions", "requests", "clients"] {
            let actions = of(key);
            if !actions.is_empty() {
                let shown = actions
                    .into_iter()
                    .map(|one| action(one, &self.expectation));
                writeln!(out, "{key} = {}", lines(shown))?;
            }
        }
        Ok(())
    }

    fn write_bounds(&self, out: &mut String) -> fmt::Result {
        for (key, value) in [
            ("timeout", self.bounds.timeout),
            ("grace", Some(self.bounds.grace)),
            ("settle", Some(self.bounds.settle)),
        ] {
            if let Some(value) = value {
                writeln!(out, "{key} = {}", time(value))?;
            }
        }
        if let Some(signal) = self.bounds.at_timeout {
            writeln!(out, "at-timeout = \"{signal}\"")?;
        }
        if self.repeat.get() > 1 {
            writeln!(out, "repeat = {}", self.repeat)?;
        }
        if self.exclusive {
            writeln!(out, "exclusive = true")?;
        }
        Ok(())
    }

    fn write_deviation(&self, out: &mut String, deviation: &KnownDeviation) -> fmt::Result {
        writeln!(out, "\n[[scenario.deviates.{}]]", key(&self.implementation))?;
        writeln!(out, "why = {}", text(&deviation.why))?;
        if let Some(version) = &deviation.version {
            writeln!(out, "version = {}", text(&version.to_string()))?;
        }
        let with_order = !self.expectation.order.is_empty();
        write_expectation(out, &deviation.expectation, with_order)
    }
}

/// `with_order`: also where it is empty, since another one would hold else.
fn write_expectation(out: &mut String, expectation: &Expectation, with_order: bool) -> fmt::Result {
    if let Some(log) = &expectation.log {
        writeln!(out, "log = {}", lines(log.steps.iter().map(step)))?;
        writeln!(
            out,
            "other-lines = \"{}\"",
            match log.others {
                OtherLines::Allowed => "allowed",
                OtherLines::Forbidden => "forbidden",
            }
        )?;
    }
    for (key, patterns) in [
        ("present", &expectation.present),
        ("absent", &expectation.absent),
    ] {
        writeln!(out, "{key} = {}", list(patterns.iter().map(pattern)))?;
    }
    writeln!(
        out,
        "count = {}",
        list(expectation.counts.iter().map(count))
    )?;
    if let Some(end) = &expectation.end {
        writeln!(out, "exit = {{ {} }}", self::end(end))?;
    }
    writeln!(
        out,
        "delays = {}",
        lines(expectation.delays.iter().map(delay))
    )?;
    if let Some(ends) = &expectation.threads {
        writeln!(out, "threads = {{ {} }}", threads(ends))?;
    }
    if !expectation.requests.is_empty() {
        let answers = expectation.requests.iter();
        let answers: Vec<_> = answers
            .map(|request| format!("{} = {}", key(&request.name), show_end(request.end)))
            .collect();
        writeln!(out, "answers = {{ {} }}", answers.join(", "))?;
    }
    if !expectation.files.is_empty() {
        let end = |end: FileEnd| match end {
            FileEnd::There => "there",
            FileEnd::Written => "written",
            FileEnd::Absent => "absent",
        };
        let files = expectation.files.iter();
        let files: Vec<_> = files
            .map(|file| format!("{} = \"{}\"", key(&file.path), end(file.end)))
            .collect();
        writeln!(out, "files = {{ {} }}", files.join(", "))?;
    }
    if with_order || !expectation.order.is_empty() {
        let order = list(expectation.order.iter().map(mark));
        writeln!(out, "order = {order}")?;
    }
    writeln!(
        out,
        "survivors = \"{}\"",
        match expectation.survivors {
            Survivors::Allowed => "allowed",
            Survivors::Forbidden => "forbidden",
        }
    )
}

/// A suite names numbers only.
fn threads(ends: &ThreadEnds) -> String {
    let parts = [
        ("returned", ends.returned),
        ("exited", ends.exited),
        ("killed", ends.killed),
        ("signalled", ends.signalled),
    ];
    let parts = parts
        .iter()
        .filter_map(|(how, times)| Some(format!("{how} = {}", (*times)?.least)));
    parts.collect::<Vec<_>>().join(", ")
}

fn end(end: &ExpectedEnd) -> String {
    let one = |exit: &Exit| match exit {
        Exit::Code(code) => code.to_string(),
        Exit::Signal(signal) => format!("\"{signal}\""),
    };
    match end {
        ExpectedEnd::Exit(Exit::Code(code)) => format!("code = {code}"),
        ExpectedEnd::Exit(Exit::Signal(signal)) => format!("signal = \"{signal}\""),
        ExpectedEnd::OneOf(exits) => format!("one-of = {}", list(exits.iter().map(one))),
        ExpectedEnd::Hang => "hang = true".into(),
        // No suite can say so.
        ExpectedEnd::Failure => "code = 1".into(),
    }
}

/// The key of a scenario under which an action stands.
fn kind_of(act: &Act) -> &'static str {
    match act {
        Act::Signal { .. } => "signals",
        Act::Request(_) => "requests",
        Act::Client(_) => "clients",
        _ => "actions",
    }
}

fn client(client: &Client, expectation: &Expectation) -> String {
    let Client { name, plan, .. } = client;
    let shown = |word: &OsString| text(&word.to_string_lossy());
    let words = [&plan.program].into_iter().chain(&plan.args);
    let mut keys = format!(
        "name = {}, command = {}, directory = {}",
        text(name),
        list(words.map(shown)),
        text(&plan.directory.to_string_lossy())
    );
    let clean = Plan::new("").environment;
    let own = plan.environment.iter();
    let own = own.filter(|(name, value)| clean.get(*name) != Some(value));
    let own: Vec<_> = own
        .map(|(name, value)| format!("{} = {}", key(&name.to_string_lossy()), shown(value)))
        .collect();
    if !own.is_empty() {
        keys += &format!(", env = {{ {} }}", own.join(", "));
    }
    let expected = expectation.clients.iter().find(|known| known.name == *name);
    let Some(expected) = expected.map(|known| &known.expectation) else {
        return keys;
    };
    if let Some(ExpectedEnd::Exit(exit)) = &expected.end {
        keys += &match exit {
            Exit::Code(code) => format!(", exit = {code}"),
            Exit::Signal(signal) => format!(", exit = \"{signal}\""),
        };
    }
    for (key, patterns) in [("present", &expected.present), ("absent", &expected.absent)] {
        if !patterns.is_empty() {
            keys += &format!(", {key} = {}", list(patterns.iter().map(pattern)));
        }
    }
    keys
}

fn request(request: &Request) -> String {
    let mut keys = format!("name = {}", text(&request.name));
    match &request.head {
        None => keys += ", idle = true",
        Some(head) => {
            keys += &format!(", http = {}", text(&head.path));
            if head.method != "GET" {
                keys += &format!(", method = {}", text(&head.method));
            }
            if request.keep_alive {
                keys += ", keep-alive = true";
            }
        }
    }
    if !request.body.as_slice().is_empty() {
        keys += &format!(", body = {}", text(&request.body.to_text()));
    }
    if let Some(port) = request.port {
        keys += &format!(", port = {port}");
    }
    keys
}

fn readiness(readiness: &Readiness) -> String {
    match readiness {
        Readiness::Line(line) => format!("{{ {} }}", pattern_keys(line)),
        Readiness::Listening => "\"listening\"".into(),
        Readiness::File(path) => format!("{{ file = {} }}", text(path)),
        Readiness::Notify => "\"notify\"".into(),
        Readiness::Http { path, status } => {
            format!("{{ http = {}, status = {status} }}", text(path))
        }
        Readiness::Descriptor(fd) => format!("{{ fd = {fd} }}"),
    }
}

fn action(action: &Action, expectation: &Expectation) -> String {
    let when = action.when();
    let mut keys = match action.act() {
        Act::Signal { signal, .. } => format!("send = \"{signal}\""),
        Act::Write(bytes) => format!("write = {}", text(&bytes.to_text())),
        Act::CloseStdin => "close = \"stdin\"".into(),
        Act::CloseOutput(stream) => format!("close = \"{stream}\""),
        Act::EndParent => "end = \"parent\"".into(),
        Act::Request(request) => self::request(request),
        Act::Client(client) => self::client(client, expectation),
    };
    if let Some(on) = trigger(&when.on) {
        keys += &format!(", on = {on}");
    }
    if when.after > Duration::ZERO {
        keys += &format!(", after = {}", time(when.after));
    }
    if when.blocked {
        keys += ", when = \"blocked\"";
    }
    if let Act::Signal { group: true, .. } = action.act() {
        keys += ", group = true";
    }
    format!("{{ {keys} }}")
}

/// What an action waits for; nothing for the start.
fn trigger(trigger: &Trigger) -> Option<String> {
    let occurrence = |n: NonZeroU32| match n.get() {
        1 => Occurrence::First,
        _ => Occurrence::Nth(n),
    };
    Some(mark(&match trigger {
        Trigger::Start => return None,
        Trigger::Line(line, n) => Mark::Line(line.clone(), occurrence(*n)),
        Trigger::Event(name, n) => Mark::Event(name.clone(), occurrence(*n)),
    }))
}

fn step(step: &Step) -> String {
    match step {
        Step::Then(line) => pattern(line),
        Step::Next(line) => format!("{{ next = {} }}", pattern(line)),
        Step::Not(line) => format!("{{ not = {} }}", pattern(line)),
        Step::AnyOrder(groups) => {
            let group = |group: &Vec<Pattern>| match group.as_slice() {
                [line] => pattern(line),
                lines => list(lines.iter().map(pattern)),
            };
            format!("{{ any-order = {} }}", list(groups.iter().map(group)))
        }
    }
}

fn pattern(pattern: &Pattern) -> String {
    match (&pattern.matcher, pattern.stream) {
        (Matcher::Text(line), None) => text(line),
        _ => format!("{{ {} }}", pattern_keys(pattern)),
    }
}

fn pattern_keys(pattern: &Pattern) -> String {
    let mut keys = match &pattern.matcher {
        Matcher::Text(line) => format!("line = {}", text(line)),
        Matcher::Contains(part) => format!("contains = {}", text(part)),
        Matcher::Regex(regex) => format!("regex = {}", text(regex.as_str())),
    };
    match pattern.stream {
        Some(Stream::Stdout) => keys += ", stream = \"stdout\"",
        Some(Stream::Stderr) => keys += ", stream = \"stderr\"",
        Some(Stream::File) => keys += ", stream = \"file\"",
        Some(Stream::Merged) | None => {}
    }
    keys
}

fn mark(mark: &Mark) -> String {
    let (keys, occurrence) = match mark {
        Mark::Start => return "\"start\"".into(),
        Mark::Exit => return "\"exit\"".into(),
        Mark::Line(pattern, occurrence) => (pattern_keys(pattern), occurrence),
        Mark::Signal(signal, occurrence) => (format!("signal = \"{signal}\""), occurrence),
        Mark::Event(name, occurrence) => {
            (format!("event = {}", text(&name.to_string())), occurrence)
        }
    };
    match occurrence {
        Occurrence::First => format!("{{ {keys} }}"),
        Occurrence::Nth(n) => format!("{{ {keys}, nth = {n} }}"),
        Occurrence::Last => format!("{{ {keys}, last = true }}"),
    }
}

fn count(count: &Count) -> String {
    let keys = pattern_keys(&count.pattern);
    let times = match (count.times.least, count.times.most) {
        (least, Some(most)) if least == most => format!("times = {least}"),
        (least, Some(most)) => format!("at-least = {least}, at-most = {most}"),
        (least, None) => format!("at-least = {least}"),
    };
    format!("{{ {keys}, {times} }}")
}

fn delay(delay: &Delay) -> String {
    let bound = match delay.bound {
        Bound::About(about) => format!("about = {}", time(about)),
        Bound::Within(most) => format!("within = {}", time(most)),
        Bound::AtLeast(least) => format!("at-least = {}", time(least)),
    };
    format!(
        "{{ from = {}, to = {}, {bound}, slack = {} }}",
        mark(&delay.from),
        mark(&delay.to),
        time(delay.slack)
    )
}

fn time(time: Duration) -> String {
    text(&duration::show(time))
}

/// A string as TOML writes it.
fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.into(),
        false => text(name),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// A list with a line for each item.
fn lines(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("    {item},\n")).collect();
    match items.is_empty() {
        true => "[]".into(),
        false => format!("[\n{items}]"),
    }
}
