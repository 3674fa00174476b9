//! The hub, driven by hand over the tables in memory.

mod binary;
mod flow;
mod hostile;
mod presence;
mod sign_in;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::json::{Fields, each_item};
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime::core::wire;

use super::{ConnectionId, Frame, Hub, Input, Job, Mode, Output, Ticket, Unpacked};
use crate::access::{Access, Claims, User};
use crate::fault::{Code, Fault};
use crate::ledger::{Loaded, Memory, Snapshot, Stamp, decide, greet, load_or_take};
use crate::limits::{Limits, Rules};

/// A hub, its storage, and what reached each connection.
struct World {
    hub: Hub,
    tables: Memory,
    /// The last snapshots, as the storage keeps them.
    taken: BTreeMap<Arc<str>, Arc<Snapshot>>,
    now: Now,
    /// Jobs that the storage has not begun.
    jobs: VecDeque<(Ticket, Job)>,
    frames: BTreeMap<u64, Vec<Frame>>,
    /// Whether the last frame to a connection may be compressed.
    deflate: BTreeMap<u64, bool>,
    closed: BTreeMap<u64, u16>,
}

impl World {
    fn new(mode: Mode, limits: Limits) -> Self {
        let now = Now { mono: Timestamp(1_000), wall_ms: 1_700_000_000_000 };
        Self {
            hub: Hub::new(mode, limits),
            tables: Memory::new("epoch-1"),
            taken: BTreeMap::new(),
            now,
            jobs: VecDeque::new(),
            frames: BTreeMap::new(),
            deflate: BTreeMap::new(),
            closed: BTreeMap::new(),
        }
    }

    fn open() -> Self {
        Self::new(Mode::Open, Limits::default())
    }

    fn signed_in() -> Self {
        Self::new(Mode::SignedIn, Limits::default())
    }

