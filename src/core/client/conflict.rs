//! A write that met another one: given up, merged and written again, or parked until somebody decides.

use std::sync::Arc;

use super::Client;
use crate::core::conflict::{Conflict, Merge, Parked};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{Ticket, WriteId};
use crate::core::io::{Event, Outcome, Row};
use crate::core::json::{Fields, is_null};
use crate::core::merge::{Merged, On, Strategy, saw};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, WriteKind};
use crate::core::offline::{Table, encode_parked, row_key};
use crate::core::store::Pending;
use crate::core::time::Now;

/// How often a write is merged and written again over a server that does not merge; then a person decides.
pub(super) const ROUNDS_MAX: u64 = 5;

/// Parked edits of earlier programs get names in our stream that no write of ours will have.
const ADOPTED_FROM: u64 = 1 << 52;

impl Client {
    /// Edits that wait for somebody to decide, by the conflict's id.
    pub fn conflicts(&self) -> impl Iterator<Item = &Arc<Conflict>> {
        self.parked.values().map(|parked| &parked.conflict)
    }

    /// Changes with every change of what waits for somebody to decide.
    pub fn conflicts_revision(&self) -> u64 {
        self.conflicts_revision
    }

    /// The server did not do a write because somebody else changed what it is about.
    pub(super) fn on_write_conflict(&mut self, now: Now, id: &WriteId, fault: Fault) {
        let Some(event) = self.outbox.get(id).map(|write| write.event.clone()) else { return };
        let details = fault.details.as_deref().and_then(|details| Fields::parse(details).ok());
        let details = details.unwrap_or_default();
        match details.get("event") {
            Some(there) if is_null(there) => {
                self.store.remove(&event, details.u53("version"), false);
            }
            Some(there) => {
                // What is no event tells nothing.
                if let Some(doc) = EventDoc::parse(there).ok().filter(|doc| doc.id == event) {
                    self.store.confirm(doc);
                }
            }
            None => {}
        }
        self.meet_conflict(now, id, fault);
    }

    /// A plain server tells that two changed one event.
    pub(super) fn on_conflict_detected(&mut self, now: Now, payload: &str) {
        let told = Fields::parse(payload).unwrap_or_default();
        let event = told.string("eventId").unwrap_or_default();
        let sent = |pending: &Pending| self.outbox.get(&pending.id).filter(|write| write.sent_at.is_some());
        let write = self.store.pending(&event).iter().find_map(sent).map(|write| write.id.clone());
        let Some(id) = write else {
            // About no write that is under way: the program is told what the server said.
            return self.tell(Event::Relayed("conflict:detected", payload.to_owned()));
        };
        let theirs = told.get("remoteVersion").and_then(|there| EventDoc::parse(there).ok());
        if let Some(doc) = theirs.filter(|doc| *doc.id == *event) {
            self.store.confirm(doc);
        }
        let fault = Fault::new(FaultCode::Conflict, "somebody else changed what this write is about");
        self.note_refused(&id, &fault);
        self.meet_conflict(now, &id, fault);
    }

    fn meet_conflict(&mut self, now: Now, id: &WriteId, fault: Fault) {
        let Some(write) = self.outbox.get(id) else { return };
        let strategy = write.on.as_ref().map_or(self.config.strategy, |on| on.strategy);
        match strategy {
            Strategy::FirstWriteWins => self.give_way(now, id, fault),
            Strategy::Manual => self.park(now, id),
            Strategy::LastWriteWins | Strategy::Merge | Strategy::OperationalTransform | Strategy::Crdt => {
                if write.rounds < ROUNDS_MAX {
                    self.write_merged(now, id);
                } else {
                    self.park(now, id);
                }
            }
        }
    }

    /// Takes a write out of the queue, whose place the server has decided.
    fn take_out(&mut self, id: &WriteId) -> Option<Write> {
        let write = self.outbox.remove(id)?;
        self.uploads.remove(&write.event, id);
        self.drop_row(Table::Outbox, row_key(id));
        self.progress.withdraw();
        Some(write)
    }

