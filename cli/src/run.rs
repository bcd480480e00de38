//! `exeunt run`

use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use exeunt::record::{Event, Record, Termination};
use exeunt::report::{self, Live};
use exeunt::stage::{Control, Real};
use exeunt::{Cancel, RunError, Subject};

use crate::args::{Format, Run};
use crate::exit_status::ExitStatus;
use crate::interrupt::{OnInterrupt, cancel_on_signals};
use crate::output::{self, page};
use crate::problem::Problem;

/// How many events may wait to be written before the subject has to.
const QUEUE: usize = 256;

pub(crate) fn run(args: &Run) -> Result<ExitStatus, Problem> {
    let cancel = cancel_on_signals(OnInterrupt::HandOn)?;
    let subject = subject(args)?;
    let view = View::new(args.format, &subject);
    let record = watch(&subject, &cancel, view)?;
    Ok(ExitStatus::from(&record))
}

fn subject(args: &Run) -> Result<Subject, Problem> {
    let (program, rest) = args
        .command
        .split_first()
        .ok_or_else(|| "no command to run".to_owned())?;
    let mut subject = Subject::new(program)
        .args(rest)
        .streams(args.streams)
        .inherit_stdin();
    if !args.clean_env {
        subject = subject.inherit_env();
    }
    let mut plan = subject.plan().clone();
    plan.bounds.timeout = args.timeout;
    plan.bounds.grace = args.grace;
    plan.bounds.settle = args.settle;
    plan.bounds.at_timeout = args.at_timeout;
    plan.bounds.stacks = true;
    Ok(plan.into())
}

/// What is told of a run while it goes on.
enum News {
    Started(u32),
    Happened(Event),
    Over(Box<Record>),
}

/// Runs a subject, and writes what happens in a thread of its own: who writes does not look.
fn watch(subject: &Subject, cancel: &Cancel, view: View) -> Result<Record, Problem> {
    let (sender, receiver) = sync_channel(QUEUE);
    thread::scope(|scope| {
        let writer = scope.spawn(move || view.write(&receiver));
        let record = observe(subject, cancel, &sender);
        if let Ok(record) = &record {
            // A writer that has ended has failed, and says so below.
            let _ = sender.send(News::Over(Box::new(record.clone())));
        }
        drop(sender);
        let written = writer.join();
        let record = record?;
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(record)
    })
}

/// Runs a subject and sends the news. What the harness had to wait for the writer is part of its lag.
fn observe(
    subject: &Subject,
    cancel: &Cancel,
    news: &SyncSender<News>,
) -> Result<Record, RunError> {
    let mut waited = Duration::ZERO;
    let mut on_start = |pid| {
        let _ = news.send(News::Started(pid));
    };
    let mut on_event = |event: &Event| {
        waited = waited.max(send(news, News::Happened(event.clone())));
    };
    let mut control = Control::new()
        .cancel(cancel)
        .on_start(&mut on_start)
        .on_event(&mut on_event);
    let mut record = subject.run_on(&Real, &mut control)?;
    record.lag.harness = record.lag.harness.max(waited);
    Ok(record)
}

/// Sends, and tells how long that took. Nothing is sent to a writer that has failed.
fn send(news: &SyncSender<News>, one: News) -> Duration {
    match news.try_send(one) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => Duration::ZERO,
        Err(TrySendError::Full(one)) => {
            let begun = Instant::now();
            let _ = news.send(one);
            begun.elapsed()
        }
    }
}

/// How a run is shown.
struct View {
    command: Vec<String>,
    /// Lines of JSON if `None`.
    live: Option<Live>,
}

impl View {
    fn new(format: Format, subject: &Subject) -> Self {
        let plan = subject.plan();
        let words = [&plan.program].into_iter().chain(&plan.args);
        Self {
            command: words.map(|w| w.to_string_lossy().into_owned()).collect(),
            live: match format {
                Format::Text => Some(Live::new(plan.log.clone(), page())),
                Format::Json => None,
            },
        }
    }

    /// Writes the news as they come: what is written is flushed before the next wait.
    fn write(mut self, news: &Receiver<News>) -> io::Result<()> {
        let out = match self.live {
            Some(_) => output::stdout().into_text(),
            None => output::stdout().into_data(),
        };
        let mut out = BufWriter::new(out);
        loop {
            let one = match news.try_recv() {
                Ok(one) => one,
                Err(TryRecvError::Disconnected) => return out.flush(),
                Err(TryRecvError::Empty) => {
                    out.flush()?;
                    match news.recv() {
                        Ok(one) => one,
                        Err(_) => return Ok(()),
                    }
                }
            };
            out.write_all(self.text(&one).as_bytes())?;
        }
    }

    fn text(&mut self, news: &News) -> String {
        match (&mut self.live, news) {
            (Some(live), News::Started(pid)) => live.start(&self.command, *pid),
            (Some(live), News::Happened(event)) => live.event(event),
            (Some(live), News::Over(record)) => live.end(record) + &last_line(record),
            (None, News::Started(pid)) => report::json::start(&self.command, *pid) + "\n",
            (None, News::Happened(event)) => report::json::event(event) + "\n",
            (None, News::Over(record)) => report::json::run(record) + "\n",
        }
    }
}

fn last_line(record: &Record) -> String {
    let end = match (record.termination, record.exit()) {
        (Termination::OnItsOwn, Some(exit)) => format!("{exit}: {}", report::explain(exit)),
        (Termination::OnItsOwn, None) => "it could not be ended".into(),
        (Termination::TimedOut { limit }, _) => {
            format!(
                "still running after {} s, and ended with all that descends from it",
                limit.as_secs_f64()
            )
        }
        (Termination::Interrupted, Some(exit)) => format!("interrupted; {exit}"),
        (Termination::Interrupted, None) => "interrupted, and it could not be ended".into(),
    };
    let left = match record.survivors.len() {
        0 => String::new(),
        1 => "; it left a process behind, which was ended".into(),
        n => format!("; it left {n} processes behind, which were ended"),
    };
    let bold = anstyle::Style::new().bold();
    format!("\n{bold}{end}{left}{bold:#}\n")
}
