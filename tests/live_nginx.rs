//! Upstreams pointed elsewhere on a real nginx, through a real sshd: both of this test's own, on
//! 127.0.0.1, ended by their process ids.

#[path = "world/sshd.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod sshd;

use mig::contract::*;
use mig::name::HostName;
use mig::primitives::ALL;
use mig::world::{Remote, open};
use serde_json::{Value, json};
use sshd::{Person, Sshd, settings, signal};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An nginx with a folder of its own, and two servers behind it that say who they are.
struct Nginx {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
    ports: [u16; 2],
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::sleep(Duration::from_millis(30));
    }
}

impl Nginx {
    fn start() -> Nginx {
        let folder = tempfile::tempdir().unwrap();
        // Its workers are another user where the test is root.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let (port, ports) = (free_port(), [free_port(), free_port()]);
        fs::create_dir(at("conf")).unwrap();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|n| format!("  {n}_temp_path {};\n", at(n)))
            .collect();
        let servers: String = ports
            .iter()
            .map(|p| format!("  server {{ listen 127.0.0.1:{p}; return 200 \"{p} $http_host\"; }}\n"))
            .collect();
        let conf = format!(
            "pid {};\nerror_log {};\nevents {{}}\nhttp {{\n  access_log off;\n{temp}{servers}  include {}/*.conf;\n}}\n",
            at("pid"),
            at("error.log"),
            at("conf")
        );
        fs::write(at("nginx.conf"), conf).unwrap();
        let site = format!(
            "# site\nupstream app {{\n  ip_hash;\n  server 127.0.0.1:{}; # old\n}}\nserver {{\n  listen 127.0.0.1:{port};\n  location / {{ proxy_pass http://app; }}\n}}\n",
            ports[0]
        );
        fs::write(at("conf/site.conf"), site).unwrap();
        let child = Process::new("/usr/sbin/nginx")
            .args(["-p", &at(""), "-c", &at("nginx.conf"), "-g", "daemon off;"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Nginx { folder, child, port, ports };
        wait_for("nginx", || nginx.ask().is_some());
        nginx
    }
    fn file(&self) -> PathBuf {
        self.folder.path().join("conf/site.conf")
    }
    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }
    /// Who answers, and which Host arrived there.
    fn ask(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\nHost: who.example\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split("\r\n\r\n").nth(1).map(Into::into)
    }
    fn names_in(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("conf")).unwrap().flatten();
        entries.map(|e| e.file_name().into_string().unwrap()).collect()
    }
    fn args(&self, more: Value) -> Value {
        let at = self.folder.path().display();
        let mut args = json!({
            "host": "dest",
            "file": self.file().display().to_string(),
            "upstreams": { "app": format!("127.0.0.1:{}", self.ports[1]) },
            "program": ["nginx", "-p", format!("{at}/"), "-c", format!("{at}/nginx.conf")],
            "host_header": true,
        });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    }
}
impl Drop for Nginx {
    fn drop(&mut self) {
        signal("-TERM", self.child.id());
        let _ = self.child.wait();
    }
}

struct Stage {
    nginx: Nginx,
    sshd: Sshd,
    person: Arc<Person>,
    remote: Arc<Remote>,
    record: HostRecord,
    folder: tempfile::TempDir,
    run: String,
}
fn host() -> HostName {
    HostName::parse("dest").unwrap()
}
fn stage() -> Option<Stage> {
    if !Path::new("/usr/sbin/nginx").exists() {
        eprintln!("no nginx here: nothing is tried");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&folder.path().join("sshd"), "");
    let person = Person::saying(Answer::Yes);
    let run = hex::encode(rand::random::<[u8; 6]>());
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&host(), None).unwrap();
    Some(Stage { nginx: Nginx::start(), sshd, person, remote, record, folder, run })
}
impl Stage {
    fn plan(&self, more: Value) -> Outcome<Plan> {
        let spec = ALL.iter().find(|s| s.name == "edit_nginx_upstream").unwrap();
        let Kind::Change { plan, .. } = spec.kind else { panic!() };
        plan(self.remote.as_ref(), &self.nginx.args(more))
    }
    fn step(&self, more: Value) -> Step {
        match self.plan(more) {
            Ok(Plan::Do(mut steps)) if steps.len() == 1 => steps.remove(0),
            other => panic!("{other:?}"),
        }
    }
    /// Another process, as far as the host can tell.
    fn again(&self) -> Arc<Remote> {
        let state = self.folder.path().join("state");
        let remote = open(settings(&self.run, &state, &self.person, vec![self.sshd.host("dest")])).unwrap();
        assert_eq!(remote.prepare(&host(), Some(&self.record)).unwrap(), self.record);
        remote
    }
    fn undo(&self, step: &Step) -> Deed {
        let Undo::By(deeds) = &step.undo else { panic!() };
        deeds[0].clone()
    }
}
impl Drop for Stage {
    fn drop(&mut self) {
        self.remote.finish(std::slice::from_ref(&self.record));
    }
}
fn failure(outcome: Outcome<Value>) -> Failure {
    match outcome {
        Err(Halt::Failed(f)) => *f,
        other => panic!("{other:?}"),
    }
}
fn t(n: i64) -> Token {
    Token::deed(n, 0, 1)
}

