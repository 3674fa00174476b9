//! A recorded trace, gone through again: a fresh client gets the same inputs at the same times, and has to take the same
//! steps.
//!
//! A trace holds no payload (`docs/DIAGNOSTICS.md`), so what arrived is made up again from what came of it: an `ack`
//! that decided write 7 is an acknowledgement of write 7, whatever it said about the event. Events, channels and texts
//! are others than they were; times, states, sequences, batches and decisions are the same or the replay fails. Time
//! passes as it did: the client gets a tick exactly where a step was recorded that no input explains.

mod material;
mod message;

use std::collections::BTreeMap;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value as Given};
use baro_realtime::core::delivery::Position;
use baro_realtime::core::id::{BatchId, PipeId};
use baro_realtime::core::io::{Call, Effect, Input, OnPending, Output, PipeEvent, StorageEvent};
use baro_realtime::core::session::Signal;
use baro_realtime::core::time::{Now, Timestamp};
use serde_json::{Value, json};

use self::material::{kept_row, rows_of, token_until, trouble_of};

/// Details that depend on what the messages said, or on which of the stored writes were missing.
const MADE_UP: &[&str] = &["n", "bytes", "epoch", "events", "number", "rows"];

/// Steps that come of a message while its frame is being read.
const OF_A_MESSAGE: &[&str] = &[
    "received",
    "welcome",
    "server-time",
    "plain",
    "drain",
    "subscribed",
    "content",
    "gap",
    "repeated",
    "behind",
    "diverged",
    "channel-refused",
    "acknowledged",
    "refused",
    "answered",
    "rewritten",
    "contested",
];

/// The configuration as a program gave it to the constructor, in JSON; what stands for a function is any text.
///
/// # Errors
/// What the client says of it.
pub fn read_config(config: &Value) -> Result<Config, String> {
    fn given(key: &str, value: &Value) -> Given {
        match value {
            Value::Null => Given::Absent,
            _ if key == "refreshToken" => Given::Function,
            Value::Bool(flag) => Given::Bool(*flag),
            Value::Number(number) => Given::Number(number.as_f64().unwrap_or(0.0), number.to_string()),
            Value::String(text) => Given::Text(text.clone()),
            Value::Array(list) => Given::List(list.iter().map(|value| given("", value)).collect()),
            Value::Object(fields) => {
                Given::Object(fields.iter().map(|(key, value)| (key.clone(), given(key, value))).collect())
            }
        }
    }
    Config::read(&given("", config), None).map_err(|fault| fault.message)
}

/// Goes through the steps of a trace, from `started` on.
///
/// # Errors
/// The first step that was not taken again.
pub fn replay(config: Config, trace: &[Value]) -> Result<(), String> {
    let first = trace.first().filter(|entry| entry["kind"] == "started");
    let first =
        first.ok_or("the trace does not begin with 'started': its first steps are not kept any more")?;
    let seed = |at: usize| first["seed"][at].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let started = Now { mono: Timestamp(number(first, "at")), wall_ms: number(first, "wallMs") };
    let (project, ping) = (config.project.clone(), config.heartbeat.message.clone());
    let mut client = Client::new(config, [seed(0), seed(1), seed(2), seed(3)], started);
    client.keep_steps(trace.len() + 1_000);
    let mut replay = Replay {
        client,
        own: String::new(),
        requests: BTreeMap::new(),
        created: BTreeMap::new(),
        introduced: Vec::new(),
        project,
        ping,
        ahead_ms: number(first, "wallMs").wrapping_sub(number(first, "at")),
    };
    replay.drain();
    for (at, entry) in trace.iter().enumerate().skip(1) {
        if replay.client.steps() > at as u64 {
            continue;
        }
        if entry["kind"] == "clock-set" {
            // Noticed with the input that follows, or with a tick that nothing came of.
            replay.ahead_ms = number(entry, "wallMs").wrapping_sub(number(entry, "at"));
            if trace.get(at + 1).is_none_or(|next| next["at"] != entry["at"]) {
                replay.input(number(entry, "at"), Input::Tick);
            }
            continue;
        }
        let then = trace.get(at + 1..).unwrap_or_default();
        if !replay.feed(entry, then) {
            replay.input(number(entry, "at"), Input::Tick);
        }
        if replay.client.steps() <= at as u64 {
            // Perhaps it went another way before.
            replay.compare(trace.get(..at).unwrap_or_default())?;
            return Err(format!("step {at} was not taken again: {entry}\n{}", replay.tail(trace, at)));
        }
    }
    replay.compare(trace)
}

