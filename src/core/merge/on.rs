//! What a write was made on, as it travels and as it is stored.

use std::sync::Arc;

use super::{Attempt, Clash, Merged, Strategy, group, meet, revive};
use crate::core::json::{Fields, quote};
use crate::core::model::{WriteKind, apply_changes};

/// What a write was made on, and what is to happen if that is not what is there any more: the field `on` of
/// `docs/PROTOCOL.md` §2.8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    /// What is to happen.
    pub strategy: Strategy,
    /// What its author saw, as [`super::saw`] picks it; a JSON object.
    pub saw: Arc<str>,
}

impl On {
    /// The object as JSON text.
    pub fn to_text(&self) -> String {
        format!("{{\"strategy\":{},\"saw\":{}}}", quote(self.strategy.word()), self.saw)
    }

    /// The object of a JSON text, if it is one.
    pub fn read(text: &str) -> Option<Self> {
        let fields = Fields::parse(text).ok()?;
        let strategy = Strategy::of_word(&fields.string("strategy")?)?;
        let saw = fields.get("saw")?;
        Fields::parse(saw).ok()?;
        Some(Self { strategy, saw: Arc::from(saw) })
    }

    /// What comes of the write of `body` where the event is `theirs`, or was `last` until it was deleted.
    ///
    /// # Errors
    /// When another changed meanwhile what the write is about, and the strategy does not merge.
    pub fn meet(
        &self,
        kind: WriteKind,
        body: &Fields,
        at_ms: u64,
        theirs: Option<&Fields>,
        last: Option<&Fields>,
    ) -> Result<Merged, Clash> {
        let saw = Fields::parse(&self.saw).unwrap_or_default();
        let attempt = Attempt { kind, body, saw: &saw, at_ms };
        match (theirs, last) {
            (None, Some(last)) => revive(self.strategy, &attempt, last),
            (theirs, _) => meet(self.strategy, &attempt, theirs),
        }
    }

    /// The event `now` as the author of `body` wants it: his fields, and what he saw of those that belong to them, so that
    /// his end never stands beside another one's start.
    pub fn meant(&self, body: &Fields, now: &Fields) -> Fields {
        let saw = Fields::parse(&self.saw).unwrap_or_default();
        let (mut event, written) =
            (now.clone(), |field: &str| group::is_merged(field) && group::is_of(body, field));
        // Who saw nothing of a group saw none of its fields, or does not say.
        let absent = |field: &str| saw.get(field).is_none() && group::is_of(&saw, field);
        for (field, _) in now.iter().filter(|(field, _)| written(field) && absent(field)) {
            event.remove(field);
        }
        for (field, raw) in saw.iter().filter(|(field, _)| written(field)) {
            event.set(field, raw);
        }
        apply_changes(&mut event, body);
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_as_it_was_meant_has_one_sides_time() {
        let fields = |text: &str| Fields::parse(text).unwrap_or_default();
        let saw = r#"{"startDate":"9","endDate":"10","recurrence":"weekly"}"#;
        let on = On { strategy: Strategy::Manual, saw: Arc::from(saw) };
        let now = fields(r#"{"id":"e","startDate":"13","endDate":"14","recurrence":"daily","title":"b"}"#);
        let meant = on.meant(&fields(r#"{"endDate":"11"}"#), &now);
        let expected =
            fields(r#"{"id":"e","startDate":"9","endDate":"11","recurrence":"daily","title":"b"}"#);
        assert_eq!(Fields::iter(&meant).count(), 5);
        assert!(expected.iter().all(|(field, raw)| meant.get(field) == Some(raw)), "{}", meant.to_text());
    }

    #[test]
    fn what_is_written_is_read() {
        for strategy in Strategy::ALL {
            let on = On { strategy, saw: Arc::from(r#"{"title":"a\"b","n":1.0}"#) };
            assert_eq!(On::read(&on.to_text()), Some(on));
        }
        for text in ["", "{}", r#"{"strategy":"best","saw":{}}"#, r#"{"strategy":"merge","saw":[]}"#] {
            assert_eq!(On::read(text), None, "{text}");
        }
    }
}
