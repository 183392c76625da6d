//! Any bytes as an nginx configuration.
#![no_main]

#[path = "checks/nginx.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &[u8]| checks::check(text));
