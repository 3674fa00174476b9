//! What survives the program: rows as they are stored.
//!
//! Owns their shape and version. Guarantees that what an earlier version wrote can be read, and that an unreadable row is
//! told apart from an absent one. Knows nothing of databases: a row is a key and a text.

mod meta;
mod row;

pub use meta::{POLLING_KEY, decode_polling, encode_polling};
pub use row::{ROW_VERSION, Table, decode_dead, decode_write, encode_dead, encode_write, row_key};
