//! One request on its way: put together, with the values of its secrets, and what a redirection makes
//! of it.

use super::super::link::Fleet;
use crate::contract::{Body, Outcome, Request, failed};
use crate::secret::{Secret, Text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// One request on its way, with the values of its secrets.
pub struct Hop {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// It has secrets in it, which belong to this server alone.
    is_secret: bool,
}

impl Fleet {
    pub fn first_hop(&self, request: &Request) -> Outcome<Hop> {
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
}

impl Hop {
    /// The request that a redirection asks for, as browsers make it.
    pub fn redirected(self, url: Url, status: StatusCode) -> Result<Hop, String> {
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

/// The server of a URL, for a person.
pub fn authority(url: &Url) -> String {
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
