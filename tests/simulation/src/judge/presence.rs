//! Presence, once all is mended: who shares a channel is seen, nobody else is.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime::core::client::Client;

/// What one device has to do with the others.
#[derive(Debug)]
pub(crate) struct There<'a> {
    pub(crate) user: &'a str,
    pub(crate) channels: &'a BTreeMap<String, u64>,
    /// Whether the server still holds a connection that its device has given up: its user may be seen anywhere.
    pub(crate) lingers: bool,
}

/// Holds a program's roster against who is there.
pub(crate) fn check(client: &Client, own: &There<'_>, all: &[There<'_>]) -> Result<(), String> {
    let seen: BTreeSet<&str> = client.roster().people().map(|(id, _)| id).collect();
    let others = || all.iter().filter(|other| other.user != own.user);
    let shares = |other: &There<'_>| other.channels.keys().any(|channel| own.channels.contains_key(channel));
    let due: BTreeSet<&str> = others().filter(|other| shares(other)).map(|other| other.user).collect();
    let may: BTreeSet<&str> = others().filter(|other| other.lingers).map(|other| other.user).collect();
    let missing: Vec<&&str> = due.difference(&seen).collect();
    let ghosts: Vec<&&str> =
        seen.iter().filter(|user| !due.contains(**user) && !may.contains(**user)).collect();
    if missing.is_empty() && ghosts.is_empty() {
        return Ok(());
    }
    Err(format!("does not see {missing:?}, and sees {ghosts:?}, who are not there"))
}
