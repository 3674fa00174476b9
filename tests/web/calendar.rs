//! The compiled class against the browser's own IndexedDB and WebSocket.

use std::cell::RefCell;
use std::rc::Rc;

use baro_realtime::web::RealtimeCalendar;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, JSON, Object, Reflect, Set};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// A calendar and everything that it told.
struct Harness {
    calendar: RealtimeCalendar,
    told: Rc<RefCell<Vec<(String, Array)>>>,
    settled: Rc<RefCell<Vec<(f64, JsValue)>>>,
    _emit: Closure<dyn FnMut(String, Array)>,
    _settle: Closure<dyn FnMut(f64, JsValue, JsValue)>,
}

impl Harness {
    fn new(config: &str) -> Result<Self, JsValue> {
        let (told, settled) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
        let (tell, answer) = (told.clone(), settled.clone());
        let emit = Closure::<dyn FnMut(String, Array)>::new(move |kind, given| {
            tell.borrow_mut().push((kind, given));
        });
        let settle = Closure::<dyn FnMut(f64, JsValue, JsValue)>::new(move |ticket, error, _value| {
            answer.borrow_mut().push((ticket, error));
        });
        let config = JSON::parse(config).unwrap();
        let (emit_function, settle_function) =
            (emit.as_ref().clone().unchecked_into(), settle.as_ref().clone().unchecked_into());
        let calendar =
            RealtimeCalendar::new(&config, emit_function, settle_function, Set::new(&JsValue::UNDEFINED))?;
        Ok(Self { calendar, told, settled, _emit: emit, _settle: settle })
    }

    fn heard(&self, kind: &str) -> usize {
        self.told.borrow().iter().filter(|(told, _)| told == kind).count()
    }

    /// Waits for the answer to a ticket: the code of the error, or nothing.
    async fn answer(&self, ticket: f64) -> Option<String> {
        loop {
            let found = self.settled.borrow().iter().find(|(settled, _)| *settled == ticket).cloned();
            if let Some((_, error)) = found {
                return property(&error, "code").as_string();
            }
            TimeoutFuture::new(5).await;
        }
    }
}

fn property(object: &JsValue, name: &str) -> JsValue {
    if object.is_undefined() { JsValue::UNDEFINED } else { Reflect::get(object, &name.into()).unwrap() }
}

fn database() -> String {
    format!("calendar-test-{}", js_sys::Math::random())
}

