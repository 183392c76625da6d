//! One request and its answer, redirections followed.

use super::super::link::Fleet;
use super::carry::Carrier;
use super::hop::{Hop, authority};
use super::session::names;
use super::target::{Cut, Way};
use super::trouble::{Trouble, never_sent};
use crate::contract::{Failure, Halt, Outcome, Reply, Request, failed, unknown};
use crate::secret::{Piece, Secret, Text};
use reqwest::header::{COOKIE, LOCATION};
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a connection may take, where the request gives it more.
const CONNECT: Duration = Duration::from_secs(10);

/// What came of a request.
pub enum Ended {
    Reply(Reply),
    /// The server cannot have seen it.
    NotSent(Failure),
    /// The server may have seen it, and its answer did not come.
    Lost(String),
}

impl Fleet {
    pub async fn read_http(&self, request: &Request) -> Outcome<Reply> {
        match self.exchange(request).await? {
            Ended::Reply(reply) => match &reply.body {
                Value::Object(lost) => {
                    let why = lost.get("$unknown").and_then(Value::as_str).unwrap_or_default();
                    failed(format!("{request}: {why}"))
                }
                _ => Ok(reply),
            },
            Ended::NotSent(failure) => Err(failure.into()),
            Ended::Lost(why) => failed(format!("{request}: {why}")),
        }
    }

    /// Sends a request once. Only `Err` of what is wrong before it could be sent.
    pub async fn exchange(&self, request: &Request) -> Outcome<Ended> {
        let mut hop = self.first_hop(request)?;
        let place = place(request);
        let until = Instant::now() + Duration::from_millis(request.timeout_ms);
        let mut been: Vec<String> = vec![];
        let mut carrier = None;
        loop {
            let way = match carrier.take() {
                Some(carrier) => Ok(Way::Carried(carrier)),
                None => {
                    been.push(format!("{} {}", hop.method, self.redactor.text(hop.url.to_string())));
                    self.way(request, &hop.url).await
                }
            };
            let way = match way {
                Ok(way) => way,
                Err(Halt::Failed(f)) if been.len() == 1 => return Ok(Ended::NotSent(*f)),
                Err(Halt::Failed(f)) => return Ok(Ended::Lost(f.message)),
                Err(stop) => return Err(stop),
            };
            let client = client(request, &hop.url, &way, until)?;
            let talk = async {
                match self.send_hop(&client, request, &hop, &place).await {
                    Ok(response) => Ok(self.receive_hop(request, &hop, &place, &been, response).await),
                    Err(trouble) => Err(trouble),
                }
            };
            let mut talked = match &way {
                Way::Carried(carrier) => self.carried(carrier, request, talk).await,
                Way::Direct(_) | Way::Through(_) => talk.await,
            };
            if let Way::Through(forward) = way {
                let to = forward.to().clone();
                forward.close().await;
                talked = match talked {
                    Err(trouble) if trouble.is_cut => match self.cut_through(request, &to, trouble).await? {
                        Cut::Final(trouble) => Err(trouble),
                        Cut::NotForwarded(other) => {
                            carrier = Some(other);
                            continue;
                        }
                    },
                    talked => talked,
                };
            }
            match talked {
                Ok(Next::Over(ended)) => return Ok(ended),
                Ok(Next::Elsewhere(url, status)) => match hop.redirected(url, status) {
                    Ok(next) => hop = next,
                    Err(why) => return failed(format!("{request}: {why}")),
                },
                Err(t) if t.is_before && been.len() == 1 => {
                    let f = never_sent(request, &t.why);
                    return Ok(Ended::NotSent(t.hint.into_iter().fold(f, Failure::hint)));
                }
                Err(t) => {
                    let hint = t.hint.map(|h| format!("; {h}")).unwrap_or_default();
                    return Ok(Ended::Lost(format!("{}{hint}", t.why)));
                }
            }
        }
    }

    /// Talks while a program of a host carries the bytes.
    async fn carried(
        &self,
        carrier: &Carrier,
        request: &Request,
        talk: impl Future<Output = Result<Next, Trouble>>,
    ) -> Result<Next, Trouble> {
        tokio::pin!(talk);
        let why = tokio::select! {
            talked = &mut talk => return talked,
            why = self.carry_bytes(carrier, connect_time(request.timeout_ms).as_secs().max(1)) => why,
        };
        // The bytes of the answer may all be here.
        talk.await.map_err(|t| Trouble { hint: t.hint.or(Some(why)), ..t })
    }

    async fn send_hop(
        &self,
        client: &Client,
        request: &Request,
        hop: &Hop,
        place: &str,
    ) -> Result<reqwest::Response, Trouble> {
        let mut builder = client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        if let (true, Some(cookies)) = (request.cookies, self.cookies(place, &hop.url)) {
            builder = builder.header(COOKIE, cookies);
        }
        if let Some(body) = &hop.body {
            builder = builder.body(body.to_vec());
        }
        let at = authority(&hop.url);
        let trouble = |e: reqwest::Error| {
            let connect = connect_time(request.timeout_ms);
            Trouble::of(&e.without_url(), &at, connect.as_millis(), request.timeout_ms)
        };
        builder.send().await.map_err(trouble)
    }

