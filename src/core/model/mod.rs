//! What a calendar is: events, what may be changed on them, dates and ranges.
//!
//! Owns the rules that client and server must agree on to the byte. Guarantees that fields it does not know survive.
//! Knows nothing of networks, storage or conflicts.

mod date;
mod digest;
mod event;
mod query;
mod write;

pub use date::{date_to_ms, iso_from_ms, shift_date};
pub use digest::digest_of;
pub use event::{EventDoc, InvalidEvent, apply_changes, check_changes, check_event, new_event, stamp_event};
pub use query::Query;
pub use write::{WriteKind, apply_write};

/// The project of an event that names none.
pub const DEFAULT_PROJECT: &str = "default";

/// The channel on which the changes of a project are announced.
pub fn project_channel(project: &str) -> String {
    format!("project:{project}")
}

/// The channel on which the changes of a calendar are announced.
pub fn calendar_channel(calendar: &str) -> String {
    format!("calendar:{calendar}")
}
