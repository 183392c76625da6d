//! What holds of every text that is edited as nginx's: no panic; an edit is done once; taken back, it
//! is the same text; and a comment stays.

use mig::text::nginx::{Directive, Edited, Scheme, Server, Splice, Wanted, apply, point, read};

pub fn check(text: &[u8]) {
    let Ok(tree) = read(text) else {
        // What cannot be read is refused, never edited.
        assert!(point(text, &wanted("a", None, true, true)).is_err());
        return;
    };
    let mut names = vec!["a".to_string()];
    upstreams(&tree, &mut names);
    names.truncate(4);
    for name in names {
        for (scheme, host_header, keep_uri) in
            [(Some(Scheme::Https), true, false), (Some(Scheme::Http), false, true), (None, false, true)]
        {
            let wanted = wanted(&name, scheme, host_header, keep_uri);
            let Ok(Edited::Changed(splices)) = point(text, &wanted) else { continue };
            let new = apply(text, &splices);
            assert_eq!(point(&new, &wanted), Ok(Edited::Already), "{}", String::from_utf8_lossy(&new));
            assert!(apply(&new, &inverse(text, &splices)) == text, "taken back, it is another text");
        }
    }
}

fn wanted(name: &str, scheme: Option<Scheme>, host_header: bool, keep_uri: bool) -> Wanted {
    let server = Server::parse("192.0.2.20:443").expect("a server");
    Wanted { upstreams: vec![(name.into(), server)], scheme, host_header, keep_uri }
}

fn upstreams(tree: &[Directive], found: &mut Vec<String>) {
    for d in tree {
        if d.is("upstream") && d.words.len() == 2 {
            found.extend(d.word(1).and_then(|w| String::from_utf8(w.text.clone()).ok()));
        }
        upstreams(d.children(), found);
    }
}

fn inverse(old: &[u8], splices: &[Splice]) -> Vec<Splice> {
    let mut shift = 0isize;
    let back = |s: &Splice| {
        let start = s.span.start.checked_add_signed(shift).expect("a place in the new text");
        shift += s.new.len() as isize - s.span.len() as isize;
        Splice { span: start..start + s.new.len(), new: old[s.span.clone()].to_vec() }
    };
    splices.iter().map(back).collect()
}
