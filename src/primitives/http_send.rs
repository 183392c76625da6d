//! A request over HTTP that changes something.

use super::duration::Duration;
use super::http_request::{Fields, Login, Parts, Resolve, a_mebibyte, yes};
use crate::contract::{
    Args, Change, Check, Deed, Example, Given, Http, Json, Look, Outcome, Plan, Request, Step, Undo, failed,
};
use crate::name::HostName;
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Send a request that changes something to a web server.
///
/// It is sent at most once. When its answer is lost, or `mig` is killed meanwhile, `check` tells whether its
/// effect is there; without one a request marked `idempotent` is sent again; else `mig` asks you. A server
/// that works on after the connection is gone needs a `check` that sees the beginning of it.
///
/// A status from 200 to 299 is success, another one a failure, unless `ok` says otherwise. What an API says
/// inside a 200 is yours to read, with `.json()`. Cookies, `secrets`, certificates, `resolve` and `via` are
/// as with `http_get`.
///
/// `undo` is another request, given as data: what it leaves out (all but method, URL and what it sends) is as
/// in this one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSend {
    /// Method: `POST`, `PUT`, `PATCH`, `DELETE`; also `GET` where a server changes something with it.
    method: String,
    /// URL, with https or http. A secret may stand behind the host.
    url: Text,
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
    /// Request that takes it back, run by a rollback: `#{ method, url, json, form, body, headers, ok }`.
    /// `false`: there is nothing to take back. Left out, the plan marks the call as one that cannot be undone.
    #[serde(default)]
    undo: Option<TakenBack>,
    /// Request that changes nothing, and what its answer must be when the effect is there:
    /// `#{ url, headers, ok: [200], has, json }`, with `has` a text in the body and `json` the fields that must
    /// be so. `url` left out is that of this request. If it is there beforehand nothing is sent; afterwards it
    /// must be there, or the call fails.
    #[serde(default)]
    check: Option<Looked>,
    /// Whether a second request does no harm, so that `mig` need not ask when an answer was lost.
    #[serde(default)]
    idempotent: bool,
    /// Whether the server is known to end the connection by what it does, as one that restarts itself: a lost
    /// answer is success then, with the status 0 and no body, and what it did is for the playbook to see.
    #[serde(default)]
    drops: bool,
    /// Statuses that are success. Default: 200 to 299.
    #[serde(default)]
    ok: Vec<u16>,
    /// Servers, and the address or host that is asked in the place of each, whatever the DNS says.
    #[serde(default)]
    resolve: Resolve,
    /// Host that connects. Default: your machine.
    #[serde(default)]
    via: Option<HostName>,
    /// Whether certificates are left unlooked at. Everybody on the way can then read and change everything.
    #[serde(default)]
    insecure: bool,
    /// Authority that is believed in place of the known ones: a file on your machine, or its PEM text.
    #[serde(default)]
    ca: Option<String>,
    /// How long the answer may take, as a text with a unit.
    #[serde(default = "a_minute")]
    timeout: Duration,
    /// How long `check` may take to see the effect, as a text with a unit.
    #[serde(default = "a_minute")]
    within: Duration,
    /// How many redirections are followed. Default: none, a redirection is an answer like others.
    #[serde(default)]
    follow: u32,
    /// How many bytes of an answer are read; a longer one is success all the same, with an unknown body.
    #[serde(default = "a_mebibyte")]
    limit: u64,
    /// Whether cookies of the run are sent and kept.
    #[serde(default = "yes")]
    cookies: bool,
    /// Fields of a JSON answer that are secrets, as `token` or `results.token`; `.secrets` has their handles.
    #[serde(default)]
    secrets: Vec<String>,
}

/// How a request is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a request (#{ method, url, ... }), or false: nothing to take back")]
enum TakenBack {
    By(Box<Back>),
    Is(bool),
}

/// The request that takes another one back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    method: String,
    #[serde(default)]
    url: Option<Text>,
    #[serde(default)]
    headers: Option<Fields>,
    #[serde(default)]
    json: Option<Json>,
    #[serde(default)]
    form: Option<Fields>,
    #[serde(default)]
    body: Option<Text>,
    #[serde(default)]
    ok: Vec<u16>,
    #[serde(default)]
    idempotent: bool,
}

/// A request that changes nothing, and what its answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Looked {
    #[serde(default)]
    url: Option<Text>,
    #[serde(default)]
    headers: Option<Fields>,
    #[serde(default = "only_ok")]
    ok: Vec<u16>,
    #[serde(default)]
    has: Option<String>,
    #[serde(default)]
    json: Option<Json>,
}

fn only_ok() -> Vec<u16> {
    vec![200]
}
fn a_minute() -> Duration {
    Duration::minutes(1)
}

/// A type of an option that is a map with keys of its own, in words.
macro_rules! is_map {
    ($name:ident, $words:literal) => {
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["object", "boolean"], "x-type": $words })
            }
        }
    };
}
is_map!(TakenBack, "map or false");
is_map!(Looked, "map");

