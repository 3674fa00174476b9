//! Everybody else who is in our channels.

use crate::core::json::{Fields, as_string, each_item, is_finite_number, push_string, quote};
use crate::core::map::SortedMap;
use crate::core::time::Timestamp;

/// Most people kept; a server that names more is not believed.
const PEOPLE_MAX: usize = 1_000;
/// Longest text kept of a name, characters.
const NAME_MAX: usize = 64;
/// Silence after which somebody is taken to be gone although no leave arrived.
const EXPIRY_MS: u64 = 90_000;
/// Colours for those who bring none that can be used (Tailwind 600 tones: white text is readable on each).
const PALETTE: [&str; 8] =
    ["#dc2626", "#ea580c", "#65a30d", "#059669", "#0891b2", "#2563eb", "#7c3aed", "#db2777"];

/// One person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Name to show.
    pub name: String,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// `active` or `away`.
    pub away: bool,
    /// Wall clock of the last sign of life, ms.
    pub last_seen_ms: u64,
    /// Position, as a JSON object with `userId`, `x`, `y`, `elementId?`, `timestamp`.
    pub cursor: Option<String>,
    /// JSON object with `elementId` and `selection`.
    pub selection: Option<String>,
    /// The element in which he types.
    pub typing: Option<String>,
    /// The event that he edits.
    pub editing: Option<String>,
    heard_at: Timestamp,
}

/// Everybody else, by user id.
#[derive(Debug, Default)]
pub struct Roster {
    own: Option<String>,
    people: SortedMap<String, Person>,
    revision: u64,
    /// Messages and descriptions that were none.
    pub unreadable: u64,
}

impl Roster {
    /// Changes with every change of what [`Roster::people`] shows.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Tells who we are; we are never in the roster.
    pub fn set_own(&mut self, id: &str) {
        self.own = Some(id.to_owned());
        if self.people.remove(id).is_some() {
            self.revision += 1;
        }
    }

    /// Who we are, if that was told.
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// Everybody.
    pub fn people(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.people.iter().map(|(id, person)| (id.as_str(), person))
    }

    /// How many others are here.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody else is here.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Forgets everybody; returns who was there.
    pub fn clear(&mut self) -> Vec<String> {
        self.revision += u64::from(!self.people.is_empty());
        self.people.take().map(|(id, _)| id).collect()
    }

