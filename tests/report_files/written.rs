//! When report files are written.

use std::fs;
use std::time::{Duration, Instant};

use exeunt::report::{Files, Render, Reporter};

use super::*;

fn counts() -> Render {
    Box::new(|results| {
        let over = if results.elapsed.is_some() {
            "over"
        } else {
            "going on"
        };
        format!(
            "{} of {}, {over}",
            results.outcomes.len(),
            results.cases.len()
        )
    })
}

fn two() -> Results {
    let ids = [held().case, hung().case];
    Results::new("suite", ids)
}

/// Waits until a file says this. The limit only bounds a failing test.
#[track_caller]
fn wait_for(path: &std::path::Path, text: &str) {
    let begun = Instant::now();
    while fs::read_to_string(path).unwrap() != text {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{}",
            fs::read_to_string(path).unwrap()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_known_is_in_the_file_while_the_run_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    fs::write(&path, "of an earlier run").unwrap();
    let mut files = Files::create(two(), vec![(path.clone(), counts())]).unwrap();
    // Before the first case is over already.
    assert_eq!(fs::read_to_string(&path).unwrap(), "0 of 2, going on");
    files.case(&held()).unwrap();
    wait_for(&path, "1 of 2, going on");
    files.case(&hung()).unwrap();
    files.end(&two().summary(), secs(1)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "2 of 2, over");
    // Nothing else is left beside it.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// On a machine that is too busy to write, a rest in proportion would keep what is known out of the file for minutes.
#[test]
fn what_is_known_is_in_the_file_soon_after_a_write_that_took_long() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    let render: Render = Box::new(|results| {
        if results.outcomes.len() == 1 {
            // Fifty times as long is more than the test waits.
            std::thread::sleep(millis(1500));
        }
        results.outcomes.len().to_string()
    });
    let mut files = Files::create(two(), vec![(path.clone(), render)]).unwrap();
    files.case(&held()).unwrap();
    wait_for(&path, "1");
    files.case(&hung()).unwrap();
    wait_for(&path, "2");
}

#[test]
fn a_run_that_is_given_up_is_not_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    let mut files = Files::create(two(), vec![(path.clone(), counts())]).unwrap();
    files.case(&held()).unwrap();
    drop(files);
    assert_eq!(fs::read_to_string(&path).unwrap(), "1 of 2, going on");
}

#[test]
fn a_file_that_cannot_be_written_is_known_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("no/such/directory/report.xml");
    let error = Files::create(two(), vec![(path, counts())]).err().unwrap();
    assert!(
        error.to_string().contains("no/such/directory/report.xml: "),
        "{error}"
    );
}

#[test]
fn a_file_that_can_be_written_no_more_is_told_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("below");
    fs::create_dir(&below).unwrap();
    let mut files = Files::create(two(), vec![(below.join("report"), counts())]).unwrap();
    fs::remove_dir_all(&below).unwrap();
    files.case(&held()).unwrap();
    assert!(files.end(&two().summary(), secs(1)).is_err());
}

/// A writer that took all the time that it could would slow the cases down.
#[test]
fn many_cases_are_written_a_few_times() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&written);
    let render: Render = Box::new(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        String::new()
    });
    let begun = Instant::now();
    let mut files = Files::create(two(), vec![(path, render)]).unwrap();
    let outcome = held();
    (0..2000).for_each(|_| files.case(&outcome).unwrap());
    files.end(&two().summary(), secs(1)).unwrap();
    let most = 3 + usize::try_from(begun.elapsed().as_secs()).unwrap();
    let written = written.load(std::sync::atomic::Ordering::Relaxed);
    assert!((2..=most).contains(&written), "{written} times");
}

/// A reader of a pipe would get report after report.
#[test]
fn a_pipe_gets_one_report_and_a_link_stays_a_link() {
    use std::io::Read;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::write(at("file"), "old").unwrap();
    std::os::unix::fs::symlink("file", at("link")).unwrap();
    let pipe = at("pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        fs::File::open(pipe)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    });
    let mut files =
        Files::create(two(), vec![(at("pipe"), counts()), (at("link"), counts())]).unwrap();
    files.case(&held()).unwrap();
    wait_for(&at("file"), "1 of 2, going on");
    files.case(&hung()).unwrap();
    files.end(&two().summary(), secs(1)).unwrap();
    assert_eq!(reader.join().unwrap(), "2 of 2, over");
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "2 of 2, over");
}

#[test]
fn a_directory_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let files = vec![(directory.path().to_path_buf(), counts())];
    assert!(Files::create(two(), files).is_err());
}
