//! One moto server for all tests of this process, and requests straight to it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub const IMAGE: &str = "ami-12c6146b";

/// The port of the server.
pub fn port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(start)
}

fn program() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    let installed = cache.map(|c| c.join("mig-tests/moto/bin/moto_server")).filter(|p| p.exists());
    let on_path = std::env::var_os("PATH").into_iter().flat_map(|p| std::env::split_paths(&p).collect::<Vec<_>>());
    let on_path = on_path.map(|p| p.join("moto_server")).find(|p| p.exists());
    installed.or(on_path).expect("moto_server is installed; tests/setup.sh does that")
}

/// The thread that starts it lives as long as this process, and so does the server: `setpriv` has
/// the kernel end it with its parent.
fn start() -> u16 {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program())
            .args(["-H", "127.0.0.1", "-p", &free.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv and moto_server start");
        sender.send(free).unwrap();
        let ended = server.wait();
        panic!("moto_server ended: {ended:?}");
    });
    let port = receiver.recv().unwrap();
    let until = Instant::now() + Duration::from_secs(90);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "moto_server does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    port
}

/// An HTTP answer, as it came.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// Sends one request, and takes the whole answer.
pub fn send(head: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port())).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut all = vec![];
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    Reply { status, head, body: all[end..].to_vec() }
}

/// A request to EC2, as anybody could make it.
pub fn ec2(query: &str) -> String {
    let body = format!("{query}&Version=2016-11-15");
    let head = format!(
        "POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=TEST/20240101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    String::from_utf8(send(&head, body.as_bytes()).body).unwrap()
}

/// The text of the first element of this name.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let rest = xml.split_once(&format!("<{name}>"))?.1;
    rest.split_once('<').map(|(text, _)| text)
}

/// A new instance, running.
pub fn instance() -> String {
    let xml = ec2(&format!("Action=RunInstances&ImageId={IMAGE}&MinCount=1&MaxCount=1"));
    element(&xml, "instanceId").expect("an instance").to_owned()
}

/// Protects an instance, or takes the protection away: `DisableApiStop`, `DisableApiTermination`.
pub fn protect(instance: &str, attribute: &str, is_on: bool) {
    let xml = ec2(&format!("Action=ModifyInstanceAttribute&InstanceId={instance}&{attribute}.Value={is_on}"));
    assert!(!xml.contains("<Error>"), "{xml}");
}

/// A new Elastic IP, given to an instance: address and allocation.
pub fn address_at(instance: Option<&str>) -> (String, String) {
    let xml = ec2("Action=AllocateAddress&Domain=vpc");
    let (ip, allocation) = (element(&xml, "publicIp").unwrap(), element(&xml, "allocationId").unwrap());
    if let Some(instance) = instance {
        give(allocation, instance);
    }
    (ip.to_owned(), allocation.to_owned())
}

/// Takes it from whoever has it, as AWS does when it is not told otherwise.
pub fn give(allocation: &str, instance: &str) {
    let query =
        format!("Action=AssociateAddress&AllocationId={allocation}&InstanceId={instance}&AllowReassociation=true");
    let xml = ec2(&query);
    assert!(element(&xml, "associationId").is_some(), "{xml}");
}

/// The instance that has it; empty: nobody.
pub fn holder(allocation: &str) -> String {
    let xml = ec2(&format!("Action=DescribeAddresses&AllocationId.1={allocation}"));
    element(&xml, "instanceId").unwrap_or_default().to_owned()
}

pub fn state(instance: &str) -> String {
    let xml = ec2(&format!("Action=DescribeInstances&InstanceId.1={instance}"));
    let state = xml.split_once("<instanceState>").expect("a state").1;
    element(state, "name").unwrap().to_owned()
}
