//! The ids by which AWS knows things: checked, so that one is not given where another is wanted.

use crate::name::is_text;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

/// The id of an instance: `i-0123456789abcdef0`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId(String);
is_text!(InstanceId, "text");

/// Who can have an Elastic IP: an instance, or one of its network interfaces (`eni-...`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HolderId(String);
is_text!(HolderId, "text");

/// An Elastic IP: its address, or its allocation (`eipalloc-...`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ElasticIp(String);
is_text!(ElasticIp, "text");

/// The name of a bucket of S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bucket(String);
is_text!(Bucket, "text");

fn is_id(s: &str, prefix: &str) -> bool {
    s.strip_prefix(prefix).is_some_and(|hex| {
        (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// What was given in place of an id, in words.
fn instead(s: &str) -> String {
    if s.is_empty() {
        return "it is empty".into();
    }
    if s.parse::<IpAddr>().is_ok() {
        return "that is an address".into();
    }
    let known = [
        ("i-", "an instance"),
        ("eni-", "a network interface"),
        ("eipalloc-", "an Elastic IP's allocation"),
        ("eipassoc-", "an association, which is another after each move"),
        ("ami-", "an image"),
        ("arn:", "an ARN"),
    ];
    match known.iter().find(|(prefix, _)| s.starts_with(prefix)) {
        Some((_, what)) => format!("that looks like {what}"),
        None => "that is none".into(),
    }
}

impl InstanceId {
    /// # Errors
    /// Says what was given instead.
    pub fn parse(s: &str) -> Result<Self, String> {
        if is_id(s, "i-") {
            return Ok(InstanceId(s.into()));
        }
        Err(format!("{s:?} is not the id of an instance: {}; expected one as i-0123456789abcdef0", instead(s)))
    }
}

impl HolderId {
    /// # Errors
    /// Says what was given instead.
    pub fn parse(s: &str) -> Result<Self, String> {
        if is_id(s, "i-") || is_id(s, "eni-") {
            return Ok(HolderId(s.into()));
        }
        Err(format!(
            "{s:?} is not the id of an instance or of a network interface: {}; expected i-0123456789abcdef0, or \
             eni-0123456789abcdef0 where the instance has several",
            instead(s)
        ))
    }
    pub fn is_interface(&self) -> bool {
        self.0.starts_with("eni-")
    }
}

impl ElasticIp {
    /// # Errors
    /// Says what was given instead.
    pub fn parse(s: &str) -> Result<Self, String> {
        let accepted =
            "expected its public IPv4 address, as 203.0.113.7, or its allocation, as eipalloc-0123456789abcdef0";
        if is_id(s, "eipalloc-") {
            return Ok(ElasticIp(s.into()));
        }
        match s.parse::<Ipv4Addr>() {
            Ok(ip) if ip.is_private() || ip.is_link_local() || ip.is_unspecified() => {
                Err(format!("{s} is not an Elastic IP: it is no public address; {accepted}"))
            }
            Ok(_) => Ok(ElasticIp(s.into())),
            Err(_) => Err(format!("{s:?} is not an Elastic IP: {}; {accepted}", instead(s))),
        }
    }
}

impl Bucket {
    /// # Errors
    /// Says which rule of S3 the name breaks.
    pub fn parse(s: &str) -> Result<Self, String> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if s.starts_with("s3://") || s.contains('/') {
            return Err(format!("{s:?} is not the name of a bucket: give the bucket and the key apart"));
        }
        let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if (3..=63).contains(&s.len())
            && s.bytes().all(good)
            && ends(s.bytes().next())
            && ends(s.bytes().last())
            && !s.contains("..")
        {
            return Ok(Bucket(s.into()));
        }
        Err(format!("{s:?} is not the name of a bucket: 3 to 63 small letters, digits, dots and dashes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_49_what_stands_in_place_of_an_id_is_told_apart() {
        assert!(InstanceId::parse("i-0123456789abcdef0").is_ok() && InstanceId::parse("i-01234567").is_ok());
        let why = |s: &str| InstanceId::parse(s).unwrap_err();
        assert!(why("192.0.2.10").contains("that is an address; expected one as i-0123456789abcdef0"));
        assert!(why("ami-0123456789abcdef0").contains("looks like an image"));
        assert!(why("").contains("empty") && why("controller").contains("none"));
        assert!(why("I-0123456789ABCDEF0").contains("expected one as"));
        assert!(HolderId::parse("eni-0123456789abcdef0").is_ok_and(|h| h.is_interface()));
        assert!(HolderId::parse("eipalloc-0123456789abcdef0").unwrap_err().contains("an Elastic IP's allocation"));
        let why = |s: &str| ElasticIp::parse(s).unwrap_err();
        assert!(ElasticIp::parse("203.0.113.7").is_ok() && ElasticIp::parse("eipalloc-0123456789abcdef0").is_ok());
        assert!(why("10.0.0.7").contains("no public address"));
        assert!(why("2001:db8::1").contains("expected its public IPv4 address"));
        assert!(why("eipassoc-0123456789abcdef0").contains("another after each move"));
        assert!(why("203.0.113.7; rm").contains("expected its public IPv4 address"));
    }

    #[test]
    fn a_bucket_is_named_as_s3_allows() {
        assert!(Bucket::parse("backups.example-1").is_ok());
        assert!(Bucket::parse("s3://backups/x").unwrap_err().contains("apart"));
        for bad in ["ab", "Backups", "-backups", "a..b", "a_b", ""] {
            assert!(Bucket::parse(bad).is_err(), "{bad}");
        }
    }
}
