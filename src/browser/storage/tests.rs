//! Against the browser's own IndexedDB.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Object, Reflect};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use rexie::{ObjectStore, Rexie};

use super::database::{SCHEMA_VERSION, apply, begin, factory, open, within};
use super::*;
use crate::browser::clock::wall_ms;
use crate::browser::random_seed;
use crate::core::io::OnPending;

wasm_bindgen_test_configure!(run_in_browser);

fn name() -> String {
    format!("storage-test/{}", random_seed()[0])
}

fn teardown() -> Teardown {
    Teardown::new(js_sys::Set::new(&JsValue::UNDEFINED))
}

fn row(table: Table, key: &str, value: &str) -> Row {
    Row { table, key: key.to_owned(), value: value.to_owned() }
}

async fn commit(storage: &Rc<Storage>, ops: Vec<StorageOp>) -> Result<(), Failure> {
    let (done, ended) = ending();
    storage.commit(ops, Durability::Relaxed, done);
    ended.await
}

impl Storage {
    /// Loads all that it has.
    async fn read(self: &Rc<Self>, own: &str) -> Result<Loaded, Failure> {
        self.load(own, async |rows| rows).await
    }
}

async fn reload(name: &str) -> Vec<Row> {
    Storage::new(name.to_owned(), teardown()).read("reader").await.unwrap().rows
}

#[wasm_bindgen_test]
async fn what_is_committed_is_there_after_a_reload() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    assert_eq!(storage.read("me").await, Ok(Loaded { rows: vec![], lost: false }));
    let (first, second) = (row(Table::Outbox, "me|1", "one"), row(Table::Dead, "me|2", "한국어 😀"));
    let ops = vec![StorageOp::Put(first.clone()), StorageOp::Put(second.clone())];
    assert_eq!(commit(&storage, ops).await, Ok(()));
    assert_eq!(reload(&name).await, [first, second.clone()]);
    let ops = vec![StorageOp::Delete(Table::Outbox, "me|1".to_owned())];
    assert_eq!(commit(&storage, ops).await, Ok(()));
    assert_eq!(reload(&name).await, [second]);
}

#[wasm_bindgen_test]
async fn more_rows_than_a_page_come_whole_in_order_and_of_one_moment() {
    for many in [ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 1] {
        let name = name();
        let storage = Storage::new(name.clone(), teardown());
        storage.read("me").await.unwrap();
        let keyed = |client: &str, number| format!("{client}|{number:016x}");
        let of = |client| (0..many).map(move |number| row(Table::Outbox, &keyed(client, number), "x"));
        let events = (0..many).map(|number| row(Table::Events, &keyed("e", number), "y"));
        let all: Vec<Row> = of("ana").chain(of("ben")).chain(events).collect();
        commit(&storage, all.iter().cloned().map(StorageOp::Put).collect()).await.unwrap();
        let reader = Storage::new(name.clone(), teardown());
        let (done, written) = ending();
        spawn_local(async move {
            TimeoutFuture::new(1).await;
            // Behind what is read first, and in the table that is read last.
            let late = [row(Table::Outbox, "zoe|1", "late"), row(Table::Events, "zoe|1", "late")];
            storage.commit(late.map(StorageOp::Put).into(), Durability::Relaxed, done);
        });
        let rows = reader.read("reader").await.unwrap().rows;
        assert_eq!(written.await, Ok(()));
        let late = |row: &Row| row.value == "late";
        assert!(matches!(rows.iter().filter(|row| late(row)).count(), 0 | 2), "half of a step was read");
        assert_eq!(rows.into_iter().filter(|row| !late(row)).collect::<Vec<_>>(), all, "{many}");
        let outbox = reader.outbox_rows().await.unwrap();
        assert!(outbox.len() == 2 * many as usize + 1 && outbox.iter().all(|row| row.table == Table::Outbox));
    }
}

