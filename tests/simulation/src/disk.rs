//! Databases and what is on its way to them: transactions one after the other, each whole or not at all.

use std::collections::{BTreeMap, VecDeque};

use baro_realtime::core::fault::{Fault, FaultCode};
use baro_realtime::core::id::BatchId;
use baro_realtime::core::io::{Row, StorageEvent, StorageOp};
use baro_realtime::core::offline::Table;

/// What the program asked for.
#[derive(Debug, Clone)]
pub(crate) enum Transaction {
    /// All rows.
    Load,
    /// A batch.
    Commit(BatchId, Vec<StorageOp>),
}

/// What is stored under one user of one browser.
#[derive(Debug, Default)]
pub(crate) struct Database {
    rows: BTreeMap<(Table, String), String>,
    /// Whether a transaction ever failed: rows may be left then that their program believes gone.
    pub(crate) had_aborts: bool,
}

/// A program's connection to it: what is on its way there and back.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) waiting: VecDeque<(u64, Transaction)>,
    /// What the program has not heard yet.
    pub(crate) told: VecDeque<(u64, StorageEvent)>,
    pub(crate) last_due: u64,
    /// Whether there is a database at all.
    pub(crate) missing: bool,
}

impl Disk {
    /// Asks for a transaction; it is done at `due`, or after the one before.
    pub(crate) fn ask(&mut self, due: u64, transaction: Transaction) -> u64 {
        self.last_due = self.last_due.max(due);
        self.waiting.push_back((self.last_due, transaction));
        self.last_due
    }

    /// The next transaction, if it is due.
    pub(crate) fn next(&mut self, now: u64) -> Option<Transaction> {
        if self.waiting.front().is_none_or(|(due, _)| *due > now) {
            return None;
        }
        self.waiting.pop_front().map(|(_, transaction)| transaction)
    }

    /// The program ends: the first `keep` transactions that were asked for are done, all others are not.
    pub(crate) fn take_done(&mut self, keep: usize) -> Vec<Transaction> {
        self.told.clear();
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.truncate(keep);
        waiting.into_iter().map(|(_, transaction)| transaction).collect()
    }
}

impl Database {
    /// Stores a batch. Returns what was done to each row: its key and what it was.
    pub(crate) fn apply(&mut self, ops: Vec<StorageOp>) -> Vec<(Table, String, Option<String>)> {
        let mut done = Vec::with_capacity(ops.len());
        for op in ops {
            match op {
                StorageOp::Put(row) => {
                    self.rows.insert((row.table, row.key), row.value);
                }
                StorageOp::Delete(table, key) => {
                    let before = self.rows.remove(&(table, key.clone()));
                    done.push((table, key, before));
                }
            }
        }
        done
    }

    /// The rows as a program gets them: but for those of streams whose programs live.
    pub(crate) fn rows(&self, living: &[String]) -> Vec<Row> {
        let row = |((table, key), value): (&(Table, String), &String)| Row {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        };
        let owner = |key: &str| key.rsplit_once('|').map_or("", |(client, _)| client).to_owned();
        let free = |(table, key): &&(Table, String)| *table == Table::Dead || !living.contains(&owner(key));
        self.rows.iter().filter(|(key, _)| free(key)).map(row).collect()
    }

    /// Whether there is a row.
    pub(crate) fn has(&self, table: Table, key: &str) -> bool {
        self.rows.contains_key(&(table, key.to_owned()))
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: Table) -> usize {
        self.rows.keys().filter(|(of, _)| *of == table).count()
    }
}

/// Why a transaction fails.
pub(crate) fn aborted(batch: BatchId) -> StorageEvent {
    StorageEvent::Aborted(batch, Fault::new(FaultCode::QuotaExceeded, "QuotaExceededError"))
}
