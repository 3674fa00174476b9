//! Which pages may speak to the server, over every way in.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod harness;

use harness::Server;

/// Origins that a page of somebody else may have, or a browser in an odd state.
const FOREIGN: [&str; 34] = [
    "null",
    "",
    " ",
    "*",
    "https://evil.example",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "https://app.example-evil.example",
    "https://evilapp.example",
    "https://app.example@evil.example",
    "https://app.example:443",
    "https://app.example:80",
    "https://app.example:8443",
    "https://app.example.",
    "https://app.example/",
    "https://app.example/path",
    "https://app.example?x",
    "https://app.example#x",
    "https://APP.example",
    "HTTPS://app.example",
    "http://app.example",
    "ws://app.example",
    "wss://app.example",
    "ftp://app.example",
    "file://",
    "file:///app.example",
    "data:text/html,x",
    "blob:https://app.example/1",
    "chrome-extension://app.example",
    "app.example",
    "//app.example",
    "https://xn--pp-cja.example",
    "https://app.example https://evil.example",
    "https://app.example,https://app.example",
];

const WAYS: [(&str, &str); 4] =
    [("GET", "/ws"), ("POST", "/poll/open"), ("GET", "/api/events"), ("POST", "/api/events")];

fn upgrade(origins: &[&str]) -> String {
    let told: String = origins.iter().map(|origin| format!("Origin: {origin}\r\n")).collect();
    format!(
        "GET /ws HTTP/1.1\r\nHost: app.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n{told}\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

#[tokio::test]
async fn no_other_page_gets_in_by_any_way() {
    let server =
        Server::start(&["--allow-origin", "https://app.example", "--allow-origin", "http://10.0.0.1:5173"]);
    for origin in FOREIGN {
        for (method, path) in WAYS {
            let answer = server.http(method, path, &[("Origin", origin)], "{}");
            assert_eq!(answer.status, 403, "{origin:?} {method} {path}");
            assert!(!answer.head.contains("access-control-allow-origin"), "{origin:?} {path}");
        }
        let head = server.upgrade_head(&upgrade(&[origin]));
        assert!(head.starts_with("http/1.1 403"), "{origin:?}: {head}");
    }
    for twice in
        [["https://app.example", "https://app.example"], ["https://app.example", "https://evil.example"]]
    {
        assert!(server.upgrade_head(&upgrade(&twice)).starts_with("http/1.1 403"));
    }
    for good in ["https://app.example", "http://10.0.0.1:5173"] {
        assert!(server.upgrade_head(&upgrade(&[good])).starts_with("http/1.1 101"), "{good}");
        assert_eq!(server.http("POST", "/poll/open", &[("Origin", good)], "").status, 200);
    }
    // No page at all: a program that needs no page to act for it.
    assert!(server.upgrade_head(&upgrade(&[])).starts_with("http/1.1 101"));
    assert_eq!(server.metric("baro_poll_sessions"), 2);
}

#[tokio::test]
async fn without_a_list_only_the_servers_own_page_gets_in() {
    let server = Server::start(&[]);
    let own = ["http://app.example", "https://app.example"];
    for origin in FOREIGN {
        let allowed = own.contains(&origin) || ["https://app.example:443"].contains(&origin);
        let head = server.upgrade_head(&upgrade(&[origin]));
        assert_eq!(head.starts_with("http/1.1 101"), allowed, "{origin:?}: {head}");
    }
}
