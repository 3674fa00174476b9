//! Configuration: every option, its default and its limits.
//!
//! Owns the reading of what the caller gave. Guarantees that a `Config` is usable as it is, and that a fault names the
//! option, what came and what is accepted. Knows nothing of where the values came from.

mod read;
mod value;

pub use value::Value;

use crate::core::fault::Fault;
use crate::core::merge::Strategy;
use crate::core::transport::Transports;
use read::{FirstFault, Reader};

/// How many attempts to reconnect, and how far apart.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconnectConfig {
    /// Attempts in a row before giving up; `None` is without limit.
    pub attempts_max: Option<u64>,
    /// First delay, ms.
    pub delay_ms: u64,
    /// Largest delay, ms.
    pub delay_ms_max: u64,
    /// What each delay is multiplied by.
    pub factor: f64,
    /// Whether delays are spread over their upper half.
    pub jitter: bool,
}

/// When a silent connection is asked whether it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// Silence before a ping, ms; a `baro.v1` server's word replaces it.
    pub interval_ms: u64,
    /// How long the answer may take, ms.
    pub timeout_ms: u64,
    /// The type of the ping message.
    pub message: String,
}

/// Where the token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPlacement {
    /// In the first message.
    Message,
    /// In the URL's query.
    Query,
    /// As a WebSocket subprotocol.
    Subprotocol,
}

/// Who the user is, for servers without sign-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserConfig {
    /// User id.
    pub id: String,
    /// Name to show.
    pub name: Option<String>,
    /// Picture.
    pub avatar: Option<String>,
    /// Colour, `#rrggbb`.
    pub color: Option<String>,
}

/// Where unsent edits are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineConfig {
    /// First part of the database's name; the user id is the second.
    pub database_name: String,
    /// Failures that the server calls retryable before a write counts as failed.
    pub retries_max: u64,
    /// How writes reach the server.
    pub route: Route,
}

/// How writes reach the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Route {
    /// Over the socket.
    #[default]
    Socket,
    /// As REST requests, to this address of events.
    Rest(String),
    /// Through a function of the program's.
    Program,
}

/// The whole configuration. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to connect to, absolute: a WebSocket's address, or one of polling.
    pub url: String,
    /// What may be used to connect.
    pub transports: Transports,
    /// WebSocket subprotocols to offer.
    pub protocols: Vec<String>,
    /// Whether `baro.v1` is offered to the server.
    pub negotiate: bool,
    /// A project that every connection subscribes to.
    pub project: Option<String>,
    /// The user, where sign-in does not tell.
    pub user: Option<UserConfig>,
    /// Reconnecting.
    pub reconnect: ReconnectConfig,
    /// Liveness.
    pub heartbeat: HeartbeatConfig,
    /// The first token.
    pub token: Option<String>,
    /// Whether the caller can make new tokens.
    pub can_refresh_token: bool,
    /// Where the token travels.
    pub placement: TokenPlacement,
    /// How long an acknowledgement may take.
    pub ack_timeout_ms: u64,
    /// So many writes leave at once even if earlier ones are unanswered.
    pub batch_size: u64,
    /// How long writes wait for each other while earlier ones are unanswered.
    pub batch_delay_ms: u64,
    /// Whether large frames may be compressed.
    pub compress: bool,
    /// Least time between two cursor positions.
    pub cursor_interval_ms: u64,
    /// Whether programs hold what they store by locks. Without, another one may send a write as it was when it read it.
    pub locks: bool,
    /// Storage of unsent edits, `None` for none.
    pub offline: Option<OfflineConfig>,
    /// What is to happen where two changed one thing.
    pub strategy: Strategy,
    /// Hidden this long, the connection is given up; `None` keeps it.
    pub hidden_disconnect_ms: Option<u64>,
    /// Whether the tabs of a user share a connection where they can.
    pub shared_tabs: bool,
    /// Whether events are also dispatched on `window`.
    pub window_events: bool,
}

impl Config {
    /// Reads a configuration. `base` is the page's address, for a `url` that is a path.
    ///
    /// # Errors
    /// `invalid_config`, naming the first option that is not acceptable.
    pub fn read(value: &Value, base: Option<&str>) -> Result<Self, Fault> {
        let first = FirstFault::default();
        let config = read_config(&Reader::root(value, OPTIONS, &first), base);
        match first.into_inner() {
            Some(fault) => Err(fault),
            None => Ok(config),
        }
    }

    /// Failures that the server calls retryable before a write is given up.
    pub fn offline_retries(&self) -> u64 {
        self.offline.as_ref().map_or(3, |offline| offline.retries_max)
    }
}

const OPTIONS: &[&str] = &[
    "url",
    "protocols",
    "dialect",
    "negotiate",
    "projectId",
    "user",
    "reconnect",
    "heartbeat",
    "auth",
    "ack",
    "batch",
    "cursor",
    "offline",
    "conflict",
    "transports",
    "visibility",
    "tabs",
    "socketio",
    "graphql",
    "windowEvents",
];

