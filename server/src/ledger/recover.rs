//! What a reader is given: the changes that he missed, or all there is.

use std::sync::Arc;

use baro_realtime::mutant;

use super::Change;
use super::tables::{Channel, EventRow, Head, StorageError, Tables};
use crate::limits::Rules;

/// Up to where a reader has a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Of which history.
    pub epoch: String,
    /// The last change that he has.
    pub seq: u64,
}

/// The changes after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// How far the channel is.
    pub head: Head,
    /// Every change after the position, in order, up to the head.
    pub changes: Vec<Change>,
}

/// The whole content of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// How far the channel is.
    pub head: Head,
    /// The events at that point, by id.
    pub events: Vec<EventRow>,
}

/// A channel as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// He has the rest.
    Recovery(Recovery),
    /// This replaces what he has.
    Snapshot(Arc<Snapshot>),
}

impl Loaded {
    /// How far the channel is.
    pub fn head(&self) -> &Head {
        match self {
            Self::Recovery(recovery) => &recovery.head,
            Self::Snapshot(snapshot) => &snapshot.head,
        }
    }
}

/// Reads a channel for somebody who has it up to `position`.
///
/// # Errors
/// When the database cannot be read.
pub fn load<T: Tables>(
    tables: &T,
    rules: &Rules,
    channel: &str,
    position: Option<&Position>,
) -> Result<Loaded, StorageError> {
    load_or_take(tables, rules, channel, position, None)
}

/// The same with a snapshot that was taken before: it is given again if nothing has changed since.
///
/// # Errors
/// When the database cannot be read.
pub fn load_or_take<T: Tables>(
    tables: &T,
    rules: &Rules,
    channel: &str,
    position: Option<&Position>,
    taken: Option<&Arc<Snapshot>>,
) -> Result<Loaded, StorageError> {
    let head = tables.head(channel)?;
    if let Some(position) = position
        && (*position.epoch == *head.epoch || mutant!(epoch_ignored))
        && let Some(changes) = missed(tables, rules, channel, &head, position.seq)?
    {
        return Ok(Loaded::Recovery(Recovery { head, changes }));
    }
    if let Some(taken) = taken.filter(|taken| taken.head == head) {
        return Ok(Loaded::Snapshot(Arc::clone(taken)));
    }
    let events = tables.events_of(Channel::of(channel))?;
    Ok(Loaded::Snapshot(Arc::new(Snapshot { head, events })))
}

/// Every change after `seq`, if all of them are kept and they are not too much. A hole is never guessed over.
fn missed<T: Tables>(
    tables: &T,
    rules: &Rules,
    channel: &str,
    head: &Head,
    seq: u64,
) -> Result<Option<Vec<Change>>, StorageError> {
    // A position beyond the head is that of a server that lost its last changes.
    let Some(count) = head.seq.checked_sub(seq) else { return Ok(None) };
    if count > rules.history + rules.history_slack {
        return Ok(None);
    }
    if count == 0 {
        return Ok(Some(Vec::new()));
    }
    let changes = tables.changes_after(channel, seq)?;
    let whole = changes.len() as u64 == count
        && changes.iter().zip(seq + 1..).all(|(change, expected)| change.seq == expected);
    let whole = whole || mutant!(trimmed_history_trusted);
    let size: usize = changes.iter().map(|change| change.text.len()).sum();
    Ok((whole && size <= rules.recovery_bytes).then_some(changes))
}