    /// Who came first stays.
    fn give_way(&mut self, now: Now, id: &WriteId, fault: Fault) {
        let Some(write) = self.take_out(id) else { return };
        let theirs = self.store.confirmed(&write.event).cloned();
        let conflict = Parked::new(row_key(id), write, theirs);
        let Parked { write, conflict, .. } = conflict;
        self.store.roll_back(&write.event, id);
        self.metrics.writes_refused += 1;
        for ticket in &write.confirmed {
            self.settle(*ticket, Outcome::Refused(fault.clone()));
        }
        self.tell(Event::ConflictDetected(conflict.clone()));
        self.tell_resolved(conflict, &write);
        self.on_write_decided(now);
    }

    /// Somebody has to decide: the edit stays in the view and leaves the queue.
    pub(super) fn park(&mut self, now: Now, id: &WriteId) {
        let Some(write) = self.take_out(id) else { return };
        if let Some(parked) = self.parked.get_mut(&row_key(id)) {
            // Another tab was told the same of it, and what that tab parked is here already.
            parked.write.confirmed.extend(write.confirmed);
            self.store.roll_back(&write.event, id);
            return self.on_write_decided(now);
        }
        let body = Fields::parse(&write.body).unwrap_or_default();
        let on = write.on.clone();
        let key = self.parked_on(&write.event);
        let folded = key.clone().filter(|key| {
            self.parked.get_mut(key).is_some_and(|parked| parked.fold(write.kind, &body, on.as_ref()))
        });
        let key = match folded {
            Some(key) => {
                self.store.roll_back(&write.event, id);
                if let Some(parked) = self.parked.get_mut(&key) {
                    parked.write.confirmed.extend(write.confirmed);
                }
                self.show_parked(&key);
                key
            }
            None => {
                let theirs = self.store.confirmed(&write.event).cloned();
                let key = row_key(id);
                let parked = Parked::new(key.clone(), write, theirs);
                self.parked.insert(key.clone(), parked);
                self.show_parked(&key);
                key
            }
        };
        self.keep_parked(&key, None);
        self.tell_parked(&key);
        self.on_write_decided(now);
    }

    pub(super) fn parked_on(&self, event: &str) -> Option<String> {
        self.parked.iter().find(|(_, parked)| *parked.write.event == *event).map(|(key, _)| key.clone())
    }

    /// An edit of an event of which one is parked. It is stored and not sent. `None` if it is one of its own.
    pub(super) fn fold_into_parked(
        &mut self,
        kind: WriteKind,
        event: &Arc<str>,
        (body, on): (&Fields, Option<&Arc<On>>),
        (persisted, confirmed): (Ticket, Ticket),
    ) -> bool {
        let Some(key) = self.parked_on(event) else { return false };
        let Some(parked) = self.parked.get_mut(&key) else { return false };
        if !parked.fold(kind, body, on) {
            return false;
        }
        parked.write.confirmed.push(confirmed);
        self.trace.note(Step::Folded, "", [0; 4]);
        self.show_parked(&key);
        self.keep_parked(&key, Some(persisted));
        self.conflicts_revision += 1;
        true
    }

    /// Has the view show a parked edit as it is now. It shows on top whatever it meets.
    fn show_parked(&mut self, key: &str) {
        let Some(parked) = self.parked.get(key) else { return };
        let Write { id, kind, event, body, at_ms, .. } = parked.write.clone();
        let on = Some(Arc::new(On { strategy: Strategy::Manual, saw: parked.made_on().saw.clone() }));
        // A creation of what is back shows on top of it.
        let is_back = kind == WriteKind::Create && self.store.confirmed(&event).is_some();
        let kind = if is_back { WriteKind::Update } else { kind };
        let shown = Pending { id, kind, body, on, at_ms };
        if self.store.pending(&event).iter().any(|pending| pending.id == shown.id) {
            self.store.replace_pending(&event, shown);
        } else {
            self.store.push(&event, shown);
        }
    }

