//! What breaks.

use baro_realtime::core::io::Call;
use baro_realtime::core::session::Signal;
use baro_realtime_server::hub::ConnectionId;

use crate::judge::Violation;
use crate::network::{Block, End};
use crate::options::Class;
use crate::queue::Happening;
use crate::world::World;

/// How long after the last fault the last end of a lost connection hears of it at the latest, ms.
const FAR_MS: u64 = 20_000;
/// A wrong time zone, or a wrong day, is what most wrong clocks have.
const HOUR_MS: u64 = 3_600_000;

impl World {
    /// One fault of a class that this world has, and the time of the next.
    pub(crate) fn break_something(&mut self) -> Result<(), Violation> {
        if self.healed {
            return Ok(());
        }
        let next = self.now + 1 + self.dice.faults.around(self.options.fault_ms);
        self.queue.push(next, Happening::Fault);
        let classes: Vec<Class> = self.options.classes.iter().copied().collect();
        let Some(class) = self.dice.faults.pick(&classes).copied() else { return Ok(()) };
        let d = self.dice.faults.below(self.devices.len() as u64) as usize;
        match class {
            Class::Cut => {
                if let Some(id) = self.any_connection() {
                    self.cut(id);
                }
            }
            Class::Blackhole => {
                let until = self.now + self.dice.faults.between(3_000, 40_000);
                self.clog(until);
            }
            Class::Clog => {
                let until = self.now + self.dice.faults.between(20, 2_500);
                self.clog(until);
            }
            Class::Refuse => {
                let until = self.now + self.dice.faults.between(200, 9_000);
                let silent = self.dice.faults.chance(40);
                self.network.refusing = Some((until.min(self.options.storm_ms), silent));
            }
            Class::Proxy if self.dice.faults.chance(40) => self.block_sockets(),
            Class::Offline => return self.go_offline(d),
            Class::Kill if self.dice.faults.chance(60) => {
                self.kill(d)?;
                let at = self.now + self.dice.faults.around(400);
                self.queue.push(at, Happening::Start(d));
            }
            Class::Reload if self.dice.faults.chance(60) => return self.reload(d),
            Class::Freeze => {
                let until = self.now + self.dice.faults.around(4_000);
                self.devices[d].frozen_until = until.min(self.options.storm_ms);
                self.queue.push(until, Happening::Thaw(d));
            }
            Class::Clock => {
                self.devices[d].wall_offset = match self.dice.faults.below(6) {
                    0 => self.devices[d].wall_offset + HOUR_MS,
                    1 => self.devices[d].wall_offset.saturating_sub(HOUR_MS),
                    2 => self.devices[d].wall_offset + 24 * HOUR_MS,
                    3 => self.devices[d].wall_offset.saturating_sub(24 * HOUR_MS),
                    _ => self.dice.faults.below(400_000_000),
                };
                self.devices[d].disturbed_at = self.now;
                // Programs that a device ran one after the other are told apart by when their clocks say they began.
                self.judge.forgets_order(d);
                if !self.options.has(Class::Expiry) {
                    self.server.wall_offset = self.dice.faults.below(60_000);
                }
            }
            Class::Crash if self.dice.faults.chance(50) => {
                if self.server.up {
                    let down = self.dice.faults.around(1_500);
                    self.restart_server(down);
                }
            }
            Class::Drain if self.dice.faults.chance(40) => self.drain_server(),
            Class::ServerDisk if self.dice.faults.chance(40) => {
                self.server.failing = true;
                let at = self.now + self.dice.faults.around(1_500);
                self.queue.push(at, Happening::ServerDiskMended);
            }
            Class::Epoch if self.dice.faults.chance(25) => {
                // A history is lost while nobody is connected: a backup is brought back, then the server starts.
                if self.server.up {
                    self.restart_server(50);
                    self.start_epoch();
                }
            }
            Class::Flap => {
                let until = self.now + self.dice.faults.between(1_000, 12_000);
                self.network.flapping_until = until.min(self.options.storm_ms);
            }
            Class::Swizzle if self.dice.faults.chance(50) => self.swizzle(),
            Class::Throttle => {
                let every = [1_000, 10_000, 40_000].get(self.dice.faults.below(3) as usize).copied();
                let on = self.dice.faults.chance(60);
                self.devices[d].end_throttle(self.now);
                self.devices[d].throttle_ms = every.filter(|_| on).unwrap_or(1);
                return self.drain(d);
            }
            Class::Pause if self.dice.faults.chance(40) => {
                let until = self.now + self.dice.faults.between(500, 6_000);
                self.server.paused_until = until.min(self.options.storm_ms);
            }
            Class::Restore if self.dice.faults.chance(40) => return self.back_up_or_restore(),
            Class::Power => {
                self.server.power_fails = self.server.up.then(|| self.dice.faults.chance(50));
            }
            Class::Rest => self.write_by_rest(),
            Class::Quota => self.fill_disk(d),
            Class::JammedDisk if self.dice.faults.chance(40) => self.jam_disk(d),
            Class::Evict if self.dice.faults.chance(20) => self.evict(d),
            Class::Damage if self.dice.faults.chance(30) => self.damage_row(d),
            // Happens by itself as long as the class is on, or not this time.
            Class::Kill
            | Class::Reload
            | Class::NoDisk
            | Class::Crash
            | Class::Drain
            | Class::Bus
            | Class::ServerDisk
            | Class::Epoch
            | Class::Abort
            | Class::SlowDisk
            | Class::Calls
            | Class::Expiry
            | Class::Proxy
            | Class::Handshake
            | Class::Swizzle
            | Class::Pause
            | Class::Restore
            | Class::Newer
            | Class::Twins
            | Class::KillPoint
            | Class::JammedDisk
            | Class::Evict
            | Class::Damage => {}
        }
        Ok(())
    }

