//! What programs of one database need of each other: the epoch of the one that leads, and the rows of those that ended.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbTransaction};

use super::database::{Failure, begin, connect, settled};
use super::{Storage, read_rows};
use crate::core::io::{Durability, Row};
use crate::core::offline::{EPOCH_KEY, Table, decode_epoch, encode_epoch};

impl Storage {
    /// The epoch; `raise` makes it one higher than ever before, in the transaction that reads it.
    pub(in crate::browser) async fn epoch(&self, raise: bool) -> Result<u64, Failure> {
        let database = connect(self.name(), &self.teardown).await?;
        read_epoch(&database, raise).await.map_err(|thrown| Failure::of(&thrown))
    }

    /// All rows of the outbox, whosoever they are.
    pub(in crate::browser) async fn outbox_rows(&self) -> Result<Vec<Row>, Failure> {
        let database = connect(self.name(), &self.teardown).await?;
        read_rows(&database, &[Table::Outbox], &[]).await.map_err(|thrown| Failure::of(&thrown))
    }
}

async fn read_epoch(database: &IdbDatabase, raise: bool) -> Result<u64, JsValue> {
    let transaction: IdbTransaction = if raise {
        begin(database, &[Table::Meta], Durability::Strict)?
    } else {
        database.transaction_with_str(Table::Meta.name())?
    };
    let store = transaction.object_store(Table::Meta.name())?;
    let key = JsValue::from_str(EPOCH_KEY);
    let request = store.get(&key)?;
    settled(request.unchecked_ref(), &["success"], &["error"]).await?;
    let epoch = request.result()?.as_string().map_or(0, |row| decode_epoch(&row));
    if !raise {
        return Ok(epoch);
    }
    // Still within the transaction: promises are told before it ends.
    store.put_with_key(&JsValue::from_str(&encode_epoch(epoch + 1)), &key)?;
    settled(transaction.as_ref(), &["complete"], &["abort"]).await?;
    Ok(epoch + 1)
}
