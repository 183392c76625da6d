//! Any bytes as a configuration: no panic, and an edit is done once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mig::text::nginx::{Edited, Scheme, Server, Wanted, apply, point};

fuzz_target!(|text: &[u8]| {
    let Ok(server) = Server::parse("192.0.2.20:443") else { return };
    for (scheme, host_header, keep_uri) in [(Some(Scheme::Https), true, false), (None, false, true)] {
        let upstreams = vec![("a".to_string(), server.clone())];
        let wanted = Wanted { upstreams, scheme, host_header, keep_uri };
        if let Ok(Edited::Changed(splices)) = point(text, &wanted) {
            assert_eq!(point(&apply(text, &splices), &wanted), Ok(Edited::Already));
        }
    }
});
