//! Upstreams pointed elsewhere on an nginx in a container: its file is bound into it alone, or in a folder.

use crate::stage::*;
use mig::contract::*;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

struct Nginx {
    container: String,
    folder: PathBuf,
    port: u16,
    ports: [u16; 2],
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Nginx {
    /// Alone: the one file is bound. Else its folder is.
    fn start(s: &Stage, is_alone: bool) -> Nginx {
        let image = s.engine.image("nginx", &["nginx"]);
        let container = format!("nginx{}", hex::encode(rand::random::<[u8; 4]>()));
        let folder = s.folder.path().join(&container);
        fs::create_dir_all(folder.join("conf")).unwrap();
        let (port, ports) = (free_port(), [free_port(), free_port()]);
        let servers: String =
            ports.iter().map(|p| format!("  server {{ listen 127.0.0.1:{p}; return 200 \"{p}\"; }}\n")).collect();
        let conf = format!(
            "daemon off;\nuser nobody nogroup;\npid /run/nginx.pid;\nerror_log /var/log/nginx/error.log;\nevents {{}}\nhttp {{\n  access_log off;\n{servers}  include /conf/*.conf;\n}}\n"
        );
        fs::write(folder.join("nginx.conf"), conf).unwrap();
        let site = format!(
            "# site\nupstream app {{\n  server 127.0.0.1:{}; # old\n}}\nserver {{\n  listen 127.0.0.1:{port};\n  location / {{ proxy_pass http://app; }}\n}}\n",
            ports[0]
        );
        fs::write(folder.join("conf/site.conf"), site).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let main = format!("{}:/nginx.conf", at("nginx.conf"));
        let bound = match is_alone {
            true => format!("{}:/conf/site.conf", at("conf/site.conf")),
            false => format!("{}:/conf", at("conf")),
        };
        s.engine.run(&container, &["-v", &main, "-v", &bound], &image, &["nginx", "-c", "/nginx.conf"]);
        let nginx = Nginx { container, folder, port, ports };
        wait_for("nginx", || {
            let log = s.engine.docker(&["logs", &nginx.container]);
            assert!(!String::from_utf8_lossy(&log.stderr).contains("[emerg]"), "{log:?}");
            nginx.ask().is_some()
        });
        nginx
    }
    fn file(&self) -> PathBuf {
        self.folder.join("conf/site.conf")
    }
    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }
    fn ask(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split("\r\n\r\n").nth(1).map(Into::into)
    }
    fn serves(&self) -> Option<u16> {
        self.ask()?.parse().ok()
    }
    fn args(&self) -> Value {
        json!({
            "file": self.file(), "upstreams": { "app": format!("127.0.0.1:{}", self.ports[1]) },
            "program": ["nginx", "-c", "/nginx.conf"], "container": self.container,
        })
    }
}

/// Row 64 of the fault table.
#[test]
fn row_64_an_nginx_in_a_container_serves_the_new_file_however_it_is_bound() {
    let s = stage();
    for (n, is_alone) in [(1, true), (2, false)] {
        let nginx = Nginx::start(&s, is_alone);
        let (old, [a, b]) = (nginx.text(), nginx.ports);
        let step = s.step("edit_nginx_upstream", nginx.args());
        s.remote.act(&t(n), &step.deed).unwrap();
        assert_eq!((nginx.serves(), nginx.text() == old), (Some(b), false), "alone: {is_alone}");
        assert_eq!(s.plan("edit_nginx_upstream", nginx.args()), Ok(Plan::Already));
        let done = [step.clone()];
        assert_eq!(s.observe("edit_nginx_upstream", nginx.args(), &done), Ok(Plan::Already));
        let Undo::By(undo) = &step.undo else { panic!() };
        s.remote.act(&Token::undo(n, 0, 0, 1), &undo[0]).unwrap();
        assert_eq!((nginx.serves(), nginx.text()), (Some(a), old.clone()));
        // Refused: what it had is back, and served.
        fs::write(
            nginx.folder.join("nginx.conf"),
            fs::read_to_string(nginx.folder.join("nginx.conf")).unwrap() + "no_such;\n",
        )
        .unwrap();
        let f = failure(s.remote.act(&Token::deed(n, 0, 2), &step.deed));
        assert!(f.message.contains("was refused, and the old one is back"), "{f:?}");
        assert_eq!((nginx.serves(), nginx.text()), (Some(a), old));
        assert_eq!(fs::read_dir(nginx.folder.join("conf")).unwrap().count(), 1, "nothing is left beside it");
    }
}

