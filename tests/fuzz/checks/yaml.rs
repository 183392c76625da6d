//! What holds of every text that is edited as YAML: no panic; an edit is done once; of a value that
//! is set, what stands before and after it stays; and an item is only ever added.

#[path = "yaml_paths.rs"]
mod yaml_paths;

use mig::text::yaml::{Edited, LIMITS, Path, Plain, Wish, parse, set};
use yaml_paths::paths;

/// More paths of one text say nothing new.
const PATHS: usize = 6;

pub fn check(text: &[u8]) {
    for path in ["a", "a.b", "a.0"] {
        let Ok(path) = Path::dotted(path) else { continue };
        for wish in [Wish::Scalar(Plain::Text("no".into())), Wish::Items(vec![Plain::Text("no".into())])] {
            once(text, &path, &wish);
        }
    }
    let Ok(tree) = parse(text, LIMITS) else { return };
    let (mut scalars, mut lists) = (vec![], vec![]);
    tree.documents.iter().take(1).for_each(|d| paths(d, &mut vec![], &mut scalars, &mut lists));
    for (path, node) in scalars.into_iter().take(PATHS) {
        let Ok(path) = Path::new(path) else { continue };
        for new in ["192.0.2.20", "it's: \"x\" #", ""] {
            if let Some(new) = once(text, &path, &Wish::Scalar(Plain::Text(new.into()))) {
                let stays = new.starts_with(&text[..node.span.start]) && new.ends_with(&text[node.span.end..]);
                assert!(stays, "{path}: other bytes changed: {}", String::from_utf8_lossy(&new));
            }
        }
    }
    for path in lists.into_iter().take(PATHS) {
        let Ok(path) = Path::new(path) else { continue };
        if let Some(new) = once(text, &path, &Wish::Items(vec![Plain::Text("127.0.0.1:6379".into())])) {
            let front = text.iter().zip(&new).take_while(|(a, b)| a == b).count();
            let back = text.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
            assert!(front + back >= text.len(), "{path}: not only added: {}", String::from_utf8_lossy(&new));
        }
    }
}

/// Edits, and edits again: there is nothing left to do.
fn once(text: &[u8], path: &Path, wish: &Wish) -> Option<Vec<u8>> {
    let Ok(Edited::Changed(new)) = set(text, path, wish) else { return None };
    assert_eq!(set(&new, path, wish), Ok(Edited::Already), "{path} {wish:?}: {}", String::from_utf8_lossy(&new));
    Some(new)
}
