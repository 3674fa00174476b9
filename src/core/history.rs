//! What the user may take back.
//!
//! Owns the two stacks and what taking an edit back comes to on the event as it is now. An inverse is a change like any
//! other: it is merged with what happened since (`core/merge`), so that nothing of anybody else is taken back with it.
//! Guarantees that the stacks are bounded. Knows nothing of how an edit is written.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::json::Fields;
use crate::core::merge::{Side, Strategy, merge};

/// Edits that can be taken back. Liveblocks keeps 50; an edit here is two texts that the store mostly holds anyway.
const EDITS_MAX: usize = 100;

/// One edit: the event before and after it, as JSON texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The event's id.
    pub event: Arc<str>,
    /// What it was; nothing if the edit made it.
    pub before: Option<Arc<str>>,
    /// What it became; nothing if the edit removed it.
    pub after: Option<Arc<str>>,
}

/// What takes an edit back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inverse {
    /// Make the event again, with these fields.
    Create(Fields),
    /// Give it these values.
    Update(Fields),
    /// Remove it.
    Delete,
}

impl Edit {
    /// What takes it back from the event as it is `now`. Nothing if others have changed all of what it changed, or it is not
    /// there any more.
    pub fn inverse(&self, now: Option<&str>) -> Option<Inverse> {
        let [before, after, now] = [self.before.as_deref(), self.after.as_deref(), now]
            .map(|text| text.and_then(|text| Fields::parse(text).ok()));
        let Some(now) = now else {
            // What somebody else deleted stays deleted.
            return before.filter(|_| after.is_none()).map(Inverse::Create);
        };
        let after = after?;
        let merged = merge(Strategy::Merge, Some(&after), before.as_ref(), Some(&now));
        let others = |field: &str| {
            merged.dropped.iter().any(|dropped| dropped.side == Side::Theirs && dropped.field == field)
        };
        let Some(result) = &merged.event else {
            return (!merged.dropped.iter().any(|dropped| dropped.side == Side::Theirs))
                .then_some(Inverse::Delete);
        };
        let mut changes = Fields::new();
        for (field, raw) in result.iter().filter(|(field, raw)| now.get(field) != Some(raw)) {
            changes.set(field, raw);
        }
        for (field, _) in now.iter().filter(|(field, _)| result.get(field).is_none() && !now.is_absent(field))
        {
            changes.set(field, "null");
        }
        let names: Vec<String> = changes.iter().map(|(field, _)| field.to_owned()).collect();
        for field in names.iter().filter(|field| others(field)) {
            changes.remove(field);
        }
        (!changes.is_empty()).then_some(Inverse::Update(changes))
    }
}

/// Edits done, and edits taken back.
#[derive(Debug, Default)]
pub struct History {
    done: VecDeque<Edit>,
    undone: Vec<Edit>,
}

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Take back.
    Undo,
    /// Do again what was taken back.
    Redo,
}

impl History {
    /// The user edited something: what was taken back before is not to be had any more.
    pub fn edited(&mut self, edit: Edit) {
        self.undone.clear();
        self.push(Direction::Redo, edit);
    }

    /// The newest edit that can go in a direction.
    pub fn take(&mut self, direction: Direction) -> Option<Edit> {
        match direction {
            Direction::Undo => self.done.pop_back(),
            Direction::Redo => self.undone.pop(),
        }
    }

    /// An edit went in a direction, as `edit`: it can go back.
    pub fn push(&mut self, direction: Direction, edit: Edit) {
        match direction {
            Direction::Undo => self.undone.push(edit),
            Direction::Redo => {
                if self.done.len() >= EDITS_MAX {
                    self.done.pop_front();
                }
                self.done.push_back(edit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(before: Option<&str>, after: Option<&str>) -> Edit {
        Edit { event: Arc::from("e"), before: before.map(Arc::from), after: after.map(Arc::from) }
    }

    fn update(text: &str) -> Option<Inverse> {
        Some(Inverse::Update(Fields::parse(text).unwrap_or_default()))
    }

    const OLD: &str = r#"{"id":"e","title":"old","startDate":"2026-03-01T09:00:00Z","endDate":"2026-03-01T10:00:00Z","attendees":["a@x"],"version":1}"#;
    const NEW: &str = r#"{"id":"e","title":"new","startDate":"2026-03-01T11:00:00Z","endDate":"2026-03-01T12:00:00Z","attendees":["a@x","b@x"],"location":"here","version":2}"#;

    #[test]
    fn an_update_is_taken_back_field_by_field() {
        let taken = r#"{"title":"old","startDate":"2026-03-01T09:00:00Z","endDate":"2026-03-01T10:00:00Z","attendees":["a@x"],"location":null}"#;
        assert_eq!(edit(Some(OLD), Some(NEW)).inverse(Some(NEW)), update(taken));
    }

    #[test]
    fn what_others_changed_since_stays() {
        let edit = edit(Some(OLD), Some(NEW));
        let others = NEW.replace("T11:00", "T15:00").replace("T12:00", "T16:00").replace("here", "there");
        assert_eq!(edit.inverse(Some(&others)), update(r#"{"title":"old","attendees":["a@x"]}"#));
        let renamed = OLD.replace("old", "theirs").replace(r#""version":1"#, r#""own":1,"version":9"#);
        assert_eq!(edit.inverse(Some(&renamed)), None, "nothing of it is left");
    }

    #[test]
    fn a_field_that_only_the_program_knows_is_not_taken_from_another_either() {
        let edit = edit(Some(r#"{"id":"e","mood":1}"#), Some(r#"{"id":"e","mood":2}"#));
        assert_eq!(edit.inverse(Some(r#"{"id":"e","mood":3}"#)), None);
        assert_eq!(edit.inverse(Some(r#"{"id":"e","mood":2}"#)), update(r#"{"mood":1}"#));
    }

    #[test]
    fn a_creation_is_taken_back_only_if_nobody_else_worked_on_the_event() {
        let edit = edit(None, Some(NEW));
        assert_eq!(
            edit.inverse(Some(&NEW.replace(r#""version":2"#, r#""version":7"#))),
            Some(Inverse::Delete)
        );
        assert_eq!(edit.inverse(Some(&NEW.replace("new", "theirs"))), None);
        assert_eq!(edit.inverse(None), None);
    }

    #[test]
    fn a_deletion_is_taken_back_unless_the_event_is_there_again() {
        let edit = edit(Some(OLD), None);
        assert_eq!(edit.inverse(None), Fields::parse(OLD).ok().map(Inverse::Create));
        assert_eq!(edit.inverse(Some(NEW)), None);
    }

    #[test]
    fn a_new_edit_ends_what_could_be_done_again_and_the_oldest_go() {
        let mut history = History::default();
        let numbered = |n: usize| Edit { event: Arc::from(n.to_string()), ..edit(None, None) };
        (0..=EDITS_MAX).for_each(|n| history.edited(numbered(n)));
        let newest = history.take(Direction::Undo);
        assert_eq!(newest, Some(numbered(EDITS_MAX)));
        history.push(Direction::Undo, numbered(EDITS_MAX));
        assert_eq!(history.take(Direction::Redo), Some(numbered(EDITS_MAX)));
        history.push(Direction::Undo, numbered(EDITS_MAX));
        history.edited(numbered(7));
        assert_eq!(history.take(Direction::Redo), None);
        let all = std::iter::from_fn(|| history.take(Direction::Undo)).count();
        assert_eq!(all, EDITS_MAX, "0 went when there were too many, {EDITS_MAX} was taken, 7 came");
    }
}
