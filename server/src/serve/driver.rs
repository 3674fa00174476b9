//! The task that owns the hub.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use super::clock::{Clock, instant};
use super::metrics::{Latency, render};
use super::packing::{Packed, Packing, Traffic};
use super::storage::{Completed, Request};
use super::token::Verifier;
use crate::access::Claims;
use crate::fault::{Code, Fault};
use crate::hub::{ConnectionId, Hub, Input, Output};

/// Bytes that may wait for a connection before it counts as not reading.
const QUEUED_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that may wait for all of them before less is allowed to each: whoever reads keeps his connection.
const QUEUED_BYTES_TOTAL: usize = 512 * 1024 * 1024;
/// What each is allowed then.
const QUEUED_BYTES_IN_NEED: usize = 64 * 1024;
/// Bytes that a connection may have asked for and not read before it is not given more.
const BULK_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Inputs that are handled before what they cause is sent.
const TURN_MAX: usize = 512;

/// What is written to a socket.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A frame.
    Frame {
        frame: Packed,
        /// Whether it is what the client asked for, which may be long.
        bulk: bool,
        /// Whether it may be compressed.
        deflate: bool,
    },
    /// The end.
    Close { code: u16, reason: &'static str },
}

/// The driver's end of a connection.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) queue: UnboundedSender<Outgoing>,
    pub(super) shared: Arc<Shared>,
}

/// What both ends of a connection know.
#[derive(Debug)]
pub(super) struct Shared {
    /// Bytes that wait to be written, but for what the client asked for.
    queued: AtomicUsize,
    /// Those that it asked for.
    bulk: AtomicUsize,
    /// Told when writing has no sense any more.
    pub(super) cut: Notify,
    pub(super) traffic: Arc<Traffic>,
}

impl Shared {
    pub(super) fn new(traffic: &Arc<Traffic>) -> Self {
        Self {
            queued: AtomicUsize::new(0),
            bulk: AtomicUsize::new(0),
            cut: Notify::new(),
            traffic: Arc::clone(traffic),
        }
    }

    fn count(&self, bulk: bool) -> &AtomicUsize {
        if bulk { &self.bulk } else { &self.queued }
    }

    /// Counts what is going to wait; `false` if that is more than may.
    fn queue(&self, bytes: usize, bulk: bool) -> bool {
        let most = if bulk {
            BULK_BYTES_MAX
        } else if self.traffic.queued.load(Ordering::Relaxed) > QUEUED_BYTES_TOTAL {
            QUEUED_BYTES_IN_NEED
        } else {
            QUEUED_BYTES_MAX
        };
        self.traffic.queued.fetch_add(bytes, Ordering::Relaxed);
        let before = self.count(bulk).fetch_add(bytes, Ordering::Relaxed);
        // Whoever has read everything before may get a frame of any size.
        if bulk { before <= most } else { before == 0 || before + bytes <= most }
    }

