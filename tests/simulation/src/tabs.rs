//! Several tabs of one browser and one server, for what they promise each other.
//!
//! Owns what tabs share: the lock with its queue, the channel on which they hear each other, the epoch, the rows. Tabs can
//! be frozen, with what arrives waiting for them, and killed. The link is of fixed length and never fails; cores and hub
//! are the real ones.

mod shared;
mod trial;

pub use trial::trial;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, UserConfig, Value};
use baro_realtime::core::id::{ClientId, PipeId};
use baro_realtime::core::io::{
    Call, Effect, Event, Input, Output, PipeEvent, Reply, Row, StorageEvent, StorageOp, TabsEvent,
};
use baro_realtime::core::json::Fields;
use baro_realtime::core::offline::Table;
use baro_realtime::core::session::Signal;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime_server::hub::{self, ConnectionId, Hub, Job, Mode};
use baro_realtime_server::ledger::{self, Memory, Stamp, Verdict};
use baro_realtime_server::limits::{Limits, Rules};

const WALL_MS: u64 = 1_750_000_000_000;
/// How long the server, another tab and the database are away, ms.
const LINK_MS: u64 = 20;
const NOTE_MS: u64 = 1;
const DISK_MS: u64 = 2;
/// Pipes of one tab stand apart from those of the next.
const PIPES: u64 = 1_000_000;

#[derive(Debug)]
enum Arrival {
    Opened(PipeId),
    Text(PipeId, String),
    Closed(PipeId, u16),
    Note(String),
    Granted,
    Busy,
    Lost,
    Epoch(u64),
    Left(Option<ClientId>, Vec<Row>),
    Stored(StorageEvent),
}

/// One tab.
#[derive(Debug)]
pub struct Tab {
    /// Its program.
    pub client: Client,
    name: ClientId,
    /// Whether it does nothing for now; what arrives waits.
    pub frozen: bool,
    arrivals: VecDeque<(u64, Arrival)>,
    /// What it was told.
    pub events: Vec<Event>,
}

/// A browser with tabs, and a server.
#[derive(Debug)]
pub struct Desk {
    /// The tabs; those that ended are not there any more.
    pub tabs: BTreeMap<u64, Tab>,
    /// Virtual time, ms.
    pub now: u64,
    config: Config,
    last: u64,
    hub: Hub,
    tables: Memory,
    up: VecDeque<(u64, ConnectionId, Option<String>, bool)>,
    /// Connections that the server has.
    pub sockets: BTreeSet<u64>,
    /// Most that it had at a time.
    pub sockets_most: usize,
    /// Writes that it did, and those that it had done before.
    pub writes: u64,
    /// The same again.
    pub duplicates: u64,
    /// Each so manieth note is lost; none if it is 0.
    pub loses_every: u64,
    notes: u64,
    /// How long a tab that starts reads the database, ms.
    pub load_ms: u64,
    /// Whether the server cannot be reached.
    cut: bool,
    /// The number that leaders raise.
    pub epoch: u64,
    leader: Option<u64>,
    queue: Vec<u64>,
    rows: BTreeMap<(Table, String), String>,
    /// Who holds a stream: its own program, or one that took it over.
    holders: BTreeMap<String, u64>,
    watches: Vec<(u64, ClientId)>,
}

impl Desk {
    /// A browser without tabs; `change` is made to the configuration of all.
    pub fn new(change: impl FnOnce(&mut Config)) -> Self {
        let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://server/ws".to_owned()))]);
        #[expect(clippy::expect_used, reason = "the one option that is required is there")]
        let mut config = Config::read(&url, None).expect("a configuration");
        config.user = Some(UserConfig { id: "ana".to_owned(), ..UserConfig::default() });
        config.project = Some("p".to_owned());
        config.transports.polling = false;
        change(&mut config);
        Self {
            tabs: BTreeMap::new(),
            now: 0,
            config,
            last: 0,
            hub: Hub::new(Mode::Open, Limits::default()),
            tables: Memory::new("epoch"),
            up: VecDeque::new(),
            sockets: BTreeSet::new(),
            sockets_most: 0,
            writes: 0,
            duplicates: 0,
            loses_every: 0,
            notes: 0,
            load_ms: DISK_MS,
            cut: false,
            epoch: 0,
            leader: None,
            queue: Vec::new(),
            rows: BTreeMap::new(),
            holders: BTreeMap::new(),
            watches: Vec::new(),
        }
    }

