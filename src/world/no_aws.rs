//! In place of AWS, in a `mig` that was built without it: every question and every deed says so.

use super::link::Fleet;
use crate::contract::{Aws, AwsAsk, AwsSeen, Failure, Outcome, Settled, Token};
use serde_json::Value;

/// Nothing is kept of an account that cannot be reached.
#[derive(Default)]
pub struct Account;

fn absent(what: &str) -> Failure {
    Failure::new(format!("this mig was built without AWS, and cannot: {what}"))
        .hint("build it with AWS, which is a default feature: cargo install --path . --features aws")
}

impl Fleet {
    pub async fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        Err(absent(&ask.to_string()).into())
    }
    pub async fn act_aws(&self, _: &Token, deed: &Aws) -> Outcome<Value> {
        Err(absent(&deed.to_string()).into())
    }
    pub async fn settle_aws(&self, deed: &Aws) -> Settled {
        Settled::Unknown(absent(&deed.to_string()).message)
    }
}
