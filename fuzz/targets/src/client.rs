//! A client with a world that does anything: a conversation, one step a line. The letters stand in [`STEPS`].

use std::collections::BTreeSet;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::fault::FaultCode;
use baro_realtime::core::id::{BatchId, PipeId, Ticket};
use baro_realtime::core::io::{Call, Effect, Event, Input, Output, PipeEvent, Reply, Row, StorageEvent};
use baro_realtime::core::json::{Fields, quote, validate};
use baro_realtime::core::merge::Strategy;
use baro_realtime::core::offline::{Table, Trouble};
use baro_realtime::core::session::{Signal, State};
use baro_realtime::core::time::{Now, Timestamp};

/// What a line can be by its first byte; any other byte is one of these.
const STEPS: &[(u8, Step)] = &[
    (b'c', |world, _| world.call(Call::Connect)),
    (b'd', |world, _| world.call(Call::Disconnect)),
    (b'r', |world, _| world.call(Call::Reconnect)),
    (b'm', |world, text| world.send(text, false)),
    (b'a', |world, text| world.send(text, true)),
    (b's', |world, text| world.call(Call::Subscribe(text.to_owned()))),
    (b'u', |world, text| world.call(Call::Unsubscribe(text.to_owned()))),
    (b'+', |world, text| world.call(Call::Create(json(text)))),
    (b'=', |world, text| {
        let (id, changes) = text.split_once(' ').unwrap_or((text, "{}"));
        world.call(Call::Update(id.to_owned(), json(changes)));
    }),
    (b'-', |world, text| world.call(Call::Delete(text.to_owned()))),
    (b'x', |world, text| world.call(Call::Cursor(json(text)))),
    (b'p', |world, text| world.call(Call::Presence("user:selection", json(text)))),
    (b'f', |world, _| world.call(Call::Flush)),
    (b'R', |world, text| world.call(Call::RetryFailed(text.to_owned()))),
    (b'D', |world, text| world.call(Call::DiscardFailed(text.to_owned()))),
    (b'W', |world, text| {
        world.call(Call::Watch { messages: text.len() % 2 == 0, changes: text.len() % 4 < 2 });
    }),
    (b'o', |world, text| world.pipe(text, PipeEvent::Opened)),
    (b'<', |world, text| world.frame(PipeEvent::Text(text))),
    (b'#', |world, text| world.frame(PipeEvent::Binary(&hex(text)))),
    (b'k', |world, text| {
        let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
        let code = code.parse().unwrap_or(1006);
        world.pipe("", PipeEvent::Closed { code, reason });
    }),
    // A socket before the present one has something to say.
    (b'K', |world, text| world.pipe("1", PipeEvent::Closed { code: 1006, reason: text })),
    (b'>', |world, text| world.pipe("1", PipeEvent::Text(text))),
    (b'L', |world, text| {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        let table = if key.len() % 3 == 0 { Table::Dead } else { Table::Outbox };
        world.rows.push(Row { table, key: key.to_owned(), value: value.to_owned() });
    }),
    (b'P', |world, text| {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        world.rows.push(Row { table: Table::Conflicts, key: key.to_owned(), value: value.to_owned() });
    }),
    (b'U', |world, _| world.call(Call::Undo)),
    (b'Y', |world, _| world.call(Call::Redo)),
    (b'C', |world, text| world.resolve(text)),
    (b'l', |world, _| world.load(true)),
    (b'q', |world, _| world.load(false)),
    (b'y', |world, _| world.stored(true)),
    (b'n', |world, _| world.stored(false)),
    (b't', |world, text| world.input(Input::Token(Ok(text.to_owned())))),
    (b'T', |world, text| world.input(Input::Token(Err(text.to_owned())))),
    (b'1', |world, _| world.input(Input::Signal(Signal::Online))),
    (b'2', |world, _| world.input(Input::Signal(Signal::Offline))),
    (b'3', |world, _| world.input(Input::Signal(Signal::Visible))),
    (b'4', |world, _| world.input(Input::Signal(Signal::Hidden))),
    (b'5', |world, _| world.input(Input::Signal(Signal::Suspended))),
    (b'6', |world, _| world.input(Input::Signal(Signal::Resumed))),
    (b'w', |world, text| world.pass(text.trim().parse().unwrap_or(100))),
];

