//! Primitives as functions of a script: `h.f(x)` and `f(h, x)` are the same, options come last.

use super::lower::{lower, words};
use super::options;
use super::play::{Play, here};
use super::verbs::unknown_option;
use crate::contract::{Failure, Outcome, Spec, failed};
use crate::text::nearest::nearest;
use rhai::{Dynamic, Engine, Map};
use serde_json::{Map as Object, Value};
use std::any::TypeId;
use std::sync::{Arc, OnceLock};

/// Registers the whole table.
pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let table: &'static [Spec] = play.setting.table;
    for spec in table {
        // Making a schema takes as long as sending a command; it is made when it is first needed.
        let known: Arc<OnceLock<Vec<options::Opt>>> = Arc::default();
        for n in [spec.positional.len(), spec.positional.len() + 1] {
            let (p, known) = (play.clone(), known.clone());
            e.register_raw_fn(spec.name, vec![TypeId::of::<Dynamic>(); n], move |c, values| {
                let args = lower_call(spec, &known, values).or_else(|h| p.raise(&c, h))?;
                let lane = here(&c)?;
                p.give(&c, p.gate.call(&lane, spec, args))
            });
        }
    }
}

/// The arguments of one call as JSON: an object, positional ones under their names.
fn lower_call(spec: &Spec, known: &OnceLock<Vec<options::Opt>>, values: &[&mut Dynamic]) -> Outcome {
    let mut args = Object::new();
    for (i, value) in values.iter().enumerate() {
        match spec.positional.get(i) {
            Some(name) => drop(args.insert((*name).into(), lower(value)?)),
            None => add_options(spec, known.get_or_init(|| options::of(spec)), value, &mut args)?,
        }
    }
    Ok(Value::Object(args))
}

fn add_options(spec: &Spec, known: &[options::Opt], value: &Dynamic, args: &mut Object<String, Value>) -> Outcome<()> {
    let flat = super::verbs::known(value)?;
    let Some(map) = flat.read_lock::<Map>() else {
        return failed(format!("{}: options must be a map, as #{{ ... }}, found {}", spec.name, words(&flat)));
    };
    for (key, v) in map.iter() {
        if spec.positional.contains(&key.as_str()) {
            return failed(format!("{}: {key} is given by position, it is no option", spec.name));
        }
        if !known.iter().any(|o| o.name == key.as_str()) {
            return Err(no_such_option(spec, key, known).into());
        }
        // An option set to () is an option not set.
        match lower(v)? {
            Value::Null => {}
            value => drop(args.insert(key.to_string(), value)),
        }
    }
    Ok(())
}

/// "rsync: option "excludes" is unknown; did you mean exclude (list of text)?"
pub fn no_such_option(spec: &Spec, key: &str, known: &[options::Opt]) -> Failure {
    let pairs: Vec<(&str, &str)> = known.iter().map(|o| (o.name.as_str(), o.takes.as_str())).collect();
    unknown_option(spec.name, key, nearest(key, pairs.iter().map(|(name, _)| *name)), &pairs)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::contract::{Args, Class, Example, Halt, Look, Reading};
    use crate::name::{HostName, RemotePath};
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    /// Makes `path` on `to` equal `path` on `from`.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Rsync {
        from: HostName,
        path: RemotePath,
        to: HostName,
        /// What is left out.
        #[serde(default)]
        exclude: Vec<String>,
        #[serde(default)]
        max_delete: Option<u64>,
        #[serde(default)]
        checksum: bool,
    }
    impl Args for Rsync {
        const NAME: &'static str = "rsync";
        const POSITIONAL: &'static [&'static str] = &["from", "path", "to"];
        const EXAMPLES: &'static [Example] = &[];
    }
    impl Reading for Rsync {
        type Output = ();
        const GIVES: &'static str = "nothing";
        fn read(&self, _: &dyn Look) -> Outcome<()> {
            Ok(())
        }
    }
    /// Runs a command.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Ssh {
        host: HostName,
        command: crate::contract::Command,
        #[serde(default)]
        undo: Option<String>,
    }
    impl Args for Ssh {
        const NAME: &'static str = "ssh";
        const POSITIONAL: &'static [&'static str] = &["host", "command"];
        const EXAMPLES: &'static [Example] = &[];
    }
    impl Reading for Ssh {
        type Output = ();
        const GIVES: &'static str = "nothing";
        fn read(&self, _: &dyn Look) -> Outcome<()> {
            Ok(())
        }
    }

    /// A table for the tests of this room.
    pub const TABLE: &[Spec] = &[Spec::reading::<Rsync>(), Spec::reading::<Ssh>()];

    fn call(text: &str) -> Outcome {
        let mut values = rhai::Engine::new().eval::<rhai::Array>(text).unwrap();
        let refs: Vec<&mut Dynamic> = values.iter_mut().collect();
        lower_call(&TABLE[0], &OnceLock::new(), &refs)
    }

    #[test]
    fn positions_get_their_names_and_options_join_them() {
        assert_eq!(TABLE[0].class, Class::Reading);
        assert_eq!(
            call(r#"["a", "/x", "b", #{ exclude: ["*.tmp"], max_delete: () }]"#).unwrap(),
            json!({ "from": "a", "path": "/x", "to": "b", "exclude": ["*.tmp"] })
        );
    }

    #[test]
    fn row_28_an_unknown_option_is_named_with_the_nearest() {
        let said = |text: &str| match call(text) {
            Err(Halt::Failed(f)) => f.message,
            other => format!("{other:?}"),
        };
        assert_eq!(
            said(r#"["a", "/x", "b", #{ excludes: [] }]"#),
            "rsync: option \"excludes\" is unknown; did you mean exclude (list of text)?"
        );
        assert!(said(r#"["a", "/x", "b", 5]"#).contains("options must be a map, as #{ ... }, found int 5"));
        assert!(said(r#"["a", "/x", "b", #{ from: 1 }]"#).contains("from is given by position"));
        assert!(said(r#"["a", "/x", |x| x]"#).contains("closure"));
    }
}
