//! A write, from the call to the server's word.

use std::borrow::Cow;
use std::sync::Arc;

use super::Client;
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{Ticket, WriteId};
use crate::core::io::{Effect, Outcome, Reply, Row, StorageOp};
use crate::core::json::{Fields, JsonError};
use crate::core::merge::{On, Strategy, crdt, saw};
use crate::core::model::{EventDoc, InvalidEvent, WriteKind, apply_changes, check_changes, check_event};
use crate::core::offline::{Table, encode_write, row_key};
use crate::core::store::Acknowledged;
use crate::core::time::{Now, Timestamp};

/// First wait after a retryable refusal that names none, ms; it doubles with every further one.
const RETRY_MS: u64 = 1_000;
/// Longest such wait, ms.
pub(super) const RETRY_MS_MAX: u64 = 60_000;
/// Longest wait that a server can ask for, ms.
pub(super) const RETRY_AFTER_MS_MAX: u64 = 3_600_000;
/// Largest payload of a write, bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;

impl Client {
    pub(super) fn create(&mut self, now: Now, data: &str) -> Result<Reply, Fault> {
        let mut body = parse("event", data)?;
        if body.is_absent("id") {
            let id = self.rng.uuid_v7(now.wall_ms);
            body.remove("id");
            let mut with_id = Fields::new();
            with_id.set_string("id", &id);
            with_id.merge(&body);
            body = with_id;
        }
        for field in ["version", "updatedAt", crdt::STAMPS] {
            body.remove(field);
        }
        if let (true, Some(project)) = (body.is_absent("projectId"), &self.config.project) {
            body.set_string("projectId", project);
        }
        check_event(&body).map_err(|fault| invalid("event", &fault))?;
        let id = body.string("id").unwrap_or_default();
        if self.store.shown(&id).is_some() {
            let text = format!("event.id: there is an event {id} already");
            return Err(Fault::new(FaultCode::AlreadyExists, text));
        }
        self.write(now, WriteKind::Create, Arc::from(id), &body, None)
    }

    pub(super) fn update(&mut self, now: Now, id: &str, changes: &str) -> Result<Reply, Fault> {
        let mut changes = parse("changes", changes)?;
        for field in ["id", "version", "updatedAt", crdt::STAMPS] {
            changes.remove(field);
        }
        if changes.is_empty() {
            return Err(Fault::argument(
                "changes",
                "no field",
                "at least one field other than id, version, updatedAt",
            ));
        }
        check_changes(&changes).map_err(|fault| invalid("changes", &fault))?;
        let doc = self.existing(id)?;
        let mut after = doc.fields();
        apply_changes(&mut after, &changes);
        if !(changes.is_absent("startDate") && changes.is_absent("endDate") && changes.is_absent("title")) {
            check_event(&after).map_err(|fault| invalid("changes", &fault))?;
        }
        let mut body = Fields::new();
        body.set_string("id", id);
        body.merge(&changes);
        let version = self.store.confirmed(id).map_or(0, |doc| doc.version);
        body.set("version", &version.to_string());
        self.write(now, WriteKind::Update, Arc::from(id), &body, self.base_of(id))
    }

    pub(super) fn delete(&mut self, now: Now, id: &str) -> Result<Reply, Fault> {
        self.existing(id)?;
        let mut body = Fields::new();
        body.set_string("id", id);
        self.write(now, WriteKind::Delete, Arc::from(id), &body, self.base_of(id))
    }

    fn existing(&self, id: &str) -> Result<EventDoc, Fault> {
        let shown = self.store.shown(id).map(|shown| shown.doc.clone());
        shown.ok_or_else(|| Fault::new(FaultCode::NotFound, format!("id: there is no event {id}")))
    }

    fn write(
        &mut self,
        now: Now,
        kind: WriteKind,
        event: Arc<str>,
        body: &Fields,
        base: Option<Arc<str>>,
    ) -> Result<Reply, Fault> {
        if let Some(reply) = self.take_deletion_back(now, kind, &event, body)? {
            return Ok(reply);
        }
        let on = self.made_on(kind, &event, body);
        let body = self.stamped(now, kind, &event, body);
        let text = body.to_text();
        self.check_room(text.len())?;
        let (persisted, confirmed) = (self.ticket(), self.ticket());
        if self.fold_into_parked(kind, &event, (&body, on.as_ref()), (persisted, confirmed))
            || self.squash(now, kind, &event, (&body, on.as_ref()), (persisted, confirmed))
        {
            return Ok(Reply::Write { event, persisted, confirmed });
        }
        let id = self.outbox.next_id();
        let write = Write {
            base,
            on,
            confirmed: vec![confirmed],
            made_at: now.mono,
            ..Write::new(id, kind, event.clone(), Arc::from(text), now.wall_ms)
        };
        self.add(write, Some(persisted));
        self.keep_now(now);
        Ok(Reply::Write { event, persisted, confirmed })
    }

