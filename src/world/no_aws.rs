//! In place of AWS, in a `mig` that was built without it: every question and every deed says so.

use super::link::Fleet;
use crate::contract::{Aws, AwsAsk, AwsSeen, Failure, Outcome, Settled, Token};
use serde_json::Value;

/// An account that cannot be reached.
#[derive(Default)]
pub struct Account {
    _nothing: (),
}

impl Account {
    fn is_absent(&self, what: &str) -> Failure {
        Failure::new(format!("this mig was built without AWS, and cannot: {what}"))
            .hint("AWS is a feature of the build, on by default: cargo install --path . --features aws")
    }
}

impl Fleet {
    pub async fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        Err(self.account.is_absent(&ask.to_string()).into())
    }
    pub async fn act_aws(&self, _: &Token, deed: &Aws) -> Outcome<Value> {
        Err(self.account.is_absent(&deed.to_string()).into())
    }
    pub async fn settle_aws(&self, deed: &Aws) -> Settled {
        Settled::Unknown(self.account.is_absent(&deed.to_string()).message)
    }
}
