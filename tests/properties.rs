//! Laws of the core, tried on arbitrary inputs. Each module holds those of one part; what is right comes from
//! `serde_json` or from a model that is too simple to be wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::needless_range_loop,
    reason = "a test stops at the first surprise"
)]

#[path = "properties/channels.rs"]
mod channels;
#[path = "properties/configuration.rs"]
mod configuration;
#[path = "properties/crdt.rs"]
mod crdt;
#[path = "properties/hostile.rs"]
mod hostile;
#[path = "properties/json.rs"]
mod json;
#[path = "properties/merge_laws.rs"]
mod merge_laws;
#[path = "properties/merge_series.rs"]
mod merge_series;
#[path = "properties/ot.rs"]
mod ot;
#[path = "properties/rows.rs"]
mod rows;
#[path = "properties/session.rs"]
mod session;
#[path = "properties/squash.rs"]
mod squash;
#[path = "properties/store.rs"]
mod store;
#[path = "properties/texts.rs"]
mod texts;
#[path = "properties/undo.rs"]
mod undo;
