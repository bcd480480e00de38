//! Pools, whose work is done before the process ends.

use std::process;
use std::sync::mpsc::channel;

use exeunt_threading::{self as threading, Pool, SubmitError};

use crate::case::{Case, case};
use crate::words::{begun, n_that, outlive_main, say};

fn refusal<T>(task: Result<T, SubmitError>) -> String {
    format!("{:?}", task.map(drop))
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("pool_work_is_done")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                let pool = Pool::new(2);
                for number in 0..20 {
                    let work = move || {
                        outlive_main();
                        println!("#{number}")
                    };
                    drop(pool.submit(work)?);
                }
                say("end");
                std::mem::forget(pool);
                Ok(())
            })
            .shows(|seen| {
                seen.contains(["end\n", "#0\n"])
                    .contains(["#19\n", "callback\n"])
                    .count("#", 20)
                    .code(0)
            }),
        case("pool_work_is_done_without_run")
            .main(|| {
                let pool = Pool::new(1);
                let work = || {
                    outlive_main();
                    say("work")
                };
                pool.submit(work).expect("it is open");
                std::mem::forget(pool);
                say("end")
            })
            .shows(|seen| seen.says(["end", "work"]).code(0)),
        case("pool_dropped")
            .under_run(|| {
                let pool = Pool::new(1);
                for line in ["first", "second"] {
                    pool.submit(move || say(line))?;
                }
                drop(pool);
                Ok(())
            })
            .shows(|seen| seen.says(["first", "second"]).code(0)),
        case("pool_with_idle_threads")
            .under_run(|| {
                let pool = Pool::new(4);
                let task = pool.submit(|| say("work"))?;
                _ = task.join();
                std::mem::forget(pool);
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["work", "end"]).code(0)),
        case("pool_refuses_when_main_has_ended")
            .under_run(|| {
                let pool: &'static Pool = Box::leak(Box::new(Pool::new(1)));
                threading::at_shutdown(move || {
                    say(&format!(
                        "at_shutdown: {}",
                        refusal(pool.submit(|| say("late")))
                    ))
                })?;
                n_that(move || {
                    outlive_main();
                    say(&format!("n: {}", refusal(pool.submit(|| say("late")))));
                    let new = Pool::new(1);
                    say(&format!("new: {}", refusal(new.submit(|| say("late")))));
                });
                Ok(())
            })
            .shows(|seen| {
                seen.says([
                    "at_shutdown: Err(ProcessEnds)",
                    "n: Err(ProcessEnds)",
                    "new: Err(ProcessEnds)",
                ])
                .code(0)
            }),
        case("pool_shut_down_now")
            .under_run(|| {
                let pool = Pool::new(1);
                let (go, gone) = channel::<()>();
                begun(|tell| {
                    let first = move || {
                        _ = (tell.send(()), gone.recv());
                        say("first")
                    };
                    drop(pool.submit(first).expect("it is open"));
                });
                let second = pool.submit(|| say("second"))?;
                // The first task ends only when the second is known to be cancelled.
                threading::Thread::new(move || {
                    say(&format!("{:?}", second.join()));
                    drop(go);
                })
                .start()?;
                pool.shutdown_now();
                Ok(())
            })
            .shows(|seen| {
                seen.contains(["Err(Cancelled)\n"])
                    .contains(["first\n"])
                    .without("second")
                    .code(0)
            }),
        case("pool_task_fails_or_exits")
            .under_run(|| {
                let pool = Pool::named("pool", 1);
                let fails = pool.submit(|| panic!("boom"))?;
                let exits = pool.submit(|| threading::exit(5))?;
                let works = pool.submit(|| 7)?;
                let (fails, exits): (Result<&(), _>, Result<&(), _>) = (fails.join(), exits.join());
                println!("{fails:?}, {exits:?}, {:?}", works.join());
                Ok(())
            })
            .shows(|seen| {
                seen.contains([
                    "thread 'pool-1'",
                    "boom\n",
                    "Err(Panicked(",
                    "Err(Exited(5)), Ok(7)\n",
                ])
                .code(0)
            }),
        case("pool_shut_down_by_its_own_task")
            .under_run(|| {
                let pool: &'static Pool = Box::leak(Box::new(Pool::new(2)));
                let task = pool.submit(|| {
                    pool.shutdown();
                    say("work")
                })?;
                _ = task.join();
                Ok(())
            })
            .shows(|seen| seen.says(["work"]).code(0)),
        case("pool_in_a_forks_child")
            .under_run(|| {
                let pool = Pool::new(2);
                pool.submit(|| ())?;
                if crate::fork::fork() {
                    say(&refusal(pool.submit(|| say("late"))));
                    pool.shutdown();
                    say(&format!("child: {}", process::id() != 0));
                }
                Ok(())
            })
            .shows(|seen| {
                seen.says(["Err(Forked)", "child: true", "child: 0"])
                    .code(0)
            }),
    ]
}
