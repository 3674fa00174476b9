//! All events in their two layers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::entry::{Entry, Pending};
use crate::core::id::WriteId;
use crate::core::map::SortedMap;
use crate::core::model::{EventDoc, Query, WriteKind};

/// Removals remembered, so that an older version arriving late does not bring an event back.
const TOMBSTONES_MAX: usize = 10_000;
/// Most events that are remembered one by one as not kept.
const UNKEPT_MAX: usize = 20_000;

/// What the server made of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Acknowledged {
    /// The event as it is stored.
    Event(EventDoc),
    /// The event is gone, with the version of its removal.
    Removed(Option<u64>),
    /// It did not say: the write counts as done as it was meant.
    Unsaid,
}

/// Events whose view is different from last time, by what happened to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Ids of new ones.
    pub created: Vec<Arc<str>>,
    /// Ids of different ones.
    pub updated: Vec<Arc<str>>,
    /// Ids of those that are gone.
    pub deleted: Vec<Arc<str>>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.deleted.is_empty()
    }
}

/// What an event shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The event.
    pub doc: &'a EventDoc,
    /// Changes with it, and is never used for anything else.
    pub revision: u64,
    /// A small number that no other event has at the same time: a place to keep what was made of it.
    pub slot: usize,
}

/// Confirmed events and pending writes. See the module for its guarantees.
#[derive(Debug, Default)]
pub struct Store {
    entries: BTreeMap<Arc<str>, Entry>,
    tombstones: SortedMap<Arc<str>, u64>,
    tombstone_order: VecDeque<Arc<str>>,
    /// Events that no server told this program: their versions may be of a history that is lost.
    assumed: SortedMap<Arc<str>, ()>,
    /// Events of whose changes nobody was told.
    touched: Vec<Arc<str>>,
    /// Events that are confirmed otherwise than they are kept, or all of them.
    unkept: Vec<Arc<str>>,
    all_unkept: bool,
    revision: u64,
    /// Pending writes that were put on their events anew.
    folds: u64,
    slots: usize,
    free_slots: Vec<usize>,
}

impl Store {
    /// How many pending writes were put on their events anew, all told: what it costs that confirmed events change.
    pub fn folds(&self) -> u64 {
        self.folds
    }

