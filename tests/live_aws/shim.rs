//! What stands before moto: AWS's own rules where moto has others, and faults when a test asks for
//! them. It answers one request for each connection.

use super::moto::{self, Reply, element};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Which requests change something.
const CHANGES: &[&str] = &[
    "AssociateAddress",
    "DisassociateAddress",
    "StartInstances",
    "StopInstances",
    "RunInstances",
    "TerminateInstances",
];

/// What somebody else does in between.
pub type Hook = Box<dyn FnOnce(&mut Faults) + Send>;

/// What is wrong, until it has been so often enough.
#[derive(Default)]
pub struct Faults {
    /// After a change, reads answer for so long with what was.
    pub stale_for: Duration,
    /// The answer to these is lost, each entry once; the request was done.
    pub lost: Vec<&'static str>,
    /// In place of an answer, each entry once: action, status, code.
    pub refused: Vec<(&'static str, u16, &'static str)>,
    /// In place of the body of an answer, each entry once.
    pub replaced: Vec<(&'static str, String)>,
    /// Within the body of every answer: action, text, other text.
    pub edited: Vec<(&'static str, String, String)>,
    /// Before a request is done, each entry once.
    pub before: Vec<(&'static str, Hook)>,
    /// The answer to this is held back until the connection ends.
    pub held: Option<&'static str>,
    /// What the credentials have no right to, as a dry run tells.
    pub denied: BTreeSet<&'static str>,
    /// Keys that are over.
    pub expired: BTreeSet<String>,
    /// A started instance passes its status checks only after so long.
    pub boots_for: Duration,
    /// Instances that may not be terminated: moto lets them go.
    pub protected: BTreeSet<String>,
    /// Instances that may not be stopped.
    pub unstoppable: BTreeSet<String>,

    /// What was asked, and which of it was held back.
    pub log: Vec<String>,
    pub is_holding: bool,
    last: BTreeMap<String, Reply>,
    frozen: BTreeMap<String, Reply>,
    frozen_until: Option<Instant>,
    launched: BTreeMap<String, Reply>,
    started: BTreeMap<String, Instant>,
}

pub struct Shim {
    pub port: u16,
    faults: Arc<Mutex<Faults>>,
}

impl Shim {
    pub fn new() -> Shim {
        moto::port();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults: Arc<Mutex<Faults>> = Arc::default();
        let shared = faults.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), faults) = (stream, shared.clone()) else { continue };
                // A client that has gone is no fault of the proxy.
                std::thread::spawn(move || drop(serve(stream, &faults)));
            }
        });
        Shim { port, faults }
    }
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }
    /// How often this was asked for.
    pub fn count(&self, action: &str) -> usize {
        self.faults().log.iter().filter(|l| l.as_str() == action).count()
    }
    pub fn wait_until_held(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.faults().is_holding {
            assert!(Instant::now() < until, "the request to be held never came: {:?}", self.faults().log);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn lock(faults: &Mutex<Faults>) -> MutexGuard<'_, Faults> {
    faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn serve(stream: TcpStream, faults: &Mutex<Faults>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut head) = (String::new(), String::new());
    reader.read_line(&mut line)?;
    let (mut length, mut is_chunked, mut key) = (0, false, String::new());
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field)? == 0 || field == "\r\n" {
            break;
        }
        let lower = field.to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        is_chunked |= lower.starts_with("transfer-encoding:");
        if let Some((_, rest)) = field.split_once("Credential=") {
            key = rest.split('/').next().unwrap_or_default().to_owned();
        }
        if !lower.starts_with("connection:") {
            head += &field;
        }
    }
    assert!(!is_chunked, "the proxy takes no chunks");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let query = String::from_utf8_lossy(&body).into_owned();
    let params = params(&query);
    let action = match params.get("Action") {
        Some(action) => action.clone(),
        None => format!("{method} object"),
    };
    let is_dry = params.get("DryRun").is_some_and(|d| d == "true");
    if !is_dry {
        lock(faults).log.push(action.clone());
    }
    let whole = format!("{}\r\n{head}Connection: close\r\n\r\n", line.trim_end().replace("HTTP/1.1", "HTTP/1.0"));
    let is_s3 = !params.contains_key("Action");
    let reply = match answer(faults, &action, &params, &key, is_s3, || moto::send(&whole, &body), &query) {
        Some(reply) => reply,
        None => return Ok(()),
    };
    if !is_dry && lock(faults).held == Some(action.as_str()) {
        lock(faults).is_holding = true;
        let _ = reader.read(&mut [0; 1]);
        return Ok(());
    }
    write(stream, &reply, method == "HEAD")
}

