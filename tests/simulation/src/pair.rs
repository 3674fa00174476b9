//! One client and one server over a link of known length, for promises that are numbers.
//!
//! Owns the link and the server's storage, both of which never fail; everything else is the real core and hub.

use std::collections::VecDeque;
use std::sync::Arc;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::id::PipeId;
use baro_realtime::core::io::{Call, Effect, Input, Output, PipeEvent};
use baro_realtime::core::json::Fields;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime_server::access::Access;
use baro_realtime_server::hub::{self, ConnectionId, Hub, Job, Mode};
use baro_realtime_server::ledger::{self, Action, Author, Change, Memory, Stamp};
use baro_realtime_server::limits::{Limits, Rules};

const WALL_MS: u64 = 1_750_000_000_000;

#[derive(Debug)]
enum Packet {
    Open,
    Frame(String),
    Bytes(Vec<u8>),
    Close(u16),
}

/// A client, a server, and what is between them.
#[derive(Debug)]
pub struct Pair {
    /// The client.
    pub client: Client,
    hub: Hub,
    tables: Memory,
    /// Virtual time, ms.
    pub now: u64,
    one_way_ms: u64,
    up: VecDeque<(u64, PipeId, Packet)>,
    down: VecDeque<(u64, PipeId, Packet)>,
    /// Whether nothing that the client sends arrives.
    pub swallows: bool,
    /// The server ends each connection so many ms after it took it.
    pub closes_after_ms: Option<u64>,
    /// Connections that were asked for.
    pub opened: u64,
    /// Frames that the client has sent.
    pub frames: u64,
    pipe: Option<PipeId>,
}

impl Pair {
    /// A pair that has not done anything.
    pub fn new(one_way_ms: u64) -> Self {
        let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://server/ws".to_owned()))]);
        #[expect(clippy::expect_used, reason = "the one option that is required is there")]
        let mut config = Config::read(&url, None).expect("a configuration");
        config.offline = None;
        config.transports.polling = false;
        Self {
            client: Client::new(config, [1, 2, 3, 4], now_of(0)),
            hub: Hub::new(Mode::Open, Limits::default()),
            tables: Memory::new("epoch"),
            now: 0,
            one_way_ms,
            up: VecDeque::new(),
            down: VecDeque::new(),
            swallows: false,
            closes_after_ms: None,
            opened: 0,
            frames: 0,
            pipe: None,
        }
    }

    /// The program calls.
    pub fn call(&mut self, call: Call) {
        let _reply = self.client.handle(now_of(self.now), Input::Call(call));
        self.work();
    }

