//! What a browser does for the core: effects become packets and transactions, their ends become inputs. It decides
//! nothing.

use baro_realtime::core::fault::FaultCode;
use baro_realtime::core::id::PipeId;
use baro_realtime::core::io::{Effect, Event, Input, Outcome, PipeEvent};
use baro_realtime::core::transport::Transport;
use baro_realtime_server::hub::ConnectionId;

use crate::device::Device;
use crate::disk::Transaction;
use crate::judge::{Violation, before};
use crate::network::{Block, End, Packet};
use crate::options::Class;
use crate::points::Point;
use crate::queue::Happening;
use crate::server::{WALL_MS, projects_of};
use crate::world::World;

impl World {
    pub(crate) fn on_effect(&mut self, d: usize, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::OpenPipe { pipe, transport, .. } => {
                self.trace.note(self.now, d as u64, "opens", &format!("{transport:?} {}", pipe.0));
                self.judge.opened(d, pipe, transport, self.now)?;
                if let Some(program) = &mut self.devices[d].program {
                    // What the server asked for is of the connection before.
                    program.drained = None;
                }
                self.open(d, pipe, transport);
            }
            Effect::SendText(pipe, text) | Effect::SendDeflated(pipe, text) => {
                self.trace.note(self.now, d as u64, "sends", &text);
                self.check_presented(d, &text)?;
                let connection =
                    self.devices[d].program.as_ref().and_then(|program| program.pipes.get(&pipe));
                if let Some(connection) = connection.copied() {
                    let writes = text.contains("\"seq\":");
                    self.send(connection, End::Server, Packet::Frame(text.into()));
                    if writes {
                        self.may_die_at(d, Point::Sent)?;
                    }
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
            // No world sends past the socket.
            Effect::Upload(..) => {
                return Err(Violation::new("call", format!("device {d} uploads")));
            }
            Effect::Load(own) => {
                if let Some(program) = &mut self.devices[d].program {
                    program.own = Some(own.to_string());
                }
                self.ask_disk(d, Transaction::Load);
            }
            Effect::Commit(batch, ops, _) => {
                self.trace.note(self.now, d as u64, "stores", &format!("{batch:?} {ops:?}"));
                self.ask_disk(d, Transaction::Commit(batch, ops));
                self.may_die_at(d, Point::Asked)?;
            }
            // Each device is for itself here; tabs that share are in `tabs`.
            Effect::Persist | Effect::Wipe(_) | Effect::Tabs(_) => {}
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
                self.judge.settled(d, ticket, &outcome, &self.databases[self.devices[d].home])?;
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
                self.judge.told_error(d, &fault)?;
            }
            Event::Reconnecting(attempt, delay_ms) => {
                if let Some(window) =
                    program.drained.take().filter(|window| attempt == 1 && delay_ms > *window)
                {
                    let what =
                        format!("device {d} comes back after {delay_ms} ms, the server wants {window}");
                    return Err(Violation::new("C3", what));
                }
            }
            Event::ConflictDetected(conflict) => self.judge.told_conflict(d, &conflict),
            Event::StateChanged(..)
            | Event::Connected
            | Event::Disconnected(..)
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
            | Event::ConflictResolved(..)
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
            None => {
                if self.options.has(Class::Handshake) && !self.healed && self.dice.net.chance(30) {
                    // A full queue of connections that wait to be taken: the first packet is sent again and again.
                    let until = (self.now + self.dice.net.between(300, 9_000)).min(self.options.storm_ms);
                    if let Some(connection) = self.network.connections.get_mut(&id) {
                        connection.to_server.clog(until);
                    }
                }
                self.send(id, End::Server, Packet::Open);
            }
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

    /// Streams that belong to other programs of the same database, as far as programs know of each other.
    pub(crate) fn living_beside(&self, d: usize) -> Vec<String> {
        let beside = |(other, device): (usize, &Device)| {
            // One that was destroyed holds its stream until its storage is quiet.
            let quiet = device.disk.waiting.is_empty() && device.disk.told.is_empty();
            let program = device.program.as_ref().filter(|program| !program.destroyed || !quiet)?;
            (other != d && device.home == self.devices[d].home).then(|| program.own.clone()).flatten()
        };
        let living = self.devices.iter().enumerate().filter_map(beside);
        if self.options.locks { living.collect() } else { Vec::new() }
    }

    /// A token is not presented that the program has long known to be over.
    fn check_presented(&self, d: usize, text: &str) -> Result<(), Violation> {
        let token = text.split_once("\"token\":\"").and_then(|(_, rest)| rest.split('"').next());
        let Some(issued) = token.and_then(|token| self.server.issued.get(token)) else { return Ok(()) };
        let device = &self.devices[d];
        let settled =
            (issued.at + 15_000).max(device.disturbed_at + 20_000).max(device.frozen_until + 20_000);
        let server_ms = WALL_MS + self.now + self.server.wall_offset;
        let over = issued.expires_s * 1_000 < server_ms.min(self.device_now(d).wall_ms);
        if over && self.now > settled && device.throttle_ms == 1 {
            let what = format!("device {d} presents a token that it knows to be over");
            return Err(Violation::new("C7", what));
        }
        Ok(())
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
            Packet::Open => {
                if let Some(program) = &mut self.devices[d].program {
                    program.drained = None;
                }
                PipeEvent::Opened
            }
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
        if let PipeEvent::Text(text) = event
            && let (Some(window), Some(program)) = (drain_window(text), &mut self.devices[d].program)
            && program.pipes.keys().next_back() == Some(&pipe)
        {
            program.drained = Some(window);
        }
        let decides = matches!(&event, PipeEvent::Text(text) if text.contains("\"ack\""));
        if decides && self.may_die_at(d, Point::Arriving)? {
            return Ok(());
        }
        let program = self.devices[d].program.as_ref();
        let before = program.map(|program| before(&program.client, &program.subscriptions));
        self.feed(d, Input::Pipe(pipe, event))?;
        if let (Some(before), Some(program)) = (before, &self.devices[d].program) {
            let text = packet.text().unwrap_or_default();
            self.judge.spent(d, (&program.client, &program.subscriptions), &before, &text)?;
        }
        if decides {
            self.may_die_at(d, Point::Acknowledged)?;
        }
        Ok(())
    }

    pub(crate) fn on_token(&mut self, d: usize) -> Result<(), Violation> {
        let fails = self.options.has(Class::Expiry) && !self.healed && self.dice.faults.chance(10);
        let token = if fails { Err("the sign-in page is away".to_owned()) } else { Ok(self.new_token(d)) };
        self.feed(d, Input::Token(token))
    }
}

/// The window that a good-bye of the server names.
fn drain_window(frame: &str) -> Option<u64> {
    let (_, rest) = frame.split_once("\"windowMs\":")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
