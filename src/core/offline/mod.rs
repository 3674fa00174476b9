//! What survives the program: rows as they are stored, and what is done when storing fails.
//!
//! Owns their shape and version. Guarantees that what an earlier version wrote can be read, and that an unreadable row is
//! told apart from an absent one. Knows nothing of databases: a row is a key and a text, a failure one of a few classes.

mod kept;
mod meta;
mod parked;
mod row;
mod supervisor;
mod trouble;

pub use kept::{Kept, channel_key, decode_kept, encode_event, encode_position, event_key, event_of_key};
pub use meta::{
    EPOCH_KEY, OWNER_KEY, POLLING_KEY, decode_epoch, decode_owner, decode_polling, encode_epoch,
    encode_owner, encode_polling,
};
pub use parked::{decode_parked, encode_parked};
pub use row::{
    ROW_VERSION, Table, decode_dead, decode_write, encode_dead, encode_write, migrate, read_key, row_key,
};
pub use supervisor::{Supervisor, Verdict};
pub use trouble::Trouble;
