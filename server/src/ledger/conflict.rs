//! A write that says what it was made on, and how it meets what is there now.
//!
//! Owns `on` of `docs/PROTOCOL.md` §2.8: reading it, asking the core what comes of the meeting, and what the author is
//! told. Guarantees that every value that is dropped is reported. Knows nothing of rows and numbers; the merging itself
//! is the core's, the same that clients show their pending edits with.

use std::sync::Arc;

use baro_realtime::core::json::{Fields, is_null};
use baro_realtime::core::merge::{Attempt, Clash, Dropped, Merged, Strategy, detect, meet, revive};
use baro_realtime::core::model::WriteKind;

use super::Answer;
use crate::fault::{Code, Fault};
use crate::object::{Object, array};

/// What a write was made on, and what is to happen if that is not what is there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    /// What is to happen.
    pub strategy: Strategy,
    /// The values that its author saw, of the fields that hang together with those that he changed.
    pub saw: Fields,
}

impl On {
    /// Reads the field `on` of a message. Nothing comes of `last_write_wins`, which asks for what is done without it.
    ///
    /// # Errors
    /// `bad_request`, naming the field.
    pub fn read(raw: Option<&str>) -> Result<Option<Self>, Fault> {
        let Some(raw) = raw.filter(|raw| !is_null(raw)) else { return Ok(None) };
        let wrong =
            |field: &str, got: &str, expected: &str| Fault::field(Code::BadRequest, field, got, expected);
        let fields = Fields::parse(raw).map_err(|_| wrong("on", raw, "an object { strategy, saw }"))?;
        let strategy = fields.string("strategy").and_then(|word| Strategy::of_word(&word));
        let strategy = strategy.ok_or_else(|| {
            wrong("on.strategy", fields.get("strategy").unwrap_or("nothing"), "the name of a strategy")
        })?;
        let saw = fields.get("saw").unwrap_or("nothing");
        let saw = Fields::parse(saw).map_err(|_| wrong("on.saw", saw, "an object of at most 1000 fields"))?;
        Ok(Some(Self { strategy, saw }).filter(|on| on.strategy != Strategy::LastWriteWins))
    }
}

/// What is there when a write comes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Theirs<'a> {
    /// The event.
    Present(&'a Fields),
    /// It was deleted, and was this.
    Gone(&'a Fields),
}

/// What came of a meeting.
#[derive(Debug)]
pub(super) struct Met {
    /// The event as it is to be, `None` for gone.
    pub(super) event: Option<Fields>,
    /// What the author is to be told of it.
    pub(super) report: Option<Arc<str>>,
}

/// Has a write meet what is there.
///
/// # Errors
/// The fields over which it failed, if its strategy leaves that to the author.
pub(super) fn met(
    on: &On,
    kind: WriteKind,
    body: &Fields,
    theirs: Theirs<'_>,
    now_ms: u64,
) -> Result<Met, Clash> {
    if kind == WriteKind::Create
        && matches!(on.strategy, Strategy::FirstWriteWins | Strategy::Manual)
        && let Theirs::Present(event) = theirs
    {
        let fields = detect(body, event, None);
        if !fields.is_empty() {
            return Err(Clash { fields });
        }
    }
    let attempt = Attempt { kind, body, saw: &on.saw, at_ms: now_ms };
    let (merged, before) = match theirs {
        Theirs::Present(event) => (meet(on.strategy, &attempt, Some(event))?, Some(event)),
        Theirs::Gone(last) => (revive(on.strategy, &attempt, last)?, None),
    };
    let report = report_of(&merged, before);
    Ok(Met { event: merged.event, report })
}

/// What was dropped and over what, if anything was.
fn report_of(merged: &Merged, before: Option<&Fields>) -> Option<Arc<str>> {
    if merged.dropped.is_empty() && merged.conflicts.is_empty() {
        return None;
    }
    let dropped = |dropped: &Dropped| {
        Object::new()
            .string("field", &dropped.field)
            .raw("value", &dropped.value)
            .string("side", dropped.side.word())
            .string("reason", dropped.reason)
            .finish()
    };
    let report = Object::new()
        .raw("conflicts", &names(&merged.conflicts))
        .raw("dropped", &array(merged.dropped.iter().map(dropped)))
        .raw("theirs", &before.map_or_else(|| "null".to_owned(), Fields::to_text));
    Some(Arc::from(report.finish()))
}

/// The acknowledgement of a write with what is to be told of it.
pub(super) fn answer(payload: Arc<str>, report: Option<Arc<str>>) -> Answer {
    match report {
        Some(report) => Answer::Merged { payload, report },
        None => Answer::Ack(payload),
    }
}

/// The refusal that leaves a conflict to the author: what it is about, and what is there.
pub(super) fn refusal(clash: &Clash, version: u64, event: Option<&str>) -> Fault {
    let details = Object::new()
        .raw("fields", &names(&clash.fields))
        .number("version", version)
        .raw("event", event.unwrap_or("null"));
    let text = "somebody else changed what this write is about";
    Fault { details: Some(details.finish()), ..Fault::new(Code::Conflict, text) }
}

/// A stored refusal with what is there today, so that nobody takes an old state for the present one. `None` if it is
/// no conflict's.
pub(super) fn refreshed(payload: &str, version: u64, event: Option<&str>) -> Option<Arc<str>> {
    let mut fault = Fields::parse(payload).ok()?;
    if fault.string("code").as_deref() != Some(Code::Conflict.name()) {
        return None;
    }
    let mut details = Fields::parse(fault.get("details")?).ok()?;
    details.set("version", &version.to_string());
    details.set("event", event.unwrap_or("null"));
    fault.set("details", &details.to_text());
    Some(Arc::from(fault.to_text()))
}

fn names(fields: &[String]) -> String {
    array(fields.iter().map(|field| baro_realtime::core::json::quote(field)))
}
