//! What the ledger needs of a database.

use std::fmt;
use std::sync::Arc;

use super::{Answer, Change};

/// The database could not do it; nothing is known of the write's success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageError(pub String);

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "storage: {}", self.0)
    }
}

impl std::error::Error for StorageError {}

/// What is kept of a stream of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Whose it is.
    pub owner: Arc<str>,
    /// The highest decided sequence.
    pub last_seq: u64,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its id.
    pub id: Arc<str>,
    /// Its version.
    pub version: u64,
    /// Its project, `default` included.
    pub project: Arc<str>,
    /// Its calendar, if it has one.
    pub calendar: Option<Arc<str>>,
    /// The event as JSON text.
    pub text: Arc<str>,
}

/// What is known under an event's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The event.
    Present(EventRow),
    /// That there was one, up to this version. Versions of an id never repeat.
    Deleted {
        /// The version of its deletion.
        version: u64,
        /// What it last was, as JSON text, for a change that outweighs the deletion. Databases of earlier versions did
        /// not keep it.
        last: Option<Arc<str>>,
    },
}

/// How far a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Changes when the history is lost.
    pub epoch: Arc<str>,
    /// The number of the last change, 0 before the first.
    pub seq: u64,
    /// The exclusive or of `digest_of` each event that it shows then.
    pub digest: u64,
}

/// Which events a channel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel<'a> {
    /// Those of a project.
    Project(&'a str),
    /// Those of a calendar.
    Calendar(&'a str),
    /// None: presence only.
    Other,
}

impl<'a> Channel<'a> {
    /// What the channel of this name shows.
    pub fn of(name: &'a str) -> Self {
        match name.split_once(':') {
            Some(("project", project)) => Self::Project(project),
            Some(("calendar", calendar)) => Self::Calendar(calendar),
            _ => Self::Other,
        }
    }
}

/// A database. Reads see the writes of the same transaction.
pub trait Tables {
    /// Runs `work` so that either all of its writes are there or, when it fails, none.
    ///
    /// # Errors
    /// What `work` or the database failed with.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError>;

    /// What is kept of a stream.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn client(&self, client: &str) -> Result<Option<Client>, StorageError>;

    /// Keeps that of a stream.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn put_client(&mut self, client: &str, row: &Client) -> Result<(), StorageError>;

    /// The outcome of a stream's write, if it is one of the last `ring`.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn outcome(&self, client: &str, seq: u64, ring: u64) -> Result<Option<Answer>, StorageError>;

    /// Keeps the outcome in place of the one `ring` writes before.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn put_outcome(&mut self, client: &str, seq: u64, ring: u64, answer: &Answer)
    -> Result<(), StorageError>;

    /// What is known under an id.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn event(&self, id: &str) -> Result<Option<Stored>, StorageError>;

    /// Stores under an id.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn put_event(&mut self, id: &str, stored: &Stored) -> Result<(), StorageError>;

    /// The events that a channel shows, by id. `Channel::Other` shows none.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn events_of(&self, channel: Channel<'_>) -> Result<Vec<EventRow>, StorageError>;

    /// All events, by id.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn all_events(&self) -> Result<Vec<EventRow>, StorageError>;

    /// How far a channel is; one that was never written to has the database's epoch and the number 0.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn head(&self, channel: &str) -> Result<Head, StorageError>;

    /// Adds a change to its channel's history; its number and digest become the head's.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn append(&mut self, change: &Change) -> Result<(), StorageError>;

    /// Forgets a channel's changes up to the number `seq`.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn trim(&mut self, channel: &str, seq: u64) -> Result<(), StorageError>;

    /// A channel's changes after the number `seq` that are kept, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn changes_after(&self, channel: &str, seq: u64) -> Result<Vec<Change>, StorageError>;
}
