//! An instance started or stopped.

use super::super::link::Fleet;
use super::refusal::Refusal;
use crate::contract::{AwsInstance, Failure, Outcome, Power, SetPower};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

impl Fleet {
    /// Starts or stops it, and waits until it is so: a started one must pass its status checks too.
    ///
    /// The request is sent even when it is seen to be so: a read may be old, and AWS takes a second
    /// request for the same.
    pub async fn act_power(&self, deed: &SetPower) -> Outcome<Value> {
        let until = Instant::now() + Duration::from_millis(deed.timeout_ms);
        let id = deed.instance.as_str();
        let (mut is_sent, mut not_taken) = (false, String::new());
        let mut last;
        loop {
            if !is_sent {
                match self.switch(id, deed.power).await? {
                    Ok(()) => (is_sent, not_taken) = (true, String::new()),
                    // It is on its way to the opposite: the request is taken when it is there.
                    Err(refusal) if refusal.code == "IncorrectInstanceState" => {
                        not_taken = format!(" ({})", refusal.text);
                        if let Ok(now) = self.instance(id).await?
                            && now.is_gone()
                        {
                            return Err(Failure::new(format!(
                                "{id} is {}, and is never {} again",
                                now.state,
                                deed.power.word()
                            ))
                            .into());
                        }
                    }
                    Err(refusal) => return Err(not_switched(deed, refusal).into()),
                }
            }
            match self.instance(id).await? {
                Ok(now) => {
                    let missing = what_is_missing(deed.power, &now);
                    match missing {
                        None if is_sent => return Ok(json!({ "changed": true })),
                        None => last = "the request was not taken".into(),
                        Some(_) if now.is_gone() => {
                            return Err(Failure::new(format!(
                                "{id} is {}: {}",
                                now.state,
                                now.reason.unwrap_or_default()
                            ))
                            .into());
                        }
                        Some(missing) => last = missing,
                    }
                }
                // Not proof of anything: what was just made may not be shown yet.
                Err(refusal) if refusal.code.contains("NotFound") => last = refusal.text,
                Err(refusal) => return Err(Failure::new(refusal.text).into()),
            }
            if Instant::now() >= until {
                let text =
                    format!("{id} is not {} within {} s: {last}{not_taken}", deed.power.word(), deed.timeout_ms / 1000);
                return Err(Failure::new(text).into());
            }
            let what = format!("{id} {}", deed.power.word());
            self.look_again_in(EVERY, &what, &last, until).await;
        }
    }

    async fn switch(&self, id: &str, power: Power) -> Outcome<Result<(), Refusal>> {
        match power {
            Power::Running => {
                let sent = self.ec2("StartInstances", async |ec2| ec2.start_instances().instance_ids(id).send().await);
                Ok(sent.await?.map(drop))
            }
            Power::Stopped => {
                let sent = self.ec2("StopInstances", async |ec2| ec2.stop_instances().instance_ids(id).send().await);
                Ok(sent.await?.map(drop))
            }
        }
    }
}

/// What is missing until it is so.
fn what_is_missing(power: Power, now: &AwsInstance) -> Option<String> {
    match power {
        Power::Running => now.is_not_ready(),
        Power::Stopped if now.state == "stopped" => None,
        Power::Stopped => Some(format!("{} is {}", now.id, now.state)),
    }
}

fn not_switched(deed: &SetPower, refusal: Refusal) -> Failure {
    let failure = Failure::new(refusal.text);
    match refusal.code.as_str() {
        "OperationNotPermitted" => failure.hint(format!(
            "it is protected; when it may be: aws ec2 modify-instance-attribute --instance-id {} --no-disable-api-stop",
            deed.instance
        )),
        _ => failure,
    }
}
