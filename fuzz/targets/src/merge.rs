//! Merging: events, texts and stamps. Three lines are the three sides.

use baro_realtime::core::json::{Fields, validate};
use baro_realtime::core::merge::crdt::{delete, is_deleted, join, stamp};
use baro_realtime::core::merge::hlc::Hlc;
use baro_realtime::core::merge::ot::{Edit, transform_text};
use baro_realtime::core::merge::points::{read, write};
use baro_realtime::core::merge::text::merge_text;
use baro_realtime::core::merge::{Attempt, Merged, Side, Strategy, detect, meet, merge, revive, saw};
use baro_realtime::core::model::{WriteKind, date_to_ms};

const NOW: u64 = 1_790_000_000_000;

/// The first three lines; what is missing is empty.
fn three(data: &[u8]) -> Option<[&str; 3]> {
    let mut lines = std::str::from_utf8(data).ok()?.splitn(3, '\n');
    Some([(); 3].map(|()| lines.next().unwrap_or_default()))
}

/// Any events can be merged; what only one side changed is there; what gives way is told.
pub(crate) fn events(data: &[u8]) {
    let Some(lines) = three(data) else { return };
    let [base, ours, theirs] = lines.map(|line| Fields::parse(line).ok());
    for strategy in Strategy::ALL {
        let merged = merge(strategy, base.as_ref(), ours.as_ref(), theirs.as_ref());
        whole(&merged);
        assert_eq!(merged, merge(strategy, base.as_ref(), ours.as_ref(), theirs.as_ref()));
        if let (Some(ours), Some(theirs)) = (&ours, &theirs) {
            one_side(strategy, base.as_ref(), ours, theirs);
            let _fields = detect(ours, theirs, base.as_ref());
        }
        let (Some(body), Some(before)) = (&ours, &base) else { continue };
        for kind in [WriteKind::Create, WriteKind::Update, WriteKind::Delete, WriteKind::Skip] {
            let seen = saw(kind, body, before);
            let attempt = Attempt { kind, body, saw: &seen, at_ms: NOW };
            let met = [meet(strategy, &attempt, theirs.as_ref()), revive(strategy, &attempt, before)];
            met.iter().flatten().for_each(whole);
        }
    }
}

fn whole(merged: &Merged) {
    assert!(merged.event.iter().all(|event| validate(&event.to_text()).is_ok()));
    assert!(merged.dropped.iter().all(|drop| validate(&drop.value).is_ok() && !drop.reason.is_empty()));
}

fn one_side(strategy: Strategy, base: Option<&Fields>, ours: &Fields, theirs: &Fields) {
    let base = base.unwrap_or(ours);
    // An event that ends before it begins is nobody's wish, and is not kept for being the only change.
    let ends_early = |event: &Fields| {
        let at = |field| event.string(field).and_then(|text| date_to_ms(&text));
        at("endDate").zip(at("startDate")).is_some_and(|(end, start)| end < start)
    };
    if [base, ours, theirs].into_iter().any(ends_early) {
        return;
    }
    let nothing = Merged { event: Some(theirs.clone()), ..Merged::default() };
    assert_eq!(merge(strategy, Some(base), Some(base), Some(theirs)), nothing, "only theirs changed");
    let same = merge(strategy, Some(base), Some(theirs), Some(theirs));
    assert_eq!(same, nothing, "both are the same");
    let alone = merge(strategy, Some(base), Some(ours), Some(base));
    assert!(alone.dropped.iter().all(|drop| drop.side == Side::Theirs) && alone.conflicts.is_empty());
}

/// Edits of texts: both ways round lead to one text, characters stay whole, and one side's edit is what it was.
pub(crate) fn texts(data: &[u8]) {
    let Some(lines) = three(data) else { return };
    let [base, ours, theirs] = lines.map(read);
    let halves = |text: &[u32]| text.iter().filter(|point| char::from_u32(**point).is_none()).count();
    for (raw, points) in lines.iter().zip([&base, &ours, &theirs]) {
        if validate(raw).is_ok() {
            assert_eq!(read(&write(points)), *points);
        }
    }
    let (a, b) = (Edit::between(&base, &ours), Edit::between(&base, &theirs));
    assert_eq!((a.apply(&base).as_ref(), b.apply(&base).as_ref()), (Some(&ours), Some(&theirs)));
    let (a_after, b_after) = Edit::transform(&a, &b).expect("edits of one text");
    let both = a_after.apply(&theirs).expect("an edit of theirs");
    assert_eq!(Some(&both), b_after.apply(&ours).as_ref(), "TP1");
    assert_eq!(a.compose(&b_after).and_then(|edit| edit.apply(&base)), Some(both));
    if lines.iter().all(|raw| validate(raw).is_ok()) {
        let [base_raw, ours_raw, theirs_raw] = lines;
        let merged = merge_text(base_raw, ours_raw, theirs_raw);
        let transformed = transform_text(base_raw, ours_raw, theirs_raw);
        for text in [&merged.text, &transformed] {
            assert!(validate(text).is_ok());
            assert!(halves(&read(text)) <= halves(&base) + halves(&ours) + halves(&theirs));
        }
        assert_eq!(merge_text(base_raw, base_raw, theirs_raw).text, theirs_raw);
        assert_eq!(transform_text(base_raw, ours_raw, base_raw), ours_raw);
    }
}

/// Events under stamps: any order of joins is one text, and whoever writes sees what he wrote.
pub(crate) fn stamps(data: &[u8]) {
    let Some(lines) = three(data) else { return };
    let [a, b, c] = lines.map(|line| Fields::parse(line).unwrap_or_default());
    let both = join(&a, &b);
    assert!(validate(&both.to_text()).is_ok());
    assert_eq!(both.to_text(), join(&b, &a).to_text(), "commutative");
    assert_eq!(join(&both, &c).to_text(), join(&a, &join(&b, &c)).to_text(), "associative");
    assert_eq!(join(&both, &b).to_text(), both.to_text(), "idempotent");
    assert!(is_deleted(&delete(&a, &a)));
    // Two programs' clocks, one of them a day ahead.
    for (client, now) in [("one", NOW), ("two", NOW + 24 * 3_600_000)] {
        let body = stamp(&b, &a, &mut Hlc::new(client), now);
        let after = join(&a, &body);
        for (field, raw) in b.iter() {
            let fixed = ["id", "version", "updatedAt", "$stamps", "attendees"].contains(&field);
            assert!(fixed || after.get(field) == Some(raw), "{field} is not what was written");
        }
        assert_eq!(join(&after, &body).to_text(), after.to_text());
    }
}
