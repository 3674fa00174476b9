//! How messages travel: over a WebSocket, as HTTP requests where WebSockets do not get through, or by way of another tab
//! that has one of the two.
//!
//! Owns the addresses of both, what is known of which one works, and the texts of polling (`docs/PROTOCOL.md` §3).
//! Guarantees that no address made here carries a query, in which secrets travel. Knows nothing of when to open what.

mod address;
mod choice;
mod polling;

pub use address::address;
pub use choice::{Choice, POLLING_FIRST_MS};
pub use polling::{CLOSE, OPEN, RECEIVE, SEND, close_of, join, session_of};

/// A way for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// Long polling.
    Polling,
    /// Another tab of the same user, which has a connection.
    Tab,
}

/// Whose connection is used, where the tabs of a user share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Our own.
    Own,
    /// That of another tab.
    Tab,
    /// Nobody knows yet: the tabs have to be asked.
    Unsettled,
}

/// Which ways may be used; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transports {
    /// WebSockets.
    pub websocket: bool,
    /// Long polling.
    pub polling: bool,
}
