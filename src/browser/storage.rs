//! The database of one user: opening it, reading its rows, storing batches.
//!
//! Guarantees that batches are stored in the order in which they came, each whole or not at all, and that nothing hangs: a
//! database that cannot be opened in time is a failure like others. Does not decide what follows from a failure.

mod cache;
mod database;
mod shared;
mod wipe;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest};

pub(crate) use cache::Cache;
use cache::Kept;
use database::{Connection, Failure, connect, finish, run, settled};
use wipe::CANARY_KEY;

use super::locks;
use super::teardown::Teardown;
use crate::core::io::{Durability, Row, StorageOp};
use crate::core::offline::{Table, Trouble};

/// What is read when a program starts.
const READ: [Table; 5] = [Table::Outbox, Table::Dead, Table::Meta, Table::Conflicts, Table::Events];
/// How many rows are read at once: some milliseconds, however long the queue is.
const ROWS_AT_ONCE: u32 = 256;

type Done = Box<dyn FnOnce(Result<(), Failure>)>;

/// The database of one user.
pub(crate) struct Storage {
    name: String,
    teardown: Teardown,
    state: RefCell<State>,
    /// Whether the canary was seen by this program.
    seen: Cell<bool>,
    /// How often somebody had logged out when this program began.
    left: Cell<u32>,
    kept: RefCell<Kept>,
    /// What to do when another tab logged the user out.
    on_left: RefCell<Option<Box<dyn Fn()>>>,
}

enum State {
    Opening(VecDeque<(Vec<StorageOp>, Durability, Done)>),
    Open(Writing),
    Failed(Failure),
}

/// A connection for writing, with the callback that gives it up when another tab needs the database.
struct Writing {
    database: Connection,
    release: Closure<dyn FnMut(Event)>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) rows: Vec<Row>,
    /// What was here before is gone.
    pub(super) lost: bool,
}

