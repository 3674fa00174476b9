//! The decision on a write.

use std::sync::Arc;

use baro_realtime::core::json::Fields;
use baro_realtime::core::model::{
    InvalidEvent, WriteKind, apply_changes, check_changes, check_event, date_to_ms, iso_from_ms, new_event,
};
use baro_realtime::mutant;

use super::announce::{Step, announce};
use super::conflict::{self, Met, Theirs};
use super::tables::{Client, EventRow, StorageError, Stored, Tables};
use super::{Action, Answer, Change, Decision, Greeting, Stamp, Verdict, Write};
use crate::access::{Access, project_of};
use crate::fault::{Code, Fault};
use crate::limits::Rules;
use crate::object::Object;

/// What a write does to the data: `Ok` with the acknowledgement and the changes, or why not.
type Effect = Result<(Answer, Vec<Change>), Fault>;

/// Decides a write, in a transaction of its own.
///
/// # Errors
/// When the database fails. Nothing was decided then, and nothing is different.
pub fn decide<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    stamp: &Stamp,
) -> Result<Decision, StorageError> {
    tables.transact(|tables| {
        let Some(stream) = &write.stream else {
            return Ok(decision(apply(tables, rules, write, stamp)?));
        };
        let known = tables.client(&stream.client)?;
        if known.as_ref().is_some_and(|client| client.owner != write.author.owner) {
            return Ok(decision(Err(client_mismatch())));
        }
        let last = known.map_or(0, |client| client.last_seq);
        if stream.seq <= last && !mutant!(no_deduplication) {
            let access = &write.author.access;
            let answer = match tables.outcome(&stream.client, stream.seq, rules.outcomes)? {
                Some(Answer::Ack(payload)) if mutant!(outcome_of_then) => Answer::Ack(payload),
                Some(Answer::Ack(payload)) => {
                    let id = Fields::parse(&payload).ok().and_then(|fields| fields.string("id"));
                    // Another program may have given the place up: who comes with the write learns that nothing is there.
                    let id = id.or_else(|| id_of(&write.action).ok().flatten());
                    as_it_is_now(tables, id, access)?
                }
                Some(Answer::Merged { payload, report }) => {
                    let id = Fields::parse(&payload).ok().and_then(|fields| fields.string("id"));
                    match as_it_is_now(tables, id, access)? {
                        // What was dropped is told as often as it is asked for, or nobody might ever hear of it.
                        Answer::Ack(payload) => Answer::Merged { payload, report },
                        other @ (Answer::Merged { .. } | Answer::Error(_)) => other,
                    }
                }
                Some(Answer::Error(payload)) => {
                    conflict_as_it_is_now(tables, payload, id_of(&write.action).ok().flatten(), access)?
                }
                None => match id_of(&write.action) {
                    Ok(id) => as_it_is_now(tables, id, access)?,
                    Err(fault) => error_of(fault),
                },
            };
            return Ok(Decision { verdict: Verdict::Duplicate, answer, changes: Vec::new() });
        }
        if stream.seq > last + 1 && !mutant!(order_ignored) {
            let answer = error_of(&Fault::sequence_gap(last + 1));
            return Ok(Decision { verdict: Verdict::Gap, answer, changes: Vec::new() });
        }
        let decision = decision(apply(tables, rules, write, stamp)?);
        tables.put_outcome(&stream.client, stream.seq, rules.outcomes, &decision.answer)?;
        let row = Client { owner: Arc::clone(&write.author.owner), last_seq: stream.seq };
        if !mutant!(sequence_not_stored) {
            tables.put_client(&stream.client, &row)?;
        }
        Ok(decision)
    })
}