    /// Opens a tab, which connects. Returns its number.
    pub fn open(&mut self) -> u64 {
        self.open_as(|_| {})
    }

    /// The same with another configuration.
    pub fn open_as(&mut self, change: impl FnOnce(&mut Config)) -> u64 {
        let mut config = self.config.clone();
        change(&mut config);
        self.last += 1;
        let id = self.last;
        let mut client = Client::new(config, [id, 2, 3, 4], now_of(self.now));
        client.share_tabs();
        let name = client.own().clone();
        self.holders.insert(name.to_string(), id);
        let tab = Tab { client, name, frozen: false, arrivals: VecDeque::new(), events: Vec::new() };
        self.tabs.insert(id, tab);
        self.call(id, Call::Connect);
        id
    }

    /// The program of a tab calls.
    pub fn call(&mut self, id: u64, call: Call) -> Option<Reply> {
        let now = now_of(self.now);
        let reply = self.tabs.get_mut(&id)?.client.handle(now, Input::Call(call)).ok();
        self.work(id);
        reply
    }

    /// The page of a tab reports.
    pub fn signal(&mut self, id: u64, signal: Signal) {
        self.give(id, Input::Signal(signal));
    }

    /// Who holds the lock.
    pub fn leader(&self) -> Option<u64> {
        self.leader
    }

    /// A tab ends without a word.
    pub fn kill(&mut self, id: u64) {
        if self.tabs.remove(&id).is_none() {
            return;
        }
        self.leave_queue(id);
        let connections: Vec<u64> =
            self.sockets.iter().copied().filter(|socket| socket / PIPES == id).collect();
        for connection in connections {
            self.up.push_back((self.now + LINK_MS, ConnectionId(connection), None, false));
        }
        self.watches.retain(|(watcher, _)| *watcher != id);
        let freed: Vec<String> =
            self.holders.iter().filter(|(_, holder)| **holder == id).map(|(name, _)| name.clone()).collect();
        for name in freed {
            self.holders.remove(&name);
            let at = self.watches.iter().position(|(_, watched)| *watched.0 == *name);
            if let Some((watcher, watched)) = at.map(|at| self.watches.remove(at)) {
                let rows = self.take_stream(&name, watcher);
                self.arrive(watcher, DISK_MS, Arrival::Left(Some(watched), rows));
            }
        }
    }

    /// A tab runs again.
    pub fn thaw(&mut self, id: u64) {
        if let Some(tab) = self.tabs.get_mut(&id) {
            tab.frozen = false;
            // That the lock is gone it may hear last.
            let (lost, rest): (Vec<_>, Vec<_>) =
                tab.arrivals.drain(..).partition(|(_, arrival)| matches!(arrival, Arrival::Lost));
            tab.arrivals = rest.into_iter().chain(lost).map(|(_, arrival)| (self.now, arrival)).collect();
        }
    }

    /// Titles that a tab shows, sorted.
    pub fn titles(&self, id: u64) -> Vec<String> {
        let Some(tab) = self.tabs.get(&id) else { return Vec::new() };
        let found = tab.client.store().query(&baro_realtime::core::model::Query::default());
        let mut titles: Vec<String> =
            found.iter().filter_map(|shown| shown.doc.fields().string("title")).collect();
        titles.sort();
        titles
    }

    /// A tab creates an event.
    pub fn create(&mut self, id: u64, title: &str) {
        let event = format!(
            r#"{{"title":"{title}","startDate":"2026-03-02T09:00Z","endDate":"2026-03-02T09:15Z","projectId":"p"}}"#
        );
        self.call(id, Call::Create(event));
    }

    /// Lets time pass until `is_over`, at most `most_ms`. Returns how long it took.
    pub fn run(&mut self, most_ms: u64, is_over: impl Fn(&Self) -> bool) -> Option<u64> {
        let began = self.now;
        while !is_over(self) {
            let next = self.next_at().max(self.now);
            if next > began + most_ms {
                self.now = began + most_ms;
                return None;
            }
            self.now = next;
            self.step();
        }
        Some(self.now - began)
    }

    /// The server restarts on an empty database.
    pub fn lose_data(&mut self) {
        self.tables = Memory::new("another epoch");
        self.hub = Hub::new(Mode::Open, Limits::default());
        self.lose_sockets();
    }

