//! What is known of one connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::time::Timestamp;

use super::binary::Accepted;
use super::io::Ticket;
use crate::access::{Access, User};
use crate::bucket::Bucket;
use crate::limits::Limits;

/// How far the sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignIn {
    /// None is asked for.
    Open,
    /// `auth` has to come.
    Expected,
    /// Its token is being checked; whatever follows waits.
    Checking {
        /// Whether the connection was signed in before.
        again: bool,
    },
    /// Done; the connection ends at this instant.
    Done {
        /// `exp` and the grace.
        until: Timestamp,
    },
}

/// How far the greeting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dialect {
    /// One message a frame.
    Plain,
    /// `hello` came; whatever is sent waits for the welcome, which is the first message.
    Greeting {
        /// The job that reads the stream's state.
        ticket: Ticket,
        /// The message to be answered.
        hello: Option<String>,
    },
    /// Many messages a frame.
    Baro,
}

/// Text that waits to be sent.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) text: Arc<str>,
    /// The same as bytes, where it goes as that.
    pub(super) binary: Option<Arc<[u8]>>,
    pub(super) bulk: bool,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sign_in: SignIn,
    /// When the sign-in that counts ends.
    pub(super) expires: Option<Timestamp>,
    pub(super) dialect: Dialect,
    /// Whether what carries it takes binary frames.
    pub(super) can_binary: bool,
    /// What the last `hello` offered to read, if it said anything of that.
    pub(super) offered: Option<Accepted>,
    /// What of that is used; nothing before the welcome.
    pub(super) accepted: Accepted,
    /// Who it is, as soon as that matters.
    pub(super) user: Option<Arc<User>>,
    /// Whether the server made the user up.
    pub(super) guest: bool,
    pub(super) access: Access,
    /// The stream of its writes.
    pub(super) client: Option<Arc<str>>,
    /// Channels whose changes it gets.
    pub(super) subscriptions: BTreeSet<Arc<str>>,
    /// Channels that are being read for it.
    pub(super) loading: BTreeMap<Arc<str>, Ticket>,
    /// Messages that came while a token was checked.
    pub(super) backlog: VecDeque<String>,
    /// The id of an `auth` whose acknowledgement lets a `hello` go first.
    pub(super) auth_ack: Option<Option<String>>,
    /// What waits for the welcome.
    pub(super) held: Vec<Waiting>,
    /// What goes into the next frames.
    pub(super) queue: Vec<Waiting>,
    /// Writes that are not decided yet.
    pub(super) unanswered: usize,
    pub(super) faults: u32,
    pub(super) heard_at: Timestamp,
    /// Whether a message ever came.
    pub(super) spoke: bool,
    pub(super) messages: Bucket,
    pub(super) presence: Bucket,
    /// How often it may still be refused something for coming too fast.
    pub(super) refusals: Bucket,
}

impl Connection {
    pub(super) fn new(now: Timestamp, sign_in: SignIn, limits: &Limits) -> Self {
        let nothing = || Access::Projects(Arc::new(BTreeSet::new()));
        Self {
            sign_in,
            expires: None,
            dialect: Dialect::Plain,
            can_binary: false,
            offered: None,
            accepted: Accepted::default(),
            user: None,
            guest: false,
            access: if sign_in == SignIn::Open { Access::All } else { nothing() },
            client: None,
            subscriptions: BTreeSet::new(),
            loading: BTreeMap::new(),
            backlog: VecDeque::new(),
            auth_ack: None,
            held: Vec::new(),
            queue: Vec::new(),
            unanswered: 0,
            faults: 0,
            heard_at: now,
            spoke: false,
            messages: Bucket::full(now, limits.messages_burst),
            presence: Bucket::full(now, limits.presence_per_second),
            refusals: Bucket::full(now, limits.refusals_burst),
        }
    }

    /// Whether it takes many messages in a frame.
    pub(super) fn is_baro(&self) -> bool {
        self.dialect != Dialect::Plain
    }

    /// Whether it is that user's.
    pub(super) fn is_of(&self, user: &str) -> bool {
        self.user.as_ref().is_some_and(|own| *own.id == *user)
    }
}
