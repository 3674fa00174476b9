//! What the server confirmed, in the next program.

use super::*;
use crate::core::model::EventDoc;
use crate::core::offline::{Kept, Table, Trouble, channel_key, decode_kept, encode_position, event_key};

/// The calendar of a program that was connected for a while, as rows.
fn kept_rows(bench: &mut Bench) -> Vec<Row> {
    bench.wait(2_000);
    let mut rows: Vec<Row> = Vec::new();
    for (batch, ops) in bench.commits.clone() {
        for op in ops {
            match op {
                StorageOp::Put(row) => {
                    rows.retain(|held| (held.table, &held.key) != (row.table, &row.key));
                    rows.push(row);
                }
                StorageOp::Delete(table, key) => rows.retain(|held| (held.table, &held.key) != (table, &key)),
                StorageOp::Clear(table) => rows.retain(|row| row.table != table),
            }
        }
        bench.store(StorageEvent::Committed(batch));
    }
    rows
}

fn connected() -> Bench {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.store(StorageEvent::Keeper);
    bench.connect();
    bench
}

#[test]
fn of_several_tabs_one_keeps() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.subscribe("p", 7, &event("e1", 1, "one"));
    bench.wait(10_000);
    assert_eq!(bench.commits.len(), 0);
    // The tab that did was closed.
    bench.store(StorageEvent::Keeper);
    bench.wait(2_000);
    let key = event_key("e1");
    assert!(bench.commits[0].1.iter().any(|op| matches!(op, StorageOp::Put(row) if row.key == key)));
}