fn write(mut stream: TcpStream, reply: &Reply, is_head: bool) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} x\r\nConnection: close\r\n", reply.status);
    let kept = |l: &&str| {
        let lower = l.to_ascii_lowercase();
        !lower.starts_with("connection:") && (is_head || !lower.starts_with("content-length:")) && l.contains(": ")
    };
    for field in reply.head.lines().skip(1).filter(kept) {
        head += field;
        head += "\r\n";
    }
    if !is_head {
        head += &format!("Content-Length: {}\r\n", reply.body.len());
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    if !is_head {
        stream.write_all(&reply.body)?;
    }
    Ok(())
}

/// `None`: the answer is lost.
fn answer(
    faults: &Mutex<Faults>,
    action: &str,
    params: &BTreeMap<String, String>,
    key: &str,
    is_s3: bool,
    forward: impl Fn() -> Reply,
    query: &str,
) -> Option<Reply> {
    if lock(faults).expired.contains(key) {
        return Some(error(400, if is_s3 { "ExpiredToken" } else { "RequestExpired" }, "Request has expired."));
    }
    if params.get("DryRun").is_some_and(|d| d == "true") {
        return Some(if lock(faults).denied.contains(action) {
            error(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
        } else {
            forward()
        });
    }
    let hook = take(&mut lock(faults).before, |(a, _)| *a == action);
    if let Some((_, hook)) = hook {
        hook(&mut lock(faults));
    }
    if let Some((_, status, code)) = take(&mut lock(faults).refused, |(a, ..)| *a == action) {
        return Some(error(status, code, "as the test asks"));
    }
    if let Some((_, body)) = take(&mut lock(faults).replaced, |(a, _)| *a == action) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n".to_owned();
        return Some(Reply { status: 200, head, body: body.into_bytes() });
    }
    let mut reply = if CHANGES.contains(&action) {
        let reply = change(faults, action, params, forward);
        if reply.status == 200 {
            freeze(&mut lock(faults));
        }
        reply
    } else {
        read(faults, query, forward)
    };
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let edited = lock(faults)
        .edited
        .iter()
        .filter(|(a, ..)| *a == action)
        .fold(text.clone(), |t, (_, from, to)| t.replace(from, to));
    let edited = if action == "DescribeInstanceStatus" { booting(&lock(faults), edited) } else { edited };
    if edited != text {
        reply.body = edited.into_bytes();
    }
    let is_lost = reply.status == 200 && take(&mut lock(faults).lost, |a| *a == action).is_some();
    (!is_lost).then_some(reply)
}

fn take<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
    all.iter().position(is_it).map(|at| all.remove(at))
}

/// What was read last before a change is what is read for a while after it.
fn freeze(faults: &mut Faults) {
    let now = Instant::now();
    if faults.frozen_until.is_none_or(|until| until <= now) {
        faults.frozen = faults.last.clone();
    }
    faults.frozen_until = Some(now + faults.stale_for);
}

fn read(faults: &Mutex<Faults>, query: &str, forward: impl Fn() -> Reply) -> Reply {
    let is_stale = lock(faults).frozen_until.is_some_and(|until| Instant::now() < until);
    if is_stale && let Some(old) = lock(faults).frozen.get(query) {
        return old.clone();
    }
    let reply = forward();
    lock(faults).last.insert(query.to_owned(), reply.clone());
    reply
}

