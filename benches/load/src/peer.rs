//! One connection: it joins a channel, and checks what it is told. The first of each channel writes.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::collections::{BTreeMap, VecDeque};
use std::io::Read as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use baro_realtime::core::wire::{DEFLATED, Envelope, Frame, Kind};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::options::Options;

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Joining,
    Writing,
    Settling,
    Over,
}

/// What all connections know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// Reached when every connection has its channel's content.
    pub(crate) joined: Barrier,
    pub(crate) phases: watch::Receiver<Phase>,
}

/// What became of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Writes, by channel.
    pub(crate) written: BTreeMap<usize, u64>,
    pub(crate) delivered: u64,
    /// Changes that came again or out of order.
    pub(crate) twice: u64,
    pub(crate) frames: u64,
    /// Bytes of frames with changes, and of those before.
    pub(crate) change_bytes: u64,
    pub(crate) content_bytes: u64,
    pub(crate) acknowledged_us: Vec<u32>,
    pub(crate) delivered_us: Vec<u32>,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        for (channel, count) in other.written {
            *self.written.entry(channel).or_default() += count;
        }
        self.delivered += other.delivered;
        self.twice += other.twice;
        self.frames += other.frames;
        self.change_bytes += other.change_bytes;
        self.content_bytes += other.content_bytes;
        self.acknowledged_us.extend(other.acknowledged_us);
        self.delivered_us.extend(other.delivered_us);
    }
}

/// Microseconds since the first call.
fn clock_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn since_us(at_us: u64) -> u32 {
    u32::try_from(clock_us().saturating_sub(at_us)).unwrap_or(u32::MAX)
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(options: &Options, name: &str) -> Result<Socket, String> {
    let fault = |fault: &dyn std::fmt::Display| format!("{name}: {fault}");
    let stream = TcpStream::connect(&options.server).await.map_err(|error| fault(&error))?;
    stream.set_nodelay(true).map_err(|error| fault(&error))?;
    let url = format!("ws://{}/ws", options.server);
    let (socket, _) = client_async(url, stream).await.map_err(|error| fault(&error))?;
    Ok(socket)
}

fn hello(options: &Options, name: &str) -> Value {
    let run = std::process::id();
    json!({"type": "hello", "id": "h", "payload": {
        "versions": ["baro.v1"], "client": format!("load-{run}-{name}"), "acked": 0,
        "user": {"id": name}, "accept": options.accept,
    }})
}

/// Projects of one run are its own, so that a server may serve many.
fn project(channel: usize) -> String {
    format!("load-{}-{channel}", std::process::id())
}

fn write(channel: usize, seq: u64, title: &str) -> Value {
    json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": {
        "title": title, "startDate": "2026-03-01T09:00:00.000Z", "endDate": "2026-03-01T10:30:00.000Z",
        "projectId": project(channel), "description": "Weekly meeting of everybody who works on the line-up",
        "location": "Room 4", "color": "#2563eb", "attendees": ["ana", "ben"], "status": "confirmed",
    }})
}

/// Puts events into every channel beforehand.
pub(crate) async fn fill(shared: &Shared) -> Result<(), String> {
    for channel in 0..shared.options.channels {
        let name = format!("fill{channel}");
        let mut socket = connect(&shared.options, &name).await?;
        let send = async |socket: &mut Socket, message: Value| {
            socket.send(Message::text(message.to_string())).await.map_err(|fault| format!("{name}: {fault}"))
        };
        send(&mut socket, hello(&shared.options, &name)).await?;
        for seq in 1..=shared.options.events {
            send(&mut socket, write(channel, seq, &format!("meeting {seq}"))).await?;
            // As many as a client has under way.
            let full = seq % 32 == 0 || seq == shared.options.events;
            while full && !acknowledged(&next(&mut socket, &name).await?)?.contains(&seq) {}
        }
    }
    Ok(())
}

fn acknowledged(frame: &Received) -> Result<Vec<u64>, String> {
    let messages = frame.read()?;
    let refused = messages.iter().find(|message| message.kind == Kind::Error);
    if let Some(refused) = refused {
        return Err(format!("the server refuses: {}", refused.payload));
    }
    Ok(messages
        .iter()
        .filter(|message| message.kind == Kind::Ack)
        .filter_map(|message| message.seq)
        .collect())
}

/// A frame as it arrived and as it was before compression.
struct Received {
    wire_bytes: usize,
    text: Option<String>,
    bytes: Vec<u8>,
}

impl Received {
    fn read(&self) -> Result<Vec<Envelope<'_>>, String> {
        let frame = match &self.text {
            Some(text) => Frame::Text(text),
            None => Frame::Binary(&self.bytes),
        };
        let messages = frame.read().map_err(|fault| format!("a frame that is none: {fault}"))?;
        messages
            .into_iter()
            .map(|message| message.ok_or_else(|| "a message that is none".to_owned()))
            .collect()
    }
}

