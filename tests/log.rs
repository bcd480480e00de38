//! From lines to log, on records made by hand.

use std::time::Duration;

use exeunt::expect::{Delay, Expectation, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Bytes, Dropped, Exit, Finding, Line, StampTime, Stream};
use exeunt::{LogFormat, Record, millis, secs};

/// A line as it is read: its stamp as text and its message, if it is one of log.
fn parsed(format: &LogFormat, line: impl Into<Bytes>) -> Option<(Option<String>, String)> {
    let line = Line::new(Stream::Merged, line);
    let mut record = Record::new(["subject"]).with(secs(0), line);
    format.read(&mut record);
    let line = record.lines().next()?.line;
    let stamp = line.stamp.map(|stamp| stamp.to_string());
    Some((stamp, line.message.clone()?))
}

fn default(line: impl Into<Bytes>) -> Option<(Option<String>, String)> {
    parsed(&LogFormat::default(), line)
}

fn log(stamp: &str, message: &str) -> Option<(Option<String>, String)> {
    Some((Some(stamp.into()), message.into()))
}

/// The findings of a run that began at this time of day and printed these lines, at times in ms.
fn findings<const N: usize>(began: &str, lines: [(u64, &str); N]) -> Vec<Finding> {
    findings_on(Duration::ZERO, began, lines)
}

fn findings_on<const N: usize>(
    lag: Duration,
    began: &str,
    lines: [(u64, &str); N],
) -> Vec<Finding> {
    let mut record = Record::new(["subject"]);
    record.started += began.split(':').fold(Duration::ZERO, |time, part| {
        time * 60 + Duration::from_secs_f64(part.parse().unwrap())
    });
    record.lag.canary = lag;
    for (at, line) in lines {
        record = record.with(millis(at), line);
    }
    LogFormat::default().read(&mut record);
    record.findings
}

const NONE: [Finding; 0] = [];

#[test]
fn a_time_and_a_message() {
    assert_eq!(
        default("12:34:56: Main : all done"),
        log("12:34:56", "Main : all done")
    );
    assert_eq!(default("00:00:00: "), log("00:00:00", ""));
    assert!(default("23:59:60: a leap second").is_some());
    assert_eq!(
        default("12:34:56: tab\t: end\r"),
        log("12:34:56", "tab\t: end")
    );
    assert_eq!(
        default("12:34:56: 12:34:57: twice"),
        log("12:34:56", "12:34:57: twice")
    );
}

#[test]
fn what_is_no_line_of_log_is_kept_as_it_is() {
    for line in [
        "",
        "no time",
        " 12:34:56: indented",
        "12:34:56 no colon",
        "12:34: no seconds",
        "1:02:03: one digit",
        "12:34:56.789: a fraction is not the default",
        "99:99:99: no such time",
        "24:00:00: no such hour",
        "12:60:00: no such minute",
        "12:00:61: no such second",
        "١٢:٣٤:٥٦: digits of another script",
    ] {
        assert_eq!(default(line), None, "{line}");
        let mut record = Record::new(["subject"]).with(secs(0), line);
        LogFormat::default().read(&mut record);
        let kept = record.lines().next().unwrap().line;
        assert_eq!((&*kept.text(), kept.stamp), (line, None));
    }
}

#[test]
fn fractions() {
    let format = LogFormat::new(r"^(?<time>\S+) (?<message>.*)$").unwrap();
    let stamp = |line: &str| {
        let mut record = Record::new(["subject"]).with(secs(0), line);
        format.read(&mut record);
        let line = record.lines().next().unwrap().line;
        line.stamp.map(|s| (s.time, s.grain))
    };
    let one = |fraction| StampTime::TimeOfDay(secs(3661) + fraction);
    assert_eq!(stamp("01:01:01 m"), Some((one(Duration::ZERO), secs(1))));
    assert_eq!(stamp("01:01:01.5 m"), Some((one(millis(500)), millis(100))));
    assert_eq!(stamp("01:01:01.123 m"), Some((one(millis(123)), millis(1))));
    assert_eq!(stamp("01:01:01,123 m"), Some((one(millis(123)), millis(1))));
    assert_eq!(
        stamp("01:01:01.000000001 m"),
        Some((one(Duration::from_nanos(1)), Duration::from_nanos(1)))
    );
    for line in [
        "01:01:01.0000000001 m",
        "01:01:01. m",
        "01:01:01.x m",
        "01:01:01.+1 m",
        "+1:01:01 m",
        "01:01:01:01 m",
        "01:01 m",
        "001:01:01 m",
        "tomorrow m",
    ] {
        assert_eq!(stamp(line), None, "{line}");
        assert_eq!(
            parsed(&format, line),
            None,
            "{line}: what has no time is no line of log"
        );
    }
}

