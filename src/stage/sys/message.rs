//! What harness and reaper tell one another: messages of one size, written without allocation.

use std::time::Duration;

use crate::record::{Exit, Signal};

const WORDS: usize = 8;
pub(super) const SIZE: usize = WORDS * 8;

/// Whether a subject waits before its exec until its gate is opened, so that it can be traced from the first instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It starts at once.
    No,
    /// It waits.
    Traced,
    /// It waits, and then has calls that name a time stopped for its tracer.
    Filtered,
}

/// What the harness wants of the reaper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// Start a subject: with the message come the block of an [`Exec`](super::Exec) of this length, the subject's three
    /// standard streams, and the gate of a subject that is [held](Hold) before its exec.
    Start { length: usize, hold: Hold },
    /// Kill whatever is left of the tree.
    Finish,
}

impl Order {
    pub(super) fn encode(self) -> [u8; SIZE] {
        match self {
            Self::Finish => to_bytes([0; WORDS]),
            Self::Start { length, hold } => {
                to_bytes([1, length as u64, hold as u64, 0, 0, 0, 0, 0])
            }
        }
    }

    pub(super) fn decode(bytes: &[u8; SIZE]) -> Self {
        let words = to_words(bytes);
        match words[0] {
            0 => Self::Finish,
            #[expect(clippy::cast_possible_truncation, reason = "it was a length")]
            _ => Self::Start {
                length: words[1] as usize,
                hold: match words[2] {
                    0 => Hold::No,
                    1 => Hold::Traced,
                    _ => Hold::Filtered,
                },
            },
        }
    }
}

fn to_bytes(words: [u64; WORDS]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

fn to_words(bytes: &[u8; SIZE]) -> [u64; WORDS] {
    let mut words = [0_u64; WORDS];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(chunk.try_into().unwrap_or_default());
    }
    words
}

/// What the reaper saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Message {
    /// The subject stands before its exec, until its gate is opened.
    Held { pid: u32 },
    /// The subject's program was executed.
    Started {
        pid: u32,
        /// The instant before its exec, on the clock of [`now`](super::now).
        at: Duration,
        /// The process that stands between it and the reaper; 0 if there is none.
        parent: u32,
    },
    /// The subject's program could not be executed.
    ExecFailed { errno: i32 },
    /// The reaper could not start the subject.
    ForkFailed { errno: i32 },
    /// The subject ended.
    Exited(Exited),
    /// No process of the tree is left. Not told if [`Exited::alone`] has told it.
    Empty,
}

/// How the subject ended, and what it had used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exited {
    pub(crate) at: Duration,
    pub(crate) exit: Exit,
    /// How long its main thread was runnable without running.
    pub(crate) waited: Duration,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) peak_memory: u64,
    /// Whether it, or a child that it waited for, read from a disk or wrote to one.
    pub(crate) used_disk: bool,
    /// Whether no descendant was left at that instant.
    pub(crate) alone: bool,
}

impl Message {
    /// Whether it is the last one of a run.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Held { .. } | Self::Started { .. } => false,
            Self::Exited(exited) => exited.alone,
            Self::ExecFailed { .. } | Self::ForkFailed { .. } | Self::Empty => true,
        }
    }

    pub(super) fn encode(self) -> [u8; SIZE] {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        let number = |n: i32| u64::from(n.cast_unsigned());
        let words: [u64; WORDS] = match self {
            Self::Started { pid, at, parent } => {
                [0, pid.into(), nanos(at), parent.into(), 0, 0, 0, 0]
            }
            Self::ExecFailed { errno } => [1, number(errno), 0, 0, 0, 0, 0, 0],
            Self::ForkFailed { errno } => [2, number(errno), 0, 0, 0, 0, 0, 0],
            Self::Exited(e) => {
                let (kind, value) = match e.exit {
                    Exit::Code(code) => (0, number(code)),
                    Exit::Signal(signal) => (1, number(signal.number())),
                };
                let flags = kind | u64::from(e.alone) << 1 | u64::from(e.used_disk) << 2;
                [
                    3,
                    nanos(e.at),
                    flags,
                    value,
                    nanos(e.waited),
                    nanos(e.user),
                    nanos(e.system),
                    e.peak_memory,
                ]
            }
            Self::Empty => [4, 0, 0, 0, 0, 0, 0, 0],
            Self::Held { pid } => [5, pid.into(), 0, 0, 0, 0, 0, 0],
        };
        to_bytes(words)
    }

    pub(super) fn decode(bytes: &[u8; SIZE]) -> Self {
        let words = to_words(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "encoded from 32 bits")]
        let number = |i: usize| words[i] as u32;
        let time = |i: usize| Duration::from_nanos(words[i]);
        match words[0] {
            0 => Self::Started {
                pid: number(1),
                at: time(2),
                parent: number(3),
            },
            1 => Self::ExecFailed {
                errno: number(1).cast_signed(),
            },
            2 => Self::ForkFailed {
                errno: number(1).cast_signed(),
            },
            3 => Self::Exited(Exited {
                at: time(1),
                exit: match words[2] & 1 {
                    0 => Exit::Code(number(3).cast_signed()),
                    _ => Exit::Signal(Signal::from_kernel(number(3).cast_signed())),
                },
                waited: time(4),
                user: time(5),
                system: time(6),
                peak_memory: words[7],
                alone: words[2] & 2 != 0,
                used_disk: words[2] & 4 != 0,
            }),
            5 => Self::Held { pid: number(1) },
            _ => Self::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_survives_the_socket() {
        let start = |hold| Order::Start { length: 4711, hold };
        let starts = [Hold::No, Hold::Traced, Hold::Filtered].map(start);
        for order in [Order::Finish].into_iter().chain(starts) {
            assert_eq!(Order::decode(&order.encode()), order);
        }
    }

    #[test]
    fn every_message_survives_the_socket() {
        let exited = Exited {
            at: Duration::from_nanos(1),
            exit: Exit::Signal(Signal::from_kernel(34)),
            waited: Duration::from_nanos(2),
            user: Duration::from_micros(3),
            system: Duration::from_micros(4),
            peak_memory: 5,
            used_disk: true,
            alone: false,
        };
        for message in [
            Message::Started {
                pid: u32::MAX,
                at: Duration::from_nanos(6),
                parent: 7,
            },
            Message::ExecFailed { errno: 2 },
            Message::ForkFailed { errno: 11 },
            Message::Exited(exited),
            Message::Exited(Exited {
                exit: Exit::Code(255),
                alone: false,
                ..exited
            }),
            Message::Empty,
            Message::Held { pid: 7 },
        ] {
            assert_eq!(Message::decode(&message.encode()), message);
        }
    }
}
