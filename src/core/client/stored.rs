//! What storage is told and what it answers.

use super::{Batch, Client, Failed, Storage};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{BatchId, ClientId};
use crate::core::io::{Effect, Event, Outcome, Row, StorageEvent, StorageOp};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, WriteKind};
use crate::core::offline::{POLLING_KEY, Table, decode_dead, decode_polling, decode_write, encode_polling};
use crate::core::store::Pending;
use crate::core::time::Now;

impl Client {
    pub(super) fn handle_storage(&mut self, now: Now, event: StorageEvent) {
        match event {
            StorageEvent::Loaded(rows) => {
                self.storage = Storage::Open;
                self.on_rows(now, rows);
            }
            StorageEvent::Unavailable(reason) => {
                self.storage = Storage::Memory;
                self.tell(Event::StorageDegraded(reason));
            }
            StorageEvent::Committed(_) => self.settle_batch(&event),
            StorageEvent::Aborted(_, ref fault) => {
                self.settle_batch(&event);
                if self.storage == Storage::Open {
                    self.tell(Event::StorageDegraded(fault.message.clone()));
                }
            }
        }
        self.settle_flushing();
        self.sync_changed = true;
        self.soon(now);
    }

    /// Who waited for a batch learns how it went.
    pub(super) fn settle_batch(&mut self, event: &StorageEvent) {
        let (batch, outcome) = match event {
            StorageEvent::Committed(batch) => (batch, Outcome::Done),
            StorageEvent::Aborted(batch, fault)
                if mutant!(quota_is_success) && fault.code == FaultCode::QuotaExceeded =>
            {
                (batch, Outcome::Done)
            }
            StorageEvent::Aborted(batch, fault) => (batch, Outcome::Refused(fault.clone())),
            StorageEvent::Loaded(_) | StorageEvent::Unavailable(_) => return,
        };
        let Some(Batch { tickets, owed }) = self.batches.remove(batch) else { return };
        if matches!(outcome, Outcome::Refused(_)) {
            // With the next batch, or what was decided would come back with the next program.
            self.owed.extend(owed);
        }
        for ticket in tickets {
            self.settle(ticket, outcome.clone());
        }
    }

    /// Takes what earlier programs stored: their writes, shown at once and sent before ours.
    pub(super) fn on_rows(&mut self, now: Now, rows: Vec<Row>) {
        let mut streams: Vec<(ClientId, Vec<Write>)> = Vec::new();
        for row in rows {
            let read = match row.table {
                Table::Outbox => decode_write(&row.key, &row.value).map(|write| {
                    add_to_stream(&mut streams, write);
                }),
                Table::Dead => decode_dead(&row.key, &row.value).map(|(write, fault)| {
                    self.failed.insert(row.key.clone(), Failed { write, fault });
                }),
                Table::Meta => {
                    if let Some(until_ms) = decode_polling(&row.key, &row.value) {
                        let left_ms = until_ms.saturating_sub(now.wall_ms);
                        self.trace.note(Step::Remembered, "", [left_ms, 0, 0, 0]);
                        self.session.recall(now.mono, until_ms);
                    }
                    Ok(())
                }
                Table::Events | Table::Cache => Ok(()),
            };
            if let Err((_, what)) = read
                && !mutant!(damage_unsaid)
            {
                let text = format!(
                    "a stored row of {} is unreadable and was left where it is: {what}",
                    row.table.name()
                );
                self.error(Fault::new(FaultCode::CorruptRow, text));
            }
        }
        // They come below what was written while they were being read.
        let own: Vec<Write> = self.outbox.iter().cloned().collect();
        for write in own.iter().filter(|_| !mutant!(left_behind_on_top)) {
            self.store.roll_back(&write.event, &write.id);
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
    }

    /// Keeps for the next program how long polling comes first. Without storage it is forgotten with this one, which
    /// costs the next one a few seconds.
    pub(super) fn remember_transport(&mut self, until_ms: Option<u64>) {
        if self.storage != Storage::Memory {
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
        let (id, body, on) = (write.id.clone(), write.body.clone(), write.on.clone());
        self.store.push(&write.event, Pending { id, kind: write.kind, body, on, at_ms: write.at_ms });
    }

    /// Emits the batch that gathered since the last time.
    pub(super) fn flush_storage(&mut self) {
        if self.ops.is_empty() {
            return;
        }
        let mut ops = std::mem::take(&mut self.owed);
        ops.append(&mut self.ops);
        let mut tickets = std::mem::take(&mut self.ops_for);
        if mutant!(persisted_before_stored) {
            for ticket in std::mem::take(&mut tickets) {
                self.settle(ticket, Outcome::Done);
            }
        }
        if self.storage == Storage::Memory {
            let fault =
                Fault::new(FaultCode::NotStored, "there is no storage: edits live as long as the page");
            for ticket in tickets {
                self.settle(ticket, Outcome::Refused(fault.clone()));
            }
            return;
        }
        self.last_batch += 1;
        let batch = BatchId(self.last_batch);
        let must_not_be_lost = |op: &&StorageOp| match op {
            StorageOp::Delete(..) => true,
            StorageOp::Put(row) => row.table == Table::Dead,
        };
        let owed = ops.iter().filter(must_not_be_lost).cloned().collect();
        self.batches.insert(batch, Batch { tickets, owed });
        self.effect(Effect::Commit(batch, ops));
    }
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
