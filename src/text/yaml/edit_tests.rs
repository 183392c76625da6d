//! One value set in place: what changes, what stays, and what is refused.

use super::*;
use proptest::prelude::*;

fn edit(text: &str, path: &str, wish: &Wish) -> Result<String, String> {
    let path = Path::dotted(path)?;
    let said = |r: Refusal| format!("{}; {}", r.message, r.hint.unwrap_or_default());
    let new = match set(text.as_bytes(), &path, wish).map_err(said)? {
        Edited::Already => text.to_string(),
        Edited::Changed(new) => String::from_utf8(new).unwrap(),
    };
    assert_eq!(set(new.as_bytes(), &path, wish), Ok(Edited::Already), "{new}");
    Ok(new)
}
fn word(text: &str) -> Wish {
    Wish::Scalar(Plain::Text(text.into()))
}
fn items(texts: &[&str]) -> Wish {
    Wish::Items(texts.iter().map(|t| Plain::Text((*t).into())).collect())
}

#[test]
fn a_scalar_is_set_in_its_own_style() {
    for (old, value, new) in [
        ("a:\n  b: 1.2.3 # c\n", "4.5.6", "a:\n  b: 4.5.6 # c\n"),
        ("a:\n  b: 'x'\n", "it's", "a:\n  b: 'it''s'\n"),
        ("a:\r\n  b: \"x\"\r\n", "a\"b", "a:\r\n  b: \"a\\\"b\"\r\n"),
        ("a:\n  b: x", "no", "a:\n  b: \"no\""),
        ("a:\n  b: x", "1:2", "a:\n  b: \"1:2\""),
        ("a:\n  b:\n  c: 1", "x", "a:\n  b: x\n  c: 1"),
        ("a: {b: x, c: [1]}", "y, z", "a: {b: \"y, z\", c: [1]}"),
        ("\u{feff}a:\n  b: x\n", "w", "\u{feff}a:\n  b: w\n"),
        ("a:\n  b: |\n    one\n    two\n  c: 1\n", "three", "a:\n  b: \"three\"\n  c: 1\n"),
        ("a:\n  b: >-\n      x\n", "", "a:\n  b: \"\"\n"),
        ("a:\n  b: x\n", "x", "a:\n  b: x\n"),
    ] {
        assert_eq!(edit(old, "a.b", &word(value)).as_deref(), Ok(new));
    }
    assert_eq!(edit("a: [x, {k: 1}]", "a.1.k", &Wish::Scalar(Plain::Int(2))).as_deref(), Ok("a: [x, {k: 2}]"));
    assert_eq!(edit("a: \"5\"", "a", &Wish::Scalar(Plain::Int(5))).as_deref(), Ok("a: 5"));
    assert_eq!(edit("a: yes", "a", &Wish::Scalar(Plain::Bool(true))).as_deref(), Ok("a: true"));
}

#[test]
fn an_item_is_added_in_each_of_the_three_cases() {
    let port = items(&["127.0.0.1:6379:6379"]);
    let with = |ports: &str| format!("services:\n  redis:\n    image: r\n{ports}    volumes:\n      - x\n  mail: 1\n");
    let there = with("    ports:\n      - \"10.0.0.1:6379:6379\" # vpn\n");
    let new = with("    ports:\n      - \"10.0.0.1:6379:6379\" # vpn\n      - \"127.0.0.1:6379:6379\"\n");
    assert_eq!(edit(&there, "services.redis.ports", &port), Ok(new));
    let comment = "    #ports:  # used if reg-slave is defined\n    #  - \"REG_MASTER_VPN_IP_ADDRESS:6379:6379\"\n";
    let new = with(&format!("{comment}    ports:\n      - \"127.0.0.1:6379:6379\"\n"));
    assert_eq!(edit(&with(comment), "services.redis.ports", &port), Ok(new));
    let new = "services:\n  redis:\n    image: r\n    volumes:\n      - x\n    ports:\n      - \"127.0.0.1:6379:6379\"\n  mail: 1\n";
    assert_eq!(edit(&with(""), "services.redis.ports", &port).as_deref(), Ok(new));
    for (old, new) in [
        ("a:\n  ports:\n  b: 1", "a:\n  ports:\n    - x\n  b: 1"),
        ("a:\n  ports: [y]", "a:\n  ports: [y, x]"),
        ("a:\n  ports: [ ]", "a:\n  ports: [x ]"),
        ("a:\n  ports: ['y',]", "a:\n  ports: ['y','x']"),
        ("a:\n  ports:\n    -\n      k: 1\n", "a:\n  ports:\n    -\n      k: 1\n    - x\n"),
        ("a:\n  ports:\n  - y\nb: 1", "a:\n  ports:\n  - y\n  - x\nb: 1"),
        ("a:\n  b: 1\n", "a:\n  b: 1\n  ports:\n    - x\n"),
        ("a:\r\n  b: 1", "a:\r\n  b: 1\r\n  ports:\r\n    - x"),
        ("a:\n  b: |\n    t\n\nc: 1", "a:\n  b: |\n    t\n  ports:\n    - x\n\nc: 1"),
        ("a:\n  ports:\n    - k: 1\n      l: 2\n", "a:\n  ports:\n    - k: 1\n      l: 2\n    - x\n"),
    ] {
        assert_eq!(edit(old, "a.ports", &items(&["x"])).as_deref(), Ok(new));
    }
    assert_eq!(edit("p:\n- a\n", "p", &items(&["b", "a", "c"])).as_deref(), Ok("p:\n- a\n- b\n- c\n"));
}

