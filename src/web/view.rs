//! JavaScript objects of what the core shows, each kept until what it shows changes.

use std::sync::Arc;

use js_sys::{Array, Map, Object};
use wasm_bindgen::{JsCast, JsValue};

use super::convert::from_json;
use crate::core::client::Client;
use crate::core::conflict::Conflict;
use crate::core::map::SortedMap;
use crate::core::model::Query;
use crate::core::store::Shown;

/// Queries whose arrays are kept; a program has as many as it has views on screen.
const QUERIES_MAX: usize = 64;

/// The events of an array: the slot of each and the revision that the array shows.
type Content = Vec<(usize, u64)>;

#[derive(Debug)]
struct Listing {
    revision: u64,
    content: Content,
    array: JsValue,
    used: u64,
}

/// The objects that were handed out.
#[derive(Debug, Default)]
pub(super) struct View {
    /// By slot: the revision that the object shows, and the object.
    events: Vec<(u64, JsValue)>,
    listings: SortedMap<Query, Listing>,
    uses: u64,
    /// Of events with pending writes: the text that is confirmed, and its object.
    confirmed: SortedMap<Arc<str>, (Arc<str>, JsValue)>,
    users: Option<(u64, JsValue, JsValue)>,
    conflicts: Conflicts,
}

/// The conflicts that wait: the revision that the array shows, the array, and each with its object.
#[derive(Debug, Default)]
struct Conflicts {
    revision: Option<u64>,
    array: JsValue,
    objects: Vec<(Arc<Conflict>, JsValue)>,
}

impl View {
    /// The event `id`, `undefined` if there is none.
    pub(super) fn event(&mut self, client: &Client, id: &str) -> JsValue {
        client.store().shown(id).map_or(JsValue::UNDEFINED, |shown| self.object(shown))
    }

    /// The event `id` without what is pending, `undefined` if there is none.
    pub(super) fn confirmed(&mut self, client: &Client, id: &str) -> JsValue {
        let store = client.store();
        self.confirmed.retain(|id, _| !store.pending(id).is_empty());
        if store.pending(id).is_empty() {
            return self.event(client, id);
        }
        let Some(doc) = store.confirmed(id) else { return JsValue::UNDEFINED };
        if let Some((text, object)) = self.confirmed.get(id)
            && *text == doc.text
        {
            return object.clone();
        }
        let object = frozen(&doc.text);
        self.confirmed.insert(doc.id.clone(), (doc.text.clone(), object.clone()));
        object
    }

    fn object(&mut self, shown: Shown<'_>) -> JsValue {
        if self.events.len() <= shown.slot {
            self.events.resize(shown.slot + 1, (0, JsValue::UNDEFINED));
        }
        match self.events.get_mut(shown.slot) {
            Some((revision, object)) if *revision == shown.revision => object.clone(),
            held => {
                let object = frozen(&shown.doc.text);
                if let Some(held) = held {
                    *held = (shown.revision, object.clone());
                }
                object
            }
        }
    }

    /// The events that `query` asks for, in an array that stays the same until its content changes.
    pub(super) fn events(&mut self, client: &Client, query: &Query) -> JsValue {
        let revision = client.store().revision();
        self.uses += 1;
        if let Some(listing) = self.listings.get_mut(query) {
            listing.used = self.uses;
            if listing.revision == revision {
                return listing.array.clone();
            }
        }
        let found = client.store().query(query);
        let content: Content = found.iter().map(|shown| (shown.slot, shown.revision)).collect();
        if let Some(listing) = self.listings.get_mut(query).filter(|listing| listing.content == content) {
            listing.revision = revision;
            return listing.array.clone();
        }
        let array: Array = found.into_iter().map(|shown| self.object(shown)).collect();
        Object::freeze(&array);
        let array: JsValue = array.into();
        let listing = Listing { revision, content, array: array.clone(), used: self.uses };
        self.listings.insert(query.clone(), listing);
        if self.listings.len() > QUERIES_MAX {
            let oldest =
                self.listings.iter().min_by_key(|(_, listing)| listing.used).map(|(query, _)| query.clone());
            oldest.and_then(|query| self.listings.remove(&query));
        }
        array
    }

    /// The users as a `Map`, and their cursors as an array.
    pub(super) fn users(&mut self, client: &Client) -> (JsValue, JsValue) {
        let revision = client.roster().revision();
        if let Some((held, users, cursors)) = &self.users
            && *held == revision
        {
            return (users.clone(), cursors.clone());
        }
        let (users, cursors) = (Map::new(), Array::new());
        for (id, person) in client.roster().people() {
            users.set(&JsValue::from_str(id), &from_json(&person.to_json(id)));
            if let Some(cursor) = &person.cursor {
                cursors.push(&from_json(cursor));
            }
        }
        Object::freeze(&cursors);
        self.users = Some((revision, users.clone().into(), cursors.clone().into()));
        (users.into(), cursors.into())
    }

    /// The conflicts that wait for somebody, in an array that stays the same until one of them changes.
    pub(super) fn conflicts(&mut self, client: &Client) -> JsValue {
        if self.conflicts.revision != Some(client.conflicts_revision()) {
            let objects = client.conflicts().map(|conflict| (conflict.clone(), self.known(conflict)));
            let objects: Vec<(Arc<Conflict>, JsValue)> = objects.collect();
            let array: Array = objects.iter().map(|(_, object)| object).collect();
            Object::freeze(&array);
            self.conflicts =
                Conflicts { revision: Some(client.conflicts_revision()), array: array.into(), objects };
        }
        self.conflicts.array.clone()
    }

    /// The object of a conflict: that of the array, if it is there.
    pub(super) fn conflict(&mut self, client: &Client, conflict: &Arc<Conflict>) -> JsValue {
        self.conflicts(client);
        self.known(conflict)
    }

    fn known(&self, conflict: &Arc<Conflict>) -> JsValue {
        let held = self.conflicts.objects.iter().find(|(held, _)| Arc::ptr_eq(held, conflict));
        held.map_or_else(|| frozen(&conflict.to_json()), |(_, object)| object.clone())
    }
}

/// The object of a JSON text. It is shared by everybody who reads it, so nobody may change it.
fn frozen(text: &str) -> JsValue {
    let object = from_json(text);
    Object::freeze(object.unchecked_ref::<Object>());
    object
}