#[test]
fn a_pattern_of_ones_own() {
    let format = LogFormat::new(r"^\[(?<time>\S+) (\w+)\] (?<message>.*)$").unwrap();
    assert_eq!(
        parsed(&format, "[12:34:56.789 INFO] all done"),
        log("12:34:56", "all done")
    );
    assert_eq!(parsed(&format, "12:34:56: all done"), None);
    let untimed = LogFormat::new("^log: (?<message>.*)$").unwrap();
    assert_eq!(
        parsed(&untimed, "log: all done"),
        Some((None, "all done".into()))
    );
    let perhaps = LogFormat::new(r"^((?<time>\d\S+) )?(?<message>.*)$").unwrap();
    assert_eq!(
        parsed(&perhaps, "12:34:56 all done"),
        log("12:34:56", "all done")
    );
    assert_eq!(
        parsed(&perhaps, "all done"),
        Some((None, "all done".into()))
    );
}

#[test]
fn patterns_that_cannot_serve() {
    let error = |pattern| LogFormat::new(pattern).unwrap_err().to_string();
    assert_eq!(
        error("^(?<time>.*)$"),
        "the pattern has no group `message`: write `(?<message>.*)` where the message stands, \
         or name a format: default, plain, clock, python, rfc3339, env_logger"
    );
    assert!(error("(?<message>.*").starts_with("not a regular expression: "));
}

#[test]
fn in_time_nothing_is_noticed() {
    assert_eq!(
        findings("12:00:00", [(10, "12:00:00: a"), (2000, "12:00:02: b")]),
        NONE
    );
    // Logged at 12:00:00.999, stamped 12:00:00, arrived at once.
    assert_eq!(findings("12:00:00.5", [(499, "12:00:00: a")]), NONE);
    assert_eq!(findings("12:00:00.5", [(599, "12:00:00: a")]), NONE);
    // A clock that is a little ahead of ours.
    assert_eq!(findings("12:00:00", [(0, "12:00:01: a")]), NONE);
    assert_eq!(findings("12:00:00", [(0, "no log")]), NONE);
}

#[test]
fn a_line_that_came_later_than_it_was_logged() {
    let late = |event, late| Finding::BuffersOutput { event, late };
    assert_eq!(
        findings("12:00:00", [(10, "12:00:00: a"), (2000, "12:00:00: b")]),
        [late(1, secs(2))]
    );
    assert_eq!(
        findings(
            "12:00:00",
            [(5, "no log"), (1301, "12:00:00: a"), (3000, "12:00:00: b")]
        ),
        [late(1, millis(1301))]
    );
    // Not a first line.
    assert_eq!(
        findings("12:00:00", [(0, "12:00:00: a"), (1301, "12:00:00: b")]),
        [late(1, millis(1301))]
    );
}

#[test]
fn a_first_line_may_be_slow_to_write() {
    // A formatter had to be loaded, on a busy machine.
    let slow = |at, next| findings("12:00:00", [(at, "12:00:00: a"), (next, "12:00:03: b")]).len();
    assert_eq!(slow(1400, 3000), 0);
    assert_eq!(slow(2299, 3000), 0);
    assert_eq!(slow(2301, 3100), 1, "too slow");
    assert_eq!(slow(2200, 2202), 1, "a buffer held it back until the next");
    let with_exit = |exit| {
        let mut record = Record::new(["subject"])
            .with(millis(2000), "00:00:00: a")
            .with(millis(exit), Exit::Code(0));
        LogFormat::default().read(&mut record);
        record.findings.len()
    };
    assert_eq!(with_exit(2050), 1, "a buffer held it back until the exit");
    assert_eq!(with_exit(2051), 0);
}

#[test]
fn what_the_machines_lag_explains_is_no_buffering() {
    let lines = [(0, "12:00:00: a"), (1500, "12:00:00: b")];
    assert_eq!(findings_on(millis(199), "12:00:00", lines).len(), 1);
    assert_eq!(findings_on(millis(200), "12:00:00", lines), NONE);
}

