//! What the fuzz targets do with an input. `tests/corpus.rs` does the same with the corpus, by a stable compiler.

use std::time::Duration;

use exeunt::record::{Line, Stream};
use exeunt::{LogFormat, Record, report};

/// The first line is a log format, or a bad one; the others are lines of output, 10 ms apart.
pub(crate) fn log(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let format = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let format: LogFormat = format.parse().unwrap_or_default();
    let mut record = Record::new(["subject"]);
    for (i, line) in (0..).zip(lines.take(1000)) {
        let line = Line::new(Stream::Merged, line.to_vec());
        record = record.with(Duration::from_millis(10 * i), line);
    }
    format.read(&mut record);
    let once = record.clone();
    format.read(&mut record);
    assert_eq!(record, once, "reading again changes nothing");
    let json = serde_json::to_string(&record).expect("a record serialises");
    let again: Record = serde_json::from_str(&json).expect("and comes back");
    assert_eq!(again, record);
    let _ = report::timeline(&record, None);
}

/// The input is a suite file.
pub(crate) fn suite(input: &[u8]) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("exeunt.toml");
    std::fs::write(&path, input).expect("a file");
    match exeunt::suite::Suite::load(&path) {
        Ok(suite) => {
            let _: Vec<_> = suite
                .cases()
                .iter()
                .map(|case| case.id().to_string())
                .collect();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
