//! What the other tabs wrote and the server has not decided: shown here as there, sent by them.
//!
//! A tab tells of each row of its outbox that it stores or drops, and of what the server made of it, once a task. A tab that
//! starts asks for what there is, and is answered even if there is nothing: as long as nobody was heard, what is written is
//! not copied for others, only asked whether there are any. A stream that ends is told by whoever takes it over.

use std::sync::Arc;

use super::Client;
use crate::core::client::stored::pending_of;
use crate::core::client::writes::read_outcome;
use crate::core::id::{ClientId, WriteId};
use crate::core::io::Row;
use crate::core::json::{Fields, each_item};
use crate::core::map::SortedMap;
use crate::core::model::{EventDoc, WriteKind};
use crate::core::offline::{Table, decode_write, encode_write, row_key};
use crate::core::store::Acknowledged;
use crate::core::tabs::{Note, Verb};

/// What others were not told yet, and what they told.
#[derive(Debug, Default)]
pub(super) struct Peers {
    /// Another tab was heard.
    are_there: bool,
    /// None was, and something was written that they would be told.
    is_asked_for: bool,
    /// By key: the row, nothing for one that is dropped, and what the server made of it.
    untold: SortedMap<String, (Option<String>, Option<String>)>,
    /// Writes of others that are shown here, with their events.
    shown: SortedMap<WriteId, Arc<str>>,
}

impl Client {
    /// A row is stored.
    pub(in crate::core::client) fn mirror_kept(&mut self, row: &Row) {
        if row.table == Table::Outbox && self.mirrors() {
            self.tabs.peers.untold.insert(row.key.clone(), (Some(row.value.clone()), None));
        } else if row.table == Table::Outbox {
            self.tabs.peers.is_asked_for = self.tabs.shares;
        }
    }

    /// A row is dropped.
    pub(in crate::core::client) fn mirror_dropped(&mut self, table: Table, key: &str) {
        if table == Table::Outbox && self.mirrors() {
            let done = self.tabs.peers.untold.remove(key).and_then(|(_, done)| done);
            self.tabs.peers.untold.insert(key.to_owned(), (None, done));
        }
    }

    /// The server decided a write, whose row is about to be dropped.
    pub(in crate::core::client) fn mirror_done(&mut self, id: &WriteId, outcome: &Acknowledged) {
        if self.mirrors() {
            let done = match outcome {
                Acknowledged::Event(doc) => doc.text.to_string(),
                Acknowledged::Removed(None) => r#"{"deleted":true}"#.to_owned(),
                Acknowledged::Removed(Some(version)) => {
                    ["{\"deleted\":true,\"version\":", &version.to_string(), "}"].concat()
                }
                Acknowledged::Unsaid => "null".to_owned(),
            };
            self.tabs.peers.untold.insert(row_key(id), (None, Some(done)));
        }
    }

    /// Whether there is anybody to tell.
    fn mirrors(&self) -> bool {
        self.tabs.shares && self.tabs.peers.are_there
    }

    /// Another tab was heard. With the first one, all hear what was written before.
    pub(super) fn on_peer_heard(&mut self) {
        if !std::mem::replace(&mut self.tabs.peers.are_there, true) && !self.outbox.is_empty() {
            self.tell_outbox("");
        }
    }

    /// Tells others what they were not told yet.
    pub(in crate::core::client) fn flush_mirror(&mut self) {
        if std::mem::take(&mut self.tabs.peers.is_asked_for) && !self.tabs.peers.are_there {
            let name = self.name();
            self.note_to(Note::new(Verb::Ask, &name));
        }
        if self.tabs.peers.untold.is_empty() {
            return;
        }
        let untold = std::mem::take(&mut self.tabs.peers.untold);
        let items: Vec<String> =
            untold.iter().map(|(key, (row, done))| item(key, row.as_deref(), done.as_deref())).collect();
        self.tell_rows("", &items);
    }

    /// Asks others what they wrote. What was known of that is shown again as they tell it.
    pub(in crate::core::client) fn ask_peers(&mut self) {
        if !self.tabs.shares {
            return;
        }
        for (id, event) in std::mem::take(&mut self.tabs.peers.shown).take() {
            self.store.roll_back(&event, &id);
        }
        let name = self.name();
        self.note_to(Note::new(Verb::Ask, &name));
    }

    /// Another tab asks what we wrote. It is told also that this is nothing: it asks who is there as well.
    pub(super) fn on_asked(&mut self, tab: &str) {
        let is_first = !std::mem::replace(&mut self.tabs.peers.are_there, true);
        self.tell_outbox(if is_first { "" } else { tab });
    }

