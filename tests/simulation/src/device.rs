//! A device: a program that runs the client, its database, its clocks.
//!
//! Owns the program's life, its calls and its timer, and that it is looked at after every step. What a browser does for
//! it stands in `browser`.

use std::collections::BTreeMap;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, UserConfig, Value};
use baro_realtime::core::fault::Fault;
use baro_realtime::core::id::{PipeId, Ticket};
use baro_realtime::core::io::{Call, Input, Output, Reply};
use baro_realtime::core::session::Signal;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime_server::hub::ConnectionId;

use crate::dice::Dice;
use crate::disk::{Disk, Transaction};
use crate::judge::Violation;
use crate::network::End;
use crate::options::{Class, Options};
use crate::points::Point;
use crate::queue::Happening;
use crate::server::{Issued, WALL_MS, token_of};
use crate::world::World;

/// Timers that may fire at one instant before that counts as going round in circles.
const TIMERS_AT_ONCE: u64 = 500;

/// Steps of the protocol that a program keeps, for a replay of them.
const STEPS_MAX: usize = 20_000;

/// A running program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) client: Client,
    /// What it was made with.
    pub(crate) config: Config,
    pub(crate) life: u64,
    pub(crate) pipes: BTreeMap<PipeId, ConnectionId>,
    /// Channels that it asked for and was not refused, with how often.
    pub(crate) subscriptions: BTreeMap<String, u64>,
    pub(crate) asked: BTreeMap<Ticket, String>,
    pub(crate) destroyed: bool,
    /// The stream of its writes, once it asked for its storage.
    pub(crate) own: Option<String>,
    /// Whether it has read its database.
    pub(crate) has_read: bool,
    /// Over which time the server of the present connection wants its clients back.
    pub(crate) drained: Option<u64>,
}

/// A device.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) user: String,
    /// Its database: that of other tabs too.
    pub(crate) home: usize,
    pub(crate) disk: Disk,
    pub(crate) program: Option<Program>,
    pub(crate) lives: u64,
    started_at: Option<u64>,
    pub(crate) mono_offset: u64,
    pub(crate) wall_offset: u64,
    pub(crate) frozen_until: u64,
    pub(crate) offline_until: u64,
    /// When its wall clock jumped last, or its timers were late.
    pub(crate) disturbed_at: u64,
    /// Timers fire at multiples of this.
    pub(crate) throttle_ms: u64,
    /// Its programs keep nothing.
    forgetful: bool,
    timer: u64,
    timer_at: Option<Timestamp>,
    timers_now: (u64, u64),
    dice: Dice,
}

impl Device {
    pub(crate) fn new(options: &Options, index: usize) -> Self {
        let seed = options.seed;
        let mut dice = Dice::of(seed, &format!("device {index}"));
        let tab = (index as u64) < options.tabs;
        let home = if tab { 0 } else { index };
        // Tabs of one browser have one clock, and never one number for two of them.
        let twin = options.has(Class::Twins);
        let ids =
            if twin { format!("twins {}", if tab { index } else { 0 }) } else { format!("ids {index}") };
        let wall_offset = Dice::of(seed, &format!("wall {home}")).below(600_000);
        Self {
            user: format!("user{}", home % 3),
            home,
            disk: Disk::default(),
            program: None,
            lives: 0,
            started_at: None,
            mono_offset: dice.below(1 << 40),
            wall_offset: if options.is_calm() { 0 } else { wall_offset },
            frozen_until: 0,
            offline_until: 0,
            disturbed_at: 0,
            throttle_ms: 1,
            forgetful: dice.chance(5),
            timer: 0,
            timer_at: None,
            timers_now: (0, 0),
            dice: Dice::of(seed, &ids),
        }
    }

    /// Timers fire in time again, one that waits included.
    pub(crate) fn end_throttle(&mut self, now: u64) {
        if self.throttle_ms > 1 {
            self.disturbed_at = now;
        }
        self.throttle_ms = 1;
        self.timer_at = None;
    }
}

impl World {
    pub(crate) fn device_now(&self, d: usize) -> Now {
        let device = &self.devices[d];
        Now {
            mono: Timestamp(self.now + device.mono_offset),
            wall_ms: WALL_MS + self.now + device.wall_offset,
        }
    }

