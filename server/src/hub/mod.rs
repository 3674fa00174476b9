//! Who is connected, who listens to what, and who is told.
//!
//! Owns connections, sign-in, subscriptions, presence, fan-out and limits: everything of `docs/PROTOCOL.md` but what a
//! write does to the data. Guarantees: the same inputs give the same outputs; a message is encoded once however many get
//! it; a subscriber gets every change after what he was given, once and in order; nothing of a project reaches somebody
//! who may not see it; no input makes it panic. Refuses to know sockets, clocks, databases, and how a token is checked.
//!
//! Use: [`Hub::handle`] whatever happens, then [`Hub::poll_output`] until it is empty. When the time of
//! [`Hub::poll_timeout`] has come, handle [`Input::TimePassed`]. Many inputs may be handled before the outputs are drained:
//! what they send to one `baro.v1` connection travels in one frame then.

mod binary;
mod connection;
mod doing;
mod greet;
mod io;
mod message;
mod metrics;
mod outbox;
mod presence;
mod quota;
mod receive;
mod roster;
mod sign_in;
mod snapshot;
mod subscribe;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::time::{Now, Timestamp};

use crate::limits::Limits;
use connection::{Connection, Dialect, SignIn};
use outbox::Joined;
use quota::Quotas;
use roster::Roster;
use snapshot::Encoded;
use write::PendingWrite;

pub use io::{ConnectionId, Frame, Input, Job, Output, Ticket, Token, Unpacked};
pub use metrics::{Counters, Gauges};

/// How users are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A client is who it says it is, and may do everything.
    Open,
    /// A client is who its token says it is.
    SignedIn,
}

/// What a timer is for. Timers are never taken back: when one fires, the state says whether it still means something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    SignIn(ConnectionId),
    Expiry(ConnectionId),
    Silence(ConnectionId),
    AuthAck(ConnectionId),
    Leave { channel: Arc<str>, user: Arc<str> },
    Untell { connection: ConnectionId, user: Arc<str> },
    Tick,
    DrainEnd,
}

/// What the storage is doing for the hub.
#[derive(Debug)]
enum Pending {
    Write(PendingWrite),
    Greet(ConnectionId),
    Load(ConnectionId, subscribe::PendingLoad),
}

/// A channel that somebody listens to.
#[derive(Debug, Default)]
struct Channel {
    subscribers: BTreeSet<ConnectionId>,
    /// The number of the last change and the digest with it, once they are known.
    head: Option<(u64, u64)>,
}

/// The server's logic above the data.
#[derive(Debug)]
pub struct Hub {
    mode: Mode,
    limits: Limits,
    connections: BTreeMap<ConnectionId, Connection>,
    channels: BTreeMap<Arc<str>, Channel>,
    roster: Roster,
    quotas: Quotas,
    pending: BTreeMap<Ticket, Pending>,
    last_ticket: u64,
    timers: BTreeSet<(Timestamp, Timer)>,
    /// Connections with something in their queue.
    dirty: BTreeSet<ConnectionId>,
    joined: Joined,
    /// The last snapshots, the latest first.
    encoded: Vec<Encoded>,
    outputs: VecDeque<Output>,
    counters: Counters,
    /// When connections are closed even if the storage is still at work.
    drain_until: Option<Timestamp>,
}

impl Hub {
    /// A hub without connections.
    pub fn new(mode: Mode, limits: Limits) -> Self {
        Self {
            mode,
            limits,
            connections: BTreeMap::new(),
            channels: BTreeMap::new(),
            roster: Roster::default(),
            quotas: Quotas::default(),
            pending: BTreeMap::new(),
            last_ticket: 0,
            timers: BTreeSet::new(),
            dirty: BTreeSet::new(),
            joined: Joined::default(),
            encoded: Vec::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            drain_until: None,
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        // After a pause of the whole process much comes at once: whose time was over meanwhile is told nothing any more.
        self.on_time_passed(now);
        match input {
            Input::Opened { connection, token, binary } => self.on_opened(now, connection, token, binary),
            Input::Received { connection, text } => self.on_received(now, connection, text),
            Input::ReceivedBinary { connection, content } => {
                self.on_received_binary(now, connection, content);
            }
            Input::Heard { connection } => self.on_heard(now, connection),
            Input::Closed { connection } => self.forget(now, connection),
            Input::Overflowed { connection } => {
                self.counters.overflows += 1;
                self.close(now, connection, 4429, "reading too slowly");
            }
            Input::Verified { connection, result } => self.on_verified(now, connection, result),
            Input::Decided { ticket, result } => self.on_decided(ticket, result),
            Input::Greeted { ticket, result } => self.on_greeted(now, ticket, result),
            Input::Loaded { ticket, result } => self.on_loaded(now, ticket, result),
            Input::TimePassed => {}
            Input::Drain { window_ms } => self.on_drain(now, window_ms),
        }
    }

    /// What has to be done next; `None` when nothing is left.
    pub fn poll_output(&mut self) -> Option<Output> {
        while self.outputs.is_empty() {
            let connection = self.dirty.pop_first()?;
            self.flush(connection);
        }
        self.outputs.pop_front()
    }

    /// When [`Input::TimePassed`] is due.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The sums since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How much there is now.
    pub fn gauges(&self) -> Gauges {
        Gauges {
            connections: self.connections.len(),
            baro_connections: self.connections.values().filter(|one| one.is_baro()).count(),
            channels: self.channels.len(),
            users: self.roster.people(),
            jobs: self.pending.len(),
        }
    }

    /// Whether a drain has ended every connection.
    pub fn is_drained(&self) -> bool {
        self.drain_until.is_some() && self.connections.is_empty()
    }

    fn start_timer(&mut self, at: Timestamp, timer: Timer) {
        self.timers.insert((at, timer));
    }

    fn submit(&mut self, job: Job, pending: impl FnOnce(Ticket) -> Pending) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.pending.insert(ticket, pending(ticket));
        self.outputs.push_back(Output::Store { ticket, job });
        ticket
    }

