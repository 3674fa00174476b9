//! Frames as they go over a socket: shared, and compressed where that was agreed on (`docs/PROTOCOL.md` §2.7).
//!
//! Guarantees that a frame is copied and compressed once, however many connections get it, and that nothing inflates to more
//! than a frame may hold. Compression runs in the task of the connection that wants it, never in the hub's.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes};
use baro_realtime::core::wire::{DEFLATED, MESSAGES};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::hub::{Frame, Unpacked};

/// Smaller frames go as they are.
const DEFLATE_BYTES_MIN: usize = 1024;
/// Of a compressed frame at most so many hundredths may be left.
const DEFLATED_PERCENT_MAX: usize = 80;
/// A frame from this size on is a large one.
const INBOUND_LARGE_BYTES: usize = 16 * 1024;
/// Large frames that wait for the hub, of all connections together: what is behind them stays with the clients.
const INBOUND_LARGE_MAX: usize = 16;
/// What room is made first for what is inflated.
const INFLATE_BYTES: usize = 4 * 1024;
/// Frames that are kept for whoever wants the same: the parts of one large snapshot.
const RECENT_MAX: usize = 128;
/// Smaller ones are quickly made again.
const RECENT_BYTES_MIN: usize = 16 * 1024;

/// What all connections count together.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Bytes that wait to be written.
    pub(super) queued: AtomicUsize,
    /// Frames that were sent compressed, what they were, and what became of them.
    pub(super) deflated_frames: AtomicU64,
    pub(super) deflated_from_bytes: AtomicU64,
    pub(super) deflated_to_bytes: AtomicU64,
    /// Frames that arrived compressed.
    pub(super) inflated_frames: AtomicU64,
    /// Large frames that may wait for the hub.
    inbound: Arc<Semaphore>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            queued: AtomicUsize::new(0),
            deflated_frames: AtomicU64::new(0),
            deflated_from_bytes: AtomicU64::new(0),
            deflated_to_bytes: AtomicU64::new(0),
            inflated_frames: AtomicU64::new(0),
            inbound: Arc::new(Semaphore::new(INBOUND_LARGE_MAX)),
        }
    }
}

impl Traffic {
    /// Waits until a frame of that size may wait for the hub; a small one always may. Whoever waits here is not read from.
    pub(super) async fn room_for(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes < INBOUND_LARGE_BYTES {
            return None;
        }
        // The semaphore is never closed.
        Arc::clone(&self.inbound).acquire_owned().await.ok()
    }
}

/// A frame to be sent. Cloning is cheap, and so is room for one: every connection's queue has some of it.
#[derive(Debug, Clone)]
pub(super) struct Packed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    content: Content,
    /// The same compressed, once somebody has wanted it; `None` where that saves too little.
    deflated: OnceLock<Option<Bytes>>,
}

#[derive(Debug, Clone)]
enum Content {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Packed {
    fn new(frame: &Frame) -> Self {
        let content = match frame {
            Frame::Text(text) => Content::Text(Utf8Bytes::from(&**text)),
            Frame::Binary(bytes) => Content::Binary(Bytes::copy_from_slice(bytes)),
        };
        Self(Arc::new(Shared { content, deflated: OnceLock::new() }))
    }

    fn bytes(&self) -> &[u8] {
        match &self.0.content {
            Content::Text(text) => text.as_bytes(),
            Content::Binary(bytes) => bytes,
        }
    }

    /// Its length, not compressed.
    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.0.content {
            Content::Text(text) => Some(text.as_str()),
            Content::Binary(_) => None,
        }
    }

    /// As it goes over a socket, compressed if that may be and is worth it.
    pub(super) fn message(&self, deflate: bool, traffic: &Traffic) -> Message {
        if deflate && let Some(deflated) = self.0.deflated.get_or_init(|| deflated(self.bytes())) {
            traffic.deflated_frames.fetch_add(1, Ordering::Relaxed);
            traffic.deflated_from_bytes.fetch_add(self.len() as u64, Ordering::Relaxed);
            traffic.deflated_to_bytes.fetch_add(deflated.len() as u64, Ordering::Relaxed);
            return Message::Binary(deflated.clone());
        }
        match &self.0.content {
            Content::Text(text) => Message::Text(text.clone()),
            Content::Binary(bytes) => Message::Binary(bytes.clone()),
        }
    }
}

