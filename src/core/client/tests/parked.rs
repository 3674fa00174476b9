//! Edits that wait for a person, across programs and tabs.

use super::conflicts::{after, conflict, detected, durable, retitle, some, titles, update};
use super::*;
use crate::core::delivery::Position;
use crate::core::merge::Strategy;
use crate::core::model::EventDoc;
use crate::core::offline::{Table, channel_key, encode_event, encode_position, event_key, row_key};

#[test]
fn an_event_made_again_after_a_deletion_of_nobody_knows_what_is_what_it_is_made_to_be() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &event("e1", 1, "old"));
    first.write(Call::Delete("e1".to_owned()));
    first.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    let Some((_, ops)) = first.commits.last() else { panic!("nothing is stored") };
    let [_, StorageOp::Put(parked)] = &ops[..] else { panic!("{ops:?}") };
    let mut value = Fields::parse(&parked.value).unwrap();
    value.set("base", "null");

    let mut next = after(Strategy::Manual, vec![Row { value: value.to_text(), ..parked.clone() }]);
    next.connect();
    next.subscribe("p", 2, &event("e1", 2, "theirs"));
    next.sent.clear();
    next.write(Call::Create(event("e1", 0, "made again")));
    assert_eq!((next.title("e1").as_deref(), next.client.conflicts().count()), (Some("made again"), 0));
    assert_eq!(next.sent_types(), ["event:update"]);
    let written = next.client.pending().next().unwrap();
    assert_eq!(field(&written.body, "title"), "made again");
}

#[test]
fn what_waits_for_somebody_survives_the_program() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &event("e1", 1, "old"));
    first.write(retitle("mine"));
    first.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    let key = row_key(&WriteId { client: first.own(), seq: 1 });
    let (_, ops) = first.commits.last().unwrap();
    let removed = StorageOp::Delete(Table::Outbox, key.clone());
    let [delete, StorageOp::Put(row)] = &ops[..] else { panic!("{ops:?}") };
    assert_eq!((delete, row.table, &row.key), (&removed, Table::Conflicts, &key), "in one transaction");

    let mut next = after(Strategy::Manual, vec![row.clone()]);
    assert_eq!(titles(&detected(&next)[0]), some(["old", "mine", "theirs"]));
    assert_eq!((next.title("e1").as_deref(), next.client.pending().count()), (Some("mine"), 0));
    let (_, ops) = next.commits.last().unwrap().clone();
    let [StorageOp::Delete(Table::Conflicts, taken), StorageOp::Put(kept)] = &ops[..] else {
        panic!("{ops:?}")
    };
    assert!(*taken == key && kept.table == Table::Conflicts && kept.key.starts_with(&next.own().to_string()));
    next.connect();
    next.subscribe("p", 7, &event("e1", 5, "newest"));
    assert_eq!(titles(&detected(&next)[1]), some(["old", "mine", "newest"]));
    next.commits.clear();
    next.write(Call::ResolveConflict(key.clone(), event("e1", 5, "agreed")));
    let (_, ops) = next.commits.last().unwrap();
    assert!(
        matches!(&ops[..], [StorageOp::Delete(Table::Conflicts, gone), StorageOp::Put(row)]
        if *gone == kept.key && row.table == Table::Outbox),
        "{ops:?}"
    );
    assert_eq!(field(next.sent.last().unwrap(), "seq"), "1");
}

#[test]
fn what_was_kept_of_an_event_is_not_taken_for_news_of_it() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &event("e1", 1, "old"));
    first.write(retitle("mine"));
    first.hear(&conflict(1, &event("e1", 3, "theirs"), 3));
    let Some((_, ops)) = first.commits.last() else { panic!("nothing is stored") };
    let [_, StorageOp::Put(parked)] = &ops[..] else { panic!("{ops:?}") };
    let doc = EventDoc::parse(&event("e1", 1, "old")).unwrap();
    let kept = |key: String, value: String| Row { table: Table::Events, key, value };
    let position = Position { epoch: "e".to_owned(), seq: 1 };
    let rows = vec![
        parked.clone(),
        kept(event_key("e1"), encode_event(&doc)),
        kept(channel_key("project:p"), encode_position(&position)),
    ];

    let mut next = Bench::with(|config| {
        config.strategy = Strategy::Manual;
        config.project = Some("p".to_owned());
        config.offline =
            Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
    });
    next.store(StorageEvent::Loaded(rows));
    next.connect();
    let remotes: Vec<_> = detected(&next).iter().map(|told| titles(told)[2].clone()).collect();
    assert_eq!(remotes, [Some("theirs".to_owned())]);
}

