#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larder_fuzz::ms_listing::run(data));
