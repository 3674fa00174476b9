//! Events that converge without a server's order.
//!
//! Owns the strategy `crdt`: each group of fields is a register that the latest stamp wins, attendees are an observed-remove
//! set, and an update beats a deletion that had not seen it. The stamps travel in the event, in the reserved field
//! `$stamps`. Guarantees that [`join`] is commutative, associative and idempotent to the byte, whatever the events say;
//! that a write made after another was seen wins over it, whatever the clocks say; and that a stamp from the future counts
//! as one of at most five minutes ahead, so that no clock wins for ever. What nobody stamped is before everything stamped.
//! What is written for stamps stays small: one stamp for whatever was written together, one a program for removals, and for
//! those of more than [`SEEN_KEPT_MS`] ago one in all. Knows nothing of clients and servers.

mod seen;
mod set;
mod state;

use super::group::{Group, is_merged};
use super::hlc::{DRIFT_MAX_MS, Hlc, Stamp};
use super::keyed::report_lost_items;
use super::report::Report;
use super::three_way::{Sides, report_changes};
use super::value::same;
use super::{Attempt, Merged, Side};
use crate::core::json::Fields;
pub use state::STAMPS;
use state::{Register, State};

/// How long a removal tells which additions it had seen. Whoever was away for longer and added somebody may find that a
/// removal of that time took him away: 30 days.
pub const SEEN_KEPT_MS: u64 = 30 * 24 * 3_600_000;

/// Another write of the same fields has a later stamp.
const LATER_STAMP: &str = "later_stamp";

/// What both lead to. Any order of any joins ends in the same text: fields stand by name, attendees by address.
pub fn join(a: &Fields, b: &Fields) -> Fields {
    State::read(a).join(State::read(b)).write()
}

/// The write `body`, stamped, as a program makes it that sees `event`; of a creation, nothing. Fields that go together with
/// those written come along.
pub fn stamp(body: &Fields, event: &Fields, clock: &mut Hlc, now_ms: u64) -> Fields {
    let seen = State::read(event);
    let stamp = clock.tick(now_ms, &seen.newest(|_| true));
    let wrote = stamped(body, &seen, &stamp);
    // A server that knows of no stamps puts a change's in the place of the event's: what they do not name counts as older
    // than anything then, and not as written just now.
    if event.is_empty() { wrote.write() } else { wrote.write_beside(&Stamp::default()) }
}

/// The event after somebody deleted it who saw `saw`.
pub fn delete(event: &Fields, saw: &Fields) -> Fields {
    let deletion = State { deleted: Some(State::read(saw).seen()), ..State::default() };
    State::read(event).join(deletion).write()
}

/// Whether all that there is of the event had been seen by those who deleted it.
pub fn is_deleted(event: &Fields) -> bool {
    !State::read(event).is_alive()
}

fn stamped(body: &Fields, seen: &State, stamp: &Stamp) -> State {
    let mut plain = body.clone();
    plain.remove(STAMPS);
    let mut wrote = State::read(&plain);
    complete(&mut wrote, seen);
    // A program that writes a whole event writes what it changed.
    let seen_as =
        |key: &String, now: &Register| seen.registers.get(key).is_some_and(|held| held.values == now.values);
    wrote.registers.retain(|key, register| !seen_as(key, register));
    for register in wrote.registers.values_mut() {
        register.stamp = stamp.clone();
    }
    wrote.attendees = body.get("attendees").and_then(|list| {
        let mut set = seen.attendees.clone().unwrap_or_default();
        set.change(list, stamp);
        let changed = seen.attendees.as_ref().is_none_or(|held| held.list() != set.list());
        changed.then_some(set)
    });
    wrote
}

/// Adds to each group that was written what its author saw of the rest of it.
fn complete(wrote: &mut State, seen: &State) {
    for (key, register) in wrote.registers.iter_mut() {
        let values = seen.registers.get(key).map(|register| register.values.as_slice()).unwrap_or_default();
        for (field, raw) in values {
            if let Err(at) = register.values.binary_search_by(|(held, _)| held.cmp(field)) {
                register.values.insert(at, (field.clone(), raw.clone()));
            }
        }
    }
}