impl Storage {
    pub(super) fn new(name: String, teardown: Teardown) -> Rc<Self> {
        let state = RefCell::new(State::Opening(VecDeque::new()));
        let storage = Self {
            name,
            teardown,
            state,
            seen: Cell::new(false),
            left: Cell::new(0),
            kept: RefCell::default(),
            on_left: RefCell::default(),
        };
        storage.left.set(storage.mark().left);
        Rc::new(storage)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Has `told` called when another tab logged the user out.
    pub(super) fn watch(&self, told: impl Fn() + 'static) {
        *self.on_left.borrow_mut() = Some(Box::new(told));
    }

    fn is_left(&self) -> bool {
        self.mark().left != self.left.get()
    }

    /// Opens the database, again if it is open, and reads the rows of programs that do not live any more, and of `own`.
    /// Those that `sift` leaves come out before anything is stored: nobody hears that his edit is stored before what was
    /// here earlier can be seen.
    pub(super) async fn load(
        self: &Rc<Self>,
        own: &str,
        sift: impl AsyncFnOnce(Vec<Row>) -> Vec<Row>,
    ) -> Result<Loaded, Failure> {
        if self.is_left() {
            if let Some(told) = &*self.on_left.borrow() {
                told();
            }
            return Err(Failure::left());
        }
        let before = std::mem::replace(&mut *self.state.borrow_mut(), State::Opening(VecDeque::new()));
        if let State::Opening(waiting) = before {
            *self.state.borrow_mut() = State::Opening(waiting);
        }
        let mut loaded = self.open_and_read(own).await;
        if let Ok((_, loaded)) = &mut loaded {
            loaded.rows = sift(std::mem::take(&mut loaded.rows)).await;
        }
        let waiting = match &mut *self.state.borrow_mut() {
            State::Opening(waiting) => std::mem::take(waiting),
            State::Open(_) | State::Failed(_) => VecDeque::new(),
        };
        let (state, loaded) = match loaded {
            Ok((database, loaded)) => (self.opened(database), Ok(loaded)),
            Err(failure) => (State::Failed(failure.clone()), Err(failure)),
        };
        *self.state.borrow_mut() = state;
        for (ops, durability, done) in waiting {
            self.commit(ops, durability, done);
        }
        if loaded.is_ok() {
            let storage = self.clone();
            spawn_local(async move { Cache::new(storage).sweep().await });
        }
        loaded
    }

    async fn open_and_read(&self, own: &str) -> Result<(Connection, Loaded), Failure> {
        let mut living = locks::living(&self.name).await;
        living.retain(|client| client != own);
        let database = connect(&self.name, &self.teardown).await?;
        let mut rows = read_rows(&database, &READ, &living).await.map_err(|thrown| Failure::of(&thrown))?;
        let before = rows.len();
        rows.retain(|row| row.table != Table::Meta || row.key != CANARY_KEY);
        let mut lost = false;
        if before == rows.len() {
            lost = self.seen.get() || self.mark().has_canary;
            self.set_canary(&database).await;
        }
        self.seen.set(true);
        Ok((database, Loaded { rows, lost }))
    }

    fn opened(self: &Rc<Self>, database: Connection) -> State {
        // Another tab wants to change or delete the database: it must not wait for us.
        let weak = Rc::downgrade(self);
        let release = Closure::<dyn FnMut(Event)>::new(move |_| {
            if let Some(storage) = weak.upgrade() {
                storage.close();
                if let (true, Some(told)) = (storage.is_left(), &*storage.on_left.borrow()) {
                    told();
                }
            }
        });
        let writing = Writing { database, release };
        writing.database.set_onversionchange(Some(writing.release.as_ref().unchecked_ref()));
        State::Open(writing)
    }

    /// Closes the connection; the next batch fails with it, and the one after a new opening does not.
    pub(super) fn close(&self) {
        if let State::Open(writing) = &*self.state.borrow() {
            writing.database.close();
        }
    }

    /// The connection, if there is one.
    fn database(&self) -> Option<IdbDatabase> {
        match &*self.state.borrow() {
            State::Open(writing) => Some(IdbDatabase::clone(&writing.database)),
            State::Opening(_) | State::Failed(_) => None,
        }
    }

    /// Stores a batch, all or nothing, after all earlier ones.
    pub(super) fn commit(&self, ops: Vec<StorageOp>, durability: Durability, done: Done) {
        let started = match &mut *self.state.borrow_mut() {
            State::Opening(waiting) => {
                waiting.push_back((ops, durability, done));
                return;
            }
            State::Failed(failure) => Err(failure.clone()),
            State::Open(writing) => {
                run(&writing.database, &ops, durability).map_err(|thrown| Failure::of(&thrown))
            }
        };
        match started {
            Ok(transaction) => finish(transaction, done),
            Err(failure) => done(Err(failure)),
        }
    }
}

/// The rows of some tables, without those that living programs wait for. A page at a time, each in a task of its own, and all
/// of one moment: it is one transaction.
async fn read_rows(database: &IdbDatabase, tables: &[Table], living: &[String]) -> Result<Vec<Row>, JsValue> {
    let names: Array = tables.iter().map(|table| JsValue::from_str(table.name())).collect();
    let transaction = database.transaction_with_str_sequence(&names)?;
    let mut asked = Vec::new();
    // Most have no more than one page: all first ones are asked for at once.
    for table in tables {
        let store = transaction.object_store(table.name())?;
        let page = Page::ask(&store, None)?;
        asked.push((*table, store, page));
    }
    if let Some((_, _, last)) = asked.last() {
        last.come().await?;
    }
    let mut rows = Vec::new();
    for (table, store, mut page) in asked {
        while let Some(last) = page.take(table, living, &mut rows)? {
            // Still within the transaction: promises are told before it ends.
            page = Page::ask(&store, Some(&last))?;
            page.come().await?;
        }
    }
    Ok(rows)
}

/// Some rows of a table, in the order of their keys.
struct Page {
    keys: IdbRequest,
    values: IdbRequest,
}

impl Page {
    /// Asks for the rows behind the key `after`.
    fn ask(store: &IdbObjectStore, after: Option<&JsValue>) -> Result<Self, JsValue> {
        let range = match after {
            Some(key) => IdbKeyRange::lower_bound_with_open(key, true)?.into(),
            None => JsValue::UNDEFINED,
        };
        let keys = store.get_all_keys_with_key_and_limit(&range, ROWS_AT_ONCE)?;
        Ok(Self { keys, values: store.get_all_with_key_and_limit(&range, ROWS_AT_ONCE)? })
    }

    /// Waits for it, and with it for all that was asked for before.
    async fn come(&self) -> Result<(), JsValue> {
        settled(self.values.as_ref(), &["success"], &["error"]).await
    }

    /// Takes the rows that came. Returns the last key, if there may be more.
    fn take(&self, table: Table, living: &[String], rows: &mut Vec<Row>) -> Result<Option<JsValue>, JsValue> {
        let list = |request: &IdbRequest| request.result()?.dyn_into::<Array>();
        let (keys, values) = (list(&self.keys)?, list(&self.values)?);
        for (key, value) in keys.iter().zip(values.iter()) {
            let (key, value) = (key.as_string().unwrap_or_default(), value.as_string().unwrap_or_default());
            let owner = key.rsplit_once('|').map_or("", |(client, _)| client);
            // What a living program waits for is its own.
            let owned = matches!(table, Table::Outbox | Table::Conflicts);
            if !owned || !living.iter().any(|client| client == owner) {
                rows.push(Row { table, key, value });
            }
        }
        Ok((keys.length() >= ROWS_AT_ONCE).then(|| keys.get(keys.length() - 1)))
    }
}

/// A callback and the future of what it is called with.
fn ending() -> (Done, impl Future<Output = Result<(), Failure>>) {
    let result: Rc<RefCell<Option<Result<(), Failure>>>> = Rc::default();
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
        let nothing =
            || Err(Failure { trouble: Trouble::Aborted, message: "nothing was reported".to_owned() });
        result.borrow_mut().take().unwrap_or_else(nothing)
    };
    (done, future)
}

#[cfg(test)]
mod tests;
