//! Rows: a key that sorts by stream and sequence, and a JSON text.

use std::sync::Arc;

use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{ClientId, WriteId};
use crate::core::json::{Fields, as_string, is_null, quote};
use crate::core::merge::On;
use crate::core::model::WriteKind;

/// Version of the shape that is written.
pub const ROW_VERSION: u64 = 2;

/// Where a row is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Writes that are not decided.
    Outbox,
    /// Writes that were refused for good.
    Dead,
    /// Settings of the database itself.
    Meta,
    /// Events as last confirmed.
    Events,
    /// What the program caches.
    Cache,
    /// Conflicts that wait for a person.
    Conflicts,
}

impl Table {
    /// All tables, as a database has to have them.
    pub const ALL: [Self; 6] =
        [Self::Outbox, Self::Dead, Self::Meta, Self::Events, Self::Cache, Self::Conflicts];

    /// Those that only save time: they go first when there is no room.
    pub const CACHES: [Self; 2] = [Self::Events, Self::Cache];

    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Dead => "dead",
            Self::Meta => "meta",
            Self::Events => "events",
            Self::Cache => "cache",
            Self::Conflicts => "conflicts",
        }
    }
}

/// The key of a write's row.
pub fn row_key(id: &WriteId) -> String {
    format!("{}|{:016x}", id.client, id.seq)
}

/// The write whose row has a key.
pub fn read_key(key: &str) -> Option<WriteId> {
    let (client, seq) = key.rsplit_once('|')?;
    let seq = u64::from_str_radix(seq, 16).ok()?;
    Some(WriteId { client: ClientId(Arc::from(client)), seq })
}

/// The row of a write.
pub fn encode_write(write: &Write) -> String {
    fields_of(write).to_text()
}

pub(super) fn fields_of(write: &Write) -> Fields {
    let mut fields = Fields::new();
    fields.set("v", &ROW_VERSION.to_string());
    fields.set_string("kind", write.kind.word());
    fields.set_string("event", &write.event);
    fields.set("at", &write.at_ms.to_string());
    fields.set("attempts", &write.attempts.to_string());
    fields.set("base", write.base.as_deref().unwrap_or("null"));
    fields.set("body", &write.body);
    if let Some(on) = &write.on {
        fields.set("on", &on.to_text());
    }
    if write.rounds > 0 {
        fields.set("rounds", &write.rounds.to_string());
    }
    if let Some(failures) = &write.failures {
        fields.set("failures", failures);
    }
    fields
}

/// A row in the shape of [`ROW_VERSION`]. One that a newer program wrote is not guessed at: it stays where it is.
///
/// # Errors
/// What is wrong with its version.
pub fn migrate(mut fields: Fields) -> Result<Fields, String> {
    match fields.u53("v") {
        // What version 2 added may be missing, and then means what there was before.
        Some(version) if (1..=ROW_VERSION).contains(&version) => {
            fields.set("v", &ROW_VERSION.to_string());
            Ok(fields)
        }
        Some(version) => {
            Err(format!("version {version} is newer than {ROW_VERSION}, a newer program wrote it"))
        }
        None => Err("it has no version".to_owned()),
    }
}

/// The write of a row.
///
/// # Errors
/// What is wrong with the row; its identity is told if the key is readable.
pub fn decode_write(key: &str, row: &str) -> Result<Write, (Option<WriteId>, String)> {
    let id = read_key(key).ok_or_else(|| (None, format!("the key {} is not that of a write", quote(key))))?;
    let fault = |what: String| (Some(id.clone()), what);
    let fields = Fields::parse(row).map_err(|error| fault(error.to_string()))?;
    let fields = migrate(fields).map_err(fault)?;
    let kind = match fields.string("kind").as_deref() {
        Some("create") => WriteKind::Create,
        Some("update") => WriteKind::Update,
        Some("delete") => WriteKind::Delete,
        Some("skip") => WriteKind::Skip,
        kind => return Err(fault(format!("the kind {kind:?} is not known"))),
    };
    let event =
        fields.get("event").and_then(as_string).ok_or_else(|| fault("the event is missing".to_owned()))?;
    let body = fields.get("body").ok_or_else(|| fault("the body is missing".to_owned()))?;
    let at_ms = fields.u53("at").unwrap_or(0);
    Ok(Write {
        base: fields.get("base").filter(|base| !is_null(base)).map(Arc::from),
        on: fields.get("on").and_then(On::read).map(Arc::new),
        attempts: fields.u53("attempts").unwrap_or(0),
        rounds: fields.u53("rounds").unwrap_or(0),
        failures: fields.get("failures").filter(|list| list.starts_with('[')).map(Arc::from),
        ..Write::new(id.clone(), kind, Arc::from(&*event), Arc::from(body), at_ms)
    })
}

