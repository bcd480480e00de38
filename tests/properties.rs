//! What holds of every record and every expectation, tried on generated ones.

use std::collections::BTreeSet;
use std::time::Duration;

use exeunt::expect::{
    Bound, Delay, Expectation, ExpectedEnd, Mark, Occurrence, Pattern, Step, Survivors, Times,
};
use exeunt::judge::{Verdict, elapsed, judge};
use exeunt::record::{
    Dropped, Event, EventKind, Exit, Finding, Line, Partial, Process, Signal, SignalReason,
    SignalSent, Stream, Termination,
};
use exeunt::{LogFormat, Record, Streams, millis, report, secs};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

// # Records, sound ones and such as only come from outside

const WORDS: [&str; 5] = ["a", "b", "c", "ready", "Main : all done"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(&WORDS[..]).prop_map(str::to_owned),
        2 => select(&WORDS[..]).prop_map(|word| format!("12:00:01: {word}")),
        1 => ".{0,20}",
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => text().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..12),
    ]
}

fn stream() -> impl Strategy<Value = Stream> {
    select(vec![Stream::Merged, Stream::Stdout, Stream::Stderr])
}

fn signal() -> impl Strategy<Value = Signal> {
    (1..=64).prop_map(|number| Signal::from_number(number).expect("a number of a signal"))
}

fn exit() -> impl Strategy<Value = Exit> {
    prop_oneof![(0..4).prop_map(Exit::Code), signal().prop_map(Exit::Signal),]
}

fn kind() -> impl Strategy<Value = EventKind> {
    let line = (stream(), bytes(), any::<bool>(), option::of(0..99_u64));
    let line = line.prop_map(|(stream, bytes, newline, cut_from)| {
        let mut line = Line::new(stream, bytes);
        (line.newline, line.cut_from) = (newline, cut_from.filter(|n| n % 9 == 0));
        EventKind::Line(line)
    });
    let reason = select(vec![
        SignalReason::Timeout,
        SignalReason::Planned,
        SignalReason::GraceOver,
        SignalReason::Survived,
    ]);
    let sent = (signal(), vec(any::<u32>(), 0..3), reason);
    prop_oneof![
        12 => line,
        2 => exit().prop_map(EventKind::Exit),
        1 => sent.prop_map(|(signal, to, reason)| SignalSent { signal, to, reason }.into()),
        1 => stream().prop_map(|stream| EventKind::Closed { stream }),
        1 => (0..9_u64).prop_map(|lines| Dropped { lines, bytes: 9 * lines }.into()),
        1 => (stream(), bytes())
            .prop_map(|(stream, bytes)| EventKind::Partial(Partial::new(stream, bytes))),
    ]
}

/// A time in microseconds: what JSON numbers carry exactly.
fn time() -> BoxedStrategy<Duration> {
    (0..20_000_000_u64).prop_map(Duration::from_micros).boxed()
}

/// A time such as only a record from outside has.
fn any_time() -> BoxedStrategy<Duration> {
    prop_oneof![
        9 => time(),
        1 => any::<u64>().prop_map(Duration::from_secs),
        1 => Just(Duration::MAX),
    ]
    .boxed()
}

fn termination() -> impl Strategy<Value = Termination> {
    prop_oneof![
        3 => Just(Termination::OnItsOwn),
        1 => time().prop_map(|limit| Termination::TimedOut { limit }),
        1 => Just(Termination::Interrupted),
    ]
}

/// Findings whose events need not be there.
fn finding() -> impl Strategy<Value = Finding> {
    let event = 0..1000_usize;
    prop_oneof![
        (event.clone(), time()).prop_map(|(event, late)| Finding::BuffersOutput { event, late }),
        event.clone().prop_map(|event| Finding::TornLine { event }),
        event.prop_map(|event| Finding::InvalidUtf8 { event }),
        signal().prop_map(|signal| Finding::SignalNotSent { signal }),
        (0..9_usize).prop_map(|count| Finding::Survivors { count }),
    ]
}

fn process() -> impl Strategy<Value = Process> {
    (any::<u32>(), text(), vec(stream(), 0..3)).prop_map(|(pid, command, open_streams)| Process {
        pid,
        command,
        open_streams,
        threads: Vec::new(),
        handles: Vec::new(),
    })
}

