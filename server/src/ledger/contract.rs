//! What every [`Tables`] must do: one set of tests for all of them.

mod meeting;

use std::collections::BTreeSet;
use std::sync::Arc;

use baro_realtime::core::json::Fields;
use baro_realtime::core::model::digest_of;

use super::{
    Action, Answer, Author, Change, Channel, Client, Decision, EventRow, Greeting, Loaded, Position,
    Snapshot, Stamp, StorageError, Stored, Stream, Tables, Verdict, Write, decide, greet, load,
};
use crate::access::Access;
use crate::fault::{Code, Fault};
use crate::limits::Rules;
pub(crate) use meeting::*;

/// Makes a test of each rule for the tables that `$make` opens; they must be of the epoch `epoch-1`.
macro_rules! ledger_contract {
    ($make:expr) => {
        $crate::ledger::contract::ledger_contract!(
            $make,
            writes_number_events_and_channels,
            a_repetition_changes_nothing,
            a_gap_is_refused_and_changes_nothing,
            a_refusal_advances_the_sequence,
            what_the_client_knows_counts,
            a_write_that_is_given_up_takes_its_place,
            a_stream_belongs_to_one_user,
            only_the_last_outcomes_are_kept,
            versions_of_an_id_never_repeat,
            a_failed_transaction_leaves_nothing,
            nested_transactions_fail_alone,
            a_reader_gets_what_he_missed_or_everything,
            histories_are_bounded,
            a_move_is_told_where_it_concerns,
            rights_are_checked_on_both_projects,
            time_never_goes_back,
            digests_are_of_what_a_channel_shows,
            changes_of_different_fields_are_both_stored,
            what_is_dropped_is_reported_as_often_as_it_is_asked_for,
            who_came_second_is_told_what_is_there,
            an_update_outweighs_a_deletion,
            a_deletion_does_not_outweigh_an_update,
            a_creation_that_meets_an_event_that_is_back_is_a_conflict,
            two_deletions_are_one,
            what_changes_nothing_has_no_number,
            rights_hold_for_what_is_merged
        );
    };
    ($make:expr, $($rule:ident),+) => {
        $(
            #[test]
            fn $rule() {
                $crate::ledger::contract::$rule(&mut $make);
            }
        )+
    };
}
pub(crate) use ledger_contract;

mod memory {
    super::ledger_contract!(crate::ledger::Memory::new("epoch-1"));
}

fn fields(text: &str) -> Fields {
    Fields::parse(text).expect("an object")
}

