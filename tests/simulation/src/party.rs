//! Several clients of one server who edit the same events while they are away, and come back in any order.
//!
//! Owns links that take no time and break when they are told to, and a clock for each client that may be wrong; everything
//! else is the real core, hub and ledger, with a server's storage that never fails. For what a strategy makes of edits: in
//! which worlds they arrive is the business of `world`.

use std::collections::VecDeque;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::id::PipeId;
use baro_realtime::core::io::{Call, Effect, Event, Input, Output, PipeEvent, Reply};
use baro_realtime::core::merge::Strategy;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime_server::hub::{self, ConnectionId, Hub, Job, Mode};
use baro_realtime_server::ledger::{self, Memory, Stamp, Stored, Tables};
use baro_realtime_server::limits::{Limits, Rules};

const WALL_MS: u64 = 1_750_000_000_000;
/// More than any call or arrival causes.
const STEPS_MAX: usize = 100_000;

/// One of them.
#[derive(Debug)]
pub struct Guest {
    /// The client.
    pub client: Client,
    /// By how much its wall clock is wrong, ms.
    pub wrong_by_ms: i64,
    /// Conflicts that it was told of.
    pub conflicts: u64,
    /// What gave way in them, as it was told.
    pub dropped: String,
    pipe: Option<PipeId>,
}

/// All of them, and the server.
#[derive(Debug)]
pub struct Party {
    /// The clients.
    pub guests: Vec<Guest>,
    hub: Hub,
    tables: Memory,
    now: u64,
    packets: VecDeque<(usize, Packet)>,
    connections: u64,
    links: Vec<(ConnectionId, usize, PipeId)>,
}

#[derive(Debug)]
enum Packet {
    Opens(PipeId),
    Says(PipeId, String),
    Hangs(PipeId),
}

impl Party {
    /// Clients with a strategy each, the wall clocks of which are wrong by so much; they are not connected.
    pub fn new(guests: &[(Strategy, i64)]) -> Self {
        let guests = guests.iter().zip(1..).map(|((strategy, wrong_by_ms), number)| {
            let text = |text: &str| Value::Text(text.to_owned());
            let options =
                [("url", text("ws://server/ws")), ("conflict", object("strategy", text(strategy.word())))];
            let options = options.map(|(name, value)| (name.to_owned(), value));
            #[expect(clippy::expect_used, reason = "all that is required is there")]
            let mut config = Config::read(&Value::Object(options.to_vec()), None).expect("a configuration");
            config.offline = None;
            config.transports.polling = false;
            let client = Client::new(config, [number, 2, 3, 4], now_of(0, *wrong_by_ms));
            Guest { client, wrong_by_ms: *wrong_by_ms, conflicts: 0, dropped: String::new(), pipe: None }
        });
        Self {
            guests: guests.collect(),
            hub: Hub::new(Mode::Open, Limits::default()),
            tables: Memory::new("epoch"),
            now: 0,
            packets: VecDeque::new(),
            connections: 0,
            links: Vec::new(),
        }
    }

    /// A client's program calls. Whatever comes of it at once is done.
    ///
    /// # Panics
    /// When it never comes to an end.
    pub fn call(&mut self, guest: usize, call: Call) -> Option<Reply> {
        let reply = self.give(guest, &Input::Call(call));
        self.settle();
        reply
    }

    /// The events of one client as they are shown, by id: its text, and whether the server has confirmed exactly that.
    pub fn shown(&self, guest: usize, id: &str) -> Option<(String, bool)> {
        let store = self.guests.get(guest)?.client.store();
        let shown = store.shown(id)?;
        let confirmed = store.confirmed(id).is_some_and(|doc| doc.text == shown.doc.text);
        Some((shown.doc.text.to_string(), confirmed))
    }

    /// The event as the server has it.
    pub fn stored(&self, id: &str) -> Option<String> {
        match self.tables.event(id) {
            Ok(Some(Stored::Present(row))) => Some(row.text.to_string()),
            Ok(Some(Stored::Deleted { .. }) | None) | Err(_) => None,
        }
    }

