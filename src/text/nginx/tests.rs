//! Upstreams pointed elsewhere: what changes, what stays, and what is refused.

use super::*;
use proptest::prelude::*;

fn wanted(upstreams: &[(&str, &str)]) -> Wanted {
    Wanted {
        upstreams: upstreams.iter().map(|(n, s)| ((*n).into(), Server::parse(s).unwrap())).collect(),
        scheme: Some(Scheme::Https),
        host_header: false,
        keep_uri: true,
    }
}
fn done(text: &[u8], wanted: &Wanted) -> Vec<u8> {
    let new = match point(text, wanted).unwrap() {
        Edited::Already => text.to_vec(),
        Edited::Changed(splices) => apply(text, &splices),
    };
    assert_eq!(point(&new, wanted), Ok(Edited::Already), "{}", String::from_utf8_lossy(&new));
    new
}
fn text(text: &str, wanted: &Wanted) -> String {
    String::from_utf8(done(text.as_bytes(), wanted)).unwrap()
}
fn why(text: &[u8], wanted: &Wanted) -> String {
    let fault = point(text, wanted).unwrap_err();
    format!("{}; {}", fault.message, fault.hint.unwrap_or_default())
}

const A: &[(&str, &str)] = &[("a", "192.0.2.20:443")];

#[test]
fn old_servers_stay_as_comments_and_other_directives_stay() {
    let old = "upstream a {\n\tip_hash;\n\tserver x:1 max_fails=3; # one\n\tserver x:2;\n\tkeepalive 8;\n}\n";
    let new = "upstream a {\n\tip_hash;\n\t# server x:1 max_fails=3; # one\n\t# server x:2;\n\tserver 192.0.2.20:443;\n\tkeepalive 8;\n}\n";
    assert_eq!(text(old, &wanted(A)), new);
    // There and back, and there again: no comment comes twice.
    let back = text(new, &wanted(&[("A", "x:2")]));
    let there = text(&back, &wanted(A));
    assert_eq!(there.matches("# server x:2;").count(), 1, "{there}");
    assert_eq!(text(&text(&there, &wanted(&[("a", "x:2")])), &wanted(A)), there);
}

#[test]
fn every_way_of_writing_a_server_line_is_understood() {
    for (old, new) in [
        ("upstream a { server x:1; }", "upstream a { \n  # server x:1;\n  server 192.0.2.20:443; }"),
        ("upstream a {}", "upstream a { server 192.0.2.20:443; }"),
        (
            "upstream a {\r\n  server x:1;\r\n}\r\n",
            "upstream a {\r\n  # server x:1;\r\n  server 192.0.2.20:443;\r\n}\r\n",
        ),
        ("upstream a {\n  zone z 1m;\n}", "upstream a {\n  zone z 1m;\n  server 192.0.2.20:443;\n}"),
        (
            "upstream \"a\" # why\n{\n  \"server\" # c ;\n    x:1\n  ;\n}",
            "upstream \"a\" # why\n{\n  # \"server\" # c ;\n    # x:1\n  # ;\n  server 192.0.2.20:443;\n}",
        ),
        (
            "\u{feff}http {\n  upstream a {\n    # server y;\n    server x:1;}\n}",
            "\u{feff}http {\n  upstream a {\n    # server y;\n    # server x:1;\n    server 192.0.2.20:443;}\n}",
        ),
        ("upstream a { server 192.0.2.20:443 max_fails=3; }", "upstream a { server 192.0.2.20:443 max_fails=3; }"),
    ] {
        assert_eq!(text(old, &wanted(A)), new);
    }
    let bytes = done(b"# caf\xe9\nupstream a {\n server x; # \xff\n}\n\xfe;", &wanted(A));
    assert_eq!(bytes, b"# caf\xe9\nupstream a {\n # server x; # \xff\n server 192.0.2.20:443;\n}\n\xfe;");
}

#[test]
fn the_lines_that_use_an_upstream_follow_it() {
    let old = "upstream a { server 192.0.2.20:443; }\nserver { location / { proxy_pass http://a/x; limit_except GET { proxy_pass \"http://A\"; } \
               if ($x ~ \"}\") { proxy_pass http://a$request_uri; } location /b { proxy_pass http://b/; } proxy_pass http://a.example; \
               proxy_pass http://a:81; proxy_pass http://a$x; proxy_pass http://$a; } }";
    let new = text(old, &wanted(A));
    assert_eq!(new.matches("https://").count(), 3, "{new}");
    assert!(new.contains("https://a/x") && new.contains("\"https://A\"") && new.contains("https://a$request_uri"));
    let new = text(old, &Wanted { keep_uri: false, ..wanted(A) });
    assert!(new.contains("https://a;") && new.contains("\"https://A\";") && new.contains("http://b/;"), "{new}");
    let said = why(old.as_bytes(), &Wanted { scheme: None, ..wanted(A) });
    assert!(
        said.starts_with("line 2: http://a/x would point to port 443; say which it is: scheme: \"https\""),
        "{said}"
    );
    assert_eq!(text(old, &Wanted { scheme: Some(Scheme::Http), ..wanted(A) }), old);
}