#[wasm_bindgen_test]
async fn batches_wait_for_the_database_and_keep_their_order() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    let (put, put_ended) = ending();
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "old"))], Durability::Strict, put);
    let (again, again_ended) = ending();
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "new"))], Durability::Relaxed, again);
    storage.read("me").await.unwrap();
    assert_eq!((put_ended.await, again_ended.await), (Ok(()), Ok(())));
    assert_eq!(reload(&name).await, [row(Table::Outbox, "me|1", "new")]);
}

#[wasm_bindgen_test]
async fn what_was_here_is_known_before_anything_counts_as_stored() {
    let storage = Storage::new(name(), teardown());
    let order: Rc<RefCell<Vec<&str>>> = Rc::default();
    let told = order.clone();
    let (done, ended) = ending();
    let stored: Done = Box::new(move |result| {
        told.borrow_mut().push("stored");
        done(result);
    });
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "new"))], Durability::Relaxed, stored);
    let sift = async |rows| {
        // Longer than a transaction takes.
        let other = Storage::new(name(), teardown());
        other.read("you").await.unwrap();
        commit(&other, vec![StorageOp::Put(row(Table::Outbox, "you|1", "x"))]).await.unwrap();
        order.borrow_mut().push("sifted");
        rows
    };
    storage.load("me", sift).await.unwrap();
    assert_eq!(ended.await, Ok(()));
    assert_eq!(*order.borrow(), ["sifted", "stored"]);
}

#[wasm_bindgen_test]
async fn a_database_that_nobody_came_to_furnish_is_made_anew() {
    let name = name();
    Rexie::builder(&name).version(SCHEMA_VERSION).build().await.unwrap().close();
    let storage = Storage::new(name.clone(), teardown());
    storage.read("me").await.unwrap();
    assert_eq!(commit(&storage, vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))]).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 1);
}

#[wasm_bindgen_test]
async fn what_the_page_undoes_if_the_module_dies_is_what_is_open() {
    let calls = js_sys::Set::new(&JsValue::UNDEFINED);
    let storage = Storage::new(name(), Teardown::new(calls.clone()));
    storage.read("me").await.unwrap();
    assert_eq!(calls.size(), 1, "the connection in use");
    let (own, (done, ended)) = (storage.clone(), ending());
    spawn_local(async move { done(own.epoch(true).await.map(drop)) });
    // Its first step asks for a connection.
    JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await.unwrap();
    assert_eq!(calls.size(), 2, "one that is being opened");
    assert_eq!(ended.await, Ok(()));
    assert_eq!(calls.size(), 1, "which was closed again");
    // The cache is swept at an idle moment.
    while Rc::strong_count(&storage) > 1 {
        TimeoutFuture::new(5).await;
    }
    drop(storage);
    assert_eq!(calls.size(), 0);
}

#[wasm_bindgen_test]
async fn an_aborted_transaction_is_a_failure_with_its_cause() {
    let database = connect(&name(), &teardown()).await.unwrap();
    let begin = || begin(&database, &[Table::Outbox], Durability::Relaxed).unwrap();
    let end = async |transaction| {
        let (done, ended) = ending();
        finish(transaction, done);
        ended.await.unwrap_err()
    };

    let aborted = begin();
    aborted.abort().unwrap();
    assert_eq!(end(aborted).await.trouble, Trouble::HandleDead, "nobody aborts but the browser");

    let repeated = begin();
    let store = repeated.object_store("outbox").unwrap();
    store.add_with_key(&"a".into(), &"key".into()).unwrap();
    store.add_with_key(&"b".into(), &"key".into()).unwrap();
    let failure = end(repeated).await;
    assert!(failure.message.contains("ConstraintError"), "{}", failure.message);
    assert_eq!(failure.trouble, Trouble::Aborted);
}

#[wasm_bindgen_test]
async fn a_connection_that_was_closed_fails_and_a_new_opening_works() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.read("me").await.unwrap();
    storage.close();
    let put = || vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))];
    assert_eq!(commit(&storage, put()).await.unwrap_err().trouble, Trouble::HandleDead);
    assert!(!storage.read("me").await.unwrap().lost);
    assert_eq!(commit(&storage, put()).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 1);
}

