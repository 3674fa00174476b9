//! From the configured address to the one of a transport.

use super::Transport;

/// Schemes of polling and what they are for a WebSocket.
const SCHEMES: [(&str, &str); 2] = [("http://", "ws://"), ("https://", "wss://")];

/// Where `transport` is to be found, given the configured absolute address.
///
/// A WebSocket's address is taken as it is, with its scheme if it has another. Polling lies beside it: the last segment
/// of the path becomes `poll`. An `http` address is that of polling itself.
pub fn address(url: &str, transport: Transport) -> String {
    match transport {
        Transport::WebSocket => match rescheme(url, |(http, socket)| (http, socket)) {
            Some((scheme, rest)) => format!("{scheme}{rest}"),
            None => url.to_owned(),
        },
        Transport::Polling => {
            let url = url.split(['?', '#']).next().unwrap_or_default();
            match rescheme(url, |(http, socket)| (socket, http)) {
                Some((scheme, rest)) => {
                    let folder = rest.rfind('/').map_or(rest, |at| rest.get(..at).unwrap_or_default());
                    format!("{scheme}{folder}/poll")
                }
                None => {
                    let base = url.trim_end_matches('/');
                    let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
                    format!("{base}{}", if has_path { "" } else { "/poll" })
                }
            }
        }
    }
}

/// The scheme that takes the place of the one `url` has, and what follows it; nothing if it has that one already.
fn rescheme(
    url: &str,
    way: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> Option<(&'static str, &str)> {
    SCHEMES.into_iter().map(way).find_map(|(from, to)| {
        let start = url.get(..from.len()).filter(|start| start.eq_ignore_ascii_case(from))?;
        Some((to, url.get(start.len()..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_lies_beside_the_socket_and_an_http_address_is_its_own() {
        for (url, polling) in [
            ("ws://host/ws", "http://host/poll"),
            ("WSS://host:8443/a/b/ws?room=5", "https://host:8443/a/b/poll"),
            ("wss://host", "https://host/poll"),
            ("wss://host/?token=secret/of", "https://host/poll"),
            ("wss://[::1]:80/", "https://[::1]:80/poll"),
            ("https://host/realtime", "https://host/realtime"),
            ("https://host/realtime/?token=secret", "https://host/realtime"),
            ("http://host:80", "http://host:80/poll"),
            ("HTTP://host/", "HTTP://host/poll"),
        ] {
            assert_eq!(address(url, Transport::Polling), polling, "{url}");
        }
    }

    #[test]
    fn a_socket_keeps_its_address_but_for_the_scheme() {
        for (url, socket) in [
            ("wss://host/ws?room=5", "wss://host/ws?room=5"),
            ("https://host/ws", "wss://host/ws"),
            ("HTTP://host", "ws://host"),
        ] {
            assert_eq!(address(url, Transport::WebSocket), socket, "{url}");
        }
    }
}
