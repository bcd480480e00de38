//! Handles: what they tell of a thread, and how they wait for it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use exeunt_threading::{self as threading, Handle, JoinError, StartError, Thread, Timer};

/// Never reached, unless something hangs.
const LONG: Duration = Duration::from_secs(60);

const SHORT: Duration = Duration::from_millis(5);

fn start<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
    Thread::new(function).start().expect("a thread")
}

#[test]
fn a_join_gives_the_value_to_everyone() {
    let first = start(|| vec![1, 2]);
    let joiners: Vec<_> = (0..8)
        .map(|_| first.clone())
        .map(|x| start(move || x.join().unwrap().len()))
        .collect();
    assert!(joiners.iter().all(|joiner| *joiner.join().unwrap() == 2));
    assert_eq!(first.join().unwrap(), &[1, 2]);
    assert_eq!(first.join().unwrap(), &[1, 2]);
}

#[test]
fn a_join_gives_the_panic_to_everyone() {
    let thread: Handle = start(|| panic!("boom {}", 1));
    for _ in 0..2 {
        let Err(JoinError::Panicked(panic)) = thread.join() else {
            panic!("no panic")
        };
        assert_eq!(panic.message(), "boom 1");
    }
}

#[test]
fn a_panic_can_go_on_in_the_joiner() {
    let thread: Handle = start(|| std::panic::panic_any(7_u8));
    let joiner: Handle = start(move || match thread.join() {
        Err(JoinError::Panicked(panic)) => panic.resume(),
        other => panic!("{other:?}"),
    });
    let Err(JoinError::Panicked(panic)) = joiner.join() else {
        panic!("no panic")
    };
    assert_eq!(panic.message(), "Box<dyn Any>");
    assert_eq!(panic.take_payload().unwrap().downcast_ref(), Some(&7_u8));
    assert!(panic.take_payload().is_none());
}

#[test]
fn a_join_can_time_out_and_be_repeated() {
    let (go, gone) = channel::<()>();
    let thread = start(move || gone.recv().is_err());
    assert_eq!(thread.join_timeout(SHORT).unwrap(), None);
    assert_eq!(thread.join_timeout(Duration::ZERO).unwrap(), None);
    assert!(thread.is_alive());
    drop(go);
    assert_eq!(thread.join_timeout(LONG).unwrap(), Some(&true));
    assert!(!thread.is_alive());
    assert_eq!(thread.join_timeout(Duration::ZERO).unwrap(), Some(&true));
}

#[test]
fn a_timeout_may_be_as_long_as_can_be_written() {
    assert_eq!(start(|| 1).join_timeout(Duration::MAX).unwrap(), Some(&1));
}

/// Some time out, some do not; none is forgotten when the thread ends.
#[test]
fn joins_with_and_without_a_timeout_mix() {
    let (go, gone) = channel::<()>();
    let thread = start(move || gone.recv().is_err());
    let impatient: Vec<_> = (0..4).map(|_| thread.clone()).collect();
    let impatient: Vec<_> = impatient
        .into_iter()
        .map(|x| start(move || x.join_timeout(SHORT).unwrap().is_none()))
        .collect();
    let patient: Vec<_> = (0..4)
        .map(|_| thread.clone())
        .map(|x| start(move || *x.join().unwrap()))
        .collect();
    assert!(impatient.iter().all(|joiner| *joiner.join().unwrap()));
    drop(go);
    assert!(
        patient
            .iter()
            .all(|joiner| *joiner.join_timeout(LONG).unwrap().unwrap())
    );
}

thread_local!(static LOCAL: RefCell<Option<Lingering>> = const { RefCell::new(None) });

