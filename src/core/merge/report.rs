//! Where dropped values and conflicts are noted.

use super::{Dropped, Merged, Side};

/// The report on one object: an event, or a part of one that is merged by its own fields.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// What both ends up in.
    pub(super) merged: &'a mut Merged,
    /// The way from the event to this object, `attendees/ada@x.org/`; empty for the event.
    pub(super) path: String,
    /// The group that conflicts inside count for, if not for their own.
    pub(super) group: Option<&'static str>,
}

impl Report<'_> {
    /// Notes a value that gave way.
    pub(super) fn drop(&mut self, field: &str, value: Option<&str>, side: Side, reason: &'static str) {
        let mut name = self.path.clone();
        name.push_str(field);
        let value = value.unwrap_or("null").to_owned();
        self.merged.dropped.push(Dropped { field: name, value, side, reason });
    }

    /// Notes that a group was decided by order alone, or may not fit together.
    pub(super) fn conflict(&mut self, group: &str) {
        let group = self.group.unwrap_or(group);
        if !self.merged.conflicts.iter().any(|known| known == group) {
            self.merged.conflicts.push(group.to_owned());
        }
    }

    /// The report on a part of this object.
    pub(super) fn inside(&mut self, field: &str, key: &str, group: &'static str) -> Report<'_> {
        let path = [&self.path, field, "/", key, "/"].concat();
        Report { merged: self.merged, path, group: Some(self.group.unwrap_or(group)) }
    }
}
