//! Frames of both kinds.

use baro_realtime::core::json::validate;
use baro_realtime::core::model::{EventDoc, project_channel};
use baro_realtime::core::wire::{
    Announcement, Envelope, Kind, binary_frame, encode_change, encode_json, read_binary, read_frame,
};
use serde_json::Value;

/// A frame is read whole or refused whole, and each of its messages says what it says alone.
pub(crate) fn frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = read_frame(text);
    assert_eq!(read.is_ok(), validate(text).is_ok());
    for message in read.into_iter().flatten().flatten() {
        assert!(
            validate(message.payload).is_ok() && message.text.contains(message.payload.trim())
                || message.payload == "null"
        );
        let alone = Envelope::parse(message.text).expect("a message that was read in a frame");
        assert_eq!(shape(&alone), shape(&message));
        if let Some(event) = &message.event {
            assert_eq!(Ok(event), EventDoc::parse(message.payload).as_ref());
        }
        if let Ok(Value::Object(known)) = serde_json::from_str(message.text) {
            let named = |key| known.get(key).and_then(Value::as_str);
            assert_eq!(named("type").map(Kind::of), Some(message.kind));
            assert_eq!(message.id.as_deref(), named("id"));
            assert_eq!(message.channel.as_deref(), named("channel"));
            assert_eq!(message.client.as_deref(), named("client"));
            if let Some(seq) = message.seq {
                assert_eq!(known.get("seq").and_then(Value::as_u64), Some(seq));
            }
        }
        carried(&message);
    }
}

type Shape<'a> =
    (Kind, &'a str, Option<&'a EventDoc>, Option<&'a str>, Option<&'a str>, Option<u64>, Option<&'a str>);

fn shape<'a>(message: &'a Envelope<'_>) -> Shape<'a> {
    let Envelope { kind, payload, event, id, channel, seq, client, .. } = message;
    (*kind, payload, event.as_ref(), id.as_deref(), channel.as_deref(), *seq, client.as_deref())
}

/// The same message in a binary frame is the same message.
fn carried(message: &Envelope<'_>) {
    let frame = binary_frame([encode_json(message.text).as_slice()].into_iter());
    let read = read_binary(&frame).expect("a frame that was just made");
    let [Some(again)] = read.as_slice() else { panic!("{} did not come back", message.text) };
    assert_eq!(shape(again), shape(message));
    let Some(event) = &message.event else { return };
    let channel = project_channel(event.project_or_default());
    let announcement = Announcement {
        created: message.kind == Kind::EventCreated,
        channel: &channel,
        seq: message.seq.unwrap_or(1),
        timestamp: 1_700_000_000_000,
        author: message.id.as_deref(),
    };
    let encoded = encode_change(&announcement, event).expect("the channel of its project");
    let frame = binary_frame([encoded.as_slice(), encoded.as_slice()].into_iter());
    let read = read_binary(&frame).expect("a frame that was just made");
    for again in read {
        let again = again.expect("a message of it");
        assert_eq!((again.event.as_ref(), again.kind), (Some(event), message.kind));
        assert_eq!(again.channel.as_deref(), Some(channel.as_str()));
    }
}

/// Bytes are a frame or they are none; what is read can be told as text.
pub(crate) fn binary(data: &[u8]) {
    let Ok(messages) = read_binary(data) else { return };
    assert!(messages.len() <= data.len());
    for message in messages.into_iter().flatten() {
        assert!(validate(message.payload).is_ok());
        if let Some(event) = message.event.as_ref().filter(|_| message.text.is_empty()) {
            assert_eq!(&*event.text, message.payload);
        }
        let whole = message.whole();
        let again = Envelope::parse(&whole).expect("a message as text");
        assert_eq!((again.kind, again.payload), (message.kind, message.payload));
        assert_eq!((again.seq, again.channel.as_deref()), (message.seq, message.channel.as_deref()));
    }
}
