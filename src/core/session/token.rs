//! The token: whether it can be presented, and when a new one is wanted.

use crate::core::json::Fields;
use crate::core::time::Timestamp;

/// A token that expires this soon is not presented any more: it could run out on the way.
const SPARE_MS: u64 = 30_000;
/// A token is renewed after four fifths of what is left of it, or a minute before its end, whichever is later.
const RENEW_BEFORE_MS: u64 = 60_000;
/// Least time from one token to the next: one that seems to be over when it comes is used all the same.
const RENEW_AFTER_MS: u64 = 5_000;
/// How long the program may take to make a token.
pub(super) const REQUEST_MS: u64 = 10_000;
/// Wait before the program is asked again for what it could not make.
const ASK_AGAIN_MS: u64 = 5_000;

/// The token and what is known of it. Never shown: it stands in no message, trace or error.
pub(super) struct TokenKeeper {
    token: Option<String>,
    expires_ms: Option<u64>,
    can_refresh: bool,
    refused: bool,
    /// When a usable connection wants a new one.
    due: Option<Timestamp>,
}

impl std::fmt::Debug for TokenKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeeper")
            .field("expires_ms", &self.expires_ms)
            .field("refused", &self.refused)
            .finish()
    }
}

impl TokenKeeper {
    pub(super) fn new(token: Option<String>, can_refresh: bool) -> Self {
        let expires_ms = token.as_deref().and_then(expiry_ms);
        Self { token, expires_ms, can_refresh, refused: false, due: None }
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(super) fn can_refresh(&self) -> bool {
        self.can_refresh
    }

    /// Whether a connection needs a new token first.
    pub(super) fn must_refresh(&self, wall_ms: u64) -> bool {
        let expired = self.expires_ms.is_some_and(|expires| expires < wall_ms.saturating_add(SPARE_MS));
        let expired = expired && !mutant!(expired_token_presented);
        self.can_refresh && (self.token.is_none() || self.refused || expired)
    }

    pub(super) fn accept(&mut self, token: String) {
        self.expires_ms = expiry_ms(&token);
        self.token = Some(token);
    }

    /// The server took the token, or nothing is known against it.
    pub(super) fn clear_refusal(&mut self) {
        self.refused = false;
    }

    /// The server refused the token. Returns whether it refused the one before too.
    pub(super) fn refuse(&mut self) -> bool {
        std::mem::replace(&mut self.refused, true)
    }

    /// A connection is usable: from now on the token is watched.
    pub(super) fn watch(&mut self, now: Timestamp, wall_ms: u64) {
        let left =
            self.expires_ms.filter(|_| self.can_refresh).map(|expires| expires.saturating_sub(wall_ms));
        let after = |left: u64| (left / 5 * 4).max(left.saturating_sub(RENEW_BEFORE_MS)).max(RENEW_AFTER_MS);
        self.due = left.filter(|_| !mutant!(no_renewal)).map(|left| now.after(after(left)));
    }

    /// Nobody asks for a token for now.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    /// When [`TokenKeeper::take_due`] has something to say.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// Whether the program is to be asked now. It is asked again if it does not answer in time.
    pub(super) fn take_due(&mut self, now: Timestamp) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = Some(now.after(REQUEST_MS));
        }
        due
    }

    /// The program could not make one.
    pub(super) fn ask_again(&mut self, now: Timestamp) {
        self.due = self.due.map(|_| now.after(ASK_AGAIN_MS));
    }
}

/// When a JSON Web Token expires, ms since 1970 (RFC 7519 §4.1.4); nothing for other kinds of token.
pub fn expiry_ms(token: &str) -> Option<u64> {
    claims_of(token)?.u53("exp")?.checked_mul(1_000)
}

/// Whom a JSON Web Token names; nothing for other kinds of token.
pub fn subject_of(token: &str) -> Option<String> {
    claims_of(token)?.string("sub")
}

fn claims_of(token: &str) -> Option<Fields> {
    let mut parts = token.split('.');
    let (_header, claims) = (parts.next()?, parts.next()?);
    let claims = String::from_utf8(decode_base64url(claims)?).ok()?;
    Fields::parse(&claims).ok()
}

fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"HS256"}.{"sub":"ana","exp":1700000000}.…`
    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEiLCJleHAiOjE3MDAwMDAwMDB9.c2ln";
    const END: u64 = 1_700_000_000_000;

    #[test]
    fn the_end_of_a_web_token_is_read_and_of_others_unknown() {
        assert_eq!(expiry_ms(JWT), Some(END));
        for other in ["", "opaque", "a.b.c", "a.e30.c", "a.é.c", "a.eyJleHAiOi0xfQ.c"] {
            assert_eq!(expiry_ms(other), None, "{other}");
        }
    }

    #[test]
    fn a_token_that_is_about_to_expire_is_not_presented() {
        let keeper = TokenKeeper::new(Some(JWT.to_owned()), true);
        assert!(!keeper.must_refresh(END - 30_001));
        assert!(keeper.must_refresh(END - 29_999) && keeper.must_refresh(END + 1));
        assert!(!TokenKeeper::new(Some(JWT.to_owned()), false).must_refresh(END + 1), "there is no other");
        assert!(!TokenKeeper::new(Some("opaque".to_owned()), true).must_refresh(u64::MAX));
    }

    #[test]
    fn a_live_connection_renews_before_the_end_and_asks_again() {
        let mut keeper = TokenKeeper::new(Some(JWT.to_owned()), true);
        keeper.watch(Timestamp(1_000), END - 3_600_000);
        let due = keeper.poll_timeout().unwrap();
        assert_eq!(due, Timestamp(1_000 + 3_600_000 - 60_000));
        assert!(!keeper.take_due(Timestamp(due.0 - 1)));
        assert!(keeper.take_due(due) && !keeper.take_due(due));
        assert_eq!(keeper.poll_timeout(), Some(due.after(REQUEST_MS)));
        keeper.ask_again(due);
        assert_eq!(keeper.poll_timeout(), Some(due.after(ASK_AGAIN_MS)));
        keeper.watch(Timestamp(0), END - 100_000);
        assert_eq!(keeper.poll_timeout(), Some(Timestamp(80_000)));
    }

    #[test]
    fn a_token_that_comes_late_is_not_renewed_at_once() {
        let mut keeper = TokenKeeper::new(Some(JWT.to_owned()), true);
        keeper.watch(Timestamp(0), END + 600_000);
        assert_eq!(keeper.poll_timeout(), Some(Timestamp(RENEW_AFTER_MS)));
    }

    #[test]
    fn it_is_never_shown() {
        let keeper = TokenKeeper::new(Some("secret".to_owned()), true);
        assert!(!format!("{keeper:?}").contains("secret"));
    }
}