    /// The server cannot be reached any more, or can be again.
    pub fn cut(&mut self, cut: bool) {
        self.cut = cut;
        if cut {
            for connection in self.sockets.clone() {
                let connection = ConnectionId(connection);
                self.hub.handle(now_of(self.now), hub::Input::Closed { connection });
            }
            self.lose_sockets();
        }
    }

    fn lose_sockets(&mut self) {
        for connection in std::mem::take(&mut self.sockets) {
            self.arrive(connection / PIPES, LINK_MS, Arrival::Closed(PipeId(connection % PIPES), 1006));
        }
    }

    /// Lets so much time pass.
    pub fn wait(&mut self, ms: u64) {
        let _never = self.run(ms, |_| false);
    }

    fn next_at(&self) -> u64 {
        let awake = || self.tabs.values().filter(|tab| !tab.frozen);
        let timers = awake().filter_map(|tab| tab.client.poll_timeout()).map(|at| at.0);
        let arrivals = awake().filter_map(|tab| tab.arrivals.iter().map(|(at, _)| *at).min());
        let server = self.hub.poll_timeout().map(|at| at.0);
        timers
            .chain(arrivals)
            .chain(server)
            .chain(self.up.iter().map(|(at, ..)| *at))
            .min()
            .unwrap_or(u64::MAX)
    }

    fn step(&mut self) {
        let now = now_of(self.now);
        while let Some(at) = self.up.iter().position(|(at, ..)| *at <= self.now) {
            let Some((_, connection, frame, opens)) = self.up.remove(at) else { break };
            match (frame, opens) {
                (Some(text), _) => self.hub.handle(now, hub::Input::Received { connection, text }),
                (None, true) if self.cut => {
                    let pipe = PipeId(connection.0 % PIPES);
                    self.arrive(connection.0 / PIPES, LINK_MS, Arrival::Closed(pipe, 1006));
                }
                (None, true) => {
                    self.sockets.insert(connection.0);
                    self.sockets_most = self.sockets_most.max(self.sockets.len());
                    self.hub.handle(now, hub::Input::Opened { connection, token: None, binary: false });
                    self.arrive(connection.0 / PIPES, LINK_MS, Arrival::Opened(PipeId(connection.0 % PIPES)));
                }
                (None, false) => {
                    self.sockets.remove(&connection.0);
                    self.hub.handle(now, hub::Input::Closed { connection });
                }
            }
        }
        self.hub.handle(now, hub::Input::TimePassed);
        self.serve();
        let awake: Vec<u64> = self.tabs.iter().filter(|(_, tab)| !tab.frozen).map(|(id, _)| *id).collect();
        for id in awake {
            self.work(id);
            while let Some(arrival) = self.next_arrival(id) {
                self.deliver(id, arrival);
            }
        }
    }

    fn next_arrival(&mut self, id: u64) -> Option<Arrival> {
        let tab = self.tabs.get_mut(&id)?;
        let at = tab.arrivals.iter().position(|(at, _)| *at <= self.now)?;
        tab.arrivals.remove(at).map(|(_, arrival)| arrival)
    }

    fn deliver(&mut self, id: u64, arrival: Arrival) {
        match arrival {
            Arrival::Opened(pipe) => self.give(id, Input::Pipe(pipe, PipeEvent::Opened)),
            Arrival::Text(pipe, text) => self.give(id, Input::Pipe(pipe, PipeEvent::Text(&text))),
            Arrival::Closed(pipe, code) => {
                self.give(id, Input::Pipe(pipe, PipeEvent::Closed { code, reason: "" }));
            }
            Arrival::Note(text) => self.give(id, Input::Tabs(TabsEvent::Heard(&text))),
            Arrival::Granted => self.give(id, Input::Tabs(TabsEvent::Granted)),
            Arrival::Busy => self.give(id, Input::Tabs(TabsEvent::Busy)),
            Arrival::Lost => self.give(id, Input::Tabs(TabsEvent::Lost)),
            Arrival::Epoch(epoch) => self.give(id, Input::Tabs(TabsEvent::Epoch(Some(epoch)))),
            Arrival::Left(tab, rows) => self.give(id, Input::Tabs(TabsEvent::Left(tab, rows))),
            Arrival::Stored(event) => self.give(id, Input::Storage(event)),
        }
    }

    fn give(&mut self, id: u64, input: Input<'_>) {
        if let Some(tab) = self.tabs.get_mut(&id) {
            let _reply = tab.client.handle(now_of(self.now), input);
            self.work(id);
        }
    }