    /// Takes an answer, or where it sends to.
    async fn receive_hop(
        &self,
        request: &Request,
        hop: &Hop,
        place: &str,
        been: &[String],
        mut response: reqwest::Response,
    ) -> Next {
        let set: Vec<String> = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|v| String::from_utf8(v.as_bytes().to_vec()).ok())
            .collect();
        if request.cookies {
            self.take_cookies(place, &hop.url, &set);
        }
        let status = response.status();
        if request.follow > 0
            && [301, 302, 303, 307, 308].contains(&status.as_u16())
            && let Some(to) = response.headers().get(LOCATION).and_then(|v| v.to_str().ok())
        {
            let shown = self.redactor.text(super::super::printable(to));
            let Ok(url) = hop.url.join(to) else {
                return Next::Over(Ended::Lost(format!("it redirects to what is no URL: {shown:?}")));
            };
            if been.len() > request.follow as usize {
                let last: Vec<&str> = been.iter().rev().take(4).rev().map(String::as_str).collect();
                let is_loop = been.iter().any(|b| b.ends_with(&format!(" {}", self.redactor.text(url.to_string()))));
                let what = if is_loop { "its redirections go round in a circle" } else { "it redirects too often" };
                return Next::Over(Ended::Lost(format!(
                    "{what}, {} times: {} -> {shown}",
                    been.len(),
                    last.join(" -> ")
                )));
            }
            return Next::Elsewhere(url, status);
        }
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in response.headers() {
            let text = match name.as_str() {
                "set-cookie" => continue,
                _ => self.redactor.text(super::super::printable(&String::from_utf8_lossy(value.as_bytes()))),
            };
            headers.entry(name.to_string()).and_modify(|all| *all = format!("{all}, {text}")).or_insert(text);
        }
        if !set.is_empty() {
            headers.insert("set-cookie".into(), names(&set));
        }
        let mut bytes = vec![];
        let mut lost = None;
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if (bytes.len() + chunk.len()) as u64 > request.limit => {
                    lost = Some(format!(
                        "the answer is longer than {} bytes; #{{ limit: ... }} allows more",
                        request.limit
                    ));
                    break;
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(e) if e.is_timeout() => {
                    lost = Some(format!(
                        "the answer was not whole within {}",
                        super::super::look::seconds(request.timeout_ms)
                    ));
                    break;
                }
                Err(_) => {
                    lost = Some(format!("the answer broke off after {} bytes", bytes.len()));
                    break;
                }
            }
        }
        let (body, secrets) = match lost {
            Some(why) => (unknown(why), Map::new()),
            None => self.body_of(request, bytes),
        };
        let url = self.redactor.text(hop.url.to_string());
        let reply = Reply { status: status.as_u16(), url, headers, body, secrets, text: String::new() };
        let mut reply = reply.told();
        reply.text = super::super::printable(&reply.text);
        Next::Over(Ended::Reply(reply))
    }

    /// The body without the fields that are secrets, and handles of these.
    fn body_of(&self, request: &Request, bytes: Vec<u8>) -> (Value, Map<String, Value>) {
        let mut text = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        let mut secrets = Map::new();
        if !request.secrets.is_empty()
            && let Ok(mut json) = serde_json::from_str::<Value>(&text)
        {
            for field in &request.secrets {
                let Some(value) = json.pointer_mut(&format!("/{}", field.replace('.', "/"))) else { continue };
                let known = match value {
                    Value::String(text) if !text.is_empty() => text.clone(),
                    Value::Number(n) => n.to_string(),
                    _ => continue,
                };
                self.redactor.learn(field, &Secret::new(known.clone()));
                *value = format!("‹secret:{field}›").into();
                let handle = Text::Mixed { pieces: vec![Piece::Secret { name: self.take_secret(&known) }] };
                secrets.insert(field.clone(), json!(handle));
            }
            text = json.to_string();
        }
        (Value::String(self.redactor.text(text)), secrets)
    }
}

/// How one hop ended.
enum Next {
    Over(Ended),
    Elsewhere(Url, StatusCode),
}

fn client(request: &Request, url: &Url, way: &Way, until: Instant) -> Outcome<Client> {
    // The same everywhere in the house; that another one set it before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        // Whether it may be sent again is not the client's to decide.
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .user_agent(concat!("mig/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_time(request.timeout_ms).min(left))
        .timeout(left);
    if request.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    } else if let Some(ca) = &request.ca {
        builder = builder.tls_certs_only(authorities(ca)?);
    }
    builder = match way {
        Way::Direct(addresses) => builder.resolve_to_addrs(url.host_str().unwrap_or_default(), addresses),
        Way::Through(forward) => builder.unix_socket(forward.socket()),
        Way::Carried(carrier) => builder.unix_socket(carrier.socket()),
    };
    builder.build().or_else(|e| failed(format!("{request}: TLS cannot be set up: {e}")))
}

/// The certificates of a PEM text, or of a file with one.
fn authorities(ca: &str) -> Outcome<Vec<reqwest::Certificate>> {
    let text = match ca.contains("-----BEGIN") {
        true => ca.to_owned(),
        false => match std::fs::read_to_string(ca) {
            Ok(text) => text,
            Err(e) => return failed(format!("ca: {ca} cannot be read: {e}")),
        },
    };
    match reqwest::Certificate::from_pem_bundle(text.as_bytes()) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => failed("ca: there is no certificate in it; a PEM text begins with -----BEGIN CERTIFICATE-----"),
    }
}

fn connect_time(timeout_ms: u64) -> Duration {
    CONNECT.min(Duration::from_millis(timeout_ms.saturating_mul(3) / 4).max(Duration::from_millis(1)))
}

/// Who is asked from where: what belongs together of a session.
fn place(request: &Request) -> String {
    let via = request.via.as_ref().map_or("here", AsRef::as_ref);
    let at: Vec<String> = request.resolve.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("{via} {}", at.join(" "))
}
