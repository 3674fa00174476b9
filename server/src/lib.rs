//! Reference server of Baro Realtime.