    fn any_connection(&mut self) -> Option<ConnectionId> {
        let ids: Vec<ConnectionId> = self.network.connections.keys().copied().collect();
        self.dice.faults.pick(&ids).copied()
    }

    fn cut(&mut self, id: ConnectionId) {
        self.trace.note(self.now, id.0, "cut", "");
        let soon = self.dice.faults.chance(70);
        let far = if soon { self.delay() } else { self.dice.faults.around(8_000) };
        // One end may long believe in a connection that the other has lost; not until the end of the world.
        let far = far.min((self.options.storm_ms + FAR_MS).saturating_sub(self.now));
        let (near, one) = (self.delay(), self.dice.faults.chance(50));
        let delays = if one { [near, far] } else { [far, near] };
        for (end, delay) in [End::Device, End::Server].into_iter().zip(delays) {
            let Some(connection) = self.network.connections.get_mut(&id) else { return };
            let lane = connection.lane(end);
            let keep = self.dice.net.below(lane.len() as u64 + 1) as usize;
            if let Some(due) = lane.cut(self.now, keep, self.now + delay, 1006) {
                self.queue.push(due, Happening::Arrival(id, end));
            }
        }
    }

    /// WebSockets do not get through for a while; those that are open may go on.
    pub(crate) fn block_sockets(&mut self) {
        let until = (self.now + self.dice.faults.around(8_000)).min(self.options.storm_ms);
        let blocks = [Block::Refuse, Block::Ignore, Block::Swallow];
        let block = self.dice.faults.pick(&blocks).copied().unwrap_or(Block::Refuse);
        self.trace.note(self.now, 0, "blocks", &format!("{block:?} until {until}"));
        self.network.blocked = Some((until, block));
        if self.dice.faults.chance(60) {
            let sockets: Vec<ConnectionId> = self.network.sockets();
            sockets.into_iter().for_each(|id| self.cut(id));
        }
    }

