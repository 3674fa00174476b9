//! Edits that wait and become one write.

use std::sync::Arc;

use super::writes::{BODY_BYTES_MAX, row_of};
use super::{Client, FRAME_MS};
use crate::core::delivery::{Squashed, Write, first_seen, squash};
use crate::core::id::{Ticket, WriteId};
use crate::core::json::Fields;
use crate::core::merge::{On, Strategy};
use crate::core::metrics::Step;
use crate::core::model::WriteKind;
use crate::core::store::Pending;
use crate::core::time::{Now, Timestamp};

impl Client {
    /// Takes an edit into the last write on its event, if that waits and nothing of it has left. Who waits for either is
    /// told what becomes of the one. Returns whether it did.
    pub(super) fn squash(
        &mut self,
        now: Now,
        kind: WriteKind,
        event: &Arc<str>,
        (body, on): (&Fields, Option<&Arc<On>>),
        (persisted, confirmed): (Ticket, Ticket),
    ) -> bool {
        // Each edit is ordered by stamps of its own, and each value by the stamp of the edit that gave it.
        if self.config.strategy == Strategy::Crdt {
            return false;
        }
        if self.config.offline.is_some() && !self.config.locks {
            return false;
        }
        // What has waited for a frame waits for more than the end of a task.
        let has_connection = match self.writes_use_the_socket() {
            true => self.may_send() && !self.storage.is_loading(),
            false => self.may_upload(),
        };
        let sendable_from = has_connection.then(|| Timestamp(now.mono.0.saturating_sub(FRAME_MS)));
        let last = self.store.pending(event).last();
        let held = last.and_then(|last| self.outbox.unsent_own(&last.id, sendable_from));
        let Some(held) = held else { return false };
        let (id, on) = (held.id.clone(), first_seen((held.kind, &held.body), held.on.as_ref(), on));
        match squash(held.kind, &held.body, kind, body) {
            Some(Squashed::Write(kind, body)) if body.len() <= BODY_BYTES_MAX => {
                let (body, at_ms): (Arc<str>, u64) = (Arc::from(body), held.at_ms);
                let Some(write) = self.outbox.rewrite(&id, kind, body.clone(), on.clone(), confirmed) else {
                    return false;
                };
                let row = row_of(write);
                self.store.replace_pending(event, Pending { id: id.clone(), kind, body, on, at_ms });
                self.keep(row, Some(persisted));
                self.trace.note(Step::Squashed, "", [id.seq, 0, 0, 0]);
            }
            Some(Squashed::Nothing) => {
                self.take_back(now, event, &id, (persisted, confirmed));
                self.trace.note(Step::Squashed, "", [id.seq, 1, 0, 0]);
            }
            Some(Squashed::Write(..)) | None => return false,
        }
        self.sync_revision += 1;
        true
    }

    /// A creation that nobody was sent is taken back. Its place stays, and who waits is told when the server knows.
    fn take_back(
        &mut self,
        now: Now,
        event: &Arc<str>,
        id: &WriteId,
        (persisted, confirmed): (Ticket, Ticket),
    ) {
        let last_state = self.store.shown(event).map(|shown| shown.doc.text.clone());
        self.store.roll_back(event, id);
        let taken = self.outbox.replace_by_filler(id);
        let Some(filler) = self.outbox.get_mut(id) else { return };
        let row = row_of(filler);
        filler.confirmed = taken.map(|write: Write| write.confirmed).unwrap_or_default();
        filler.confirmed.push(confirmed);
        filler.base = last_state;
        self.progress.withdraw();
        self.keep(row, Some(persisted));
        self.uploads.remove(event, id);
        self.skip_places(now);
    }
}
