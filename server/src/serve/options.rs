//! The command line.
//!
//! Every fault names the flag, what came and what is accepted.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, ValueExt as _};

use super::access_control::{Origins, is_origin};
use super::peers::PeerLimits;

/// What `--help` prints.
pub const USAGE: &str = "\
Usage: baro-realtime-server [flags]

  --listen ADDR              address and port, port 0 is any free one   [127.0.0.1:8787]
  --database sqlite:PATH     where the data is; sqlite::memory: keeps it nowhere   [sqlite:baro-realtime.sqlite3]
  --auth none|jwt            none: clients name themselves; jwt: they sign in   [none, on a loopback address only]
  --jwt-secret-file FILE     secret of the tokens (HS256), at least 16 bytes; needed with --auth jwt
  --allow-origin ORIGIN      a page that may connect, https://app.example; repeatable; '*' needs --auth none
                             [pages from the server's own host]
  --serve DIR                serves the files of a page from this directory
  --heartbeat-interval MS    silence after which clients ask whether the server is there, 1000 to 300000   [6000]
  --heartbeat-timeout MS     how long they wait for an answer, 500 to 60000   [3000]
  --write-timeout MS         how long a peer may take nothing of what is sent, 1000 to 600000   [30000]
  --poll-wait MS             how long a polling request waits for something, 1000 to 120000   [25000]
  --connections-per-ip N     open connections of one address (IPv6: /64)   [1000; any number on loopback and private addresses]
  --handshakes-per-ip N      handshakes a second of one address, five seconds' worth at once   [100; the same]
  --requests-per-ip N        REST requests a second, likewise   [100; the same]
  --connections-per-user N   open connections of one user   [100]
  --help, --version

The first line on standard output is {\"listening\":\"ADDR\"}. WebSocket at /ws, long polling at /poll, REST at /api/events,
/healthz, /metrics.
SIGTERM and SIGINT tell clients to come back later and end the server.
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Serve.
    Run(Box<Options>),
    /// Print the usage.
    Help,
    /// Print the version.
    Version,
}

/// How clients are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By what they say.
    None,
    /// By a token, checked with the secret in this file.
    Jwt(PathBuf),
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In a file.
    File(PathBuf),
    /// Nowhere: it ends with the process.
    Memory,
}

/// A server's configuration.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--listen`.
    pub listen: SocketAddr,
    /// `--database`.
    pub database: Database,
    /// `--auth`.
    pub auth: Auth,
    /// `--allow-origin`.
    pub origins: Origins,
    /// `--serve`.
    pub serve: Option<PathBuf>,
    /// `--heartbeat-interval`.
    pub heartbeat_interval_ms: Option<u64>,
    /// `--heartbeat-timeout`.
    pub heartbeat_timeout_ms: Option<u64>,
    /// `--write-timeout`.
    pub write_timeout_ms: Option<u64>,
    /// `--poll-wait`.
    pub poll_wait_ms: Option<u64>,
    /// `--connections-per-ip`, `--handshakes-per-ip`, `--requests-per-ip`.
    pub peers: PeerLimits,
    /// `--connections-per-user`.
    pub connections_per_user: Option<u64>,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// A sentence about the first argument that is not right.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut listen = None;
    let mut database = None;
    let mut auth = None;
    let mut secret_file = None;
    let mut origins = Vec::new();
    let mut serve = None;
    let mut numbers = [None; NUMBERS.len()];
    while let Some(argument) = parser.next().map_err(|fault| fault.to_string())? {
        let flag = match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            Long(name) => format!("--{name}"),
            Short(name) => return Err(format!("-{name}: no such flag; see --help")),
            lexopt::Arg::Value(value) => {
                return Err(format!("{}: no flag; see --help", value.display()));
            }
        };
        let number = NUMBERS.iter().position(|(name, ..)| *name == flag);
        if number.is_none() && !KNOWN.contains(&flag.as_str()) {
            let numbers = NUMBERS.iter().map(|(name, ..)| *name);
            let all: Vec<&str> = KNOWN.into_iter().chain(numbers).collect();
            return Err(format!("{flag}: no such flag; accepted are {}", all.join(" ")));
        }
        let value = parser.value().map_err(|_| format!("{flag}: a value is missing; see --help"))?;
        let path = PathBuf::from(&value);
        let text = value.string().map_err(|value| wrong(&flag, &value.to_string(), "UTF-8 text"))?;
        if let Some((at, slot)) = number.and_then(|at| Some((at, numbers.get_mut(at)?))) {
            *slot = Some(number_of(&NUMBERS[at], &text)?);
            continue;
        }
        match flag.as_str() {
            "--listen" => listen = Some(address(&flag, &text)?),
            "--database" => database = Some(database_of(&flag, &text)?),
            "--auth" if text == "none" || text == "jwt" => auth = Some(text),
            "--auth" => return Err(wrong(&flag, &text, "none or jwt")),
            "--jwt-secret-file" => secret_file = Some(path),
            "--allow-origin" if text == "*" || is_origin(&text) => origins.push(text),
            "--allow-origin" => return Err(wrong(&flag, &text, "scheme://host or scheme://host:port, or *")),
            "--serve" if path.is_dir() => serve = Some(path),
            _ => return Err(wrong(&flag, &text, "a directory that exists")),
        }
    }
    let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787)));
    let auth = auth_of(auth.as_deref(), secret_file, listen.ip())?;
    let origins = Origins::new(origins);
    if origins.is_any() && auth != Auth::None {
        return Err("--allow-origin: got *, which needs --auth none; name the origins instead".to_owned());
    }
    let database = database.unwrap_or_else(|| Database::File(PathBuf::from("baro-realtime.sqlite3")));
    let [
        heartbeat_interval_ms,
        heartbeat_timeout_ms,
        write_timeout_ms,
        poll_wait_ms,
        connections,
        handshakes,
        requests,
        of_user,
    ] = numbers;
    Ok(Command::Run(Box::new(Options {
        listen,
        database,
        auth,
        origins,
        serve,
        heartbeat_interval_ms,
        heartbeat_timeout_ms,
        write_timeout_ms,
        poll_wait_ms,
        peers: PeerLimits { connections, handshakes, requests },
        connections_per_user: of_user,
    })))
}

