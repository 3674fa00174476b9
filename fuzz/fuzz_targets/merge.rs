#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::target("merge").expect("a target")(data));