fn create(id: &str, more: &str) -> Action {
    let dates = r#""startDate":"2026-03-01","endDate":"2026-03-02","projectId":"p""#;
    let mut data = fields(&format!(r#"{{"id":"{id}","title":"{id}",{dates}}}"#));
    data.merge(&fields(more));
    Action::Create(data)
}

fn update(id: &str, changes: &str) -> Action {
    Action::Update { id: id.to_owned(), changes: fields(changes) }
}

fn delete(id: &str) -> Action {
    Action::Delete { id: id.to_owned() }
}

fn author(user: &str) -> Author {
    Author { id: Arc::from(user), owner: Arc::from(user), access: Access::All }
}

fn stamp() -> Stamp {
    Stamp { wall_ms: 1_700_000_000_000, event_id: "fresh".to_owned() }
}

fn plain<T: Tables>(tables: &mut T, action: Action) -> Decision {
    let write = Write { stream: None, author: author("ana"), action, on: None };
    decide(tables, &Rules::default(), &write, &stamp()).expect("a decision")
}

fn sequenced<T: Tables>(tables: &mut T, user: &str, seq: u64, action: Action) -> Decision {
    let stream = Some(Stream { client: Arc::from("c1"), seq });
    let write = Write { stream, author: author(user), action, on: None };
    decide(tables, &Rules::default(), &write, &stamp()).expect("a decision")
}

fn code(decision: &Decision) -> Option<Code> {
    let Answer::Error(payload) = &decision.answer else { return None };
    fields(payload).string("code").and_then(|code| Code::of(&code))
}

fn snapshot<T: Tables>(tables: &T, channel: &str) -> Arc<Snapshot> {
    match load(tables, &Rules::default(), channel, None).expect("a snapshot") {
        Loaded::Snapshot(snapshot) => snapshot,
        Loaded::Recovery(_) => panic!("no position was given"),
    }
}

fn missed<T: Tables>(tables: &T, rules: &Rules, epoch: &str, seq: u64) -> Option<Vec<u64>> {
    let position = Position { epoch: epoch.to_owned(), seq };
    match load(tables, rules, "project:p", Some(&position)).expect("an answer") {
        Loaded::Recovery(recovery) => Some(recovery.changes.iter().map(|change| change.seq).collect()),
        Loaded::Snapshot(_) => None,
    }
}

fn told(changes: &[Change]) -> Vec<(String, String, u64)> {
    let kind = |change: &Change| fields(&change.text).string("type").expect("a type");
    changes.iter().map(|change| (kind(change), change.channel.to_string(), change.seq)).collect()
}

pub(crate) fn writes_number_events_and_channels<T: Tables>(tables: &mut T) {
    let created = plain(tables, create("e1", r#"{"own":1.50,"version":9}"#));
    let text = r#"{"id":"e1","title":"e1","startDate":"2026-03-01","endDate":"2026-03-02","projectId":"p","own":1.50,"version":1,"updatedAt":"2023-11-14T22:13:20.000Z"}"#;
    assert_eq!((created.verdict, &created.answer), (Verdict::Stored, &Answer::Ack(Arc::from(text))));
    let updated = plain(tables, update("e1", r#"{"title":"b","calendarId":"c"}"#));
    assert_eq!(
        told(&updated.changes),
        [
            ("event:updated".to_owned(), "project:p".to_owned(), 2),
            ("event:created".to_owned(), "calendar:c".to_owned(), 1),
        ]
    );
    let nameless = plain(
        tables,
        Action::Create(fields(r#"{"title":"","startDate":"2026-03-01","endDate":"2026-03-01"}"#)),
    );
    assert_eq!(told(&nameless.changes), [("event:created".to_owned(), "project:default".to_owned(), 1)]);
    assert!(matches!(tables.event("fresh"), Ok(Some(Stored::Present(EventRow { version: 1, .. })))));
    let gone = plain(tables, delete("e1"));
    assert_eq!(gone.answer, Answer::Ack(Arc::from(r#"{"id":"e1","version":3,"deleted":true}"#)));
    let heads =
        ["project:p", "calendar:c", "project:default"].map(|name| tables.head(name).expect("a head").seq);
    assert_eq!(heads, [3, 2, 1]);
    assert_eq!(&*tables.head("project:p").expect("a head").epoch, "epoch-1");
    assert_eq!(snapshot(tables, "project:p").events, []);
    assert_eq!(tables.all_events().map(|all| all.len()), Ok(1));
    assert_eq!(tables.events_of(Channel::Other), Ok(Vec::new()));
}

pub(crate) fn a_repetition_changes_nothing<T: Tables>(tables: &mut T) {
    let first = sequenced(tables, "ana", 1, create("e1", "{}"));
    sequenced(tables, "ana", 2, update("e1", r#"{"title":"b"}"#));
    let again = sequenced(tables, "ana", 1, create("e1", "{}"));
    assert_eq!((again.verdict, first.verdict), (Verdict::Duplicate, Verdict::Stored));
    let version = |decision: &Decision| match &decision.answer {
        Answer::Ack(payload) => fields(payload).u53("version"),
        Answer::Merged { .. } | Answer::Error(_) => None,
    };
    // The event of today, which the one of then must not replace.
    assert_eq!((version(&first), version(&again)), (Some(1), Some(2)));
    assert_eq!((again.changes, tables.head("project:p").map(|head| head.seq)), (Vec::new(), Ok(2)));
}

pub(crate) fn a_gap_is_refused_and_changes_nothing<T: Tables>(tables: &mut T) {
    let gap = sequenced(tables, "ana", 2, create("e1", "{}"));
    let expected = Answer::Error(Arc::from(Fault::sequence_gap(1).to_payload()));
    assert_eq!((gap.verdict, &gap.answer), (Verdict::Gap, &expected));
    assert_eq!((tables.event("e1"), tables.client("c1")), (Ok(None), Ok(None)));
}

pub(crate) fn a_refusal_advances_the_sequence<T: Tables>(tables: &mut T) {
    let refused = sequenced(tables, "ana", 1, update("none", r#"{"title":"x"}"#));
    assert_eq!((refused.verdict, code(&refused)), (Verdict::Refused, Some(Code::NotFound)));
    let faulty = Action::Refuse(Fault::new(Code::BadRequest, "no object"));
    assert_eq!(code(&sequenced(tables, "ana", 2, faulty)), Some(Code::BadRequest));
    assert_eq!(sequenced(tables, "ana", 3, create("none", "{}")).verdict, Verdict::Stored);
    let again = sequenced(tables, "ana", 1, update("none", r#"{"title":"x"}"#));
    assert_eq!((again.verdict, again.answer), (Verdict::Duplicate, refused.answer));
}

pub(crate) fn what_the_client_knows_counts<T: Tables>(tables: &mut T) {
    let ana: Arc<str> = Arc::from("ana");
    assert_eq!(greet(tables, "c1", &ana, 0), Ok(Greeting::LastSeq(0)));
    assert_eq!(tables.client("c1"), Ok(None));
    assert_eq!(greet(tables, "c1", &ana, 41), Ok(Greeting::LastSeq(41)));
    assert_eq!(greet(tables, "c1", &ana, 7), Ok(Greeting::LastSeq(41)));
    assert_eq!(sequenced(tables, "ana", 42, create("e1", "{}")).verdict, Verdict::Stored);
    // What it knew to be decided is answered with what is there now.
    let late = sequenced(tables, "ana", 41, update("e1", "{}"));
    assert_eq!(late.verdict, Verdict::Duplicate);
    assert!(matches!(late.answer, Answer::Ack(text) if text.contains("\"version\":1")));
}

pub(crate) fn a_write_that_is_given_up_takes_its_place<T: Tables>(tables: &mut T) {
    let skipped = sequenced(tables, "ana", 1, Action::Skip);
    assert_eq!((&skipped.answer, &skipped.changes), (&Answer::Ack(Arc::from("null")), &Vec::new()));
    let stored = sequenced(tables, "ana", 2, create("e1", "{}"));
    assert_eq!(stored.verdict, Verdict::Stored);
    // It was decided before it was given up: it stands.
    assert_eq!(sequenced(tables, "ana", 2, Action::Skip).answer, stored.answer);
    assert_eq!(sequenced(tables, "ana", 4, Action::Skip).verdict, Verdict::Gap);
    // Its place was given up by another program: it is not there, and nobody is told that it is.
    let late = sequenced(tables, "ana", 1, create("late", "{}"));
    let nothing = Answer::Ack(Arc::from(r#"{"id":"late","version":0,"deleted":true}"#));
    assert_eq!((late.verdict, late.answer), (Verdict::Duplicate, nothing));
}

pub(crate) fn a_stream_belongs_to_one_user<T: Tables>(tables: &mut T) {
    sequenced(tables, "ana", 1, create("e1", "{}"));
    let foreign = sequenced(tables, "eve", 2, delete("e1"));
    assert_eq!((code(&foreign), &foreign.changes), (Some(Code::ClientMismatch), &Vec::new()));
    assert_eq!(code(&sequenced(tables, "eve", 1, delete("e1"))), Some(Code::ClientMismatch));
    assert_eq!(greet(tables, "c1", &Arc::from("eve"), 9), Ok(Greeting::Mismatch));
    assert_eq!(tables.client("c1").map(|row| row.map(|row| row.last_seq)), Ok(Some(1)));
}

pub(crate) fn only_the_last_outcomes_are_kept<T: Tables>(tables: &mut T) {
    sequenced(tables, "ana", 1, create("e1", "{}"));
    for seq in 2..=257 {
        sequenced(tables, "ana", seq, update("e1", &format!(r#"{{"title":"{seq}"}}"#)));
    }
    let title = |decision: Decision| match decision.answer {
        Answer::Ack(payload) => fields(&payload).string("title"),
        Answer::Merged { .. } | Answer::Error(_) => None,
    };
    assert_eq!(title(sequenced(tables, "ana", 2, update("e1", "{}"))).as_deref(), Some("257"));
    assert_eq!(title(sequenced(tables, "ana", 1, create("e1", "{}"))).as_deref(), Some("257"));
    sequenced(tables, "ana", 258, delete("e1"));
    let gone = sequenced(tables, "ana", 1, create("e1", "{}"));
    assert_eq!(gone.answer, Answer::Ack(Arc::from(r#"{"id":"e1","version":258,"deleted":true}"#)));
}

pub(crate) fn versions_of_an_id_never_repeat<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", "{}"));
    assert_eq!(code(&plain(tables, create("e1", "{}"))), Some(Code::AlreadyExists));
    plain(tables, delete("e1"));
    assert_eq!(code(&plain(tables, delete("e1"))), Some(Code::NotFound));
    assert_eq!(code(&plain(tables, update("e1", "{}"))), Some(Code::NotFound));
    let back = plain(tables, create("e1", "{}"));
    assert!(matches!(back.answer, Answer::Ack(text) if text.contains("\"version\":3")));
}

pub(crate) fn a_failed_transaction_leaves_nothing<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", "{}"));
    let before = (tables.all_events(), tables.head("project:p"), tables.changes_after("project:p", 0));
    let failed: Result<(), _> = tables.transact(|tables| {
        plain(tables, update("e1", r#"{"title":"b"}"#));
        sequenced(tables, "ana", 1, create("e2", r#"{"calendarId":"c"}"#));
        tables.trim("project:p", 1)?;
        Err(StorageError("pulled".to_owned()))
    });
    assert_eq!(failed, Err(StorageError("pulled".to_owned())));
    assert_eq!((tables.all_events(), tables.head("project:p"), tables.changes_after("project:p", 0)), before);
    assert_eq!(
        (tables.client("c1"), tables.outcome("c1", 1, 256), tables.event("e2")),
        (Ok(None), Ok(None), Ok(None))
    );
    assert_eq!(tables.head("calendar:c").map(|head| head.seq), Ok(0));
}

pub(crate) fn nested_transactions_fail_alone<T: Tables>(tables: &mut T) {
    let outer = tables.transact(|tables| {
        plain(tables, create("e1", "{}"));
        let inner: Result<(), _> = tables.transact(|tables| {
            plain(tables, create("e2", "{}"));
            Err(StorageError("pulled".to_owned()))
        });
        assert!(inner.is_err());
        plain(tables, create("e3", "{}"));
        Ok(())
    });
    assert_eq!(outer, Ok(()));
    let ids: Vec<_> = snapshot(tables, "project:p").events.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(
        (ids, tables.head("project:p").map(|head| head.seq)),
        (vec!["e1".to_owned(), "e3".to_owned()], Ok(2))
    );
}

pub(crate) fn a_reader_gets_what_he_missed_or_everything<T: Tables>(tables: &mut T) {
    let rules = Rules::default();
    assert_eq!(missed(tables, &rules, "epoch-1", 0), Some(Vec::new()));
    let changes: Vec<_> = ["e1", "e2", "e3"].map(|id| plain(tables, create(id, "{}")).changes).concat();
    assert_eq!(missed(tables, &rules, "epoch-1", 0), Some(vec![1, 2, 3]));
    assert_eq!(missed(tables, &rules, "epoch-1", 2), Some(vec![3]));
    assert_eq!(missed(tables, &rules, "epoch-1", 3), Some(Vec::new()));
    assert_eq!(missed(tables, &rules, "epoch-1", 4), None, "the server is behind");
    assert_eq!(missed(tables, &rules, "epoch-0", 2), None, "another history");
    assert_eq!(missed(tables, &Rules { recovery_bytes: 10, ..rules.clone() }, "epoch-1", 0), None);
    let kept: Vec<_> = changes.into_iter().map(|change| Change { digest: 0, ..change }).collect();
    assert_eq!(tables.changes_after("project:p", 0), Ok(kept));
    let whole = snapshot(tables, "project:p");
    assert_eq!((whole.head.seq, whole.events.len()), (3, 3));
    assert_eq!(snapshot(tables, "lineup:x").events, []);
}

pub(crate) fn histories_are_bounded<T: Tables>(tables: &mut T) {
    let rules = Rules { history: 10, history_slack: 5, ..Rules::default() };
    plain(tables, create("e1", "{}"));
    for _ in 2..=44 {
        let write = Write { stream: None, author: author("ana"), action: update("e1", "{}"), on: None };
        decide(tables, &rules, &write, &stamp()).expect("a decision");
    }
    let kept: Vec<u64> =
        tables.changes_after("project:p", 0).expect("changes").iter().map(|change| change.seq).collect();
    assert_eq!(kept, (31..=44).collect::<Vec<_>>());
    assert_eq!(missed(tables, &rules, "epoch-1", 30), Some((31..=44).collect()));
    assert_eq!(missed(tables, &rules, "epoch-1", 29), None);
    assert_eq!(missed(tables, &rules, "epoch-1", 0), None);
}

pub(crate) fn a_move_is_told_where_it_concerns<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", r#"{"calendarId":"c"}"#));
    let moved = plain(tables, update("e1", r#"{"projectId":"q"}"#));
    let expected = [
        ("event:created", "project:q", 1),
        ("event:updated", "calendar:c", 2),
        ("event:deleted", "project:p", 2),
    ];
    assert_eq!(
        told(&moved.changes),
        expected.map(|(kind, name, seq)| (kind.to_owned(), name.to_owned(), seq))
    );
    let stored = tables.changes_after("calendar:c", 1).expect("a change");
    let only = |project: &str| Access::Projects(Arc::new(BTreeSet::from([project.to_owned()])));
    let kinds = ["p", "q", "r"].map(|project| fields(&stored[0].seen_with(&only(project))).string("type"));
    assert_eq!(kinds, ["event:deleted", "event:updated", "skip"].map(|kind| Some(kind.to_owned())));
    let left = tables.changes_after("project:p", 1).expect("a change");
    let both = Access::Projects(Arc::new(["p", "q"].map(str::to_owned).into()));
    let to = |access: &Access| {
        let message = fields(&left[0].seen_with(access));
        assert_eq!(message.string("type").as_deref(), Some("event:deleted"));
        fields(message.get("payload").unwrap_or_default()).string("movedTo")
    };
    assert_eq!(
        (to(&both).as_deref(), to(&only("p"))),
        (Some("project:q"), None),
        "a name is told to strangers"
    );
}

pub(crate) fn rights_are_checked_on_both_projects<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", "{}"));
    plain(tables, create("e2", r#"{"projectId":"q"}"#));
    let access = Access::Projects(Arc::new(BTreeSet::from(["p".to_owned()])));
    for action in [
        create("e3", r#"{"projectId":"q"}"#),
        create("e3", r#"{"projectId":null}"#),
        update("e1", r#"{"projectId":"q"}"#),
        update("e2", r#"{"title":"x"}"#),
        update("e2", r#"{"projectId":"p"}"#),
        delete("e2"),
    ] {
        let author = Author { access: access.clone(), ..author("ana") };
        let write = Write { stream: None, author, action: action.clone(), on: None };
        let decision = decide(tables, &Rules::default(), &write, &stamp()).expect("a decision");
        assert_eq!((code(&decision), &decision.changes), (Some(Code::Forbidden), &Vec::new()), "{action:?}");
    }
    assert_eq!(tables.head("project:q").map(|head| head.seq), Ok(1));
}

pub(crate) fn time_never_goes_back<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", "{}"));
    let write =
        Write { stream: None, author: author("ana"), action: update("e1", r#"{"title":"b"}"#), on: None };
    let early = Stamp { wall_ms: 5, ..stamp() };
    let decision = decide(tables, &Rules::default(), &write, &early).expect("a decision");
    assert!(matches!(decision.answer, Answer::Ack(text) if text.contains("2023-11-14T22:13:20.000Z")));
    let row = Client { owner: Arc::from("ana"), last_seq: (1 << 53) - 1 };
    assert_eq!(tables.put_client("big", &row).and_then(|()| tables.client("big")), Ok(Some(row)));
}

pub(crate) fn digests_are_of_what_a_channel_shows<T: Tables>(tables: &mut T) {
    let actions = [
        create("e1", r#"{"calendarId":"c"}"#),
        create("e2", "{}"),
        update("e1", r#"{"title":"x"}"#),
        update("e1", r#"{"projectId":"q"}"#),
        update("e1", r#"{"calendarId":"d"}"#),
        update("e2", r#"{"calendarId":"c"}"#),
        delete("e1"),
        create("e1", r#"{"calendarId":"c"}"#),
    ];
    let mut seen = BTreeSet::new();
    for action in actions {
        plain(tables, action);
        for name in ["project:p", "project:q", "calendar:c", "calendar:d"] {
            let events = tables.events_of(Channel::of(name)).expect("events");
            let digest = events.iter().fold(0, |digest, row| digest ^ digest_of(&row.id, row.version));
            assert_eq!(tables.head(name).expect("a head").digest, digest, "{name}");
            seen.insert(digest);
        }
    }
    assert!(seen.len() > 8, "they change: {seen:?}");
}
