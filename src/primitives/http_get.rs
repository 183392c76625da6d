//! A request over HTTP that changes nothing.

use super::duration::Duration;
use super::http_request::{Fields, Login, Parts, Resolve, a_mebibyte, yes};
use crate::contract::{Args, Example, Failure, Given, Json, Look, Outcome, Reading, Reply};
use crate::name::HostName;
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ask a web server something that changes nothing.
///
/// Every status is an answer, also 404 and 500; what an API says inside a 200 is yours to read, with
/// `.json()`. No answer is a failure, and each kind is told apart: a name that does not resolve, a refused
/// connection, a certificate that has expired, is for another name or from an unknown authority, a timeout, an
/// answer that broke off or is too long, redirections that go round in a circle. In `wait_until` a failure is
/// "not yet".
///
/// It is made while planning too. With `json`, `form` or `body` it is a POST: good for a login, or for a query
/// of GraphQL; what changes something belongs in `http_send`.
///
/// Cookies that a server sets are sent to it again by later requests of the run. They, and what `secrets`
/// names, are never shown and not in the journal; the run keeps them in a file that only you can read, until
/// `mig finish`. HTTP_PROXY and the like are not looked at: `via` is the way around.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpGet {
    /// URL, with https or http. A secret may stand behind the host.
    url: Text,
    /// Method, where it is another one than GET, or POST with something to send.
    #[serde(default)]
    method: Option<String>,
    /// Headers by name.
    #[serde(default)]
    headers: Fields,
    /// Name and password of HTTP's own authentication: `#{ user: "admin", password: secret("pw") }`.
    #[serde(default)]
    login: Option<Login>,
    /// Value that is sent as JSON; may hold secrets.
    #[serde(default)]
    json: Option<Json>,
    /// Fields that are sent as a form.
    #[serde(default)]
    form: Option<Fields>,
    /// Text that is sent as it is.
    #[serde(default)]
    body: Option<Text>,
    /// Servers, and the address or host that is asked in the place of each, whatever the DNS says, as curl's
    /// `--resolve`. The certificate must still be for the name.
    #[serde(default)]
    resolve: Resolve,
    /// Host that connects. Names are then resolved there; TLS still begins on your machine, so the host sees
    /// nothing of it. Default: your machine.
    #[serde(default)]
    via: Option<HostName>,
    /// Whether certificates are left unlooked at. Everybody on the way can then read and change everything.
    #[serde(default)]
    insecure: bool,
    /// Authority that is believed in place of the known ones: a file on your machine, or its PEM text.
    #[serde(default)]
    ca: Option<String>,
    /// How long it may take in all, as a text with a unit.
    #[serde(default = "half_a_minute")]
    timeout: Duration,
    /// How many redirections are followed; never from https to http.
    #[serde(default = "ten")]
    follow: u32,
    /// How many bytes an answer may have.
    #[serde(default = "a_mebibyte")]
    limit: u64,
    /// Whether cookies of the run are sent and kept.
    #[serde(default = "yes")]
    cookies: bool,
    /// Fields of a JSON answer that are secrets, as `token` or `results.token`: they are left out of the body,
    /// and `.secrets` has a handle of each, which later requests can send.
    #[serde(default)]
    secrets: Vec<String>,
    /// Statuses that are an answer; any other one is a failure. Default: all are.
    #[serde(default)]
    ok: Vec<u16>,
}

fn half_a_minute() -> Duration {
    Duration::seconds(30)
}
fn ten() -> u32 {
    10
}

impl Args for HttpGet {
    const NAME: &'static str = "http_get";
    const POSITIONAL: &'static [&'static str] = &["url"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"http_get("https://co1.example.org/status", #{ resolve: #{ "co1.example.org": "192.0.2.11" } })"#,
            given: &[Given::Answers("GET https://co1.example.org/status", 200, r#"{"up":true}"#)],
            does: &[],
            undo: &[],
            gives: r#"{ "status": 200, "url": "https://co1.example.org/status", "headers": {}, "body": "{\"up\":true}", "text": "200: {\"up\":true}" }"#,
        },
        Example {
            script: r#"http_get("http://127.0.0.1:8088/rest/admin/health", #{ via: dest, timeout: "5s" })"#,
            given: &[Given::Answers("dest: GET http://127.0.0.1:8088/rest/admin/health", 503, "starting")],
            does: &[],
            undo: &[],
            gives: r#"{ "status": 503, "url": "http://127.0.0.1:8088/rest/admin/health", "headers": {}, "body": "starting", "text": "503: starting" }"#,
        },
    ];
}

impl Reading for HttpGet {
    type Output = Reply;
    const GIVES: &'static str = "a map: `status`, `headers` (names in small letters), `body`, `url` (after redirections), \
                                 `secrets`, `text` (the beginning of it, for a person); `.json()` reads the body";

    fn read(&self, look: &dyn Look) -> Outcome<Reply> {
        let request = Parts {
            of: "http_get",
            method: self.method.as_deref(),
            url: &self.url,
            headers: &self.headers,
            login: self.login.as_ref(),
            body: self.body.as_ref(),
            json: self.json.as_ref(),
            form: self.form.as_ref(),
            resolve: &self.resolve,
            via: self.via.as_ref(),
            insecure: self.insecure,
            ca: self.ca.as_deref(),
            timeout: &self.timeout,
            follow: self.follow,
            limit: self.limit,
            cookies: self.cookies,
            secrets: &self.secrets,
        }
        .request(look)?;
        let reply = look.http(&request)?;
        if self.ok.is_empty() || self.ok.contains(&reply.status) {
            return Ok(reply);
        }
        let body: String = reply.body.as_str().unwrap_or_default().chars().take(2_000).collect();
        let failure = Failure::new(format!("{request} answers {}", reply.status)).output(body);
        Err(Failure { code: reply.status.into(), ..failure }.into())
    }
}
