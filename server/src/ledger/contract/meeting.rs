//! Writes that say what they were made on.

use std::collections::BTreeSet;
use std::sync::Arc;

use baro_realtime::core::json::{Fields, each_item};
use baro_realtime::core::merge::Strategy;

use super::{author, code, create, delete, fields, plain, stamp, told, update};
use crate::access::Access;
use crate::fault::Code;
use crate::ledger::{Action, Answer, Author, Decision, On, Stored, Stream, Tables, Verdict, Write, decide};
use crate::limits::Rules;

const REFUSING: [Strategy; 2] = [Strategy::FirstWriteWins, Strategy::Manual];
const MERGING: [Strategy; 3] = [Strategy::Merge, Strategy::OperationalTransform, Strategy::Crdt];

fn made_on(seq: u64, action: Action, strategy: Strategy, saw: &str) -> Write {
    let stream = Some(Stream { client: Arc::from("c1"), seq });
    Write { stream, author: author("ana"), action, on: Some(On { strategy, saw: fields(saw) }) }
}

fn done<T: Tables>(tables: &mut T, write: &Write) -> Decision {
    decide(tables, &Rules::default(), write, &stamp()).expect("a decision")
}

/// The event that a decision acknowledges, and the report on what was dropped.
fn acknowledged(decision: &Decision) -> (Fields, Option<Fields>) {
    match &decision.answer {
        Answer::Ack(payload) => (fields(payload), None),
        Answer::Merged { payload, report } => (fields(payload), Some(fields(report))),
        Answer::Error(payload) => panic!("refused: {payload}"),
    }
}

fn details(decision: &Decision) -> Fields {
    let Answer::Error(payload) = &decision.answer else { panic!("{:?}", decision.answer) };
    fields(fields(payload).get("details").expect("details"))
}

fn list(raw: Option<&str>) -> Vec<String> {
    let mut items = Vec::new();
    each_item(raw.expect("a list"), |item| items.push(item.to_owned())).expect("a list");
    items
}

