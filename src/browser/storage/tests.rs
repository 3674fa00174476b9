//! Against the browser's own IndexedDB.

use js_sys::{Object, Reflect};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use super::*;

wasm_bindgen_test_configure!(run_in_browser);

fn name() -> String {
    format!("storage-test/{}", super::super::global::random_seed()[0])
}

fn teardown() -> Teardown {
    Teardown::new(js_sys::Set::new(&JsValue::UNDEFINED))
}

fn row(table: Table, key: &str, value: &str) -> Row {
    Row { table, key: key.to_owned(), value: value.to_owned() }
}

async fn commit(storage: &Rc<Storage>, ops: Vec<StorageOp>) -> Result<(), Fault> {
    let (done, ended) = futures_channel();
    storage.commit(ops, done);
    ended.await
}

async fn reload(name: &str) -> Vec<Row> {
    Storage::new(name.to_owned(), teardown()).load("reader").await.unwrap()
}

#[wasm_bindgen_test]
async fn what_is_committed_is_there_after_a_reload() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    assert_eq!(storage.load("me").await, Ok(vec![]));
    let (first, second) = (row(Table::Outbox, "me|1", "one"), row(Table::Dead, "me|2", "한국어 😀"));
    let ops = vec![StorageOp::Put(first.clone()), StorageOp::Put(second.clone())];
    assert_eq!(commit(&storage, ops).await, Ok(()));
    assert_eq!(reload(&name).await, [first, second.clone()]);
    let ops = vec![StorageOp::Delete(Table::Outbox, "me|1".to_owned())];
    assert_eq!(commit(&storage, ops).await, Ok(()));
    assert_eq!(reload(&name).await, [second]);
}

#[wasm_bindgen_test]
async fn batches_wait_for_the_database_and_keep_their_order() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    let (put, put_ended) = futures_channel();
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "old"))], put);
    let (again, again_ended) = futures_channel();
    storage.commit(vec![StorageOp::Put(row(Table::Outbox, "me|1", "new"))], again);
    storage.load("me").await.unwrap();
    assert_eq!((put_ended.await, again_ended.await), (Ok(()), Ok(())));
    assert_eq!(reload(&name).await, [row(Table::Outbox, "me|1", "new")]);
}

#[wasm_bindgen_test]
async fn an_aborted_transaction_is_an_error_with_its_cause() {
    let database = connect(&name()).await.unwrap();
    let begin = || {
        let names = Array::of1(&"outbox".into());
        database.transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite).unwrap()
    };
    let end = async |transaction| {
        let (done, ended) = futures_channel();
        finish(transaction, done);
        ended.await
    };

    let aborted = begin();
    aborted.abort().unwrap();
    assert_eq!(end(aborted).await.map_err(|fault| fault.code), Err(FaultCode::StorageAborted));

    let repeated = begin();
    let store = repeated.object_store("outbox").unwrap();
    store.add_with_key(&"a".into(), &"key".into()).unwrap();
    store.add_with_key(&"b".into(), &"key".into()).unwrap();
    let fault = end(repeated).await.unwrap_err();
    assert!(fault.message.contains("ConstraintError"), "{}", fault.message);
    assert!(fault.retryable);
}

#[wasm_bindgen_test]
async fn a_connection_that_was_closed_is_opened_again() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.load("me").await.unwrap();
    storage.close();
    assert_eq!(commit(&storage, vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))]).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 1);
}

#[wasm_bindgen_test]
async fn another_tab_may_delete_the_database_and_later_batches_are_stored_again() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.load("me").await.unwrap();
    Rexie::builder(&name).delete().await.unwrap();
    assert_eq!(commit(&storage, vec![StorageOp::Put(row(Table::Outbox, "me|1", "one"))]).await, Ok(()));
    assert_eq!(reload(&name).await.len(), 1);
}

#[wasm_bindgen_test]
async fn rows_of_a_program_that_lives_are_left_to_it() {
    let name = name();
    let storage = Storage::new(name.clone(), teardown());
    storage.load("me").await.unwrap();
    let ops = ["alive|1", "dead|1"].map(|key| StorageOp::Put(row(Table::Outbox, key, "{}")));
    commit(&storage, ops.into()).await.unwrap();
    let lock = locks::StreamLock::hold(&name, "alive", &teardown());
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
    let fault = Storage::new(name.clone(), teardown()).load("me").await.unwrap_err();
    assert!(fault.message.contains("its version is 2"), "{}", fault.message);
}

#[wasm_bindgen_test]
async fn the_cache_forgets_what_has_expired() {
    let cache = Cache::new(&name());
    cache.set("kept", "[1]", 60_000.0).await.unwrap();
    cache.set("gone", "[2]", -1.0).await.unwrap();
    assert_eq!(cache.get("kept").await, Ok(Some("[1]".to_owned())));
    assert_eq!(cache.get("gone").await, Ok(None));
    assert_eq!(cache.get("never").await, Ok(None));
    cache.clear().await.unwrap();
    assert_eq!(cache.get("kept").await, Ok(None));
}

#[wasm_bindgen_test]
async fn without_indexeddb_the_fault_says_so() {
    let global = js_sys::global();
    let own = Object::get_own_property_descriptor(&global, &"indexedDB".into());
    let hidden = Object::new();
    Reflect::set(&hidden, &"value".into(), &JsValue::UNDEFINED).unwrap();
    Reflect::set(&hidden, &"configurable".into(), &true.into()).unwrap();
    Object::define_property(&global, &"indexedDB".into(), &hidden);
    let loaded = Storage::new(name(), teardown()).load("me").await;
    if own.is_undefined() {
        Reflect::delete_property(&global, &"indexedDB".into()).unwrap();
    } else {
        Object::define_property(&global, &"indexedDB".into(), own.unchecked_ref());
    }
    assert_eq!(loaded.map_err(|fault| fault.code), Err(FaultCode::StorageUnavailable));
}
