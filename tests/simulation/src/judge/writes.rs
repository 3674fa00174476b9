//! Writes: accepted, sent, decided, forgotten. `I1`, `I2`, `I3`, `I5`, `I6`, `I17`.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime::core::client::Client;
use baro_realtime::core::fault::FaultCode;
use baro_realtime::core::id::Ticket;
use baro_realtime::core::io::{Outcome, Reply, StorageOp};
use baro_realtime::core::json::Fields;
use baro_realtime::core::model::WriteKind;
use baro_realtime::core::offline::Table;
use baro_realtime_server::ledger::{Action, Answer, Decision, Verdict, Write};

use super::{Judge, Violation};
use crate::disk::Database;
use crate::server::projects_of;

/// What became of a write.
#[derive(Debug, Default)]
pub(super) struct Fact {
    /// Its program was told that it is stored.
    accepted: bool,
    /// What the ledger decided.
    pub(super) decided: Option<Verdict>,
    /// The same, of a server that has gone back to before it.
    pub(super) undone: Option<Verdict>,
    /// Its program gave it up after refusals that were not final.
    given_up: bool,
    /// Its row is gone or damaged, by no fault of ours: it is as safe as the program that has it in memory.
    exposed: bool,
    /// Its program ended before it was stored: it is nowhere but perhaps on its way, and what is newer may overtake it.
    adrift: bool,
    /// It met a change of this event, and the ledger left it to its author.
    pub(super) met: Option<String>,
    /// The ledger did not do all of it, and said so.
    gave_way: bool,
    /// On which device it was made.
    device: usize,
    /// The how-many-th write of all it is; 0 if nobody made it with a call.
    made: u64,
    /// What each edit that went into it made of it: the unique value, or nothing for a removal.
    edits: Vec<Option<String>>,
    /// How many of them count as stored, and how many the ledger had when it decided.
    edits_stored: usize,
    edits_decided: Option<usize>,
}

impl Fact {
    /// What the ledger decided has all the edits that count as stored.
    fn none_lost(&self, stream: &str, seq: u64) -> Result<(), Violation> {
        match self.edits_decided {
            Some(decided) if decided < self.edits_stored => {
                let what =
                    format!("{stream}:{seq} was decided with {decided} of {} edits", self.edits_stored);
                Err(Violation::new("P14", what))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_or_was(&self, verdict: Verdict) -> bool {
        self.decided == Some(verdict) || self.undone == Some(verdict)
    }
}

/// What a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// With how many edits went into the write with this one.
    Persisted(String, u64, usize),
    Confirmed(String, u64),
    Other,
}

/// Tickets of one program.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    open: BTreeMap<Ticket, Purpose>,
    /// The highest place of its own stream that it has used.
    last: u64,
}

fn row_key(client: &str, seq: u64) -> String {
    format!("{client}|{seq:016x}")
}

pub(super) fn of_row_key(key: &str) -> Option<(String, u64)> {
    let (client, seq) = key.rsplit_once('|')?;
    Some((client.to_owned(), u64::from_str_radix(seq, 16).ok()?))
}

impl Judge {
    /// A program called and was answered.
    pub(crate) fn called(
        &mut self,
        d: usize,
        reply: &Reply,
        client: &Client,
        resolving: bool,
    ) -> Result<(), Violation> {
        let seen = &mut self.seen[d];
        let Tickets { open, last } = &mut seen.tickets;
        match reply {
            Reply::Done => {}
            Reply::Ticket(ticket) => {
                open.insert(*ticket, Purpose::Other);
            }
            Reply::Write { event, persisted, confirmed } => {
                let Some(write) = client.awaited_by(*confirmed) else {
                    if resolving || client.conflicts().any(|conflict| conflict.event == *event) {
                        // There is nothing to write, or somebody has to decide first.
                        open.extend([(*persisted, Purpose::Other), (*confirmed, Purpose::Other)]);
                        return Ok(());
                    }
                    return Err(Violation::new("I1", format!("device {d}: a new write is not pending")));
                };
                let (stream, seq) = (write.id.client.to_string(), write.id.seq);
                let squashed = seq <= std::mem::replace(last, (*last).max(seq));
                let mark = super::course::mark_of(&write.body).filter(|_| write.kind == WriteKind::Update);
                seen.course.made.extend(mark.map(str::to_owned));
                self.made += 1;
                let new = Fact { device: d, made: self.made, ..Fact::default() };
                if !squashed && self.facts.insert((stream.clone(), seq), new).is_some() {
                    return Err(Violation::new("I2", format!("{stream}:{seq} was used before")));
                }
                // One that was tried again was made by no call.
                let unmade = Fact { device: d, ..Fact::default() };
                let fact = self.facts.entry((stream.clone(), seq)).or_insert(unmade);
                fact.edits.push(Fields::parse(&write.body).ok().and_then(|body| body.string("mark")));
                open.insert(*persisted, Purpose::Persisted(stream.clone(), seq, fact.edits.len()));
                open.insert(*confirmed, Purpose::Confirmed(stream, seq));
            }
        }
        Ok(())
    }