/// Any record at all: events out of order, several exits, lines of streams that were not recorded.
fn record_of(time: BoxedStrategy<Duration>) -> impl Strategy<Value = Record> {
    let parts = (
        vec((time.clone(), kind()), 0..12),
        select(vec![Streams::Merged, Streams::Split]),
        termination(),
        option::of(time.clone()),
        [
            time.clone(),
            time.clone(),
            time.clone(),
            time.clone(),
            time.clone(),
            time,
        ],
        vec(finding(), 0..2),
        vec(process(), 0..2),
    );
    parts.prop_map(
        |(events, streams, termination, timeout, lag, findings, survivors)| {
            let mut record = Record::new(["subject"]);
            record.events = events
                .into_iter()
                .map(|(at, kind)| Event::new(at, kind))
                .collect();
            record.streams = streams;
            record.termination = termination;
            record.timeout = timeout;
            [
                record.lag.canary,
                record.lag.subject_waited,
                record.lag.pressure,
                record.lag.disk,
                record.lag.queued,
                record.lag.harness,
            ] = lag;
            record.findings = findings;
            record.survivors = survivors;
            record
        },
    )
}

// # Expectations

fn pattern() -> impl Strategy<Value = Pattern> {
    let plain = prop_oneof![
        6 => text().prop_map(Pattern::from),
        1 => select(&WORDS[..]).prop_map(Pattern::contains),
        1 => Just(Pattern::regex("^[ab]$").expect("a regular expression")),
    ];
    (plain, option::weighted(0.2, stream())).prop_map(|(pattern, stream)| match stream {
        Some(stream) => pattern.on(stream),
        None => pattern,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => pattern().prop_map(Step::Then),
        1 => pattern().prop_map(Step::Next),
        1 => pattern().prop_map(Step::Not),
        1 => vec(vec(pattern(), 0..3), 0..3).prop_map(Step::AnyOrder),
    ]
}

fn occurrence() -> impl Strategy<Value = Occurrence> {
    prop_oneof![
        Just(Occurrence::First),
        Just(Occurrence::Last),
        (1..4_u32).prop_map(|n| Occurrence::Nth(n.try_into().expect("not zero"))),
    ]
}

fn mark() -> impl Strategy<Value = Mark> {
    prop_oneof![
        1 => Just(Mark::Start),
        4 => (pattern(), occurrence()).prop_map(|(line, n)| Mark::Line(line, n)),
        1 => (signal(), occurrence()).prop_map(|(signal, n)| Mark::Signal(signal, n)),
        2 => Just(Mark::Exit),
    ]
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![
        time().prop_map(Bound::About),
        time().prop_map(Bound::Within),
        time().prop_map(Bound::AtLeast),
    ]
}

fn delay() -> impl Strategy<Value = Delay> {
    (mark(), mark(), bound(), time())
        .prop_map(|(from, to, bound, slack)| Delay::new(from, to, bound).slack(slack))
}

fn end() -> impl Strategy<Value = ExpectedEnd> {
    prop_oneof![
        exit().prop_map(ExpectedEnd::Exit),
        vec(exit(), 0..3).prop_map(ExpectedEnd::OneOf),
        Just(ExpectedEnd::Failure),
        Just(ExpectedEnd::Hang),
    ]
}

fn times() -> impl Strategy<Value = Times> {
    (0..4_u64, option::of(0..4_u64)).prop_map(|(least, most)| Times { least, most })
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let parts = (
        option::of((vec(step(), 0..5), any::<bool>())),
        vec(pattern(), 0..2),
        vec(pattern(), 0..2),
        vec((pattern(), times()), 0..2),
        option::of(end()),
        vec(delay(), 0..3),
        any::<bool>(),
    );
    parts.prop_map(|(log, present, absent, counts, end, delays, survive)| {
        let mut expectation = Expectation::new();
        if let Some((steps, whole)) = log {
            expectation = match whole {
                true => expectation.whole_log(steps),
                false => expectation.log(steps),
            };
        }
        expectation.present = present;
        expectation.absent = absent;
        for (pattern, times) in counts {
            expectation = expectation.count(pattern, times);
        }
        expectation.end = end;
        expectation.delays = delays;
        if survive {
            expectation = expectation.survivors(Survivors::Allowed);
        }
        expectation
    })
}

fn format() -> impl Strategy<Value = LogFormat> {
    let own = LogFormat::new(r"^(?<time>\S+) (?<message>.*)$").expect("a format");
    select(vec![
        LogFormat::default(),
        LogFormat::plain(),
        LogFormat::clock(),
        LogFormat::rfc3339(),
        own,
    ])
}

fn json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let json = serde_json::to_string(value).expect("it serialises");
    serde_json::from_str(&json).expect("it comes back")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_and_its_json_are_the_same(mut record in record_of(time()), format in format()) {
        prop_assert_eq!(&json(&record), &record);
        format.read(&mut record);
        prop_assert_eq!(&json(&record), &record);
    }

    #[test]
    fn an_expectation_and_its_json_are_the_same(expectation in expectation()) {
        prop_assert_eq!(json(&expectation), expectation);
    }

    #[test]
    fn a_judgement_and_its_json_are_the_same(record in record_of(time()), expectation in expectation()) {
        let judgement = judge(&record, &expectation);
        prop_assert_eq!(&json(&judgement), &judgement);
        prop_assert_eq!(&judge(&json(&record), &expectation), &judgement);
    }

    #[test]
    fn nothing_panics_on_a_record_from_outside(
        mut record in record_of(any_time()),
        expectation in expectation(),
        format in format(),
        columns in 0..200_usize,
    ) {
        for _ in 0..2 {
            let judgement = judge(&record, &expectation);
            let page = report::Page::new(columns);
            let _ = report::timeline_on(&record, Some(&judgement), page);
            let _: Vec<_> = judgement.checks.iter().map(ToString::to_string).collect();
            for delay in &expectation.delays {
                let _ = elapsed(&record, delay);
            }
            let _ = report::observation(&expectation, &record);
            let _ = record.output(Stream::Merged);
            format.read(&mut record);
        }
    }

    #[test]
    fn more_slack_never_breaks_what_held(
        record in record_of(time()),
        delay in delay(),
        more in time(),
    ) {
        let of = |delay: Delay| judge(&record, &Expectation::nothing().delay(delay)).verdict();
        let (before, after) = (of(delay.clone()), of(delay.clone().slack(delay.slack + more)));
        prop_assert!(after <= before, "{before:?} became {after:?}");
    }

    #[test]
    fn more_lag_never_breaks_what_was_not_broken(
        record in record_of(time()),
        expectation in expectation(),
        more in time(),
    ) {
        let mut slower = record.clone();
        slower.lag.canary += more;
        slower.lag.pressure += more;
        slower.lag.disk += more;
        slower.lag.queued += more;
        let before = judge(&record, &expectation).verdict();
        let after = judge(&slower, &expectation).verdict();
        prop_assert!(after < Verdict::Broken || before == Verdict::Broken, "{before:?} became {after:?}");
    }

    #[test]
    fn the_order_of_concurrent_lines_is_no_matter_in_any_order(
        (lines, shuffled) in vec(select(&WORDS[..]), 1..7)
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        wanted in vec(select(&WORDS[..]), 0..7),
        whole in any::<bool>(),
    ) {
        let groups = |words: &[&str]| Step::AnyOrder(words.iter().map(|w| vec![Pattern::from(*w)]).collect());
        let of = |lines: &[&str], wanted: &[&str]| {
            let expectation = match whole {
                true => Expectation::new().whole_log([groups(wanted)]),
                false => Expectation::new().log([groups(wanted)]),
            };
            judge(&at_once(lines), &expectation).verdict()
        };
        prop_assert_eq!(of(&lines, &wanted), of(&shuffled, &wanted));
        prop_assert_eq!(of(&lines, &lines), Verdict::Held);
        prop_assert_eq!(of(&shuffled, &lines), Verdict::Held);
    }

    #[test]
    fn sequences_may_be_interleaved_as_one_likes(
        (first, second, order) in (1..5_usize, 1..5_usize).prop_flat_map(|(first, second)| {
            let order = [vec![true; first], vec![false; second]].concat();
            (Just(first), Just(second), Just(order).prop_shuffle())
        }),
    ) {
        let name = |of_first: bool, n: usize| format!("{} {n}", if of_first { "first" } else { "second" });
        let mut next = [0, 0];
        let lines: Vec<String> = order
            .iter()
            .map(|&of_first| {
                let n = &mut next[usize::from(of_first)];
                *n += 1;
                name(of_first, *n)
            })
            .collect();
        let sequence = |of_first, length| (1..=length).map(|n| Pattern::from(name(of_first, n))).collect();
        let groups = Step::AnyOrder(vec![sequence(true, first), sequence(false, second)]);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let judgement = judge(&at_once(&lines), &Expectation::new().whole_log([groups]));
        prop_assert_eq!(judgement.verdict(), Verdict::Held, "{:?}", judgement);
    }

    #[test]
    fn a_mutated_expectation_is_broken(
        lines in vec(select(&WORDS[..]), 1..6),
        code in 0..3,
        at in any::<Index>(),
        mutation in select(Mutation::ALL.to_vec()),
    ) {
        let record = sound(&lines, code);
        let right = exact(&lines, code);
        prop_assert_eq!(judge(&record, &right).verdict(), Verdict::Held);
        let at = at.index(lines.len());
        if let Some(wrong) = mutation.of(&lines, code, at) {
            let judgement = judge(&record, &wrong);
            prop_assert_eq!(judgement.verdict(), Verdict::Broken, "{:?}", judgement);
        }
    }
}

