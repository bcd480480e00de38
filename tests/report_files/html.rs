//! The page.

use std::fs;
use std::path::Path;
use std::process::Command;

use exeunt::report;

use super::*;

#[test]
fn nothing_that_a_subject_printed_is_markup() {
    let page = report::html(&everything());
    // Ours is the only script, and it is the last thing in the page.
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(page.trim_end().ends_with("</script></body></html>"));
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;document.title=&#39;owned&#39;"));
    for harm in [
        "<img",
        "onerror=\"",
        "<b>\u{0}",
        "\u{0}",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!page.contains(harm), "{harm:?}");
    }
    // It would be found.
    assert!(page.replace("&lt;img", "<img").contains("<img"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = report::html(&everything());
    let links = regex::Regex::new(r#"(?:\ssrc=|\shref=|url\()["']?([^"'\s>)]*)"#).unwrap();
    let page =
        page.split("<main>").next().unwrap().to_owned() + page.split("</main>").nth(1).unwrap();
    for link in links.captures_iter(&page) {
        assert!(link[1].starts_with('#'), "{}", &link[0]);
    }
    assert!(links.is_match(&page) && page.contains("default-src 'none'"));
}

/// Without this a browser refuses the script.
#[test]
fn the_policy_names_the_script_by_its_hash() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("sha256sum")
        .arg(root.join("src/report/html/script.js"))
        .output()
        .unwrap();
    let hex = String::from_utf8(output.stdout).unwrap();
    let bytes: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let hash = base64(&bytes);
    let page = report::html(&everything());
    assert!(
        page.contains(&format!("script-src 'sha256-{hash}'")),
        "the hash of script.js is {hash}"
    );
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| {
            bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0))
        });
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

