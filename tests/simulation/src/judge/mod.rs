//! The invariants, checked by oracles that share no code with what they judge.
//!
//! Owns what is known to be true: every write ever made, every decision of the ledger, every change of every channel.
//! Guarantees that a violation names the invariant. The numbers are those of the fault catalogue's harness: `I1` accept
//! truth, `I2` at most once, `I3` order in a stream, `I4` contiguous channels, `I5` acknowledged is decided, `I6` a row
//! leaves only when its write is decided, `I7` the view equation, `I8` versions never go back, `I10` one socket, `I11`
//! bounds, `I9` rights, `I13` calm is calm, `I14` a user's
//! writes are his, `I16` liveness, `I17` every ticket settles once, `I19` what comes again changes nothing; `N4`, `C3`, `C7` and
//! `D14` are lines of the catalogue, `P5`, `P21` and `P37` promises of a local-first calendar.

mod bounds;
mod channels;
mod conflicts;
mod course;
mod past;
pub(crate) mod presence;
pub(crate) mod rights;
mod view;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use baro_realtime::core::client::Client;
use baro_realtime::core::fault::Fault;
use baro_realtime::core::merge::Strategy;
use baro_realtime_server::ledger::Write;

use crate::device::Device;
use crate::options::Options;

use bounds::Bounds;
use channels::ServerLog;
use conflicts::Told;
pub(crate) use conflicts::removed_by;
use course::Course;
pub(crate) use course::before;
pub(crate) use past::Past;
use writes::{Fact, Tickets};

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: &'static str,
    /// What happened.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// What is followed of one running program.
#[derive(Debug, Default)]
struct Seen {
    /// Store revision and number of pending writes at the last look.
    looked: Option<(u64, u64, u64)>,
    /// How far each channel was read, and in which epoch.
    positions: BTreeMap<String, (String, u64)>,
    /// The highest confirmed version of each event.
    versions: BTreeMap<String, u64>,
    tickets: Tickets,
    course: Course,
    conflicts: Told,
    /// Whole contents that it took.
    taken: u64,
    /// How often it said that a history was lost, and how often of that was looked at.
    reports: u64,
    reports_known: u64,
    /// `subscribe` calls that the server heard of.
    snapshots: u64,
    /// Rows that it was given and cannot read, and has not complained of yet.
    unreadable: usize,
}

/// All that is known to be true.
#[derive(Debug)]
pub(crate) struct Judge {
    calm: bool,
    signed_in: bool,
    facts: BTreeMap<(String, u64), Fact>,
    last_decided: BTreeMap<String, u64>,
    marks: BTreeSet<String>,
    log: ServerLog,
    /// Writes that were decided, as they came.
    done: Vec<Write>,
    /// Whose each device is, and which database it has.
    owners: Vec<(String, usize)>,
    /// Whether the server ever went back to older data.
    restored: bool,
    /// Whether what each device writes is decided in the order in which it was made.
    ordered: Vec<bool>,
    /// Whether what a device writes overwrites what is there.
    overwrites: Vec<bool>,
    /// The last write of each device that was decided, by the order in which they were made.
    last_made: Vec<u64>,
    made: u64,
    seen: Vec<Seen>,
    bounds: Vec<Bounds>,
    /// Conflicts that programs of a database were told of, by event.
    conflicts: BTreeSet<(usize, String)>,
    /// Dead letters that a program discarded or tried again.
    buried: BTreeSet<String>,
    /// Unique values of writes that were tried again: as often as somebody asks for it.
    again: BTreeSet<String>,
    /// Writes that stand for dead letters, with the device and the letter.
    retries: BTreeMap<(String, u64), (usize, String)>,
}

impl Judge {
    pub(crate) fn new(devices: &[Device], options: &Options) -> Self {
        let alone = |device: &Device| devices.iter().filter(|other| other.home == device.home).count() == 1;
        let (ordered, devices): (Vec<bool>, Vec<_>) =
            devices.iter().map(|device| (alone(device), (device.user.clone(), device.home))).unzip();
        Self {
            calm: options.is_calm(),
            signed_in: options.signed_in,
            facts: BTreeMap::new(),
            last_decided: BTreeMap::new(),
            marks: BTreeSet::new(),
            log: ServerLog::new("epoch0"),
            done: Vec::new(),
            seen: devices.iter().map(|_| Seen::default()).collect(),
            bounds: devices.iter().map(|_| Bounds::default()).collect(),
            last_made: vec![0; devices.len()],
            owners: devices,
            restored: false,
            overwrites: (0..ordered.len()).map(|d| options.strategy(d) == Strategy::LastWriteWins).collect(),
            ordered,
            made: 0,
            conflicts: BTreeSet::new(),
            buried: BTreeSet::new(),
            again: BTreeSet::new(),
            retries: BTreeMap::new(),
        }
    }

    /// A program begins.
    pub(crate) fn started(&mut self, d: usize) {
        self.seen[d] = Seen::default();
        self.bounds[d].started();
    }

    /// A program ended without a word: nobody waits any more.
    pub(crate) fn ended(&mut self, d: usize) {
        self.forget_exposed(d);
        self.started(d);
    }

    /// The server's channels begin a new history.
    pub(crate) fn epoch_began(&mut self, epoch: &str) {
        self.log.begin(epoch);
    }

    /// Sees that a program is as it must be, after each of its steps.
    pub(crate) fn look(
        &mut self,
        d: usize,
        client: &Client,
        subscriptions: &BTreeMap<String, u64>,
        user: &str,
        signed_in: bool,
    ) -> Result<(), Violation> {
        self.check_bounds(d, client)?;
        let reports = self.seen[d].reports;
        let restart = self.check_positions(d, client, subscriptions, user, signed_in)?;
        if restart && self.seen[d].reports_known == reports {
            let what = format!("device {d} reads another history and does not say so");
            return Err(Violation::new("S9", what));
        }
        self.seen[d].reports_known = reports;
        // Versions of older data compare with nothing.
        self.check_versions(d, client, restart || self.restored)?;
        self.check_course(d, client, restart)?;
        self.check_told(d)?;
        let look = (
            client.store().revision(),
            client.metrics().writes_pending,
            client.metrics().writes_acknowledged,
        );
        if self.seen[d].looked != Some(look) {
            self.seen[d].looked = Some(look);
            view::check(client).map_err(|what| Violation::new("I7", format!("device {d}: {what}")))?;
        }
        Ok(())
    }

    /// A program was told of trouble.
    pub(crate) fn told_error(&mut self, d: usize, fault: &Fault) -> Result<(), Violation> {
        match fault.code.as_str() {
            "history_lost" => {
                self.seen[d].reports += 1;
                Ok(())
            }
            "corrupt_row" if self.seen[d].unreadable > 0 => {
                self.seen[d].unreadable -= 1;
                Ok(())
            }
            "bad_message" | "corrupt_row" | "protocol_error" => {
                Err(Violation::new("I12", format!("{}: {}", fault.code.as_str(), fault.message)))
            }
            _ => Ok(()),
        }
    }

    /// A program is given stored rows, so many of which are damaged.
    pub(crate) fn loaded(&mut self, d: usize, damaged: usize) {
        self.seen[d].unreadable = damaged;
    }

    /// A program has read its rows, and said which it cannot read.
    pub(crate) fn has_read(&self, d: usize) -> Result<(), Violation> {
        match self.seen[d].unreadable {
            0 => Ok(()),
            rows => Err(Violation::new("D14", format!("device {d} says nothing of {rows} damaged rows"))),
        }
    }
}
