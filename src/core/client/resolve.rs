//! What somebody decided about a conflict.

use std::sync::Arc;

use super::Client;
use super::conflict::{NOT_WRITTEN, difference, with_id};
use crate::core::conflict::{Conflict, Parked};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{Ticket, WriteId};
use crate::core::io::{Event, Outcome, Reply};
use crate::core::json::{Fields, is_null};
use crate::core::merge::{On, Strategy, saw};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, WriteKind, check_event};
use crate::core::offline::{Table, row_key};
use crate::core::time::Now;

impl Client {
    /// A deletion that waits for somebody is taken back by making the event again: then nothing is left to decide. What others
    /// did meanwhile stays. `None` if the write is none of that.
    pub(super) fn take_deletion_back(
        &mut self,
        now: Now,
        kind: WriteKind,
        event: &str,
        made: &Fields,
    ) -> Result<Option<Reply>, Fault> {
        let key = self.parked_on(event).filter(|_| kind == WriteKind::Create);
        let parked =
            key.and_then(|key| self.parked.get(&key)).filter(|held| held.write.kind == WriteKind::Delete);
        let (Some(parked), Some(there)) = (parked, self.store.confirmed(event)) else { return Ok(None) };
        let mut resolved = there.fields();
        // Where nobody knows any more what was deleted, the event is what it is made to be.
        let was = parked.conflict.base.clone().unwrap_or_else(|| there.fields());
        resolved.merge(&difference(&was, made).unwrap_or_default());
        let (id, resolved) = (parked.conflict.id.clone(), resolved.to_text());
        self.check_room(resolved.len())?;
        // In the trace it is what it comes to.
        self.trace.take_back();
        self.resolve(now, &id, &resolved).map(Some)
    }

    /// `resolveConflict()`: `resolved` is the event as it is to be, `null` for gone.
    pub(super) fn resolve(&mut self, now: Now, id: &str, resolved: &str) -> Result<Reply, Fault> {
        let unknown = || Fault::new(FaultCode::NotFound, format!("id: there is no conflict {id}"));
        let event = self.parked.get(id).map(|parked| parked.write.event.clone()).ok_or_else(unknown)?;
        let resolved = if is_null(resolved) { None } else { Some(self.read_resolved(&event, resolved)?) };
        let theirs = self.store.confirmed(&event).cloned();
        let there = theirs.as_ref().map(EventDoc::fields);
        let write = match (&resolved, &there) {
            (Some(resolved), Some(there)) => {
                difference(there, resolved).map(|body| (WriteKind::Update, with_id(&event, &body)))
            }
            (Some(resolved), None) => Some((WriteKind::Create, with_id(&event, resolved))),
            (None, Some(_)) => Some((WriteKind::Delete, with_id(&event, &Fields::new()))),
            (None, None) => None,
        };
        if let Some((_, body)) = &write {
            self.check_room(body.to_text().len())?;
        }
        let parked = self.parked.remove(id).ok_or_else(unknown)?;
        self.conflicts_revision += 1;
        self.trace.note(Step::Called, "resolveConflict", [0, 0, 0, u64::from(write.is_some())]);
        self.store.roll_back(&event, &parked.write.id);
        let (persisted, confirmed) = (self.ticket(), self.ticket());
        let mut waiting = parked.write.confirmed.clone();
        waiting.push(confirmed);
        let Parked { write: edit, conflict, .. } = parked;
        match write {
            Some((kind, body)) => {
                let seen = there.as_ref().map(|there| saw(kind, &body, there)).unwrap_or_default();
                let on = On { strategy: conflict.strategy, saw: Arc::from(seen.to_text()) };
                let body = self.stamped(now, kind, &event, &body).to_text();
                let again = Write {
                    base: theirs.map(|doc| doc.text),
                    on: Some(Arc::new(on)).filter(|on| on.strategy != Strategy::LastWriteWins),
                    confirmed: waiting,
                    made_at: now.mono,
                    ..Write::new(self.outbox.next_id(), kind, event.clone(), Arc::from(body), now.wall_ms)
                };
                // In one transaction: either it still waits for somebody, or it is in the queue.
                self.drop_row(Table::Conflicts, row_key(&edit.id));
                self.add(again, Some(persisted));
            }
            None => {
                let value = theirs.map(|doc| doc.text).or_else(|| edit.base.clone());
                let value = value.unwrap_or_else(|| edit.body.clone());
                for ticket in waiting {
                    self.settle(ticket, Outcome::Value(value.clone()));
                }
                self.forget_parked_row(&edit.id, persisted);
            }
        }
        self.tell_resolved(conflict, &edit);
        Ok(Reply::Write { event, persisted, confirmed })
    }

    /// Has the row of a conflict removed that nothing is left of.
    fn forget_parked_row(&mut self, id: &WriteId, persisted: Ticket) {
        self.drop_row(Table::Conflicts, row_key(id));
        if self.config.offline.is_some() {
            self.ops_for.push(persisted);
        } else {
            self.settle(persisted, Outcome::Done);
        }
    }

    fn read_resolved(&self, event: &str, text: &str) -> Result<Fields, Fault> {
        let mut resolved = super::writes::parse("resolved", text)?;
        if resolved.string("id").is_some_and(|id| id != event) {
            let got = resolved.get("id").unwrap_or_default().to_owned();
            return Err(Fault::argument(
                "resolved.id",
                &got,
                "the id of the event that the conflict is about",
            ));
        }
        check_event(&resolved).map_err(|fault| super::writes::invalid("resolved", &fault))?;
        for field in NOT_WRITTEN {
            resolved.remove(field);
        }
        Ok(resolved)
    }

    /// Tells that a conflict is resolved, and what the event is now: if it is gone, what it last was.
    pub(super) fn tell_resolved(&mut self, conflict: Arc<Conflict>, write: &Write) {
        let shown = self.store.shown(&write.event).map(|shown| shown.doc.text.clone());
        let text = shown.or_else(|| write.base.clone()).unwrap_or_else(|| write.body.clone());
        self.tell(Event::ConflictResolved(conflict, text));
    }
}
