//! What is stored, what is read back, and what happens when neither works.

use super::*;
use crate::core::io::TabsEvent;
use crate::core::offline::{Table, Trouble, row_key};

impl Bench {
    /// What the batch number `at` does.
    fn stored(&self, at: usize) -> Vec<String> {
        let step = |op: &StorageOp| match op {
            StorageOp::Put(row) => format!("put {}", row.key),
            StorageOp::Delete(_, key) => format!("delete {key}"),
            StorageOp::Clear(table) => format!("clear {}", table.name()),
        };
        self.commits[at].1.iter().map(step).collect()
    }

    /// The key of a write of this program.
    fn key(&self, seq: u64) -> String {
        row_key(&WriteId { client: self.own(), seq })
    }

    fn loads(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Load(_))).count()
    }

    fn degraded(&self) -> Vec<&str> {
        let mut reasons = Vec::new();
        for event in &self.events {
            if let Event::StorageDegraded(reason) = event {
                reasons.push(reason.as_str());
            }
        }
        reasons
    }
}

fn row(client: &str, seq: u64, id: &str, title: &str) -> Row {
    let id_of = WriteId { client: ClientId(Arc::from(client)), seq };
    let value = format!(
        r#"{{"v":1,"kind":"update","event":"{id}","at":5,"attempts":0,"base":{},"body":{{"id":"{id}","title":"{title}"}}}}"#,
        event(id, 1, "base")
    );
    Row { table: Table::Outbox, key: row_key(&id_of), value }
}

#[test]
fn what_was_decided_is_not_sent_again_when_its_row_was_read_before_it_was_removed() {
    let mut bench = Bench::durable();
    bench.call(Call::Connect);
    bench.open();
    bench.store(StorageEvent::Loaded(vec![row("old", 7, "e1", "left behind")]));
    bench.wait(1_000);
    assert!(bench.sent_types().contains(&"event:update".to_owned()));
    bench.hear(&format!(r#"{{"type":"ack","id":"old:7","payload":{}}}"#, event("e1", 2, "left behind")));
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&format!(
        r#"{{"type":"ack","id":"{}:1","payload":{}}}"#,
        bench.own().0,
        event(&id, 1, "done")
    ));
    assert_eq!(bench.client.pending().count(), 0);
    bench.sent.clear();
    let rows = vec![row("old", 7, "e1", "left behind"), row("old", 8, "e2", "later")];
    bench.give(Input::Tabs(TabsEvent::Left(None, rows)));
    let seqs: Vec<String> = bench.sent.iter().map(|message| field(message, "seq")).collect();
    assert_eq!(seqs, ["8"]);
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
    let broken = "AbortError".to_owned();
    bench.store(StorageEvent::Aborted(bench.commits[1].0, Trouble::Aborted, broken.clone()));
    assert_eq!(
        (bench.outcome(persisted), bench.refusal(other)),
        (Some(&Outcome::Done), Some("storage_aborted"))
    );
    assert!(bench.events.contains(&Event::StorageDegraded(broken)));
}

#[test]
fn a_refused_edit_stays_and_is_stored_with_the_next_batch() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (id, refused, _) = bench.write(Call::Create(EVENT.to_owned()));
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Trouble::Aborted, String::new()));
    assert_eq!(bench.refusal(refused), Some("storage_aborted"));
    assert!(bench.title(&id).is_some());
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.stored(1), [format!("put {}", bench.key(1)), format!("put {}", bench.key(2))]);
}

#[test]
fn a_row_goes_with_the_decision_and_goes_again_if_that_failed() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&ack(1, &id, 1, "done"));
    let gone = format!("delete {}", bench.key(1));
    assert_eq!(bench.stored(1), std::slice::from_ref(&gone));
    bench.store(StorageEvent::Committed(bench.commits[0].0));
    bench.store(StorageEvent::Aborted(bench.commits[1].0, Trouble::Aborted, String::new()));
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.stored(2), [gone, format!("put {}", bench.key(2))]);
}

