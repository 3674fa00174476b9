//! The world and its loop.

use std::collections::BTreeMap;

use baro_realtime_server::hub::{ConnectionId, Input as ServerInput};

use crate::device::Device;
use crate::dice::Dice;
use crate::disk::Database;
use crate::judge::presence::{self, There};
use crate::judge::{Judge, Violation};
use crate::network::{End, Network, Packet};
use crate::options::{Class, Options};
use crate::outage::RestWriter;
use crate::queue::{Happening, Queue};
use crate::server::Server;
use crate::trace::{Detail, Trace};

/// Longest time from the end of all faults until all is well, ms.
const HEAL_MS: u64 = 60_000;
/// How often that is looked at, ms.
const LOOK_MS: u64 = 250;
/// How long all has to stay well, ms.
const STAY_MS: u64 = 1_500;
/// Time for storage to finish after programs ended, ms.
const CLOSE_MS: u64 = 3_000;

/// Streams of chance by concern.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) net: Dice,
    pub(crate) disk: Dice,
    pub(crate) server: Dice,
    pub(crate) faults: Dice,
    pub(crate) workload: Dice,
    pub(crate) points: Dice,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) now: u64,
    pub(crate) steps: u64,
    pub(crate) queue: Queue,
    pub(crate) trace: Trace,
    pub(crate) dice: Streams,
    pub(crate) network: Network,
    pub(crate) server: Server,
    pub(crate) devices: Vec<Device>,
    pub(crate) databases: Vec<Database>,
    pub(crate) judge: Judge,
    /// Whether nothing breaks any more.
    pub(crate) healed: bool,
    pub(crate) marks: u64,
    pub(crate) rest: RestWriter,
    well_since: Option<u64>,
    over: bool,
}

impl World {
    pub(crate) fn new(options: Options, detail: Detail) -> Self {
        let seed = options.seed;
        let dice = Streams {
            net: Dice::of(seed, "net"),
            disk: Dice::of(seed, "disk"),
            server: Dice::of(seed, "server"),
            faults: Dice::of(seed, "faults"),
            workload: Dice::of(seed, "workload"),
            points: Dice::of(seed, "points"),
        };
        let clients = usize::try_from(options.clients).unwrap_or(2);
        let devices: Vec<Device> = (0..clients).map(|index| Device::new(&options, index)).collect();
        Self {
            now: 0,
            steps: 0,
            queue: Queue::default(),
            trace: Trace::new(detail),
            dice,
            network: Network::default(),
            server: Server::new(&options),
            databases: (0..clients).map(|_| Database::default()).collect(),
            judge: Judge::new(&devices, &options),
            devices,
            healed: options.is_calm(),
            marks: 0,
            rest: RestWriter::default(),
            well_since: None,
            over: false,
            options,
        }
    }