impl Args for HttpSend {
    const NAME: &'static str = "http_send";
    const POSITIONAL: &'static [&'static str] = &["method", "url"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"http_send("PUT", "https://dest.example.org/api/mode", #{
    json: #{ mode: "primary", key: secret("api_key") },
    check: #{ json: #{ mode: "primary" } },
    undo: #{ method: "PUT", json: #{ mode: "standby", key: secret("api_key") } },
})"#,
            given: &[Given::Answers("GET https://dest.example.org/api/mode", 200, r#"{"mode":"standby"}"#)],
            does: &[r#"PUT https://dest.example.org/api/mode {"key":"‹secret:api_key›","mode":"primary"}"#],
            undo: &[r#"PUT https://dest.example.org/api/mode {"key":"‹secret:api_key›","mode":"standby"}"#],
            gives: "",
        },
        Example {
            script: r#"http_send("PUT", "https://dest.example.org/api/mode", #{
    json: #{ mode: "primary" },
    check: #{ json: #{ mode: "primary" } },
    undo: false,
})"#,
            given: &[Given::Answers("GET https://dest.example.org/api/mode", 200, r#"{"mode":"primary","up":1}"#)],
            does: &[],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"http_send("POST", "http://127.0.0.1:8088/login", #{ via: dest, form: #{ username: "admin", password: secret("pw") }, ok: [200, 302], undo: false })"#,
            given: &[],
            does: &["dest: POST http://127.0.0.1:8088/login password=‹secret:pw›&username=admin"],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"http_send("DELETE", "https://old.example.org/api/replica/7", #{ idempotent: true, ok: [200, 204, 404] })"#,
            given: &[],
            does: &["DELETE https://old.example.org/api/replica/7"],
            undo: &["impossible: the playbook gives no undo"],
            gives: "",
        },
    ];
}

impl Change for HttpSend {
    const GIVES: &'static str = "a map: `status`, `headers` (names in small letters), `body`, `url`, `secrets`; `.json()` \
                                 reads the body. Unknown when `check` found that it was already so, or when the answer was lost";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let request = self.request(look)?;
        let check = self.check(look, &request)?;
        if let Some(check) = &check
            && check.lacks(&look.http(&check.request)?).is_none()
        {
            return Ok(Plan::Already);
        }
        let undo = self.taken_back(look)?;
        let http = Http { request, ok: self.ok.clone(), check, idempotent: self.idempotent, drops: self.drops };
        Ok(Plan::Do(vec![Step { deed: Deed::Http(Box::new(http)), undo }]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let check = match done.first().map(|s| &s.deed) {
            Some(Deed::Http(http)) => http.check.clone(),
            _ => self.check(look, &self.request(look)?)?,
        };
        let Some(check) = check else { return Ok(Plan::Already) };
        Ok(check.lacks(&look.http(&check.request)?).map_or(Plan::Already, Plan::Wait))
    }

    fn patience_ms(&self) -> Option<u64> {
        self.check.as_ref().map(|_| self.within.ms())
    }
}

impl HttpSend {
    fn parts(&self) -> Parts<'_> {
        Parts {
            of: "http_send",
            method: Some(&self.method),
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
    }
    fn request(&self, look: &dyn Look) -> Outcome<Request> {
        self.parts().request(look)
    }

    fn check(&self, look: &dyn Look, request: &Request) -> Outcome<Option<Check>> {
        let Some(looked) = &self.check else { return Ok(None) };
        if looked.ok.is_empty() {
            return failed(
                "http_send: check: ok: it is empty, so no answer would show the effect; left out it is [200]",
            );
        }
        let parts = Parts {
            method: Some("GET"),
            url: looked.url.as_ref().unwrap_or(&self.url),
            headers: looked.headers.as_ref().unwrap_or(&self.headers),
            body: None,
            json: None,
            form: None,
            secrets: &[],
            ..self.parts()
        };
        let request = Request { timeout_ms: request.timeout_ms.min(60_000), follow: 10, ..parts.request(look)? };
        let (ok, has, json) = (looked.ok.clone(), looked.has.clone(), looked.json.clone());
        Ok(Some(Check { request, ok, has, json }))
    }

    fn taken_back(&self, look: &dyn Look) -> Outcome<Undo> {
        let back = match &self.undo {
            None => return Ok(Undo::Impossible("the playbook gives no undo".into())),
            Some(TakenBack::Is(false)) => return Ok(Undo::NotNeeded),
            Some(TakenBack::Is(true)) => {
                return failed("http_send: undo: true says nothing; give the request that takes it back, or false");
            }
            Some(TakenBack::By(back)) => back,
        };
        let parts = Parts {
            of: "http_send: undo",
            method: Some(&back.method),
            url: back.url.as_ref().unwrap_or(&self.url),
            headers: back.headers.as_ref().unwrap_or(&self.headers),
            body: back.body.as_ref(),
            json: back.json.as_ref(),
            form: back.form.as_ref(),
            secrets: &[],
            ..self.parts()
        };
        let request = parts.request(look)?;
        let http = Http { request, ok: back.ok.clone(), check: None, idempotent: back.idempotent, drops: self.drops };
        Ok(Undo::By(vec![Deed::Http(Box::new(http))]))
    }
}
