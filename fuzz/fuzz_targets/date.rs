#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::target("date").expect("a target")(data));
