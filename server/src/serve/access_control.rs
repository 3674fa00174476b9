//! Which pages may speak to the server.
//!
//! A browser tells a page's origin with every WebSocket and every cross-origin request, and lets no page forge it. Other
//! programs tell none and are let through: they need no page to act for them.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, header};

/// The pages that are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Those from the host that the request names.
    SameHost,
    /// These, to the letter.
    Listed(BTreeSet<String>),
    /// All.
    Any,
}

impl Origins {
    /// The pages that the command line names.
    pub(super) fn new(named: Vec<String>) -> Self {
        if named.iter().any(|origin| origin == "*") {
            return Self::Any;
        }
        if named.is_empty() { Self::SameHost } else { Self::Listed(named.into_iter().collect()) }
    }

    pub(super) fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Whether a request with these headers is let in; the origin that it tells, if it tells one.
    pub(super) fn admit<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, ()> {
        let mut told = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = told.next() else { return Ok(None) };
        let Some(origin) = origin.to_str().ok().filter(|_| told.next().is_none()) else { return Err(()) };
        // Sandboxed frames and local files are "null", and so is any attacker's sandboxed frame.
        let admitted = origin != "null"
            && match self {
                Self::Any => true,
                Self::Listed(listed) => listed.contains(origin),
                Self::SameHost => {
                    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
                    host.is_some_and(|host| is_same_host(origin, host))
                }
            };
        if admitted { Ok(Some(origin)) } else { Err(()) }
    }
}

/// Whether `text` is written as browsers write an origin.
pub(super) fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    let named = !rest.is_empty() && rest.bytes().all(plain) && !rest.starts_with(':') && !rest.ends_with(':');
    named && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !scheme.is_empty()
}

fn is_same_host(origin: &str, host: &str) -> bool {
    let (default_port, rest) = match origin.split_once("://") {
        Some(("http", rest)) => (":80", rest),
        Some(("https", rest)) => (":443", rest),
        _ => return false,
    };
    let bare = |text: &str| text.strip_suffix(default_port).unwrap_or(text).to_owned();
    !rest.is_empty() && bare(rest) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(origins: &Origins, told: &[&str], host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        for origin in told {
            headers.append(header::ORIGIN, origin.parse().expect("a header"));
        }
        origins.admit(&headers).is_ok()
    }

    #[test]
    fn by_default_only_pages_from_the_same_host() {
        let same = Origins::new(Vec::new());
        assert!(admits(&same, &["http://app.example:8787"], "app.example:8787"));
        assert!(admits(&same, &["https://app.example"], "app.example"));
        assert!(admits(&same, &["http://app.example"], "app.example:80"));
        assert!(admits(&same, &[], "app.example"));
        for bad in [
            "null",
            "http://app.example",
            "http://app.example.evil:8787",
            "http://evil-app.example:8787",
            "http://APP.example:8787",
            "http://app.example.:8787",
            "http://app.example:8788",
            "ftp://app.example:8787",
            "file://",
            "http://",
            "",
            "app.example:8787",
        ] {
            assert!(!admits(&same, &[bad], "app.example:8787"), "{bad}");
        }
    }

    #[test]
    fn a_list_is_taken_to_the_letter() {
        let listed = Origins::new(vec!["https://app.example".to_owned()]);
        assert!(admits(&listed, &["https://app.example"], "elsewhere"));
        for bad in [
            "https://app.example:443",
            "http://app.example",
            "https://app.example.evil",
            "https://evil.example",
            "https://app.example/",
            "https://xn--pp-cja.example",
            "null",
        ] {
            assert!(!admits(&listed, &[bad], "app.example"), "{bad}");
        }
        assert!(!admits(&listed, &["https://app.example", "https://app.example"], "x"));
        assert!(!admits(&Origins::new(vec!["*".to_owned()]), &["null"], "x"));
    }

    #[test]
    fn what_an_origin_looks_like() {
        assert!(
            is_origin("https://a.example")
                && is_origin("http://127.0.0.1:5173")
                && is_origin("http://[::1]:1")
        );
        for bad in
            ["a.example", "https://", "https://a/", "https://A.example", "https://a b", "://a", "https://u@a"]
        {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
