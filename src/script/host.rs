//! A host in a script: its name, its address, and (registered elsewhere) every primitive as a method.

use rhai::Engine;

/// A machine of the inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub address: String,
}

/// Teaches the engine what a host is.
pub fn register(e: &mut Engine) {
    e.register_type_with_name::<Host>("Host");
    e.register_get("name", |h: &mut Host| h.name.clone());
    e.register_get("address", |h: &mut Host| h.address.clone());
    e.register_fn("to_string", |h: &mut Host| h.name.clone());
    e.register_fn("to_debug", |h: &mut Host| format!("host {}", h.name));
    e.register_fn("==", |a: Host, b: Host| a.name == b.name);
    e.register_fn("!=", |a: Host, b: Host| a.name != b.name);
    e.register_fn("+", |a: Host, b: &str| format!("{}{b}", a.name));
    e.register_fn("+", |a: &str, b: Host| format!("{a}{}", b.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_name() {
        let mut e = Engine::new();
        register(&mut e);
        let mut scope = rhai::Scope::new();
        let host = |name: &str| Host { name: name.into(), address: "192.0.2.1".into() };
        scope.push("a", host("source")).push("b", host("source")).push("c", host("dest"));
        let is = |text: &str| e.eval_with_scope::<bool>(&mut scope.clone(), text).unwrap();
        assert!(is("a == b && a != c"));
        assert!(is("a.name == \"source\" && a.address == \"192.0.2.1\""));
        assert!(is("`${a}:443` == \"source:443\" && \"at \" + a == \"at source\""));
        assert!(is("a in [c, b]"));
    }
}
