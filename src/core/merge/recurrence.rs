//! Which days an event comes again, and what is different on single ones.
//!
//! The rule (`recurrence`) is one value. `recurrenceExceptions` is the set of starts that are left out, and
//! `recurrenceOverrides` has what is different on single days: a patch for each start. Both name starts as local dates and
//! times in the zone of the series. A day that one side changed is not lost because the other one left it out or removed
//! its patch. Which days a rule generates is not known here: where one side moved the ground under what the other one
//! wrote, both stay and the conflict is reported.

use std::borrow::Cow;

use super::group::Group;
use super::keyed::merge_lists;
use super::report::Report;
use super::three_way::{Rules, Sides};
use super::time_group::{day_moved, start_moved};
use super::value::{items, same};
use super::{SERVER_ORDER, Side, UPDATE_BEATS_DELETE};
use crate::core::json::{Fields, as_string};

const RULE: &str = "recurrence";
const EXCEPTIONS: &str = "recurrenceExceptions";
const OVERRIDES: &str = "recurrenceOverrides";

/// Merges the recurrence of two sides that both changed it.
pub(super) fn merge_recurrence(sides: &Sides<'_>, rules: Rules, event: &mut Fields, report: &mut Report<'_>) {
    for field in [RULE, EXCEPTIONS, OVERRIDES] {
        if !sides.ours_changed(field) {
            continue;
        }
        if !sides.theirs_changed(field) {
            sides.take_ours(Group::of(field), &|name| name == field, event);
            continue;
        }
        let merged = match field {
            EXCEPTIONS => merge_lists(EXCEPTIONS, sides.values(field), report),
            OVERRIDES => merge_overrides(sides.values(field), rules, report),
            _ => None,
        };
        match merged {
            Some(raw) => event.set(field, &raw),
            None => {
                report.drop(field, sides.ours.get(field), Side::Ours, SERVER_ORDER);
                report.conflict(RULE);
            }
        }
    }
    restore_changed_days(sides, event, report);
}

/// Reports where one side moved the ground under what the other one wrote.
pub(super) fn report_moved_ground(sides: &Sides<'_>, report: &mut Report<'_>) {
    let Sides { base, ours, theirs } = *sides;
    let agree = !Group::Time.differs(ours, theirs) && !Group::Recurrence.differs(ours, theirs);
    let changed = |after: &Fields, field: &str| !same(base.get(field), after.get(field));
    let moved = [(ours, theirs), (theirs, ours)].into_iter().any(|(mover, writer)| {
        let days = changed(writer, EXCEPTIONS) || changed(writer, OVERRIDES);
        (changed(writer, RULE) && day_moved(base, mover))
            || (days && (changed(mover, RULE) || start_moved(base, mover)))
    });
    if moved && !agree {
        report.conflict(RULE);
    }
}

/// The patches after both changes; `None` if one of them is no object.
fn merge_overrides(values: [Option<&str>; 3], rules: Rules, report: &mut Report<'_>) -> Option<String> {
    let parse = |raw: Option<&str>| match raw {
        None | Some("null") => Some(Fields::new()),
        Some(raw) => Fields::parse(raw).ok(),
    };
    let [base, ours, theirs] = values.map(parse);
    let (base, ours, theirs) = (base?, ours?, theirs?);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let mut merged = theirs.clone();
    let name = |day: &str| [OVERRIDES, "/", day].concat();
    for day in sides.fields().into_iter().filter(|day| sides.ours_changed(day)) {
        let both = sides.theirs_changed(day);
        match (ours.get(day), theirs.get(day)) {
            (Some(written), None) => {
                if both {
                    report.drop(&name(day), None, Side::Theirs, UPDATE_BEATS_DELETE);
                }
                merged.set(day, written);
            }
            (None, Some(_)) if both => report.drop(&name(day), None, Side::Ours, UPDATE_BEATS_DELETE),
            (None, _) => drop(merged.remove(day)),
            (Some(written), Some(_)) if !both => merged.set(day, written),
            (Some(written), Some(there)) => match (Fields::parse(written), Fields::parse(there)) {
                (Ok(written), Ok(there)) => {
                    let before = base.get(day).and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
                    let sides = Sides { base: &before, ours: &written, theirs: &there };
                    let mut inside = report.inside(OVERRIDES, day, RULE);
                    merged.set(day, &sides.together(rules.of_a_patch(), &mut inside).to_text());
                }
                _ => {
                    report.drop(&name(day), Some(written), Side::Ours, SERVER_ORDER);
                    report.conflict(RULE);
                }
            },
        }
    }
    Some(merged.to_text())
}

/// Puts back in the days that one side left out while the other one changed them.
fn restore_changed_days(sides: &Sides<'_>, event: &mut Fields, report: &mut Report<'_>) {
    let overrides =
        |fields: &Fields| fields.get(OVERRIDES).and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
    let before = overrides(sides.base);
    let (ours, theirs) = (overrides(sides.ours), overrides(sides.theirs));
    let left_out = |fields: &Fields| -> Vec<String> {
        let days = items(fields.get(EXCEPTIONS).unwrap_or_default());
        days.into_iter().filter_map(as_string).map(Cow::into_owned).collect()
    };
    let (by_ours, by_theirs) = (left_out(sides.ours), left_out(sides.theirs));
    let changed =
        |after: &Fields, day: &str| after.get(day).is_some() && !same(before.get(day), after.get(day));
    let kept: Option<Vec<String>> = event.get(EXCEPTIONS).map(|raw| {
        let mut kept = items(raw);
        kept.retain(|item| {
            let Some(day) = as_string(item) else { return true };
            let only = |one: &[String], other: &[String]| {
                one.iter().any(|held| *held == day) && !other.iter().any(|held| *held == day)
            };
            let side = if changed(&theirs, &day) && only(&by_ours, &by_theirs) {
                Side::Ours
            } else if changed(&ours, &day) && only(&by_theirs, &by_ours) {
                Side::Theirs
            } else {
                return true;
            };
            report.drop(EXCEPTIONS, Some(item), side, UPDATE_BEATS_DELETE);
            false
        });
        kept.into_iter().map(str::to_owned).collect()
    });
    if let Some(kept) = kept.filter(|kept| kept.len() != items(event.get(EXCEPTIONS).unwrap_or("[]")).len()) {
        event.set(EXCEPTIONS, &["[", &kept.join(","), "]"].concat());
    }
}
