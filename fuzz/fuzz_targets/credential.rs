#![no_main]

#[path = "../entry/credential.rs"]
mod credential;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| credential::check(bytes));
