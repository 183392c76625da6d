use super::address::Address;
use super::duration::Duration;
use super::port::Port;
use crate::contract::{Args, Example, Failure, Given, Look, Outcome, PortState, Reading};
use crate::name::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell whether a TCP port answers.
///
/// `true` when a connection is accepted; `false` when it is refused, when nothing answers in time, and
/// when there is no way there. A name that does not resolve is a failure: it is more likely misspelt than
/// on its way. In `wait_until` a failure is "not yet", and is what the wait says it saw last.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortOpen {
    /// Host name or IP address to connect to.
    address: Address,
    /// Number of the port.
    port: Port,
    /// Host from which to connect. Default: the operator's machine.
    #[serde(default)]
    via: Option<HostName>,
    /// How long to wait for an answer, as a text with a unit.
    #[serde(default = "five_seconds")]
    timeout: Duration,
}

fn five_seconds() -> Duration {
    Duration::seconds(5)
}

impl Args for PortOpen {
    const NAME: &'static str = "port_open";
    const POSITIONAL: &'static [&'static str] = &["address", "port"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"port_open("192.0.2.11", 443)"#,
            given: &[Given::Port("here 192.0.2.11:443", PortState::Open)],
            does: &[],
            undo: &[],
            gives: "true",
        },
        Example {
            script: r#"port_open("192.0.2.11", 930, #{ via: r1, timeout: "2s" })"#,
            given: &[Given::Port("r1 192.0.2.11:930", PortState::TimedOut)],
            does: &[],
            undo: &[],
            gives: "false",
        },
    ];
}

impl Reading for PortOpen {
    type Output = bool;
    const GIVES: &'static str = "`true` or `false`";

    fn read(&self, look: &dyn Look) -> Outcome<bool> {
        let state = look.port(self.via.as_ref(), self.address.as_ref(), self.port.number(), self.timeout.ms())?;
        match state {
            PortState::Open => Ok(true),
            PortState::Refused | PortState::TimedOut | PortState::Unreachable => Ok(false),
            PortState::NoSuchHost => {
                let seen_from = self.via.as_ref().map_or("the operator's machine", AsRef::as_ref);
                Err(Failure::new(format!("port_open: {} does not resolve, seen from {seen_from}", self.address))
                    .hint("check the spelling, or give an IP address")
                    .into())
            }
        }
    }
}
