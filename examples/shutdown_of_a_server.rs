//! A server that is asked to end while it answers a request: it must answer, end, and leave nothing behind.
//!
//! `cargo run --example shutdown_of_a_server` runs this program a second time, as the server.

use std::env;
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process;
use std::thread;

use exeunt::record::{Event, EventKind};
use exeunt::stage::{Action, Control, Real};
use exeunt::{Signal, Subject, millis, secs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("serve") => serve(),
        _ => judge(),
    }
}

/// The test.
fn judge() -> Result<()> {
    let server = Subject::new(env::current_exe()?)
        .arg("serve")
        .timeout(secs(30))
        // The signal comes when the request is there, and its answer is not.
        .action(Action::signal(Signal::TERM).on("request begins"));

    // The client begins when the server says where it listens.
    let mut client = None;
    let mut on_event = |event: &Event| {
        if let Some(port) = port(event) {
            client = Some(thread::spawn(move || ask(port)));
        }
    };
    let record = server.run_on(&Real, &mut Control::new().on_event(&mut on_event))?;

    record
        .assert()
        .success()
        .log(["request begins", "SIGTERM", "request answered", "bye"])
        .exits_after("bye", millis(0))
        .leaves_nothing_behind();
    let answer = client.ok_or("the server never listened")?.join();
    assert_eq!(answer.map_err(|_| "the client panicked")??, "whole answer");
    anstream::print!("{}", exeunt::report::timeline(&record, None));
    Ok(())
}

/// The port in `listening on …`.
fn port(event: &Event) -> Option<u16> {
    let EventKind::Line(line) = &event.kind else {
        return None;
    };
    line.text().strip_prefix("listening on ")?.parse().ok()
}

fn ask(port: u16) -> std::io::Result<String> {
    let mut answer = String::new();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The server: one request at a time, until SIGTERM.
fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM])?;
    println!("listening on {port}");

    let (mut connection, _) = listener.accept()?;
    println!("request begins");
    signals.forever().next();
    println!("SIGTERM");
    // Work that must not be lost.
    thread::sleep(millis(200));
    connection.write_all(b"whole answer")?;
    println!("request answered");
    drop(connection);
    println!("bye");
    process::exit(0)
}
