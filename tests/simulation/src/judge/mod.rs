//! The invariants, checked by oracles that share no code with what they judge.
//!
//! Owns what is known to be true: every write ever made, every decision of the ledger, every change of every channel.
//! Guarantees that a violation names the invariant. The numbers are those of the fault catalogue's harness: `I1` accept
//! truth, `I2` at most once, `I3` order in a stream, `I4` contiguous channels, `I5` acknowledged is decided, `I6` a row
//! leaves only when its write is decided, `I7` the view equation, `I8` versions never go back, `I10` one socket, `I11`
//! bounds, `I13` calm is calm, `I16` liveness, `I17` every ticket settles once.

mod bounds;
mod channels;
mod view;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use baro_realtime::core::client::Client;
use baro_realtime::core::fault::Fault;

use bounds::Bounds;
use channels::ServerLog;
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
    /// Whole contents that it took.
    taken: u64,
    /// `subscribe` calls that the server heard of.
    snapshots: u64,
}

/// All that is known to be true.
#[derive(Debug)]
pub(crate) struct Judge {
    calm: bool,
    facts: BTreeMap<(String, u64), Fact>,
    last_decided: BTreeMap<String, u64>,
    marks: BTreeSet<String>,
    log: ServerLog,
    epochs: BTreeSet<String>,
    seen: Vec<Seen>,
    bounds: Vec<Bounds>,
    /// Dead letters that a program discarded or tried again.
    buried: BTreeSet<String>,
    /// Unique values of writes that were tried again: as often as somebody asks for it.
    again: BTreeSet<String>,
}

impl Judge {
    pub(crate) fn new(devices: usize, calm: bool) -> Self {
        Self {
            calm,
            facts: BTreeMap::new(),
            last_decided: BTreeMap::new(),
            marks: BTreeSet::new(),
            log: ServerLog::default(),
            epochs: BTreeSet::from(["epoch0".to_owned()]),
            seen: (0..devices).map(|_| Seen::default()).collect(),
            bounds: (0..devices).map(|_| Bounds::default()).collect(),
            buried: BTreeSet::new(),
            again: BTreeSet::new(),
        }
    }

    /// A program begins.
    pub(crate) fn started(&mut self, d: usize) {
        self.seen[d] = Seen::default();
        self.bounds[d].started();
    }

    /// A program ended without a word: nobody waits any more.
    pub(crate) fn ended(&mut self, d: usize) {
        self.started(d);
    }

    /// The server's channels begin a new history.
    pub(crate) fn epoch_began(&mut self, epoch: &str) {
        self.epochs.insert(epoch.to_owned());
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
        let versions_restart = self.check_positions(d, client, subscriptions, user, signed_in)?;
        self.check_versions(d, client, versions_restart)?;
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
    #[expect(clippy::unused_self, reason = "an invariant like the others")]
    pub(crate) fn told_error(&self, fault: &Fault) -> Result<(), Violation> {
        match fault.code.as_str() {
            "bad_message" | "corrupt_row" | "protocol_error" => {
                Err(Violation::new("I12", format!("{}: {}", fault.code.as_str(), fault.message)))
            }
            _ => Ok(()),
        }
    }
}
