//! The hub, driven by hand.