#[test]
fn it_stands_ahead_of_all_other_findings() {
    let mut record = Record::new(["subject"]).with(secs(5), "00:00:00: a");
    record.findings = vec![Finding::Survivors { count: 1 }];
    LogFormat::default().read(&mut record);
    let late = Finding::BuffersOutput {
        event: 0,
        late: secs(5),
    };
    assert_eq!(record.findings, [late, Finding::Survivors { count: 1 }]);
    assert!(record.buffers_output());
}

#[test]
fn a_fine_grain_shows_buffering_that_a_coarse_one_hides() {
    let lines = |stamp: &str| {
        let mut record = Record::new(["subject"])
            .with(millis(900), stamp)
            .with(millis(900), Exit::Code(0));
        LogFormat::new("^(?<time>[^ ]+) (?<message>.*)$")
            .unwrap()
            .read(&mut record);
        record.findings.len()
    };
    assert_eq!(lines("00:00:00 a"), 0);
    assert_eq!(lines("00:00:00.000 a"), 1);
}

#[test]
fn over_midnight() {
    assert_eq!(
        findings(
            "23:59:59.9",
            [
                (50, "23:59:59: a"),
                (150, "23:59:59: b"),
                (2000, "00:00:01: c")
            ]
        ),
        NONE
    );
    let [Finding::BuffersOutput { event: 1, late }] =
        findings("23:59:59", [(0, "23:59:59: a"), (4000, "23:59:59: b")])[..]
    else {
        panic!("a line of before midnight, four seconds late");
    };
    assert_eq!(late, secs(4));
}

#[test]
fn in_another_time_zone() {
    let other = |ahead| [Finding::OtherClock { ahead }];
    assert_eq!(findings("12:00:00", [(0, "14:00:00: a")]), other(7200));
    assert_eq!(findings("12:00:00", [(0, "07:00:00: a")]), other(-18000));
    assert_eq!(findings("12:00:00", [(0, "17:45:00: Nepal")]), other(20700));
    assert_eq!(
        findings("23:30:00", [(0, "00:30:00: over midnight")]),
        other(3600)
    );
    assert_eq!(
        findings("12:00:00", [(0, "13:00:00: a"), (4000, "13:00:00: b")]),
        [
            Finding::BuffersOutput {
                event: 1,
                late: secs(4)
            },
            Finding::OtherClock { ahead: 3600 },
        ],
        "and it buffers"
    );
}

#[test]
fn our_own_local_time_is_no_other_clock() {
    let mut record = Record::new(["subject"]).with(secs(0), "02:00:00: a");
    record.utc_offset = 7200;
    LogFormat::default().read(&mut record);
    assert_eq!(record.findings, NONE);
}

#[test]
fn when_the_clocks_change() {
    // Our offset is that of the start. An hour is skipped, or comes twice.
    let spring = [(0, "01:59:59: a"), (2000, "03:00:01: b")];
    assert_eq!(findings("01:59:59", spring), NONE);
    let autumn = [(0, "02:59:59: a"), (2000, "02:00:01: b")];
    assert_eq!(findings("02:59:59", autumn), NONE);
    // But a line that was late all the same is noticed.
    let late = [(0, "01:59:59: a"), (6000, "03:00:01: b")];
    assert_eq!(findings("01:59:59", late).len(), 1);
}

#[test]
fn a_torn_line() {
    let mut torn = Line::new(Stream::Merged, "00:00:00: Thread 1 : fini");
    torn.newline = false;
    let mut record = Record::new(["subject"])
        .with(secs(0), "00:00:00: a")
        .with(secs(0), torn);
    LogFormat::default().read(&mut record);
    assert_eq!(record.findings, [Finding::TornLine { event: 1 }]);
}

#[test]
fn a_last_line_without_newline_that_is_no_log_may_be_meant_so() {
    let mut prompt = Line::new(Stream::Merged, "password: ");
    prompt.newline = false;
    let mut record = Record::new(["subject"]).with(secs(0), prompt);
    LogFormat::default().read(&mut record);
    assert_eq!(record.findings, NONE);
}

#[test]
fn bytes_that_are_no_text() {
    let mut record = Record::new(["subject"]).with(secs(0), "00:00:00: a").with(
        secs(0),
        Line::new(Stream::Merged, b"00:00:00: caf\xe9".to_vec()),
    );
    LogFormat::default().read(&mut record);
    assert_eq!(record.findings, [Finding::InvalidUtf8 { event: 1 }]);
    let line = record.lines().nth(1).unwrap().line;
    assert_eq!(line.message.as_deref(), Some("caf\u{fffd}"));
    assert_eq!(line.bytes.as_slice(), b"00:00:00: caf\xe9");
}

