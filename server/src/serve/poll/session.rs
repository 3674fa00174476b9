//! The sessions of long polling.
//!
//! Owns their secrets, what each has waiting, and when one counts as left. A session that is over is remembered for a
//! moment by its code alone, so that whoever asks learns why.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use baro_realtime::core::time::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::super::clock::instant;
use super::super::driver::{self, Outgoing};
use super::super::http::Shared;
use super::super::peers::Seat;
use crate::bucket::Bucket;
use crate::fault::{Code, Fault};

/// Length of a session's name: 128 bits in hexadecimal.
pub(super) const NAME_BYTES: usize = 32;
/// Sessions that are open at once.
const SESSIONS_MAX: usize = 10_000;
/// How much longer than the longest `receive` a session is kept that has none under way.
const LEFT_MS: u64 = 5_000;
/// How long the code of a session that is over is remembered.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How often that is looked after.
const SWEEP: Duration = Duration::from_secs(1);
/// One answer's bytes, from which on the rest waits for the next request.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Requests to send of one session, a second, and at once.
const SENDS_PER_SECOND: u64 = 50;
const SENDS_BURST: u64 = 200;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

/// What a `receive` comes back with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// An array of all messages that waited.
    Frame(String),
    /// Nothing came in time, or a later request asks now.
    Nothing,
    /// The session is over.
    Over(Over),
}

/// One session.
#[derive(Debug)]
pub(in crate::serve) struct Session {
    pub(super) connection: crate::hub::ConnectionId,
    /// Held by the `send` that is under way.
    pub(super) sending: tokio::sync::Mutex<()>,
    waiting: tokio::sync::Mutex<Waiting>,
    queued: Arc<driver::Shared>,
    /// The number of the last `receive`, told to those before it. Also told when the session ends.
    turn: watch::Sender<u64>,
    state: Mutex<State>,
    _seat: Seat,
}

/// What waits to be received.
#[derive(Debug)]
struct Waiting {
    outgoing: UnboundedReceiver<Outgoing>,
    /// The end, if what came before it was taken without it.
    end: Option<Over>,
}

#[derive(Debug)]
struct State {
    receiving: usize,
    /// When the last `receive` ended.
    left_at: Instant,
    sends: Option<Bucket>,
    over: Option<(Over, Instant)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a `receive` as under way until it is dropped, answered or not.
struct Receiving<'a>(&'a Session);

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.receiving -= 1;
        state.left_at = instant();
    }
}

impl Session {
    pub(super) fn new(
        connection: crate::hub::ConnectionId,
        outgoing: UnboundedReceiver<Outgoing>,
        queued: Arc<driver::Shared>,
        seat: Seat,
    ) -> Self {
        Self {
            connection,
            sending: tokio::sync::Mutex::default(),
            waiting: tokio::sync::Mutex::new(Waiting { outgoing, end: None }),
            queued,
            turn: watch::Sender::new(0),
            state: Mutex::new(State { receiving: 0, left_at: instant(), sends: None, over: None }),
            _seat: seat,
        }
    }

    /// How it ended, if it has.
    pub(super) fn over(&self) -> Option<Over> {
        lock(&self.state).over.map(|(over, _)| over)
    }

    /// Ends it; `false` if it had ended.
    pub(super) fn end(&self, over: Over, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let first = state.over.is_none();
        state.over.get_or_insert((over, now));
        drop(state);
        self.turn.send_modify(|turn| *turn += 1);
        // Its name is remembered for a while, what nobody is going to ask for is not.
        if let Ok(mut waiting) = self.waiting.try_lock() {
            waiting.outgoing.close();
            while let Ok(one) = waiting.outgoing.try_recv() {
                if let Outgoing::Frame { frame, bulk, .. } = one {
                    self.queued.unqueue(frame.len(), bulk);
                }
            }
        }
        first
    }

    /// Whether a request to send may come now.
    pub(super) fn may_send(&self, now: Timestamp) -> bool {
        let mut state = lock(&self.state);
        let sends = state.sends.get_or_insert_with(|| Bucket::full(now, SENDS_BURST));
        sends.take(now, SENDS_PER_SECOND, SENDS_BURST)
    }

