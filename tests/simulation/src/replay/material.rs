//! What a replay makes up: tokens and stored rows of which a trace tells no more than what came of them.

use std::sync::Arc;

use baro_realtime::core::conflict::Parked;
use baro_realtime::core::delivery::{Position, Write};
use baro_realtime::core::fault::{Fault, FaultCode};
use baro_realtime::core::id::{ClientId, WriteId};
use baro_realtime::core::io::Row;
use baro_realtime::core::model::WriteKind;
use baro_realtime::core::offline::{
    POLLING_KEY, Table, Trouble, channel_key, encode_dead, encode_parked, encode_polling, encode_position,
    encode_write, row_key,
};
use serde_json::{Value, json};

use super::{number, text};

/// A JSON Web Token that says no more than when it ends.
pub(super) fn token_until(expires_ms: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let claims = json!({ "exp": expires_ms / 1_000 }).to_string();
    let mut token = "e30.".to_owned();
    for bytes in claims.as_bytes().chunks(3) {
        let bits =
            bytes.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        for at in 0..=bytes.len() {
            token.push(char::from(LETTERS[bits >> (18 - 6 * at) & 63]));
        }
    }
    token + ".x"
}

/// Why storage failed, by its word.
pub(super) fn trouble_of(entry: &Value) -> Trouble {
    let word = text(entry, "trouble");
    Trouble::ALL.into_iter().find(|trouble| trouble.word() == word).unwrap_or(Trouble::Aborted)
}

/// The row that says how far a channel was read.
pub(super) fn kept_row(channel: &str, position: &Position) -> Row {
    Row { table: Table::Events, key: channel_key(channel), value: encode_position(position) }
}

/// Rows of which the writes are taken over that the following steps tell.
pub(super) fn rows_of(entry: &Value, ahead_ms: u64, then: &[Value]) -> Vec<Row> {
    let (count, failed) = (number(entry, "rows"), number(entry, "failed"));
    let write = |id: &WriteId| {
        let body = Arc::from(r#"{"id":"stored","title":"x"}"#);
        Write::new(id.clone(), WriteKind::Update, Arc::from("stored"), body, 0)
    };
    let mut rows = Vec::new();
    for seq in 0..failed {
        let id = WriteId { client: ClientId(Arc::from("failed")), seq };
        // Tried again it is shown, so that edits can be made of it.
        let name = format!("failed{seq}");
        let (kind, body) = (WriteKind::Create, super::event(&name).to_string());
        let write = Write::new(id.clone(), kind, Arc::from(name), Arc::from(body), 0);
        let value = encode_dead(&write, &Fault::new(FaultCode::Refused, ""));
        rows.push(Row { table: Table::Dead, key: row_key(&id), value });
    }
    if let Some(step) = then.first().filter(|step| step["kind"] == "remembered") {
        let value = encode_polling((number(entry, "at") + number(step, "pollingMs")).wrapping_add(ahead_ms));
        rows.push(Row { table: Table::Meta, key: POLLING_KEY.to_owned(), value });
    }
    let waits = |step: &&Value| step["kind"] == "unresolved";
    for seq in 0..then.iter().filter(|step| step["kind"] != "remembered").take_while(waits).count() as u64 {
        let id = WriteId { client: ClientId(Arc::from("unresolved")), seq };
        let write = Write { event: Arc::from(format!("unresolved{seq}")), ..write(&id) };
        let value = encode_parked(&Parked::new(row_key(&id), write, None));
        rows.push(Row { table: Table::Conflicts, key: row_key(&id), value });
    }
    let read = then.iter().skip_while(|step| step["kind"] == "remembered" || step["kind"] == "unresolved");
    for step in read.take_while(|step| step["kind"] == "adopted") {
        let client = ClientId(Arc::from(format!("stream{}", number(step, "stream"))));
        let (first, last, writes) = (number(step, "first"), number(step, "last"), number(step, "writes"));
        // Holes, whose place is not told, come before the last.
        for seq in (first..first + writes.saturating_sub(1)).chain([last]) {
            let id = WriteId { client: client.clone(), seq };
            rows.push(Row { table: Table::Outbox, key: row_key(&id), value: encode_write(&write(&id)) });
        }
    }
    // The others, whatever they were, made no step.
    while (rows.len() as u64) < count {
        rows.push(Row { table: Table::Cache, key: String::new(), value: String::new() });
    }
    rows
}
