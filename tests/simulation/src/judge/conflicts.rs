//! Where two changed one event: `P26` nothing gives way in silence, `P31` what waits for a person goes on waiting.

use std::collections::BTreeSet;

use baro_realtime::core::client::Client;
use baro_realtime::core::conflict::Conflict;
use baro_realtime::core::io::{Row, StorageOp};
use baro_realtime::core::json::Fields;
use baro_realtime::core::offline::Table;
use baro_realtime_server::ledger::{Action, Answer, Decision};

use super::{Judge, Violation};
use crate::disk::Database;

/// What a program was told, and has to be told, in the present step.
#[derive(Debug, Default)]
pub(super) struct Told {
    told: BTreeSet<String>,
    pub(super) owed: BTreeSet<String>,
}

/// The event that a write met a change of, if the ledger left it to the author.
pub(super) fn met(action: &Action, decision: &Decision) -> Option<String> {
    let Answer::Error(text) = &decision.answer else { return None };
    let conflict = Fields::parse(text).ok()?.string("code")? == "conflict";
    let id = match action {
        Action::Create(fields) => fields.string("id"),
        Action::Update { id, .. } | Action::Delete { id } => Some(id.clone()),
        Action::Skip | Action::Refuse(_) => None,
    };
    id.filter(|_| conflict)
}

fn event_of(row: &str) -> String {
    Fields::parse(row).ok().and_then(|row| row.string("event")).unwrap_or_default()
}

fn conflict_of(row: &str) -> Option<String> {
    Fields::parse(row).ok()?.string("conflict")
}

impl Judge {
    /// A program was told of a conflict.
    pub(crate) fn told_conflict(&mut self, d: usize, conflict: &Conflict) {
        self.seen[d].conflicts.told.insert(conflict.id.clone());
        self.seen[d].course.forget_shown(&conflict.event);
        self.conflicts.insert((self.owners[d].1, conflict.event.to_string()));
    }

    /// A person decides: what he wants may be what was there before, and may have been written before.
    pub(crate) fn resolves(&mut self, d: usize, event: &str, mark: Option<String>) {
        self.seen[d].course.forget_shown(event);
        self.again.extend(mark);
    }

    /// Whether somebody at the database of a device was ever told of a conflict about an event.
    pub(super) fn was_told(&self, d: usize, event: &str) -> bool {
        self.conflicts.contains(&(self.owners[d].1, event.to_owned()))
    }

    /// After a step: who hears that his write is done, and not all of it, hears of the rest.
    pub(super) fn check_told(&mut self, d: usize) -> Result<(), Violation> {
        let Told { told, owed } = std::mem::take(&mut self.seen[d].conflicts);
        match owed.difference(&told).next() {
            None => Ok(()),
            Some(key) => {
                let what = format!("device {d}: something of {key} gave way, and nobody was told");
                Err(Violation::new("P26", what))
            }
        }
    }

    /// A program has read its rows: what waited for a person waits again, and is told of.
    pub(crate) fn is_offered_again(&self, d: usize, rows: &[Row], client: &Client) -> Result<(), Violation> {
        for row in rows.iter().filter(|row| row.table == Table::Conflicts) {
            let event = event_of(&row.value);
            if !client.conflicts().any(|conflict| *conflict.event == *event) {
                let what =
                    format!("device {d}: a conflict about {event} was stored, and is offered to nobody");
                return Err(Violation::new("P31", what));
            }
        }
        Ok(())
    }

    /// A batch was stored: an edit that waits for a person has gone from the queue to where those are kept, if it has gone.
    pub(crate) fn is_parked(
        d: usize,
        removed: &[String],
        client: Option<&Client>,
        database: &Database,
    ) -> Result<(), Violation> {
        for key in removed {
            // One that was folded into another, or is resolved by now, has no name of its own any more.
            let waits = client.is_some_and(|client| client.conflicts().any(|one| one.id == *key));
            let kept = database.values(Table::Conflicts).any(|row| conflict_of(row).as_ref() == Some(key));
            if waits && !kept {
                let what = format!("device {d}: {key} left the queue, and no conflict of it is stored");
                return Err(Violation::new("P31", what));
            }
        }
        Ok(())
    }
}

/// Keys of the writes that a batch takes out of the queue.
pub(crate) fn removed_by(ops: &[StorageOp]) -> Vec<String> {
    let removed = ops.iter().filter_map(|op| match op {
        StorageOp::Delete(Table::Outbox, key) => Some(key.clone()),
        StorageOp::Delete(..) | StorageOp::Put(_) | StorageOp::Clear(_) => None,
    });
    removed.collect()
}
