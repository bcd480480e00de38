//! The waiting protocol: who is here, who has left, and how one waits for that.
//!
//! One lock guards everything. The life of a thread is that of its [`Entry`]:
//!
//! ```text
//! enter ──► Starting ──began──► Running ──left──► Gone ──(OS join)──► no entry
//!   └─────── withdraw: the OS would not start it ─────────────────────► no entry
//! ```
//!
//! Invariants
//! 1. The creator makes the entry before the OS thread can run, so a shutdown that looks after `start` sees it.
//! 2. `left` is called by the thread itself once its thread-local destructors have run; none of its user's code follows,
//!    unless a C library's key asks for a fourth round of destructors.
//! 3. An entry leaves the map only after an OS join. So *no entry* means *the OS thread has ended*.
//! 4. Exactly one waiter takes the OS handle out of an entry and joins it, outside the lock: one with a deadline only
//!    when the entry is `Gone`, so that it takes an instant (see 2). The others wait for the entry to go.
//! 5. Every change of an entry happens under the lock and notifies `record.changed`, so no wake-up is lost.
//! 6. No user code runs under the lock: neither a closure nor a destructor of a user's value. So nobody gives up a
//!    record under it, which may be the last owner of a panic's payload: who waits for a thread has the record already.
//!
//! The main thread and foreign threads have entries without an OS handle; see [`entries`].

mod callbacks;
mod entries;
mod fork;
mod patience;
mod progress;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::record::{Id, Record};
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, OsThread, constructor};

pub(crate) use callbacks::{Callback, Hook, List};
pub(crate) use entries::Naming;
pub use patience::AtLimit;
pub(crate) use patience::Limit;
use progress::Progress;

/// The threads and the callbacks of a process.
#[derive(Debug)]
pub(crate) struct Registry {
    state: Mutex<State>,
    /// Notified when no thread is [starting](Phase::Starting) any more.
    all_run: Condvar,
    /// Notified when no fork waits for that any more.
    no_fork_waits: Condvar,
    /// Whether the shutdown has begun. Changed under the lock, read without.
    stop: AtomicBool,
    /// Notified when the shutdown begins.
    stopped: Condvar,
}

pub(crate) type Guard<'a> = MutexGuard<'a, State>;

pub(crate) struct State {
    entries: BTreeMap<Id, Entry>,
    /// How many of them are starting.
    starting: usize,
    /// Forks that wait until none is. Nobody starts a thread meanwhile.
    forks_waiting: usize,
    /// Those that may be joined without waiting. Somebody may have done it by now.
    gone: Vec<Id>,
    last_id: Id,
    last_number: u32,
    last_callback: u64,
    main: Option<Id>,
    progress: Progress,
    in_run: bool,
    /// Nobody is waited for any more.
    abandoned: bool,
    report: Option<Option<Duration>>,
    limit: Option<Limit>,
    at_shutdown: Vec<Callback>,
    at_exit: Vec<Callback>,
    except_hook: Option<Hook>,
    hooked: bool,
}

#[derive(Debug)]
struct Entry {
    record: Arc<Record>,
    phase: Phase,
    handle: OsHandle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    Gone,
}

#[derive(Debug)]
enum OsHandle {
    /// The creator has not put it here yet.
    Awaited,
    Here(OsThread),
    /// Somebody is joining it, or waits for its end to do so.
    Taken,
    /// Not ours to join: the main thread, or a foreign one.
    Never,
}

impl Registry {
    constructor! {
        pub(crate) fn new() -> Self {
            let state = State {
                entries: BTreeMap::new(),
                starting: 0,
                forks_waiting: 0,
                gone: Vec::new(),
                last_id: 0,
                last_number: 0,
                last_callback: 0,
                main: None,
                progress: Progress::Open,
                in_run: false,
                abandoned: false,
                report: None,
                limit: None,
                at_shutdown: Vec::new(),
                at_exit: Vec::new(),
                except_hook: None,
                hooked: false,
            };
            Self {
                state: Mutex::new(state),
                all_run: Condvar::new(),
                no_fork_waits: Condvar::new(),
                stop: AtomicBool::new(false),
                stopped: Condvar::new(),
            }
        }
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock()
    }

    /// Enters main and calls `hook`, under the lock, if this is the first use.
    pub(crate) fn first_use(&self, hook: impl FnOnce()) {
        let mut state = self.lock();
        if !state.hooked {
            state.hooked = true;
            state.main_thread();
            hook();
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
