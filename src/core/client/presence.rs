//! What this user tells of himself.
//!
//! Owns what holds until the program says otherwise: what he edits and what he has selected. Guarantees that whoever comes to
//! share a channel with him hears it, after each connection anew. That he types is over before that.

use super::{Client, Dialect};
use crate::core::io::Event;
use crate::core::json::Fields;
use crate::core::time::Now;

/// What holds, by its type.
pub(super) type Lasting = Vec<(&'static str, String)>;

impl Client {
    pub(super) fn tell_presence(&mut self, now: Now, kind: &'static str, payload: String) {
        let fields = Fields::parse(&payload).unwrap_or_default();
        // Of what somebody types in, each element is a matter of its own.
        let element = fields.string("elementId").filter(|_| kind == "user:typing").unwrap_or_default();
        self.announce(now, kind, format!("{kind} {element}"), &payload);
        let what = match kind {
            "user:editing" => "eventId",
            "user:selection" => "selection",
            _ => return,
        };
        self.lasting.retain(|(held, _)| *held != kind);
        if !fields.is_absent(what) {
            self.lasting.push((kind, payload));
        }
    }

    /// Tells those who hear of us from now on what was told before.
    pub(super) fn tell_presence_again(&mut self, now: Now) {
        let lasting = std::mem::take(&mut self.lasting);
        for (kind, payload) in &lasting {
            self.announce(now, kind, format!("{kind} "), payload);
        }
        self.lasting = lasting;
        if self.is_away() {
            self.announce_status(now);
        }
    }

    /// Somebody has come. A `baro.v1` server told him of us.
    pub(super) fn on_user_joined(&mut self, now: Now, user: String) {
        self.tell(Event::UserJoined(user));
        if self.dialect == Dialect::Plain {
            self.tell_presence_again(now);
        }
    }
}
