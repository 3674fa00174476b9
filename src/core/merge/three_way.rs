//! Two whole events and what both were made from.

use super::group::{Group, is_merged};
use super::keyed::{merge_lists, only_answers, set_name};
use super::ot::transform_text;
use super::recurrence::{merge_recurrence, report_moved_ground};
use super::report::Report;
use super::text::{TextMerge, merge_text};
use super::time_group::{Together, is_backwards, together};
use super::value::same;
use super::{DELETED, FIRST, GONE, LATER, Merged, SERVER_ORDER, Side, UPDATE_BEATS_DELETE};
use crate::core::json::{Fields, is_null};

/// A cancelled event stays cancelled.
const CANCELLED: &str = "cancelled_stays";
/// What is deleted does not come back for an answer to its invitation.
const DELETE_BEATS_ANSWER: &str = "delete_beats_answer";

/// How the fields of two sides are merged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Whether edits of one text are transformed over each other.
    pub(super) transform: bool,
    /// Whether nothing is known of what both sides saw: their texts are no edits of anything then.
    pub(super) blind: bool,
    /// Whether `null` is a value: in an event it is none, in a patch it takes one away.
    pub(super) nulls: bool,
}

impl Rules {
    /// The rules inside a patch of an event.
    pub(super) fn of_a_patch(self) -> Self {
        Self { blind: true, nulls: true, ..self }
    }
}

