//! What the reaper tells the harness: fixed-size messages, written without allocation.

use std::time::Duration;

use crate::record::{Exit, Signal};

const WORDS: usize = 8;
pub(super) const SIZE: usize = WORDS * 8;

/// What the reaper saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Message {
    /// The subject's program was executed.
    Started {
        pid: u32,
        /// The instant before its exec, on the clock of [`now`](super::now).
        at: Duration,
    },
    /// The subject's program could not be executed.
    ExecFailed { errno: i32 },
    /// The reaper could not start the subject.
    ForkFailed { errno: i32 },
    /// The subject ended.
    Exited(Exited),
    /// No process of the tree is left; the reaper is about to end too.
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
    /// Whether no descendant was left at that instant.
    pub(crate) alone: bool,
}

impl Message {
    pub(super) fn encode(self) -> [u8; SIZE] {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        let number = |n: i32| u64::from(n.cast_unsigned());
        let words: [u64; WORDS] = match self {
            Self::Started { pid, at } => [0, pid.into(), nanos(at), 0, 0, 0, 0, 0],
            Self::ExecFailed { errno } => [1, number(errno), 0, 0, 0, 0, 0, 0],
            Self::ForkFailed { errno } => [2, number(errno), 0, 0, 0, 0, 0, 0],
            Self::Exited(e) => {
                let (kind, value) = match e.exit {
                    Exit::Code(code) => (0, number(code)),
                    Exit::Signal(signal) => (1, number(signal.number())),
                };
                let flags = kind | u64::from(e.alone) << 1;
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
        };
        let mut bytes = [0; SIZE];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8; SIZE]) -> Self {
        let mut words = [0_u64; WORDS];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_ne_bytes(chunk.try_into().unwrap_or_default());
        }
        #[expect(clippy::cast_possible_truncation, reason = "encoded from 32 bits")]
        let number = |i: usize| words[i] as u32;
        let time = |i: usize| Duration::from_nanos(words[i]);
        match words[0] {
            0 => Self::Started {
                pid: number(1),
                at: time(2),
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
            }),
            _ => Self::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_socket() {
        let exited = Exited {
            at: Duration::from_nanos(1),
            exit: Exit::Signal(Signal::from_kernel(34)),
            waited: Duration::from_nanos(2),
            user: Duration::from_micros(3),
            system: Duration::from_micros(4),
            peak_memory: 5,
            alone: true,
        };
        for message in [
            Message::Started {
                pid: u32::MAX,
                at: Duration::from_nanos(6),
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
        ] {
            assert_eq!(Message::decode(&message.encode()), message);
        }
    }
}
