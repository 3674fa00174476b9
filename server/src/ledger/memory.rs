//! The tables in memory: for the simulator and for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tables::{Channel, Client, EventRow, Head, StorageError, Stored, Tables};
use super::{Answer, Change};

/// A database in memory, with real roll-back. Cloning it is taking a backup.
#[derive(Debug, Clone)]
pub struct Memory {
    epoch: Arc<str>,
    clients: BTreeMap<String, Client>,
    outcomes: BTreeMap<(String, u64), (u64, Answer)>,
    events: BTreeMap<String, Stored>,
    heads: BTreeMap<String, Head>,
    changes: BTreeMap<(String, u64), Change>,
    journal: Option<Vec<Undo>>,
    fail: bool,
}

/// What a row was before the transaction changed it.
#[derive(Debug, Clone)]
enum Undo {
    Client(String, Option<Client>),
    Outcome((String, u64), Option<(u64, Answer)>),
    Event(String, Option<Stored>),
    Head(String, Option<Head>),
    Change((String, u64), Option<Change>),
}

impl Memory {
    /// An empty database whose channels are of `epoch`.
    pub fn new(epoch: &str) -> Self {
        Self {
            epoch: Arc::from(epoch),
            clients: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            events: BTreeMap::new(),
            heads: BTreeMap::new(),
            changes: BTreeMap::new(),
            journal: None,
            fail: false,
        }
    }

    /// Whether every write fails from now on, as on a full disk.
    pub fn set_failing(&mut self, fail: bool) {
        self.fail = fail;
    }

    /// Forgets all changes, as a restored backup does: every channel goes on in `epoch`.
    pub fn start_epoch(&mut self, epoch: &str) {
        self.epoch = Arc::from(epoch);
        for head in self.heads.values_mut() {
            head.epoch = Arc::clone(&self.epoch);
        }
        self.changes.clear();
    }

    fn remember(&mut self, undo: Undo) -> Result<(), StorageError> {
        if self.fail {
            return Err(StorageError("the disk is full".to_owned()));
        }
        if let Some(journal) = &mut self.journal {
            journal.push(undo);
        }
        Ok(())
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Client(key, row) => restore(&mut self.clients, key, row),
            Undo::Outcome(key, row) => restore(&mut self.outcomes, key, row),
            Undo::Event(key, row) => restore(&mut self.events, key, row),
            Undo::Head(key, row) => restore(&mut self.heads, key, row),
            Undo::Change(key, row) => restore(&mut self.changes, key, row),
        }
    }
}

fn restore<K: Ord, V>(table: &mut BTreeMap<K, V>, key: K, row: Option<V>) {
    match row {
        Some(row) => table.insert(key, row),
        None => table.remove(&key),
    };
}

impl Tables for Memory {
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let outer = self.journal.replace(Vec::new());
        let result = work(self);
        let journal = self.journal.take().unwrap_or_default();
        self.journal = outer;
        match &result {
            Ok(_) => {
                if let Some(outer) = &mut self.journal {
                    outer.extend(journal);
                }
            }
            Err(_) => {
                for undo in journal.into_iter().rev() {
                    self.undo(undo);
                }
            }
        }
        result
    }

    fn client(&self, client: &str) -> Result<Option<Client>, StorageError> {
        Ok(self.clients.get(client).cloned())
    }

    fn put_client(&mut self, client: &str, row: &Client) -> Result<(), StorageError> {
        self.remember(Undo::Client(client.to_owned(), self.clients.get(client).cloned()))?;
        self.clients.insert(client.to_owned(), row.clone());
        Ok(())
    }

    fn outcome(&self, client: &str, seq: u64, ring: u64) -> Result<Option<Answer>, StorageError> {
        let row = self.outcomes.get(&(client.to_owned(), seq % ring));
        Ok(row.filter(|(stored, _)| *stored == seq).map(|(_, answer)| answer.clone()))
    }

    fn put_outcome(
        &mut self,
        client: &str,
        seq: u64,
        ring: u64,
        answer: &Answer,
    ) -> Result<(), StorageError> {
        let key = (client.to_owned(), seq % ring);
        self.remember(Undo::Outcome(key.clone(), self.outcomes.get(&key).cloned()))?;
        self.outcomes.insert(key, (seq, answer.clone()));
        Ok(())
    }

    fn event(&self, id: &str) -> Result<Option<Stored>, StorageError> {
        Ok(self.events.get(id).cloned())
    }

    fn put_event(&mut self, id: &str, stored: &Stored) -> Result<(), StorageError> {
        self.remember(Undo::Event(id.to_owned(), self.events.get(id).cloned()))?;
        self.events.insert(id.to_owned(), stored.clone());
        Ok(())
    }

    fn events_of(&self, channel: Channel<'_>) -> Result<Vec<EventRow>, StorageError> {
        let mut events = self.all_events()?;
        events.retain(|event| match channel {
            Channel::Project(project) => *event.project == *project,
            Channel::Calendar(calendar) => event.calendar.as_deref() == Some(calendar),
            Channel::Other => false,
        });
        Ok(events)
    }

    fn all_events(&self) -> Result<Vec<EventRow>, StorageError> {
        let present = self.events.values().filter_map(|stored| match stored {
            Stored::Present(row) => Some(row.clone()),
            Stored::Deleted { .. } => None,
        });
        Ok(present.collect())
    }

    fn head(&self, channel: &str) -> Result<Head, StorageError> {
        let new = || Head { epoch: Arc::clone(&self.epoch), seq: 0, digest: 0 };
        Ok(self.heads.get(channel).cloned().unwrap_or_else(new))
    }

    fn append(&mut self, change: &Change) -> Result<(), StorageError> {
        let channel = change.channel.to_string();
        let head = Head { seq: change.seq, digest: change.digest, ..self.head(&channel)? };
        self.remember(Undo::Head(channel.clone(), self.heads.get(&channel).cloned()))?;
        self.heads.insert(channel.clone(), head);
        let key = (channel, change.seq);
        self.remember(Undo::Change(key.clone(), self.changes.get(&key).cloned()))?;
        self.changes.insert(key, change.clone());
        Ok(())
    }

    fn trim(&mut self, channel: &str, seq: u64) -> Result<(), StorageError> {
        let range = (channel.to_owned(), 0)..=(channel.to_owned(), seq);
        let keys: Vec<_> = self.changes.range(range).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let row = self.changes.get(&key).cloned();
            self.remember(Undo::Change(key.clone(), row))?;
            self.changes.remove(&key);
        }
        Ok(())
    }

    fn changes_after(&self, channel: &str, seq: u64) -> Result<Vec<Change>, StorageError> {
        let range = (channel.to_owned(), seq.saturating_add(1))..=(channel.to_owned(), u64::MAX);
        Ok(self.changes.range(range).map(|(_, change)| Change { digest: 0, ..change.clone() }).collect())
    }
}
