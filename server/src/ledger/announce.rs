//! How a change is numbered on every channel that it concerns, and what each is told.

use std::sync::Arc;

use baro_realtime::core::model::{calendar_channel, digest_of, project_channel};

use super::tables::{EventRow, Head, StorageError, Tables};
use super::{Author, Change, Stamp, Withdrawn};
use crate::limits::Rules;
use crate::object::Object;

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
pub(super) struct Step<'a> {
    pub(super) old: Option<&'a EventRow>,
    pub(super) new: Option<&'a EventRow>,
    pub(super) version: u64,
}

/// Numbers a change on every channel that shows it, first where the event is now, then where it was: who has both never
/// sees it missing.
pub(super) fn announce<T: Tables>(
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
