//! The server: the hub over the ledger, as the shell around them would run it.
//!
//! Owns the storage's one worker, which does jobs in their order and tells of them in the same order, and what a crash
//! leaves: everything committed, nothing else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::offline::Table;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime::core::transport::Transport;
use baro_realtime::core::wire::{Envelope, read_frame};
use baro_realtime_server::access::{Access, Claims, User};
use baro_realtime_server::fault::{Code, Fault};
use baro_realtime_server::hub::{ConnectionId, Frame, Hub, Input, Job, Mode, Output, Ticket, Token};
use baro_realtime_server::ledger::{self, Memory, Stamp, StorageError, Write};
use baro_realtime_server::limits::{Limits, Rules};

use crate::device::Device;
use crate::judge::{Violation, rights};
use crate::network::{End, Grant, Packet};
use crate::options::{Class, Options};
use crate::outage::Backup;
use crate::points::Point;
use crate::queue::Happening;
use crate::world::World;

/// Wall clock of the server at the beginning, ms.
pub(crate) const WALL_MS: u64 = 1_750_000_000_000;
/// How long a connection may outlive its token, ms.
const GRACE_MS: u64 = 1_000;
/// The number under which the server stands in the trace.
pub(crate) const SERVER: u64 = 99;

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) user: String,
    pub(crate) expires_s: u64,
    /// On the world's clock.
    pub(crate) at: u64,
}

/// The server and its data.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) up: bool,
    pub(crate) draining: bool,
    /// Counts starts: what belongs to an earlier one is void.
    pub(crate) life: u64,
    pub(crate) tables: Memory,
    pub(crate) failing: bool,
    pub(crate) wall_offset: u64,
    pub(crate) epochs: u64,
    /// Until when it stands still.
    pub(crate) paused_until: u64,
    /// It loses power at the next commit, which is kept (`true`) or lost.
    pub(crate) power_fails: Option<bool>,
    pub(crate) backup: Option<Backup>,
    /// All tokens ever made.
    pub(crate) issued: BTreeMap<String, Issued>,
    hub: Hub,
    mode: Mode,
    rules: Rules,
    limits: Limits,
    jobs: VecDeque<(u64, Option<Ticket>, Job)>,
    completions: VecDeque<(u64, Input)>,
    last_due: u64,
    flushing: bool,
    timer_at: Option<Timestamp>,
    made: u64,
}

impl Server {
    pub(crate) fn new(options: &Options) -> Self {
        let mode = if options.signed_in { Mode::SignedIn } else { Mode::Open };
        let limits = Limits {
            chunk_bytes: options.chunk_bytes,
            joined_bytes: options.joined_bytes,
            expiry_grace_ms: GRACE_MS,
            ..Limits::default()
        };
        let rules =
            Rules { history: options.history, history_slack: options.history / 4 + 1, ..Rules::default() };
        Self {
            up: true,
            draining: false,
            life: 0,
            tables: Memory::new("epoch0"),
            failing: false,
            wall_offset: 0,
            epochs: 0,
            paused_until: 0,
            power_fails: None,
            backup: None,
            issued: BTreeMap::new(),
            hub: Hub::new(mode, limits.clone()),
            mode,
            rules,
            limits,
            jobs: VecDeque::new(),
            completions: VecDeque::new(),
            last_due: 0,
            flushing: false,
            timer_at: None,
            made: 0,
        }
    }

    /// Another life, with the data of the one before.
    pub(crate) fn restart(&mut self) {
        self.life += 1;
        self.draining = false;
        self.hub = Hub::new(self.mode, self.limits.clone());
        self.jobs.clear();
        self.completions.clear();
        self.flushing = false;
        self.timer_at = None;
        self.paused_until = 0;
    }
}

/// The projects that a user may see.
pub(crate) fn projects_of(user: &str) -> BTreeSet<String> {
    let all: &[&str] = if user == "user2" { &["p0"] } else { &["p0", "p1"] };
    all.iter().map(|project| (*project).to_owned()).collect()
}

