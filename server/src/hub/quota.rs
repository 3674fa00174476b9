//! What one user may take, over all of his connections.
//!
//! Owns the count of a user's connections and his rates. A connection has limits of its own; without these, opening more of
//! them would be the way around.

use std::collections::BTreeMap;
use std::sync::Arc;

use baro_realtime::core::time::{Now, Timestamp};

use super::Hub;
use super::io::ConnectionId;
use crate::bucket::Bucket;
use crate::limits::Limits;

/// What a user holds.
#[derive(Debug)]
struct Quota {
    connections: u64,
    messages: Bucket,
    presence: Bucket,
    /// Writes that are not decided yet.
    unanswered: usize,
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    users: BTreeMap<Arc<str>, Quota>,
}

/// What a message counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    Write,
    Presence,
    Other,
}

impl Quotas {
    /// Counts a connection of a user; `false` if it is one too many. It is counted either way.
    fn enter(&mut self, user: &Arc<str>, now: Timestamp, limits: &Limits) -> bool {
        let quota = self.users.entry(Arc::clone(user)).or_insert_with(|| Quota {
            connections: 0,
            messages: Bucket::full(now, limits.user_messages_per_second * 2),
            presence: Bucket::full(now, limits.user_presence_per_second),
            unanswered: 0,
        });
        quota.connections += 1;
        quota.connections <= limits.connections_per_user
    }

    fn leave(&mut self, user: &str) {
        let Some(quota) = self.users.get_mut(user) else { return };
        quota.connections -= 1;
        if quota.connections == 0 {
            self.users.remove(user);
        }
    }

    /// Whether a user may send that now. Who never said who he is has only his connection's limits yet.
    pub(super) fn allows(&mut self, user: &str, charge: Charge, now: Timestamp, limits: &Limits) -> bool {
        let Some(quota) = self.users.get_mut(user) else { return true };
        let messages = limits.user_messages_per_second;
        let presence = limits.user_presence_per_second;
        match charge {
            Charge::Write => quota.unanswered < limits.user_unanswered,
            Charge::Presence => quota.presence.take(now, presence, presence),
            Charge::Other => quota.messages.take(now, messages, messages * 2),
        }
    }

    /// Notes that a write of a user is under way.
    pub(super) fn begin_write(&mut self, user: &str) {
        if let Some(quota) = self.users.get_mut(user) {
            quota.unanswered += 1;
        }
    }

    /// Notes that it is decided. A user who was away meanwhile has begun anew.
    pub(super) fn end_write(&mut self, user: &str) {
        if let Some(quota) = self.users.get_mut(user) {
            quota.unanswered = quota.unanswered.saturating_sub(1);
        }
    }
}

impl Hub {
    /// Lets a connection count as a user's; `false` if it was one too many and is closed.
    pub(super) fn count_in(
        &mut self,
        now: Now,
        id: ConnectionId,
        user: &Arc<str>,
        before: Option<&str>,
    ) -> bool {
        if before == Some(&**user) {
            return true;
        }
        if let Some(before) = before {
            self.quotas.leave(before);
        }
        let room = self.quotas.enter(user, now.mono, &self.limits);
        if !room {
            self.counters.users_over += 1;
            self.close(now, id, 4429, "too many connections of this user");
        }
        room
    }

    pub(super) fn count_out(&mut self, user: &str) {
        self.quotas.leave(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_left_holds_nothing() {
        let (mut quotas, limits) = (Quotas::default(), Limits::default());
        let ana: Arc<str> = Arc::from("ana");
        for _ in 0..limits.connections_per_user {
            assert!(quotas.enter(&ana, Timestamp(0), &limits));
        }
        assert!(!quotas.enter(&ana, Timestamp(0), &limits));
        for _ in 0..=limits.connections_per_user {
            quotas.leave("ana");
        }
        assert!(quotas.users.is_empty());
        quotas.leave("ana");
        quotas.end_write("ana");
    }
}
