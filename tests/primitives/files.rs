//! Files: what is refused, who owns what is written, and what the journal must not hold.

use super::*;

fn copy(more: Value) -> Value {
    let mut args = json!({ "from": "source", "path": "/a/f", "to": "dest" });
    let more = more.as_object().expect("options are a map").clone();
    args.as_object_mut().expect("arguments are a map").extend(more);
    args
}

#[test]
fn what_cannot_be_copied_is_told_apart() {
    let says = |places: &[(&str, Thing)], args: Value, wanted: &str| {
        let mut world = Fake::default();
        places.iter().for_each(|(place, thing)| world.add(place, thing.clone()));
        let said = why(plan(&world, "copy_file", args));
        assert!(said.contains(wanted), "{said}");
    };
    let source = ("source: /a/f", file(b"x"));
    says(&[], copy(json!({})), "there is no file /a/f on source");
    says(&[("source: /a/f", Thing::Folder)], copy(json!({})), "/a/f on source is a folder");
    says(&[("source: /a/f", Thing::Link("g".into()))], copy(json!({})), "/a/f on source is a symbolic link to g");
    says(&[("source: /a/f", Thing::Socket)], copy(json!({})), "is no file, but a socket");
    let said = "there is no folder /a on dest, so /a/f cannot be in it\nmake it first: dest.ssh([\"mkdir\"";
    says(std::slice::from_ref(&source), copy(json!({})), said);
    says(&[source.clone(), ("dest: /a", file(b""))], copy(json!({})), "/a on dest is no folder");
    says(&[source.clone(), ("dest: /a/f", Thing::Folder)], copy(json!({})), "/a/f on dest is a folder");
    says(&[source.clone(), ("dest: /a/f", Thing::Link("/z".into()))], copy(json!({})), "is a symbolic link to /z");
    says(std::slice::from_ref(&source), copy(json!({ "to": "source" })), "would be copied onto itself");
    says(&[source], copy(json!({ "mode": "rw" })), "copy_file: mode: \"rw\" is not a mode");
}

#[test]
fn owner_and_mode_come_from_the_source_where_root_writes() {
    let mut world = Fake::default();
    world.add("source: /a/f", Thing::File { bytes: b"x".into(), owner: "7:8".into(), mode: 0o400 });
    world.add("dest: /a", Thing::Folder);
    let to = |world: &Fake, more: Value| {
        let steps = steps(plan(world, "copy_file", copy(more)));
        let to = put(&steps).to.clone().unwrap();
        (to.owner, to.mode)
    };
    assert_eq!(to(&world, json!({})), ("7:8".into(), 0o400));
    assert_eq!(to(&world, json!({ "owner": "1:2", "mode": "0640" })), ("1:2".into(), 0o640));
    world.user("dest", 1000, 1000);
    assert_eq!(to(&world, json!({})), ("1000:1000".into(), 0o400));
    let said = why(plan(&world, "copy_file", copy(json!({ "owner": "0:0" }))));
    assert!(said.contains("admin on dest is not root") && said.contains("sudo: true"), "{said}");
    world.says("dest: id -u -- app", 1, "id: 'app': no such user");
    let said = why(plan(&world, "copy_file", copy(json!({ "owner": "app" }))));
    assert!(said.starts_with("owner app: dest has no user app"), "{said}");
}

#[test]
fn an_old_file_that_not_everybody_may_read_stays_out_of_the_journal() {
    let mut world = Fake::default();
    world.add("dest: /a/f", Thing::File { bytes: CANARY.into(), owner: "0:0".into(), mode: 0o600 });
    for (name, args) in [
        ("write_file", json!({ "host": "dest", "path": "/a/f", "text": "new" })),
        ("remove_file", json!({ "host": "dest", "path": "/a/f" })),
    ] {
        let steps = steps(plan(&world, name, args));
        assert!(put(&steps).keep.is_some(), "{name}");
        assert!(!serde_json::to_string(&steps).unwrap().contains(CANARY), "{name}");
        let before = world.places.clone();
        world.put(put(&steps)).unwrap();
        let Undo::By(undo) = &steps[0].undo else { panic!() };
        let [Deed::Put(undo)] = undo.as_slice() else { panic!() };
        assert!(matches!(undo.source, Source::Kept(_)), "{name}");
        world.put(undo).unwrap();
        assert_eq!(world.places, before, "{name}");
    }
}

#[test]
fn a_secret_is_written_again_and_closed_to_others() {
    let text = json!({ "$text": ["password=", { "$secret": "p" }, "\n"] });
    let args = json!({ "host": "dest", "path": "/a/f", "text": text });
    let mut world = Fake::of(&[Given::File("dest: /a/f", "old")]);
    let first = steps(plan(&world, "write_file", args.clone()));
    let to = put(&first).to.as_ref().unwrap();
    assert_eq!((to.sha256.as_ref(), to.mode), (None, 0o640));
    assert!(matches!(observe(&world, "write_file", args.clone(), &first), Ok(Plan::Wait(_))));
    world.put(put(&first)).unwrap();
    assert_eq!(observe(&world, "write_file", args.clone(), &first), Ok(Plan::Already));
    let again = steps(plan(&world, "write_file", args));
    assert!(put(&again).keep.is_some() && !serde_json::to_string(&again).unwrap().contains(CANARY));
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let mut world = Fake::default();
    world.add("dest: /a/link", Thing::Link("real".into()));
    world.add("dest: /a/real", file(b"text"));
    world.add("dest: /a/binary", file(b"ab\xff"));
    world.says("dest: readlink -f -- /a/link", 0, "/a/real\n");
    let text = |path: &str| read(&world, "read_file", json!({ "host": "dest", "path": path }));
    assert_eq!(text("/a/link"), Ok(json!("text")));
    assert!(why(text("/a/binary")).contains("byte 2 is not UTF-8"));
    assert!(why(text("/a")).contains("is a folder"));
    assert!(why(text("/a/none")).starts_with("read_file: there is no file /a/none on dest"));
}

#[test]
fn a_line_that_is_not_clear_is_refused_with_the_lines() {
    let world = Fake::of(&[Given::File("dest: /f", "a 1\na 2\n")]);
    let said = why(plan(&world, "edit_line", json!({ "host": "dest", "file": "/f", "matching": "^a", "line": "b" })));
    assert!(
        said.starts_with("edit_line: /f on dest: 2 lines are meant, and only one may be:\n  1: a 1\n  2: a 2"),
        "{said}"
    );
    let said = why(plan(&world, "edit_line", json!({ "host": "dest", "file": "/f" })));
    assert!(said.contains("neither matching nor line is given"), "{said}");
}
