//! Stored rows: a key in the first line, the row in the rest.

use baro_realtime::core::offline::{
    decode_dead, decode_parked, decode_write, encode_dead, encode_parked, encode_write, row_key,
};

use crate::two;

/// What is read from a row is what a row of it says.
pub(crate) fn row(data: &[u8]) {
    let Some((key, row)) = two(data) else { return };
    match decode_write(key, row) {
        Ok(write) => {
            let again = decode_write(&row_key(&write.id), &encode_write(&write));
            assert_eq!(again, Ok(write));
        }
        Err((_, what)) => assert!(!what.is_empty()),
    }
    if let Ok(parked) = decode_parked(key, row) {
        assert_eq!(decode_parked(&row_key(&parked.write.id), &encode_parked(&parked)), Ok(parked));
    }
    if let Ok((write, fault)) = decode_dead(key, row) {
        let again = decode_dead(&row_key(&write.id), &encode_dead(&write, &fault));
        assert_eq!(again, Ok((write, fault)));
    }
}
