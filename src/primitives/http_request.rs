//! What the primitives of HTTP have in common: a request put together from their arguments, looked
//! over before anything is sent.

use super::duration::Duration;
use crate::contract::{Body, Json, Look, Outcome, Request, failed};
use crate::name::{Address, HostName};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names of headers or fields, and texts or secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub BTreeMap<String, Text>);

impl JsonSchema for Fields {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fields".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-type": "map of text or secret" })
    }
}

/// Servers by name, and the addresses that are asked in their place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resolve(pub BTreeMap<String, String>);

impl JsonSchema for Resolve {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Resolve".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-type": "map of name, or name:port, to address or host" })
    }
}

/// Name and password of HTTP's own authentication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub user: Text,
    pub password: Text,
}

impl JsonSchema for Login {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Login".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-type": "map of user and password" })
    }
}

/// For defaults.
pub fn yes() -> bool {
    true
}
/// For defaults.
pub fn a_mebibyte() -> u64 {
    1 << 20
}

/// What a request is made of.
pub struct Parts<'a> {
    /// The primitive, for messages.
    pub of: &'a str,
    pub method: Option<&'a str>,
    pub url: &'a Text,
    pub headers: &'a Fields,
    pub login: Option<&'a Login>,
    pub body: Option<&'a Text>,
    pub json: Option<&'a Json>,
    pub form: Option<&'a Fields>,
    pub resolve: &'a Resolve,
    pub via: Option<&'a HostName>,
    pub insecure: bool,
    pub ca: Option<&'a str>,
    pub timeout: &'a Duration,
    pub follow: u32,
    pub limit: u64,
    pub cookies: bool,
    pub secrets: &'a [String],
}

/// Headers that belong to the connection, not to the request.
const NOT_YOURS: &[&str] = &["connection", "content-length", "cookie", "host", "te", "transfer-encoding", "upgrade"];

impl Parts<'_> {
    /// # Errors
    /// Names what is wrong; nothing was sent.
    pub fn request(&self, look: &dyn Look) -> Outcome<Request> {
        let of = self.of;
        is_url(of, self.url)?;
        for name in self.headers.0.keys() {
            is_header(of, name)?;
        }
        if self.login.is_some() && self.headers.0.keys().any(|n| n.eq_ignore_ascii_case("authorization")) {
            return failed(format!("{of}: login and a header Authorization say the same; give one of them"));
        }
        let given = [self.body.is_some(), self.json.is_some(), self.form.is_some()];
        let body = match (self.body, self.json, self.form) {
            _ if given.iter().filter(|g| **g).count() > 1 => {
                return failed(format!("{of}: body, json and form are three ways to say one thing; give one of them"));
            }
            (Some(text), ..) => Body::Text(text.clone()),
            (_, Some(json), _) => Body::Json(json.clone()),
            (.., Some(form)) => Body::Form(form.0.clone()),
            _ => Body::Nothing,
        };
        if self.insecure && self.ca.is_some() {
            return failed(format!("{of}: insecure: nothing is believed less than ca says; give one of them"));
        }
        if !(1..=64 << 20).contains(&self.limit) {
            return failed(format!("{of}: limit: {} bytes are out of range: 1 to 64 MiB", self.limit));
        }
        let method = match (self.method, &body) {
            (Some(method), _) => is_method(of, method)?,
            (None, Body::Nothing) => "GET".into(),
            (None, _) => "POST".into(),
        };
        let resolve = self.resolve.0.iter().map(|(server, at)| stands_for(of, server, at, look));
        Ok(Request {
            method,
            url: self.url.clone(),
            headers: self.headers.0.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.clone())).collect(),
            body,
            login: self.login.map(|l| (l.user.clone(), l.password.clone())),
            resolve: resolve.collect::<Outcome<_>>()?,
            via: self.via.cloned(),
            insecure: self.insecure,
            ca: self.ca.map(Into::into),
            timeout_ms: self.timeout.ms(),
            follow: self.follow.min(50),
            limit: self.limit,
            cookies: self.cookies,
            secrets: self.secrets.to_vec(),
        })
    }
}

/// What stands before the first secret must name the server, so that no secret can change it.
fn is_url(of: &str, url: &Text) -> Outcome<()> {
    let first = match url {
        Text::Plain(text) => text.as_str(),
        Text::Mixed { pieces } => match pieces.first() {
            Some(crate::secret::Piece::Plain(text)) => text.as_str(),
            _ => "",
        },
    };
    let wrong = |why: &str| failed(format!("{of}: url: {:?}: {why}", url.to_string()));
    let Some((scheme, rest)) = first.split_once("://") else {
        return wrong("it begins with no scheme; write https://host/path");
    };
    if !matches!(scheme, "https" | "http") {
        return wrong("only https and http are spoken");
    }
    let end = rest.find(['/', '?', '#']);
    if url.is_secret() && end.is_none() {
        return wrong("a secret may stand behind the host only, as in https://host/?key=...");
    }
    let authority = &rest[..end.unwrap_or(rest.len())];
    if authority.contains('@') {
        return wrong(
            "name and password stand in an option: #{ login: #{ user: \"...\", password: secret(\"...\") } }",
        );
    }
    if first.chars().any(|c| c.is_control() || c == ' ') {
        return wrong("it has a blank or a control character in it; write %20 for a blank");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if let Err(why) = Address::parse(host) {
        return wrong(&why);
    }
    match port {
        Some(port) if !port.parse::<u16>().is_ok_and(|p| p > 0) => {
            wrong(&format!("{port:?} is not a port: 1 to 65535"))
        }
        _ => Ok(()),
    }
}

fn is_header(of: &str, name: &str) -> Outcome<()> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return failed(format!("{of}: headers: {name:?} is no name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "cookie" => failed(format!("{of}: headers: cookies of the run are sent by themselves")),
        "host" => failed(format!(
            "{of}: headers: Host follows from the URL; to ask another machine for it: #{{ resolve: #{{ \"name\": \"192.0.2.10\" }} }}"
        )),
        lower if NOT_YOURS.contains(&lower) => failed(format!("{of}: headers: {name} is not for a playbook to say")),
        _ => Ok(()),
    }
}

fn is_method(of: &str, method: &str) -> Outcome<String> {
    let upper = method.to_ascii_uppercase();
    if upper.is_empty() || upper.len() > 20 || !upper.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return failed(format!("{of}: method: {method:?} is none; write one such as POST, PUT, PATCH or DELETE"));
    }
    if matches!(upper.as_str(), "CONNECT" | "TRACE") {
        return failed(format!("{of}: method: {upper} is not sent"));
    }
    Ok(upper)
}

/// One entry of `resolve`: what stands for a server is an address, or a host of the inventory.
fn stands_for(of: &str, server: &str, at: &str, look: &dyn Look) -> Outcome<(String, String)> {
    let (name, port) = match server.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (server, None),
    };
    if let Err(why) = Address::parse(name) {
        return failed(format!("{of}: resolve: {why}"));
    }
    if port.is_some_and(|p| !p.parse::<u16>().is_ok_and(|p| p > 0)) {
        return failed(format!("{of}: resolve: {server:?} names no server; write name or name:port"));
    }
    let found = match HostName::parse(at).ok().and_then(|host| look.address(&host).ok()) {
        Some(address) => address,
        None => at.into(),
    };
    match Address::parse(&found) {
        Ok(address) => Ok((server.to_ascii_lowercase(), address.to_string())),
        Err(why) => failed(format!("{of}: resolve: {server}: {why}")),
    }
}
