//! An object of S3: whether it is there, how large, how old.

use super::aws_id::Bucket;
use crate::contract::{Args, AwsAsk, AwsObject, AwsSeen, Example, Given, Look, Outcome, Reading, failed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Describe an object of S3.
///
/// An object that is missing is an answer; a bucket that is missing, or one that may not be looked at, is a
/// failure. `age` is reckoned by the clock of S3. The permission is `s3:GetObject`; without `s3:ListBucket`
/// S3 does not say that an object is missing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsS3Info {
    /// Name of the bucket.
    bucket: Bucket,
    /// Key of the object, without a slash before it.
    key: String,
}

/// What a script is told.
#[derive(Debug, Serialize)]
pub struct Info {
    exists: bool,
    size: u64,
    age: u64,
    modified: Option<String>,
    etag: Option<String>,
}

impl Args for AwsS3Info {
    const NAME: &'static str = "aws_s3_info";
    const POSITIONAL: &'static [&'static str] = &["bucket", "key"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"aws_s3_info("backups", "CloudN_10.0.0.4_save_cloudx_config.enc")"#,
            given: &[Given::Aws(
                "object backups/CloudN_10.0.0.4_save_cloudx_config.enc",
                r#"{ "object": { "size": 20480, "age": 1800, "modified": "Mon, 01 Jan 2024 00:00:00 GMT", "etag": "0a1b" } }"#,
            )],
            does: &[],
            undo: &[],
            gives: r#"{ "exists": true, "size": 20480, "age": 1800, "modified": "Mon, 01 Jan 2024 00:00:00 GMT", "etag": "0a1b" }"#,
        },
        Example {
            script: r#"aws_s3_info("backups", "none")"#,
            given: &[Given::Aws("object backups/none", r#"{ "object": null }"#)],
            does: &[],
            undo: &[],
            gives: r#"{ "exists": false, "size": 0, "age": 0, "modified": null, "etag": null }"#,
        },
    ];
}

impl Reading for AwsS3Info {
    type Output = Info;
    const GIVES: &'static str = "a map: `exists`, `size` in bytes, `age` in seconds, `modified` as S3 writes it, `etag`; the last two `()` when it is missing";

    fn read(&self, look: &dyn Look) -> Outcome<Info> {
        if self.key.is_empty() || self.key.len() > 1024 || self.key.starts_with('/') {
            return failed(format!(
                "aws_s3_info: {:?} is not the key of an object: 1 to 1024 bytes, without a slash before it",
                self.key
            ));
        }
        let ask = AwsAsk::Object { bucket: self.bucket.to_string(), key: self.key.clone() };
        match look.aws(&ask)? {
            AwsSeen::Object(None) => Ok(Info { exists: false, size: 0, age: 0, modified: None, etag: None }),
            AwsSeen::Object(Some(AwsObject { size, age, modified, etag })) => {
                Ok(Info { exists: true, size, age, modified: Some(modified), etag: Some(etag) })
            }
            other => failed(format!("asked for {ask}, AWS gave {other:?}")),
        }
    }
}
