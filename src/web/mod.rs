//! The `#[wasm_bindgen]` skin: converts, calls, returns.
//!
//! Owns nothing but caches of JavaScript objects. The published class, in `js/calendar.ts`, extends the one made here by
//! what needs no core: listeners and promises.

mod calendar;
mod convert;
mod emit;
mod error;
mod panic;
mod resolver;
mod status;
mod view;

pub use calendar::RealtimeCalendar;
pub use panic::name_the_place_of_panics;
pub use resolver::{detect_conflicts, resolve_conflict};
