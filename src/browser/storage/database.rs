//! IndexedDB: the only file that knows it.
//!
//! rexie makes the object stores, once for each database and version: its futures never give back the callbacks of an
//! opening, some hundred bytes each time, and wait for ever if another tab does not let go. It does not read or write. Its
//! transactions end as a success when they were aborted without a failed request, which is how a full disk shows, and it
//! drops the cause; and it can neither ask for a durability nor notice that the connection was closed. That goes through
//! web-sys: all requests of a batch are made in one go, nothing is awaited between them, success is the transaction's
//! `complete`, and failure is its `abort` with the cause.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Array, Function, Object, Promise, Reflect};
use rexie::{ObjectStore, Rexie, RexieBuilder};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransaction};

use super::Done;
use crate::browser::global::{call_method, explain, property, spell};
use crate::browser::teardown::{Teardown, Undo};
use crate::core::fault::Fault;
use crate::core::io::{Durability, StorageOp};
use crate::core::offline::{Table, Trouble};

/// Version of the object stores. A new one only adds some, so that programs of both versions work with it.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// How long new object stores may take: so long a tab is waited for that does not let go of the database.
const UPGRADE_MS_MAX: u32 = 2_000;
/// How long any opening may take. Behind a tab that hangs in the middle of an upgrade it would never end.
const OPEN_MS_MAX: u32 = 5_000;
/// In so many parts that time is waited for. To a page that was busy or frozen a timer comes before the answer that has been
/// there for longer, but then only one part is over.
const WAITS: u32 = 4;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) trouble: Trouble,
    pub(crate) message: String,
}

impl Failure {
    /// What a thrown value or an event's error stands for.
    pub(super) fn of(thrown: &JsValue) -> Self {
        let text = |name| property(thrown, name).as_string().unwrap_or_default();
        Self {
            trouble: Trouble::of_exception(&text("name"), &text("message")),
            message: format!("the database cannot be used: {}", explain(thrown)),
        }
    }

    /// Another tab logged the user out: nothing of him is stored any more.
    pub(super) fn left() -> Self {
        Self::new(Trouble::Absent, "the user logged out")
    }

    fn held() -> Self {
        Self::new(Trouble::Blocked, "another tab holds on to it, or it does not answer")
    }

    fn new(trouble: Trouble, message: &str) -> Self {
        Self { trouble, message: format!("the database cannot be used: {message}") }
    }

    /// What a caller is told.
    pub(crate) fn fault(&self) -> Fault {
        self.trouble.fault(&self.message)
    }
}

/// A connection. It is closed when this is dropped, and by the page if the module dies before.
pub(super) struct Connection {
    database: IdbDatabase,
    _undo: Undo,
}

impl Connection {
    fn new(database: IdbDatabase, teardown: &Teardown) -> Self {
        let undo = teardown.add(&database, "close", &[]);
        Self { database, _undo: undo }
    }
}

impl Deref for Connection {
    type Target = IdbDatabase;

    fn deref(&self) -> &IdbDatabase {
        &self.database
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.close();
    }
}

/// A connection to a database with all object stores, or a failure in good time.
pub(super) async fn connect(name: &str, teardown: &Teardown) -> Result<Connection, Failure> {
    let (name, teardown) = (name.to_owned(), teardown.clone());
    // One that comes too late is dropped: nobody waits for it any more.
    let opened = within(OPEN_MS_MAX, async move { open_or_make(&name, &teardown).await }).await;
    opened.unwrap_or_else(|| Err(Failure::held()))
}

/// A database that was deleted under us, by the user or by the browser, is made anew: without its object stores nothing
/// could be written to it.
async fn open_or_make(name: &str, teardown: &Teardown) -> Result<Connection, Failure> {
    if let Some(database) = open(name, teardown).await? {
        if is_complete(&database) {
            return Ok(database);
        }
        if database.object_store_names().length() == 0 {
            // Whoever was making it did not come to it, and of its version it is not made a second time.
            drop(database);
            delete(name).await;
        }
    }
    // rexie's errors do not say what happened; a connection of our own does.
    let builder = schema(name);
    let made = within(UPGRADE_MS_MAX, async move { builder.build().await.map(Rexie::close) });
    if made.await.is_none() {
        return Err(Failure::held());
    }
    let database = open(name, teardown).await?;
    let database = database.ok_or_else(|| Failure::new(Trouble::Backing, "it could not be made"))?;
    if is_complete(&database) {
        return Ok(database);
    }
    let found = spell(database.version());
    let what = format!("its version is {found}, {SCHEMA_VERSION} was expected");
    Err(Failure::new(Trouble::Missing, &what))
}

/// Whether it has all object stores, of this version or of a newer one.
fn is_complete(database: &IdbDatabase) -> bool {
    let names = database.object_store_names();
    Table::ALL.iter().all(|table| names.contains(table.name()))
}

/// The object stores. A builder removes what it is not told of, so it is told of all of them.
fn schema(name: &str) -> RexieBuilder {
    Table::ALL.iter().fold(Rexie::builder(name).version(SCHEMA_VERSION), |builder, table| {
        builder.add_object_store(ObjectStore::new(table.name()))
    })
}