pub(crate) fn changes_of_different_fields_are_both_stored<T: Tables>(tables: &mut T) {
    for (at, strategy) in (1..).zip(REFUSING.into_iter().chain(MERGING)) {
        let id = strategy.word();
        plain(tables, create(id, r#"{"location":"red"}"#));
        plain(tables, update(id, r#"{"location":"blue"}"#));
        let write = made_on(at, update(id, r#"{"color":"here"}"#), strategy, "{}");
        let decision = done(tables, &write);
        let (event, report) = acknowledged(&decision);
        assert_eq!(
            (decision.verdict, event.u53("version"), report),
            (Verdict::Stored, Some(3), None),
            "{id}"
        );
        assert_eq!(
            (event.string("location"), event.string("color")),
            (Some("blue".into()), Some("here".into()))
        );
    }
}

pub(crate) fn what_is_dropped_is_reported_as_often_as_it_is_asked_for<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", r#"{"location":"red"}"#));
    let first = plain(tables, update("e1", r#"{"location":"blue"}"#));
    let before = acknowledged(&first).0;
    let changes = r#"{"location":"green","color":"here"}"#;
    let write = made_on(1, update("e1", changes), Strategy::Merge, r#"{"location":"red"}"#);
    let decision = done(tables, &write);
    let (event, report) = acknowledged(&decision);
    assert_eq!((event.string("location"), event.string("color")), (Some("blue".into()), Some("here".into())));
    let report = report.expect("a report");
    assert_eq!(list(report.get("conflicts")), [r#""location""#]);
    let dropped = list(report.get("dropped"));
    let dropped = fields(dropped.first().expect("one"));
    assert_eq!(
        (dropped.string("field"), dropped.get("value")),
        (Some("location".into()), Some(r#""green""#))
    );
    assert_eq!(dropped.string("side").as_deref(), Some("ours"));
    assert_eq!(report.get("theirs"), Some(&*before.to_text()));
    plain(tables, update("e1", r#"{"location":"white"}"#));
    let again = done(tables, &write);
    let (event, told_again) = acknowledged(&again);
    assert_eq!((again.verdict, told_again), (Verdict::Duplicate, Some(report)));
    assert_eq!(event.string("location").as_deref(), Some("white"), "the event is that of today");
}

pub(crate) fn who_came_second_is_told_what_is_there<T: Tables>(tables: &mut T) {
    for (at, strategy) in (0..).zip(REFUSING) {
        let id = strategy.word();
        plain(tables, create(id, r#"{"location":"red"}"#));
        plain(tables, update(id, r#"{"location":"blue"}"#));
        let write =
            made_on(at * 3 + 1, update(id, r#"{"location":"green"}"#), strategy, r#"{"location":"red"}"#);
        let refused = done(tables, &write);
        assert_eq!((refused.verdict, code(&refused)), (Verdict::Refused, Some(Code::Conflict)), "{id}");
        let there = details(&refused);
        assert_eq!(
            (list(there.get("fields")), there.u53("version")),
            (vec![r#""location""#.to_owned()], Some(2))
        );
        assert_eq!(fields(there.get("event").expect("an event")).string("location").as_deref(), Some("blue"));
        // It is decided: what follows is not held up, and a repetition learns what is there by then.
        let equal =
            made_on(at * 3 + 2, update(id, r#"{"location":"blue"}"#), strategy, r#"{"location":"red"}"#);
        assert_eq!(acknowledged(&done(tables, &equal)).0.u53("version"), Some(2));
        plain(tables, update(id, r#"{"location":"white"}"#));
        let again = done(tables, &write);
        let event = details(&again).get("event").map(fields).expect("an event");
        assert_eq!((again.verdict, event.string("location").as_deref()), (Verdict::Duplicate, Some("white")));
        plain(tables, delete(id));
        let late =
            made_on(at * 3 + 3, update(id, r#"{"location":"green"}"#), strategy, r#"{"location":"white"}"#);
        let gone = details(&done(tables, &late));
        assert_eq!((gone.get("event"), gone.u53("version")), (Some("null"), Some(4)));
        assert_eq!(details(&done(tables, &write)).get("event"), Some("null"));
    }
}

pub(crate) fn an_update_outweighs_a_deletion<T: Tables>(tables: &mut T) {
    for (at, strategy) in (1..).zip(MERGING) {
        let id = strategy.word();
        plain(tables, create(id, r#"{"own":1.50,"location":"red"}"#));
        plain(tables, delete(id));
        let write = made_on(at, update(id, r#"{"color":"here"}"#), strategy, "{}");
        let decision = done(tables, &write);
        let (event, report) = acknowledged(&decision);
        assert_eq!(
            (event.u53("version"), event.get("own"), event.string("color")),
            (Some(3), Some("1.50"), Some("here".into()))
        );
        let report = report.expect("that somebody deleted it");
        assert_eq!((list(report.get("dropped")).len(), report.get("theirs")), (1, Some("null")));
        assert_eq!(told(&decision.changes).first().map(|told| &*told.0), Some("event:created"));
        assert!(matches!(tables.event(id), Ok(Some(Stored::Present(_)))));
    }
    plain(tables, create("plain", "{}"));
    plain(tables, delete("plain"));
    assert_eq!(code(&plain(tables, update("plain", r#"{"color":"here"}"#))), Some(Code::NotFound));
    let unknown = made_on(4, update("never", r#"{"color":"here"}"#), Strategy::Merge, "{}");
    assert_eq!(code(&done(tables, &unknown)), Some(Code::NotFound));
}

pub(crate) fn a_deletion_does_not_outweigh_an_update<T: Tables>(tables: &mut T) {
    let seen = |id: &str| {
        let dates = r#""startDate":"2026-03-01","endDate":"2026-03-02","projectId":"p""#;
        format!(r#"{{"title":"{id}",{dates}}}"#)
    };
    for (at, strategy) in (1..).zip(MERGING) {
        let id = strategy.word();
        plain(tables, create(id, "{}"));
        plain(tables, update(id, r#"{"title":"better"}"#));
        let decision = done(tables, &made_on(at, delete(id), strategy, &seen(id)));
        let (event, report) = acknowledged(&decision);
        assert_eq!(
            (event.string("title").as_deref(), event.u53("version")),
            (Some("better"), Some(2)),
            "{id}"
        );
        assert!(report.is_some() && decision.changes.is_empty());
    }
    for (at, strategy) in (4..).zip(REFUSING) {
        let id = strategy.word();
        plain(tables, create(id, "{}"));
        plain(tables, update(id, r#"{"title":"better"}"#));
        assert_eq!(code(&done(tables, &made_on(at, delete(id), strategy, &seen(id)))), Some(Code::Conflict));
    }
    let decision = done(tables, &made_on(6, delete("manual"), Strategy::Manual, &seen("better")));
    assert_eq!(acknowledged(&decision).0.get("deleted"), Some("true"));
}

pub(crate) fn a_creation_that_meets_an_event_that_is_back_is_a_conflict<T: Tables>(tables: &mut T) {
    for (at, strategy) in (0..).zip(REFUSING) {
        let id = strategy.word();
        plain(tables, create(id, r#"{"location":"here"}"#));
        let there = create(id, r#"{"location":"there"}"#);
        let refused = done(tables, &made_on(at * 2 + 1, there, strategy, "{}"));
        assert_eq!(list(details(&refused).get("fields")), [r#""location""#], "{id}");
        let equal = made_on(at * 2 + 2, create(id, r#"{"location":"here"}"#), strategy, "{}");
        assert_eq!(acknowledged(&done(tables, &equal)).0.u53("version"), Some(1));
    }
    plain(tables, create("merge", r#"{"location":"here"}"#));
    let there = create("merge", r#"{"location":"there"}"#);
    let (event, report) = acknowledged(&done(tables, &made_on(5, there, Strategy::Merge, "{}")));
    assert_eq!((event.string("location").as_deref(), report.is_some()), (Some("here"), true));
    assert_eq!(code(&plain(tables, create("merge", "{}"))), Some(Code::AlreadyExists));
}

pub(crate) fn two_deletions_are_one<T: Tables>(tables: &mut T) {
    for (at, strategy) in (1..).zip(REFUSING.into_iter().chain(MERGING)) {
        let id = strategy.word();
        plain(tables, create(id, "{}"));
        plain(tables, delete(id));
        let decision = done(tables, &made_on(at, delete(id), strategy, r#"{"title":"old"}"#));
        let (answer, report) = acknowledged(&decision);
        assert_eq!(
            (answer.get("deleted"), answer.u53("version"), report),
            (Some("true"), Some(2), None),
            "{id}"
        );
        assert_eq!(decision.changes, []);
    }
}

pub(crate) fn what_changes_nothing_has_no_number<T: Tables>(tables: &mut T) {
    plain(tables, create("e1", r#"{"location":"red"}"#));
    plain(tables, update("e1", r#"{"location":"blue"}"#));
    let write = made_on(1, update("e1", r#"{"location":"green"}"#), Strategy::Merge, r#"{"location":"red"}"#);
    let decision = done(tables, &write);
    assert_eq!((acknowledged(&decision).0.u53("version"), decision.changes.len()), (Some(2), 0));
    assert_eq!(tables.head("project:p").map(|head| head.seq), Ok(2));
}

pub(crate) fn rights_hold_for_what_is_merged<T: Tables>(tables: &mut T) {
    let only_p = Access::Projects(Arc::new(BTreeSet::from(["p".to_owned()])));
    let by = |seq, action, saw: &str| {
        let write = made_on(seq, action, Strategy::Merge, saw);
        Write { author: Author { access: only_p.clone(), ..author("ana") }, ..write }
    };
    plain(tables, create("e1", r#"{"projectId":"q","location":"red"}"#));
    plain(tables, delete("e1"));
    // Neither what is gone nor what it was is for him.
    for (seq, action) in [(1, update("e1", r#"{"location":"blue"}"#)), (2, delete("e1"))] {
        assert_eq!(code(&done(tables, &by(seq, action, r#"{"location":"red"}"#))), Some(Code::Forbidden));
    }
    plain(tables, create("e2", r#"{"location":"red"}"#));
    let moved = by(3, update("e2", r#"{"projectId":"q"}"#), r#"{"projectId":"p"}"#);
    assert_eq!(code(&done(tables, &moved)), Some(Code::Forbidden));
    let clash = Write {
        on: Some(On { strategy: Strategy::Manual, saw: fields(r#"{"location":"white"}"#) }),
        ..by(4, update("e2", r#"{"location":"blue"}"#), "{}")
    };
    assert!(details(&done(tables, &clash)).get("event").is_some_and(|event| event != "null"));
    plain(tables, update("e2", r#"{"projectId":"q"}"#));
    assert_eq!(details(&done(tables, &clash)).get("event"), Some("null"), "out of his sight is gone");
}