#[test]
fn an_upstream_moves_there_and_back() {
    let Some(s) = stage() else { return };
    let (old, [a, b]) = (s.nginx.text(), s.nginx.ports);
    assert_eq!(s.nginx.ask(), Some(format!("{a} app")));
    let step = s.step(json!({}));
    s.remote.act(&t(1), &step.deed).unwrap();
    assert_eq!(s.nginx.ask(), Some(format!("{b} who.example")));
    assert!(
        s.nginx.text().contains(&format!("  ip_hash;\n  # server 127.0.0.1:{a}; # old\n  server 127.0.0.1:{b};\n"))
    );
    assert_eq!(s.plan(json!({})), Ok(Plan::Already));
    assert!(matches!(s.remote.settle(&t(1), &step.deed), Settled::Done(_)));
    // Sent once more, under its token and under a new one.
    s.remote.act(&t(1), &step.deed).unwrap();
    s.remote.act(&Token::deed(1, 0, 2), &step.deed).unwrap();
    for n in 1..3 {
        s.remote.act(&Token::undo(1, 0, 0, n), &s.undo(&step)).unwrap();
        assert_eq!((s.nginx.ask(), s.nginx.text()), (Some(format!("{a} app")), old.clone()));
    }
    assert_eq!(s.nginx.names_in(), ["site.conf"]);
}

#[test]
fn what_nginx_refuses_is_put_back() {
    let Some(s) = stage() else { return };
    let (a, step) = (s.nginx.ports[0], s.step(json!({})));
    // Another file is wrong: nginx takes none of it.
    let other = s.nginx.folder.path().join("conf/other.conf");
    fs::write(&other, "no_such_directive;\n").unwrap();
    let old = s.nginx.text();
    let f = failure(s.remote.act(&t(1), &step.deed));
    assert!(f.message.ends_with("was refused, and the old one is back"), "{f:?}");
    assert!(f.output.as_deref().unwrap_or_default().contains("no_such_directive"), "{f:?}");
    assert_eq!((s.nginx.text(), s.nginx.ask()), (old.clone(), Some(format!("{a} app"))));
    assert!(matches!(s.remote.settle(&t(1), &step.deed), Settled::Failed(_)));
    // Its undo finds the old file in place, and has nothing to make worse.
    s.remote.act(&Token::undo(1, 0, 0, 1), &s.undo(&step)).unwrap();
    // Somebody else's change is not overwritten.
    fs::remove_file(&other).unwrap();
    fs::write(s.nginx.file(), format!("{old}# changed\n")).unwrap();
    let f = failure(s.remote.act(&t(2), &step.deed));
    assert!(f.message.contains("is not what it was"), "{f:?}");
    assert!(s.nginx.text().ends_with("# changed\n"));
}

#[test]
fn row_61_a_name_that_does_not_resolve_is_refused_before_the_edit() {
    let Some(s) = stage() else { return };
    let Err(Halt::Failed(f)) = s.plan(json!({ "upstreams": { "app": "no-such-host.invalid:443" }, "scheme": "https" }))
    else {
        panic!()
    };
    assert!(f.message.contains("no-such-host.invalid does not resolve on dest"), "{f:?}");
}

