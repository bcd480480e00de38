//! JUnit, CTRF, GitHub, traces.

use std::fs;
use std::path::Path;
use std::process::Command;

use exeunt::report;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::Value;

use super::json_schema::Checker;
use super::*;

fn schema(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/schemas")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// The test cases of the report, as nextest's reader reads them.
fn read_back(results: &Results) -> Vec<TestCase> {
    let xml = report::junit(results);
    let report = Report::deserialize_from_str(&xml).unwrap_or_else(|e| panic!("{e}\n{xml}"));
    report
        .test_suites
        .into_iter()
        .flat_map(|suite| suite.test_cases)
        .collect()
}

/// `ok`, or the kind, type and message of what is told.
fn told(case: &TestCase) -> String {
    let text = |text: &Option<quick_junit::XmlString>| {
        text.as_ref()
            .map_or(String::new(), |text| text.as_str().to_owned())
    };
    match &case.status {
        TestCaseStatus::Success { .. } => "ok".into(),
        TestCaseStatus::NonSuccess {
            kind, message, ty, ..
        } => {
            let kind = match kind {
                NonSuccessKind::Failure => "failure",
                NonSuccessKind::Error => "error",
            };
            format!("{kind} {}: {}", text(ty), text(message))
        }
        TestCaseStatus::Skipped { message, .. } => format!("skipped: {}", text(message)),
    }
}

fn property(case: &TestCase, name: &str) -> Option<String> {
    let mut properties = case.properties.iter();
    let found = properties.find(|property| property.name.as_str() == name);
    found.map(|property| property.value.as_str().to_owned())
}

#[test]
fn each_status_is_what_ci_servers_take_it_for() {
    let cases = read_back(&everything());
    let told: Vec<_> = cases.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "ok",
            "failure broken: expected exit code 0, observed exit code 1 after 0.005 s (and 2 more)",
            "error inconclusive: expected the exit 2.00 s after `Main : all done` (± 0.20 s), observed 2.400 s, on a machine that was up to 0.50 s late",
            "ok",
            "failure deviates-no-more: take the known deviation out of the suite: \"It ends with main.\" is no longer so",
            "failure broken: expected exit code 0, observed still running after 2 s, and ended then",
            "error unfinished: it was not over when this report was written",
            told[7].as_str(),
            "skipped: probe `old`: not found",
            "error failed: could not start\nNo such file",
            "error interrupted: interrupted",
        ]
    );
    assert!(
        told[7].starts_with("failure broken: expected a line `ready`, observed it never came"),
        "{}",
        told[7]
    );
}

#[test]
fn the_numbers_of_a_case_are_its_properties() {
    let cases = read_back(&everything());
    let named = |status: &str| {
        let its = |case: &&TestCase| property(case, "status").as_deref() == Some(status);
        cases.iter().find(its).unwrap()
    };
    assert_eq!(
        property(named("held"), "exit-delay").as_deref(),
        Some("2.000000")
    );
    assert_eq!(
        property(named("held"), "end").as_deref(),
        Some("exit code 0")
    );
    assert_eq!(
        property(named("inconclusive"), "lag").as_deref(),
        Some("0.500000")
    );
    assert_eq!(
        property(named("deviates"), "known-deviation").as_deref(),
        Some("It ends with main.")
    );
    assert_eq!(property(named("held"), "known-deviation"), None);
    let survivors: Vec<_> = cases
        .iter()
        .filter_map(|case| property(case, "survivors"))
        .collect();
    assert!(survivors.contains(&"1".into()) && survivors.contains(&"0".into()));
    let timeline = named("held").system_out.as_ref().unwrap().as_str();
    assert!(
        timeline.contains("of silence") && !timeline.contains('\u{1b}'),
        "{timeline}"
    );
}

