//! The YAML tree over files of real systems, where they lie beside the project.

use mig::text::yaml::{LIMITS, Node, Style, Value, parse};
use std::path::{Path, PathBuf};

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            found.push(path);
        }
    }
}

/// Every scalar that is a value, in order.
fn scalars<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    match &node.value {
        Value::Scalar(_) => found.push(node),
        Value::List(items) => items.iter().for_each(|n| scalars(n, found)),
        Value::Map(entries) => entries.iter().for_each(|e| scalars(&e.value, found)),
        Value::Alias(_) => {}
    }
}

fn texts(nodes: &[&Node]) -> Vec<String> {
    nodes.iter().filter_map(|n| n.scalar()).map(|s| s.text.clone()).collect()
}

/// Replacing the bytes of one scalar's span changes that scalar and nothing else.
#[test]
fn each_scalar_of_real_files_can_be_replaced_by_its_span() {
    let folder = std::env::var_os("MIG_FIXTURES").map_or_else(|| PathBuf::from("../shared/fixtures"), PathBuf::from);
    let mut files = vec![];
    yaml_files(&folder, &mut files);
    if files.is_empty() {
        eprintln!("no fixtures at {}: nothing to read", folder.display());
        return;
    }
    let mut wrong = vec![];
    let mut replaced = 0;
    for file in &files {
        let source = std::fs::read(file).expect("a file that was listed can be read");
        let tree = match parse(&source, LIMITS) {
            Ok(tree) => tree,
            Err(fault) => {
                // What this reader refuses, another one refuses too.
                if serde_yaml::from_slice::<serde_yaml::Value>(&source).is_ok() {
                    wrong.push(format!("{}:{}: {}", file.display(), fault.span.line, fault.message));
                }
                continue;
            }
        };
        let mut nodes = vec![];
        tree.documents.iter().for_each(|n| scalars(n, &mut nodes));
        let before = texts(&nodes);
        // Each replacement is a whole reading, so long files are sampled.
        for (index, node) in nodes.iter().enumerate().step_by(nodes.len() / 30 + 1) {
            let scalar = node.scalar().expect("only scalars were collected");
            // A value that is missing needs a blank before the new one.
            let missing = scalar.text.is_empty() && scalar.style == Style::Plain;
            let new: &[u8] = if missing { b" \"#new\"" } else { b"\"#new\"" };
            let edited = [&source[..node.span.start], new, &source[node.span.end..]].concat();
            let mut expected = before.clone();
            expected[index] = "#new".into();
            let after = parse(&edited, LIMITS).map(|tree| {
                let mut nodes = vec![];
                tree.documents.iter().for_each(|n| scalars(n, &mut nodes));
                texts(&nodes)
            });
            replaced += 1;
            if after.as_ref() != Ok(&expected) {
                wrong.push(format!("{}:{}:{}: {scalar:?}", file.display(), node.span.line, node.span.column));
            }
        }
    }
    eprintln!("{replaced} scalars of {} files", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
