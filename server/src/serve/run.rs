//! From start to end.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use super::clock::Clock;
use super::driver::{Driver, Event};
use super::http::{Shared, router};
use super::listen::{self, Ending};
use super::metrics::Latency;
use super::options::{Auth, Options};
use super::packing::Packing;
use super::peers::Peers;
use super::poll;
use super::storage::Storage;
use super::token::Verifier;
use crate::hub::{Hub, Mode};
use crate::limits::{Limits, Rules};
use crate::object::Object;

/// How long a peer may leave the socket's buffer full before it counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request to receive waits, below what proxies allow.
const POLL_WAIT_MS: u64 = 25_000;
/// Inputs that wait for the hub before connections are no longer read.
const EVENTS_MAX: usize = 4096;
/// Over which time clients come back after a regular end.
const DRAIN_WINDOW_MS: u64 = 5_000;
/// From the word that the server ends to the end of the last connection.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// For closing handshakes and last answers.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
///
/// # Errors
/// A sentence about what keeps it from starting.
pub fn run(options: &Options) -> Result<(), String> {
    let verifier = match &options.auth {
        Auth::None => None,
        Auth::Jwt(file) => Some(Arc::new(Verifier::from_file(file)?)),
    };
    // The usual soft limit of 1024 files is far below what the server is made for. Less than the hard limit is no fault.
    let _raised = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| format!("no threads: {fault}"))?;
    runtime.block_on(serve(options, verifier))
}

async fn serve(options: &Options, verifier: Option<Arc<Verifier>>) -> Result<(), String> {
    let mut limits = Limits::default();
    if let Some(ms) = options.heartbeat_interval_ms {
        limits.heartbeat_interval_ms = ms;
    }
    if let Some(ms) = options.heartbeat_timeout_ms {
        limits.heartbeat_timeout_ms = ms;
    }
    if let Some(most) = options.connections_per_user {
        limits.connections_per_user = most;
    }
    let rules = Rules::default();
    let clock = Clock::start();
    let peers = Arc::new(Peers::new(options.peers, clock));
    let (completed, completions) = mpsc::unbounded_channel();
    let storage = Storage::start(&options.database, rules.clone(), completed)?;
    let (driver, events) = mpsc::channel(EVENTS_MAX);
    let mode = if verifier.is_some() { Mode::SignedIn } else { Mode::Open };
    let hub = Driver {
        hub: Hub::new(mode, limits.clone()),
        clock,
        verifier: verifier.clone(),
        storage: storage.requests(),
        outbounds: HashMap::new(),
        latency: Latency::default(),
        drained: None,
        packing: Packing::default(),
    };
    tokio::spawn(hub.run(events, completions));
    let shared = Arc::new(Shared {
        driver: driver.clone(),
        storage: storage.requests(),
        reads: storage.reads(),
        verifier,
        origins: options.origins.clone(),
        limits,
        rules,
        draining: AtomicBool::new(false),
        last_connection: AtomicU64::new(0),
        open_sockets: AtomicUsize::new(0),
        peers: Arc::clone(&peers),
        traffic: Arc::default(),
        sessions: poll::Sessions::default(),
        poll_wait_ms: options.poll_wait_ms.unwrap_or(POLL_WAIT_MS),
        clock,
    });
    let listener = listen::bind(options.listen)?;
    let address = listener.local_addr().map_err(|fault| format!("--listen: {fault}"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|fault| fault.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|fault| fault.to_string())?;
    let (ending, ended) = watch::channel(Ending::NotYet);
    let router = router(&shared, options.serve.as_deref());
    let write_timeout = options.write_timeout_ms.map_or(WRITE_TIMEOUT, Duration::from_millis);
    let accepting = tokio::spawn(listen::accept(listener, router, peers, write_timeout, ended));
    tokio::spawn(poll::keep(Arc::clone(&shared)));
    let first_line = Object::new().string("listening", &address.to_string()).finish();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{first_line}").and_then(|()| out.flush()).map_err(|fault| fault.to_string())?;
    drop(out);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    eprintln!("info: ending");
    shared.draining.store(true, Ordering::Relaxed);
    // The port is free at once: a successor may already be waiting for it.
    let _stopping = ending.send(Ending::Closed);
    let _stopped = accepting.await;
    drain(&driver, &shared).await;
    // Answers that are on their way still arrive; an idle connection ends at once.
    let _finishing = ending.send(Ending::Finished);
    let _finished = tokio::time::timeout(GOODBYE_TIMEOUT, ending.closed()).await;
    tokio::task::spawn_blocking(move || storage.stop()).await.map_err(|fault| fault.to_string())
}

/// Tells clients, ends connections, and waits for the last words to be on their way.
async fn drain(driver: &mpsc::Sender<Event>, shared: &Shared) {
    let (done, drained) = oneshot::channel();
    if driver.send(Event::Drain { window_ms: DRAIN_WINDOW_MS, done }).await.is_ok() {
        let _drained = tokio::time::timeout(DRAIN_TIMEOUT, drained).await;
    }
    let open = || shared.open_sockets.load(Ordering::Relaxed);
    let goodbye = async {
        while open() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _gone = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
}
