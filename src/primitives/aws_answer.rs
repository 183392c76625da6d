//! What AWS answers to the questions of the primitives, each in its own form.

use crate::contract::{Aws, AwsAddress, AwsAsk, AwsInstance, AwsProtection, AwsSeen, Look, Outcome, failed};

pub fn address(look: &dyn Look, text: &str) -> Outcome<AwsAddress> {
    match look.aws(&AwsAsk::Address(text.into()))? {
        AwsSeen::Address(address) => Ok(address),
        other => failed(format!("asked for the Elastic IP {text}, AWS gave {other:?}")),
    }
}

pub fn instance(look: &dyn Look, id: &str) -> Outcome<AwsInstance> {
    match look.aws(&AwsAsk::Instance(id.into()))? {
        AwsSeen::Instance(instance) => Ok(*instance),
        other => failed(format!("asked for the instance {id}, AWS gave {other:?}")),
    }
}

/// Asked for by itself: it is some requests more, which those who wait for an instance need not make.
pub fn protection(look: &dyn Look, id: &str) -> Outcome<AwsProtection> {
    match look.aws(&AwsAsk::Protection(id.into()))? {
        AwsSeen::Protection(protection) => Ok(protection),
        other => failed(format!("asked what {id} is protected from, AWS gave {other:?}")),
    }
}

pub fn addresses_of(look: &dyn Look, id: &str) -> Outcome<Vec<AwsAddress>> {
    match look.aws(&AwsAsk::AddressesOf(id.into()))? {
        AwsSeen::Addresses(all) => Ok(all),
        other => failed(format!("asked for the addresses of {id}, AWS gave {other:?}")),
    }
}

/// AWS would take it, as far as it can be asked without doing it.
pub fn would(look: &dyn Look, deed: &Aws) -> Outcome<()> {
    match look.aws(&AwsAsk::Would(deed.clone()))? {
        AwsSeen::Fit => Ok(()),
        other => failed(format!("asked whether it would take `{deed}`, AWS gave {other:?}")),
    }
}