#[wasm_bindgen_test]
async fn a_database_that_was_deleted_is_noticed_and_made_anew() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.read("me").await.unwrap();
    Rexie::builder(&name).delete().await.unwrap();
    let put = || vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))];
    assert_eq!(commit(&storage, put()).await.unwrap_err().trouble, Trouble::HandleDead);
    assert_eq!(storage.read("me").await, Ok(Loaded { rows: vec![], lost: true }));
    assert_eq!(commit(&storage, put()).await, Ok(()));
    let next = Storage::new(name.clone(), teardown());
    assert!(!next.read("me").await.unwrap().lost, "told once");
    next.close();
    storage.close();
    Rexie::builder(&name).delete().await.unwrap();
    assert!(Storage::new(name, teardown()).read("me").await.unwrap().lost, "a later program notices too");
}

#[wasm_bindgen_test]
async fn a_database_of_the_first_version_gets_the_new_tables_and_keeps_its_rows() {
    let name = name();
    let tables = ["outbox", "dead", "meta", "events", "cache"];
    let first = tables.iter().fold(Rexie::builder(&name).version(1), |builder, table| {
        builder.add_object_store(ObjectStore::new(table))
    });
    first.build().await.unwrap().close();
    // A tab of the earlier version gives way.
    let old = open(&name, &teardown()).await.unwrap().unwrap();
    let closing = IdbDatabase::clone(&old);
    let give_way = Closure::<dyn FnMut()>::new(move || closing.close());
    old.set_onversionchange(Some(give_way.as_ref().unchecked_ref()));
    let kept = row(Table::Outbox, "old|1", "{}");
    let transaction = run(&old, &[StorageOp::Put(kept.clone())], Durability::Relaxed).unwrap();
    settled(transaction.as_ref(), &["complete"], &["abort"]).await.unwrap();
    let storage = Storage::new(name.clone(), teardown());
    assert_eq!(storage.read("me").await, Ok(Loaded { rows: vec![kept.clone()], lost: false }));
    let conflict = row(Table::Conflicts, "c", "{}");
    assert_eq!(commit(&storage, vec![StorageOp::Put(conflict.clone())]).await, Ok(()));
    assert_eq!(reload(&name).await, [kept, conflict]);
}

#[wasm_bindgen_test]
async fn a_tab_that_does_not_let_go_of_an_old_database_is_not_waited_for() {
    let name = name();
    let first = Rexie::builder(&name).version(1).add_object_store(ObjectStore::new("outbox"));
    first.build().await.unwrap().close();
    let held = open(&name, &teardown()).await.unwrap().unwrap();
    let storage = Storage::new(name.clone(), teardown());
    let (done, ended) = ending();
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))], Durability::Relaxed, done);
    assert_eq!(storage.read("me").await.unwrap_err().trouble, Trouble::Blocked);
    assert_eq!(ended.await.unwrap_err().trouble, Trouble::Blocked);
    held.close();
    assert_eq!(storage.read("me").await.unwrap().rows, []);
    assert_eq!(commit(&storage, vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))]).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 1);
}

#[wasm_bindgen_test]
async fn a_page_that_stood_still_takes_what_came_meanwhile_for_in_time() {
    let name = name();
    let opened = within(2_000, async move {
        let request = factory().unwrap().open(&name).unwrap();
        let began = wall_ms();
        while wall_ms() - began < 2_500.0 {}
        settled(request.as_ref(), &["success"], &["error"]).await
    });
    assert_eq!(opened.await, Some(Ok(())));
}

#[wasm_bindgen_test]
async fn rows_of_a_program_that_lives_are_left_to_it() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.read("me").await.unwrap();
    let ops = ["alive|1", "dead|1"].map(|key| StorageOp::Put(row(Table::Outbox, key, "{}")));
    commit(&storage, ops.into()).await.unwrap();
    let lock = locks::hold_stream(&name, "alive", &teardown());
    while locks::living(&name).await.is_empty() {}
    let keys = |rows: Vec<Row>| rows.into_iter().map(|row| row.key).collect::<Vec<_>>();
    assert_eq!(keys(reload(&name).await), ["dead|1"]);
    drop(lock);
    while !locks::living(&name).await.is_empty() {}
    assert_eq!(keys(reload(&name).await), ["alive|1", "dead|1"]);
}

