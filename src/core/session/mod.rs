//! The connection: one socket at a time, when to open it, when to believe that it is dead, when to give up.
//!
//! Owns the state machine, backoff, liveness and the token. Guarantees at most one live pipe and one deadline, and that
//! nothing undoes [`Session::disconnect`] but [`Session::connect`]. Knows nothing of messages: the client tells it what
//! it heard and does what it asks for.
//!
//! ```text
//!              connect                 opened            answered, or nothing to answer
//!   Idle ───────────────► Opening ───────────► Greeting ────────────────────────────────► Live
//!    ▲                      ▲ │ failed, late      │ lost                                    │ lost
//!    │ disconnect           │ ▼                   ▼                                         ▼
//!    └── from anywhere   Backoff ◄──────────────────────────────────────────────────────────┘
//!                           │ refused for good, attempts used up
//!                           ▼
//!                         Failed ─── connect, reconnect ──► Opening
//! ```
//! With a token to fetch, `AwaitingToken` stands before `Opening`. A page that is hidden for long, or suspended, puts the
//! connection to sleep: `Asleep`, from which only a look at the page, or the program, wakes it.

mod backoff;
mod close;
mod liveness;
mod machine;
mod phase;
mod token;
mod words;

pub use backoff::Backoff;
pub use close::{CloseVerdict, judge_close};
pub use machine::Session;
pub use token::expiry_ms;
pub use words::{Action, Signal, State};
