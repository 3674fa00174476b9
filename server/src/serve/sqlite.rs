//! The tables in SQLite.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params, Row};

use super::options::Database;
use super::schema::{prepare, storage_error};
use crate::ledger::{
    Answer, Change, Channel, Client, EventRow, Head, StorageError, Stored, Tables, Withdrawn,
};

/// A database file, or one in memory.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    epoch: Arc<str>,
}

impl Sqlite {
    /// Opens a database, creating or migrating it as needed. `fresh_epoch` is the epoch of a new one.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or is of a later version of this program.
    pub fn open(database: &Database, fresh_epoch: &str) -> Result<Self, StorageError> {
        let opened = match database {
            Database::File(path) => Connection::open(path),
            Database::Memory => Connection::open_in_memory(),
        };
        let mut connection = opened.map_err(storage_error)?;
        let epoch = prepare(&mut connection, fresh_epoch)?;
        Ok(Self { connection, epoch })
    }

    /// Opens a database that another connection has brought to this program's version, for nothing but reading.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_to_read(path: &Path) -> Result<Self, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(storage_error)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(storage_error)?;
        let epoch = connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0));
        let epoch: Arc<str> = epoch.map_err(storage_error)?;
        Ok(Self { connection, epoch })
    }

    /// Begins a transaction around many writes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin(&mut self) -> Result<(), StorageError> {
        self.execute("BEGIN", [])
    }

    /// Ends it; everything is on disk then.
    ///
    /// # Errors
    /// When the database fails; nothing of the transaction is stored then.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        let committed = self.execute("COMMIT", []);
        if committed.is_err() && !self.connection.is_autocommit() {
            // Only an open transaction can be rolled back; what failed is told either way.
            let _rolled_back = self.execute("ROLLBACK", []);
        }
        committed
    }

    /// Makes the disk as small as this, for tests.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, pages: u32) {
        let limit = |row: &Row<'_>| row.get::<_, u32>(0);
        self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], limit).expect("a limit");
    }

    /// Whether what is written now is part of a transaction.
    pub fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn execute(&self, sql: &str, parameters: impl Params) -> Result<(), StorageError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(storage_error)?;
        statement.execute(parameters).map(|_| ()).map_err(storage_error)
    }

    fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StorageError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(storage_error)?;
        statement.query_row(parameters, read).optional().map_err(storage_error)
    }

    fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StorageError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(storage_error)?;
        let rows = statement.query_map(parameters, read).map_err(storage_error)?;
        rows.collect::<Result<_, _>>().map_err(storage_error)
    }
}

/// SQLite's integers are signed; ours end at 2⁵³.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        id: row.get(0)?,
        version: unsigned(row, 1)?,
        project: row.get(2)?,
        calendar: row.get(3)?,
        text: row.get(4)?,
    })
}

