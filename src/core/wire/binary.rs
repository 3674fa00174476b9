//! Binary frames (`docs/PROTOCOL.md` §2.6): changes whose index keys stand before the event's text.
//!
//! Owns both directions. A message is encoded once, however many frames it goes into. What is read is checked as bytes:
//! lengths add up, texts are UTF-8 and an event's is JSON, so that nothing else ever gets into the store.

use std::sync::Arc;

use super::envelope::{Envelope, Kind, Origin};
use crate::core::json::{JsonError, validate};
use crate::core::model::{DEFAULT_PROJECT, EventDoc, project_channel};

/// First byte of a frame of messages.
pub const MESSAGES: u8 = 1;
/// First byte of a compressed frame.
pub const DEFLATED: u8 = 2;

/// First bytes of a message: JSON text, and the two changes that have a form of their own.
const JSON: u8 = 0;
const CREATED: u8 = 1;
const UPDATED: u8 = 2;

/// Flags of a change.
const START: u8 = 1;
const END: u8 = 2;
const PROJECT: u8 = 4;
const CALENDAR: u8 = 8;
const AUTHOR: u8 = 16;
const ON_CALENDAR: u8 = 32;

/// Largest integer that a JavaScript number holds exactly.
const U53_MAX: u64 = (1 << 53) - 1;

/// What an announcement of an event's new state says beside the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement<'a> {
    /// Whether the event is new on the channel.
    pub created: bool,
    /// The channel: that of the event's project or that of its calendar.
    pub channel: &'a str,
    /// The change's number on it.
    pub seq: u64,
    /// The server's wall clock, ms.
    pub timestamp: u64,
    /// Who did it.
    pub author: Option<&'a str>,
}

/// A message that is JSON text, as it stands in a frame.
pub fn encode_json(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1);
    out.push(JSON);
    out.extend_from_slice(text.as_bytes());
    out
}

/// The announcement of `doc`, as it stands in a frame; nothing if the channel is neither its project's nor its
/// calendar's.
pub fn encode_change(announcement: &Announcement<'_>, doc: &EventDoc) -> Option<Vec<u8>> {
    let Announcement { created, channel, seq, timestamp, author } = *announcement;
    let of_calendar =
        doc.calendar.as_deref().is_some_and(|name| channel.strip_prefix("calendar:") == Some(name));
    if !of_calendar && channel.strip_prefix("project:") != Some(doc.project_or_default()) {
        return None;
    }
    let flag = |on: bool, flag: u8| if on { flag } else { 0 };
    let mut out = Vec::with_capacity(doc.text.len() + 128);
    out.push(if created { CREATED } else { UPDATED });
    out.push(
        flag(doc.start_ms.is_some(), START)
            | flag(doc.end_ms.is_some(), END)
            | flag(doc.project.is_some(), PROJECT)
            | flag(doc.calendar.is_some(), CALENDAR)
            | flag(author.is_some(), AUTHOR)
            | flag(of_calendar, ON_CALENDAR),
    );
    for number in [seq, timestamp, doc.version] {
        push_varint(&mut out, number);
    }
    if let Some(start) = doc.start_ms {
        push_varint(&mut out, zigzag(start));
    }
    if let Some(end) = doc.end_ms {
        push_varint(&mut out, zigzag(end - doc.start_ms.unwrap_or(0)));
    }
    for text in
        [Some(&*doc.id), doc.project.as_deref(), doc.calendar.as_deref(), author].into_iter().flatten()
    {
        push_varint(&mut out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(doc.text.as_bytes());
    Some(out)
}

/// A frame of messages that were encoded before.
pub fn binary_frame<'a>(messages: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut out = Vec::with_capacity(messages.clone().map(|message| message.len() + 4).sum::<usize>() + 1);
    out.push(MESSAGES);
    for message in messages {
        push_varint(&mut out, message.len() as u64);
        out.extend_from_slice(message);
    }
    out
}

/// The messages of a binary frame; nothing in the place of one that cannot be read.
///
/// # Errors
/// When the frame is none of messages, or its lengths do not add up; nothing of it is used then.
pub fn read_binary(frame: &[u8]) -> Result<Vec<Option<Envelope<'_>>>, JsonError> {
    let mut reader = Reader { rest: frame };
    if reader.byte() != Some(MESSAGES) {
        return Err(JsonError { at: 0, expected: "a frame of messages" });
    }
    let mut messages = Vec::new();
    let mut shared = Shared::default();
    while !reader.rest.is_empty() {
        let at = frame.len() - reader.rest.len();
        let message = reader.sized().ok_or(JsonError { at, expected: "a message of the length it names" })?;
        messages.push(read_message(message, &mut shared));
    }
    Ok(messages)
}

/// Names that one message mostly shares with the one before.
#[derive(Default)]
struct Shared {
    project: Option<Arc<str>>,
    calendar: Option<Arc<str>>,
}

fn read_message<'a>(message: &'a [u8], shared: &mut Shared) -> Option<Envelope<'a>> {
    let mut reader = Reader { rest: message };
    match reader.byte()? {
        JSON => Envelope::parse(std::str::from_utf8(reader.rest).ok()?).ok(),
        CREATED => read_change(reader, Kind::EventCreated, shared),
        UPDATED => read_change(reader, Kind::EventUpdated, shared),
        _ => None,
    }
}