#[test]
fn what_failed_is_stored_again_with_all_that_failed_after_it() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    let refusal = format!(
        r#"{{"type":"error","id":"{}:1","seq":1,"payload":{{"code":"forbidden","message":"","retryable":false}}}}"#,
        bench.own()
    );
    bench.hear(&refusal);
    assert_eq!(bench.commits.len(), 2);
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Trouble::Aborted, String::new()));
    bench.write(Call::Create(EVENT.to_owned()));
    // With what the first has to do now the refused write would be gone from the outbox, and nowhere else.
    assert_eq!(bench.commits.len(), 2);
    bench.store(StorageEvent::Aborted(bench.commits[1].0, Trouble::Aborted, String::new()));
    let refused = bench.key(1);
    assert_eq!(
        bench.stored(2),
        [format!("put {refused}"), format!("delete {refused}"), format!("put {}", bench.key(2))]
    );
}

#[test]
fn a_full_disk_costs_the_caches_and_only_then_who_waits_is_told() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (_, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    let full = |bench: &mut Bench, at: usize| {
        bench.store(StorageEvent::Aborted(bench.commits[at].0, Trouble::Quota, "full".to_owned()));
    };
    full(&mut bench, 0);
    let put = format!("put {}", bench.key(1));
    assert_eq!(bench.stored(1), ["clear events", "clear cache"]);
    assert_eq!((bench.stored(2), bench.outcome(persisted)), (vec![put], None));
    // Emptied caches are no success: however often they can be, there is room or there is none.
    bench.store(StorageEvent::Committed(bench.commits[1].0));
    full(&mut bench, 2);
    assert_eq!(bench.commits.len(), 3);
    assert_eq!(bench.refusal(persisted), Some("quota_exceeded"));
    assert_eq!(bench.degraded(), ["full"]);
    assert_eq!(bench.client.pending().count(), 1, "the queue is never dropped");
}

#[test]
fn a_connection_that_dies_is_replaced_and_nobody_notices() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (id, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    for at in 0..3 {
        bench.store(StorageEvent::Aborted(bench.commits[at].0, Trouble::HandleDead, "dead".to_owned()));
        bench.wait(2_000);
        assert_eq!(bench.loads(), at + 2);
        bench.store(StorageEvent::Loaded(vec![]));
        assert_eq!(bench.stored(at + 1), [format!("put {}", bench.key(1))]);
    }
    bench.store(StorageEvent::Committed(bench.commits[3].0));
    assert_eq!(bench.outcome(persisted), Some(&Outcome::Done));
    assert_eq!(bench.degraded(), [""; 0]);
    assert!(bench.title(&id).is_some());
}

#[test]
fn storage_that_stays_away_is_told_once_and_gets_everything_when_it_returns() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![row("old", 7, "e1", "left behind")]));
    let (_, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    for at in 0..4 {
        bench.store(StorageEvent::Aborted(bench.commits[at].0, Trouble::Backing, "gone".to_owned()));
        bench.wait(1_000);
        if at < 3 {
            bench.store(StorageEvent::Loaded(vec![]));
        }
    }
    assert_eq!((bench.refusal(persisted), bench.degraded()), (Some("storage_unavailable"), vec!["gone"]));
    let (_, meanwhile, _) = bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.refusal(meanwhile), Some("not_stored"));
    assert!(!bench.client.is_durable());
    bench.wait(5_000);
    bench.store(StorageEvent::Unavailable(Trouble::Backing, "gone".to_owned()));
    bench.wait(15_000);
    bench.store(StorageEvent::Loaded(vec![]));
    assert!(bench.client.is_durable());
    let old = row("old", 7, "e1", "").key;
    let mut rows = bench.stored(bench.commits.len() - 1);
    rows.sort_unstable();
    let mut expected = [old, bench.key(1), bench.key(2)].map(|key| format!("put {key}"));
    expected.sort_unstable();
    assert_eq!(rows, expected);
    assert_eq!(bench.degraded(), ["gone"]);
}

