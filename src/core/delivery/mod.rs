//! What leaves and what arrives, each thing once and in order.
//!
//! Owns the streams of writes ([`Outbox`]), the positions in the channels ([`Channels`]), the messages that wait for
//! an answer ([`Requests`]) and what is ready for the wire ([`Lanes`]). Guarantees that a write stays until it is decided, that a channel's changes are passed on
//! once each and in order, and that everything that waits is settled. Knows nothing of what a change means.

mod channels;
mod lanes;
mod outbox;
mod requests;

pub use channels::{Arrival, Channels, Content, Position};
pub use lanes::{Lane, Lanes};
pub use outbox::{Outbox, WINDOW, Write};
pub use requests::{Request, Requests};
