//! When an event is: intents instead of fields.
//!
//! What a side did to the time is read off its values: moved it, took its start or its end elsewhere, or something else
//! that gives the dates a new meaning (another zone, all day or not, dates of another kind). A move and a new length go
//! together; two moves do not, nor does a new meaning with anything. Durations are instants' where dates name instants and
//! local clocks' where they are local, so a local time stays what people read off the wall.

use super::value::same;
use crate::core::json::{Fields, as_bool, as_string, is_null, quote};
use crate::core::model::{date_to_ms, shift_date};

/// What one side did to the time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Nothing, or wrote the same anew.
    Nothing,
    /// Start and end are so much later.
    Move(i64),
    /// The start is so much later, the end where it was.
    Start(i64),
    /// The end is so much later, the start where it was.
    End(i64),
    /// The dates mean something else now.
    Other,
}

impl Intent {
    /// What made `before` into `after`.
    pub(super) fn of(before: &Fields, after: &Fields) -> Self {
        let read = |fields| Some((Date::of(fields, "startDate")?, Date::of(fields, "endDate")?));
        let (Some(old), Some(new)) = (read(before), read(after)) else { return Self::Other };
        let same_kind = old.0.kind == new.0.kind && old.1.kind == new.1.kind;
        if !same_kind || means_else(before, after) {
            return Self::Other;
        }
        match (new.0.ms - old.0.ms, new.1.ms - old.1.ms) {
            (0, 0) => Self::Nothing,
            (start, end) if start == end => Self::Move(start),
            (start, 0) => Self::Start(start),
            (0, end) => Self::End(end),
            _ => Self::Other,
        }
    }
}

/// How both intents go together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// As in our event.
    Ours,
    /// As in theirs.
    Theirs,
    /// This start and this end, as raw text.
    Both { start: String, end: String },
    /// Not at all.
    Not,
}

/// Brings both sides' time together.
pub(super) fn together(base: &Fields, ours: &Fields, theirs: &Fields) -> Together {
    use Intent::{End, Move, Nothing, Other, Start};
    let both = match (Intent::of(base, ours), Intent::of(base, theirs)) {
        (Nothing, _) => return Together::Theirs,
        (_, Nothing) => return Together::Ours,
        (a, b) if a == b && a != Other => return Together::Theirs,
        (Move(_), End(by)) => shifted(ours, "endDate", by).map(|end| (raw(ours, "startDate"), end)),
        (End(by), Move(_)) => shifted(theirs, "endDate", by).map(|end| (raw(theirs, "startDate"), end)),
        (Move(_), Start(by)) => shifted(ours, "startDate", by).map(|start| (start, raw(ours, "endDate"))),
        (Start(by), Move(_)) => shifted(theirs, "startDate", by).map(|start| (start, raw(theirs, "endDate"))),
        (Start(_), End(_)) => Some((raw(ours, "startDate"), raw(theirs, "endDate"))),
        (End(_), Start(_)) => Some((raw(theirs, "startDate"), raw(ours, "endDate"))),
        (Move(_), Move(_)) | (Start(_), Start(_)) | (End(_), End(_)) | (Other, _) | (_, Other) => None,
    };
    let empty = |fields: &Fields| length_ms(&raw(fields, "startDate"), &raw(fields, "endDate")) == Some(0);
    match both {
        // Two that each left something of an event must not leave nothing of it together.
        Some((start, end)) => match length_ms(&start, &end) {
            Some(1..) => Together::Both { start, end },
            Some(0) if empty(ours) || empty(theirs) => Together::Both { start, end },
            _ => Together::Not,
        },
        None => Together::Not,
    }
}

/// Whether the start is another one, or is to be read differently.
pub(super) fn start_moved(before: &Fields, after: &Fields) -> bool {
    !same(before.get("startDate"), after.get("startDate")) || means_else(before, after)
}

/// Whether the start is on another day, or is to be read differently.
pub(super) fn day_moved(before: &Fields, after: &Fields) -> bool {
    let day = |fields: &Fields| {
        fields.string("startDate").map(|text| text.chars().take("2026-03-01".len()).collect::<String>())
    };
    day(before) != day(after) || means_else(before, after)
}

/// Whether it ends before it begins.
pub(super) fn is_backwards(event: &Fields) -> bool {
    length_ms(&raw(event, "startDate"), &raw(event, "endDate")).is_some_and(|length| length < 0)
}

/// Whether the zone differs, or that it is all day.
fn means_else(before: &Fields, after: &Fields) -> bool {
    let zone = |fields: &Fields| fields.get("timeZone").filter(|raw| !is_null(raw)).map(str::to_owned);
    let all_day = |fields: &Fields| fields.get("allDay").and_then(as_bool).unwrap_or(false);
    !same(zone(before).as_deref(), zone(after).as_deref()) || all_day(before) != all_day(after)
}

/// What a date's text names.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Day,
    Local,
    Instant,
}