/// Answers a `hello` for one stream: how far it is. What the client knows to be decided counts as decided, even if this
/// database never saw it or lost it.
///
/// # Errors
/// When the database fails.
pub fn greet<T: Tables>(
    tables: &mut T,
    client: &str,
    owner: &Arc<str>,
    acked: u64,
) -> Result<Greeting, StorageError> {
    tables.transact(|tables| {
        let known = tables.client(client)?;
        if known.as_ref().is_some_and(|row| row.owner != *owner) {
            return Ok(Greeting::Mismatch);
        }
        let last = known.map_or(0, |row| row.last_seq);
        if acked > last || mutant!(deduplication_forgotten) {
            tables.put_client(client, &Client { owner: Arc::clone(owner), last_seq: acked })?;
        }
        Ok(Greeting::LastSeq(last.max(acked)))
    })
}

/// That a stream is another user's.
pub(crate) fn client_mismatch() -> Fault {
    Fault::new(Code::ClientMismatch, "this client belongs to another user")
}

fn decision(effect: Effect) -> Decision {
    match effect {
        Ok((answer, changes)) => Decision { verdict: Verdict::Stored, answer, changes },
        Err(fault) => Decision { verdict: Verdict::Refused, answer: error_of(&fault), changes: Vec::new() },
    }
}

fn error_of(fault: &Fault) -> Answer {
    Answer::Error(Arc::from(fault.to_payload()))
}

/// The event that a write is of, if it names one; or what it was refused for before it was read.
fn id_of(action: &Action) -> Result<Option<String>, &Fault> {
    match action {
        Action::Create(fields) => Ok(fields.string("id")),
        Action::Update { id, .. } | Action::Delete { id } => Ok(Some(id.clone())),
        Action::Skip => Ok(None),
        Action::Refuse(fault) => Err(fault),
    }
}

/// The answer to a repetition of what was done: the event of today. The one of then may be gone since, and who was away
/// would take it for present.
fn as_it_is_now<T: Tables>(tables: &T, id: Option<String>, access: &Access) -> Result<Answer, StorageError> {
    let Some(id) = id else { return Ok(Answer::Ack(Arc::from("null"))) };
    let payload = match tables.event(&id)? {
        Some(Stored::Present(row)) if access.allows(&row.project) => row.text,
        // Gone from his sight is gone.
        Some(Stored::Present(EventRow { version, .. }) | Stored::Deleted { version, .. }) => {
            deleted(&id, version)
        }
        None => deleted(&id, 0),
    };
    Ok(Answer::Ack(payload))
}

/// The answer to a repetition of what was refused. A conflict is told with the event of today, for the same reason.
fn conflict_as_it_is_now<T: Tables>(
    tables: &T,
    payload: Arc<str>,
    id: Option<String>,
    access: &Access,
) -> Result<Answer, StorageError> {
    let stored = id.map(|id| tables.event(&id)).transpose()?.flatten();
    let now = match &stored {
        Some(Stored::Present(row)) if access.allows(&row.project) => (row.version, Some(&*row.text)),
        Some(Stored::Present(EventRow { version, .. }) | Stored::Deleted { version, .. }) => (*version, None),
        None => (0, None),
    };
    let refreshed = conflict::refreshed(&payload, now.0, now.1);
    Ok(Answer::Error(refreshed.unwrap_or(payload)))
}

fn apply<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    match &write.action {
        Action::Create(data) => create(tables, rules, write, data, stamp),
        Action::Update { id, changes } => update(tables, rules, write, id, changes, stamp),
        Action::Delete { id } => delete(tables, rules, write, id, stamp),
        Action::Skip => Ok(Ok((Answer::Ack(Arc::from("null")), Vec::new()))),
        Action::Refuse(fault) => Ok(Err(fault.clone())),
    }
}

