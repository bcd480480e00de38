//! The judge, on records made by hand: no process, no clock.
//!
//! Every kind of expectation is shown to hold, and to break or to be inconclusive.

mod clients;
mod delay;
mod deviation;
mod end;
mod hand;
mod kinds;
mod lines;
mod order;
mod ready;
mod requests;
mod saved;
mod sequence;
mod split;