#[wasm_bindgen_test]
async fn a_newer_database_is_left_alone() {
    let name = name();
    let newer = Rexie::builder(&name).version(SCHEMA_VERSION + 1).add_object_store(ObjectStore::new("later"));
    newer.build().await.unwrap().close();
    let failure = Storage::new(name.clone(), teardown()).read("me").await.unwrap_err();
    assert!(failure.message.contains("its version is 3"), "{}", failure.message);
}

#[wasm_bindgen_test]
async fn a_logout_leaves_no_row_and_no_database() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.read("me").await.unwrap();
    let put = |table, key: &str| StorageOp::Put(row(table, key, "canary"));
    commit(&storage, vec![put(Table::Outbox, "me|1"), put(Table::Dead, "me|2"), put(Table::Events, "e")])
        .await
        .unwrap();
    let cache = Cache::new(storage.clone());
    cache.set("key", "1", 60_000.0).await.unwrap();

    let (writes, _) = storage.wipe(OnPending::Flush).await.unwrap_err();
    assert_eq!((writes, reload(&name).await.len()), (1, 3), "refused, nothing changed");
    assert!(cache.get("key").await.is_some());

    assert_eq!(storage.wipe(OnPending::Keep).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 2, "what was not sent is kept");
    assert_eq!(cache.get("key").await, None);

    assert_eq!(storage.wipe(OnPending::Discard).await, Ok(()));
    assert_eq!(open(&name, &teardown()).await.map(|found| found.is_some()), Ok(false), "no database");
    let next = Storage::new(name, teardown());
    assert_eq!(next.read("me").await, Ok(Loaded { rows: vec![], lost: false }), "a logout is no loss");
}

#[wasm_bindgen_test]
async fn a_tab_that_stays_open_is_told_of_a_logout_and_stores_nothing_any_more() {
    let name = name();
    let (here, there) = (Storage::new(name.clone(), teardown()), Storage::new(name.clone(), teardown()));
    here.read("me").await.unwrap();
    there.read("you").await.unwrap();
    let told = Rc::new(Cell::new(0));
    let count = told.clone();
    there.watch(move || count.set(count.get() + 1));
    assert_eq!(here.wipe(OnPending::Flush).await, Ok(()));
    let put = || vec![StorageOp::Put(row(Table::Outbox, "you|1", "late"))];
    assert!(commit(&there, put()).await.is_err());
    assert_eq!(there.read("you").await.unwrap_err().trouble, Trouble::Absent);
    assert_eq!(told.get(), 2, "when it had to let go, and when it tried again");
    assert_eq!(reload(&name).await, []);
}

#[wasm_bindgen_test]
async fn the_cache_forgets_what_has_expired() {
    let cache = Cache::new(Storage::new(name(), teardown()));
    cache.set("kept", "[1]", 60_000.0).await.unwrap();
    cache.set("gone", "[2]", -1.0).await.unwrap();
    assert_eq!(cache.get("kept").await.as_deref(), Some("[1]"));
    assert_eq!(cache.get("gone").await, None);
    assert_eq!(cache.get("never").await, None);
    cache.clear().await.unwrap();
    assert_eq!(cache.get("kept").await, None);
}

#[wasm_bindgen_test]
async fn what_has_expired_is_swept_away_in_idle_moments() {
    let storage = Storage::new(name(), teardown());
    storage.read("me").await.unwrap();
    let cache = Cache::new(storage.clone());
    for at in 0..120 {
        let ttl = if at % 2 == 0 { -1.0 } else { 60_000.0 };
        cache.set(&format!("key{at:03}"), "1", ttl).await.unwrap();
    }
    cache.sweep().await;
    let database = storage.database().unwrap();
    let transaction = begin(&database, &[Table::Cache], Durability::Relaxed).unwrap();
    let count = transaction.object_store("cache").unwrap().count().unwrap();
    settled(count.as_ref(), &["success"], &["error"]).await.unwrap();
    assert_eq!(count.result().unwrap().as_f64(), Some(60.0));
}