    /// Runs until the end or the first violation.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        for d in 0..self.devices.len() {
            let at = self.dice.workload.below(500);
            self.queue.push(at, Happening::Start(d));
        }
        if self.options.has(Class::Proxy) {
            // From the beginning, so that there is time to find the way back.
            self.block_sockets();
        }
        if !self.options.is_calm() {
            self.queue.push(self.dice.faults.around(self.options.fault_ms), Happening::Fault);
        }
        self.queue.push(self.options.storm_ms, Happening::Heal);
        while !self.over {
            let Some((at, happening)) = self.queue.pop() else {
                return Err(Violation::new("I16", "nothing happens any more".to_owned()));
            };
            self.now = at;
            self.steps += 1;
            self.dispatch(happening)?;
        }
        Ok(())
    }

    fn dispatch(&mut self, happening: Happening) -> Result<(), Violation> {
        if let Some(until) = self.frozen_until(&happening).or_else(|| self.paused_until(&happening)) {
            self.queue.push(until, happening);
            return Ok(());
        }
        match happening {
            Happening::Arrival(id, end) => self.on_arrival(id, end),
            Happening::Timer(d, timer) => self.on_timer(d, timer),
            Happening::Transaction(d) => self.on_transaction(d),
            Happening::Stored(d, life) if self.is_life(d, life) => self.on_stored(d),
            Happening::Token(d, life) if self.is_life(d, life) => self.on_token(d),
            Happening::Work(d, life) if self.is_life(d, life) => self.work(d),
            Happening::Stored(..) | Happening::Token(..) | Happening::Work(..) => Ok(()),
            Happening::Start(d) => self.start(d),
            Happening::Online(d) => self.come_online(d),
            Happening::Thaw(d) => self.thaw(d),
            Happening::Job(life) if self.is_server(life) => self.on_job(),
            Happening::Completion(life) if self.is_server(life) => self.quietly(Self::on_completion),
            Happening::Verified(life, connection, token) if self.is_server(life) => {
                self.on_verified(connection, &token);
                Ok(())
            }
            Happening::ServerTimer(life) if self.is_server(life) => self.quietly(Self::on_server_timer),
            Happening::Flush(life) if self.is_server(life) => self.flush_server(),
            Happening::Job(_)
            | Happening::Completion(_)
            | Happening::Verified(..)
            | Happening::ServerTimer(_)
            | Happening::Flush(_) => Ok(()),
            Happening::ServerUp => self.quietly(|world| world.server.up = true),
            Happening::Drained => self.quietly(Self::on_drained),
            Happening::Hangup(id, code) => self.quietly(|world| world.hang_up(id, code)),
            Happening::ServerDiskMended => self.quietly(|world| world.server.failing = false),
            Happening::Fault => self.break_something(),
            Happening::Heal => self.heal(),
            Happening::Check => self.check(),
            Happening::Close => self.close(),
            Happening::End => self.end(),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "an arm of the dispatch")]
    fn quietly(&mut self, act: impl FnOnce(&mut Self)) -> Result<(), Violation> {
        act(self);
        Ok(())
    }

    fn is_life(&self, d: usize, life: u64) -> bool {
        self.devices[d].program.as_ref().is_some_and(|program| program.life == life)
    }

    fn is_server(&self, life: u64) -> bool {
        self.server.up && self.server.life == life
    }

    /// Until when nothing of the kind can happen, because the program stands still.
    fn frozen_until(&self, happening: &Happening) -> Option<u64> {
        let d = self.concerns_program(happening)?;
        let until = self.devices[d].frozen_until;
        (until > self.now).then_some(until)
    }

    /// Until when nothing reaches the server, because it stands still.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is not the server's")]
    fn paused_until(&self, happening: &Happening) -> Option<u64> {
        match happening {
            Happening::Arrival(_, End::Server)
            | Happening::Job(_)
            | Happening::Completion(_)
            | Happening::Verified(..)
            | Happening::ServerTimer(_) => Some(self.server.paused_until).filter(|until| *until > self.now),
            _ => None,
        }
    }

    /// The device whose program something happens to.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else happens to nobody's program")]
    fn concerns_program(&self, happening: &Happening) -> Option<usize> {
        match happening {
            Happening::Timer(d, _)
            | Happening::Stored(d, _)
            | Happening::Token(d, _)
            | Happening::Work(d, _) => Some(*d),
            Happening::Arrival(id, End::Device) => Some(self.network.connections.get(id)?.device),
            _ => None,
        }
    }

    /// How long a packet travels.
    pub(crate) fn delay(&mut self) -> u64 {
        if self.options.is_calm() {
            // Nobody has to ask whether such a network lives.
            return 1 + self.dice.net.below(self.options.delay_ms * 2);
        }
        1 + self.dice.net.around(self.options.delay_ms)
    }

    /// Puts a packet on its way.
    pub(crate) fn send(&mut self, id: ConnectionId, end: End, packet: Packet) {
        let at = self.now + self.delay();
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        if let Some(due) = connection.lane(end).push(self.now, at, packet) {
            self.queue.push(due, Happening::Arrival(id, end));
        }
    }

    fn on_arrival(&mut self, id: ConnectionId, end: End) -> Result<(), Violation> {
        let Some(connection) = self.network.connections.get_mut(&id) else { return Ok(()) };
        match connection.lane(end).pop(self.now) {
            Ok(packet) if end == End::Device => self.on_device_arrival(id, packet),
            Ok(packet) => {
                self.on_server_arrival(id, packet);
                Ok(())
            }
            Err(Some(due)) => {
                self.queue.push(due, Happening::Arrival(id, end));
                Ok(())
            }
            Err(None) => Ok(()),
        }
    }

    /// Forgets a connection that nothing travels on any more.
    pub(crate) fn forget_if_over(&mut self, id: ConnectionId) {
        let over = |one: &crate::network::Connection| !one.served && one.to_device.len() == 0;
        if self.network.connections.get(&id).is_some_and(over) {
            self.network.connections.remove(&id);
        }
    }

    /// All faults end. From here on everything has to become well by itself.
    fn heal(&mut self) -> Result<(), Violation> {
        self.trace.note(self.now, 0, "heal", "");
        self.healed = true;
        self.network.refusing = None;
        self.network.blocked = None;
        self.network.flapping_until = 0;
        self.server.paused_until = 0;
        self.server.power_fails = None;
        self.server.failing = false;
        self.server.up = true;
        let ids: Vec<ConnectionId> = self.network.connections.keys().copied().collect();
        for id in ids {
            for end in [End::Device, End::Server] {
                if let Some(connection) = self.network.connections.get_mut(&id) {
                    connection.lane(end).unclog();
                    self.queue.push(self.now, Happening::Arrival(id, end));
                }
            }
        }
        self.databases.iter_mut().for_each(|database| database.limit(None));
        for d in 0..self.devices.len() {
            self.mend(d)?;
        }
        self.queue.push(self.now + LOOK_MS, Happening::Check);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Violation> {
        for d in 0..self.devices.len() {
            if self.devices[d].program.as_ref().is_some_and(|program| !program.destroyed) {
                self.resolve_conflicts(d)?;
            }
        }
        let Err(trouble) = self.is_well() else {
            let since = *self.well_since.get_or_insert(self.now);
            let next = if self.now - since >= STAY_MS { Happening::Close } else { Happening::Check };
            self.queue.push(self.now + LOOK_MS, next);
            return Ok(());
        };
        self.well_since = None;
        if self.now > self.options.storm_ms + HEAL_MS {
            return Err(trouble);
        }
        self.queue.push(self.now + LOOK_MS, Happening::Check);
        Ok(())
    }

    fn is_well(&self) -> Result<(), Violation> {
        let nowhere = BTreeMap::new();
        let there: Vec<There<'_>> =
            self.devices.iter().enumerate().map(|(d, device)| self.there(d, device, &nowhere)).collect();
        for (d, device) in self.devices.iter().enumerate() {
            let trouble = |what: String| Violation::new("I16", format!("device {d}: {what}"));
            let Some(program) = &device.program else { return Err(trouble("no program".to_owned())) };
            let client = &program.client;
            if !client.is_connected() {
                return Err(trouble(format!("is {}", client.state().name())));
            }
            if let Some(write) = client.pending().next() {
                return Err(trouble(format!("{} is still undecided", write.id)));
            }
            if let Some(conflict) = client.conflicts().next() {
                return Err(trouble(format!("{} still waits for somebody", conflict.id)));
            }
            let waiting = client.metrics().writes_pending;
            if waiting > 0 {
                return Err(trouble(format!("{waiting} places of its streams are still undecided")));
            }
            self.judge
                .is_converged(
                    client,
                    &program.subscriptions,
                    &device.user,
                    self.options.signed_in,
                    &self.server,
                )
                .map_err(trouble)?;
            presence::check(client, &there[d], &there).map_err(trouble)?;
        }
        Ok(())
    }

    fn there<'a>(&self, d: usize, device: &'a Device, nowhere: &'a BTreeMap<String, u64>) -> There<'a> {
        let program = device.program.as_ref();
        let current = program.and_then(|program| program.pipes.values().next_back());
        let mut held = self.network.connections.iter().filter(|(_, one)| one.device == d && one.served);
        There {
            user: &device.user,
            channels: program.map_or(nowhere, |program| &program.subscriptions),
            lingers: held.any(|(id, _)| Some(id) != current),
        }
    }

    fn close(&mut self) -> Result<(), Violation> {
        let letters: Vec<_> = self.devices.iter().map(|device| self.letters_at(device.home)).collect();
        for (d, letters) in letters.iter().enumerate() {
            let device = &self.devices[d];
            if let Some(program) = &device.program {
                self.judge.account(d, &program.client, &self.databases[device.home], letters)?;
            }
            self.call(d, baro_realtime::core::io::Call::Destroy)?.ok();
        }
        self.queue.push(self.now + CLOSE_MS, Happening::End);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Violation> {
        self.over = true;
        self.judge.changes_nothing_again(&self.server)?;
        self.judge.all_settled()?;
        self.serve(ServerInput::TimePassed);
        Ok(())
    }
}