    /// Takes a user's description. Returns his id and whether he is new. Of somebody who is here already, what it does not
    /// tell stays: he came to one more channel, or has another name.
    pub fn join(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<(String, bool)> {
        self.enter(now, wall_ms, payload, true)
    }

    fn enter(&mut self, now: Timestamp, wall_ms: u64, payload: &str, keep: bool) -> Option<(String, bool)> {
        let (id, fields) = self.readable(read_user(payload))?;
        if self.own.as_deref() == Some(&id) {
            return None;
        }
        let new = !self.people.contains_key(&id);
        if new && self.people.len() >= PEOPLE_MAX {
            return None;
        }
        let mut person = Person {
            name: fields.string("name").map_or_else(|| clean(&id), |name| clean(&name)),
            avatar: fields.string("avatar").filter(|avatar| is_picture(avatar)),
            color: fields.string("color").filter(|color| is_color(color)).unwrap_or_else(|| palette(&id)),
            away: fields.string("status").as_deref() == Some("away"),
            last_seen_ms: fields.u53("lastSeen").unwrap_or(wall_ms),
            cursor: None,
            selection: None,
            typing: None,
            editing: None,
            heard_at: now,
        };
        person.cursor = fields.get("cursor").and_then(|raw| cursor(&id, &Fields::parse(raw).ok()?, wall_ms));
        person.selection = fields.get("selection").and_then(|raw| selection(&Fields::parse(raw).ok()?));
        person.typing = fields.get("typing").and_then(|raw| Fields::parse(raw).ok()?.string("elementId"));
        person.editing = fields.get("editing").and_then(|raw| Fields::parse(raw).ok()?.string("eventId"));
        if let Some(known) = self.people.get_mut(&id).filter(|_| keep) {
            person.cursor = person.cursor.or_else(|| known.cursor.take());
            person.selection = person.selection.or_else(|| known.selection.take());
            person.typing = person.typing.or_else(|| known.typing.take());
            person.editing = person.editing.or_else(|| known.editing.take());
        }
        self.people.insert(id.clone(), person);
        self.revision += 1;
        Some((id, new))
    }

    /// Takes everybody who is in a channel. Returns the ids of those who are new.
    pub fn replace(&mut self, now: Timestamp, wall_ms: u64, users: &str) -> Vec<String> {
        let mut joined = Vec::new();
        // A broken list is taken as far as it goes: presence is never repeated.
        let read = each_item(users, |user| {
            joined.extend(self.enter(now, wall_ms, user, false).filter(|(_, new)| *new).map(|(id, _)| id));
        });
        self.readable(read.ok());
        joined
    }

    /// Takes a user's leave: his id as a string or an object. Returns it if he was here.
    pub fn leave(&mut self, payload: &str) -> Option<String> {
        let id = self.readable(read_id(payload).or_else(|| {
            let fields = Fields::parse(payload).ok()?;
            user_id(&fields, "userId").or_else(|| user_id(&fields, "id"))
        }))?;
        self.people.remove(&id)?;
        self.revision += 1;
        Some(id)
    }

    /// Takes a cursor position; returns it as the JSON object that listeners get.
    pub fn point(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<String> {
        let (id, fields) = self.readable(read_sender(payload))?;
        let cursor = self.readable(cursor(&id, &fields, wall_ms))?;
        self.touch(now, wall_ms, &id, |person| person.cursor = Some(cursor.clone()))?;
        Some(cursor)
    }

    /// Takes what somebody selected; returns the payload that listeners get.
    pub fn select(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<String> {
        let (id, fields) = self.readable(read_sender(payload))?;
        let selection = self.readable(selection(&fields))?;
        self.touch(now, wall_ms, &id, |person| person.selection = Some(selection))?;
        Some(payload.to_owned())
    }

    /// Takes that somebody types or stopped; returns the payload that listeners get.
    pub fn typing(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<String> {
        let (id, fields) = self.readable(read_sender(payload))?;
        let element = self.readable(fields.string("elementId"))?;
        let types = fields.get("isTyping") == Some("true");
        self.touch(now, wall_ms, &id, |person| person.typing = types.then_some(element))?;
        Some(payload.to_owned())
    }

    /// Takes which event somebody edits; returns the payload that listeners get.
    pub fn edit(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<String> {
        let (id, fields) = self.readable(read_sender(payload))?;
        let event = fields.string("eventId");
        self.touch(now, wall_ms, &id, |person| person.editing = event)?;
        Some(payload.to_owned())
    }

    /// Takes whether somebody is active or away.
    pub fn status(&mut self, now: Timestamp, wall_ms: u64, payload: &str) -> Option<()> {
        let (id, fields) = self.readable(read_sender(payload))?;
        let away = fields.string("status").as_deref() == Some("away");
        self.touch(now, wall_ms, &id, |person| person.away = away)
    }

    /// Forgets those of whom nothing was heard for long, if the server does not keep track (`plain`).
    pub fn expire(&mut self, now: Timestamp) -> Vec<String> {
        let gone: Vec<String> = self
            .people
            .iter()
            .filter(|(_, person)| now.since(person.heard_at) >= EXPIRY_MS)
            .map(|(id, _)| id.clone())
            .collect();
        for id in &gone {
            self.people.remove(id);
        }
        self.revision += u64::from(!gone.is_empty());
        gone
    }

    /// Counts what could not be read.
    fn readable<T>(&mut self, read: Option<T>) -> Option<T> {
        self.unreadable += u64::from(read.is_none());
        read
    }

    fn touch(
        &mut self,
        now: Timestamp,
        wall_ms: u64,
        id: &str,
        change: impl FnOnce(&mut Person),
    ) -> Option<()> {
        if !self.people.contains_key(id) {
            self.join(now, wall_ms, &format!("{{\"id\":{}}}", quote(id)))?;
        }
        let person = self.people.get_mut(id)?;
        change(person);
        person.heard_at = now;
        person.last_seen_ms = wall_ms;
        self.revision += 1;
        Some(())
    }
}

impl Person {
    /// The person as the JSON text of a `UserPresence`.
    pub fn to_json(&self, id: &str) -> String {
        let mut out = String::from("{\"id\":");
        push_string(&mut out, id);
        out.push_str(",\"name\":");
        push_string(&mut out, &self.name);
        if let Some(avatar) = &self.avatar {
            out.push_str(",\"avatar\":");
            push_string(&mut out, avatar);
        }
        out.push_str(",\"color\":");
        push_string(&mut out, &self.color);
        out.push_str(&format!(",\"lastSeen\":{}", self.last_seen_ms));
        for (key, raw) in [("cursor", &self.cursor), ("selection", &self.selection)] {
            if let Some(raw) = raw {
                out.push_str(&format!(",\"{key}\":{raw}"));
            }
        }
        if let Some(element) = &self.typing {
            out.push_str(&format!(",\"typing\":{{\"elementId\":{}}}", quote(element)));
        }
        if let Some(event) = &self.editing {
            out.push_str(&format!(",\"editing\":{{\"eventId\":{}}}", quote(event)));
        }
        out.push_str(if self.away { ",\"status\":\"away\"}" } else { ",\"status\":\"active\"}" });
        out
    }
}

fn user_id(fields: &Fields, key: &str) -> Option<String> {
    fields.get(key).and_then(read_id)
}

fn read_id(raw: &str) -> Option<String> {
    // The original servers number their users.
    let number = || raw.bytes().all(|byte| byte.is_ascii_digit()).then(|| raw.to_owned());
    let id = as_string(raw).map(std::borrow::Cow::into_owned).or_else(number);
    id.filter(|id| !id.is_empty() && id.len() <= 256)
}

/// Who sent a message, and its fields.
fn read_sender(payload: &str) -> Option<(String, Fields)> {
    let fields = Fields::parse(payload).ok()?;
    Some((user_id(&fields, "userId")?, fields))
}

/// Whom a message describes, and how.
fn read_user(payload: &str) -> Option<(String, Fields)> {
    let outer = Fields::parse(payload).ok()?;
    // One of the original servers wraps the user: { projectId, user }.
    let fields = match outer.get("user").map(Fields::parse) {
        Some(Ok(user)) => user,
        _ => outer,
    };
    let id = user_id(&fields, "id").or_else(|| user_id(&fields, "userId"))?;
    Some((id, fields))
}

fn cursor(id: &str, fields: &Fields, wall_ms: u64) -> Option<String> {
    let (x, y) = (fields.get("x")?, fields.get("y")?);
    if !is_finite_number(x) || !is_finite_number(y) {
        return None;
    }
    let element = fields.string("elementId").map(|element| format!(",\"elementId\":{}", quote(&element)));
    let timestamp = fields.u53("timestamp").unwrap_or(wall_ms);
    let id = quote(id);
    Some(format!(
        "{{\"userId\":{id},\"x\":{x},\"y\":{y}{},\"timestamp\":{timestamp}}}",
        element.unwrap_or_default()
    ))
}

fn selection(fields: &Fields) -> Option<String> {
    let element = quote(&fields.string("elementId")?);
    Some(format!("{{\"elementId\":{element},\"selection\":{}}}", fields.get("selection").unwrap_or("null")))
}

/// A name without control and direction characters, cut to a length that fits a label.
fn clean(name: &str) -> String {
    let shown = |c: &char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().filter(shown).take(NAME_MAX).collect()
}

fn is_color(color: &str) -> bool {
    color
        .strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_picture(address: &str) -> bool {
    let secure = address.starts_with("https://") || address.starts_with("data:image/");
    let relative = address.starts_with('/') && !address.starts_with("//");
    address.len() <= 65_536 && (secure || relative)
}

/// A colour that stays the same for the same id (FNV-1a).
fn palette(id: &str) -> String {
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    PALETTE[(hash % 8) as usize].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(0);

    #[test]
    fn strangers_bring_no_style_and_no_script() {
        let mut roster = Roster::default();
        let hostile = r##"{"id":"x","name":"a\u202eb\u0000<b>","color":"red;background:url(//x)","avatar":"javascript:1"}"##;
        roster.join(T, 5, hostile);
        let (_, person) = roster.people().next().unwrap();
        assert_eq!((person.name.as_str(), person.avatar.as_deref()), ("ab<b>", None));
        assert!(is_color(&person.color));
    }

    #[test]
    fn we_are_never_among_the_others() {
        let mut roster = Roster::default();
        roster.join(T, 0, r#"{"id":"me"}"#);
        roster.set_own("me");
        assert!(roster.is_empty());
        assert_eq!(roster.join(T, 0, r#"{"id":"me"}"#), None);
    }

    #[test]
    fn a_cursor_of_somebody_unknown_makes_him_known() {
        let mut roster = Roster::default();
        let cursor = roster.point(T, 9, r#"{"userId":"u","x":1.5,"y":-2,"elementId":"\"cell"}"#);
        assert_eq!(
            cursor.as_deref(),
            Some(r#"{"userId":"u","x":1.5,"y":-2,"elementId":"\"cell","timestamp":9}"#)
        );
        assert_eq!(roster.point(T, 9, r#"{"userId":"u","x":"1","y":2}"#), None);
        assert_eq!(roster.people().count(), 1);
        assert_eq!(roster.expire(Timestamp(EXPIRY_MS)), ["u"]);
    }

    #[test]
    fn who_joins_again_still_edits_what_he_edited_and_a_list_of_all_is_all() {
        let mut roster = Roster::default();
        let editing = |roster: &Roster| roster.people().next().and_then(|(_, one)| one.editing.clone());
        roster.join(T, 0, r#"{"id":"u","name":"Kim"}"#);
        roster.edit(T, 0, r#"{"userId":"u","eventId":"e1"}"#);
        assert_eq!(roster.join(T, 0, r#"{"id":"u","name":"Kim Park"}"#), Some(("u".to_owned(), false)));
        assert_eq!(editing(&roster).as_deref(), Some("e1"));
        roster.replace(T, 0, r#"[{"id":"u","name":"Kim Park"}]"#);
        assert_eq!(editing(&roster), None);
    }

    #[test]
    fn the_other_servers_shapes_are_understood() {
        let mut roster = Roster::default();
        let joined = roster.join(T, 0, r#"{"projectId":"p","user":{"id":7,"name":"Kim"}}"#);
        assert_eq!(joined, Some(("7".to_owned(), true)));
        assert_eq!(roster.leave(r#"{"userId":7}"#).as_deref(), Some("7"));
        roster.join(T, 0, r#"{"id":8}"#);
        assert_eq!(roster.leave("8").as_deref(), Some("8"));
        assert_eq!(roster.unreadable, 0);
    }

    #[test]
    fn what_describes_nobody_is_counted_and_what_is_of_no_use_is_not() {
        let mut roster = Roster::default();
        roster.set_own("me");
        for payload in ["5", "null", "[]", "{}", r#"{"id":true}"#, r#"{"userId":{}}"#] {
            let before = roster.unreadable;
            roster.join(T, 0, payload);
            roster.point(T, 0, payload);
            roster.select(T, 0, payload);
            roster.typing(T, 0, payload);
            roster.edit(T, 0, payload);
            roster.status(T, 0, payload);
            assert_eq!(roster.unreadable - before, 6, "{payload}");
        }
        let before = roster.unreadable;
        roster.replace(T, 0, "5");
        roster.leave("{}");
        roster.point(T, 0, r#"{"userId":"u","x":"1","y":2}"#);
        assert_eq!(roster.unreadable - before, 3);
        roster.join(T, 0, r#"{"id":"me"}"#);
        roster.typing(T, 0, r#"{"userId":"me","elementId":"e","isTyping":true}"#);
        roster.leave(r#""stranger""#);
        assert_eq!((roster.unreadable - before, roster.is_empty()), (3, true));
    }
}
