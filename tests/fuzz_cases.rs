//! What the fuzz targets hold of every text (`tests/fuzz/checks`), tried on all texts that ever broke it.

use std::fs;
use std::path::Path;

#[path = "fuzz/checks/nginx.rs"]
mod nginx;
#[path = "fuzz/checks/yaml.rs"]
mod yaml;

/// Also cut short at every place: what is torn is a text too.
fn try_all(of: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/cases").join(of);
    let mut tried = 0;
    for case in fs::read_dir(&folder).expect("the folder of cases") {
        let path = case.expect("a case").path();
        let text = fs::read(&path).expect("a case can be read");
        for end in 0..=text.len() {
            eprintln!("{} up to {end}", path.display());
            check(&text[..end]);
            tried += 1;
        }
    }
    assert!(tried > 0, "there is a case in {}", folder.display());
}

#[test]
fn nginx_texts() {
    try_all("nginx", nginx::check);
}

#[test]
fn yaml_texts() {
    try_all("yaml", yaml::check);
}