    /// The connection breaks, at both ends at once.
    pub fn lose(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            self.up.clear();
            self.down.clear();
            self.hub.handle(now_of(self.now), hub::Input::Closed { connection: ConnectionId(pipe.0) });
            self.give(pipe, &PipeEvent::Closed { code: 1006, reason: "" });
        }
    }

    /// Somebody else makes an event, and the server tells everybody that there is nothing to be told.
    pub fn hide_a_write(&mut self, event: Fields) {
        let author = Author { id: Arc::from("bo"), owner: Arc::from("bo"), access: Access::All };
        let write = ledger::Write { stream: None, author, action: Action::Create(event), on: None };
        let stamp = Stamp { wall_ms: now_of(self.now).wall_ms, event_id: "hidden".to_owned() };
        let mut result = ledger::decide(&mut self.tables, &Rules::default(), &write, &stamp);
        for change in result.iter_mut().flat_map(|decision| &mut decision.changes) {
            let Change { channel, seq, .. } = change;
            change.text = Arc::from(format!("{{\"type\":\"skip\",\"channel\":\"{channel}\",\"seq\":{seq}}}"));
        }
        self.hub.handle(now_of(self.now), hub::Input::Decided { ticket: None, result });
        self.serve();
    }

    /// Lets time pass until `is_over`, at most `most_ms`. Returns how long it took.
    pub fn run(&mut self, most_ms: u64, is_over: impl Fn(&Self) -> bool) -> Option<u64> {
        let began = self.now;
        self.work();
        while !is_over(self) {
            let timers = [self.client.poll_timeout(), self.hub.poll_timeout()].into_iter().flatten();
            let packets = [self.up.front(), self.down.front()].into_iter().flatten().map(|(at, ..)| *at);
            let next = timers.map(|at| at.0).chain(packets).min().unwrap_or(u64::MAX).max(self.now);
            if next > began + most_ms {
                self.now = began + most_ms;
                return None;
            }
            self.now = next;
            self.step();
        }
        Some(self.now - began)
    }

    fn step(&mut self) {
        let now = now_of(self.now);
        while let Some((_, pipe, packet)) = due(&mut self.up, self.now) {
            let connection = ConnectionId(pipe.0);
            match packet {
                Packet::Open => {
                    self.hub.handle(now, hub::Input::Opened { connection, token: None, binary: true });
                    self.down.push_back((self.now + self.one_way_ms, pipe, Packet::Open));
                    if let Some(after) = self.closes_after_ms {
                        self.hub.handle(now, hub::Input::Closed { connection });
                        self.down.push_back((self.now + self.one_way_ms + after, pipe, Packet::Close(1000)));
                    }
                }
                Packet::Frame(text) => self.hub.handle(now, hub::Input::Received { connection, text }),
                Packet::Bytes(_) => {}
                Packet::Close(_) => self.hub.handle(now, hub::Input::Closed { connection }),
            }
        }
        self.hub.handle(now, hub::Input::TimePassed);
        self.serve();
        while let Some((_, pipe, packet)) = due(&mut self.down, self.now) {
            match packet {
                Packet::Open => self.give(pipe, &PipeEvent::Opened),
                Packet::Frame(text) => self.give(pipe, &PipeEvent::Text(&text)),
                Packet::Bytes(bytes) => self.give(pipe, &PipeEvent::Binary(&bytes)),
                Packet::Close(code) => self.give(pipe, &PipeEvent::Closed { code, reason: "" }),
            }
        }
        self.work();
    }

    fn give(&mut self, pipe: PipeId, event: &PipeEvent<'_>) {
        let _reply = self.client.handle(now_of(self.now), Input::Pipe(pipe, *event));
        self.work();
    }

    /// Lets the client do what is due now.
    fn work(&mut self) {
        while self.client.poll_timeout().is_some_and(|due| due.0 <= self.now) {
            let _reply = self.client.handle(now_of(self.now), Input::Tick);
            self.drain();
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            let Output::Effect(effect) = output else { continue };
            let (pipe, packet) = match effect {
                Effect::OpenPipe { pipe, .. } => {
                    self.opened += 1;
                    self.pipe = Some(pipe);
                    (pipe, Packet::Open)
                }
                // What it is packed into on the way makes no difference here.
                Effect::SendText(pipe, text) | Effect::SendDeflated(pipe, text) => {
                    self.frames += 1;
                    (pipe, Packet::Frame(text))
                }
                Effect::ClosePipe(pipe, code, _) => (pipe, Packet::Close(code)),
                Effect::Load(_)
                | Effect::Commit(..)
                | Effect::Persist
                | Effect::Wipe(_)
                | Effect::RequestToken
                | Effect::Upload(..)
                | Effect::Tabs(_) => continue,
            };
            if !self.swallows {
                self.up.push_back((self.now + self.one_way_ms, pipe, packet));
            }
        }
    }

    /// Does what the hub wants, at once.
    fn serve(&mut self) {
        let (now, rules) = (now_of(self.now), Rules::default());
        while let Some(output) = self.hub.poll_output() {
            match output {
                hub::Output::Send { connection, frame, .. } => {
                    let packet = match frame {
                        hub::Frame::Text(text) => Packet::Frame(text.to_string()),
                        hub::Frame::Binary(bytes) => Packet::Bytes(bytes.to_vec()),
                    };
                    self.down.push_back((self.now + self.one_way_ms, PipeId(connection.0), packet));
                }
                hub::Output::Close { connection, code, .. } => {
                    let pipe = PipeId(connection.0);
                    self.down.push_back((self.now + self.one_way_ms, pipe, Packet::Close(code)));
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

fn now_of(ms: u64) -> Now {
    Now { mono: Timestamp(ms), wall_ms: WALL_MS + ms }
}

/// The next packet that has arrived by `now`.
fn due(lane: &mut VecDeque<(u64, PipeId, Packet)>, now: u64) -> Option<(u64, PipeId, Packet)> {
    if lane.front().is_some_and(|(at, ..)| *at <= now) { lane.pop_front() } else { None }
}
