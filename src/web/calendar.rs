//! The class.

use std::rc::Rc;

use js_sys::{Array, Function, Promise, Set};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::convert::{from_json, function_at, number, read_value, to_json};
use super::emit::{Emitter, Shared};
use super::error::realtime_error;
use super::status::failed_action;
use crate::browser::{Cache, Pump, Teardown, origin, random_seed, spell};
use crate::core::client::Client;
use crate::core::config::Config;
use crate::core::fault::{Fault, FaultCode};
use crate::core::io::{Call, Input, OnPending, Reply};
use crate::core::json::quote;
use crate::core::model::project_channel;

/// The compiled part of `RealtimeCalendar`. What waits is given as a ticket, a number that `settle` is called with.
#[wasm_bindgen]
pub struct RealtimeCalendar {
    pump: Rc<Pump>,
    shared: Rc<Shared>,
}

#[wasm_bindgen]
impl RealtimeCalendar {
    /// Makes a calendar. `emit(type, arguments)` gets every event, `settle(ticket, error, value)` every answer.
    /// `teardown` holds the calls that are to be made if this module dies.
    ///
    /// # Errors
    /// `invalid_config`, naming the option.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &JsValue, emit: Function, settle: Function, teardown: Set) -> Result<Self, JsValue> {
        let read = Config::read(&read_value(config, 0), origin().as_deref())
            .map_err(|fault| realtime_error(&fault))?;
        let shared = Rc::new(Shared::default());
        let emitter = Emitter::new(emit, settle, shared.clone());
        let refresh = function_at(config, "auth", "refreshToken");
        let sync = function_at(config, "offline", "sync");
        let pump = Pump::start(
            read,
            random_seed(),
            [refresh, sync],
            Teardown::new(teardown),
            Box::new(move |pump, event| emitter.tell(pump, event)),
        );
        Ok(Self { pump, shared })
    }

    /// `connect()`: a ticket.
    pub fn connect(&self) -> Result<f64, JsValue> {
        self.ticket(Call::Connect)
    }

    /// `disconnect()`.
    pub fn disconnect(&self) -> Result<(), JsValue> {
        self.call(Call::Disconnect).map(drop)
    }

    /// `reconnect()`.
    pub fn reconnect(&self) -> Result<(), JsValue> {
        self.call(Call::Reconnect).map(drop)
    }

    /// `getState()`.
    #[wasm_bindgen(js_name = getState)]
    pub fn state(&self) -> String {
        self.pump.read(|client| client.state().name().to_owned())
    }

    /// `isConnected()`.
    #[wasm_bindgen(js_name = isConnected)]
    pub fn is_connected(&self) -> bool {
        self.pump.read(Client::is_connected)
    }

    /// Which events are wanted that cost something.
    pub fn watch(&self, messages: bool, changes: bool) -> Result<(), JsValue> {
        self.call(Call::Watch { messages, changes }).map(drop)
    }

    /// `send()`: a ticket. `ack`: whether an acknowledgement is wanted; `timeout` in ms, or `undefined`.
    pub fn send(
        &self,
        kind: String,
        payload: &JsValue,
        ack: bool,
        timeout: Option<f64>,
    ) -> Result<f64, JsValue> {
        let payload = to_json("payload", payload)?;
        let timeout = timeout.map(|ms| whole("options.timeout", ms)).transpose()?;
        self.ticket(Call::Send { kind, payload, ack: ack.then_some(timeout) })
    }

    /// `subscribe()`: a ticket.
    pub fn subscribe(&self, channel: String) -> Result<f64, JsValue> {
        self.ticket(Call::Subscribe(channel))
    }

    /// `unsubscribe()`.
    pub fn unsubscribe(&self, channel: String) -> Result<(), JsValue> {
        self.call(Call::Unsubscribe(channel)).map(drop)
    }

    /// `subscribeToProject()`: a ticket.
    #[wasm_bindgen(js_name = subscribeToProject)]
    pub fn subscribe_to_project(&self, project: &str) -> Result<f64, JsValue> {
        self.subscribe(project_channel(project))
    }

    /// `unsubscribeFromProject()`.
    #[wasm_bindgen(js_name = unsubscribeFromProject)]
    pub fn unsubscribe_from_project(&self, project: &str) -> Result<(), JsValue> {
        self.unsubscribe(project_channel(project))
    }

    /// `getEvents()`.
    #[wasm_bindgen(js_name = getEvents)]
    pub fn events(&self, query: &JsValue) -> Result<JsValue, JsValue> {
        let text = if query.is_undefined() { "{}".to_owned() } else { to_json("query", query)? };
        let query = Client::read_query(&text).map_err(|fault| realtime_error(&fault))?;
        Ok(self.pump.read(|client| self.shared.view.borrow_mut().events(client, &query)))
    }

    /// `getEvent()`.
    #[wasm_bindgen(js_name = getEvent)]
    pub fn event(&self, id: &str) -> JsValue {
        self.pump.read(|client| self.shared.view.borrow_mut().event(client, id))
    }

    /// `getConfirmedEvent()`.
    #[wasm_bindgen(js_name = getConfirmedEvent)]
    pub fn confirmed_event(&self, id: &str) -> JsValue {
        self.pump.read(|client| self.shared.view.borrow_mut().confirmed(client, id))
    }

    /// `createEvent()`: the id and two tickets.
    #[wasm_bindgen(js_name = createEvent)]
    pub fn create_event(&self, data: &JsValue) -> Result<Array, JsValue> {
        self.write(Call::Create(to_json("event", data)?))
    }

    /// `updateEvent()`: the id and two tickets.
    #[wasm_bindgen(js_name = updateEvent)]
    pub fn update_event(&self, id: String, changes: &JsValue) -> Result<Array, JsValue> {
        self.write(Call::Update(id, to_json("changes", changes)?))
    }

    /// `deleteEvent()`: the id and two tickets.
    #[wasm_bindgen(js_name = deleteEvent)]
    pub fn delete_event(&self, id: String) -> Result<Array, JsValue> {
        self.write(Call::Delete(id))
    }

    /// `undo()`: the id and two tickets, or nothing.
    pub fn undo(&self) -> Result<Array, JsValue> {
        self.write(Call::Undo)
    }

    /// `redo()`: as `undo()`.
    pub fn redo(&self) -> Result<Array, JsValue> {
        self.write(Call::Redo)
    }

    /// `hasPendingWrite()`.
    #[wasm_bindgen(js_name = hasPendingWrite)]
    pub fn has_pending_write(&self, id: &str) -> bool {
        self.pump.read(|client| !client.store().pending(id).is_empty())
    }

    /// `getActiveUsers()`.
    #[wasm_bindgen(js_name = getActiveUsers)]
    pub fn active_users(&self) -> JsValue {
        self.pump.read(|client| self.shared.view.borrow_mut().users(client).0)
    }

    /// `getCursors()`.
    #[wasm_bindgen(js_name = getCursors)]
    pub fn cursors(&self) -> JsValue {
        self.pump.read(|client| self.shared.view.borrow_mut().users(client).1)
    }

    /// `broadcastCursor()`.
    #[wasm_bindgen(js_name = broadcastCursor)]
    pub fn broadcast_cursor(&self, position: &JsValue) -> Result<(), JsValue> {
        self.call(Call::Cursor(to_json("position", position)?)).map(drop)
    }

    /// `sendSelection()`.
    #[wasm_bindgen(js_name = sendSelection)]
    pub fn send_selection(&self, element: &str, selection: &JsValue) -> Result<(), JsValue> {
        let selection = to_json("selection", selection)?;
        let payload = format!("{{\"elementId\":{},\"selection\":{selection}}}", quote(element));
        self.call(Call::Presence("user:selection", payload)).map(drop)
    }

    /// `sendTyping()`.
    #[wasm_bindgen(js_name = sendTyping)]
    pub fn send_typing(&self, element: &str, typing: bool) -> Result<(), JsValue> {
        let payload = format!("{{\"elementId\":{},\"isTyping\":{typing}}}", quote(element));
        self.call(Call::Presence("user:typing", payload)).map(drop)
    }

    /// `sendEditing()`.
    #[wasm_bindgen(js_name = sendEditing)]
    pub fn send_editing(&self, event: Option<String>) -> Result<(), JsValue> {
        let event = event.map_or("null".to_owned(), |event| quote(&event));
        self.call(Call::Presence("user:editing", format!("{{\"eventId\":{event}}}"))).map(drop)
    }

    /// `getSyncStatus()`.
    #[wasm_bindgen(js_name = getSyncStatus)]
    pub fn sync_status(&self) -> JsValue {
        self.pump.read(|client| self.shared.status.borrow_mut().of(client))
    }

    /// `getFailedActions()`.
    #[wasm_bindgen(js_name = getFailedActions)]
    pub fn failed_actions(&self) -> Array {
        self.pump.read(|client| client.failed().map(|(_, failed)| failed_action(failed)).collect())
    }

    /// `retryFailedAction()`.
    #[wasm_bindgen(js_name = retryFailedAction)]
    pub fn retry_failed_action(&self, id: String) -> Result<(), JsValue> {
        self.call(Call::RetryFailed(id)).map(drop)
    }

    /// `discardFailedAction()`.
    #[wasm_bindgen(js_name = discardFailedAction)]
    pub fn discard_failed_action(&self, id: String) -> Result<(), JsValue> {
        self.call(Call::DiscardFailed(id)).map(drop)
    }

    /// `getConflicts()`.
    #[wasm_bindgen(js_name = getConflicts)]
    pub fn conflicts(&self) -> JsValue {
        self.pump.read(|client| self.shared.view.borrow_mut().conflicts(client))
    }

    /// `resolveConflict()`: the event's id and two tickets.
    #[wasm_bindgen(js_name = resolveConflict)]
    pub fn resolve_conflict(&self, id: String, resolved: &JsValue) -> Result<Array, JsValue> {
        if resolved.is_undefined() {
            // It would count as null, which deletes the event.
            let fault = Fault::argument("resolved", "undefined", "the event as it is to be, or null");
            return Err(realtime_error(&fault));
        }
        self.write(Call::ResolveConflict(id, to_json("resolved", resolved)?))
    }

    /// `logout()`: a ticket. `pending` is what is to become of writes that are not sent.
    pub fn logout(&self, pending: Option<String>) -> Result<f64, JsValue> {
        let word = pending.as_deref().unwrap_or(OnPending::Flush.word());
        let known = OnPending::ALL.into_iter().find(|pending| pending.word() == word);
        let pending = known.ok_or_else(|| {
            let expected = "'flush', 'keep' or 'discard'";
            realtime_error(&Fault::argument("options.pending", word, expected))
        })?;
        self.ticket(Call::Logout(pending))
    }

    /// `flush()`: a ticket.
    pub fn flush(&self) -> Result<f64, JsValue> {
        self.ticket(Call::Flush)
    }

    /// `getCached()`.
    #[wasm_bindgen(js_name = getCached)]
    pub fn cached(&self, key: String) -> Result<Promise, JsValue> {
        let cache = self.cache()?;
        Ok(future_to_promise(async move {
            Ok(cache.get(&key).await.map_or(JsValue::NULL, |text| from_json(&text)))
        }))
    }

    /// `setCached()`, `ttl` in ms.
    #[wasm_bindgen(js_name = setCached)]
    pub fn set_cached(&self, key: String, data: &JsValue, ttl: Option<f64>) -> Result<Promise, JsValue> {
        let (cache, data) = (self.cache()?, to_json("data", data)?);
        let ttl = whole("ttl", ttl.unwrap_or(3_600_000.0))?;
        Ok(future_to_promise(async move {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
            let ended = cache.set(&key, &data, ttl as f64).await;
            ended.map(|()| JsValue::UNDEFINED).map_err(|fault| realtime_error(&fault))
        }))
    }

    /// `clearCache()`.
    #[wasm_bindgen(js_name = clearCache)]
    pub fn clear_cache(&self) -> Result<Promise, JsValue> {
        let cache = self.cache()?;
        Ok(future_to_promise(async move {
            let ended = cache.clear().await;
            ended.map(|()| JsValue::UNDEFINED).map_err(|fault| realtime_error(&fault))
        }))
    }

    /// `getMetrics()`.
    #[wasm_bindgen(js_name = getMetrics)]
    pub fn metrics(&self) -> JsValue {
        from_json(&self.pump.read_now(Client::report))
    }

    /// `getTrace()`.
    #[wasm_bindgen(js_name = getTrace)]
    pub fn trace(&self) -> JsValue {
        from_json(&self.pump.read(Client::trace))
    }

    /// `destroy()`: resolves when everything that the browser held for this calendar is given back.
    pub fn destroy(&self) -> Result<Promise, JsValue> {
        self.call(Call::Destroy)?;
        let pump = self.pump.clone();
        Ok(future_to_promise(async move {
            pump.stop().await;
            Ok(JsValue::UNDEFINED)
        }))
    }

    fn call(&self, call: Call) -> Result<Reply, JsValue> {
        self.pump.input(Input::Call(call)).map_err(|fault| realtime_error(&fault))
    }

    fn ticket(&self, call: Call) -> Result<f64, JsValue> {
        match self.call(call)? {
            Reply::Ticket(ticket) => Ok(number(ticket.0)),
            Reply::Done | Reply::Write { .. } => Ok(0.0),
        }
    }

    fn write(&self, call: Call) -> Result<Array, JsValue> {
        match self.call(call)? {
            Reply::Write { event, persisted, confirmed } => Ok(Array::of3(
                &JsValue::from_str(&event),
                &number(persisted.0).into(),
                &number(confirmed.0).into(),
            )),
            Reply::Done | Reply::Ticket(_) => Ok(Array::new()),
        }
    }

    fn cache(&self) -> Result<Cache, JsValue> {
        let unavailable =
            || Fault::lasting(FaultCode::StorageUnavailable, "offline is switched off: there is no cache");
        self.pump.storage().map(Cache::new).ok_or_else(|| realtime_error(&unavailable()))
    }
}

/// A number of milliseconds that a program gave.
fn whole(field: &str, ms: f64) -> Result<u64, JsValue> {
    if !(1.0..=9e15).contains(&ms) {
        let expected = "a number of milliseconds of at least 1";
        return Err(realtime_error(&Fault::argument(field, &spell(ms), expected)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let whole = ms as u64;
    Ok(whole)
}
