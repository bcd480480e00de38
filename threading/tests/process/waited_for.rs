use std::{process::ExitCode, thread::sleep, time::Duration};

use exeunt_threading::{self as threading, Thread};

fn main() -> ExitCode {
    threading::run(|| {
        let slow = || {
            sleep(Duration::from_secs(2));
            println!("printed");
        };
        let slower = || {
            sleep(Duration::from_secs(9));
            println!("never printed");
        };
        Thread::new(slow).start()?;
        Thread::new(slower).daemon(true).start()?;
        Ok(())
    })
}
