//! What a primitive is, what a deed is, and the only two windows to the world: [`Look`], which
//! changes nothing, and [`World`], which acts and which only the gate holds.
//!
//! Deliberately not here: anything that does something. This room is words.

mod aws;
mod aws_allowance;
mod command;
mod deed;
mod dns;
mod event;
mod halt;
mod http;
mod lease;
mod look;
mod operator;
mod redis;
mod spec;
mod sync;
mod verbs;
mod world;

pub use aws::{
    Address as AwsAddress, Aws, AwsAsk, AwsSeen, Holder, Instance as AwsInstance, Launch, MoveAddress,
    Object as AwsObject, Power, SetPower, Terminate,
};
pub use aws_allowance::{AddressQuota as AwsAddressQuota, Protection as AwsProtection};
pub use command::{Command, quote};
pub use deed::{Bytes, Deed, FileState, Put, PutChecked, Reboot, Run, Source, Step, Undo};
pub use dns::{DnsAnswer, DnsQuestion, DnsRecord, RecordType, status};
pub use event::{Event, Listener, Tally};
pub use halt::{Failure, Halt, Outcome, Stop, failed, unknown, unknown_why};
pub use http::{Body, Check, GIVEN, Http, Json, Reply, Request};
pub use lease::{Lease, LeaseState, LeasedKey, LeasedProcess, Phase, Tunnel, Unlease, alias};
pub use look::{Found, Look, Machine, Output, PortState};
pub use operator::{Answer, Operator, Question};
pub use redis::{Redis, RedisAct, RedisAddress, RedisServer};
pub use spec::{Args, Change, Class, Example, Given, Kind, Plan, Reading, Spec};
pub use sync::{Differences, Sync, Unsync};
pub use verbs::{KINDS, VERBS, Verb, VerbOption};
pub use world::{HostRecord, Released, Settled, Token, World};
