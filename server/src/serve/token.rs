//! Checking tokens.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::access::{Access, Claims, User, is_user_id};
use crate::fault::{Code, Fault};

/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Shortest secret.
const SECRET_BYTES_MIN: usize = 16;
/// How far clocks may be apart, seconds.
const LEEWAY_S: u64 = 10;
/// Longest list of projects in a token.
const PROJECTS_MAX: usize = 1_000;

/// Checks tokens with one secret.
pub(super) struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Body {
    sub: String,
    exp: u64,
    #[serde(default)]
    projects: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    avatar: Value,
    #[serde(default)]
    color: Value,
}

impl Verifier {
    /// A verifier with the secret in `file`; one line end after it is not part of it.
    pub(super) fn from_file(file: &Path) -> Result<Self, String> {
        let secret = std::fs::read(file)
            .map_err(|fault| format!("--jwt-secret-file: cannot read {}: {fault}", file.display()))?;
        let secret = secret.strip_suffix(b"\n").unwrap_or(&secret);
        let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
        if secret.len() < SECRET_BYTES_MIN {
            let got = secret.len();
            return Err(format!(
                "--jwt-secret-file: got a secret of {got} bytes, expected {SECRET_BYTES_MIN} or more"
            ));
        }
        Ok(Self::new(secret))
    }

    fn new(secret: &[u8]) -> Self {
        // The algorithm is this server's choice, never the token's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        // No audience is configured, so none is asked for.
        validation.validate_aud = false;
        Self { key: DecodingKey::from_secret(secret), validation }
    }

    /// What a token says, if it counts.
    pub(super) fn verify(&self, token: &str) -> Result<Claims, Fault> {
        let bad = || Fault::new(Code::Unauthorized, "the token does not count");
        if token.len() > TOKEN_BYTES_MAX {
            return Err(bad());
        }
        let body = match jsonwebtoken::decode::<Body>(token, &self.key, &self.validation) {
            Ok(data) => data.claims,
            Err(fault) if matches!(fault.kind(), ErrorKind::ExpiredSignature) => {
                return Err(Fault::new(Code::TokenExpired, "the token is over"));
            }
            Err(_) => return Err(bad()),
        };
        if !is_user_id(&body.sub) {
            return Err(bad());
        }
        let access = access_of(body.projects).ok_or_else(bad)?;
        let user = User::new(&body.sub, body.name.as_str(), body.avatar.as_str(), body.color.as_str());
        Ok(Claims { user, access, expires_s: body.exp })
    }
}

/// An array of project ids, or `"*"`; nothing at all is no project.
fn access_of(projects: Value) -> Option<Access> {
    match projects {
        Value::String(all) if all == "*" => Some(Access::All),
        Value::Null => Some(Access::Projects(Arc::default())),
        Value::Array(list) if list.len() <= PROJECTS_MAX => {
            let named = list.into_iter().map(|item| item.as_str().map(str::to_owned));
            Some(Access::Projects(Arc::new(named.collect::<Option<BTreeSet<_>>>()?)))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn verify(claims: &Value) -> Result<Claims, Code> {
        let token = encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).expect("a token");
        Verifier::new(SECRET).verify(&token).map_err(|fault| fault.code)
    }

    fn now_s() -> u64 {
        super::super::clock::wall_ms() / 1_000
    }

    #[test]
    fn a_good_token_says_who_and_what() {
        let claims = json!({"sub": "ana", "exp": now_s() + 60, "projects": ["p"], "name": "Ana"});
        let claims = verify(&claims).expect("claims");
        assert_eq!((&*claims.user.id, claims.user.name.as_str()), ("ana", "Ana"));
        assert!(claims.access.allows("p") && !claims.access.allows("q"));
        let all = json!({"sub": "ana", "exp": now_s() + 60, "projects": "*"});
        assert_eq!(verify(&all).map(|claims| claims.access), Ok(Access::All));
    }

    #[test]
    fn what_does_not_count() {
        let soon = now_s() + 60;
        for claims in [
            json!({"sub": "ana"}),
            json!({"exp": soon}),
            json!({"sub": 7, "exp": soon}),
            json!({"sub": "", "exp": soon}),
            json!({"sub": "ana", "exp": "soon"}),
            json!({"sub": "ana", "exp": soon, "nbf": soon}),
            json!({"sub": "ana", "exp": soon, "nbf": "now"}),
            json!({"sub": "ana", "exp": soon, "projects": "p"}),
            json!({"sub": "ana", "exp": soon, "projects": [1]}),
            json!({"sub": "ana", "exp": soon, "projects": {"p": true}}),
        ] {
            assert_eq!(verify(&claims).map(|_| ()), Err(Code::Unauthorized), "{claims}");
        }
        let over = json!({"sub": "ana", "exp": now_s() - 60});
        assert_eq!(verify(&over).map(|_| ()), Err(Code::TokenExpired));
    }

    #[test]
    fn the_algorithm_is_not_the_tokens_choice() {
        let claims = json!({"sub": "ana", "exp": now_s() + 60});
        let other = Header::new(Algorithm::HS512);
        let token = encode(&other, &claims, &EncodingKey::from_secret(SECRET)).expect("a token");
        let verifier = Verifier::new(SECRET);
        assert_eq!(verifier.verify(&token).map_err(|fault| fault.code), Err(Code::Unauthorized));
        // {"alg":"none"}.{"sub":"ana","exp":9999999999}.
        let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJleHAiOjk5OTk5OTk5OTl9.";
        assert_eq!(verifier.verify(none).map_err(|fault| fault.code), Err(Code::Unauthorized));
        assert!(verifier.verify(&"a".repeat(100_000)).is_err() && verifier.verify("").is_err());
    }
}
