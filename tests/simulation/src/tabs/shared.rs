//! What tabs share: the lock and its queue, notes, the epoch, the streams of those that ended.

use std::collections::BTreeSet;

use baro_realtime::core::id::ClientId;
use baro_realtime::core::io::{Row, TabsEffect};
use baro_realtime::core::offline::Table;
use baro_realtime::core::tabs::Wish;

use super::{Arrival, DISK_MS, Desk, NOTE_MS};

impl Desk {
    pub(super) fn perform_shared(&mut self, id: u64, effect: TabsEffect) {
        match effect {
            TabsEffect::Tell(text) => {
                let others: Vec<u64> = self.tabs.keys().copied().filter(|other| *other != id).collect();
                for other in others {
                    self.notes += 1;
                    if self.loses_every > 0 && self.notes.is_multiple_of(self.loses_every) {
                        continue;
                    }
                    self.arrive(other, NOTE_MS, Arrival::Note(text.clone()));
                }
            }
            TabsEffect::Wish(Wish::Ask) if self.leader.is_none() => self.grant(id),
            TabsEffect::Wish(Wish::Ask) => {
                self.queue.push(id);
                self.arrive(id, NOTE_MS, Arrival::Busy);
            }
            TabsEffect::Wish(Wish::Steal) => {
                if let Some(before) = self.leader {
                    self.arrive(before, NOTE_MS, Arrival::Lost);
                }
                self.queue.retain(|waiting| *waiting != id);
                self.grant(id);
            }
            TabsEffect::Wish(Wish::Leave) => self.leave_queue(id),
            TabsEffect::Wish(Wish::Raise) => {
                self.epoch += 1;
                self.arrive(id, DISK_MS, Arrival::Epoch(self.epoch));
            }
            TabsEffect::Wish(Wish::Look) => self.arrive(id, DISK_MS, Arrival::Epoch(self.epoch)),
            TabsEffect::Adopt => {
                let own = self.tabs.get(&id).map(|tab| tab.name.clone());
                let rows = own.map(|own| self.take_left(id, &own)).unwrap_or_default();
                self.arrive(id, DISK_MS, Arrival::Left(None, rows));
                self.watch_others(id);
            }
            TabsEffect::Watch(client) => {
                if self.holders.contains_key(&*client.0) {
                    self.watches.push((id, client));
                } else {
                    let rows = self.take_stream(&client.0, id);
                    self.arrive(id, DISK_MS, Arrival::Left(Some(client), rows));
                }
            }
            TabsEffect::Unwatch => self.watches.retain(|(watcher, _)| *watcher != id),
        }
    }

    pub(super) fn grant(&mut self, id: u64) {
        self.leader = Some(id);
        self.arrive(id, NOTE_MS, Arrival::Granted);
    }

    pub(super) fn leave_queue(&mut self, id: u64) {
        self.queue.retain(|waiting| *waiting != id);
        if self.leader == Some(id) {
            self.leader = None;
            if !self.queue.is_empty() {
                let next = self.queue.remove(0);
                self.grant(next);
            }
        }
    }

    /// The rows of streams that nobody holds; `id` holds them from now on.
    pub(super) fn take_left(&mut self, id: u64, own: &ClientId) -> Vec<Row> {
        let stream =
            |key: &str| key.rsplit_once('|').map(|(stream, _)| stream.to_owned()).unwrap_or_default();
        let names: BTreeSet<String> = self
            .rows
            .keys()
            .filter(|(table, _)| *table == Table::Outbox)
            .map(|(_, key)| stream(key))
            .collect();
        let free = names.into_iter().filter(|name| *name == *own.0 || !self.holders.contains_key(name));
        free.collect::<Vec<_>>().iter().flat_map(|name| self.take_stream(name, id)).collect()
    }

    /// Waits for those that live and of whom there are rows.
    fn watch_others(&mut self, id: u64) {
        let has_rows = |name: &str| self.rows.keys().any(|(table, key)| is_of(name, *table, key));
        let names: Vec<String> = self
            .holders
            .iter()
            .filter(|(name, holder)| **holder != id && has_rows(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.watches.push((id, ClientId(name.into())));
        }
    }

    pub(super) fn take_stream(&mut self, name: &str, id: u64) -> Vec<Row> {
        self.holders.insert(name.to_owned(), id);
        let rows = self.rows.iter().filter(|((table, key), _)| is_of(name, *table, key));
        rows.map(|((table, key), value)| Row { table: *table, key: key.clone(), value: value.clone() })
            .collect()
    }

    /// A tab that has written something without a connection dies, and one starts that is led before it has read what it takes
    /// over. Returns the latter.
    pub fn inherit(&mut self, from: u64) -> u64 {
        self.cut(true);
        self.wait(100);
        self.create(from, "Left behind");
        self.wait(10);
        self.kill(from);
        self.load_ms = 5_000;
        let heir = self.open();
        self.cut(false);
        heir
    }
}

/// Whether a row is a write of a stream.
fn is_of(stream: &str, table: Table, key: &str) -> bool {
    table == Table::Outbox && key.rsplit_once('|').is_some_and(|(client, _)| client == stream)
}