/// These lines at one instant, then the exit.
fn at_once(lines: &[&str]) -> Record {
    let record = Record::new(["subject"]);
    lines
        .iter()
        .fold(record, |record, line| record.with(millis(10), *line))
        .with(millis(20), Exit::Code(0))
}

/// These lines, a second apart, and the exit 2 s after the last.
fn sound(lines: &[&str], code: i32) -> Record {
    let mut record = Record::new(["subject"]);
    for (i, line) in (1..).zip(lines) {
        record = record.with(secs(i), *line);
    }
    record.with(secs(lines.len() as u64 + 2), Exit::Code(code))
}

/// All that can be said of a sound record.
fn exact(lines: &[&str], code: i32) -> Expectation {
    let last = lines.last().copied().unwrap_or_default();
    Expectation::new()
        .whole_log(lines.iter().copied())
        .end(ExpectedEnd::code(code))
        .delay(Delay::about(
            Mark::Line(last.into(), Occurrence::Last),
            Mark::Exit,
            secs(2),
        ))
}

/// A way to make an expectation wrong.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    Drop,
    Double,
    Swap,
    Rename,
    Code,
    Signal,
    Hang,
    Sooner,
    Later,
    Absent,
    Once,
}

impl Mutation {
    const ALL: [Self; 11] = [
        Self::Drop,
        Self::Double,
        Self::Swap,
        Self::Rename,
        Self::Code,
        Self::Signal,
        Self::Hang,
        Self::Sooner,
        Self::Later,
        Self::Absent,
        Self::Once,
    ];

