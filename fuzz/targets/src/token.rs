//! Tokens, as the client reads them and as the server checks them.

use baro_realtime::core::session::expiry_ms;
use baro_realtime_server::access::is_user_id;
use baro_realtime_server::serve::Verifier;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::Value;

/// Known to nobody who writes a token for this target.
const SECRET: &[u8] = b"2f1d0c9b8a7e6d5c4b3a29181706f5e4";

/// Nothing counts that the server did not sign, and of what it signed only what names a user and an end.
pub(crate) fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(expiry_ms(text).is_none_or(|ms| ms.is_multiple_of(1_000)));
    let verifier = Verifier::new(SECRET);
    assert!(verifier.verify(text).is_err(), "a forged token counts");

    let worn = format!("e30.{}.c2ln", base64url(data));
    assert!(verifier.verify(&worn).is_err(), "a forged token counts");
    let Ok(claims) = serde_json::from_str::<Value>(text) else { return };
    let seconds = claims.get("exp").and_then(Value::as_u64).filter(|seconds| *seconds < 1 << 53);
    assert_eq!(expiry_ms(&worn), seconds.and_then(|seconds| seconds.checked_mul(1_000)), "{text}");

    let signed = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).expect("a token");
    if let Ok(read) = verifier.verify(&signed) {
        assert!(is_user_id(&read.user.id) && Some(&*read.user.id) == claims["sub"].as_str());
        assert_eq!(Some(read.expires_s), claims["exp"].as_u64());
        if claims["projects"] != "*" {
            let named = |project: &str| {
                claims["projects"].as_array().is_some_and(|all| all.contains(&project.into()))
            };
            for project in ["", "*", "p", "default", "__proto__"] {
                assert_eq!(read.access.allows(project), named(project), "{text}");
            }
        }
    }
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(LETTERS[number >> (18 - 6 * at) & 63]));
        }
    }
    text
}
