//! The deeds, and what can be said of one whose end nobody saw.

use super::super::folder::reason;
use super::super::link::Fleet;
use crate::contract::{Aws, MoveAddress, Outcome, Power, SetPower, Settled, Token};
use serde_json::{Value, json};

impl Fleet {
    pub async fn act_aws(&self, token: &Token, deed: &Aws) -> Outcome<Value> {
        match deed {
            Aws::MoveAddress(m) => self.act_move(m).await,
            Aws::SetPower(p) => self.act_power(p).await,
            Aws::Launch(l) => self.act_launch(token, l).await,
            Aws::Terminate(t) => self.act_terminate(t).await,
        }
    }

    /// Looks at what the account has. What was begun and is not seen to be done may be sent again,
    /// for every deed here first reads what is left.
    pub async fn settle_aws(&self, deed: &Aws) -> Settled {
        let seen = match deed {
            Aws::MoveAddress(m) => self.settle_move(m).await,
            Aws::SetPower(p) => self.settle_power(p).await,
            Aws::Launch(l) => self.launched(&l.name).await.map(|all| match all.first() {
                Some(instance) => Settled::Done(super::launch::answer(instance)),
                None => Settled::SameToken,
            }),
            Aws::Terminate(_) => Ok(Settled::SameToken),
        };
        seen.unwrap_or_else(|halt| Settled::Unknown(format!("{deed}: its outcome is unknown: {}", reason(&halt))))
    }

    async fn settle_move(&self, deed: &MoveAddress) -> Outcome<Settled> {
        let now = self.steady(deed).await?;
        Ok(if now.is_at(deed.to.as_ref()) {
            Settled::Done(super::address::answer(&now))
        } else if now.is_at(deed.from.as_ref()) || now.is_at(None) {
            Settled::SameToken
        } else {
            Settled::Unknown(super::address::third(deed, &now))
        })
    }

    async fn settle_power(&self, deed: &SetPower) -> Outcome<Settled> {
        Ok(match self.instance(&deed.instance).await? {
            Ok(now) if deed.power == Power::Running && now.is_not_ready().is_none() => {
                Settled::Done(json!({ "changed": true }))
            }
            Ok(now) if deed.power == Power::Stopped && now.state == "stopped" => {
                Settled::Done(json!({ "changed": true }))
            }
            _ => Settled::SameToken,
        })
    }
}
