//! What a browser does for the core: effects become packets and transactions, their ends become inputs. It decides
//! nothing.

use baro_realtime::core::fault::FaultCode;
use baro_realtime::core::id::PipeId;
use baro_realtime::core::io::{Effect, Event, Input, Outcome, PipeEvent, StorageEvent, StorageOp};
use baro_realtime::core::offline::Table;
use baro_realtime::core::transport::Transport;
use baro_realtime_server::hub::ConnectionId;

use crate::disk::{Transaction, aborted};
use crate::judge::Violation;
use crate::network::{Block, End, Packet};
use crate::options::Class;
use crate::queue::Happening;
use crate::server::projects_of;
use crate::world::World;

impl World {
    pub(crate) fn on_effect(&mut self, d: usize, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::OpenPipe { pipe, transport, .. } => {
                self.trace.note(self.now, d as u64, "opens", &format!("{transport:?} {}", pipe.0));
                self.judge.opened(d, pipe, transport, self.now)?;
                self.open(d, pipe, transport);
            }
            Effect::SendText(pipe, text) => {
                self.trace.note(self.now, d as u64, "sends", &text);
                let connection =
                    self.devices[d].program.as_ref().and_then(|program| program.pipes.get(&pipe));
                if let Some(connection) = connection.copied() {
                    self.send(connection, End::Server, Packet::Frame(text.into()));
                }
            }
            Effect::ClosePipe(pipe, code, reason) => {
                self.trace.note(self.now, d as u64, "closes", reason);
                self.judge.closing(d, pipe);
                let connection =
                    self.devices[d].program.as_ref().and_then(|program| program.pipes.get(&pipe));
                if let Some(connection) = connection.copied() {
                    self.send(connection, End::Server, Packet::Close(code, reason));
                }
            }
            Effect::Load(_) => self.ask_disk(d, Transaction::Load),
            Effect::Commit(batch, ops) => {
                self.trace.note(self.now, d as u64, "stores", &format!("{batch:?} {ops:?}"));
                self.ask_disk(d, Transaction::Commit(batch, ops));
            }
            Effect::RequestToken => {
                let life = self.devices[d].lives;
                let at = self.now + self.dice.net.around(80);
                self.queue.push(at, Happening::Token(d, life));
            }
        }
        Ok(())
    }

    pub(crate) fn on_event(&mut self, d: usize, event: Event) -> Result<(), Violation> {
        if self.trace_is_wanted(&event) {
            self.trace.note(self.now, d as u64, "tells", &format!("{event:?}"));
        }
        let Some(program) = self.devices[d].program.as_mut() else { return Ok(()) };
        match event {
            Event::Settled(ticket, outcome) => {
                let refused = matches!(&outcome, Outcome::Refused(_));
                if let (Some(channel), true) = (program.asked.remove(&ticket), refused) {
                    let refusal = format!("{outcome:?}");
                    if !refusal.contains("unsubscribed") && !refusal.contains("destroyed") {
                        program.subscriptions.remove(&channel);
                    }
                }
                let device = &self.devices[d];
                self.judge.settled(d, ticket, &outcome, &device.disk)?;
            }
            Event::Error(fault) => {
                if fault.code == FaultCode::Forbidden && self.options.signed_in {
                    let seen = projects_of(&self.devices[d].user);
                    if let Some(program) = self.devices[d].program.as_mut() {
                        let named = |channel: &str| channel.strip_prefix("project:").map(str::to_owned);
                        program.subscriptions.retain(|channel, _| {
                            named(channel).is_none_or(|project| seen.contains(&project))
                        });
                    }
                }
                self.judge.told_error(&fault)?;
            }
            Event::StateChanged(..)
            | Event::Connected
            | Event::Disconnected(..)
            | Event::Reconnecting(..)
            | Event::AttemptsExhausted
            | Event::Message(_)
            | Event::Acknowledged(_)
            | Event::EventsChanged(_)
            | Event::RemoteChange(..)
            | Event::Relayed(..)
            | Event::UserJoined(_)
            | Event::UserLeft(_)
            | Event::PresenceChanged
            | Event::SyncChanged
            | Event::SyncFailed(_)
            | Event::StorageDegraded(_) => {}
        }
        Ok(())
    }

    fn trace_is_wanted(&self, event: &Event) -> bool {
        !matches!(event, Event::PresenceChanged | Event::Relayed(..) | Event::SyncChanged)
    }

    fn open(&mut self, d: usize, pipe: PipeId, transport: Transport) {
        let life = self.devices[d].lives;
        let id = self.network.open(d, life, pipe, transport);
        if let Some(program) = &mut self.devices[d].program {
            program.pipes.insert(pipe, id);
        }
        let blocked = self.network.blocked.filter(|(until, _)| *until > self.now);
        if let (Some((_, block)), Transport::WebSocket) = (blocked, transport) {
            return self.block(id, block);
        }
        let refusing = self.network.refusing.filter(|(until, _)| *until > self.now);
        let offline = self.devices[d].offline_until > self.now;
        match refusing {
            Some((until, true)) => {
                if let Some(connection) = self.network.connections.get_mut(&id) {
                    connection.to_server.clog(until);
                }
                self.send(id, End::Server, Packet::Open);
            }
            Some((_, false)) => self.send(id, End::Device, Packet::Close(1006, "")),
            None if offline => self.send(id, End::Device, Packet::Close(1006, "")),
            None => self.send(id, End::Server, Packet::Open),
        }
    }

    /// A WebSocket is opened that does not get through.
    fn block(&mut self, id: ConnectionId, block: Block) {
        match block {
            Block::Refuse => return self.send(id, End::Device, Packet::Close(1006, "")),
            Block::Ignore => {}
            Block::Swallow => self.send(id, End::Device, Packet::Open),
        }
        if let Some(connection) = self.network.connections.get_mut(&id) {
            connection.to_server.close();
        }
    }

    /// Something reached a device.
    pub(crate) fn on_device_arrival(&mut self, id: ConnectionId, packet: Packet) -> Result<(), Violation> {
        let Some(connection) = self.network.connections.get(&id) else { return Ok(()) };
        let (d, pipe, life, served) =
            (connection.device, connection.pipe, connection.life, connection.served);
        let living = self.devices[d].program.as_ref().is_some_and(|program| program.life == life);
        if let Packet::Close(..) = packet {
            self.forget_if_over(id);
            if !served {
                self.network.connections.remove(&id);
            }
        }
        if !living {
            return Ok(());
        }
        let event = match &packet {
            Packet::Open => PipeEvent::Opened,
            Packet::Frame(text) => PipeEvent::Text(text),
            Packet::Binary(bytes) => PipeEvent::Binary(bytes),
            Packet::Close(code, reason) => {
                self.judge.closing(d, pipe);
                if let Some(program) = &mut self.devices[d].program {
                    program.pipes.remove(&pipe);
                }
                self.trace.note(self.now, d as u64, "closed", &code.to_string());
                PipeEvent::Closed { code: *code, reason }
            }
        };
        self.trace.note_packet(self.now, d as u64, "gets", &packet);
        self.feed(d, Input::Pipe(pipe, event))
    }

    fn ask_disk(&mut self, d: usize, transaction: Transaction) {
        let slow = self.options.has(Class::SlowDisk) && !self.healed;
        let takes = if slow { self.dice.disk.around(150) } else { self.dice.disk.below(6) };
        let due = self.devices[d].disk.ask(self.now + takes, transaction);
        self.queue.push(due, Happening::Transaction(d));
    }

    /// A device's storage has finished a transaction.
    pub(crate) fn on_transaction(&mut self, d: usize) -> Result<(), Violation> {
        let Some(transaction) = self.devices[d].disk.next(self.now) else { return Ok(()) };
        let missing = self.devices[d].disk.missing;
        let fails = self.options.has(Class::Abort) && !self.healed && self.dice.disk.chance(8);
        let event = match transaction {
            Transaction::Load if missing => StorageEvent::Unavailable("no database".to_owned()),
            Transaction::Load => StorageEvent::Loaded(self.devices[d].disk.rows()),
            Transaction::Commit(batch, _) if missing || fails => {
                self.devices[d].disk.had_aborts = true;
                aborted(batch)
            }
            Transaction::Commit(batch, ops) => {
                self.store(d, ops)?;
                StorageEvent::Committed(batch)
            }
        };
        let takes = self.dice.disk.below(3);
        let life = self.devices[d].lives;
        let disk = &mut self.devices[d].disk;
        let due = disk.told.back().map_or(0, |(due, _)| *due).max(self.now + takes);
        disk.told.push_back((due, event));
        self.queue.push(due, Happening::Stored(d, life));
        Ok(())
    }

    pub(crate) fn store(&mut self, d: usize, ops: Vec<StorageOp>) -> Result<(), Violation> {
        for (table, key, before) in self.devices[d].disk.apply(ops) {
            if table == Table::Outbox && before.is_some() {
                self.judge.row_removed(&key)?;
            }
        }
        Ok(())
    }

    pub(crate) fn on_stored(&mut self, d: usize) -> Result<(), Violation> {
        let Some((_, event)) = self.devices[d].disk.told.pop_front() else { return Ok(()) };
        let (what, text) = match &event {
            StorageEvent::Loaded(rows) => ("loaded", format!("{} rows", rows.len())),
            StorageEvent::Unavailable(_) => ("no disk", String::new()),
            StorageEvent::Committed(batch) => ("stored", batch.0.to_string()),
            StorageEvent::Aborted(batch, _) => ("not stored", batch.0.to_string()),
        };
        self.trace.note(self.now, d as u64, what, &text);
        self.feed(d, Input::Storage(event))
    }

    pub(crate) fn on_token(&mut self, d: usize) -> Result<(), Violation> {
        let fails = self.options.has(Class::Expiry) && !self.healed && self.dice.faults.chance(10);
        let token = if fails { Err("the sign-in page is away".to_owned()) } else { Ok(self.new_token(d)) };
        self.feed(d, Input::Token(token))
    }
}