/// A change, with AWS's rules.
fn change(
    faults: &Mutex<Faults>,
    action: &str,
    params: &BTreeMap<String, String>,
    forward: impl Fn() -> Reply,
) -> Reply {
    let param = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    match action {
        "AssociateAddress" => {
            let instance = param("InstanceId");
            if !instance.is_empty() && moto::state(instance) == "terminated" {
                return error(
                    400,
                    "IncorrectInstanceState",
                    "The instance is not in a valid state for this operation.",
                );
            }
            let seen = moto::ec2(&format!("Action=DescribeAddresses&AllocationId.1={}", param("AllocationId")));
            let has = element(&seen, "instanceId").unwrap_or_default();
            if has == instance && !instance.is_empty() {
                // The same again is no error, and no new association.
                let id = element(&seen, "associationId").unwrap_or_default();
                return said(&format!(
                    "<AssociateAddressResponse><return>true</return><associationId>{id}</associationId></AssociateAddressResponse>"
                ));
            }
            // What is not said is `true`: AWS then takes it from whoever has it.
            let may_take = params.get("AllowReassociation").is_none_or(|a| a == "true");
            if !has.is_empty() && !may_take {
                return error(400, "Resource.AlreadyAssociated", "resource is already associated");
            }
            let association = moto::ec2(&format!(
                "Action=AssociateAddress&AllocationId={}&AllowReassociation=true&InstanceId={instance}",
                param("AllocationId")
            ));
            said(&association)
        }
        "RunInstances" => {
            let token = param("ClientToken").to_owned();
            if let Some(known) = lock(faults).launched.get(&token) {
                return known.clone();
            }
            let reply = forward();
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let mut faults = lock(faults);
            if param("DisableApiTermination") == "true" {
                faults.protected.extend(element(&text, "instanceId").map(Into::into));
            }
            faults.started.extend(element(&text, "instanceId").map(|id| (id.to_owned(), Instant::now())));
            faults.launched.insert(token, reply.clone());
            reply
        }
        "TerminateInstances" if lock(faults).protected.contains(param("InstanceId.1")) => error(
            400,
            "OperationNotPermitted",
            "The instance may not be terminated. Modify its 'disableApiTermination'.",
        ),
        "StopInstances" if lock(faults).unstoppable.contains(param("InstanceId.1")) => error(
            400,
            "OperationNotPermitted",
            "The instance may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
        ),
        "StartInstances" => {
            let id = param("InstanceId.1");
            if moto::state(id) == "stopping" {
                return error(
                    400,
                    "IncorrectInstanceState",
                    "The instance is not in a state from which it can be started.",
                );
            }
            lock(faults).started.insert(id.to_owned(), Instant::now());
            forward()
        }
        _ => forward(),
    }
}

/// Instances that have not booted yet do not pass their checks.
fn booting(faults: &Faults, xml: String) -> String {
    let is_booting = |id: &str| faults.started.get(id).is_some_and(|at| at.elapsed() < faults.boots_for);
    match element(&xml, "instanceId") {
        Some(id) if is_booting(id) => xml.replacen("<status>ok</status>", "<status>initializing</status>", 2),
        _ => xml,
    }
}

fn said(xml: &str) -> Reply {
    Reply { status: 200, head: "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n".into(), body: xml.into() }
}

pub fn error(status: u16, code: &str, text: &str) -> Reply {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
    );
    Reply { status, head: format!("HTTP/1.1 {status} x\r\nContent-Type: text/xml\r\n"), body: body.into_bytes() }
}

fn params(query: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let (mut out, mut rest) = (vec![], text.as_bytes());
        while let Some((&b, tail)) = rest.split_first() {
            rest = tail;
            match (b, tail.get(..2).and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok())) {
                (b'%', Some(byte)) => {
                    out.push(byte);
                    rest = &tail[2..];
                }
                (b'+', _) => out.push(b' '),
                _ => out.push(b),
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    query.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (plain(k), plain(v))).collect()
}
