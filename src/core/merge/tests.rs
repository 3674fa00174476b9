use super::*;

fn fields(text: &str) -> Fields {
    Fields::parse(text).unwrap_or_default()
}

const BASE: &str =
    r#"{"id":"e","title":"a","startDate":"2026-03-02T09:00","endDate":"2026-03-02T10:00","version":3,"x":1}"#;

fn meets(strategy: Strategy, body: &str, theirs: &str) -> Result<Merged, Clash> {
    let (body, base, theirs) = (fields(body), fields(BASE), fields(theirs));
    let seen = saw(WriteKind::Update, &body, &base);
    meet(strategy, &Attempt { kind: WriteKind::Update, body: &body, saw: &seen, at_ms: 0 }, Some(&theirs))
}

fn with(changes: &str) -> String {
    let mut event = fields(BASE);
    event.merge(&fields(changes));
    event.to_text()
}

fn text(merged: &Merged) -> Option<String> {
    merged.event.as_ref().map(Fields::to_text)
}

#[test]
fn words_name_all_strategies() {
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::of_word(strategy.word()), Some(strategy));
    }
    assert_eq!(Strategy::of_word("theirs"), None);
}

#[test]
fn a_write_carries_what_belongs_to_what_it_touches() {
    let event = fields(
        r#"{"id":"e","title":"a","startDate":"s","timeZone":"z","calendarId":"c","projectId":"p","version":1}"#,
    );
    let carried = |body: &str| saw(WriteKind::Update, &fields(body), &event).to_text();
    assert_eq!(carried(r#"{"endDate":"x"}"#), r#"{"startDate":"s","timeZone":"z"}"#);
    assert_eq!(
        carried(r#"{"projectId":"x","title":"y"}"#),
        r#"{"title":"a","calendarId":"c","projectId":"p"}"#
    );
    assert_eq!(carried(r#"{"version":9,"new":1}"#), "{}");
    assert_eq!(saw(WriteKind::Delete, &Fields::new(), &event).len(), 5);
    assert!(saw(WriteKind::Create, &event, &event).is_empty());
}

#[test]
fn changes_of_different_fields_both_stay() {
    for strategy in [Strategy::LastWriteWins, Strategy::FirstWriteWins, Strategy::Manual, Strategy::Merge] {
        let merged = meets(strategy, r#"{"title":"b"}"#, &with(r#"{"x":2,"version":4}"#));
        let expected = with(r#"{"title":"b","x":2,"version":4}"#);
        assert_eq!(merged.as_ref().map(text), Ok(Some(expected)), "{}", strategy.word());
        assert_eq!(merged.map(|merged| merged.dropped.len()), Ok(0));
    }
}

#[test]
fn equal_changes_are_no_conflict() {
    for strategy in Strategy::ALL {
        let merged = meets(strategy, r#"{"location":"l"}"#, &with(r#"{"location":"\u006c"}"#));
        assert_eq!(merged.map(|merged| (merged.dropped.len(), merged.conflicts.len())), Ok((0, 0)));
    }
}

#[test]
fn who_came_second_is_refused_or_gives_way() {
    let (body, theirs) = (r#"{"location":"ours"}"#, with(r#"{"location":"theirs"}"#));
    for strategy in [Strategy::FirstWriteWins, Strategy::Manual] {
        assert_eq!(meets(strategy, body, &theirs), Err(Clash { fields: vec!["location".to_owned()] }));
    }
    let merged = meets(Strategy::Merge, body, &theirs);
    assert_eq!(merged.as_ref().map(text), Ok(Some(theirs.clone())));
    let dropped = Dropped {
        field: "location".to_owned(),
        value: r#""ours""#.to_owned(),
        side: Side::Ours,
        reason: "server_order",
    };
    assert_eq!(
        merged.map(|merged| (merged.dropped, merged.conflicts)),
        Ok((vec![dropped], vec!["location".to_owned()]))
    );
    let merged = meets(Strategy::LastWriteWins, body, &theirs);
    assert_eq!(merged.as_ref().map(text), Ok(Some(with(r#"{"location":"ours"}"#))));
}

#[test]
fn a_start_never_gets_the_other_sides_zone() {
    let clash = meets(
        Strategy::FirstWriteWins,
        r#"{"startDate":"2026-03-02T08:00"}"#,
        &with(r#"{"timeZone":"Asia/Seoul"}"#),
    );
    assert_eq!(clash, Err(Clash { fields: vec!["startDate".to_owned(), "timeZone".to_owned()] }));
}

#[test]
fn an_update_revives_what_was_deleted() {
    let (body, base) = (fields(r#"{"title":"b"}"#), fields(BASE));
    let seen = saw(WriteKind::Update, &body, &base);
    let attempt = Attempt { kind: WriteKind::Update, body: &body, saw: &seen, at_ms: 0 };
    let merged = revive(Strategy::Merge, &attempt, &base);
    assert_eq!(merged.as_ref().map(text), Ok(Some(with(r#"{"title":"b"}"#))));
    assert_eq!(
        merged.map(|merged| merged.dropped),
        Ok(vec![Dropped {
            field: DELETED.to_owned(),
            value: "true".to_owned(),
            side: Side::Theirs,
            reason: "update_beats_delete"
        }])
    );
    assert_eq!(revive(Strategy::LastWriteWins, &attempt, &base).map(|merged| merged.event), Ok(None));
    assert_eq!(meet(Strategy::Merge, &attempt, None).map(|merged| merged.event), Ok(None));
    assert_eq!(revive(Strategy::Manual, &attempt, &base), Err(Clash { fields: vec![DELETED.to_owned()] }));
}

#[test]
fn a_deletion_gives_way_to_an_update_and_to_nothing_else() {
    let base = fields(BASE);
    let seen = saw(WriteKind::Delete, &Fields::new(), &base);
    let none = Fields::new();
    let attempt = Attempt { kind: WriteKind::Delete, body: &none, saw: &seen, at_ms: 0 };
    let event = |strategy, theirs: &Fields| meet(strategy, &attempt, Some(theirs)).map(|merged| merged.event);
    let (later, changed) = (fields(&with(r#"{"version":4}"#)), fields(&with(r#"{"title":"b"}"#)));
    assert_eq!(event(Strategy::Merge, &later), Ok(None));
    assert_eq!(event(Strategy::FirstWriteWins, &later), Ok(None));
    assert_eq!(event(Strategy::Merge, &changed), Ok(Some(changed.clone())));
    assert_eq!(event(Strategy::LastWriteWins, &changed), Ok(None));
    assert_eq!(event(Strategy::Manual, &changed), Err(Clash { fields: vec!["title".to_owned()] }));
}

#[test]
fn without_a_base_all_that_differs_is_in_conflict() {
    let (ours, theirs) =
        (fields(r#"{"title":"a","x":1,"version":1}"#), fields(r#"{"title":"a","y":2,"version":2}"#));
    assert_eq!(detect(&ours, &theirs, None), ["x", "y"]);
    assert_eq!(detect(&ours, &theirs, Some(&fields(r#"{"title":"a"}"#))), Vec::<String>::new());
}

#[test]
fn a_second_edit_does_not_clash_with_the_first() {
    let mut there = fields(BASE);
    let mut view = fields(BASE);
    for body in [
        r#"{"title":"b","endDate":"2026-03-02T11:00"}"#,
        r#"{"title":"c"}"#,
        r#"{"startDate":"2026-03-02T08:00"}"#,
    ] {
        let body = fields(body);
        let seen = saw(WriteKind::Update, &body, &view);
        let attempt = Attempt { kind: WriteKind::Update, body: &body, saw: &seen, at_ms: 0 };
        apply_changes(&mut view, &body);
        // `crdt` goes by stamps, not by what was seen, and has tests of its own.
        for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::Crdt) {
            let merged = meet(strategy, &attempt, Some(&there)).unwrap_or_default();
            assert_eq!(
                (merged.event.as_ref(), merged.dropped.len()),
                (Some(&view), 0),
                "{}",
                strategy.word()
            );
        }
        there = view.clone();
    }
}

#[test]
fn a_write_of_all_fields_changes_those_that_it_changes() {
    let body = with(r#"{"title":"b"}"#);
    let merged =
        meets(Strategy::Merge, &body, &with(r#"{"startDate":"2026-03-02T08:00","x":2,"version":4}"#));
    let expected = with(r#"{"title":"b","startDate":"2026-03-02T08:00","x":2,"version":4}"#);
    assert_eq!(merged.as_ref().map(text), Ok(Some(expected)));
}
