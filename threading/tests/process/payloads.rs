//! What a panic carries: values with destructors that use the library, or panic themselves.

use std::panic::panic_any;

use exeunt_threading::{self as threading, Thread};

use crate::case::{Case, case};
use crate::words::{d_that, n, n_that, outlive_main, say};

/// Its destructor uses the library.
struct Caller;

impl Drop for Caller {
    fn drop(&mut self) {
        _ = threading::current();
    }
}

/// Its destructor panics, with another such value, so many times.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Bomb(self.0 - 1));
        }
    }
}

/// The panics of these cases are on purpose.
fn be_silent() {
    threading::set_except_hook(|_| ());
    std::panic::set_hook(Box::new(|_| ()));
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("payload_that_uses_the_library")
            .under_run(|| {
                be_silent();
                for _ in 0..2 {
                    d_that(|| {
                        loop {
                            _ = threading::enumerate();
                        }
                    });
                }
                for _ in 0..200 {
                    n_that(|| {
                        outlive_main();
                        panic_any(Caller)
                    });
                }
                say("end");
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("payload_that_panics")
            .under_run(|| {
                be_silent();
                threading::at_exit(|| say("callback"));
                for nested in 1..4 {
                    n_that(move || {
                        outlive_main();
                        panic_any(Bomb(nested))
                    });
                }
                n("n");
                say("end");
            })
            .shows(|seen| seen.says(["end", "n", "callback"]).code(0)),
        case("payload_that_panics_is_not_for_who_lists_threads")
            .under_run(|| {
                be_silent();
                n_that(|| panic_any(Bomb(2)));
                while threading::active_count() > 1 {
                    _ = Thread::new(|| ()).start()?.join();
                }
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("callbacks_payload_that_panics")
            .under_run(|| {
                be_silent();
                threading::at_exit(|| say("first"));
                threading::at_exit(|| panic_any(Bomb(3)));
                threading::at_shutdown(|| panic_any(Bomb(3)))?;
                n("n");
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end", "n", "first"]).code(0)),
        case("mains_payload_that_panics")
            .under_run(|| {
                be_silent();
                threading::at_exit(|| say("callback"));
                n("n");
                say("end");
                panic_any(Bomb(3))
            })
            .shows(|seen| seen.says(["end", "n", "callback"]).code(101)),
        case("value_that_panics")
            .under_run(|| {
                be_silent();
                let nobodys = || {
                    outlive_main();
                    Bomb(3)
                };
                Thread::new(nobodys).start()?;
                n("n");
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end", "n"]).code(0)),
    ]
}
