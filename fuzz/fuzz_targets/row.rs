#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::target("row").expect("a target")(data));
