use super::*;
use crate::core::model::WriteKind;

const NOW: u64 = 1_790_000_000_000;
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

fn fields(text: &str) -> Fields {
    Fields::parse(text).unwrap_or_default()
}

/// A program with a clock of its own.
struct Program {
    clock: Hlc,
    wrong_by: i64,
}

impl Program {
    fn new(name: &str) -> Self {
        Self { clock: Hlc::new(name), wrong_by: 0 }
    }

    fn wrong_by(self, ms: i64) -> Self {
        Self { wrong_by: ms, ..self }
    }

    fn writes(&mut self, body: &str, event: &Fields, now_ms: u64) -> Fields {
        stamp(&fields(body), event, &mut self.clock, now_ms.saturating_add_signed(self.wrong_by))
    }
}

/// What a server makes of a write whose author saw `saw`.
fn stored(body: &Fields, saw: &Fields, there: &Fields, now_ms: u64) -> Fields {
    let saw = super::super::saw(WriteKind::Update, body, saw);
    update(&Attempt { kind: WriteKind::Update, body, saw: &saw, at_ms: now_ms }, there)
}

fn made(text: &str) -> Fields {
    Program::new("maker").writes(text, &Fields::new(), NOW)
}

#[test]
fn what_was_written_together_has_one_stamp() {
    let event = made(r#"{"id":"e","title":"a","startDate":"s","endDate":"e","attendees":["b@x","a@x"]}"#);
    let stamps = event.get(STAMPS).unwrap_or_default();
    assert!(stamps.len() < 40, "{stamps}");
    assert_eq!(join(&event, &event).get("attendees"), Some(r#"["a@x","b@x"]"#));
}

#[test]
fn fields_that_go_together_win_together() {
    let event = made(r#"{"id":"e","title":"a","startDate":"1","endDate":"2"}"#);
    let ours = Program::new("a").writes(r#"{"startDate":"5"}"#, &event, NOW + 1);
    let theirs = Program::new("b").writes(r#"{"endDate":"9","title":"b"}"#, &event, NOW + 2);
    let both = join(&join(&event, &ours), &theirs);
    assert_eq!(both, join(&join(&event, &theirs), &ours));
    let text = |field| both.get(field).unwrap_or_default();
    assert_eq!([text("startDate"), text("endDate"), text("title")], [r#""1""#, r#""9""#, r#""b""#]);
}

#[test]
fn an_addition_stands_unless_its_removal_saw_it() {
    let event = made(r#"{"id":"e","attendees":["a@x","b@x"]}"#);
    let removes = Program::new("a").writes(r#"{"attendees":["b@x"]}"#, &event, NOW + 1);
    let adds = Program::new("b").writes(r#"{"attendees":["A@x ","b@x","c@x"]}"#, &event, NOW + 2);
    let both = join(&join(&event, &removes), &adds);
    assert_eq!(both.get("attendees"), Some(r#"["b@x","c@x"]"#), "another spelling is no addition");
    let anew = Program::new("c").writes(r#"{"attendees":["b@x","c@x","a@x"]}"#, &both, NOW + 3);
    assert_eq!(join(&both, &anew).get("attendees"), Some(r#"["a@x","b@x","c@x"]"#));
    assert_eq!(join(&join(&both, &anew), &removes), join(&both, &anew));
}

#[test]
fn a_removal_and_an_answer_end_in_the_removal() {
    let event = made(r#"{"id":"e","attendees":[{"email":"a@x"},{"email":"b@x"}]}"#);
    let removes = Program::new("a").writes(r#"{"attendees":[{"email":"b@x"}]}"#, &event, NOW + 1);
    let answer = r#"{"attendees":[{"email":"a@x","rsvp":true},{"email":"b@x","rsvp":true}]}"#;
    let answers = Program::new("b").writes(answer, &event, NOW + 2);
    let both = join(&join(&event, &answers), &removes);
    assert_eq!(both.get("attendees"), Some(r#"[{"email":"b@x","rsvp":true}]"#));
    assert_eq!(both, join(&join(&event, &removes), &answers));
}

#[test]
fn an_update_beats_a_deletion_that_had_not_seen_it() {
    let event = made(r#"{"id":"e","title":"a"}"#);
    let gone = delete(&event, &event);
    assert!(is_deleted(&gone) && !is_deleted(&event));
    let renames = Program::new("a").writes(r#"{"title":"b"}"#, &event, NOW - DAY);
    let renamed = join(&event, &renames);
    assert!(!is_deleted(&join(&gone, &renames)));
    assert!(is_deleted(&delete(&renamed, &renamed)));
    assert_eq!(join(&gone, &renames), delete(&renamed, &event));
}

#[test]
fn a_clock_that_is_ahead_wins_for_five_minutes_at_most() {
    let event = made(r#"{"id":"e","title":"a"}"#);
    let mut ahead = Program::new("ahead").wrong_by(DAY as i64);
    let wrong = ahead.writes(r#"{"title":"wrong"}"#, &event, NOW);
    let there = stored(&wrong, &event, &event, NOW);
    let mut right = Program::new("right");
    let soon = right.writes(r#"{"title":"soon"}"#, &event, NOW + 4 * MINUTE);
    assert_eq!(stored(&soon, &event, &there, NOW + 4 * MINUTE).get("title"), Some(r#""wrong""#));
    let later = right.writes(r#"{"title":"later"}"#, &event, NOW + 6 * MINUTE);
    assert_eq!(stored(&later, &event, &there, NOW + 6 * MINUTE).get("title"), Some(r#""later""#));
    // And what is written after it was seen counts at once.
    let seen = right.writes(r#"{"title":"seen"}"#, &there, NOW + 1);
    assert_eq!(stored(&seen, &there, &there, NOW + 1).get("title"), Some(r#""seen""#));
}

#[test]
fn a_clock_that_is_wrong_locks_nobody_out() {
    for wrong_by in [DAY as i64, -(DAY as i64), 0] {
        let mut there = made(r#"{"id":"e","title":"a"}"#);
        let mut wrong = Program::new("wrong").wrong_by(wrong_by);
        let mut view = there.clone();
        // One after the other without an answer, so that it sees its own stamps and the server has others.
        for at in 1..20 {
            let body =
                wrong.writes(&format!(r#"{{"title":"{at}","attendees":["{at}@x"]}}"#), &view, NOW + at);
            there = stored(&body, &view, &there, NOW + at);
            view = stored(&body, &view, &view, (NOW + at).saturating_add_signed(wrong_by));
            for seen in [&there, &view] {
                let list = format!(r#"["{at}@x"]"#);
                assert_eq!(seen.string("title"), Some(at.to_string()), "{wrong_by}");
                assert_eq!(seen.get("attendees"), Some(list.as_str()), "{wrong_by}");
            }
        }
        let newest = State::read(&there).newest(|_| true);
        assert!(newest.ms() <= NOW + 20 + 5 * MINUTE, "{wrong_by}");
    }
}

#[test]
fn a_write_without_stamps_comes_after_what_is_there() {
    let event = made(r#"{"id":"e","title":"a","attendees":["a@x","b@x"]}"#);
    let there = stored(&fields(r#"{"title":"b","attendees":["b@x","c@x"]}"#), &event, &event, NOW - DAY);
    assert_eq!((there.get("title"), there.get("attendees")), (Some(r#""b""#), Some(r#"["b@x","c@x"]"#)));
}

#[test]
fn a_whole_event_that_is_written_back_changes_what_it_changes() {
    let event = made(r#"{"id":"e","title":"a","location":"l","attendees":["a@x"],"startDate":"1"}"#);
    let mut whole = event.clone();
    whole.set("title", r#""b""#);
    let ours = Program::new("a").writes(&whole.to_text(), &event, NOW + 2);
    assert_eq!(ours.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["id", STAMPS, "title"]);
    let theirs = Program::new("b").writes(r#"{"location":"m","attendees":[]}"#, &event, NOW + 1);
    let both = join(&join(&event, &ours), &theirs);
    let text = |field| both.get(field).unwrap_or_default();
    assert_eq!([text("title"), text("location"), text("attendees")], [r#""b""#, r#""m""#, "[]"]);
}

#[test]
fn what_removals_had_seen_is_kept_for_thirty_days() {
    let mut event = made(r#"{"id":"e","attendees":[]}"#);
    for at in 0..400 {
        let now = NOW + at * DAY;
        for list in [format!(r#"{{"attendees":["{at}@x"]}}"#), r#"{"attendees":[]}"#.to_owned()] {
            let body = Program::new(&format!("p{at}")).writes(&list, &event, now);
            event = stored(&body, &event, &event, now);
        }
    }
    let stamps = event.get(STAMPS).unwrap_or_default();
    assert!(stamps.len() < 900, "{} bytes: {stamps}", stamps.len());
    let mut late = Program::new("late");
    let away =
        late.writes(r#"{"attendees":["new@x"]}"#, &made(r#"{"id":"e","attendees":[]}"#), NOW + 399 * DAY);
    assert_eq!(join(&event, &away).get("attendees"), Some(r#"["new@x"]"#));
}

#[test]
fn every_value_that_gave_way_is_told() {
    let event = made(r#"{"id":"e","title":"a","attendees":["a@x"]}"#);
    let theirs = Program::new("b").writes(r#"{"title":"theirs","attendees":[]}"#, &event, NOW + 2);
    let there = stored(&theirs, &event, &event, NOW + 2);
    let ours = Program::new("a").writes(r#"{"title":"ours","location":"l"}"#, &event, NOW + 1);
    let seen = super::super::saw(WriteKind::Update, &ours, &event);
    let attempt = Attempt { kind: WriteKind::Update, body: &ours, saw: &seen, at_ms: NOW + 3 };
    let merged = super::super::meet(super::super::Strategy::Crdt, &attempt, Some(&there)).unwrap_or_default();
    assert_eq!(merged.conflicts, ["title"]);
    let told: Vec<_> = merged
        .dropped
        .iter()
        .map(|dropped| (dropped.field.as_str(), dropped.value.as_str(), dropped.side))
        .collect();
    assert_eq!(told, [("title", r#""ours""#, Side::Ours)]);
    let event = merged.event.unwrap_or_default();
    assert_eq!(
        (event.string("title").as_deref(), event.string("location").as_deref()),
        (Some("theirs"), Some("l"))
    );
}
