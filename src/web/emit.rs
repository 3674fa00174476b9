//! Events out: to the listeners and to those who wait.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Function, Object};
use wasm_bindgen::JsValue;

use super::convert::{from_json, number};
use super::error::realtime_error;
use super::status::{Status, failed_action};
use super::view::View;
use crate::browser::Pump;
use crate::core::id::Ticket;
use crate::core::io::{Event, Outcome, RemoteChange};
use crate::core::json::push_string;
use crate::core::store::Changes;

/// What events and reads share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) view: RefCell<View>,
    pub(super) status: RefCell<Status>,
}

/// Calls the two functions of the class.
pub(super) struct Emitter {
    emit: Function,
    settle: Function,
    shared: Rc<Shared>,
}

impl Emitter {
    pub(super) fn new(emit: Function, settle: Function, shared: Rc<Shared>) -> Self {
        Self { emit, settle, shared }
    }

    /// Tells an event. Runs the program's code, so nothing may be borrowed here.
    pub(super) fn tell(&self, pump: &Pump, event: Event) {
        match event {
            Event::StateChanged(state, previous) => {
                self.emit("state-change", &[state.name().into(), previous.name().into()]);
            }
            Event::Connected => self.emit("connected", &[]),
            Event::Disconnected(code, reason) => self.emit("disconnected", &[code.into(), reason.into()]),
            Event::Reconnecting(attempt, delay_ms) => {
                self.emit("reconnecting", &[number(attempt).into(), number(delay_ms).into()]);
            }
            Event::AttemptsExhausted => self.emit("max-reconnect-attempts", &[]),
            Event::Message(text) => self.emit("message", &[from_json(&text)]),
            Event::Acknowledged(text) => self.emit("message-acknowledged", &[from_json(&text)]),
            Event::EventsChanged(changes) => {
                self.emit("events-change", &[changes_object(&changes)]);
            }
            Event::RemoteChange(change, id) => self.tell_remote(pump, change, &id),
            Event::Relayed(listener, payload) => self.emit(listener, &[from_json(&payload)]),
            Event::UserJoined(id) => {
                let user = pump.read(|client| {
                    let people = client.roster();
                    people.people().find(|(user, _)| *user == id).map(|(user, person)| person.to_json(user))
                });
                if let Some(user) = user {
                    self.emit("user:joined", &[from_json(&user)]);
                }
            }
            Event::UserLeft(id) => self.emit("user:left", &[id.into()]),
            Event::PresenceChanged => self.emit("presence-change", &[]),
            Event::SyncChanged => self.emit("sync-status", &[]),
            Event::SyncFailed(key) => {
                let failed = pump.read(|client| {
                    client.failed().find(|(id, _)| **id == key).map(|(_, failed)| failed_action(failed))
                });
                if let Some(failed) = failed {
                    self.emit("sync-failure", &[failed]);
                }
            }
            Event::ConflictDetected(conflict) => {
                let told = pump.read(|client| self.shared.view.borrow_mut().conflict(client, &conflict));
                self.emit("conflict:detected", &[told]);
            }
            Event::ConflictResolved(conflict, resolved) => {
                let told = pump.read(|client| self.shared.view.borrow_mut().conflict(client, &conflict));
                self.emit("conflict:resolved", &[told, from_json(&resolved)]);
            }
            Event::StorageDegraded(reason) => self.emit("storage-degraded", &[reason.into()]),
            Event::Error(fault) => self.emit("error", &[realtime_error(&fault)]),
            Event::Settled(ticket, outcome) => self.settle(ticket, outcome),
        }
    }

    fn tell_remote(&self, pump: &Pump, change: RemoteChange, id: &Arc<str>) {
        let (listener, deleted) = match change {
            RemoteChange::Created => ("event:created", false),
            RemoteChange::Updated => ("event:updated", false),
            RemoteChange::Deleted => ("event:deleted", true),
        };
        if deleted {
            return self.emit(listener, &[JsValue::from_str(id)]);
        }
        let event = pump.read(|client| self.shared.view.borrow_mut().event(client, id));
        // One that a pending write of ours removes is not shown.
        if !event.is_undefined() {
            self.emit(listener, &[event]);
        }
    }

    fn settle(&self, ticket: Ticket, outcome: Outcome) {
        let (error, value) = match outcome {
            Outcome::Done => (JsValue::UNDEFINED, JsValue::UNDEFINED),
            Outcome::Value(text) => (JsValue::UNDEFINED, from_json(&text)),
            Outcome::Refused(fault) => (realtime_error(&fault), JsValue::UNDEFINED),
        };
        // The class catches what the program's code throws.
        let _settled = self.settle.call3(&JsValue::UNDEFINED, &number(ticket.0).into(), &error, &value);
    }

    fn emit(&self, listener: &str, arguments: &[JsValue]) {
        let arguments: Array = arguments.iter().collect();
        // As above.
        let _emitted = self.emit.call2(&JsValue::UNDEFINED, &listener.into(), &arguments);
    }
}

fn changes_object(changes: &Changes) -> JsValue {
    let object = Object::new();
    for (key, ids) in
        [("created", &changes.created), ("updated", &changes.updated), ("deleted", &changes.deleted)]
    {
        // As one text: a crossing for all of them instead of one each.
        let mut text = String::from("[");
        for id in ids {
            if text.len() > 1 {
                text.push(',');
            }
            push_string(&mut text, id);
        }
        text.push(']');
        // A fresh object takes every property.
        let _set = js_sys::Reflect::set(&object, &key.into(), &from_json(&text));
    }
    object.into()
}
