//! The tables and how they come to be.

use std::collections::BTreeMap;
use std::sync::Arc;

use baro_realtime::core::model::{calendar_channel, digest_of, project_channel};
use rusqlite::{Connection, OptionalExtension as _};

use crate::ledger::StorageError;

/// What this program writes. A database of a later one is left alone.
const VERSION: u32 = 3;

/// Each entry leads from the version of its index to the next.
const MIGRATIONS: [&str; 3] = [
    "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE client(id TEXT PRIMARY KEY, owner TEXT NOT NULL, last_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outcome(
    client TEXT NOT NULL, slot INTEGER NOT NULL, seq INTEGER NOT NULL, refused INTEGER NOT NULL,
    payload TEXT NOT NULL, PRIMARY KEY(client, slot)
) WITHOUT ROWID;
CREATE TABLE event(id TEXT PRIMARY KEY, version INTEGER NOT NULL, project TEXT, calendar TEXT, body TEXT);
CREATE INDEX event_of_project ON event(project, id) WHERE body IS NOT NULL;
CREATE INDEX event_of_calendar ON event(calendar, id) WHERE calendar IS NOT NULL AND body IS NOT NULL;
CREATE TABLE channel(name TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE change(
    channel TEXT NOT NULL, seq INTEGER NOT NULL, project TEXT NOT NULL, message TEXT NOT NULL,
    left_project TEXT, left_message TEXT, PRIMARY KEY(channel, seq)
) WITHOUT ROWID;
",
    "ALTER TABLE channel ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;",
    "
ALTER TABLE event ADD COLUMN last TEXT;
ALTER TABLE outcome ADD COLUMN merged TEXT;
",
];
/// The first version whose channels have a digest.
const DIGESTS_SINCE: u32 = 2;

pub(super) fn storage_error(fault: rusqlite::Error) -> StorageError {
    StorageError(fault.to_string())
}

/// Brings a database to this program's version and returns the epoch of channels that are not yet written to.
pub(super) fn prepare(connection: &mut Connection, fresh_epoch: &str) -> Result<Arc<str>, StorageError> {
    let pragma = |name: &str, value: &str| connection.pragma_update(None, name, value).map_err(storage_error);
    pragma("journal_mode", "WAL")?;
    // An answer is a promise: what was acknowledged survives a power cut.
    pragma("synchronous", "FULL")?;
    pragma("temp_store", "MEMORY")?;
    pragma("cache_size", "-16384")?;
    pragma("journal_size_limit", "67108864")?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(storage_error)?;
    connection.set_prepared_statement_cache_capacity(64);
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(storage_error)?;
    let found: u32 =
        transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(storage_error)?;
    if found > VERSION {
        return Err(StorageError(format!(
            "the database is of version {found}, this program knows up to {VERSION}"
        )));
    }
    let steps = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX));
    for step in steps {
        transaction.execute_batch(step).map_err(storage_error)?;
    }
    if found < DIGESTS_SINCE {
        fill_digests(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(storage_error)?;
    transaction
        .execute("INSERT OR IGNORE INTO meta(key, value) VALUES('epoch', ?1)", [fresh_epoch])
        .map_err(storage_error)?;
    let epoch: Option<String> = transaction
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
        .optional()
        .map_err(storage_error)?;
    transaction.commit().map_err(storage_error)?;
    Ok(Arc::from(epoch.unwrap_or_else(|| fresh_epoch.to_owned())))
}

/// Gives every channel the digest of the events that it shows.
fn fill_digests(connection: &Connection) -> Result<(), StorageError> {
    let mut digests: BTreeMap<String, u64> = BTreeMap::new();
    let mut events = connection
        .prepare("SELECT id, version, project, calendar FROM event WHERE body IS NOT NULL")
        .map_err(storage_error)?;
    let mut rows = events.query([]).map_err(storage_error)?;
    while let Some(row) = rows.next().map_err(storage_error)? {
        let text = |column| row.get::<_, Option<String>>(column).map_err(storage_error);
        let version = row.get::<_, i64>(1).map_err(storage_error)?;
        let digest = digest_of(&text(0)?.unwrap_or_default(), u64::try_from(version).unwrap_or(0));
        let project = text(2)?.map(|project| project_channel(&project));
        let calendar = text(3)?.map(|calendar| calendar_channel(&calendar));
        for channel in project.into_iter().chain(calendar) {
            *digests.entry(channel).or_default() ^= digest;
        }
    }
    for (channel, digest) in digests {
        connection
            .execute("UPDATE channel SET digest = ?2 WHERE name = ?1", (channel, digest.cast_signed()))
            .map_err(storage_error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Stored, Tables as _};
    use crate::serve::options::Database;
    use crate::serve::sqlite::Sqlite;

    #[test]
    fn a_database_from_before_there_were_digests_gets_them() {
        let mut connection = Connection::open_in_memory().expect("a database");
        let old = "INSERT INTO event VALUES('e1', 3, 'p', 'c', '{}'), ('e2', 1, 'p', NULL, '{}'), ('e3', 9, NULL, NULL, NULL);
            INSERT INTO channel VALUES('project:p', 'then', 7), ('calendar:c', 'then', 2), ('project:q', 'then', 4);
            PRAGMA user_version = 1";
        connection.execute_batch(MIGRATIONS[0]).expect("the schema of version 1");
        connection.execute_batch(old).expect("rows of version 1");
        prepare(&mut connection, "now").expect("a migrated database");
        let digest = |channel: &str| {
            let sql = "SELECT digest FROM channel WHERE name = ?1";
            connection.query_row(sql, [channel], |row| row.get::<_, i64>(0)).expect("a row").cast_unsigned()
        };
        assert_eq!(digest("project:p"), digest_of("e1", 3) ^ digest_of("e2", 1));
        assert_eq!((digest("calendar:c"), digest("project:q")), (digest_of("e1", 3), 0));
    }

    #[test]
    fn a_database_of_the_first_version_goes_on_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("data");
        let first = Connection::open(&path).expect("a database");
        first.execute_batch(MIGRATIONS[0]).expect("the first version");
        first.pragma_update(None, "user_version", 1).expect("a pragma");
        let rows = r#"
            INSERT INTO meta VALUES('epoch', 'epoch-1');
            INSERT INTO event VALUES('e1', 4, 'p', NULL, '{"id":"e1","version":4}');
            INSERT INTO event VALUES('e2', 7, NULL, NULL, NULL);
            INSERT INTO outcome VALUES('c', 1, 1, 0, 'null');"#;
        first.execute_batch(rows).expect("rows");
        drop(first);
        for _ in 0..2 {
            let tables = Sqlite::open(&Database::File(path.clone()), "epoch-2").expect("a database");
            assert_eq!(tables.event("e2"), Ok(Some(Stored::Deleted { version: 7, last: None })));
            assert!(matches!(tables.event("e1"), Ok(Some(Stored::Present(row))) if row.version == 4));
            assert_eq!(tables.outcome("c", 1, 256), Ok(Some(crate::ledger::Answer::Ack(Arc::from("null")))));
            assert_eq!(tables.head("project:p").map(|head| head.epoch.to_string()), Ok("epoch-1".to_owned()));
        }
    }
}
