//! The thread that owns the database.
//!
//! Jobs are taken in the order in which they came, as many at once as are waiting, and committed together: one flush of
//! the disk for all of them, a savepoint for each. Completions leave after the commit, in order, through one stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use baro_realtime::core::rng::Rng;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::clock::{instant, wall_ms};
use super::options::Database;
use super::reading::{Read, Reads, read};
use super::sqlite::Sqlite;
use crate::hub::{Input, Job, Ticket};
use crate::ledger::{
    Decision, EventRow, Greeting, Loaded, Position, Snapshot, Stamp, StorageError, Write, decide, greet,
    load_or_take,
};
use crate::limits::Rules;

/// Jobs that share one commit, at most.
const BATCH_MAX: usize = 256;

/// Snapshots that are kept.
const SNAPSHOTS_MAX: usize = 4;

/// Work for the thread.
#[derive(Debug)]
pub(super) enum Request {
    /// A job of the hub.
    Hub { ticket: Ticket, job: Job, at: Instant },
    /// A write that came over HTTP.
    Write { write: Box<Write>, reply: oneshot::Sender<Result<Decision, StorageError>>, at: Instant },
    /// Events that somebody reads over HTTP, where nobody else can.
    Read(Read),
    /// Finish what came before this, and end.
    Stop,
}

/// A completion for the hub.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) input: Input,
    /// For a write: when it was asked for and when it was on disk.
    pub(super) times: Option<(Instant, Instant)>,
}

/// What came of a request, kept back until the commit.
enum Done {
    Write {
        ticket: Option<Ticket>,
        reply: Option<oneshot::Sender<Result<Decision, StorageError>>>,
        at: Instant,
        result: Result<Decision, StorageError>,
    },
    Greet(Ticket, Result<Greeting, StorageError>),
    Load(Ticket, Result<Loaded, StorageError>),
    Read(oneshot::Sender<Result<Vec<EventRow>, StorageError>>, Result<Vec<EventRow>, StorageError>),
}

/// The thread and the way to it.
pub(super) struct Storage {
    requests: Sender<Request>,
    reads: Reads,
    thread: JoinHandle<()>,
}

impl Storage {
    /// Opens the database and starts its thread.
    pub(super) fn start(
        database: &Database,
        rules: Rules,
        completions: UnboundedSender<Completed>,
    ) -> Result<Self, String> {
        let mut rng = Rng::new([random()?, random()?, random()?, random()?]);
        let epoch = format!("{:016x}", rng.next_u64());
        let tables = Sqlite::open(database, &epoch).map_err(|fault| format!("--database: {fault}"))?;
        let (requests, incoming) = channel();
        let reads = Reads::start(database, requests.clone())?;
        let mut worker = Worker { tables, rules, rng, completions, snapshots: VecDeque::new() };
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || worker.run(&incoming))
            .map_err(|fault| format!("no thread for the database: {fault}"))?;
        Ok(Self { requests, reads, thread })
    }

    /// The way to whoever reads for REST.
    pub(super) fn reads(&self) -> Reads {
        self.reads.clone()
    }

    /// The way to the thread.
    pub(super) fn requests(&self) -> Sender<Request> {
        self.requests.clone()
    }

    /// Ends the thread after all that was asked of it.
    pub(super) fn stop(self) {
        // A thread that is gone needs no word and leaves nothing to be done.
        let _sent = self.requests.send(Request::Stop);
        let _joined = self.thread.join();
    }
}

fn random() -> Result<u64, String> {
    getrandom::u64().map_err(|fault| format!("no random numbers: {fault}"))
}

struct Worker {
    tables: Sqlite,
    rules: Rules,
    rng: Rng,
    completions: UnboundedSender<Completed>,
    /// The last snapshots: who comes back after a restart mostly wants what the one before him got.
    snapshots: VecDeque<(Arc<str>, Arc<Snapshot>)>,
}

impl Worker {
    fn run(&mut self, incoming: &Receiver<Request>) {
        while let Ok(first) = incoming.recv() {
            let mut batch = vec![first];
            batch.extend(incoming.try_iter().take(BATCH_MAX - 1));
            let stop = batch.iter().any(|request| matches!(request, Request::Stop));
            self.commit_batch(batch);
            if stop {
                return;
            }
        }
    }

    fn commit_batch(&mut self, batch: Vec<Request>) {
        let begun = self.tables.begin();
        let mut done: Vec<Done> = batch.into_iter().filter_map(|request| self.work(request)).collect();
        if let Err(fault) = begun.and_then(|()| self.tables.commit()) {
            eprintln!("error: nothing could be written: {fault}");
            // They may show what was not stored.
            self.snapshots.clear();
            for one in &mut done {
                one.fail(&fault);
            }
        }
        let now = instant();
        for one in done {
            self.complete(one, now);
        }
    }

