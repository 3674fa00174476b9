//! What a close code means for what comes next. The table stands in `docs/PROTOCOL.md` §1.5.

/// What to do after a socket closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseVerdict {
    /// Come back with backoff.
    Retry,
    /// Come back spread over the server's window.
    Spread,
    /// Get a new token, then come back.
    SignIn,
    /// Stay away: the code says why.
    Terminal(&'static str),
}

/// The verdict on a close code.
pub fn judge_close(code: u16) -> CloseVerdict {
    match code {
        1001 | 1012 | 1013 => CloseVerdict::Spread,
        4400 => CloseVerdict::Terminal("protocol_error"),
        4401 => CloseVerdict::SignIn,
        4403 => CloseVerdict::Terminal("forbidden"),
        1009 => CloseVerdict::Terminal("too_large"),
        4500..=4999 => CloseVerdict::Terminal("refused_by_server"),
        _ => CloseVerdict::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_verdict() {
        for (code, verdict) in [
            (1000, CloseVerdict::Retry),
            (1001, CloseVerdict::Spread),
            (1006, CloseVerdict::Retry),
            (1009, CloseVerdict::Terminal("too_large")),
            (1012, CloseVerdict::Spread),
            (1013, CloseVerdict::Spread),
            (4400, CloseVerdict::Terminal("protocol_error")),
            (4401, CloseVerdict::SignIn),
            (4403, CloseVerdict::Terminal("forbidden")),
            (4408, CloseVerdict::Retry),
            (4429, CloseVerdict::Retry),
            (4499, CloseVerdict::Retry),
            (4500, CloseVerdict::Terminal("refused_by_server")),
            (3000, CloseVerdict::Retry),
        ] {
            assert_eq!(judge_close(code), verdict, "{code}");
        }
    }
}
