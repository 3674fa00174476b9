//! The connection that the tabs of a user share: what it means for this one.
//!
//! A tab that leads has a connection as any program has, and relays for the others (`leading`). One that follows has a
//! pipe to it, and speaks on it as it would with the server (`following`). Which of the two it is, `core/tabs` decides.

mod following;
mod leading;
mod peers;

use std::collections::VecDeque;
use std::sync::Arc;

use super::Client;
use crate::core::id::{ClientId, PipeId};
use crate::core::io::{Effect, TabsEffect, TabsEvent};
use crate::core::metrics::{Cause, Step, hash_of};
use crate::core::session::subject_of;
use crate::core::tabs::{Count, Election, Note, Relay, Standing, Verb, Wish};
use crate::core::time::{Now, Timestamp};
use crate::core::transport::Way;

/// Most notes kept until it is known whether we lead.
const HELD_MAX: usize = 1_000;

/// What is known of the other tabs.
#[derive(Debug)]
pub(super) struct Tabs {
    /// Whether other tabs can be reached.
    shares: bool,
    election: Election,
    peers: peers::Peers,
    relay: Relay,
    /// The pipe to the tab that leads, and whether it is open.
    pipe: Option<(PipeId, bool)>,
    /// Frames said and heard on it.
    told: Count,
    heard: Count,
    /// Notes of followers that came before it was known whether we lead.
    held: VecDeque<String>,
    /// Followers whose pipes open with our connection.
    knocking: Vec<(Arc<str>, u64, bool)>,
    /// The `hello` that names streams of followers to the server, and what came after it from others that have some.
    greeting: Option<String>,
    delayed: VecDeque<(Arc<str>, u64, String)>,
    /// Whether nobody was told yet that we lead.
    leads_anew: bool,
    /// Whether followers can be served, as they were last told.
    ready: bool,
    /// When the link was last questioned for a write of a follower.
    probed_at: Option<Timestamp>,
    /// Why a connection was wanted when it was asked who leads.
    cause: Cause,
    /// Whether our own page is out of sight.
    away: bool,
}

impl Tabs {
    pub(super) fn new(spread: u64) -> Self {
        Self {
            election: Election::new(spread),
            shares: false,
            peers: peers::Peers::default(),
            relay: Relay::default(),
            pipe: None,
            told: Count::default(),
            heard: Count::default(),
            held: VecDeque::new(),
            knocking: Vec::new(),
            greeting: None,
            delayed: VecDeque::new(),
            leads_anew: false,
            ready: false,
            probed_at: None,
            cause: Cause::Call,
            away: false,
        }
    }

    /// Why an attempt is made that the other tabs lead to.
    pub(super) fn cause(&self) -> Cause {
        self.cause
    }
}

impl Client {
    /// The tabs of this user share a connection from now on. To be called before anything else, and only where tabs can
    /// reach each other, share a lock and have a database.
    pub fn share_tabs(&mut self) {
        self.tabs.election.share();
        self.session.share();
        self.tabs.shares = true;
        self.ask_peers();
    }

    /// The stream of writes of this program, which is its name among the tabs.
    pub fn own(&self) -> &ClientId {
        self.outbox.own()
    }

    /// Where this tab stands among those of its user.
    pub fn standing(&self) -> Standing {
        self.tabs.election.standing()
    }

    /// How many tabs go by way of this one.
    pub fn followers(&self) -> usize {
        self.tabs.relay.len()
    }

    pub(super) fn handle_tabs(&mut self, now: Now, event: TabsEvent<'_>) {
        match event {
            TabsEvent::Granted => {
                self.tabs.leads_anew = true;
                let way = self.tabs.election.handle_granted(now.mono);
                self.on_way(now, way);
            }
            TabsEvent::Busy => {
                let way = self.tabs.election.handle_busy();
                self.on_way(now, way);
            }
            TabsEvent::Lost => {
                let way = self.tabs.election.handle_lost();
                self.on_way(now, way);
            }
            TabsEvent::Unavailable => {
                let way = self.tabs.election.separate();
                self.on_way(now, way);
            }
            TabsEvent::Epoch(told) => {
                let before = self.tabs.election.epoch();
                let way = self.tabs.election.handle_epoch(now.mono, told);
                self.on_way(now, way);
                if before.is_none() && self.tabs.election.epoch().is_some() {
                    self.on_leading(now);
                }
            }
            TabsEvent::Heard(text) => self.on_note(now, text),
            TabsEvent::Left(tab, rows) => self.on_left(now, tab, rows),
        }
        self.soon(now);
    }

