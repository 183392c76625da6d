//! An object of S3: size and age, and what is missing.

use super::moto;
use super::stage::{RUN, Stage};

fn s3(method: &str, path: &str, body: &str) {
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=TEST/20240101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let reply = moto::send(&head, body.as_bytes());
    assert!(reply.status < 300, "{}{}", reply.head, String::from_utf8_lossy(&reply.body));
}

fn bucket(name: &str) {
    let place =
        "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    s3("PUT", &format!("/{name}"), place);
}

#[test]
fn an_object_is_described_and_a_missing_one_is_an_answer() {
    bucket("backups");
    s3("PUT", "/backups/a%20b/config.enc", "0123456789");
    let s = Stage::new(
        r#"let o = aws_s3_info("backups", "a b/config.enc"); expect(o.exists && o.size == 10 && o.age < 600, "it is there");
           let none = aws_s3_info("backups", "none"); expect(!none.exists, "it is not there");"#,
    );
    s.shim.faults().refused = vec![("HEAD object", 503, "SlowDown")];
    s.runs();
    s.playbook(r#"aws_s3_info("no-such-bucket-here", "x");"#);
    s.ends(RUN, 3, &["S3 has no bucket no-such-bucket-here"]);
}

#[test]
fn row_50_why_s3_says_no_is_told() {
    bucket("closed");
    s3("PUT", "/closed/x", "1");
    let s = Stage::new(r#"aws_s3_info("closed", "x");"#);
    s.shim.faults().refused = vec![("HEAD object", 403, "AccessDenied"), ("GET object", 403, "AccessDenied")];
    s.ends(RUN, 3, &["does not let these credentials look at closed/x", "s3:GetObject"]);
    s.shim.faults().expired.insert("FIRST".into());
    s.ends(RUN, 5, &["ExpiredToken", "renew the AWS credentials"]);
}
