//! The server's logic with hostile clients: a conversation, one step a line.
//!
//! | first byte | step |
//! | --- | --- |
//! | `0`–`4` | that client says the rest of the line |
//! | `+` | the client of the next byte connects; `+0a` with the token of ana |
//! | `-` | it hangs up |
//! | `b` | it sends a compressed text: the rest of the line; `!` is too large, `?` broken, nothing is something else |
//! | `o` | it does not read |
//! | `j`, `J` | the storage does one job, all jobs |
//! | `w` | so many ms pass |
//! | `!` | the server begins to end |
//!
//! Any other byte is one of these. Three users can sign in: ana may see the project p, bob q, cyd both. Whatever they say,
//! nobody gets to see what he may not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::json::{Fields, each_item, validate};
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime::core::wire::{Envelope, Kind, read_binary, read_frame};
use baro_realtime_server::access::{Access, Claims, User};
use baro_realtime_server::fault::{Code, Fault};
use baro_realtime_server::hub::{ConnectionId, Frame, Hub, Input, Job, Mode, Output, Ticket, Unpacked};
use baro_realtime_server::ledger::{Memory, Stamp, decide, greet, load_or_take};
use baro_realtime_server::limits::{Limits, Rules};

/// Clients that there can be at once.
const CLIENTS: u64 = 5;
/// Steps of one conversation.
const STEPS_MAX: usize = 300;
/// Far above what any one step may cause: a channel with a few hundred events, told to five.
const OUTPUTS_MAX: usize = 2_000;

struct World {
    hub: Hub,
    tables: Memory,
    now: Now,
    jobs: VecDeque<(Ticket, Job)>,
    /// The connection of each client.
    current: BTreeMap<u64, ConnectionId>,
    opened: u64,
    /// Who a connection is signed in as.
    users: BTreeMap<ConnectionId, &'static str>,
}

/// Nothing of a project comes to who may not see it, and nothing brings the server down.
pub(crate) fn hub(data: &[u8]) {
    let mut world = World {
        hub: Hub::new(Mode::SignedIn, Limits { faults: 1_000, ..Limits::default() }),
        tables: Memory::new("epoch-1"),
        now: Now { mono: Timestamp(1_000), wall_ms: 1_700_000_000_000 },
        jobs: VecDeque::new(),
        current: BTreeMap::new(),
        opened: 0,
        users: BTreeMap::new(),
    };
    for line in data.split(|byte| *byte == b'\n').take(STEPS_MAX) {
        if let Some((first, rest)) = line.split_first() {
            world.step(*first, &String::from_utf8_lossy(rest));
        }
    }
    while world.store_one() {}
    assert_eq!(world.hub.gauges().jobs, 0, "a job was never given back");
}

fn projects_of(user: &str) -> BTreeSet<String> {
    let seen: &[&str] = match user {
        "ana" => &["p"],
        "bob" => &["q"],
        _ => &["p", "q"],
    };
    seen.iter().map(|project| (*project).to_owned()).collect()
}

/// A token of this world is a name.
fn user_of(token: &str) -> Option<&'static str> {
    ["ana", "bob", "cyd"].into_iter().find(|user| *user == token)
}

fn claims_of(token: &str, now: Now) -> Result<Claims, Fault> {
    let user = user_of(token).ok_or_else(|| Fault::new(Code::Unauthorized, "no such token"))?;
    Ok(Claims {
        user: User::new(user, None, None, None),
        access: Access::Projects(Arc::new(projects_of(user))),
        expires_s: now.wall_ms / 1_000 + 3_600,
    })
}

impl World {
    fn step(&mut self, first: u8, rest: &str) {
        const STEPS: &[u8] = b"01234+-bojJw!";
        let known = if STEPS.contains(&first) { first } else { STEPS[usize::from(first) % STEPS.len()] };
        let client = rest.bytes().next().map_or(0, |byte| u64::from(byte) % CLIENTS);
        let connection = self.current.get(&client).copied();
        match known {
            b'+' => self.connect(client, rest.get(1..).unwrap_or_default()),
            b'-' => self.feed_to(connection, |connection| Input::Closed { connection }),
            b'b' => {
                let content = match rest.get(1..).unwrap_or_default() {
                    "" => Unpacked::Unknown,
                    "!" => Unpacked::TooLarge,
                    "?" => Unpacked::Broken,
                    text => Unpacked::Text(text.to_owned()),
                };
                self.feed_to(connection, |connection| Input::ReceivedBinary { connection, content });
            }
            b'o' => self.feed_to(connection, |connection| Input::Overflowed { connection }),
            b'j' => drop(self.store_one()),
            b'J' => while self.store_one() {},
            b'w' => self.pass(rest.trim().parse::<u64>().unwrap_or(50).min(100_000)),
            b'!' => self.feed(Input::Drain { window_ms: 1_000 }),
            _ => {
                let connection = self.current.get(&(u64::from(known) % CLIENTS)).copied();
                let text = rest.to_owned();
                self.feed_to(connection, |connection| Input::Received { connection, text });
            }
        }
    }

