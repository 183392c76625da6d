//! AWS: Elastic IPs, instances, launches and objects, against a real moto server. Where moto is
//! kinder than AWS, or knows no faults, a small proxy before it is as strict and as unreliable.
//! Nothing here can reach Amazon: every request has the proxy as its endpoint.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live_aws/address.rs"]
mod address;
#[path = "live_aws/credentials.rs"]
mod credentials;
#[path = "live_aws/instance.rs"]
mod instance;
#[path = "live_aws/launch.rs"]
mod launch;
#[path = "live_aws/moto.rs"]
mod moto;
#[path = "live_aws/object.rs"]
mod object;
#[path = "live_aws/shim.rs"]
mod shim;
#[path = "live_aws/stage.rs"]
mod stage;
