//! The decision on a write.

use std::sync::Arc;

use baro_realtime::core::json::Fields;
use baro_realtime::core::model::{
    InvalidEvent, apply_changes, calendar_channel, check_changes, check_event, date_to_ms, digest_of,
    iso_from_ms, new_event, project_channel,
};
use baro_realtime::mutant;

use super::tables::{Client, EventRow, Head, StorageError, Stored, Tables};
use super::{Action, Answer, Author, Change, Decision, Greeting, Stamp, Verdict, Withdrawn, Write};
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
                Some(refusal @ Answer::Error(_)) => refusal,
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
        Some(Stored::Present(EventRow { version, .. }) | Stored::Deleted { version }) => {
            deleted(&id, version)
        }
        None => deleted(&id, 0),
    };
    Ok(Answer::Ack(payload))
}

fn apply<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    write: &Write,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    match &write.action {
        Action::Create(data) => create(tables, rules, &write.author, data, stamp),
        Action::Update { id, changes } => update(tables, rules, &write.author, id, changes, stamp),
        Action::Delete { id } => delete(tables, rules, &write.author, id, stamp),
        Action::Skip => Ok(Ok((Answer::Ack(Arc::from("null")), Vec::new()))),
        Action::Refuse(fault) => Ok(Err(fault.clone())),
    }
}

fn create<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    author: &Author,
    data: &Fields,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
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
        Some(Stored::Present(_)) => {
            return Ok(Err(Fault::new(Code::AlreadyExists, "an event of this id exists")));
        }
        Some(Stored::Deleted { version }) => version + 1,
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

fn update<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    author: &Author,
    id: &str,
    changes: &Fields,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    let Some(Stored::Present(old)) = tables.event(id)? else { return Ok(Err(not_found())) };
    if !author.access.allows(&old.project) && !mutant!(write_rights_ignored) {
        return Ok(Err(forbidden()));
    }
    let mut event = Fields::parse(&old.text).unwrap_or_default();
    // Time on an event never goes back, even if this server's clock does.
    let before = event.string("updatedAt").and_then(|text| date_to_ms(&text));
    let updated_ms = stamp.wall_ms.max(before.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0));
    if let Err(invalid) = check_changes(changes) {
        return Ok(Err(invalid_event(&invalid)));
    }
    apply_changes(&mut event, changes);
    if let Err(invalid) = check_event(&event) {
        return Ok(Err(invalid_event(&invalid)));
    }
    if !author.access.allows(&project_of(event.get("projectId"))) && !mutant!(write_rights_ignored) {
        return Ok(Err(forbidden()));
    }
    let version = old.version + 1;
    event.set("version", &version.to_string());
    event.set_string("updatedAt", &iso_from_ms(updated_ms));
    let row = match row_of(rules, id, version, &event) {
        Ok(row) => row,
        Err(fault) => return Ok(Err(fault)),
    };
    tables.put_event(id, &Stored::Present(row.clone()))?;
    let changes =
        announce(tables, rules, author, stamp, &Step { old: Some(&old), new: Some(&row), version })?;
    Ok(Ok((Answer::Ack(row.text), changes)))
}

fn delete<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    author: &Author,
    id: &str,
    stamp: &Stamp,
) -> Result<Effect, StorageError> {
    let Some(Stored::Present(old)) = tables.event(id)? else { return Ok(Err(not_found())) };
    if !author.access.allows(&old.project) {
        return Ok(Err(forbidden()));
    }
    let version = old.version + 1;
    tables.put_event(id, &Stored::Deleted { version })?;
    let changes = announce(tables, rules, author, stamp, &Step { old: Some(&old), new: None, version })?;
    Ok(Ok((Answer::Ack(deleted(id, version)), changes)))
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

/// `{id, version, movedTo?}`.
fn deletion(id: &str, version: u64, moved_to: Option<&str>) -> String {
    Object::new().string("id", id).number("version", version).maybe("movedTo", moved_to).finish()
}

/// The channels on which an event is announced.
fn channels_of(row: &EventRow) -> Vec<String> {
    let calendar = row.calendar.as_deref().map(calendar_channel);
    std::iter::once(project_channel(&row.project)).chain(calendar).collect()
}

/// What an event was and is.
struct Step<'a> {
    old: Option<&'a EventRow>,
    new: Option<&'a EventRow>,
    version: u64,
}

