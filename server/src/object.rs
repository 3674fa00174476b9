//! Writing JSON objects as text.
//!
//! Owns the builder for the small objects that payloads are made of. Guarantees well-formed text as long as raw values
//! are. Knows nothing of what the objects mean.

use baro_realtime::core::json::push_string;

/// A JSON object being written, fields in the order of the calls.
#[derive(Debug, Clone, Default)]
pub struct Object {
    text: String,
}

impl Object {
    /// An object without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    #[must_use]
    pub fn string(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        push_string(&mut self.text, value);
        self
    }

    /// Adds a string if there is one.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self,
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, key: &str, value: u64) -> Self {
        self.raw(key, &value.to_string())
    }

    /// Adds a truth value.
    #[must_use]
    pub fn truth(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// Adds a field whose value is JSON text.
    #[must_use]
    pub fn raw(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        self.text.push_str(value);
        self
    }

    /// The object as JSON text.
    pub fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        push_string(&mut self.text, key);
        self.text.push(':');
    }
}

/// `items`, JSON texts, as a JSON array.
pub fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::from("[");
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(item.as_ref());
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_well_formed() {
        assert_eq!(Object::new().finish(), "{}");
        let text =
            Object::new().string("a\"", "\n").number("n", 7).maybe("no", None).truth("t", true).finish();
        assert_eq!(text, r#"{"a\"":"\n","n":7,"t":true}"#);
        assert_eq!(array(["1", "{}"]), "[1,{}]");
        assert_eq!(array(Vec::<String>::new()), "[]");
    }
}
