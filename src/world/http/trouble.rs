//! Why there is no answer, in words, and whether the server can have seen the request.

use crate::contract::{Failure, Http, Request};
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io;

/// Why there is no answer.
pub struct Trouble {
    pub why: String,
    /// It ended before anything of the request was sent.
    pub is_before: bool,
    /// The connection just ended, without a word of TLS or of the clock.
    pub is_cut: bool,
    pub hint: Option<String>,
}

impl Trouble {
    pub fn of(e: &reqwest::Error, at: &str, connect_ms: u128, timeout_ms: u64) -> Trouble {
        let is_before = e.is_connect() || e.is_builder();
        let is_cut = tls_error(e).is_none() && !e.is_timeout();
        let none = |why: String| Trouble { why, is_before, is_cut, hint: None };
        if let Some(tls) = tls_error(e) {
            let (why, hint) = tls_words(&tls);
            return Trouble { why: format!("{at}: {why}"), is_before, is_cut, hint };
        }
        if e.is_timeout() {
            return none(match is_before {
                true => format!("{at}: no connection within {}", ms(connect_ms)),
                false => format!("{at}: no answer within {}", ms(timeout_ms.into())),
            });
        }
        let kind = io_kind(e);
        none(match (kind, is_before) {
            (Some(io::ErrorKind::ConnectionRefused), _) => {
                format!("{at} refuses the connection: nothing listens there")
            }
            (Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable), _) => {
                format!("{at} cannot be reached: there is no way there")
            }
            (Some(io::ErrorKind::TimedOut), true) => format!("{at}: no connection in time"),
            (Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset), true) => {
                format!("{at} ended the connection while TLS was agreed on; is it TLS that it speaks there?")
            }
            (_, true) => format!("{at}: {}", innermost(e)),
            (_, false) => format!("{at} ended the connection before its answer was there ({})", innermost(e)),
        })
    }
}

/// A failure of a request that was never sent.
pub fn never_sent(request: &Request, why: &str) -> Failure {
    Failure { code: Http::NEVER_SENT, ..Failure::new(format!("{request}: {why}")) }
}

fn chain<'a>(e: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |e: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*e).source() };
    std::iter::successors(Some(e), next)
}

/// The TLS error in it. An io::Error passes over the error that it is made of, so that is looked into
/// as well.
fn tls_error(e: &(dyn Error + 'static)) -> Option<rustls::Error> {
    chain(e).find_map(|e| match (e.downcast_ref::<rustls::Error>(), e.downcast_ref::<io::Error>()) {
        (Some(tls), _) => Some(tls.clone()),
        (None, Some(io)) => tls_error(io.get_ref()?),
        (None, None) => None,
    })
}

fn io_kind(e: &reqwest::Error) -> Option<io::ErrorKind> {
    chain(e).filter_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

fn innermost(e: &reqwest::Error) -> String {
    let text = chain(e).last().map(ToString::to_string).unwrap_or_default();
    super::super::printable(&text)
}

fn tls_words(e: &rustls::Error) -> (String, Option<String>) {
    use rustls::Error as E;
    let own_ca = "#{ ca: \"/path/of/ca.pem\" } names the authority that is to be believed".to_owned();
    match e {
        E::InvalidCertificate(why) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("its certificate has expired".into(), None)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("its certificate is not valid yet; is a clock wrong?".into(), None)
            }
            CertificateError::NotValidForName => ("its certificate is for another name".into(), None),
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names = super::super::printable(&presented.join(", "));
                (format!("its certificate is for another name: {names}"), None)
            }
            CertificateError::UnknownIssuer => {
                ("its certificate is self-signed, or from an authority that is not known here".into(), Some(own_ca))
            }
            CertificateError::Revoked => ("its certificate was revoked".into(), None),
            // What webpki has no word of its own for: among them a certificate that is its own authority.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                ("its certificate is self-signed".into(), Some(own_ca))
            }
            other => {
                (format!("its certificate is not accepted: {}", super::super::printable(&other.to_string())), None)
            }
        },
        E::InvalidMessage(_) => ("what it speaks there is not TLS; is it http?".into(), None),
        E::AlertReceived(AlertDescription::UnrecognisedName) => ("it has no certificate for this name".into(), None),
        E::AlertReceived(alert) => (format!("it refuses TLS ({alert:?})"), None),
        E::PeerIncompatible(_) => ("it speaks no version of TLS, or no cipher, that is safe".into(), None),
        other => (format!("TLS: {}", super::super::printable(&other.to_string())), None),
    }
}

fn ms(ms: u128) -> String {
    super::super::look::seconds(u64::try_from(ms).unwrap_or(u64::MAX))
}
