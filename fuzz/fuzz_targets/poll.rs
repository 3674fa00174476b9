#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::target("poll").expect("a target")(data));
