//! The runner, on a stage that plays nothing: order, retries, repeats, cancelling, many at a time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use exeunt::outcome::{Cause, Outcome, Status};
use exeunt::record::{Exit, Finding, Signal};
use exeunt::runner::{Jobs, Progress, run};
use exeunt::stage::{Canned, Control, Plan, Stage};
use exeunt::suite::Suite;
use exeunt::{Cancel, Record, RunError, millis, secs};

/// A suite whose subject of each scenario is `sh NAME`. The shell is only looked for.
fn suite(scenarios: &str) -> Suite {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    let text = format!("implementation.one.command = ['sh', '{{scenario}}']\n{scenarios}");
    std::fs::write(&path, text).unwrap();
    Suite::load(&path).unwrap()
}

fn exited(code: i32) -> Record {
    Record::new(["sh"]).with(secs(1), Exit::Code(code))
}

/// A run that is no proof, for a reason that may pass.
fn unsure() -> Record {
    let mut record = exited(0);
    let signal = Signal::INT;
    record.findings.push(Finding::SignalNotSent { signal });
    record
}

fn jobs(n: usize) -> NonZeroUsize {
    n.try_into().unwrap()
}

fn play(suite: &Suite, stage: &dyn Stage, jobs: impl Into<Jobs>, cancel: &Cancel) -> Vec<Outcome> {
    let cases: Vec<_> = suite.cases().iter().collect();
    let prepared = suite.prepare(&cases, stage, None, |_| {}).unwrap();
    let mut outcomes = Vec::new();
    run(&prepared, &cases, jobs, cancel, |progress| {
        if let Progress::Ended(outcome) = progress {
            outcomes.push(*outcome);
        }
    });
    outcomes
}

fn statuses(outcomes: &[Outcome]) -> BTreeMap<&str, (Status, u32)> {
    outcomes
        .iter()
        .map(|o| (o.case.scenario.as_str(), (o.status, o.runs)))
        .collect()
}

#[test]
fn long_cases_are_begun_first() {
    let suite = suite(
        "[[scenario]]\nname = 'short'\nexit = { code = 0, delay = '1s' }\n\
         [[scenario]]\nname = 'repeated'\nrepeat = 9\nexit = { code = 0, delay = '1s' }\n\
         [[scenario]]\nname = 'hangs'\ntimeout = '5s'\nexit = { hang = true }\n\
         [[scenario]]\nname = 'none'\n",
    );
    let stage = ["short", "repeated", "hangs", "none"]
        .iter()
        .fold(Canned::new(), |stage, name| {
            stage.with(format!("sh {name}"), [exited(0)])
        });
    play(&suite, &stage, jobs(1), &Cancel::new().unwrap());
    let mut begun = stage.runs();
    begun.dedup();
    assert_eq!(begun, ["sh repeated", "sh hangs", "sh short", "sh none"]);
    assert_eq!(stage.runs().len(), 9 + 3);
}

#[test]
fn what_is_inconclusive_is_run_again_after_all_others() {
    let suite = suite(
        "[[scenario]]\nname = 'second'\n[[scenario]]\nname = 'third'\n\
         [[scenario]]\nname = 'never'\n[[scenario]]\nname = 'broken'\n",
    );
    let stage = Canned::new()
        .with("sh second", [unsure(), exited(0)])
        .with("sh third", [unsure(), unsure(), exited(1)])
        .with("sh never", [unsure()])
        .with("sh broken", [exited(1), exited(0)]);
    let outcomes = play(&suite, &stage, jobs(1), &Cancel::new().unwrap());
    assert_eq!(
        statuses(&outcomes),
        BTreeMap::from([
            ("second", (Status::Held, 2)),
            ("third", (Status::Broken, 3)),
            ("never", (Status::Inconclusive, 6)),
            ("broken", (Status::Broken, 1)),
        ])
    );
    let runs = stage.runs();
    assert_eq!(runs[3], "sh broken", "the retries come last: {runs:?}");
}

#[test]
fn of_repeats_the_first_that_does_not_hold_speaks() {
    let suite = suite("[[scenario]]\nname = 'often'\nrepeat = 5\n");
    let stage = Canned::new().with("sh often", [exited(0), exited(0), exited(1), exited(0)]);
    let outcomes = play(&suite, &stage, jobs(4), &Cancel::new().unwrap());
    assert_eq!(
        statuses(&outcomes),
        BTreeMap::from([("often", (Status::Broken, 3))])
    );
}

