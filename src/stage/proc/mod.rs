//! What proc(5) tells of processes, threads and the machine.

mod diag;
mod files;
mod load;
mod orphans;
mod ports;
mod pressure;
mod sockets;
mod threads;
mod tree;
mod waits;

pub(super) use load::online;
pub(crate) use load::{processors, runnable};
pub(super) use orphans::kill_orphans;
#[cfg(feature = "http")]
pub(super) use ports::is_taken;
pub(super) use ports::{Place, all_listeners, held_below};
pub(super) use pressure::Stalled;
pub(super) use threads::{
    dump_signal, main_thread_blocked, signal_pending, threads, waited, waited_for_processor,
};
pub(super) use tree::{await_end, await_end_of_input, dead_below, descendants};
pub(super) use waits::explain;
