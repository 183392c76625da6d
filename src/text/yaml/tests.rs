//! What the tree says about texts of every sort.

use super::*;
use proptest::prelude::*;

fn read(source: &str) -> Tree {
    parse(source.as_bytes(), LIMITS).unwrap_or_else(|f| panic!("{source:?}: {f:?}"))
}

/// What the span of the node at a path covers.
fn covered<'a>(source: &'a str, path: &[&str]) -> &'a str {
    let tree = read(source);
    let mut node = &tree.documents[0];
    for key in path {
        node = match &node.value {
            Value::List(items) => &items[key.parse::<usize>().unwrap()],
            _ => node.get(key).unwrap_or_else(|| panic!("no {key} in {source:?}")),
        };
    }
    &source[node.span.start..node.span.end]
}

fn fault(source: &[u8]) -> (String, usize, usize) {
    let fault = parse(source, LIMITS).unwrap_err();
    (fault.message, fault.span.line, fault.span.column)
}

fn features(source: &str) -> Vec<(String, usize, usize)> {
    let name = |kind: &FeatureKind| match kind {
        FeatureKind::DuplicateKey { key, first } => format!("duplicate {key} of {}:{}", first.line, first.column),
        other => format!("{other:?}"),
    };
    read(source).features.iter().map(|f| (name(&f.kind), f.span.line, f.span.column)).collect()
}

#[test]
fn spans_cover_the_value_and_nothing_else() {
    let source = "é: ünï  # why\nhosts:\r\n  a: &x { p: \"1.2\", q: 'it''s', l: [1, 2] , e: }\n  t: !!str foo\n  k: |\n    one\n     two\n\n  s:\n  - 1\n  - two words # c\n  f: >-  # folded\n    x\n";
    assert_eq!(covered(source, &["é"]), "ünï");
    assert_eq!(covered(source, &["hosts", "a"]), "{ p: \"1.2\", q: 'it''s', l: [1, 2] , e: }");
    assert_eq!(covered(source, &["hosts", "a", "p"]), "\"1.2\"");
    assert_eq!(covered(source, &["hosts", "a", "q"]), "'it''s'");
    assert_eq!(covered(source, &["hosts", "a", "l"]), "[1, 2]");
    assert_eq!(covered(source, &["hosts", "a", "l", "1"]), "2");
    assert_eq!(covered(source, &["hosts", "a", "e"]), "");
    assert_eq!(covered(source, &["hosts", "t"]), "foo");
    assert_eq!(covered(source, &["hosts", "k"]), "|\n    one\n     two");
    assert_eq!(covered(source, &["hosts", "s"]), "1\n  - two words");
    assert_eq!(covered(source, &["hosts", "s", "1"]), "two words");
    assert_eq!(covered(source, &["hosts", "f"]), ">-  # folded\n    x");
    let empty = &read("a:\n").documents[0];
    assert_eq!(empty.get("a").map(|n| (n.span.start, n.span.end)), Some((2, 2)), "behind the colon");
}

#[test]
fn styles_are_kept() {
    let tree = read("a: no\nb: 'no'\nc: \"n\\x6f\"\n");
    let style = |key: &str| tree.documents[0].get(key).and_then(Node::scalar).map(|s| (s.text.as_str(), s.style));
    assert_eq!(style("a"), Some(("no", Style::Plain)));
    assert_eq!(style("b"), Some(("no", Style::SingleQuoted)));
    assert_eq!(style("c"), Some(("no", Style::DoubleQuoted)));
}

#[test]
fn what_readers_disagree_about_is_found() {
    assert_eq!(
        features("a: 1\nb: {c: 1, c: 2}\n'a': 3\n"),
        [("duplicate c of 2:5".into(), 2, 11), ("duplicate a of 1:1".into(), 3, 1)]
    );
    assert_eq!(
        features("a: &x 1\nb: *x\nc:\n  <<: *x\n"),
        [
            ("Anchor(\"x\")".into(), 1, 4),
            ("Alias(\"x\")".into(), 2, 4),
            ("MergeKey".into(), 4, 3),
            ("Alias(\"x\")".into(), 4, 7),
        ]
    );
    assert_eq!(
        features("a: !!python/object:os.system x\nb: !t &y\n"),
        [
            ("Tag(\"!!python/object:os.system\")".into(), 1, 4),
            ("Tag(\"!t\")".into(), 2, 4),
            ("Anchor(\"y\")".into(), 2, 7),
        ]
    );
    assert_eq!(features("a: 1\n---\nb: 2\n"), [("NextDocument".into(), 2, 1)]);
    assert_eq!(features("? [a, b]\n: 1\n"), [("ComplexKey".into(), 1, 3)]);
    assert_eq!(features("a: [\n \t1]\nb: |\n  x\n  \ty\n"), [("TabIndentation".into(), 2, 2)]);
    assert_eq!(features("a:\n  \tb: 1\n"), [("TabIndentation".into(), 2, 3)]);
    assert_eq!(features("a: \"b\n  \tc\"\n\n# c\n"), [], "quoted text, blank lines and comments may have tabs");
}