/// An update meets the event.
pub(super) fn update(attempt: &Attempt<'_>, there: &Fields) -> Fields {
    let (present, seen) = (State::read(there), State::read(attempt.saw));
    let mut wrote = if attempt.body.get(STAMPS).is_some() {
        let mut wrote = State::read(attempt.body);
        complete(&mut wrote, &seen);
        wrote
    } else {
        // By somebody who knows of no stamps: it comes after what is there.
        let newest = present.newest(|_| true).max(Stamp::end_before(attempt.at_ms));
        let mut seen = seen;
        if let (Some(saw), Some(set)) = (&seen.attendees, &present.attendees) {
            let mut known = set.clone();
            known.dots.retain(|key, _| saw.dots.contains_key(key));
            seen.attendees = Some(known);
        }
        stamped(attempt.body, &seen, &newest.next_by("0"))
    };
    clamp(&mut wrote, &present, &State::read(attempt.saw), attempt.at_ms);
    let mut joined = present.join(wrote);
    joined.forget_before(attempt.at_ms.saturating_sub(SEEN_KEPT_MS));
    joined.write()
}

/// Brings stamps that are too far ahead of the receiver's clock back, but not behind what their author saw, nor behind
/// what he wrote before.
fn clamp(wrote: &mut State, present: &State, seen: &State, now_ms: u64) {
    let limit = now_ms.saturating_add(DRIFT_MAX_MS);
    let saw = |key: &String, stamp: &Stamp| seen.registers.get(key).is_some_and(|held| held.stamp == *stamp);
    let written = present.registers.iter().filter(|(key, _)| wrote.registers.contains_key(*key));
    let seen_newest =
        written.filter(|(key, held)| saw(key, &held.stamp)).map(|(_, held)| held.stamp.clone()).max();
    wrote.each(|stamp| {
        if stamp.ms() <= limit {
            return stamp.clone();
        }
        let own = present.newest(|held| held.node() == stamp.node());
        let floor = seen_newest.clone().unwrap_or_default().max(own);
        let back = stamp.at(limit);
        if back > floor { back } else { floor.next_by(stamp.node()) }
    });
}

/// Whether anything in the event is stamped.
pub(super) fn is_stamped(event: &Fields) -> bool {
    event.get(STAMPS).is_some()
}

/// Two whole events. Where neither is stamped later, what only one of them changed counts.
pub(super) fn merge(sides: &Sides<'_>) -> Merged {
    let (ours, theirs) = (sides.ours, sides.theirs);
    let whole = |a: &Fields, b: &Fields| a.get(STAMPS) == b.get(STAMPS) && unchanged(a, b);
    if whole(ours, sides.base) || whole(ours, theirs) {
        return Merged { event: Some(theirs.clone()), ..Merged::default() };
    }
    if whole(theirs, sides.base) {
        return Merged { event: Some(ours.clone()), ..Merged::default() };
    }
    let base = State::read(sides.base);
    let (mut a, mut b) = (State::read(ours), State::read(theirs));
    let old = |key: &String, held: &Register| base.registers.get(key) == Some(held);
    a.registers.retain(|key, held| !(old(key, held) && b.registers.contains_key(key)));
    b.registers.retain(|key, held| !(old(key, held) && a.registers.contains_key(key)));
    told(sides, a.join(b).write())
}

fn unchanged(a: &Fields, b: &Fields) -> bool {
    let sides = Sides { base: a, ours: a, theirs: b };
    sides.groups().into_iter().all(|group| !group.differs(a, b))
}

/// The result and what is not in it.
pub(super) fn told(sides: &Sides<'_>, event: Fields) -> Merged {
    let mut merged = Merged::default();
    let mut report = Report { merged: &mut merged, path: String::new(), group: None };
    for group in sides.groups() {
        for (written, side) in [(sides.ours, Side::Ours), (sides.theirs, Side::Theirs)] {
            if group == Group::Field("attendees") {
                let lists = [sides.base, written, &event].map(|fields| fields.get("attendees"));
                report_lost_items("attendees", lists, side, LATER_STAMP, &mut report);
                continue;
            }
            report_changes(sides.base, written, side, LATER_STAMP, &mut report, &|field| {
                Group::of(field) == group && is_merged(field) && !same(written.get(field), event.get(field))
            });
        }
        if group != Group::Field("attendees") && sides.both_changed(group) {
            report.conflict(group.name());
        }
    }
    merged.event = Some(event).filter(|event| !is_deleted(event));
    merged
}

#[cfg(test)]
mod tests;
