//! What pipes report: the race between transports, the conversation's beginning, the way back to a WebSocket.

use super::super::close::{CloseVerdict, judge_close};
use super::super::phase::{Link, Phase};
use super::super::race::Race;
use super::super::upgrade::Upgrade;
use super::super::words::{Action, State};
use super::Session;
use crate::core::id::PipeId;
use crate::core::time::Timestamp;
use crate::core::transport::{Transport, Way};

/// Time from opening the first pipe to its `open`, and the limits of what later ones are given.
const CONNECT_MS: u64 = 5_000;
const CONNECT_MS_MIN: u64 = 2_000;
const CONNECT_MS_MAX: u64 = 8_000;
/// How long a token may stay unanswered before the server is taken for one that does not answer: as long as the pipe took
/// to open, since that is two round trips at least and an answer is one, within these limits.
const GREETING_MS_MIN: u64 = 300;
const GREETING_MS_MAX: u64 = 2_000;
/// How long the tabs may take to tell whose connection is used: browsers answer at once, and a browser that does not is
/// not waited for.
const ELECTION_MS: u64 = 1_000;
/// A WebSocket that has said nothing for so long is asked, where it is not known that WebSockets work: some proxies let
/// one open and swallow what it carries.
const PROVE_MS: u64 = 2_500;

impl Session {
    /// Begins an attempt.
    pub(super) fn open(&mut self, now: Timestamp) {
        let first = match self.way {
            Way::Own => self.choice.first(now),
            Way::Tab => Transport::Tab,
            Way::Unsettled => {
                self.phase = Phase::Electing { deadline: now.after(ELECTION_MS) };
                self.actions.push(Action::Elect);
                return;
            }
        };
        let link = self.open_link(now, first);
        let race = Race::new(now, link, self.choice.rival(first), self.patience_ms(first));
        self.phase = Phase::Opening { race };
    }

    fn open_link(&mut self, now: Timestamp, transport: Transport) -> Link {
        self.last_pipe += 1;
        let pipe = PipeId(self.last_pipe);
        self.actions.push(Action::Open(pipe, transport));
        Link { pipe, transport, since: now }
    }

    /// Twice the time that it took last, and a second: a slow network is given time, a dead one is not.
    fn patience_ms(&self, transport: Transport) -> u64 {
        match (transport, self.connect_ms) {
            (Transport::WebSocket, Some(ms)) => (2 * ms + 1_000).clamp(CONNECT_MS_MIN, CONNECT_MS_MAX),
            (Transport::WebSocket, None) | (Transport::Polling | Transport::Tab, _) => CONNECT_MS,
        }
    }

    /// Time passed while nothing has opened.
    pub(super) fn race_on(&mut self, now: Timestamp) {
        let Phase::Opening { race } = &mut self.phase else { return };
        if let Some(rival) = race.take_joining(now) {
            return self.join_race(now, rival);
        }
        for link in race.links().into_iter().flatten() {
            self.on_failed(now, link.transport);
        }
        self.close_pipes(1000, "connect timeout");
        self.retry(now, None);
    }

    fn join_race(&mut self, now: Timestamp, rival: Transport) {
        let (link, patience_ms) = (self.open_link(now, rival), self.patience_ms(rival));
        if let Phase::Opening { race } = &mut self.phase {
            race.join(now, link, patience_ms);
        }
    }

    /// A pipe opened.
    pub fn handle_opened(&mut self, now: Timestamp, pipe: PipeId) {
        match &mut self.phase {
            Phase::Opening { race } => {
                let won = race.links().into_iter().flatten().find(|link| link.pipe == pipe);
                if let Some(link) = won {
                    self.on_won(now, link);
                }
            }
            Phase::Live { upgrade, .. } => {
                if upgrade.handle_opened(now, pipe) {
                    self.actions.push(Action::Ask(pipe));
                }
            }
            Phase::Idle
            | Phase::AwaitingToken { .. }
            | Phase::Electing { .. }
            | Phase::Greeting { .. }
            | Phase::Backoff { .. }
            | Phase::Asleep
            | Phase::Failed => {}
        }
    }