/// Numbers a change on every channel that shows it, first where the event is now, then where it was: who has both never
/// sees it missing.
fn announce<T: Tables>(
    tables: &mut T,
    rules: &Rules,
    author: &Author,
    stamp: &Stamp,
    step: &Step<'_>,
) -> Result<Vec<Change>, StorageError> {
    let Step { old, new, version } = *step;
    let before = old.map(channels_of).unwrap_or_default();
    let after = new.map(channels_of).unwrap_or_default();
    let mut changes = Vec::with_capacity(before.len().max(after.len()));
    let write = |kind: &str, channel: &str, head: &Head, payload: &str| {
        let text = Object::new()
            .string("type", kind)
            .string("channel", channel)
            .number("seq", head.seq)
            .string("id", &format!("{}.{}", head.epoch, head.seq))
            .number("timestamp", stamp.wall_ms)
            .string("userId", &author.id)
            .number("version", version)
            .raw("payload", payload);
        Arc::<str>::from(text.finish())
    };
    if let Some(new) = new {
        let moved_from = old.filter(|old| old.project != new.project);
        for channel in &after {
            let kind = if before.contains(channel) { "event:updated" } else { "event:created" };
            let head = next(tables, channel, old.filter(|_| before.contains(channel)), Some(new))?;
            let text = write(kind, channel, &head, &new.text);
            let withdrawn = moved_from.filter(|_| before.contains(channel)).map(|old| Withdrawn {
                project: Arc::clone(&old.project),
                text: write("event:deleted", channel, &head, &deletion(&new.id, version, None)),
            });
            changes.push(change(channel, &head, &new.project, text, withdrawn));
        }
    }
    if let Some(old) = old {
        let moved_to = new.map(|new| project_channel(&new.project));
        let moved_away = new.filter(|new| new.project != old.project);
        for channel in before.iter().filter(|channel| !after.contains(channel)) {
            let head = next(tables, channel, Some(old), None)?;
            let left =
                |to: Option<&str>| write("event:deleted", channel, &head, &deletion(&old.id, version, to));
            // Where it went is for those who may see it there.
            let withdrawn =
                moved_away.map(|_| Withdrawn { project: Arc::clone(&old.project), text: left(None) });
            let project = moved_away.map_or(&old.project, |new| &new.project);
            changes.push(change(channel, &head, project, left(moved_to.as_deref()), withdrawn));
        }
    }
    for change in &changes {
        tables.append(change)?;
        // Trimming now and then costs less than trimming every time.
        let slack = rules.history_slack.max(1);
        if change.seq > rules.history && change.seq % slack == 0 {
            tables.trim(&change.channel, change.seq - rules.history)?;
        }
    }
    Ok(changes)
}

/// The head of a channel after a change: what it showed of the event before, and what it shows of it then.
fn next<T: Tables>(
    tables: &T,
    channel: &str,
    before: Option<&EventRow>,
    after: Option<&EventRow>,
) -> Result<Head, StorageError> {
    let head = tables.head(channel)?;
    let rows = before.into_iter().chain(after);
    let digest = rows.fold(head.digest, |digest, row| digest ^ digest_of(&row.id, row.version));
    Ok(Head { seq: head.seq + 1, digest, ..head })
}

fn change(
    channel: &str,
    head: &Head,
    project: &Arc<str>,
    text: Arc<str>,
    withdrawn: Option<Withdrawn>,
) -> Change {
    let (channel, project) = (Arc::from(channel), Arc::clone(project));
    Change { channel, seq: head.seq, digest: head.digest, project, text, withdrawn }
}
