//! Writes that reach the server by other ways than the socket: as REST requests, or through a function of the program's.
//!
//! Owns which write goes when ([`Uploads`]), what it looks like ([`request`], [`action`]) and what an answer means
//! ([`classify`]). Guarantees that the writes of one event go in their order, one at a time, and that an event whose write
//! fails delays no other. Does not know who sends, nor what becomes of a write that is decided.

mod answer;
mod lanes;
mod request;

pub use answer::{Answer, Class, Thrown, classify};
pub use lanes::{UploadId, Uploads};
pub use request::{Request, action, describe, percent_encode, request};