/// Its destructor waits for a word, and then some.
struct Lingering(Receiver<()>, Sender<&'static str>);

impl Drop for Lingering {
    fn drop(&mut self) {
        _ = self.0.recv_timeout(Duration::from_secs(5));
        thread::sleep(Duration::from_millis(50));
        _ = self.1.send("dropped");
    }
}

#[test]
fn a_thread_lives_as_long_as_its_locals() {
    let (go, gone) = channel();
    let (tell, told) = channel();
    let thread = start(|| LOCAL.set(Some(Lingering(gone, tell))));
    assert_eq!(
        thread.join_timeout(Duration::from_millis(50)).unwrap(),
        None
    );
    assert!(thread.is_alive());
    drop(go);
    thread.join().unwrap();
    assert_eq!(told.try_recv(), Ok("dropped"));
}

#[test]
fn a_thread_cannot_join_itself() {
    let thread = start(|| {
        let me = threading::current();
        [me.join().err(), me.join_timeout(LONG).err()]
            .map(|error| matches!(error, Some(JoinError::Itself)))
    });
    assert_eq!(thread.join_timeout(LONG).unwrap(), Some(&[true, true]));
}

#[test]
fn exit_ends_one_thread() {
    let thread: Handle = start(|| threading::exit(5));
    assert!(matches!(thread.join(), Err(JoinError::Exited(5))));
}

#[test]
fn a_handle_tells_what_was_asked_for() {
    let thread = Thread::new(threading::current)
        .name("a name")
        .daemon(false)
        .stack_size(1 << 20)
        .start()
        .unwrap();
    let inside = thread.join().unwrap();
    assert_eq!(*inside, thread);
    assert_eq!((inside.name(), inside.is_daemon()), ("a name", false));
    assert_eq!(
        (inside.ident(), inside.native_id()),
        (thread.ident(), thread.native_id())
    );
    assert_ne!(inside.native_id(), threading::current().native_id());
}

#[test]
fn idents_differ() {
    let idents: HashSet<_> = (0..20)
        .map(|_| start(|| ()))
        .map(|thread| thread.ident())
        .collect();
    assert_eq!(idents.len(), 20);
}

#[test]
fn a_default_name_has_the_function_if_it_has_a_name() {
    fn thread_function() {}
    assert!(
        Thread::new(thread_function)
            .start()
            .unwrap()
            .name()
            .ends_with(" (thread_function)")
    );
    let closure = start(|| ());
    let number = closure
        .name()
        .strip_prefix("Thread-")
        .map(str::parse::<u32>);
    assert!(matches!(number, Some(Ok(_))), "{closure:?}");
}

#[test]
fn a_name_without_a_zero_byte() {
    let refused = Thread::new(|| ()).name("a\0b").start().map(drop);
    assert!(matches!(refused, Err(StartError::Name(_))));
    assert_eq!(
        refused.map_err(|error| io::Error::from(error).kind()),
        Err(io::ErrorKind::InvalidInput)
    );
}

#[test]
fn a_thread_that_cannot_be_started_leaves_no_trace() {
    let refused = Thread::new(|| ())
        .name("too large")
        .stack_size(usize::MAX / 4)
        .start()
        .map(drop);
    assert!(matches!(refused, Err(StartError::Os(_))));
    assert!(
        threading::enumerate()
            .iter()
            .all(|thread| thread.name() != "too large")
    );
}

#[test]
fn main_is_listed_first() {
    let main = threading::main_thread();
    assert_eq!(
        (main.name(), main.is_daemon(), main.is_alive()),
        ("MainThread", false, true)
    );
    assert_eq!(main.native_id(), Some(std::process::id().into()));
    assert_eq!(threading::enumerate().first(), Some(&main));
}

#[test]
fn a_thread_is_listed_while_it_lives() {
    let (go, gone) = channel::<()>();
    let thread = start(move || gone.recv().is_err());
    assert!(threading::enumerate().contains(&thread.untyped()));
    assert!(threading::active_count() >= 2);
    drop(go);
    thread.join().unwrap();
    assert!(!threading::enumerate().contains(&thread.untyped()));
}

#[test]
fn a_foreign_thread_is_listed_while_it_lives() {
    let looked = Barrier::new(2);
    let dummy = thread::scope(|scope| {
        let foreign = scope.spawn(|| {
            let me = threading::current();
            looked.wait();
            looked.wait();
            me
        });
        looked.wait();
        let listed = threading::enumerate();
        looked.wait();
        let me = foreign.join().unwrap();
        assert!(listed.contains(&me));
        me
    });
    assert!(
        dummy.name().starts_with("Dummy-") && dummy.is_daemon(),
        "{dummy:?}"
    );
    dummy.join_timeout(LONG).unwrap().expect("it has ended");
    assert!(!threading::enumerate().contains(&dummy));
}

#[test]
fn a_child_inherits_or_overrides() {
    let child = |daemon: bool| {
        let parent = Thread::new(|| start(|| threading::current().is_daemon()))
            .daemon(daemon)
            .start()
            .unwrap();
        *parent.join().unwrap().join().unwrap()
    };
    assert_eq!([child(true), child(false)], [true, false]);
    assert!(
        !*start(|| threading::current().is_daemon()).join().unwrap(),
        "a test's thread is foreign"
    );
}

#[test]
fn a_timer_fires_or_is_cancelled() {
    let soon = Timer::new(SHORT, || 1).name("soon").start().unwrap();
    let never = Timer::new(LONG, || 1).daemon(false).start().unwrap();
    never.clone().cancel();
    assert_eq!(never.handle().join_timeout(LONG).unwrap(), Some(&None));
    assert_eq!(soon.handle().join().unwrap(), &Some(1));
    soon.cancel();
    assert_eq!(
        (soon.handle().name(), never.handle().is_daemon()),
        ("soon", false)
    );
}

/// Ended threads that nobody joins do not pile up with their stacks.
#[test]
fn ended_threads_are_let_go() {
    let threads = || {
        std::fs::read_to_string("/proc/self/maps")
            .unwrap()
            .lines()
            .count()
    };
    // No more at once than these, however late a busy machine lets them run.
    let hundred = || {
        let (tell, told) = channel::<()>();
        for _ in 0..100 {
            let tell = tell.clone();
            drop(start(move || drop(tell)));
        }
        drop(tell);
        assert!(told.recv().is_err(), "all have been called");
    };
    hundred();
    let before = threads();
    (0..20).for_each(|_| hundred());
    assert!(
        threads() < before + 500,
        "{before} mappings became {}",
        threads()
    );
}

/// It is waited for, so it must be seen, whether it has run or not.
#[test]
fn a_thread_is_alive_and_listed_from_its_start_on() {
    let (go, gone) = channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let gone = Arc::clone(&gone);
            let thread = start(move || gone.lock().unwrap().recv().is_err());
            assert!(thread.is_alive() && threading::enumerate().contains(&thread.untyped()));
            thread
        })
        .collect();
    let natives: HashSet<_> = threads.iter().map(Handle::native_id).collect();
    assert!(natives.len() == 100 && !natives.contains(&None));
    drop(go);
    assert!(threads.iter().all(|thread| *thread.join().unwrap()));
}

