//! The database, the only file that knows IndexedDB.
//!
//! rexie makes the object stores, once for each database that the program uses: its futures never give back the
//! callbacks of an opening, some hundred bytes each time. It does not read or write. Its transactions end as a success
//! when they were aborted without a failed request, which is how a full disk shows, and it drops the cause; and it can
//! neither ask for a durability nor notice that the connection was closed. That goes through web-sys: all requests of a
//! batch are made in one go, nothing is awaited between them, success is the transaction's `complete`, and failure is
//! its `abort` with the cause.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Promise};
use rexie::{ObjectStore, Rexie, RexieBuilder};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode,
};

use super::clock::wall_ms;
use super::global::{call_method, explain, property, spell};
use super::locks;
use super::teardown::{Teardown, Undo};
use crate::core::fault::{Fault, FaultCode};
use crate::core::io::{Row, StorageOp};
use crate::core::offline::Table;

/// Version of the object stores. All of them exist from the first version on, so that opening never has to wait for
/// another tab.
const SCHEMA_VERSION: u32 = 1;
/// How often a connection that the browser closed is opened again for one batch.
const REOPEN_MAX: u32 = 3;

thread_local! {
    /// Databases whose object stores were there when this program opened them.
    static MADE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

type Done = Box<dyn FnOnce(Result<(), Fault>)>;

/// The database of one user.
pub(super) struct Storage {
    name: String,
    teardown: Teardown,
    state: RefCell<State>,
}

enum State {
    Opening(VecDeque<(Vec<StorageOp>, Done)>),
    Open(Connection),
    Failed(Fault),
}

/// A connection for writing, with the callback that gives it up when another tab needs the database.
struct Connection {
    database: IdbDatabase,
    release: Closure<dyn FnMut(Event)>,
    _undo: Undo,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        self.database.close();
    }
}

impl Storage {
    pub(super) fn new(name: String, teardown: Teardown) -> Rc<Self> {
        Rc::new(Self { name, teardown, state: RefCell::new(State::Opening(VecDeque::new())) })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Opens the database and reads the rows of programs that do not live any more, and of `own`.
    pub(super) async fn load(self: &Rc<Self>, own: &str) -> Result<Vec<Row>, Fault> {
        let loaded = self.open_and_read(own).await;
        let waiting = match &mut *self.state.borrow_mut() {
            State::Opening(waiting) => std::mem::take(waiting),
            State::Open(_) | State::Failed(_) => VecDeque::new(),
        };
        let (state, rows) = match loaded {
            Ok((database, rows)) => (self.opened(database), Ok(rows)),
            Err(fault) => (State::Failed(fault.clone()), Err(fault)),
        };
        *self.state.borrow_mut() = state;
        for (ops, done) in waiting {
            self.commit(ops, done);
        }
        rows
    }

    async fn open_and_read(&self, own: &str) -> Result<(IdbDatabase, Vec<Row>), Fault> {
        let mut living = locks::living(&self.name).await;
        living.retain(|client| client != own);
        let database = connect(&self.name).await?;
        let rows = read_rows(&database, &living).await.map_err(|thrown| {
            database.close();
            storage_fault(&explain(&thrown))
        })?;
        Ok((database, rows))
    }

    fn opened(self: &Rc<Self>, database: IdbDatabase) -> State {
        // Another tab wants to change or delete the database: it must not wait for us.
        let weak = Rc::downgrade(self);
        let release = Closure::<dyn FnMut(Event)>::new(move |_| {
            if let Some(storage) = weak.upgrade() {
                storage.close();
            }
        });
        let undo = self.teardown.add(&database, "close", &[]);
        let connection = Connection { database, release, _undo: undo };
        connection.database.set_onversionchange(Some(connection.release.as_ref().unchecked_ref()));
        State::Open(connection)
    }

    /// Closes the connection; the next batch opens a new one.
    pub(super) fn close(&self) {
        if let State::Open(connection) = &*self.state.borrow() {
            connection.database.close();
        }
    }

    /// Stores a batch, all or nothing, after all earlier ones.
    pub(super) fn commit(self: &Rc<Self>, ops: Vec<StorageOp>, done: Done) {
        let started = match &mut *self.state.borrow_mut() {
            State::Opening(waiting) => {
                waiting.push_back((ops, done));
                return;
            }
            State::Failed(fault) => Err((fault.clone(), false)),
            State::Open(connection) => run(&connection.database, &ops).map_err(|thrown| {
                // A connection that the browser closed throws this; a new one works.
                let dead = property(&thrown, "name").as_string().as_deref() == Some("InvalidStateError");
                (storage_fault(&explain(&thrown)), dead)
            }),
        };
        match started {
            Ok(transaction) => finish(transaction, done),
            Err((fault, false)) => done(Err(fault)),
            Err((_, true)) => self.reopen(ops, done),
        }
    }

    fn reopen(self: &Rc<Self>, ops: Vec<StorageOp>, done: Done) {
        *self.state.borrow_mut() = State::Opening(VecDeque::from([(ops, done)]));
        let storage = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let mut opened = connect(&storage.name).await;
            for _ in 1..REOPEN_MAX {
                if opened.is_err() {
                    opened = connect(&storage.name).await;
                }
            }
            let state = match opened {
                Ok(database) => storage.opened(database),
                Err(fault) => State::Failed(fault),
            };
            let before = std::mem::replace(&mut *storage.state.borrow_mut(), state);
            if let State::Opening(waiting) = before {
                for (ops, done) in waiting {
                    storage.commit(ops, done);
                }
            }
        });
    }
}

