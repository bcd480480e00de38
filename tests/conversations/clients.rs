//! Programs that run beside a subject.

use crate::python;

use exeunt::expect::{Expectation, ExpectedEnd, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventName, Exit, Finding};
use exeunt::stage::{Action, Client, Plan, Readiness};
use exeunt::{Record, Signal, Subject, millis, secs};

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}

fn client(script: &str) -> Client {
    let mut plan = Plan::new("sh");
    plan.args = ["-c", script].map(Into::into).into();
    Client::new("c", plan)
}

fn starts() -> EventName {
    EventName::ClientStarts("c".into())
}

fn ends() -> EventName {
    EventName::ClientEnds("c".into())
}

fn verdict(record: &Record, expectation: Expectation) -> (Verdict, String) {
    let judgement = judge(record, &Expectation::new().client("c", expectation));
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    (judgement.verdict(), failures.join("\n"))
}

#[test]
fn a_client_has_a_record_and_a_verdict_of_its_own_and_is_no_survivor() {
    let record = sh("trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done")
        .action(Action::client(client("echo beside; sleep 0.2; exit 3")).on("up"))
        .action(Action::signal(Signal::TERM).on(ends()))
        .run()
        .unwrap();
    record
        .assert()
        .success()
        .output("up\n")
        .in_order([
            Mark::from("up"),
            starts().into(),
            ends().into(),
            EventName::Signal(Signal::TERM).into(),
            Mark::Exit,
        ])
        .leaves_nothing_behind();
    record
        .client("c")
        .unwrap()
        .assert()
        .code(3)
        .output("beside\n");
    let three = || Expectation::new().end(ExpectedEnd::code(3));
    assert_eq!(verdict(&record, three()).0, Verdict::Held);
    let (broken, text) = verdict(&record, three().line("elsewhere").end(ExpectedEnd::code(0)));
    assert_eq!(broken, Verdict::Broken);
    assert!(
        text.contains("expected of client `c`: exit code 0, observed exit code 3"),
        "{text}"
    );
    assert!(
        text.contains("expected of client `c`: a line `elsewhere`"),
        "{text}"
    );
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}

#[test]
fn a_client_that_does_not_end_is_ended_soon_after_the_subject() {
    let record = sh("sleep 0.3")
        .action(Action::client(client("exec sleep 60")))
        .run()
        .unwrap();
    record.assert().success().leaves_nothing_behind();
    let own = record.client("c").unwrap();
    assert_eq!(own.exit(), Some(Exit::Signal(Signal::TERM)));
    assert!(own.exit_event().unwrap().at < secs(10), "{own:?}");
    assert_eq!(
        verdict(&record, Expectation::new().end(Exit::Code(0))).0,
        Verdict::Inconclusive
    );
}

/// A connection of which a process is left is not closed by the end of the server: that process is what is wrong.
#[test]
fn a_client_that_waits_for_what_the_server_has_left_behind_is_the_fault_of_the_server() {
    if !python::is_here() {
        return;
    }
    let script = "
import os, socket, time
s = socket.create_server(('127.0.0.1', 0))
c, _ = s.accept()
print('accepted', flush=True)
if os.fork() == 0:
    time.sleep(60)
";
    let reads = "
import socket, sys
host, port = sys.argv[1].split(':')
sys.exit(len(socket.create_connection((host, int(port))).recv(1)))
";
    let mut plan = Plan::new("python3");
    plan.args = ["-c", reads, "{address}"].map(Into::into).into();
    let subject = |script: &str| {
        let client = Action::client(Client::new("c", plan.clone())).on(EventName::Listens);
        let subject = Subject::new("python3").args(["-c", script]).action(client);
        subject.timeout(secs(20)).settle(secs(2)).run().unwrap()
    };
    let expected = || Expectation::new().client("c", Expectation::new().end(Exit::Code(0)));
    let left = judge(&subject(script), &expected());
    assert_eq!(left.verdict(), Verdict::Broken, "{left:?}");
    // Nothing is left: the system closes the connection, and the client can know it.
    let forks = script.find("if os.fork").unwrap();
    let alone = subject(&script[..forks]);
    let alone = judge(&alone, &expected());
    assert_eq!(alone.verdict(), Verdict::Held, "{alone:?}");
}

