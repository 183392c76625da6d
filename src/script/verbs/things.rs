//! `params`, and what it declares: hosts, secrets and plain values.
//!
//! `host("...")`, `hosts("...")` and `secret("...")` declare a parameter until `params` was
//! called, and name a thing of the inventory afterwards (or always, where nothing is declared).

use super::options::{known, text};
use crate::contract::{Failure, Outcome};
use crate::name::HostName;
use crate::script::host::Host;
use crate::script::params::{Declaration, ParamKind, ParamSpec, declare, specs_of};
use crate::script::play::{Eval, Play};
use crate::script::secret_handle::SecretHandle;
use crate::text::nearest::nearest;
use rhai::{Array, Dynamic, Engine, Map, NativeCallContext};
use serde_json::Value;
use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    e.register_type_with_name::<Declaration>("declaration of a parameter");
    for kind in ParamKind::ALL {
        let takes = super::VERBS.iter().find(|v| v.name == kind.word()).map_or(&[][..], |v| v.takes);
        for n in takes {
            let p = play.clone();
            e.register_raw_fn(kind.word(), vec![TypeId::of::<Dynamic>(); *n], move |c, args| {
                let args: Vec<Dynamic> = args.iter().map(|v| (**v).clone()).collect();
                thing(&p, *kind, &c, &args).or_else(|h| p.raise(&c, h))
            });
        }
    }
    let p = play.clone();
    e.register_fn("params", move |c: NativeCallContext, map: Dynamic| -> Eval {
        params(&p, &map).or_else(|h| p.raise(&c, h))
    });
}

fn thing(play: &Play, kind: ParamKind, c: &NativeCallContext, args: &[Dynamic]) -> Outcome<Dynamic> {
    let declares = play.declares && !play.is_bound.load(Ordering::Relaxed);
    match (kind, args) {
        _ if declares => {
            let place = play.place(c.call_source(), c.call_position());
            declare(kind, play.declared.fetch_add(1, Ordering::Relaxed), place, args).map(Dynamic::from)
        }
        (ParamKind::Host, [name]) => play.host(&text("host", "the name", name)?).map(Dynamic::from),
        (ParamKind::Hosts, [name]) => group(play, &known(name)?),
        (ParamKind::Secret, [name]) => {
            let name = text("secret", "the name", name)?;
            play.gate.has_secret(&name)?;
            Ok(Dynamic::from(SecretHandle::of(&name)))
        }
        _ => {
            let f = Failure::new(format!("{} declares a parameter, which only params(#{{ ... }}) can do", kind.word()));
            Err(f.into())
        }
    }
}

/// The hosts of a group, or of a list of names.
fn group(play: &Play, v: &Dynamic) -> Outcome<Dynamic> {
    let names: Vec<String> = match v.read_lock::<Array>() {
        Some(list) => list.iter().map(|n| text("hosts", "a name", n)).collect::<Outcome<_>>()?,
        None => {
            let name = text("hosts", "the name of a group", v)?;
            let groups = &play.setting.groups;
            groups.get(&name).cloned().ok_or_else(|| {
                let names: Vec<&str> = groups.keys().map(String::as_str).collect();
                let mut f = Failure::new(format!("{name:?} is not a group of the inventory"));
                if let Some(near) = nearest(&name, names.iter().copied()) {
                    f = f.hint(format!("did you mean {near}?"));
                }
                f.hint(format!("groups: {}", names.join(", ")))
            })?
        }
    };
    let hosts = names.iter().map(|n| play.host(n).map(Dynamic::from)).collect::<Outcome<Array>>()?;
    Ok(hosts.into())
}

/// The values of the run, for what the playbook declares.
fn params(play: &Play, map: &Dynamic) -> Outcome<Dynamic> {
    if play.is_bound.swap(true, Ordering::Relaxed) {
        return Err(Failure::new("params is called a second time; it stands once, and first").into());
    }
    let mut bound = Map::new();
    for spec in specs_of(map)? {
        let value = play.gate.params().get(&spec.name).or(spec.default.as_ref());
        let Some(value) = value else {
            let f = Failure::new(format!("the run has no value for the parameter {}", spec.name));
            return Err(f.hint("it was declared after the run had begun; give it a default").into());
        };
        bound.insert(spec.name.as_str().into(), bound_value(play, &spec, value)?);
    }
    let mut hosts = vec![];
    bound.values().for_each(|v| hosts_in(v, &mut hosts));
    play.gate.meet(&hosts)?;
    Ok(Dynamic::from_map(bound))
}

/// The hosts that a parameter names.
fn hosts_in(v: &Dynamic, all: &mut Vec<HostName>) {
    if let Some(host) = v.read_lock::<Host>() {
        all.extend(HostName::parse(&host.name).ok().filter(|name| !all.contains(name)));
    } else if let Some(list) = v.read_lock::<Array>() {
        list.iter().for_each(|v| hosts_in(v, all));
    }
}

/// One bound value, as a script sees it.
fn bound_value(play: &Play, spec: &ParamSpec, v: &Value) -> Outcome<Dynamic> {
    let name = || v.as_str().unwrap_or_default();
    match spec.kind {
        ParamKind::Host => play.host(name()).map(Dynamic::from),
        ParamKind::Hosts => group(play, &play.value(v)),
        ParamKind::Secret => Ok(Dynamic::from(SecretHandle::of(name()))),
        _ => Ok(play.value(v)),
    }
}
