//! The same against the real world: this machine's own `sh` and files, in a folder that goes.

use super::*;
use mig::contract::{Answer, Look as _, Operator, Question, Token, World};
use mig::name::HostName;
use mig::secret::Secret;
use mig::world::{HostConfig, Reach, Remote, Settings, open};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Nobody;
impl Operator for Nobody {
    fn ask(&self, question: &Question) -> Outcome<Answer> {
        panic!("nobody is there to answer {question:?}")
    }
    fn is_there(&self) -> bool {
        false
    }
}

struct Here {
    folder: tempfile::TempDir,
    world: Arc<Remote>,
}

impl Here {
    fn new(run: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut settings = Settings::new(run, folder.path().join("state"), Arc::new(()), Arc::new(Nobody));
        settings.secrets = Arc::new(|_| Ok(Secret::new(CANARY.into())));
        let name = HostName::parse("here").expect("it is a name");
        settings.hosts = vec![HostConfig { name: name.clone(), reach: Reach::Local, sudo: false, moves_to: None }];
        let world = open(settings).unwrap_or_else(|e| panic!("{e}"));
        world.prepare(&name, None).expect("the host can be prepared");
        std::fs::create_dir(folder.path().join("etc")).expect("a folder can be made");
        Here { folder, world }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("etc").join(name)
    }
    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode can be set");
        path.display().to_string()
    }
    /// Every file with its mode and bytes.
    fn files(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let all = std::fs::read_dir(self.folder.path().join("etc")).expect("the folder is there");
        let state = |path: PathBuf| {
            let mode = path.metadata().expect("it is there").permissions().mode() & 0o7777;
            let bytes = std::fs::read(&path).expect("it can be read");
            (path, mode, bytes)
        };
        let mut files: Vec<_> = all.map(|f| state(f.expect("an entry").path())).collect();
        files.sort();
        files
    }
    /// Plans, does, sees it done, plans again, and takes it back.
    fn there_and_back(&self, call: i64, name: &str, args: Value) {
        let Kind::Change { plan, observe, .. } = kind(name) else { panic!("{name} is a reading") };
        let before = self.files();
        let steps = steps(plan(&*self.world, &args));
        assert_eq!(self.files(), before, "planning {name} changes nothing");
        for (n, step) in steps.iter().enumerate() {
            self.world.act(&Token::deed(call, n, 1), &step.deed).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        }
        assert_eq!(observe(&*self.world, &args, &steps), Ok(Plan::Already), "{name}");
        assert_ne!(self.files(), before, "{name} does something");
        for (n, step) in steps.iter().enumerate().rev() {
            let Undo::By(undo) = &step.undo else { panic!("{name} has no undo") };
            for (u, deed) in undo.iter().enumerate() {
                self.world.act(&Token::undo(call, n, u, 1), deed).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            }
        }
        assert_eq!(self.files(), before, "{name} is taken back");
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn changes_are_done_and_taken_back() {
    let here = Here::new("realchanges1");
    let open_file = here.file("open", "port 80\nname a\n", 0o644);
    let closed = here.file("closed", "old", 0o600);
    let new = text(&here.path("new"));
    let secret = json!({ "$text": ["key=", { "$secret": "k" }] });
    let touched = text(&here.path("it's touched"));
    for (n, (name, args)) in [
        ("write_file", json!({ "host": "here", "path": new, "text": "a\n", "mode": "0640" })),
        ("write_file", json!({ "host": "here", "path": open_file, "text": "b\n" })),
        ("write_file", json!({ "host": "here", "path": closed, "text": "b\n" })),
        ("write_file", json!({ "host": "here", "path": new, "text": secret })),
        ("write_file", json!({ "host": "here", "path": closed, "text": secret })),
        ("copy_file", json!({ "from": "here", "path": open_file, "to": "here", "at": new, "mode": "0600" })),
        ("copy_file", json!({ "from": "here", "path": open_file, "to": "here", "at": closed })),
        ("remove_file", json!({ "host": "here", "path": open_file })),
        ("remove_file", json!({ "host": "here", "path": closed })),
        (
            "edit_line",
            json!({ "host": "here", "file": open_file, "matching": "^port", "line": "port 443", "comment_old": true }),
        ),
        (
            "ssh",
            json!({
                "host": "here", "command": ["touch", "--", touched], "check": ["test", "-e", touched],
                "undo": ["rm", "--", touched], "cwd": "/tmp",
            }),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        here.there_and_back(n as i64 + 1, name, args);
    }
}

#[test]
fn what_is_there_already_is_seen() {
    let here = Here::new("realalready1");
    let path = here.file("f", "a\n", 0o640);
    let owner = here.world.machine(&HostName::parse("here").unwrap()).map(|m| m.user).unwrap();
    for (name, args) in [
        ("write_file", json!({ "host": "here", "path": path, "text": "a\n", "owner": owner, "mode": "0640" })),
        ("edit_line", json!({ "host": "here", "file": path, "line": "a" })),
        ("remove_file", json!({ "host": "here", "path": text(&here.path("none")) })),
        ("ssh", json!({ "host": "here", "command": "exit 1", "check": format!("grep -q a '{path}'") })),
    ] {
        let Kind::Change { plan, .. } = kind(name) else { panic!() };
        assert_eq!(plan(&*here.world, &args), Ok(Plan::Already), "{name}");
    }
}

#[test]
fn readings_tell_what_is_there() {
    let here = Here::new("realreadings1");
    let path = here.file("f", "a\n", 0o640);
    let link = here.path("link");
    std::os::unix::fs::symlink("f", &link).unwrap();
    let read = |name: &str, args: Value| match kind(name) {
        Kind::Reading(read) => read(&*here.world, &args),
        Kind::Change { .. } => panic!("{name} is a change"),
    };
    assert_eq!(read("read_file", json!({ "host": "here", "path": text(&link) })), Ok(json!("a\n")));
    let info = read("file_info", json!({ "host": "here", "path": path })).unwrap();
    assert_eq!((&info["size"], &info["mode"], &info["kind"]), (&json!(2), &json!("0640"), &json!("file")));
    let info = read("file_info", json!({ "host": "here", "path": text(&link) })).unwrap();
    assert_eq!((&info["kind"], &info["target"]), (&json!("link"), &json!("f")));
    let out = read("capture", json!({ "host": "here", "command": "echo a; echo b >&2; exit 4", "ok": [4] })).unwrap();
    assert_eq!(out, json!({ "code": 4, "stdout": "a", "stderr": "b\n" }));
    let said = why(read("capture", json!({ "host": "here", "command": "echo it's" })));
    assert!(said.contains("its quotes do not close"), "{said}");
    // A port that is taken and one that nobody has: the same, before and after it is given back.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let is_open = |via: Value| read("port_open", json!({ "address": "127.0.0.1", "port": port, "via": via }));
    assert_eq!((is_open(json!(null)), is_open(json!("here"))), (Ok(json!(true)), Ok(json!(true))));
    drop(taken);
    assert_eq!((is_open(json!(null)), is_open(json!("here"))), (Ok(json!(false)), Ok(json!(false))));
    assert!(read("machine", json!({ "host": "here" })).unwrap()["free"]["/"].as_u64().is_some());
}
