//! Taking back never takes anything of anybody else's.

use std::collections::BTreeSet;
use std::sync::Arc;

use baro_realtime::core::history::{Edit, Inverse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Fields that are one value each.
const SCALARS: [&str; 3] = ["location", "color", "mood"];
const PEOPLE: [&str; 4] = ["ann@x", "bob@x", "cho@x", "dan@x"];

fn event() -> impl Strategy<Value = Map<String, Value>> {
    let day = || 1..28_u8;
    let scalars = prop::collection::vec(prop::option::of(0..4_u8), SCALARS.len());
    let people = prop::sample::subsequence(PEOPLE.to_vec(), 0..=PEOPLE.len());
    (scalars, people, day(), 1..4_u8).prop_map(|(scalars, people, day, days)| {
        let mut event = Map::new();
        event.insert("id".to_owned(), json!("e"));
        event.insert("attendees".to_owned(), json!(people));
        event.insert("startDate".to_owned(), json!(format!("2026-03-{day:02}T09:00:00Z")));
        event.insert("endDate".to_owned(), json!(format!("2026-03-{:02}T09:00:00Z", day + days)));
        for (name, value) in SCALARS.iter().zip(scalars) {
            if let Some(value) = value {
                event.insert((*name).to_owned(), json!(value.to_string()));
            }
        }
        event
    })
}

/// What the inverse of an edit makes of the event as it is now.
fn undone(
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
    now: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let text = |event: &Map<String, Value>| Arc::<str>::from(Value::Object(event.clone()).to_string());
    let edit = Edit { event: Arc::from("e"), before: before.map(text), after: after.map(text) };
    match edit.inverse(Some(&text(now))) {
        None => Some(now.clone()),
        Some(Inverse::Delete) => None,
        Some(Inverse::Create(_)) => panic!("the event is there"),
        Some(Inverse::Update(changes)) => {
            let changes: Map<String, Value> = serde_json::from_str(&changes.to_text()).unwrap();
            let mut event = now.clone();
            event.extend(changes);
            event.retain(|_, value| !value.is_null());
            Some(event)
        }
    }
}

fn people(event: &Map<String, Value>) -> BTreeSet<String> {
    let list = event.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|person| person.as_str().unwrap().to_owned()).collect()
}

proptest! {
    #[test]
    fn alone_one_is_back_where_one_was(before in event(), after in event()) {
        prop_assert_eq!(undone(Some(&before), Some(&after), &after), Some(before));
    }

    #[test]
    fn what_another_changed_since_is_as_he_left_it(before in event(), after in event(), now in event()) {
        let result = undone(Some(&before), Some(&after), &now).unwrap();
        for field in SCALARS {
            let expected = if after.get(field) == now.get(field) { before.get(field) } else { now.get(field) };
            prop_assert_eq!(result.get(field), expected, "{}", field);
        }
        let (was, made, there) = (people(&before), people(&after), people(&now));
        let after_all = people(&result);
        for person in PEOPLE.map(str::to_owned) {
            let (made, there) = (made.contains(&person), there.contains(&person));
            let expected = if made == there { was.contains(&person) } else { there };
            prop_assert_eq!(after_all.contains(&person), expected, "{}", person);
        }
        let time = |event: &Map<String, Value>| (event["startDate"].clone(), event["endDate"].clone());
        if time(&after) == time(&now) {
            prop_assert_eq!(time(&result), time(&before));
        }
        prop_assert!(time(&result).0.as_str() < time(&result).1.as_str(), "it ends before it begins");
    }

    #[test]
    fn an_event_on_which_another_worked_is_not_removed(made in event(), now in event()) {
        let result = undone(None, Some(&made), &now);
        prop_assert_eq!(result, (made != now).then_some(now));
    }
}
