//! A real redis-server of a test's own: on a free port of 127.0.0.1, in a folder of its own, ended by
//! its process id. And a client that speaks to it directly.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks until it is so; what does not come is a failure that says so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(40), "{what} does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Server {
    folder: tempfile::TempDir,
    pub port: u16,
    password: Option<String>,
    child: Option<Child>,
}

impl Server {
    /// `more`: lines of its redis.conf.
    pub fn start(more: &str) -> Server {
        Server::with_password(more, None)
    }
    pub fn with_password(more: &str, password: Option<&str>) -> Server {
        // A port may have been taken meanwhile: then another one is tried.
        let servers = (0..5).map(|_| Server::at(free_port(), more, password));
        servers
            .into_iter()
            .find_map(|mut s| s.up().then_some(s))
            .expect("redis-server starts; tests/setup.sh installs it")
    }
    fn at(port: u16, more: &str, password: Option<&str>) -> Server {
        let folder = tempfile::Builder::new().prefix("redis").tempdir().unwrap();
        let text = format!(
            "# A file of a test.\nbind 127.0.0.1\nport {port}\ndir {}\nsave \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n\
             # replicaof <masterip> <masterport>\n#\n# masterauth <master-password>\n{more}\n",
            folder.path().display()
        );
        fs::write(folder.path().join("redis.conf"), text).unwrap();
        Server { port, password: password.map(Into::into), child: None, folder }
    }
    pub fn conf(&self) -> PathBuf {
        self.folder.path().join("redis.conf")
    }
    pub fn text(&self) -> String {
        fs::read_to_string(self.conf()).unwrap()
    }
    /// Starts it, with the file as it now is.
    pub fn up(&mut self) -> bool {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let child = Command::new("redis-server").arg(self.conf()).stdin(Stdio::null()).stdout(log).spawn();
        self.child = Some(child.expect("redis-server starts; tests/setup.sh installs it"));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Ok(Some(_)) = self.child.as_mut().unwrap().try_wait() {
                return false;
            }
            if Client::try_open(self.port, self.password.as_deref()).is_some_and(|mut c| c.say(&["PING"]) == "PONG") {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
    /// Ends it as a power cut would.
    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    pub fn client(&self) -> Client {
        Client::try_open(self.port, self.password.as_deref()).expect("it answers")
    }
    pub fn say(&self, words: &[&str]) -> String {
        self.client().say(words)
    }
    pub fn info(&self, field: &str) -> String {
        let info = self.say(&["INFO"]);
        info.lines().find_map(|l| l.strip_prefix(&format!("{field}:"))).unwrap_or_default().trim().to_owned()
    }
    pub fn keys(&self) -> usize {
        self.say(&["DBSIZE"]).parse().unwrap()
    }
    /// So many keys with a value of so many bytes.
    pub fn fill(&self, name: &str, keys: usize, bytes: usize) {
        let value = "x".repeat(bytes);
        let mut client = self.client();
        for n in 0..keys {
            assert_eq!(client.say(&["SET", &format!("{name}{n}"), &value]), "OK");
        }
    }
    pub fn is_primary(&self) -> bool {
        self.info("role") == "master"
    }
    pub fn follows(&self, other: &Server) -> bool {
        self.follows_port(other.port)
    }
    pub fn follows_port(&self, port: u16) -> bool {
        self.info("role") == "slave"
            && self.info("master_port") == port.to_string()
            && self.info("master_link_status") == "up"
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// One connection.
pub struct Client {
    read: BufReader<TcpStream>,
    write: TcpStream,
}

impl Client {
    pub fn try_open(port: u16, password: Option<&str>) -> Option<Client> {
        let write = TcpStream::connect(("127.0.0.1", port)).ok()?;
        write.set_nodelay(true).ok()?;
        write.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let mut client = Client { read: BufReader::new(write.try_clone().ok()?), write };
        match password {
            Some(password) => client.try_say(&["AUTH", password]).filter(|r| r == "OK").map(|_| client),
            None => Some(client),
        }
    }
    pub fn say(&mut self, words: &[&str]) -> String {
        self.try_say(words).expect("a reply")
    }
    /// `None`: the connection broke, so nobody knows.
    pub fn try_say(&mut self, words: &[&str]) -> Option<String> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.write.write_all(text.as_bytes()).ok()?;
        self.reply()
    }
    fn reply(&mut self) -> Option<String> {
        let mut line = String::new();
        if self.read.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1)?;
        match (kind, rest.parse::<i64>()) {
            ("$", Ok(-1)) => Some("(nil)".into()),
            ("$", Ok(length)) => {
                let mut bytes = vec![0; usize::try_from(length).ok()? + 2];
                self.read.read_exact(&mut bytes).ok()?;
                bytes.truncate(bytes.len() - 2);
                String::from_utf8(bytes).ok()
            }
            ("*", Ok(parts)) => {
                let all: Option<Vec<String>> = (0..parts).map(|_| self.reply()).collect();
                all.map(|a| a.join(" "))
            }
            _ => Some(rest.into()),
        }
    }
}
