//! Any bytes as YAML: no panic, and an edit is done once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mig::text::yaml::{Edited, Path, Plain, Wish, set};

fuzz_target!(|text: &[u8]| {
    let value = Plain::Text("no".into());
    for path in ["a", "a.b", "a.0"] {
        let Ok(path) = Path::dotted(path) else { continue };
        for wish in [Wish::Scalar(value.clone()), Wish::Items(vec![value.clone()])] {
            if let Ok(Edited::Changed(new)) = set(text, &path, &wish) {
                assert_eq!(set(&new, &path, &wish), Ok(Edited::Already));
            }
        }
    }
});
