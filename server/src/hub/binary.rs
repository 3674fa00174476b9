//! What a connection can read beyond text, and changes in the form for it (`docs/PROTOCOL.md` §2.6).

use std::sync::Arc;

use baro_realtime::core::json::{as_string, as_u53, each_field, each_item, is_null};
use baro_realtime::core::model::EventDoc;
use baro_realtime::core::wire::{Announcement, encode_change};

use crate::fault::{Code, Fault};
use crate::ledger::Change;

/// What goes over a connection beside plain text frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) binary: bool,
    pub(super) deflate: bool,
}

impl Accepted {
    /// Reads the `accept` of a `hello`. Names that are not known are ignored.
    pub(super) fn parse(raw: Option<&str>) -> Result<Option<Self>, Fault> {
        let Some(raw) = raw.filter(|raw| !is_null(raw)) else { return Ok(None) };
        let mut accepted = Self::default();
        let list = each_item(raw, |item| match as_string(item).as_deref() {
            Some("binary") => accepted.binary = true,
            Some("deflate-raw") => accepted.deflate = true,
            Some(_) | None => {}
        });
        let wrong = || Fault::field(Code::BadRequest, "accept", raw, "an array of names");
        list.map(|()| Some(accepted)).map_err(|_| wrong())
    }

    /// The names, as the welcome repeats them.
    pub(super) fn names(self) -> String {
        let names = [(self.binary, "\"binary\""), (self.deflate, "\"deflate-raw\"")];
        crate::object::array(names.into_iter().filter_map(|(used, name)| used.then_some(name)))
    }
}

/// A change as a message of a binary frame; nothing if it has no such form.
pub(super) fn encode(change: &Change) -> Option<Arc<[u8]>> {
    let (mut created, mut timestamp, mut author, mut doc) = (None, 0, None, None);
    let read = each_field(&change.text, |key, raw| match &*key {
        "type" => {
            created = match as_string(raw).as_deref() {
                Some("event:created") => Some(true),
                Some("event:updated") => Some(false),
                Some(_) | None => None,
            }
        }
        "timestamp" => timestamp = as_u53(raw).unwrap_or(0),
        "userId" => author = as_string(raw),
        "payload" if created.is_some() => doc = EventDoc::parse(raw).ok(),
        _ => {}
    });
    let (Ok(()), Some(created), Some(doc)) = (read, created, doc) else { return None };
    let announcement = Announcement {
        created,
        channel: &change.channel,
        seq: change.seq,
        timestamp,
        author: author.as_deref(),
    };
    encode_change(&announcement, &doc).map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_is_named_and_unknown_names_are_ignored() {
        let read = |raw| Accepted::parse(Some(raw)).unwrap().unwrap().names();
        assert_eq!(read(r#"["binary","deflate-raw"]"#), r#"["binary","deflate-raw"]"#);
        assert_eq!(read(r#"["zstd",7,null,{},"deflate-raw"]"#), r#"["deflate-raw"]"#);
        assert_eq!(read("[]"), "[]");
        assert_eq!((Accepted::parse(None), Accepted::parse(Some("null"))), (Ok(None), Ok(None)));
        for wrong in ["\"binary\"", "{}", "true", "["] {
            assert_eq!(Accepted::parse(Some(wrong)).unwrap_err().code, Code::BadRequest, "{wrong}");
        }
    }
}
