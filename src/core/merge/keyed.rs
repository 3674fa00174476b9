//! Lists that are sets: attendees by address, other lists by what identifies their items.
//!
//! What either side added is there. What either side removed is gone, even if the other one changed it meanwhile (an
//! attendee's answer, for instance): that is reported. Two changes of one item are merged by its fields; of two answers of
//! one attendee the later one counts, by `scheduleSequence` and `scheduleUpdated` (RFC 8984, 4.4.6).

use super::report::Report;
use super::three_way::Sides;
use super::value::{items, same};
use super::{LATER, SERVER_ORDER, Side};
use crate::core::json::{Fields, as_string};
use crate::core::model::date_to_ms;

/// Fields of an attendee that are his answer to the invitation.
const ANSWER: [&str; 6] = [
    "participationStatus",
    "participationComment",
    "responseStatus",
    "rsvp",
    "scheduleSequence",
    "scheduleUpdated",
];

/// A removal stays, whatever the other side answered.
const REMOVAL: &str = "removal_beats_answer";

/// The fields of an event that are sets.
pub(super) fn set_name(field: &str) -> Option<&'static str> {
    ["attendees", "categories", "tags", "attachments", "links", "recurrenceExceptions"]
        .into_iter()
        .find(|&name| name == field)
}

/// The list after both changes; `None` if one of them is no list.
pub(super) fn merge_lists(
    field: &'static str,
    [base, ours, theirs]: [Option<&str>; 3],
    report: &mut Report<'_>,
) -> Option<String> {
    let (base, ours, theirs) = (Keyed::read(base)?, Keyed::read(ours)?, Keyed::read(theirs)?);
    let mut merged: Vec<String> = Vec::new();
    for (key, theirs) in &theirs.list {
        match (base.get(key), ours.get(key)) {
            (_, Some(ours)) if ours == *theirs => merged.push(ours.to_owned()),
            (before, Some(ours)) => {
                let mut report = report.inside(field, key, field);
                merged.push(merge_items(before, ours, theirs, &mut report));
            }
            (None, None) => merged.push((*theirs).to_owned()),
            (before @ Some(_), None) if same(before, Some(theirs)) => {}
            (Some(_), None) => report.drop(field, Some(theirs), Side::Theirs, REMOVAL),
        }
    }
    for (key, ours) in ours.list.iter().filter(|(key, _)| theirs.get(key).is_none()) {
        match base.get(key) {
            None => merged.push((*ours).to_owned()),
            before if same(before, Some(ours)) => {}
            Some(_) => report.drop(field, Some(ours), Side::Ours, REMOVAL),
        }
    }
    Some(["[", &merged.join(","), "]"].concat())
}

/// Whether one list of attendees became the other one by their answers alone.
pub(super) fn only_answers(before: Option<&str>, after: Option<&str>) -> bool {
    let (Some(before), Some(after)) = (Keyed::read(before), Keyed::read(after)) else { return false };
    let same_but_answer = |old: &str, new: &str| {
        let (Ok(mut old), Ok(mut new)) = (Fields::parse(old), Fields::parse(new)) else { return old == new };
        for field in ANSWER {
            old.remove(field);
            new.remove(field);
        }
        same(Some(&old.to_text()), Some(&new.to_text()))
    };
    before.list.len() == after.list.len()
        && before.list.iter().all(|(key, old)| after.get(key).is_some_and(|new| same_but_answer(old, new)))
}

/// Reports the items of a list that `written` added or changed, and that it took away, where the result is another one.
pub(super) fn report_lost_items(
    field: &'static str,
    [base, written, result]: [Option<&str>; 3],
    side: Side,
    reason: &'static str,
    report: &mut Report<'_>,
) {
    let lists = [base, written, result].map(|list| Keyed::read(list).unwrap_or_default());
    let [base, written, result] = &lists;
    for (key, item) in &written.list {
        if !same(base.get(key), Some(item)) && !same(result.get(key), Some(item)) {
            report.drop(field, Some(item), side, reason);
        }
    }
    for (key, _) in &base.list {
        if written.get(key).is_none() && result.get(key).is_some() {
            report.drop(&[field, "/", key].concat(), None, side, reason);
        }
    }
}

