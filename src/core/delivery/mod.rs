//! What leaves and what arrives, each thing once and in order.
//!
//! Owns the streams of writes ([`Outbox`]), the positions in the channels ([`Channels`]), the messages that wait for
//! an answer ([`Requests`]) what is ready for the wire ([`Lanes`])
//! and how far the queue is ([`Progress`]). Guarantees that a write stays until it is decided, that a channel's changes are passed on
//! once each and in order, and that everything that waits is settled. Knows nothing of what a change means.

mod channels;
mod lanes;
mod outbox;
mod progress;
mod requests;
mod squash;

pub use channels::{Arrival, Channels, Content, Position};
pub use lanes::{Lane, Lanes};
pub use outbox::{Outbox, WINDOW, Write};
pub use progress::Progress;
pub use requests::{Request, Requests};
pub use squash::{Squashed, first_seen, squash};
