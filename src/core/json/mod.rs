//! JSON as text: scanning without building a tree.
//!
//! Owns the one JSON reader of the core. A hot frame is validated and cut into pieces in one pass; what nobody
//! reads is never decoded, and what is kept is kept as it was received: unknown fields, number spellings and key
//! order survive. Guarantees: never panics, never recurses deeper than [`DEPTH_MAX`], accepts exactly RFC 8259.
//! Knows nothing of messages or events.

mod fields;
mod scan;
mod text;

pub use fields::{FIELDS_MAX, Fields};
pub use scan::{DEPTH_MAX, JsonError, Scanner, each_field, each_item, validate};
pub use text::{as_bool, as_string, as_u53, is_finite_number, is_null, key_text, push_string, quote};