    /// What a ticket waited for has come out.
    pub(crate) fn settled(
        &mut self,
        d: usize,
        ticket: Ticket,
        outcome: &Outcome,
        database: &Database,
    ) -> Result<(), Violation> {
        let Some(purpose) = self.seen[d].tickets.open.remove(&ticket) else {
            return Err(Violation::new("I17", format!("device {d}: {ticket:?} is not open: {outcome:?}")));
        };
        match (purpose, outcome) {
            (Purpose::Persisted(stream, seq, edits), Outcome::Done) => {
                let key = row_key(&stream, seq);
                let stored = database.has(Table::Outbox, &key) || database.has(Table::Dead, &key);
                let fact = self.facts.entry((stream.clone(), seq)).or_default();
                fact.accepted = true;
                fact.edits_stored = fact.edits_stored.max(edits);
                fact.none_lost(&stream, seq)?;
                if !stored && !fact.exposed && fact.decided.or(fact.undone).is_none() {
                    let what = format!("{stream}:{seq} counts as stored and is not");
                    return Err(Violation::new("I1", what));
                }
            }
            (Purpose::Confirmed(stream, seq), Outcome::Value(_)) => {
                let fact = self.facts.entry((stream.clone(), seq)).or_default();
                if fact.gave_way {
                    self.seen[d].conflicts.owed.insert(row_key(&stream, seq));
                }
                if !fact.is_or_was(Verdict::Stored) && fact.met.is_none() {
                    let what =
                        format!("{stream}:{seq} counts as done, the server has it as {:?}", fact.decided);
                    return Err(Violation::new("I5", what));
                }
            }
            (Purpose::Confirmed(stream, seq), Outcome::Refused(fault))
                if fault.code != FaultCode::Destroyed =>
            {
                let fact = self.facts.entry((stream.clone(), seq)).or_default();
                fact.given_up |= fault.retryable;
                if !fact.is_or_was(Verdict::Refused) && !fault.retryable {
                    let what = format!(
                        "{stream}:{seq} counts as refused ({}), the server has it as {:?}",
                        fault.code.as_str(),
                        fact.decided
                    );
                    return Err(Violation::new("I5", what));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The ledger decided.
    pub(crate) fn decided(&mut self, write: &Write, decision: &Decision) -> Result<(), Violation> {
        if self.calm && matches!(decision.verdict, Verdict::Duplicate | Verdict::Gap) {
            let what = format!("{:?} came out as {:?}", write.stream, decision.verdict);
            return Err(Violation::new("I13", what));
        }
        if matches!(decision.verdict, Verdict::Duplicate | Verdict::Gap) {
            return Ok(());
        }
        if decision.verdict == Verdict::Stored {
            self.may_write(write, decision)?;
        }
        for change in &decision.changes {
            self.log.present_mut().append(change).map_err(|what| Violation::new("I4", what))?;
        }
        let Some(stream) = &write.stream else { return Ok(()) };
        self.done.push(write.clone());
        let last = self.last_decided.entry(stream.client.to_string()).or_default();
        if stream.seq != *last + 1 {
            let what = format!("{stream:?} was decided after {last}");
            return Err(Violation::new(if stream.seq <= *last { "I2" } else { "I3" }, what));
        }
        *last = stream.seq;
        let fact = self.facts.entry((stream.client.to_string(), stream.seq)).or_default();
        if let Some(before) = fact.decided.replace(decision.verdict) {
            return Err(Violation::new("I2", format!("{stream:?} was decided before as {before:?}")));
        }
        fact.gave_way = matches!(decision.answer, Answer::Merged { .. });
        fact.met = super::conflicts::met(&write.action, decision);
        if decision.verdict == Verdict::Stored {
            let mark = mark_of(&write.action);
            fact.edits_decided = fact.edits.iter().rposition(|edit| *edit == mark).map(|at| at + 1);
            fact.none_lost(&stream.client, stream.seq)?;
        }
        let (d, made, adrift) = (fact.device, fact.made, fact.adrift);
        if made > 0 && self.owners[d].0 != *write.author.id {
            let what =
                format!("{stream:?} of {} is decided as a write of {}", self.owners[d].0, write.author.id);
            return Err(Violation::new("I14", what));
        }
        if made > 0 && self.ordered[d] && !adrift && std::mem::replace(&mut self.last_made[d], made) > made {
            return Err(Violation::new("I3", format!("{stream:?} is decided after what was made after it")));
        }
        if decision.verdict == Verdict::Stored
            && let Some(mark) = mark_of(&write.action).filter(|mark| !self.again.contains(mark))
            && !self.marks.insert(mark.clone())
        {
            return Err(Violation::new("I2", format!("{stream:?} stored {mark} a second time")));
        }
        Ok(())
    }

    /// Whoever signed in changes only what is in his projects.
    fn may_write(&self, write: &Write, decision: &Decision) -> Result<(), Violation> {
        let user = &*write.author.id;
        if !self.signed_in || user == "rest" {
            return Ok(());
        }
        let projects = projects_of(user);
        match decision.changes.iter().find(|change| !projects.contains(&*change.project)) {
            None => Ok(()),
            Some(change) => {
                Err(Violation::new("I9", format!("{user} changed {} of {}", change.text, change.project)))
            }
        }
    }

    /// A device's database is about to store: nothing of another one's streams.
    pub(crate) fn stored(&self, d: usize, ops: &[StorageOp]) -> Result<(), Violation> {
        let home = self.owners[d].1;
        let keys = ops.iter().filter_map(|op| match op {
            StorageOp::Put(row) if matches!(row.table, Table::Outbox | Table::Dead) => Some(&row.key),
            StorageOp::Put(_) | StorageOp::Delete(..) | StorageOp::Clear(_) => None,
        });
        for key in keys {
            let fact = of_row_key(key).and_then(|id| self.facts.get(&id)).filter(|fact| fact.made > 0);
            if fact.is_some_and(|fact| self.owners[fact.device].1 != home) {
                return Err(Violation::new("I14", format!("{key} is stored in the database of device {d}")));
            }
        }
        Ok(())
    }

    /// From now on the writes of a device need not be decided in their order: some are kept where the next program is not.
    pub(crate) fn forgets_order(&mut self, d: usize) {
        self.ordered[d] = false;
    }

    /// A client told how far its stream is.
    pub(crate) fn greeted(&mut self, client: &str, acked: u64) {
        let last = self.last_decided.entry(client.to_owned()).or_default();
        *last = acked.max(*last);
    }

    /// A row of the outbox is gone from a disk.
    pub(crate) fn row_removed(&self, key: &str) -> Result<(), Violation> {
        let fact = of_row_key(key).and_then(|id| self.facts.get(&id));
        let known = fact.and_then(|fact| fact.decided.or(fact.undone));
        match known {
            Some(_) => Ok(()),
            // Whoever reads a damaged row has nothing to send, and tells the server so: it counts as decided then.
            None if fact.is_some_and(|fact| fact.exposed) => Ok(()),
            None => Err(Violation::new("I6", format!("the row of {key} is gone, and nobody decided it"))),
        }
    }

    /// Rows are gone or damaged that their programs take for stored. What no living program has in memory is lost.
    pub(crate) fn exposed(&mut self, keys: &[String], held: &BTreeSet<String>) {
        for key in keys {
            let Some(fact) = of_row_key(key).and_then(|id| self.facts.get_mut(&id)) else { continue };
            fact.exposed = true;
            fact.accepted &= held.contains(key);
        }
    }

    /// The program of a device has ended, and what is not in its database is in none.
    pub(crate) fn set_adrift(&mut self, d: usize, database: &Database) {
        for ((stream, seq), fact) in &mut self.facts {
            if fact.device == d && fact.decided.is_none() {
                fact.adrift |= !database.has(Table::Outbox, &row_key(stream, *seq));
            }
        }
    }

    /// The program of a device has ended, and with it what was nowhere but in its memory.
    pub(super) fn forget_exposed(&mut self, d: usize) {
        let home = self.owners[d].1;
        let facts = self.facts.values_mut().filter(|fact| fact.exposed && self.owners[fact.device].1 == home);
        facts.for_each(|fact| fact.accepted = false);
    }

    /// A program discarded a dead letter, or tries it again.
    pub(crate) fn buried(&mut self, key: &str, again: Option<&str>) {
        self.buried.insert(key.to_owned());
        let body = again.and_then(|body| Fields::parse(body).ok());
        self.again.extend(body.and_then(|body| body.string("mark")));
    }

    /// A dead letter became a write.
    pub(crate) fn retried(&mut self, d: usize, write: (String, u64), letter: String) {
        self.retries.insert(write, (d, letter));
    }

    /// The device and the dead letter that a write stands for.
    pub(crate) fn letter_of(&self, stream: &str, seq: u64) -> Option<&(usize, String)> {
        self.retries.get(&(stream.to_owned(), seq))
    }

    /// At the end: what was accepted is done once, or kept as refused. `letters` are the dead letters that the programs of its
    /// database have.
    pub(crate) fn account(
        &self,
        d: usize,
        client: &Client,
        database: &Database,
        letters: &BTreeSet<String>,
    ) -> Result<(), Violation> {
        // In which of several tabs a refusal is kept is the tabs' affair, as long as it is stored or shown.
        let shared = self.owners.iter().filter(|(_, home)| *home == self.owners[d].1).count() > 1;
        for ((stream, seq), fact) in self.facts.iter().filter(|(_, fact)| fact.accepted && fact.device == d) {
            let key = row_key(stream, *seq);
            let kept = letters.contains(&key)
                || shared && database.has(Table::Dead, &key)
                || self.buried.contains(&key);
            match fact.decided {
                Some(Verdict::Stored) => {}
                Some(_) if kept => {}
                Some(_) if fact.met.as_ref().is_some_and(|event| self.was_told(d, event)) => {}
                None if kept && fact.given_up => {}
                // A tab to which its row is missing took it for decided, and said so.
                None if shared && fact.exposed => {}
                // The server has forgotten it, and its program knew it done.
                None if fact.undone.is_some() => {}
                decided => {
                    let what =
                        format!("device {d}: {stream}:{seq} was accepted; decided {decided:?}, kept {kept}");
                    return Err(Violation::new("I1", what));
                }
            }
        }
        if database.count(Table::Outbox) > database.damaged()
            && client.storage_is_open()
            && !database.had_aborts
        {
            return Err(Violation::new("I6", format!("device {d}: rows are left of an empty outbox")));
        }
        Ok(())
    }

    /// At the very end: nobody waits.
    pub(crate) fn all_settled(&self) -> Result<(), Violation> {
        for d in 0..self.seen.len() {
            self.settled_of(d)?;
        }
        Ok(())
    }

    /// Nobody waits for what a destroyed program promised.
    pub(crate) fn settled_of(&self, d: usize) -> Result<(), Violation> {
        match self.seen[d].tickets.open.first_key_value() {
            None => Ok(()),
            Some((ticket, purpose)) => {
                let count = self.seen[d].tickets.open.len();
                let what =
                    format!("device {d}: {count} tickets never settled, first {ticket:?} for {purpose:?}");
                Err(Violation::new("I17", what))
            }
        }
    }
}

/// The unique value that a write carries.
fn mark_of(action: &Action) -> Option<String> {
    match action {
        Action::Create(fields) => fields.string("mark"),
        Action::Update { changes, .. } => changes.string("mark"),
        Action::Delete { .. } | Action::Skip | Action::Refuse(_) => None,
    }
}
