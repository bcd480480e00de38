//! Subjects that are talked to, and what is seen of them meanwhile. Most of these tests wait, so they are one program.

#[path = "../support/c.rs"]
mod c;
#[path = "../support/python.rs"]
mod python;

mod clients;
mod conversation;
#[cfg(feature = "http")]
mod http;
mod live;
mod logs;
#[cfg(feature = "suite")]
mod node;
#[cfg(feature = "http")]
mod planted;
mod ready;
#[cfg(all(feature = "stacks", target_arch = "x86_64"))]
mod stacks;
mod waits;
