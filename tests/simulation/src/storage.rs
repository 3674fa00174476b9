//! What becomes of transactions and databases: done, aborted for one reason or another, late, stuck; full, gone, damaged.

use std::collections::BTreeSet;

use baro_realtime::core::client::Client;
use baro_realtime::core::id::BatchId;
use baro_realtime::core::io::{Input, StorageEvent, StorageOp};
use baro_realtime::core::offline::{Table, Trouble, row_key};

use crate::disk::Transaction;
use crate::judge::{Judge, Violation, removed_by};
use crate::options::Class;
use crate::points::Point;
use crate::queue::Happening;
use crate::world::World;

/// What a browser says of a transaction that it aborted, as the adapter tells it to the core.
const CAUSES: [(Trouble, &str); 4] = [
    (Trouble::Quota, "QuotaExceededError"),
    (Trouble::Aborted, "ConstraintError"),
    // No request failed, and no cause is given: as when the browser closes a connection, or a page goes to sleep.
    (Trouble::HandleDead, "AbortError"),
    (Trouble::Backing, "UnknownError: Internal error"),
];

impl World {
    pub(crate) fn ask_disk(&mut self, d: usize, transaction: Transaction) {
        let slow = self.options.has(Class::SlowDisk) && !self.healed;
        let takes = if slow { self.dice.disk.around(150) } else { self.dice.disk.below(6) };
        let due = self.devices[d].disk.ask(self.now + takes, transaction);
        self.queue.push(due, Happening::Transaction(d));
    }

    /// A device's storage has finished a transaction.
    pub(crate) fn on_transaction(&mut self, d: usize) -> Result<(), Violation> {
        let stuck_until = self.devices[d].disk.stuck_until;
        if stuck_until > self.now {
            self.queue.push(stuck_until, Happening::Transaction(d));
            return Ok(());
        }
        let Some(transaction) = self.devices[d].disk.next(self.now) else { return Ok(()) };
        let (missing, home) = (self.devices[d].disk.missing, self.devices[d].home);
        let mut point = None;
        let event = match transaction {
            Transaction::Load if missing => {
                StorageEvent::Unavailable(Trouble::Absent, "no database".to_owned())
            }
            Transaction::Load => {
                let living = self.living_beside(d);
                let rows = self.databases[home].rows(&living);
                self.judge.loaded(d, rows.iter().filter(|row| self.databases[home].is_damaged(row)).count());
                StorageEvent::Loaded(rows)
            }
            Transaction::Commit(batch, ops) => match self.why_not(d, &ops) {
                Some((trouble, cause)) => {
                    self.databases[home].had_aborts = true;
                    StorageEvent::Aborted(batch, trouble, cause.to_owned())
                }
                None => {
                    let deletes = ops.iter().any(|op| matches!(op, StorageOp::Delete(Table::Outbox, _)));
                    point = Some(if deletes { Point::Deleted } else { Point::Stored });
                    self.store(d, ops)?;
                    StorageEvent::Committed(batch)
                }
            },
        };
        if let Some(point) = point
            && self.may_die_at(d, point)?
        {
            return Ok(());
        }
        let takes = self.dice.disk.below(3);
        let life = self.devices[d].lives;
        let disk = &mut self.devices[d].disk;
        let due = disk.told.back().map_or(0, |(due, _)| *due).max(self.now + takes);
        disk.told.push_back((due, event));
        self.queue.push(due, Happening::Stored(d, life));
        Ok(())
    }

    /// Why a batch is not stored, if it is not.
    fn why_not(&mut self, d: usize, ops: &[StorageOp]) -> Option<(Trouble, &'static str)> {
        let home = self.devices[d].home;
        if self.devices[d].disk.missing {
            return Some((Trouble::Absent, "no database"));
        }
        if self.databases[home].is_full_for(ops) {
            return Some((Trouble::Quota, "QuotaExceededError"));
        }
        let fails = self.options.has(Class::Abort) && !self.healed && self.dice.disk.chance(8);
        if fails { self.dice.disk.pick(&CAUSES).copied() } else { None }
    }

