//! A `mig` that runs: what it says is read while it does, and it never outlives the test.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub struct Running {
    child: Child,
    text: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// How it ended, and all that it said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub text: String,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let text = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = vec![read(out, text.clone()), read(err, text.clone())];
        Running { child, text, readers }
    }
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    pub fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }
    /// Waits until it has said something.
    pub fn wait_until_it_says(&mut self, what: &str, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while !self.text().contains(what) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "it never said {what:?}: {}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
    /// Waits for its end, which must come within so many seconds.
    pub fn wait(mut self, seconds: u64) -> Said {
        let began = Instant::now();
        while self.is_running() {
            assert!(began.elapsed() < Duration::from_secs(seconds), "it still runs after {seconds} s: {}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
        let code = self.child.wait().unwrap().code();
        // Whatever inherited its output may keep it open.
        let readers = std::mem::take(&mut self.readers);
        let until = Instant::now() + Duration::from_secs(2);
        while readers.iter().any(|r| !r.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        Said { code, text: self.text() }
    }
    /// SIGKILL.
    pub fn kill(mut self) -> Said {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Said { code: None, text: self.text() }
    }
    /// The most memory that it had so far, in MiB.
    pub fn peak_memory(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) >> 10
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut from: impl Read + Send + 'static, to: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            to.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    })
}

impl Said {
    /// The id of its run.
    pub fn run(&self) -> String {
        let id = self.text.lines().find_map(|l| l.strip_prefix("run "));
        id.and_then(|l| l.split_whitespace().next()).unwrap_or_else(|| panic!("no run: {}", self.text)).to_owned()
    }
    #[track_caller]
    pub fn is(&self, code: i32) -> &Said {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Said {
        for part in parts {
            assert!(self.text.contains(part), "it does not say {part:?}: {}", self.text);
        }
        self
    }
    #[track_caller]
    pub fn never_says(&self, part: &str) -> &Said {
        assert!(!self.text.contains(part), "it says {part:?}: {}", self.text);
        self
    }
}

/// SIGKILL and others, by the number of the process.
pub fn signal(name: &str, pid: u32) {
    let done = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(done.unwrap().success(), "kill {name} {pid}");
}
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "))
}
