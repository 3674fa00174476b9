//! What a close code means for what comes next. The table stands in `docs/PROTOCOL.md` §1.5 and `docs/ERRORS.md`;
//! `tests/errors.rs` holds both against this one.

use crate::core::fault::FaultCode;

/// What to do after a socket closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseVerdict {
    /// Come back with backoff.
    Retry,
    /// Come back spread over the server's window.
    Spread,
    /// Get a new token, then come back.
    SignIn,
    /// Stay away: the code says why.
    Terminal(FaultCode),
}

/// The verdict on a close code.
pub fn judge_close(code: u16) -> CloseVerdict {
    match code {
        1001 | 1012 | 1013 => CloseVerdict::Spread,
        4400 => CloseVerdict::Terminal(FaultCode::ProtocolError),
        4401 => CloseVerdict::SignIn,
        4403 => CloseVerdict::Terminal(FaultCode::Forbidden),
        1009 => CloseVerdict::Terminal(FaultCode::TooLarge),
        4500..=4999 => CloseVerdict::Terminal(FaultCode::RefusedByServer),
        _ => CloseVerdict::Retry,
    }
}