    pub(crate) fn store(&mut self, d: usize, ops: Vec<StorageOp>) -> Result<(), Violation> {
        self.judge.stored(d, &ops)?;
        let removed = removed_by(&ops);
        for (table, key, before) in self.databases[self.devices[d].home].apply(ops) {
            if table == Table::Outbox && before.is_some() {
                self.judge.row_removed(&key)?;
            }
        }
        let client = self.devices[d].program.as_ref().map(|program| &program.client);
        Judge::is_parked(d, &removed, client, &self.databases[self.devices[d].home])
    }

    pub(crate) fn on_stored(&mut self, d: usize) -> Result<(), Violation> {
        let Some((_, event)) = self.devices[d].disk.told.pop_front() else { return Ok(()) };
        let (what, text) = match &event {
            StorageEvent::Loaded(rows) => ("loaded", format!("{} rows", rows.len())),
            StorageEvent::Lost => ("lost", String::new()),
            StorageEvent::Keeper => ("keeps", String::new()),
            StorageEvent::Left => ("left", String::new()),
            StorageEvent::Wiped | StorageEvent::NotWiped(..) => ("wiped or not", String::new()),
            StorageEvent::Unavailable(..) => ("no disk", String::new()),
            StorageEvent::Committed(batch) => ("stored", batch.0.to_string()),
            StorageEvent::Aborted(BatchId(batch), _, cause) => ("not stored", format!("{batch} {cause}")),
        };
        self.trace.note(self.now, d as u64, what, &text);
        let destroyed = self.devices[d].program.as_ref().is_none_or(|program| program.destroyed);
        let rows = if let (StorageEvent::Loaded(rows), false) = (&event, destroyed) {
            Some(rows.clone())
        } else {
            None
        };
        self.feed(d, Input::Storage(event))?;
        if let (Some(rows), Some(program)) = (rows, &mut self.devices[d].program) {
            self.judge.has_read(d)?;
            if !std::mem::replace(&mut program.has_read, true) {
                self.judge.is_offered_again(d, &rows, &program.client)?;
            }
        }
        self.may_die_at(d, Point::Told).map(|_| ())
    }

    /// A transaction of a device does not end for a long time, and all that come after it wait.
    pub(crate) fn jam_disk(&mut self, d: usize) {
        let until = (self.now + self.dice.faults.between(500, 30_000)).min(self.options.storm_ms);
        self.trace.note(self.now, d as u64, "disk stands still", &until.to_string());
        self.devices[d].disk.stuck_until = until;
    }

    /// A browser's share of the disk is used up, or there is room again.
    pub(crate) fn fill_disk(&mut self, d: usize) {
        let full = self.dice.faults.chance(60);
        let spare = self.dice.faults.below(2_000) as usize;
        self.trace.note(self.now, d as u64, "disk full", &format!("{full} {spare}"));
        self.databases[self.devices[d].home].limit(full.then_some(spare));
    }

    /// The browser throws a database away under living pages.
    pub(crate) fn evict(&mut self, d: usize) {
        let home = self.devices[d].home;
        self.trace.note(self.now, d as u64, "evicts", "");
        let keys = self.databases[home].wipe();
        self.judge.exposed(&keys, &self.held_at(home));
    }

    /// Keys of the writes that living programs of a database have in memory.
    pub(crate) fn held_at(&self, home: usize) -> BTreeSet<String> {
        let pending = self.clients_at(home).flat_map(Client::pending);
        pending.map(|write| row_key(&write.id)).chain(self.letters_at(home)).collect()
    }

    /// The keys of the dead letters that they have.
    pub(crate) fn letters_at(&self, home: usize) -> BTreeSet<String> {
        self.clients_at(home).flat_map(Client::failed).map(|(key, _)| key.clone()).collect()
    }

    fn clients_at(&self, home: usize) -> impl Iterator<Item = &Client> {
        let programs = self.devices.iter().filter(move |device| device.home == home);
        programs.filter_map(|device| Some(&device.program.as_ref()?.client))
    }

    /// A row of the outbox is damaged where it lies.
    pub(crate) fn damage_row(&mut self, d: usize) {
        let home = self.devices[d].home;
        let at = self.dice.faults.any();
        if let Some(key) = self.databases[home].damage(at) {
            self.trace.note(self.now, d as u64, "damages", &key);
            self.judge.exposed(&[key], &self.held_at(home));
        }
    }
}
