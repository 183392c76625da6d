//! A real bind with zones of this test's own, ended by its process id.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Named {
    pub port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

const ZONE: &str = r#"$TTL 300
@ IN SOA ns1 admin 2026010101 3600 900 604800 300
@ NS ns1
@ NS ns2
ns1 A 127.0.0.1
ns2 A 127.0.0.2
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
alias CNAME www
@ MX 10 mail
@ MX 20 mail2
@ TXT "v=spf1 " "-all"
_sip._tcp SRV 1 2 5060 sip
*.wild A 192.0.2.9
week 604800 A 192.0.2.3
loop CNAME pool
pool CNAME loop
away CNAME www.elsewhere.example.
esc TXT "\027[31mred \\"
child NS ns.child
ns.child A 192.0.2.4
"#;

impl Named {
    pub fn start() -> Named {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let long: Vec<String> = (0..60).map(|_| format!("\"{}\"", "x".repeat(250))).collect();
        fs::write(at("zone"), format!("{ZONE}long TXT ( {} )\n", long.join("\n"))).unwrap();
        let reverse = "$TTL 300\n@ SOA ns1.test.example. a.test.example. 1 1 1 1 1\n@ NS ns1.test.example.\n1 PTR www.test.example.\n";
        fs::write(at("reverse"), reverse).unwrap();
        fs::write(at("broken"), "this is no zone\n").unwrap();
        let lies =
            "$TTL 300\n@ SOA ns1.test.example. a.test.example. 1 1 1 1 1\n@ NS ns1.test.example.\n* A 192.0.2.77\n";
        fs::write(at("lies"), lies).unwrap();
        let port = free_port();
        let zone = |name: &str, file: &str| format!("zone \"{name}\" {{ type primary; file \"{}\"; }};\n", at(file));
        let conf = format!(
            "options {{ directory \"{}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             pid-file none; session-keyfile none; recursion no; allow-query {{ any; }}; minimal-responses yes; dnssec-validation no;\n\
             managed-keys-directory \"{0}\"; empty-zones-enable no; }};\ncontrols {{ }};\n{}{}{}{}",
            folder.path().display(),
            zone("test.example", "zone"),
            zone("2.0.192.in-addr.arpa", "reverse"),
            zone("broken.example", "broken"),
            zone("lie.example", "lies"),
        );
        fs::write(at("named.conf"), conf).unwrap();
        let log = fs::File::create(at("log")).unwrap();
        let mut child = Command::new("/usr/sbin/named")
            .args(["-g", "-n", "1", "-c", &at("named.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("bind9 is needed: tests/setup.sh installs it");
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(at("log")).unwrap_or_default();
            if text.lines().any(|l| l.ends_with(" running")) {
                break;
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(30), "named does not start: {text}");
            std::thread::sleep(Duration::from_millis(30));
        }
        Named { port, child, _folder: folder }
    }
}
impl Drop for Named {
    fn drop(&mut self) {
        super::sshd::signal("-TERM", self.child.id());
        let _ = self.child.wait();
    }
}

/// A port that is free for UDP and TCP alike, on every address that the tests listen on.
pub fn free_port() -> u16 {
    for _ in 0..100 {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let free = ["127.0.0.1", "127.0.0.2", "127.0.0.3", super::liar::ADDRESS];
        if free.iter().all(|a| UdpSocket::bind((*a, port)).is_ok())
            && free[1..].iter().all(|a| TcpListener::bind((*a, port)).is_ok())
        {
            return port;
        }
    }
    panic!("no port is free for UDP and TCP")
}
