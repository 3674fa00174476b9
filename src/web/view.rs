//! JavaScript objects of what the core shows, each kept until what it shows changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use js_sys::{Array, Map, Object};
use wasm_bindgen::{JsCast, JsValue};

use super::convert::from_json;
use crate::core::client::Client;
use crate::core::model::{EventDoc, Query};

/// Queries whose arrays are kept; a program has as many as it has views on screen.
const QUERIES_MAX: usize = 64;

/// An event in an array: its id and the revision that the array shows.
type Shown = Vec<(Arc<str>, u64)>;

#[derive(Debug)]
struct Listing {
    revision: u64,
    shown: Shown,
    array: JsValue,
    used: u64,
}

/// The objects that were handed out.
#[derive(Debug, Default)]
pub(super) struct View {
    events: BTreeMap<Arc<str>, (u64, JsValue)>,
    listings: BTreeMap<Query, Listing>,
    uses: u64,
    users: Option<(u64, JsValue, JsValue)>,
}

impl View {
    /// The event `id`, `undefined` if there is none.
    pub(super) fn event(&mut self, client: &Client, id: &str) -> JsValue {
        match client.store().shown(id) {
            Some((doc, revision)) => self.object(doc, revision),
            None => JsValue::UNDEFINED,
        }
    }

    fn object(&mut self, doc: &EventDoc, revision: u64) -> JsValue {
        if let Some((held, object)) = self.events.get(&doc.id)
            && *held == revision
        {
            return object.clone();
        }
        let object = from_json(&doc.text);
        // Shared by everybody who reads it, so nobody may change it.
        Object::freeze(object.unchecked_ref::<Object>());
        self.events.insert(doc.id.clone(), (revision, object.clone()));
        object
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
        let shown: Shown = found.iter().map(|(doc, revision)| (doc.id.clone(), *revision)).collect();
        if let Some(listing) = self.listings.get_mut(query)
            && listing.shown == shown
        {
            listing.revision = revision;
            return listing.array.clone();
        }
        let array: Array = found.iter().map(|(doc, revision)| self.object(doc, *revision)).collect();
        Object::freeze(&array);
        let array: JsValue = array.into();
        let listing = Listing { revision, shown, array: array.clone(), used: self.uses };
        self.listings.insert(query.clone(), listing);
        if self.listings.len() > QUERIES_MAX {
            let oldest =
                self.listings.iter().min_by_key(|(_, listing)| listing.used).map(|(query, _)| query.clone());
            oldest.and_then(|query| self.listings.remove(&query));
        }
        array
    }

    /// Lets go of events that are gone.
    pub(super) fn forget(&mut self, deleted: &[Arc<str>]) {
        for id in deleted {
            self.events.remove(id);
        }
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
}
