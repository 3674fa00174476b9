//! Messages as they stand in a frame. `docs/PROTOCOL.md` is the specification.
//!
//! Owns the envelope, both directions. Guarantees that a frame is either read whole or refused whole. Knows nothing of
//! what a message causes.

mod envelope;
mod outgoing;

pub use envelope::{Envelope, Kind, read_frame};
pub use outgoing::{Outgoing, frame_of};
