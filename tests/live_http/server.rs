//! Servers of these tests: nginx with TLS, and one that does what it is told, also badly.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(folder).output();
    let output = output.expect("openssl is needed: tests/setup.sh installs it");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and certificates: good, expired, for another name, self-signed.
fn certificates(folder: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let request = |more: &[&str]| openssl(folder, &[&["req"][..], &key, more].concat());
    request(&["-x509", "-days", "30", "-subj", "/CN=Authority of a test", "-keyout", "ca.key", "-out", "ca.pem"]);
    for (name, host, days) in [
        ("good", "a.example", ["-days", "20"]),
        ("expired", "a.example", ["-days", "-1"]),
        ("other", "b.example", ["-days", "20"]),
    ] {
        let at = |end: &str| format!("{name}.{end}");
        request(&["-subj", "/CN=x", "-keyout", &at("key"), "-out", &at("csr")]);
        fs::write(
            folder.join(at("ext")),
            format!("subjectAltName=DNS:{host},IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"),
        )
        .unwrap();
        let (key, csr, ext) = (at("key"), at("csr"), at("ext"));
        let out = at("pem");
        let mut args = vec!["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        args.extend(["-extfile", &ext, "-out", &out]);
        if name == "expired" {
            // Years ago: `x509 -days -1` is not taken by every openssl.
            args.extend(["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"]);
        } else {
            args.extend(days);
        }
        let _ = key;
        if name == "expired" && !knows_dates() {
            sign_in_the_past(folder);
        } else {
            openssl(folder, &args);
        }
    }
    let self_signed = ["-addext", "subjectAltName=DNS:a.example", "-addext", "basicConstraints=critical,CA:FALSE"];
    request(
        &[
            &["-x509", "-days", "20", "-subj", "/CN=a.example", "-keyout", "self.key", "-out", "self.pem"][..],
            &self_signed,
        ]
        .concat(),
    );
}

fn knows_dates() -> bool {
    let help = Command::new("openssl").args(["x509", "-help"]).output().unwrap();
    String::from_utf8_lossy(&help.stderr).contains("not_before")
}

/// With `openssl ca`, which every version can give dates.
fn sign_in_the_past(folder: &Path) {
    fs::write(folder.join("index.txt"), "").unwrap();
    fs::write(folder.join("serial"), "1000\n").unwrap();
    let config = "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index.txt\nserial=serial\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
    fs::write(folder.join("ca.conf"), config).unwrap();
    let dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"];
    let files = [
        "-in",
        "expired.csr",
        "-out",
        "expired.pem",
        "-extfile",
        "expired.ext",
        "-cert",
        "ca.pem",
        "-keyfile",
        "ca.key",
    ];
    openssl(folder, &[&["ca", "-batch", "-notext", "-config", "ca.conf"][..], &dates, &files].concat());
}

/// nginx with one TLS server for each certificate, and pages that do what their names say.
pub struct Nginx {
    pub folder: tempfile::TempDir,
    child: Child,
    pub good: u16,
    pub expired: u16,
    pub other: u16,
    pub self_signed: u16,
    pub plain: u16,
}

const PAGES: &str = r#"
  location /ok { default_type application/json; return 200 '{"a": [1, 2], "token": "t0ken-0f-the-test", "return": false}'; }
  location /who { return 200 "$remote_addr $host $http_x_key $cookie_sid"; }
  location /404 { return 404 "no such thing"; }
  location /500 { return 500 "broken"; }
  location /to/ok { return 302 /ok; }
  location /to/loop { return 302 /to/pool; }
  location /to/pool { return 302 /to/loop; }
  location /to/plain { return 301 http://a.example/ok; }
  location /login { add_header Set-Cookie "sid=s3cret-c00kie; Path=/; HttpOnly"; return 200 "in"; }
  location /big { root FOLDER; }
"#;

impl Nginx {
    pub fn start() -> Nginx {
        let folder = tempfile::tempdir().unwrap();
        // Its workers are another user where the test is root.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        certificates(folder.path());
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("big"), "x".repeat(3 << 20)).unwrap();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|n| format!("  {n}_temp_path {};\n", at(n)))
            .collect();
        let pages = PAGES.replace("FOLDER", &folder.path().display().to_string());
        let ports: Vec<u16> = (0..5).map(|_| free_port()).collect();
        let tls: String = ["good", "expired", "other", "self"]
            .iter()
            .zip(&ports)
            .map(|(name, port)| {
                let (pem, key) = (at(&format!("{name}.pem")), at(&format!("{name}.key")));
                format!("  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {pem}; ssl_certificate_key {key};\n{pages} }}\n")
            })
            .collect();
        let conf = format!(
            "pid {};\nerror_log {};\nevents {{}}\nhttp {{\n  access_log off;\n{temp}{tls}  server {{ listen 127.0.0.1:{};\n{pages} }}\n}}\n",
            at("pid"),
            at("error.log"),
            ports[4]
        );
        fs::write(at("nginx.conf"), conf).unwrap();
        let child = Command::new("/usr/sbin/nginx")
            .args(["-p", &at(""), "-c", &at("nginx.conf"), "-g", "daemon off;"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is needed: tests/setup.sh installs it");
        let [good, expired, other, self_signed, plain] = ports[..] else { panic!() };
        let nginx = Nginx { folder, child, good, expired, other, self_signed, plain };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", plain)).is_err() {
            let log = fs::read_to_string(nginx.folder.path().join("error.log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(20), "nginx does not start: {log}");
            std::thread::sleep(Duration::from_millis(30));
        }
        nginx
    }
    pub fn ca(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }
    /// A URL of the server with the good certificate.
    pub fn url(&self, page: &str) -> String {
        format!("https://a.example:{}{page}", self.good)
    }
}
impl Drop for Nginx {
    fn drop(&mut self) {
        super::sshd::signal("-TERM", self.child.id());
        let _ = self.child.wait();
    }
}

/// What a request was: its first line, and its body.
pub type Heard = Arc<Mutex<Vec<String>>>;

/// A server of plain HTTP in this process: it notes each request, and `answer` says what comes
/// back for the first line: `None` closes the connection without a word.
pub struct Server {
    pub port: u16,
    pub heard: Heard,
}

impl Server {
    pub fn start(answer: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Heard = Arc::default();
        let (notes, answer) = (heard.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (notes, answer) = (notes.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &notes, &*answer));
            }
        });
        Server { port, heard }
    }
    pub fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}{page}", self.port)
    }
    pub fn heard(&self, method: &str) -> usize {
        self.heard.lock().unwrap().iter().filter(|h| h.starts_with(method)).count()
    }
}

fn serve(mut stream: TcpStream, heard: &Heard, answer: &(dyn Fn(&str, usize) -> Option<String> + Send + Sync)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        head += &line.to_ascii_lowercase();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let n = {
        let mut heard = heard.lock().unwrap();
        heard.push(format!("{}{head}\n{}", first, String::from_utf8_lossy(&body)));
        let method = first.split(' ').next().unwrap_or_default();
        heard.iter().filter(|h| h.starts_with(method)).count()
    };
    if let Some(answer) = answer(first.trim_end(), n) {
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// A whole answer.
pub fn says(status: u16, body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}