    /// Counts what no longer waits.
    pub(super) fn unqueue(&self, bytes: usize, bulk: bool) {
        self.count(bulk).fetch_sub(bytes, Ordering::Relaxed);
        self.traffic.queued.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Shared {
    /// What was never written waits no longer.
    fn drop(&mut self) {
        let left = *self.queued.get_mut() + *self.bulk.get_mut();
        self.traffic.queued.fetch_sub(left, Ordering::Relaxed);
    }
}

/// What comes to the driver.
#[derive(Debug)]
pub(super) enum Event {
    /// A socket is open.
    Opened {
        connection: ConnectionId,
        token: Option<Result<Claims, Fault>>,
        /// Whether it can carry binary frames.
        binary: bool,
        outbound: Outbound,
    },
    /// A frame, or a sign of life.
    Received { input: Input, room: Option<OwnedSemaphorePermit> },
    /// Something else that the hub takes as it is.
    Hub(Input),
    /// Somebody reads the metrics.
    Metrics(oneshot::Sender<String>),
    /// The server is about to end; told when all connections are.
    Drain { window_ms: u64, done: oneshot::Sender<()> },
}

/// The hub with everything around it.
pub(super) struct Driver {
    pub(super) hub: Hub,
    pub(super) clock: Clock,
    pub(super) verifier: Option<Arc<Verifier>>,
    pub(super) storage: Sender<Request>,
    pub(super) outbounds: HashMap<ConnectionId, Outbound>,
    pub(super) latency: Latency,
    pub(super) drained: Option<oneshot::Sender<()>>,
    pub(super) packing: Packing,
}

impl Driver {
    /// Runs until both sources have ended.
    pub(super) async fn run(
        mut self,
        mut events: Receiver<Event>,
        mut completions: UnboundedReceiver<Completed>,
    ) {
        loop {
            let due = self.hub.poll_timeout().map(|at| self.clock.instant(at));
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            let mut written = Vec::new();
            tokio::select! {
                biased;
                completed = completions.recv() => match completed {
                    Some(completed) => self.on_completed(completed, &mut written),
                    None => return,
                },
                event = events.recv() => match event {
                    Some(event) => self.on_event(event),
                    None => return,
                },
                () = timer => {}
            }
            for _ in 0..TURN_MAX {
                if let Ok(completed) = completions.try_recv() {
                    self.on_completed(completed, &mut written);
                } else if let Ok(event) = events.try_recv() {
                    self.on_event(event);
                } else {
                    break;
                }
            }
            if self.hub.poll_timeout().is_some_and(|at| at <= self.clock.now().mono) {
                self.hub.handle(self.clock.now(), Input::TimePassed);
            }
            self.perform();
            for (asked, committed) in written {
                self.latency.observe(asked, committed, instant());
            }
            if self.hub.is_drained()
                && let Some(done) = self.drained.take()
            {
                let _told = done.send(());
            }
        }
    }

    fn on_completed(&mut self, completed: Completed, written: &mut Vec<(Instant, Instant)>) {
        written.extend(completed.times);
        self.hub.handle(self.clock.now(), completed.input);
    }

    fn on_event(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Opened { connection, token, binary, outbound } => {
                self.outbounds.insert(connection, outbound);
                self.hub.handle(now, Input::Opened { connection, token, binary });
            }
            Event::Received { input, room } => {
                self.hub.handle(now, input);
                drop(room);
            }
            Event::Hub(input) => {
                if let Input::Closed { connection } = &input {
                    self.outbounds.remove(connection);
                }
                self.hub.handle(now, input);
            }
            Event::Metrics(reply) => {
                let _told = reply.send(render(self.hub.counters(), self.hub.gauges(), &self.latency));
            }
            Event::Drain { window_ms, done } => {
                self.drained = Some(done);
                self.hub.handle(now, Input::Drain { window_ms });
            }
        }
    }

    /// Does what the hub asks for, and what follows from that.
    fn perform(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { connection, frame, bulk, deflate } => {
                    let frame = self.packing.pack(frame);
                    self.send(connection, frame, bulk, deflate);
                }
                Output::Close { connection, code, reason } => {
                    if let Some(outbound) = self.outbounds.remove(&connection) {
                        let _told = outbound.queue.send(Outgoing::Close { code, reason });
                        if code == 4429 {
                            outbound.shared.cut.notify_one();
                        }
                    }
                }
                Output::Store { ticket, job } => {
                    let request = Request::Hub { ticket, job, at: instant() };
                    if self.storage.send(request).is_err() {
                        eprintln!("error: the storage thread is gone");
                        std::process::exit(1);
                    }
                }
                Output::Verify { connection, token } => {
                    let result = match &self.verifier {
                        Some(verifier) => verifier.verify(&token.0),
                        None => Err(Fault::new(Code::Unauthorized, "no sign-in here")),
                    };
                    self.hub.handle(self.clock.now(), Input::Verified { connection, result });
                }
            }
        }
        self.packing.rest();
    }

    fn send(&mut self, connection: ConnectionId, frame: Packed, bulk: bool, deflate: bool) {
        let Some(outbound) = self.outbounds.get(&connection) else { return };
        if outbound.shared.queue(frame.len(), bulk) {
            let _told = outbound.queue.send(Outgoing::Frame { frame, bulk, deflate });
        } else {
            self.hub.handle(self.clock.now(), Input::Overflowed { connection });
        }
    }
}