/// Two changes of one object.
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
    /// Every field of the three, each once.
    pub(super) fn fields(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.theirs.iter().map(|(name, _)| name).collect();
        let (theirs, ours) = (self.theirs, self.ours);
        names.extend(ours.iter().map(|(name, _)| name).filter(|name| theirs.get(name).is_none()));
        let new = |name: &&str| theirs.get(name).is_none() && ours.get(name).is_none();
        names.extend(self.base.iter().map(|(name, _)| name).filter(new));
        names
    }

    /// Every group of the three that is merged, each once.
    pub(super) fn groups(&self) -> Vec<Group<'a>> {
        let mut groups = Vec::new();
        for field in self.fields().into_iter().filter(|field| is_merged(field)) {
            let group = Group::of(field);
            if matches!(group, Group::Field(_)) || !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// Whether ours is another value than the one of the base, and than theirs.
    pub(super) fn ours_changed(&self, field: &str) -> bool {
        let ours = self.ours.get(field);
        !same(self.base.get(field), ours) && !same(ours, self.theirs.get(field))
    }

    /// Whether theirs is another value than the one of the base.
    pub(super) fn theirs_changed(&self, field: &str) -> bool {
        !same(self.base.get(field), self.theirs.get(field))
    }

    /// Whether both changed a group, to different values.
    pub(super) fn both_changed(&self, group: Group<'_>) -> bool {
        group.differs(self.base, self.ours)
            && group.differs(self.base, self.theirs)
            && group.differs(self.ours, self.theirs)
    }

    /// The values of a field: base, ours, theirs.
    pub(super) fn values(&self, field: &str) -> [Option<&'a str>; 3] {
        [self.base.get(field), self.ours.get(field), self.theirs.get(field)]
    }

    /// Puts our values of the fields of a group that are asked for in the place of theirs.
    pub(super) fn take_ours(&self, group: Group<'_>, wanted: &dyn Fn(&str) -> bool, event: &mut Fields) {
        let wanted = |field: &str| Group::of(field) == group && is_merged(field) && wanted(field);
        for (field, _) in self.theirs.iter() {
            if wanted(field) && self.ours.get(field).is_none() {
                event.remove(field);
            }
        }
        for (field, raw) in self.ours.iter().filter(|(field, _)| wanted(field)) {
            event.set(field, raw);
        }
    }

    /// The later write's fields overwrite the others, one by one; its whole time, if one by one that would go backwards.
    pub(super) fn last_write(&self) -> Merged {
        let mut merged = Merged::default();
        let mut event = self.theirs.clone();
        let mut report = Report { merged: &mut merged, path: String::new(), group: None };
        for field in self.fields().into_iter().filter(|field| is_merged(field) && self.ours_changed(field)) {
            if self.theirs_changed(field) {
                report.drop(field, self.theirs.get(field), Side::Theirs, LATER);
            }
            self.take_ours(Group::of(field), &|name| name == field, &mut event);
        }
        if is_backwards(&event) {
            for field in self.fields().into_iter().filter(|field| Group::of(field) == Group::Time) {
                // What ours changed is reported already.
                if self.theirs_changed(field) && same(self.base.get(field), self.ours.get(field)) {
                    report.drop(field, self.theirs.get(field), Side::Theirs, LATER);
                }
            }
            self.take_ours(Group::Time, &|_| true, &mut event);
        }
        merged.event = Some(event);
        merged
    }

    /// Theirs stay whole if both changed anything.
    pub(super) fn first_write(&self) -> Merged {
        let groups = self.groups();
        let clashes: Vec<_> = groups.iter().filter(|&&group| self.both_changed(group)).collect();
        if clashes.is_empty() {
            return self.last_write();
        }
        let mut merged = Merged { event: Some(self.theirs.clone()), ..Merged::default() };
        merged.conflicts = clashes.into_iter().map(|group| group.name().to_owned()).collect();
        let mut report = Report { merged: &mut merged, path: String::new(), group: None };
        report_changes(self.base, self.ours, Side::Ours, FIRST, &mut report, &|field| {
            is_merged(field) && self.ours_changed(field)
        });
        merged
    }

    /// Everything that goes together, and theirs where it does not.
    pub(super) fn merge(&self, rules: Rules) -> Merged {
        let mut merged = Merged::default();
        let mut report = Report { merged: &mut merged, path: String::new(), group: None };
        let event = self.together(rules, &mut report);
        if !report.merged.conflicts.iter().any(|group| group == Group::Time.name()) {
            report_moved_ground(self, &mut report);
        }
        self.report_cancelled(&mut report);
        merged.event = Some(event);
        merged
    }

    /// The merged fields. They keep theirs' order, what is new comes after them.
    pub(super) fn together(&self, rules: Rules, report: &mut Report<'_>) -> Fields {
        let mut event = self.theirs.clone();
        for group in self.groups() {
            if !group.differs(self.base, self.ours) || !group.differs(self.ours, self.theirs) {
                continue;
            }
            if !group.differs(self.base, self.theirs) {
                self.take_ours(group, &|_| true, &mut event);
                continue;
            }
            match group {
                Group::Time => match together(self.base, self.ours, self.theirs) {
                    Together::Theirs => {}
                    Together::Ours => self.take_ours(group, &|_| true, &mut event),
                    Together::Both { start, end } => {
                        event.set("startDate", &start);
                        event.set("endDate", &end);
                    }
                    Together::Not => self.give_way(group, report),
                },
                Group::Recurrence => merge_recurrence(self, rules, &mut event, report),
                Group::Calendar => self.give_way(group, report),
                Group::Field(field) => self.merge_field(field, rules, &mut event, report),
            }
        }
        event
    }

    /// A field that both changed, to different values.
    fn merge_field(&self, field: &str, rules: Rules, event: &mut Fields, report: &mut Report<'_>) {
        let group = Group::Field(field);
        let values = self.values(field);
        if !rules.nulls {
            let [base, ours, theirs] = values.map(|value| value.filter(|raw| !is_null(raw)));
            if base == ours || ours == theirs {
                return;
            }
            if base == theirs {
                return self.take_ours(group, &|_| true, event);
            }
        }
        if let Some(name) = set_name(field) {
            match merge_lists(name, values, report) {
                Some(raw) => event.set(field, &raw),
                None => self.give_way(group, report),
            }
            return;
        }
        if let Some(text) = merge_texts(field, values, rules) {
            if text.conflict {
                report.conflict(field);
                report.drop(field, self.ours.get(field), Side::Ours, SERVER_ORDER);
            }
            event.set(field, &text.text);
            return;
        }
        match field {
            "status" => self.merge_status(event, report),
            "title" | "description" | "location" => self.give_way(group, report),
            _ => {
                report.drop(field, self.theirs.get(field), Side::Theirs, LATER);
                self.take_ours(group, &|_| true, event);
            }
        }
    }

    /// A cancelled event stays cancelled; other statuses give way.
    fn merge_status(&self, event: &mut Fields, report: &mut Report<'_>) {
        let group = Group::Field("status");
        match (is_cancelled(self.ours), is_cancelled(self.theirs)) {
            (true, _) => {
                report.drop("status", self.theirs.get("status"), Side::Theirs, CANCELLED);
                self.take_ours(group, &|_| true, event);
            }
            (false, true) => report.drop("status", self.ours.get("status"), Side::Ours, CANCELLED),
            (false, false) => self.give_way(group, report),
        }
    }

    /// Whoever gave the event another time may not want it cancelled.
    fn report_cancelled(&self, report: &mut Report<'_>) {
        let cancels = |fields: &Fields| is_cancelled(fields) && !is_cancelled(self.base);
        let crossed = [(self.ours, self.theirs), (self.theirs, self.ours)]
            .into_iter()
            .any(|(a, b)| cancels(a) && !cancels(b) && Group::Time.differs(self.base, b));
        if crossed {
            report.conflict("status");
        }
    }

    /// Theirs stays, our change of the group is reported.
    fn give_way(&self, group: Group<'_>, report: &mut Report<'_>) {
        report.conflict(group.name());
        report_changes(self.base, self.ours, Side::Ours, SERVER_ORDER, report, &|field| {
            Group::of(field) == group && self.ours_changed(field)
        });
    }
}