fn offline(database: &str) -> String {
    format!(r#"{{"url":"ws://127.0.0.1:9/","offline":{{"databaseName":"{database}"}},"projectId":"p"}}"#)
}

fn event(title: &str) -> JsValue {
    JSON::parse(&format!(
        r#"{{"title":"{title}","startDate":"2026-03-01T09:00:00Z","endDate":"2026-03-01T10:00:00Z"}}"#
    ))
    .unwrap()
}

fn count(calendar: &RealtimeCalendar) -> u32 {
    calendar.events(&JsValue::UNDEFINED).unwrap().unchecked_into::<Array>().length()
}

#[wasm_bindgen_test]
fn a_wrong_option_is_named_with_what_came_and_what_is_accepted() {
    let error = Harness::new(r#"{"url":"ws://host","heartbeat":{"interval":"fast"}}"#).err().unwrap();
    assert_eq!(property(&error, "name").as_string().as_deref(), Some("RealtimeError"));
    assert_eq!(property(&error, "code").as_string().as_deref(), Some("invalid_config"));
    let field = property(&property(&error, "details"), "field");
    assert_eq!(field.as_string().as_deref(), Some("config.heartbeat.interval"));
}

#[wasm_bindgen_test]
async fn an_edit_shows_at_once_and_is_there_for_the_next_program() {
    let database = database();
    let first = Harness::new(&offline(&database)).unwrap();
    let written = first.calendar.create_event(&event("Breakfast")).unwrap();
    assert_eq!(count(&first.calendar), 1);
    assert_eq!(first.answer(written.get(1).as_f64().unwrap()).await, None);
    assert_eq!(first.heard("events-change"), 1);
    JsFuture::from(first.calendar.destroy().unwrap()).await.unwrap();
    assert_eq!(first.answer(written.get(2).as_f64().unwrap()).await.as_deref(), Some("destroyed"));

    let second = Harness::new(&offline(&database)).unwrap();
    while count(&second.calendar) == 0 {
        TimeoutFuture::new(5).await;
    }
    let id = written.get(0).as_string().unwrap();
    assert_eq!(property(&second.calendar.event(&id), "title").as_string().as_deref(), Some("Breakfast"));
    assert!(second.calendar.has_pending_write(&id));
    let pending: Array = property(&second.calendar.sync_status(), "pendingActions").unchecked_into();
    assert_eq!(pending.length(), 1);
}

#[wasm_bindgen_test]
async fn reads_keep_their_identity_until_what_they_show_changes() {
    let harness = Harness::new(&offline(&database())).unwrap();
    let calendar = &harness.calendar;
    let id = calendar.create_event(&event("a")).unwrap().get(0).as_string().unwrap();
    calendar.create_event(&event("b")).unwrap();
    let query = JSON::parse(r#"{"from":"2026-03-01","to":"2026-03-02"}"#).unwrap();
    let before: Array = calendar.events(&query).unwrap().unchecked_into();
    assert!(Object::is(&before, &calendar.events(&query).unwrap()));
    assert!(Object::is_frozen(&before) && Object::is_frozen(before.get(0).unchecked_ref::<Object>()));
    let elsewhere = JSON::parse(r#"{"title":"c","startDate":"2027-01-01","endDate":"2027-01-02"}"#).unwrap();
    calendar.create_event(&elsewhere).unwrap();
    assert!(
        Object::is(&before, &calendar.events(&query).unwrap()),
        "a change outside the range is none of its own"
    );
    calendar.update_event(id.clone(), &JSON::parse(r#"{"title":"A"}"#).unwrap()).unwrap();
    let after: Array = calendar.events(&query).unwrap().unchecked_into();
    assert!(!Object::is(&before, &after));
    let same = (0..2).filter(|&at| Object::is(&before.get(at), &after.get(at))).count();
    assert_eq!(same, 1, "the event that was not touched is the same object");
    assert_eq!(harness.heard("events-change"), 0, "one notification, when the task is over");
    while harness.heard("events-change") == 0 {
        TimeoutFuture::new(5).await;
    }
    // Others would be told in tasks that were due before this one.
    TimeoutFuture::new(30).await;
    assert_eq!(harness.heard("events-change"), 1);
}

#[wasm_bindgen_test]
fn what_cannot_be_written_is_refused_and_changes_nothing() {
    let harness = Harness::new(&offline(&database())).unwrap();
    let refused = |data: &str| {
        let error = harness.calendar.create_event(&JSON::parse(data).unwrap()).unwrap_err();
        property(&property(&error, "details"), "field").as_string().unwrap()
    };
    assert_eq!(refused(r#"{"startDate":"2026-03-01","endDate":"2026-03-01"}"#), "event.title");
    assert_eq!(refused(r#"{"title":"x","startDate":"soon","endDate":"2026-03-01"}"#), "event.startDate");
    assert_eq!(refused(r#"{"title":"x","startDate":"2026-03-02","endDate":"2026-03-01"}"#), "event.endDate");
    let missing = harness.calendar.delete_event("nobody".to_owned()).unwrap_err();
    assert_eq!(property(&missing, "code").as_string().as_deref(), Some("not_found"));
    assert_eq!(count(&harness.calendar), 0);
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_tried_again_and_disconnect_is_final() {
    let harness =
        Harness::new(r#"{"url":"ws://127.0.0.1:9/","offline":false,"reconnect":{"delay":20}}"#).unwrap();
    let ticket = harness.calendar.connect().unwrap();
    assert_eq!(harness.calendar.state(), "connecting");
    while harness.heard("reconnecting") < 2 {
        TimeoutFuture::new(5).await;
    }
    harness.calendar.disconnect().unwrap();
    assert_eq!(harness.answer(ticket).await.as_deref(), Some("disconnected"));
    let attempts = harness.heard("reconnecting");
    TimeoutFuture::new(200).await;
    assert_eq!(
        (harness.calendar.state().as_str(), harness.heard("reconnecting")),
        ("disconnected", attempts)
    );
}

#[wasm_bindgen_test]
async fn without_offline_nothing_is_stored_and_persisted_says_so() {
    let harness = Harness::new(r#"{"url":"ws://127.0.0.1:9/","offline":false}"#).unwrap();
    let written = harness.calendar.create_event(&event("x")).unwrap();
    assert_eq!(harness.answer(written.get(1).as_f64().unwrap()).await.as_deref(), Some("not_stored"));
    let storage = property(&harness.calendar.sync_status(), "storage");
    assert_eq!(storage.as_string().as_deref(), Some("memory"));
}
