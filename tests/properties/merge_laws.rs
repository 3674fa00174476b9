//! The laws of merging events: total, the same every time, nothing invented, nothing lost in silence.

use baro_realtime::core::json::{Fields, validate};
use baro_realtime::core::merge::{
    Attempt, DELETED, Merged, Side, Strategy as By, detect, meet, merge, revive, saw,
};
use baro_realtime::core::model::{WriteKind, apply_changes, date_to_ms};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::texts::{json, object};

const FIELDS: [&str; 16] = [
    "title",
    "description",
    "location",
    "color",
    "status",
    "startDate",
    "endDate",
    "allDay",
    "timeZone",
    "attendees",
    "categories",
    "calendarId",
    "projectId",
    "recurrence",
    "recurrenceExceptions",
    "x",
];

/// Fields that are sets, and those that are texts.
const SETS: [&str; 3] = ["attendees", "categories", "recurrenceExceptions"];
const TEXTS: [&str; 2] = ["title", "description"];
const TIME: [&str; 4] = ["startDate", "endDate", "allDay", "timeZone"];

fn pick(values: &[&str]) -> BoxedStrategy<String> {
    prop::sample::select(values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()).boxed()
}

fn list(item: &'static str) -> BoxedStrategy<String> {
    prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))).boxed()
}

/// A value of a field, of few.
fn value(field: &str) -> BoxedStrategy<String> {
    match field {
        "title" => "\"(team |our |big |)(lunch|dinner|점심)( today| tomorrow|)\"".boxed(),
        "description" => "\"(one|uno)\\\\n(two|dos)\\\\n(three|tres)(\\\\nfour|\\\\nfive|)\"".boxed(),
        "startDate" => "\"2026-03-(01|02)T(08|09|10):(00|30)\"".boxed(),
        "endDate" => "\"2026-03-(02|03)T(11|12|13):(00|30)\"".boxed(),
        "allDay" => pick(&["true", "false"]),
        "timeZone" => pick(&["\"Europe/Berlin\"", "\"Asia/Seoul\""]),
        "attendees" => prop_oneof![
            3 => list("\"([abcd]@x|A@x)\""),
            1 => list("\\{\"email\":\"[ab]@x\",\"rsvp\":(true|false)\\}"),
        ]
        .boxed(),
        "categories" => list("\"[abc]\""),
        "recurrenceExceptions" => list("\"2026-03-0[1-4]T09:00\""),
        "status" => pick(&["\"confirmed\"", "\"tentative\"", "\"cancelled\""]),
        "x" => prop_oneof![pick(&["1", "2", "\"one\"", "{\"k\":[1]}"]), other()].boxed(),
        _ => pick(&["\"one\"", "\"two\"", "null"]),
    }
}

/// Any JSON that `serde_json` can read too.
fn other() -> impl Strategy<Value = String> {
    json().prop_filter("no half characters", |text| serde_json::from_str::<Value>(text).is_ok())
}

fn changes(most: usize) -> impl Strategy<Value = Vec<(&'static str, Option<String>)>> {
    let change = prop::sample::select(FIELDS.to_vec()).prop_flat_map(|field| {
        let put = value(field).prop_map(Some);
        let whole = ["title", "startDate", "endDate"].contains(&field);
        let what = if whole { put.boxed() } else { prop_oneof![6 => put, 1 => Just(None)].boxed() };
        what.prop_map(move |what| (field, what))
    });
    prop::collection::vec(change, 0..most)
}

