//! The tracing stage and the virtual clock, with real processes.

mod abandoned;
mod conversation;
mod denied;
mod hangs;
mod lives;
mod outside;
mod rights;
mod subjects;
mod support;
mod virtual_time;
