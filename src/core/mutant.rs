//! Planted bugs: what shows that the simulator's alarms ring.
//!
//! Owns their names. [`mutant!`](crate::mutant) stands at the decision that a bug would get wrong, and is the constant
//! `false` unless the build has `--cfg mutants`. One such build holds all of them, and the simulator chooses one at a time,
//! for its own thread. Knows nothing of what a bug does.

/// One bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mutant {
    /// What it is called.
    pub name: &'static str,
    /// What goes wrong.
    pub bug: &'static str,
}

macro_rules! mutants {
    ($($name:ident: $bug:literal;)+) => {
        /// Those that are planted somewhere.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "their names are those of the command line")]
        #[expect(missing_docs, reason = "each is described by `ALL`")]
        pub enum Planted { $($name),+ }

        /// All of them.
        pub const ALL: &[Mutant] = &[$(Mutant { name: stringify!($name), bug: $bug }),+];
    };
}

mutants! {
    retried_before_stored: "a dead letter that is tried again leaves before it is stored as a write";
    sent_squashed: "an edit is squashed into a write that was sent";
    fence_not_checked: "a tab that slept while it led relays without looking whether it still leads";
    two_leaders: "a tab that leads goes on when it has lost the lead";
    answers_to_all: "the answer to one tab's message goes to another";
    stream_not_named: "a write of another tab is sent without the name of its stream";
    streams_not_relayed: "the server is not told how far the streams of other tabs are decided";
    late_streams_unanswered: "what a tab reads from its database after its `hello` is not known to be its own";
    subscribes_collide: "two tabs ask for one channel at the same time";
    lost_frames_unnoticed: "a frame between tabs that is lost is not noticed";
    other_users_led: "a tab of another user is led";
    row_dropped_on_send: "the row is deleted when the write is sent";
    persisted_before_stored: "`persisted` resolves before the transaction is complete";
    quota_is_success: "a batch for which there is no room counts as stored";
    damage_unsaid: "a row that cannot be read is passed over in silence";
    dropped_unsaid: "what a merge dropped is told to nobody";
    parked_in_memory: "an edit that waits for a person is not stored as such";
    parked_forgotten: "an edit that waited for a person is not offered by the next program";
    nothing_sent_again: "nothing is sent again on a new connection";
    window_ignored: "more writes are under way than the window holds";
    left_behind_last: "what earlier programs left behind is sent after newer writes";
    holes_not_filled: "a sequence that was never stored is not filled";
    streams_not_named: "streams left behind are not named in `hello`";
    refusal_not_kept: "a refused write is not kept";
    place_lost: "the place of a write that was given up is not filled";
    tickets_dropped: "a destroyed program leaves its callers waiting";
    roll_back_takes_all: "rolling a write back takes the others on the event along";
    roll_back_undone: "a refused write stays in the view";
    acknowledged_stays: "an acknowledged write stays in the view";
    left_behind_on_top: "what was left behind is shown above what is newer";
    base_brings_back: "what a stored write was based on brings back what is gone";
    all_folded_again: "one confirmed event puts the pending writes of all on anew";
    older_version_wins: "an older version replaces a newer one";
    older_end_wins: "an older end of an event replaces a newer one";
    tombstone_ignored: "an old version brings back what is gone";
    epoch_unnoticed: "versions of a lost history count against those of the new one";
    gap_applied: "a change over a gap is applied";
    repetition_applied: "a repeated change is applied, and moves the position back";
    early_position: "the position counts before the content is whole";
    wrong_position: "a resumption asks from one change too far";
    heads_ignored: "the heads in the pong are ignored";
    unavailable_is_final: "a passing refusal ends a subscription";
    late_refusal_lost: "a refusal after a slow welcome is lost";
    old_socket_heard: "the end of a replaced socket counts as the end of the new one";
    old_socket_kept: "`reconnect` leaves the old socket open";
    loser_kept: "the pipe that lost the race stays open";
    moved_in_silence: "a connection that moves to a WebSocket resumes nothing";
    no_half_open_detection: "a peer that does not answer is asked again and never given up";
    no_ack_probe: "a write that is not acknowledged raises no doubt";
    no_backoff: "attempts follow each other at once";
    drain_ignored: "a closing server's window is ignored";
    expired_token_presented: "a token that is known to be over is presented";
    no_renewal: "a token is not renewed before it is over";
    ghost_after_welcome: "who left while the connection was down stays in the roster";
    ack_before_decision: "a write is acknowledged before it is decided";
    no_deduplication: "the ledger does a repeated write again";
    deduplication_forgotten: "a new connection's word replaces what the ledger knows of a stream";
    sequence_not_stored: "the client's sequence is not stored with the data";
    order_ignored: "the ledger takes a write over a gap";
    outcome_of_then: "a repetition is answered with the event of then";
    epoch_ignored: "a position in a lost history is taken for one in the present";
    trimmed_history_trusted: "a history that was trimmed is told as if it were whole";
    write_rights_ignored: "whoever signed in may change events of every project";
    read_rights_ignored: "a change is told to those who may not see its project";
    snapshot_rights_ignored: "a snapshot shows what its reader may not see";
    expiry_ignored: "a connection goes on after its token is over";
    subscribe_race: "a change between a snapshot's reading and its sending is lost";
    head_behind: "a snapshot names the position before its own";
    change_not_told: "a subscriber that has something unsent is not told of a change";
    deaf_after_resubscribe: "a subscriber is forgotten when he asks again";
    ghost_in_channel: "who lost his last connection stays in the channel";
}

#[cfg(mutants)]
mod chosen {
    use std::cell::Cell;

    thread_local! {
        static CHOSEN: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Plants the bug number `at` of [`super::ALL`] in this thread, or none.
    pub fn choose(at: Option<usize>) {
        CHOSEN.set(at);
    }

    /// Whether this thread has the bug.
    pub fn is_chosen(planted: super::Planted) -> bool {
        CHOSEN.get() == Some(planted as usize)
    }
}

#[cfg(mutants)]
pub use chosen::{choose, is_chosen};

/// Whether the bug of this name is planted: `false` as a constant, but in a build with `--cfg mutants`.
#[cfg(not(mutants))]
#[macro_export]
macro_rules! mutant {
    ($name:ident) => {{
        const _: $crate::core::mutant::Planted = $crate::core::mutant::Planted::$name;
        false
    }};
}

/// Whether the bug of this name is planted.
#[cfg(mutants)]
#[macro_export]
macro_rules! mutant {
    ($name:ident) => {
        $crate::core::mutant::is_chosen($crate::core::mutant::Planted::$name)
    };
}
