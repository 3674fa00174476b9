#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::target("event").expect("a target")(data));
