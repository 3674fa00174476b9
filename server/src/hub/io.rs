//! What goes into the hub and what comes out.

use std::sync::Arc;

use crate::access::Claims;
use crate::fault::Fault;
use crate::ledger::{Decision, Greeting, Loaded, Position, StorageError, Write};

/// One connection of this server, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One job for the storage, which its completion carries back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Something that happened.
///
/// Completions of jobs must come in the order of their commits, all through one stream, those of writes that the hub did
/// not ask for (REST) included. A subscriber is registered when the completion of his load arrives: every change before
/// that is in what he is given, every later one is sent to him. There is no moment between the two.
#[derive(Debug, Clone)]
pub enum Input {
    /// A socket is open.
    Opened {
        /// The new connection.
        connection: ConnectionId,
        /// What the token in its address or subprotocol says, if there was one.
        token: Option<Result<Claims, Fault>>,
        /// Whether it can carry binary frames.
        binary: bool,
    },
    /// A text frame arrived.
    Received {
        /// Where.
        connection: ConnectionId,
        /// The frame.
        text: String,
    },
    /// A frame arrived that is no text.
    ReceivedBinary {
        /// Where.
        connection: ConnectionId,
        /// What was in it.
        content: Unpacked,
    },
    /// A sign of life that carries no message.
    Heard {
        /// Where.
        connection: ConnectionId,
    },
    /// A socket is gone, for whatever reason.
    Closed {
        /// Which.
        connection: ConnectionId,
    },
    /// More is waiting for a connection than it reads.
    Overflowed {
        /// Which.
        connection: ConnectionId,
    },
    /// The token of [`Output::Verify`] is checked.
    Verified {
        /// Whose.
        connection: ConnectionId,
        /// What it says, or why it counts for nothing.
        result: Result<Claims, Fault>,
    },
    /// A write is decided and committed, or the storage failed.
    Decided {
        /// The job; `None` if the hub did not ask for it.
        ticket: Option<Ticket>,
        /// The outcome.
        result: Result<Decision, StorageError>,
    },
    /// A stream's state is read.
    Greeted {
        /// The job.
        ticket: Ticket,
        /// The outcome.
        result: Result<Greeting, StorageError>,
    },
    /// A channel is read.
    Loaded {
        /// The job.
        ticket: Ticket,
        /// The outcome.
        result: Result<Loaded, StorageError>,
    },
    /// The time of [`super::Hub::poll_timeout`] has come.
    TimePassed,
    /// The server is about to end.
    Drain {
        /// Over which time clients shall come back.
        window_ms: u64,
    },
}

/// What came of unpacking a binary frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpacked {
    /// It was compressed text.
    Text(String),
    /// It was compressed, and is longer than a frame may be.
    TooLarge,
    /// It says that it is compressed, and is not, or not text.
    Broken,
    /// It is of a kind that clients do not send.
    Unknown,
}

/// A frame, shared with all who get the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// JSON text.
    Text(Arc<str>),
    /// Messages as bytes.
    Binary(Arc<[u8]>),
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a frame.
    Send {
        /// Where to.
        connection: ConnectionId,
        /// What.
        frame: Frame,
        /// Whether the client asked for it, so that its size is no sign of a slow reader.
        bulk: bool,
        /// Whether it may be compressed, should that save enough.
        deflate: bool,
    },
    /// Close a connection after what was sent.
    Close {
        /// Which.
        connection: ConnectionId,
        /// The code.
        code: u16,
        /// The reason, at most 123 bytes.
        reason: &'static str,
    },
    /// Do a job.
    Store {
        /// To be given back with the completion.
        ticket: Ticket,
        /// The job.
        job: Job,
    },
    /// Check a token.
    Verify {
        /// Whose.
        connection: ConnectionId,
        /// The token.
        token: Token,
    },
}

/// Work for the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// [`crate::ledger::decide`].
    Write(Box<Write>),
    /// [`crate::ledger::greet`].
    Greet {
        /// The stream.
        client: Arc<str>,
        /// Whose it has to be.
        owner: Arc<str>,
        /// What the client knows to be decided.
        acked: u64,
    },
    /// [`crate::ledger::load`].
    Load {
        /// The channel.
        channel: Arc<str>,
        /// Up to where the client has it.
        position: Option<Position>,
    },
}

/// A token; it shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}