/// A web token (RFC 7519) as far as anybody looks into it.
pub(crate) fn token_of(number: usize, expires_s: u64) -> String {
    format!("e30.{}.t{number}", base64url(&format!("{{\"exp\":{expires_s}}}")))
}

fn base64url(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |bits: u32| char::from(LETTERS[(bits & 63) as usize]);
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        out.extend((0..=chunk.len()).map(|at| letter(bits >> (18 - 6 * at))));
    }
    out
}

impl World {
    fn server_now(&self) -> Now {
        Now { mono: Timestamp(self.now), wall_ms: WALL_MS + self.now + self.server.wall_offset }
    }

    /// Gives the server an input.
    pub(crate) fn serve(&mut self, input: Input) {
        if !self.server.up {
            return;
        }
        let now = self.server_now();
        self.server.hub.handle(now, input);
        if !self.server.flushing {
            self.server.flushing = true;
            let at = self.now + self.dice.server.below(3);
            self.queue.push(at, Happening::Flush(self.server.life));
        }
        let due = self.server.hub.poll_timeout();
        if due != self.server.timer_at {
            self.server.timer_at = due;
            if let Some(due) = due {
                self.queue.push(due.0.max(self.now), Happening::ServerTimer(self.server.life));
            }
        }
    }

    pub(crate) fn on_server_timer(&mut self) {
        if self.server.timer_at.is_some_and(|due| due.0 <= self.now) {
            self.server.timer_at = None;
            self.serve(Input::TimePassed);
        }
    }

    /// Does what the hub put out.
    pub(crate) fn flush_server(&mut self) -> Result<(), Violation> {
        self.server.flushing = false;
        while let Some(output) = self.server.hub.poll_output() {
            match output {
                Output::Send { connection, frame, .. } => {
                    let damaged = self.options.has(Class::Bus) && !self.healed && self.dice.server.chance(4);
                    let packet = match frame {
                        Frame::Text(text) if self.options.has(Class::Newer) => {
                            Packet::Frame(self.of_newer_version(&text))
                        }
                        Frame::Text(text) => Packet::Frame(text),
                        Frame::Binary(bytes) => Packet::Binary(bytes),
                    };
                    let packet = if damaged { self.damage(packet) } else { packet };
                    self.trace.note_packet(self.now, SERVER, "sends", &packet);
                    if self.options.signed_in {
                        let grant =
                            self.network.connections.get(&connection).and_then(|one| one.grant.as_ref());
                        rights::check(grant, &packet.text().unwrap_or_default(), self.now)?;
                    }
                    self.send(connection, End::Device, packet);
                }
                Output::Close { connection, code, reason } => {
                    self.trace.note(self.now, SERVER, "closes", reason);
                    self.send(connection, End::Device, Packet::Close(code, reason));
                    if let Some(connection) = self.network.connections.get_mut(&connection) {
                        connection.served = false;
                    }
                }
                Output::Store { ticket, job } => self.store_on_server(Some(ticket), job),
                Output::Verify { connection, token } => {
                    let at = self.now + self.dice.server.below(5);
                    self.queue.push(at, Happening::Verified(self.server.life, connection, token));
                }
            }
        }
        Ok(())
    }

    /// Gives the storage a job, which comes after all earlier ones.
    pub(crate) fn store_on_server(&mut self, ticket: Option<Ticket>, job: Job) {
        let slow = self.server.failing || self.dice.server.chance(2);
        let takes = if slow { self.dice.server.below(300) } else { self.dice.server.below(4) };
        self.server.last_due = self.server.last_due.max(self.now + takes);
        self.server.jobs.push_back((self.server.last_due, ticket, job));
        self.queue.push(self.server.last_due, Happening::Job(self.server.life));
    }

