//! What a seed means: the size of its world and what can break in it.

use std::collections::BTreeSet;
use std::fmt;

use baro_realtime::core::merge::Strategy;

use crate::dice::Dice;

/// A class of faults. Each is off in three of ten seeds, so that no class hides another for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Connections end at any moment, with what was under way lost.
    Cut,
    /// A direction of a connection swallows everything for a long time.
    Blackhole,
    /// A direction of a connection stands still for a moment.
    Clog,
    /// New connections are refused, or never answered.
    Refuse,
    /// WebSockets do not get through: they are refused, never open, or open and swallow what they carry.
    Proxy,
    /// A device is without network.
    Offline,
    /// A program ends between any two steps, and later starts again.
    Kill,
    /// A program is left in order, and later starts again.
    Reload,
    /// A program stands still, its timers with it.
    Freeze,
    /// The wall clocks jump.
    Clock,
    /// Storage transactions fail.
    Abort,
    /// A device has no storage at all.
    NoDisk,
    /// Storage takes its time.
    SlowDisk,
    /// The server ends without warning; its data stays.
    Crash,
    /// The server says good-bye and comes back.
    Drain,
    /// Changes of channels are lost or doubled between the server's parts.
    Bus,
    /// The server's storage fails.
    ServerDisk,
    /// The server loses the history of its channels, not the data.
    Epoch,
    /// The program calls `connect`, `disconnect` and `reconnect`.
    Calls,
    /// Tokens run out.
    Expiry,
    /// The server takes connections and ends them at once, with any code.
    Flap,
    /// Connections take long to open.
    Handshake,
    /// All connections stand still, one after the other, and come back in another order.
    Swizzle,
    /// Timers of a program fire late, as those of a hidden page.
    Throttle,
    /// The server stands still, with all that comes to it.
    Pause,
    /// The server's data is that of an older backup.
    Restore,
    /// The server loses power at a commit.
    Power,
    /// Somebody writes without a socket.
    Rest,
    /// The server is of a newer version, and says more than is known.
    Newer,
    /// All programs draw the same numbers.
    Twins,
    /// A program ends at a step of a write's life.
    KillPoint,
    /// A browser's share of the disk is used up.
    Quota,
    /// Storage stands still for long.
    JammedDisk,
    /// A database is thrown away under living programs.
    Evict,
    /// A stored row is damaged.
    Damage,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 35] = [
        Self::Cut,
        Self::Blackhole,
        Self::Clog,
        Self::Refuse,
        Self::Offline,
        Self::Kill,
        Self::Reload,
        Self::Freeze,
        Self::Clock,
        Self::Abort,
        Self::NoDisk,
        Self::SlowDisk,
        Self::Crash,
        Self::Drain,
        Self::Bus,
        Self::ServerDisk,
        Self::Epoch,
        Self::Calls,
        Self::Expiry,
        Self::Proxy,
        Self::Flap,
        Self::Handshake,
        Self::Swizzle,
        Self::Throttle,
        Self::Pause,
        Self::Restore,
        Self::Power,
        Self::Rest,
        Self::Newer,
        Self::Twins,
        Self::KillPoint,
        Self::Quota,
        Self::JammedDisk,
        Self::Evict,
        Self::Damage,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Blackhole => "blackhole",
            Self::Clog => "clog",
            Self::Refuse => "refuse",
            Self::Offline => "offline",
            Self::Kill => "kill",
            Self::Reload => "reload",
            Self::Freeze => "freeze",
            Self::Clock => "clock",
            Self::Abort => "abort",
            Self::NoDisk => "no-disk",
            Self::SlowDisk => "slow-disk",
            Self::Crash => "crash",
            Self::Drain => "drain",
            Self::Bus => "bus",
            Self::ServerDisk => "server-disk",
            Self::Epoch => "epoch",
            Self::Calls => "calls",
            Self::Expiry => "expiry",
            Self::Proxy => "proxy",
            Self::Flap => "flap",
            Self::Handshake => "handshake",
            Self::Swizzle => "swizzle",
            Self::Throttle => "throttle",
            Self::Pause => "pause",
            Self::Restore => "restore",
            Self::Power => "power",
            Self::Rest => "rest",
            Self::Newer => "newer",
            Self::Twins => "twins",
            Self::KillPoint => "kill-point",
            Self::Quota => "quota",
            Self::JammedDisk => "jammed-disk",
            Self::Evict => "evict",
            Self::Damage => "damage",
        }
    }

    /// The class of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// Everything that is decided before a world begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seed itself.
    pub seed: u64,
    /// What can break. Empty in a calm world.
    pub classes: BTreeSet<Class>,
    /// Devices.
    pub clients: u64,
    /// How many of them are tabs of one browser: one user, one database.
    pub tabs: u64,
    /// Whether tabs know of each other which streams are alive.
    pub locks: bool,
    /// What decides where two changed one event: a strategy for each device, over and over.
    pub strategies: Vec<Strategy>,
    /// Events that everybody is after.
    pub hot: u64,
    /// How long things break, ms.
    pub storm_ms: u64,
    /// Whether users sign in, each with rights of his own.
    pub signed_in: bool,
    /// Mean time between two things that a program does, ms.
    pub work_ms: u64,
    /// Mean time between two faults, ms.
    pub fault_ms: u64,
    /// Mean one-way delay of the network, ms.
    pub delay_ms: u64,
    /// Changes of a channel that the server keeps.
    pub history: u64,
    /// Size of a part of a snapshot, bytes.
    pub chunk_bytes: usize,
    /// Text that the server joins into one frame, bytes.
    pub joined_bytes: usize,
}