#[wasm_bindgen_test]
async fn without_indexeddb_the_fault_says_so() {
    let global = js_sys::global();
    let own = Object::get_own_property_descriptor(&global, &"indexedDB".into());
    let hidden = Object::new();
    Reflect::set(&hidden, &"value".into(), &JsValue::UNDEFINED).unwrap();
    Reflect::set(&hidden, &"configurable".into(), &true.into()).unwrap();
    Object::define_property(&global, &"indexedDB".into(), &hidden);
    let storage = Storage::new(name(), teardown());
    let loaded = storage.read("me").await;
    let cache = Cache::new(storage);
    cache.set("kept", "[1]", 60_000.0).await.unwrap();
    cache.set("gone", "[2]", -1.0).await.unwrap();
    let cached = [cache.get("kept").await, cache.get("gone").await];
    cache.clear().await.unwrap();
    let cleared = cache.get("kept").await;
    if own.is_undefined() {
        Reflect::delete_property(&global, &"indexedDB".into()).unwrap();
    } else {
        Object::define_property(&global, &"indexedDB".into(), own.unchecked_ref());
    }
    assert_eq!(loaded.unwrap_err().trouble, Trouble::Absent);
    assert_eq!((cached, cleared), ([Some("[1]".to_owned()), None], None));
}

/// The same cases as the simulator's database runs natively (`tests/simulation/src/disk.rs`).
#[wasm_bindgen_test]
async fn a_database_in_a_browser_does_as_one_in_memory() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/storage.json")).unwrap();
    let table = |name: &str| Table::ALL.into_iter().find(|table| table.name() == name).unwrap();
    for case in cases.as_array().unwrap() {
        let name = name();
        let storage = Storage::new(name.clone(), teardown());
        storage.read("me").await.unwrap();
        for batch in case["batches"].as_array().unwrap() {
            let step = |op: &serde_json::Value| {
                let text = |at: usize| op[at].as_str().unwrap();
                match text(0) {
                    "put" => StorageOp::Put(row(table(text(1)), text(2), text(3))),
                    "delete" => StorageOp::Delete(table(text(1)), text(2).to_owned()),
                    "clear" => StorageOp::Clear(table(text(1))),
                    other => panic!("{other}"),
                }
            };
            let mut ops: Vec<StorageOp> = batch["ops"].as_array().unwrap().iter().map(step).collect();
            if batch["aborts"] == true {
                let database = storage.database().unwrap();
                let transaction = begin(&database, &Table::ALL, Durability::Relaxed).unwrap();
                for op in ops.drain(..) {
                    apply(&transaction, &op).unwrap();
                }
                transaction.abort().unwrap();
                let (done, ended) = ending();
                finish(transaction, done);
                assert!(ended.await.is_err());
            } else {
                assert_eq!(commit(&storage, ops).await, Ok(()), "{}", case["name"]);
            }
        }
        let living = case["living"].as_array().cloned().unwrap_or_default();
        let locks: Vec<_> = living
            .iter()
            .map(|client| locks::hold_stream(&name, client.as_str().unwrap(), &teardown()))
            .collect();
        while locks::living(&name).await.len() < locks.len() {}
        let mut found = reload(&name).await;
        let expected = case["rows"].as_array().unwrap().iter();
        let text = |row: &serde_json::Value, at: usize| row[at].as_str().unwrap().to_owned();
        let mut expected: Vec<Row> =
            expected.map(|told| row(table(&text(told, 0)), &text(told, 1), &text(told, 2))).collect();
        let by_place = |a: &Row, b: &Row| (a.table, &a.key).cmp(&(b.table, &b.key));
        found.sort_unstable_by(by_place);
        expected.sort_unstable_by(by_place);
        assert_eq!(found, expected, "{}", case["name"]);
    }
}
