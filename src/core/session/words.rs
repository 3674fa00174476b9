//! The words of the session: the public states, what it is told and what it wants.

use crate::core::fault::Fault;
use crate::core::id::PipeId;
use crate::core::transport::Transport;

/// The state that programs see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Opening a connection.
    Connecting,
    /// Usable.
    Connected,
    /// Not asked to connect, or asked not to.
    Disconnected,
    /// Waiting before the next attempt.
    Reconnecting,
    /// Given up; only `connect` or `reconnect` goes on.
    Error,
}

impl State {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Reconnecting => "reconnecting",
            Self::Error => "error",
        }
    }
}

/// What the surroundings report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The browser believes that there is a network.
    Online,
    /// The browser believes that there is none.
    Offline,
    /// The page can be seen.
    Visible,
    /// The page runs again after it was frozen, seen or not.
    Resumed,
    /// The page cannot be seen.
    Hidden,
    /// The page is about to be frozen; what it holds it keeps.
    Frozen,
    /// The page is put aside as it is, and may come back so.
    Suspended,
}

/// What the client has to do for the session, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a pipe.
    Open(PipeId, Transport),
    /// Close a pipe.
    Close(PipeId, u16, &'static str),
    /// Ask the program for a token.
    RequestToken,
    /// Find out whose connection is used.
    Elect,
    /// No connection is wanted for now: neither to have one for others nor to use theirs.
    Withdraw,
    /// Sign in anew on the present connection.
    PresentToken,
    /// The pipe is open: send what opens a conversation.
    Greet(PipeId),
    /// Send a ping on a pipe that is not in use, to see whether it delivers.
    Ask(PipeId),
    /// The connection goes on on this pipe, where the conversation begins anew.
    Moved(PipeId),
    /// Polling comes first until then, ms since 1970, or not any more: for programs to come.
    Remember(Option<u64>),
    /// Send a ping.
    Ping,
    /// The public state changed.
    StateChanged(State, State),
    /// The connection is usable.
    Established,
    /// A usable connection ended.
    Lost(u16, String),
    /// The next attempt comes in so many ms.
    Retrying(u64, u64),
    /// All attempts are used up.
    Exhausted,
    /// Given up for a reason that waiting does not change.
    Failed(Fault),
}
