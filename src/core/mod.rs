//! The pure core.

#![forbid(unsafe_code)]

pub mod json;
pub mod model;