#[test]
fn once_cancelled_nothing_more_is_run() {
    let suite = suite("[[scenario]]\nname = 'a'\n[[scenario]]\nname = 'b'\n");
    let stage = Canned::new().with("sh a", [exited(0)]);
    let cancel = Cancel::new().unwrap();
    cancel.cancel();
    let outcomes = play(&suite, &stage, Jobs::default(), &cancel);
    assert!(outcomes.iter().all(|o| o.status == Status::Interrupted));
    assert_eq!(outcomes.len(), 2);
    assert_eq!(stage.runs(), [""; 0]);
}

#[test]
fn a_subject_that_cannot_be_started_has_failed() {
    let suite = suite("[[scenario]]\nname = 'a'\n");
    let outcomes = play(&suite, &Canned::new(), jobs(1), &Cancel::new().unwrap());
    assert_eq!(outcomes[0].status, Status::Failed);
    assert!(
        outcomes[0]
            .why
            .as_ref()
            .unwrap()
            .contains("`sh a` not found")
    );
    let program = "sh a".into();
    assert_eq!(outcomes[0].cause, Some(Cause::NotFound { program }));
}

#[test]
fn why_a_case_is_skipped_is_told_as_data() {
    let suite = suite(
        "[implementation.absent]\ncommand = ['sh', '{scenario}']\nprobe = ['no-such']\n\
         [implementation.old]\ncommand = ['sh', '{scenario}']\nprobe = ['old']\n\
         [[scenario]]\nname = 'a'\nimplementations = ['absent', 'old>=2']\n",
    );
    let version = Record::new(["old"])
        .with(millis(1), "old 1.4.2")
        .with(millis(2), Exit::Code(0));
    let stage = Canned::new().with("old", [version]);
    let outcomes = play(&suite, &stage, jobs(1), &Cancel::new().unwrap());
    let causes: BTreeMap<_, _> = outcomes
        .iter()
        .map(|o| (o.case.implementation.as_str(), (o.status, o.cause.clone())))
        .collect();
    let version = "1.4.2".into();
    assert_eq!(
        causes,
        BTreeMap::from([
            ("absent", (Status::Skipped, Some(Cause::Missing))),
            (
                "old",
                (Status::Skipped, Some(Cause::NotInVersion { version }))
            ),
        ])
    );
}

/// A stage that is short of descriptors for so many runs.
struct Short(AtomicUsize);

impl Stage for Short {
    fn play(&self, _: &Plan, _: &mut Control<'_>) -> Result<Record, RunError> {
        let left = |n: usize| n.checked_sub(1);
        match self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
        {
            Err(_) => Ok(exited(0)),
            Ok(_) => Err(RunError::Setup {
                program: "sh".into(),
                source: std::io::Error::from_raw_os_error(24),
            }),
        }
    }
}

#[test]
fn a_shortage_of_descriptors_is_never_broken() {
    let suite = suite("[[scenario]]\nname = 'a'\n");
    let status = |short: usize| {
        let stage = Short(short.into());
        let outcomes = play(&suite, &stage, jobs(1), &Cancel::new().unwrap());
        let cause = Cause::NotSetUp {
            errno: Some(24),
            shortage: true,
        };
        let inconclusive = outcomes[0].status == Status::Inconclusive;
        assert_eq!(outcomes[0].cause, inconclusive.then_some(cause));
        outcomes[0].status
    };
    assert_eq!(status(1), Status::Held);
    assert_eq!(status(2), Status::Held);
    assert_eq!(status(99), Status::Inconclusive);
}

/// A stage that notes how many runs there are at a time.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: Mutex<usize>,
}

impl Stage for Crowd {
    fn play(&self, _: &Plan, _: &mut Control<'_>) -> Result<Record, RunError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        let mut most = self.most.lock().unwrap();
        *most = now.max(*most);
        drop(most);
        thread::sleep(millis(20));
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(exited(0))
    }
}

#[test]
fn never_more_at_a_time_than_was_said() {
    let scenarios: String = (0..60)
        .map(|n| format!("[[scenario]]\nname = 'n{n}'\n"))
        .collect();
    let suite = suite(&scenarios);
    for (said, most) in [
        (Jobs::from(jobs(1)), 1),
        (Jobs::from(jobs(5)), 5),
        (
            Jobs::ByLoad {
                at_least: jobs(3),
                at_most: jobs(7),
            },
            7,
        ),
    ] {
        let stage = Crowd::default();
        let outcomes = play(&suite, &stage, said, &Cancel::new().unwrap());
        assert_eq!(outcomes.len(), 60);
        assert!(outcomes.iter().all(|o| o.status == Status::Held));
        let seen = *stage.most.lock().unwrap();
        assert!(seen <= most, "{said:?}: {seen} at a time");
    }
}