/// What the schema finds wrong with a report. `None` where there is no `xmllint`.
fn xsd_problems(xml: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    // Two things that all readers know, and this schema does not: properties of a test case, and how many were skipped in all.
    let extended = schema("junit-10.xsd")
        .replace(
            "<xs:element ref=\"skipped\"/>",
            "<xs:element ref=\"skipped\"/><xs:element ref=\"properties\"/>",
        )
        .replace(
            "<xs:attribute name=\"errors\" type=\"xs:string\" />\n        </xs:complexType>",
            "<xs:attribute name=\"errors\" type=\"xs:string\" /><xs:attribute name=\"skipped\" type=\"xs:string\" />\n        </xs:complexType>",
        );
    let output = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .args([write("junit.xsd", &extended), write("report.xml", xml)])
        .output();
    let Ok(output) = output else {
        eprintln!(
            "warning: SKIPPED: xmllint is not here: whether JUnit reports fit their schema is unknown"
        );
        return None;
    };
    match output.status.success() {
        true => Some(String::new()),
        false => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn junit_reports_fit_the_published_schema() {
    let xml = report::junit(&everything());
    let Some(problems) = xsd_problems(&xml) else {
        return;
    };
    assert_eq!(problems, "", "{xml}");
    let wrong = xml.replace("<testcase name=", "<testcase nome=");
    assert_ne!(xsd_problems(&wrong).as_deref(), Some(""));
    let wrong = xml
        .replace("<failure ", "<failed ")
        .replace("</failure>", "</failed>");
    assert_ne!(xsd_problems(&wrong).as_deref(), Some(""));
}

#[test]
fn ctrf_reports_fit_the_published_schema() {
    let schema: Value = serde_json::from_str(&schema("ctrf.schema.json")).unwrap();
    let mut results = everything();
    for elapsed in [None, Some(secs(3))] {
        results.elapsed = elapsed;
        let mut report: Value = serde_json::from_str(&report::ctrf(&results)).unwrap();
        assert_eq!(Checker(&schema).problems(&report), Vec::<String>::new());
        report["results"]["tests"][0]["status"] = "held".into();
        assert!(!Checker(&schema).problems(&report).is_empty());
    }
    let report: Value = serde_json::from_str(&report::ctrf(&results)).unwrap();
    let count = |word: &str| report["results"]["summary"][word].as_u64().unwrap();
    assert_eq!(
        ["passed", "failed", "skipped", "pending", "other", "tests"].map(count),
        [2, 5, 1, 1, 2, 11]
    );
    let first = &report["results"]["tests"][1];
    assert_eq!(first["line"], 7);
    assert_eq!(first["rawStatus"], "broken");
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .starts_with("expected exit code 0")
    );
}

#[test]
fn annotations_stand_at_the_line_of_the_scenario() {
    let mut results = everything();
    results.outcomes.truncate(2);
    results.cases.truncate(2);
    results.outcomes[1].place.as_mut().unwrap().file = "dir,x:y/exeunt.toml".into();
    assert_eq!(
        report::annotations(&results),
        "::error file=dir%2Cx%3Ay/exeunt.toml,line=7,title=waits/py broken::expected exit code 0, observed exit code 1 after 0.005 s (and 2 more)\n"
    );
    // What is well needs no annotation, and what is not decided is no error.
    let levels = |results: &Results| {
        let text = report::annotations(results);
        let lines = text
            .lines()
            .map(|line| line.split(' ').next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    let levels = levels(&everything());
    assert_eq!(
        levels.iter().filter(|l| *l == "::error").count(),
        5,
        "{levels:?}"
    );
    assert_eq!(
        levels.iter().filter(|l| *l == "::warning").count(),
        3,
        "{levels:?}"
    );
    assert_eq!(levels.len(), 8, "one line each: {levels:?}");
}

#[test]
fn a_step_summary_has_the_timelines_and_the_matrix_and_no_markup_of_subjects() {
    let summary = report::step_summary(&everything());
    for part in [
        "11 cases".replace("11", "10").as_str(),
        "1 cases were not over",
        "<details><summary><b>broken</b> <code>waits/py</code>: expected exit code 0",
        "╰─ broken  expected exit code 0",
        "| `waits` |",
    ] {
        assert!(summary.contains(part), "{part}\n{summary}");
    }
    assert!(
        !summary.contains("<script") && !summary.contains("<img"),
        "{summary}"
    );
}

#[test]
fn a_step_summary_has_room_for_what_is_most_important() {
    let mut results = everything();
    let long = "x".repeat(100);
    let mut outcome = broken();
    let record = &mut outcome.observed.as_mut().unwrap().record;
    for _ in 0..60 {
        *record = record.clone().with(millis(4), long.as_str());
    }
    results.outcomes = vec![outcome; 500];
    let summary = report::step_summary(&results);
    assert!(summary.len() <= 1 << 20, "{}", summary.len());
    assert!(summary.contains("more cases have no room here"));
}

#[test]
fn a_trace_has_a_lane_for_each_that_lived() {
    let trace: Value = serde_json::from_str(&report::trace(&everything())).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let names = |pid: u64| {
        let of = |event: &&Value| event["pid"] == pid && event["name"] == "thread_name";
        let lanes = events.iter().filter(of);
        lanes
            .map(|event| event["args"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // Cases without a run have none.
    let ran: std::collections::BTreeSet<_> =
        events.iter().map(|e| e["pid"].as_u64().unwrap()).collect();
    assert_eq!(ran.len(), 7);
    assert_eq!(names(1), ["subject", "harness", "Main", "Thread 1"]);
    let all: Vec<_> = ran.iter().flat_map(|pid| names(*pid)).collect();
    assert!(
        all.contains(&"survivor 99".into()) && all.contains(&"stderr".into()),
        "{all:?}"
    );
    let subject = events
        .iter()
        .find(|e| e["pid"] == 1 && e["ph"] == "X" && e["tid"] == 1)
        .unwrap();
    assert_eq!(
        (subject["ts"].as_u64(), subject["dur"].as_u64()),
        (Some(0), Some(2_003_000))
    );
    let known = ["X", "i", "M"];
    assert!(
        events
            .iter()
            .all(|e| known.contains(&e["ph"].as_str().unwrap()))
    );
}

/// What a tracer saw, what listened, and what was asked of it.
#[test]
fn a_trace_has_bars_of_threads_ports_requests_and_clients() {
    use exeunt::record::{Began, Ended, EventKind, Exchange, Listening, RequestSeen, TaskEnd};
    let sent = Exchange::Sent {
        to: "127.0.0.1:80".into(),
        what: "GET /".into(),
    };
    let name = || "load".to_owned();
    let mut outcome = held();
    outcome.observed.as_mut().unwrap().record = Record::new(["server"])
        .with(millis(1), EventKind::Began(Began::new(1, 7, 1)))
        .with(
            millis(2),
            EventKind::Listens(Listening::new("127.0.0.1:80", millis(1))),
        )
        .with(
            millis(3),
            EventKind::Request(RequestSeen::new("slow", sent)),
        )
        .with(millis(4), EventKind::ClientStarts { name: name() })
        .with(
            millis(6),
            EventKind::Request(RequestSeen::new("slow", Exchange::Closed)),
        )
        .with(
            millis(7),
            EventKind::Ended(Ended::new(1, 7, "worker", TaskEnd::Returned)),
        )
        .with(millis(9), Exit::Code(0))
        .with(
            millis(12),
            EventKind::ClientEnds {
                name: name(),
                exit: Some(Exit::Code(0)),
            },
        );
    let mut results = Results::new("exeunt.toml", [outcome.case.clone()]);
    results.outcomes.push(outcome);
    let trace: Value = serde_json::from_str(&report::trace(&results)).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let bars = events.iter().filter(|event| event["ph"] == "X");
    let bars: Vec<_> = bars
        .map(|bar| {
            let lane = events
                .iter()
                .find(|event| event["name"] == "thread_name" && event["tid"] == bar["tid"]);
            let time = |key: &str| bar[key].as_u64().unwrap();
            (
                lane.unwrap()["args"]["name"].as_str().unwrap(),
                time("ts"),
                time("dur"),
            )
        })
        .collect();
    assert_eq!(
        bars,
        [
            ("subject", 0, 9000),
            ("task 7", 1000, 6000),
            ("port 127.0.0.1:80", 2000, 7000),
            ("request slow", 3000, 3000),
            ("client load", 4000, 8000),
        ]
    );
}