    fn keep_parked(&mut self, key: &str, persisted: Option<Ticket>) {
        if let Some(parked) = self.parked.get(key).filter(|_| !mutant!(parked_in_memory)) {
            let (key, value) = (row_key(&parked.write.id), encode_parked(parked));
            self.keep(Row { table: Table::Conflicts, key, value }, persisted);
        }
    }

    fn tell_parked(&mut self, key: &str) {
        self.conflicts_revision += 1;
        if let Some(parked) = self.parked.get(key) {
            self.tell(Event::ConflictDetected(parked.conflict.clone()));
        }
    }

    /// Looks whether what parked edits met is something else by now.
    pub(super) fn look_at_parked(&mut self) {
        if self.parked.is_empty() {
            return;
        }
        let mut news = Vec::new();
        for (key, parked) in self.parked.iter_mut() {
            if parked.meet(self.store.confirmed(&parked.write.event)) {
                news.push(key.clone());
            }
        }
        for key in news {
            self.trace.note(Step::Contested, "", [0; 4]);
            self.show_parked(&key);
            self.keep_parked(&key, None);
            self.tell_parked(&key);
        }
    }

    /// Takes a parked edit of an earlier program. From now on it is ours: no further program takes it while this one lives.
    pub(super) fn adopt_parked(&mut self, row: String, mut parked: Parked) {
        if mutant!(parked_forgotten) {
            return;
        }
        let seq = ADOPTED_FROM + self.parked_taken;
        let ours = WriteId { client: self.outbox.own().clone(), seq };
        if let Some(held) = self.parked.get(&parked.conflict.id) {
            // Two tabs took it from a third, and perhaps more was folded into it since.
            if (held.write.kind, &held.write.body) == (parked.write.kind, &parked.write.body) {
                return self.drop_row(Table::Conflicts, row);
            }
            // Its row may have the name of the one that is held, too.
            parked = Parked::new(row_key(&ours), parked.write, parked.theirs);
        }
        self.parked_taken += 1;
        parked.write.id = ours;
        self.drop_row(Table::Conflicts, row);
        let key = parked.conflict.id.clone();
        let Parked { write, theirs, .. } = &parked;
        // A channel that was read knows whether the event is gone; what was only kept of it may be older than what was met.
        let covered = |doc: &EventDoc| {
            self.channels.covers(doc)
                && self.store.confirmed(&doc.id).is_none_or(|held| held.version >= doc.version)
        };
        let base = write.base.as_deref().and_then(|base| EventDoc::parse(base).ok());
        let (theirs, base) = (theirs.clone().filter(|doc| !covered(doc)), base.filter(|doc| !covered(doc)));
        let gone = parked.theirs.is_none();
        self.trace.note(Step::Unresolved, "", [0; 4]);
        self.parked.insert(key.clone(), parked);
        self.show_parked(&key);
        match (theirs, base) {
            (Some(theirs), _) => self.store.assume(theirs),
            (None, Some(base)) if gone => self.store.assume_gone(base),
            (None, _) => {}
        }
        self.keep_parked(&key, None);
        self.tell_parked(&key);
    }

