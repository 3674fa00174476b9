//! Taking edits back, and doing them again.

use std::sync::Arc;

use super::Client;
use crate::core::fault::Fault;
use crate::core::history::{Direction, Edit, Inverse};
use crate::core::io::{Call, Reply};
use crate::core::time::Now;

impl Client {
    /// Does what the user wants with an event, so that it can be taken back. `id` names the event if it is known.
    pub(super) fn edit(
        &mut self,
        id: Option<&str>,
        write: impl FnOnce(&mut Self) -> Result<Reply, Fault>,
    ) -> Result<Reply, Fault> {
        let (edit, reply) = self.observe(id, write)?;
        if let Some(edit) = edit {
            self.history.edited(edit);
        }
        Ok(reply)
    }

    /// Goes one edit in a direction: the newest of which something is left. Edits that others have changed since are gone
    /// from the list then, as in Yjs.
    pub(super) fn step(&mut self, now: Now, direction: Direction) -> Result<Reply, Fault> {
        while let Some(edit) = self.history.take(direction) {
            let Some(inverse) = edit.inverse(self.text_of(&edit.event).as_deref()) else { continue };
            let event = edit.event.clone();
            // In the trace it is the write that it comes to.
            self.note_call(&match &inverse {
                Inverse::Create(fields) => Call::Create(fields.to_text()),
                Inverse::Update(changes) => Call::Update(event.to_string(), changes.to_text()),
                Inverse::Delete => Call::Delete(event.to_string()),
            });
            let done = self.observe(Some(&event), |client| match inverse {
                Inverse::Create(fields) => client.create(now, &fields.to_text()),
                Inverse::Update(changes) => client.update(now, &event, &changes.to_text()),
                Inverse::Delete => client.delete(now, &event),
            });
            match done {
                Ok((taken, reply)) => {
                    if let Some(taken) = taken {
                        self.history.push(direction, taken);
                    }
                    return Ok(reply);
                }
                Err(fault) => {
                    self.trace.take_back();
                    let back = match direction {
                        Direction::Undo => Direction::Redo,
                        Direction::Redo => Direction::Undo,
                    };
                    self.history.push(back, edit);
                    return Err(fault);
                }
            }
        }
        Ok(Reply::Done)
    }

    /// Writes, and says what became of the event.
    fn observe(
        &mut self,
        id: Option<&str>,
        write: impl FnOnce(&mut Self) -> Result<Reply, Fault>,
    ) -> Result<(Option<Edit>, Reply), Fault> {
        let before = id.and_then(|id| self.text_of(id));
        let reply = write(self)?;
        let edit = match &reply {
            Reply::Write { event, .. } => {
                Some(Edit { event: event.clone(), before, after: self.text_of(event) })
            }
            Reply::Done | Reply::Ticket(_) => None,
        };
        Ok((edit, reply))
    }

    fn text_of(&self, id: &str) -> Option<Arc<str>> {
        self.store.shown(id).map(|shown| shown.doc.text.clone())
    }
}
