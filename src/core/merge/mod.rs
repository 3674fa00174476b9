//! Bringing two changes of one event together.
//!
//! Owns what comes of an event that two have changed: which fields belong together, what commutes, who gives way, and the
//! report of every value that gave way. Server, client and the class `ConflictResolver` use this one implementation, so
//! they come to the same bytes. Guarantees that [`merge`] is total, deterministic and invents nothing: a value of the
//! result is one of the three sides' or the sum of two moves of a date. Values decide, never versions: what looks as its
//! author saw it was not changed. Refuses to know who is asked about a conflict, and how a write got here.

pub mod crdt;
mod diff;
mod frame;
mod group;
pub mod hlc;
mod keyed;
mod on;
pub mod ot;
pub mod points;
mod recurrence;
mod report;
mod resolver;
pub mod text;
mod three_way;
mod time_group;
mod value;

use group::Group;
pub use on::On;
pub use resolver::resolve;
use three_way::{Rules, Sides, outlives_deletion, update_or_delete};
use value::same;

use crate::core::json::Fields;
use crate::core::map::insert_sorted;
use crate::core::model::{WriteKind, apply_changes};

/// Who gives way when two change one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// A write's fields overwrite what is there.
    #[default]
    LastWriteWins,
    /// A write that met a change of the same fields is refused.
    FirstWriteWins,
    /// A person decides.
    Manual,
    /// Three-way merge of fields by what they mean; what cannot be merged stays as it is on the server.
    Merge,
    /// As `Merge`, and edits of one text are transformed over each other.
    OperationalTransform,
    /// Every field goes by its own stamp; needs no server's order.
    Crdt,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LastWriteWins,
        Self::FirstWriteWins,
        Self::Manual,
        Self::Merge,
        Self::OperationalTransform,
        Self::Crdt,
    ];

    /// The word of the option and of the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::LastWriteWins => "last_write_wins",
            Self::FirstWriteWins => "first_write_wins",
            Self::Manual => "manual",
            Self::Merge => "merge",
            Self::OperationalTransform => "operational_transform",
            Self::Crdt => "crdt",
        }
    }

    /// The strategy of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.word() == word)
    }
}

/// A write as it meets what is there now.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What it does.
    pub kind: WriteKind,
    /// Its fields.
    pub body: &'a Fields,
    /// What its author saw, as [`saw`] picks it.
    pub saw: &'a Fields,
    /// The receiver's clock, ms since 1970.
    pub at_ms: u64,
}

/// Whose value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The write's.
    Ours,
    /// What was there.
    Theirs,
}

impl Side {
    /// The word of the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

/// A value that somebody wrote and that is not in the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The field, or [`DELETED`] for a deletion that did not come about.
    pub field: String,
    /// The value as JSON; `null` for the absence of one.
    pub value: String,
    /// Who wrote it.
    pub side: Side,
    /// The rule that it gave way to.
    pub reason: &'static str,
}

/// What came of two changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// The event; none if it is deleted.
    pub event: Option<Fields>,
    /// Every value that gave way.
    pub dropped: Vec<Dropped>,
    /// Names of the groups that were decided by order alone, or in which both were kept and may not fit together.
    pub conflicts: Vec<String>,
}

/// A write that met a change and is not merged with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The fields that both changed, to different values.
    pub fields: Vec<String>,
}

/// Stands for the event's existence where a field is named.
pub const DELETED: &str = "deleted";

/// What is on the server stays.
const SERVER_ORDER: &str = "server_order";
/// The later write stays.
const LATER: &str = "last_write_wins";
/// A deletion that met an update does not happen.
const UPDATE_BEATS_DELETE: &str = "update_beats_delete";
/// Whoever came first stays.
const FIRST: &str = "first_write_wins";
/// What is deleted stays deleted.
const GONE: &str = "deleted";

/// Fields that are never merged: the server sets them, or the strategy `crdt` does.
const RESERVED: [&str; 4] = ["id", "version", "updatedAt", crdt::STAMPS];

