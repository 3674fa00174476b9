//! What is stored, what is read back, and what happens when neither works.

use super::*;
use crate::core::offline::{Table, row_key};

fn row(client: &str, seq: u64, id: &str, title: &str) -> Row {
    let id_of = WriteId { client: ClientId(Arc::from(client)), seq };
    let value = format!(
        r#"{{"v":1,"kind":"update","event":"{id}","at":5,"attempts":0,"base":{},"body":{{"id":"{id}","title":"{title}"}}}}"#,
        event(id, 1, "base")
    );
    Row { table: Table::Outbox, key: row_key(&id_of), value }
}

#[test]
fn nothing_is_sent_before_what_an_earlier_program_left_is_read() {
    let mut bench = Bench::durable();
    bench.call(Call::Connect);
    bench.open();
    bench.hear(WELCOME);
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.sent_types(), ["hello"]);
    bench.store(StorageEvent::Loaded(vec![row("old", 7, "e1", "left behind")]));
    assert_eq!(bench.title("e1").as_deref(), Some("left behind"));
    let seqs: Vec<String> =
        bench.sent.iter().map(|message| field(message, "client") + &field(message, "seq")).collect();
    assert_eq!(seqs, ["old7"]);
    bench.sent.clear();
    bench.hear(&ack(7, "e1", 2, "left behind").replace("\"seq\"", "\"client\":\"old\",\"seq\""));
    assert_eq!(bench.sent_types(), ["event:create"]);
}

#[test]
fn what_was_written_meanwhile_is_shown_above_what_was_left_behind() {
    let mut bench = Bench::durable();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "base"));
    bench.write(Call::Update("e1".to_owned(), r#"{"title":"newest"}"#.to_owned()));
    bench.store(StorageEvent::Loaded(vec![row("old", 1, "e1", "older")]));
    assert_eq!(bench.title("e1").as_deref(), Some("newest"));
}

#[test]
fn what_a_left_write_was_based_on_does_not_bring_back_what_is_gone() {
    let mut bench = Bench::durable();
    bench.connect();
    bench.subscribe("p", 3, "");
    bench.store(StorageEvent::Loaded(vec![row("old", 1, "e1", "to nothing")]));
    assert_eq!(bench.title("e1"), None);
}

#[test]
fn persisted_means_committed() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (_, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    let (_, other, _) = bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!((bench.commits.len(), bench.outcome(persisted)), (2, None));
    bench.store(StorageEvent::Committed(bench.commits[0].0));
    let full = Fault::new(FaultCode::QuotaExceeded, "full");
    bench.store(StorageEvent::Aborted(bench.commits[1].0, full));
    assert_eq!(
        (bench.outcome(persisted), bench.refusal(other)),
        (Some(&Outcome::Done), Some("quota_exceeded"))
    );
}

#[test]
fn a_row_goes_with_the_decision_and_goes_again_if_that_failed() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&ack(1, &id, 1, "done"));
    let gone = StorageOp::Delete(Table::Outbox, row_key(&WriteId { client: bench.own(), seq: 1 }));
    let (batch, ops) = bench.commits[1].clone();
    assert_eq!(ops, std::slice::from_ref(&gone));
    bench.store(StorageEvent::Aborted(batch, Fault::new(FaultCode::QuotaExceeded, "full")));
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.commits[2].1.first(), Some(&gone));
}

#[test]
fn a_refused_write_moves_to_the_dead_letters_in_one_transaction() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&refuse(1, "forbidden", false));
    let (_, ops) = bench.commits[1].clone();
    assert!(matches!(&ops[0], StorageOp::Delete(Table::Outbox, _)), "{ops:?}");
    let StorageOp::Put(dead) = &ops[1] else { panic!("{ops:?}") };
    assert_eq!(dead.table, Table::Dead);
    let mut next = Bench::durable();
    next.store(StorageEvent::Loaded(vec![dead.clone()]));
    assert_eq!(next.client.failed().next().map(|(_, failed)| failed.fault.code.as_str()), Some("forbidden"));
}

#[test]
fn without_storage_everything_works_and_says_so() {
    let mut bench = Bench::durable();
    bench.connect();
    let (id, persisted, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    bench.store(StorageEvent::Unavailable("private window".to_owned()));
    assert!(bench.events.contains(&Event::StorageDegraded("private window".to_owned())));
    assert_eq!(bench.sent_types(), ["event:create"]);
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Fault::new(FaultCode::NotStored, "")));
    bench.hear(&ack(1, &id, 1, "done"));
    assert_eq!(bench.refusal(persisted), Some("not_stored"));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(_))));
}

#[test]
fn who_waits_for_storage_is_answered_even_after_the_end() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let reply = bench.input(Input::Call(Call::Create(EVENT.to_owned()))).unwrap();
    let Reply::Write { persisted, confirmed, .. } = reply else { panic!("{reply:?}") };
    bench.input(Input::Call(Call::Destroy)).unwrap();
    assert_eq!((bench.outcome(persisted), bench.refusal(confirmed)), (None, Some("destroyed")));
    bench.store(StorageEvent::Committed(bench.commits[0].0));
    assert_eq!(bench.outcome(persisted), Some(&Outcome::Done));
}

#[test]
fn an_unreadable_row_is_reported_and_the_others_are_sent() {
    let mut bench = Bench::durable();
    let mut broken = row("old", 1, "e1", "x");
    broken.value = "{".to_owned();
    bench.connect();
    bench.store(StorageEvent::Loaded(vec![broken, row("old", 2, "e2", "fine")]));
    assert!(
        bench
            .events
            .iter()
            .any(|event| matches!(event, Event::Error(fault) if fault.code == FaultCode::CorruptRow))
    );
    assert_eq!(bench.sent_types(), ["event:update"]);
}