/// One side updated the event, the other one deleted it. `wins` says whether an update beats a deletion at all.
pub(super) fn update_or_delete(base: &Fields, updated: &Fields, by: Side, wins: bool) -> Merged {
    let mut merged = Merged::default();
    let mut report = Report { merged: &mut merged, path: String::new(), group: None };
    if wins && outlives_deletion(base, updated) {
        let deleter = match by {
            Side::Ours => Side::Theirs,
            Side::Theirs => Side::Ours,
        };
        report.drop(DELETED, Some("true"), deleter, UPDATE_BEATS_DELETE);
        merged.event = Some(updated.clone());
    } else {
        let reason = if wins { DELETE_BEATS_ANSWER } else { GONE };
        report_changes(base, updated, by, reason, &mut report, &is_merged);
    }
    merged
}

/// Whether what was made of `base` is worth more than the event's deletion: an answer to the invitation is not, nor is
/// an alert of one's own.
pub(super) fn outlives_deletion(base: &Fields, updated: &Fields) -> bool {
    let sides = Sides { base, ours: base, theirs: updated };
    sides.groups().into_iter().filter(|group| group.differs(base, updated)).any(|group| match group {
        Group::Field("attendees") => !only_answers(base.get("attendees"), updated.get("attendees")),
        Group::Field(field) => field != "alerts",
        Group::Time | Group::Recurrence | Group::Calendar => true,
    })
}

/// The text of a title or a description after both edits; `None` if the field is none, or has no text to go by.
fn merge_texts(field: &str, [base, ours, theirs]: [Option<&str>; 3], rules: Rules) -> Option<TextMerge> {
    if field != "title" && field != "description" {
        return None;
    }
    let base = match base.filter(|raw| !is_null(raw)) {
        None if rules.blind => return None,
        None => "\"\"",
        Some(base) => base,
    };
    let (ours, theirs) = (ours?, theirs?);
    if ![base, ours, theirs].iter().all(|raw| raw.starts_with('"')) {
        return None;
    }
    Some(if rules.transform {
        TextMerge { text: transform_text(base, ours, theirs), conflict: false }
    } else {
        merge_text(base, ours, theirs)
    })
}

fn is_cancelled(fields: &Fields) -> bool {
    fields.string("status").as_deref() == Some("cancelled")
}

/// Reports what `written` has that is not in `base`, and what it has no more.
pub(super) fn report_changes(
    base: &Fields,
    written: &Fields,
    side: Side,
    reason: &'static str,
    report: &mut Report<'_>,
    counts: &dyn Fn(&str) -> bool,
) {
    for (field, raw) in written.iter() {
        if counts(field) && !same(base.get(field), Some(raw)) {
            report.drop(field, Some(raw), side, reason);
        }
    }
    for (field, _) in base.iter() {
        if counts(field) && written.get(field).is_none() {
            report.drop(field, None, side, reason);
        }
    }
}
