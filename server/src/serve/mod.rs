//! The server as a program: everything that touches the world.
//!
//! Owns sockets, threads, SQLite, signals and the command line. It decides nothing about messages: it turns what happens
//! into inputs of [`crate::hub`] and jobs into calls of [`crate::ledger`]. Guarantees that an answer leaves only after its
//! commit is on disk, that the hub hears of commits in their order, and that neither a token nor an event's content is
//! ever logged.

mod access_control;
mod body;
mod clock;
mod driver;
mod http;
mod linger;
mod listen;
mod metrics;
mod options;
mod packing;
mod peers;
mod poll;
mod reading;
mod rest;
mod run;
mod schema;
mod socket;
mod sqlite;
mod storage;
mod token;

pub use options::{Auth, Command, Database, Options, USAGE, parse};
pub use peers::PeerLimits;
pub use rest::query_of;
pub use run::run;
pub use sqlite::Sqlite;
pub use token::Verifier;
