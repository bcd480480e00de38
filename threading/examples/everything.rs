//! A little of everything that the library does with threads: for ThreadSanitizer, which watches it in `ci/tsan`.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use exeunt_threading::{self as threading, Pool, Thread, Timer};

thread_local! {
    static LOCAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn main() -> ExitCode {
    threading::run(|| {
        threading::at_shutdown(|| drop(Thread::new(|| println!("started late")).start()))?;
        threading::at_exit(|| println!("all threads have ended"));
        let threads: Vec<_> = (0..8)
            .map(|i| Thread::new(move || LOCAL.with_borrow_mut(|local| local.push(i))).start())
            .collect::<Result<_, _>>()?;
        for thread in &threads {
            thread.join()?;
        }
        let pool = Pool::new(2);
        let task = pool.submit(|| 6 * 7)?;
        assert_eq!(task.join()?, &42);
        Timer::new(Duration::from_millis(10), || println!("ring")).start()?;
        Thread::new(|| panic!("this one fails, on purpose")).start::<()>()?;
        Thread::new(|| {
            loop {
                std::thread::park()
            }
        })
        .daemon(true)
        .start::<()>()?;
        _ = std::thread::spawn(|| threading::current().name().len()).join();
        println!("main has ended");
        Ok(())
    })
}
