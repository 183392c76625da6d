//! One request and its answer, redirections followed.

use super::super::link::Fleet;
use super::session::names;
use super::target::Way;
use super::trouble::{Trouble, never_sent};
use crate::contract::{Body, Failure, Outcome, Reply, Request, failed, unknown};
use crate::secret::{Piece, Secret, Text};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, StatusCode, Url, redirect};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

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

/// One request on its way, with the values of its secrets.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    /// It has secrets in it, which belong to this server alone.
    is_secret: bool,
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
        loop {
            been.push(format!("{} {}", hop.method, self.redactor.text(hop.url.to_string())));
            let way = match self.way(request, &hop.url).await {
                Ok(way) => way,
                Err(crate::contract::Halt::Failed(f)) if been.len() == 1 => return Ok(Ended::NotSent(*f)),
                Err(crate::contract::Halt::Failed(f)) => return Ok(Ended::Lost(f.message)),
                Err(stop) => return Err(stop),
            };
            let client = client(request, &hop.url, &way, until)?;
            let sent = match (self.send_hop(&client, request, &hop, &place).await, &way) {
                (Err(trouble), Way::Through(forward)) => {
                    Err(self.why_not_through(request, forward.to(), trouble).await?)
                }
                (sent, _) => sent,
            };
            let ended = match sent {
                Ok(response) => self.receive_hop(request, &hop, &place, &mut been, response).await,
                Err(t) if t.is_before && been.len() == 1 => {
                    let f = never_sent(request, &t.why);
                    Next::Over(Ended::NotSent(t.hint.into_iter().fold(f, Failure::hint)))
                }
                Err(t) => Next::Over(Ended::Lost(t.why)),
            };
            if let Way::Through(forward) = way {
                forward.close().await;
            }
            match ended {
                Next::Over(ended) => return Ok(ended),
                Next::Elsewhere(url, status) => match hop.redirected(url, status) {
                    Ok(next) => hop = next,
                    Err(why) => return failed(format!("{request}: {why}")),
                },
            }
        }
    }

    fn first_hop(&self, request: &Request) -> Outcome<Hop> {
        let url = match Url::parse(&self.fill(&request.url)?) {
            Ok(url) => url,
            Err(e) => return failed(format!("{}: it is no URL: {e}", request.url)),
        };
        let mut is_secret = request.url.is_secret();
        let mut headers = HeaderMap::new();
        for (name, text) in &request.headers {
            is_secret |= text.is_secret();
            headers.insert(header_name(name)?, self.header_value(name, text)?);
        }
        if let Some((user, password)) = &request.login {
            is_secret = true;
            let both = Zeroizing::new(format!("{}:{}", self.fill(user)?.as_str(), self.fill(password)?.as_str()));
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            let encoded = Zeroizing::new(STANDARD.encode(both.as_bytes()));
            self.redactor.learn("login", &Secret::new(encoded.to_string()));
            headers.insert(AUTHORIZATION, sensitive("login", &format!("Basic {}", encoded.as_str()))?);
        }
        let (body, kind, has_secret) = self.body(&request.body)?;
        if let (Some(kind), false) = (kind, headers.contains_key(CONTENT_TYPE)) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let Ok(method) = Method::from_bytes(request.method.as_bytes()) else {
            return failed(format!("{:?} is no method of HTTP", request.method));
        };
        Ok(Hop { method, url, headers, body, is_secret: is_secret || has_secret })
    }

    fn header_value(&self, name: &str, text: &Text) -> Outcome<HeaderValue> {
        let value = self.fill(text)?;
        if text.is_secret() {
            // `Bearer` and a token: each is to be kept out.
            return sensitive(name, &value);
        }
        HeaderValue::from_str(&value)
            .or_else(|_| failed(format!("headers: {name}: {text:?} has a control character in it")))
    }

    /// The bytes of a body, the type it has, and whether there are secrets in it.
    #[allow(clippy::type_complexity, reason = "three things that belong together, once")]
    fn body(&self, body: &Body) -> Outcome<(Option<Zeroizing<Vec<u8>>>, Option<&'static str>, bool)> {
        Ok(match body {
            Body::Nothing => (None, None, false),
            Body::Text(text) => (Some(bytes(&self.fill(text)?)), Some("text/plain; charset=utf-8"), text.is_secret()),
            Body::Json(json) => {
                let mut has_secret = false;
                let filled = self.filled(&json.0, &mut has_secret)?;
                let text = Zeroizing::new(filled.to_string());
                (Some(bytes(&text)), Some("application/json"), has_secret)
            }
            Body::Form(fields) => {
                let mut has_secret = false;
                let mut pairs = vec![];
                for (name, text) in fields {
                    has_secret |= text.is_secret();
                    pairs.push((name.as_str(), self.fill(text)?));
                }
                (Some(encoded(&pairs)?), Some("application/x-www-form-urlencoded"), has_secret)
            }
        })
    }

    /// JSON with the values of secrets in their places.
    fn filled(&self, json: &Value, has_secret: &mut bool) -> Outcome {
        match json {
            Value::Object(map) if map.contains_key("$text") => match serde_json::from_value::<Text>(json.clone()) {
                Ok(text) => {
                    *has_secret |= text.is_secret();
                    Ok(Value::String(self.fill(&text)?.to_string()))
                }
                Err(e) => failed(format!("json: {e}")),
            },
            Value::Object(map) => {
                let pairs = map.iter().map(|(k, v)| Ok((k.clone(), self.filled(v, has_secret)?)));
                Ok(Value::Object(pairs.collect::<Outcome<Map<_, _>>>()?))
            }
            Value::Array(items) => {
                Ok(Value::Array(items.iter().map(|v| self.filled(v, has_secret)).collect::<Outcome<_>>()?))
            }
            other => Ok(other.clone()),
        }
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
        been: &mut Vec<String>,
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
        Next::Over(Ended::Reply(Reply { status: status.as_u16(), url, headers, body, secrets }))
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

impl Hop {
    /// The request that a redirection asks for, as browsers make it.
    fn redirected(self, url: Url, status: StatusCode) -> Result<Hop, String> {
        let same = self.url.origin() == url.origin();
        let keeps = matches!(status.as_u16(), 307 | 308)
            || !matches!(self.method, Method::POST) && status != StatusCode::SEE_OTHER;
        if self.url.scheme() == "https" && url.scheme() != "https" {
            return Err(format!("it redirects from https to {}, which is not followed", authority(&url)));
        }
        if !["http", "https"].contains(&url.scheme()) {
            return Err(format!("it redirects to something that is not http: {}", url.scheme()));
        }
        if keeps && !same && self.is_secret && self.body.is_some() {
            return Err(format!("it redirects a request with secrets to {}, which is not followed", authority(&url)));
        }
        // What was meant for one server is not told another one.
        let mut headers = if same { self.headers } else { HeaderMap::new() };
        let (method, body) = if keeps {
            (self.method, self.body)
        } else {
            headers.remove(CONTENT_TYPE);
            (if self.method == Method::HEAD { Method::HEAD } else { Method::GET }, None)
        };
        Ok(Hop { method, url, headers, body, is_secret: self.is_secret && same })
    }
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

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn header_name(name: &str) -> Outcome<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).or_else(|_| failed(format!("headers: {name:?} is no name of a header")))
}
fn sensitive(name: &str, value: &str) -> Outcome<HeaderValue> {
    match HeaderValue::from_str(value) {
        Ok(mut value) => {
            value.set_sensitive(true);
            Ok(value)
        }
        Err(_) => failed(format!("headers: {name}: its secret has a control character in it")),
    }
}
/// A form as browsers send it, which is how the query of a URL is written.
fn encoded(pairs: &[(&str, Zeroizing<String>)]) -> Outcome<Zeroizing<Vec<u8>>> {
    let Ok(mut url) = Url::parse("http://form") else { return failed("a form cannot be written") };
    url.query_pairs_mut().extend_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
    Ok(bytes(url.query().unwrap_or_default()))
}
fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: Method, is_secret: bool) -> Hop {
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, HeaderValue::from_static("x")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        Hop { method, url: Url::parse("https://a.example/x").unwrap(), headers, body: Some(bytes("{}")), is_secret }
    }
    fn to(hop: Hop, url: &str, status: u16) -> Result<Hop, String> {
        hop.redirected(Url::parse(url).unwrap(), StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn a_redirection_tells_no_other_server_what_was_meant_for_one() {
        let next = to(hop(Method::POST, true), "https://a.example/y", 302).unwrap();
        assert_eq!((next.method, next.body.is_some(), next.headers.len()), (Method::GET, false, 1));
        let next = to(hop(Method::POST, true), "https://a.example/y", 307).unwrap();
        assert_eq!((next.method, next.body.is_some(), next.headers.len()), (Method::POST, true, 2));
        let next = to(hop(Method::POST, true), "https://b.example/y", 303).unwrap();
        assert_eq!((next.body.is_some(), next.headers.len()), (false, 0));
        assert!(to(hop(Method::POST, true), "https://b.example/y", 307).is_err());
        assert!(to(hop(Method::POST, false), "http://a.example/y", 302).is_err());
        assert!(to(hop(Method::GET, false), "file:///etc/passwd", 302).is_err());
    }
}