#[test]
fn the_place_of_an_edit_that_waits_for_somebody_is_no_second_one() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &[event("e1", 1, "old"), event("e2", 1, "old")].join(","));
    first.write(update("e2", r#"{"title":"one"}"#));
    first.write(retitle("mine"));
    first.write(update("e2", r#"{"title":"two"}"#));
    let is_outbox = |op: &&StorageOp| matches!(op, StorageOp::Put(row) if row.table == Table::Outbox);
    let puts = first.commits.iter().flat_map(|(_, ops)| ops).filter(is_outbox).cloned().collect::<Vec<_>>();
    let rows = puts.into_iter().filter_map(|op| match op {
        StorageOp::Put(row) => Some(row),
        StorageOp::Delete(..) | StorageOp::Clear(_) => None,
    });
    let mut rows: Vec<Row> = rows.collect();
    assert_eq!(rows.len(), 3);
    first.hear(&conflict(2, &event("e1", 2, "theirs"), 2));
    let Some((_, ops)) = first.commits.last() else { panic!("nothing is stored") };
    let [_, StorageOp::Put(parked)] = &ops[..] else { panic!("{ops:?}") };
    rows[1] = parked.clone();
    // Every bench has one name.
    let own = first.own().to_string();
    for row in &mut rows {
        (row.key, row.value) = (row.key.replace(&own, "another"), row.value.replace(&own, "another"));
    }

    let mut next = after(Strategy::Manual, rows);
    next.connect();
    let stream = r#""seq":2,"client":"another""#;
    next.hear(&conflict(2, &event("e1", 3, "newer"), 3).replace(r#""seq":2"#, stream));
    let waiting: Vec<_> = next.client.conflicts().map(|conflict| conflict.event.to_string()).collect();
    assert_eq!((waiting, next.title("e1").as_deref()), (vec!["e1".to_owned()], Some("mine")));
}

#[test]
fn what_two_programs_took_from_a_third_is_offered_once_and_all_that_came_after_it_too() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &event("e1", 1, "old"));
    first.write(retitle("mine"));
    first.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    let (_, ops) = first.commits.last().unwrap();
    let [_, StorageOp::Put(row)] = &ops[..] else { panic!("{ops:?}") };
    let copy = |client: &str, title: &str| Row {
        key: row_key(&WriteId { client: ClientId(Arc::from(client)), seq: 1 << 52 }),
        value: row.value.replace("mine", title),
        ..row.clone()
    };
    let mut next = Bench::with(|config| {
        config.strategy = Strategy::Manual;
        config.offline =
            Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
    });
    // The third one lives and has stored its own again, with more in it.
    let third = Row { value: row.value.replace("mine", "more of mine"), ..row.clone() };
    let rows = vec![copy("a", "mine"), copy("b", "mine"), third];
    next.store(StorageEvent::Loaded(rows));
    let locals: Vec<_> = next.client.conflicts().map(|conflict| titles(conflict)[1].clone()).collect();
    assert_eq!(locals, [Some("mine".to_owned()), Some("more of mine".to_owned())]);
    assert_eq!(next.client.store().pending("e1").len(), 2, "each has a name of its own");
}

#[test]
fn an_edit_that_another_tab_parked_is_not_parked_again_when_the_server_repeats_what_it_said() {
    let mut first = durable(Strategy::Manual);
    first.connect();
    first.subscribe("p", 1, &event("e1", 1, "old"));
    first.write(Call::Delete("e1".to_owned()));
    let put = |bench: &Bench, table: Table| {
        let ops = bench.commits.iter().flat_map(|(_, ops)| ops);
        let mut rows = ops.filter_map(|op| match op {
            StorageOp::Put(row) => Some(row.clone()),
            StorageOp::Delete(..) | StorageOp::Clear(_) => None,
        });
        rows.rfind(|row| row.table == table).unwrap()
    };
    let waiting = put(&first, Table::Outbox);
    first.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    let mut rows = vec![waiting, put(&first, Table::Conflicts)];
    let own = first.own().to_string();
    for row in &mut rows {
        (row.key, row.value) = (row.key.replace(&own, "another"), row.value.replace(&own, "another"));
    }

    let mut next = after(Strategy::Manual, rows);
    next.connect();
    let stream = r#""seq":1,"client":"another""#;
    next.hear(&conflict(1, &event("e1", 2, "theirs"), 2).replace(r#""seq":1"#, stream));
    assert_eq!(next.client.conflicts().count(), 1);
    assert_eq!(next.client.store().pending("e1").len(), 1, "it is shown once");
    assert_eq!(next.client.pending().count(), 0);
}
