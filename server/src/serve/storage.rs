//! The thread that owns the database.
//!
//! Jobs are taken in the order in which they came, as many at once as are waiting, and committed together: one flush of
//! the disk for all of them, a savepoint for each. Completions leave after the commit, in order, through one stream.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use baro_realtime::core::model::Query;
use baro_realtime::core::rng::Rng;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::clock::{instant, wall_ms};
use super::options::Database;
use super::sqlite::Sqlite;
use crate::hub::{Input, Job, Ticket};
use crate::ledger::{
    Channel, Decision, EventRow, Greeting, Loaded, Stamp, StorageError, Tables as _, Write, decide, greet,
    load,
};
use crate::limits::Rules;

/// Jobs that share one commit, at most.
const BATCH_MAX: usize = 256;

/// Work for the thread.
#[derive(Debug)]
pub(super) enum Request {
    /// A job of the hub.
    Hub { ticket: Ticket, job: Job, at: Instant },
    /// A write that came over HTTP.
    Write { write: Box<Write>, reply: oneshot::Sender<Result<Decision, StorageError>>, at: Instant },
    /// Events that somebody reads over HTTP.
    Read { query: Query, reply: oneshot::Sender<Result<Vec<EventRow>, StorageError>> },
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
        let mut worker = Worker { tables, rules, rng, completions };
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || worker.run(&incoming))
            .map_err(|fault| format!("no thread for the database: {fault}"))?;
        Ok(Self { requests, thread })
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
        let committed = begun.and_then(|()| self.tables.commit());
        if let Err(fault) = committed {
            eprintln!("error: nothing could be written: {fault}");
            for one in &mut done {
                one.fail(&fault);
            }
        }
        let now = instant();
        for one in done {
            self.complete(one, now);
        }
    }

    fn work(&mut self, request: Request) -> Option<Done> {
        let done = match request {
            Request::Hub { ticket, job: Job::Write(write), at } => {
                Done::Write { ticket: Some(ticket), reply: None, at, result: self.decide(&write) }
            }
            Request::Hub { ticket, job: Job::Greet { client, owner, acked }, .. } => {
                Done::Greet(ticket, greet(&mut self.tables, &client, &owner, acked))
            }
            Request::Hub { ticket, job: Job::Load { channel, position }, .. } => {
                Done::Load(ticket, load(&self.tables, &self.rules, &channel, position.as_ref()))
            }
            Request::Write { write, reply, at } => {
                Done::Write { ticket: None, reply: Some(reply), at, result: self.decide(&write) }
            }
            Request::Read { query, reply } => Done::Read(reply, self.read(&query)),
            Request::Stop => return None,
        };
        Some(done)
    }

    fn decide(&mut self, write: &Write) -> Result<Decision, StorageError> {
        let wall_ms = wall_ms();
        let stamp = Stamp { wall_ms, event_id: self.rng.uuid_v7(wall_ms) };
        decide(&mut self.tables, &self.rules, write, &stamp)
    }

    fn read(&self, query: &Query) -> Result<Vec<EventRow>, StorageError> {
        match &query.project {
            Some(project) => self.tables.events_of(Channel::Project(project)),
            None => self.tables.all_events(),
        }
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
