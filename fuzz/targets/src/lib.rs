//! What each fuzz target does with its bytes.
//!
//! Owns the targets: functions that take any bytes, return when all is well and panic when it is not. A fuzzer calls them
//! (`fuzz/fuzz_targets`), the tests of this crate replay the committed corpora through the same functions, and mutations
//! of them, and `baro-fuzz` does so for as long as it is told to. Knows nothing of how the bytes come about, but for
//! [`mutate`], which needs no compiler of its own.
//!
//! Where a target is a conversation (`client`, `hub`), its bytes are lines of text, one step each: the first byte says
//! which step, whatever byte it is, and the rest is what arrives in it. So a corpus holds real conversations that a person
//! can read, every mutation of them is one, and an enum that grows does not turn the corpus into noise, as it does to one
//! that is encoded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a target says that something is wrong by panicking, and looks only at what it judges"
)]

mod client;
mod close;
mod config;
pub mod corpus;
mod event;
mod frame;
mod hub;
mod json;
mod merge;
pub mod mutate;
mod poll;
mod query;
mod row;
mod token;

/// Takes any bytes; panics if they show that something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("binary", frame::binary),
    ("client", client::client),
    ("close", close::close),
    ("config", config::config),
    ("crdt", merge::stamps),
    ("date", event::date),
    ("event", event::event),
    ("frame", frame::frame),
    ("hub", hub::hub),
    ("json", json::json),
    ("merge", merge::events),
    ("options", query::options),
    ("ot", merge::texts),
    ("poll", poll::poll),
    ("query", query::query),
    ("row", row::row),
    ("token", token::token),
];

/// The target of that name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// The first line of `data` and the rest, for targets that take two texts.
fn two(data: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(data).ok()?;
    Some(text.split_once('\n').unwrap_or((text, "")))
}

/// How deep the brackets of a JSON text go.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
