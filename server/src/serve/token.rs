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
pub struct Verifier {
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

    /// A verifier with that secret.
    pub fn new(secret: &[u8]) -> Self {
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
    ///
    /// # Errors
    /// `token_expired` for one that counted once, `unauthorized` for every other.
    pub fn verify(&self, token: &str) -> Result<Claims, Fault> {
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

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let word = chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..=chunk.len()).for_each(|at| text.push(char::from(LETTERS[word >> (18 - 6 * at) & 63])));
        }
        text
    }

    /// A token with any header, signed rightly as HS256.
    fn signed(header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
        let key = EncodingKey::from_secret(SECRET);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature");
        format!("{message}.{signature}")
    }

    #[test]
    fn the_header_decides_nothing() {
        let (verifier, soon) = (Verifier::new(SECRET), now_s() + 60);
        let claims = json!({"sub": "ana", "exp": soon, "projects": "*"}).to_string();
        let code =
            |token: &str| verifier.verify(token).map(|claims| claims.user.id).map_err(|fault| fault.code);
        assert_eq!(code(&signed(r#"{"alg":"HS256","typ":"JWT"}"#, &claims)).as_deref(), Ok("ana"));
        // Where keys are to be found, or which one it was, is not the token's to say: it is looked at with the one key.
        for header in [
            r#"{"alg":"HS256","kid":"../../etc/passwd"}"#,
            r#"{"alg":"HS256","kid":"' OR 1=1 --"}"#,
            r#"{"alg":"HS256","jku":"https://evil.example/keys"}"#,
            r#"{"alg":"HS256","x5u":"https://evil.example/cert"}"#,
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"eA"}}"#,
        ] {
            let with_other_key = {
                let message = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
                let key = EncodingKey::from_secret(b"x");
                let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256)
                    .expect("a signature");
                format!("{message}.{signature}")
            };
            assert_eq!(code(&with_other_key), Err(Code::Unauthorized), "{header}");
        }
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"nOnE"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS384"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"ES256"}"#,
            r#"{"alg":"EdDSA"}"#,
            r#"{"typ":"JWT"}"#,
            "{}",
            "[]",
            "HS256",
            "",
        ] {
            assert_eq!(code(&signed(header, &claims)), Err(Code::Unauthorized), "{header}");
        }
        let huge = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(100_000));
        assert_eq!(code(&signed(&huge, &claims)), Err(Code::Unauthorized));
    }

    #[test]
    fn claims_of_other_types_do_not_count() {
        let (verifier, soon) = (Verifier::new(SECRET), now_s() + 60);
        let header = r#"{"alg":"HS256"}"#;
        for claims in [
            format!(r#"{{"sub":"ana","exp":"{soon}"}}"#),
            r#"{"sub":"ana","exp":-1}"#.to_owned(),
            r#"{"sub":"ana","exp":null}"#.to_owned(),
            r#"{"sub":"ana","exp":true}"#.to_owned(),
            r#"{"sub":"ana","exp":1e400}"#.to_owned(),
            format!(r#"{{"sub":null,"exp":{soon}}}"#),
            format!(r#"{{"sub":["ana"],"exp":{soon}}}"#),
            format!(r#"{{"sub":"{}","exp":{soon}}}"#, "a".repeat(300)),
            format!(r#"{{"sub":"ana","exp":{soon},"nbf":"{}"}}"#, soon - 3_600),
            format!(r#"{{"sub":"ana","exp":{soon},"nbf":{}}}"#, soon + 3_600),
            format!(r#"{{"sub":"ana","exp":{soon},"nbf":[1]}}"#),
            format!(r#"{{"sub":"ana","exp":{soon},"projects":["p",null]}}"#),
            format!(r#"[{{"sub":"ana","exp":{soon}}}]"#),
            "null".to_owned(),
            String::new(),
        ] {
            let result = verifier.verify(&signed(header, &claims)).map(|_| ());
            assert_eq!(result.map_err(|fault| fault.code), Err(Code::Unauthorized), "{claims}");
        }
        // Who else the token is for, and when it was made, is nothing that this server asks.
        let other = format!(r#"{{"sub":"ana","exp":{soon},"aud":["x"],"iss":"y","iat":{}}}"#, soon + 3_600);
        assert!(verifier.verify(&signed(header, &other)).is_ok());
    }

    #[test]
    fn a_token_that_is_changed_anywhere_is_none() {
        let verifier = Verifier::new(SECRET);
        let claims = json!({"sub": "ana", "exp": now_s() + 60}).to_string();
        let good = signed(r#"{"alg":"HS256"}"#, &claims);
        assert!(verifier.verify(&good).is_ok());
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            assert!(verifier.verify(&changed).is_err(), "{at}");
        }
        let (unsigned, signature) = good.rsplit_once('.').expect("three parts");
        for bad in [
            format!("{unsigned}."),
            unsigned.to_owned(),
            format!("{good}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!(" {good}"),
            format!("{good}\n"),
            format!("{unsigned}..{signature}"),
            ".".to_owned(),
            "..".to_owned(),
            "\u{0}.\u{0}.\u{0}".to_owned(),
        ] {
            assert!(verifier.verify(&bad).is_err(), "{bad:?}");
        }
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