fn read_config(reader: &Reader<'_>, base: Option<&str>) -> Config {
    let url = reader.url("url", base);
    if reader.word("dialect", &["baro", "socket.io", "graphql-ws"]) != 0 {
        reader.unsupported("dialect", "this version speaks the dialect 'baro' only");
    }
    let auth = reader.object("auth", &["token", "refreshToken", "placement"]);
    let reconnect = reader.object("reconnect", &["maxAttempts", "delay", "maxDelay", "factor", "jitter"]);
    let heartbeat = reader.object("heartbeat", &["interval", "timeout", "message"]);
    let batch = reader.object("batch", &["size", "delay", "compress"]);
    let transports = read_transports(reader, &url);
    let delay_ms = reconnect.ms("delay", 1_000, 1, 3_600_000);
    Config {
        url,
        transports,
        protocols: reader.strings("protocols"),
        negotiate: reader.flag("negotiate", true),
        project: reader.name("projectId"),
        user: read_user(reader),
        reconnect: ReconnectConfig {
            attempts_max: reconnect.count_or_infinity("maxAttempts", 10),
            delay_ms,
            delay_ms_max: reconnect.ms("maxDelay", 30_000.max(delay_ms), delay_ms, 86_400_000),
            factor: reconnect.factor("factor", 1.5),
            jitter: reconnect.flag("jitter", true),
        },
        heartbeat: HeartbeatConfig {
            interval_ms: heartbeat.ms("interval", 30_000, 100, 3_600_000),
            timeout_ms: heartbeat.ms("timeout", 5_000, 100, 600_000),
            message: heartbeat.name("message").unwrap_or_else(|| "ping".to_owned()),
        },
        token: auth.text("token").filter(|token| !token.is_empty()),
        can_refresh_token: auth.function("refreshToken"),
        placement: match auth.word("placement", &["message", "query", "subprotocol"]) {
            0 => TokenPlacement::Message,
            1 => TokenPlacement::Query,
            _ => TokenPlacement::Subprotocol,
        },
        ack_timeout_ms: reader.object("ack", &["timeout"]).ms("timeout", 5_000, 1, 3_600_000),
        batch_size: batch.count("size", 10, 1, 1_000),
        batch_delay_ms: batch.ms("delay", 100, 0, 60_000),
        compress: batch.flag("compress", true),
        locks: true,
        cursor_interval_ms: reader.object("cursor", &["interval"]).ms("interval", 50, 0, 60_000),
        offline: read_offline(reader),
        strategy: read_strategy(reader),
        hidden_disconnect_ms: reader
            .object("visibility", &["disconnectAfter"])
            .ms_or_infinity("disconnectAfter", 300_000),
        shared_tabs: reader.word("tabs", &["shared", "separate"]) == 0,
        window_events: reader.flag("windowEvents", true),
    }
}

fn read_transports(reader: &Reader<'_>, url: &str) -> Transports {
    let named = reader.words("transports", &["websocket", "polling"]);
    let names = |word: &str| named.iter().any(|name| name == word);
    // The address of polling leads to no WebSocket, unless the caller says that it is one's.
    let (websocket, polling) = (named.is_empty() || names("websocket"), named.is_empty() || names("polling"));
    Transports { websocket: websocket && (url.starts_with("ws") || !polling), polling }
}

fn read_strategy(reader: &Reader<'_>) -> Strategy {
    let conflict = reader.object("conflict", &["strategy", "onConflict"]);
    conflict.function("onConflict");
    let at = conflict.word("strategy", &Strategy::ALL.map(Strategy::word));
    Strategy::ALL.get(at).copied().unwrap_or_default()
}

fn read_user(reader: &Reader<'_>) -> Option<UserConfig> {
    if !reader.has("user") {
        return None;
    }
    let user = reader.object("user", &["id", "name", "avatar", "color"]);
    let id = user.name("id");
    if id.is_none() {
        user.fault("id", "a string of 1 to 256 bytes");
    }
    let (name, avatar, color) = (user.text("name"), user.text("avatar"), user.text("color"));
    Some(UserConfig { id: id.unwrap_or_default(), name, avatar, color })
}

fn read_offline(reader: &Reader<'_>) -> Option<OfflineConfig> {
    if reader.is_false("offline") {
        return None;
    }
    let offline = reader.object("offline", &["databaseName", "maxRetries", "sync"]);
    Some(OfflineConfig {
        database_name: offline.name("databaseName").unwrap_or_else(|| "baro-calendar-offline".to_owned()),
        retries_max: offline.count("maxRetries", 3, 0, 1_000),
        route: offline.route("sync"),
    })
}

#[cfg(test)]
mod tests;
