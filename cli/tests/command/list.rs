//! `exeunt list`

use predicates::str::{contains, starts_with};

use crate::support::Suite;

#[test]
fn list_shows_the_cases_that_would_run() {
    let suite = Suite::new();
    suite
        .exeunt(&["list"])
        .assert()
        .success()
        .stdout(starts_with("bye/one\nbye/two\ncode/one\n"))
        .stdout(contains("wrong/two  (a known deviation)\n"));
    suite
        .exeunt(&["list", "code", "--implementation", "two"])
        .assert()
        .success()
        .stdout("code/two\n");
}
