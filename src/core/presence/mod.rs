//! Who is here and where they point.
//!
//! Owns the roster and the throttle of our own cursor. Guarantees that the newest position is always sent, that a
//! remote message never changes our own presence, and that colours and addresses of strangers cannot carry style or
//! script. Knows nothing of frames.

mod roster;
mod throttle;

pub use roster::{Person, Roster};
pub use throttle::Throttle;
