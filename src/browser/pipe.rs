//! One connection, whatever carries it.

use super::polling::Polling;
use super::teardown::Teardown;
use super::websocket::{Socket, SocketEvent};
use crate::core::transport::Transport;

/// A connection with its callbacks; dropping it ends both.
pub(super) enum Pipe {
    Socket(Socket),
    Polling(Polling),
}

impl Pipe {
    /// Opens a connection.
    ///
    /// # Errors
    /// What the browser says of an address or a subprotocol that it does not accept.
    pub(super) fn open(
        transport: Transport,
        url: String,
        protocols: &[String],
        teardown: &Teardown,
        report: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, String> {
        match transport {
            Transport::WebSocket => Socket::open(&url, protocols, teardown, report).map(Self::Socket),
            // The core carries those itself.
            Transport::Tab => Err("another tab has no address".to_owned()),
            Transport::Polling => Ok(Self::Polling(Polling::open(url, teardown, Box::new(report)))),
        }
    }

    /// Sends a frame; over a socket it may be compressed if `deflate` says so.
    pub(super) fn send(&self, text: String, deflate: bool) {
        match self {
            Self::Socket(socket) => socket.send(text, deflate),
            Self::Polling(polling) => polling.send(text),
        }
    }

    /// Bytes that were sent and have not left yet.
    pub(super) fn buffered_bytes(&self) -> u64 {
        match self {
            Self::Socket(socket) => socket.buffered_bytes(),
            Self::Polling(polling) => polling.buffered_bytes(),
        }
    }

    pub(super) fn close(&self, code: u16, reason: &str) {
        match self {
            Self::Socket(socket) => socket.close(code, reason),
            Self::Polling(polling) => polling.close(),
        }
    }
}