fn read_change<'a>(mut reader: Reader<'a>, kind: Kind, shared: &mut Shared) -> Option<Envelope<'a>> {
    let flags = reader.byte()?;
    let has = |flag: u8| flags & flag != 0;
    let (seq, timestamp, version) = (reader.number()?, reader.number()?, reader.number()?);
    let start_ms = if has(START) { Some(reader.signed()?) } else { None };
    let end_ms = if has(END) { Some(start_ms.unwrap_or(0) + reader.signed()?) } else { None };
    let id = Arc::from(reader.text()?);
    let project = if has(PROJECT) { Some(same(&mut shared.project, reader.text()?)) } else { None };
    let calendar = if has(CALENDAR) { Some(same(&mut shared.calendar, reader.text()?)) } else { None };
    let author = if has(AUTHOR) { Some(reader.text()?) } else { None };
    let payload = std::str::from_utf8(reader.rest).ok()?;
    if !payload.starts_with('{') || validate(payload).is_err() {
        return None;
    }
    let channel = match &calendar {
        Some(calendar) if has(ON_CALENDAR) => format!("calendar:{calendar}"),
        Some(_) | None => project_channel(project.as_deref().unwrap_or(DEFAULT_PROJECT)),
    };
    let event = EventDoc { text: Arc::from(payload), id, version, start_ms, end_ms, project, calendar };
    Some(Envelope {
        merged: None,
        kind,
        payload,
        event: Some(event),
        id: None,
        channel: Some(channel.into()),
        seq: Some(seq),
        timestamp: Some(timestamp),
        client: None,
        text: "",
        origin: Some(Origin { timestamp, author, version }),
    })
}

/// `text`, as the same value as last time if it is the same.
fn same(held: &mut Option<Arc<str>>, text: &str) -> Arc<str> {
    match held {
        Some(held) if **held == *text => Arc::clone(held),
        _ => Arc::clone(held.insert(Arc::from(text))),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// An unsigned LEB128 number of at most 56 bits.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number that a JavaScript number holds exactly.
    fn number(&mut self) -> Option<u64> {
        self.varint().filter(|number| *number <= U53_MAX)
    }

    /// A date or a distance of two: 56 bits are twice what a JavaScript date can be.
    fn signed(&mut self) -> Option<i64> {
        let number = self.varint()?.cast_signed();
        Some((number >> 1) ^ -(number & 1))
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.sized()?).ok()
    }
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"id":"e1","title":"ü","startDate":"1969-12-31T23:00:00Z","endDate":"2026-03-01","projectId":"p","calendarId":"c","version":7}"#;

    fn announced(channel: &str, text: &str) -> Option<Vec<u8>> {
        let doc = EventDoc::parse(text).unwrap();
        let announcement = Announcement {
            created: false,
            channel,
            seq: 300,
            timestamp: 1_700_000_000_000,
            author: Some("ana"),
        };
        encode_change(&announcement, &doc)
    }

    #[test]
    fn a_change_is_read_as_it_was_written() {
        for channel in ["project:p", "calendar:c"] {
            let message = announced(channel, TEXT).unwrap();
            let frame = binary_frame([message.as_slice(), &encode_json(r#"{"type":"pong"}"#)].into_iter());
            let read = read_binary(&frame).unwrap();
            let [Some(change), Some(pong)] = read.as_slice() else { panic!("{read:?}") };
            assert_eq!(change.event, EventDoc::parse(TEXT).ok());
            assert_eq!(
                (change.kind, change.seq, change.channel.as_deref()),
                (Kind::EventUpdated, Some(300), Some(channel))
            );
            assert_eq!(pong.kind, Kind::Pong);
            let whole = change.whole();
            let again = Envelope::parse(&whole).unwrap();
            assert_eq!(
                (again.event, again.seq, again.channel.as_deref()),
                (change.event.clone(), Some(300), Some(channel))
            );
            assert!(
                whole.contains(r#""userId":"ana""#) && whole.contains(r#""timestamp":1700000000000"#),
                "{whole}"
            );
        }
    }

    #[test]
    fn an_event_of_no_project_and_without_dates_is_read() {
        let text = r#"{"id":"e"}"#;
        let frame = binary_frame([announced("project:default", text).unwrap().as_slice()].into_iter());
        let read = read_binary(&frame).unwrap();
        assert_eq!(read[0].as_ref().and_then(|change| change.event.clone()), EventDoc::parse(text).ok());
    }

    #[test]
    fn a_channel_that_does_not_follow_from_the_event_has_no_such_form() {
        assert_eq!(announced("lineup:main", TEXT), None);
        assert_eq!(announced("project:other", TEXT), None);
    }

    #[test]
    fn a_frame_that_is_cut_anywhere_is_refused_whole() {
        let frame = binary_frame([announced("project:p", TEXT).unwrap().as_slice()].into_iter());
        for end in (0..frame.len()).filter(|end| *end != 1) {
            assert!(read_binary(&frame[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_no_message_is_left_out_and_the_rest_is_read() {
        let good = encode_json(r#"{"type":"pong"}"#);
        let mut broken = announced("project:p", TEXT).unwrap();
        let end = broken.len() - 1;
        broken[end] = b'?';
        let overlong = [UPDATED, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        for bad in [&[][..], &[9], &[JSON], &[JSON, 0xff], &[UPDATED, 0xff, 1], &overlong, &broken] {
            let frame = binary_frame([bad, &good].into_iter());
            let read = read_binary(&frame).unwrap();
            assert!(matches!(read.as_slice(), [None, Some(_)]), "{bad:?}");
        }
    }
}
