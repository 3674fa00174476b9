//! The program's own cache: values as JSON text with the wall clock at which they expire.
//!
//! Guarantees that what has expired is never given out, and goes from the database in idle moments after an opening. Where
//! the database cannot be used, values live as long as the page, so many of them.

use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbRequest};

use super::database::{Connection, begin, connect, finish, settled};
use super::{Failure, Storage, ending};
use crate::browser::clock::{idle, wall_ms};
use crate::browser::global::{call_method, property};
use crate::core::fault::Fault;
use crate::core::io::Durability;
use crate::core::map::SortedMap;
use crate::core::offline::{Table, Trouble};

/// Most values that are kept in memory.
const KEPT_MAX: usize = 200;
/// How many values one idle moment looks at.
const SWEPT_AT_ONCE: u32 = 50;

/// Values that the database did not take: the text and when it expires.
pub(super) type Kept = SortedMap<String, (String, f64)>;

/// The cache of one database.
pub(crate) struct Cache {
    storage: Rc<Storage>,
}

impl Cache {
    pub(crate) fn new(storage: Rc<Storage>) -> Self {
        Self { storage }
    }

    /// The value of `key`, if there is one that has not expired; an expired one is removed.
    pub(crate) async fn get(&self, key: &str) -> Option<String> {
        let kept = self.storage.kept.borrow().get(key).cloned();
        if let Some((data, expiry)) = kept {
            return (expiry > wall_ms()).then_some(data);
        }
        // One that cannot be read is one that is not there: that is what a cache is for.
        let (database, _own) = self.database().await.ok()?;
        read(&database, key).await.ok().flatten()
    }

    /// Keeps `data` under `key` until `ttl_ms` from now.
    ///
    /// # Errors
    /// `quota_exceeded`.
    pub(crate) async fn set(&self, key: &str, data: &str, ttl_ms: f64) -> Result<(), Fault> {
        let expiry = wall_ms() + ttl_ms;
        let row = Object::new();
        for (field, value) in [("data", JsValue::from_str(data)), ("expiry", JsValue::from_f64(expiry))] {
            // A plain object takes every property.
            let _set = Reflect::set(&row, &JsValue::from_str(field), &value);
        }
        match self.change("put", &[row.into(), JsValue::from_str(key)]).await {
            Ok(()) => {
                self.storage.kept.borrow_mut().remove(key);
                Ok(())
            }
            Err(failure) if failure.trouble == Trouble::Quota => Err(failure.fault()),
            Err(_) => {
                let mut kept = self.storage.kept.borrow_mut();
                kept.retain(|_, (_, expiry)| *expiry > wall_ms());
                if kept.len() >= KEPT_MAX {
                    let soonest = kept.iter().min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
                    let soonest = soonest.map(|(key, _)| key.clone());
                    soonest.and_then(|key| kept.remove(&key));
                }
                kept.insert(key.to_owned(), (data.to_owned(), expiry));
                Ok(())
            }
        }
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// What is in the database may still be there.
    pub(crate) async fn clear(&self) -> Result<(), Fault> {
        *self.storage.kept.borrow_mut() = Kept::default();
        match self.change("clear", &[]).await {
            // Where there is no database nothing is in it.
            Err(failure) if failure.trouble != Trouble::Absent => Err(failure.fault()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes what has expired, a few values in each idle moment.
    pub(super) async fn sweep(&self) {
        let mut after: Option<JsValue> = None;
        loop {
            idle().await;
            // Gone or busy, it is swept after the next opening.
            let Some(database) = self.storage.database() else { return };
            match sweep_some(&database, after.take()).await {
                Ok(Some(last)) => after = Some(last),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// The connection in use, or one of our own, which is closed when it is dropped.
    async fn database(&self) -> Result<(IdbDatabase, Option<Connection>), Failure> {
        if let Some(database) = self.storage.database() {
            // It may have been closed for another tab.
            if begin(&database, &[Table::Cache], Durability::Relaxed).is_ok() {
                return Ok((database, None));
            }
        }
        let own = connect(self.storage.name(), &self.storage.teardown).await?;
        Ok((IdbDatabase::clone(&own), Some(own)))
    }

    async fn change(&self, method: &str, arguments: &[JsValue]) -> Result<(), Failure> {
        let (database, _own) = self.database().await?;
        let started = begin(&database, &[Table::Cache], Durability::Relaxed).and_then(|transaction| {
            let store = transaction.object_store(Table::Cache.name())?;
            call_method(store.as_ref(), method, arguments)?;
            Ok(transaction)
        });
        match started {
            Ok(transaction) => {
                let (told, result) = ending();
                finish(transaction, told);
                result.await
            }
            Err(thrown) => Err(Failure::of(&thrown)),
        }
    }
}

fn is_fresh(row: &JsValue) -> bool {
    property(row, "expiry").as_f64().is_some_and(|expiry| expiry > wall_ms())
}

async fn read(database: &IdbDatabase, key: &str) -> Result<Option<String>, JsValue> {
    let transaction = begin(database, &[Table::Cache], Durability::Relaxed)?;
    let store = transaction.object_store(Table::Cache.name())?;
    let request = store.get(&JsValue::from_str(key))?;
    settled(request.as_ref(), &["success"], &["error"]).await?;
    let row = request.result()?;
    if !is_fresh(&row) && !row.is_undefined() {
        store.delete(&JsValue::from_str(key))?;
    }
    Ok(property(&row, "data").as_string().filter(|_| is_fresh(&row)))
}

/// Looks at some values behind the key `after`. Returns the last key that it looked at, if there may be more.
async fn sweep_some(database: &IdbDatabase, after: Option<JsValue>) -> Result<Option<JsValue>, JsValue> {
    let transaction = begin(database, &[Table::Cache], Durability::Relaxed)?;
    let store = transaction.object_store(Table::Cache.name())?;
    let range = match after {
        Some(key) => web_sys::IdbKeyRange::lower_bound_with_open(&key, true)?.into(),
        None => JsValue::UNDEFINED,
    };
    let keys = store.get_all_keys_with_key_and_limit(&range, SWEPT_AT_ONCE)?;
    let values = store.get_all_with_key_and_limit(&range, SWEPT_AT_ONCE)?;
    settled(values.as_ref(), &["success"], &["error"]).await?;
    let list = |request: &IdbRequest| request.result()?.dyn_into::<Array>();
    let (keys, values) = (list(&keys)?, list(&values)?);
    for (key, value) in keys.iter().zip(values.iter()) {
        if !is_fresh(&value) {
            store.delete(&key)?;
        }
    }
    let more = keys.length() == SWEPT_AT_ONCE;
    Ok(more.then(|| keys.get(keys.length() - 1)))
}