#[test]
fn faults_have_their_place() {
    assert_eq!(fault(b"a:\n\tb: 1\n"), ("a tab stands in the indentation".into(), 2, 1));
    assert_eq!(fault(b"\xef\xbb\xbfa: 1").0, "the file begins with a byte order mark (BOM)");
    assert_eq!(fault(b"a: 1\n\xc3\xa9: caf\xe9\n"), ("the byte 0xe9 is not UTF-8".into(), 2, 7));
    assert_eq!(fault(b"a: 1\nb: x\0\n"), ("a NUL character stands in the file".into(), 2, 5));
    assert_eq!(fault(b"\xff\xfea\0"), ("the file is UTF-16, not UTF-8".into(), 1, 1));
    assert_eq!(fault(b"a: {b: 1\n").0, "a map in { } is not closed, or a comma is missing");
    assert_eq!(fault(b"a: b: c\n"), ("a \": \" stands where no key can be".into(), 1, 5));
    assert_eq!(fault(b"a: *q\n"), ("an alias (*name) names no anchor".into(), 1, 4));
    assert_eq!(fault(b"a:\n  - b\n c: 1\n").1, 3);
}

#[test]
fn quoted_lines_need_no_indentation() {
    let source = "a:\n  v: 1\n  b: \"é x\n  y\\\"\n\n  z\"\n  c: 'it''s\n d'\n  e: [\"x\ny\"]\n";
    let a = &read(source).documents[0];
    let text = |key: &str| a.get("a").and_then(|a| a.get(key)).and_then(Node::scalar).map(|s| s.text.clone());
    assert_eq!(text("b").as_deref(), Some("é x y\"\nz"));
    assert_eq!(text("c").as_deref(), Some("it's d"));
    assert_eq!(covered(source, &["a", "c"]), "'it''s\n d'");
    assert_eq!(covered(source, &["a", "e", "0"]), "\"x\ny\"");
    assert_eq!(fault(b"a:\n  v: 1\n  b: \"x\n---\n  y\"\n").1, 3);
    assert!(parse(b"a:\n  - \"x\n  y\"\n", LIMITS).is_ok());
}

#[test]
fn size_and_depth_are_limited() {
    let long = vec![b'#'; (1 << 20) + 1];
    assert_eq!(fault(&long).0, "the file is 1048577 bytes long; the limit is 1048576");
    assert!(parse(&long[1..], LIMITS).is_ok());
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(deep(32).as_bytes(), LIMITS).is_ok());
    assert_eq!(
        fault(deep(33).as_bytes()),
        ("lists and maps stand deeper in each other than the limit of 32 levels".into(), 1, 33)
    );
    assert!(parse("[".repeat(100_000).as_bytes(), LIMITS).is_err());
    assert!(parse("- ".repeat(100_000).as_bytes(), LIMITS).is_err());
    assert!(parse("{a: ".repeat(100_000).as_bytes(), LIMITS).is_err());
}

#[test]
fn a_text_without_anything_is_no_document() {
    assert_eq!(read("").documents, []);
    assert_eq!(read("# only a comment\n").documents, []);
}

/// Every span lies in the source, and a plain scalar of one line is what its span covers.
fn holds(source: &str, node: &Node) {
    let covered = &source[node.span.start..node.span.end];
    match &node.value {
        Value::Scalar(s) if s.style == Style::Plain && !covered.contains(['\n', '\r']) => assert_eq!(covered, s.text),
        Value::List(items) => items.iter().for_each(|n| holds(source, n)),
        Value::Map(entries) => entries.iter().for_each(|e| {
            holds(source, &e.key);
            holds(source, &e.value);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reading_bytes_never_panics(bytes: Vec<u8>) {
        let _ = parse(&bytes, LIMITS);
    }

    #[test]
    fn reading_what_looks_like_yaml_never_panics(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", "é", "日", ":", ": ", "- ", "-", "? ", "[", "]", "{", "}", ",", ", ", "\n", "\n  ", "\n    ", "\r\n", "\r",
                "\t", " ", "\"", "'", "''", "\\", "\\x41", "|", ">", "|-\n", ">2\n", "|+", "# c", "#", "&x", "*x", "!t", "!!str ", "!<x>",
                "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n", "<<: ", "null", "1.2", "~", "@", "`", "\u{feff}", "\u{85}",
            ]),
            0..40,
        )
    ) {
        let source = pieces.concat();
        if let Ok(tree) = parse(source.as_bytes(), LIMITS) {
            tree.documents.iter().for_each(|n| holds(&source, n));
        }
    }
}
