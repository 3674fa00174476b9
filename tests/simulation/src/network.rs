//! Connections: an ordered pipe each way, which is slow, stands still, or is cut with what is in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baro_realtime::core::id::PipeId;
use baro_realtime::core::transport::Transport;
use baro_realtime::core::wire;
use baro_realtime_server::hub::ConnectionId;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// The device's.
    Device,
    /// The server's.
    Server,
}

/// What travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    /// The connection opens.
    Open,
    /// A text frame.
    Frame(Arc<str>),
    /// A binary frame.
    Binary(Arc<[u8]>),
    /// The connection is over.
    Close(u16, &'static str),
}

impl Packet {
    /// The messages of a frame as text, also those of a binary one.
    pub(crate) fn text(&self) -> Option<Arc<str>> {
        match self {
            Self::Frame(text) => Some(Arc::clone(text)),
            Self::Binary(bytes) => {
                let messages = wire::Frame::Binary(bytes).read().unwrap_or_default();
                let texts: Vec<_> = messages.iter().flatten().map(|message| message.whole()).collect();
                Some(Arc::from(format!("[{}]", texts.join(","))))
            }
            Self::Open | Self::Close(..) => None,
        }
    }
}

/// What is on its way to one end.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// When each arrives, and since when it travels.
    packets: VecDeque<(u64, u64, Packet)>,
    last_due: u64,
    clogged_until: u64,
    ended: bool,
}

impl Lane {
    /// Puts a packet in. Returns when it arrives, `None` if nothing arrives here any more.
    pub(crate) fn push(&mut self, now: u64, at: u64, packet: Packet) -> Option<u64> {
        if self.ended {
            return None;
        }
        self.ended = matches!(packet, Packet::Close(..));
        let due = at.max(self.last_due).max(self.clogged_until);
        self.last_due = due;
        self.packets.push_back((due, now, packet));
        Some(due)
    }

    /// The next packet if it has arrived by `now`; else when to look again.
    pub(crate) fn pop(&mut self, now: u64) -> Result<Packet, Option<u64>> {
        let Some((due, ..)) = self.packets.front() else { return Err(None) };
        let due = (*due).max(self.clogged_until);
        if due > now {
            return Err(Some(due));
        }
        self.packets.pop_front().map(|(.., packet)| packet).ok_or(None)
    }

    /// Nothing arrives before `until`.
    pub(crate) fn clog(&mut self, until: u64) {
        self.clogged_until = self.clogged_until.max(until);
    }

    /// Everything that was held back arrives.
    pub(crate) fn unclog(&mut self) {
        self.clogged_until = 0;
    }

    /// Loses all but the first `keep` packets, and ends. Returns when the end arrives.
    pub(crate) fn cut(&mut self, now: u64, keep: usize, at: u64, code: u16) -> Option<u64> {
        self.packets.truncate(keep);
        self.last_due = self.packets.back().map_or(0, |(due, ..)| *due);
        self.ended = false;
        self.push(now, at, Packet::Close(code, ""))
    }

    /// Since when the first packet travels that has not arrived.
    pub(crate) fn stuck_since(&self) -> Option<u64> {
        self.packets.front().map(|(_, since, _)| *since)
    }

    /// How many packets are on their way.
    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Nothing arrives here any more.
    pub(crate) fn close(&mut self) {
        self.packets.clear();
        self.ended = true;
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) device: usize,
    /// The life of the program that opened it.
    pub(crate) life: u64,
    pub(crate) pipe: PipeId,
    pub(crate) transport: Transport,
    pub(crate) to_device: Lane,
    pub(crate) to_server: Lane,
    /// Whether the server has it and has not ended it.
    pub(crate) served: bool,
    /// What its last good token allows, if users sign in.
    pub(crate) grant: Option<Grant>,
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) projects: BTreeSet<String>,
    /// When the connection has to be over, on the world's clock.
    pub(crate) until: u64,
}

impl Connection {
    pub(crate) fn lane(&mut self, end: End) -> &mut Lane {
        match end {
            End::Device => &mut self.to_device,
            End::Server => &mut self.to_server,
        }
    }
}

/// All connections that may still carry something.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    last: u64,
    /// Until when new connections are refused (`false`) or never answered (`true`).
    pub(crate) refusing: Option<(u64, bool)>,
    /// Until when new connections are ended soon after they opened.
    pub(crate) flapping_until: u64,
    /// Until when WebSockets do not get through, and what happens to them.
    pub(crate) blocked: Option<(u64, Block)>,
}

/// What a network does to the WebSockets that it does not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// They are refused.
    Refuse,
    /// They never open.
    Ignore,
    /// They open, and nothing that they carry arrives.
    Swallow,
}

impl Network {
    /// A new connection of a device's program.
    pub(crate) fn open(
        &mut self,
        device: usize,
        life: u64,
        pipe: PipeId,
        transport: Transport,
    ) -> ConnectionId {
        self.last += 1;
        let id = ConnectionId(self.last);
        let (to_device, to_server) = (Lane::default(), Lane::default());
        let connection =
            Connection { device, life, pipe, transport, to_device, to_server, served: false, grant: None };
        self.connections.insert(id, connection);
        id
    }

    /// The WebSockets.
    pub(crate) fn sockets(&self) -> Vec<ConnectionId> {
        let is_socket = |one: &Connection| one.transport == Transport::WebSocket;
        self.connections.iter().filter(|(_, one)| is_socket(one)).map(|(id, _)| *id).collect()
    }

    /// The connections of a device, oldest first.
    pub(crate) fn of_device(&self, device: usize) -> Vec<ConnectionId> {
        self.connections.iter().filter(|(_, one)| one.device == device).map(|(id, _)| *id).collect()
    }
}
