//! Dead letters: kept with their history, tried again at no risk, with what depends on them.

use super::*;
use crate::core::offline::{Table, Trouble, row_key};

#[test]
fn a_retried_write_leaves_only_when_it_is_stored_in_place_of_the_dead_letter() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&refuse(1, "forbidden", false));
    let key = row_key(&WriteId { client: bench.own(), seq: 1 });
    bench.sent.clear();
    bench.call(Call::RetryFailed(key.clone()));
    assert!(bench.sent_types().is_empty());
    let (batch, ops) = bench.commits.last().cloned().unwrap();
    let again = row_key(&WriteId { client: bench.own(), seq: 2 });
    assert!(ops.contains(&StorageOp::Delete(Table::Dead, key)), "{ops:?}");
    assert!(ops.iter().any(|op| matches!(op, StorageOp::Put(row) if row.key == again)), "{ops:?}");
    bench.store(StorageEvent::Committed(batch));
    assert_eq!(bench.sent_types(), ["event:create"]);
}

#[test]
fn a_retried_write_that_cannot_be_stored_leaves_all_the_same() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&refuse(1, "forbidden", false));
    bench.sent.clear();
    bench.call(Call::RetryFailed(row_key(&WriteId { client: bench.own(), seq: 1 })));
    bench.store(StorageEvent::Unavailable(Trouble::Absent, "gone".to_owned()));
    bench.wait(10_000);
    assert!(bench.sent_types().contains(&"event:create".to_owned()));
}

#[test]
fn what_waits_on_an_event_that_was_not_made_fails_with_it_and_is_kept() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    let (_, _, sent) = bench.write(Call::Update(id.to_string(), r#"{"title":"a"}"#.to_owned()));
    bench.wait(100);
    bench.lose(1006);
    let (_, _, unsent) = bench.write(Call::Update(id.to_string(), r#"{"title":"b"}"#.to_owned()));
    bench.wait(1_500);
    bench.open();
    // The third waits while the others are unanswered.
    assert_eq!(bench.client.pending().filter(|write| write.sent_at.is_some()).count(), 3);
    bench.hear(WELCOME);
    bench.hear(&refuse(1, "forbidden", false));
    bench.hear(&refuse(2, "not_found", false));
    bench.hear(&refuse(3, "not_found", false));
    assert_eq!(
        (bench.refusal(sent), bench.refusal(unsent)),
        (Some("dependency_failed"), Some("dependency_failed"))
    );
    assert_eq!((bench.client.failed().count(), bench.title(&id)), (3, None));
}

#[test]
fn failures_are_told_to_the_next_program() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&refuse(1, "unavailable", true));
    let (_, ops) = bench.commits.last().cloned().unwrap();
    let [StorageOp::Put(row)] = &ops[..] else { panic!("{ops:?}") };
    let mut next = Bench::durable();
    let key = row_key(&WriteId { client: ClientId(Arc::from("the one before")), seq: 1 });
    next.store(StorageEvent::Loaded(vec![Row { key, ..row.clone() }]));
    let write = next.client.pending().next().unwrap();
    assert_eq!(write.attempts, 1);
    assert!(write.failures.as_deref().unwrap_or_default().contains(r#""code":"unavailable""#));
}
