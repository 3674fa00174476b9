//! Which frames are compressed: with whom that was agreed, and whether it is worth the while.

use super::Client;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::PipeId;
use crate::core::io::Effect;
use crate::core::json::{as_string, each_item};
use crate::core::time::Now;
use crate::core::transport::Transport;

/// Smaller frames are not worth it.
const DEFLATE_BYTES_MIN: usize = 1_024;

/// What is known of compression.
#[derive(Debug, Default)]
pub(super) struct Compression {
    /// The socket that compresses by itself: twice would only cost.
    pub(super) by_pipe: Option<PipeId>,
    /// Whether the server of the present connection takes compressed frames.
    agreed: bool,
    /// Whether a frame could not be inflated: it is not tried again.
    broken: bool,
}

impl Client {
    /// The end of `hello`: what we can read beyond text. Over polling a frame is text.
    pub(super) fn offer(&self) -> &'static str {
        let pipe = self.session.open_pipe();
        let deflates = self.config.compress && !self.compression.broken && self.compression.by_pipe != pipe;
        match self.session.transport() {
            Some(Transport::WebSocket) if deflates => ",\"accept\":[\"binary\",\"deflate-raw\"]",
            Some(Transport::WebSocket) => ",\"accept\":[\"binary\"]",
            Some(Transport::Polling | Transport::Tab) | None => "",
        }
    }

    /// The server says what of it counts.
    pub(super) fn on_accepted(&mut self, accepted: &str) {
        let mut agreed = false;
        // Something else than a list accepts nothing.
        let _read = each_item(accepted, |name| agreed |= as_string(name).as_deref() == Some("deflate-raw"));
        self.compression.agreed = agreed && self.config.compress;
    }

    /// Nothing is agreed with the next server.
    pub(super) fn forget_agreement(&mut self) {
        self.compression.agreed = false;
    }

    /// Puts a frame on the wire.
    pub(super) fn put(&mut self, pipe: PipeId, frame: String) {
        self.metrics.bytes_sent += frame.len() as u64;
        if self.put_to_leader(pipe, &frame) {
            return;
        }
        let worth = self.compression.agreed && frame.len() >= DEFLATE_BYTES_MIN;
        self.effect(if worth { Effect::SendDeflated(pipe, frame) } else { Effect::SendText(pipe, frame) });
    }

    /// A frame did not inflate. What was in it is lost, so the conversation begins anew, without compression.
    pub(super) fn on_undecodable(&mut self, now: Now, pipe: PipeId) {
        if self.session.is_current(pipe) {
            self.compression.broken = true;
            self.metrics.malformed += 1;
            self.error(Fault::new(FaultCode::BadMessage, "the server sent a frame that does not inflate"));
            self.session.abandon(now.mono, "undecodable frame");
        }
    }
}
