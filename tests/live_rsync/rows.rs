//! Bad input and faults, each named after its row in the lists of docs/design.

use super::*;

#[test]
fn row_30_a_path_is_absolute_and_plain() {
    let s = Stage::new(DELETE, SOURCE, DEST);
    let long = format!("/srv/{}", "x/".repeat(2100));
    for path in ["srv/app", "", "/", "~/app", "/srv/../etc", "/srv/a\\nb", "/srv/a\\u0000b", &long] {
        s.playbook(&format!("source.rsync(\"/srv/app\", dest, #{{ at: \"{path}\" }});"));
        let (code, said) = s.mig(&["check", "copy.rhai"]);
        let (run, ran) = if code == 0 { s.mig(RUN) } else { (code, said) };
        assert!(run == 2 || run == 4 && ran.contains("path"), "{path:?}: {run}\n{ran}");
        assert!(ran.contains("path") || ran.contains("absolute"), "{path:?}\n{ran}");
    }
}

#[test]
fn row_32_more_deletions_than_allowed_are_refused_with_their_names() {
    let call = r#"source.rsync("/srv/app", dest, #{ delete: true, max_delete: 2 });"#;
    let s = Stage::new(call, SOURCE, DEST);
    s.open();
    let before = s.tree("dest");
    let (code, said) = s.mig(RUN);
    assert!(code != 0 && said.contains("and at most 2 may be") && said.contains("old/w"), "{said}");
    assert!(said.contains("max_delete: "), "what to type is said\n{said}");
    assert_eq!(s.tree("dest"), before);
}

/// A file goes while the one before it is on the way: the receiving side is stopped meanwhile.
fn vanish(call: &str) -> (Stage, i32, String) {
    let s = Stage::new(call, &format!("{BIG} && echo z >zz && head -c 6000000 /dev/urandom >y"), "mkdir -p app");
    s.open();
    let child = s.command(RUN).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let half =
        "i=0; until ls -A /srv/app | grep -q '^\\.big\\.'; do i=$((i + 1)); [ $i -lt 1500 ] || exit; sleep 0.02; done";
    assert_eq!(s.on("dest", &format!("{half}; {}; echo half", signal("STOP"))), "half\n");
    s.on("source", "rm /srv/app/zz");
    s.on("dest", &signal("CONT"));
    let (code, said) = text(&child.wait_with_output().unwrap());
    (s, code, said)
}

#[test]
fn row_48_a_file_that_vanishes_is_told_apart() {
    let (s, code, said) = vanish(r#"source.rsync("/srv/app", dest, #{ limit: 3000 });"#);
    assert!(code != 0 && said.contains("files vanished on source while they were copied"), "{said}");
    assert!(said.contains("rsync exits 24") && said.contains("allow_vanished: true"), "{said}");
    s.no_key_is_left();
    drop(s);
    let (s, code, said) = vanish(r#"source.rsync("/srv/app", dest, #{ limit: 3000, allow_vanished: true });"#);
    assert_eq!(code, 0, "{said}");
    assert_eq!(s.on("dest", "ls /srv/app"), "big\nsmall\ny\n");
}

#[test]
fn row_49_an_unreadable_file_is_named() {
    let s = Stage::new(
        r#"source.rsync("/srv/app", dest);"#,
        "mkdir -p app && echo k >app/key && chown 5:6 app/key && chmod 0 app/key && echo f >app/f",
        "mkdir -p app",
    );
    // Root reads everything, unless it gives that up.
    let without = "#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search real-rsync \"$@\"\n";
    s.program("source", "rsync", without.as_bytes());
    s.program("source", "real-rsync", &fs::read("/usr/bin/rsync").unwrap());
    s.open();
    let (code, said) = s.mig(RUN);
    assert!(code != 0 && said.contains("app/key\": Permission denied") && said.contains("rsync exits 23"), "{said}");
    s.no_key_is_left();
    s.ok(&["rollback", "--yes"]);
    assert_eq!(s.on("dest", "ls /srv/app"), "");
}

#[test]
fn row_50_an_rsync_that_is_absent_or_too_old_is_named_with_its_host() {
    let call = r#"source.rsync("/srv/app", dest);"#;
    for host in BOTH {
        let hide = |h: &str| if h == *host { "mount --bind /dev/null /usr/bin/rsync && " } else { "" };
        let s = Stage::new(call, &format!("{}{SOURCE}", hide("source")), &format!("{}{DEST}", hide("dest")));
        s.open();
        let (code, said) = s.mig(RUN);
        assert!(code != 0 && said.contains(&format!("there is no rsync on {host}")), "{said}");
        drop(s);
        let s = Stage::new(call, SOURCE, DEST);
        s.program(host, "rsync", b"#!/bin/sh\necho 'rsync  version 3.0.9  protocol version 30'\n");
        s.open();
        let (code, said) = s.mig(RUN);
        let expected = format!("rsync on {host} is version 3.0.9; 3.1 or newer is needed");
        assert!(code != 0 && said.contains(&expected), "{said}");
    }
}

#[test]
fn row_50_a_version_with_known_holes_is_warned_of_and_copies() {
    let s = Stage::new(&format!("{DELETE} {DELETE}"), SOURCE, DEST);
    let old = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'rsync  version 3.2.7  protocol version 31' && exit\nexec real-rsync \"$@\"\n";
    s.program("source", "rsync", old.as_bytes());
    s.program("source", "real-rsync", &fs::read("/usr/bin/rsync").unwrap());
    s.open();
    let said = s.ok(RUN);
    assert!(said.contains("version 3.2.7: before 3.4.1"), "{said}");
    assert_eq!(s.on("dest", "cat /srv/app/f"), "new\n");
}