    /// Lets time pass, and everything happen that is due.
    ///
    /// # Panics
    /// When it never comes to an end.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..STEPS_MAX {
            let clients = self.guests.iter().filter_map(|guest| guest.client.poll_timeout());
            let next = clients.chain(self.hub.poll_timeout()).map(|due| due.0).min().unwrap_or(u64::MAX);
            self.now = next.max(self.now).min(end);
            self.settle();
            if next > end {
                return;
            }
        }
        unreachable!("nothing comes to an end");
    }

    /// Does everything that is due now.
    fn settle(&mut self) {
        for _ in 0..STEPS_MAX {
            let due = |guest: &Guest| guest.client.poll_timeout().is_some_and(|due| due.0 <= self.now);
            let ticking: Vec<usize> = (0..self.guests.len()).filter(|at| due(&self.guests[*at])).collect();
            for guest in &ticking {
                self.give(*guest, &Input::Tick);
            }
            if self.hub.poll_timeout().is_some_and(|due| due.0 <= self.now) {
                self.serve(hub::Input::TimePassed);
            }
            let Some((guest, packet)) = self.packets.pop_front() else {
                if ticking.is_empty() {
                    return;
                }
                continue;
            };
            self.arrive(guest, packet);
        }
        unreachable!("nothing comes to an end");
    }

    fn arrive(&mut self, guest: usize, packet: Packet) {
        let link = |pipe: PipeId| self.links.iter().find(|(_, of, held)| (*of, *held) == (guest, pipe));
        match packet {
            Packet::Opens(pipe) => {
                self.connections += 1;
                let connection = ConnectionId(self.connections);
                self.links.push((connection, guest, pipe));
                self.serve(hub::Input::Opened { connection, token: None, binary: false });
                self.give(guest, &Input::Pipe(pipe, PipeEvent::Opened));
            }
            Packet::Says(pipe, text) => {
                if let Some((connection, ..)) = link(pipe) {
                    self.serve(hub::Input::Received { connection: *connection, text });
                }
            }
            Packet::Hangs(pipe) => {
                if let Some((connection, ..)) = link(pipe) {
                    let connection = *connection;
                    self.links.retain(|(held, ..)| *held != connection);
                    self.serve(hub::Input::Closed { connection });
                    self.give(guest, &Input::Pipe(pipe, PipeEvent::Closed { code: 1000, reason: "" }));
                }
            }
        }
    }

    /// The connection of a client breaks, and what it was sent and what it sent last with it.
    pub fn lose(&mut self, guest: usize) {
        self.packets.retain(|(of, _)| *of != guest);
        if let Some(pipe) = self.guests.get_mut(guest).and_then(|guest| guest.pipe.take()) {
            if let Some((connection, ..)) =
                self.links.iter().find(|(_, of, held)| (*of, *held) == (guest, pipe))
            {
                let connection = *connection;
                self.links.retain(|(held, ..)| *held != connection);
                self.serve(hub::Input::Closed { connection });
            }
            self.give(guest, &Input::Pipe(pipe, PipeEvent::Closed { code: 1006, reason: "" }));
        }
        self.settle();
    }

    fn give(&mut self, at: usize, input: &Input<'_>) -> Option<Reply> {
        let guest = self.guests.get_mut(at)?;
        let now = now_of(self.now, guest.wrong_by_ms);
        let reply = guest.client.handle(now, input.clone()).ok();
        while let Some(output) = guest.client.poll_output() {
            match output {
                Output::Event(Event::ConflictDetected(conflict)) => {
                    guest.conflicts += 1;
                    guest.dropped.push_str(conflict.dropped.as_deref().unwrap_or_default());
                }
                Output::Event(_) => {}
                Output::Effect(Effect::OpenPipe { pipe, .. }) => {
                    guest.pipe = Some(pipe);
                    self.packets.push_back((at, Packet::Opens(pipe)));
                }
                Output::Effect(Effect::SendText(pipe, text) | Effect::SendDeflated(pipe, text)) => {
                    self.packets.push_back((at, Packet::Says(pipe, text)));
                }
                Output::Effect(Effect::ClosePipe(pipe, ..)) => {
                    self.packets.push_back((at, Packet::Hangs(pipe)));
                }
                Output::Effect(
                    Effect::Load(_)
                    | Effect::Commit(..)
                    | Effect::Persist
                    | Effect::RequestToken
                    | Effect::Tabs(_)
                    | Effect::Upload(..)
                    | Effect::Wipe(_),
                ) => {}
            }
        }
        reply
    }

    /// Gives the server an input, and does what it wants at once.
    fn serve(&mut self, input: hub::Input) {
        let (now, rules) = (now_of(self.now, 0), Rules::default());
        self.hub.handle(now, input);
        while let Some(output) = self.hub.poll_output() {
            match output {
                hub::Output::Send { connection, frame, .. } => {
                    let Some((_, guest, pipe)) = self.links.iter().find(|(held, ..)| *held == connection)
                    else {
                        continue;
                    };
                    let (guest, pipe) = (*guest, *pipe);
                    match frame {
                        hub::Frame::Text(text) => {
                            self.give(guest, &Input::Pipe(pipe, PipeEvent::Text(&text)))
                        }
                        hub::Frame::Binary(bytes) => {
                            self.give(guest, &Input::Pipe(pipe, PipeEvent::Binary(&bytes)))
                        }
                    };
                }
                hub::Output::Close { connection, code, .. } => {
                    let link = self.links.iter().find(|(held, ..)| *held == connection).copied();
                    self.links.retain(|(held, ..)| *held != connection);
                    if let Some((_, guest, pipe)) = link {
                        self.give(guest, &Input::Pipe(pipe, PipeEvent::Closed { code, reason: "" }));
                    }
                }
                hub::Output::Verify { .. } => {}
                hub::Output::Store { ticket, job } => {
                    let input = match job {
                        Job::Write(write) => {
                            let stamp = Stamp { wall_ms: now.wall_ms, event_id: format!("made{}", ticket.0) };
                            let result = ledger::decide(&mut self.tables, &rules, &write, &stamp);
                            hub::Input::Decided { ticket: Some(ticket), result }
                        }
                        Job::Greet { client, owner, acked } => {
                            let result = ledger::greet(&mut self.tables, &client, &owner, acked);
                            hub::Input::Greeted { ticket, result }
                        }
                        Job::Load { channel, position } => {
                            let result = ledger::load(&self.tables, &rules, &channel, position.as_ref());
                            hub::Input::Loaded { ticket, result }
                        }
                    };
                    self.hub.handle(now, input);
                }
            }
        }
    }
}

fn object(name: &str, value: Value) -> Value {
    Value::Object(vec![(name.to_owned(), value)])
}

fn now_of(ms: u64, wrong_by_ms: i64) -> Now {
    Now { mono: Timestamp(ms), wall_ms: (WALL_MS + ms).saturating_add_signed(wrong_by_ms) }
}