type Step = fn(&mut World, &str);

/// Steps of one conversation.
const STEPS_MAX: usize = 300;
/// Far above what one input may cause.
const OUTPUTS_MAX: usize = 3_000;

struct World {
    client: Client,
    ms: u64,
    /// Sockets in the order in which they were opened.
    pipes: Vec<PipeId>,
    /// Those of them that neither the client nor the world has closed, and of these the ones that opened.
    live: BTreeSet<PipeId>,
    open: BTreeSet<PipeId>,
    waiting: BTreeSet<Ticket>,
    batches: Vec<BatchId>,
    rows: Vec<Row>,
    /// Whether the database is asked for and has not answered.
    loading: bool,
    /// Whether the program's last word was `disconnect()`.
    disconnected: bool,
}

/// Never panics, only calls fail, sends on open sockets only and on one at a time, settles whatever is waited for.
pub(crate) fn client(data: &[u8]) {
    let (head, rest) = data.split_first().unwrap_or((&0, data));
    let strategy = rest.split(|byte| *byte == b'\n').next().and_then(|word| std::str::from_utf8(word).ok());
    let strategy = strategy.and_then(Strategy::of_word).unwrap_or_default();
    let mut world = World::new(*head, strategy);
    for line in rest.split(|byte| *byte == b'\n').take(STEPS_MAX) {
        let Some((first, text)) = line.split_first() else { continue };
        let known = STEPS.iter().find(|(letter, _)| letter == first);
        let (_, step) = known.unwrap_or(&STEPS[usize::from(*first) % STEPS.len()]);
        step(&mut world, &String::from_utf8_lossy(text));
    }
    world.end();
}

