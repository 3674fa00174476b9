//! The pure core.

#![forbid(unsafe_code)]

// Before all that use its macro.
#[doc(hidden)]
#[macro_use]
pub mod mutant;

pub mod client;
pub mod config;
pub mod conflict;
pub mod delivery;
pub mod fault;
pub mod history;
pub mod id;
pub mod io;
pub mod json;
pub mod map;
pub mod merge;
pub mod metrics;
pub mod model;
pub mod offline;
pub mod presence;
pub mod rng;
pub mod session;
pub mod store;
pub mod tabs;
pub mod time;
pub mod transport;
pub mod upload;
pub mod wire;
