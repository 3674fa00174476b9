//! From the configured address to the one of a transport.

use super::Transport;

/// Where `transport` is to be found, given the configured address, absolute and with a scheme in small letters.
///
/// A WebSocket's address is taken as it is, with its scheme if it has another. Polling lies beside it: the last segment
/// of the path becomes `poll`. An `http` address is that of polling itself.
pub fn address(url: &str, transport: Transport) -> String {
    let is_socket = url.starts_with("ws");
    // Both kinds of scheme end alike: `://…`, or `s://…`.
    let rest = url.get(if is_socket { 2 } else { 4 }..).unwrap_or_default();
    match transport {
        Transport::WebSocket => ["ws", rest].concat(),
        // It is found by the name of the database, not by an address.
        Transport::Tab => String::new(),
        Transport::Polling => {
            let end = rest.bytes().position(|letter| letter == b'?' || letter == b'#');
            let path = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let base = match last_slash(path) {
                Some(at) if is_socket || at + 1 == path.len() => path.get(..at).unwrap_or_default(),
                Some(_) | None => path,
            };
            let is_whole = !is_socket && last_slash(base).is_some();
            ["http", base, if is_whole { "" } else { "/poll" }].concat()
        }
    }
}

/// The last `/` that is part of the path, behind `s://` and a host.
fn last_slash(rest: &str) -> Option<usize> {
    rest.bytes().rposition(|letter| letter == b'/').filter(|at| *at >= "s://".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_lies_beside_the_socket_and_an_http_address_is_its_own() {
        for (url, polling) in [
            ("ws://host/ws", "http://host/poll"),
            ("wss://host:8443/a/b/ws?room=5", "https://host:8443/a/b/poll"),
            ("wss://host", "https://host/poll"),
            ("wss://host/?token=secret/of", "https://host/poll"),
            ("wss://[::1]:80/", "https://[::1]:80/poll"),
            ("https://host/realtime", "https://host/realtime"),
            ("https://host/realtime/?token=secret", "https://host/realtime"),
            ("http://host:80", "http://host:80/poll"),
            ("http://host/", "http://host/poll"),
        ] {
            assert_eq!(address(url, Transport::Polling), polling, "{url}");
        }
    }

    #[test]
    fn a_socket_keeps_its_address_but_for_the_scheme() {
        for (url, socket) in [
            ("wss://host/ws?room=5", "wss://host/ws?room=5"),
            ("https://host/ws", "wss://host/ws"),
            ("http://host", "ws://host"),
        ] {
            assert_eq!(address(url, Transport::WebSocket), socket, "{url}");
        }
    }
}
