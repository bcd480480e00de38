//! Notices that a command has said its last word and is still there, or says nothing at all.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exeunt::Cancel;

use super::words::{Said, Word};

/// Why a command was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// It was still there after this last word.
    LastWord(String),
    /// It said nothing after this line.
    Idle(Option<String>),
}

pub(super) struct Watch {
    grace: Duration,
    idle: Option<Duration>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// When something was heard last.
    heard: Instant,
    /// The last line that had text.
    line: Option<String>,
    /// The last word, and the instant from which the grace period counts.
    word: Option<(Word, Instant)>,
    why: Option<Why>,
    ended: bool,
}

impl Watch {
    pub(super) fn new(grace: Duration, idle: Option<Duration>) -> Self {
        Self {
            grace,
            idle,
            state: Mutex::new(State {
                heard: Instant::now(),
                line: None,
                word: None,
                why: None,
                ended: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was said.
    pub(super) fn heard(&self, said: Said) {
        self.state().heard(said, Instant::now());
        self.changed.notify_one();
    }

    /// The command has ended, or was.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.changed.notify_one();
    }

    /// Why the command was ended, if it was from here.
    pub(super) fn why(&self) -> Option<Why> {
        self.state().why.clone()
    }

    /// Waits for the end of the command; where that comes too late, lets it expire.
    pub(super) fn watch(&self, cancel: &Cancel) {
        let mut state = self.state();
        while !state.ended {
            let now = Instant::now();
            let due = state.due(self.grace, self.idle);
            state = match due {
                Some((at, why)) if at <= now => {
                    state.why = Some(why);
                    cancel.expire();
                    return;
                }
                Some((at, _)) => {
                    let waited = self.changed.wait_timeout(state, at - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.changed.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}

impl State {
    fn heard(&mut self, said: Said, now: Instant) {
        self.heard = now;
        self.line = said.line.or(self.line.take());
        if said.takes_back && self.word.as_ref().is_some_and(|(word, _)| word.may_go_on) {
            self.word = None;
        }
        let is_held = self.word.is_some();
        let word = said.word.filter(|word| !(word.is_unfinished && is_held));
        match (word, &mut self.word) {
            (Some(word), held) => *held = Some((word, now)),
            (None, Some((word, since))) if !word.is_strict => *since = now,
            (None, _) => {}
        }
    }

    /// When the command is to be ended, and why.
    fn due(&self, grace: Duration, idle: Option<Duration>) -> Option<(Instant, Why)> {
        let word = self.word.as_ref().and_then(|(word, since)| {
            Some((since.checked_add(grace)?, Why::LastWord(word.text.clone())))
        });
        let silence = |idle| {
            let why = Why::Idle(self.line.clone());
            Some((self.heard.checked_add(idle)?, why))
        };
        let idle = idle.and_then(silence);
        word.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn word(may_go_on: bool, is_strict: bool) -> Said {
        let text = "3 passed".to_owned();
        Said {
            word: Some(Word {
                text,
                may_go_on,
                is_strict,
                is_unfinished: false,
            }),
            takes_back: true,
            line: Some("3 passed".to_owned()),
        }
    }

    fn other() -> Said {
        Said {
            word: None,
            takes_back: true,
            line: Some("other".to_owned()),
        }
    }

    /// When it is due, in seconds after the begin, after things that were said at these seconds.
    fn due(said: Vec<(u64, Said)>, idle: Option<Duration>) -> Option<(u64, Why)> {
        let begin = Instant::now();
        let mut state = State {
            heard: begin,
            line: None,
            word: None,
            why: None,
            ended: false,
        };
        for (at, said) in said {
            state.heard(said, begin + Duration::from_secs(at));
        }
        let (at, why) = state.due(GRACE, idle)?;
        Some(((at - begin).as_secs(), why))
    }

    #[test]
    fn the_grace_counts_from_what_was_said_last() {
        let last = || Some(Why::LastWord("3 passed".into()));
        let of = |said| due(said, None).map(|(at, why)| (at, Some(why)));
        assert_eq!(of(vec![(1, other())]), None);
        assert_eq!(of(vec![(1, word(false, false))]), Some((6, last())));
        let after = |said| of(vec![(1, said), (3, other())]);
        assert_eq!(after(word(false, false)), Some((8, last())));
        assert_eq!(
            after(word(false, true)),
            Some((6, last())),
            "by --after-line"
        );
        assert_eq!(after(word(true, false)), None, "it goes on");
    }

    #[test]
    fn a_line_that_may_go_on_takes_the_place_of_no_other() {
        let unfinished = || {
            let mut said = word(true, false);
            let word = said.word.as_mut().unwrap();
            word.is_unfinished = true;
            said
        };
        let at = |said| due(said, None).map(|(at, _)| at);
        assert_eq!(at(vec![(1, unfinished())]), Some(6));
        assert_eq!(at(vec![(1, unfinished()), (3, unfinished())]), Some(8));
        assert_eq!(at(vec![(1, unfinished()), (3, other())]), None);
        let strict = || word(false, true);
        let after = vec![(1, strict()), (3, unfinished()), (4, other())];
        assert_eq!(at(after), Some(6));
    }

    #[test]
    fn silence_is_noticed_whatever_was_said() {
        let idle = Some(Duration::from_secs(3));
        let silent = |line: Option<&str>| Why::Idle(line.map(str::to_owned));
        assert_eq!(
            due(vec![(1, other())], idle),
            Some((4, silent(Some("other"))))
        );
        assert_eq!(due(Vec::new(), idle), Some((3, silent(None))));
        // Half a line is heard, and the whole line before it is told.
        let half = Said {
            takes_back: true,
            ..Said::default()
        };
        assert_eq!(
            due(vec![(1, other()), (2, half)], idle),
            Some((5, silent(Some("other"))))
        );
        let long = Some(Duration::from_secs(9));
        let (at, why) = due(vec![(1, word(false, false))], long).unwrap();
        assert_eq!((at, why), (6, Why::LastWord("3 passed".into())));
    }
}
