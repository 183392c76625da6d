//! What holds of every text that is edited as YAML: no panic; an edit is done once; of a value that
//! is set, what stands before and after it stays; and an item is only ever added.

use mig::text::yaml::{Edited, Key, LIMITS, Node, Path, Plain, Value, Wish, parse, set};

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
    for (path, span) in scalars.into_iter().take(PATHS) {
        let Ok(path) = Path::new(path) else { continue };
        for new in ["192.0.2.20", "it's: \"x\" #", ""] {
            if let Some(new) = once(text, &path, &Wish::Scalar(Plain::Text(new.into()))) {
                let stays = new.starts_with(&text[..span.start]) && new.ends_with(&text[span.end..]);
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

type Found = (Vec<Key>, std::ops::Range<usize>);

fn paths(node: &Node, path: &mut Vec<Key>, scalars: &mut Vec<Found>, lists: &mut Vec<Vec<Key>>) {
    match &node.value {
        Value::Scalar(_) => scalars.push((path.clone(), node.span.start..node.span.end)),
        Value::List(items) => {
            lists.push(path.clone());
            for (n, item) in items.iter().enumerate() {
                path.push(Key::Index(n));
                paths(item, path, scalars, lists);
                path.pop();
            }
        }
        Value::Map(entries) => {
            for e in entries {
                let Some(key) = e.key.scalar() else { continue };
                path.push(Key::Name(key.text.clone()));
                paths(&e.value, path, scalars, lists);
                path.pop();
            }
        }
        Value::Alias(_) => {}
    }
}