/// A file that the container does not see, or no more, is said before anything is done.
#[test]
fn a_file_that_the_container_does_not_see_is_refused() {
    let s = stage();
    let nginx = Nginx::start(&s, true);
    let elsewhere = s.folder.path().join("other.conf");
    fs::copy(nginx.file(), &elsewhere).unwrap();
    let mut args = nginx.args();
    args["file"] = json!(elsewhere);
    let f = failure(s.plan("edit_nginx_upstream", args));
    assert!(f.message.contains("does not have") && f.message.contains("from there"), "{f:?}");
    // An editor that renames has put another file in its place.
    let new = nginx.folder.join("conf/new");
    fs::write(&new, nginx.text() + "# by hand\n").unwrap();
    fs::rename(&new, nginx.file()).unwrap();
    let f = failure(s.plan("edit_nginx_upstream", nginx.args()));
    assert!(f.message.contains("goes on seeing the /conf/site.conf with which it was started"), "{f:?}");
    let hint = f.hints.join("\n");
    assert!(hint.contains("\"restarted\""), "{hint}");
    s.engine.says(&["restart", "-t", "0", &nginx.container]);
    wait_for("nginx", || nginx.ask().is_some());
    assert!(matches!(s.plan("edit_nginx_upstream", nginx.args()), Ok(Plan::Do(_))));
}

/// Row 60: the reload says 0 and the old workers go on; and a death half-way through the one write.
#[test]
fn row_60_a_reload_that_did_nothing_and_half_a_file_are_found() {
    let s = stage();
    let nginx = Nginx::start(&s, true);
    let (old, [a, b]) = (nginx.text(), nginx.ports);
    let step = s.step("edit_nginx_upstream", nginx.args());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let main = fs::read_to_string(nginx.folder.join("nginx.conf")).unwrap();
    let listens = format!("  server {{ listen {}; }}\n  include", taken.local_addr().unwrap());
    fs::write(nginx.folder.join("nginx.conf"), main.replace("  include", &listens)).unwrap();
    let f = failure(s.remote.act(&t(1), &step.deed));
    assert!(f.message.contains("did not take effect"), "{f:?}");
    assert_eq!((nginx.serves(), nginx.text()), (Some(a), old.clone()));
    fs::write(nginx.folder.join("nginx.conf"), main).unwrap();
    // Half of the new file, as a power cut leaves it.
    let Deed::PutChecked(checked) = &step.deed else { panic!() };
    assert!(checked.in_place);
    let Source::Bytes(new) = &checked.put.source else { panic!() };
    for half in [&new.0[..new.0.len() / 2], &[]] {
        let mut file = fs::OpenOptions::new().write(true).truncate(true).open(nginx.file()).unwrap();
        file.write_all(half).unwrap();
        s.remote.act(&Token::deed(2, 0, half.len() as i64 + 1), &step.deed).unwrap();
        assert_eq!(nginx.serves(), Some(b));
        let Undo::By(undo) = &step.undo else { panic!() };
        s.remote.act(&Token::undo(2, 0, 0, half.len() as i64 + 1), &undo[0]).unwrap();
        assert_eq!((nginx.serves(), nginx.text()), (Some(a), old.clone()));
    }
    // Anything else there is somebody's, and stays.
    fs::write(nginx.file(), old.clone() + "# by hand\n").unwrap();
    let f = failure(s.remote.act(&Token::deed(3, 0, 1), &step.deed));
    assert!(nginx.text().ends_with("# by hand\n"), "{f:?}");
}
