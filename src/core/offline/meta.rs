//! Rows about the device and the database itself: the network that it is in, and whom it belongs to.

use super::row::{ROW_VERSION, migrate};
use crate::core::json::Fields;

/// The key of the row that says how long polling comes first.
pub const POLLING_KEY: &str = "polling";

/// The key of the row that says how often the lead among tabs was taken.
pub const EPOCH_KEY: &str = "epoch";

/// The row of an epoch.
pub fn encode_epoch(epoch: u64) -> String {
    format!("{{\"v\":{ROW_VERSION},\"epoch\":{epoch}}}")
}

/// The epoch of a row; 0 if it tells none, which is lower than any that somebody led under.
pub fn decode_epoch(row: &str) -> u64 {
    Fields::parse(row).ok().and_then(|fields| fields.u53("epoch")).unwrap_or(0)
}

/// The row that says that polling comes first until then, ms since 1970.
pub fn encode_polling(until_ms: u64) -> String {
    format!("{{\"v\":{ROW_VERSION},\"until\":{until_ms}}}")
}

/// Until when polling comes first, if the row says so. One that is unreadable says nothing, and nothing is lost with it.
pub fn decode_polling(key: &str, row: &str) -> Option<u64> {
    let fields = Fields::parse(row).ok().filter(|_| key == POLLING_KEY)?;
    migrate(fields).ok()?.u53("until")
}

/// The key of the row that says whom the database belongs to.
pub const OWNER_KEY: &str = "owner";

/// The row that says whom the database belongs to.
pub fn encode_owner(owner: &str) -> String {
    let mut fields = Fields::new();
    fields.set("v", &ROW_VERSION.to_string());
    fields.set_string("user", owner);
    fields.to_text()
}

/// Whom the database belongs to, if the row says so.
pub fn decode_owner(key: &str, row: &str) -> Option<String> {
    let fields = Fields::parse(row).ok().filter(|_| key == OWNER_KEY)?;
    migrate(fields).ok()?.string("user")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whom_the_database_belongs_to() {
        assert_eq!(decode_owner(OWNER_KEY, &encode_owner("a\"b")).as_deref(), Some("a\"b"));
        assert_eq!(decode_owner("other", &encode_owner("a")), None);
    }

    #[test]
    fn an_epoch_is_read_as_it_was_written() {
        assert_eq!(decode_epoch(&encode_epoch(41)), 41);
        assert_eq!([decode_epoch(""), decode_epoch(r#"{"v":1}"#)], [0, 0]);
    }

    #[test]
    fn a_row_brings_back_the_choice_and_another_says_nothing() {
        assert_eq!(decode_polling(POLLING_KEY, &encode_polling(1_700_000_000_000)), Some(1_700_000_000_000));
        assert_eq!(decode_polling(POLLING_KEY, r#"{"v":1,"until":5}"#), Some(5));
        for (key, row) in [
            ("other", r#"{"v":1,"until":5}"#),
            (POLLING_KEY, r#"{"v":3,"until":5}"#),
            (POLLING_KEY, r#"{"v":1}"#),
            (POLLING_KEY, "{"),
        ] {
            assert_eq!(decode_polling(key, row), None, "{key} {row}");
        }
    }
}
