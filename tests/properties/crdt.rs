//! The laws of events under stamps: any order of any joins ends in one text, whatever clocks and events say.

use baro_realtime::core::json::Fields;
use baro_realtime::core::merge::crdt::{STAMPS, delete, is_deleted, join, stamp};
use baro_realtime::core::merge::hlc::{Hlc, Stamp};
use baro_realtime::core::merge::{Attempt, Strategy as By, meet, saw};
use baro_realtime::core::model::WriteKind;
use proptest::prelude::*;

use super::texts::object;

const NOW: u64 = 1_790_000_000_000;
const DAY: i64 = 24 * 3_600_000;

fn fields(text: &str) -> Fields {
    Fields::parse(text).unwrap()
}

/// A stamp, or something like one, of few times and programs.
fn any_stamp() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..6_u64, "[ab]{8}").prop_map(|(at, node)| format!("{:0>12}{node}", at)),
        1 => (0..6_u64).prop_map(|at| format!("{:0>12}", at)),
        1 => Just(String::new()),
        1 => "[0-9a-z]{0,22}",
    ]
}

fn list(items: Vec<String>) -> String {
    format!("[{}]", items.join(","))
}

/// The stamps of an event as anybody might write them.
fn any_stamps() -> impl Strategy<Value = String> {
    let quoted = || any_stamp().prop_map(|text| format!("\"{text}\""));
    let seen = || prop::collection::vec(quoted(), 0..3).prop_map(list);
    let dot = (quoted(), prop::option::of(quoted()), prop::option::of("\"[ab]@x\""))
        .prop_map(|(tag, changed, item)| list([Some(tag), changed, item].into_iter().flatten().collect()));
    let tags = prop::collection::vec(("[ab]@x", prop::collection::vec(dot, 0..3).prop_map(list)), 0..3);
    let own = prop::collection::vec(
        (prop::sample::select(vec!["title", "startDate", "endDate", "x", "attendees", "id"]), quoted()),
        0..4,
    );
    let pairs = |pairs: Vec<(String, String)>| {
        format!(
            "{{{}}}",
            pairs.into_iter().map(|(key, raw)| format!("\"{key}\":{raw}")).collect::<Vec<_>>().join(",")
        )
    };
    let tags = tags.prop_map(pairs);
    let own =
        own.prop_map(move |own| pairs(own.into_iter().map(|(key, raw)| (key.to_owned(), raw)).collect()));
    (
        prop::option::of(quoted()),
        own,
        prop::option::of(tags),
        prop::option::of(seen()),
        prop::option::of(seen()),
    )
        .prop_map(move |(most, own, tags, gone, deleted)| {
            let attendees =
                [tags.map(|raw| ("tags".to_owned(), raw)), gone.map(|raw| ("gone".to_owned(), raw))];
            let attendees: Vec<_> = attendees.into_iter().flatten().collect();
            let attendees = (!attendees.is_empty()).then(|| ("attendees".to_owned(), pairs(attendees)));
            let most = most.map(|raw| ("most".to_owned(), raw));
            let deleted = deleted.map(|raw| ("deleted".to_owned(), raw));
            let own = Some(("own".to_owned(), own));
            pairs([most, own, attendees, deleted].into_iter().flatten().collect())
        })
}