    fn connect(&mut self, client: u64, token: &str) {
        let before = self.current.get(&client).copied();
        self.feed_to(before, |connection| Input::Closed { connection });
        self.opened += 1;
        let connection = ConnectionId(self.opened);
        self.current.insert(client, connection);
        let token = (!token.is_empty()).then(|| self.verify(connection, token));
        // Every other client could read binary frames.
        self.feed(Input::Opened { connection, token, binary: client.is_multiple_of(2) });
    }

    fn verify(&mut self, connection: ConnectionId, token: &str) -> Result<Claims, Fault> {
        if let Some(user) = user_of(token) {
            // A later token of another user changes nothing.
            self.users.entry(connection).or_insert(user);
        }
        claims_of(token, self.now)
    }

    fn feed_to(&mut self, connection: Option<ConnectionId>, input: impl FnOnce(ConnectionId) -> Input) {
        if let Some(connection) = connection {
            self.feed(input(connection));
        }
    }

    fn feed(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.hub.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "one step causes outputs without end");
            match output {
                Output::Send { connection, frame, .. } => self.judge(connection, &frame),
                Output::Close { connection, reason, .. } => {
                    assert!(reason.len() <= 123);
                    self.current.retain(|_, current| *current != connection);
                }
                Output::Store { ticket, job } => self.jobs.push_back((ticket, job)),
                Output::Verify { connection, token } => {
                    let result = self.verify(connection, &token.0);
                    self.hub.handle(self.now, Input::Verified { connection, result });
                }
            }
        }
    }

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
                let result = load_or_take(&self.tables, &rules, &channel, position.as_ref(), None);
                Input::Loaded { ticket, result }
            }
        };
        self.feed(input);
        true
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now.mono.after(ms);
        let mut timers = 0;
        while let Some(at) = self.hub.poll_timeout().filter(|at| *at <= end) {
            timers += 1;
            assert!(timers < 100_000, "timers without end");
            self.now.wall_ms += at.since(self.now.mono);
            self.now.mono = at.max(self.now.mono);
            self.feed(Input::TimePassed);
        }
        self.now.wall_ms += end.since(self.now.mono);
        self.now.mono = end;
    }

    /// Looks at what comes to a connection.
    fn judge(&self, connection: ConnectionId, frame: &Frame) {
        let user = self.users.get(&connection).copied();
        let messages = match frame {
            Frame::Text(text) => read_frame(text),
            Frame::Binary(bytes) => read_binary(bytes),
        };
        for message in messages.expect("the server sends frames") {
            let message = message.expect("the server sends messages");
            let Some(user) = user else {
                let answers = matches!(message.kind, Kind::Error | Kind::Pong | Kind::Drain);
                assert!(answers, "nobody is signed in and gets {}", message.whole());
                continue;
            };
            judge_message(&message, user);
        }
    }
}

fn judge_message(message: &Envelope<'_>, user: &str) {
    let may = projects_of(user);
    let sees = |project: &str| may.contains(project);
    let sees_channel = |channel: &str| channel.strip_prefix("project:").is_none_or(sees);
    let text = message.whole();
    if message.kind == Kind::Error {
        // It may name what was asked for, and nothing else: what it says is about the question.
        return;
    }
    assert!(message.channel.as_deref().is_none_or(sees_channel), "{user} gets {text}");
    let Ok(payload) = Fields::parse(message.payload) else { return };
    if let Some(channel) = payload.string("channel") {
        assert!(sees_channel(&channel), "{user} gets {text}");
    }
    if let Some(project) = payload.string("movedTo").as_deref().and_then(|to| to.strip_prefix("project:")) {
        assert!(sees(project), "{user} gets {text}");
    }
    // Whole events, wherever they stand.
    let is_event = |fields: &Fields| fields.get("title").is_some() && fields.get("startDate").is_some();
    let mut events: Vec<Fields> = Vec::new();
    if is_event(&payload) {
        events.push(payload.clone());
    }
    if let Some(list) = payload.get("events") {
        let each = each_item(list, |event| events.push(Fields::parse(event).expect("an event")));
        assert!(each.is_ok(), "{text}");
    }
    for event in events {
        let project = event.string("projectId").unwrap_or_else(|| "default".to_owned());
        assert!(sees(&project), "{user} gets {text}");
        assert!(validate(&event.to_text()).is_ok());
    }
}
