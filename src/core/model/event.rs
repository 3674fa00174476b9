//! An event: its JSON text as received and the few keys that everything is indexed by.

use std::fmt;
use std::sync::Arc;

use super::DEFAULT_PROJECT;
use super::date::{date_to_ms, iso_from_ms};
use crate::core::json::{
    Fields, JsonError, Scanner, as_bool, as_string, as_u53, each_item, is_null, key_text,
};

/// Fields that only the server sets; a change of them is ignored.
const SERVER_FIELDS: [&str; 3] = ["id", "version", "updatedAt"];

/// One event: the JSON text, kept as it came, and its index keys. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDoc {
    /// The event as JSON text.
    pub text: Arc<str>,
    /// Its id.
    pub id: Arc<str>,
    /// Its version; 0 for one that the server has not numbered.
    pub version: u64,
    /// First instant in ms since 1970, if it has a valid start.
    pub start_ms: Option<i64>,
    /// First instant after it in ms since 1970, if it has a valid end.
    pub end_ms: Option<i64>,
    /// The project it names.
    pub project: Option<Arc<str>>,
    /// The calendar it names.
    pub calendar: Option<Arc<str>>,
}

impl EventDoc {
    /// Reads the index keys of the event `text` in one pass.
    ///
    /// # Errors
    /// When `text` is not a JSON object with a string `id`. Other fields may be of any type: what another client
    /// stored must not stop this one.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        let doc = Self::scan(&mut scanner)?;
        scanner.end()?;
        doc.ok_or(JsonError { at: 0, expected: "an event with a string id" })
    }

    /// Reads the event that comes next; nothing if it has no string `id`.
    ///
    /// # Errors
    /// When no JSON object comes next.
    pub fn scan(scanner: &mut Scanner<'_>) -> Result<Option<Self>, JsonError> {
        scanner.peek();
        let from = scanner.position();
        let mut id = None;
        let (mut version, mut start_ms, mut end_ms, mut project, mut calendar) = (0, None, None, None, None);
        scanner.fields(|scanner, key| {
            let raw = scanner.skip()?;
            match &*key_text(key) {
                "id" => id = as_string(raw),
                "version" => version = as_u53(raw).unwrap_or(0),
                "startDate" => start_ms = as_string(raw).and_then(|text| date_to_ms(&text)),
                "endDate" => end_ms = as_string(raw).and_then(|text| date_to_ms(&text)),
                "projectId" => project = as_string(raw),
                "calendarId" => calendar = as_string(raw),
                _ => {}
            }
            Ok(())
        })?;
        let (project, calendar) = (project.map(Arc::from), calendar.map(Arc::from));
        let text = Arc::from(scanner.since(from));
        Ok(id.map(|id| Self { text, id: Arc::from(id), version, start_ms, end_ms, project, calendar }))
    }

    /// The project that it belongs to, named or not.
    pub fn project_or_default(&self) -> &str {
        self.project.as_deref().unwrap_or(DEFAULT_PROJECT)
    }

    /// The event as fields.
    pub fn fields(&self) -> Fields {
        Fields::parse(&self.text).unwrap_or_default()
    }
}

/// Which field of an event breaks which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEvent {
    /// The field's name.
    pub field: String,
    /// What it was.
    pub got: String,
    /// What is accepted.
    pub expected: &'static str,
}

impl fmt::Display for InvalidEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.field, self.expected, self.got)
    }
}

impl std::error::Error for InvalidEvent {}

/// Checks a whole event: `title`, `startDate` and `endDate` present and of their types, the end not before the start.
///
/// # Errors
/// The first field that breaks a rule.
pub fn check_event(fields: &Fields) -> Result<(), InvalidEvent> {
    for field in ["title", "startDate", "endDate"] {
        if fields.is_absent(field) {
            let got = fields.get(field).unwrap_or("nothing").to_owned();
            let expected = if field == "title" { "a string" } else { "an ISO 8601 date" };
            return Err(InvalidEvent { field: field.to_owned(), got, expected });
        }
    }
    check_changes(fields)?;
    let at = |field| fields.string(field).and_then(|text| date_to_ms(&text));
    if at("endDate") < at("startDate") {
        let got = fields.get("endDate").unwrap_or_default().to_owned();
        return Err(InvalidEvent {
            field: "endDate".to_owned(),
            got,
            expected: "a date not before startDate",
        });
    }
    Ok(())
}

/// Checks the fields that are there, as in a change of some of them.
///
/// # Errors
/// The first field of a known name that is not of its type.
pub fn check_changes(fields: &Fields) -> Result<(), InvalidEvent> {
    for (field, raw) in fields.iter() {
        if let Some(expected) = unmet(field, raw) {
            return Err(InvalidEvent { field: field.to_owned(), got: shorten(raw), expected });
        }
    }
    Ok(())
}

