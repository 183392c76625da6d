//! One look at an object of S3: a HEAD request, signed here and sent by reqwest.

use super::super::link::Fleet;
use super::account::{Open, credentials};
use super::refusal::{Refusal, Trouble, causes, skew};
use crate::contract::{AwsObject, Failure, Outcome, failed};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use reqwest::{Client, Method, Response, StatusCode};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

impl Fleet {
    /// `None`: the bucket is there, and has no such object.
    pub async fn object(&self, bucket: &str, key: &str) -> Outcome<Option<AwsObject>> {
        let answer = self.s3(Method::HEAD, bucket, key).await?;
        match answer.status() {
            StatusCode::OK => seen(&answer).map(Some).map_err(|why| Failure::new(why).into()),
            StatusCode::NOT_FOUND => {
                // Whether the object is missing or the bucket, a HEAD does not say.
                let of_bucket = self.s3(Method::HEAD, bucket, "").await?;
                if of_bucket.status() == StatusCode::NOT_FOUND {
                    return failed(format!("S3 has no bucket {bucket}"));
                }
                Ok(None)
            }
            StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
                let region = header(&answer, "x-amz-bucket-region").unwrap_or("another region").to_owned();
                Err(Failure::new(format!("the bucket {bucket} is in {region}"))
                    .hint(format!("in the inventory: aws: {{ region: {region} }}"))
                    .into())
            }
            status => failed(format!("s3:GetObject {bucket}/{key}: S3 answers {status}, nothing assumed")),
        }
    }

    /// Sends a signed request until S3 answers it; a no of S3 that is more than a status is a failure.
    async fn s3(&self, method: Method, bucket: &str, key: &str) -> Outcome<Response> {
        let until = Instant::now() + PATIENCE;
        let mut pause = PAUSE;
        loop {
            let open = self.open_account().await?;
            let url = url(&open, bucket, key);
            let trouble = match send(&open, method.clone(), &url).await {
                Ok(answer) if answer.status().is_server_error() || answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                    Trouble::Later(format!("S3 answers {}", answer.status()))
                }
                Ok(answer) if matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN) => {
                    self.why_not(&open, &url, bucket, key, answer).await
                }
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Refused(refusal) => return failed(refusal.text),
                Trouble::Expired(why) => {
                    self.ask_to_renew(&why)?;
                    self.forget_account().await;
                }
                Trouble::Later(why) if Instant::now() >= until => return failed(why),
                Trouble::Later(_) => {
                    tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>())).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// The answer to a HEAD has no body to say why: a GET of one byte has.
    async fn why_not(&self, open: &Open, url: &str, bucket: &str, key: &str, head: Response) -> Trouble {
        let skew = skew(header(&head, "date"));
        let status = head.status().as_u16();
        let body = match send(open, Method::GET, url).await {
            Ok(answer) if !answer.status().is_success() => answer.text().await.unwrap_or_default(),
            Ok(_) => String::new(),
            Err(trouble) => return trouble,
        };
        let between = |tag: &str| {
            let rest = body.split_once(&format!("<{tag}>")).map(|(_, rest)| rest);
            rest.and_then(|r| r.split_once('<')).map(|(text, _)| text.to_owned()).unwrap_or_default()
        };
        let (code, text) = (between("Code"), between("Message"));
        if code == "AccessDenied" {
            let text = format!(
                "S3 does not let these credentials look at {bucket}/{key} (s3:GetObject, and s3:ListBucket to be told \
                 that it is missing): {text}"
            );
            return Trouble::Refused(Refusal { code, text });
        }
        Trouble::of("GetObject", &code, &text, status, &between("RequestId"), skew)
    }
}

/// By the bucket's own name, except where that could be no name in a certificate, or an endpoint is given.
fn url(open: &Open, bucket: &str, key: &str) -> String {
    let key = key.split('/').map(escaped).collect::<Vec<_>>().join("/");
    let endpoint = open.config.endpoint_url();
    let region = open.region.as_str();
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match endpoint {
        Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
        None if bucket.contains('.') => format!("https://s3.{region}.{domain}/{bucket}/{key}"),
        None => format!("https://{bucket}.s3.{region}.{domain}/{key}"),
    }
}

/// One part of a key, as S3 wants it in a URL.
fn escaped(part: &str) -> String {
    part.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

async fn send(open: &Open, method: Method, url: &str) -> Result<Response, Trouble> {
    let refused =
        |what: &str, why: String| Trouble::Refused(Refusal { code: "NotSent".into(), text: format!("{what}: {why}") });
    // Another part of the program may have chosen the same one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30));
    let client = client.build().map_err(|e| refused("no HTTP can be spoken", causes(&e)))?;
    let credentials = credentials(&open.config)
        .await
        .map_err(|e| Trouble::Expired(format!("the credentials cannot be had: {}", causes(&e))))?;
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&open.region)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|e| refused("it cannot be signed", causes(&e)))?
        .into();
    let range = (method == Method::GET).then_some(("range", "bytes=0-0"));
    let signable = SignableRequest::new(method.as_str(), url, range.into_iter(), SignableBody::Bytes(&[]))
        .map_err(|e| refused("it cannot be signed", causes(&e)))?;
    let (signed, _) = sign(signable, &params).map_err(|e| refused("it cannot be signed", causes(&e)))?.into_parts();
    let mut request = client.request(method, url);
    for (name, value) in signed.headers().chain(range) {
        request = request.header(name, value);
    }
    request.send().await.map_err(|e| Trouble::Later(format!("S3 cannot be asked: {}", causes(&e))))
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|v| v.to_str().ok())
}

fn seen(answer: &Response) -> Result<AwsObject, String> {
    let size = header(answer, "content-length").and_then(|l| l.parse().ok());
    let modified = header(answer, "last-modified");
    let second =
        |text: Option<&str>| text.and_then(|t| jiff::fmt::rfc2822::parse(t).ok()).map(|z| z.timestamp().as_second());
    let (Some(size), Some(modified), Some(written)) = (size, modified, second(modified)) else {
        return Err("unexpected answer from S3, nothing assumed: it says neither size nor time".into());
    };
    // By S3's own clock: this machine's may be wrong.
    let now = second(header(answer, "date")).unwrap_or(written);
    Ok(AwsObject {
        size,
        age: u64::try_from(now - written).unwrap_or(0),
        modified: modified.into(),
        etag: header(answer, "etag").unwrap_or_default().trim_matches('"').into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_escaped_as_s3_wants_it() {
        assert_eq!(escaped("a b+ü"), "a%20b%2B%C3%BC");
    }
}