    /// A frame as a newer server would say it: with fields and messages that nobody knows yet.
    fn of_newer_version(&mut self, frame: &Arc<str>) -> Arc<str> {
        let messages = read_frame(frame).unwrap_or_default();
        let mut texts: Vec<String> = Vec::new();
        for message in messages.into_iter().flatten() {
            let text = message.text.strip_prefix('{').unwrap_or("}");
            texts.push(format!("{{\"of\":[{{\"v\":2}},null],{text}"));
        }
        if !frame.starts_with('[') {
            return texts.first().map_or_else(|| Arc::clone(frame), |text| Arc::from(text.as_str()));
        }
        if self.dice.server.chance(20) {
            texts.push("{\"type\":\"rota:shifted\",\"payload\":{\"a\":[1.5,\"\"]},\"id\":\"x\"}".to_owned());
        }
        Arc::from(format!("[{}]", texts.join(",")))
    }

    /// A frame in which a change of a channel is missing or stands twice, if there is one.
    fn damage(&mut self, packet: Packet) -> Packet {
        let Some(frame) = packet.text() else { return packet };
        let messages = read_frame(&frame).unwrap_or_default();
        let mut messages: Vec<_> = messages.into_iter().flatten().collect();
        let is_change = |message: &Envelope<'_>| message.channel.is_some() && message.seq.is_some();
        let changes: Vec<usize> = (0..messages.len()).filter(|at| is_change(&messages[*at])).collect();
        let Some(at) = self.dice.server.pick(&changes).copied() else { return packet };
        self.trace.note(self.now, SERVER, "damages", messages[at].text);
        if self.dice.server.chance(50) {
            messages.remove(at);
        } else {
            let later = at + 1 + self.dice.server.below((messages.len() - at) as u64) as usize;
            messages.insert(later.min(messages.len()), messages[at].clone());
        }
        let texts: Vec<&str> = messages.iter().map(|message| message.text).collect();
        Packet::Frame(Arc::from(format!("[{}]", texts.join(","))))
    }

    /// The storage does its next job.
    pub(crate) fn on_job(&mut self) -> Result<(), Violation> {
        let Some((_, ticket, job)) = self.server.jobs.pop_front() else { return Ok(()) };
        let failing = self.server.failing;
        self.server.tables.set_failing(failing);
        let unreadable = failing && self.dice.server.chance(50);
        let asked = |ticket: Option<Ticket>| ticket.unwrap_or(Ticket(0));
        let broken = || StorageError("the disk cannot be read".to_owned());
        let power = self.server.power_fails.take_if(|_| matches!(job, Job::Write(_)));
        if power == Some(false) {
            self.restart_server(700);
            return Ok(());
        }
        let input = match job {
            Job::Write(write) => {
                self.server.made += 1;
                let stamp = Stamp {
                    wall_ms: self.server_now().wall_ms,
                    event_id: format!("made{}", self.server.made),
                };
                let result = ledger::decide(&mut self.server.tables, &self.server.rules, &write, &stamp);
                if let Ok(decision) = &result {
                    self.trace.note(self.now, SERVER, "decides", verdict_name(decision.verdict));
                    self.judge.decided(&write, decision)?;
                    self.check_letter(&write)?;
                    self.decided_for(&write)?;
                }
                Input::Decided { ticket, result }
            }
            Job::Greet { client, owner, acked } => {
                let result = ledger::greet(&mut self.server.tables, &client, &owner, acked);
                if result.is_ok() {
                    self.judge.greeted(&client, acked);
                }
                Input::Greeted {
                    ticket: asked(ticket),
                    result: if unreadable { Err(broken()) } else { result },
                }
            }
            Job::Load { channel, position } => {
                let result =
                    ledger::load(&self.server.tables, &self.server.rules, &channel, position.as_ref());
                Input::Loaded {
                    ticket: asked(ticket),
                    result: if unreadable { Err(broken()) } else { result },
                }
            }
        };
        if power == Some(true) {
            self.restart_server(700);
            return Ok(());
        }
        let takes = self.dice.server.below(3);
        let last = self.server.completions.back().map_or(0, |(due, _)| *due);
        let due = last.max(self.now + takes);
        self.server.completions.push_back((due, input));
        self.queue.push(due, Happening::Completion(self.server.life));
        Ok(())
    }