    /// Lets a tab do what is due now.
    fn work(&mut self, id: u64) {
        self.drain(id);
        let due = |desk: &Self| {
            let tab = desk.tabs.get(&id).filter(|tab| !tab.frozen);
            tab.and_then(|tab| tab.client.poll_timeout()).is_some_and(|at| at.0 <= desk.now)
        };
        while due(self) {
            let now = now_of(self.now);
            if let Some(tab) = self.tabs.get_mut(&id) {
                let _reply = tab.client.handle(now, Input::Tick);
            }
            self.drain(id);
        }
    }

    fn drain(&mut self, id: u64) {
        while let Some(output) = self.tabs.get_mut(&id).and_then(|tab| tab.client.poll_output()) {
            match output {
                Output::Event(event) => {
                    if let Some(tab) = self.tabs.get_mut(&id) {
                        tab.events.push(event);
                    }
                }
                Output::Effect(effect) => self.perform(id, effect),
            }
        }
    }

    fn perform(&mut self, id: u64, effect: Effect) {
        let connection = |pipe: PipeId| ConnectionId(id * PIPES + pipe.0);
        let at = self.now + LINK_MS;
        match effect {
            Effect::OpenPipe { pipe, .. } => self.up.push_back((at, connection(pipe), None, true)),
            Effect::SendText(pipe, text) | Effect::SendDeflated(pipe, text) => {
                let text = if self.config.negotiate { text } else { unnumbered(&text) };
                self.up.push_back((at, connection(pipe), Some(text), false));
            }
            Effect::ClosePipe(pipe, ..) => self.up.push_back((at, connection(pipe), None, false)),
            Effect::Load(own) => {
                let rows = self.take_left(id, &own);
                self.arrive(id, self.load_ms, Arrival::Stored(StorageEvent::Loaded(rows)));
            }
            Effect::Commit(batch, ops, _) => {
                for op in ops {
                    match op {
                        StorageOp::Put(row) => drop(self.rows.insert((row.table, row.key), row.value)),
                        StorageOp::Delete(table, key) => drop(self.rows.remove(&(table, key))),
                        StorageOp::Clear(table) => self.rows.retain(|(of, _), _| *of != table),
                    }
                }
                self.arrive(id, DISK_MS, Arrival::Stored(StorageEvent::Committed(batch)));
            }
            Effect::Persist | Effect::Wipe(_) | Effect::RequestToken | Effect::Upload(..) => {}
            Effect::Tabs(effect) => self.perform_shared(id, effect),
        }
    }

    fn arrive(&mut self, id: u64, after_ms: u64, arrival: Arrival) {
        if let Some(tab) = self.tabs.get_mut(&id) {
            tab.arrivals.push_back((self.now + after_ms, arrival));
        }
    }

    /// Does what the hub wants, at once.
    fn serve(&mut self) {
        let (now, rules) = (now_of(self.now), Rules::default());
        while let Some(output) = self.hub.poll_output() {
            match output {
                hub::Output::Send { connection, frame, .. } => {
                    let hub::Frame::Text(text) = frame else { continue };
                    let arrival = Arrival::Text(PipeId(connection.0 % PIPES), text.to_string());
                    self.arrive(connection.0 / PIPES, LINK_MS, arrival);
                }
                hub::Output::Close { connection, code, .. } => {
                    self.sockets.remove(&connection.0);
                    let arrival = Arrival::Closed(PipeId(connection.0 % PIPES), code);
                    self.arrive(connection.0 / PIPES, LINK_MS, arrival);
                }
                hub::Output::Verify { .. } => {}
                hub::Output::Store { ticket, job } => {
                    let input = match job {
                        Job::Write(write) => {
                            let stamp = Stamp { wall_ms: now.wall_ms, event_id: format!("made{}", ticket.0) };
                            let result = ledger::decide(&mut self.tables, &rules, &write, &stamp);
                            match &result {
                                Ok(decision) if decision.verdict == Verdict::Duplicate => {
                                    self.duplicates += 1;
                                }
                                Ok(_) => self.writes += 1,
                                Err(_) => {}
                            }
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

/// A frame as a server reads it that knows no streams.
fn unnumbered(frame: &str) -> String {
    let mut message = Fields::parse(frame).unwrap_or_default();
    message.remove("seq");
    message.to_text()
}

fn now_of(ms: u64) -> Now {
    Now { mono: Timestamp(ms), wall_ms: WALL_MS + ms }
}
