//! The client, driven by hand: what goes in stands in the test, what comes out is looked at.

mod channels;
mod conflicts;
mod connection;
mod dead;
mod keeping;
mod logout;
mod parked;
mod peers;
mod presence;
mod squash;
mod storage;
mod transport;
mod undo;
mod upload;
mod writes;

use std::sync::Arc;

use super::Client;
use crate::core::config::{Config, OfflineConfig, Route, Value};
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{BatchId, ClientId, PipeId, Ticket, WriteId};
use crate::core::io::{
    Call, Durability, Effect, Event, Input, Outcome, Output, PipeEvent, Reply, Row, StorageEvent, StorageOp,
};
use crate::core::json::Fields;
use crate::core::session::Signal;
use crate::core::time::{Now, Timestamp};
use crate::core::wire::read_frame;

const WELCOME: &str = r#"{"type":"welcome","payload":{"version":"baro.v1","user":{"id":"ana"},"lastSeq":0}}"#;
const EVENT: &str =
    r#"{"title":"Stand-up","startDate":"2026-03-02T09:00Z","endDate":"2026-03-02T09:15Z","projectId":"p"}"#;

/// A client and everything that it put out.
struct Bench {
    client: Client,
    ms: u64,
    /// The newest socket.
    pipe: PipeId,
    /// Messages sent since the last look.
    sent: Vec<String>,
    frames: usize,
    /// Frames that were to be compressed.
    deflated: usize,
    /// On which pipe each frame was sent, and the types of its messages.
    framed: Vec<(PipeId, String)>,
    commits: Vec<(BatchId, Vec<StorageOp>)>,
    durabilities: Vec<Durability>,
    settled: Vec<(Ticket, Outcome)>,
    events: Vec<Event>,
    effects: Vec<Effect>,
}

impl Bench {
    /// Without storage, which makes for short tests.
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn durable() -> Self {
        Self::with(|config| {
            config.offline =
                Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
        })
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://host/ws".to_owned()))]);
        let mut config = Config::read(&url, None).unwrap();
        config.offline = None;
        change(&mut config);
        let now = Now { mono: Timestamp(1_000), wall_ms: 1_700_000_000_000 };
        let mut bench = Self {
            client: Client::new(config, [1, 2, 3, 4], now),
            ms: 1_000,
            pipe: PipeId(0),
            sent: Vec::new(),
            frames: 0,
            deflated: 0,
            framed: Vec::new(),
            commits: Vec::new(),
            durabilities: Vec::new(),
            settled: Vec::new(),
            events: Vec::new(),
            effects: Vec::new(),
        };
        bench.drain();
        bench
    }

    fn now(&self) -> Now {
        Now { mono: Timestamp(self.ms), wall_ms: 1_700_000_000_000 + self.ms }
    }

    fn input(&mut self, input: Input<'_>) -> Result<Reply, Fault> {
        let reply = self.client.handle(self.now(), input);
        self.drain();
        reply
    }

    /// An input and the end of its task.
    fn give(&mut self, input: Input<'_>) {
        self.input(input).unwrap();
        self.settle();
    }

    fn call(&mut self, call: Call) -> Reply {
        let reply = self.input(Input::Call(call)).unwrap();
        self.settle();
        reply
    }

    fn ticket(&mut self, call: Call) -> Ticket {
        match self.call(call) {
            Reply::Ticket(ticket) => ticket,
            other @ (Reply::Done | Reply::Write { .. }) => panic!("no ticket: {other:?}"),
        }
    }

    /// The event's id and the tickets for `persisted` and `confirmed`.
    fn write(&mut self, call: Call) -> (Arc<str>, Ticket, Ticket) {
        match self.call(call) {
            Reply::Write { event, persisted, confirmed } => (event, persisted, confirmed),
            other @ (Reply::Done | Reply::Ticket(_)) => panic!("no write: {other:?}"),
        }
    }

    /// Ticks until nothing is due any more at this moment.
    fn settle(&mut self) {
        while self.client.poll_timeout().is_some_and(|due| due.0 <= self.ms) {
            let _tick = self.client.handle(self.now(), Input::Tick);
            self.drain();
        }
    }