impl Options {
    /// The world of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "options");
        // A stream each: another class leaves the worlds of the others as they are.
        let mut classes: BTreeSet<Class> =
            Class::ALL.into_iter().filter(|class| Dice::of(seed, class.name()).chance(70)).collect();
        let mut tabs = Dice::of(seed, "tabs");
        let calm = dice.chance(6);
        let signed_in = dice.chance(50);
        if calm {
            classes.clear();
        }
        let (count, locks) = ([1, 1, 2, 3].get(tabs.below(4) as usize).copied(), calm || tabs.chance(70));
        let tabs = count.unwrap_or(1);
        if tabs > 1 && !locks {
            // Who does not know that a stream is alive takes a write whose row is missing for one given up.
            for class in [Class::Abort, Class::Quota, Class::Evict, Class::Damage] {
                classes.remove(&class);
            }
        }
        Self {
            seed,
            classes,
            clients: dice.between(2, 5),
            tabs,
            locks,
            strategies: strategies_of(seed),
            hot: dice.between(4, 24),
            storm_ms: dice.between(5, 40) * 1_000,
            signed_in,
            work_ms: [60, 200, 600, 1_500].get(dice.below(4) as usize).copied().unwrap_or(200),
            fault_ms: [150, 500, 1_500, 4_000].get(dice.below(4) as usize).copied().unwrap_or(500),
            delay_ms: [2, 15, 60, 150].get(dice.below(4) as usize).copied().unwrap_or(15),
            history: [6, 40, 1_000].get(dice.below(3) as usize).copied().unwrap_or(40),
            chunk_bytes: [400, 2_000, 192 << 10].get(dice.below(3) as usize).copied().unwrap_or(2_000),
            joined_bytes: [1, 1_000, 64 << 10].get(dice.below(3) as usize).copied().unwrap_or(1_000),
        }
    }

    /// Whether `class` can happen.
    pub fn has(&self, class: Class) -> bool {
        self.classes.contains(&class)
    }

    /// What decides for a device.
    pub fn strategy(&self, d: usize) -> Strategy {
        self.strategies.get(d % self.strategies.len().max(1)).copied().unwrap_or_default()
    }

    /// Whether nothing breaks.
    pub fn is_calm(&self) -> bool {
        self.classes.is_empty()
    }

    /// The flags that make this world again.
    pub fn flags(&self) -> String {
        let plain = Self::of(self.seed);
        let mut flags = format!("--seed {}", self.seed);
        let names = |classes: Vec<&Class>| {
            classes.into_iter().map(|class| class.name()).collect::<Vec<_>>().join(",")
        };
        let without: Vec<&Class> = plain.classes.difference(&self.classes).collect();
        if self.classes.is_empty() && !without.is_empty() {
            flags.push_str(" --classes none");
        } else if !self.classes.is_subset(&plain.classes) || self.classes.len() < without.len() {
            flags.push_str(&format!(" --classes {}", names(self.classes.iter().collect())));
        } else if !without.is_empty() {
            flags.push_str(&format!(" --without {}", names(without)));
        }
        for (name, own, usual) in [
            ("clients", self.clients, plain.clients),
            ("tabs", self.tabs, plain.tabs),
            ("hot", self.hot, plain.hot),
            ("storm-ms", self.storm_ms, plain.storm_ms),
        ] {
            if own != usual {
                flags.push_str(&format!(" --{name} {own}"));
            }
        }
        flags
    }
}

/// Everybody overwrites, as most programs do; or all have one other strategy; or each has any.
fn strategies_of(seed: u64) -> Vec<Strategy> {
    let mut dice = Dice::of(seed, "strategies");
    let mut any = || dice.pick(&Strategy::ALL).copied().unwrap_or_default();
    let (one, all) = (any(), [any(), any(), any(), any(), any()]);
    match dice.below(10) {
        0..3 => vec![Strategy::LastWriteWins],
        3..6 => vec![one],
        _ => all.to_vec(),
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<&str> = self.classes.iter().map(|class| class.name()).collect();
        let classes = if classes.is_empty() { "calm".to_owned() } else { classes.join(",") };
        write!(
            f,
            "clients {} tabs {} locks {} strategies {} hot {} storm {} ms signed-in {} work {} ms faults {} ms delay {} ms history {} chunk {} joined {} [{classes}]",
            self.clients,
            self.tabs,
            self.locks,
            self.strategies.iter().map(|strategy| strategy.word()).collect::<Vec<_>>().join("+"),
            self.hot,
            self.storm_ms,
            self.signed_in,
            self.work_ms,
            self.fault_ms,
            self.delay_ms,
            self.history,
            self.chunk_bytes,
            self.joined_bytes,
        )
    }
}