    fn on_won(&mut self, now: Timestamp, link: Link) {
        let Phase::Opening { race } = &self.phase else { return };
        for loser in race.links().into_iter().flatten() {
            if loser.pipe != link.pipe && !mutant!(loser_kept) {
                self.actions.push(Action::Close(loser.pipe, 1000, "another one opened first"));
                // Polling that was slower than the WebSocket is as it should be.
                if loser.transport == Transport::WebSocket {
                    self.on_failed(now, loser.transport);
                }
            }
        }
        let opening_ms = now.since(link.since);
        if link.transport == Transport::WebSocket {
            self.connect_ms = Some(opening_ms);
        }
        let link = Link { since: now, ..link };
        let rival = self.choice.rival(link.transport);
        let unproven = link.transport == Transport::WebSocket && !self.choice.is_proven() && rival.is_some();
        let is_tab = link.transport == Transport::Tab;
        self.liveness.begin(now, unproven.then_some(PROVE_MS), is_tab);
        let deadline = now.after(opening_ms.clamp(GREETING_MS_MIN, GREETING_MS_MAX));
        self.phase = Phase::Greeting { link, deadline };
        self.actions.push(Action::Greet(link.pipe));
        // Without a token there is nothing that could be refused. A tab that leads has been taken in already.
        if self.token.token().is_none() || is_tab {
            self.establish(now);
        }
    }

    pub(super) fn establish(&mut self, now: Timestamp) {
        if let Phase::Greeting { link, .. } = self.phase {
            self.phase = Phase::Live { link, upgrade: Upgrade::Idle };
            if link.transport == Transport::Tab {
                self.token.rest();
            } else {
                self.token.watch(now, self.clock.wall_ms());
            }
            self.enter(State::Connected);
            self.actions.push(Action::Established);
        }
    }

    /// Whether `pipe` is the one in use; a frame of another is not for us.
    pub fn is_current(&self, pipe: PipeId) -> bool {
        self.open_pipe() == Some(pipe)
    }

    /// The server answered something that we sent.
    pub fn handle_answered(&mut self) {
        self.liveness.hear_answer();
    }

    /// A frame arrived on the pipe in use.
    pub fn handle_heard(&mut self, now: Timestamp) {
        let first = !self.liveness.has_heard();
        self.liveness.hear(now);
        let Some(link) = self.phase.link() else { return };
        match link.transport {
            Transport::WebSocket if first => self.choice.websocket_delivered(),
            Transport::Polling if first => self.choice.polling_delivered(now),
            Transport::WebSocket | Transport::Polling | Transport::Tab => {}
        }
        self.remember(now);
        if link.transport == Transport::Polling {
            self.plan_upgrade(now);
        }
    }

    /// How long the server takes to answer: the smoothed round trip and its mean deviation.
    pub fn set_round_trip(&mut self, smoothed_ms: u64, deviation_ms: u64) {
        self.liveness.set_round_trip(smoothed_ms, deviation_ms);
    }

    /// What was sent is leaving, if slowly.
    pub fn handle_progress(&mut self, now: Timestamp) {
        self.liveness.progress(now);
    }

    /// A frame arrived on another pipe: whatever it says, the pipe delivers.
    pub fn handle_heard_aside(&mut self, now: Timestamp, pipe: PipeId) {
        if let Phase::Live { upgrade, .. } = &mut self.phase {
            upgrade.handle_heard(now, pipe);
        }
    }

    /// Polling works: a WebSocket is to be tried beside it one day.
    fn plan_upgrade(&mut self, now: Timestamp) {
        if let (Phase::Live { upgrade: upgrade @ Upgrade::Idle, .. }, Some(due)) =
            (&mut self.phase, self.choice.upgrade_at(now))
        {
            *upgrade = Upgrade::Due(due);
        }
    }

    /// Whether the connection is about to move to a WebSocket: what is to be sent on the present pipe is sent before.
    pub fn is_moving(&self) -> bool {
        matches!(self.phase, Phase::Live { upgrade: Upgrade::Ready { .. }, .. })
    }

    /// Time passed while there may be a way back to a WebSocket.
    pub(super) fn upgrade_on(&mut self, now: Timestamp) {
        let busy = self.under_way;
        let Phase::Live { upgrade, .. } = &mut self.phase else { return };
        if upgrade.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        match *upgrade {
            Upgrade::Idle => {}
            Upgrade::Due(_) => {
                let link = self.open_link(now, Transport::WebSocket);
                let deadline = now.after(self.patience_ms(Transport::WebSocket));
                self.set_upgrade(Upgrade::Opening { link, deadline });
            }
            Upgrade::Opening { link, .. } | Upgrade::Asked { link, .. } => {
                self.actions.push(Action::Close(link.pipe, 1000, "no answer in time"));
                self.on_upgrade_failed(now);
            }
            Upgrade::Ready { .. } => {
                if let Some(link) = upgrade.take_ready(now, busy) {
                    self.move_to(now, link);
                }
            }
        }
    }