struct Date {
    kind: Kind,
    ms: i64,
}

impl Date {
    fn of(fields: &Fields, field: &str) -> Option<Self> {
        let text = fields.get(field).and_then(as_string)?;
        let ms = date_to_ms(&text)?;
        let kind = match text.get("2026-03-01".len()..) {
            None | Some("") => Kind::Day,
            Some(time) if time.contains(['Z', 'z', '+', '-']) => Kind::Instant,
            Some(_) => Kind::Local,
        };
        Some(Self { kind, ms })
    }
}

fn raw(fields: &Fields, field: &str) -> String {
    fields.get(field).unwrap_or("null").to_owned()
}

fn shifted(fields: &Fields, field: &str, by_ms: i64) -> Option<String> {
    shift_date(&fields.string(field)?, by_ms).map(|text| quote(&text))
}

fn length_ms(start: &str, end: &str) -> Option<i64> {
    Some(date_to_ms(&as_string(end)?)? - date_to_ms(&as_string(start)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(start: &str, end: &str) -> Fields {
        let mut fields = Fields::new();
        fields.set_string("startDate", start);
        fields.set_string("endDate", end);
        fields
    }

    fn both(start: &str, end: &str) -> Together {
        Together::Both { start: quote(start), end: quote(end) }
    }

    #[test]
    fn a_move_and_a_new_length_commute() {
        let base = time("2026-03-02T09:00", "2026-03-02T10:00");
        let moved = time("2026-03-03T10:00", "2026-03-03T11:00");
        for (resized, expected) in [
            (time("2026-03-02T09:00", "2026-03-02T10:30"), both("2026-03-03T10:00", "2026-03-03T11:30")),
            (time("2026-03-02T08:45", "2026-03-02T10:00"), both("2026-03-03T09:45", "2026-03-03T11:00")),
        ] {
            assert_eq!(together(&base, &moved, &resized), expected);
            assert_eq!(together(&base, &resized, &moved), expected);
        }
    }

    #[test]
    fn a_new_start_and_a_new_end_go_together_while_they_leave_something() {
        let base = time("2026-03-02T09:00", "2026-03-02T10:00");
        let late = time("2026-03-02T09:40", "2026-03-02T10:00");
        let longer = time("2026-03-02T09:00", "2026-03-02T11:00");
        assert_eq!(together(&base, &late, &longer), both("2026-03-02T09:40", "2026-03-02T11:00"));
        for end in ["2026-03-02T09:40", "2026-03-02T09:30"] {
            assert_eq!(together(&base, &late, &time("2026-03-02T09:00", end)), Together::Not, "{end}");
        }
    }

    #[test]
    fn two_moves_are_one_or_a_conflict() {
        let base = time("2026-03-02", "2026-03-03");
        let (a, b) = (time("2026-03-04", "2026-03-05"), time("2026-03-05", "2026-03-06"));
        assert_eq!(together(&base, &a, &a.clone()), Together::Theirs);
        assert_eq!(together(&base, &a, &b), Together::Not);
    }

    #[test]
    fn another_meaning_goes_with_nothing() {
        let base = time("2026-03-02T09:00", "2026-03-02T10:00");
        let moved = time("2026-03-02T10:00", "2026-03-02T11:00");
        let mut zoned = base.clone();
        zoned.set_string("timeZone", "America/New_York");
        let mut all_day = time("2026-03-02", "2026-03-03");
        all_day.set("allDay", "true");
        let instants = time("2026-03-02T09:00Z", "2026-03-02T10:00Z");
        for other in [zoned, all_day, instants, time("soon", "2026-03-02T10:00")] {
            assert_eq!(Intent::of(&base, &other), Intent::Other);
            assert_eq!(together(&base, &moved, &other), Together::Not);
            assert_eq!(together(&base, &other, &moved), Together::Not);
        }
    }

    #[test]
    fn the_same_written_anew_is_no_change() {
        let base = time("2026-03-02T09:00Z", "2026-03-02T10:00Z");
        let mut anew = time("2026-03-02T09:00:00.000Z", "2026-03-02T11:00:00+01:00");
        anew.set("allDay", "false");
        anew.set("timeZone", "null");
        assert_eq!(Intent::of(&base, &anew), Intent::Nothing);
        let moved = time("2026-03-02T10:00Z", "2026-03-02T11:00Z");
        assert_eq!(together(&base, &anew, &moved), Together::Theirs);
        assert_eq!(together(&base, &moved, &anew), Together::Ours);
    }

    #[test]
    fn a_local_clock_stays_what_it_is_over_a_change_of_summer_time() {
        let base = time("2026-03-22T09:00", "2026-03-22T10:00");
        let week_later = time("2026-03-29T09:00", "2026-03-29T10:00");
        let longer = time("2026-03-22T09:00", "2026-03-22T10:15");
        assert_eq!(together(&base, &week_later, &longer), both("2026-03-29T09:00", "2026-03-29T10:15"));
    }
}
