//! Local-first realtime calendar client.
//!
//! Three rings, one direction: [`core`] decides (pure: no clock, no randomness, no I/O), `browser` turns effects into
//! browser calls and callbacks into inputs, `web` is the JavaScript class. This is the only file with a target `cfg`.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::wildcard_enum_match_arm,
        reason = "a failed assumption fails the test"
    )
)]

pub mod core;

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(target_family = "wasm")]
pub mod web;