/// Opens the database as it is; nothing if there is none.
pub(super) async fn open(name: &str, teardown: &Teardown) -> Result<Option<Connection>, Failure> {
    let request = factory()?.open(name).map_err(|thrown| Failure::of(&thrown))?;
    let _undo = teardown.add(&request, "close", &[]);
    let absent = Rc::new(Cell::new(false));
    let (found, opening) = (absent.clone(), request.clone());
    let upgrade = Closure::<dyn FnMut(Event)>::new(move |_| {
        found.set(true);
        // It would be one without object stores. With its transaction it goes again.
        let _aborted = opening.transaction().map(|transaction| transaction.abort());
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let opened = settled(request.as_ref(), &["success"], &["error"]).await;
    request.set_onupgradeneeded(None);
    if absent.get() {
        return Ok(None);
    }
    let database = opened.and_then(|()| request.result()?.dyn_into::<IdbDatabase>());
    let database = database.map_err(|thrown| Failure::of(&thrown))?;
    Ok(Some(Connection::new(database, teardown)))
}

/// Deletes the database, or asks the browser to: so long other tabs are waited for, no longer.
pub(super) async fn delete(name: &str) {
    let name = name.to_owned();
    let _deleted = within(UPGRADE_MS_MAX, async move { Rexie::builder(&name).delete().await }).await;
}

/// What a future gives within so many ms, in which the page does not stand still. Otherwise it goes on by itself.
pub(super) async fn within<T: 'static>(ms: u32, future: impl Future<Output = T> + 'static) -> Option<T> {
    let result: Rc<RefCell<Option<T>>> = Rc::default();
    let mut resolve = None;
    let ended = Promise::new(&mut |resolver, _| resolve = Some(resolver));
    let resolve = resolve?;
    let call = |resolve: &Function| {
        // A promise's resolver does not throw.
        let _resolved = resolve.call0(&JsValue::UNDEFINED);
    };
    let slot = result.clone();
    spawn_local(async move {
        let value = future.await;
        *slot.borrow_mut() = Some(value);
        call(&resolve);
    });
    for _ in 0..WAITS {
        let mut timer = None;
        let wait = Promise::new(&mut |over, _| timer = Some(Timeout::new(ms / WAITS, move || call(&over))));
        let _first = JsFuture::from(Promise::race(&Array::of2(&ended, &wait))).await;
        drop(timer);
        if result.borrow().is_some() {
            break;
        }
    }
    result.borrow_mut().take()
}

pub(super) fn factory() -> Result<IdbFactory, Failure> {
    property(&js_sys::global(), "indexedDB")
        .dyn_into::<IdbFactory>()
        .map_err(|_| Failure::new(Trouble::Absent, "this browser offers no IndexedDB here"))
}

/// Begins a transaction. web-sys has the third argument behind its unstable switch; older browsers leave it unread.
pub(super) fn begin(
    database: &IdbDatabase,
    tables: &[Table],
    durability: Durability,
) -> Result<IdbTransaction, JsValue> {
    let names: Array = tables.iter().map(|table| JsValue::from_str(table.name())).collect();
    let options = Object::new();
    let word = match durability {
        Durability::Relaxed => "relaxed",
        Durability::Strict => "strict",
    };
    // A fresh object takes every property.
    let _set = Reflect::set(&options, &"durability".into(), &word.into());
    let arguments = [names.into(), "readwrite".into(), options.into()];
    call_method(database.as_ref(), "transaction", &arguments)?.dyn_into::<IdbTransaction>()
}

/// Starts a batch: all requests at once, then `commit`, so that the transaction ends even if the page freezes now.
pub(super) fn run(
    database: &IdbDatabase,
    ops: &[StorageOp],
    durability: Durability,
) -> Result<IdbTransaction, JsValue> {
    let used = |table: &Table| ops.iter().any(|op| table_of(op) == *table);
    let tables: Vec<Table> = Table::ALL.into_iter().filter(used).collect();
    let transaction = begin(database, &tables, durability)?;
    for op in ops {
        apply(&transaction, op)?;
    }
    // Older browsers have no `commit` and end the transaction by themselves.
    let _committing = call_method(transaction.as_ref(), "commit", &[]);
    Ok(transaction)
}

/// Asks for one step of a batch.
pub(super) fn apply(transaction: &IdbTransaction, op: &StorageOp) -> Result<(), JsValue> {
    let store = transaction.object_store(table_of(op).name())?;
    match op {
        StorageOp::Put(row) => {
            store.put_with_key(&JsValue::from_str(&row.value), &JsValue::from_str(&row.key)).map(drop)
        }
        StorageOp::Delete(_, key) => store.delete(&JsValue::from_str(key)).map(drop),
        StorageOp::Clear(_) => store.clear().map(drop),
    }
}

fn table_of(op: &StorageOp) -> Table {
    match op {
        StorageOp::Put(row) => row.table,
        StorageOp::Delete(table, _) | StorageOp::Clear(table) => *table,
    }
}

/// Reports the end of a transaction: `complete`, or `abort` with its cause.
pub(super) fn finish(transaction: IdbTransaction, done: Done) {
    spawn_local(async move {
        let ended = settled(transaction.as_ref(), &["complete"], &["abort"]).await;
        done(ended.map_err(|_| {
            let error = property(transaction.as_ref(), "error");
            if error.is_null() || error.is_undefined() {
                // Nobody here aborts: the browser closed the connection.
                Failure::new(Trouble::HandleDead, "the transaction was aborted without a cause")
            } else {
                Failure::of(&error)
            }
        }));
    });
}

/// Waits for the first of some events of a target.
pub(super) async fn settled(
    target: &web_sys::EventTarget,
    good: &[&str],
    bad: &[&str],
) -> Result<(), JsValue> {
    let mut listeners: Vec<(String, Function)> = Vec::new();
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
