//! One event in its two layers.

use std::sync::Arc;

use crate::core::id::WriteId;
use crate::core::json::Fields;
use crate::core::merge::On;
use crate::core::model::{EventDoc, WriteKind, apply_write};

/// A write that is not decided, as the view needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Its identity.
    pub id: WriteId,
    /// What it does.
    pub kind: WriteKind,
    /// Its payload.
    pub body: Arc<str>,
    /// What it was made on, if it wants more than to overwrite.
    pub on: Option<Arc<On>>,
    /// Wall clock of the call, ms.
    pub at_ms: u64,
}

impl Pending {
    /// The event after this write on `before`; `last` is what it was, if it is gone. Where the two do not go together, the
    /// write shows on top: nothing of what its author did is lost before it is decided.
    pub(super) fn applied(&self, before: Option<EventDoc>, last: Option<&EventDoc>) -> Option<EventDoc> {
        let on = match self.kind {
            WriteKind::Update | WriteKind::Delete => self.on.as_ref(),
            WriteKind::Create | WriteKind::Skip => None,
        };
        let Some(on) = on else { return apply_write(self.kind, &self.body, self.at_ms, before) };
        let body = Fields::parse(&self.body).unwrap_or_default();
        let (theirs, was) = (before.as_ref().map(EventDoc::fields), last.map(EventDoc::fields));
        match on.meet(self.kind, &body, self.at_ms, theirs.as_ref(), was.as_ref()) {
            Ok(merged) => EventDoc::parse(&merged.event?.to_text()).ok(),
            Err(_) if self.kind == WriteKind::Update => {
                EventDoc::parse(&on.meant(&body, &theirs.or(was)?).to_text()).ok()
            }
            Err(_) => None,
        }
    }
}

/// The layers of one event. Without pending writes it shows what is confirmed.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) confirmed: Option<EventDoc>,
    /// Boxed, because almost no event has any: ten thousand idle ones pay a pointer each.
    overlay: Option<Box<Overlay>>,
    pub(super) revision: u64,
    pub(super) slot: usize,
    /// Whether nobody has to be told that it is confirmed otherwise than it is kept.
    pub(super) is_kept: bool,
    /// The text that was shown before the changes that nobody was told of.
    pub(super) before: Option<Option<Arc<str>>>,
}

#[derive(Debug, Default)]
struct Overlay {
    pending: Vec<Pending>,
    shown: Option<EventDoc>,
    /// The event as it last was confirmed, if it is gone.
    last: Option<EventDoc>,
    /// Writes that were put on anew since somebody asked.
    folds: u64,
}

impl Entry {
    pub(super) fn new(slot: usize) -> Self {
        Self { slot, is_kept: true, ..Self::default() }
    }

    pub(super) fn shown(&self) -> Option<&EventDoc> {
        match &self.overlay {
            Some(overlay) => overlay.shown.as_ref(),
            None => self.confirmed.as_ref(),
        }
    }

    pub(super) fn pending(&self) -> &[Pending] {
        self.overlay.as_ref().map_or(&[], |overlay| &overlay.pending)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.confirmed.is_none() && self.overlay.is_none() && self.before.is_none()
    }

    pub(super) fn push(&mut self, pending: Pending) {
        self.overlay.get_or_insert_default().pending.push(pending);
        self.refold();
    }

    /// Puts a pending write in the place of the one with its identity.
    pub(super) fn replace(&mut self, pending: Pending) {
        let overlay = self.overlay.as_mut();
        let held = overlay.and_then(|overlay| overlay.pending.iter_mut().find(|held| held.id == pending.id));
        if let Some(held) = held {
            *held = pending;
            self.refold();
        }
    }

    /// Takes a pending write out; returns it if it was there.
    pub(super) fn take(&mut self, id: &WriteId) -> Option<Pending> {
        let overlay = self.overlay.as_mut()?;
        let at = overlay.pending.iter().position(|pending| pending.id == *id)?;
        let taken = overlay.pending.remove(at);
        if mutant!(roll_back_takes_all) {
            overlay.pending.clear();
        }
        if overlay.pending.is_empty() {
            self.overlay = None;
        }
        self.refold();
        Some(taken)
    }

    /// How many writes were put on anew since the last time.
    pub(super) fn take_folds(&mut self) -> u64 {
        self.overlay.as_mut().map_or(0, |overlay| std::mem::take(&mut overlay.folds))
    }

    pub(super) fn confirm(&mut self, confirmed: Option<EventDoc>) {
        let before = std::mem::replace(&mut self.confirmed, confirmed);
        self.is_kept = false;
        if let Some(overlay) = &mut self.overlay {
            overlay.last = if self.confirmed.is_some() { None } else { before.or(overlay.last.take()) };
        }
        self.refold();
    }

    fn refold(&mut self) {
        if let Some(overlay) = &mut self.overlay {
            overlay.folds += overlay.pending.len() as u64;
            let last = overlay.last.as_ref();
            let applied = |doc, pending: &Pending| pending.applied(doc, last);
            overlay.shown = overlay.pending.iter().fold(self.confirmed.clone(), applied);
        }
    }
}