/// A receiver is not `Sync`: it can be given away, not shared.
#[test]
fn a_value_can_be_taken() {
    let (tell, told) = channel();
    let thread = start(move || {
        tell.send(1).expect("it is received");
        told
    });
    assert_eq!(thread.into_value().expect("a receiver").recv(), Ok(1));
}

#[test]
fn a_value_that_is_shared_cannot_be_taken() {
    let thread = start(|| vec![1]);
    let (same, untyped) = (thread.clone(), thread.untyped());
    assert!(matches!(thread.into_value(), Err(JoinError::Shared)));
    assert_eq!(same.into_value().expect("the last of them"), [1]);
    assert!(untyped.join().is_ok());
}

#[test]
fn what_has_no_value_gives_none() {
    let fails: Handle = start(|| panic!("boom"));
    assert!(matches!(fails.into_value(), Err(JoinError::Panicked(_))));
    let exits: Handle = start(|| threading::exit(5));
    assert!(matches!(exits.into_value(), Err(JoinError::Exited(5))));
    let itself = start(|| matches!(threading::current().into_value(), Err(JoinError::Itself)));
    assert_eq!(itself.join().unwrap(), &true);
}

#[test]
fn a_thread_can_be_unparked() {
    let thread = start(|| {
        thread::park();
        threading::current().thread().map(thread::Thread::id)
    });
    let its = thread.thread().expect("started here");
    its.unpark();
    assert_eq!(thread.join().unwrap(), &Some(its.id()));
    let foreign = threading::current();
    assert!(foreign.thread().is_none(), "a test's thread is foreign");
}
