//! Messages as they stand in a frame. `docs/PROTOCOL.md` is the specification.
//!
//! Owns the envelope, both directions. Guarantees that a frame is either read whole or refused whole. Knows nothing of
//! what a message causes.

mod binary;
mod envelope;
mod outgoing;

pub use binary::{Announcement, DEFLATED, MESSAGES, binary_frame, encode_change, encode_json, read_binary};
pub use envelope::{Envelope, Frame, Kind, read_frame};
pub use outgoing::{Outgoing, frame_of};
