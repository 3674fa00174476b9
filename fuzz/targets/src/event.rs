//! Events and their dates.

use baro_realtime::core::json::{Fields, validate};
use baro_realtime::core::model::{
    EventDoc, Query, WriteKind, apply_changes, apply_write, check_changes, check_event, date_to_ms,
    iso_from_ms, new_event,
};

use crate::two;

/// The last millisecond of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// An event is kept as it came; no write loses a field that it does not name.
pub(crate) fn event(data: &[u8]) {
    let Some((before, body)) = two(data) else { return };
    let doc = EventDoc::parse(before).ok();
    if let Some(doc) = &doc {
        assert_eq!(&*doc.text, before.trim_matches([' ', '\t', '\n', '\r']));
        if let Ok(fields) = Fields::parse(before) {
            assert_eq!(fields.string("id").as_deref(), Some(&*doc.id));
            assert_eq!(fields.u53("version").unwrap_or(0), doc.version);
            assert_eq!(fields.string("projectId").as_deref(), doc.project.as_deref());
            assert_eq!(fields.string("calendarId").as_deref(), doc.calendar.as_deref());
        }
        let day = Query { from_ms: doc.start_ms, to_ms: doc.end_ms, ..Query::default() };
        let _seen = day.matches(doc);
    }
    if let Ok(body) = Fields::parse(body) {
        for fault in [check_event(&body).err(), check_changes(&body).err()].into_iter().flatten() {
            assert!(!fault.field.is_empty() && !fault.expected.is_empty());
        }
        let made = new_event("e1", 7, 1_700_000_000_000, &body);
        let made_doc = EventDoc::parse(&made.to_text()).expect("what a creation makes is an event");
        assert_eq!((&*made_doc.id, made_doc.version), ("e1", 7));
        if let Some(Ok(fields)) = doc.as_ref().map(|doc| Fields::parse(&doc.text)) {
            changed(&fields, &body);
        }
    }
    for kind in [WriteKind::Create, WriteKind::Update, WriteKind::Delete, WriteKind::Skip] {
        let after = apply_write(kind, body, 1_700_000_000_000, doc.clone());
        assert!(after.as_ref().is_none_or(|after| validate(&after.text).is_ok()));
        match kind {
            WriteKind::Delete => assert_eq!(after, None),
            WriteKind::Skip => assert_eq!(after, doc),
            WriteKind::Create if doc.is_some() => assert_eq!(after, doc),
            WriteKind::Update if doc.is_none() => assert_eq!(after, None),
            WriteKind::Create | WriteKind::Update => {}
        }
    }
}

fn changed(before: &Fields, changes: &Fields) {
    let mut after = before.clone();
    apply_changes(&mut after, changes);
    let server = |field: &str| ["id", "version", "updatedAt"].contains(&field);
    for (field, raw) in changes.iter().filter(|(field, _)| !server(field)) {
        assert_eq!(after.get(field), Some(raw));
    }
    for (field, raw) in before.iter().filter(|(field, _)| server(field) || changes.get(field).is_none()) {
        assert_eq!(after.get(field), Some(raw));
    }
    let once = after.clone();
    apply_changes(&mut after, changes);
    assert_eq!(after, once);
}

/// A date has one instant, and an instant has a date that leads back to it.
pub(crate) fn date(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(ms) = date_to_ms(text) else { return };
    // A day of zone on either side.
    assert!((-62_167_219_200_000 - 86_400_000..=LAST_MS + 2 * 86_400_000).contains(&ms), "{text} is {ms}");
    assert!(text.is_ascii() && text.len() >= 10, "{text:?} is a date");
    if let Ok(whole) = u64::try_from(ms.min(LAST_MS)) {
        let written = iso_from_ms(whole);
        assert_eq!(date_to_ms(&written), Some(ms.min(LAST_MS)), "{text}");
        if text.len() == 10 {
            assert_eq!(text, &written[..10]);
        }
    }
}
