//! The end of a user's data.
//!
//! Owns what is left of a database that was here: beside it, under a name that tells nobody whose it is, how often somebody
//! logged out, and the canary. So other tabs know a logout from a loss.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbDatabase;

use super::database::{begin, connect, delete, factory, finish, run, settled};
use super::{Failure, State, Storage, ending};
use crate::browser::clock::pause;
use crate::browser::global::{call_method, property, random_seed};
use crate::core::io::{Durability, OnPending, Row, StorageOp};
use crate::core::metrics::hash_of;
use crate::core::offline::{Table, Trouble};

/// The key of the row that is there as long as nobody deletes what is stored.
pub(super) const CANARY_KEY: &str = "canary";
/// A database that is made to be deleted.
const TIDYING: &str = "baro-calendar-tidying";
/// How often the browser is asked to tidy up after the user's database is gone, and how long before each time, ms: it rewrites
/// its files when it comes to it, and removes what it replaced at the occasion after that.
const TIDIED_AFTER: u32 = 4;
const TIDYING_MS: u32 = 100;
/// Where writes are that nobody else has.
const WRITES: [Table; 2] = [Table::Outbox, Table::Conflicts];

/// What stands beside the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// How often somebody logged out.
    pub(super) left: u32,
    /// Whether there is to be a canary.
    pub(super) has_canary: bool,
}

impl Storage {
    /// Reads the mark. There is none in a worker, or where the page may keep nothing.
    pub(super) fn mark(&self) -> Mark {
        let text =
            call_method(&marks(), "getItem", &[self.mark_key()]).ok().and_then(|text| text.as_string());
        let Some(text) = text else { return Mark::default() };
        let (left, canary) = text.split_once('|').unwrap_or_default();
        Mark { left: left.parse().unwrap_or(0), has_canary: !canary.is_empty() }
    }

    fn set_mark(&self, left: u32, canary: &str) {
        let value = JsValue::from_str(&format!("{left}|{canary}"));
        // Without it the loss of the database is not noticed by a later program, no more.
        let _set = call_method(&marks(), "setItem", &[self.mark_key(), value]);
    }

    /// The user's name is no business of whoever reads the list of keys.
    fn mark_key(&self) -> JsValue {
        format!("baro-calendar-{:08x}", hash_of(self.name())).into()
    }

    /// Sets a canary.
    pub(super) async fn set_canary(&self, database: &IdbDatabase) {
        let value = format!("{:08x}", random_seed()[0] >> 32);
        let row = Row { table: Table::Meta, key: CANARY_KEY.to_owned(), value: value.clone() };
        if let Ok(transaction) = run(database, &[StorageOp::Put(row)], Durability::Strict) {
            let ended = settled(transaction.as_ref(), &["complete"], &["abort"]).await;
            if ended.is_ok() {
                self.set_mark(self.mark().left, &value);
            }
        }
    }

    /// Deletes what is stored, all of it or none.
    ///
    /// # Errors
    /// So many writes would have been lost, or why it was not done.
    pub(crate) async fn wipe(&self, pending: OnPending) -> Result<(), (u64, String)> {
        let (database, own) = match self.database() {
            // A connection that was closed meanwhile cannot begin anything.
            Some(database) if begin(&database, &[Table::Meta], Durability::Relaxed).is_ok() => {
                (database, None)
            }
            _ => match connect(self.name(), &self.teardown).await {
                Ok(own) => (IdbDatabase::clone(&own), Some(own)),
                // Where there is no database nothing is stored.
                Err(failure) if failure.trouble == Trouble::Absent => return Ok(()),
                Err(failure) => return Err((0, failure.message)),
            },
        };
        let cleared = clear(&database, pending).await;
        drop(own);
        if cleared.is_ok() && pending != OnPending::Keep {
            database.close();
        }
        *self.kept.borrow_mut() = super::Kept::default();
        match cleared {
            Err(failure) => Err((0, failure.message)),
            Ok(0) if pending == OnPending::Keep => Ok(()),
            Ok(0) => {
                // First, so that tabs that are asked to let go know why.
                self.set_mark(self.mark().left.wrapping_add(1), "");
                *self.state.borrow_mut() = State::Failed(Failure::left());
                // It is empty: where a tab that does not let go keeps it, the browser deletes it when that is gone.
                tidy().await;
                delete(self.name()).await;
                for _ in 0..TIDIED_AFTER {
                    pause(TIDYING_MS).await;
                    tidy().await;
                }
                Ok(())
            }
            Ok(writes) => Err((writes, "writes of another tab were not sent".to_owned())),
        }
    }
}

/// Empties the tables, unless writes would be lost that are to be sent first: how many.
async fn clear(database: &IdbDatabase, pending: OnPending) -> Result<u64, Failure> {
    let begun = || -> Result<_, JsValue> {
        let transaction = begin(database, &Table::ALL, Durability::Strict)?;
        let mut counts = Vec::new();
        for table in WRITES {
            counts.push(transaction.object_store(table.name())?.count()?);
        }
        Ok((transaction, counts))
    };
    let (transaction, counts) = begun().map_err(|thrown| Failure::of(&thrown))?;
    if let Some(last) = counts.last() {
        settled(last.as_ref(), &["success"], &["error"]).await.map_err(|thrown| Failure::of(&thrown))?;
    }
    let count = |request: &web_sys::IdbRequest| request.result().ok().and_then(|count| count.as_f64());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let writes = counts.iter().filter_map(count).sum::<f64>() as u64;
    if pending == OnPending::Flush && writes > 0 {
        return Ok(writes);
    }
    let kept = |table: &Table| pending == OnPending::Keep && !Table::CACHES.contains(table);
    for table in Table::ALL.into_iter().filter(|table| !kept(table)) {
        let cleared = transaction.object_store(table.name()).and_then(|store| store.clear());
        cleared.map_err(|thrown| Failure::of(&thrown))?;
    }
    let (told, ended) = ending();
    finish(transaction, told);
    ended.await.map(|()| 0)
}

/// Has the browser rewrite its files. Chromium's hold what was deleted until they are, and the end of a database is the only
/// occasion: one before the user's takes what is in its journal to where his database's end finds it, one after removes
/// the file that took its place. Other browsers delete a file.
async fn tidy() {
    let made = async {
        let request = factory()?.open(TIDYING).map_err(|thrown| Failure::of(&thrown))?;
        settled(request.as_ref(), &["success"], &["error"]).await.map_err(|thrown| Failure::of(&thrown))?;
        request
            .result()
            .and_then(|database| database.dyn_into::<IdbDatabase>())
            .map_err(|thrown| Failure::of(&thrown))
    };
    // Without it bytes stay that no page can read, no more.
    if let Ok(database) = made.await {
        database.close();
        delete(TIDYING).await;
    }
}

/// What outlives a database.
fn marks() -> JsValue {
    property(&js_sys::global(), "localStorage")
}
