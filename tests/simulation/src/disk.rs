//! Databases and what is on its way to them: transactions one after the other, each whole or not at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    /// Most bytes that it may hold, if its browser is short of room.
    limit: Option<usize>,
    /// Keys of rows that are not what was stored.
    damaged: BTreeSet<String>,
}

/// A program's connection to it: what is on its way there and back.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) waiting: VecDeque<(u64, Transaction)>,
    /// What the program has not heard yet.
    pub(crate) told: VecDeque<(u64, StorageEvent)>,
    pub(crate) last_due: u64,
    /// Until when no transaction ends.
    pub(crate) stuck_until: u64,
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
                    self.damaged.remove(&row.key);
                    self.rows.insert((row.table, row.key), row.value);
                }
                StorageOp::Delete(table, key) => {
                    let before = self.rows.remove(&(table, key.clone()));
                    self.damaged.remove(&key);
                    done.push((table, key, before));
                }
                StorageOp::Clear(table) => self.rows.retain(|(of, _), _| *of != table),
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

    /// Whether what a batch leaves would be more than there is room for. A batch that only makes room always fits.
    pub(crate) fn is_full_for(&self, ops: &[StorageOp]) -> bool {
        let Some(limit) = self.limit else { return false };
        let size = |table: Table, key: &String| {
            self.rows.get(&(table, key.clone())).map_or(0, |value| key.len() + value.len())
        };
        let (mut more, mut less) = (0, 0);
        for op in ops {
            match op {
                StorageOp::Put(row) => {
                    more += row.key.len() + row.value.len();
                    less += size(row.table, &row.key);
                }
                StorageOp::Delete(table, key) => less += size(*table, key),
                StorageOp::Clear(table) => {
                    let held = self.rows.iter().filter(|((of, _), _)| of == table);
                    less += held.map(|((_, key), value)| key.len() + value.len()).sum::<usize>();
                }
            }
        }
        more > less && self.bytes() + more - less > limit
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|((_, key), value)| key.len() + value.len()).sum()
    }

    /// There is room for so much more than it holds now, or for anything.
    pub(crate) fn limit(&mut self, spare: Option<usize>) {
        self.limit = spare.map(|spare| self.bytes() + spare);
    }

    /// Loses everything. Returns the keys of the writes that it held.
    pub(crate) fn wipe(&mut self) -> Vec<String> {
        self.damaged.clear();
        let rows = std::mem::take(&mut self.rows);
        rows.into_keys().filter(|(table, _)| is_write(*table)).map(|(_, key)| key).collect()
    }

    /// Damages one row of the outbox, if there is any: which is a matter of chance, and how.
    pub(crate) fn damage(&mut self, chance: u64) -> Option<String> {
        let keys: Vec<String> = self
            .rows
            .keys()
            .filter(|(table, _)| *table == Table::Outbox)
            .map(|(_, key)| key.clone())
            .collect();
        let key = keys.get(usize::try_from(chance >> 8).ok()?.checked_rem(keys.len())?)?.clone();
        let value = self.rows.get_mut(&(Table::Outbox, key.clone()))?;
        let half = value.len() / 2;
        match chance & 3 {
            0 => value.clear(),
            1 => *value = "null".to_owned(),
            2 => *value = value.chars().take(half).collect(),
            _ => *value = value.replacen("\"kind\"", "\"sort\"", 1),
        }
        self.damaged.insert(key.clone());
        Some(key)
    }

    /// Whether a row is not what was stored.
    pub(crate) fn is_damaged(&self, row: &Row) -> bool {
        row.table == Table::Outbox && self.damaged.contains(&row.key)
    }

    /// How many rows of the outbox nobody can read.
    pub(crate) fn damaged(&self) -> usize {
        self.damaged.len()
    }

    /// The rows of a table.
    pub(crate) fn values(&self, table: Table) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(move |((of, _), _)| *of == table).map(|(_, value)| value.as_str())
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

/// Whether a table holds writes.
fn is_write(table: Table) -> bool {
    matches!(table, Table::Outbox | Table::Dead)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

    use serde_json::Value;

    use super::*;

    fn table(name: &str) -> Table {
        Table::ALL.into_iter().find(|table| table.name() == name).unwrap()
    }

    fn step(op: &Value) -> StorageOp {
        let text = |at: usize| op[at].as_str().unwrap().to_owned();
        match text(0).as_str() {
            "put" => StorageOp::Put(Row { table: table(&text(1)), key: text(2), value: text(3) }),
            "delete" => StorageOp::Delete(table(&text(1)), text(2)),
            "clear" => StorageOp::Clear(table(&text(1))),
            other => panic!("{other}"),
        }
    }

    /// The same cases as `src/browser/storage/tests.rs` runs in browsers: what the simulator takes for a database is one.
    #[test]
    fn a_database_in_memory_does_as_one_in_a_browser() {
        let cases: Value = serde_json::from_str(include_str!("../../golden/storage.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let mut database = Database::default();
            for batch in case["batches"].as_array().unwrap() {
                // A batch that is aborted is not applied, which is all that can be said of it here.
                if batch["aborts"] != true {
                    database.apply(batch["ops"].as_array().unwrap().iter().map(step).collect());
                }
            }
            let list = |value: &Value| value.as_str().map(str::to_owned);
            let living: Vec<String> =
                case["living"].as_array().into_iter().flatten().filter_map(list).collect();
            let rows = database.rows(&living);
            let mut found: Vec<_> =
                rows.iter().map(|row| (row.table.name(), &*row.key, &*row.value)).collect();
            let expected = case["rows"].as_array().unwrap().iter();
            let text = |row: &'_ Value, at: usize| row[at].as_str().unwrap().to_owned();
            let mut expected: Vec<_> =
                expected.map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect();
            found.sort_unstable();
            expected.sort_unstable();
            let expected: Vec<_> = expected.iter().map(|(a, b, c)| (&**a, &**b, &**c)).collect();
            assert_eq!(found, expected, "{}", case["name"]);
        }
    }
}