fn create<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    data: &Fields,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    let author = &write.author;
    let id = if data.is_absent("id") { Some(stamp.event_id.clone()) } else { data.string("id") };
    let Some(id) = id.filter(|id| !id.is_empty() && id.len() <= 256) else {
        let got = data.get("id").unwrap_or_default();
        return Ok(Err(Fault::field(Code::InvalidEvent, "id", got, "a string of 1 to 256 bytes")));
    };
    let mut data = data.clone();
    data.set_string("id", &id);
    if let Err(invalid) = check_event(&data) {
        return Ok(Err(invalid_event(&invalid)));
    }
    let project = project_of(data.get("projectId"));
    if !author.access.allows(&project) {
        return Ok(Err(forbidden()));
    }
    let version = match tables.event(&id)? {
        Some(Stored::Present(row)) if write.on.is_some() && author.access.allows(&row.project) => {
            return Ok(meet_present(write, &data, row, stamp));
        }
        Some(Stored::Present(_)) => {
            return Ok(Err(Fault::new(Code::AlreadyExists, "an event of this id exists")));
        }
        Some(Stored::Deleted { version, .. }) => version + 1,
        None => 1,
    };
    let event = new_event(&id, version, stamp.wall_ms, &data);
    let row = match row_of(rules, &id, version, &event) {
        Ok(row) => row,
        Err(fault) => return Ok(Err(fault)),
    };
    tables.put_event(&id, &Stored::Present(row.clone()))?;
    let changes = announce(tables, rules, author, stamp, &Step { old: None, new: Some(&row), version })?;
    Ok(Ok((Answer::Ack(row.text), changes)))
}

/// A creation by somebody who knows that there was an event, and saw it gone, meets one that is back.
fn meet_present(write: &Write, data: &Fields, row: EventRow, stamp: &Stamp) -> Effect {
    let there = Fields::parse(&row.text).unwrap_or_default();
    let on =
        write.on.as_ref().ok_or_else(|| Fault::new(Code::AlreadyExists, "an event of this id exists"))?;
    match conflict::met(on, WriteKind::Create, data, Theirs::Present(&there), stamp.wall_ms) {
        Ok(Met { report, .. }) => Ok((conflict::answer(row.text, report), Vec::new())),
        Err(clash) => Err(conflict::refusal(&clash, row.version, Some(&row.text))),
    }
}

fn update<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    id: &str,
    changes: &Fields,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    let author = &write.author;
    let Some(Standing { row: old, gone, version }) = standing(tables, rules, id, write.on.is_some())? else {
        return Ok(Err(not_found()));
    };
    if !author.access.allows(&old.project) && !mutant!(write_rights_ignored) {
        return Ok(Err(forbidden()));
    }
    if let Err(invalid) = check_changes(changes) {
        return Ok(Err(invalid_event(&invalid)));
    }
    let before = Fields::parse(&old.text).unwrap_or_default();
    // Time on an event never goes back, even if this server's clock does.
    let updated = before.string("updatedAt").and_then(|text| date_to_ms(&text));
    let updated_ms = stamp.wall_ms.max(updated.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0));
    let (mut event, report) = match &write.on {
        None => {
            let mut event = before;
            apply_changes(&mut event, changes);
            (event, None)
        }
        Some(on) => {
            let theirs = if gone { Theirs::Gone(&before) } else { Theirs::Present(&before) };
            match conflict::met(on, WriteKind::Update, changes, theirs, stamp.wall_ms) {
                Err(clash) => {
                    let event = (!gone).then_some(&*old.text);
                    return Ok(Err(conflict::refusal(&clash, version, event)));
                }
                Ok(Met { event: Some(event), report }) if gone || event != before => (event, report),
                // Nothing is different: no version, and nobody else is told.
                Ok(Met { event: Some(_), report }) => {
                    return Ok(Ok((conflict::answer(old.text, report), Vec::new())));
                }
                Ok(Met { event: None, report }) => {
                    return Ok(Ok((conflict::answer(deleted(id, version), report), Vec::new())));
                }
            }
        }
    };
    if let Err(invalid) = check_event(&event) {
        return Ok(Err(invalid_event(&invalid)));
    }
    if !author.access.allows(&project_of(event.get("projectId"))) && !mutant!(write_rights_ignored) {
        return Ok(Err(forbidden()));
    }
    let version = version + 1;
    event.set("version", &version.to_string());
    event.set_string("updatedAt", &iso_from_ms(updated_ms));
    let row = match row_of(rules, id, version, &event) {
        Ok(row) => row,
        Err(fault) => return Ok(Err(fault)),
    };
    tables.put_event(id, &Stored::Present(row.clone()))?;
    let step = Step { old: Some(&old).filter(|_| !gone), new: Some(&row), version };
    let changes = announce(tables, rules, author, stamp, &step)?;
    Ok(Ok((conflict::answer(row.text, report), changes)))
}

