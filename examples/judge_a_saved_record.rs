//! A record that was saved is judged again, elsewhere and later: no process is started.
//!
//! `exeunt run --format json -- COMMAND >run.json; cargo run --example judge_a_saved_record -- run.json`

use std::env;
use std::error::Error;
use std::fs;

use exeunt::expect::{Expectation, ExpectedEnd};
use exeunt::judge::{Verdict, judge};
use exeunt::record::Exit;
use exeunt::{Record, millis, report};
use serde::Deserialize;

/// A line of `exeunt run --format json`. There are others; only one has a record.
#[derive(Deserialize)]
struct Saved {
    record: Option<Record>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = match env::args().nth(1) {
        Some(path) => fs::read_to_string(path)?,
        None => by_hand()?,
    };
    let mut records = json.lines().map(serde_json::from_str::<Saved>);
    let record = records.find_map(|saved| saved.map(|s| s.record).transpose());
    let record = record.ok_or("there is no record in this file")??;

    // It ends by itself with code 0, after a line that says so.
    let expectation = Expectation::new()
        .line("all done")
        .end(ExpectedEnd::code(0));
    let judgement = judge(&record, &expectation);
    // Without its colours, where it is not read in a terminal.
    anstream::print!("{}", report::timeline(&record, Some(&judgement)));
    match judgement.verdict() {
        Verdict::Held => println!("held"),
        Verdict::Inconclusive => println!("inconclusive"),
        Verdict::Broken => println!("broken"),
    }
    Ok(())
}

/// What a run of a worker could have left.
fn by_hand() -> Result<String, Box<dyn Error>> {
    let record = Record::new(["worker", "--once"])
        .with(millis(3), "starting")
        .with(millis(250), "all done")
        .with(millis(251), Exit::Code(3));
    let record = serde_json::to_value(record)?;
    Ok(serde_json::json!({ "type": "run", "record": record }).to_string())
}
