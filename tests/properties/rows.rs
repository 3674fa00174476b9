//! Rows bring back what was stored, and nothing that is no row brings the reader down.

use std::sync::Arc;

use baro_realtime::core::delivery::Write;
use baro_realtime::core::fault::{Fault, FaultCode};
use baro_realtime::core::id::{ClientId, WriteId};
use baro_realtime::core::model::WriteKind;
use baro_realtime::core::offline::{decode_dead, decode_write, encode_dead, encode_write, row_key};
use proptest::prelude::*;

use super::texts::{almost_json, object};

fn write() -> impl Strategy<Value = Write> {
    let kind =
        prop::sample::select(vec![WriteKind::Create, WriteKind::Update, WriteKind::Delete, WriteKind::Skip]);
    let numbers = (1..1_u64 << 53, 0..1_u64 << 53, 0..100_u64);
    (any::<String>(), any::<String>(), kind, object(), prop::option::of(object()), numbers).prop_map(
        |(client, event, kind, body, base, (seq, at_ms, attempts))| {
            let id = WriteId { client: ClientId(Arc::from(client)), seq };
            Write {
                base: base.map(|base| Arc::from(base.trim())),
                attempts,
                ..Write::new(id, kind, Arc::from(event), Arc::from(body.trim()), at_ms)
            }
        },
    )
}

proptest! {
    #[test]
    fn a_write_comes_back(write in write()) {
        prop_assert_eq!(decode_write(&row_key(&write.id), &encode_write(&write)), Ok(write));
    }

    #[test]
    fn a_dead_letter_comes_back(write in write(), code in any::<String>(), message in any::<String>()) {
        let fault = Fault::new(FaultCode::of(&code), message);
        prop_assert_eq!(decode_dead(&row_key(&write.id), &encode_dead(&write, &fault)), Ok((write, fault)));
    }

    #[test]
    fn keys_sort_like_sequences(client in "[a-f0-9-]{1,36}", a in any::<u64>(), b in any::<u64>()) {
        let key = |seq| row_key(&WriteId { client: ClientId(Arc::from(client.as_str())), seq });
        prop_assert_eq!(a.cmp(&b), key(a).cmp(&key(b)));
    }

    #[test]
    fn what_is_no_row_is_a_fault(key in any::<String>(), text in almost_json()) {
        // That it returns is all that is asked of it.
        let _read = (decode_write(&key, &text), decode_dead(&key, &text));
        prop_assert!(decode_write("c|0000000000000001", &text).is_err());
    }
}
