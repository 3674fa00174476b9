//! What the calendar shows: confirmed events with pending writes on top.
//!
//! Owns both layers. Guarantees `view = fold(confirmed, pending)` after every single change, at a cost that depends on
//! what was touched only, and that an event's revision changes exactly when what it shows changes. Knows nothing of
//! where writes and changes come from.

mod entry;
mod layers;

pub use entry::Pending;
pub use layers::{Acknowledged, Changes, Shown, Store};
