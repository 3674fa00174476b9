//! The pure core.

#![forbid(unsafe_code)]

pub mod config;
pub mod fault;
pub mod id;
pub mod json;
pub mod model;
pub mod presence;
pub mod rng;
pub mod session;
pub mod time;
pub mod wire;
