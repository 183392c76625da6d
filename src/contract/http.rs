//! HTTP: a request, what came back, and the deed that sends one.

use crate::name::HostName;
use crate::secret::Text;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// What the name of a secret begins with that a server gave, and not the inventory.
pub const GIVEN: &str = "http-";

/// A request. Secrets stand in it by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub method: String,
    /// Scheme, host and port stand in its beginning, which has no secret in it.
    pub url: Text,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Text>,
    #[serde(default)]
    pub body: Body,
    /// Name and password of HTTP's own authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<(Text, Text)>,
    /// `host:port` and the address that is asked in its place, as curl's `--resolve`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, String>,
    /// The host that connects; `None`: the operator's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<HostName>,
    /// Certificates are not looked at.
    #[serde(default)]
    pub insecure: bool,
    /// The only authorities that are believed: PEM text, or a file of the operator's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    pub timeout_ms: u64,
    /// At most so many redirections are followed.
    #[serde(default)]
    pub follow: u32,
    /// A longer answer is none.
    pub limit: u64,
    /// Cookies of the run are sent, and kept.
    #[serde(default)]
    pub cookies: bool,
    /// Fields of a JSON answer that are secrets from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    #[default]
    Nothing,
    Text(Text),
    Json(Json),
    Form(BTreeMap<String, Text>),
}

/// Any JSON; where a secret stands, it is a [`Text`] with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Value);

/// What came back. Cookies and known secrets are not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub status: u16,
    /// Where it came from, after redirections.
    pub url: String,
    /// By name in small letters.
    pub headers: BTreeMap<String, String>,
    /// A text, or an unknown value where the end of it never came.
    pub body: Value,
    /// The fields that were said to be secrets, as handles.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub secrets: Map<String, Value>,
    /// The beginning of it, for a person.
    #[serde(default)]
    pub text: String,
}

/// Send a request that changes something, at most once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Http {
    pub request: Request,
    /// Statuses that are success; empty: those from 200 to 299.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ok: Vec<u16>,
    /// Tells whether its effect is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// It may be sent a second time when nobody can know whether the first one arrived.
    #[serde(default)]
    pub idempotent: bool,
    /// The server ends the connection by what it does: a lost answer is success.
    #[serde(default)]
    pub drops: bool,
}

/// A request that changes nothing, and what its answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub request: Request,
    /// Statuses with which the effect is there; with another one it is not.
    pub ok: Vec<u16>,
    /// A text that the body must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// Fields that the body, as JSON, must have with these values; others may be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Json>,
}

impl Reply {
    /// With its sentence: the status, the type, and how the body begins.
    #[must_use]
    pub fn told(mut self) -> Self {
        let kind = self.headers.get("content-type").map(|k| format!(" {k}")).unwrap_or_default();
        let body = self.body.as_str().unwrap_or_default().trim();
        let begins = if body.is_empty() { String::new() } else { format!(": {}", cut(body, 200)) };
        self.text = format!("{}{kind}{begins}", self.status);
        self
    }
}

impl Check {
    /// Why an answer does not show the effect; `None`: it does.
    pub fn lacks(&self, reply: &Reply) -> Option<String> {
        if !self.ok.contains(&reply.status) {
            return Some(format!("its check answers {}", reply.status));
        }
        let body = reply.body.as_str().unwrap_or_default();
        if let Some(has) = &self.has
            && !body.contains(has.as_str())
        {
            return Some(format!("the answer of its check does not hold {has:?}"));
        }
        let wanted = &self.json.as_ref()?.0;
        match serde_json::from_str::<Value>(body) {
            Err(_) => Some("the answer of its check is not JSON".into()),
            Ok(got) => differs("", wanted, &got),
        }
    }
}

impl schemars::JsonSchema for Json {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Json".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-type": "map, list or other value" })
    }
}

/// The first place in which what is wanted is not so.
fn differs(place: &str, wanted: &Value, got: &Value) -> Option<String> {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => wanted.iter().find_map(|(key, wanted)| {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            match got.get(key) {
                Some(got) => differs(&place, wanted, got),
                None => Some(format!("the answer of its check has no {place}")),
            }
        }),
        (wanted, got) if wanted == got => None,
        (wanted, got) => {
            let place = if place.is_empty() { "it" } else { place };
            Some(format!("the answer of its check: {place} is {}, not {wanted}", cut(&got.to_string(), 80)))
        }
    }
}