    /// Starts the program of a device.
    pub(crate) fn start(&mut self, d: usize) -> Result<(), Violation> {
        if self.options.has(Class::Twins)
            && self.devices.iter().any(|device| device.started_at == Some(self.now))
        {
            // The same numbers in the same millisecond would be the same stream.
            self.queue.push(self.now + 1, Happening::Start(d));
            return Ok(());
        }
        if !self.make_room(d)? {
            return Ok(());
        }
        self.devices[d].started_at = Some(self.now);
        let now = self.device_now(d);
        let config = self.config(d);
        let device = &mut self.devices[d];
        device.lives += 1;
        device.timer_at = None;
        device.frozen_until = 0;
        device.disk.missing = self.options.has(Class::NoDisk) && !self.healed && self.dice.faults.chance(20);
        let seed = [device.dice.any(), device.dice.any(), device.dice.any(), device.dice.any()];
        let mut client = Client::new(config.clone(), seed, now);
        client.keep_steps(STEPS_MAX);
        self.trace.note(self.now, d as u64, "starts", "");
        if device.disk.missing || device.forgetful {
            self.judge.forgets_order(d);
        }
        let life = device.lives;
        self.judge.started(d);
        self.devices[d].program = Some(Program {
            client,
            config,
            life,
            pipes: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            asked: BTreeMap::new(),
            destroyed: false,
            own: None,
            has_read: false,
            drained: None,
        });
        self.drain(d)?;
        self.call(d, Call::Connect)?.ok();
        for channel in ["project:p0", "project:p1"] {
            if self.options.is_calm() || self.dice.workload.chance(80) {
                self.subscribe(d, channel)?;
            }
        }
        let at = self.now + self.dice.workload.around(self.options.work_ms);
        self.queue.push(at, Happening::Work(d, life));
        Ok(())
    }

    fn config(&mut self, d: usize) -> Config {
        let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://server/ws".to_owned()))]);
        #[expect(clippy::expect_used, reason = "the one option that is required is there")]
        let mut config = Config::read(&url, None).expect("a configuration");
        config.locks = self.options.locks || self.options.tabs < 2;
        let user = self.devices[d].user.clone();
        config.reconnect.attempts_max = None;
        config.reconnect.delay_ms = 300;
        config.strategy = self.options.strategy(d);
        config.reconnect.delay_ms_max = 8_000;
        if self.options.signed_in {
            config.can_refresh_token = true;
            config.token = self.dice.workload.chance(50).then(|| self.new_token(d));
        } else {
            config.user = Some(UserConfig { id: user, ..UserConfig::default() });
        }
        if self.devices[d].forgetful {
            config.offline = None;
        }
        config
    }

    pub(crate) fn new_token(&mut self, d: usize) -> String {
        let good_for_ms = if self.options.is_calm() {
            // A token that is renewed in time ends no connection.
            self.dice.faults.between(12_000, 60_000)
        } else if self.options.has(Class::Expiry) && !self.healed {
            self.dice.faults.between(2_000, 12_000)
        } else {
            1_000_000_000
        };
        let expires_s = (WALL_MS + self.now + self.server.wall_offset + good_for_ms) / 1_000;
        let token = token_of(self.server.issued.len(), expires_s);
        let issued = Issued { user: self.devices[d].user.clone(), expires_s, at: self.now };
        self.server.issued.insert(token.clone(), issued);
        token
    }

    /// The program of a device gets an input.
    pub(crate) fn feed(&mut self, d: usize, input: Input<'_>) -> Result<(), Violation> {
        let now = self.device_now(d);
        let Some(program) = &mut self.devices[d].program else { return Ok(()) };
        // A destroyed program has no use for it, and says so.
        let _refused = program.client.handle(now, input);
        self.drain(d)
    }

