//! Conflicts that somebody hears of, and edits that wait for a person's word.
//!
//! Owns what is told of a conflict, and what becomes of a parked edit while others go on changing the event. Guarantees that
//! nothing of a parked edit is lost before it is resolved, and that what is told is up to date with what is there. Refuses to
//! know the wire, storage, and who decides.

mod parked;
mod story;

pub use parked::Parked;
pub use story::{Conflict, Merge};