    /// Does one piece of work inside the batch's transaction. A database that fails badly ends the transaction by itself;
    /// what comes after must not be done outside of one.
    fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if self.tables.is_in_transaction() {
            return work(self);
        }
        Err(StorageError("no transaction".to_owned()))
    }

    fn work(&mut self, request: Request) -> Option<Done> {
        let done = match request {
            Request::Hub { ticket, job: Job::Write(write), at } => {
                let result = self.attempt(|worker| worker.decide(&write));
                Done::Write { ticket: Some(ticket), reply: None, at, result }
            }
            Request::Hub { ticket, job: Job::Greet { client, owner, acked }, .. } => {
                let greeting = self.attempt(|worker| greet(&mut worker.tables, &client, &owner, acked));
                Done::Greet(ticket, greeting)
            }
            Request::Hub { ticket, job: Job::Load { channel, position }, .. } => {
                Done::Load(ticket, self.attempt(|worker| worker.load(&channel, position.as_ref())))
            }
            Request::Write { write, reply, at } => {
                let result = self.attempt(|worker| worker.decide(&write));
                Done::Write { ticket: None, reply: Some(reply), at, result }
            }
            Request::Read(Read { query, reply }) => {
                Done::Read(reply, self.attempt(|worker| read(&worker.tables, &query)))
            }
            Request::Stop => return None,
        };
        Some(done)
    }

    fn decide(&mut self, write: &Write) -> Result<Decision, StorageError> {
        let wall_ms = wall_ms();
        let stamp = Stamp { wall_ms, event_id: self.rng.uuid_v7(wall_ms) };
        decide(&mut self.tables, &self.rules, write, &stamp)
    }

    fn load(&mut self, channel: &Arc<str>, position: Option<&Position>) -> Result<Loaded, StorageError> {
        let taken = self.snapshots.iter().find(|(name, _)| name == channel).map(|(_, taken)| taken);
        let loaded = load_or_take(&self.tables, &self.rules, channel, position, taken)?;
        if let Loaded::Snapshot(snapshot) = &loaded
            && !taken.is_some_and(|taken| Arc::ptr_eq(taken, snapshot))
        {
            self.snapshots.retain(|(name, _)| name != channel);
            self.snapshots.push_front((Arc::clone(channel), Arc::clone(snapshot)));
            self.snapshots.truncate(SNAPSHOTS_MAX);
        }
        Ok(loaded)
    }

    fn complete(&self, done: Done, now: Instant) {
        let (input, times) = match done {
            Done::Write { ticket, reply, at, result } => {
                if let Some(reply) = reply {
                    // Who asked may be gone; what was decided stays so.
                    let _told = reply.send(result.clone());
                }
                (Input::Decided { ticket, result }, Some((at, now)))
            }
            Done::Greet(ticket, result) => (Input::Greeted { ticket, result }, None),
            Done::Load(ticket, result) => (Input::Loaded { ticket, result }, None),
            Done::Read(reply, result) => {
                let _told = reply.send(result);
                return;
            }
        };
        // The hub is gone only when the process ends.
        let _told = self.completions.send(Completed { input, times });
    }
}

impl Done {
    /// Turns a success that was not committed into the failure that it is.
    fn fail(&mut self, fault: &StorageError) {
        match self {
            Self::Write { result, .. } => *result = Err(fault.clone()),
            Self::Greet(_, result) => *result = Err(fault.clone()),
            Self::Load(_, result) => *result = Err(fault.clone()),
            Self::Read(_, result) => *result = Err(fault.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::ledger::{Action, Author, Stored, Tables as _};
    use baro_realtime::core::json::Fields;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    fn worker(database: &Database) -> (Worker, UnboundedReceiver<Completed>) {
        let (completions, completed) = unbounded_channel();
        let tables = Sqlite::open(database, "epoch-1").expect("a database");
        let rng = Rng::from_number(1);
        (Worker { tables, rules: Rules::default(), rng, completions, snapshots: VecDeque::new() }, completed)
    }

    fn create(number: u64) -> Request {
        let text = "x".repeat(20_000);
        let dates = r#""startDate":"2026-03-01","endDate":"2026-03-01","projectId":"p""#;
        let data = format!(r#"{{"id":"e{number}","title":"{text}",{dates}}}"#);
        let author = Author { id: Arc::from("ana"), owner: Arc::from("ana"), access: Access::All };
        let action = Action::Create(Fields::parse(&data).expect("an object"));
        let write = Box::new(Write { stream: None, author, action, on: None });
        Request::Hub { ticket: Ticket(number), job: Job::Write(write), at: instant() }
    }

    #[test]
    fn on_a_full_disk_what_is_told_to_be_stored_is_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let database = Database::File(dir.path().join("data"));
        let (mut worker, mut completed) = worker(&database);
        worker.tables.limit_pages(200);
        for batch in 0..10_u64 {
            worker.commit_batch((batch * 10..batch * 10 + 10).map(create).collect());
        }
        worker.tables.limit_pages(1_000_000);
        worker.commit_batch((1_000..1_010).map(create).collect());
        drop(worker);
        let tables = Sqlite::open(&database, "epoch-2").expect("the same database");
        let (mut stored, mut failed) = (0, 0);
        let mut last = 0;
        while let Ok(Completed { input, .. }) = completed.try_recv() {
            let Input::Decided { ticket: Some(ticket), result } = input else { panic!("{input:?}") };
            let there = matches!(tables.event(&format!("e{}", ticket.0)), Ok(Some(Stored::Present(_))));
            assert_eq!(there, result.is_ok(), "{ticket:?}");
            assert!(ticket.0 == 0 || ticket.0 > last, "in order");
            last = ticket.0;
            *if there { &mut stored } else { &mut failed } += 1;
        }
        assert!(stored > 10 && failed > 10 && last == 1_009, "{stored} stored, {failed} failed");
        assert_eq!(tables.head("project:p").map(|head| head.seq), Ok(stored));
    }

    #[test]
    fn a_snapshot_is_given_again_until_something_changes() {
        let (mut worker, _completed) = worker(&Database::Memory);
        let channel: Arc<str> = Arc::from("project:p");
        let taken = |worker: &mut Worker| match worker.load(&channel, None) {
            Ok(Loaded::Snapshot(snapshot)) => snapshot,
            other => panic!("{other:?}"),
        };
        worker.commit_batch(vec![create(1)]);
        let first = taken(&mut worker);
        assert!(Arc::ptr_eq(&first, &taken(&mut worker)));
        worker.commit_batch(vec![create(2)]);
        assert_eq!((first.events.len(), taken(&mut worker).events.len()), (1, 2));
    }
}