/// The object stores. A builder removes what it is not told of, so it is told of all of them.
fn schema(name: &str) -> RexieBuilder {
    Table::ALL.iter().fold(Rexie::builder(name).version(SCHEMA_VERSION), |builder, table| {
        builder.add_object_store(ObjectStore::new(table.name()))
    })
}

async fn read_rows(database: &IdbDatabase, living: &[String]) -> Result<Vec<Row>, JsValue> {
    let tables = [Table::Outbox, Table::Dead, Table::Meta];
    let names: Array = tables.iter().map(|table| JsValue::from_str(table.name())).collect();
    let transaction = database.transaction_with_str_sequence(&names)?;
    let mut asked = Vec::new();
    for table in tables {
        let store = transaction.object_store(table.name())?;
        asked.push((table, store.get_all_keys()?, store.get_all()?));
    }
    settled(transaction.as_ref(), &["complete"], &["abort"]).await?;
    let list = |request: &IdbRequest| request.result()?.dyn_into::<Array>();
    let mut rows = Vec::new();
    for (table, keys, values) in asked {
        for (key, value) in list(&keys)?.iter().zip(list(&values)?.iter()) {
            let (key, value) = (key.as_string().unwrap_or_default(), value.as_string().unwrap_or_default());
            let owner = key.rsplit_once('|').map_or("", |(client, _)| client);
            if table != Table::Outbox || !living.iter().any(|client| client == owner) {
                rows.push(Row { table, key, value });
            }
        }
    }
    Ok(rows)
}

/// A connection. A database that was deleted under us, by the user or by the browser, is made anew: without its object
/// stores nothing could be written to it.
async fn connect(name: &str) -> Result<IdbDatabase, Fault> {
    if MADE.with_borrow(|made| made.iter().any(|known| known == name)) {
        if let Some(database) = open(name).await? {
            return Ok(database);
        }
        MADE.with_borrow_mut(|made| made.retain(|known| known != name));
    }
    let made = schema(name).build().await.map(Rexie::close);
    // rexie's errors do not say what happened; a connection of our own does.
    let database = open(name).await?.ok_or_else(|| storage_fault("it could not be made"))?;
    if made.is_err() {
        database.close();
        let found = spell(database.version());
        return Err(storage_fault(&format!("its version is {found}, {SCHEMA_VERSION} was expected")));
    }
    MADE.with_borrow_mut(|made| made.push(name.to_owned()));
    Ok(database)
}

