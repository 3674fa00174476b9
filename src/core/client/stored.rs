//! What storage is told and what it answers.

use super::{Batch, Client, Failed};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{BatchId, ClientId, Ticket};
use crate::core::io::{Durability, Effect, Event, Outcome, Row, StorageEvent, StorageOp};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, WriteKind};
use crate::core::offline::{
    POLLING_KEY, Table, Trouble, Verdict, decode_dead, decode_owner, decode_parked, decode_polling,
    decode_write, encode_dead, encode_parked, encode_polling, encode_write, row_key,
};
use crate::core::store::Pending;
use crate::core::time::Now;

impl Client {
    pub(super) fn handle_storage(&mut self, now: Now, event: StorageEvent) {
        match event {
            StorageEvent::Loaded(rows) => {
                let owner = rows.iter().find_map(|row| decode_owner(&row.key, &row.value));
                self.owner_is_stored = owner.is_some();
                if owner.is_some_and(|owner| !self.on_owner(owner)) {
                    self.storage.end();
                    self.on_stranger(now);
                    return self.refuse_stored(&Trouble::Absent.fault("the database is another user's"));
                }
                let comes_back = self.storage.is_memory();
                let first = self.storage.handle_loaded();
                if comes_back {
                    self.owe_everything();
                    self.unkeep_everything(now);
                }
                self.owed_now = true;
                if first {
                    let (kept, rows) = rows.into_iter().partition(|row: &Row| row.table == Table::Events);
                    // First: of a channel that goes on from there, what a write was based on is of another moment.
                    self.on_kept(kept);
                    self.on_rows(now, rows);
                } else {
                    self.look_for_damage(&rows);
                }
            }
            StorageEvent::Lost => {
                self.on_storage_lost();
                self.unkeep_everything(now);
            }
            StorageEvent::Keeper => self.on_keeper(now),
            StorageEvent::Left | StorageEvent::Wiped => self.on_logged_out(now),
            StorageEvent::NotWiped(pending, reason) => self.on_not_wiped(pending, &reason),
            StorageEvent::Unavailable(trouble, reason) => {
                if self.storage.handle_unavailable(now.mono, trouble) {
                    self.tell(Event::StorageDegraded(reason.clone()));
                }
                if self.storage.is_memory() {
                    self.refuse_stored(&trouble.fault(&reason));
                }
            }
            StorageEvent::Committed(batch) => {
                let Batch { tickets, keys, .. } = self.batches.remove(&batch).unwrap_or_default();
                // That the caches could be emptied does not say that there is room now.
                if !keys.is_empty() {
                    self.storage.handle_committed();
                }
                for ticket in tickets {
                    self.settle(ticket, Outcome::Done);
                }
                self.let_go(|key| keys.iter().any(|(table, held)| *table == Table::Outbox && held == key));
            }
            StorageEvent::Aborted(batch, trouble, reason) => {
                self.on_batch_aborted(now, batch, trouble, &reason);
            }
        }
        self.settle_flushing();
        self.sync_revision += 1;
        self.soon(now);
    }

    /// A batch was not stored. What it held is still here, and is stored as it is by then.
    fn on_batch_aborted(&mut self, now: Now, batch: BatchId, trouble: Trouble, reason: &str) {
        self.owner_is_stored = false;
        let spare = self.batches.get(&batch).is_some_and(|batch| batch.is_spare);
        if spare && matches!(trouble, Trouble::Quota | Trouble::Data | Trouble::Aborted) {
            // Nobody misses it, and the queue may still fit.
            let keys = self.batches.remove(&batch).map(|batch| batch.keys).unwrap_or_default();
            return self.on_events_not_kept(now, keys, trouble == Trouble::Quota);
        }
        let (verdict, tell) = self.storage.handle_aborted(now.mono, trouble);
        if tell {
            self.tell(Event::StorageDegraded(reason.to_owned()));
        }
        let Some(Batch { mut tickets, keys, .. }) = self.batches.remove(&batch) else { return };
        if spare {
            return self.on_events_not_kept(now, keys, false);
        }
        if mutant!(quota_is_success) && trouble == Trouble::Quota {
            return tickets.into_iter().for_each(|ticket| self.settle(ticket, Outcome::Done));
        }
        match verdict {
            Verdict::Later | Verdict::MakeRoom => {
                self.owe(keys);
                tickets.append(&mut self.ops_for);
                self.ops_for = tickets;
                self.owed_now = true;
                if verdict == Verdict::MakeRoom {
                    self.on_caches_emptied();
                    let clear = Table::CACHES.map(StorageOp::Clear).into();
                    self.commit(clear, Batch::default(), Durability::Relaxed);
                }
            }
            Verdict::Refused | Verdict::Hopeless => {
                if verdict == Verdict::Refused {
                    self.owe(keys);
                }
                let fault = trouble.fault(reason);
                for ticket in tickets {
                    self.settle(ticket, Outcome::Refused(fault.clone()));
                }
                self.let_go(|_| true);
                if self.storage.is_memory() {
                    self.refuse_stored(&fault);
                }
            }
        }
    }

