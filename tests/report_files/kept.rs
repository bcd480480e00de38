//! Kept runs: read again, put together, compared.

use exeunt::expect::ExpectedExchange;
use exeunt::outcome::Outcome;
use exeunt::record::{Answer, Exchange, RequestSeen};
use exeunt::report::{self, Change, DiffOptions, Shard, compare};

use super::*;

#[test]
fn a_kept_run_is_read_again_as_it_was() {
    let mut results = everything();
    results.started = std::time::UNIX_EPOCH + secs(1_700_000_000);
    for elapsed in [None, Some(millis(2500))] {
        results.elapsed = elapsed;
        let again = Results::from_saved(&results.to_saved()).unwrap();
        assert_eq!(again, results);
        assert_eq!(report::html(&again), report::html(&results));
    }
}

#[test]
fn what_a_killed_harness_left_is_read_and_is_not_over() {
    let mut results = everything();
    results.elapsed = Some(secs(1));
    let saved = results.to_saved();
    // The last line is torn at any place of the last outcome.
    let outcomes: Vec<_> = saved.lines().collect();
    let whole = outcomes[..outcomes.len() - 2].join("\n") + "\n";
    let last = outcomes[outcomes.len() - 2];
    for end in [1, last.len() / 2, last.len() - 1] {
        let torn = format!("{whole}{}", &last[..end]);
        let read = Results::from_saved(&torn).unwrap();
        assert_eq!(
            (read.elapsed, read.outcomes.len()),
            (None, results.outcomes.len() - 1)
        );
        assert!(read.unfinished().count() > results.unfinished().count());
    }
}

#[test]
fn what_is_no_kept_run_is_refused_with_its_line() {
    let saved = everything().to_saved();
    let error = |text: &str| Results::from_saved(text).unwrap_err().to_string();
    assert_eq!(error(""), "line 1: it is empty");
    assert!(error("{}").starts_with("line 1: no kept run"));
    assert!(
        error(&saved.replacen("\"schema\":1", "\"schema\":99", 1))
            .contains("of schema 99, and this version of exeunt reads schema 1 only")
    );
    let broken = saved.replacen("\"status\":\"held\"", "\"status\":\"hold\"", 1);
    assert!(
        error(&broken).starts_with("line 2: no outcome: "),
        "{}",
        error(&broken)
    );
    // A torn line is one only at the end.
    assert!(error(&(saved.clone() + "{\"type\":\"out\n")).contains("no outcome"));
    assert!(error(&(saved.clone() + &saved)).contains("another run begins"));
}

fn shard(number: usize, outcomes: Vec<Outcome>) -> Results {
    let whole = vec![held().case, hung().case, hostile().case];
    let cases: Vec<_> = outcomes.iter().map(|o| o.case.clone()).collect();
    let mut results = Results::new("suite", cases);
    results.outcomes = outcomes;
    results.elapsed = Some(secs(1));
    results.shard = Some(Shard {
        number,
        count: 3,
        whole,
    });
    results
}

#[test]
fn shards_together_are_the_whole_and_a_missing_one_is_missed() {
    let shards = [
        shard(3, vec![hostile()]),
        shard(1, vec![held()]),
        shard(2, vec![hung()]),
    ];
    let whole = Results::merged(shards.clone());
    assert_eq!(whole.cases, [held().case, hung().case, hostile().case]);
    assert_eq!(
        (whole.unfinished().count(), whole.elapsed),
        (0, Some(secs(3)))
    );
    let part = Results::merged(shards[..2].to_vec());
    assert_eq!(part.unfinished().collect::<Vec<_>>(), [&hung().case]);
    assert!(report::junit(&part).contains("type=\"unfinished\""));
    // One shard alone has the others' cases too.
    assert_eq!(Results::merged([shards[1].clone()]).unfinished().count(), 2);
    let mut killed = shards.clone();
    killed[0].elapsed = None;
    assert_eq!(Results::merged(killed).elapsed, None);
}

/// A case that broke and held when it was run again is both: what broke is never repeated until it holds.
#[test]
fn of_two_runs_of_a_case_none_is_lost() {
    let run = |outcome: Outcome| {
        let mut results = Results::new("suite", [outcome.case.clone()]);
        results.outcomes.push(outcome);
        results
    };
    let both = Results::merged([run(broken()), run(held())]);
    assert_eq!((both.summary().broken, both.summary().held), (1, 1));
    let page = report::html(&both);
    assert!(page.contains("id=\"waits/py\"") && page.contains("id=\"waits/py~2\""));
}

fn change(before: &Outcome, after: &Outcome) -> Change {
    compare(before, after, DiffOptions::new())
}

fn told(before: &Outcome, after: &Outcome) -> Vec<String> {
    match change(before, after) {
        Change::Differs(told) => told,
        other => panic!("{other:?}"),
    }
}