    fn tell_outbox(&mut self, tab: &str) {
        let all = |write: &crate::core::delivery::Write| {
            item(&row_key(&write.id), Some(&encode_write(write)), None)
        };
        let items: Vec<String> = self.outbox.iter().map(all).collect();
        self.tell_rows(tab, &items);
    }

    fn tell_rows(&mut self, tab: &str, items: &[String]) {
        let (name, identity) = (self.name(), self.identity());
        let text = [&identity, "\n[", &items.join(","), "]"].concat();
        self.note_to(Note { to: tab, text: &text, ..Note::new(Verb::Wrote, &name) });
    }

    /// Another tab tells what it wrote, and what became of it.
    pub(super) fn on_wrote(&mut self, text: &str) {
        let Some((identity, items)) = text.rsplit_once('\n') else { return };
        if !self.is_same_user(identity) {
            return;
        }
        let mut rows = Vec::new();
        // Tabs run the same program: what is broken says nothing.
        let _read = each_item(items, |item| rows.extend(Fields::parse(item)));
        if rows.is_empty() {
            return;
        }
        for item in rows {
            let key = item.string("key").unwrap_or_default();
            match item.get("row") {
                Some(row) => self.on_peer_row(&key, row),
                None => self.on_peer_end(&key, item.get("done")),
            }
        }
        self.sync_revision += 1;
    }

    fn on_peer_row(&mut self, key: &str, row: &str) {
        let Ok(write) = decode_write(key, row) else { return };
        if self.outbox.get(&write.id).is_some() || write.id.client == *self.outbox.own() {
            return;
        }
        if self.tabs.peers.shown.contains_key(&write.id) && write.kind != WriteKind::Skip {
            return self.store.replace_pending(&write.event, pending_of(&write));
        }
        self.forget_peer(&write.id);
        let base = write.base.as_deref().and_then(|base| EventDoc::parse(base).ok());
        // What this tab does not read is no business of its, and nobody would tell it what becomes of the event.
        let is_read = match (&base, self.store.shown(&write.event)) {
            (_, Some(_)) => true,
            (Some(doc), None) => self.channels.reads(doc),
            (None, None) => EventDoc::parse(&write.body).is_ok_and(|doc| self.channels.reads(&doc)),
        };
        if write.kind == WriteKind::Skip || !is_read {
            return;
        }
        // A channel that was read already knows better.
        if let Some(doc) = base.filter(|doc| !self.channels.covers(doc)) {
            self.store.assume(doc);
        }
        self.show(&write);
        self.tabs.peers.shown.insert(write.id.clone(), write.event);
    }

    fn on_peer_end(&mut self, key: &str, done: Option<&str>) {
        let ended = |(id, _): &(&WriteId, &Arc<str>)| row_key(id) == key;
        let Some((id, event)) = self.tabs.peers.shown.iter().find(ended) else { return };
        let (id, event) = (id.clone(), event.clone());
        match done {
            Some(done) => {
                self.store.acknowledge(&event, &id, read_outcome(done));
                self.tabs.peers.shown.remove(&id);
            }
            None => self.forget_peer(&id),
        }
    }

    fn forget_peer(&mut self, id: &WriteId) {
        if let Some(event) = self.tabs.peers.shown.remove(id) {
            self.store.roll_back(&event, id);
        }
    }

    /// Nothing of others is shown any more, and nothing of ours is told.
    pub(in crate::core::client) fn forget_peers(&mut self) {
        for (id, event) in std::mem::take(&mut self.tabs.peers).shown.take() {
            self.store.roll_back(&event, &id);
        }
    }

    /// A program ended: what it wrote is shown again by whoever takes it over.
    pub(super) fn forget_stream(&mut self, stream: &str) {
        let of = |(id, _): (&WriteId, &Arc<str>)| (*id.client.0 == *stream).then(|| id.clone());
        let ids: Vec<WriteId> = self.tabs.peers.shown.iter().filter_map(of).collect();
        for id in ids {
            self.forget_peer(&id);
        }
    }

    /// Streams of ended programs are ours: others are told that what they show of them is what we have.
    pub(super) fn tell_taken(&mut self, streams: &[ClientId]) {
        let name = self.name();
        for stream in streams {
            self.note_to(Note { text: &stream.0, ..Note::new(Verb::Gone, &name) });
        }
        let rows: Vec<Row> = self
            .outbox
            .iter()
            .filter(|write| streams.contains(&write.id.client))
            .map(crate::core::client::writes::row_of)
            .collect();
        for row in rows {
            self.mirror_kept(&row);
        }
    }
}

fn item(key: &str, row: Option<&str>, done: Option<&str>) -> String {
    let mut item = Fields::new();
    item.set_string("key", key);
    for (field, value) in [("row", row), ("done", done)] {
        if let Some(value) = value {
            item.set(field, value);
        }
    }
    item.to_text()
}
