//! Reading the body of a request, no further and no longer than is allowed.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use tokio::time::timeout;

/// From the end of the headers to the end of the body. What is this slow is not a slow line but a held one.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than allowed; this is its beginning.
    TooLarge(Vec<u8>),
    /// It did not come to its end, in time or at all.
    Incomplete,
}

/// Reads a body of at most `bytes_max`.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let collect = async {
        let mut parts = body.into_data_stream();
        let mut whole = Vec::new();
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| Unread::Incomplete)?;
            let room = bytes_max - whole.len();
            whole.extend_from_slice(part.get(..room).unwrap_or(&part));
            if part.len() > room {
                return Err(Unread::TooLarge(whole));
            }
        }
        Ok(whole)
    };
    timeout(BODY_TIMEOUT, collect).await.unwrap_or(Err(Unread::Incomplete))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use futures_util::stream;

    fn parts(parts: &[&'static str]) -> Body {
        let parts: Vec<_> = parts.iter().map(|part| Ok::<_, std::io::Error>(Bytes::from(*part))).collect();
        Body::from_stream(stream::iter(parts))
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_limit_and_no_byte_further() {
        assert_eq!(read(parts(&["ab", "", "cd"]), 4).await, Ok(b"abcd".to_vec()));
        assert_eq!(read(parts(&["ab", "cde"]), 4).await, Err(Unread::TooLarge(b"abcd".to_vec())));
        assert_eq!(read(parts(&[]), 0).await, Ok(Vec::new()));
        assert_eq!(read(parts(&["a"]), 0).await, Err(Unread::TooLarge(Vec::new())));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_none() {
        let broken = stream::iter([Ok(Bytes::from("a")), Err(std::io::Error::other("gone"))]);
        assert_eq!(read(Body::from_stream(broken), 4).await, Err(Unread::Incomplete));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let held = stream::iter([Ok::<_, std::io::Error>(Bytes::from("a"))]).chain(stream::pending());
        assert_eq!(read(Body::from_stream(held), 4).await, Err(Unread::Incomplete));
    }
}
