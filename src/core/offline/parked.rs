//! Rows of edits that wait for a person.

use super::row::{decode_write, fields_of};
use crate::core::conflict::Parked;
use crate::core::id::WriteId;
use crate::core::json::{Fields, is_null};
use crate::core::model::EventDoc;

/// The row of a parked edit: that of the write, and what it met.
pub fn encode_parked(parked: &Parked) -> String {
    let mut fields = fields_of(&parked.write);
    fields.set_string("conflict", &parked.conflict.id);
    fields.set("theirs", parked.theirs.as_ref().map_or("null", |doc| &doc.text));
    fields.to_text()
}

/// The parked edit of a row.
///
/// # Errors
/// As [`super::decode_write`].
pub fn decode_parked(key: &str, row: &str) -> Result<Parked, (Option<WriteId>, String)> {
    let write = decode_write(key, row)?;
    let fields = Fields::parse(row).unwrap_or_default();
    let theirs = match fields.get("theirs").filter(|theirs| !is_null(theirs)) {
        Some(text) => match EventDoc::parse(text) {
            Ok(doc) => Some(doc),
            Err(error) => return Err((Some(write.id), error.to_string())),
        },
        None => None,
    };
    let id = fields.string("conflict").unwrap_or_else(|| key.to_owned());
    Ok(Parked::new(id, write, theirs))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::delivery::Write;
    use crate::core::id::ClientId;
    use crate::core::merge::{On, Strategy};
    use crate::core::model::WriteKind;
    use crate::core::offline::row_key;

    #[test]
    fn a_row_brings_back_the_edit_and_what_it_met() {
        let id = WriteId { client: ClientId(Arc::from("c")), seq: 7 };
        let (event, body) = (Arc::from("e"), Arc::from(r#"{"id":"e","title":"mine"}"#));
        let on = On { strategy: Strategy::Manual, saw: Arc::from(r#"{"title":"a"}"#) };
        let write = Write {
            base: Some(Arc::from(r#"{"id":"e","title":"a"}"#)),
            on: Some(Arc::new(on)),
            ..Write::new(id.clone(), WriteKind::Update, event, body, 5)
        };
        for theirs in [EventDoc::parse(r#"{"id":"e","title":"b","version":2}"#).ok(), None] {
            let parked = Parked::new("another".to_owned(), write.clone(), theirs);
            assert_eq!(decode_parked(&row_key(&id), &encode_parked(&parked)), Ok(parked));
        }
        let row = encode_parked(&Parked::new(row_key(&id), write, None));
        let broken = row.replace("\"theirs\":null", "\"theirs\":5");
        assert_eq!(decode_parked(&row_key(&id), &broken).unwrap_err().0, Some(id));
    }
}