    /// Whether there is room for a write with a payload of so many bytes.
    pub(super) fn check_room(&self, bytes: usize) -> Result<(), Fault> {
        if bytes > BODY_BYTES_MAX {
            let most = format!("at most {BODY_BYTES_MAX} bytes as JSON");
            let fault = Fault::argument("event", &format!("{} bytes", bytes), &most);
            return Err(Fault { code: FaultCode::TooLarge, ..fault });
        }
        if self.outbox.is_full(bytes) {
            let waiting = self.outbox.len();
            let what = format!("{waiting} writes wait for the server already; this one was not taken");
            return Err(Fault::new(FaultCode::QueueFull, what));
        }
        Ok(())
    }

    /// What a write is made on: what the user sees of what it is about.
    fn made_on(&self, kind: WriteKind, event: &str, body: &Fields) -> Option<Arc<On>> {
        let strategy = self.config.strategy;
        let shown = self.store.shown(event).filter(|_| strategy != Strategy::LastWriteWins)?;
        let seen = saw(kind, body, &shown.doc.fields());
        Some(Arc::new(On { strategy, saw: Arc::from(seen.to_text()) }))
    }

    /// The body with the stamps that order it where no server does, if that is the strategy.
    pub(super) fn stamped<'a>(
        &mut self,
        now: Now,
        kind: WriteKind,
        event: &str,
        body: &'a Fields,
    ) -> Cow<'a, Fields> {
        let crdt = self.config.strategy == Strategy::Crdt;
        if !crdt || !matches!(kind, WriteKind::Create | WriteKind::Update) {
            return Cow::Borrowed(body);
        }
        let seen = self.store.shown(event).map(|shown| shown.doc.fields()).unwrap_or_default();
        Cow::Owned(crdt::stamp(body, &seen, &mut self.clock, now.wall_ms))
    }

    /// Takes a write of ours into the queue.
    pub(super) fn add(&mut self, write: Write, persisted: Option<Ticket>) {
        self.progress.begin();
        self.sync_revision += 1;
        self.show(&write);
        self.keep(row_of(&write), persisted);
        if !self.writes_use_the_socket() && !write.unstored {
            self.uploads.add(&write.event, write.id.clone());
        }
        self.outbox.push(write);
    }

    /// Has a row stored, and tells who waits for that.
    pub(super) fn keep(&mut self, row: Row, persisted: Option<Ticket>) {
        self.mirror_kept(&row);
        if self.config.offline.is_some() {
            let same = |op: &StorageOp| matches!(op, StorageOp::Put(put) if (put.table, &put.key) == (row.table, &row.key));
            // An event that is being dragged is one row.
            if self.ops.last().is_some_and(same) {
                self.ops.pop();
            }
            self.ops.push(StorageOp::Put(row));
            self.ops_for.extend(persisted);
            let offline = !self.is_connected() && !self.storage.is_memory();
            if offline && !std::mem::replace(&mut self.persisting, true) {
                self.effect(Effect::Persist);
            }
        } else if let Some(ticket) = persisted {
            let text = "offline is switched off: nothing is stored";
            self.settle(ticket, Outcome::Refused(Fault::new(FaultCode::NotStored, text)));
        }
    }

    pub(super) fn drop_row(&mut self, table: Table, key: String) {
        self.mirror_dropped(table, &key);
        if self.config.offline.is_some() {
            self.ops.push(StorageOp::Delete(table, key));
        }
    }

    /// The server did a write.
    pub(super) fn on_write_acknowledged(&mut self, now: Now, id: &WriteId, outcome: Acknowledged) {
        let Some(write) = self.outbox.remove(id) else { return };
        self.uploads.remove(&write.event, id);
        self.note_decision(now, &write);
        self.mirror_done(id, &outcome);
        self.store.acknowledge(&write.event, id, outcome);
        self.drop_row(Table::Outbox, row_key(id));
        if write.kind != WriteKind::Skip {
            self.progress.complete();
        }
        self.last_synced_ms = Some(now.wall_ms);
        self.metrics.writes_acknowledged += 1;
        let stored = self.store.confirmed(&write.event).map(|doc| doc.text.clone());
        // A removed event has no more than its last known state to confirm.
        let value = stored.or(write.base).unwrap_or(write.body);
        for ticket in write.confirmed {
            self.settle(ticket, Outcome::Value(value.clone()));
        }
        self.on_write_decided(now);
    }

    /// The server did not do a write.
    pub(super) fn on_write_refused(&mut self, now: Now, id: &WriteId, fault: Fault) {
        self.note_refused(id, &fault);
        let Some(write) = self.outbox.get_mut(id) else { return };
        if fault.code == FaultCode::SequenceGap {
            let details = fault.details.as_deref().and_then(|details| Fields::parse(details).ok());
            let expected = details.and_then(|details| details.u53("expected")).unwrap_or(0);
            self.on_gap(now, WriteId { client: id.client.clone(), seq: expected });
        } else if fault.code.is_about_signing_in() {
            // Signing in decides, not the write: it is held, and no attempt is counted.
            self.outbox.resume_from(id, now.mono);
            self.session.handle_sign_in_refused(now.mono);
        } else if fault.retryable && write.attempts < self.config.offline_retries() {
            let nth = write.attempts;
            let wait = match fault.retry_after_ms {
                Some(asked) => self.wait_as_asked(asked),
                None => self.spread_wait(RETRY_MS, nth),
            };
            self.outbox.resume_from(id, now.mono.after(wait));
            self.note_failure(now, id, &fault, true);
        } else if fault.code == FaultCode::Conflict && write.kind != WriteKind::Skip {
            self.on_write_conflict(now, id, fault);
        } else {
            let fault = self.as_dependent(id, fault);
            self.on_write_dead(now, id, fault);
        }
    }

    /// Something before a write never arrived, in the server's eyes: sending goes on from there. If we have it no more,
    /// a new connection tells the server how far its answers came.
    fn on_gap(&mut self, now: Now, expected: WriteId) {
        self.metrics.sequence_gaps += 1;
        if self.outbox.get(&expected).is_some() {
            self.outbox.resume_from(&expected, now.mono);
        } else {
            self.session.abandon(now.mono, "a write is missing");
        }
        self.soon(now);
    }

    pub(super) fn on_write_decided(&mut self, now: Now) {
        self.sync_revision += 1;
        self.settle_flushing();
        self.soon(now);
    }

    /// The write whose message had the id `id`.
    pub(super) fn write_of(&self, id: &str) -> Option<WriteId> {
        let (client, seq) = id.rsplit_once(':')?;
        let client = crate::core::id::ClientId(Arc::from(client));
        let id = WriteId { client, seq: seq.parse().ok()? };
        self.outbox.get(&id).map(|write| write.id.clone())
    }

    /// A write that a plain server's echo shows to be done, although no acknowledgement came yet.
    pub(super) fn observed(&self, event: &str, text: Option<&str>) -> Option<WriteId> {
        let first = self.store.pending(event).first()?;
        let sent =
            self.outbox.get(&first.id).is_some_and(|write| write.sent_at.is_some_and(|at| at > Timestamp(0)));
        let told = || Fields::parse(text.unwrap_or_default()).unwrap_or_default();
        let meant = || Fields::parse(&first.body).unwrap_or_default();
        let same = |field: &str, raw: &str| field == "version" || told().get(field) == Some(raw);
        let done = match first.kind {
            WriteKind::Create => text.is_some(),
            WriteKind::Update => text.is_some() && meant().iter().all(|(field, raw)| same(field, raw)),
            WriteKind::Delete => text.is_none(),
            WriteKind::Skip => false,
        };
        (sent && done).then(|| first.id.clone())
    }

    /// Whether edits are being kept in a database that is open.
    pub fn storage_is_open(&self) -> bool {
        self.storage.is_open()
    }
}

/// The row that keeps a write.
pub(super) fn row_of(write: &Write) -> Row {
    Row { table: Table::Outbox, key: row_key(&write.id), value: encode_write(write) }
}

pub(super) fn parse(field: &str, text: &str) -> Result<Fields, Fault> {
    Fields::parse(text).map_err(|JsonError { expected, .. }| {
        Fault::argument(field, "something else", &format!("an object ({expected})"))
    })
}

pub(super) fn invalid(field: &str, fault: &InvalidEvent) -> Fault {
    Fault::argument(&format!("{field}.{}", fault.field), &fault.got, fault.expected)
}

/// What the payload of an acknowledgement says about the event.
pub(super) fn read_outcome(payload: &str) -> Acknowledged {
    let Ok(fields) = Fields::parse(payload) else { return Acknowledged::Unsaid };
    if fields.get("deleted") == Some("true") {
        return Acknowledged::Removed(fields.u53("version"));
    }
    // An event has a title or a start; a receipt has not.
    let event = !fields.is_absent("startDate") || !fields.is_absent("title");
    match EventDoc::parse(payload) {
        Ok(doc) if event => Acknowledged::Event(doc),
        _ => Acknowledged::Unsaid,
    }
}