async fn next(
    socket: &mut (
             impl futures_util::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin
         ),
    name: &str,
) -> Result<Received, String> {
    loop {
        let message = socket.next().await.ok_or_else(|| format!("{name}: closed"))?;
        match message.map_err(|fault| format!("{name}: {fault}"))? {
            Message::Text(text) => {
                let text = text.as_str().to_owned();
                return Ok(Received { wire_bytes: text.len(), text: Some(text), bytes: Vec::new() });
            }
            Message::Binary(bytes) => return unpacked(&bytes).map_err(|fault| format!("{name}: {fault}")),
            Message::Close(close) => return Err(format!("{name}: closed: {close:?}")),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

fn unpacked(bytes: &[u8]) -> Result<Received, String> {
    let wire_bytes = bytes.len();
    let Some((&DEFLATED, stream)) = bytes.split_first() else {
        return Ok(Received { wire_bytes, text: None, bytes: bytes.to_vec() });
    };
    let mut inflated = Vec::new();
    flate2::read::DeflateDecoder::new(stream)
        .read_to_end(&mut inflated)
        .map_err(|fault| fault.to_string())?;
    if inflated.first() == Some(&1) {
        return Ok(Received { wire_bytes, text: None, bytes: inflated });
    }
    let text = String::from_utf8(inflated).map_err(|fault| fault.to_string())?;
    Ok(Received { wire_bytes, text: Some(text), bytes: Vec::new() })
}

/// One connection.
pub(crate) struct Peer {
    channel: usize,
    writes: bool,
    name: String,
    shared: Arc<Shared>,
    last: u64,
    outcome: Outcome,
    /// When the writes were due that are not acknowledged.
    due_us: Arc<Mutex<VecDeque<u64>>>,
}

impl Peer {
    pub(crate) fn new(number: usize, shared: Arc<Shared>) -> Self {
        let channels = shared.options.channels;
        Self {
            channel: number % channels,
            writes: number < channels,
            name: format!("peer{number}"),
            shared,
            last: 0,
            outcome: Outcome::default(),
            due_us: Arc::default(),
        }
    }

    pub(crate) async fn run(mut self) -> Result<Outcome, String> {
        let mut socket = connect(&self.shared.options, &self.name).await?;
        self.join(&mut socket).await?;
        self.shared.joined.wait().await;
        let mut phases = self.shared.phases.clone();
        let (mut sink, mut stream) = socket.split();
        let due_us = Arc::clone(&self.due_us);
        let (channel, name, shared) = (self.channel, self.name.clone(), Arc::clone(&self.shared));
        let writing = self.writes;
        let writer = async move {
            let mut phases = shared.phases.clone();
            let reached = phases.wait_for(|phase| *phase != Phase::Joining).await.is_ok();
            let mut seq = 0;
            let rate = shared.options.rate as f64 / shared.options.channels as f64;
            if reached && writing && rate > 0.0 {
                let start_us = clock_us();
                // Channels write one after another, not all at once.
                let offset = channel as f64 / shared.options.channels as f64;
                loop {
                    let due = start_us + ((seq as f64 + offset) / rate * 1e6) as u64;
                    tokio::time::sleep(Duration::from_micros(due.saturating_sub(clock_us()))).await;
                    if *phases.borrow_and_update() != Phase::Writing {
                        break;
                    }
                    seq += 1;
                    due_us.lock().unwrap_or_else(PoisonError::into_inner).push_back(due);
                    let message = write(channel, seq, &due.to_string()).to_string();
                    sink.send(Message::text(message)).await.map_err(|fault| format!("{name}: {fault}"))?;
                }
            }
            // The socket's other half is in use until the end.
            let _over = phases.wait_for(|phase| *phase == Phase::Over).await.is_ok();
            Ok::<_, String>((seq, sink))
        };
        let reader = async {
            loop {
                tokio::select! {
                    received = next(&mut stream, &self.name) => self.take(&received?)?,
                    _ = phases.wait_for(|phase| *phase == Phase::Over) => return Ok::<_, String>(()),
                }
            }
        };
        let (written, read) = tokio::join!(writer, reader);
        read?;
        self.outcome.written.insert(self.channel, written?.0);
        Ok(self.outcome)
    }

    async fn join(&mut self, socket: &mut Socket) -> Result<(), String> {
        let channel = format!("project:{}", project(self.channel));
        let subscribe = json!({"type": "subscribe", "id": "s", "payload": {"channel": channel}});
        let flight = json!([hello(&self.shared.options, &self.name), subscribe]).to_string();
        socket.send(Message::text(flight)).await.map_err(|fault| format!("{}: {fault}", self.name))?;
        loop {
            let received = next(socket, &self.name).await?;
            self.outcome.content_bytes += received.wire_bytes as u64;
            for message in received.read()? {
                if !matches!(message.kind, Kind::Subscribed | Kind::Snapshot) {
                    continue;
                }
                let payload: Value =
                    serde_json::from_str(message.payload).map_err(|fault| fault.to_string())?;
                self.last = payload["seq"].as_u64().unwrap_or(self.last);
                if payload["more"] != true {
                    return Ok(());
                }
            }
        }
    }

    /// Counts what a frame says.
    fn take(&mut self, received: &Received) -> Result<(), String> {
        let mut changes = 0;
        for message in received.read()? {
            match (message.kind, message.seq) {
                (Kind::EventCreated, Some(seq)) if seq > self.last => {
                    self.last = seq;
                    changes += 1;
                    self.outcome.delivered += 1;
                    let title =
                        message.payload.split("\"title\":\"").nth(1).and_then(|rest| rest.split('"').next());
                    let due = title.and_then(|title| title.parse().ok());
                    self.outcome.delivered_us.extend(due.map(since_us));
                }
                (Kind::EventCreated, _) => self.outcome.twice += 1,
                (Kind::Ack, Some(_)) => {
                    let due = self.due_us.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    self.outcome.acknowledged_us.extend(due.map(since_us));
                }
                (Kind::Error, _) => return Err(format!("{}: refused: {}", self.name, message.payload)),
                _ => {}
            }
        }
        self.outcome.frames += 1;
        self.outcome.change_bytes += if changes > 0 { received.wire_bytes as u64 } else { 0 };
        Ok(())
    }
}