/// The items of a list in order, each once, and where the one of a key is.
#[derive(Debug, Default)]
struct Keyed<'a> {
    list: Vec<(String, &'a str)>,
    by_key: Vec<usize>,
}

impl<'a> Keyed<'a> {
    /// `None` if it is no list.
    fn read(raw: Option<&'a str>) -> Option<Self> {
        let raw = raw.unwrap_or("null");
        if raw != "null" && !raw.starts_with('[') {
            return None;
        }
        let mut keyed = Self::default();
        for item in items(raw) {
            let key = key_of(item);
            if let Err(place) = keyed.place(&key) {
                keyed.by_key.insert(place, keyed.list.len());
                keyed.list.push((key, item));
            }
        }
        Some(keyed)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let at = *self.by_key.get(self.place(key).ok()?)?;
        self.list.get(at).map(|(_, item)| *item)
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        self.by_key.binary_search_by(|&at| self.list.get(at).map(|(held, _)| held.as_str()).cmp(&Some(key)))
    }
}

/// An item's address without its spelling, or its id, or itself.
pub(super) fn key_of(item: &str) -> String {
    let written = as_string(item).map(std::borrow::Cow::into_owned).or_else(|| {
        let fields = Fields::parse(item).ok()?;
        ["email", "id", "uri", "href", "url"].into_iter().find_map(|field| fields.string(field))
    });
    let Some(written) = written else { return item.to_owned() };
    if !written.contains('@') {
        return written;
    }
    let lower = written.trim().to_ascii_lowercase();
    lower.strip_prefix("mailto:").map(str::to_owned).unwrap_or(lower)
}

/// An item that both have.
fn merge_items(before: Option<&str>, ours: &str, theirs: &str, report: &mut Report<'_>) -> String {
    if same(Some(ours), Some(theirs)) || same(before, Some(ours)) {
        return theirs.to_owned();
    }
    if same(before, Some(theirs)) {
        return ours.to_owned();
    }
    let before = before.and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
    let (Ok(ours), Ok(theirs)) = (Fields::parse(ours), Fields::parse(theirs)) else {
        // An address that both spelled anew.
        return theirs.to_owned();
    };
    let sides = Sides { base: &before, ours: &ours, theirs: &theirs };
    let mut merged = theirs.clone();
    let answers = later_answer(&ours, &theirs);
    for field in sides.fields() {
        if !sides.ours_changed(field) {
            continue;
        }
        let (value, there) = (ours.get(field), theirs.get(field));
        let ours_counts = if !sides.theirs_changed(field) {
            true
        } else if ANSWER.contains(&field) && answers.is_some() {
            let (side, value) =
                if answers == Some(Side::Ours) { (Side::Theirs, there) } else { (Side::Ours, value) };
            report.drop(field, value, side, LATER);
            answers == Some(Side::Ours)
        } else {
            report.drop(field, value, Side::Ours, SERVER_ORDER);
            report.conflict(field);
            false
        };
        if ours_counts {
            match value {
                Some(raw) => merged.set(field, raw),
                None => drop(merged.remove(field)),
            }
        }
    }
    merged.to_text()
}

/// Whose answer is the later one; `None` if that cannot be told.
fn later_answer(ours: &Fields, theirs: &Fields) -> Option<Side> {
    let place = |fields: &Fields| {
        let at = fields.string("scheduleUpdated").and_then(|text| date_to_ms(&text));
        (fields.u53("scheduleSequence").unwrap_or(0), at)
    };
    match place(ours).cmp(&place(theirs)) {
        std::cmp::Ordering::Less => Some(Side::Theirs),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Side::Ours),
    }
}
