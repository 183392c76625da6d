//! A world whose hosts are folders. `.target` holds what a host remembers of the commands it was
//! sent, `.effects` counts what really happened: the tests read it, the gate never does.

use mig::contract::*;
use mig::fault;
use mig::name::{HostName, RemotePath};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::Duration;

/// Two hosts with a few files.
pub fn lay_out(world: &Path) {
    for (file, text) in [("source/conf", "port 1\n"), ("source/data", "d\n"), ("dest/conf", "port 9\n")] {
        let path = world.join("hosts").join(file);
        fs::create_dir_all(path.parent().expect("it lies in a host")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    fs::create_dir_all(world.join(".target")).expect("a folder");
}

pub struct Folders(pub PathBuf);

/// What runs on the host: at most one start per token, output and status in files, detached from
/// us. `DIE` ends it at the two places where its outcome is lost.
const WRAPPER: &str = r#"
t="$TARGET/$TOKEN"
mkdir "$t" 2>/dev/null || exit 0
echo $$ > "$t/pid"
[ "$DIE" = marked ] && exit 0
echo "$TOKEN" >> "$TARGET/../.effects"
sh -c "$CMD" > "$t/out" 2>&1; s=$?
[ "$DIE" = ran ] && exit 0
echo $s > "$t/status.tmp"; mv "$t/status.tmp" "$t/status"
"#;

enum Target {
    NotStarted,
    Done(i64, String),
    Lost,
}

impl Folders {
    fn at(&self, host: &HostName, path: &RemotePath) -> PathBuf {
        self.0.join("hosts").join(host.as_ref()).join(path.as_ref().trim_start_matches('/'))
    }
    fn state(&self, host: &HostName, path: &RemotePath) -> Option<FileState> {
        fs::read(self.at(host, path)).ok().map(|b| FileState::of(&b, "0:0", 0o644))
    }
    fn ask(&self, token: &Token) -> Target {
        let dir = self.0.join(".target").join(token.as_ref());
        let read = |f: &str| fs::read_to_string(dir.join(f)).unwrap_or_default();
        for _ in 0..200 {
            let status = read("status");
            if !status.is_empty() {
                return Target::Done(status.trim().parse().unwrap_or(255), read("out"));
            }
            if !dir.exists() {
                return Target::NotStarted;
            }
            let pid = read("pid");
            if !pid.is_empty() && !Path::new("/proc").join(pid.trim()).exists() {
                std::thread::sleep(Duration::from_millis(5));
                if read("status").is_empty() {
                    return Target::Lost;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Target::Lost
    }
    fn sh(&self, host: &HostName, command: &str) -> (i64, String) {
        let dir = self.0.join("hosts").join(host.as_ref());
        let out = Process::new("sh").args(["-c", command]).current_dir(dir).output().expect("sh runs");
        (out.status.code().unwrap_or(255).into(), String::from_utf8_lossy(&out.stdout).into_owned())
    }
}

fn answer(ok: &[i64], code: i64, out: &str) -> Outcome {
    match ok.contains(&code) {
        true => Ok(json!({ "code": code, "stdout": out.trim_end(), "stderr": "" })),
        false => Err(Failure { code, ..Failure::new(format!("exit code {code}")) }.into()),
    }
}

impl Look for Folders {
    fn run(&self, host: &HostName, command: &Command, _: u64) -> Outcome<Output> {
        let (code, stdout) = self.sh(host, &command.to_sh());
        Ok(Output { code, stdout, stderr: String::new() })
    }
    fn run_fed(&self, _: &HostName, _: &Command, _: &mig::secret::Text, _: u64) -> Outcome<Output> {
        failed("not in this world")
    }
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        let at = self.at(host, path);
        Ok(match (at.is_dir(), self.state(host, path)) {
            (true, _) => Found::Folder { owner: "0:0".into(), mode: 0o755 },
            (_, Some(state)) => Found::File(state),
            _ => Found::Nothing,
        })
    }
    fn bytes(&self, host: &HostName, path: &RemotePath, _: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        Ok(fs::read(self.at(host, path)).ok().map(|b| (FileState::of(&b, "0:0", 0o644), b)))
    }
    fn differences(&self, _: &mig::contract::Sync) -> Outcome<Differences> {
        failed("not in this world")
    }
    fn lease(&self, _: &HostName, _: &mig::name::LeaseName) -> Outcome<mig::contract::LeaseState> {
        failed("not in this world")
    }
    fn machine(&self, _: &HostName) -> Outcome<Machine> {
        Ok(Machine {
            os: "folders".into(),
            kernel: String::new(),
            hostname: String::new(),
            machine_id: String::new(),
            boot_id: String::new(),
            uid: 0,
            gid: 0,
            user: "root".into(),
            home: "/root".into(),
            programs: Default::default(),
        })
    }
    fn free(&self, _: &HostName) -> Outcome<std::collections::BTreeMap<String, u64>> {
        Ok(Default::default())
    }
    fn boot_id(&self, _: &HostName) -> Outcome<String> {
        Ok("one".into())
    }
    fn port(&self, _: Option<&HostName>, _: &str, _: u16, _: u64) -> Outcome<PortState> {
        Ok(PortState::Refused)
    }
    fn address(&self, host: &HostName) -> Outcome<String> {
        Ok(host.to_string())
    }
    fn dns(&self, _: &DnsQuestion) -> Outcome<DnsAnswer> {
        failed("there is no network among folders")
    }
    fn http(&self, _: &mig::contract::Request) -> Outcome<Reply> {
        failed("there is no network among folders")
    }
}

impl World for Folders {
    fn prepare(&self, host: &HostName, known: Option<&HostRecord>) -> Outcome<HostRecord> {
        let mut asked =
            fs::OpenOptions::new().create(true).append(true).open(self.0.join(".prepared")).expect("a file");
        writeln!(asked, "{host}").expect("a line");
        Ok(known.cloned().unwrap_or(HostRecord {
            host: host.clone(),
            machine_id: String::new(),
            boot_id: "one".into(),
            host_key: String::new(),
            folder: String::new(),
            marker: "m".into(),
            ..HostRecord::intended(host, "")
        }))
    }

    fn boot_seen(&self, _: &HostName) -> String {
        "one".into()
    }

    fn act(&self, token: &Token, deed: &Deed) -> Outcome<Value> {
        match deed {
            Deed::Put(put) => {
                let file = self.at(&put.host, &put.path);
                if self.state(&put.host, &put.path) != put.from {
                    return failed(format!("{} on {} is no longer what it was", put.path, put.host));
                }
                fault::point("put.before", 0).or_else(failed)?;
                match &put.source {
                    Source::Bytes(b) => {
                        let new = beside(&file);
                        fs::write(&new, &b.0).or_else(|e| failed(e.to_string()))?;
                        fault::point("put.beside", 0).or_else(failed)?;
                        fs::rename(&new, &file).or_else(|e| failed(e.to_string()))?;
                    }
                    Source::Nothing => fs::remove_file(&file).or_else(|e| failed(e.to_string()))?,
                    _ => return failed("not in this world"),
                }
                let mut f = fs::OpenOptions::new().create(true).append(true).open(self.0.join(".effects")).unwrap();
                writeln!(f, "{}", token.as_ref()).unwrap();
                fault::point("put.after", 0).or_else(failed)?;
                Ok(json!({ "changed": true }))
            }
            Deed::Run(run) => {
                // An injected error at these two places is how the host's own wrapper dies.
                let die = match (fault::point("host.marked", 0), fault::point("host.ran", 0)) {
                    (Err(_), _) => "marked",
                    (_, Err(_)) => "ran",
                    _ => "",
                };
                let mut child = Process::new("setsid")
                    .args(["sh", "-c", WRAPPER])
                    .current_dir(self.0.join("hosts").join(run.host.as_ref()))
                    .env("TARGET", self.0.join(".target"))
                    .env("TOKEN", token.as_ref())
                    .env("CMD", run.command.to_sh())
                    .env("DIE", die)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .spawn()
                    .expect("setsid runs");
                let _ = child.wait();
                if !die.is_empty() {
                    std::process::abort();
                }
                match self.ask(token) {
                    Target::Done(code, out) => answer(&run.ok, code, &out),
                    _ => failed("the command was killed on its host"),
                }
            }
            _ => failed("not in this world"),
        }
    }

    fn settle(&self, token: &Token, deed: &Deed) -> Settled {
        match deed {
            Deed::Put(put) => match self.state(&put.host, &put.path) {
                now if now == put.to => Settled::Done(json!({ "changed": true })),
                now if now == put.from => Settled::SameToken,
                _ => Settled::Unknown(format!("{} is neither", put.path)),
            },
            Deed::Run(run) => match self.ask(token) {
                Target::Done(code, out) => match answer(&run.ok, code, &out) {
                    Ok(answer) => Settled::Done(answer),
                    Err(Halt::Failed(f)) => Settled::Failed(*f),
                    Err(Halt::Stop(_)) => Settled::Unknown("a stop".into()),
                },
                Target::NotStarted => Settled::SameToken,
                Target::Lost => match run.check.as_ref().map(|c| self.sh(&run.host, &c.to_sh()).0) {
                    Some(0) => Settled::Done(unknown("its output was lost")),
                    Some(_) => Settled::NewToken,
                    None if run.idempotent => Settled::Repeatable("lost".into()),
                    None => Settled::Unknown(format!("{deed} was started and its end was lost")),
                },
            },
            _ => Settled::Unknown("not in this world".into()),
        }
    }

    fn sweep(&self, deed: &Deed) {
        if let Deed::Put(put) = deed {
            let _ = fs::remove_file(beside(&self.at(&put.host, &put.path)));
        }
    }
    fn finish(&self, _: &[HostRecord]) -> Vec<String> {
        vec![]
    }
    fn undo_material(&self, _: &HostRecord) -> Outcome<u64> {
        Ok(0)
    }
}

/// One name a file, so that whoever comes later finds it.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("mig-new")
}
