//! An edit that waits for a person.

use std::sync::Arc;

use super::story::Conflict;
use crate::core::delivery::{Squashed, Write, first_seen, squash};
use crate::core::json::Fields;
use crate::core::merge::{On, Strategy, saw};
use crate::core::model::{EventDoc, WriteKind};

/// An edit that met another one and waits for a person, with what it met. It is in no queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// The edit. Further ones of the same event fold into it.
    pub write: Write,
    /// The event as it last was on the server, none if it was deleted.
    pub theirs: Option<EventDoc>,
    /// What is told of it.
    pub conflict: Arc<Conflict>,
}

impl Parked {
    /// Parks `write`, which met `theirs`. `id` names the conflict.
    pub fn new(id: String, write: Write, theirs: Option<EventDoc>) -> Self {
        let conflict = Arc::new(told(id, &write, theirs.as_ref()));
        Self { write, theirs, conflict }
    }

    /// What the edit was made on.
    pub fn made_on(&self) -> Arc<On> {
        made_on(&self.write)
    }

    /// The event is another one by now. Returns whether that is news.
    pub fn meet(&mut self, theirs: Option<&EventDoc>) -> bool {
        if self.theirs.as_ref() == theirs {
            return false;
        }
        self.theirs = theirs.cloned();
        self.tell_anew();
        true
    }

    /// Takes a later edit of the same event in. Returns false if the two stay two.
    pub fn fold(&mut self, kind: WriteKind, body: &Fields, on: Option<&Arc<On>>) -> bool {
        match squash(self.write.kind, &self.write.body, kind, body) {
            Some(Squashed::Write(kind, body)) => {
                let made_on = self.made_on();
                self.write.on =
                    first_seen((self.write.kind, &self.write.body), Some(&made_on), on).or(Some(made_on));
                (self.write.kind, self.write.body) = (kind, Arc::from(body));
                self.tell_anew();
                true
            }
            Some(Squashed::Nothing) | None => false,
        }
    }

    fn tell_anew(&mut self) {
        self.conflict = Arc::new(told(self.conflict.id.clone(), &self.write, self.theirs.as_ref()));
    }
}

fn told(id: String, write: &Write, theirs: Option<&EventDoc>) -> Conflict {
    let body = Fields::parse(&write.body).unwrap_or_default();
    let (on, base) = (made_on(write), base_of(write));
    Conflict::of(id, write.event.clone(), (write.kind, &body), &on, base.as_ref(), theirs)
}

fn base_of(write: &Write) -> Option<EventDoc> {
    write.base.as_deref().and_then(|base| EventDoc::parse(base).ok())
}

/// What a write was made on. One that does not say was made on what was confirmed then, and is a person's to decide.
fn made_on(write: &Write) -> Arc<On> {
    write.on.clone().unwrap_or_else(|| {
        let body = Fields::parse(&write.body).unwrap_or_default();
        let base = base_of(write).map(|base| base.fields()).unwrap_or_default();
        let seen = saw(write.kind, &body, &base);
        Arc::new(On { strategy: Strategy::Manual, saw: Arc::from(seen.to_text()) })
    })
}
