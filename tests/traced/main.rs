//! The tracing stage and the virtual clock, with real processes.

mod lives;
mod outside;
mod support;
mod virtual_time;