impl Http {
    /// The code of a failure of a request that the server cannot have seen: sending it again is
    /// sending it once.
    pub const NEVER_SENT: i64 = -1;

    /// Whether a status is success.
    pub fn is_ok(&self, status: u16) -> bool {
        if self.ok.is_empty() { (200..300).contains(&status) } else { self.ok.contains(&status) }
    }
}

impl Request {
    /// `scheme://host:port` of the server, as it is written.
    pub fn origin(&self) -> String {
        let url = self.url.to_string();
        let Some((scheme, rest)) = url.split_once("://") else { return url };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        format!("{scheme}://{host}").to_ascii_lowercase()
    }
    /// The addresses at which the server may answer, as far as they are written: its own, and those
    /// that stand for it.
    pub fn addresses(&self) -> Vec<String> {
        let origin = self.origin();
        let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => host,
        };
        let own = host.trim_matches(['[', ']']).to_owned();
        std::iter::once(own).chain(self.resolve.values().cloned()).collect()
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.into(),
    }
}

/// JSON with the names of secrets in their places, for a person.
fn shown(json: &Value) -> Value {
    match json {
        Value::Object(map) => match serde_json::from_value::<Text>(json.clone()) {
            Ok(text) if map.contains_key("$text") => text.to_string().into(),
            _ => Value::Object(map.iter().map(|(k, v)| (k.clone(), shown(v))).collect()),
        },
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Nothing => Ok(()),
            Body::Text(text) => f.write_str(text.to_string().lines().next().unwrap_or_default()),
            Body::Json(json) => write!(f, "{}", shown(&json.0)),
            Body::Form(fields) => {
                f.write_str(&fields.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&"))
            }
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.via {
            Some(via) => write!(f, "{via}: {} {}", self.method, self.url)?,
            None => write!(f, "{} {}", self.method, self.url)?,
        }
        match self.body.to_string() {
            body if body.is_empty() => Ok(()),
            body => write!(f, " {}", cut(&body, 200)),
        }
    }
}

impl fmt::Display for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(json: Value) -> Check {
        let request: Request = serde_json::from_value(
            json!({ "method": "GET", "url": "https://A.example:8443/x?y", "timeout_ms": 1, "limit": 1 }),
        )
        .unwrap();
        assert_eq!(request.origin(), "https://a.example:8443");
        Check { request, ok: vec![200], has: Some("on".into()), json: Some(Json(json)) }
    }
    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            url: String::new(),
            headers: BTreeMap::new(),
            body: body.into(),
            secrets: Map::new(),
            text: String::new(),
        }
    }

    #[test]
    fn a_check_says_what_is_missing() {
        let c = check(json!({ "state": { "is": "on" } }));
        assert_eq!(c.lacks(&reply(200, r#"{"state":{"is":"on","more":1},"x":[]}"#)), None);
        let lacks = |status, body| c.lacks(&reply(status, body)).unwrap();
        assert_eq!(lacks(404, "on"), "its check answers 404");
        assert_eq!(lacks(200, "off"), "the answer of its check does not hold \"on\"");
        assert_eq!(lacks(200, "on"), "the answer of its check is not JSON");
        assert_eq!(lacks(200, r#"{"on":1}"#), "the answer of its check has no state");
        assert_eq!(
            lacks(200, r#"{"state":{"is":"off","on":1}}"#),
            "the answer of its check: state.is is \"off\", not \"on\""
        );
    }

    #[test]
    fn a_request_is_shown_with_the_names_of_secrets() {
        let request: Request = serde_json::from_value(json!({
            "method": "POST", "url": "https://a.example/login", "via": "dest", "timeout_ms": 1, "limit": 1,
            "body": { "json": { "user": "admin", "password": { "$text": [{ "$secret": "pw" }] } } },
        }))
        .unwrap();
        assert_eq!(
            request.to_string(),
            r#"dest: POST https://a.example/login {"password":"‹secret:pw›","user":"admin"}"#
        );
    }
}
