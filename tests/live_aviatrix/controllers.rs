//! Controllers that speak the vendor's API over HTTPS, as recorded clients of it expect: every
//! answer has status 200, a session is over after three requests, every fifth connection is dropped,
//! and an initialisation drops its own connection and ends all sessions.

use super::cloud::PASSWORD;
use super::moto::{self, element};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const LATEST: &str = "UserConnect-7.0.1307";

/// What runs on an instance.
#[derive(Clone)]
struct Controller {
    version: String,
    is_initialised: bool,
    password: String,
    gateways: Vec<String>,
    accounts: Vec<String>,
}

#[derive(Default)]
struct World {
    controllers: BTreeMap<String, Controller>,
    backup: Option<Controller>,
    sessions: BTreeMap<String, (String, u32)>,
    connections: u32,
    did: Vec<String>,
    both: u32,
}

/// Where they are, and what they know.
#[derive(Clone)]
pub struct Controllers {
    eip: String,
    allocation: String,
    bucket: String,
    old: String,
    old_private: String,
    world: Arc<Mutex<World>>,
}

/// An object of S3, written straight to moto.
pub fn put(path: &str, body: &str) {
    let head = format!(
        "PUT {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=TEST/20240101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let reply = moto::send(&head, body.as_bytes());
    assert!(reply.status < 300, "{}{}", reply.head, String::from_utf8_lossy(&reply.body));
}

fn config() -> Arc<ServerConfig> {
    let folder = tempfile::tempdir().unwrap();
    let args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let more = ["-subj", "/CN=controller", "-keyout", "key.pem", "-out", "cert.pem"];
    let made = Command::new("openssl").args(args).args(more).current_dir(folder.path()).output();
    let made = made.expect("openssl is needed: tests/setup.sh installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cert = CertificateDer::from_pem_file(folder.path().join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![cert], key).unwrap())
}

impl Controllers {
    pub fn new(net: &str, eip: &str, allocation: &str, bucket: &str, old: &str, old_private: &str) -> Controllers {
        let all = Controllers {
            eip: eip.into(),
            allocation: allocation.into(),
            bucket: bucket.into(),
            old: old.into(),
            old_private: old_private.into(),
            world: Arc::default(),
        };
        let names = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let first = Controller {
            version: "UserConnect-6.9.161".into(),
            is_initialised: true,
            password: PASSWORD.into(),
            gateways: names(&["spoke-1", "transit-1"]),
            accounts: names(&["ops"]),
        };
        all.world().controllers.insert(old.into(), first);
        let config = config();
        let near = (4..=9).map(|n| format!("{net}.{n}"));
        for address in near.chain([eip.to_owned()]) {
            let listener = TcpListener::bind((address.as_str(), 443))
                .unwrap_or_else(|e| panic!("{address}:443 cannot be listened on; this test wants to be root: {e}"));
            let (all, config) = (all.clone(), config.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (all, config, address) = (all.clone(), config.clone(), address.clone());
                    // A client that has gone is no fault of the server.
                    std::thread::spawn(move || drop(all.serve(stream, config, &address)));
                }
            });
        }
        all
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn did(&self) -> Vec<String> {
        self.world().did.clone()
    }
    /// How often one was asked while the other one ran on the Elastic IP, after the move.
    pub fn both(&self) -> u32 {
        self.world().both
    }
    pub fn version_of(&self, instance: &str) -> String {
        self.world().controllers[instance].version.clone()
    }
    pub fn gateways_of(&self, instance: &str) -> Vec<String> {
        self.world().controllers[instance].gateways.clone()
    }

    /// The instance behind an address, and its private one; nobody answers for one that is off.
    fn at(&self, address: &str) -> Option<(String, String)> {
        let filter = if address == self.eip { "instance-id" } else { "private-ip-address" };
        let value = if address == self.eip { moto::holder(&self.allocation) } else { address.to_owned() };
        let query = format!(
            "Action=DescribeInstances&Filter.1.Name={filter}&Filter.1.Value.1={value}\
             &Filter.2.Name=instance-state-name&Filter.2.Value.1=running"
        );
        let xml = moto::ec2(&query);
        Some((element(&xml, "instanceId")?.to_owned(), element(&xml, "privateIpAddress")?.to_owned()))
    }

    fn serve(&self, stream: TcpStream, config: Arc<ServerConfig>, address: &str) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut reader = BufReader::new(StreamOwned::new(tls, stream));
        let (mut line, mut length) = (String::new(), 0);
        reader.read_line(&mut line)?;
        loop {
            let mut field = String::new();
            if reader.read_line(&mut field)? == 0 || field == "\r\n" {
                break;
            }
            if let Some(n) = field.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let target = line.split(' ').nth(1).unwrap_or_default();
        let query = if length > 0 { String::from_utf8_lossy(&body).into_owned() } else { target.to_owned() };
        let query = query.rsplit('?').next().unwrap_or_default();
        let fields: BTreeMap<String, String> =
            reqwest::Url::parse(&format!("http://x/?{query}")).unwrap().query_pairs().into_owned().collect();
        let Some(said) = self.at(address).and_then(|(id, private)| self.answer(&id, &private, &fields)) else {
            return Ok(());
        };
        let said = said.to_string();
        let mut stream = reader.into_inner();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{said}",
            said.len()
        )?;
        stream.conn.send_close_notify();
        stream.flush()
    }

    /// `None`: it drops the connection.
    fn answer(&self, id: &str, private: &str, fields: &BTreeMap<String, String>) -> Option<Value> {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let no = |reason: &str| Some(json!({ "return": false, "reason": reason }));
        let yes = |results: Value| Some(json!({ "return": true, "results": results }));
        let mut guard = self.world();
        let world = &mut *guard;
        let fresh = Controller {
            version: LATEST.into(),
            is_initialised: false,
            password: private.into(),
            gateways: vec![],
            accounts: vec![],
        };
        let mut c = world.controllers.entry(id.into()).or_insert(fresh).clone();
        let action = field("action");
        if action == "get_api_token" {
            world.connections += 1;
            return if world.connections.is_multiple_of(5) {
                None
            } else {
                yes(json!({ "api_token": format!("token-of-{id}") }))
            };
        }
        if action == "login" {
            if field("username") != "admin" || field("password") != c.password {
                return no("username and/or password do not match");
            }
            let cid = format!("session-number-{}", world.sessions.len());
            world.sessions.insert(cid.clone(), (id.into(), 3));
            return Some(json!({ "return": true, "results": "authorized successfully", "CID": cid }));
        }
        match world.sessions.get_mut(field("CID")) {
            Some((of, left)) if of == id && *left > 0 => *left -= 1,
            _ => return no("CID is invalid or expired."),
        }
        let end_all = |world: &mut World| world.sessions.values_mut().for_each(|s| s.1 = 0);
        let answer = match action {
            "initial_setup" if field("subaction") == "check" => {
                return if c.is_initialised { yes(json!("initialised")) } else { no("not run") };
            }
            "initial_setup" => {
                c.is_initialised = true;
                c.version = format!("UserConnect-{}", field("target_version"));
                end_all(world);
                None
            }
            _ if !c.is_initialised => return no("valid action required"),
            "list_version_info" => return yes(json!({ "current_version": c.version })),
            "list_vpcs_summary" => {
                return yes(c.gateways.iter().map(|g| json!({ "vpc_name": g })).collect());
            }
            "get_cloudn_backup_config" => {
                return yes(json!({
                    "enabled": "yes", "acct_name": "ops", "bucket_name": self.bucket, "region": "eu-west-1", "cloud_type": "1"
                }));
            }
            "setup_account_profile" if c.accounts.iter().any(|a| a == field("account_name")) => {
                return no("Account name already exists");
            }
            "setup_account_profile" => {
                c.accounts.push(field("account_name").into());
                yes(json!("created"))
            }
            "enable_cloudn_backup_config" if field("now") == "true" => {
                let text = format!("backup {} of {id}", world.did.len());
                put(&format!("/{}/CloudN_{private}_save_cloudx_config.enc", self.bucket), &text);
                world.backup = Some(c.clone());
                yes(json!("enabled"))
            }
            "restore_cloudx_config" => {
                let wanted = format!("CloudN_{}_save_cloudx_config.enc", self.old_private);
                let Some(kept) = world.backup.clone() else { return no("there is no backup") };
                if field("file_name") != wanted || !c.accounts.iter().any(|a| a == field("account_name")) {
                    return no("the backup or the account does not exist");
                }
                if kept.version != c.version {
                    return no("the backup is of another version");
                }
                c = kept;
                end_all(world);
                yes(json!("restored"))
            }
            _ => return no("valid action required"),
        };
        // The old one must do nothing more once the address is the new one's.
        if id == self.old && moto::holder(&self.allocation) != self.old {
            world.both += 1;
        }
        world.did.push(format!("{id} {action}"));
        world.controllers.insert(id.into(), c);
        answer
    }
}
