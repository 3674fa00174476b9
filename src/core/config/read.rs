//! Reading one object of the configuration, option by option.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an option takes some kinds of value, and everything else is refused alike"
)]

use super::value::Value;
use crate::core::fault::Fault;
use crate::core::json::push_string;

/// One object and its place in the configuration, `config.heartbeat`.
pub(super) struct Reader<'a> {
    path: String,
    fields: &'a [(String, Value)],
}

/// `words` as a person reads them: `'a', 'b'`.
pub(super) fn words(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

impl<'a> Reader<'a> {
    pub(super) fn root(value: &'a Value) -> Result<Self, Fault> {
        match value {
            Value::Object(fields) => Ok(Self { path: "config".to_owned(), fields }),
            other => Err(invalid("config", &other.shown(), "an object with at least { url }")),
        }
    }

    pub(super) fn only(&self, names: &[&str]) -> Result<(), Fault> {
        match self.fields.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, value)) => {
                let expected = format!("no such option; there are {}", words(names));
                Err(invalid(&format!("{}.{name}", self.path), &value.shown(), &expected))
            }
            None => Ok(()),
        }
    }

    fn value(&self, name: &str) -> &'a Value {
        self.fields.iter().rev().find(|(key, _)| key == name).map_or(&Value::Absent, |(_, value)| value)
    }

    pub(super) fn fault(&self, name: &str, expected: &str) -> Fault {
        // A token never stands in a message.
        let got = if name == "token" { "something else".to_owned() } else { self.value(name).shown() };
        invalid(&format!("{}.{name}", self.path), &got, expected)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        *self.value(name) != Value::Absent
    }

    pub(super) fn is_false(&self, name: &str) -> bool {
        *self.value(name) == Value::Bool(false)
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        *self.value(name) == Value::Function
    }

    pub(super) fn is_text(&self, name: &str) -> bool {
        matches!(self.value(name), Value::Text(_))
    }

    pub(super) fn is_word(&self, name: &str, word: &str) -> bool {
        matches!(self.value(name), Value::Text(text) if text == word)
    }

    /// The object `name`, an empty one if it is absent; it may hold `names` only.
    pub(super) fn object(&self, name: &str, names: &[&str]) -> Result<Self, Fault> {
        self.object_expecting(name, names, "an object")
    }

    pub(super) fn object_or_false(&self, name: &str, names: &[&str]) -> Result<Self, Fault> {
        self.object_expecting(name, names, "false or an object")
    }

    pub(super) fn object_or_other(&self, name: &str, names: &[&str]) -> Option<Self> {
        self.object(name, names).ok()
    }

    fn object_expecting(&self, name: &str, names: &[&str], expected: &str) -> Result<Self, Fault> {
        let fields = match self.value(name) {
            Value::Absent => &[][..],
            Value::Object(fields) => fields,
            _ => return Err(self.fault(name, expected)),
        };
        let reader = Self { path: format!("{}.{name}", self.path), fields };
        reader.only(names)?;
        Ok(reader)
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Fault> {
        match self.value(name) {
            Value::Absent => Ok(default),
            Value::Bool(value) => Ok(*value),
            _ => Err(self.fault(name, "true or false")),
        }
    }

    pub(super) fn function(&self, name: &str) -> Result<bool, Fault> {
        match self.value(name) {
            Value::Absent => Ok(false),
            Value::Function => Ok(true),
            _ => Err(self.fault(name, "a function")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.value(name) {
            Value::Absent => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            _ => Err(self.fault(name, "a string")),
        }
    }

    /// A string that names something.
    pub(super) fn name(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.text(name)? {
            Some(text) if text.is_empty() || text.len() > 256 => {
                Err(self.fault(name, "a string of 1 to 256 bytes"))
            }
            text => Ok(text),
        }
    }

    /// A number from 1 to 10.
    pub(super) fn factor(&self, name: &str, default: f64) -> Result<f64, Fault> {
        match self.value(name) {
            Value::Absent => Ok(default),
            Value::Number(value, _) if (1.0..=10.0).contains(value) => Ok(*value),
            _ => Err(self.fault(name, "a number from 1 to 10")),
        }
    }

    pub(super) fn ms(&self, name: &str, default: u64, least: u64, most: u64) -> Result<u64, Fault> {
        self.whole(name, least, most)
            .unwrap_or(Ok(default))
            .map_err(|()| self.fault(name, &format!("a number of milliseconds from {least} to {most}")))
    }

    pub(super) fn count(&self, name: &str, default: u64, least: u64, most: u64) -> Result<u64, Fault> {
        self.whole(name, least, most)
            .unwrap_or(Ok(default))
            .map_err(|()| self.fault(name, &format!("a whole number from {least} to {most}")))
    }

    pub(super) fn count_or_infinity(&self, name: &str, default: u64) -> Result<Option<u64>, Fault> {
        if matches!(self.value(name), Value::Number(value, _) if *value == f64::INFINITY) {
            return Ok(None);
        }
        let read = self.whole(name, 0, 1_000_000).unwrap_or(Ok(default));
        read.map(Some).map_err(|()| self.fault(name, "a whole number from 0 to 1000000, or Infinity"))
    }

    pub(super) fn ms_or_infinity(&self, name: &str, default: u64) -> Result<Option<u64>, Fault> {
        if matches!(self.value(name), Value::Number(value, _) if *value == f64::INFINITY) {
            return Ok(None);
        }
        let read = self.whole(name, 0, 86_400_000).unwrap_or(Ok(default));
        read.map(Some)
            .map_err(|()| self.fault(name, "a number of milliseconds from 0 to 86400000, or Infinity"))
    }

    fn whole(&self, name: &str, least: u64, most: u64) -> Option<Result<u64, ()>> {
        match self.value(name) {
            Value::Absent => None,
            // In this range every f64 without a fraction is exactly an integer.
            Value::Number(value, _) if *value >= 0.0 && *value <= 1e9 && value.fract() == 0.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked in the guard"
                )]
                let whole = *value as u64;
                Some(if (least..=most).contains(&whole) { Ok(whole) } else { Err(()) })
            }
            _ => Some(Err(())),
        }
    }

    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>, Fault> {
        let text = |item: &Value| match item {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let read = match self.value(name) {
            Value::Absent => Some(Vec::new()),
            Value::List(items) => items.iter().map(text).collect(),
            _ => None,
        };
        read.ok_or_else(|| self.fault(name, "an array of strings"))
    }

    /// An array of some of `accepted`.
    pub(super) fn words(&self, name: &str, accepted: &[&str]) -> Result<Vec<String>, Fault> {
        let fault = || self.fault(name, &format!("an array of one or more of {}", words(accepted)));
        let given = self.strings(name).map_err(|_| fault())?;
        let empty = given.is_empty() && self.has(name);
        if empty || given.iter().any(|word| !accepted.contains(&word.as_str())) {
            Err(fault())
        } else {
            Ok(given)
        }
    }

    pub(super) fn word<T: Copy>(&self, name: &str, accepted: &[(&str, T)], default: T) -> Result<T, Fault> {
        let found = match self.value(name) {
            Value::Absent => Some(default),
            Value::Text(text) => accepted.iter().find(|(word, _)| word == text).map(|(_, value)| *value),
            _ => None,
        };
        found.ok_or_else(|| {
            let known: Vec<&str> = accepted.iter().map(|(word, _)| *word).collect();
            self.fault(name, &format!("one of {}", words(&known)))
        })
    }

    /// An address for a WebSocket: `ws://`, `wss://`, `http://`, `https://`, or a path on the origin of `base`.
    pub(super) fn url(&self, name: &str, base: Option<&str>) -> Result<String, Fault> {
        let expected = "a ws://, wss://, http:// or https:// URL, or a path that begins with '/'";
        let text = self.text(name)?.ok_or_else(|| self.fault(name, expected))?;
        if text.contains(char::is_whitespace) || text.contains('#') {
            return Err(self.fault(name, expected));
        }
        let absolute = match (text.starts_with('/') && !text.starts_with("//"), base) {
            (true, Some(base)) => format!("{}{text}", base.trim_end_matches('/')),
            (true, None) => {
                return Err(self.fault(name, "an absolute URL, as there is no page to take the origin of"));
            }
            (false, _) => text,
        };
        for (scheme, socket) in
            [("http://", "ws://"), ("https://", "wss://"), ("ws://", "ws://"), ("wss://", "wss://")]
        {
            let cut = absolute.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme));
            if let (Some(_), Some(rest)) = (cut, absolute.get(scheme.len()..).filter(|rest| has_host(rest))) {
                return Ok(format!("{socket}{rest}"));
            }
        }
        Err(self.fault(name, expected))
    }
}

fn has_host(rest: &str) -> bool {
    !rest.is_empty() && !rest.starts_with(['/', '?', ':'])
}

fn invalid(field: &str, got: &str, expected: &str) -> Fault {
    let mut details = String::from("{\"field\":");
    push_string(&mut details, field);
    details.push_str(",\"got\":");
    push_string(&mut details, got);
    details.push_str(",\"expected\":");
    push_string(&mut details, expected);
    details.push('}');
    Fault::new("invalid_config", format!("{field}: expected {expected}; got {got}")).with_details(details)
}
