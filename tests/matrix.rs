//! What the table of a matrix tells of those who talked to the subject. An exit code of 0 says nothing of what was under way.

use exeunt::expect::{Expectation, ExpectedExchange};
use exeunt::outcome::Outcome;
use exeunt::record::{Answer, ClientSeen, Exchange, Exit, RequestSeen};
use exeunt::suite::{Case, Suite};
use exeunt::{Record, millis, report};

fn case(expectation: Expectation) -> Case {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    let text = "[implementation.x]\ncommand = ['x']\n[[scenario]]\nname = 'one'\n";
    std::fs::write(&path, text).unwrap();
    let mut case = Suite::load(&path).unwrap().cases()[0].clone();
    case.expectation = expectation;
    case
}

/// The cell of a run that ended with code 0.
fn cell(expectation: &Expectation, record: Record) -> String {
    let case = case(expectation.clone());
    let outcome = Outcome::of(&case, None, record.with(millis(9), Exit::Code(0)));
    let table = report::Matrix::of([&outcome]).markdown();
    let (_, cell) = table.lines().last().unwrap().split_once("` | ").unwrap();
    cell.trim_end_matches(" |").to_owned()
}

fn begun() -> Record {
    Record::new(["x"])
}

fn sent() -> Record {
    let to = "127.0.0.1:80".into();
    let what = "GET /".into();
    begun().with(
        millis(5),
        RequestSeen::new("slow", Exchange::Sent { to, what }),
    )
}

fn answered(status: u16) -> Record {
    let answer = Exchange::Answered(Answer::new(status, ""));
    sent().with(millis(6), RequestSeen::new("slow", answer))
}

fn refused() -> Record {
    let why = "x".into();
    begun().with(
        millis(6),
        RequestSeen::new("slow", Exchange::Refused { why }),
    )
}

#[test]
fn what_became_of_requests() {
    let wanted = Expectation::new().request("slow", ExpectedExchange::Status(200));
    assert_eq!(cell(&wanted, answered(200)), "0, slow 200");
    assert_eq!(cell(&wanted, answered(500)), "broken: 0, slow 500");
    assert_eq!(cell(&wanted, refused()), "broken: 0, slow refused");
    assert_eq!(cell(&wanted, sent()), "broken: 0, slow open");
    assert_eq!(cell(&wanted, begun()), "inconclusive: 0, slow not sent");
}

#[test]
fn that_a_connection_was_closed_afterwards_is_told_where_it_is_wanted() {
    let closed = || answered(200).with(millis(7), RequestSeen::new("slow", Exchange::Closed));
    let wanted = Expectation::new().request("slow", ExpectedExchange::Status(200));
    assert_eq!(cell(&wanted, closed()), "0, slow 200");
    let wanted = Expectation::new().request("slow", ExpectedExchange::Closed);
    assert_eq!(cell(&wanted, closed()), "0, slow closed");
}

/// So the table of one run is that of the next.
#[test]
fn which_way_a_request_was_lost_is_not_told_where_that_is_left_open() {
    let wanted = Expectation::new().request("slow", ExpectedExchange::Lost);
    assert_eq!(cell(&wanted, refused()), "0, slow lost");
    assert_eq!(cell(&wanted, answered(200)), "broken: 0, slow 200");
}

#[test]
fn how_clients_ended() {
    let own = |exit| Ok(Record::new(["psql"]).with(millis(3), exit));
    let with = |exit| {
        let mut record = begun();
        record.clients = vec![ClientSeen::new("query", millis(5), own(exit))];
        record
    };
    let wanted = Expectation::new().client("query", Expectation::new().end(Exit::Code(2)));
    assert_eq!(cell(&wanted, with(Exit::Code(2))), "0, query exit 2");
    assert_eq!(
        cell(&wanted, with(Exit::Code(0))),
        "broken: 0, query exit 0"
    );
    let killed = with(Exit::Signal(exeunt::Signal::PIPE));
    assert_eq!(cell(&wanted, killed), "broken: 0, query SIGPIPE");
    assert_eq!(cell(&wanted, begun()), "inconclusive: 0, query no end");
}

/// The outcomes of two scenarios with three implementations, of which the last knows only the first scenario.
fn outcomes() -> Vec<Outcome> {
    let one = |scenario: &str, implementation: &str, code| {
        let case = case(Expectation::new().end(Exit::Code(0)));
        let mut outcome = Outcome::of(&case, None, begun().with(millis(9), Exit::Code(code)));
        outcome.case.scenario = scenario.into();
        outcome.case.implementation = implementation.into();
        outcome
    };
    vec![
        one("first", "left", 0),
        one("first", "middle", 77),
        one("first", "right", 0),
        one("second", "left", 0),
        one("second", "middle", 0),
    ]
}

fn in_columns(columns: usize) -> Vec<String> {
    let options = report::MatrixOptions::new().columns(Some(columns));
    let table = report::Matrix::of(&outcomes()).text_with(options);
    let style = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let table = style.replace_all(&table, "");
    table.lines().map(str::to_owned).collect()
}

#[test]
fn a_table_that_is_wider_than_the_terminal_is_shown_in_parts() {
    let whole = [
        "        left  middle      right",
        "first   0     broken: 77  0",
        "second  0     0           –",
    ];
    assert_eq!(in_columns(31), whole);
    // What the second part has nothing of is not in it.
    let parts = [
        "        left  middle",
        "first   0     broken: 77",
        "second  0     0",
        "",
        "        right",
        "first   0",
    ];
    assert_eq!(in_columns(30), parts);
    assert_eq!(in_columns(24), parts);
    for columns in 20..40 {
        let lines = in_columns(columns);
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{columns}: {lines:#?}");
    }
}

#[test]
fn where_not_even_one_column_fits_each_scenario_is_a_list() {
    let lists = [
        "first",
        "  left    0",
        "  middle  broken: 77",
        "  right   0",
        "second",
        "  left    0",
        "  middle  0",
    ];
    assert_eq!(in_columns(17), lists);
}