    /// The program of a device calls. `None`: refused, as a fault in the call.
    pub(crate) fn call(&mut self, d: usize, call: Call) -> Result<Result<Reply, Fault>, Violation> {
        let now = self.device_now(d);
        self.trace.note(self.now, d as u64, "calls", &format!("{call:?}"));
        let destroying = call == Call::Destroy;
        let resolving = matches!(call, Call::ResolveConflict(..));
        let Some(program) = &mut self.devices[d].program else { return Ok(Ok(Reply::Done)) };
        let before = (program.client.store().revision(), program.client.metrics().writes_pending);
        let result = program.client.handle(now, Input::Call(call));
        program.destroyed |= destroying;
        match &result {
            Ok(reply) => self.judge.called(d, reply, &program.client, resolving)?,
            Err(fault) => {
                let after = (program.client.store().revision(), program.client.metrics().writes_pending);
                if before != after {
                    return Err(Violation::new(
                        "call",
                        format!("a refused call changed something: {fault:?}"),
                    ));
                }
            }
        }
        self.drain(d)?;
        if matches!(result, Ok(Reply::Write { .. })) {
            self.may_die_at(d, Point::Called)?;
        }
        Ok(result)
    }

    /// Does what the program of a device put out, and sees that all is right.
    pub(crate) fn drain(&mut self, d: usize) -> Result<(), Violation> {
        while let Some(output) =
            self.devices[d].program.as_mut().and_then(|program| program.client.poll_output())
        {
            match output {
                Output::Effect(effect) => self.on_effect(d, effect)?,
                Output::Event(event) => self.on_event(d, event)?,
            }
        }
        let device = &mut self.devices[d];
        let Some(program) = &device.program else { return Ok(()) };
        self.judge.look(d, &program.client, &program.subscriptions, &device.user, self.options.signed_in)?;
        if let Some(connection) = program.pipes.values().next_back().copied() {
            let stuck = self.network.connections.get(&connection).and_then(|one| one.to_server.stuck_since());
            let stuck = stuck.map(|since| since.max(device.frozen_until).max(device.disturbed_at));
            // Beside the one in use there may be another that is only being tried.
            if device.throttle_ms == 1 && program.pipes.len() == 1 {
                let mono = Timestamp(self.now + device.mono_offset);
                self.judge.check_link(d, &program.client, stuck, self.now, mono)?;
            }
        }
        let due = program.client.poll_timeout();
        if due != device.timer_at {
            device.timer_at = due;
            if let Some(due) = due {
                device.timer += 1;
                let at = due.0.saturating_sub(device.mono_offset).max(self.now);
                let at = at.next_multiple_of(device.throttle_ms);
                self.queue.push(at, Happening::Timer(d, device.timer));
            }
        }
        Ok(())
    }

    pub(crate) fn on_timer(&mut self, d: usize, timer: u64) -> Result<(), Violation> {
        let device = &mut self.devices[d];
        if device.timer != timer || device.program.is_none() {
            return Ok(());
        }
        device.timer_at = None;
        let (at, times) = device.timers_now;
        device.timers_now = if at == self.now { (at, times + 1) } else { (self.now, 0) };
        if device.timers_now.1 > TIMERS_AT_ONCE {
            return Err(Violation::new("I11", format!("device {d} sets timers for now without end")));
        }
        self.feed(d, Input::Tick)
    }

    pub(crate) fn signal(&mut self, d: usize, signal: Signal) -> Result<(), Violation> {
        self.trace.note(self.now, d as u64, "signal", &format!("{signal:?}"));
        self.judge.may_attempt(d);
        self.feed(d, Input::Signal(signal))
    }

    /// A program ends without a word: some of what it asked of its storage is done, some of what it sent arrives.
    pub(crate) fn kill(&mut self, d: usize) -> Result<(), Violation> {
        if self.devices[d].program.take().is_none() {
            return Ok(());
        }
        self.trace.note(self.now, d as u64, "killed", "");
        self.judge.ended(d);
        let waiting = self.devices[d].disk.waiting.len() as u64;
        let keep = self.dice.disk.below(waiting + 1) as usize;
        let missing = self.devices[d].disk.missing;
        for transaction in self.devices[d].disk.take_done(keep) {
            if let (Transaction::Commit(_, ops), false) = (transaction, missing) {
                self.store(d, ops)?;
            }
        }
        self.judge.set_adrift(d, &self.databases[self.devices[d].home]);
        for id in self.network.of_device(d) {
            let delay = self.delay();
            let Some(connection) = self.network.connections.get_mut(&id) else { continue };
            connection.to_device.close();
            let keep = self.dice.net.below(connection.to_server.len() as u64 + 1) as usize;
            if let Some(due) = connection.to_server.cut(self.now, keep, self.now + delay, 1006) {
                self.queue.push(due, Happening::Arrival(id, End::Server));
            }
        }
        Ok(())
    }
}