    /// Merges a write with what it met, and writes what is left of it on top of that.
    fn write_merged(&mut self, now: Now, id: &WriteId) {
        let Some(write) = self.take_out(id) else { return };
        let event = write.event.clone();
        let theirs = self.store.confirmed(&event).cloned();
        let there = theirs.as_ref().map(EventDoc::fields);
        let parked = Parked::new(row_key(id), write, theirs.clone());
        let body = Fields::parse(&parked.write.body).unwrap_or_default();
        let (kind, on) = (parked.write.kind, parked.made_on());
        let last = parked.conflict.base.clone();
        let merged = on
            .meet(kind, &body, now.wall_ms, there.as_ref(), last.as_ref())
            .unwrap_or_else(|_| Merged { event: there.clone(), ..Merged::default() });
        let again = match (&merged.event, &there) {
            (Some(event), Some(there)) => difference(there, event).map(|body| (WriteKind::Update, body)),
            (Some(event), None) => Some((WriteKind::Create, event.clone())),
            (None, Some(_)) => Some((WriteKind::Delete, Fields::new())),
            (None, None) => None,
        };
        self.store.roll_back(&event, id);
        let waiting = parked.write.confirmed.clone();
        match again {
            Some((kind, body)) => {
                let mut body = with_id(&event, &body);
                if let (WriteKind::Update, Some(doc)) = (kind, &theirs) {
                    body.set("version", &doc.version.to_string());
                }
                let seen = there.as_ref().map(|there| saw(kind, &body, there)).unwrap_or_default();
                let on = On { strategy: on.strategy, saw: Arc::from(seen.to_text()) };
                let again = Write {
                    base: theirs.as_ref().map(|doc| doc.text.clone()),
                    on: Some(Arc::new(on)).filter(|on| on.strategy != Strategy::LastWriteWins),
                    confirmed: waiting,
                    rounds: parked.write.rounds + 1,
                    made_at: now.mono,
                    ..Write::new(
                        self.outbox.next_id(),
                        kind,
                        event,
                        Arc::from(body.to_text()),
                        parked.write.at_ms,
                    )
                };
                self.trace.note(Step::Rewritten, "", [0; 4]);
                self.add(again, None);
            }
            None => {
                let value = theirs.as_ref().map(|doc| doc.text.clone()).or_else(|| parked.write.base.clone());
                let value = value.unwrap_or_else(|| parked.write.body.clone());
                for ticket in waiting {
                    self.settle(ticket, Outcome::Value(value.clone()));
                }
            }
        }
        if let Some(merge) = Merge::of(&merged, there) {
            let conflict = Arc::new(Conflict::clone(&parked.conflict).decided(merge));
            self.tell(Event::ConflictDetected(conflict.clone()));
            self.tell_resolved(conflict, &parked.write);
        }
        self.on_write_decided(now);
    }

    /// What an acknowledgement says of a write that was merged, to be told once the write is decided.
    pub(super) fn conflict_of(&self, id: &WriteId, merged: Option<&str>) -> Option<(Arc<Conflict>, Write)> {
        let merge = Merge::read(merged?)?;
        let write = self.outbox.get(id)?.clone();
        let theirs = self.store.confirmed(&write.event).cloned();
        let parked = Parked::new(row_key(id), write, theirs);
        Some((Arc::new(Conflict::clone(&parked.conflict).decided(merge)), parked.write))
    }

    /// Tells of a write that was merged.
    pub(super) fn tell_merged(&mut self, told: Option<(Arc<Conflict>, Write)>) {
        if let Some((conflict, write)) = told.filter(|_| !mutant!(dropped_unsaid)) {
            self.tell(Event::ConflictDetected(conflict.clone()));
            self.tell_resolved(conflict, &write);
        }
    }
}

/// What the server or the strategy sets, and nobody resolves.
pub(super) const NOT_WRITTEN: [&str; 4] = ["id", "version", "updatedAt", crate::core::merge::crdt::STAMPS];

/// The changes that make `to` of `from`, if there are any.
pub(super) fn difference(from: &Fields, to: &Fields) -> Option<Fields> {
    let mut changes = Fields::new();
    for (field, raw) in
        to.iter().filter(|(field, _)| !NOT_WRITTEN.contains(field) || *field == NOT_WRITTEN[3])
    {
        if from.get(field) != Some(raw) {
            changes.set(field, raw);
        }
    }
    for (field, raw) in from.iter().filter(|(field, _)| !NOT_WRITTEN.contains(field)) {
        if to.get(field).is_none() && !is_null(raw) {
            changes.set(field, "null");
        }
    }
    (!changes.is_empty()).then_some(changes)
}

pub(super) fn with_id(event: &str, body: &Fields) -> Fields {
    let mut whole = Fields::new();
    whole.set_string("id", event);
    for (field, raw) in body.iter().filter(|(field, _)| *field != "id") {
        whole.set(field, raw);
    }
    whole
}