#[test]
fn output_that_was_not_kept() {
    let mut long = Line::new(Stream::Merged, b"00:00:00: long \xc3".to_vec());
    long.cut_from = Some(1000);
    let dropped = Dropped {
        lines: 3,
        bytes: 30,
    };
    let mut record = Record::new(["subject"])
        .with(secs(0), long)
        .with(secs(0), dropped);
    LogFormat::default().read(&mut record);
    // That a character was cut in two is not the subject's doing.
    assert_eq!(
        record.findings,
        [Finding::LineCut { event: 0 }, Finding::OutputCut(dropped)]
    );
}

#[test]
fn a_record_can_be_read_again() {
    let mut torn = Line::new(Stream::Merged, "00:00:00: b");
    torn.newline = false;
    let mut record = Record::new(["subject"])
        .with(secs(5), "00:00:00: a")
        .with(secs(5), torn);
    record.findings = vec![Finding::Survivors { count: 1 }];
    LogFormat::default().read(&mut record);
    let once = record.clone();
    LogFormat::default().read(&mut record);
    assert_eq!(record, once);

    LogFormat::new("^never (?<message>)$")
        .unwrap()
        .read(&mut record);
    assert_eq!(record.findings, [Finding::Survivors { count: 1 }]);
    assert!(
        record
            .lines()
            .all(|seen| !seen.line.is_log() && seen.line.stamp.is_none())
    );
}

#[test]
fn buffering_makes_a_delay_inconclusive_that_would_have_been_broken() {
    let mut record = Record::new(["subject"])
        .with(secs(2), "00:00:00: Main : all done")
        .with(secs(2), Exit::Code(0));
    let expectation =
        Expectation::nothing().delay(Delay::about("Main : all done", Mark::Exit, secs(2)));
    LogFormat::new("^(?<time>never)?.{10}(?<message>.*)$")
        .unwrap()
        .read(&mut record);
    assert_eq!(judge(&record, &expectation).verdict(), Verdict::Broken);
    LogFormat::default().read(&mut record);
    assert_eq!(
        judge(&record, &expectation).verdict(),
        Verdict::Inconclusive
    );
}

/// The messages and findings of a run that began on 2026-01-31 at noon UTC.
fn read_at_noon<const N: usize>(
    format: &LogFormat,
    lines: [(u64, &str); N],
) -> (Vec<Option<String>>, Vec<Finding>) {
    let mut record = Record::new(["subject"]);
    record.started += secs(1_769_860_800);
    for (at, line) in lines {
        record = record.with(millis(at), line);
    }
    format.read(&mut record);
    let messages = record.lines().map(|seen| seen.line.message.clone());
    (messages.collect(), record.findings.clone())
}

#[test]
fn formats_that_have_a_name() {
    for (name, line, message) in [
        ("python", "2026-01-31 12:00:01,500 done", "done"),
        (
            "python",
            "2026-01-31 12:00:01,500 - root - INFO - done",
            "root - INFO - done",
        ),
        ("python", "2026-01-31 12:00:01,500: done", "done"),
        ("rfc3339", "2026-01-31T12:00:01.500Z done", "done"),
        (
            "rfc3339",
            "2026-01-31T13:00:01.5+01:00 INFO done",
            "INFO done",
        ),
        (
            "env_logger",
            "[2026-01-31T12:00:01Z INFO  my::target] done",
            "done",
        ),
        ("env_logger", "[2026-01-31T12:00:01.500Z WARN] done", "done"),
        ("clock", "12:00:01: Main : done", "Main : done"),
    ] {
        let format: LogFormat = name.parse().unwrap();
        let (messages, findings) = read_at_noon(&format, [(1500, line), (1500, "stray")]);
        assert_eq!(messages, [Some(message.to_owned()), None], "{name}: {line}");
        assert_eq!(findings, NONE, "{name}: {line}");
        let (_, late) = read_at_noon(&format, [(4000, line)]);
        assert!(
            matches!(late[..], [Finding::BuffersOutput { event: 0, .. }]),
            "{name}: {line}: {late:?}"
        );
    }
    assert_eq!(
        "pyton".parse::<LogFormat>().unwrap_err().to_string(),
        "the pattern has no group `message`: write `(?<message>.*)` where the message stands, \
         or name a format: default, plain, clock, python, rfc3339, env_logger"
    );
}

