//! Which tab leads.
//!
//! The browser's lock decides: who holds it leads, the others stand in its queue, and one that ends lets go of it. What
//! the lock cannot tell is that its holder is frozen; the others notice that it does not answer, and take the lock away.
//! The one that froze may not have heard of it when it runs again, with messages of the others in its queue. Hence the
//! epoch: whoever leads raises a number in the database, and a leader that was silent for [`FENCE_MS`] relays nothing
//! before it has seen that the number is still its own.

use std::sync::Arc;

use crate::core::time::{Timestamp, soonest};
use crate::core::transport::Way;

/// How long whoever leads may take to answer that a pipe is wanted, ms. It costs it no more than a turn of its event loop.
const ANSWER_MS: u64 = 2_500;
/// By how much tabs that wait for the same answer wait differently at most, ms.
const ANSWER_SPREAD_MS: u64 = 500;
/// A leader that heard nothing for so long may have lost the lead without knowing, ms: less than [`ANSWER_MS`], before which
/// nobody takes it, and more than the heartbeat of those that follow, so that it rarely has to ask.
const FENCE_MS: u64 = 2_200;
/// How long the database may take to tell the epoch, ms.
const EPOCH_MS: u64 = 5_000;

/// Where a tab stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has nothing to do with others: they cannot be reached, or are another user's.
    Separate,
    /// It wants no connection.
    Out,
    /// It asked for the lead.
    Asking,
    /// It leads.
    Leading,
    /// It goes by way of the one that leads.
    Following,
}

impl Standing {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Separate => "separate",
            Self::Out => "out",
            Self::Asking => "asking",
            Self::Leading => "leading",
            Self::Following => "following",
        }
    }
}

/// What is wanted of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The lead if it is free; else a place in its queue.
    Ask,
    /// The lead, from whoever has it.
    Steal,
    /// Neither the lead nor a place in its queue.
    Leave,
    /// A higher epoch than any before.
    Raise,
    /// The epoch as it is.
    Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Epoch {
    /// Not asked for.
    Unknown,
    /// Being raised, since then; `first` if nothing may be opened before.
    Raising { since: Timestamp, first: bool },
    /// Ours is this one.
    Ours(u64),
    /// Ours was this one, and whether it still is was asked then.
    Doubted(u64, Timestamp),
}

/// Who leads, as one tab sees it.
#[derive(Debug)]
pub struct Election {
    standing: Standing,
    epoch: Epoch,
    /// The leader that we know of, and its epoch.
    leader: Option<(Arc<str>, u64)>,
    /// Since when whoever leads owes an answer.
    unanswered: Option<Timestamp>,
    patience_ms: u64,
    stealing: bool,
    /// When a note was last heard while we led.
    heard_at: Timestamp,
    wishes: Vec<Wish>,
}

impl Election {
    /// A tab that wants nothing yet. `spread` is a number of its own.
    pub fn new(spread: u64) -> Self {
        Self {
            standing: Standing::Separate,
            epoch: Epoch::Unknown,
            leader: None,
            unanswered: None,
            patience_ms: ANSWER_MS + spread % ANSWER_SPREAD_MS,
            stealing: false,
            heard_at: Timestamp(0),
            wishes: Vec::new(),
        }
    }

    /// Others can be reached: from now on it is asked who leads.
    pub fn share(&mut self) {
        self.standing = Standing::Out;
    }

    /// Where we stand.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Our epoch, if we lead and it is certain.
    pub fn epoch(&self) -> Option<u64> {
        match self.epoch {
            Epoch::Ours(epoch) if self.standing == Standing::Leading => Some(epoch),
            Epoch::Unknown | Epoch::Raising { .. } | Epoch::Ours(_) | Epoch::Doubted(..) => None,
        }
    }

    /// The leader that we know of.
    pub fn leader(&self) -> Option<&Arc<str>> {
        self.leader.as_ref().map(|(leader, _)| leader)
    }