/// What a write has to carry of the event that its author saw: every field of the groups that `body` touches, for a
/// deletion all of them.
pub fn saw(kind: WriteKind, body: &Fields, event: &Fields) -> Fields {
    let touched = |field: &str| match kind {
        WriteKind::Update => group::touches(body, field),
        WriteKind::Delete => true,
        WriteKind::Create | WriteKind::Skip => false,
    };
    let mut seen = Fields::new();
    for (field, raw) in event.iter() {
        if group::is_merged(field) && touched(field) {
            seen.set(field, raw);
        }
    }
    if let (WriteKind::Update | WriteKind::Delete, Some(stamps)) = (kind, event.get(crdt::STAMPS)) {
        seen.set(crdt::STAMPS, stamps);
    }
    seen
}

/// A write meets the event as it is now. An update of what is gone leaves it gone: [`revive`] is for a receiver that
/// still has what it was.
///
/// # Errors
/// Under `first_write_wins` and `manual`, when another changed meanwhile what the write changes.
pub fn meet(strategy: Strategy, attempt: &Attempt<'_>, theirs: Option<&Fields>) -> Result<Merged, Clash> {
    let Some(there) = theirs else {
        return match attempt.kind {
            WriteKind::Create => Ok(Merged { event: Some(attempt.body.clone()), ..Merged::default() }),
            WriteKind::Update if refuses(strategy) => Err(Clash { fields: vec![DELETED.to_owned()] }),
            WriteKind::Update => {
                Ok(Merged { dropped: dropped_body(attempt.body, GONE), ..Merged::default() })
            }
            WriteKind::Delete | WriteKind::Skip => Ok(Merged::default()),
        };
    };
    match attempt.kind {
        WriteKind::Skip => Ok(Merged { event: Some(there.clone()), ..Merged::default() }),
        WriteKind::Create => {
            let differs = |field: &str, raw: &str| !same(there.get(field), Some(raw));
            let mut dropped = dropped_body(attempt.body, FIRST);
            dropped.retain(|dropped| differs(&dropped.field, &dropped.value));
            Ok(Merged { event: Some(there.clone()), dropped, ..Merged::default() })
        }
        WriteKind::Delete => decide(strategy, attempt.saw, None, Some(there)),
        WriteKind::Update if strategy == Strategy::LastWriteWins => {
            let mut event = there.clone();
            apply_changes(&mut event, attempt.body);
            Ok(Merged { event: Some(event), ..Merged::default() })
        }
        WriteKind::Update => {
            let (base, ours) = as_written(attempt, there);
            if strategy == Strategy::Crdt && stamped(attempt, there) {
                let sides = Sides { base: &base, ours: &ours, theirs: there };
                return Ok(crdt::told(&sides, crdt::update(attempt, there)));
            }
            decide(strategy, &base, Some(&ours), Some(there))
        }
    }
}

/// An update meets an event that is deleted and was `last` until then. Where updates beat deletions, the event is there
/// again, with the update.
///
/// # Errors
/// Under `first_write_wins` and `manual`.
pub fn revive(strategy: Strategy, attempt: &Attempt<'_>, last: &Fields) -> Result<Merged, Clash> {
    match attempt.kind {
        WriteKind::Update => {
            let (base, ours) = as_written(attempt, last);
            let mut merged = decide(strategy, &base, Some(&ours), None)?;
            if strategy == Strategy::Crdt && merged.event.is_some() && stamped(attempt, last) {
                merged.event = Some(crdt::update(attempt, last));
            }
            Ok(merged)
        }
        WriteKind::Create | WriteKind::Delete | WriteKind::Skip => meet(strategy, attempt, None),
    }
}

