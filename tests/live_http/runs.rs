//! Whole runs through the real binary: stopped, resumed in other processes, rolled back. What a
//! server gave stays out of the journal, and is there after a resume.

use super::desk::{Desk, Said};
use super::server::{Server, says};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PASSWORD: &str = "the-operators-own-password";
const TOKEN: &str = "t0ken-of-this-session";
const COOKIE: &str = "s3cret-c00kie-of-it";

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, out),
            path => out.push(path),
        }
    }
}
/// The files below the state folder in which a text stands.
fn files_with(desk: &Desk, text: &str) -> Vec<String> {
    let mut all = vec![];
    files(&desk.path("state"), &mut all);
    let has = |p: &PathBuf| std::fs::read(p).is_ok_and(|b| b.windows(text.len()).any(|w| w == text.as_bytes()));
    all.into_iter().filter(has).map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

struct Place {
    desk: Desk,
    server: Server,
}

impl Place {
    fn mig(&self, words: &[&str]) -> Said {
        let mut command: Command = self.desk.command(words);
        command.env("PW", PASSWORD);
        let said = self.desk.said(command);
        said.lacks(&[PASSWORD, TOKEN, COOKIE]);
        said
    }
}

#[test]
fn a_session_outlives_its_process_and_not_its_run() {
    // Everything but the login wants both the cookie and the token.
    let server = Server::start(|line, n| {
        let logged_in = format!("HTTP/1.1 200 X\r\nset-cookie: sid={COOKIE}; Path=/\r\nconnection: close\r\n");
        let token = format!(r#"{{"token":"{TOKEN}","return":true}}"#);
        match line.split(' ').next().unwrap_or_default() {
            "POST" => Some(format!("{logged_in}content-length: {}\r\n\r\n{token}", token.len())),
            "PUT" if n == 1 => says(500, "not yet"),
            "PATCH" => None,
            _ => says(200, r#"{"return":false,"reason":"so it is"}"#),
        }
    });
    let desk = Desk::new();
    desk.write("inventory.yml", "hosts:\n  here: { local: true }\nsecrets:\n  pw: { env: PW }\n");
    let url = server.url("");
    desk.write(
        "p.rhai",
        format!(
            r#"let session = step("Log in", || http_send("POST", "{url}/login", #{{
    form: #{{ user: "admin", password: secret("pw") }}, secrets: ["token"], undo: false,
}}));
let key = #{{ authorization: "Bearer " + session.secrets.token }};
step("Switch", || {{
    let answer = http_send("PUT", "{url}/mode", #{{ headers: key, json: #{{ mode: "new" }}, undo: #{{ method: "DELETE" }} }});
    expect_equal(answer.json().reason, "so it is", "the reason");
}});
step("Mend", || http_send("PATCH", "{url}/mend", #{{ headers: key, undo: false }}));
step("Look", || expect_equal(http_get("{url}/look", #{{ headers: key }}).status, 200, "the status"));
"#
        ),
    );
    let place = Place { desk, server };
    place.mig(&["plan", "p.rhai"]).ends(0).has(&["password=‹secret:pw›", "undo: "]);
    assert_eq!(place.server.heard.lock().unwrap().len(), 0, "a plan sends nothing");
    // The server refuses: the run stops, and is resumed by another process.
    place.mig(&["run", "p.rhai", "--yes"]).ends(4).has(&["answers 500"]);
    assert_eq!(files_with(&place.desk, TOKEN), ["session"]);
    assert_eq!(files_with(&place.desk, COOKIE), ["session"]);
    assert!(files_with(&place.desk, PASSWORD).is_empty());
    let run = place.desk.run_ids().remove(0);
    let session = place.desk.path(&format!("state/runs/{run}/session"));
    assert_eq!(session.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // It ended badly: not sent again without a word, and then with what the first process was given.
    place.mig(&["resume", "--yes"]).ends(5);
    place.mig(&["resume", "--retry", "--yes"]).ends(5).has(&["whether it arrived is not known", "mig resolve"]);
    assert_eq!((place.server.heard("POST"), place.server.heard("PUT"), place.server.heard("PATCH")), (1, 2, 1));
    // Still nobody knows, so nothing is sent.
    place.mig(&["resume", "--yes"]).ends(5);
    assert_eq!(place.server.heard("PATCH"), 1);
    let asked = place.mig(&["resume", "--yes"]);
    let word = asked.err.split("mig resolve ").nth(1).or(asked.out.split("mig resolve ").nth(1)).unwrap();
    let call = word.split_whitespace().nth(1).unwrap().to_owned();
    place.mig(&["resolve", &run, &call, "--done"]).ends(0);
    place.mig(&["resume", "--yes"]).ends(0);
    // A rollback is logged in too.
    place.mig(&["rollback", "--yes"]).ends(0);
    let heard = place.server.heard.lock().unwrap().clone();
    for method in ["PUT", "PATCH", "GET", "DELETE"] {
        let sent = heard.iter().rfind(|h| h.starts_with(method)).unwrap_or_else(|| panic!("no {method}: {heard:?}"));
        assert!(sent.contains(&format!("cookie: sid={COOKIE}")), "{sent}");
        assert!(sent.contains(&format!("authorization: bearer {TOKEN}")), "{sent}");
    }
    place.mig(&["finish", &run]).ends(0);
    assert!(!session.exists() && files_with(&place.desk, COOKIE).is_empty());
}
