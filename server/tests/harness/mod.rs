//! Starting the real program and talking to it.

#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a process takes real time")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use baro_realtime::core::wire;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream as AsyncTcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server with a folder of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    dir: Option<TempDir>,
    flags: Vec<String>,
}

impl Server {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let dir = TempDir::new().expect("a folder");
        std::fs::write(dir.path().join("secret"), format!("{SECRET}\n")).expect("a secret");
        let database = format!("sqlite:{}", dir.path().join("data.sqlite3").display());
        let mut all =
            vec!["--listen".to_owned(), "127.0.0.1:0".to_owned(), "--database".to_owned(), database];
        all.extend(flags.iter().map(|flag| flag.replace("{dir}", &dir.path().display().to_string())));
        Self::launch(dir, all)
    }

    pub(crate) fn start_jwt() -> Self {
        Self::start(&["--auth", "jwt", "--jwt-secret-file", "{dir}/secret"])
    }

    fn launch(dir: TempDir, flags: Vec<String>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_baro-realtime-server"))
            .args(&flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).expect("JSON on the first line");
        assert_eq!(line.trim_end(), told.to_string(), "nothing but the address");
        let address = told["listening"].as_str().expect("an address").parse().expect("an address");
        Self { child, address, dir: Some(dir), flags }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.as_ref().expect("a folder").path().join(name)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill").success());
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Waits for the end.
    pub(crate) fn exit(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status;
            }
            assert!(Instant::now() < end, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the process without a word and starts another on the same data.
    pub(crate) fn crash_and_restart(mut self) -> Self {
        self.signal("-KILL");
        self.exit();
        let dir = self.dir.take().expect("a folder");
        Self::launch(dir, self.flags.clone())
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::open(&format!("ws://{}/ws", self.address), &[]).await.expect("a connection")
    }

    /// A `baro.v1` client that was welcomed; its welcome.
    pub(crate) async fn hello(&self, client: &str, user: &str, acked: u64) -> (Client, Value) {
        let mut connection = self.connect().await;
        connection.send(hello(client, user, acked)).await;
        let welcome = connection.next().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (connection, welcome)
    }

    pub(crate) fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.raw_http(text.as_bytes())
    }

    pub(crate) fn raw_http(&self, bytes: &[u8]) -> Response {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(bytes).expect("a request");
        let mut answer = Vec::new();
        // A reset after the answer is an end like any other.
        let _end = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Response { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Memory that the server has resident, KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// One number of `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.http("GET", "/metrics", &[], "").body;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
    }

    /// What an upgrade is answered, in lower case.
    pub(crate) fn upgrade_head(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("an answer") > 0 {
            head.push(byte[0]);
        }
        String::from_utf8_lossy(&head).to_lowercase()
    }

    pub(crate) fn events(&self, project: &str) -> Vec<Value> {
        let response = self.http("GET", &format!("/api/events?projectId={project}"), &[], "");
        response.json().as_array().expect("an array").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        let whole = || format!("{} {}", self.status, self.body);
        serde_json::from_str(self.body.trim()).unwrap_or_else(|_| panic!("{}", whole()))
    }
}

/// One WebSocket.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<AsyncTcpStream>>,
    inbox: std::collections::VecDeque<Value>,
    /// The frames that arrived.
    pub(crate) frames: Vec<Seen>,
}

/// How a frame came, and how many bytes it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(usize),
    Binary(usize),
    Deflated(usize),
    Other,
}

impl Seen {
    fn of(frame: &Message) -> Self {
        match frame {
            Message::Text(text) => Self::Text(text.len()),
            Message::Binary(bytes) if bytes.first() == Some(&wire::DEFLATED) => Self::Deflated(bytes.len()),
            Message::Binary(bytes) => Self::Binary(bytes.len()),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Self::Other,
        }
    }
}

fn read_text(text: &str) -> Vec<Value> {
    let frame: Value = serde_json::from_str(text).expect("JSON");
    frame.as_array().cloned().unwrap_or_else(|| vec![frame])
}

fn read_binary(frame: &[u8]) -> Vec<Value> {
    if let Some((&wire::DEFLATED, stream)) = frame.split_first() {
        let mut inflated = Vec::new();
        flate2::read::DeflateDecoder::new(stream).read_to_end(&mut inflated).expect("a stream");
        return match inflated.first() {
            Some(&wire::MESSAGES) => read_binary(&inflated),
            _ => read_text(std::str::from_utf8(&inflated).expect("text")),
        };
    }
    let messages = wire::Frame::Binary(frame).read().expect("a frame");
    let whole = |message: Option<wire::Envelope<'_>>| message.expect("a message").whole().into_owned();
    messages.into_iter().map(|message| serde_json::from_str(&whole(message)).expect("JSON")).collect()
}

impl Client {
    pub(crate) async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().expect("a header"));
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Self { socket, inbox: std::collections::VecDeque::new(), frames: Vec::new() })
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    pub(crate) async fn try_send(&mut self, message: Message) {
        let _sent = self.socket.send(message).await;
    }

    /// The next message, whatever frame it is in.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            if let Some(message) = self.inbox.pop_front() {
                return message;
            }
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
            let frame = frame.expect("an open socket").expect("a frame");
            self.frames.push(Seen::of(&frame));
            match &frame {
                Message::Text(text) => self.inbox.extend(read_text(text)),
                Message::Binary(bytes) => self.inbox.extend(read_binary(bytes)),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) | Message::Frame(_) => panic!("expected a message, got {frame:?}"),
            }
        }
    }

    /// The next message of a type; those before it are dropped.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The answer to the message with this id.
    pub(crate) async fn answer(&mut self, id: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["id"] == id && message["type"] != "event:created" {
                return message;
            }
        }
    }

    pub(crate) async fn ask(&mut self, message: Value) -> Value {
        let id = message["id"].as_str().expect("an id").to_owned();
        self.send(message).await;
        self.answer(&id).await
    }

    /// What has arrived up to the answer to a ping.
    pub(crate) async fn settled(&mut self) -> Vec<Value> {
        self.send(json!({"type": "ping", "id": "settled"})).await;
        let mut seen = Vec::new();
        loop {
            let message = self.next().await;
            if message["type"] == "pong" && message["id"] == "settled" {
                return seen;
            }
            seen.push(message);
        }
    }

    /// The code with which the server closes.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a close in time");
            match frame {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(_)) => {}
                Some(Err(fault)) => panic!("no close frame: {fault}"),
                None => panic!("no close frame"),
            }
        }
    }
}

pub(crate) fn hello(client: &str, user: &str, acked: u64) -> Value {
    let payload = json!({"versions": ["baro.v1"], "client": client, "acked": acked, "user": {"id": user}});
    json!({"type": "hello", "id": "hello", "timestamp": 0, "payload": payload})
}

pub(crate) fn event(title: &str) -> Value {
    json!({
        "title": title, "startDate": "2026-03-01T09:00:00.000Z", "endDate": "2026-03-01T10:00:00.000Z",
        "projectId": "p",
    })
}

pub(crate) fn event_with(title: &str, more: Value) -> Value {
    let mut event = event(title);
    for (key, value) in more.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

/// A token for a user.
pub(crate) fn token(user: &str, projects: Value, lifetime_s: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a date");
    let exp = i64::try_from(now.as_secs()).expect("a date") + lifetime_s;
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let claims = json!({"sub": user, "exp": exp, "projects": projects, "name": user.to_uppercase()});
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a token")
}
