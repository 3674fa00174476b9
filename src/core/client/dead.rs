//! What became of a write that was refused for good: rolled back, kept, tried again or discarded.

use super::writes::row_of;
use super::{Client, Failed};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::WriteId;
use crate::core::io::{Event, Outcome, Reply, Row};
use crate::core::model::WriteKind;
use crate::core::offline::{Table, encode_dead, row_key};
use crate::core::time::Now;

impl Client {
    /// A write is given up: rolled back, kept for the user, reported.
    pub(super) fn on_write_dead(&mut self, now: Now, id: &WriteId, fault: Fault) {
        // A refusal that is not final leaves the sequence undecided, and something has to take it up.
        let write = if fault.retryable && !mutant!(place_lost) {
            self.outbox.replace_by_filler(id)
        } else {
            self.outbox.remove(id)
        };
        let Some(write) = write else { return };
        let key = row_key(id);
        match self.outbox.get(id) {
            Some(filler) => {
                let row = row_of(filler);
                self.keep(row, None);
                self.outbox.resume_from(id, now.mono);
            }
            None => self.drop_row(Table::Outbox, key.clone()),
        }
        // A place that is only taken up can have somebody waiting too: for what was taken back before it was sent.
        for ticket in &write.confirmed {
            self.settle(*ticket, Outcome::Refused(fault.clone()));
        }
        if write.kind != WriteKind::Skip {
            self.store.roll_back(&write.event, id);
            self.progress.withdraw();
            self.keep(Row { table: Table::Dead, key: key.clone(), value: encode_dead(&write, &fault) }, None);
            self.metrics.writes_refused += 1;
            if !mutant!(refusal_not_kept) {
                self.failed.insert(key.clone(), Failed { write, fault });
            }
            self.tell(Event::SyncFailed(key));
        }
        self.on_write_decided(now);
    }

    pub(super) fn take_failed(&mut self, id: &str) -> Result<Failed, Fault> {
        let failed = self.failed.remove(id);
        let failed = failed
            .ok_or_else(|| Fault::new(FaultCode::NotFound, format!("id: there is no failed action {id}")))?;
        self.drop_row(Table::Dead, id.to_owned());
        Ok(failed)
    }

    /// Tries a refused write again, as a new one.
    pub(super) fn retry_failed(&mut self, id: &str) -> Result<Reply, Fault> {
        let Failed { write, .. } = self.take_failed(id)?;
        let again = Write {
            base: write.base,
            ..Write::new(self.outbox.next_id(), write.kind, write.event, write.body, write.at_ms)
        };
        self.add(again, None);
        Ok(Reply::Done)
    }
}