    /// Whether `tab` is the leader that we know of.
    pub fn is_leader(&self, tab: &str) -> bool {
        self.leader.as_ref().is_some_and(|(leader, _)| &**leader == tab)
    }

    /// What is wanted of the browser.
    pub fn take_wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// When [`Election::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let epoch = match self.epoch {
            Epoch::Raising { since, .. } | Epoch::Doubted(_, since) => Some(since.after(EPOCH_MS)),
            Epoch::Unknown | Epoch::Ours(_) => None,
        };
        soonest(epoch, self.unanswered.map(|since| since.after(self.patience_ms)))
    }

    /// A connection is wanted. Returns whose it is going to be, if that is known.
    pub fn ask(&mut self) -> Option<Way> {
        match self.standing {
            Standing::Separate | Standing::Leading => Some(Way::Own),
            Standing::Following => Some(Way::Tab),
            Standing::Asking => None,
            Standing::Out => {
                self.standing = Standing::Asking;
                self.wishes.push(Wish::Ask);
                None
            }
        }
    }

    /// No connection is wanted.
    pub fn withdraw(&mut self) {
        if self.standing != Standing::Separate {
            self.give_up(Standing::Out);
        }
    }

    /// Others are of no use to us, nor we to them.
    pub fn separate(&mut self) -> Option<Way> {
        self.give_up(Standing::Separate);
        Some(Way::Own)
    }

    fn give_up(&mut self, standing: Standing) {
        if !matches!(self.standing, Standing::Out | Standing::Separate) {
            self.wishes.push(Wish::Leave);
        }
        self.standing = standing;
        self.epoch = Epoch::Unknown;
        self.leader = None;
        self.unanswered = None;
        self.stealing = false;
    }

    /// The lock is ours.
    pub fn handle_granted(&mut self, now: Timestamp) -> Option<Way> {
        if matches!(self.standing, Standing::Out | Standing::Separate) {
            self.wishes.push(Wish::Leave);
            return None;
        }
        let first = std::mem::take(&mut self.stealing);
        self.standing = Standing::Leading;
        self.leader = None;
        self.unanswered = None;
        self.heard_at = now;
        self.epoch = Epoch::Raising { since: now, first };
        self.wishes.push(Wish::Raise);
        // Whom it was taken from may only be slow: nothing is opened beside its connection before it can know.
        (!first).then_some(Way::Own)
    }

    /// Somebody else has the lock, and we are in its queue.
    pub fn handle_busy(&mut self) -> Option<Way> {
        (self.standing == Standing::Asking).then(|| {
            self.standing = Standing::Following;
            Way::Tab
        })
    }

    /// The lock was taken from us, or is to be.
    pub fn handle_lost(&mut self) -> Option<Way> {
        // We may have known before we were told.
        if self.standing != Standing::Leading || mutant!(two_leaders) {
            return None;
        }
        self.give_up(Standing::Out);
        Some(Way::Unsettled)
    }

    /// The database tells the epoch; nothing if it cannot.
    pub fn handle_epoch(&mut self, now: Timestamp, told: Option<u64>) -> Option<Way> {
        match (self.epoch, told) {
            (Epoch::Raising { first, .. }, Some(epoch)) => {
                self.epoch = Epoch::Ours(epoch);
                first.then_some(Way::Own)
            }
            (Epoch::Doubted(ours, _), Some(epoch)) if epoch == ours || mutant!(fence_not_checked) => {
                self.epoch = Epoch::Ours(ours);
                self.heard_at = now;
                None
            }
            (Epoch::Doubted(..), Some(_)) => self.handle_lost(),
            // Without an epoch nobody can be led safely.
            (Epoch::Raising { .. } | Epoch::Doubted(..), None) => self.separate(),
            (Epoch::Unknown | Epoch::Ours(_), _) => None,
        }
    }

    /// We lead, and another tab wants something. Returns whether it may be given: if we slept, that has to be seen first.
    pub fn may_relay(&mut self, now: Timestamp) -> bool {
        match self.epoch {
            Epoch::Ours(epoch) if now.since(self.heard_at) >= FENCE_MS && !mutant!(fence_not_checked) => {
                self.epoch = Epoch::Doubted(epoch, now);
                self.wishes.push(Wish::Look);
                false
            }
            Epoch::Ours(_) => {
                self.heard_at = now;
                true
            }
            Epoch::Unknown | Epoch::Raising { .. } | Epoch::Doubted(..) => false,
        }
    }

    /// Another tab says that it leads under an epoch. Returns what that changes; `Tab` if a pipe to it is wanted anew.
    pub fn handle_lead(&mut self, from: &str, epoch: u64) -> Option<Way> {
        match self.standing {
            Standing::Leading => {
                let ours = match self.epoch {
                    Epoch::Ours(ours) | Epoch::Doubted(ours, _) => ours,
                    Epoch::Unknown | Epoch::Raising { .. } => return None,
                };
                if ours >= epoch { None } else { self.handle_lost() }
            }
            Standing::Following if self.leader.as_ref().is_none_or(|(_, known)| *known < epoch) => {
                self.leader = Some((Arc::from(from), epoch));
                self.unanswered = None;
                Some(Way::Tab)
            }
            Standing::Following | Standing::Asking | Standing::Out | Standing::Separate => None,
        }
    }

    /// Whoever leads was asked for a pipe.
    pub fn expect_answer(&mut self, now: Timestamp) {
        self.unanswered.get_or_insert(now);
    }

    /// It answered.
    pub fn handle_answer(&mut self, from: &str) {
        self.unanswered = None;
        if !self.is_leader(from) {
            self.leader = Some((Arc::from(from), 0));
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Option<Way> {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return None;
        }
        match self.epoch {
            Epoch::Raising { .. } | Epoch::Doubted(..) => return self.separate(),
            Epoch::Unknown | Epoch::Ours(_) => {}
        }
        self.unanswered = None;
        if self.standing == Standing::Following {
            self.stealing = true;
            self.leader = None;
            self.wishes.push(Wish::Steal);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharing() -> Election {
        let mut election = Election::new(0);
        election.share();
        election
    }

    fn leading() -> Election {
        let mut election = sharing();
        election.ask();
        assert_eq!(election.handle_granted(Timestamp(0)), Some(Way::Own));
        assert_eq!(election.handle_epoch(Timestamp(1), Some(5)), None);
        assert_eq!(election.take_wishes(), [Wish::Ask, Wish::Raise]);
        election
    }

    fn following() -> Election {
        let mut election = sharing();
        election.ask();
        assert_eq!(election.handle_busy(), Some(Way::Tab));
        assert_eq!(election.take_wishes(), [Wish::Ask]);
        election
    }

    #[test]
    fn who_gets_the_lock_opens_at_once_and_leads_others_once_it_has_an_epoch() {
        let mut election = sharing();
        assert_eq!(election.ask(), None);
        assert_eq!(election.handle_granted(Timestamp(3)), Some(Way::Own));
        assert_eq!((election.standing(), election.epoch()), (Standing::Leading, None));
        assert!(!election.may_relay(Timestamp(3)));
        assert_eq!(election.handle_epoch(Timestamp(4), Some(1)), None);
        assert!(election.may_relay(Timestamp(4)));
        assert_eq!(election.ask(), Some(Way::Own));
    }

    #[test]
    fn who_does_not_get_it_goes_by_way_of_the_other_and_leads_when_that_ends() {
        let mut election = following();
        assert_eq!(election.ask(), Some(Way::Tab));
        assert_eq!(election.handle_lead("a", 4), Some(Way::Tab));
        assert!(election.is_leader("a"));
        assert_eq!(election.handle_lead("old", 3), None, "an earlier leader is none any more");
        assert_eq!(election.handle_lead("a", 4), None);
        assert_eq!(election.handle_granted(Timestamp(9)), Some(Way::Own));
        assert_eq!(election.standing(), Standing::Leading);
    }

    #[test]
    fn a_leader_that_does_not_answer_loses_the_lead_and_nothing_is_opened_before_it_can_know() {
        let mut election = following();
        election.expect_answer(Timestamp(10));
        election.expect_answer(Timestamp(500));
        assert_eq!(election.poll_timeout(), Some(Timestamp(10 + ANSWER_MS)));
        assert_eq!(election.handle_timeout(Timestamp(10 + ANSWER_MS)), None);
        assert_eq!(election.take_wishes(), [Wish::Steal]);
        assert_eq!(election.handle_granted(Timestamp(2_000)), None);
        assert_eq!(election.handle_epoch(Timestamp(2_010), Some(6)), Some(Way::Own));
    }

    #[test]
    fn one_that_answers_keeps_it() {
        let mut election = following();
        election.expect_answer(Timestamp(10));
        election.handle_answer("a");
        assert_eq!(election.poll_timeout(), None);
        assert_eq!(election.handle_timeout(Timestamp(60_000)), None);
        assert_eq!(election.take_wishes(), []);
    }

    #[test]
    fn a_leader_that_slept_relays_nothing_before_it_has_seen_that_it_leads() {
        let mut election = leading();
        assert!(election.may_relay(Timestamp(2_000)));
        assert!(!election.may_relay(Timestamp(2_000 + FENCE_MS)));
        assert!(!election.may_relay(Timestamp(2_001 + FENCE_MS)));
        assert_eq!(election.take_wishes(), [Wish::Look]);
        assert_eq!(election.handle_epoch(Timestamp(4_600), Some(5)), None);
        assert!(election.may_relay(Timestamp(4_700)));
    }

    #[test]
    fn a_leader_that_slept_and_was_replaced_steps_back() {
        let mut election = leading();
        assert!(!election.may_relay(Timestamp(FENCE_MS)));
        assert_eq!(election.handle_epoch(Timestamp(9_000), Some(6)), Some(Way::Unsettled));
        assert_eq!(election.standing(), Standing::Out);
        assert_eq!(election.take_wishes(), [Wish::Look, Wish::Leave]);
        let mut election = leading();
        assert_eq!(election.handle_lead("b", 5), None, "an epoch is one tab's");
        assert_eq!(election.handle_lead("b", 6), Some(Way::Unsettled));
        let mut election = leading();
        assert_eq!(election.handle_lost(), Some(Way::Unsettled));
        assert_eq!(election.ask(), None, "it asks anew");
        assert_eq!(election.handle_lost(), None, "what it knows already");
        assert_eq!(election.standing(), Standing::Asking);
    }

    #[test]
    fn without_a_database_every_tab_is_for_itself() {
        for silent in [false, true] {
            let mut election = sharing();
            election.ask();
            election.handle_granted(Timestamp(0));
            let way = if silent {
                election.handle_timeout(Timestamp(EPOCH_MS))
            } else {
                election.handle_epoch(Timestamp(1), None)
            };
            assert_eq!((way, election.standing()), (Some(Way::Own), Standing::Separate));
            assert_eq!(election.take_wishes(), [Wish::Ask, Wish::Raise, Wish::Leave]);
        }
    }

    #[test]
    fn what_comes_after_it_withdrew_gives_it_nothing() {
        let mut election = following();
        election.withdraw();
        assert_eq!(election.handle_granted(Timestamp(0)), None);
        assert_eq!(election.take_wishes(), [Wish::Leave, Wish::Leave]);
        assert_eq!(election.handle_lost(), None);
        assert_eq!(election.handle_lead("a", 9), None);
        assert_eq!(election.standing(), Standing::Out);
    }
}