impl Tables for Sqlite {
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.execute("SAVEPOINT work", [])?;
        match work(self) {
            Ok(done) => self.execute("RELEASE work", []).map(|()| done),
            Err(fault) => {
                self.execute("ROLLBACK TO work", [])?;
                self.execute("RELEASE work", [])?;
                Err(fault)
            }
        }
    }

    fn client(&self, client: &str) -> Result<Option<Client>, StorageError> {
        self.one("SELECT owner, last_seq FROM client WHERE id = ?1", [client], |row| {
            Ok(Client { owner: row.get(0)?, last_seq: unsigned(row, 1)? })
        })
    }

    fn put_client(&mut self, client: &str, row: &Client) -> Result<(), StorageError> {
        self.execute(
            "INSERT INTO client(id, owner, last_seq) VALUES(?1, ?2, ?3)
             ON CONFLICT(id) DO UPDATE SET last_seq = excluded.last_seq",
            (client, &*row.owner, signed(row.last_seq)),
        )
    }

    fn outcome(&self, client: &str, seq: u64, ring: u64) -> Result<Option<Answer>, StorageError> {
        self.one(
            "SELECT refused, payload, merged FROM outcome WHERE client = ?1 AND slot = ?2 AND seq = ?3",
            (client, signed(seq % ring), signed(seq)),
            |row| {
                let payload = row.get(1)?;
                Ok(match (row.get(0)?, row.get(2)?) {
                    (true, _) => Answer::Error(payload),
                    (false, Some(report)) => Answer::Merged { payload, report },
                    (false, None) => Answer::Ack(payload),
                })
            },
        )
    }

    fn put_outcome(
        &mut self,
        client: &str,
        seq: u64,
        ring: u64,
        answer: &Answer,
    ) -> Result<(), StorageError> {
        let (refused, payload, merged) = match answer {
            Answer::Ack(payload) => (false, payload, None),
            Answer::Merged { payload, report } => (false, payload, Some(&**report)),
            Answer::Error(payload) => (true, payload, None),
        };
        self.execute(
            "INSERT OR REPLACE INTO outcome(client, slot, seq, refused, payload, merged)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            (client, signed(seq % ring), signed(seq), refused, &**payload, merged),
        )
    }

    fn event(&self, id: &str) -> Result<Option<Stored>, StorageError> {
        self.one("SELECT id, version, project, calendar, body, last FROM event WHERE id = ?1", [id], |row| {
            let deleted = row.get_ref(4)? == rusqlite::types::ValueRef::Null;
            Ok(if deleted {
                Stored::Deleted { version: unsigned(row, 1)?, last: row.get(5)? }
            } else {
                Stored::Present(event_row(row)?)
            })
        })
    }

    fn put_event(&mut self, id: &str, stored: &Stored) -> Result<(), StorageError> {
        const SQL: &str = "INSERT INTO event(id, version, project, calendar, body, last)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT(id) DO UPDATE SET version = excluded.version, project = excluded.project,
            calendar = excluded.calendar, body = excluded.body, last = excluded.last";
        let none: Option<&str> = None;
        match stored {
            Stored::Present(row) => {
                let parameters =
                    (id, signed(row.version), &*row.project, row.calendar.as_deref(), &*row.text, none);
                self.execute(SQL, parameters)
            }
            Stored::Deleted { version, last } => {
                self.execute(SQL, (id, signed(*version), none, none, none, last.as_deref()))
            }
        }
    }

    fn events_of(&self, channel: Channel<'_>) -> Result<Vec<EventRow>, StorageError> {
        match channel {
            Channel::Project(project) => self.all(
                "SELECT id, version, project, calendar, body FROM event
                 WHERE project = ?1 AND body IS NOT NULL ORDER BY id",
                [project],
                event_row,
            ),
            Channel::Calendar(calendar) => self.all(
                "SELECT id, version, project, calendar, body FROM event
                 WHERE calendar = ?1 AND calendar IS NOT NULL AND body IS NOT NULL ORDER BY id",
                [calendar],
                event_row,
            ),
            Channel::Other => Ok(Vec::new()),
        }
    }

    fn all_events(&self) -> Result<Vec<EventRow>, StorageError> {
        self.all(
            "SELECT id, version, project, calendar, body FROM event WHERE body IS NOT NULL ORDER BY id",
            [],
            event_row,
        )
    }

    fn head(&self, channel: &str) -> Result<Head, StorageError> {
        let head = self.one("SELECT epoch, seq, digest FROM channel WHERE name = ?1", [channel], |row| {
            let digest = row.get::<_, i64>(2)?.cast_unsigned();
            Ok(Head { epoch: row.get(0)?, seq: unsigned(row, 1)?, digest })
        })?;
        Ok(head.unwrap_or_else(|| Head { epoch: Arc::clone(&self.epoch), seq: 0, digest: 0 }))
    }

    fn append(&mut self, change: &Change) -> Result<(), StorageError> {
        self.execute(
            "INSERT INTO channel(name, epoch, seq, digest) VALUES(?1, ?2, ?3, ?4)
             ON CONFLICT(name) DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
            (&*change.channel, &*self.epoch, signed(change.seq), change.digest.cast_signed()),
        )?;
        let left = change.withdrawn.as_ref();
        self.execute(
            "INSERT INTO change(channel, seq, project, message, left_project, left_message)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            (
                &*change.channel,
                signed(change.seq),
                &*change.project,
                &*change.text,
                left.map(|left| &*left.project),
                left.map(|left| &*left.text),
            ),
        )
    }

    fn trim(&mut self, channel: &str, seq: u64) -> Result<(), StorageError> {
        self.execute("DELETE FROM change WHERE channel = ?1 AND seq <= ?2", (channel, signed(seq)))
    }

    fn changes_after(&self, channel: &str, seq: u64) -> Result<Vec<Change>, StorageError> {
        let name: Arc<str> = Arc::from(channel);
        self.all(
            "SELECT seq, project, message, left_project, left_message FROM change
             WHERE channel = ?1 AND seq > ?2 ORDER BY seq",
            (channel, signed(seq)),
            |row| {
                let left = match (row.get(3)?, row.get(4)?) {
                    (Some(project), Some(text)) => Some(Withdrawn { project, text }),
                    _ => None,
                };
                Ok(Change {
                    channel: Arc::clone(&name),
                    seq: unsigned(row, 0)?,
                    digest: 0,
                    project: row.get(1)?,
                    text: row.get(2)?,
                    withdrawn: left,
                })
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::ledger::contract::ledger_contract!(
        Sqlite::open(&Database::Memory, "epoch-1").expect("a database")
    );

    #[test]
    fn a_database_of_a_later_version_is_left_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let database = Database::File(dir.path().join("data"));
        drop(Sqlite::open(&database, "epoch-1").expect("a database"));
        let again = Sqlite::open(&database, "epoch-2").expect("a database");
        assert_eq!(again.head("project:p").map(|head| head.epoch.to_string()), Ok("epoch-1".to_owned()));
        again.connection.pragma_update(None, "user_version", 99).expect("a pragma");
        drop(again);
        let fault = Sqlite::open(&database, "epoch-3").expect_err("a fault");
        assert!(fault.0.contains("version 99"), "{fault}");
    }

    #[test]
    fn what_is_committed_is_flushed() {
        let dir = tempfile::tempdir().expect("a folder");
        let tables = Sqlite::open(&Database::File(dir.path().join("data")), "epoch-1").expect("a database");
        let pragma = |name: &str| {
            tables
                .connection
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
        };
        assert_eq!(pragma("synchronous"), Ok(2.into()));
        assert_eq!(pragma("journal_mode"), Ok("wal".to_owned().into()));
    }
}
