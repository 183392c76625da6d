//! The AWS account that a playbook works in. Credentials are where the AWS tools keep them.

use super::findings::{Findings, cut};
use crate::text::yaml::Node;

/// Region, profile and, for tests, another endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aws {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint: Option<String>,
}

const KEYS: &[&str] = &["region", "profile", "endpoint"];

/// Reads the section `aws`.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<Aws> {
    let mut aws = Aws::default();
    for (name, entry) in findings.map(node, "aws", "as in aws: { region: eu-west-1, profile: ops }")? {
        let path = format!("aws.{name}");
        let (slot, good, expected): (_, fn(&str) -> bool, _) = match name {
            "region" => (&mut aws.region, is_region, "a region, as eu-west-1"),
            "profile" => (&mut aws.profile, is_profile, "the name of a profile of ~/.aws/config"),
            "endpoint" => (&mut aws.endpoint, is_endpoint, "a URL, as http://127.0.0.1:5000"),
            "<<" => continue,
            other => {
                findings.unknown_key(&entry.key, other, KEYS);
                continue;
            }
        };
        let Some(text) = findings.text(&entry.value, &path) else { continue };
        if good(text) {
            *slot = Some(text.into());
        } else {
            findings.add(entry.value.span, format!("{path} must be {expected}, found {}", cut(text)), []);
        }
    }
    Some(aws)
}

fn is_region(s: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&s.len()) && !s.starts_with('-') && s.bytes().all(good)
}

fn is_profile(s: &str) -> bool {
    (1..=128).contains(&s.len())
        && !s.starts_with('-')
        && s.trim() == s
        && !s.contains(|c: char| c.is_control() || c == ']')
}

fn is_endpoint(s: &str) -> bool {
    let rest = s.strip_prefix("http://").or_else(|| s.strip_prefix("https://"));
    s.len() <= 2048 && rest.is_some_and(|r| !r.is_empty() && r.bytes().all(|b| b.is_ascii_graphic() && b != b'@'))
}