fn waits(ms: u64) -> Outcome {
    Outcome::of(&named("waits/py"), None, waited(ms))
}

#[test]
fn runs_that_did_the_same_are_the_same() {
    for outcome in everything().outcomes {
        let expected = match outcome.status {
            Status::Interrupted | Status::Inconclusive => None,
            _ => Some(Change::Same),
        };
        let change = change(&outcome, &outcome);
        match expected {
            Some(expected) => assert_eq!(change, expected, "{}", outcome.case),
            None => assert!(matches!(change, Change::Unknown(_)), "{}", outcome.case),
        }
    }
    // What differs by no more than two runs may differ.
    assert_eq!(change(&waits(1900), &waits(2200)), Change::Same);
}

#[test]
fn another_end_a_line_that_is_missing_and_another_delay_are_told() {
    assert_eq!(
        told(&held(), &broken()),
        [
            "it ended with exit code 0, and ends with exit code 1",
            "no more so: `Thread 1 : finishing` after `Main : all done` (observed it never came)",
            "the exit came 2.000 s after `Main : all done`, and comes 0.002 s after it",
        ]
    );
    assert!(told(&broken(), &held())[1].starts_with("so now: `Thread 1 : finishing`"));
    assert!(told(&waits(1900), &waits(2400))[0].starts_with("the exit came 1.900 s"));
    let hang = told(&hung(), &Outcome::of(&named("hangs/py"), None, waited(300)));
    assert!(
        hang[0].starts_with("it ended with a hang, and ends with exit code 0"),
        "{hang:?}"
    );
}

/// Two versions of a program that are both as the suite expects of them may differ all the same.
#[test]
fn a_known_deviation_beside_what_is_right_is_a_change() {
    let told = told(&deviates(), &deviates_no_more());
    assert!(
        told.iter()
            .any(|told| told.contains("Thread 1 : finishing")),
        "{told:?}"
    );
}

#[test]
fn what_leaves_a_process_behind_is_another_thing() {
    let mut clean = hostile();
    clean.observed.as_mut().unwrap().record.survivors.clear();
    assert!(
        told(&clean, &hostile())[0]
            .starts_with("no more so: no process outlives the subject (observed pid 99")
    );
}

#[test]
fn a_delay_that_the_machine_may_have_moved_cannot_be_told() {
    let mut late = waits(2450);
    late.observed.as_mut().unwrap().record.lag.canary = millis(300);
    late.status = Status::Held;
    let unknown = change(&waits(2000), &late);
    assert!(
        matches!(&unknown, Change::Unknown(why) if why.contains("up to 0.30 s late")),
        "{unknown:?}"
    );
    let mut late = waits(2800);
    late.observed.as_mut().unwrap().record.lag.canary = millis(300);
    assert!(matches!(change(&waits(2000), &late), Change::Differs(_)));
}

#[test]
fn what_was_not_run_cannot_be_compared() {
    let skipped = not_run(Status::Skipped, "not here");
    for (before, after) in [(&skipped, &hostile()), (&hostile(), &skipped)] {
        assert!(matches!(change(before, after), Change::Unknown(_)));
    }
    let failed = not_run(Status::Failed, "no such file");
    assert_eq!(
        told(&hostile(), &failed),
        ["it can be started no more: no such file"]
    );
}

#[test]
fn every_line_counts_where_that_is_asked_for() {
    let (a, mut b) = (hostile(), hostile());
    let record = &mut b.observed.as_mut().unwrap().record;
    *record = record
        .clone()
        .with(millis(3), Line::new(Stream::Stdout, "one more"));
    assert_eq!(change(&a, &b), Change::Same);
    let options = DiffOptions::new().lines(true);
    assert_eq!(
        compare(&a, &b, options),
        Change::Differs(vec!["1 more: `one more`".into()])
    );
    assert_eq!(
        compare(&b, &a, options),
        Change::Differs(vec!["1 fewer: `one more`".into()])
    );
}

#[test]
fn a_request_that_is_wrong_in_another_way_is_a_change() {
    let lost = |why: &str| Exchange::CutOff {
        received: 3,
        why: why.into(),
    };
    let answered = |status| Exchange::Answered(Answer::new(status, ""));
    let asked = |exchange| {
        let mut outcome = hostile();
        outcome.expectation = outcome
            .expectation
            .request("r", ExpectedExchange::Status(200));
        let record = &mut outcome.observed.as_mut().unwrap().record;
        *record = record
            .clone()
            .with(millis(1), RequestSeen::new("r", exchange));
        outcome
    };
    assert_eq!(
        told(&asked(answered(500)), &asked(lost("reset"))),
        ["request `r` was answered with status 500, and is now: lost"]
    );
    assert_eq!(
        change(&asked(lost("reset")), &asked(lost("closed"))),
        Change::Same
    );
    assert_eq!(
        change(&asked(answered(500)), &asked(answered(500))),
        Change::Same
    );
}