#[test]
fn a_client_that_cannot_be_run_is_broken() {
    let missing = Client::new("c", Plan::new("no such program"));
    let record = sh("sleep 0.2")
        .action(Action::client(missing))
        .run()
        .unwrap();
    let (broken, text) = verdict(&record, Expectation::new());
    assert_eq!(broken, Verdict::Broken);
    assert!(
        text.contains("client `c` runs, observed program `no such program` not found"),
        "{text}"
    );
}

#[test]
fn a_client_whose_moment_never_comes_is_inconclusive() {
    let record = sh("true")
        .action(Action::client(client("true")).on("never"))
        .run()
        .unwrap();
    let what = starts();
    assert!(
        record.findings.contains(&Finding::NotDone { what }),
        "{record:?}"
    );
    assert_eq!(
        verdict(&record, Expectation::new()).0,
        Verdict::Inconclusive
    );
}

#[test]
fn a_client_is_told_where_the_subject_listens() {
    if !python::is_here() {
        return;
    }
    let server = "import socket; s = socket.create_server(('', 0)); c, _ = s.accept(); c.sendall(b'hello'); c.close()";
    let ask = "import socket, sys; h, p = sys.argv[1].split(':'); print(socket.create_connection((h, int(p))).recv(9).decode())";
    let mut plan = Plan::new("python3");
    plan.args = ["-c", ask, "{address}"].map(Into::into).into();
    let record = Subject::new("python3")
        .args(["-c", server])
        .timeout(secs(20))
        .ready(Readiness::Listening)
        .settle(secs(5))
        .action(Action::client(Client::new("c", plan)).on(EventName::Ready))
        .run()
        .unwrap();
    record.assert().success();
    record
        .client("c")
        .unwrap()
        .assert()
        .success()
        .output("hello\n");
    assert!(millis(0) < record.clients[0].at);
}

#[test]
fn a_client_gets_the_address_of_a_server_that_knows_only_ipv6() {
    if !python::is_here() {
        return;
    }
    let script = "
import socket, sys
try:
    s = socket.create_server(('::1', 0), family=socket.AF_INET6)
except OSError:
    sys.exit(77)
s.accept()
";
    let asks = "
import os, socket
host, port = os.environ['ADDRESS'].rsplit(':', 1)
socket.create_connection((host.strip('[]'), int(port)))
print(host)
";
    let mut plan = Plan::new("python3");
    plan.args = ["-c", asks].map(Into::into).into();
    plan.environment
        .insert("ADDRESS".into(), "{address}".into());
    let record = Subject::new("python3")
        .args(["-c", script])
        .timeout(secs(20))
        .ready(Readiness::Listening)
        .action(Action::client(Client::new("c", plan)).on(EventName::Ready))
        .run()
        .unwrap();
    if record.exit() == Some(Exit::Code(77)) {
        return eprintln!("warning: SKIPPED: this machine has no IPv6");
    }
    record.assert().success();
    record
        .client("c")
        .unwrap()
        .assert()
        .success()
        .output("[::1]\n");
}

/// It is heard of once its own run is over, which waits for what it has left; its end was before.
#[test]
fn a_client_ends_when_it_exits_whatever_it_leaves_for_a_while() {
    let subject =
        || sh("trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done").settle(secs(2));
    let leaves = || {
        let mut client = client("sleep 0.6 & exit 0");
        client.plan.bounds.settle = secs(5);
        Action::client(client).on("up")
    };
    let record = subject()
        .action(leaves())
        .action(Action::signal(Signal::TERM).on(starts()).after(millis(300)))
        .run()
        .unwrap();
    let at = |name: &EventName| record.named(name).next().expect("it came").1.at;
    let (begun, ended) = (at(&starts()), at(&ends()));
    let own = record.client("c").unwrap().exit_event().unwrap().at;
    assert!(ended >= begun + own, "{begun:?} {own:?} {ended:?}");
    let heard = at(&EventName::Signal(Signal::TERM));
    assert!(ended < heard || own > millis(250), "{ended:?} {heard:?}");
}