    fn on_heard(&mut self, now: Now, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.heard_at = now.mono;
            connection.spoke = true;
        }
    }

    fn on_time_passed(&mut self, now: Now) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now.mono) {
            let later = self.timers.split_off(&(now.mono.after(1), Timer::SignIn(ConnectionId(0))));
            let due = std::mem::replace(&mut self.timers, later);
            // After a pause many are due: those that end a connection come before those that tell it something.
            let (over, rest): (Vec<_>, Vec<_>) =
                due.into_iter().partition(|(_, timer)| matches!(timer, Timer::Expiry(_)));
            for (at, timer) in over.into_iter().chain(rest) {
                self.on_timer(now, at, timer);
            }
        }
    }

    fn on_timer(&mut self, now: Now, at: Timestamp, timer: Timer) {
        match timer {
            Timer::SignIn(id) => self.on_sign_in_late(now, id),
            Timer::Expiry(id) => self.on_expiry(now, id, at),
            Timer::Silence(id) => self.on_silence(now, id),
            Timer::AuthAck(id) => self.send_auth_ack(id),
            Timer::Leave { channel, user } => self.on_leave_grace_over(now, &channel, &user),
            Timer::Untell { connection, user } => self.untell(connection, &user),
            Timer::Tick => self.on_tick(now),
            Timer::DrainEnd => self.on_drain_end(now),
        }
    }

    fn on_silence(&mut self, now: Now, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let due = connection.heard_at.after(self.limits.silence_limit_ms());
        if due > now.mono {
            self.start_timer(due, Timer::Silence(id));
        } else {
            self.close(now, id, 1001, "nothing heard");
        }
    }

    /// Forgets a connection and everything that hangs on it.
    fn forget(&mut self, now: Now, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.dirty.remove(&id);
        if let Some(user) = &connection.user {
            self.count_out(&user.id);
        }
        for channel in &connection.subscriptions {
            self.drop_subscriber(now, id, channel, connection.user.as_deref());
        }
        if let Some(user) = &connection.user {
            self.depart(now, id, &user.id);
        }
    }

    /// Sends what waits, closes, and forgets.
    fn close(&mut self, now: Now, id: ConnectionId, code: u16, reason: &'static str) {
        if !self.connections.contains_key(&id) {
            return;
        }
        self.flush(id);
        self.outputs.push_back(Output::Close { connection: id, code, reason });
        self.counters.count_closed(code);
        self.forget(now, id);
    }

    fn on_drain(&mut self, now: Now, window_ms: u64) {
        self.drain_until = Some(now.mono.after(DRAIN_MS_MAX));
        let text = drain_message(window_ms);
        let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
        self.counters.count_sent("drain", all.len() as u64);
        for id in all {
            self.send(id, &text);
        }
        self.start_timer(now.mono.after(DRAIN_STEP_MS), Timer::DrainEnd);
    }

    /// Writes that are under way get their answers before the connections end.
    fn on_drain_end(&mut self, now: Now) {
        let late = self.drain_until.is_none_or(|until| until <= now.mono);
        if !late && !self.pending.is_empty() {
            return self.start_timer(now.mono.after(DRAIN_STEP_MS), Timer::DrainEnd);
        }
        let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in all {
            self.close(now, id, 1001, "going away");
        }
    }
}

/// From the word that the server ends to the end of its connections, and again while the storage is at work.
const DRAIN_STEP_MS: u64 = 100;
/// The same, whatever the storage does.
const DRAIN_MS_MAX: u64 = 2_000;

fn drain_message(window_ms: u64) -> Arc<str> {
    let payload = crate::object::Object::new().number("windowMs", window_ms).finish();
    Arc::from(crate::object::Object::new().string("type", "drain").raw("payload", &payload).finish())
}

impl Hub {
    /// What a connection may do and who it is, for those parts that need no more.
    fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    fn is_signed_in(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|connection| match connection.sign_in {
            SignIn::Open | SignIn::Done { .. } => true,
            SignIn::Expected => false,
            SignIn::Checking { again } => again,
        })
    }

    fn is_greeting(&self, id: ConnectionId) -> bool {
        self.connections
            .get(&id)
            .is_some_and(|connection| matches!(connection.dialect, Dialect::Greeting { .. }))
    }
}
