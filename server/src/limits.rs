//! The numbers that bound everything.
//!
//! Owns the limits of `docs/PROTOCOL.md` §1.6 and the times of §1.4, §2.4 and §2.5. They are values, so that the
//! simulator and the tests can make them small.

/// What the hub allows, and when it acts by itself. Times in ms, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A frame from a client.
    pub frame_bytes: usize,
    /// An event, as the welcome tells; [`Rules::event_bytes`] enforces it.
    pub event_bytes: usize,
    /// An id, a type, a channel name.
    pub name_bytes: usize,
    /// Subscriptions of a connection.
    pub subscriptions: usize,
    /// Open connections of a user.
    pub connections_per_user: u64,
    /// Unanswered writes that a client is told to keep to.
    pub window: u64,
    /// Unanswered writes of a connection above which further ones are refused as `rate_limited`.
    pub unanswered: usize,
    /// The same of all connections of a user.
    pub user_unanswered: usize,
    /// Messages a second of a user that are neither writes nor presence; twice as many may come at once.
    pub user_messages_per_second: u64,
    /// Presence messages a second of a user.
    pub user_presence_per_second: u64,
    /// Messages a second of a connection that are neither writes nor presence.
    pub messages_per_second: u64,
    /// How many of those may come at once.
    pub messages_burst: u64,
    /// Presence messages a second; what is over is dropped silently.
    pub presence_per_second: u64,
    /// Messages refused as too many, a second, that a connection survives.
    pub refusals_per_second: u64,
    /// How many of those may come at once.
    pub refusals_burst: u64,
    /// Faulty messages after which a connection is closed.
    pub faults: u32,
    /// From opening to `auth`.
    pub sign_in_ms: u64,
    /// From opening to the first message or other sign of life.
    pub first_message_ms: u64,
    /// From a token's `exp` to the end of its connection.
    pub expiry_grace_ms: u64,
    /// How long the acknowledgement of `auth` waits for a `hello`, so that the welcome comes first.
    pub hello_grace_ms: u64,
    /// What the welcome tells as `heartbeat.interval`.
    pub heartbeat_interval_ms: u64,
    /// What the welcome tells as `heartbeat.timeout`.
    pub heartbeat_timeout_ms: u64,
    /// Shortest silence after which a connection is closed; three intervals, if those are longer.
    pub silence_ms: u64,
    /// How long a user is kept who has no connection left.
    pub leave_grace_ms: u64,
    /// Cursors are sent at most once in this time.
    pub tick_ms: u64,
    /// Users of a channel that are announced; those above it are when they first do something.
    pub announced: usize,
    /// Text that is joined into one frame.
    pub joined_bytes: usize,
    /// Events in one part of a snapshot. A socket's buffer keeps the size of the largest frame that ever went through it, so
    /// that large parts would cost each connection their size for as long as it lasts.
    pub chunk_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 256 * 1024,
            event_bytes: 64 * 1024,
            name_bytes: 256,
            subscriptions: 100,
            connections_per_user: 100,
            window: 32,
            unanswered: 512,
            user_unanswered: 4_096,
            user_messages_per_second: 2_000,
            user_presence_per_second: 300,
            messages_per_second: 1_000,
            messages_burst: 2_000,
            presence_per_second: 100,
            refusals_per_second: 20,
            refusals_burst: 5_000,
            faults: 20,
            sign_in_ms: 5_000,
            first_message_ms: 45_000,
            expiry_grace_ms: 25_000,
            hello_grace_ms: 20,
            heartbeat_interval_ms: 6_000,
            heartbeat_timeout_ms: 3_000,
            silence_ms: 90_000,
            leave_grace_ms: 3_000,
            tick_ms: 50,
            announced: 500,
            joined_bytes: 64 * 1024,
            chunk_bytes: 32 * 1024,
        }
    }
}

impl Limits {
    /// The silence after which a connection is closed.
    pub fn silence_limit_ms(&self) -> u64 {
        self.silence_ms.max(self.heartbeat_interval_ms.saturating_mul(3))
    }
}

/// What the ledger keeps and accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// An event as JSON text.
    pub event_bytes: usize,
    /// Changes of a channel that are kept at least; a client behind them gets a snapshot.
    pub history: u64,
    /// Trimming a history waits for this many changes above [`Rules::history`].
    pub history_slack: u64,
    /// Changes sent one by one for a resumption; a longer text becomes a snapshot.
    pub recovery_bytes: usize,
    /// Outcomes that are kept of each client.
    pub outcomes: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            event_bytes: 64 * 1024,
            history: 1_000,
            history_slack: 100,
            recovery_bytes: 1024 * 1024,
            outcomes: 256,
        }
    }
}
