//! Reading one object of the configuration, option by option.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an option takes some kinds of value, and everything else is refused alike"
)]

use std::cell::RefCell;
use std::ops::RangeInclusive;

use super::Route;
use super::value::Value;
use crate::core::fault::{Fault, FaultCode};

/// The first fault of a configuration. Readers go on with the default: a single way out is smaller than one an option.
pub(super) type FirstFault = RefCell<Option<Fault>>;

/// One object and its place in the configuration, `config.heartbeat`.
pub(super) struct Reader<'a> {
    path: String,
    fields: &'a [(String, Value)],
    first: &'a FirstFault,
}

/// `words` as a person reads them: `'a', 'b'`.
pub(super) fn words(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

impl<'a> Reader<'a> {
    /// The configuration itself; it may hold `names` only.
    pub(super) fn root(value: &'a Value, names: &[&str], first: &'a FirstFault) -> Self {
        let fields = match value {
            Value::Object(fields) => fields,
            other => {
                note(first, "config", &other.shown(), "an object with at least { url }");
                &[][..]
            }
        };
        let reader = Self { path: "config".to_owned(), fields, first };
        reader.only(names);
        reader
    }

    fn only(&self, names: &[&str]) {
        if let Some((name, value)) = self.fields.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            let expected = format!("no such option; there are {}", words(names));
            // A token under a name that is none does not stand in a message either.
            let got = if matches!(value, Value::Text(_)) { "a string".to_owned() } else { value.shown() };
            note(self.first, &format!("{}.{name}", self.path), &got, &expected);
        }
    }

    fn value(&self, name: &str) -> &'a Value {
        self.fields.iter().rev().find(|(key, _)| key == name).map_or(&Value::Absent, |(_, value)| value)
    }

    /// Takes note that the option `name` is not acceptable.
    pub(super) fn fault(&self, name: &str, expected: &str) {
        // A token never stands in a message.
        let got = if matches!(name, "token" | "auth") {
            "something else".to_owned()
        } else {
            self.value(name).shown()
        };
        // Nor does what somebody put into an address.
        let got = if name == "url" { got.split(['?', '#']).next().unwrap_or_default() } else { &got };
        note(self.first, &format!("{}.{name}", self.path), got, expected);
    }

    /// Takes note that what the option `name` asks for is not there.
    pub(super) fn unsupported(&self, name: &str, text: &str) {
        let fault = Fault::new(FaultCode::Unsupported, format!("{}.{name}: {text}", self.path));
        self.first.borrow_mut().get_or_insert(fault);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        *self.value(name) != Value::Absent
    }

    pub(super) fn is_false(&self, name: &str) -> bool {
        *self.value(name) == Value::Bool(false)
    }

    /// How writes reach the server.
    pub(super) fn route(&self, name: &str) -> Route {
        match self.value(name) {
            Value::Absent => {}
            Value::Text(word) if word == "socket" => {}
            Value::Function => return Route::Program,
            Value::Object(fields) => match &fields[..] {
                [(key, Value::Text(url))] if key == "rest" && is_http(url) => {
                    return Route::Rest(url.clone());
                }
                _ => self.fault(
                    name,
                    "{ rest: url }, with an http:// or https:// URL or a path that begins with '/'",
                ),
            },
            _ => self.fault(name, "'socket', { rest: url } or a function"),
        }
        Route::Socket
    }

    /// The object `name`, an empty one if it is absent; it may hold `names` only.
    pub(super) fn object(&self, name: &str, names: &[&str]) -> Self {
        let fields = match self.value(name) {
            Value::Object(fields) => fields,
            Value::Absent => &[][..],
            _ => {
                self.fault(name, "an object");
                &[][..]
            }
        };
        let reader = Self { path: format!("{}.{name}", self.path), fields, first: self.first };
        reader.only(names);
        reader
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        match self.value(name) {
            Value::Absent => {}
            Value::Bool(value) => return *value,
            _ => self.fault(name, "true or false"),
        }
        default
    }

    /// Whether the option is given; it has to be a function.
    pub(super) fn function(&self, name: &str) -> bool {
        if !matches!(self.value(name), Value::Absent | Value::Function) {
            self.fault(name, "a function");
        }
        self.has(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name) {
            Value::Text(text) => return Some(text.clone()),
            Value::Absent => {}
            _ => self.fault(name, "a string"),
        }
        None
    }

    /// A string that names something.
    pub(super) fn name(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.is_empty() || text.len() > 256 {
            self.fault(name, "a string of 1 to 256 bytes");
        }
        Some(text)
    }

    /// A number from 1 to 10.
    pub(super) fn factor(&self, name: &str, default: f64) -> f64 {
        match self.value(name) {
            Value::Absent => {}
            Value::Number(value, _) if (1.0..=10.0).contains(value) => return *value,
            _ => self.fault(name, "a number from 1 to 10"),
        }
        default
    }

    pub(super) fn ms(&self, name: &str, default: u64, least: u64, most: u64) -> u64 {
        self.whole(name, default, least..=most, "a number of milliseconds", false).unwrap_or(default)
    }

    pub(super) fn count(&self, name: &str, default: u64, least: u64, most: u64) -> u64 {
        self.whole(name, default, least..=most, "a whole number", false).unwrap_or(default)
    }

    pub(super) fn count_or_infinity(&self, name: &str, default: u64) -> Option<u64> {
        self.whole(name, default, 0..=1_000_000, "a whole number", true)
    }

    pub(super) fn ms_or_infinity(&self, name: &str, default: u64) -> Option<u64> {
        self.whole(name, default, 0..=86_400_000, "a number of milliseconds", true)
    }

    /// A whole number, or nothing for an infinity that is accepted.
    fn whole(
        &self,
        name: &str,
        default: u64,
        range: RangeInclusive<u64>,
        what: &str,
        infinity: bool,
    ) -> Option<u64> {
        match self.value(name) {
            Value::Absent => return Some(default),
            Value::Number(value, _) if infinity && *value == f64::INFINITY => return None,
            // In this range every f64 without a fraction is exactly an integer.
            Value::Number(value, _) if *value >= 0.0 && *value <= 1e9 && value.fract() == 0.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked in the guard"
                )]
                let whole = *value as u64;
                if range.contains(&whole) {
                    return Some(whole);
                }
            }
            _ => {}
        }
        let (least, most) = range.into_inner();
        let more = if infinity { ", or Infinity" } else { "" };
        self.fault(name, &format!("{what} from {least} to {most}{more}"));
        Some(default)
    }

    pub(super) fn strings(&self, name: &str) -> Vec<String> {
        self.list(name, "an array of strings", |_| true)
    }

    /// An array of some of `accepted`, and of at least one.
    pub(super) fn words(&self, name: &str, accepted: &[&str]) -> Vec<String> {
        let expected = format!("an array of one or more of {}", words(accepted));
        let list = self.list(name, &expected, |word| accepted.contains(&word));
        if list.is_empty() && self.has(name) {
            self.fault(name, &expected);
        }
        list
    }

    fn list(&self, name: &str, expected: &str, accepts: impl Fn(&str) -> bool) -> Vec<String> {
        let text = |item: &Value| match item {
            Value::Text(text) if !text.is_empty() && accepts(text) => Some(text.clone()),
            _ => None,
        };
        let read = match self.value(name) {
            Value::Absent => Some(Vec::new()),
            Value::List(items) => items.iter().map(text).collect(),
            _ => None,
        };
        if read.is_none() {
            self.fault(name, expected);
        }
        read.unwrap_or_default()
    }

    /// One of `accepted`, by its place; the first is the default.
    pub(super) fn word(&self, name: &str, accepted: &[&str]) -> usize {
        let found = match self.value(name) {
            Value::Absent => Some(0),
            Value::Text(text) => accepted.iter().position(|word| word == text),
            _ => None,
        };
        if found.is_none() {
            self.fault(name, &format!("one of {}", words(accepted)));
        }
        found.unwrap_or(0)
    }

    /// An address: `ws://`, `wss://`, `http://`, `https://`, or a path on the origin of `base`, which is a WebSocket's.
    pub(super) fn url(&self, name: &str, base: Option<&str>) -> String {
        let text = match self.value(name) {
            Value::Text(text) => text,
            _ => "",
        };
        let path = text.starts_with('/') && !text.starts_with("//");
        if path && base.is_none() {
            self.fault(name, "an absolute URL, as there is no page to take the origin of");
        }
        let absolute = format!("{}{text}", base.filter(|_| path).unwrap_or_default().trim_end_matches('/'));
        if !text.contains(char::is_whitespace) && !text.contains('#') {
            for (scheme, socket) in SCHEMES {
                let start =
                    absolute.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
                if let Some(rest) = absolute.get(scheme.len()..).filter(|rest| start && has_host(rest)) {
                    return format!("{}{rest}", if path { socket } else { scheme });
                }
            }
        }
        self.fault(name, "a ws://, wss://, http:// or https:// URL, or a path that begins with '/'");
        absolute
    }
}

/// What an address may begin with, and with what a WebSocket's does then.
const SCHEMES: [(&str, &str); 4] =
    [("http://", "ws://"), ("https://", "wss://"), ("ws://", "ws://"), ("wss://", "wss://")];

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let path = url.starts_with('/') && !url.starts_with("//");
    !url.contains(char::is_whitespace) && !url.contains(['?', '#']) && (path || rest.is_some_and(has_host))
}

fn has_host(rest: &str) -> bool {
    !rest.is_empty() && !rest.starts_with(['/', '?', ':'])
}

fn note(first: &FirstFault, field: &str, got: &str, expected: &str) {
    first.borrow_mut().get_or_insert_with(|| Fault {
        code: FaultCode::InvalidConfig,
        ..Fault::argument(field, got, expected)
    });
}
