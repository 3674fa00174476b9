//! One WebSocket: what it says goes to the hub, what the hub says goes to it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt as _;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::driver::{Event, Outbound, Outgoing, Shared};
use super::packing::{Traffic, unpack};
use crate::access::Claims;
use crate::fault::Fault;
use crate::hub::{ConnectionId, Input};

/// How long a peer may take for one frame. One that takes nothing at all is cut off sooner, below.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the peer's answer to a close is waited for.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves a socket until it is over.
pub(super) async fn serve(
    mut socket: WebSocket,
    connection: ConnectionId,
    token: Option<Result<Claims, Fault>>,
    driver: &Sender<Event>,
    traffic: &Arc<Traffic>,
    frame_bytes: usize,
) {
    let (queue, outgoing) = unbounded_channel();
    let shared = Arc::new(Shared::new(traffic));
    let outbound = Outbound { queue, shared: Arc::clone(&shared) };
    // The driver ends only with the process.
    let opened = driver.send(Event::Opened { connection, token, binary: true, outbound }).await;
    if opened.is_ok() {
        let end = converse(&mut socket, connection, driver, outgoing, &shared, frame_bytes).await;
        let _told = driver.send(Event::Hub(Input::Closed { connection })).await;
        finish(&mut socket, end).await;
    }
}

/// Why a conversation is over.
enum End {
    /// The peer closed, or the socket broke.
    Peer,
    /// It has to be closed with this code.
    Close(u16, &'static str),
}

async fn converse(
    socket: &mut WebSocket,
    connection: ConnectionId,
    driver: &Sender<Event>,
    mut outgoing: UnboundedReceiver<Outgoing>,
    shared: &Shared,
    frame_bytes: usize,
) -> End {
    loop {
        let (input, bytes) = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    (Input::Received { connection, text: text.as_str().to_owned() }, text.len())
                }
                Some(Ok(Message::Binary(frame))) => {
                    let content = unpack(&frame, frame_bytes, &shared.traffic);
                    (Input::ReceivedBinary { connection, content }, frame_bytes)
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => (Input::Heard { connection }, 0),
                Some(Ok(Message::Close(_))) | None => return End::Peer,
                Some(Err(fault)) => return end_of(&fault),
            },
            first = outgoing.recv() => {
                let Some(first) = first else { return End::Peer };
                match write(socket, first, &mut outgoing, shared).await {
                    Ok(()) => continue,
                    Err(end) => return end,
                }
            }
        };
        let room = shared.traffic.room_for(bytes).await;
        if driver.send(Event::Received { input, room }).await.is_err() {
            return End::Peer;
        }
    }
}

/// Writes everything that waits, then flushes once.
async fn write(
    socket: &mut WebSocket,
    first: Outgoing,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    shared: &Shared,
) -> Result<(), End> {
    let mut next = Some(first);
    while let Some(one) = next {
        match one {
            Outgoing::Close { code, reason } => return Err(End::Close(code, reason)),
            Outgoing::Frame { frame, bulk, deflate } => {
                let bytes = frame.len();
                let message = frame.message(deflate, &shared.traffic);
                let written = tokio::select! {
                    written = timeout(WRITE_TIMEOUT, socket.feed(message)) => written,
                    () = shared.cut.notified() => return Err(End::Close(4429, "reading too slowly")),
                };
                shared.unqueue(bytes, bulk);
                if !matches!(written, Ok(Ok(()))) {
                    return Err(End::Peer);
                }
            }
        }
        next = outgoing.try_recv().ok();
    }
    let flushed = tokio::select! {
        flushed = timeout(WRITE_TIMEOUT, socket.flush()) => flushed,
        () = shared.cut.notified() => return Err(End::Close(4429, "reading too slowly")),
    };
    if matches!(flushed, Ok(Ok(()))) { Ok(()) } else { Err(End::Peer) }
}

/// The close code for what made reading fail.
fn end_of(fault: &axum::Error) -> End {
    // The library's own error type is not part of what axum exports, so its text is what there is to tell them apart.
    let text = fault.to_string();
    if text.contains("too long") || text.contains("too large") {
        End::Close(1009, "frame too large")
    } else if text.contains("utf-8") || text.contains("UTF-8") {
        End::Close(1007, "text is UTF-8")
    } else if text.contains("protocol error") && !text.contains("without closing handshake") {
        End::Close(1002, "WebSocket protocol violated")
    } else {
        End::Peer
    }
}

async fn finish(socket: &mut WebSocket, end: End) {
    let End::Close(code, reason) = end else {
        // Completes the closing handshake if the peer began one.
        let _closed = timeout(CLOSE_TIMEOUT, socket.close()).await;
        return;
    };
    let frame = CloseFrame { code, reason: reason.into() };
    let close = async {
        socket.send(Message::Close(Some(frame))).await?;
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
        Ok::<(), axum::Error>(())
    };
    // A peer that does not answer is left all the same.
    let _closed = timeout(CLOSE_TIMEOUT, close).await;
}
