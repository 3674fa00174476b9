//! The command line.

use std::ffi::OsString;

use lexopt::prelude::{Long, ValueExt as _};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Usage: npm run load -- --server HOST:PORT [flags]

  --server HOST:PORT   a running server with sign-in off
  --pid N              its process, to tell what it costs
  --connections N      [1000]
  --channels N         over which they are spread   [100]
  --rate N             writes a second, of all channels together   [100]
  --seconds N          how long   [10]
  --settle N           seconds to wait for what is still under way   [2]
  --events N           events of each channel beforehand, which every connection loads   [0]
  --accept LIST        binary,deflate-raw: what connections offer to read   [nothing]
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) server: String,
    pub(crate) pid: Option<u32>,
    pub(crate) connections: usize,
    pub(crate) channels: usize,
    pub(crate) rate: u64,
    pub(crate) seconds: u64,
    pub(crate) settle: u64,
    pub(crate) events: u64,
    pub(crate) accept: Vec<String>,
}

impl Options {
    /// How many connections listen to a channel.
    pub(crate) fn subscribers_of(&self, channel: usize) -> u64 {
        (self.connections / self.channels + usize::from(channel < self.connections % self.channels)) as u64
    }
}

/// Reads the arguments; nothing if help is asked for.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut server = None;
    let mut pid = None;
    let mut accept = Vec::new();
    let mut numbers = [
        ("connections", 1_000),
        ("channels", 100),
        ("rate", 100),
        ("seconds", 10),
        ("settle", 2),
        ("events", 0),
    ];
    while let Some(argument) = parser.next().map_err(|fault| fault.to_string())? {
        let Long(flag) = argument else { return Err("a flag is expected; see --help".to_owned()) };
        let flag = flag.to_owned();
        if flag == "help" {
            return Ok(None);
        }
        let text =
            parser.value().and_then(|value| value.string()).map_err(|fault| format!("--{flag}: {fault}"))?;
        let number = || text.parse::<u64>().map_err(|_| format!("--{flag}: got {text:?}, expected a number"));
        if let Some((_, slot)) = numbers.iter_mut().find(|(name, _)| *name == flag) {
            *slot = number()?;
            continue;
        }
        match flag.as_str() {
            "server" => server = Some(text),
            "pid" => {
                let wrong = |_| format!("--pid: got {text}, expected a process");
                pid = Some(u32::try_from(number()?).map_err(wrong)?);
            }
            "accept" => accept = text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            _ => return Err(format!("--{flag}: no such flag; see --help")),
        }
    }
    let [connections, channels, rate, seconds, settle, events] = numbers.map(|(_, number)| number);
    if connections == 0 || channels == 0 || channels > connections {
        return Err("--channels: expected from 1 to as many as connections".to_owned());
    }
    let sized = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Some(Options {
        server: server.ok_or("--server: missing; see --help")?,
        pid,
        connections: sized(connections),
        channels: sized(channels),
        rate,
        seconds,
        settle,
        events,
        accept,
    }))
}