    /// The expectation, wrong in this way. `None` where that would not be wrong.
    fn of(self, lines: &[&str], code: i32, at: usize) -> Option<Expectation> {
        let mut changed = lines.to_vec();
        let right = exact(lines, code);
        let with_exit_after = |time| {
            let mut wrong = right.clone();
            wrong.delays[0].bound = Bound::About(time);
            wrong
        };
        Some(match self {
            Self::Drop => {
                changed.remove(at);
                right.whole_log(changed)
            }
            Self::Double => {
                changed.insert(at, lines[at]);
                right.whole_log(changed)
            }
            Self::Swap => {
                let other = (at + 1) % lines.len();
                changed.swap(at, other);
                if changed == lines {
                    return None;
                }
                right.whole_log(changed)
            }
            Self::Rename => {
                changed[at] = "another";
                right.whole_log(changed)
            }
            Self::Code => right.end(ExpectedEnd::code(code + 1)),
            Self::Signal => right.end(ExpectedEnd::signal(Signal::TERM)),
            Self::Hang => right.end(ExpectedEnd::Hang),
            Self::Sooner => with_exit_after(millis(1799)),
            Self::Later => with_exit_after(millis(2201)),
            Self::Absent => right.no_line(lines[at]),
            Self::Once => {
                let distinct: BTreeSet<_> = lines.iter().collect();
                if distinct.len() == lines.len() {
                    return None;
                }
                let twice = lines
                    .iter()
                    .find(|line| lines.iter().filter(|l| l == line).count() > 1)?;
                right.count(*twice, 1)
            }
        })
    }
}