#[test]
fn what_was_decided_without_storage_does_not_come_back_with_it() {
    let left = row("old", 7, "e1", "left behind");
    let mut away = Bench::durable();
    away.store(StorageEvent::Loaded(vec![left.clone()]));
    away.connect();
    away.write(Call::Create(EVENT.to_owned()));
    for at in 0..4 {
        away.store(StorageEvent::Aborted(away.commits[at].0, Trouble::HandleDead, String::new()));
        if at < 3 {
            away.wait([0, 100, 1_000][at]);
            away.store(StorageEvent::Loaded(vec![left.clone()]));
        }
    }
    away.hear(&ack(7, "e1", 2, "left behind").replace("\"seq\"", "\"client\":\"old\",\"seq\""));
    away.wait(5_000);
    away.store(StorageEvent::Loaded(vec![left.clone()]));
    let rows: Vec<String> = (4..away.commits.len()).flat_map(|at| away.stored(at)).collect();
    assert!(rows.contains(&format!("delete {}", left.key)), "{rows:?}");
    assert_eq!(away.client.pending().count(), 1, "it is not taken over again");
}

#[test]
fn what_was_deleted_under_us_is_told_and_stored_again() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.write(Call::Create(EVENT.to_owned()));
    bench.store(StorageEvent::Committed(bench.commits[0].0));
    bench.write(Call::Create(EVENT.to_owned()));
    bench.store(StorageEvent::Aborted(bench.commits[1].0, Trouble::HandleDead, String::new()));
    bench.store(StorageEvent::Lost);
    bench.store(StorageEvent::Loaded(vec![]));
    let lost = |event: &&Event| matches!(event, Event::Error(fault) if fault.code == FaultCode::StorageLost);
    assert_eq!(bench.events.iter().filter(lost).count(), 1);
    assert_eq!(bench.stored(2), [format!("put {}", bench.key(1)), format!("put {}", bench.key(2))]);
}

#[test]
fn a_database_that_another_tab_holds_keeps_nobody_waiting() {
    let mut bench = Bench::durable();
    bench.connect();
    let (_, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    let held = "another tab".to_owned();
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Trouble::Blocked, held.clone()));
    bench.store(StorageEvent::Unavailable(Trouble::Blocked, held));
    assert_eq!(bench.refusal(persisted), Some("storage_unavailable"));
    assert_eq!(bench.sent_types(), ["event:create"]);
    bench.wait(5_000);
    bench.store(StorageEvent::Loaded(vec![row("old", 1, "e2", "left behind")]));
    assert_eq!(bench.title("e2").as_deref(), Some("left behind"));
    assert_eq!(bench.stored(1), [format!("put {}", bench.key(1))]);
}

#[test]
fn the_first_offline_edit_asks_the_browser_to_keep_and_is_flushed_to_the_disk() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    assert!(!bench.effects.contains(&Effect::Persist));
    bench.lose(1006);
    bench.write(Call::Create(EVENT.to_owned()));
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.effects.iter().filter(|effect| **effect == Effect::Persist).count(), 1);
    assert_eq!(bench.durabilities, [Durability::Relaxed, Durability::Strict, Durability::Relaxed]);
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
    let private = "private window".to_owned();
    bench.store(StorageEvent::Aborted(bench.commits[0].0, Trouble::Absent, private.clone()));
    bench.store(StorageEvent::Unavailable(Trouble::Absent, private));
    assert_eq!(bench.degraded(), ["private window"]);
    assert_eq!(bench.sent_types(), ["event:create"]);
    bench.hear(&ack(1, &id, 1, "done"));
    assert_eq!(bench.refusal(persisted), Some("storage_unavailable"));
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
