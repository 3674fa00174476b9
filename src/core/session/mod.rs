//! The connection: one pipe in use at a time, when to open it, when to believe that it is dead, when to give up.
//!
//! Owns the state machine, backoff, liveness, the token and which transport is tried when. Guarantees at most one live
//! pipe and one deadline, at most one pipe beside it that is not in use, and that nothing undoes [`Session::disconnect`]
//! but [`Session::connect`]. Knows nothing of messages: the client tells it what it heard and does what it asks for.
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
//! `Opening` is a race: to a WebSocket that has not opened after 2.5 s, or was refused where none has worked yet, polling
//! is opened beside it, or the other way round where polling comes first. The first that opens is used. A connection that
//! lives on polling tries a WebSocket now and then, and moves over, still `Live`, when that has answered.
//!
//! Where the tabs of a user share a connection, `Electing` stands before `Opening` until it is known whose: a tab that
//! leads opens one of its own, another one goes by way of the tab that does ([`Session::set_way`]).
//!
//! With a token to fetch, `AwaitingToken` stands before `Opening`. A page that is hidden for long, or suspended, puts the
//! connection to sleep: `Asleep`, from which only a look at the page, or the program, wakes it. Every phase with every
//! input stands in `docs/CONNECTION.md`, which a test holds against the machine.

mod backoff;
mod clock;
mod close;
mod liveness;
mod machine;
mod phase;
mod race;
mod token;
mod upgrade;
mod words;

pub use backoff::Backoff;
pub use close::{CloseVerdict, judge_close};
pub use liveness::{TAB_ANSWER_MS, TAB_INTERVAL_MS};
pub use machine::Session;
pub use token::{expiry_ms, subject_of};
pub use words::{Action, Signal, State};