/// A frame compressed, if that is worth it.
fn deflated(frame: &[u8]) -> Option<Bytes> {
    if frame.len() < DEFLATE_BYTES_MIN {
        return None;
    }
    let mut out = Vec::with_capacity(frame.len() / 4);
    out.push(DEFLATED);
    let mut encoder = DeflateEncoder::new(out, Compression::fast());
    encoder.write_all(frame).ok()?;
    let out = encoder.finish().ok()?;
    (out.len() * 100 <= frame.len() * DEFLATED_PERCENT_MAX).then(|| Bytes::from(out))
}

/// What is in a binary frame of a client.
pub(super) fn unpack(frame: &[u8], bytes_max: usize, traffic: &Traffic) -> Unpacked {
    let Some((&DEFLATED, stream)) = frame.split_first() else { return Unpacked::Unknown };
    traffic.inflated_frames.fetch_add(1, Ordering::Relaxed);
    let mut decoder = Decompress::new(false);
    let mut out: Vec<u8> = Vec::new();
    loop {
        if out.len() == out.capacity() {
            // One byte over the limit is enough to know; no further one is ever inflated.
            let room = bytes_max.saturating_add(1).saturating_sub(out.len());
            out.reserve_exact(room.min(out.len().max(INFLATE_BYTES)));
        }
        let rest = usize::try_from(decoder.total_in()).ok().and_then(|read| stream.get(read..));
        let done = decoder.decompress_vec(rest.unwrap_or_default(), &mut out, FlushDecompress::None);
        if out.len() > bytes_max {
            return Unpacked::TooLarge;
        }
        match done {
            Ok(Status::StreamEnd) => break,
            Ok(Status::Ok | Status::BufError) if out.len() == out.capacity() => {}
            // It wants more than there is, or is none.
            Ok(Status::Ok | Status::BufError) | Err(_) => return Unpacked::Broken,
        }
    }
    // What follows the stream's end belongs to nothing.
    if decoder.total_in() != stream.len() as u64 {
        return Unpacked::Broken;
    }
    match out.first() {
        Some(&MESSAGES) => Unpacked::Unknown,
        Some(_) | None => String::from_utf8(out).map_or(Unpacked::Broken, Unpacked::Text),
    }
}

/// Turns the hub's frames into what is sent, the same frame into the same thing.
#[derive(Debug, Default)]
pub(super) struct Packing {
    last: Option<(Frame, Packed)>,
    /// Large texts that the hub still holds: after a restart many get the same content, each at his own time.
    recent: VecDeque<(Weak<str>, Packed)>,
}

impl Packing {
    pub(super) fn pack(&mut self, frame: Frame) -> Packed {
        if let Some((held, packed)) = &self.last
            && is_same(held, &frame)
        {
            return packed.clone();
        }
        let known = match &frame {
            Frame::Text(text) => {
                let held = |(held, _): &&(Weak<str>, Packed)| {
                    held.upgrade().is_some_and(|held| Arc::ptr_eq(&held, text))
                };
                self.recent.iter().find(held).map(|(_, packed)| packed.clone())
            }
            Frame::Binary(_) => None,
        };
        let packed = known.unwrap_or_else(|| self.pack_new(&frame));
        self.last = Some((frame, packed.clone()));
        packed
    }

    fn pack_new(&mut self, frame: &Frame) -> Packed {
        let packed = Packed::new(frame);
        if let Frame::Text(text) = frame
            && text.len() >= RECENT_BYTES_MIN
        {
            self.recent.push_front((Arc::downgrade(text), packed.clone()));
            self.recent.truncate(RECENT_MAX);
        }
        packed
    }

    /// Forgets what nobody else holds any more; to be called when what there was is packed.
    pub(super) fn rest(&mut self) {
        self.last = None;
        self.recent.retain(|(held, _)| held.strong_count() > 0);
    }
}

