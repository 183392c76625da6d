//! Files put in place.

use super::stage::*;

#[test]
fn a_file_is_put_all_or_nothing_while_the_place_is_as_seen() {
    let s = stage("");
    let at = s.file("it's a file");
    let t = |n| Token::deed(n, 0, 1);
    let bytes = |text: &[u8]| Source::Bytes(Bytes(text.to_vec()));
    let (one, two) = (FileState::of(b"one\n", "0:0", 0o640), FileState::of(b"two \xff\0\n", "1:1", 0o600));
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::Nothing);
    assert_eq!(s.remote.find(&h(), &path(&s.file("no/where"))).unwrap(), Found::Nothing);
    let create = put(None, Some(one.clone()), bytes(b"one\n"), &at);
    assert_eq!(s.remote.settle(&t(1), &Deed::Put(create.clone())), Settled::SameToken);
    s.remote.act(&t(1), &Deed::Put(create.clone())).unwrap();
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::File(one.clone()));
    assert!(matches!(s.remote.settle(&t(1), &Deed::Put(create.clone())), Settled::Done(_)));
    s.remote.act(&t(1), &Deed::Put(create.clone())).unwrap();
    let change = put(Some(one.clone()), Some(two.clone()), bytes(b"two \xff\0\n"), &at);
    s.remote.act(&t(2), &Deed::Put(change.clone())).unwrap();
    let (state, content) = s.remote.bytes(&h(), &path(&at), 100).unwrap().unwrap();
    assert_eq!((&state, content.as_slice()), (&two, b"two \xff\0\n".as_slice()));
    assert!(s.remote.undo_material(&s.record).unwrap() > 0);
    // Somebody else wrote: nothing is changed.
    fs::write(&at, "foreign\n").unwrap();
    let back = change.reversed(None);
    let f = failure(s.remote.act(&t(3), &Deed::Put(back.clone())));
    assert!(f.message.contains("is not what it was") && f.message.contains("8 bytes"), "{}", f.message);
    assert_eq!(fs::read(&at).unwrap(), b"foreign\n");
    assert!(matches!(s.remote.settle(&t(3), &Deed::Put(back.clone())), Settled::Unknown(_)));
    fs::write(&at, b"two \xff\0\n").unwrap();
    s.remote.act(&t(4), &Deed::Put(back)).unwrap();
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::File(one.clone()));
    // A link is not followed, a folder is no file, and nothing is left beside.
    let link = s.file("link");
    std::os::unix::fs::symlink(&at, &link).unwrap();
    assert!(matches!(s.remote.find(&h(), &path(&link)).unwrap(), Found::Link { target } if target == at));
    failure(s.remote.act(&t(5), &Deed::Put(put(None, Some(one.clone()), bytes(b"one\n"), &link))));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    s.remote.act(&t(6), &Deed::Put(create.reversed(None))).unwrap();
    assert!(!Path::new(&at).exists());
    let names: Vec<String> = mig::world::files::names_in(s.folder.path());
    assert!(!names.iter().any(|n| n.contains(".mig-")), "{names:?}");
    let beside = s.file(&format!(".it's a file.mig-{}", s.run));
    fs::write(&beside, "torn").unwrap();
    s.remote.sweep(&Deed::Put(create));
    assert!(!Path::new(&beside).exists());
}

#[test]
fn a_large_file_goes_from_host_to_host() {
    let s = stage("");
    let here = HostName::parse("here").unwrap();
    let local = HostConfig { name: here.clone(), reach: Reach::Local, sudo: false, moves_to: None };
    let state = s.folder.path().join("state");
    let world = open(settings(&s.run, &state, &s.person, vec![s.sshd.host("dest"), local])).unwrap();
    let record = world.prepare(&here, None).unwrap();
    assert!(record.folder.starts_with(&state.display().to_string()), "{}", record.folder);
    world.prepare(&h(), Some(&s.record)).unwrap();
    let (from, to) = (s.file("large"), s.file("copy"));
    let content: Vec<u8> = (0..20_000_000u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
    fs::write(&from, &content).unwrap();
    let Found::File(found) = world.find(&here, &path(&from)).unwrap() else { panic!() };
    let source = Source::File { host: here.clone(), path: path(&from) };
    world.act(&Token::deed(1, 0, 1), &Deed::Put(put(None, Some(found.clone()), source.clone(), &to))).unwrap();
    assert!(fs::read(&to).unwrap() == content);
    let told = s
        .person
        .heard
        .lock()
        .unwrap()
        .iter()
        .any(|e| matches!(e, Event::Progress { done, total, .. } if done == total));
    assert!(told, "progress");
    // A source that changed meanwhile is not put anywhere.
    fs::write(&from, &content[1..]).unwrap();
    let third = s.file("third");
    failure(world.act(&Token::deed(2, 0, 1), &Deed::Put(put(None, Some(found.clone()), source, &third))));
    let gone = Source::File { host: here.clone(), path: path(&s.file("gone")) };
    let f = failure(world.act(&Token::deed(3, 0, 1), &Deed::Put(put(None, Some(found), gone, &third))));
    assert!(f.message.contains("cannot be read"), "{}", f.message);
    assert!(!Path::new(&third).exists());
    // This machine takes commands just the same.
    let run = Run::new(&here, sh("echo here; exit 3"));
    assert_eq!(failure(world.act(&Token::deed(4, 0, 1), &Deed::Run(run.clone()))).code, 3);
    assert!(matches!(world.settle(&Token::deed(4, 0, 1), &Deed::Run(run)), Settled::Failed(f) if f.code == 3));
    assert_eq!(world.finish(&[record]), Vec::<String>::new());
}

#[test]
fn a_file_with_a_secret_is_settled_by_its_content() {
    let s = stage("");
    let mut settings = settings(&s.run, &s.folder.path().join("state"), &s.person, vec![s.sshd.host("dest")]);
    settings.secrets = Arc::new(|_| Ok(mig::secret::Secret::new("canary".into())));
    let world = open(settings).unwrap();
    world.prepare(&h(), Some(&s.record)).unwrap();
    let at = s.file("secret");
    let text = serde_json::from_str(r#"{"$text":["p=",{"$secret":"p"}]}"#).unwrap();
    let to = FileState { sha256: None, size: 0, owner: "0:0".into(), mode: 0o600 };
    let deed = Deed::Put(put(None, Some(to), Source::Secret(text), &at));
    world.act(&Token::deed(1, 0, 1), &deed).unwrap();
    assert_eq!(fs::read_to_string(&at).unwrap(), "p=canary");
    assert!(matches!(world.settle(&Token::deed(1, 0, 1), &deed), Settled::Done(_)));
    let Deed::Put(put) = &deed else { panic!() };
    world.act(&Token::deed(2, 0, 1), &Deed::Put(put.reversed(None))).unwrap();
    assert!(!Path::new(&at).exists());
}