/// Opens the database as it is; nothing if there is none.
async fn open(name: &str) -> Result<Option<IdbDatabase>, Fault> {
    let request = factory()?.open(name).map_err(|thrown| storage_fault(&explain(&thrown)))?;
    let absent = Rc::new(Cell::new(false));
    let (found, opening) = (absent.clone(), request.clone());
    let upgrade = Closure::<dyn FnMut(Event)>::new(move |_| {
        found.set(true);
        // It would be one without object stores. With its transaction it goes again.
        let _aborted = opening.transaction().map(|transaction| transaction.abort());
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let opened = settled(request.as_ref(), &["success"], &["error", "blocked"]).await;
    request.set_onupgradeneeded(None);
    if absent.get() {
        return Ok(None);
    }
    let database = opened.and_then(|()| request.result()?.dyn_into::<IdbDatabase>());
    database.map(Some).map_err(|thrown| storage_fault(&explain(&thrown)))
}

fn factory() -> Result<IdbFactory, Fault> {
    property(&js_sys::global(), "indexedDB")
        .dyn_into::<IdbFactory>()
        .map_err(|_| Fault::lasting(FaultCode::StorageUnavailable, "this browser offers no IndexedDB here"))
}

/// Starts a batch: all requests at once, then `commit`, so that the transaction ends even if the page freezes now.
fn run(database: &IdbDatabase, ops: &[StorageOp]) -> Result<IdbTransaction, JsValue> {
    let names = Array::new();
    for table in Table::ALL {
        let used = ops.iter().any(|op| match op {
            StorageOp::Put(row) => row.table == table,
            StorageOp::Delete(used, _) => *used == table,
        });
        if used {
            names.push(&JsValue::from_str(table.name()));
        }
    }
    let transaction =
        database.transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite)?;
    for op in ops {
        match op {
            StorageOp::Put(row) => {
                let store = transaction.object_store(row.table.name())?;
                store.put_with_key(&JsValue::from_str(&row.value), &JsValue::from_str(&row.key))?;
            }
            StorageOp::Delete(table, key) => {
                transaction.object_store(table.name())?.delete(&JsValue::from_str(key))?;
            }
        }
    }
    // Older browsers have no `commit` and end the transaction by themselves.
    let _committing = call_method(transaction.as_ref(), "commit", &[]);
    Ok(transaction)
}

/// Reports the end of a transaction: `complete`, or `abort` with its cause.
fn finish(transaction: IdbTransaction, done: Done) {
    wasm_bindgen_futures::spawn_local(async move {
        let ended = settled(transaction.as_ref(), &["complete"], &["abort"]).await;
        done(ended.map_err(|_| match transaction.error() {
            Some(error) => {
                let full = error.name() == "QuotaExceededError";
                let code = if full { FaultCode::QuotaExceeded } else { FaultCode::StorageAborted };
                Fault::new(code, format!("{}: {}", error.name(), error.message()))
            }
            None => {
                Fault::new(FaultCode::StorageAborted, "the browser aborted the transaction without a cause")
            }
        }));
    });
}

/// Waits for the first of some events of a target.
async fn settled(target: &web_sys::EventTarget, good: &[&str], bad: &[&str]) -> Result<(), JsValue> {
    let mut listeners: Vec<(String, js_sys::Function)> = Vec::new();
    let promise = Promise::new(&mut |resolve, reject| {
        for (names, function) in [(good, resolve), (bad, reject)] {
            for name in names {
                // The targets of this file accept every listener.
                let _added = target.add_event_listener_with_callback(name, &function);
                listeners.push(((*name).to_owned(), function.clone()));
            }
        }
    });
    let ended = JsFuture::from(promise).await;
    for (name, function) in listeners {
        let _removed = target.remove_event_listener_with_callback(&name, &function);
    }
    ended.map(|_| ()).map_err(|event| {
        let request = property(&event, "target").dyn_into::<IdbOpenDbRequest>().ok();
        let error = request.and_then(|request| request.error().ok().flatten());
        error.map_or(event, JsValue::from)
    })
}

fn storage_fault(cause: &str) -> Fault {
    Fault::new(FaultCode::StorageUnavailable, format!("the database cannot be used: {cause}"))
}

/// The program's own cache: values as JSON text with the wall clock at which they expire.
pub(crate) struct Cache {
    name: String,
}

impl Cache {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// The value of `key`, if there is one that has not expired; an expired one is removed.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        let database = connect(&self.name).await?;
        let read = async {
            let names = Array::of1(&JsValue::from_str(Table::Cache.name()));
            let transaction =
                database.transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite)?;
            let store = transaction.object_store(Table::Cache.name())?;
            let request = store.get(&JsValue::from_str(key))?;
            settled(request.as_ref(), &["success"], &["error"]).await?;
            let row = request.result()?;
            let fresh = property(&row, "expiry").as_f64().is_some_and(|expiry| expiry > wall_ms());
            if !fresh && !row.is_undefined() {
                store.delete(&JsValue::from_str(key))?;
            }
            Ok(property(&row, "data").as_string().filter(|_| fresh))
        };
        let read = read.await.map_err(|thrown: JsValue| storage_fault(&explain(&thrown)));
        database.close();
        read
    }

    /// Keeps `data` under `key` until `ttl_ms` from now.
    pub(crate) async fn set(&self, key: &str, data: &str, ttl_ms: f64) -> Result<(), Fault> {
        let row = js_sys::Object::new();
        for (field, value) in
            [("data", JsValue::from_str(data)), ("expiry", JsValue::from_f64(wall_ms() + ttl_ms))]
        {
            // A plain object takes every property.
            let _set = js_sys::Reflect::set(&row, &JsValue::from_str(field), &value);
        }
        self.change("put", &[row.into(), JsValue::from_str(key)]).await
    }

    /// Forgets everything.
    pub(crate) async fn clear(&self) -> Result<(), Fault> {
        self.change("clear", &[]).await
    }

    async fn change(&self, method: &str, arguments: &[JsValue]) -> Result<(), Fault> {
        let database = connect(&self.name).await?;
        let names = Array::of1(&JsValue::from_str(Table::Cache.name()));
        let started = database
            .transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite)
            .and_then(|transaction| {
                let store = transaction.object_store(Table::Cache.name())?;
                call_method(store.as_ref(), method, arguments)?;
                Ok(transaction)
            })
            .map_err(|thrown| storage_fault(&explain(&thrown)));
        let ended = match started {
            Ok(transaction) => {
                let (told, result) = futures_channel();
                finish(transaction, told);
                result.await
            }
            Err(fault) => Err(fault),
        };
        database.close();
        ended
    }
}

/// A callback and the future of what it is called with.
fn futures_channel() -> (Done, impl Future<Output = Result<(), Fault>>) {
    let result: Rc<RefCell<Option<Result<(), Fault>>>> = Rc::default();
    let mut resolve = None;
    let called = Promise::new(&mut |resolver, _| resolve = Some(resolver));
    let told = result.clone();
    let done: Done = Box::new(move |ended| {
        *told.borrow_mut() = Some(ended);
        if let Some(resolve) = &resolve {
            // A promise's resolver does not throw.
            let _resolved = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let future = async move {
        let _called = JsFuture::from(called).await;
        result.borrow_mut().take().unwrap_or_else(|| Err(storage_fault("nothing was reported")))
    };
    (done, future)
}

#[cfg(test)]
mod tests;