    fn set_upgrade(&mut self, next: Upgrade) {
        if let Phase::Live { upgrade, .. } = &mut self.phase {
            *upgrade = next;
        }
    }

    /// The WebSocket beside polling did not come about; later it may.
    fn on_upgrade_failed(&mut self, now: Timestamp) {
        self.choice.upgrade_failed(now);
        self.remember(now);
        self.set_upgrade(Upgrade::Idle);
        self.plan_upgrade(now);
    }

    /// The connection goes on on another pipe, without having been lost.
    fn move_to(&mut self, now: Timestamp, link: Link) {
        if let Some(old) = self.open_pipe() {
            self.actions.push(Action::Close(old, 1000, "moved to a WebSocket"));
        }
        self.liveness.begin(now, None, false);
        self.liveness.hear(now);
        self.choice.websocket_delivered();
        self.remember(now);
        let link = Link { since: now, ..link };
        self.phase = Phase::Live { link, upgrade: Upgrade::Idle };
        self.actions.push(Action::Moved(link.pipe));
    }

    /// A pipe closed.
    pub fn handle_closed(&mut self, now: Timestamp, pipe: PipeId, code: u16, reason: &str) {
        let pipe = self.open_pipe().filter(|_| mutant!(old_socket_heard)).unwrap_or(pipe);
        match &mut self.phase {
            Phase::Opening { race } => {
                // While a network is not known, one of its ways being shut says nothing of the other.
                let Some(link) = race.leave(now, pipe, !self.choice.is_proven()) else { return };
                let over = race.is_over();
                self.on_failed(now, link.transport);
                if over {
                    self.on_lost(now, code, reason);
                } else {
                    self.hurry(now);
                }
            }
            Phase::Greeting { link, .. } | Phase::Live { link, .. } if link.pipe == pipe => {
                self.on_silent_end(now, code);
                if let [_, Some(rival)] = self.phase.links() {
                    self.actions.push(Action::Close(rival.pipe, 1000, "the one it was to replace is lost"));
                }
                self.on_lost(now, code, reason);
            }
            Phase::Live { upgrade, .. } if upgrade.link().is_some_and(|link| link.pipe == pipe) => {
                self.on_upgrade_failed(now);
            }
            Phase::Idle
            | Phase::AwaitingToken { .. }
            | Phase::Electing { .. }
            | Phase::Greeting { .. }
            | Phase::Live { .. }
            | Phase::Backoff { .. }
            | Phase::Asleep
            | Phase::Failed => {}
        }
    }

    /// Whoever may join by now does.
    fn hurry(&mut self, now: Timestamp) {
        let Phase::Opening { race } = &mut self.phase else { return };
        if let Some(rival) = race.take_joining(now) {
            self.join_race(now, rival);
        }
    }

    /// The connection in use ended. One that never delivered is a failure of its transport, unless a server said why.
    pub(super) fn on_silent_end(&mut self, now: Timestamp, code: u16) {
        let silent = code < 4_000 && judge_close(code) == CloseVerdict::Retry && !self.liveness.has_heard();
        if let Some(link) = self.phase.link().filter(|_| silent) {
            self.on_failed(now, link.transport);
        }
    }

    fn on_failed(&mut self, now: Timestamp, transport: Transport) {
        match transport {
            Transport::WebSocket => self.choice.websocket_failed(now),
            Transport::Polling => self.choice.polling_failed(),
            Transport::Tab => {}
        }
        self.remember(now);
    }

    /// An earlier program found that polling should come first until then, by the wall clock.
    pub fn recall(&mut self, now: Timestamp, until_wall_ms: u64) {
        self.choice.recall(now, until_wall_ms.saturating_sub(self.clock.own_wall_ms()));
        self.remembered = self.choice.polling_until();
        // A WebSocket that is being opened already gets its rival at once.
        if self.choice.first(now) == Transport::Polling
            && let Phase::Opening { race } = &mut self.phase
        {
            race.hurry(now);
            self.hurry(now);
        }
    }

    /// Tells what another program should know.
    fn remember(&mut self, now: Timestamp) {
        let until = self.choice.polling_until();
        if std::mem::replace(&mut self.remembered, until) != until {
            let until_wall_ms = until.map(|until| self.clock.own_wall_ms().saturating_add(until.since(now)));
            self.actions.push(Action::Remember(until_wall_ms));
        }
    }
}
