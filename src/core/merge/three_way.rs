//! Two whole events and what both were made from.

use super::group::{Group, is_merged};
use super::value::same;
use super::{
    DELETED, Dropped, FIRST, GONE, LATER, Merged, SERVER_ORDER, Side, Strategy, UPDATE_BEATS_DELETE,
};
use crate::core::json::Fields;

/// Two changes of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'a> {
    /// What both saw.
    pub(super) base: &'a Fields,
    /// What the write made of it.
    pub(super) ours: &'a Fields,
    /// What is there now.
    pub(super) theirs: &'a Fields,
}

impl<'a> Sides<'a> {
    /// Every group of the three, each once.
    pub(super) fn groups(&self) -> Vec<Group<'a>> {
        let mut groups = Vec::new();
        for fields in [self.theirs, self.ours, self.base] {
            for (field, _) in fields.iter() {
                let group = Group::of(field);
                if is_merged(field) && !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        groups
    }

    /// The fields of a group that differ between the two.
    pub(super) fn differing(&self, group: Group<'a>) -> Vec<String> {
        let mut fields: Vec<String> = Vec::new();
        for (field, _) in self.theirs.iter().chain(self.ours.iter()) {
            let differs = || !same(self.ours.get(field), self.theirs.get(field));
            if Group::of(field) == group && !fields.iter().any(|known| known == field) && differs() {
                fields.push(field.to_owned());
            }
        }
        fields
    }

    /// Merges them. Fields keep theirs' order, what is new comes after them.
    pub(super) fn merge(&self, strategy: Strategy) -> Merged {
        let mut merged = Merged { event: None, ..Merged::default() };
        let mut event = self.theirs.clone();
        let refused = match strategy {
            Strategy::FirstWriteWins | Strategy::Manual => {
                self.groups().into_iter().any(|group| self.both_changed(group))
            }
            Strategy::LastWriteWins | Strategy::Merge | Strategy::OperationalTransform | Strategy::Crdt => {
                false
            }
        };
        for group in self.groups() {
            if !group.differs(self.base, self.ours) || !group.differs(self.ours, self.theirs) {
                continue;
            }
            let both = group.differs(self.base, self.theirs);
            if refused {
                if both {
                    merged.conflicts.push(group.name().to_owned());
                }
                self.drop(group, Side::Ours, FIRST, &mut merged.dropped);
            } else if both && strategy != Strategy::LastWriteWins {
                merged.conflicts.push(group.name().to_owned());
                self.drop(group, Side::Ours, SERVER_ORDER, &mut merged.dropped);
            } else {
                if both {
                    self.drop(group, Side::Theirs, LATER, &mut merged.dropped);
                }
                self.take_ours(group, &mut event);
            }
        }
        merged.event = Some(event);
        merged
    }

    /// Whether both changed a group, to different values.
    fn both_changed(&self, group: Group<'_>) -> bool {
        group.differs(self.base, self.ours)
            && group.differs(self.base, self.theirs)
            && group.differs(self.ours, self.theirs)
    }

    /// Puts our values of a group in the place of theirs.
    fn take_ours(&self, group: Group<'_>, event: &mut Fields) {
        for (field, _) in self.theirs.iter() {
            if Group::of(field) == group && self.ours.get(field).is_none() {
                event.remove(field);
            }
        }
        for (field, raw) in self.ours.iter() {
            if Group::of(field) == group {
                event.set(field, raw);
            }
        }
    }

    /// Reports the values of a group that one side changed and that are not taken.
    fn drop(&self, group: Group<'_>, side: Side, reason: &'static str, dropped: &mut Vec<Dropped>) {
        let written = match side {
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        };
        report(self.base, written, side, reason, |field| Group::of(field) == group, dropped);
    }
}

/// One side updated the event, the other one deleted it.
pub(super) fn update_or_delete(strategy: Strategy, base: &Fields, updated: &Fields, by: Side) -> Merged {
    let mut merged = Merged::default();
    let deletion = match by {
        Side::Ours => Side::Theirs,
        Side::Theirs => Side::Ours,
    };
    let stays = match strategy {
        Strategy::LastWriteWins => false,
        Strategy::FirstWriteWins | Strategy::Manual => by == Side::Theirs && outlives_deletion(base, updated),
        Strategy::Merge | Strategy::OperationalTransform | Strategy::Crdt => outlives_deletion(base, updated),
    };
    if stays {
        merged.event = Some(updated.clone());
        let reason = UPDATE_BEATS_DELETE;
        merged.dropped.push(Dropped {
            field: DELETED.to_owned(),
            value: "true".to_owned(),
            side: deletion,
            reason,
        });
    } else {
        report(base, updated, by, GONE, is_merged, &mut merged.dropped);
    }
    merged
}

/// Whether what was made of `base` is worth more than the event's deletion.
pub(super) fn outlives_deletion(base: &Fields, updated: &Fields) -> bool {
    let sides = Sides { base, ours: base, theirs: updated };
    sides.groups().into_iter().any(|group| group.differs(base, updated))
}

fn report(
    base: &Fields,
    written: &Fields,
    side: Side,
    reason: &'static str,
    counts: impl Fn(&str) -> bool,
    dropped: &mut Vec<Dropped>,
) {
    let mut push = |field: &str, value: &str| {
        dropped.push(Dropped { field: field.to_owned(), value: value.to_owned(), side, reason });
    };
    for (field, raw) in written.iter() {
        if counts(field) && !same(base.get(field), Some(raw)) {
            push(field, raw);
        }
    }
    for (field, _) in base.iter() {
        if counts(field) && written.get(field).is_none() {
            push(field, "null");
        }
    }
}
