//! What the server confirmed, kept for the next program: it shows the calendar before there is a connection. The server's
//! word replaces it: the content is asked for anew, since a kept position beside an event of another moment could hide a
//! change for long.
//!
//! Guarantees that no position is stored before the events that it speaks of, and that the queue never waits for any of
//! this: it is stored apart, some time after it came, and given up first when there is no room. What is shown of it is what
//! the channels hold that the program subscribes to. Of several tabs one keeps: what two of them know is of two moments, and
//! an event of one with the position of the other could hide a change for ever.

use std::sync::Arc;

use super::{Batch, Client};
use crate::core::delivery::Position;
use crate::core::io::{Durability, Row, StorageOp};
use crate::core::map::SortedMap;
use crate::core::metrics::{Step, hash_of};
use crate::core::model::{EventDoc, calendar_channel, project_channel};
use crate::core::offline::{
    Kept, ROW_VERSION, Table, channel_key, decode_kept, encode_event, encode_position, event_key,
    event_of_key,
};
use crate::core::time::{Now, Timestamp};

/// How long what came waits for more before it is stored, ms.
const KEEP_MS: u64 = 2_000;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// What an earlier program kept, until somebody subscribes to its channel.
    positions: SortedMap<String, Position>,
    events: Vec<EventDoc>,
    /// Channels of which it is shown.
    restored: SortedMap<String, ()>,
    /// When what came is stored.
    due: Option<Timestamp>,
    /// It is this tab that stores it.
    is_keeper: bool,
    /// There was no room for it.
    is_off: bool,
}

impl Client {
    /// Something came that may be worth keeping.
    pub(super) fn keep_later(&mut self, now: Now) {
        if self.keeping.is_keeper && !self.keeping.is_off {
            self.keeping.due.get_or_insert(now.mono.after(KEEP_MS));
        }
    }

    /// Somebody edits what may not be stored yet: should the next program have nothing else, it shows the edit on it.
    pub(super) fn keep_now(&mut self, now: Now) {
        self.keeping.due = self.keeping.due.map(|_| now.mono);
    }

    /// Of all tabs it is this one that keeps.
    pub(super) fn on_keeper(&mut self, now: Now) {
        self.keeping.is_keeper = true;
        self.keep_later(now);
    }

    /// When there is something to store.
    pub(super) fn keep_due(&self) -> Option<Timestamp> {
        // One after the other: should this one fail and the next be stored, its events would be missed.
        let under_way = self.batches.iter().any(|(_, batch)| batch.is_spare);
        self.keeping.due.filter(|_| self.storage.is_open() && !under_way)
    }

    /// Stores what came since the last time: the events that are different, and how far each channel was read.
    pub(super) fn keep_events(&mut self, now: Now) {
        if self.keep_due().is_none_or(|due| due > now.mono) {
            return;
        }
        self.keeping.due = None;
        if self.is_wiping() {
            return;
        }
        let mut ops = Vec::new();
        let (ids, all) = self.store.take_unkept();
        if all {
            ops.push(StorageOp::Clear(Table::Events));
        }
        for id in ids {
            let key = event_key(&id);
            match self.store.confirmed(&id) {
                Some(doc) if self.channels.covers(doc) => {
                    ops.push(StorageOp::Put(Row { table: Table::Events, key, value: encode_event(doc) }));
                }
                // Of a channel that nobody subscribes to now: what is kept goes with the position that is kept.
                Some(_) => {}
                None => ops.push(StorageOp::Delete(Table::Events, key)),
            }
        }
        for name in self.channels.names().into_iter().filter(|name| is_kept(name)) {
            if let Some(position) = self.channels.position(&name) {
                let (key, value) = (channel_key(&name), encode_position(position));
                ops.push(StorageOp::Put(Row { table: Table::Events, key, value }));
            }
        }
        // Of which age all of it is.
        let (key, value) = ("at".to_owned(), format!("{{\"v\":{ROW_VERSION},\"at\":{}}}", now.wall_ms));
        ops.push(StorageOp::Put(Row { table: Table::Events, key, value }));
        ops.extend(self.owner_row());
        let keys = ops.iter().filter_map(key_of).collect();
        self.commit(ops, Batch { is_spare: true, keys, ..Batch::default() }, Durability::Relaxed);
    }

    /// A batch of events was not stored: they are still to be. A full disk is no reason to try again.
    pub(super) fn on_events_not_kept(&mut self, now: Now, keys: Vec<(Table, String)>, is_full: bool) {
        self.keeping.is_off |= is_full;
        for (_, key) in keys {
            if let Some(id) = event_of_key(&key) {
                self.store.unkeep(&Arc::from(id));
            }
        }
        self.keep_later(now);
    }

    /// The caches were given up for want of room.
    pub(super) fn on_caches_emptied(&mut self) {
        self.keeping.is_off = true;
        self.keeping.due = None;
    }

    /// Everything has to be stored anew.
    pub(super) fn unkeep_everything(&mut self, now: Now) {
        self.store.unkeep_all();
        self.keep_later(now);
    }

    /// Takes what an earlier program kept.
    pub(super) fn on_kept(&mut self, rows: Vec<Row>) {
        for row in rows {
            match decode_kept(&row.key, &row.value) {
                Some(Kept::Event(doc)) => self.keeping.events.push(doc),
                Some(Kept::Channel(name, position)) => {
                    self.keeping.positions.insert(name, position);
                }
                None => {}
            }
        }
        for name in self.channels.names() {
            self.restore(&name);
        }
    }

    /// Shows what was kept of a channel that somebody subscribes to.
    pub(super) fn restore(&mut self, name: &str) {
        let Some(position) = self.keeping.positions.remove(name) else { return };
        let numbers = [position.seq, u64::from(hash_of(&position.epoch))];
        if !self.channels.is_unread(name) {
            return;
        }
        self.note_channel(Step::Restored, name, numbers);
        self.keeping.restored.insert(name.to_owned(), ());
        let all = std::mem::take(&mut self.keeping.events);
        let (of_it, others) =
            all.into_iter().partition(|doc| channels_of(doc).any(|channel| channel == name));
        self.keeping.events = others;
        let of_it: Vec<EventDoc> = of_it;
        for doc in of_it {
            // What the server told of another of its channels is newer, also that it is not there.
            let is_told = |channel: &String| {
                self.channels.position(channel).is_some() && !self.keeping.restored.contains_key(channel)
            };
            if !channels_of(&doc).any(|channel| is_told(&channel)) {
                self.store.assume(doc);
            }
        }
    }
}

/// The channels that tell of an event.
fn channels_of(doc: &EventDoc) -> impl Iterator<Item = String> {
    let calendar = doc.calendar.as_deref().map(calendar_channel);
    std::iter::once(project_channel(doc.project_or_default())).chain(calendar)
}

/// Whether what a channel holds can be told from an event itself.
fn is_kept(name: &str) -> bool {
    name.starts_with("project:") || name.starts_with("calendar:")
}

fn key_of(op: &StorageOp) -> Option<(Table, String)> {
    match op {
        StorageOp::Put(row) => Some((row.table, row.key.clone())),
        StorageOp::Delete(table, key) => Some((*table, key.clone())),
        StorageOp::Clear(_) => None,
    }
}
