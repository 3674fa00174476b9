//! Outbound: writing a message.

use crate::core::json::push_string;

/// A message being written.
#[derive(Debug, Clone)]
pub struct Outgoing {
    text: String,
}

impl Outgoing {
    /// A message of a type.
    pub fn new(kind: &str) -> Self {
        let mut text = String::with_capacity(96);
        text.push_str("{\"type\":");
        push_string(&mut text, kind);
        Self { text }
    }

    /// Adds a string field.
    #[must_use]
    pub fn string(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        push_string(&mut self.text, value);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        self.text.push_str(&value.to_string());
        self
    }

    /// Adds a field whose value is JSON text.
    #[must_use]
    pub fn raw(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        self.text.push_str(value);
        self
    }

    /// Adds a string field if there is a value.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self,
        }
    }

    /// The message as JSON text.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        self.text.push(',');
        push_string(&mut self.text, key);
        self.text.push(':');
    }
}

/// One frame with all of `messages`.
pub fn frame_of(messages: &[String]) -> String {
    if let [single] = messages {
        return single.clone();
    }
    let mut frame =
        String::with_capacity(messages.iter().map(|message| message.len() + 1).sum::<usize>() + 1);
    for (at, message) in messages.iter().enumerate() {
        frame.push(if at == 0 { '[' } else { ',' });
        frame.push_str(message);
    }
    frame.push(']');
    frame
}
