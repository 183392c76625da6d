//! What `docs/guide/editor.md` tells editors fits what `mig check` really prints, and the definitions
//! are text that Rhai's tools can read.

use std::path::Path;
use std::process::Command;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(top().join("docs/guide/editor.md")).unwrap()
}

/// The JSON block of the page.
fn task() -> serde_json::Value {
    let page = page();
    let block = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of JSON");
    let file: serde_json::Value = serde_json::from_str(block).expect("JSON without comments");
    file["tasks"][0].clone()
}

#[test]
fn the_problem_matcher_finds_what_mig_check_prints() {
    let task = task();
    let pattern = &task["problemMatcher"]["pattern"];
    let regexp = regex::Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
    let group = |name: &str| usize::try_from(pattern[name].as_u64().unwrap()).unwrap();
    let playbooks = ["several_at_once", "parameter_that_is_never_read", "command_that_cannot_be_taken_back"];
    let mut levels = std::collections::BTreeSet::new();
    for name in playbooks {
        let file = format!("tests/check/{name}.rhai");
        let args =
            task["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().replace("${relativeFile}", &file));
        let args: Vec<String> = args.collect();
        let run =
            |args: &[String]| Command::new(env!("CARGO_BIN_EXE_mig")).args(args).current_dir(top()).output().unwrap();
        let out = run(&args);
        // A task's terminal shows both.
        let shown = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let matched: Vec<_> = shown.lines().filter_map(|l| regexp.captures(l)).collect();
        let json = run(&[&args[..], &["--format".into(), "json".into()]].concat());
        let json: Vec<serde_json::Value> =
            String::from_utf8_lossy(&json.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(matched.len(), json.len(), "{shown}");
        for (m, j) in matched.iter().zip(&json) {
            for (what, key) in [("file", "file"), ("severity", "severity"), ("message", "message")] {
                assert_eq!(&m[group(what)], j[key].as_str().unwrap(), "{what} in\n{shown}");
            }
            for what in ["line", "column"] {
                assert_eq!(m[group(what)].parse::<u64>().unwrap(), j[what].as_u64().unwrap(), "{what} in\n{shown}");
            }
            levels.insert(m[group("severity")].to_owned());
        }
    }
    assert_eq!(levels.into_iter().collect::<Vec<_>>(), ["error", "note", "warning"]);
}

#[test]
fn the_definitions_are_what_a_language_server_reads() {
    let text = std::fs::read_to_string(top().join("docs/reference/mig.d.rhai")).unwrap();
    // The grammar of rhai-lsp for definitions: `module` first, then functions with types and no bodies.
    assert!(text.starts_with("module static;\n"), "{}", &text[..40]);
    let function = regex::Regex::new(
        r"^fn [a-z_][a-z0-9_]*\((?:[a-z_][a-z0-9_]*: [A-Za-z?]+(?: \| [A-Za-z?]+)*(?:, )?)*\) -> [A-Za-z?()]+(?: \| [A-Za-z?()]+)*;$",
    )
    .unwrap();
    let mut names = std::collections::BTreeSet::new();
    for line in text.lines().skip(1).filter(|l| !l.is_empty() && !l.starts_with("///")) {
        assert!(function.is_match(line), "{line}");
        names.insert(line[3..].split('(').next().unwrap().to_owned());
    }
    for spec in mig::primitives::ALL {
        assert!(names.contains(spec.name), "{}", spec.name);
    }
    assert!(names.contains("step") && names.contains("wait_until"));
}
