//! What the options do, and names that are unlike others.

use super::*;
use std::time::{Duration, Instant};

#[test]
fn options_do_what_they_say() {
    let lay = "mkdir -p app/cache app/d && cd app && echo 1 >a.log && echo 2 >cache/x && echo new >sum && echo n >d/n && \
               ln -s d/n link && chown 12345:23456 d/n && touch -d '2020-01-02 03:04:05' sum";
    let at =
        "mkdir -p app/cache && cd app && echo mine >cache/mine && echo old >sum && touch -d '2020-01-02 03:04:05' sum";
    for via in ["", ", via: \"here\""] {
        let call = |more: &str| format!("source.rsync(\"/srv/app\", dest, #{{ delete: true{via}{more} }});");
        let s = Stage::new(&call(", exclude: [\"*.log\", \"/cache/\"], copy_links: true"), lay, at);
        s.open();
        let before = s.tree("dest");
        s.ok(RUN);
        // Size and time are as they were: only a comparison of contents finds it.
        let seen = "cd /srv/app && find . ! -name . | sort | tr '\\n' ' '; cat sum; stat -c '%u:%g %F' d/n link | tr '\\n' ' '";
        let expected =
            "./cache ./cache/mine ./d ./d/n ./link ./sum old\n12345:23456 regular file 12345:23456 regular file ";
        assert_eq!(s.on("dest", seen), expected);
        s.ok(&["rollback", "--yes"]);
        assert_eq!(s.tree("dest"), before);
        drop(s);
        let s = Stage::new(&call(", checksum: true, exclude: [\"*.log\", \"/cache/\"]"), lay, at);
        s.open();
        s.ok(RUN);
        assert_eq!(s.on("dest", "cd /srv/app && cat sum; readlink link"), "new\nd/n\n");
    }
}

#[test]
fn a_limit_is_kept() {
    let s = Stage::new(
        r#"source.rsync("/srv/app", dest, #{ limit: 1000 });"#,
        "mkdir -p app && head -c 2000000 /dev/urandom >app/f",
        "mkdir -p app",
    );
    s.open();
    let began = Instant::now();
    s.ok(RUN);
    // A slow machine only makes it longer.
    assert!(began.elapsed() > Duration::from_millis(1500), "{:?}", began.elapsed());
}

#[test]
fn names_may_be_anything() {
    let odd = r#"mkdir -p app && cd app && for n in '--delete' '-rf' "$(printf 'a\nb')" "$(printf 'bad\377utf')" '$(id)' 'a"b' "it's" ' ' '*' '\#012' 'x;y'; do
                 echo "$1" >"./$n"; mkdir -p "./d $n"; echo "$1" >"./d $n/$n"; done"#;
    for via in ["", ", via: \"here\""] {
        let s = Stage::new(
            &format!("source.rsync(\"/srv/app\", dest, #{{ delete: true{via} }});"),
            &format!("set new; {odd}"),
            &format!("set older; {odd}; rm -- './it'\"'\"'s' './x;y'; echo only >'./- only'"),
        );
        s.open();
        let list = "cd /srv/app && find . -print0 | sort -z | xargs -0 -n 1 sh -c 'printf \"%s \" \"$0\" | od -An -c | tr -d \"\\n\"; [ -d \"$0\" ] || cat \"$0\"; echo'";
        let (source, before) = (s.on("source", list), s.on("dest", list));
        assert_ne!(source, before);
        let said = s.ok(RUN);
        assert_eq!(s.on("dest", list), source, "{said}");
        s.ok(&["rollback", "--yes"]);
        assert_eq!(s.on("dest", list), before);
    }
}