    fn clog(&mut self, until: u64) {
        let Some(id) = self.any_connection() else { return };
        let until = until.min(self.options.storm_ms);
        let both = self.dice.faults.chance(40);
        let first = if self.dice.faults.chance(50) { End::Device } else { End::Server };
        self.trace.note(self.now, id.0, "clogged", &format!("{first:?} both {both} until {until}"));
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        connection.lane(first).clog(until);
        if both {
            connection.to_device.clog(until);
            connection.to_server.clog(until);
        }
    }

    /// Everything stands still for a time of its own.
    fn swizzle(&mut self) {
        let ids: Vec<ConnectionId> = self.network.connections.keys().copied().collect();
        for id in ids {
            let until = (self.now + self.dice.faults.between(200, 6_000)).min(self.options.storm_ms);
            let Some(connection) = self.network.connections.get_mut(&id) else { continue };
            connection.to_device.clog(until);
            connection.to_server.clog(until);
        }
    }

    fn go_offline(&mut self, d: usize) -> Result<(), Violation> {
        let until = (self.now + self.dice.faults.around(4_000)).min(self.options.storm_ms);
        self.trace.note(self.now, d as u64, "offline", "");
        self.devices[d].offline_until = until;
        for id in self.network.of_device(d) {
            if let Some(connection) = self.network.connections.get_mut(&id) {
                connection.to_device.clog(until);
                connection.to_server.clog(until);
            }
        }
        self.queue.push(until, Happening::Online(d));
        if self.dice.faults.chance(70) { self.signal(d, Signal::Offline) } else { Ok(()) }
    }

    pub(crate) fn come_online(&mut self, d: usize) -> Result<(), Violation> {
        if self.devices[d].offline_until > self.now {
            return Ok(());
        }
        if self.dice.faults.chance(80) { self.signal(d, Signal::Online) } else { Ok(()) }
    }

    pub(crate) fn thaw(&mut self, d: usize) -> Result<(), Violation> {
        match self.dice.faults.below(3) {
            0 => self.signal(d, Signal::Visible),
            1 => {
                self.signal(d, Signal::Hidden)?;
                self.signal(d, Signal::Visible)
            }
            _ => Ok(()),
        }
    }

    /// A program is left in order. The next one starts when storage has done what the first one asked for.
    fn reload(&mut self, d: usize) -> Result<(), Violation> {
        self.call(d, Call::Destroy)?.ok();
        let at = self.now + self.dice.faults.around(200);
        self.queue.push(at, Happening::Start(d));
        Ok(())
    }

    /// A program that was destroyed makes room, once its storage is quiet. Returns whether there is room.
    pub(crate) fn make_room(&mut self, d: usize) -> Result<bool, Violation> {
        let device = &mut self.devices[d];
        let Some(program) = &device.program else { return Ok(true) };
        if !program.destroyed {
            return Ok(false);
        }
        if device.disk.stuck_until > self.now {
            // Who leaves a page does not wait for its storage.
            self.kill(d)?;
            return Ok(true);
        }
        if !(device.disk.waiting.is_empty() && device.disk.told.is_empty()) {
            self.queue.push(self.now + 20, Happening::Start(d));
            return Ok(false);
        }
        self.judge.settled_of(d)?;
        device.program = None;
        self.judge.ended(d);
        self.judge.set_adrift(d, &self.databases[self.devices[d].home]);
        Ok(true)
    }

    /// What was broken about a device is whole again, and its user wants to work.
    pub(crate) fn mend(&mut self, d: usize) -> Result<(), Violation> {
        self.devices[d].frozen_until = 0;
        self.devices[d].disturbed_at = self.now;
        self.devices[d].offline_until = 0;
        self.devices[d].end_throttle(self.now);
        if self.devices[d].disk.missing {
            // What earlier programs stored is still there, for the next one.
            self.kill(d)?;
        }
        if self.devices[d].program.as_ref().is_none_or(|program| program.destroyed) {
            self.queue.push(self.now, Happening::Start(d));
            return Ok(());
        }
        self.signal(d, Signal::Online)?;
        self.call(d, Call::Connect).map(|_| ())
    }
}
