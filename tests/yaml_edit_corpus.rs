//! Values of a folder of YAML files set, read again, and compared. The folder is `MIG_YAML_CORPUS`,
//! else files of real systems where they lie beside the project.

#[path = "fuzz/checks/yaml_paths.rs"]
mod yaml_paths;

use mig::text::yaml::{Edited, LIMITS, Path, Plain, Wish, parse, set};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use yaml_paths::paths;

fn folder() -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    std::env::var_os("MIG_YAML_CORPUS").map_or_else(default, PathBuf::from)
}
fn files(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_value_is_set_and_nothing_else_changes() {
    let mut all = vec![];
    files(&folder(), &mut all);
    if all.is_empty() {
        eprintln!("no YAML files in {}: nothing is tried; set MIG_YAML_CORPUS to a folder", folder().display());
        return;
    }
    let (mut unread, mut scalars, mut items, mut wrong) = (0, 0, 0, vec![]);
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for file in &all {
        let text = fs::read(file).expect("a file that was listed can be read");
        let Ok(tree) = parse(&text, LIMITS) else {
            unread += 1;
            continue;
        };
        let (mut values, mut lists) = (vec![], vec![]);
        tree.documents.iter().take(1).for_each(|d| paths(d, &mut vec![], &mut values, &mut lists));
        // Each edit reads the whole text several times: long files are sampled.
        for (path, node) in values.iter().step_by(values.len() / 25 + 1) {
            let Ok(path) = Path::new(path.clone()) else { continue };
            for new in ["192.0.2.20", "it's: \"x\" #"] {
                let wish = Wish::Scalar(Plain::Text(new.into()));
                let place = format!("{}: {path}", file.display());
                match set(&text, &path, &wish) {
                    Ok(Edited::Changed(edited)) => {
                        scalars += 1;
                        let (front, back) = (&text[..node.span.start], &text[node.span.end..]);
                        if !(edited.starts_with(front) && edited.ends_with(back)) {
                            wrong.push(format!("{place}: other bytes changed"));
                        }
                        if set(&edited, &path, &wish) != Ok(Edited::Already) {
                            wrong.push(format!("{place}: a second edit finds work"));
                        }
                    }
                    Ok(Edited::Already) => {}
                    Err(why) => *refused.entry(without_names(&why.message)).or_default() += 1,
                }
            }
        }
        for path in lists.iter().step_by(lists.len() / 15 + 1) {
            let Ok(path) = Path::new(path.clone()) else { continue };
            let wish = Wish::Items(vec![Plain::Text("127.0.0.1:6379:6379".into())]);
            match set(&text, &path, &wish) {
                Ok(Edited::Changed(edited)) => {
                    items += 1;
                    let front = text.iter().zip(&edited).take_while(|(a, b)| a == b).count();
                    let back = text.iter().rev().zip(edited.iter().rev()).take_while(|(a, b)| a == b).count();
                    if front + back < text.len() || set(&edited, &path, &wish) != Ok(Edited::Already) {
                        wrong.push(format!("{}: {path}: not only an item was added", file.display()));
                    }
                }
                Ok(Edited::Already) => {}
                Err(why) => *refused.entry(without_names(&why.message)).or_default() += 1,
            }
        }
    }
    eprintln!("{} files, {unread} not read, {scalars} scalars set, {items} items added", all.len());
    for (why, n) in &refused {
        eprintln!("  {n} refused: {why}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The kind of a refusal.
fn without_names(message: &str) -> String {
    let kinds = ["the anchor", "the tag", "an alias", "written twice", "the merge", "documents", "as it is written"];
    kinds.iter().find(|k| message.contains(**k)).map_or_else(|| message.into(), |k| (*k).into())
}

/// What a playbook for Pryv does to the files as they are in the field.
#[test]
fn both_shapes_of_platform_yml_and_the_ports_of_redis() {
    let mut all = vec![];
    files(&folder(), &mut all);
    let named = |name: &str| -> Vec<&PathBuf> {
        all.iter().filter(|f| f.file_name().is_some_and(|n| n.to_string_lossy().contains(name))).collect()
    };
    let path = Path::dotted("vars.MACHINES_AND_PLATFORM_SETTINGS.settings.REG_MASTER_IP_ADDRESS.value").unwrap();
    let mut platforms = 0;
    for file in named("platform") {
        let text = fs::read(file).unwrap();
        let wish = Wish::Scalar(Plain::Text("198.51.100.7".into()));
        if let Ok(Edited::Changed(new)) = set(&text, &path, &wish) {
            platforms += 1;
            let (old, new) = (String::from_utf8(text).unwrap(), String::from_utf8(new).unwrap());
            let changed = old.lines().zip(new.lines()).filter(|(a, b)| a != b).count();
            assert_eq!((changed, old.lines().count()), (1, new.lines().count()), "{}", file.display());
        }
    }
    let path = Path::dotted("services.redis.ports").unwrap();
    let mut composes = 0;
    for file in named("pryv.yml") {
        let text = fs::read(file).unwrap();
        let wish = Wish::Items(vec![Plain::Text("127.0.0.1:6379:6379".into())]);
        if let Ok(Edited::Changed(new)) = set(&text, &path, &wish) {
            composes += 1;
            let (old, new) = (String::from_utf8(text).unwrap(), String::from_utf8(new).unwrap());
            let more = new.lines().count() - old.lines().count();
            assert!(old.lines().all(|l| new.contains(l)) && (1..=2).contains(&more), "{}", file.display());
        }
    }
    eprintln!("{platforms} platform files and {composes} compose files edited");
}
