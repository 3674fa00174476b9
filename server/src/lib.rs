//! Reference server of Baro Realtime.
//!
//! Two rooms. The pure one decides everything and does nothing: [`ledger`] says what a write does to the data inside its
//! transaction, [`hub`] says who is told. Neither reads a clock, draws a random number or touches a socket, so the
//! simulator runs exactly the logic that the binary runs. The other room, `serve` (a feature, on by default), turns
//! sockets, SQLite and signals into their inputs, and their outputs into what the world sees.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test stops at the first surprise"
    )
)]

pub mod access;
mod bucket;
pub mod fault;
pub mod hub;
pub mod ledger;
pub mod limits;
pub mod object;
#[cfg(feature = "serve")]
pub mod serve;
