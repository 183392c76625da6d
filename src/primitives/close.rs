//! A lease ended before the run is.

use crate::contract::{Args, Change, Deed, Example, Given, Lease, Look, Outcome, Phase, Plan, Step, Undo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Close a key, a tunnel or a process of the run before it ends.
///
/// It is given the answer of `ssh_trust`, `ssh_tunnel` or `daemon`.
///
/// Its processes are ended, its key opens nothing any more, its files are gone. A rollback opens it again, for
/// what it takes back next may need it, and closes it where it was opened.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The answer of the call that opened it.
    lease: Handle,
}

/// What such a call gave.
#[derive(Debug, Serialize, Deserialize)]
struct Handle {
    opened: Lease,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}
impl JsonSchema for Handle {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Handle".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-type": "map" })
    }
}

impl Args for Close {
    const NAME: &'static str = "close";
    const POSITIONAL: &'static [&'static str] = &["lease"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: "close(tunnel)",
            given: &[Given::Folder("dest: /var/lib/mig/run/lease.tunnel-6380")],
            does: &["dest: close the tunnel tunnel-6380"],
            undo: &["dest: tunnel from 127.0.0.1:6380 to 127.0.0.1:6379 of source"],
            gives: "",
        },
        Example { script: "close(tunnel)", given: &[], does: &[], undo: &[], gives: "" },
    ];
}

impl Change for Close {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let lease = &self.lease.opened;
        if look.lease(&lease.host, &lease.name)?.phase == Phase::Absent {
            return Ok(Plan::Already);
        }
        let undo = Undo::By(vec![Deed::Lease(Box::new(lease.clone()))]);
        Ok(Plan::Do(vec![Step { deed: Deed::Unlease(Box::new(lease.reversed())), undo }]))
    }
}