/// What the value of a known field should have been, if it is not.
fn unmet(field: &str, raw: &str) -> Option<&'static str> {
    let string = || as_string(raw).is_some();
    let (met, expected) = match field {
        "id" => {
            (as_string(raw).is_some_and(|id| !id.is_empty() && id.len() <= 256), "a string of 1 to 256 bytes")
        }
        "title" => (string(), "a string"),
        "startDate" | "endDate" => {
            (as_string(raw).is_some_and(|text| date_to_ms(&text).is_some()), "an ISO 8601 date")
        }
        "projectId" | "calendarId" => (
            is_null(raw) || as_string(raw).is_some_and(|id| id.len() <= 200),
            "a string of at most 200 bytes",
        ),
        "description" | "location" | "timeZone" | "recurrence" | "color" => {
            (is_null(raw) || string(), "a string")
        }
        "allDay" => (is_null(raw) || as_bool(raw).is_some(), "true or false"),
        "attendees" => (is_null(raw) || is_string_list(raw), "an array of strings"),
        _ => (true, ""),
    };
    (!met).then_some(expected)
}

fn is_string_list(raw: &str) -> bool {
    let mut strings = true;
    each_item(raw, |item| strings &= as_string(item).is_some()).is_ok() && strings
}

fn shorten(raw: &str) -> String {
    if raw.chars().count() <= 60 { raw.to_owned() } else { raw.chars().take(59).chain(['…']).collect() }
}

/// The event that a creation makes: `data` with its id, version and time of change in front.
pub fn new_event(id: &str, version: u64, updated_at_ms: u64, data: &Fields) -> Fields {
    let mut event = Fields::new();
    event.set_string("id", id);
    for (field, raw) in data.iter() {
        if !SERVER_FIELDS.contains(&field) {
            event.set(field, raw);
        }
    }
    stamp_event(&mut event, version, updated_at_ms);
    event
}

/// Changes fields of `event`; those that only the server sets are left out.
pub fn apply_changes(event: &mut Fields, changes: &Fields) {
    for (field, raw) in changes.iter() {
        if !SERVER_FIELDS.contains(&field) {
            event.set(field, raw);
        }
    }
}

/// Sets what only the server sets: the version and the time of the last change.
pub fn stamp_event(event: &mut Fields, version: u64, updated_at_ms: u64) {
    event.set("version", &version.to_string());
    event.set_string("updatedAt", &iso_from_ms(updated_at_ms));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text).unwrap_or_default()
    }

    #[test]
    fn index_keys_are_read_and_the_text_is_kept() {
        let text =
            r#"{"id":"e1","title":"x","startDate":"2026-03-01","version":7,"projectId":"p","odd":{"k":[]}}"#;
        let doc = EventDoc::parse(text).ok();
        assert_eq!(doc.as_ref().map(|doc| (&*doc.id, doc.version, &*doc.text)), Some(("e1", 7, text)));
        assert_eq!(doc.and_then(|doc| doc.project).as_deref(), Some("p"));
    }

    #[test]
    fn hostile_types_do_not_stop_reading() {
        let doc =
            EventDoc::parse(r#"{"id":"e","version":-1,"startDate":7,"projectId":[],"__proto__":{"x":1}}"#);
        assert_eq!(doc.map(|doc| (doc.version, doc.start_ms, doc.project)), Ok((0, None, None)));
        assert!(EventDoc::parse(r#"{"id":5}"#).is_err());
    }

    #[test]
    fn faults_name_the_field_what_came_and_what_is_accepted() {
        let event = fields(r#"{"title":"a","startDate":"2026-03-02","endDate":"2026-03-01"}"#);
        let fault = check_event(&event).map_err(|fault| fault.to_string());
        assert_eq!(
            fault,
            Err("endDate: expected a date not before startDate, got \"2026-03-01\"".to_owned())
        );
        let fault = check_event(&fields(r#"{"title":"a","startDate":"soon","endDate":"2026-03-01"}"#));
        assert_eq!(fault.map_err(|fault| fault.field), Err("startDate".to_owned()));
        let fault = check_changes(&fields(r#"{"attendees":["a",1]}"#));
        assert_eq!(fault.map_err(|fault| fault.expected), Err("an array of strings"));
    }

    #[test]
    fn server_fields_cannot_be_changed() {
        let mut event = new_event("e1", 3, 0, &fields(r#"{"id":"evil","title":"a","version":99,"x":1}"#));
        apply_changes(&mut event, &fields(r#"{"id":"evil","version":9,"updatedAt":"never","title":"b"}"#));
        let text = r#"{"id":"e1","title":"b","x":1,"version":3,"updatedAt":"1970-01-01T00:00:00.000Z"}"#;
        assert_eq!(event.to_text(), text);
    }
}