/// Flags that take a number: their unit and what is accepted.
const NUMBERS: [(&str, &str, RangeInclusive<u64>); 8] = [
    ("--heartbeat-interval", "milliseconds", 1_000..=300_000),
    ("--heartbeat-timeout", "milliseconds", 500..=60_000),
    ("--write-timeout", "milliseconds", 1_000..=600_000),
    ("--poll-wait", "milliseconds", 1_000..=120_000),
    ("--connections-per-ip", "a number", 1..=1_000_000),
    ("--handshakes-per-ip", "a number", 1..=1_000_000),
    ("--requests-per-ip", "a number", 1..=1_000_000),
    ("--connections-per-user", "a number", 1..=1_000_000),
];

fn number_of((flag, unit, range): &(&str, &str, RangeInclusive<u64>), text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let expected = || format!("{unit} from {} to {}", range.start(), range.end());
    number.ok_or_else(|| wrong(flag, text, &expected()))
}

const KNOWN: [&str; 8] = [
    "--listen",
    "--database",
    "--auth",
    "--jwt-secret-file",
    "--allow-origin",
    "--serve",
    "--help",
    "--version",
];

fn wrong(flag: &str, got: &str, expected: &str) -> String {
    format!("{flag}: got {got:?}, expected {expected}")
}

fn address(flag: &str, text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| wrong(flag, text, "an address with a port, as 127.0.0.1:0"))
}

fn database_of(flag: &str, text: &str) -> Result<Database, String> {
    match text.strip_prefix("sqlite:") {
        Some(":memory:") => Ok(Database::Memory),
        Some(path) if !path.is_empty() => Ok(Database::File(PathBuf::from(path))),
        _ => Err(wrong(flag, text, "sqlite:PATH or sqlite::memory:")),
    }
}

fn auth_of(named: Option<&str>, secret_file: Option<PathBuf>, ip: IpAddr) -> Result<Auth, String> {
    match (named, secret_file) {
        (Some("jwt"), Some(file)) => Ok(Auth::Jwt(file)),
        (Some("jwt"), None) => Err("--jwt-secret-file: missing; --auth jwt needs it".to_owned()),
        (_, Some(_)) => Err("--jwt-secret-file: only with --auth jwt".to_owned()),
        (Some(_), None) => Ok(Auth::None),
        (None, None) if ip.is_loopback() => Ok(Auth::None),
        (None, None) => Err("--auth: missing; on an address that others reach, say none or jwt".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(arguments: &[&str]) -> String {
        parse(arguments.iter().map(OsString::from)).map(|_| ()).expect_err("a fault")
    }

    #[test]
    fn faults_name_the_flag_what_came_and_what_is_accepted() {
        for (arguments, flag) in [
            (&["--port", "80"][..], "--port: no such flag"),
            (&["--listen", "here"], "--listen: got \"here\", expected an address"),
            (&["--listen"], "--listen: a value is missing"),
            (&["--database", "mysql://x"], "--database: got \"mysql://x\", expected sqlite:PATH"),
            (&["--auth", "basic"], "--auth: got \"basic\", expected none or jwt"),
            (&["--auth", "jwt"], "--jwt-secret-file: missing"),
            (&["--jwt-secret-file", "f"], "--jwt-secret-file: only with"),
            (&["--allow-origin", "https://a/b"], "--allow-origin: got"),
            (&["--auth", "jwt", "--jwt-secret-file", "f", "--allow-origin", "*"], "--allow-origin: got *"),
            (&["--heartbeat-interval", "5s"], "--heartbeat-interval: got \"5s\", expected milliseconds"),
            (&["--heartbeat-timeout", "1"], "--heartbeat-timeout: got \"1\", expected milliseconds from 500"),
            (&["--poll-wait", "0"], "--poll-wait: got \"0\", expected milliseconds from 1000 to 120000"),
            (&["--connections-per-ip", "-1"], "--connections-per-ip: got \"-1\", expected a number from 1"),
            (&["--serve", "/no/such"], "--serve: got"),
            (&["--listen", "0.0.0.0:1"], "--auth: missing"),
            (&["-x"], "-x: no such flag"),
            (&["file"], "file: no flag"),
        ] {
            assert!(fault(arguments).starts_with(flag), "{arguments:?}: {}", fault(arguments));
        }
    }

    #[test]
    fn flags_are_read() {
        let arguments =
            ["--listen=127.0.0.1:0", "--database", "sqlite::memory:", "--allow-origin", "http://a:1"];
        let Ok(Command::Run(options)) = parse(arguments.iter().map(OsString::from)) else { panic!() };
        assert_eq!(
            (options.listen.port(), options.database, options.auth),
            (0, Database::Memory, Auth::None)
        );
        assert!(matches!(parse([OsString::from("--help")]), Ok(Command::Help)));
    }
}
