use super::*;
use crate::core::id::ClientId;
use crate::core::merge::{On, Strategy};

fn id(id: &str) -> Arc<str> {
    Arc::from(id)
}

fn write(seq: u64) -> WriteId {
    WriteId { client: ClientId(id("c")), seq }
}

fn doc(event: &str, version: u64, title: &str) -> EventDoc {
    EventDoc::parse(&format!(r#"{{"id":"{event}","title":"{title}","version":{version}}}"#)).unwrap()
}

fn update(seq: u64, title: &str) -> Pending {
    let body = Arc::from(format!(r#"{{"id":"e","title":"{title}"}}"#));
    Pending { id: write(seq), kind: WriteKind::Update, body, on: None, at_ms: 0 }
}

fn title(store: &Store) -> Option<String> {
    store.shown("e").and_then(|shown| shown.doc.fields().string("title"))
}

#[test]
fn no_order_of_acknowledgement_and_echo_flickers() {
    for echo_first in [true, false] {
        let mut store = Store::default();
        store.confirm(doc("e", 1, "old"));
        let mut seen = vec![title(&store)];
        store.push(&id("e"), update(1, "new"));
        seen.push(title(&store));
        let echo = |store: &mut Store| store.confirm(doc("e", 2, "new"));
        if echo_first {
            assert!(echo(&mut store));
            seen.push(title(&store));
        }
        store.acknowledge(&id("e"), &write(1), Acknowledged::Event(doc("e", 2, "new")));
        seen.push(title(&store));
        if !echo_first {
            assert!(!echo(&mut store));
            seen.push(title(&store));
        }
        seen.dedup();
        assert_eq!(seen, [Some("old".to_owned()), Some("new".to_owned())]);
    }
}

#[test]
fn a_rolled_back_write_leaves_the_others_standing() {
    let mut store = Store::default();
    store.confirm(doc("e", 1, "old"));
    store.push(&id("e"), update(1, "first"));
    let color = Arc::from(r##"{"id":"e","color":"#ffffff"}"##);
    store.push(&id("e"), Pending { id: write(2), kind: WriteKind::Update, body: color, on: None, at_ms: 0 });
    store.roll_back(&id("e"), &write(1));
    let shown = store.shown("e").map(|shown| shown.doc.fields());
    let shown = shown.map(|fields| (fields.string("title"), fields.string("color")));
    assert_eq!(shown, Some((Some("old".to_owned()), Some("#ffffff".to_owned()))));
}

#[test]
fn older_versions_change_nothing_and_do_not_bring_back_what_is_gone() {
    let mut store = Store::default();
    assert!(store.confirm(doc("e", 3, "three")));
    assert!(!store.confirm(doc("e", 3, "other")));
    assert!(!store.confirm(doc("e", 2, "two")));
    assert!(store.remove(&id("e"), Some(4), false));
    assert!(!store.confirm(doc("e", 4, "late")));
    assert!(store.shown("e").is_none());
    assert!(store.confirm(doc("e", 5, "revived")));
}

#[test]
fn an_older_end_does_not_make_room_for_what_a_newer_one_ended() {
    let mut store = Store::default();
    assert!(!store.remove(&id("e"), Some(44), false));
    assert!(!store.remove(&id("e"), Some(41), false));
    assert!(!store.confirm(doc("e", 42, "late")));
    assert!(store.confirm(doc("e", 45, "revived")));
}

#[test]
fn a_move_between_channels_shows_the_event_in_either_order() {
    for leave_first in [true, false] {
        let mut store = Store::default();
        store.confirm(doc("e", 1, "here"));
        if leave_first {
            store.remove(&id("e"), Some(2), true);
        }
        store.confirm(doc("e", 2, "there"));
        if !leave_first {
            assert!(!store.remove(&id("e"), Some(2), true));
        }
        assert_eq!(title(&store).as_deref(), Some("there"), "{leave_first}");
    }
}

#[test]
fn a_revision_changes_exactly_when_what_is_shown_does() {
    let mut store = Store::default();
    store.confirm(doc("e", 1, "a"));
    let first = store.shown("e").map(|shown| shown.revision);
    store.confirm(doc("f", 1, "other"));
    store.replace(vec![doc("e", 1, "a"), doc("f", 1, "other")], false, |_| true);
    assert_eq!(store.shown("e").map(|shown| shown.revision), first);
    store.confirm(doc("e", 2, "b"));
    assert_ne!(store.shown("e").map(|shown| shown.revision), first);
}

#[test]
fn changes_are_told_once_and_only_if_they_last() {
    let mut store = Store::default();
    store.confirm(doc("e", 1, "a"));
    assert_eq!(store.take_changes().created, [id("e")]);
    store.push(&id("e"), update(1, "b"));
    store.roll_back(&id("e"), &write(1));
    assert!(store.take_changes().is_empty());
    store.push(&id("e"), update(2, "b"));
    store.remove(&id("e"), Some(2), false);
    assert_eq!(store.take_changes().deleted, [id("e")]);
    assert!(!store.is_changed());
}

#[test]
fn content_replaces_what_it_covers_and_keeps_pending_writes() {
    let mut store = Store::default();
    store.confirm(doc("e", 1, "a"));
    store.confirm(doc("gone", 1, "x"));
    store.push(&id("e"), update(1, "mine"));
    store.replace(vec![doc("e", 7, "theirs")], false, |_| true);
    assert!(store.shown("gone").is_none());
    assert_eq!(title(&store).as_deref(), Some("mine"));
    store.roll_back(&id("e"), &write(1));
    assert_eq!(title(&store).as_deref(), Some("theirs"));
}

#[test]
fn what_content_shows_to_be_over_does_not_come_back_in_an_older_state() {
    let mut store = Store::default();
    store.confirm(doc("e", 3, "was here"));
    store.replace(vec![], false, |_| true);
    assert!(!store.confirm(doc("e", 1, "from a channel that is behind")));
    assert!(store.confirm(doc("e", 4, "elsewhere")));
    store.replace(vec![], true, |_| true);
    assert!(store.confirm(doc("e", 1, "of another history")));
}

#[test]
fn a_plain_acknowledgement_confirms_what_was_meant() {
    let mut store = Store::default();
    let body = Arc::from(r#"{"id":"e","title":"mine"}"#);
    store.push(&id("e"), Pending { id: write(1), kind: WriteKind::Create, body, on: None, at_ms: 0 });
    store.acknowledge(&id("e"), &write(1), Acknowledged::Unsaid);
    assert_eq!(store.confirmed("e").and_then(|doc| doc.fields().string("title")).as_deref(), Some("mine"));
    assert!(store.pending("e").is_empty());
}

fn merged(seq: u64, changes: &str, saw: &str) -> Pending {
    let on = On { strategy: Strategy::Merge, saw: Arc::from(saw) };
    let body = Arc::from(changes);
    Pending { id: write(seq), kind: WriteKind::Update, body, on: Some(Arc::new(on)), at_ms: 0 }
}

fn shown_field(store: &Store, field: &str) -> Option<String> {
    store.shown("e").and_then(|shown| shown.doc.fields().string(field))
}

#[test]
fn a_pending_write_is_merged_with_what_comes_in_as_the_server_will() {
    let mut store = Store::default();
    let doc = |version: u64, location: &str, color: &str| {
        let text = format!(
            r#"{{"id":"e","title":"a","version":{version},"location":"{location}","color":"{color}"}}"#
        );
        EventDoc::parse(&text).unwrap()
    };
    store.confirm(doc(1, "here", "red"));
    store.push(&id("e"), merged(1, r#"{"id":"e","location":"there"}"#, r#"{"location":"here"}"#));
    store.confirm(doc(2, "here", "blue"));
    assert_eq!(shown_field(&store, "location").as_deref(), Some("there"));
    assert_eq!(shown_field(&store, "color").as_deref(), Some("blue"));
    // What another put there first stays, and the user sees it before the server says so.
    store.confirm(doc(3, "elsewhere", "blue"));
    assert_eq!(shown_field(&store, "location").as_deref(), Some("elsewhere"));
}

#[test]
fn a_pending_write_that_may_not_be_merged_shows_on_top_until_it_is_decided() {
    let mut store = Store::default();
    let doc = |version: u64, title: &str| {
        EventDoc::parse(&format!(r#"{{"id":"e","title":"{title}","version":{version}}}"#)).unwrap()
    };
    store.confirm(doc(1, "a"));
    for strategy in [Strategy::FirstWriteWins, Strategy::Manual] {
        let pending = merged(1, r#"{"id":"e","title":"mine"}"#, r#"{"title":"a"}"#);
        let on = Some(Arc::new(On { strategy, saw: Arc::from(r#"{"title":"a"}"#) }));
        store.push(&id("e"), Pending { on, ..pending });
        store.confirm(doc(2, "theirs"));
        assert_eq!(shown_field(&store, "title").as_deref(), Some("mine"));
        store.roll_back(&id("e"), &write(1));
        assert_eq!(shown_field(&store, "title").as_deref(), Some("theirs"));
    }
}

#[test]
fn an_event_that_is_deleted_under_a_pending_write_stays_shown_where_the_write_outweighs_it() {
    let mut store = Store::default();
    let text = r#"{"id":"e","title":"a","color":"red","version":1}"#;
    store.confirm(EventDoc::parse(text).unwrap());
    store.push(&id("e"), merged(1, r#"{"id":"e","title":"b"}"#, r#"{"title":"a"}"#));
    store.remove(&id("e"), Some(2), false);
    assert_eq!(shown_field(&store, "title").as_deref(), Some("b"));
    assert_eq!(shown_field(&store, "color").as_deref(), Some("red"));
    store.roll_back(&id("e"), &write(1));
    assert!(store.shown("e").is_none());
}

#[test]
fn only_what_no_server_told_of_is_taken_for_gone() {
    let mut store = Store::default();
    store.confirm(doc("told", 16, "told"));
    store.assume(doc("kept", 2, "kept"));
    for id in ["told", "kept", "unknown"] {
        store.assume_gone(doc(id, 13, "last"));
    }
    let there = |id: &str| store.confirmed(id).map(|held| held.version);
    assert_eq!(["told", "kept", "unknown"].map(there), [Some(16), None, None]);
}

#[test]
fn the_newest_of_what_is_assumed_shows_until_a_server_tells() {
    let mut store = Store::default();
    for (version, title) in [(1, "kept"), (3, "met"), (2, "based on")] {
        store.assume(doc("e", version, title));
    }
    assert_eq!(title(&store).as_deref(), Some("met"));
    store.confirm(doc("e", 2, "told"));
    store.assume(doc("e", 9, "assumed"));
    assert_eq!(title(&store).as_deref(), Some("told"));
}
