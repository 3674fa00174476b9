//! The tabs of one user in one browser, and the one connection that they share.
//!
//! Owns who leads ([`Election`]), what the leader does for the others ([`Relay`]) and the notes that tabs exchange
//! ([`Note`]). Guarantees that a tab which was frozen while it led relays nothing before it has seen that it still leads,
//! and that an answer of the server reaches the tab that asked. Each tab keeps its own stream of writes, its own positions
//! in channels and its own store; the leader carries their messages and reads of them what it has to. Knows nothing of
//! locks, broadcast channels or databases: what it wants of them is a [`Wish`].

mod election;
mod note;
mod relay;

pub use election::{Election, Standing, Wish};
pub use note::{Count, Note, Verb};
pub use relay::{Errand, Relay, Route};
