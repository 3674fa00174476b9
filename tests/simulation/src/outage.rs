//! What becomes of the server: it ends, stands still, loses power, is drained, gets an older copy of its data; and who
//! writes to it without a socket.

use std::sync::Arc;

use baro_realtime::core::json::Fields;
use baro_realtime_server::access::Access;
use baro_realtime_server::hub::{ConnectionId, Input as ServerInput, Job};
use baro_realtime_server::ledger::{Action, Author, Memory, Stream, Write};

use crate::judge::{Past, Violation};
use crate::network::{End, Packet};
use crate::queue::Happening;
use crate::server::SERVER;
use crate::world::World;

/// Codes with which a server ends a connection that it has just taken; after none of them a client stays away.
const CODES: [u16; 11] = [1000, 1001, 1005, 1006, 1011, 1012, 1013, 3000, 4408, 4429, 4499];

/// A copy of the server's data, and what was true when it was made.
#[derive(Debug)]
pub(crate) struct Backup {
    tables: Memory,
    past: Past,
}

/// The stream of one who writes without a socket.
#[derive(Debug, Default)]
pub(crate) struct RestWriter {
    seq: u64,
}

impl World {
    /// The server is gone, with all that it did not commit.
    pub(crate) fn crash_server(&mut self) {
        self.trace.note(self.now, SERVER, "crashes", "");
        self.server.up = false;
        self.server.restart();
        let ids: Vec<ConnectionId> = self.network.connections.keys().copied().collect();
        for id in ids {
            let delay = self.delay();
            let Some(connection) = self.network.connections.get_mut(&id) else { continue };
            if std::mem::take(&mut connection.served) {
                connection.to_server.close();
                let keep = self.dice.net.below(connection.to_device.len() as u64 + 1) as usize;
                if let Some(due) = connection.to_device.cut(self.now, keep, self.now + delay, 1006) {
                    self.queue.push(due, Happening::Arrival(id, End::Device));
                }
            }
        }
    }

    /// The server ends and comes back after a while.
    pub(crate) fn restart_server(&mut self, down_ms: u64) {
        self.crash_server();
        self.queue.push(self.now + down_ms, Happening::ServerUp);
    }

    /// The channels' history is lost.
    pub(crate) fn start_epoch(&mut self) {
        self.server.epochs += 1;
        let epoch = format!("epoch{}", self.server.epochs);
        self.trace.note(self.now, SERVER, "forgets", &epoch);
        self.server.tables.set_failing(false);
        self.server.tables.start_epoch(&epoch);
        self.judge.epoch_began(&epoch);
    }

    /// A copy of the data is made; or, if there is one, the server ends and goes on from it.
    pub(crate) fn back_up_or_restore(&mut self) -> Result<(), Violation> {
        let again = self.dice.faults.chance(30);
        let Some(Backup { tables, past }) = self.server.backup.take().filter(|_| !again) else {
            self.trace.note(self.now, SERVER, "is backed up", "");
            let backup = Backup { tables: self.server.tables.clone(), past: self.judge.remember() };
            self.server.backup = Some(backup);
            return Ok(());
        };
        if !self.server.up {
            return Ok(());
        }
        self.trace.note(self.now, SERVER, "is restored", "");
        self.server.tables = tables;
        self.restart_server(50);
        self.start_epoch();
        self.judge.go_back(past);
        // What a program knows beside the channels that it reads may outlive the restore in it; the next one begins anew.
        for d in 0..self.devices.len() {
            if self.devices[d].program.is_some() {
                self.kill(d)?;
                self.queue.push(self.now, Happening::Start(d));
            }
        }
        Ok(())
    }

    pub(crate) fn drain_server(&mut self) {
        if !self.server.up || self.server.draining {
            return;
        }
        self.trace.note(self.now, SERVER, "drains", "");
        self.server.draining = true;
        let window_ms = self.dice.faults.between(100, 4_000);
        self.serve(ServerInput::Drain { window_ms });
        self.queue.push(self.now + 400, Happening::Drained);
    }

    /// The time that a drain has is over: the process ends, another one starts.
    pub(crate) fn on_drained(&mut self) {
        if self.server.up && self.server.draining {
            let down = if self.healed { 0 } else { self.dice.faults.around(500) };
            self.restart_server(down);
        }
    }

    /// A connection was taken while the server takes none for long.
    pub(crate) fn flap(&mut self, id: ConnectionId) {
        if self.network.flapping_until > self.now {
            let at = self.now + self.dice.faults.between(0, 400);
            let code = self.dice.faults.pick(&CODES).copied().unwrap_or(1006);
            self.queue.push(at, Happening::Hangup(id, code));
        }
    }

    pub(crate) fn hang_up(&mut self, id: ConnectionId, code: u16) {
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        if std::mem::take(&mut connection.served) {
            self.serve(ServerInput::Closed { connection: id });
            self.send(id, End::Device, Packet::Close(code, ""));
        }
    }

    /// Somebody writes without a socket, sometimes what he wrote before, sometimes without saying which write it is.
    pub(crate) fn write_by_rest(&mut self) {
        if !self.server.up {
            return;
        }
        self.marks += 1;
        let (mark, event) = (format!("m{}rest", self.marks), self.dice.workload.below(self.options.hot));
        let id = format!("e{event}");
        let named = self.dice.workload.chance(70);
        let again = named && self.rest.seq > 0 && self.dice.workload.chance(30);
        self.rest.seq += u64::from(named && !again);
        let stream = named.then(|| Stream { client: Arc::from("rest"), seq: self.rest.seq });
        let mut fields = Fields::new();
        fields.set_string("id", &id);
        fields.set_string("mark", &mark);
        let action = match self.dice.workload.below(4) {
            0 => Action::Delete { id },
            1 => {
                for (key, value) in [
                    ("title", "by REST"),
                    ("startDate", "2026-03-01T10:00:00Z"),
                    ("endDate", "2026-03-01T11:00:00Z"),
                    ("projectId", "p0"),
                ] {
                    fields.set_string(key, value);
                }
                Action::Create(fields)
            }
            _ => Action::Update { id, changes: fields },
        };
        let author = Author { id: Arc::from("rest"), owner: Arc::from("rest"), access: Access::All };
        self.store_on_server(None, Job::Write(Box::new(Write { stream, author, action, on: None })));
    }
}