#[test]
fn the_host_goes_where_it_counts() {
    let with = |old: &str| {
        text(&format!("upstream a {{ server 192.0.2.20:443; }}\n{old}"), &Wanted { host_header: true, ..wanted(A) })
    };
    const HOST: &str = "proxy_set_header Host $http_host;";
    // A level that sets headers hides those above it.
    let new = with(
        "server {\n  proxy_set_header X a;\n  location / {\n    proxy_pass https://a;\n  }\n  location /b {\n    proxy_set_header Y b;\n    proxy_pass https://a;\n  }\n}",
    );
    assert!(new.contains(&format!("  proxy_set_header X a;\n  {HOST}\n")), "{new}");
    assert!(new.contains(&format!("    proxy_set_header Y b;\n    {HOST}\n")), "{new}");
    let new = with("server {\n  listen 80;\n  location / {\n    proxy_pass https://a;\n  }\n}");
    assert!(new.contains(&format!("  listen 80;\n  {HOST}\n")), "{new}");
    let new = with("http {\n proxy_set_header X \"a;\";\n server {\n  location / { proxy_pass https://a; }\n }\n}");
    assert!(new.contains(&format!(" server {{\n  proxy_set_header X \"a;\";\n  {HOST}\n")), "{new}");
    for there in [
        "server { proxy_set_header host $my; location / { proxy_pass https://a; } }",
        "server { location / { proxy_set_header Host x; limit_except GET { proxy_pass https://a; } } }",
        "server { location / { proxy_pass https://b; } }",
    ] {
        assert!(!with(there).contains(HOST), "{there}");
    }
    let old = b"upstream a { server x; }\nserver { include p; location / { proxy_pass https://a; } }";
    assert!(why(old, &Wanted { host_header: true, ..wanted(A) }).starts_with("line 2: the file that is included here"));
}

#[test]
fn row_39_to_41_what_cannot_be_edited_is_told() {
    for (old, says) in [
        (&b""[..], "it has no upstream \"a\"; it has no upstream at all"),
        (
            b"upstream b {} upstream c { } # upstream a {}\nx 'upstream a {}'; content_by_lua_block { upstream a {} }",
            "its upstreams are b, c",
        ),
        (b"upstream a {}\n\nhttp { upstream A {} }", "the upstream \"a\" is defined in lines 1 and 3"),
        (
            b"http {\n upstream a {\n  server x;\n",
            "line 2: the block \"upstream a\" is not closed; is the file truncated",
        ),
        (b"http {\n}\n}", "line 3: a \"}\" closes nothing"),
        (b"upstream a { server x }", "line 1: \"server\" does not end with \";\""),
        (b"upstream a {}\nserver x", "line 2: the file ends within the directive \"server\""),
        (b"a 'b", "line 1: a quoted text is not closed"),
        (b"\x7fELF\0", "it is binary"),
        (b"upstream a {\n include x;\n}", "takes servers from another file (line 2)"),
        (b"x_by_lua_block {\n '}", "line 1: the block \"x_by_lua_block\" is not closed"),
    ] {
        let said = why(old, &wanted(A));
        assert!(said.contains(says), "{said}");
    }
    assert!(why(&vec![b' '; LIMIT + 1], &wanted(A)).contains("at most 4 MiB"));
    assert!(why(&b"a{".repeat(100), &wanted(A)).contains("more than 64 blocks"));
}

#[test]
fn row_42_a_server_is_an_address_with_a_port() {
    for bad in [
        "x",
        "x:",
        "x:0",
        "x:70000",
        "x:1;",
        "x:1 }",
        "#x:1",
        "$x:1",
        "https://x:1",
        "x:1 weight=2",
        "unix:/x",
        "::1:80",
        "x:+1",
        "",
        "a'b:1",
    ] {
        assert!(Server::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(Server::parse("[2001:DB8::1]:443").unwrap().to_string(), "[2001:db8::1]:443");
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "upstream a {",
        "upstream b{",
        "server {",
        "location / {",
        "server x:1;",
        "server 192.0.2.20:443;",
        "}",
        "}",
        "}",
        ";",
        "\n",
        "\n",
        "\r\n",
        " ",
        "#",
        "# server x:1;",
        "\"",
        "'",
        "\\",
        "$",
        "{",
        "proxy_pass http://a;",
        "proxy_pass \"https://a/x\";",
        "proxy_set_header X y;",
        "proxy_set_header Host y;",
        "include x;",
        "x_by_lua_block {",
        "[[",
        "--",
        "\u{feff}",
        "\t",
        "é",
        "\u{c}",
    ]);
    prop::collection::vec(piece, 0..25).prop_map(|p| p.concat().into_bytes())
}

/// The pieces that give the old text back.
fn inverse(old: &[u8], splices: &[Splice]) -> Vec<Splice> {
    let mut shift = 0isize;
    let back = |s: &Splice| {
        let start = s.span.start.checked_add_signed(shift).unwrap();
        shift += isize::try_from(s.new.len()).unwrap() - isize::try_from(s.span.len()).unwrap();
        Splice { span: start..start + s.new.len(), new: old[s.span.clone()].to_vec() }
    };
    splices.iter().map(back).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn an_edit_never_panics_holds_and_can_be_taken_back(
        text in prop_oneof![texts(), any::<Vec<u8>>()],
        scheme in prop::option::of(prop::sample::select(vec![Scheme::Http, Scheme::Https])),
        host_header: bool,
        keep_uri: bool,
    ) {
        let asked = Wanted { scheme, host_header, keep_uri, ..wanted(A) };
        let Ok(Edited::Changed(splices)) = point(&text, &asked) else { return Ok(()) };
        let new = apply(&text, &splices);
        prop_assert_eq!(point(&new, &asked), Ok(Edited::Already), "{:?}", String::from_utf8_lossy(&new));
        prop_assert_eq!(apply(&new, &inverse(&text, &splices)), text);
    }
}
