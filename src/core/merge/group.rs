//! Which fields belong together.

use super::RESERVED;
use super::value::same;
use crate::core::json::Fields;

/// Fields that are changed, compared and kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group<'a> {
    /// When it is: one side's start never gets the other side's end.
    Time,
    /// Which days it comes again.
    Recurrence,
    /// Where it is filed: a calendar belongs to a project.
    Calendar,
    /// A field by itself.
    Field(&'a str),
}

impl<'a> Group<'a> {
    /// The group that a field is of.
    pub(super) fn of(field: &'a str) -> Self {
        match field {
            "startDate" | "endDate" | "allDay" | "timeZone" => Self::Time,
            "recurrence" | "recurrenceExceptions" | "recurrenceOverrides" => Self::Recurrence,
            "calendarId" | "projectId" => Self::Calendar,
            field => Self::Field(field),
        }
    }

    /// The name that conflicts are reported under.
    pub(super) fn name(self) -> &'a str {
        match self {
            Self::Time => "time",
            Self::Recurrence => "recurrence",
            Self::Calendar => "calendar",
            Self::Field(field) => field,
        }
    }

    /// Whether the values of its fields differ.
    pub(super) fn differs(self, a: &Fields, b: &Fields) -> bool {
        if let Self::Field(field) = self {
            return !same(a.get(field), b.get(field));
        }
        let one_way = |a: &Fields, b: &Fields| {
            a.iter().any(|(field, raw)| Group::of(field) == self && !same(Some(raw), b.get(field)))
        };
        one_way(a, b) || one_way(b, a)
    }
}

/// Whether a write of `body` has to carry what its author saw of `field`. When it is, how often it comes again and
/// whether it takes place at all go together: a change of one can take the ground from under the other.
pub(super) fn touches(body: &Fields, field: &str) -> bool {
    let ground = |group: Group<'_>| {
        matches!(group, Group::Time | Group::Recurrence) || group == Group::Field("status")
    };
    let group = Group::of(field);
    body.iter().any(|(key, _)| {
        let touched = Group::of(key);
        touched == group || (ground(touched) && ground(group))
    })
}

/// Whether `field` belongs to a group of which there is anything in `fields`.
pub(super) fn is_of(fields: &Fields, field: &str) -> bool {
    let group = Group::of(field);
    fields.iter().any(|(key, _)| Group::of(key) == group)
}

/// Whether `field` is merged at all.
pub(super) fn is_merged(field: &str) -> bool {
    !RESERVED.contains(&field)
}