#[test]
fn a_reload_without_a_connection_shows_the_calendar_and_the_server_has_the_last_word() {
    let mut before = connected();
    before.subscribe("p", 7, &[event("e1", 1, "one"), event("e2", 1, "two")].join(","));
    before.hear(&change(8, "e1", 2, "newer"));
    before
        .hear(r#"{"type":"event:deleted","channel":"project:p","seq":9,"payload":{"id":"e2","version":2}}"#);
    let rows = kept_rows(&mut before);

    let mut next = Bench::durable();
    next.call(Call::Subscribe("project:p".to_owned()));
    next.store(StorageEvent::Loaded(rows.clone()));
    assert_eq!((next.title("e1").as_deref(), next.title("e2")), (Some("newer"), None));
    next.connect_silently();
    let asked = next.sent.iter().find(|message| field(message, "type") == "subscribe").unwrap();
    assert_eq!(field(asked, "payload"), r#"{"projectId":"p"}"#);
    next.hear(&subscribed("p", 12, &event("e3", 1, "three")));
    assert_eq!((next.title("e1"), next.title("e3").as_deref()), (None, Some("three")));

    // Who subscribes later gets it then, and who does not sees nothing of it.
    let mut later = Bench::durable();
    later.store(StorageEvent::Loaded(rows));
    assert_eq!(later.title("e1"), None);
    later.call(Call::Subscribe("project:p".to_owned()));
    assert_eq!(later.title("e1").as_deref(), Some("newer"));
}

#[test]
fn what_came_is_stored_apart_from_the_queue_and_some_time_later() {
    let mut bench = connected();
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    bench.wait(1_900);
    assert_eq!(bench.commits.len(), 0);
    bench.write(Call::Create(EVENT.to_owned()));
    assert!(
        bench.commits[0].1.iter().all(|op| matches!(op, StorageOp::Put(row) if row.table == Table::Outbox))
    );
    bench.wait(200);
    assert!(
        bench.commits[1].1.iter().all(|op| matches!(op, StorageOp::Put(row) if row.table == Table::Events))
    );
    assert_eq!(bench.commits.len(), 2);
    bench.wait(10_000);
    assert_eq!(bench.commits.len(), 2, "nothing came since");
}

#[test]
fn events_that_were_not_stored_go_with_the_next_batch_and_a_full_disk_ends_it() {
    let mut bench = connected();
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    bench.wait(2_000);
    let aborted = |trouble| move |batch| StorageEvent::Aborted(batch, trouble, String::new());
    bench.store(aborted(Trouble::Aborted)(bench.commits[0].0));
    bench.wait(2_000);
    let key = event_key("e1");
    let has = |at: usize, bench: &Bench| {
        bench.commits[at].1.iter().any(|op| matches!(op, StorageOp::Put(row) if row.key == key))
    };
    assert!(has(0, &bench) && has(1, &bench));
    bench.store(aborted(Trouble::Quota)(bench.commits[1].0));
    bench.wait(10_000);
    assert_eq!(bench.commits.len(), 2);
    let told = |event: &Event| matches!(event, Event::StorageDegraded(_));
    assert!(!bench.events.iter().any(told), "nobody misses it");
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.commits.len(), 3, "the queue is stored all the same");
}

#[test]
fn an_own_edit_on_what_was_kept_shows_above_it() {
    let mut before = connected();
    before.subscribe("p", 1, &event("e1", 3, "kept"));
    let mut rows = kept_rows(&mut before);
    before.lose(1006);
    before.write(Call::Update("e1".to_owned(), r#"{"location":"here"}"#.to_owned()));
    let StorageOp::Put(edit) = &before.commits.last().unwrap().1[0] else { panic!("no row") };
    // Of another program than the next one, which the same seed would make the same.
    rows.push(Row { key: edit.key.replace(&*before.own().0, "old"), ..edit.clone() });
    let mut next = Bench::durable();
    next.call(Call::Subscribe("project:p".to_owned()));
    next.store(StorageEvent::Loaded(rows));
    let shown = next.client.store().shown("e1").unwrap().doc.fields();
    assert_eq!(
        (shown.string("title").as_deref(), shown.string("location").as_deref()),
        (Some("kept"), Some("here"))
    );
}

#[test]
fn what_is_read_already_is_not_taken_back_by_what_was_kept() {
    let mut bench = Bench::durable();
    bench.connect();
    bench.subscribe("p", 9, &event("e1", 5, "of now"));
    let position = crate::core::delivery::Position { epoch: "e".to_owned(), seq: 3 };
    let channel =
        Row { table: Table::Events, key: channel_key("project:p"), value: encode_position(&position) };
    let doc = EventDoc::parse(&event("e1", 4, "of then")).unwrap();
    let old =
        Row { table: Table::Events, key: event_key("e1"), value: crate::core::offline::encode_event(&doc) };
    assert_eq!(decode_kept(&old.key, &old.value), Some(Kept::Event(doc)));
    bench.store(StorageEvent::Loaded(vec![old, channel]));
    assert_eq!(bench.title("e1").as_deref(), Some("of now"));
    assert_eq!(bench.client.position("project:p").map(|position| position.seq), Some(9));
}

#[test]
fn what_one_channel_was_told_is_gone_does_not_come_back_with_another() {
    let mut before = connected();
    let doc = event("e1", 1, "kept").replace("\"version\"", "\"calendarId\":\"c\",\"version\"");
    before.subscribe("p", 1, &doc);
    before.call(Call::Subscribe("calendar:c".to_owned()));
    before.hear(&subscribed("p", 1, &doc).replace("project:p", "calendar:c"));
    let rows = kept_rows(&mut before);
    let mut next = Bench::durable();
    next.connect();
    // The server was quicker than the database.
    next.subscribe("p", 2, "");
    next.call(Call::Subscribe("calendar:c".to_owned()));
    next.store(StorageEvent::Loaded(rows));
    assert_eq!(next.title("e1"), None);
}

#[test]
fn what_belongs_to_a_channel_that_nobody_reads_now_stays_as_it_is_kept() {
    let mut before = connected();
    before.subscribe("p", 1, &event("e1", 1, "kept"));
    let mut rows = kept_rows(&mut before);
    let left = r#"{"v":2,"kind":"update","event":"e1","at":5,"attempts":0,"base":BASE,"body":{"id":"e1","title":"mine"}}"#;
    let value = left.replace("BASE", &event("e1", 1, "kept"));
    rows.push(Row { table: Table::Outbox, key: "old|0000000000000001".to_owned(), value });
    let mut next = Bench::durable();
    next.store(StorageEvent::Loaded(rows));
    next.store(StorageEvent::Keeper);
    next.connect();
    next.subscribe("q", 1, "");
    assert_eq!(next.title("e1").as_deref(), Some("mine"));
    next.wait(3_000);
    let gone = StorageOp::Delete(Table::Events, event_key("e1"));
    assert!(!next.commits.iter().any(|(_, ops)| ops.contains(&gone)));
}

#[test]
fn a_batch_of_events_waits_for_the_one_before() {
    let mut bench = connected();
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    bench.wait(2_000);
    bench.hear(&change(2, "e2", 1, "two"));
    bench.wait(10_000);
    assert_eq!(bench.commits.len(), 1);
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Trouble::Aborted, String::new()));
    let keys = |ops: &[StorageOp]| -> Vec<String> {
        let key = |op: &StorageOp| if let StorageOp::Put(row) = op { row.key.clone() } else { String::new() };
        ops.iter().map(key).collect()
    };
    assert_eq!(keys(&bench.commits[1].1), ["e:e1", "e:e2", "c:project:p", "at"]);
}
