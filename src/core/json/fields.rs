//! A JSON object as an ordered list of fields.

use super::scan::{JsonError, each_field};
use super::text::{as_string, as_u53, is_null, push_string, quote};

/// Most fields that an object may have to be taken apart: replacing a repeated key looks through all of them.
pub const FIELDS_MAX: usize = 1_000;

/// A JSON object: keys decoded, values as raw text, order kept. A repeated key's last value counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    list: Vec<(String, String)>,
}

impl Fields {
    /// An object without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the JSON object `text` apart.
    ///
    /// # Errors
    /// When `text` is not one JSON object of at most [`FIELDS_MAX`] fields.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut fields = Self::new();
        let mut overflow = false;
        each_field(text, |key, value| {
            overflow |= fields.list.len() >= FIELDS_MAX;
            if !overflow {
                fields.set(&key, value);
            }
        })?;
        if overflow {
            return Err(JsonError { at: 0, expected: "an object of at most 1000 fields" });
        }
        Ok(fields)
    }

    /// The raw text of the value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.list.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The value of `key` if it is a string.
    pub fn string(&self, key: &str) -> Option<String> {
        self.get(key).and_then(as_string).map(std::borrow::Cow::into_owned)
    }

    /// The value of `key` if it is an integer from 0 to 2⁵³ − 1.
    pub fn u53(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(as_u53)
    }

    /// Whether `key` is missing or `null`.
    pub fn is_absent(&self, key: &str) -> bool {
        self.get(key).is_none_or(is_null)
    }

    /// Gives `key` the value with the raw text `raw`; a new key goes to the end.
    pub fn set(&mut self, key: &str, raw: &str) {
        match self.list.iter_mut().find(|(name, _)| name == key) {
            Some((_, value)) => raw.clone_into(value),
            None => self.list.push((key.to_owned(), raw.to_owned())),
        }
    }

    /// Gives `key` the string `text`.
    pub fn set_string(&mut self, key: &str, text: &str) {
        self.set(key, &quote(text));
    }

    /// Removes `key`; returns its raw value if it was there.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.list.iter().position(|(name, _)| name == key)?;
        Some(self.list.remove(at).1)
    }

    /// Sets every field of `changes`.
    pub fn merge(&mut self, changes: &Self) {
        for (key, value) in &changes.list {
            self.set(key, value);
        }
    }

    /// Keys and raw values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The object as JSON text without white space between fields.
    pub fn to_text(&self) -> String {
        let size = self.list.iter().map(|(key, value)| key.len() + value.len() + 4).sum::<usize>();
        let mut out = String::with_capacity(size + 2);
        out.push('{');
        for (at, (key, value)) in self.list.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_string(&mut out, key);
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_order_and_number_spelling_survive() {
        let text = r#"{"z":1.0,"id":"a","big":123456789012345678901234567890,"nested":{"x":[1, 2]},"e":1e2}"#;
        assert_eq!(Fields::parse(text).map(|fields| fields.to_text()).as_deref(), Ok(text));
    }

    #[test]
    fn merge_changes_in_place_and_appends() {
        let mut fields = Fields::parse(r#"{"a":1,"b":2}"#).unwrap_or_default();
        fields.merge(&Fields::parse(r#"{"c":3,"a":null}"#).unwrap_or_default());
        assert_eq!(fields.to_text(), r#"{"a":null,"b":2,"c":3}"#);
    }

    #[test]
    fn last_of_a_repeated_key_counts() {
        assert_eq!(Fields::parse(r#"{"a":1,"\u0061":2}"#).unwrap_or_default().to_text(), r#"{"a":2}"#);
    }

    #[test]
    fn too_many_fields_are_refused() {
        let keys: Vec<String> = (0..=FIELDS_MAX).map(|n| format!("\"k{n}\":1")).collect();
        assert!(Fields::parse(&format!("{{{}}}", keys.join(","))).is_err());
        assert!(Fields::parse(&format!("{{{}}}", keys[1..].join(","))).is_ok());
    }
}