#[test]
fn a_clock_of_the_subjects_own_shows_buffering_by_how_lines_are_apart() {
    let format = LogFormat::new(r"^\[ *(?<time>[0-9.]+)\] (?<message>.*)$").unwrap();
    // Its clock began 2 s after the start, which is nothing to remark.
    let (messages, findings) = read_at_noon(
        &format,
        [
            (2000, "[ 0.000] a"),
            (3000, "[ 1.000] b"),
            (4200, "[ 2.000] c"),
        ],
    );
    assert_eq!(messages.iter().flatten().count(), 3);
    assert_eq!(findings, NONE);
    let (_, findings) = read_at_noon(
        &format,
        [
            (4000, "[ 0.000] a"),
            (4000, "[ 1.000] b"),
            (4000, "[ 2.000] c"),
        ],
    );
    let late = secs(2);
    assert_eq!(findings, [Finding::BuffersOutput { event: 0, late }]);
}

#[test]
fn times_that_are_never_read_are_a_finding() {
    let format = LogFormat::new(r"^(?<time>\S+) (?<message>.*)$").unwrap();
    let (messages, findings) = read_at_noon(&format, [(1, "x"), (2, "31.1.26 a"), (3, "b c")]);
    assert_eq!(messages, [None, None, None]);
    let text = "31.1.26".to_owned();
    assert_eq!(findings, [Finding::UnreadTimes { event: 1, text }]);
    // Where some are read, the others are lines of something else.
    let (_, findings) = read_at_noon(&format, [(1, "12:00:00 a"), (2, "and so on")]);
    assert_eq!(findings, NONE);
}

/// A run without stamps that printed these lines, at times in ms, and exited at 3 s.
fn hinted<const N: usize>(lines: [(u64, &str); N]) -> Vec<Finding> {
    let mut record = Record::new(["subject"]);
    for (at, line) in lines {
        record = record.with(millis(at), line);
    }
    record = record.with(secs(3), Exit::Code(0));
    LogFormat::default().read(&mut record);
    record.findings
}

#[test]
fn lines_that_come_all_at_once_before_the_exit_are_a_hint() {
    let burst = [(2995, "a"), (2995, "b"), (2996, "c")];
    let hint = Finding::MayBufferOutput {
        event: 0,
        lines: 3,
        silence: millis(2995),
    };
    assert_eq!(hinted(burst), std::slice::from_ref(&hint));
    assert!(hint.is_hint());
    let mut record = Record::new(["subject"]);
    record.findings.push(hint);
    assert!(!record.buffers_output(), "it is no proof");
    // Two lines, lines that are apart, long before the exit, after no silence, with stamps.
    assert_eq!(hinted([(2995, "a"), (2995, "b")]), NONE);
    assert_eq!(hinted([(1000, "a"), (2000, "b"), (2995, "c")]), NONE);
    assert_eq!(hinted([(2000, "a"), (2000, "b"), (2000, "c")]), NONE);
    assert_eq!(
        hinted([(2800, "x"), (2995, "a"), (2995, "b"), (2995, "c")]),
        NONE
    );
    let stamped = [
        (2995, "00:00:02: a"),
        (2995, "00:00:02: b"),
        (2995, "00:00:02: c"),
    ];
    assert_eq!(hinted(stamped), NONE);
}

#[test]
fn the_speaker_is_named_by_the_format() {
    let who = |format: &LogFormat, line: &str| {
        let mut record = Record::new(["subject"]).with(secs(0), line);
        format.read(&mut record);
        let line = record.lines().next().unwrap().line;
        line.who.clone()
    };
    let main = Some("Main".to_owned());
    for line in ["00:00:00: Main : done", "00:00:00: Main\t:\tdone"] {
        assert_eq!(who(&LogFormat::default(), line), main, "{line}");
        assert_eq!(who(&LogFormat::plain(), line), None, "{line}");
    }
    for line in [
        "GET /x : 200",
        "00:00:00: Main: done",
        "00:00:00: no speaker",
    ] {
        assert_eq!(who(&LogFormat::default(), line), None, "{line}");
    }
    let own = LogFormat::new(r"^<(?<who>\w+)> (?<message>.*)$").unwrap();
    assert_eq!(who(&own, "<Main> done"), main);
}