    /// What stands for a dead letter is not decided while the letter is still there to be tried again.
    fn check_letter(&self, write: &Write) -> Result<(), Violation> {
        let stream = write.stream.as_ref();
        let letter = stream.and_then(|stream| self.judge.letter_of(&stream.client, stream.seq));
        let Some((d, key)) = letter.filter(|_| !matches!(write.action, ledger::Action::Skip)) else {
            return Ok(());
        };
        let database = &self.databases[self.devices[*d].home];
        let open = self.devices[*d].program.as_ref().is_some_and(|program| program.client.storage_is_open());
        // Without storage it leaves all the same, and storage may come back.
        let lasts = ![Class::NoDisk, Class::Quota, Class::Evict].iter().any(|class| self.options.has(*class));
        // Nor do tabs that do not share know of each other's letters: two that took one stream over may each keep one.
        let owned = self.options.tabs < 2;
        if open && lasts && owned && !database.had_aborts && database.has(Table::Dead, key) {
            let what = format!("device {d}: {key} was tried again and is still stored as failed");
            return Err(Violation::new("P8", what));
        }
        Ok(())
    }

    /// The program whose write was decided passes a point that it knows nothing of.
    fn decided_for(&mut self, write: &Write) -> Result<(), Violation> {
        let Some(stream) = &write.stream else { return Ok(()) };
        let owns = |device: &Device| {
            device.program.as_ref().is_some_and(|program| program.own.as_deref() == Some(&*stream.client))
        };
        match self.devices.iter().position(owns) {
            Some(d) => self.may_die_at(d, Point::Decided).map(|_| ()),
            None => Ok(()),
        }
    }

    pub(crate) fn on_completion(&mut self) {
        if let Some((_, input)) = self.server.completions.pop_front() {
            self.serve(input);
        }
    }

    pub(crate) fn on_verified(&mut self, connection: ConnectionId, token: &Token) {
        let result = self.check_token(&token.0);
        if let (Ok(claims), Some(one)) = (&result, self.network.connections.get_mut(&connection)) {
            let left = (claims.expires_s * 1_000 + GRACE_MS)
                .saturating_sub(WALL_MS + self.now + self.server.wall_offset);
            one.grant = Some(Grant { projects: projects_of(&claims.user.id), until: self.now + left });
        }
        self.serve(Input::Verified { connection, result });
    }

    fn check_token(&self, token: &str) -> Result<Claims, Fault> {
        let Some(Issued { user, expires_s, .. }) = self.server.issued.get(token) else {
            return Err(Fault::new(Code::Unauthorized, "no token"));
        };
        if expires_s * 1_000 <= self.server_now().wall_ms {
            return Err(Fault::new(Code::TokenExpired, "the token is over"));
        }
        let access = Access::Projects(Arc::new(projects_of(user)));
        Ok(Claims { user: User::new(user, None, None, None), access, expires_s: *expires_s })
    }

    /// Something reached the server.
    pub(crate) fn on_server_arrival(&mut self, id: ConnectionId, packet: Packet) {
        let up = self.server.up;
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        match packet {
            Packet::Open if up => {
                connection.served = true;
                let binary = connection.transport == Transport::WebSocket;
                self.trace.note(self.now, SERVER, "opened", "");
                self.send(id, End::Device, Packet::Open);
                self.serve(Input::Opened { connection: id, token: None, binary });
                self.flap(id);
            }
            Packet::Open => self.send(id, End::Device, Packet::Close(1006, "")),
            // No program sends one: it was offered none.
            Packet::Binary(_) => {}
            Packet::Frame(text) => {
                if connection.served {
                    self.trace.note(self.now, SERVER, "gets", &text);
                    self.serve(Input::Received { connection: id, text: text.to_string() });
                }
            }
            Packet::Close(code, _) => {
                if std::mem::take(&mut connection.served) {
                    self.serve(Input::Closed { connection: id });
                }
                self.send(id, End::Device, Packet::Close(code, ""));
                self.forget_if_over(id);
            }
        }
    }
}

fn verdict_name(verdict: ledger::Verdict) -> &'static str {
    match verdict {
        ledger::Verdict::Stored => "stored",
        ledger::Verdict::Refused => "refused",
        ledger::Verdict::Duplicate => "duplicate",
        ledger::Verdict::Gap => "gap",
    }
}
