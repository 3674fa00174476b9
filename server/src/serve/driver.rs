//! The task that owns the hub.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, oneshot};

use super::clock::{Clock, instant};
use super::metrics::{Latency, render};
use super::storage::{Completed, Request};
use super::token::Verifier;
use crate::access::Claims;
use crate::fault::{Code, Fault};
use crate::hub::{ConnectionId, Hub, Input, Output};

/// Text that may wait for a connection before it counts as not reading.
const QUEUED_BYTES_MAX: usize = 1024 * 1024;
/// Inputs that are handled before what they cause is sent.
const TURN_MAX: usize = 512;

/// What is written to a socket.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A text frame; how much of it counts against the limit.
    Frame { text: Utf8Bytes, counted: usize },
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
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Bytes that wait to be written.
    pub(super) queued: AtomicUsize,
    /// Told when writing has no sense any more.
    pub(super) cut: Notify,
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
        // Mostly the same frame goes to many connections in a row; it is wrapped once.
        let mut last: Option<(Arc<str>, Utf8Bytes)> = None;
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { connection, frame, bulk } => {
                    let text = match &last {
                        Some((held, text)) if Arc::ptr_eq(held, &frame) => text.clone(),
                        _ => {
                            let text = Utf8Bytes::from(&*frame);
                            last = Some((frame, text.clone()));
                            text
                        }
                    };
                    self.send(connection, text, bulk);
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
    }

    fn send(&mut self, connection: ConnectionId, text: Utf8Bytes, bulk: bool) {
        let Some(outbound) = self.outbounds.get(&connection) else { return };
        let counted = if bulk { 0 } else { text.len() };
        let queued = outbound.shared.queued.fetch_add(counted, Ordering::Relaxed) + counted;
        if queued > QUEUED_BYTES_MAX {
            self.hub.handle(self.clock.now(), Input::Overflowed { connection });
            return;
        }
        let _told = outbound.queue.send(Outgoing::Frame { text, counted });
    }
}