struct Replay {
    client: Client,
    /// The client's own stream, once it sent something.
    own: String,
    /// Ids of the messages that asked for channels.
    requests: BTreeMap<String, String>,
    /// Events that the client's own writes made, by sequence.
    created: BTreeMap<u64, String>,
    /// Channels that the program subscribed to.
    introduced: Vec<u64>,
    project: Option<String>,
    /// The type of its pings.
    ping: String,
    /// What the wall clock is ahead of the monotonic one.
    ahead_ms: u64,
}

fn number(entry: &Value, name: &str) -> u64 {
    entry[name].as_u64().unwrap_or(0)
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn event(id: &str) -> Value {
    json!({ "id": id, "title": "x", "startDate": "2026-01-01", "endDate": "2026-01-02", "version": 1 })
}

impl Replay {
    fn input(&mut self, at: u64, input: Input<'_>) {
        let now = Now { mono: Timestamp(at), wall_ms: at.wrapping_add(self.ahead_ms) };
        // A refused call leaves no step, and is found missing.
        let _reply = self.client.handle(now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            if let Output::Effect(Effect::SendText(_, frame) | Effect::SendDeflated(_, frame)) = output {
                let frame: Value = serde_json::from_str(&frame).unwrap_or(Value::Null);
                match frame.as_array() {
                    Some(messages) => messages.iter().for_each(|message| self.on_sent(message)),
                    None => self.on_sent(&frame),
                }
            }
        }
    }

    fn on_sent(&mut self, message: &Value) {
        let (id, payload) = (text(message, "id"), &message["payload"]);
        if let Some((own, _)) = id.rsplit_once('/') {
            self.own = own.to_owned();
        }
        match text(message, "type") {
            "subscribe" => {
                let project = payload["projectId"].as_str().map(|project| format!("project:{project}"));
                let channel = project.unwrap_or_else(|| text(payload, "channel").to_owned());
                self.requests.insert(channel, id.to_owned());
            }
            "event:create" => {
                self.created.insert(number(message, "seq"), text(payload, "id").to_owned());
            }
            _ => {}
        }
    }

    /// A channel by its number. One that the program did not subscribe to is that of the configuration.
    fn channel(&self, number: u64) -> String {
        match &self.project {
            Some(project) if !self.introduced.contains(&number) => format!("project:{project}"),
            _ => format!("channel:{number}"),
        }
    }

    /// The same of one that the program may subscribe to later.
    fn channel_of(&self, channel: u64, then: &[Value]) -> String {
        let introduces = |step: &&Value| step["call"] == "subscribe" && number(step, "channel") == channel;
        match then.iter().find(introduces) {
            Some(_) => format!("channel:{channel}"),
            None => self.channel(channel),
        }
    }

    /// Gives the client what the step stands for; `false` for a step that something else has to lead to.
    fn feed(&mut self, entry: &Value, then: &[Value]) -> bool {
        let at = number(entry, "at");
        let pipe = PipeId(number(entry, "pipe"));
        match text(entry, "kind") {
            "call" => self.call(at, entry, then.first()),
            "signal" => {
                let signal = match text(entry, "signal") {
                    "online" => Signal::Online,
                    "offline" => Signal::Offline,
                    "visible" => Signal::Visible,
                    "hidden" => Signal::Hidden,
                    "resumed" => Signal::Resumed,
                    "frozen" => Signal::Frozen,
                    _ => Signal::Suspended,
                };
                self.input(at, Input::Signal(signal));
            }
            "opened" => self.input(at, Input::Pipe(pipe, PipeEvent::Opened)),
            "closed" => {
                let code = u16::try_from(number(entry, "code")).unwrap_or(1006);
                self.input(at, Input::Pipe(pipe, PipeEvent::Closed { code, reason: "" }));
            }
            "buffered" => self.input(at, Input::Pipe(pipe, PipeEvent::Buffered(number(entry, "bytes")))),
            "aside" => self.input(at, Input::Pipe(pipe, PipeEvent::Text(r#"{"type":"pong"}"#))),
            "received" => self.received(at, entry, then),
            "malformed" => self.frame(at, "?"),
            "token" => {
                let token = match (text(entry, "token"), number(entry, "expiresMs")) {
                    ("given", 0) => Ok("opaque".to_owned()),
                    ("given", expires_ms) => Ok(token_until(expires_ms)),
                    _ => Err("refused".to_owned()),
                };
                self.input(at, Input::Token(token));
            }
            "loaded" => {
                let others = then.iter().filter(|step| step["kind"] != "restored").cloned();
                let mut rows = rows_of(entry, self.ahead_ms, &others.collect::<Vec<_>>());
                rows.extend(then.iter().filter(|step| step["kind"] == "restored").map(|step| {
                    let position =
                        Position { epoch: format!("e{}", number(step, "epoch")), seq: number(step, "seq") };
                    kept_row(&self.channel_of(number(step, "channel"), then), &position)
                }));
                self.input(at, Input::Storage(StorageEvent::Loaded(rows)));
            }
            "lost" => self.input(at, Input::Storage(StorageEvent::Lost)),
            "keeper" => self.input(at, Input::Storage(StorageEvent::Keeper)),
            "left" => self.input(at, Input::Storage(StorageEvent::Left)),
            "wiped" => self.input(at, Input::Storage(StorageEvent::Wiped)),
            "not-wiped" => {
                let event = StorageEvent::NotWiped(number(entry, "pending"), String::new());
                self.input(at, Input::Storage(event));
            }
            "unavailable" => {
                let event = StorageEvent::Unavailable(trouble_of(entry), String::new());
                self.input(at, Input::Storage(event));
            }
            "committed" => {
                let batch = BatchId(number(entry, "batch"));
                self.input(at, Input::Storage(StorageEvent::Committed(batch)));
            }
            "aborted" => {
                let event =
                    StorageEvent::Aborted(BatchId(number(entry, "batch")), trouble_of(entry), String::new());
                self.input(at, Input::Storage(event));
            }
            _ => return false,
        }
        true
    }

    /// What arrived with this message in one frame: everything until a step that comes of a frame as a whole.
    fn received(&mut self, at: u64, entry: &Value, then: &[Value]) {
        let (mut messages, mut later, mut last) = (Vec::new(), Vec::new(), at);
        let rest = then.iter().enumerate().take_while(|(_, step)| OF_A_MESSAGE.contains(&text(step, "kind")));
        let rest = rest.map(|(place, step)| (step, then.get(place + 1..).unwrap_or_default()));
        for (step, then) in std::iter::once((entry, then)).chain(rest) {
            if step["kind"] != "received" {
                continue;
            }
            if number(step, "at") != at || last != at {
                break;
            }
            last = step["until"].as_u64().unwrap_or(at);
            let count = number(step, "messages");
            for nth in 0..count {
                // What came of a run came of its last message.
                let message = self.message(step, nth, if nth + 1 == count { then } else { &[] });
                (if nth == 0 || last == at { &mut messages } else { &mut later }).push(message);
            }
        }
        for (at, messages) in [(at, messages), (last, later)] {
            if !messages.is_empty() {
                self.frame(at, &Value::Array(messages).to_string());
            }
        }
    }

    /// A frame on the connection in use, which is the last that opened unless that was closed.
    fn frame(&mut self, at: u64, frame: &str) {
        if let Some(pipe) = self.client.pipe() {
            self.input(at, Input::Pipe(pipe, PipeEvent::Text(frame)));
        }
    }

    fn call(&mut self, at: u64, entry: &Value, next: Option<&Value>) {
        let failed = || self.client.failed().next().map(|(id, _)| id.clone()).unwrap_or_default();
        let bytes = usize::try_from(number(entry, "bytes")).unwrap_or(2).max(2);
        let call = match text(entry, "call") {
            "connect" => Call::Connect,
            "disconnect" => Call::Disconnect,
            "reconnect" => Call::Reconnect,
            name @ ("send" | "send:ping") => Call::Send {
                kind: if name == "send" { "note" } else { self.ping.as_str() }.to_owned(),
                payload: format!("\"{}\"", "x".repeat(bytes - 2)),
                ack: entry["ackMs"].as_u64().map(Some),
            },
            "subscribe" => {
                let number = number(entry, "channel");
                self.introduced.push(number);
                Call::Subscribe(self.channel(number))
            }
            "unsubscribe" => Call::Unsubscribe(self.channel(number(entry, "channel"))),
            // Of all that is told of a write, only this depends on which event it is about.
            "updateEvent" | "deleteEvent" if next.is_some_and(|next| next["kind"] == "squashed") => {
                let (seq, taken_back) =
                    next.map_or((0, 0), |next| (number(next, "seq"), number(next, "takenBack")));
                let held = self.client.pending().filter(|write| write.id.seq == seq).last();
                let event = held.map_or(String::new(), |write| write.event.to_string());
                let changes = r#"{"title":"y"}"#.to_owned();
                if taken_back == 1 { Call::Delete(event) } else { Call::Update(event, changes) }
            }
            "updateEvent" | "deleteEvent" if next.is_some_and(|next| next["kind"] == "folded") => {
                let event = self.parked(0).map_or(String::new(), |(event, _)| event);
                Call::Update(event, r#"{"title":"y"}"#.to_owned())
            }
            // What makes a write of it, or none.
            "resolveConflict" => {
                let id =
                    self.client.conflicts().next().map(|conflict| conflict.id.clone()).unwrap_or_default();
                let (event_id, there) = self.parked(0).unwrap_or_default();
                let resolved = match (number(entry, "number") == 1, there) {
                    (true, None) => event(&event_id).to_string(),
                    (false, Some(there)) => there,
                    (true, Some(_)) | (false, None) => "null".to_owned(),
                };
                Call::ResolveConflict(id, resolved)
            }
            // The protocol carries them all alike.
            "createEvent" | "updateEvent" | "deleteEvent" => {
                let mut event = event("");
                event.as_object_mut().map(|fields| fields.remove("id"));
                Call::Create(event.to_string())
            }
            "flush" => Call::Flush,
            "retryFailedAction" => Call::RetryFailed(failed()),
            "discardFailedAction" => Call::DiscardFailed(failed()),
            "logout:flush" => Call::Logout(OnPending::Flush),
            "logout:keep" => Call::Logout(OnPending::Keep),
            "logout:discard" => Call::Logout(OnPending::Discard),
            "destroy" => Call::Destroy,
            "user:selection" => Call::Presence("user:selection", "{}".to_owned()),
            "user:typing" => Call::Presence("user:typing", "{}".to_owned()),
            _ => Call::Presence("user:editing", "{}".to_owned()),
        };
        self.input(at, Input::Call(call));
    }

    fn compare(&self, trace: &[Value]) -> Result<(), String> {
        let again = self.taken();
        for (at, (before, again)) in trace.iter().zip(&again).enumerate() {
            if essence(before) != essence(again) {
                let tail = self.tail(trace, at);
                return Err(format!("step {at} was {before}\n  and is now {again}\n{tail}"));
            }
        }
        match again.get(trace.len()) {
            Some(more) => Err(format!("there are more steps than there were: {more}")),
            None => Ok(()),
        }
    }

    fn taken(&self) -> Vec<Value> {
        serde_json::from_str(&self.client.trace()).unwrap_or_default()
    }

    /// Both sides around a step, for whoever has to find out why.
    fn tail(&self, trace: &[Value], at: usize) -> String {
        let again = self.taken();
        let from = at.saturating_sub(12);
        let line = |list: &[Value], at: usize| list.get(at).map(Value::to_string).unwrap_or_default();
        (from..at + 3).map(|at| format!("  {} | {}\n", line(trace, at), line(&again, at))).collect()
    }
}

/// What of a step does not depend on what messages said.
fn essence(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(fields) = entry.as_object_mut() {
        for name in MADE_UP {
            fields.remove(*name);
        }
        // A write is a write.
        if fields.get("kind").is_some_and(|kind| kind == "call") {
            let call = fields.get("call").and_then(Value::as_str);
            if matches!(call, Some("updateEvent" | "deleteEvent")) {
                fields.insert("call".to_owned(), json!("createEvent"));
            }
        }
    }
    entry
}