    /// Handles an input and does what follows, but for the storage's jobs.
    fn feed(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { connection, frame, deflate, .. } => {
                    self.deflate.insert(connection.0, deflate);
                    self.frames.entry(connection.0).or_default().push(frame);
                }
                Output::Close { connection, code, .. } => {
                    self.closed.insert(connection.0, code);
                }
                Output::Store { ticket, job } => self.jobs.push_back((ticket, job)),
                Output::Verify { connection, token } => {
                    let result = claims_of(&token.0, self.now.wall_ms);
                    self.hub.handle(self.now, Input::Verified { connection, result });
                }
            }
        }
    }

    /// Does one job.
    fn store_one(&mut self) -> bool {
        let Some((ticket, job)) = self.jobs.pop_front() else { return false };
        let rules = Rules::default();
        let input = match job {
            Job::Write(write) => {
                let stamp = Stamp { wall_ms: self.now.wall_ms, event_id: format!("made-{}", ticket.0) };
                let result = decide(&mut self.tables, &rules, &write, &stamp);
                Input::Decided { ticket: Some(ticket), result }
            }
            Job::Greet { client, owner, acked } => {
                Input::Greeted { ticket, result: greet(&mut self.tables, &client, &owner, acked) }
            }
            Job::Load { channel, position } => {
                let taken = self.taken.get(&channel);
                let result = load_or_take(&self.tables, &rules, &channel, position.as_ref(), taken);
                if let Ok(Loaded::Snapshot(snapshot)) = &result {
                    self.taken.insert(channel, Arc::clone(snapshot));
                }
                Input::Loaded { ticket, result }
            }
        };
        self.feed(input);
        true
    }

    fn store_all(&mut self) {
        while self.store_one() {}
    }

    fn connect(&mut self, id: u64) {
        self.feed(Input::Opened { connection: ConnectionId(id), token: None, binary: true });
    }

    fn say(&mut self, id: u64, text: &str) {
        self.feed(Input::Received { connection: ConnectionId(id), text: text.to_owned() });
    }

    /// The same, and the storage does what it was asked.
    fn say_stored(&mut self, id: u64, text: &str) {
        self.say(id, text);
        self.store_all();
    }

    fn hang_up(&mut self, id: u64) {
        self.feed(Input::Closed { connection: ConnectionId(id) });
    }

    /// A greeted `baro.v1` connection of a user, subscribed to `project:p`.
    fn join(&mut self, id: u64, user: &str) {
        self.connect(id);
        self.say_stored(id, &hello(&format!("client-{id}"), user, 0));
        self.say_stored(id, &subscribe("project:p"));
        self.take(id);
    }

    /// A plain one.
    fn join_plain(&mut self, id: u64, user: &str) {
        self.connect(id);
        self.say(id, &format!(r#"{{"type":"subscribe","userId":"{user}","payload":{{"projectId":"p"}}}}"#));
        self.take(id);
    }

    /// Lets time pass, with every timer that falls due on the way.
    fn pass(&mut self, ms: u64) {
        let end = self.now.mono.after(ms);
        while let Some(at) = self.hub.poll_timeout().filter(|at| *at <= end) {
            self.step_to(at);
            self.feed(Input::TimePassed);
        }
        self.step_to(end);
    }

    fn step_to(&mut self, at: Timestamp) {
        self.now.wall_ms += at.since(self.now.mono);
        self.now.mono = at.max(self.now.mono);
    }

    /// What reached a connection since the last time, one text a message.
    fn take(&mut self, id: u64) -> Vec<String> {
        let mut messages = Vec::new();
        for frame in self.frames.remove(&id).unwrap_or_default() {
            let read = match &frame {
                Frame::Text(text) => wire::Frame::Text(text).read(),
                Frame::Binary(bytes) => wire::Frame::Binary(bytes).read(),
            };
            let read = read.expect("a frame").into_iter().map(|message| message.expect("a message"));
            messages.extend(read.map(|message| message.whole().into_owned()));
        }
        messages
    }

    /// The types of it.
    fn take_types(&mut self, id: u64) -> Vec<String> {
        self.take(id).iter().map(|message| field(message, "type")).collect()
    }
}

/// Whether two frames are one in memory.
fn is_shared(one: &Frame, other: &Frame) -> bool {
    match (one, other) {
        (Frame::Text(one), Frame::Text(other)) => Arc::ptr_eq(one, other),
        (Frame::Binary(one), Frame::Binary(other)) => Arc::ptr_eq(one, other),
        (Frame::Text(_), Frame::Binary(_)) | (Frame::Binary(_), Frame::Text(_)) => false,
    }
}

/// A token of these tests is `user:project,project:seconds`.
fn claims_of(token: &str, wall_ms: u64) -> Result<Claims, Fault> {
    let bad = || Fault::new(Code::Unauthorized, "bad");
    let mut parts = token.split(':');
    let user = User::new(parts.next().filter(|user| *user != "bad").ok_or_else(bad)?, None, None, None);
    let projects: BTreeSet<String> = parts.next().unwrap_or("p").split(',').map(str::to_owned).collect();
    let lifetime_s = parts.next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(3_600);
    let access = if projects.contains("*") { Access::All } else { Access::Projects(Arc::new(projects)) };
    Ok(Claims { user, access, expires_s: wall_ms / 1_000 + lifetime_s })
}

/// A field of a message: a string as its text, anything else raw.
fn field(message: &str, key: &str) -> String {
    let fields = Fields::parse(message).expect("an object");
    fields.string(key).or_else(|| fields.get(key).map(str::to_owned)).unwrap_or_default()
}

fn code(message: &str) -> String {
    field(&field(message, "payload"), "code")
}

fn hello(client: &str, user: &str, acked: u64) -> String {
    format!(
        r#"{{"type":"hello","id":"h","payload":{{"versions":["baro.v1"],"client":"{client}","acked":{acked},"user":{{"id":"{user}"}}}}}}"#
    )
}

fn auth(token: &str) -> String {
    format!(r#"{{"type":"auth","id":"a","payload":{{"token":"{token}"}}}}"#)
}

fn subscribe(channel: &str) -> String {
    format!(r#"{{"type":"subscribe","id":"s","payload":{{"channel":"{channel}"}}}}"#)
}

fn create(seq: u64, id: &str) -> String {
    let dates = r#""startDate":"2026-03-01","endDate":"2026-03-02","projectId":"p""#;
    format!(
        r#"{{"type":"event:create","id":"w{seq}","seq":{seq},"payload":{{"id":"{id}","title":"{id}",{dates}}}}}"#
    )
}

fn cursor(x: u32) -> String {
    format!(r#"{{"type":"user:cursor","payload":{{"x":{x},"y":0.5}}}}"#)
}