    /// A connection is wanted: whose, is to be found out.
    pub(super) fn elect(&mut self, now: Now) {
        self.tabs.cause = self.cause;
        let way = self.tabs.election.ask();
        self.on_way(now, way);
    }

    /// No connection is wanted: neither are we of use to others.
    pub(super) fn withdraw(&mut self) {
        self.tabs.election.withdraw();
        self.end_relay("the tab that led ended its connection");
        self.do_wishes();
    }

    fn on_way(&mut self, now: Now, way: Option<Way>) {
        if self.tabs.election.standing() != Standing::Leading {
            self.end_relay("another tab leads");
        }
        self.do_wishes();
        if let Some(way) = way {
            self.trace.note(Step::Standing, self.tabs.election.standing().name(), [0; 4]);
            self.session.set_way(now.mono, way);
        }
    }

    fn do_wishes(&mut self) {
        for wish in self.tabs.election.take_wishes() {
            if wish == Wish::Leave {
                self.effect(Effect::Tabs(TabsEffect::Unwatch));
            }
            self.effect(Effect::Tabs(TabsEffect::Wish(wish)));
        }
    }

    fn note_to(&mut self, note: Note<'_>) {
        self.effect(Effect::Tabs(TabsEffect::Tell(note.write())));
    }

    /// Whether our own page is out of sight.
    pub(super) fn set_away(&mut self, away: bool) {
        self.tabs.away = away;
    }

    pub(super) fn is_away(&self) -> bool {
        self.tabs.away
    }

    /// Our own name among the tabs.
    fn name(&self) -> Arc<str> {
        self.outbox.own().0.clone()
    }

    fn on_note(&mut self, now: Now, text: &str) {
        let name = self.name();
        let Some(note) = Note::parse(text) else { return };
        if note.verb != Verb::Ask {
            self.on_peer_heard();
        }
        if !note.to.is_empty() && note.to != &*name {
            return;
        }
        match note.verb {
            Verb::Lead => {
                let way = self.tabs.election.handle_lead(note.from, note.number);
                if way == Some(Way::Tab) {
                    self.session.renew(now.mono);
                } else {
                    self.on_way(now, way);
                }
            }
            Verb::Ask => self.on_asked(note.from),
            Verb::Wrote => self.on_wrote(note.text),
            Verb::Gone => self.forget_stream(note.text),
            Verb::Ready => {
                if self.standing() == Standing::Following {
                    self.session.handle_way_open(now.mono);
                }
            }
            Verb::Wait | Verb::Opened | Verb::Refused => self.on_leader_note(now, &note),
            Verb::Open => self.on_follower_note(now, text, &note),
            // Both ends send these.
            Verb::Frame | Verb::Close if self.standing() == Standing::Leading => {
                self.on_follower_note(now, text, &note);
            }
            Verb::Frame | Verb::Close => self.on_leader_note(now, &note),
        }
    }

    /// Time passed.
    pub(super) fn handle_tabs_timeout(&mut self, now: Now) {
        let way = self.tabs.election.handle_timeout(now.mono);
        self.on_way(now, way);
        if self.relay_probe_at().is_some_and(|due| due <= now.mono) {
            self.probe_for_followers(now);
        }
    }

    /// When [`Client::handle_tabs_timeout`] wants to be called.
    pub(super) fn tabs_timeout(&self) -> Option<Timestamp> {
        crate::core::time::soonest(self.tabs.election.poll_timeout(), self.relay_probe_at())
    }

    /// Whose this tab is: who the program says that the user is, and whom its token names. A token that cannot be read
    /// stands for itself.
    fn identity(&self) -> String {
        let user = self.config.user.as_ref().map_or("", |user| user.id.as_str());
        let subject = self
            .session
            .token()
            .map(|token| subject_of(token).unwrap_or_else(|| ["#", &hash_of(token).to_string()].concat()));
        [user, &subject.unwrap_or_default()].join("\n")
    }

    /// Whether a tab of `identity` is of the same user as this one. Of one that has no token yet its program's word counts.
    fn is_same_user(&self, identity: &str) -> bool {
        let ours = self.identity();
        let (our_user, our_subject) = ours.split_once('\n').unwrap_or_default();
        let (user, subject) = identity.split_once('\n').unwrap_or_default();
        let same_subject =
            subject == our_subject || !user.is_empty() && (subject.is_empty() || our_subject.is_empty());
        user == our_user && same_subject || mutant!(other_users_led)
    }
}