fn changed(event: &Fields, changes: &[(&'static str, Option<String>)]) -> Fields {
    let mut event = event.clone();
    for (field, value) in changes {
        match value {
            Some(raw) => event.set(field, raw),
            None => drop(event.remove(field)),
        }
    }
    event
}

fn base() -> impl Strategy<Value = Fields> {
    let start = r#"{"id":"e","title":"lunch","startDate":"2026-03-02T09:00","endDate":"2026-03-02T12:00","version":3}"#;
    changes(10).prop_map(move |made| changed(&Fields::parse(start).unwrap(), &made))
}

/// An event, and what two made of it.
fn three() -> impl Strategy<Value = [Fields; 3]> {
    (base(), changes(5), changes(5))
        .prop_map(|(base, ours, theirs)| [changed(&base, &ours), changed(&base, &theirs), base])
        .prop_map(|[ours, theirs, base]| [base, ours, theirs])
}

fn by() -> impl Strategy<Value = By> {
    prop::sample::select(By::ALL.to_vec())
}

/// What an event says: `null` is nothing, and not to be all day is what events are.
fn map(event: &Fields) -> Map<String, Value> {
    let mut map: Map<String, Value> = serde_json::from_str(&event.to_text()).unwrap();
    map.retain(|field, value| !(value.is_null() || field == "allDay" && *value == false));
    map
}

fn event(merged: &Merged) -> Map<String, Value> {
    merged.event.as_ref().map(map).unwrap_or_default()
}

fn reported(merged: &Merged, field: &str, side: Side) -> bool {
    let inside = format!("{field}/");
    merged
        .dropped
        .iter()
        .any(|drop| drop.side == side && (drop.field == field || drop.field.starts_with(&inside)))
}

/// What identifies an item of a set.
fn key(item: &Value) -> String {
    let text = item.as_str().or_else(|| item.get("email").and_then(Value::as_str));
    text.map_or_else(|| item.to_string(), str::to_lowercase)
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().map(key).collect()
}

fn moved(event: &Fields, start_by: i64, end_by: i64) -> Fields {
    let mut event = event.clone();
    for (field, by) in [("startDate", start_by), ("endDate", end_by)] {
        let ms = date_to_ms(&event.string(field).unwrap()).unwrap() + by * 60_000;
        let text = baro_realtime::core::model::iso_from_ms(u64::try_from(ms).unwrap());
        event.set_string(field, &text[..16]);
    }
    event
}

/// Whether each change of either side is in the result, or reported.
fn lose_nothing_in_silence(
    by: By,
    base: &Fields,
    ours: &Fields,
    theirs: &Fields,
) -> Result<(), TestCaseError> {
    let merged = merge(by, Some(base), Some(ours), Some(theirs));
    let result = event(&merged);
    let (before, a, b) = (map(base), map(ours), map(theirs));
    for (side, other, mine, others) in
        [(Side::Ours, Side::Theirs, &a, &b), (Side::Theirs, Side::Ours, &b, &a)]
    {
        for field in FIELDS {
            let (was, is, there, now) =
                (before.get(field), mine.get(field), others.get(field), result.get(field));
            if is == was || is == now || is == there || reported(&merged, field, side) {
                continue;
            }
            let said = merged
                .conflicts
                .iter()
                .any(|group| group == field || (group == "time" && TIME.contains(&field)));
            // Of a text whose other side gave way in part, the words of this side are those that stand.
            let gave_way =
                said && reported(&merged, field, other) && has_changes(words(was), words(is), words(now));
            let text = TEXTS.contains(&field) && there != was && (!said || gave_way);
            // Two intents that go together: both dates are another side's, or moved along.
            let time = TIME[..2].contains(&field) && !said;
            let set = SETS.contains(&field) && has_changes(keys(was), keys(is), keys(now));
            prop_assert!(
                text || time || set,
                "{field} of {side:?}: {is:?}, there {there:?}, now {now:?} of {merged:?}"
            );
        }
    }
    Ok(())
}

/// Whether what was added to some items is held, and what was removed is not.
fn has_changes(old: Vec<String>, new: Vec<String>, held: Vec<String>) -> bool {
    let added = new.iter().all(|key| old.contains(key) || held.contains(key));
    let removed = old.iter().all(|key| new.contains(key) || !held.contains(key));
    added && removed
}

fn words(text: Option<&Value>) -> Vec<String> {
    text.and_then(Value::as_str).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn what_stands_of_a_text_that_gave_way_in_part_hides_nothing_of_the_other() {
    let event = |description: &str| {
        let times = r#""startDate":"2026-03-02T09:00","endDate":"2026-03-02T12:00""#;
        let text =
            format!(r#"{{"id":"e","title":"lunch",{times},"version":3,"description":"{description}"}}"#);
        Fields::parse(&text).unwrap()
    };
    let base = event(r"uno\ndos\nthree\nfour");
    let (ours, theirs) = (event(r"one\ndos\ntres"), event(r"uno\ntwo\nthree\nfive"));
    for by in By::ALL {
        lose_nothing_in_silence(by, &base, &ours, &theirs).unwrap();
        lose_nothing_in_silence(by, &base, &theirs, &ours).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_three_events_can_be_merged(
        by in by(),
        sides in prop::collection::vec(prop::option::weighted(0.9, object()), 3),
        body in object(),
    ) {
        let read = |side: usize| sides[side].as_deref().and_then(|text| Fields::parse(text).ok());
        let (base, ours, theirs) = (read(0), read(1), read(2));
        let merged = merge(by, base.as_ref(), ours.as_ref(), theirs.as_ref());
        prop_assert!(merged.event.iter().all(|event| validate(&event.to_text()).is_ok()));
        prop_assert!(merged.dropped.iter().all(|drop| validate(&drop.value).is_ok()));
        prop_assert_eq!(&merged, &merge(by, base.as_ref(), ours.as_ref(), theirs.as_ref()));
        let (body, none) = (Fields::parse(&body).unwrap(), Fields::new());
        let (there, last) = (theirs.as_ref(), ours.as_ref().unwrap_or(&none));
        let _fields = detect(&body, last, base.as_ref());
        for kind in [WriteKind::Create, WriteKind::Update, WriteKind::Delete, WriteKind::Skip] {
            let seen = saw(kind, &body, base.as_ref().unwrap_or(&none));
            for seen in [&seen, &body] {
                let attempt = Attempt { kind, body: &body, saw: seen, at_ms: 1_790_000_000_000 };
                for met in [meet(by, &attempt, there), revive(by, &attempt, last)].into_iter().flatten() {
                    prop_assert!(met.event.iter().all(|event| validate(&event.to_text()).is_ok()));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn what_one_side_left_alone_is_the_other_sides(by in by(), [base, ours, theirs] in three()) {
        let merged = |ours: &Fields, theirs: &Fields| {
            let merged = merge(by, Some(&base), Some(ours), Some(theirs));
            (event(&merged), merged.dropped.len(), merged.conflicts.len())
        };
        prop_assert_eq!(merged(&ours, &ours), (map(&ours), 0, 0));
        prop_assert_eq!(merged(&base, &theirs), (map(&theirs), 0, 0));
        prop_assert_eq!(merged(&ours, &base), (map(&ours), 0, 0));
    }

    #[test]
    fn nothing_is_invented(by in by(), [base, ours, theirs] in three()) {
        let merged = merge(by, Some(&base), Some(&ours), Some(&theirs));
        let result = merged.event.clone().unwrap();
        for (field, raw) in result.iter().filter(|(field, _)| !TEXTS.contains(field)) {
            let sides = [&base, &ours, &theirs].map(|side| side.get(field));
            let value: Value = serde_json::from_str(raw).unwrap();
            let items = sides.iter().flatten().filter_map(|raw| serde_json::from_str::<Value>(raw).ok());
            let known: Vec<String> = items.flat_map(|side| keys(Some(&side))).collect();
            let of_sets = SETS.contains(&field) && keys(Some(&value)).iter().all(|key| known.contains(key));
            prop_assert!(sides.contains(&Some(raw)) || of_sets || TIME.contains(&field), "{field}: {raw}");
        }
        let time = |event: &Fields, field: &str| date_to_ms(&event.string(field).unwrap()).unwrap();
        let valid = |event: &Fields| time(event, "startDate") <= time(event, "endDate");
        let whole = [&base, &ours, &theirs].into_iter().all(valid);
        prop_assert!(!whole || by == By::LastWriteWins || valid(&result), "{}", result.to_text());
        for set in SETS {
            let mut held = keys(map(&result).get(set));
            let sides_repeat = [&base, &ours, &theirs].into_iter().any(|side| {
                let mut keys = keys(map(side).get(set));
                let all = keys.len();
                keys.sort();
                keys.dedup();
                keys.len() < all
            });
            let all = held.len();
            held.sort();
            held.dedup();
            prop_assert!(held.len() == all || sides_repeat, "{set} has somebody twice");
        }
    }

    #[test]
    fn nothing_is_lost_in_silence(by in by(), [base, ours, theirs] in three()) {
        lose_nothing_in_silence(by, &base, &ours, &theirs)?;
    }

    #[test]
    fn what_goes_together_does_so_either_way_round([base, ours, theirs] in three()) {
        let merged = merge(By::Merge, Some(&base), Some(&ours), Some(&theirs));
        if merged.conflicts.is_empty() && merged.dropped.is_empty() {
            let swapped = merge(By::Merge, Some(&base), Some(&theirs), Some(&ours));
            let comparable = |merged: &Merged| {
                let mut event = event(merged);
                // Lines and items that both put in at one place stand in their order.
                event.remove("description");
                for set in SETS {
                    let mut keys = keys(event.get(set));
                    keys.sort();
                    event.insert(set.to_owned(), keys.into());
                }
                event
            };
            prop_assert_eq!(comparable(&merged), comparable(&swapped));
            prop_assert_eq!((swapped.conflicts.len(), swapped.dropped.len()), (0, 0));
        }
    }

    #[test]
    fn a_deletion_gives_way_to_what_it_had_not_seen(by in by(), [base, ours, _theirs] in three()) {
        let semantic = FIELDS.iter().any(|field| *field != "attendees" && map(&base).get(*field) != map(&ours).get(*field));
        let merged = merge(by, Some(&base), None, Some(&ours));
        let stays = semantic && by != By::LastWriteWins;
        if semantic {
            prop_assert_eq!(merged.event.is_some(), stays);
        }
        prop_assert_eq!(merged.event.is_some(), reported(&merged, DELETED, Side::Ours));
        prop_assert_eq!(merge(by, Some(&base), None, Some(&base)), Merged::default());
        prop_assert_eq!(merge(by, Some(&base), None, None), Merged::default());
    }

    #[test]
    fn a_write_that_met_nothing_new_is_done(by in by(), base in base(), made in changes(4), at_ms in 0..u64::MAX) {
        let mut body = Fields::new();
        made.iter().for_each(|(field, raw)| body.set(field, raw.as_deref().unwrap_or("null")));
        let seen = saw(WriteKind::Update, &body, &base);
        let attempt = Attempt { kind: WriteKind::Update, body: &body, saw: &seen, at_ms };
        let met = meet(by, &attempt, Some(&base)).expect("nobody was there before");
        let mut done = base.clone();
        apply_changes(&mut done, &body);
        prop_assert_eq!((event(&met), met.dropped.len(), met.conflicts.len()), (map(&done), 0, 0));
        let nothing = saw(WriteKind::Delete, &body, &base);
        let attempt = Attempt { kind: WriteKind::Delete, body: &body, saw: &nothing, at_ms };
        prop_assert_eq!(meet(by, &attempt, Some(&base)).map(|met| met.event), Ok(None));
    }

    #[test]
    fn who_came_second_is_refused_exactly_if_both_changed_one_thing([base, _ours, theirs] in three(), made in changes(4)) {
        let mut body = Fields::new();
        made.iter().for_each(|(field, raw)| body.set(field, raw.as_deref().unwrap_or("null")));
        let mut ours = base.clone();
        apply_changes(&mut ours, &body);
        let mut expected = detect(&ours, &theirs, Some(&base));
        let seen = saw(WriteKind::Update, &body, &base);
        let attempt = Attempt { kind: WriteKind::Update, body: &body, saw: &seen, at_ms: 0 };
        for by in [By::FirstWriteWins, By::Manual] {
            let fields = meet(by, &attempt, Some(&theirs)).err().map(|clash| clash.fields).unwrap_or_default();
            expected.retain(|field| fields.contains(field) || body.get(field).is_some());
            prop_assert_eq!(&fields, &expected);
        }
    }

    #[test]
    fn a_move_and_a_new_length_commute(
        by in prop::sample::select(vec![By::Merge, By::OperationalTransform]),
        day in "2026-0[1-9]-(1[0-9]|2[0-8])",
        drag in -600..600_i64,
        resize in 1..600_i64,
    ) {
        let text = format!(r#"{{"id":"e","title":"t","startDate":"{day}T09:00","endDate":"{day}T10:00"}}"#);
        let base = Fields::parse(&text).unwrap();
        let (dragged, longer) = (moved(&base, drag, drag), moved(&base, 0, resize));
        let both = moved(&base, drag, drag + resize);
        for (ours, theirs) in [(&dragged, &longer), (&longer, &dragged)] {
            let merged = merge(by, Some(&base), Some(ours), Some(theirs));
            prop_assert_eq!((merged.event, merged.conflicts.len()), (Some(both.clone()), 0));
        }
        // A move of a move is one move, however it is cut.
        let again = moved(&dragged, resize, resize);
        let merged = merge(by, Some(&dragged), Some(&again), Some(&dragged));
        prop_assert_eq!(merged.event, Some(moved(&base, drag + resize, drag + resize)));
        let merged = merge(by, Some(&base), Some(&dragged), Some(&again));
        prop_assert_eq!(merged.conflicts.is_empty(), drag == 0 || drag + resize == 0, "two moves are a conflict");
    }

    #[test]
    fn three_lists_of_attendees_come_to_one_in_any_order(
        start in prop::collection::btree_set("[a-f]@x", 0..5),
        edits in prop::collection::vec((prop::collection::btree_set("[a-i]@x", 0..4), prop::collection::btree_set("[a-f]@x", 0..3)), 3),
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(),
    ) {
        let with = |people: &std::collections::BTreeSet<String>| {
            let mut event = Fields::new();
            event.set("id", "\"e\"");
            event.set("attendees", &serde_json::to_string(people).unwrap());
            event
        };
        let base = with(&start);
        let sides: Vec<Fields> = edits
            .iter()
            .map(|(add, remove)| with(&start.union(add).filter(|who| add.contains(*who) || !remove.contains(*who)).cloned().collect()))
            .collect();
        let all = |order: &[usize]| {
            let sum = order.iter().fold(base.clone(), |there, side| {
                merge(By::Merge, Some(&base), Some(&sides[*side]), Some(&there)).event.unwrap()
            });
            let mut people = keys(map(&sum).get("attendees"));
            people.sort();
            people
        };
        let people = all(&order);
        prop_assert_eq!(&people, &all(&[0, 1, 2]));
        for (add, _) in &edits {
            prop_assert!(add.iter().all(|who| start.contains(who) || people.contains(who)), "an addition stands");
        }
    }
}