#[test]
fn row_60_a_reload_that_changes_nothing_is_found_and_put_back() {
    let Some(s) = stage() else { return };
    let (a, old) = (s.nginx.ports[0], s.nginx.text());
    let step = s.step(json!({}));
    // A port in use: `nginx -t` and `nginx -s reload` both exit 0, and the old workers go on.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let other = s.nginx.folder.path().join("conf/other.conf");
    fs::write(&other, format!("server {{ listen 127.0.0.1:{port}; }}\n")).unwrap();
    let f = failure(s.remote.act(&t(1), &step.deed));
    assert!(f.message.contains("did not take effect"), "{f:?}");
    let output = f.output.clone().unwrap_or_default();
    assert!(output.contains("its old workers go on serving") && output.contains("[emerg]"), "{f:?}");
    assert_eq!((s.nginx.text(), s.nginx.ask()), (old.clone(), Some(format!("{a} app"))));
    // With the port free again the same deed is done.
    drop(taken);
    s.remote.act(&Token::deed(1, 0, 2), &step.deed).unwrap();
    assert_eq!(s.nginx.ask(), Some(format!("{} who.example", s.nginx.ports[1])));
    assert_eq!(s.nginx.names_in().len(), 2);
}

/// The deed with a pause between the new file and its check, or between check and reload.
fn slow(step: &Step, in_validate: bool) -> Deed {
    let Deed::PutChecked(checked) = &step.deed else { panic!() };
    let mut slow = checked.clone();
    let command = if in_validate { &mut slow.validate } else { &mut slow.apply };
    *command = Command::Shell(format!("sleep 2\n{}", command.to_sh()));
    Deed::PutChecked(slow)
}

#[test]
fn a_mig_that_dies_in_between_leaves_it_done_or_put_back() {
    for (in_validate, is_wrong) in [(true, false), (true, true), (false, false)] {
        let Some(s) = stage() else { return };
        let ([a, b], old) = (s.nginx.ports, s.nginx.text());
        let deed = slow(&s.step(json!({})), in_validate);
        if is_wrong {
            fs::write(s.nginx.folder.path().join("conf/other.conf"), "no_such_directive;\n").unwrap();
        }
        let (remote, sent) = (s.remote.clone(), deed.clone());
        let sending = std::thread::spawn(move || remote.act(&t(1), &sent));
        wait_for("the new file", || s.nginx.text() != old);
        // Every connection goes, as with a killed process; what comes later is another process.
        s.sshd.kill_sessions();
        let later = s.again();
        match later.settle(&t(1), &deed) {
            Settled::Done(_) if !is_wrong => assert_eq!(s.nginx.ask(), Some(format!("{b} who.example"))),
            Settled::Failed(f) if is_wrong => {
                assert!(f.message.contains("was refused"), "{f:?}");
                assert_eq!((s.nginx.text(), s.nginx.ask()), (old, Some(format!("{a} app"))));
            }
            other => panic!("{in_validate} {is_wrong}: {other:?}"),
        }
        assert_eq!(sending.join().unwrap().is_ok(), !is_wrong);
    }
}

#[test]
fn a_script_that_dies_with_its_machine_is_sent_again() {
    let Some(s) = stage() else { return };
    let (b, old) = (s.nginx.ports[1], s.nginx.text());
    let step = s.step(json!({}));
    let deed = slow(&step, false);
    let (remote, sent) = (s.remote.clone(), deed.clone());
    let sending = std::thread::spawn(move || remote.act(&t(1), &sent));
    wait_for("the new file", || s.nginx.text() != old);
    // The whole session of the command, which is in the record that it made.
    let record = fs::read_to_string(format!("{}/1.0.1.started", s.record.folder)).unwrap();
    let session = record.split_whitespace().nth(1).unwrap().to_string();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        if fields.get(3) == Some(&session.as_str()) {
            signal("-KILL", entry.file_name().to_string_lossy().parse().unwrap());
        }
    }
    assert!(matches!(sending.join().unwrap(), Err(Halt::Stop(Stop::Ask { .. }))));
    let later = s.again();
    assert!(matches!(later.settle(&t(1), &deed), Settled::Repeatable(_)));
    later.sweep(&deed);
    later.act(&Token::deed(1, 0, 2), &step.deed).unwrap();
    assert_eq!(s.nginx.ask(), Some(format!("{b} who.example")));
    later.act(&Token::undo(1, 0, 0, 1), &s.undo(&step)).unwrap();
    assert_eq!((s.nginx.text(), s.nginx.names_in()), (old, vec!["site.conf".to_string()]));
}
