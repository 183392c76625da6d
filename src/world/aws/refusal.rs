//! What AWS answers when it does not do what it is asked: told apart, and in words.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use std::error::Error;
use std::time::SystemTime;

/// More than this the clocks must not differ: AWS then takes a request for a forged one.
const SKEW_S: i64 = 240;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// It was turned away for now, or nobody knows: it may be sent again.
    Later(String),
    /// The credentials are over, and nothing was done.
    Expired(String),
    /// AWS says no.
    Refused(Refusal),
}

/// AWS says no, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: String,
    pub text: String,
}

const THROTTLED: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "SlowDown",
    "BandwidthLimitExceeded",
];
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

impl Trouble {
    /// What a code of AWS, its text and the status of the answer come to.
    pub fn of(action: &str, code: &str, text: &str, status: u16, request: &str, skew_s: i64) -> Self {
        let text = text.trim();
        let whole = match request {
            "" => format!("{action}: {code}: {text}"),
            id => format!("{action}: {code}: {text} (request {id})"),
        };
        let is_signature = EXPIRED.contains(&code)
            || matches!(
                code,
                "AuthFailure" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" | "InvalidSignatureException"
            );
        if is_signature && skew_s.abs() > SKEW_S {
            let way = if skew_s > 0 { "ahead" } else { "behind" };
            let text = format!(
                "{whole}\nthe clock of this machine is {} s {way} of AWS's, which refuses what is signed by it: set the clock",
                skew_s.abs()
            );
            return Trouble::Refused(Refusal { code: "RequestTimeTooSkewed".into(), text });
        }
        if EXPIRED.contains(&code) {
            return Trouble::Expired(whole);
        }
        if THROTTLED.contains(&code) || status == 429 || status >= 500 {
            return Trouble::Later(whole);
        }
        let text = match code {
            "UnauthorizedOperation" | "AccessDenied" => {
                format!("{whole}\nthe credentials lack the permission ec2:{action}")
            }
            "AuthFailure" | "InvalidClientTokenId" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
                format!("{whole}\nthe access key is not one that AWS knows, or its secret is another")
            }
            "" => format!("unexpected answer from EC2 to {action} (status {status}), nothing assumed: {text}"),
            _ => whole,
        };
        Trouble::Refused(Refusal { code: code.into(), text })
    }

    /// What an error of the SDK comes to.
    pub fn of_sdk<E>(action: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + RequestId + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let (err, raw) = (service.err(), service.raw());
                let skew = skew(raw.headers().get("date"));
                let (code, text) = (err.code().unwrap_or_default(), err.message().unwrap_or_default());
                Self::of(action, code, text, raw.status().as_u16(), err.request_id().unwrap_or_default(), skew)
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                let id = answer.raw().headers().get("x-amzn-requestid").unwrap_or("unknown").to_owned();
                if status >= 500 {
                    return Trouble::Later(format!("{action}: EC2 answers {status}"));
                }
                Trouble::Refused(Refusal {
                    code: "Unreadable".into(),
                    text: format!(
                        "unexpected answer from EC2 to {action} (request id {id}, status {status}), nothing assumed: {}",
                        causes(error)
                    ),
                })
            }
            SdkError::TimeoutError(_) => Trouble::Later(format!("{action}: EC2 does not answer")),
            // A session that ended between two requests: there is nothing to sign with.
            SdkError::DispatchFailure(_) if is_about_credentials(error) => {
                Trouble::Expired(format!("{action}: the credentials cannot be had: {}", causes(error)))
            }
            // Not sent, or sent and nothing heard of it: nobody knows.
            SdkError::DispatchFailure(failure) if !failure.is_user() => {
                Trouble::Later(format!("{action}: {}", causes(error)))
            }
            other => Trouble::Refused(Refusal { code: "NotSent".into(), text: format!("{action}: {}", causes(other)) }),
        }
    }
}

fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    error.is::<CredentialsError>() || error.source().is_some_and(is_about_credentials)
}

/// How many seconds this machine's clock is ahead of the one that wrote a `Date` header.
pub fn skew(date: Option<&str>) -> i64 {
    let theirs = date.and_then(|d| jiff::fmt::rfc2822::parse(d).ok()).map(|z| z.timestamp().as_second());
    let ours =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok());
    theirs.zip(ours).map_or(0, |(theirs, ours)| ours - theirs)
}

/// An error and what it was caused by, each once.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, status: u16, skew: i64) -> Trouble {
        Trouble::of("AssociateAddress", code, "words", status, "r-1", skew)
    }
    fn text(trouble: Trouble) -> String {
        match trouble {
            Trouble::Later(t) | Trouble::Expired(t) | Trouble::Refused(Refusal { text: t, .. }) => t,
        }
    }

    #[test]
    fn row_50_each_trouble_with_credentials_is_told_apart() {
        assert!(matches!(of("RequestExpired", 400, 0), Trouble::Expired(_)));
        assert!(text(of("RequestExpired", 400, 900)).contains("the clock of this machine is 900 s ahead of AWS's"));
        assert!(text(of("SignatureDoesNotMatch", 403, -900)).contains("900 s behind"));
        let denied = of("UnauthorizedOperation", 403, 0);
        assert!(text(denied).contains("the credentials lack the permission ec2:AssociateAddress"));
        assert!(text(of("AuthFailure", 401, 0)).contains("not one that AWS knows"));
    }

    #[test]
    fn what_may_be_sent_again_is_told_from_a_no() {
        assert!(matches!(of("RequestLimitExceeded", 503, 0), Trouble::Later(_)));
        assert!(matches!(of("InternalError", 500, 0), Trouble::Later(_)));
        assert!(matches!(of("Resource.AlreadyAssociated", 400, 0), Trouble::Refused(_)));
    }

    #[test]
    fn row_51_an_answer_without_a_code_assumes_nothing() {
        assert!(
            text(of("", 400, 0))
                .contains("unexpected answer from EC2 to AssociateAddress (status 400), nothing assumed")
        );
    }

    #[test]
    fn the_clock_of_an_answer_is_read() {
        assert!(skew(Some("Mon, 01 Jan 2024 00:00:00 GMT")) > 1_000_000);
        assert_eq!(skew(Some("yesterday")), 0);
    }
}
