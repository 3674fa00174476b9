//! What became of a write that was refused for good: rolled back, kept, tried again or discarded.

use std::sync::Arc;

use super::writes::row_of;
use super::{Client, Failed};
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::WriteId;
use crate::core::io::{Event, Outcome, Reply, Row};
use crate::core::json::{Fields, each_item, quote};
use crate::core::model::WriteKind;
use crate::core::offline::{Table, encode_dead, row_key};
use crate::core::time::Now;

/// Most failures of a write that are remembered.
const FAILURES_MAX: usize = 10;

impl Client {
    /// A write is given up: rolled back, kept for the user, reported.
    pub(super) fn on_write_dead(&mut self, now: Now, id: &WriteId, fault: Fault) {
        // A refusal that is not final leaves the sequence undecided, and something has to take it up.
        let undecided = fault.retryable && self.writes_use_the_socket();
        let write = if undecided && !mutant!(place_lost) {
            self.outbox.replace_by_filler(id)
        } else {
            self.outbox.remove(id)
        };
        let Some(mut write) = write else { return };
        add_failure(&mut write, now, &fault);
        self.uploads.remove(&write.event, id);
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
            let made = (write.kind == WriteKind::Create && fault.code != FaultCode::AlreadyExists)
                .then(|| write.event.clone());
            if !mutant!(refusal_not_kept) {
                self.failed.insert(key.clone(), Failed { write, fault });
            }
            self.tell(Event::SyncFailed(key.clone()));
            if let Some(event) = made {
                self.fail_dependents(now, &event, &key);
            }
        }
        self.on_write_decided(now);
    }

    /// What nobody was sent of an event that was not made is given up with it. The rest is the server's to refuse.
    fn fail_dependents(&mut self, now: Now, event: &Arc<str>, key: &str) {
        let on_it = self.outbox.iter().filter(|write| write.event == *event && write.kind != WriteKind::Skip);
        // Made anew under the same id it is another matter.
        let dependent =
            on_it.take_while(|write| write.kind != WriteKind::Create).filter(|write| !write.tried);
        let ids: Vec<WriteId> = dependent.map(|write| write.id.clone()).collect();
        for id in ids {
            // One may have gone with the one before it.
            if self.outbox.get(&id).is_some_and(|write| write.kind != WriteKind::Skip) {
                self.on_write_dead(now, &id, Fault { retryable: true, ..dependency_failed(key) });
            }
        }
    }

    /// The server knows no such event: if that is because its creation failed, the refusal says so.
    pub(super) fn as_dependent(&self, id: &WriteId, fault: Fault) -> Fault {
        let event = self.outbox.get(id).map(|write| write.event.clone());
        let created = |failed: &Failed| {
            failed.write.kind == WriteKind::Create && Some(&failed.write.event) == event.as_ref()
        };
        match self.failed.iter().find(|(_, failed)| created(failed)) {
            Some((key, _)) if fault.code == FaultCode::NotFound => {
                Fault { retryable: fault.retryable, ..dependency_failed(key) }
            }
            Some(_) | None => fault,
        }
    }

    /// A write was put off: it says so, also to the next program. `counts`: it is one of `maxRetries`.
    pub(super) fn note_failure(&mut self, now: Now, id: &WriteId, fault: &Fault, counts: bool) {
        let Some(write) = self.outbox.get_mut(id) else { return };
        write.attempts += u64::from(counts);
        add_failure(write, now, fault);
        let row = row_of(write);
        self.keep(row, None);
        self.sync_revision += 1;
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
        // Until it is stored, in one step with the end of the dead letter, it must not leave: whoever finds the letter still
        // there would try it a second time.
        let unstored = self.config.offline.is_some() && !self.storage.is_memory();
        let again = Write {
            base: write.base,
            on: write.on,
            failures: write.failures,
            unstored,
            ..Write::new(self.outbox.next_id(), write.kind, write.event, write.body, write.at_ms)
        };
        if unstored && !mutant!(retried_before_stored) {
            self.retried.push(again.id.clone());
        }
        let unstored = unstored && !mutant!(retried_before_stored);
        self.add(Write { unstored, ..again }, None);
        Ok(Reply::Done)
    }

    /// Those of which `is_stored` says so by their rows, or that cannot be, may leave.
    pub(super) fn let_go(&mut self, is_stored: impl Fn(&str) -> bool) {
        if self.retried.is_empty() {
            return;
        }
        let past_the_socket = !self.writes_use_the_socket();
        let all = std::mem::take(&mut self.retried).into_iter();
        let (stored, held): (Vec<_>, Vec<_>) = all.partition(|id| is_stored(&row_key(id)));
        self.retried = held;
        for id in stored {
            let Some(write) = self.outbox.get_mut(&id) else { continue };
            write.unstored = false;
            if past_the_socket {
                self.uploads.add(&write.event, id);
            }
        }
    }
}

/// The refusal of a write on an event whose creation is the dead letter `key`.
fn dependency_failed(key: &str) -> Fault {
    Fault::new(FaultCode::DependencyFailed, "the creation of this event failed")
        .with_details(format!("{{\"failed\":{}}}", quote(key)))
}

/// Adds to what is known of a write's failures.
fn add_failure(write: &mut Write, now: Now, fault: &Fault) {
    let mut failure = Fields::new();
    failure.set_string("code", fault.code.as_str());
    failure.set_string("message", &fault.message);
    failure.set("timestamp", &now.wall_ms.to_string());
    let mut list: Vec<String> = Vec::new();
    // What is no list is none.
    let _read = each_item(write.failures.as_deref().unwrap_or("[]"), |item| list.push(item.to_owned()));
    list.push(failure.to_text());
    let oldest = list.len().saturating_sub(FAILURES_MAX);
    write.failures = Some(Arc::from(format!("[{}]", list.get(oldest..).unwrap_or_default().join(","))));
}
