//! Reading events beside the thread that writes them.
//!
//! A REST request is promised what was committed when it began, and nothing of the order in which channels hear of changes:
//! so it has a connection of its own to the database, and a long list holds up no write. A page that reads after its own
//! write was answered finds it, since answers leave after the commit. A database in memory has one connection only, which
//! is the writer's.

use std::sync::mpsc::{Receiver, Sender, channel};

use baro_realtime::core::model::Query;
use tokio::sync::oneshot;

use super::options::Database;
use super::sqlite::Sqlite;
use super::storage::Request;
use crate::ledger::{Channel, EventRow, StorageError, Tables as _};

/// Events that somebody reads over HTTP.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) query: Query,
    pub(super) reply: oneshot::Sender<Result<Vec<EventRow>, StorageError>>,
}

impl Read {
    /// Reads and answers.
    pub(super) fn perform(self, tables: &Sqlite) {
        let rows = read(tables, &self.query);
        // Who asked may be gone.
        let _told = self.reply.send(rows);
    }
}

pub(super) fn read(tables: &Sqlite, query: &Query) -> Result<Vec<EventRow>, StorageError> {
    match &query.project {
        Some(project) => tables.events_of(Channel::Project(project)),
        None => tables.all_events(),
    }
}

/// The way to whoever reads.
#[derive(Debug, Clone)]
pub(super) enum Reads {
    /// A thread of their own.
    Beside(Sender<Read>),
    /// The thread that writes.
    Writer(Sender<Request>),
}

impl Reads {
    /// Starts a thread for reading where the database can have one. It ends with the last way to it.
    pub(super) fn start(database: &Database, writer: Sender<Request>) -> Result<Self, String> {
        let Database::File(path) = database else { return Ok(Self::Writer(writer)) };
        let tables = Sqlite::open_to_read(path).map_err(|fault| format!("--database: {fault}"))?;
        let (reads, incoming) = channel();
        std::thread::Builder::new()
            .name("reading".to_owned())
            .spawn(move || run(&tables, &incoming))
            .map_err(|fault| format!("no thread for the database: {fault}"))?;
        Ok(Self::Beside(reads))
    }

    /// Asks for events; `None` if nobody is there to read.
    pub(super) fn send(&self, read: Read) -> Option<()> {
        match self {
            Self::Beside(reads) => reads.send(read).ok(),
            Self::Writer(writer) => writer.send(Request::Read(read)).ok(),
        }
    }
}

fn run(tables: &Sqlite, incoming: &Receiver<Read>) {
    while let Ok(read) = incoming.recv() {
        read.perform(tables);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Stored;

    fn put(tables: &mut Sqlite, id: &str) {
        let row = EventRow {
            id: id.into(),
            version: 1,
            project: "p".into(),
            calendar: None,
            text: format!(r#"{{"id":"{id}"}}"#).into(),
        };
        tables.put_event(id, &Stored::Present(row)).expect("stored");
    }

    #[tokio::test]
    async fn what_is_committed_is_read_while_a_write_is_under_way() {
        let dir = tempfile::tempdir().expect("a folder");
        let database = Database::File(dir.path().join("data"));
        let mut writer = Sqlite::open(&database, "epoch-1").expect("a database");
        let (to_writer, _incoming) = channel();
        let reads = Reads::start(&database, to_writer).expect("a reader");
        let ids = async || {
            let (reply, rows) = oneshot::channel();
            reads.send(Read { query: Query::default(), reply }).expect("a thread");
            let rows = rows.await.expect("an answer").expect("rows");
            rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
        };
        put(&mut writer, "a");
        writer.begin().expect("begun");
        put(&mut writer, "b");
        assert_eq!(ids().await, ["a"]);
        writer.commit().expect("committed");
        assert_eq!(ids().await, ["a", "b"]);
    }

    #[test]
    fn the_reader_cannot_write() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("data");
        drop(Sqlite::open(&Database::File(path.clone()), "epoch-1").expect("a database"));
        let mut reader = Sqlite::open_to_read(&path).expect("the same database");
        assert!(reader.trim("project:p", 1).is_err());
        assert!(Sqlite::open_to_read(&dir.path().join("none")).is_err());
    }
}