    /// Tells who waits for storage that there is none now. What they wait for is stored when it comes back.
    fn refuse_stored(&mut self, fault: &Fault) {
        self.let_go(|_| true);
        for ticket in std::mem::take(&mut self.ops_for) {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
    }

    /// After the end: who waited for a batch learns how it went.
    pub(super) fn settle_batch(&mut self, event: &StorageEvent) {
        let (batch, outcome) = match event {
            StorageEvent::Committed(batch) => (batch, Outcome::Done),
            StorageEvent::Aborted(batch, trouble, reason) => (batch, Outcome::Refused(trouble.fault(reason))),
            StorageEvent::Wiped => return self.settle_wiped(Outcome::Done),
            StorageEvent::NotWiped(_, reason) => {
                let fault = Fault::new(FaultCode::StorageUnavailable, reason.clone());
                return self.settle_wiped(Outcome::Refused(fault));
            }
            StorageEvent::Loaded(_)
            | StorageEvent::Lost
            | StorageEvent::Keeper
            | StorageEvent::Left
            | StorageEvent::Unavailable(..) => return,
        };
        for ticket in self.batches.remove(batch).map(|batch| batch.tickets).unwrap_or_default() {
            self.settle(ticket, outcome.clone());
        }
    }

    /// What was stored is gone. What this program knows of is stored again; what others left before it read, is not there.
    fn on_storage_lost(&mut self) {
        self.trace.note(Step::Lost, "", [0; 4]);
        self.owe_everything();
        let text =
            "the database was deleted, by the browser or by somebody; what this page knows is stored again";
        let details = format!("{{\"pending\":{}}}", self.outbox.len());
        self.error(Fault::new(FaultCode::StorageLost, text).with_details(details));
    }

    fn owe(&mut self, keys: Vec<(Table, String)>) {
        for key in keys {
            self.owed.insert(key, ());
        }
    }

    /// Everything that is kept in memory is to be stored anew.
    fn owe_everything(&mut self) {
        for write in self.outbox.iter() {
            self.owed.insert((Table::Outbox, row_key(&write.id)), ());
        }
        for (key, _) in self.failed.iter() {
            self.owed.insert((Table::Dead, key.clone()), ());
        }
        for parked in self.parked.values() {
            self.owed.insert((Table::Conflicts, row_key(&parked.write.id)), ());
        }
    }

    /// The rows that are owed, as they are now.
    fn owed_ops(&mut self) -> Vec<StorageOp> {
        // Almost always there are none, and looking for them goes through the whole queue.
        if self.owed.is_empty() {
            return Vec::new();
        }
        let mut owed = std::mem::take(&mut self.owed);
        let mut ops = Vec::with_capacity(owed.len());
        for write in self.outbox.iter() {
            let key = (Table::Outbox, row_key(&write.id));
            if owed.remove(&key).is_some() {
                ops.push(StorageOp::Put(Row { table: key.0, key: key.1, value: encode_write(write) }));
            }
        }
        for (key, Failed { write, fault }) in self.failed.iter() {
            let key = (Table::Dead, key.clone());
            if owed.remove(&key).is_some() {
                ops.push(StorageOp::Put(Row { table: key.0, key: key.1, value: encode_dead(write, fault) }));
            }
        }
        for parked in self.parked.values() {
            let key = (Table::Conflicts, row_key(&parked.write.id));
            if owed.remove(&key).is_some() {
                ops.push(StorageOp::Put(Row { table: key.0, key: key.1, value: encode_parked(parked) }));
            }
        }
        ops.extend(owed.take().map(|((table, key), ())| StorageOp::Delete(table, key)));
        ops
    }

    /// Takes what earlier programs stored: their writes, shown at once and sent before ours.
    pub(super) fn on_rows(&mut self, now: Now, rows: Vec<Row>) {
        let mut streams: Vec<(ClientId, Vec<Write>)> = Vec::new();
        let mut parked = Vec::new();
        for row in rows {
            let read = match row.table {
                Table::Outbox => decode_write(&row.key, &row.value).map(|write| {
                    // Of a stream that was read before, memory knows more.
                    let known = self.outbox.has_stream(&write.id.client) || self.outbox.is_decided(&write.id);
                    if !known && !self.owed.contains_key(&(Table::Outbox, row.key.clone())) {
                        add_to_stream(&mut streams, write);
                    }
                }),
                Table::Dead => decode_dead(&row.key, &row.value).map(|(write, fault)| {
                    let known = self.failed.contains_key(&row.key);
                    if !known && !self.owed.contains_key(&(Table::Dead, row.key.clone())) {
                        self.failed.insert(row.key.clone(), Failed { write, fault });
                    }
                }),
                Table::Meta => {
                    if let Some(until_ms) = decode_polling(&row.key, &row.value) {
                        let left_ms = until_ms.saturating_sub(now.wall_ms);
                        self.trace.note(Step::Remembered, "", [left_ms, 0, 0, 0]);
                        self.session.recall(now.mono, until_ms);
                    }
                    Ok(())
                }
                Table::Conflicts => decode_parked(&row.key, &row.value).map(|found| {
                    let known = self.parked.contains_key(&found.conflict.id);
                    if !known && !self.owed.contains_key(&(Table::Conflicts, row.key.clone())) {
                        parked.push((row.key.clone(), found));
                    }
                }),
                Table::Events | Table::Cache => Ok(()),
            };
            if let Err((_, what)) = read {
                self.complain(row.table, &what);
            }
        }
        // They come below what was written while they were being read.
        let ours = |write: &&Write| write.id.client == *self.outbox.own();
        let own: Vec<Write> = self.outbox.iter().filter(ours).cloned().collect();
        for write in own.iter().filter(|_| !mutant!(left_behind_on_top)) {
            self.store.roll_back(&write.event, &write.id);
        }
        for (key, found) in parked {
            self.adopt_parked(key, found);
        }
        for (client, writes) in streams {
            for write in &writes {
                if write.kind == WriteKind::Skip {
                    continue;
                }
                self.progress.begin();
                // A channel that was read already knows better.
                let base = write.base.as_deref().and_then(|base| EventDoc::parse(base).ok());
                if let Some(doc) = base.filter(|doc| !self.channels.covers(doc) || mutant!(base_brings_back))
                {
                    self.store.assume(doc);
                }
                self.show(write);
            }
            self.note_adopted(&client, &writes);
            self.outbox.adopt(client, writes);
        }
        for write in own.iter().filter(|_| !mutant!(left_behind_on_top)) {
            self.show(write);
        }
        self.route_anew(now);
    }

    /// The rows of a database that was only opened once more: this program has its own in memory, and other living ones
    /// theirs.
    fn look_for_damage(&mut self, rows: &[Row]) {
        for row in rows {
            let read = match row.table {
                Table::Outbox => decode_write(&row.key, &row.value).err(),
                Table::Dead => decode_dead(&row.key, &row.value).err(),
                Table::Conflicts => decode_parked(&row.key, &row.value).err(),
                Table::Meta | Table::Events | Table::Cache => None,
            };
            if let Some((_, what)) = read {
                self.complain(row.table, &what);
            }
        }
    }

    fn complain(&mut self, table: Table, what: &str) {
        if !mutant!(damage_unsaid) {
            let text =
                format!("a stored row of {} is unreadable and was left where it is: {what}", table.name());
            self.error(Fault::new(FaultCode::CorruptRow, text));
        }
    }

    /// Keeps for the next program how long polling comes first. Without storage it is forgotten with this one, which
    /// costs the next one a few seconds.
    pub(super) fn remember_transport(&mut self, until_ms: Option<u64>) {
        if !self.storage.is_memory() {
            self.ops.push(match until_ms {
                Some(until_ms) => StorageOp::Put(Row {
                    table: Table::Meta,
                    key: POLLING_KEY.to_owned(),
                    value: encode_polling(until_ms),
                }),
                None => StorageOp::Delete(Table::Meta, POLLING_KEY.to_owned()),
            });
        }
    }

    pub(super) fn show(&mut self, write: &Write) {
        if write.kind == WriteKind::Skip {
            return;
        }
        self.store.push(&write.event, pending_of(write));
    }

    /// Whether what is to be stored waits for what is under way. What is owed is stored as memory has it by then; if a batch
    /// under way failed too, one half of what belongs together would be stored without the other: a row gone from the
    /// outbox, and not among the dead letters.
    pub(super) fn storage_waits(&self) -> bool {
        let under_way = self.batches.iter().any(|(_, batch)| !batch.keys.is_empty() && !batch.is_spare);
        !self.owed.is_empty() && under_way
    }

    /// Emits the batch that gathered since the last time.
    pub(super) fn flush_storage(&mut self) {
        let due = !self.ops.is_empty() || (self.owed_now && !self.owed.is_empty());
        if !due || self.storage.holds() || self.is_wiping() {
            return;
        }
        let tickets = std::mem::take(&mut self.ops_for);
        if self.storage.is_memory() {
            return self.keep_in_memory(tickets);
        }
        self.owed_now = false;
        let mut ops = self.owed_ops();
        ops.append(&mut self.ops);
        if ops.iter().any(|op| matches!(op, StorageOp::Put(_))) {
            ops.extend(self.owner_row());
        }
        let mut batch = Batch { tickets, ..Batch::default() };
        if mutant!(persisted_before_stored) {
            for ticket in std::mem::take(&mut batch.tickets) {
                self.settle(ticket, Outcome::Done);
            }
        }
        batch.keys = ops.iter().filter_map(|op| self.key_of(op)).collect();
        let durability = self.durability(&ops);
        self.commit(ops, batch, durability);
    }

    /// There is no storage. What would have been done is done should it come back.
    fn keep_in_memory(&mut self, tickets: Vec<Ticket>) {
        self.let_go(|_| true);
        let ops = std::mem::take(&mut self.ops);
        if self.storage.may_return() {
            let keys = ops.iter().filter_map(|op| self.key_of(op)).collect();
            self.owe(keys);
        }
        let fault = Fault::new(FaultCode::NotStored, "there is no storage: edits live as long as the page");
        for ticket in tickets {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
    }

    pub(super) fn commit(&mut self, ops: Vec<StorageOp>, batch: Batch, durability: Durability) {
        self.last_batch += 1;
        let id = BatchId(self.last_batch);
        self.batches.insert(id, batch);
        self.effect(Effect::Commit(id, ops, durability));
    }

    /// The row that has to be as memory has it, whatever becomes of this step. The others are no loss: they make the next
    /// program faster at best.
    fn key_of(&self, op: &StorageOp) -> Option<(Table, String)> {
        let (table, key) = match op {
            StorageOp::Put(row) => (row.table, &row.key),
            StorageOp::Delete(table, key) => (*table, key),
            StorageOp::Clear(_) => return None,
        };
        match table {
            Table::Outbox | Table::Dead | Table::Conflicts => Some((table, key.clone())),
            Table::Meta | Table::Events | Table::Cache => None,
        }
    }

    /// The first edits after the connection was lost are worth a flush of the disk: nobody else has them.
    fn durability(&mut self, ops: &[StorageOp]) -> Durability {
        let edits = |op: &StorageOp| matches!(op, StorageOp::Put(row) if row.table == Table::Outbox);
        if self.is_connected() || !ops.iter().any(edits) {
            return Durability::Relaxed;
        }
        if std::mem::replace(&mut self.kept_offline, true) { Durability::Relaxed } else { Durability::Strict }
    }

    /// Opens the database, again if it was open.
    pub(super) fn reopen_storage(&mut self) {
        self.trace.note(Step::Reopening, "", [0; 4]);
        let own = self.outbox.own().clone();
        self.effect(Effect::Load(own));
    }
}

/// A write as the view needs it.
pub(super) fn pending_of(write: &Write) -> Pending {
    let (id, body, on) = (write.id.clone(), write.body.clone(), write.on.clone());
    Pending { id, kind: write.kind, body, on, at_ms: write.at_ms }
}

/// Puts a stored write in its place: streams as they come, the writes of each by sequence.
fn add_to_stream(streams: &mut Vec<(ClientId, Vec<Write>)>, write: Write) {
    match streams.iter_mut().find(|(client, _)| *client == write.id.client) {
        Some((_, writes)) => {
            let at = writes.partition_point(|held| held.id.seq < write.id.seq);
            writes.insert(at, write);
        }
        None => streams.push((write.id.client.clone(), vec![write])),
    }
}
