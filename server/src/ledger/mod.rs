//! What the data is and how it changes.
//!
//! Owns the decision on each write (`docs/PROTOCOL.md` §2.2), the numbering of each channel's changes (§2.3) and what a
//! reader is given who was away. Everything happens over [`Tables`], inside a transaction that the caller opens with
//! [`Tables::transact`]: either the write, its outcome, its numbers and the client's last sequence are all there, or
//! nothing is. Knows nothing of connections, clocks, randomness or SQL.

mod announce;
mod conflict;
#[cfg(test)]
pub(crate) mod contract;
mod decide;
mod memory;
mod recover;
mod tables;

use std::sync::Arc;

use baro_realtime::core::json::Fields;

use crate::access::Access;
use crate::fault::Fault;

pub use conflict::On;
pub(crate) use decide::client_mismatch;
pub use decide::{decide, greet};
pub use memory::Memory;
pub use recover::{Loaded, Position, Recovery, Snapshot, load, load_or_take};
pub use tables::{Channel, Client, EventRow, Head, StorageError, Stored, Tables};

/// The identity of a write, for ever: the stream and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    /// Names the stream.
    pub client: Arc<str>,
    /// From 1, without holes.
    pub seq: u64,
}

/// Whose write it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The user id that others are told.
    pub id: Arc<str>,
    /// The user that a stream is bound to. Guests share one: they are somebody else on every connection.
    pub owner: Arc<str>,
    /// What he may change.
    pub access: Access,
}

/// What a write wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A new event. Without an `id` it gets the one of the [`Stamp`].
    Create(Fields),
    /// Other values for some fields.
    Update {
        /// Of which event.
        id: String,
        /// The fields.
        changes: Fields,
    },
    /// No event any more.
    Delete {
        /// Which one.
        id: String,
    },
    /// Nothing: the author gave the write up. Its place in the stream is taken all the same.
    Skip,
    /// Nothing: it was found faulty before it came here. It is decided all the same, so that its stream goes on.
    Refuse(Fault),
}

/// One write as it comes to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its identity, if it has one. Without, it is done as often as it comes.
    pub stream: Option<Stream>,
    /// Whose.
    pub author: Author,
    /// What.
    pub action: Action,
    /// What it was made on, if it says so and wants more than to be done.
    pub on: Option<On>,
}

/// What the world adds to a write at the moment of its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Wall clock, ms since 1970.
    pub wall_ms: u64,
    /// The id for an event that comes without one.
    pub event_id: String,
}

/// What the author is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done; the payload of the `ack`, JSON text.
    Ack(Arc<str>),
    /// Done, but not all of it as the author meant it.
    Merged {
        /// The payload of the `ack`, JSON text.
        payload: Arc<str>,
        /// What became of the rest, JSON text: `merged` of `docs/PROTOCOL.md` §2.8.
        report: Arc<str>,
    },
    /// Refused; the payload of the `error`, JSON text.
    Error(Arc<str>),
}

/// How a write came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The data is different now.
    Stored,
    /// Refused for good.
    Refused,
    /// Decided before.
    Duplicate,
    /// Not decided: what comes before it is missing.
    Gap,
}

/// The outcome of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How it came out.
    pub verdict: Verdict,
    /// What the author is told.
    pub answer: Answer,
    /// What the channels are told, in order.
    pub changes: Vec<Change>,
}

/// A change of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// On which channel.
    pub channel: Arc<str>,
    /// Its number there.
    pub seq: u64,
    /// The channel's digest with it; 0 in the history, where nobody asks for it.
    pub digest: u64,
    /// Only those who may see this project are told: of an event that left one, the project in which it is now.
    pub project: Arc<str>,
    /// The whole message, as every subscriber gets it.
    pub text: Arc<str>,
    /// What those get who may see only the project in which the event was before.
    pub withdrawn: Option<Withdrawn>,
}

/// An event's leaving, for those who may not see where it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Where it was.
    pub project: Arc<str>,
    /// The whole message.
    pub text: Arc<str>,
}

impl Change {
    /// What somebody with `access` is told of it: the message, or that there is something that he may not see.
    pub fn seen_with(&self, access: &Access) -> Arc<str> {
        if access.allows(&self.project) {
            return Arc::clone(&self.text);
        }
        match &self.withdrawn {
            Some(withdrawn) if access.allows(&withdrawn.project) => Arc::clone(&withdrawn.text),
            _ => Arc::from(
                crate::object::Object::new()
                    .string("type", "skip")
                    .string("channel", &self.channel)
                    .number("seq", self.seq)
                    .finish(),
            ),
        }
    }
}

/// What a `hello` learns of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// The highest decided sequence.
    LastSeq(u64),
    /// It is another user's.
    Mismatch,
}