/// What `JSON.stringify` could have made of it.
fn json(text: &str) -> String {
    if validate(text).is_ok() { text.to_owned() } else { quote(text) }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|letter| letter.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

impl World {
    /// The bits of `head` choose the options, the rest of its line is the strategy.
    fn new(head: u8, strategy: Strategy) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut options = vec![
            ("url".to_owned(), text("ws://host/ws")),
            ("offline".to_owned(), if head & 1 == 0 { Value::Absent } else { Value::Bool(false) }),
            ("conflict".to_owned(), Value::Object(vec![("strategy".to_owned(), text(strategy.word()))])),
            ("projectId".to_owned(), if head & 2 == 0 { Value::Absent } else { text("p") }),
        ];
        if head & 4 != 0 {
            options
                .push(("auth".to_owned(), Value::Object(vec![("refreshToken".to_owned(), Value::Function)])));
        }
        if head & 8 != 0 {
            let attempts =
                Value::Object(vec![("maxAttempts".to_owned(), Value::Number(2.0, "2".to_owned()))]);
            options.push(("reconnect".to_owned(), attempts));
        }
        let config = Config::read(&Value::Object(options), None).expect("a configuration");
        let mut world = Self {
            client: Client::new(config, [1, 2, 3, 4], Now { mono: Timestamp(0), wall_ms: 1_700_000_000_000 }),
            ms: 0,
            pipes: Vec::new(),
            live: BTreeSet::new(),
            open: BTreeSet::new(),
            waiting: BTreeSet::new(),
            batches: Vec::new(),
            rows: Vec::new(),
            loading: false,
            disconnected: true,
        };
        world.drain();
        world
    }

    /// Decides the first conflict: as it is told if there is no text.
    fn resolve(&mut self, text: &str) {
        let first = self.client.conflicts().next().cloned();
        let id = first.as_ref().map_or_else(|| "none".to_owned(), |conflict| conflict.id.clone());
        let local = || first.as_ref().and_then(|conflict| conflict.local.as_ref()).map(Fields::to_text);
        let resolved =
            if text.is_empty() { local().unwrap_or_else(|| "null".to_owned()) } else { json(text) };
        self.call(Call::ResolveConflict(id, resolved));
    }

    fn now(&self) -> Now {
        Now { mono: Timestamp(self.ms), wall_ms: 1_700_000_000_000 + self.ms }
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::Connect | Call::Reconnect => self.disconnected = false,
            Call::Disconnect => self.disconnected = true,
            _ => {}
        }
        match self.client.handle(self.now(), Input::Call(call)) {
            Ok(Reply::Ticket(ticket)) => assert!(self.waiting.insert(ticket), "{ticket:?} is given twice"),
            Ok(Reply::Write { persisted, confirmed, .. }) => {
                assert!(
                    self.waiting.insert(persisted) && self.waiting.insert(confirmed),
                    "a ticket is given twice"
                );
            }
            Ok(Reply::Done) => {}
            Err(fault) => assert!(!fault.message.is_empty() && fault.code.as_str().len() > 3),
        }
        self.settle_down();
    }

    fn send(&mut self, text: &str, ack: bool) {
        let (kind, payload) = text.split_once(' ').unwrap_or((text, "null"));
        self.call(Call::Send { kind: kind.to_owned(), payload: json(payload), ack: ack.then_some(None) });
    }

    fn input(&mut self, input: Input<'_>) {
        let reply = self.client.handle(self.now(), input);
        assert_eq!(reply, Ok(Reply::Done), "what the world does is nobody's mistake");
        self.settle_down();
    }

    /// Something of a socket, counted from the newest.
    fn pipe(&mut self, back: &str, event: PipeEvent<'_>) {
        let back = back.trim().parse::<usize>().unwrap_or(0);
        let Some(pipe) = self.pipes.iter().rev().nth(back).copied() else { return };
        if matches!(event, PipeEvent::Opened) && self.live.contains(&pipe) {
            self.open.insert(pipe);
        }
        if matches!(event, PipeEvent::Closed { .. }) {
            self.live.remove(&pipe);
            self.open.remove(&pipe);
        }
        self.input(Input::Pipe(pipe, event));
    }

    fn frame(&mut self, event: PipeEvent<'_>) {
        if let Some(pipe) = self.open.last().copied() {
            self.input(Input::Pipe(pipe, event));
        }
    }

    fn load(&mut self, well: bool) {
        if std::mem::take(&mut self.loading) {
            let rows = std::mem::take(&mut self.rows);
            let trouble = Trouble::ALL[rows.len() % Trouble::ALL.len()];
            let event = if well {
                StorageEvent::Loaded(rows)
            } else {
                StorageEvent::Unavailable(trouble, "away".to_owned())
            };
            self.input(Input::Storage(event));
        }
    }

    fn stored(&mut self, well: bool) {
        if !self.batches.is_empty() {
            let batch = self.batches.remove(0);
            let trouble = Trouble::ALL[self.batches.len() % Trouble::ALL.len()];
            let event = if well {
                StorageEvent::Committed(batch)
            } else {
                StorageEvent::Aborted(batch, trouble, "full".to_owned())
            };
            self.input(Input::Storage(event));
        }
    }

    fn pass(&mut self, ms: u64) {
        let end = self.ms + ms.min(600_000);
        let mut timers = 0;
        while let Some(due) = self.client.poll_timeout().filter(|due| due.0 <= end) {
            timers += 1;
            assert!(timers < 10_000, "timers without end");
            self.ms = self.ms.max(due.0);
            self.input(Input::Tick);
        }
        self.ms = end;
        self.settle_down();
    }

    /// Does what is due now.
    fn settle_down(&mut self) {
        self.drain();
        let mut rounds = 0;
        while self.client.poll_timeout().is_some_and(|due| due.0 <= self.ms) {
            rounds += 1;
            assert!(rounds < 200, "timers for now without end");
            assert_eq!(self.client.handle(self.now(), Input::Tick), Ok(Reply::Done));
            self.drain();
        }
        assert!(self.open.len() <= 1, "two sockets are open");
        assert!(self.live.len() <= 2, "more sockets than two ways to the server");
        let state = self.client.state();
        assert_eq!(self.client.is_connected(), state == State::Connected);
        assert!(state != State::Connected || self.open.len() == 1, "connected by no socket");
        if matches!(state, State::Disconnected | State::Error) {
            assert!(self.live.is_empty(), "a socket is left open in state {}", state.name());
        }
        assert!(
            !self.disconnected || state == State::Disconnected,
            "disconnect() was undone: {}",
            state.name()
        );
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.client.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "one input causes outputs without end");
            match output {
                Output::Effect(effect) => self.effect(effect),
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::OpenPipe { pipe, .. } => {
                assert!(!self.disconnected, "a socket is opened after disconnect()");
                assert!(
                    self.pipes.last().is_none_or(|last| *last < pipe),
                    "a name of a socket is used twice"
                );
                self.pipes.push(pipe);
                self.live.insert(pipe);
            }
            Effect::SendText(pipe, text) | Effect::SendDeflated(pipe, text) => {
                assert!(self.open.contains(&pipe), "{text} is sent on a socket that is not open");
                assert!(validate(&text).is_ok(), "{text} is no JSON");
            }
            Effect::ClosePipe(pipe, code, reason) => {
                assert!(
                    code == 1000 || (3_000..5_000).contains(&code),
                    "browsers refuse to close with {code}"
                );
                assert!(reason.len() <= 123);
                self.live.remove(&pipe);
                self.open.remove(&pipe);
            }
            Effect::Load(_) => self.loading = true,
            Effect::Commit(batch, ops, _) => {
                assert!(!ops.is_empty(), "an empty batch");
                self.batches.push(batch);
            }
            _ => {}
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Settled(ticket, _) => {
                assert!(self.waiting.remove(&ticket), "{ticket:?} waits for nothing");
            }
            Event::Message(text) | Event::Acknowledged(text) => assert!(validate(&text).is_ok(), "{text}"),
            Event::Relayed(_, text) => assert!(validate(&text).is_ok(), "{text}"),
            Event::EventsChanged(changes) => {
                for id in changes.created.iter().chain(&changes.updated) {
                    let shown = self.client.store().shown(id).expect("what changed is shown");
                    assert!(validate(&shown.doc.text).is_ok(), "{}", shown.doc.text);
                }
            }
            Event::ConflictDetected(conflict) => {
                assert!(validate(&conflict.to_json()).is_ok(), "{}", conflict.to_json());
            }
            Event::ConflictResolved(_, event) => assert!(validate(&event).is_ok(), "{event}"),
            Event::Error(fault) => assert!(!fault.message.is_empty()),
            _ => {}
        }
    }

    fn end(mut self) {
        self.disconnected = true;
        assert_eq!(self.client.handle(self.now(), Input::Call(Call::Destroy)), Ok(Reply::Done));
        self.drain();
        assert!(self.live.is_empty(), "a socket outlives its calendar");
        while !self.batches.is_empty() {
            let batch = self.batches.remove(0);
            assert!(self.client.handle(self.now(), Input::Storage(StorageEvent::Committed(batch))).is_ok());
            self.drain();
        }
        assert!(self.waiting.is_empty(), "somebody waits for ever: {:?}", self.waiting);
        let late = self.client.handle(self.now(), Input::Call(Call::Connect));
        assert_eq!(late.map_err(|fault| fault.code), Err(FaultCode::Destroyed));
        assert_eq!(self.client.poll_timeout(), None);
    }
}
