//! Edits that wait for a connection become one write, and nothing that was sent does.

use super::*;
use crate::core::merge::Strategy;
use crate::core::model::WriteKind;
use crate::core::offline::{Table, row_key};

fn update(id: &str, changes: &str) -> Call {
    Call::Update(id.to_owned(), changes.to_owned())
}

/// Kind and payload of what is pending.
fn pending(bench: &Bench) -> Vec<(WriteKind, String)> {
    bench.client.pending().map(|write| (write.kind, write.body.to_string())).collect()
}

#[test]
fn edits_without_a_connection_are_one_write_and_all_who_wait_get_its_answer() {
    let mut bench = Bench::new();
    let (id, _, made) = bench.write(Call::Create(EVENT.to_owned()));
    let (_, _, renamed) = bench.write(update(&id, r#"{"title":"Daily"}"#));
    let (_, _, placed) = bench.write(update(&id, r#"{"location":"Room 2"}"#));
    assert_eq!((bench.title(&id).as_deref(), pending(&bench).len()), (Some("Daily"), 1));
    bench.connect();
    bench.hear(&ack(1, &id, 1, "Daily"));
    for ticket in [made, renamed, placed] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(text)) if text.contains("Daily")));
    }
    assert_eq!(bench.client.pending().count(), 0);
}

#[test]
fn a_row_is_stored_once_a_task_and_each_edit_is_told_when_it_is() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let Ok(Reply::Write { event, persisted: first, .. }) =
        bench.input(Input::Call(Call::Create(EVENT.to_owned())))
    else {
        panic!("no write");
    };
    let (_, second, _) = bench.write(update(&event, r#"{"title":"Daily"}"#));
    let (batch, ops) = bench.commits[0].clone();
    let key = row_key(&WriteId { client: bench.own(), seq: 1 });
    assert!(
        matches!(&ops[..], [StorageOp::Put(row)] if row.key == key && row.value.contains("Daily")),
        "{ops:?}"
    );
    bench.store(StorageEvent::Committed(batch));
    assert_eq!((bench.outcome(first), bench.outcome(second)), (Some(&Outcome::Done), Some(&Outcome::Done)));
    // A later task stores the row again.
    bench.write(update(&event, r#"{"title":"Weekly"}"#));
    assert!(matches!(&bench.commits[1].1[..], [StorageOp::Put(row)] if row.key == key));
}

#[test]
fn what_was_made_and_removed_before_it_left_is_nothing_and_its_place_is_filled() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (id, _, made) = bench.write(Call::Create(EVENT.to_owned()));
    bench.write(Call::Create(EVENT.to_owned()));
    let (_, persisted, removed) = bench.write(Call::Delete(id.to_string()));
    assert_eq!((bench.title(&id), bench.client.pending().count()), (None, 1));
    assert_eq!(bench.client.progress().total(), 1);
    let (batch, ops) = bench.commits.last().cloned().unwrap();
    assert!(
        matches!(&ops[..], [StorageOp::Put(row)] if row.table == Table::Outbox && row.value.contains("skip"))
    );
    bench.store(StorageEvent::Committed(batch));
    assert_eq!(bench.outcome(persisted), Some(&Outcome::Done));
    bench.connect();
    let types: Vec<&str> =
        bench.framed.iter().flat_map(|(_, types)| types.split('+')).filter(|kind| *kind != "hello").collect();
    assert_eq!(types, ["skip", "event:create"]);
    bench.hear(r#"{"type":"ack","seq":1,"payload":null}"#);
    for ticket in [made, removed] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(text)) if text.contains("Stand-up")));
    }
}

#[test]
fn what_may_have_been_sent_is_not_touched() {
    let mut bench = Bench::new();
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.lose(1006);
    bench.write(update(&id, r#"{"title":"Daily"}"#));
    bench.write(update(&id, r#"{"title":"Weekly"}"#));
    let kinds: Vec<WriteKind> = pending(&bench).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [WriteKind::Create, WriteKind::Update]);
    assert_eq!(bench.title(&id).as_deref(), Some("Weekly"));
}

#[test]
fn with_a_connection_each_edit_has_an_answer_of_its_own_until_they_wait_for_each_other() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    // One task: each is sent at its end.
    for title in ["a", "b"] {
        bench.input(Input::Call(update("e1", &format!(r#"{{"title":"{title}"}}"#)))).unwrap();
    }
    assert_eq!(pending(&bench).len(), 2);
    bench.settle();
    // They are under way: what comes now waits, and more of it joins.
    for title in ["c", "d", "e"] {
        bench.wait(16);
        bench.write(update("e1", &format!(r#"{{"title":"{title}"}}"#)));
    }
    assert_eq!((pending(&bench).len(), bench.title("e1").as_deref()), (3, Some("e")));
}

#[test]
fn what_an_earlier_program_left_is_not_touched() {
    let mut bench = Bench::durable();
    let id_of = WriteId { client: ClientId(Arc::from("old")), seq: 1 };
    let value = format!(
        r#"{{"v":1,"kind":"update","event":"e1","at":5,"attempts":0,"base":{},"body":{{"id":"e1","title":"left"}}}}"#,
        event("e1", 1, "base")
    );
    let row = Row { table: Table::Outbox, key: row_key(&id_of), value };
    bench.store(StorageEvent::Loaded(vec![row]));
    bench.write(update("e1", r#"{"title":"mine"}"#));
    assert_eq!(pending(&bench).len(), 2);
}

#[test]
fn an_edit_that_would_make_the_write_too_large_stays_apart() {
    let mut bench = Bench::new();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    for field in ["description", "notes"] {
        bench.write(update(&id, &format!(r#"{{"{field}":"{}"}}"#, "x".repeat(40 << 10))));
    }
    assert_eq!(pending(&bench).len(), 2);
}

#[test]
fn a_squashed_write_says_what_the_first_edit_of_each_field_was_made_on() {
    let mut bench = Bench::with(|config| config.strategy = Strategy::Merge);
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    bench.lose(1006);
    bench.write(update("e1", r#"{"title":"a","location":"Room 1"}"#));
    bench.write(update("e1", r#"{"title":"b","location":"Room 2","startDate":"2026-03-01"}"#));
    let on = bench.client.pending().next().and_then(|write| write.on.clone()).unwrap();
    let saw = Fields::parse(&on.saw).unwrap();
    assert_eq!((saw.string("title").as_deref(), saw.get("location")), (Some("old"), None));
    assert_eq!(saw.string("startDate").as_deref(), Some("2026-03-02"));
    assert_eq!((pending(&bench).len(), bench.title("e1").as_deref()), (1, Some("b")));
}