/// The row of a write that was refused for good, with the reason.
pub fn encode_dead(write: &Write, fault: &Fault) -> String {
    let mut fields = fields_of(write);
    fields.set_string("code", fault.code.as_str());
    fields.set_string("message", &fault.message);
    fields.to_text()
}

/// A write that was refused for good, and why.
///
/// # Errors
/// As [`decode_write`].
pub fn decode_dead(key: &str, row: &str) -> Result<(Write, Fault), (Option<WriteId>, String)> {
    let write = decode_write(key, row)?;
    let fields = Fields::parse(row).unwrap_or_default();
    let text = |key: &str| fields.string(key).unwrap_or_default();
    Ok((write, Fault::new(FaultCode::of(&text("code")), text("message"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::merge::Strategy;

    fn write() -> Write {
        let id = WriteId { client: ClientId(Arc::from("a|b")), seq: 258 };
        let (event, body) = (Arc::from("e\"1"), Arc::from(r#"{"id":"e\"1","n":1.0}"#));
        Write {
            base: Some(Arc::from(r#"{"id":"e\"1"}"#)),
            on: Some(Arc::new(On { strategy: Strategy::Merge, saw: Arc::from(r#"{"n":1.0}"#) })),
            attempts: 2,
            rounds: 1,
            failures: Some(Arc::from(r#"[{"code":"unavailable"}]"#)),
            ..Write::new(id, WriteKind::Update, event, body, 1_700_000_000_000)
        }
    }

    #[test]
    fn a_row_brings_back_the_write() {
        let write = write();
        assert_eq!(decode_write(&row_key(&write.id), &encode_write(&write)), Ok(write.clone()));
        let fault = Fault::new(FaultCode::Forbidden, "not yours");
        assert_eq!(decode_dead(&row_key(&write.id), &encode_dead(&write, &fault)), Ok((write, fault)));
    }

    #[test]
    fn the_shape_of_version_1_stays_readable() {
        let row = r#"{"v":1,"kind":"delete","event":"e","at":5,"attempts":0,"base":null,"body":{"id":"e"}}"#;
        let write = decode_write("c|0000000000000003", row).unwrap();
        assert_eq!(
            (write.kind, write.id.seq, write.base, &*write.body),
            (WriteKind::Delete, 3, None, r#"{"id":"e"}"#)
        );
    }

    #[test]
    fn a_row_of_a_newer_program_is_left_to_it() {
        let row = encode_write(&write()).replace("{\"v\":2", "{\"v\":3");
        let (id, what) = decode_write(&row_key(&write().id), &row).unwrap_err();
        assert_eq!(
            (id, what.as_str()),
            (Some(write().id), "version 3 is newer than 2, a newer program wrote it")
        );
    }

    #[test]
    fn an_unreadable_row_is_told_with_its_identity() {
        for row in ["", "{", "{}", r#"{"v":3}"#, r#"{"v":1,"kind":"drop"}"#, r#"{"v":1,"kind":"create"}"#] {
            let fault = decode_write("c|0000000000000003", row).unwrap_err();
            assert_eq!(fault.0.map(|id| id.seq), Some(3), "{row}");
        }
        assert!(decode_write("nothing", "{}").unwrap_err().0.is_none());
    }

    #[test]
    fn keys_sort_by_stream_and_sequence() {
        let key = |seq| row_key(&WriteId { client: ClientId(Arc::from("c")), seq });
        assert!(key(9) < key(10) && key(255) < key(256) && key(1 << 40) < key(1 << 44));
    }
}