#[test]
fn row_45_what_cannot_be_edited_is_told() {
    for (old, path, wish, says) in [
        ("a:\n  b: 1\n", "a.c", word("x"), "there is no a.c: a (line 2) is a map, without \"c\"; its keys are b"),
        ("a:\n  b: 1\n", "a.b.c", word("x"), "there is no a.b.c: a.b (line 2) is a whole number, without \"c\""),
        ("a: [1]\n", "a.3", word("x"), "its items are numbered from 0 to 0"),
        ("a:\n  - 1\n", "a", word("x"), "a is a list (line 2), and one value was given"),
        ("a: 1\nb: 2\na: 3\n", "a", word("x"), "the key \"a\" is written twice, in lines 1 and 3"),
        ("a: &x 1\nb: *x\n", "a", word("y"), "a has the anchor &x (line 1)"),
        ("a: &x {b: 1}\nb: *x\n", "a.b", word("y"), "a has the anchor &x (line 1)"),
        ("a: &x {b: 1}\nb: *x\n", "b.b", word("y"), "b is an alias, *x (line 2)"),
        ("a: &x 1\nb: *x\n", "b", word("y"), "b is an alias, *x (line 2)"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "c.b", word("y"), "may come from the merge (<<) in line 3"),
        ("a: !t 1\n", "a", word("y"), "a has the tag !t (line 1)"),
        ("a: 1\n---\nb: 1\n", "a", word("y"), "it has 2 documents"),
        ("# nothing\n", "a", word("y"), "it is empty, or only comments"),
        ("a: 'x\n", "a", word("y"), "line 1: "),
        ("a: 1\n", "a", items(&["x"]), "a is a whole number (line 1), and a list was given"),
        ("a: 1\n", "b.c", items(&["x"]), "there is no b.c: the file (line 1) is a map, without \"b\""),
        ("{a: 1}\n", "b", items(&["x"]), "cannot be changed as it is written"),
    ] {
        let said = edit(old, path, &wish).unwrap_err();
        assert!(said.contains(says), "{said}");
    }
    assert!(Path::dotted("a..b").is_err() && Path::dotted("").is_err() && Path::new(vec![]).is_err());
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a:", "b:", " ", "  ", "\n", "\n", "\n  ", "\n    ", "- ", "x", "1", "'y'", "\"z\"", "#", "# b:", "{", "}",
        "[", "]", ",", ": ", "|\n", "&k ", "*k", "<<: ", "\r\n", "é", "\t", "---\n", "!t ",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn an_edit_never_panics_and_holds(
        text in prop_oneof![texts().prop_map(String::into_bytes), any::<Vec<u8>>()],
        path in prop::sample::select(vec!["a", "b", "a.b", "a.0", "a.0.b", "b.a"]),
        value in "[ -~é\n]{0,6}",
        list: bool,
    ) {
        let path = Path::dotted(path).unwrap();
        let wish = if list { items(&[&value]) } else { word(&value) };
        let Ok(Edited::Changed(new)) = set(&text, &path, &wish) else { return Ok(()) };
        prop_assert_eq!(set(&new, &path, &wish), Ok(Edited::Already), "{:?}", String::from_utf8_lossy(&new));
        // One place changed: what is before and behind is the same.
        let front = text.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let back = text.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
        if list {
            prop_assert!(front + back >= text.len(), "an item was added, and bytes went");
        }
    }
}