/// Merges two changes of the event `base`; without a base everything that differs was changed by both. `theirs` is what
/// is on the server and stays where nothing else decides.
pub fn merge(
    strategy: Strategy,
    base: Option<&Fields>,
    ours: Option<&Fields>,
    theirs: Option<&Fields>,
) -> Merged {
    let none = Fields::new();
    let before = base.unwrap_or(&none);
    match (ours, theirs) {
        (None, None) => Merged::default(),
        (Some(only), None) | (None, Some(only)) if base.is_none() => {
            Merged { event: Some(only.clone()), ..Merged::default() }
        }
        (Some(updated), None) => update_or_delete(before, updated, Side::Ours, revives(strategy)),
        (None, Some(updated)) => {
            let stays = revives(strategy) || refuses(strategy);
            update_or_delete(before, updated, Side::Theirs, stays)
        }
        (Some(ours), Some(theirs)) => {
            let sides = Sides { base: before, ours, theirs };
            let rules = Rules { transform: false, blind: base.is_none(), nulls: false };
            match strategy {
                Strategy::LastWriteWins => sides.last_write(),
                Strategy::FirstWriteWins | Strategy::Manual => sides.first_write(),
                Strategy::Crdt if crdt::is_stamped(ours) || crdt::is_stamped(theirs) => crdt::merge(&sides),
                Strategy::Merge | Strategy::Crdt => sides.merge(rules),
                Strategy::OperationalTransform => sides.merge(Rules { transform: true, ..rules }),
            }
        }
    }
}

/// Names of the fields that both changed, to different values; without a base of those that differ. Fields that belong
/// together count together.
pub fn detect(ours: &Fields, theirs: &Fields, base: Option<&Fields>) -> Vec<String> {
    let none = Fields::new();
    let sides = Sides { base: base.unwrap_or(&none), ours, theirs };
    let counts = |field: &&str| {
        group::is_merged(field)
            && !same(ours.get(field), theirs.get(field))
            && (base.is_none() || sides.both_changed(Group::of(field)))
    };
    let mut fields = Vec::new();
    for field in sides.fields().into_iter().filter(counts) {
        insert_sorted(&mut fields, field.to_owned());
    }
    fields
}

/// Whether an update beats a deletion.
fn revives(strategy: Strategy) -> bool {
    match strategy {
        Strategy::Merge | Strategy::OperationalTransform | Strategy::Crdt => true,
        Strategy::LastWriteWins | Strategy::FirstWriteWins | Strategy::Manual => false,
    }
}

/// Whether a strategy refuses a write rather than merge it.
fn refuses(strategy: Strategy) -> bool {
    match strategy {
        Strategy::FirstWriteWins | Strategy::Manual => true,
        Strategy::LastWriteWins | Strategy::Merge | Strategy::OperationalTransform | Strategy::Crdt => false,
    }
}

fn decide(
    strategy: Strategy,
    base: &Fields,
    ours: Option<&Fields>,
    theirs: Option<&Fields>,
) -> Result<Merged, Clash> {
    if refuses(strategy) {
        let fields = match (ours, theirs) {
            (Some(ours), Some(theirs)) => detect(ours, theirs, Some(base)),
            (Some(_), None) => vec![DELETED.to_owned()],
            (None, Some(theirs)) if outlives_deletion(base, theirs) => detect(base, theirs, None),
            (None, _) => Vec::new(),
        };
        if !fields.is_empty() {
            return Err(Clash { fields });
        }
    }
    Ok(merge(strategy, Some(base), ours, theirs))
}

/// The whole event as the author of an update saw it, and as he made it: what he did not touch is as it is now.
fn as_written(attempt: &Attempt<'_>, now: &Fields) -> (Fields, Fields) {
    let mut base = now.clone();
    for (field, _) in now.iter() {
        let merged = group::is_merged(field) && group::touches(attempt.body, field);
        if merged && attempt.saw.get(field).is_none() {
            base.remove(field);
        }
    }
    for (field, raw) in attempt.saw.iter().filter(|(field, _)| group::is_merged(field)) {
        base.set(field, raw);
    }
    let mut ours = base.clone();
    apply_changes(&mut ours, attempt.body);
    (base, ours)
}

/// Whether a write or what it meets has stamps to go by.
fn stamped(attempt: &Attempt<'_>, there: &Fields) -> bool {
    crdt::is_stamped(attempt.body) || crdt::is_stamped(there)
}

fn dropped_body(body: &Fields, reason: &'static str) -> Vec<Dropped> {
    body.iter()
        .filter(|(field, _)| group::is_merged(field))
        .map(|(field, raw)| Dropped {
            field: field.to_owned(),
            value: raw.to_owned(),
            side: Side::Ours,
            reason,
        })
        .collect()
}

#[cfg(test)]
mod tests;