fn delete<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    id: &str,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    let Some(Standing { row: old, gone, version }) = standing(tables, rules, id, write.on.is_some())? else {
        return Ok(Err(not_found()));
    };
    if !write.author.access.allows(&old.project) {
        return Ok(Err(forbidden()));
    }
    let mut report = None;
    if let Some(on) = &write.on {
        let before = Fields::parse(&old.text).unwrap_or_default();
        let theirs = if gone { Theirs::Gone(&before) } else { Theirs::Present(&before) };
        match conflict::met(on, WriteKind::Delete, &Fields::new(), theirs, stamp.wall_ms) {
            Err(clash) => {
                let event = (!gone).then_some(&*old.text);
                return Ok(Err(conflict::refusal(&clash, version, event)));
            }
            // It outweighs the deletion, or is there no more.
            Ok(Met { event: Some(_), report }) => {
                return Ok(Ok((conflict::answer(old.text, report), Vec::new())));
            }
            Ok(Met { event: None, report: of_it }) => report = of_it,
        }
        if gone {
            return Ok(Ok((conflict::answer(deleted(id, version), report), Vec::new())));
        }
    }
    let version = version + 1;
    tables.put_event(id, &Stored::Deleted { version, last: Some(Arc::clone(&old.text)) })?;
    let step = Step { old: Some(&old), new: None, version };
    let changes = announce(tables, rules, &write.author, stamp, &step)?;
    Ok(Ok((conflict::answer(deleted(id, version), report), changes)))
}

/// What is or was under an id.
struct Standing {
    /// The event, or what it last was.
    row: EventRow,
    gone: bool,
    /// The last version of the id: of the event, or of its deletion.
    version: u64,
}

/// What is under an id, and what was if `gone_too`.
fn standing<T: Tables>(
    tables: &T,
    rules: &Rules,
    id: &str,
    gone_too: bool,
) -> Result<Option<Standing>, StorageError> {
    Ok(match tables.event(id)? {
        Some(Stored::Present(row)) => Some(Standing { version: row.version, gone: false, row }),
        Some(Stored::Deleted { version, last: Some(last) }) if gone_too => {
            let fields = Fields::parse(&last).unwrap_or_default();
            let row = row_of(rules, id, version.saturating_sub(1), &fields).ok();
            row.map(|row| Standing { row, gone: true, version })
        }
        Some(Stored::Deleted { .. }) | None => None,
    })
}

fn forbidden() -> Fault {
    Fault::new(Code::Forbidden, "no right to change events of this project")
}

fn not_found() -> Fault {
    Fault::new(Code::NotFound, "no event of this id")
}

fn invalid_event(invalid: &InvalidEvent) -> Fault {
    Fault::field(Code::InvalidEvent, &invalid.field, &invalid.got, invalid.expected)
}

fn row_of(rules: &Rules, id: &str, version: u64, event: &Fields) -> Result<EventRow, Fault> {
    let text = event.to_text();
    if text.len() > rules.event_bytes {
        return Err(Fault::too_large("event", rules.event_bytes));
    }
    Ok(EventRow {
        id: Arc::from(id),
        version,
        project: Arc::from(project_of(event.get("projectId"))),
        calendar: event.string("calendarId").map(Arc::from),
        text: Arc::from(text),
    })
}

/// The acknowledgement of a deletion.
fn deleted(id: &str, version: u64) -> Arc<str> {
    let object = Object::new().string("id", id).number("version", version).truth("deleted", true);
    Arc::from(object.finish())
}