/// The rows of the first case's picture: class and text.
fn rows(outcome: Outcome) -> Vec<(String, String)> {
    let mut results = Results::new("suite", [outcome.case.clone()]);
    results.outcomes.push(outcome);
    let page = report::html(&results);
    let row = regex::Regex::new(r#"<div class="r (\w+)[^"]*"[^>]*>(.*?)</div>"#).unwrap();
    let tag = regex::Regex::new("<[^>]*>").unwrap();
    row.captures_iter(&page)
        .map(|found| {
            (
                found[1].to_owned(),
                tag.replace_all(&found[2], " ")
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        })
        .collect()
}

fn texts(outcome: Outcome) -> Vec<String> {
    rows(outcome)
        .into_iter()
        .map(|(class, text)| format!("{class} {text}").trim_end().to_owned())
        .collect()
}

#[test]
fn time_runs_down_and_what_is_expected_stands_beside_it() {
    assert_eq!(
        texts(held()),
        [
            "hd s subject Main Thread 1 expected",
            "st 0.000 start worker &#39;&lt;arg&gt;&#39; pid 1",
            "li 0.003 Main all done ✓ `Main : all done`",
            "si 2.00 s of silence",
            "ed 1.803 earliest",
            "si",
            "li 2.000 Thread 1 finishing ✓ `Thread 1 : finishing`",
            // At one instant the event comes first.
            "ex 2.003 exit exit code 0 ✓ exit code 0 ✓ the exit 2.00 s after `Main : all done` (± 0.20 s)",
            "ed 2.003 expected",
            "si",
            "ed 2.203 latest",
        ]
    );
}

#[test]
fn an_inconclusive_exit_lies_in_the_edge_that_the_lag_makes() {
    let rows = texts(inconclusive());
    let at = |text: &str| {
        rows.iter()
            .position(|row| row.contains(text))
            .unwrap_or_else(|| panic!("{text}\n{rows:#?}"))
    };
    let (latest, exit, lag) = (
        at("2.203 latest"),
        at("exit exit code 0"),
        at("2.703 latest, plus lag"),
    );
    assert!(latest < exit && exit < lag, "{rows:#?}");
    assert!(rows[exit].contains("? expected the exit"), "{rows:#?}");
}

#[test]
fn a_line_that_never_came_stands_where_it_should_have_come() {
    let rows = texts(broken());
    let done = rows
        .iter()
        .position(|row| row.contains("all done ✓"))
        .unwrap();
    assert!(
        rows[done + 1].starts_with("mi nothing here ✗ expected `Thread 1 : finishing`"),
        "{rows:#?}"
    );
}

/// What is expected of a subject that hangs is shown, though its exit is not judged twice.
#[test]
fn a_hang_is_seen_beside_the_time_at_which_the_exit_was_due() {
    let rows = texts(hung());
    let at = |text: &str| {
        let found = rows.iter().position(|row| row.contains(text));
        found.unwrap_or_else(|| panic!("{text}\n{rows:#?}"))
    };
    assert!(at("0.703 latest") < at("signal SIGTERM"), "{rows:#?}");
    assert!(
        rows[at("killed by SIGTERM")]
            .contains("✗ expected exit code 0 observed still running after 2 s"),
        "{rows:#?}"
    );
}

#[test]
fn signals_survivors_and_threads_are_shown() {
    let page = report::html(&everything());
    for part in [
        "<em>signal</em> <b>SIGTERM</b> to pid 1: the time limit was reached",
        "<td>sleeper<td>blocked in clock_nanosleep: a sleep",
        "<b>outlived the subject</b> pid 99",
        "<s>pid 99</s>",
        "<s>harness</s>",
        "<s>stderr</s>",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// What lives beside the subject has a lane from its beginning to its end.
#[test]
fn requests_ports_clients_and_threads_have_lanes() {
    use exeunt::record::EventKind;
    let listening = exeunt::record::Listening::new("127.0.0.1:8080", millis(1));
    let client = |name: &str| EventKind::ClientStarts { name: name.into() };
    let record = waited(2000)
        .with(millis(20), EventKind::Listens(listening.clone()))
        .with(millis(30), client("load"))
        .with(millis(900), EventKind::StopsListening(listening));
    let outcome = Outcome::of(&named("waits/py"), None, record);
    let page = {
        let mut results = Results::new("suite", [outcome.case.clone()]);
        results.outcomes.push(outcome.clone());
        report::html(&results)
    };
    for lane in ["<s>127.0.0.1:8080</s>", "<s>load</s>"] {
        assert_eq!(page.matches(lane).count(), 1, "{lane}");
    }
    let rows = texts(outcome);
    assert!(
        rows.contains(&"sg 0.020 listens 127.0.0.1:8080".into()),
        "{rows:#?}"
    );
    assert!(
        rows.contains(&"sg 0.900 listens no more on 127.0.0.1:8080".into()),
        "{rows:#?}"
    );
}

#[test]
fn what_somebody_should_look_at_comes_first_and_is_open() {
    let page = report::html(&everything());
    let details =
        regex::Regex::new(r#"<details class="c ([\w-]+) [\w-]+" id="[^"]*"( open)?>"#).unwrap();
    let shown: Vec<_> = details
        .captures_iter(&page)
        .map(|found| (found[1].to_owned(), found.get(2).is_some()))
        .collect();
    let open: Vec<_> = shown.iter().map(|(_, open)| *open).collect();
    assert_eq!(open, [[true; 8].as_slice(), &[false; 3]].concat());
    assert!(
        shown[8..]
            .iter()
            .all(|(status, _)| ["held", "deviates", "skipped"].contains(&status.as_str())),
        "{shown:?}"
    );
    assert!(page.contains("1 of 11 cases have no outcome"));
}

#[test]
fn a_broken_case_stands_beside_the_run_that_held() {
    let mut now = Results::new("suite", [broken().case]);
    now.outcomes.push(broken());
    let mut before = now.clone();
    before.outcomes = vec![held()];
    let page = report::html_beside(&now, Some(&before));
    assert!(page.contains("this run: broken") && page.contains("the run beside it: held"));
    // What is well needs no comparison.
    let page = report::html_beside(&before, Some(&now));
    assert!(!page.contains("the run beside it"));
}

#[test]
fn a_page_of_a_big_suite_is_small_enough_to_send() {
    let mut results = everything();
    let outcomes = results.outcomes.clone();
    results.outcomes = outcomes.into_iter().cycle().take(215).collect();
    let size = report::html(&results).len();
    assert!(size < 5_000_000, "{size}");
}

/// A run with thousands of lines is not a page of megabytes.
#[test]
fn the_middle_of_a_long_log_is_left_out() {
    let mut outcome = broken();
    let record = &mut outcome.observed.as_mut().unwrap().record;
    let line = "x".repeat(5000);
    for i in 0..3000 {
        *record = record.clone().with(millis(10 + i), line.as_str());
    }
    let mut results = Results::new("suite", [outcome.case.clone()]);
    results.outcomes.push(outcome);
    let page = report::html(&results);
    assert!(page.len() < 200_000, "{}", page.len());
    assert!(page.contains("events are not shown"));
}

/// Opened in a real browser, wide and narrow, light and dark: the script runs under the page's policy, nothing of the subject's does, and
/// keys, buttons, the search and links do what they say.
#[test]
fn a_browser_opens_it_and_people_find_their_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.html");
    fs::write(&path, report::html(&everything())).unwrap();
    let Some(told) = browse(&path, directory.path()) else {
        return;
    };
    for (view, background) in [
        ("1280-light", "rgb(255, 255, 255)"),
        ("400-light", "rgb(255, 255, 255)"),
        ("1280-dark", "rgb(18, 22, 27)"),
        ("400-dark", "rgb(18, 22, 27)"),
    ] {
        // Nothing is wider than the page.
        assert_eq!(told[view]["overflow"], 0, "{view}");
        assert_eq!(told[view]["background"], background, "{view}");
        let picture = fs::metadata(directory.path().join(format!("{view}.png"))).unwrap();
        assert!(picture.len() > 20_000, "{view}: {} bytes", picture.len());
    }
    let title = told["title"].as_str().unwrap();
    assert!(title.starts_with("exeunt.toml: 10 cases"), "{title}");
    // The next that is not well, and the one before.
    assert_eq!(
        told["steps"],
        serde_json::json!(["waits/py~2", "waits/py~3", "waits/py~2"])
    );
    assert_eq!(told["address"], "#waits/py~2");
    assert_eq!(told["held"], serde_json::json!(["waits/py"]));
    let found = serde_json::json!(["leaves/py", "leaves/old~2", "leaves/old~3", "leaves/old"]);
    assert_eq!(told["found"], found);
    assert_eq!(told["link"], "waits/py~3");
    assert_eq!(told["cell"], "#waits/py");
}

/// What a browser says of the page. `None` where there is none.
fn browse(page: &Path, directory: &Path) -> Option<serde_json::Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report_files/browse.py");
    let output = Command::new("python3")
        .arg(script)
        .args([page, directory])
        .output()
        .unwrap();
    if output.status.code() == Some(77) {
        eprintln!(
            "warning: SKIPPED: no chromium that starts: whether a browser opens the page is unknown\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return None;
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