    /// Lets time pass, timer by timer.
    fn wait(&mut self, ms: u64) {
        let end = self.ms + ms;
        while let Some(due) = self.client.poll_timeout().filter(|due| due.0 <= end) {
            self.ms = self.ms.max(due.0);
            self.settle();
        }
        self.ms = end;
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Effect(
                    ref effect @ (Effect::SendText(pipe, ref frame) | Effect::SendDeflated(pipe, ref frame)),
                ) => {
                    self.frames += 1;
                    self.deflated += usize::from(matches!(effect, Effect::SendDeflated(..)));
                    let messages = read_frame(frame).unwrap();
                    let types = messages.iter().flatten().map(|message| field(message.text, "type"));
                    self.framed.push((pipe, types.collect::<Vec<_>>().join("+")));
                    self.sent.extend(messages.into_iter().flatten().map(|message| message.text.to_owned()));
                }
                Output::Effect(Effect::Commit(batch, ops, durability)) => {
                    self.commits.push((batch, ops));
                    self.durabilities.push(durability);
                }
                Output::Effect(effect) => {
                    if let Effect::OpenPipe { pipe, .. } = &effect {
                        self.pipe = *pipe;
                    }
                    self.effects.push(effect);
                }
                Output::Event(Event::Settled(ticket, outcome)) => self.settled.push((ticket, outcome)),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn open(&mut self) {
        let pipe = self.pipe;
        self.give(Input::Pipe(pipe, PipeEvent::Opened));
    }

    fn hear(&mut self, frame: &str) {
        let pipe = self.pipe;
        self.give(Input::Pipe(pipe, PipeEvent::Text(frame)));
    }

    fn lose(&mut self, code: u16) {
        let pipe = self.pipe;
        self.give(Input::Pipe(pipe, PipeEvent::Closed { code, reason: "" }));
    }

    /// Connected to a `baro.v1` server, with nothing left to look at.
    fn connect(&mut self) {
        self.call(Call::Connect);
        self.open();
        self.hear(WELCOME);
        self.sent.clear();
    }

    /// Connected, with what was sent to look at.
    fn connect_silently(&mut self) {
        self.call(Call::Connect);
        self.open();
        self.hear(WELCOME);
    }

    /// Subscribed to a project whose content is `events` at `seq`.
    fn subscribe(&mut self, project: &str, seq: u64, events: &str) {
        self.call(Call::Subscribe(format!("project:{project}")));
        self.hear(&subscribed(project, seq, events));
        self.sent.clear();
    }

    fn store(&mut self, event: StorageEvent) {
        self.give(Input::Storage(event));
    }

    fn signal(&mut self, signal: Signal) {
        self.give(Input::Signal(signal));
    }

    /// The frames sent on a pipe, as the types of their messages.
    fn frames_of(&self, pipe: PipeId) -> Vec<String> {
        self.framed.iter().filter(|(on, _)| *on == pipe).map(|(_, types)| types.clone()).collect()
    }

    /// The types of what was sent since the last look.
    fn sent_types(&mut self) -> Vec<String> {
        let types = self.sent.iter().map(|message| field(message, "type")).collect();
        self.sent.clear();
        types
    }

    fn outcome(&self, ticket: Ticket) -> Option<&Outcome> {
        let mut all = self.settled.iter().filter(|(settled, _)| *settled == ticket);
        let first = all.next().map(|(_, outcome)| outcome);
        assert!(all.next().is_none(), "{ticket:?} settled twice");
        first
    }

    fn refusal(&self, ticket: Ticket) -> Option<&str> {
        match self.outcome(ticket)? {
            Outcome::Refused(fault) => Some(fault.code.as_str()),
            Outcome::Done | Outcome::Value(_) => None,
        }
    }

    fn title(&self, id: &str) -> Option<String> {
        self.client.store().shown(id).and_then(|shown| shown.doc.fields().string("title"))
    }

    fn own(&self) -> ClientId {
        self.client.outbox.own().clone()
    }
}

fn field(message: &str, name: &str) -> String {
    let fields = Fields::parse(message).unwrap();
    fields.string(name).or_else(|| fields.get(name).map(str::to_owned)).unwrap_or_default()
}

fn subscribed(project: &str, seq: u64, events: &str) -> String {
    format!(
        r#"{{"type":"subscribed","payload":{{"channel":"project:{project}","epoch":"e","seq":{seq},"recovered":false,"events":[{events}]}}}}"#
    )
}

fn ack(seq: u64, id: &str, version: u64, title: &str) -> String {
    format!(r#"{{"type":"ack","seq":{seq},"payload":{}}}"#, event(id, version, title))
}

fn refuse(seq: u64, code: &str, retryable: bool) -> String {
    format!(
        r#"{{"type":"error","seq":{seq},"payload":{{"code":"{code}","message":"no","retryable":{retryable}}}}}"#
    )
}

fn event(id: &str, version: u64, title: &str) -> String {
    format!(
        r#"{{"id":"{id}","title":"{title}","startDate":"2026-03-02","endDate":"2026-03-02","projectId":"p","version":{version}}}"#
    )
}

fn change(seq: u64, id: &str, version: u64, title: &str) -> String {
    let event = event(id, version, title);
    format!(r#"{{"type":"event:updated","channel":"project:p","seq":{seq},"payload":{event}}}"#)
}