    /// Waits for something to be there and takes all of it.
    pub(super) async fn take(&self, wait: Duration) -> Taken {
        lock(&self.state).receiving += 1;
        let _receiving = Receiving(self);
        self.turn.send_modify(|turn| *turn += 1);
        let mut turns = self.turn.subscribe();
        let own = *turns.borrow_and_update();
        let over_or_nothing = || self.over().map_or(Taken::Nothing, Taken::Over);
        let work = async {
            let mut waiting = self.waiting.lock().await;
            if let Some(over) = waiting.end {
                return Taken::Over(over);
            }
            let first = waiting.outgoing.recv().await;
            self.gather(first, &mut waiting)
        };
        // A message is taken only in the step that also returns it, so whatever ends the wait loses nothing.
        tokio::select! {
            biased;
            _ = turns.wait_for(|turn| *turn != own) => over_or_nothing(),
            taken = work => taken,
            () = tokio::time::sleep(wait) => over_or_nothing(),
        }
    }

    fn gather(&self, first: Option<Outgoing>, waiting: &mut Waiting) -> Taken {
        let mut frame = String::new();
        let mut next = first;
        while let Some(one) = next {
            match one {
                Outgoing::Frame { frame: one, bulk, .. } => {
                    self.queued.unqueue(one.len(), bulk);
                    // The hub was told that nothing but text goes here.
                    if let Some(text) = one.text() {
                        append(&mut frame, text);
                    }
                }
                Outgoing::Close { code, reason } => {
                    let over = Over { code, reason };
                    if frame.is_empty() {
                        return Taken::Over(over);
                    }
                    // What was said before it goes first; whoever asks next is told.
                    waiting.end = Some(over);
                    break;
                }
            }
            if frame.len() >= ANSWER_BYTES {
                break;
            }
            next = waiting.outgoing.try_recv().ok();
        }
        if frame.is_empty() {
            // The driver dropped its end without a word, which it does only when it ends itself.
            return Taken::Over(Over { code: 1001, reason: "going away" });
        }
        frame.push(']');
        Taken::Frame(frame)
    }

    /// Whether nobody has asked for a while.
    fn is_left(&self, wait: Duration, now: Instant) -> bool {
        let state = lock(&self.state);
        let kept = wait + Duration::from_millis(LEFT_MS);
        state.over.is_none() && state.receiving == 0 && now.saturating_duration_since(state.left_at) > kept
    }
}

/// Adds a frame's messages to an array that is not closed yet.
fn append(array: &mut String, frame: &str) {
    array.push(if array.is_empty() { '[' } else { ',' });
    let many = frame.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    array.push_str(many.unwrap_or(frame));
}

/// All sessions, by the number that their name writes.
#[derive(Debug, Default)]
pub(in crate::serve) struct Sessions {
    known: Mutex<HashMap<u128, Arc<Session>>>,
}

impl Sessions {
    /// Adds a session and returns its name, which is its secret.
    pub(super) fn add(&self, session: Session, open: &AtomicUsize) -> Result<String, Fault> {
        let mut known = lock(&self.known);
        if known.len() >= SESSIONS_MAX {
            return Err(Fault::new(Code::Unavailable, "too many sessions").after_ms(1_000));
        }
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)
            .map_err(|_| Fault::new(Code::Unavailable, "no random numbers").after_ms(1_000))?;
        let number = u128::from_be_bytes(secret);
        known.insert(number, Arc::new(session));
        open.fetch_add(1, Ordering::Relaxed);
        Ok(format!("{number:032x}"))
    }

    /// The session of a name.
    pub(super) fn find(&self, name: &[u8]) -> Option<Arc<Session>> {
        let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        let text =
            std::str::from_utf8(name).ok().filter(|_| name.len() == NAME_BYTES && name.iter().all(hex));
        let number = u128::from_str_radix(text?, 16).ok()?;
        lock(&self.known).get(&number).cloned()
    }

    /// How many are open.
    pub(in crate::serve) fn open(&self) -> usize {
        lock(&self.known).values().filter(|session| session.over().is_none()).count()
    }

    /// Forgets those whose end was long ago and returns those that were left.
    fn sweep(&self, wait: Duration, now: Instant) -> Vec<Arc<Session>> {
        let mut known = lock(&self.known);
        known.retain(|_, session| {
            let over = lock(&session.state).over;
            over.is_none_or(|(_, at)| now.saturating_duration_since(at) < REMEMBERED)
        });
        known.values().filter(|session| session.is_left(wait, now)).cloned().collect()
    }
}

/// Looks after sessions and addresses, for as long as the server runs.
pub(in crate::serve) async fn keep(shared: Arc<Shared>) {
    let wait = Duration::from_millis(shared.poll_wait_ms);
    loop {
        tokio::time::sleep(SWEEP).await;
        for session in shared.sessions.sweep(wait, instant()) {
            super::end(&shared, &session, Over { code: 1001, reason: "nothing was received" });
        }
        shared.peers.sweep(shared.clock.now().mono);
    }
}
