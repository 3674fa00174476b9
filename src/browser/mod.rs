//! Effects into browser calls, callbacks into inputs.
//!
//! Owns the handles: sockets, timers, the database, listeners on the page. Decides nothing. Works in windows and in
//! workers: what is missing there is left out.

mod broadcast;
mod clock;
mod compression;
mod global;
mod lifecycle;
mod locks;
mod pipe;
mod polling;
mod pump;
mod storage;
mod tabs;
mod teardown;
mod upload;
mod websocket;

pub(crate) use global::{origin, random_seed, spell};
pub(crate) use pump::Pump;
pub(crate) use storage::Cache;
pub(crate) use teardown::Teardown;
