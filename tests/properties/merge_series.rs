//! The laws of merging times, series and versions without a server.

use baro_realtime::core::json::Fields;
use baro_realtime::core::merge::{Side, Strategy as By, merge, resolve};
use baro_realtime::core::model::{date_to_ms, iso_from_ms};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const DAYS: [&str; 3] = ["2026-03-09T09:00", "2026-03-16T09:00", "2026-03-23T09:00"];

/// A time that ends after it starts, or as it starts, in one of the forms that dates have.
fn time() -> impl Strategy<Value = Fields> {
    let zone = prop::option::of(prop::sample::select(vec!["Europe/Berlin", "Asia/Seoul"]));
    (0..6_u64, 0..4_u64, 0..4, any::<bool>(), zone).prop_map(|(start, length, form, all_day, zone)| {
        let mut event = Fields::parse(r#"{"id":"e","title":"a"}"#).unwrap();
        for (field, step) in [("startDate", start), ("endDate", start + length)] {
            let ms = date_to_ms("2026-03-02T09:00").unwrap().unsigned_abs();
            let iso = iso_from_ms(ms + step * if form == 0 { 86_400_000 } else { 1_800_000 });
            let text = match form {
                0 => iso[..10].to_owned(),
                1 => iso[..16].to_owned(),
                2 => iso,
                _ => format!("{}+02:00", &iso[..19]),
            };
            event.set_string(field, &text);
        }
        if all_day {
            event.set("allDay", "true");
        }
        if let Some(zone) = zone {
            event.set_string("timeZone", zone);
        }
        event
    })
}

/// What is different about single days of a series, and which are left out.
fn series() -> impl Strategy<Value = Value> {
    let place = || prop::option::of("[abc]");
    let patch = (place(), place()).prop_map(|(location, color)| {
        let fields = [("location", location), ("color", color)];
        fields.into_iter().filter_map(|(field, value)| Some((field, json!(value?)))).collect::<Value>()
    });
    let patches = prop::collection::vec(prop::option::of(patch), DAYS.len());
    let left_out = prop::collection::vec(any::<bool>(), DAYS.len());
    let rule = prop::sample::select(vec!["FREQ=WEEKLY", "FREQ=DAILY", "FREQ=WEEKLY;COUNT=5"]);
    (patches, left_out, rule).prop_map(|(patches, left_out, rule)| {
        let overrides: Map<String, Value> =
            DAYS.iter().zip(patches).filter_map(|(day, patch)| Some(((*day).to_owned(), patch?))).collect();
        let exceptions: Vec<&str> =
            DAYS.iter().zip(left_out).filter_map(|(day, out)| out.then_some(*day)).collect();
        json!({"recurrence": rule, "recurrenceOverrides": overrides, "recurrenceExceptions": exceptions})
    })
}

fn fields(value: &Value) -> Fields {
    Fields::parse(&value.to_string()).unwrap()
}

fn leaf<'a>(series: &'a Value, day: &str, field: &str) -> Option<&'a Value> {
    series["recurrenceOverrides"].get(day)?.get(field)
}

fn excludes(series: &Value, day: &str) -> bool {
    series["recurrenceExceptions"].as_array().is_some_and(|days| days.iter().any(|held| held == day))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_ends_before_it_starts(base in time(), ours in time(), theirs in time(), has_base in any::<bool>()) {
        let at = |event: &Fields, field: &str| date_to_ms(&event.string(field).unwrap()).unwrap();
        let base = has_base.then_some(&base);
        for by in By::ALL {
            for merged in [merge(by, base, Some(&ours), Some(&theirs)), resolve(by, &ours, &theirs, base)] {
                let event = merged.event.unwrap();
                prop_assert!(at(&event, "startDate") <= at(&event, "endDate"), "{}: {}", by.word(), event.to_text());
            }
        }
    }

    #[test]
    fn no_day_of_a_series_is_lost_in_silence(base in series(), ours in series(), theirs in series()) {
        let merged = merge(By::Merge, Some(&fields(&base)), Some(&fields(&ours)), Some(&fields(&theirs)));
        let event: Value = serde_json::from_str(&merged.event.as_ref().unwrap().to_text()).unwrap();
        for (side, written) in [(Side::Ours, &ours), (Side::Theirs, &theirs)] {
            let reported = |path: &str| merged.dropped.iter().any(|drop| drop.side == side && drop.field == path);
            for day in DAYS {
                let path = format!("recurrenceOverrides/{day}");
                for field in ["location", "color"] {
                    let value = leaf(written, day, field);
                    if value != leaf(&base, day, field) {
                        prop_assert!(
                            leaf(&event, day, field) == value
                                || reported(&format!("{path}/{field}"))
                                || reported(&path),
                            "{day} {field}: {event}"
                        );
                    }
                }
                if excludes(written, day) && !excludes(&base, day) {
                    let kept = excludes(&event, day);
                    prop_assert!(kept || reported("recurrenceExceptions"), "{day}: {event}");
                }
            }
        }
    }

    #[test]
    fn a_day_that_one_changed_is_not_left_out_by_the_other(base in series(), ours in series(), theirs in series()) {
        let merged = merge(By::Merge, Some(&fields(&base)), Some(&fields(&ours)), Some(&fields(&theirs)));
        let event: Value = serde_json::from_str(&merged.event.as_ref().unwrap().to_text()).unwrap();
        for day in DAYS {
            let patch = |series: &Value| series["recurrenceOverrides"].get(day).cloned();
            let one_way = |editor: &Value, other: &Value| {
                patch(editor).is_some()
                    && patch(editor) != patch(&base)
                    && excludes(other, day)
                    && !excludes(editor, day)
                    && !excludes(&base, day)
            };
            if one_way(&ours, &theirs) || one_way(&theirs, &ours) {
                prop_assert!(!excludes(&event, day), "{day}: {event}");
            }
        }
    }

    #[test]
    fn of_two_versions_the_order_they_are_given_in_does_not_matter(
        sides in prop::collection::vec(("[ab]", "[ab]", time()), 3),
        has_base in any::<bool>(),
    ) {
        let events: Vec<Fields> = (1..4).zip(&sides).map(|(version, (title, location, time))| {
            let mut event = time.clone();
            event.set_string("title", title);
            event.set_string("location", location);
            event.set("version", &version.to_string());
            event.set_string("updatedAt", &iso_from_ms(version * 1000));
            event
        }).collect();
        let [base, early, late] = &events[..] else { unreachable!() };
        let base = has_base.then_some(base);
        let told = |event: Option<Fields>| -> Value { serde_json::from_str(&event.unwrap().to_text()).unwrap() };
        for by in [By::LastWriteWins, By::FirstWriteWins] {
            let one_way = told(resolve(by, early, late, base).event);
            prop_assert_eq!(&one_way, &told(resolve(by, late, early, base).event));
            if !has_base {
                let winner = if by == By::LastWriteWins { late } else { early };
                prop_assert_eq!(&one_way, &told(Some(winner.clone())));
            }
        }
    }
}