fn is_same(one: &Frame, other: &Frame) -> bool {
    match (one, other) {
        (Frame::Text(one), Frame::Text(other)) => Arc::ptr_eq(one, other),
        (Frame::Binary(one), Frame::Binary(other)) => Arc::ptr_eq(one, other),
        (Frame::Text(_), Frame::Binary(_)) | (Frame::Binary(_), Frame::Text(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 262_144;

    fn unpacked(frame: &[u8]) -> Unpacked {
        unpack(frame, LIMIT, &Traffic::default())
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(vec![DEFLATED], Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn message(text: &str, deflate: bool) -> Message {
        Packed::new(&Frame::Text(Arc::from(text))).message(deflate, &Traffic::default())
    }

    #[test]
    fn what_is_compressed_comes_back_as_it_was() {
        let text = r#"{"type":"snapshot","payload":{"events":[]}}"#.repeat(100);
        let Message::Binary(bytes) = message(&text, true) else { panic!("not compressed") };
        assert!(bytes.len() * 5 < text.len());
        assert_eq!(unpacked(&bytes), Unpacked::Text(text));
    }

    #[test]
    fn only_what_is_large_and_gets_much_smaller_is_compressed() {
        let small = "x".repeat(DEFLATE_BYTES_MIN - 1);
        assert!(matches!(message(&small, true), Message::Text(_)));
        assert!(matches!(message(&"x".repeat(DEFLATE_BYTES_MIN), false), Message::Text(_)));
        let mut rng = baro_realtime::core::rng::Rng::from_number(7);
        let noise: String = (0..8_000).map(|_| char::from(33 + (rng.next_u64() % 90) as u8)).collect();
        assert!(matches!(message(&noise, true), Message::Text(_)));
    }

    #[test]
    fn a_bomb_is_inflated_to_the_limit_and_no_further() {
        let bomb = deflate(&vec![b' '; 32 * 1024 * 1024]);
        assert!(bomb.len() < 33 * 1024, "{}", bomb.len());
        assert_eq!(unpacked(&bomb), Unpacked::TooLarge);
        assert!(matches!(unpacked(&deflate(&vec![b' '; LIMIT])), Unpacked::Text(_)));
        assert_eq!(unpacked(&deflate(&vec![b' '; LIMIT + 1])), Unpacked::TooLarge);
    }

    #[test]
    fn what_is_no_compressed_text_is_said_to_be_none() {
        let good = deflate(b"{}");
        for cut in 1..good.len() {
            assert_eq!(unpacked(&good[..cut]), Unpacked::Broken, "{cut}");
        }
        assert_eq!(unpacked(&[good.as_slice(), b"x"].concat()), Unpacked::Broken);
        assert_eq!(unpacked(&[DEFLATED, 0xff, 0xff, 0xff]), Unpacked::Broken);
        assert_eq!(unpacked(&deflate(&[0xff, 0xfe])), Unpacked::Broken);
        assert_eq!(unpacked(&deflate(&[MESSAGES, 2, 0, b'5'])), Unpacked::Unknown);
        for unknown in [&[][..], &[0], &[MESSAGES, 2, 0, b'5'], &[9, 9]] {
            assert_eq!(unpacked(unknown), Unpacked::Unknown);
        }
    }

    #[tokio::test]
    async fn large_frames_wait_for_one_another_and_small_ones_do_not() {
        let traffic = Traffic::default();
        let mut held = Vec::new();
        for _ in 0..INBOUND_LARGE_MAX {
            held.push(traffic.room_for(INBOUND_LARGE_BYTES).await.expect("room"));
        }
        assert!(traffic.room_for(INBOUND_LARGE_BYTES - 1).await.is_none());
        let mut next = std::pin::pin!(traffic.room_for(INBOUND_LARGE_BYTES));
        assert!(futures_util::FutureExt::now_or_never(next.as_mut()).is_none());
        held.pop();
        assert!(next.await.is_some());
    }

    #[test]
    fn the_same_frame_is_packed_once_and_forgotten_with_its_last_holder() {
        let mut packing = Packing::default();
        let text: Arc<str> = Arc::from("x".repeat(RECENT_BYTES_MIN));
        let first = packing.pack(Frame::Text(Arc::clone(&text)));
        packing.pack(Frame::Text(Arc::from("other")));
        packing.rest();
        let again = packing.pack(Frame::Text(Arc::clone(&text)));
        assert!(Arc::ptr_eq(&first.0, &again.0));
        packing.rest();
        drop(text);
        packing.rest();
        assert!(packing.recent.is_empty());
    }
}
