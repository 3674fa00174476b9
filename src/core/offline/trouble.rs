//! Why storage failed, in the classes that call for different answers.

use crate::core::fault::{Fault, FaultCode};

/// Why storage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is dead: a new one works.
    HandleDead,
    /// The browser cannot use its own files just now.
    Backing,
    /// The origin's storage is full.
    Quota,
    /// What was to be stored cannot be: it would fail again.
    Data,
    /// The database or a table of it is gone.
    Missing,
    /// Another tab holds on to the database.
    Blocked,
    /// There is no IndexedDB here.
    Absent,
    /// The transaction was aborted for another reason, or for none.
    Aborted,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::HandleDead,
        Self::Backing,
        Self::Quota,
        Self::Data,
        Self::Missing,
        Self::Blocked,
        Self::Absent,
        Self::Aborted,
    ];

    /// Its word in a trace.
    pub fn word(self) -> &'static str {
        match self {
            Self::HandleDead => "handle-dead",
            Self::Backing => "backing",
            Self::Quota => "quota",
            Self::Data => "data",
            Self::Missing => "missing",
            Self::Blocked => "blocked",
            Self::Absent => "absent",
            Self::Aborted => "aborted",
        }
    }

    /// What a `DOMException` of IndexedDB stands for. Browsers report a connection that died and files that cannot be
    /// opened under several names, told apart by their words.
    pub fn of_exception(name: &str, message: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match name {
            "QuotaExceededError" => Self::Quota,
            "DataError" | "DataCloneError" => Self::Data,
            "NotFoundError" | "VersionError" => Self::Missing,
            _ if says(&[
                "backing store",
                "disk while opening",
                "Unable to open database",
                "database file",
            ]) =>
            {
                Self::Backing
            }
            "InvalidStateError" | "TransactionInactiveError" => Self::HandleDead,
            _ if says(&["connection is clos", "onnection to Indexed", "in-progress transaction"]) => {
                Self::HandleDead
            }
            "UnknownError" => Self::Backing,
            _ => Self::Aborted,
        }
    }

    /// The fault that a caller gets.
    pub fn fault(self, message: &str) -> Fault {
        let code = match self {
            Self::Quota => FaultCode::QuotaExceeded,
            Self::Data | Self::Aborted => FaultCode::StorageAborted,
            Self::HandleDead | Self::Backing | Self::Missing | Self::Blocked | Self::Absent => {
                FaultCode::StorageUnavailable
            }
        };
        let lasting = matches!(self, Self::Absent | Self::Data);
        let fault = Fault::new(code, message);
        Fault { retryable: fault.retryable && !lasting, ..fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_say_is_told_apart() {
        for (name, message, trouble) in [
            ("InvalidStateError", "The database connection is closing.", Trouble::HandleDead),
            ("InvalidStateError", "A mutation operation was attempted on a database", Trouble::HandleDead),
            (
                "UnknownError",
                "Connection to Indexed Database server lost. Refresh the page",
                Trouble::HandleDead,
            ),
            (
                "UnknownError",
                "Attempt to get records from database without an in-progress transaction",
                Trouble::HandleDead,
            ),
            ("UnknownError", "Internal error opening backing store for indexedDB.open.", Trouble::Backing),
            ("UnknownError", "Unable to open database file on disk", Trouble::Backing),
            ("AbortError", "Internal error: full disk while opening backing store", Trouble::Backing),
            ("UnknownError", "The operation failed for reasons unrelated to the database", Trouble::Backing),
            ("QuotaExceededError", "", Trouble::Quota),
            ("DataCloneError", "", Trouble::Data),
            ("NotFoundError", "One of the specified object stores was not found.", Trouble::Missing),
            ("AbortError", "", Trouble::Aborted),
            ("ConstraintError", "Key already exists in the object store.", Trouble::Aborted),
            ("ConstraintError", "A mutation operation in the transaction failed", Trouble::Aborted),
        ] {
            assert_eq!(Trouble::of_exception(name, message), trouble, "{name}: {message}");
        }
    }

    #[test]
    fn each_has_a_word_of_its_own_and_a_fault_that_says_whether_it_passes() {
        let words: std::collections::BTreeSet<_> =
            Trouble::ALL.iter().map(|trouble| trouble.word()).collect();
        assert_eq!(words.len(), Trouble::ALL.len());
        assert!(Trouble::Quota.fault("full").retryable && !Trouble::Absent.fault("none").retryable);
        assert_eq!(Trouble::Quota.fault("full").code, FaultCode::QuotaExceeded);
    }
}
