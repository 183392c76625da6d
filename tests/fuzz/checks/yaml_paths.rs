//! Every place of a YAML text at which something can be edited.

use mig::text::yaml::{Key, Node, Value};

/// The paths to scalars and to lists, with the node of each scalar.
pub fn paths(node: &Node, path: &mut Vec<Key>, scalars: &mut Vec<(Vec<Key>, Node)>, lists: &mut Vec<Vec<Key>>) {
    match &node.value {
        Value::Scalar(_) => scalars.push((path.clone(), node.clone())),
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