    /// Changes with every change of what any event shows.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What the event `id` shows.
    pub fn shown(&self, id: &str) -> Option<Shown<'_>> {
        self.entries.get(id).and_then(shown)
    }

    /// The event `id` as the server last told it.
    pub fn confirmed(&self, id: &str) -> Option<&EventDoc> {
        self.entries.get(id)?.confirmed.as_ref()
    }

    /// All confirmed events, by id.
    pub fn all_confirmed(&self) -> impl Iterator<Item = &EventDoc> {
        self.entries.values().filter_map(|entry| entry.confirmed.as_ref())
    }

    /// Writes on `id` that are not decided, in order.
    pub fn pending(&self, id: &str) -> &[Pending] {
        self.entries.get(id).map_or(&[], |entry| entry.pending())
    }

    /// What the events that `query` asks for show, by start and id.
    pub fn query(&self, query: &Query) -> Vec<Shown<'_>> {
        let all = self.entries.values().filter_map(shown);
        let mut found: Vec<Shown<'_>> = all.filter(|shown| query.matches(shown.doc)).collect();
        found.sort_unstable_by(|a, b| (a.doc.start_ms, &a.doc.id).cmp(&(b.doc.start_ms, &b.doc.id)));
        found
    }

    /// Puts a write on top.
    pub fn push(&mut self, id: &Arc<str>, pending: Pending) {
        self.change(id, |entry| entry.push(pending));
    }

    /// Gives a pending write another meaning, in its place.
    pub fn replace_pending(&mut self, id: &Arc<str>, pending: Pending) {
        self.change(id, |entry| entry.replace(pending));
    }

    /// Takes a refused write away; all others on the event stay.
    pub fn roll_back(&mut self, id: &Arc<str>, write: &WriteId) {
        self.change(id, |entry| {
            if !mutant!(roll_back_undone) {
                entry.take(write);
            }
        });
    }

    /// Replaces a write by what the server made of it.
    pub fn acknowledge(&mut self, id: &Arc<str>, write: &WriteId, outcome: Acknowledged) {
        match outcome {
            Acknowledged::Event(doc) => {
                self.confirm(doc);
                if mutant!(acknowledged_stays) {
                    return;
                }
                self.roll_back(id, write);
            }
            Acknowledged::Removed(version) => {
                self.remove(id, version, false);
                self.roll_back(id, write);
            }
            Acknowledged::Unsaid => self.change(id, |entry| {
                if let Some(done) = entry.take(write) {
                    let after = done.applied(entry.confirmed.clone(), None);
                    entry.confirm(after);
                }
            }),
        }
    }

    /// Takes an event as the server told it. Returns false if a version at least as new is known.
    pub fn confirm(&mut self, doc: EventDoc) -> bool {
        if mutant!(all_folded_again) {
            let all: Vec<Arc<str>> = self.entries.keys().cloned().collect();
            all.iter().for_each(|id| self.change(id, |entry| entry.confirm(entry.confirmed.clone())));
        }
        let told = self.assumed.remove(&doc.id).is_none();
        // Version 0 is that of servers that do not number.
        let version = doc.version;
        let newest = |held: u64| version > 0 && held >= version && !mutant!(older_version_wins);
        if !mutant!(tombstone_ignored) && self.tombstones.get(&doc.id).copied().is_some_and(newest) {
            return false;
        }
        let mut taken = true;
        self.change(&doc.id.clone(), |entry| {
            if told && entry.confirmed.as_ref().is_some_and(|held| newest(held.version)) {
                taken = false;
            } else {
                entry.confirm(Some(doc));
            }
        });
        taken
    }

    /// Takes the end of an event. `version` is that of its removal, if the server says; `moved` if it only left the
    /// channel and may be known from another. Returns false if something newer is known.
    pub fn remove(&mut self, id: &Arc<str>, version: Option<u64>, moved: bool) -> bool {
        let held = self.confirmed(id).map(|held| held.version);
        if let (Some(version), Some(held)) = (version, held)
            && (held > version || (moved && held == version))
            && !mutant!(older_end_wins)
        {
            return false;
        }
        if let Some(version) = version {
            // Moved events come again with this very version.
            self.bury(id, if moved { version.saturating_sub(1) } else { version });
        }
        self.change(id, |entry| entry.confirm(None));
        held.is_some()
    }

    /// Takes the whole content of what `within` selects: what is not in `docs` is gone. `renewed` if versions that were
    /// known do not compare with those in `docs`.
    pub fn replace(&mut self, docs: Vec<EventDoc>, renewed: bool, within: impl Fn(&EventDoc) -> bool) {
        let mut told = SortedMap::default();
        for doc in docs {
            told.insert(doc.id.clone(), doc);
        }
        if renewed {
            self.tombstones = SortedMap::default();
            self.tombstone_order.clear();
        }
        let gone: Vec<(Arc<str>, u64)> = self
            .all_confirmed()
            .filter(|doc| within(doc) && !told.contains_key(&doc.id))
            .map(|doc| (doc.id.clone(), doc.version))
            .collect();
        for (id, version) in gone {
            // Another channel that is still catching up must not bring back what is known to be over.
            if self.assumed.remove(&id).is_none() && !renewed {
                self.bury(&id, version);
            }
            self.change(&id, |entry| entry.confirm(None));
        }
        for (id, doc) in told.take() {
            self.tombstones.remove(&id);
            self.assumed.remove(&id);
            if self.confirmed(&id) != Some(&doc) {
                self.change(&id, |entry| entry.confirm(Some(doc)));
            }
        }
    }

    /// Forgets what is known of every event but those that `keeps` names. Nothing is buried: they may come again.
    pub fn forget(&mut self, keeps: impl Fn(&EventDoc) -> bool) {
        let gone: Vec<Arc<str>> =
            self.all_confirmed().filter(|doc| !keeps(doc)).map(|doc| doc.id.clone()).collect();
        for id in gone {
            self.change(&id, |entry| entry.confirm(None));
        }
    }

    /// Takes an event for confirmed if no server told of it and nothing newer was assumed: what was kept of it, or what a
    /// write was based on or met, after a reload.
    pub fn assume(&mut self, doc: EventDoc) {
        let held = self.confirmed(&doc.id).map(|held| held.version);
        let older = |held: u64| self.is_assumed(&doc.id) && held < doc.version;
        if held.is_none_or(older) && !self.tombstones.contains_key(&doc.id) {
            let id = doc.id.clone();
            self.assumed.insert(id.clone(), ());
            self.change(&id, |entry| entry.confirm(Some(doc)));
        }
    }

    /// Whether what is confirmed of the event `id` is what an earlier program or another tab knew, and no server told it here.
    pub fn is_assumed(&self, id: &str) -> bool {
        self.assumed.contains_key(id)
    }

    /// Takes an event for gone, and for what it last was, if no server told of it.
    pub fn assume_gone(&mut self, last: EventDoc) {
        let id = last.id.clone();
        if self.confirmed(&id).is_none() || self.is_assumed(&id) {
            self.assume(last);
            self.change(&id, |entry| entry.confirm(None));
        }
    }

    /// Events that are confirmed otherwise than when this was asked last, and whether those are all there are.
    pub fn take_unkept(&mut self) -> (Vec<Arc<str>>, bool) {
        let mut ids = std::mem::take(&mut self.unkept);
        let all = std::mem::take(&mut self.all_unkept);
        if all {
            ids = self.all_confirmed().map(|doc| doc.id.clone()).collect();
        }
        for id in &ids {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.is_kept = true;
            }
        }
        ids.sort_unstable();
        ids.dedup();
        (ids, all)
    }

    /// An event is not kept as it is confirmed.
    pub fn unkeep(&mut self, id: &Arc<str>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.is_kept = false;
        }
        if self.unkept.len() < UNKEPT_MAX {
            self.unkept.push(id.clone());
        } else {
            self.unkeep_all();
        }
    }

    /// No event is kept.
    pub fn unkeep_all(&mut self) {
        self.unkept = Vec::new();
        self.all_unkept = true;
    }

    /// Whether some pending creation or removal makes `id` exist or not otherwise than confirmed.
    pub fn has_pending(&self, id: &str, kind: WriteKind) -> bool {
        self.pending(id).iter().any(|pending| pending.kind == kind)
    }

    /// Whether there is something to tell.
    pub fn is_changed(&self) -> bool {
        !self.touched.is_empty()
    }

    /// What is shown differently since the last call. An event that is back to what it was is not among it.
    pub fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for id in std::mem::take(&mut self.touched) {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            let before = entry.before.take().flatten();
            let (text, empty) = (entry.shown().map(|doc| doc.text.clone()), entry.is_empty());
            if empty {
                self.drop_entry(&id);
            }
            match (before, text) {
                (None, Some(_)) => changes.created.push(id),
                (Some(_), None) => changes.deleted.push(id),
                (Some(before), Some(text)) if before != text => changes.updated.push(id),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        changes
    }

    fn change(&mut self, id: &Arc<str>, apply: impl FnOnce(&mut Entry)) {
        // One look-up: with ten thousand events they are most of what a change costs.
        let entry = self.entries.entry(id.clone()).or_insert_with(|| {
            Entry::new(self.free_slots.pop().unwrap_or_else(|| {
                self.slots += 1;
                self.slots - 1
            }))
        });
        let (before, was_kept) = (entry.shown().map(|doc| doc.text.clone()), entry.is_kept);
        apply(entry);
        self.folds += entry.take_folds();
        if was_kept && !entry.is_kept && !self.all_unkept {
            self.unkept.push(id.clone());
            self.all_unkept = self.unkept.len() > UNKEPT_MAX;
        }
        if before.as_ref() != entry.shown().map(|doc| &doc.text) {
            self.revision += 1;
            entry.revision = self.revision;
            if entry.before.is_none() {
                entry.before = Some(before);
                self.touched.push(id.clone());
            }
        }
        if entry.is_empty() {
            self.drop_entry(id);
        }
    }

    fn drop_entry(&mut self, id: &str) {
        self.free_slots.extend(self.entries.remove(id).map(|entry| entry.slot));
    }

    fn bury(&mut self, id: &Arc<str>, version: u64) {
        // The channels of a connection are told one after the other: an old end may come after a newer one.
        let known = self.tombstones.get(id).copied();
        if known.is_none() {
            self.tombstone_order.push_back(id.clone());
        }
        self.tombstones.insert(id.clone(), known.map_or(version, |known| known.max(version)));
        while self.tombstones.len() > TOMBSTONES_MAX {
            let Some(oldest) = self.tombstone_order.pop_front() else { break };
            self.tombstones.remove(&oldest);
        }
    }
}

fn shown(entry: &Entry) -> Option<Shown<'_>> {
    entry.shown().map(|doc| Shown { doc, revision: entry.revision, slot: entry.slot })
}

#[cfg(test)]
mod tests;
