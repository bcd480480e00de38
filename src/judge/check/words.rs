//! What was expected and what was observed, in words.

use std::fmt;

use super::{Check, Doubt, Expected, Observed};
use crate::judge::expect::{Count, Pattern, Times};
use crate::log::fold;
use crate::record::words;

/// The sentence "expected …, observed …".
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected {}, observed {}",
            self.expected,
            self.observation()
        )
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End(end) => end.fmt(f),
            Self::Delay(delay) => delay.fmt(f),
            Self::Line(line) => write!(f, "a line {line}"),
            Self::WholeLine(line) => write!(f, "a line {line}"),
            Self::NoLine(line) => write!(f, "no line {line}"),
            Self::Count(Count { pattern, times }) => write!(f, "{pattern} {times}"),
            Self::LineAfter {
                line,
                after,
                directly,
            } => {
                let directly = if *directly { "directly " } else { "" };
                write!(f, "{line} {directly}after {}", all_of(after))
            }
            Self::NoLineBetween {
                line,
                after,
                before,
            } => {
                let after = after.as_deref().map_or("the start".into(), quoted);
                let before = before.as_deref().map_or("the end".into(), quoted);
                write!(f, "no {line} between {after} and {before}")
            }
            Self::NoOtherLines => f.write_str("no other line"),
            Self::InOrder { mark, after } => write!(f, "{mark} after {after}"),
            Self::Ready => f.write_str("the subject is ready before it ends"),
            Self::Request(request) => {
                write!(f, "request `{}` {}", request.name, request.end)
            }
            Self::File(file) => write!(f, "file `{}` {}", file.path, file.end),
            Self::ClientRuns(name) => write!(f, "client `{name}` runs"),
            Self::OfClient { name, expected } => write!(f, "of client `{name}`: {expected}"),
            Self::Done(what) => write!(f, "`{what}`, as planned"),
            Self::NoSurvivors => f.write_str("no process outlives the subject"),
            Self::Threads(ends) => ends.fmt(f),
            Self::SignalSent(signal) => write!(f, "{signal} is sent"),
        }
    }
}

fn all_of(lines: &[Pattern]) -> String {
    let names: Vec<_> = lines.iter().map(ToString::to_string).collect();
    words::list(&names).unwrap_or_else(|| "the start".into())
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { exit, at } => write!(f, "{exit} after {:.3} s", at.as_secs_f64()),
            Self::StillRunning { timeout } => {
                write!(
                    f,
                    "still running after {} s, and ended then",
                    timeout.as_secs_f64()
                )
            }
            Self::HangsForEver { timeout, kept_by } => write!(
                f,
                "it hangs for ever: {} (still running after {} s, and ended then)",
                kept_by
                    .as_deref()
                    .unwrap_or("each thread waits for another or for input, and none for a time"),
                timeout.as_secs_f64()
            ),
            Self::ExitAfterTimeout { exit, at, timeout } => write!(
                f,
                "{exit} after {:.3} s, later than the timeout of {} s",
                at.as_secs_f64(),
                timeout.as_secs_f64()
            ),
            Self::EndedByHarness => f.write_str("the harness ended the subject"),
            Self::NoExit => f.write_str("its exit was never seen"),
            Self::Elapsed(seconds) => write!(f, "{seconds:.3} s"),
            Self::NoMark(mark) => write!(f, "{mark} never came"),
            Self::Line { at } => write!(f, "it came at {:.3} s", at.as_secs_f64()),
            Self::NoLine { instead: None } => f.write_str("it never came"),
            Self::NoLine {
                instead: Some(line),
            } => {
                write!(f, "it never came, {} came there", quoted(line))
            }
            Self::Times(times) => write!(f, "it came {}", Times::from(*times)),
            Self::TooEarly { at, before } => {
                write!(f, "it came too early, at {:.3} s", at.as_secs_f64())?;
                match before {
                    Some(line) => write!(f, ", before {}", quoted(line)),
                    None => Ok(()),
                }
            }
            Self::Before { at, other } => {
                write!(f, "it came at {:.3} s, before {other}", at.as_secs_f64())
            }
            Self::Other(line) => write!(f, "{} came there", quoted(line)),
            Self::OtherLines {
                first,
                again,
                lines,
            } => {
                write!(f, "{}", quoted(first))?;
                match lines {
                    0 | 1 => {}
                    2 => f.write_str(" and 1 more line")?,
                    n => write!(f, " and {} more lines", n - 1)?,
                }
                f.write_str(match again {
                    true => " came, once more than expected",
                    false => " came, unexpected",
                })
            }
            Self::Survivors(processes) if processes.is_empty() => f.write_str(
                "one did that makes another and ends, again and again, so that it could not be looked at",
            ),
            Self::Survivors(processes) => {
                let list: Vec<_> = processes.iter().map(ToString::to_string).collect();
                f.write_str(&list.join("; "))
            }
            Self::NoSurvivors => f.write_str("none did"),
            Self::SignalNotSent => f.write_str("it was not sent"),
            Self::Threads(ends) => ends.fmt(f),
            Self::NotTraced => f.write_str("the run was not traced"),
            Self::NotDone => f.write_str("it was not done"),
            Self::Exchange(exchange) => exchange.fmt(f),
            Self::File(state) => state.fmt(f),
            Self::Problem(problem) => f.write_str(problem),
            Self::NoAnswer => f.write_str("sent, and nothing more came of it"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lag(late) => write!(
                f,
                "on a machine that was up to {:.2} s late",
                late.as_secs_f64()
            ),
            Self::Cut => f.write_str("but part of the output was not kept"),
            Self::Buffered => f.write_str("but the subject buffers its output"),
            Self::Interrupted => f.write_str("and the run was interrupted"),
            Self::TooClose { other, gap } => {
                let word = if *gap < 0.0 { "before" } else { "after" };
                write!(
                    f,
                    "{:.3} s {word} {} on the other stream: too close to tell the order",
                    gap.abs(),
                    quoted(other)
                )
            }
            Self::MayStandBetween => f.write_str(
                "and a line on the other stream is so close that it may stand between: too close to tell the order",
            ),
            Self::Merged(stream) => write!(
                f,
                "but the run has its streams merged, so {stream} alone is not known: split them"
            ),
            Self::EndedByHarness => f.write_str("so that cannot be told"),
            Self::EndedWithSubject => f.write_str(
                "but it was still there a settling period after the subject, and was ended then",
            ),
            Self::NotTraced => f.write_str("so how threads ended is unknown"),
            Self::Unordered { other, gap } => {
                let word = if *gap < 0.0 { "before" } else { "after" };
                write!(
                    f,
                    "{:.3} s {word} {other}: too close to tell the order",
                    gap.abs()
                )
            }
            Self::NoMoment => f.write_str("since the moment for it never came"),
            Self::UnreadTimes => {
                f.write_str("but the times in the log could not be read (see the finding)")
            }
        }
    }
}

/// A line of output as sentences quote it: white space folded, a long one shortened.
pub(in crate::judge) fn quoted(text: &str) -> String {
    let text = fold(text);
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The characters of a line that are quoted.
const QUOTED: usize = 120;

/// A line's text as checks keep it: no longer than it can be shown.
pub(in crate::judge) fn kept(text: &str) -> String {
    match text.char_indices().nth(2 * QUOTED) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}