/// An event with few values, so that two of them often meet.
fn event() -> impl Strategy<Value = Fields> {
    let value = || prop::sample::select(vec!["1", "2", "null", "\"\"", "\"\\ud83d\""]);
    let names =
        vec!["title", "startDate", "endDate", "allDay", "recurrence", "x", "id", "version", "updatedAt"];
    let plain = prop::collection::vec((prop::sample::select(names), value()), 0..7);
    let attendees = prop_oneof![
        4 => prop::collection::vec("\"[abAB]@x\"", 0..4).prop_map(list),
        1 => Just("null".to_owned()),
        1 => Just("7".to_owned()),
        1 => Just(r#"[{"email":"a@x"},{"email":"A@x","n":1},[]]"#.to_owned()),
    ];
    let stamps = prop_oneof![6 => any_stamps(), 1 => Just("null".to_owned()), 1 => object()];
    let named = (plain, prop::option::of(attendees), prop::option::of(stamps)).prop_map(
        |(plain, attendees, stamps)| {
            let mut event = Fields::new();
            plain.into_iter().for_each(|(field, raw)| event.set(field, raw));
            if let Some(raw) = attendees {
                event.set("attendees", &raw);
            }
            if let Some(raw) = stamps {
                event.set(STAMPS, &raw);
            }
            event
        },
    );
    prop_oneof![8 => named, 1 => object().prop_map(|text| fields(&text))]
}

/// Something that a program does to its replica.
#[derive(Debug, Clone)]
enum Step {
    Writes(usize, String, u64),
    Deletes(usize),
    Hears(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let body = prop_oneof![
        "\\{\"title\":\"[a-c]\"\\}",
        "\\{\"startDate\":\"[a-c]\",\"endDate\":\"[d-f]\"\\}",
        "\\{\"location\":(null|\"[a-c]\")\\}",
        prop::collection::vec("\"[a-d]@x\"", 0..4)
            .prop_map(|items| format!("{{\"attendees\":{}}}", list(items))),
    ];
    prop_oneof![
        5 => (0..4_usize, body, 0..100_000_u64).prop_map(|(who, body, later)| Step::Writes(who, body, later)),
        1 => (0..4_usize).prop_map(Step::Deletes),
        3 => (0..4_usize, 0..4_usize).prop_map(|(who, from)| Step::Hears(who, from)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn joins_are_commutative_associative_and_idempotent(a in event(), b in event(), c in event()) {
        let both = join(&a, &b);
        prop_assert_eq!(both.to_text(), join(&b, &a).to_text());
        prop_assert_eq!(join(&both, &c).to_text(), join(&a, &join(&b, &c)).to_text());
        prop_assert_eq!(join(&both, &a).to_text(), both.to_text());
        prop_assert_eq!(join(&both, &both).to_text(), both.to_text());
        prop_assert_eq!(is_deleted(&join(&b, &a)), is_deleted(&both));
        // What is written can be read, and says the same.
        prop_assert_eq!(fields(&both.to_text()), both);
    }

    #[test]
    fn a_deletion_hides_what_it_saw_and_nothing_else(a in event(), b in event()) {
        prop_assert!(is_deleted(&delete(&a, &a)));
        prop_assert_eq!(join(&delete(&a, &a), &b).to_text(), delete(&join(&a, &b), &a).to_text());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn replicas_converge_in_any_order(
        wrong in prop::collection::vec(-DAY..DAY, 4),
        steps in prop::collection::vec(step(), 1..40),
        order in Just(vec![0, 1, 2, 3]).prop_shuffle(),
    ) {
        let start = stamp(&fields(r#"{"id":"e","title":"a","attendees":["a@x"]}"#), &Fields::new(), &mut Hlc::new("maker"), NOW);
        let mut replicas: Vec<(Fields, Hlc)> = (0..4).map(|who| (start.clone(), Hlc::new(&format!("p{who}")))).collect();
        let mut now = NOW;
        for step in steps {
            match step {
                Step::Writes(who, body, later) => {
                    now += later;
                    let (view, clock) = &mut replicas[who];
                    let body = stamp(&fields(&body), view, clock, now.saturating_add_signed(wrong[who]));
                    let before = view.clone();
                    *view = join(view, &body);
                    // Whoever writes sees what he wrote, whatever his clock says, and an event that is there.
                    for (field, raw) in body.iter().filter(|(field, _)| ![STAMPS, "attendees"].contains(field)) {
                        prop_assert_eq!(view.get(field), Some(raw), "{} after {}", body.to_text(), before.to_text());
                    }
                    if let Some(list) = body.get("attendees") {
                        prop_assert_eq!(view.get("attendees"), Some(list));
                    }
                }
                Step::Deletes(who) => {
                    let (view, _) = &mut replicas[who];
                    *view = delete(view, view);
                    prop_assert!(is_deleted(view));
                }
                Step::Hears(who, from) => {
                    let heard = replicas[from].0.clone();
                    replicas[who].0 = join(&replicas[who].0, &heard);
                }
            }
        }
        let all = |order: &[usize]| {
            order.iter().map(|who| &replicas[*who].0).fold(start.clone(), |sum, view| join(&sum, view)).to_text()
        };
        prop_assert_eq!(all(&order), all(&[0, 1, 2, 3]));
        let size = fields(&all(&order)).get(STAMPS).map_or(0, str::len);
        prop_assert!(size < 1_200, "{size} bytes of stamps");
    }

    #[test]
    fn no_clock_wins_for_ever_and_none_is_locked_out(
        wrong in -DAY..=DAY,
        gap_ms in 5 * 60_000 + 1..DAY.unsigned_abs(),
        steps in prop::collection::vec(any::<bool>(), 1..12),
    ) {
        let server = |body: &Fields, seen: &Fields, there: &Fields, at_ms: u64| {
            let seen = saw(WriteKind::Update, body, seen);
            let attempt = Attempt { kind: WriteKind::Update, body, saw: &seen, at_ms };
            meet(By::Crdt, &attempt, Some(there)).unwrap().event.unwrap()
        };
        let start = stamp(&fields(r#"{"id":"e","title":"a"}"#), &Fields::new(), &mut Hlc::new("maker"), NOW);
        let (mut off, mut right) = (Hlc::new("off"), Hlc::new("right"));
        let mut now = NOW;
        let mut there = start.clone();
        // In turn, each having seen the other: whoever is last counts.
        for (number, by_off) in steps.iter().enumerate() {
            now += 1;
            let text = format!(r#"{{"title":"{number}"}}"#);
            let (clock, at) = if *by_off { (&mut off, now.saturating_add_signed(wrong)) } else { (&mut right, now) };
            let body = stamp(&fields(&text), &there, clock, at);
            there = server(&body, &there, &there, now);
            prop_assert_eq!(there.string("title"), Some(number.to_string()));
        }
        // Offline, without having seen each other: the clock that is ahead is brought back.
        let view = there.clone();
        let early = stamp(&fields(r#"{"title":"off"}"#), &view, &mut off, now.saturating_add_signed(wrong));
        there = server(&early, &view, &there, now);
        now += gap_ms;
        let late = stamp(&fields(r#"{"title":"right"}"#), &view, &mut right, now);
        there = server(&late, &view, &there, now);
        prop_assert_eq!(there.string("title"), Some("right".to_owned()));
    }

    #[test]
    fn stamps_are_in_the_order_of_what_was_seen(clocks in prop::collection::vec((0..3_usize, 0..3_usize, -DAY..DAY), 1..60)) {
        let mut programs: Vec<(Hlc, Stamp)> = (0..3).map(|who| (Hlc::new(&who.to_string()), Stamp::default())).collect();
        for (who, from, wrong) in clocks {
            let seen = programs[from].1.clone().max(programs[who].1.clone());
            let (clock, last) = &mut programs[who];
            let given = clock.tick(NOW.saturating_add_signed(wrong), &seen);
            prop_assert!(given > seen && given > *last);
            *last = given;
        }
    }
}
