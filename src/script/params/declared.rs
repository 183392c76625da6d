//! What a playbook declares: it is evaluated up to `params(...)` and stopped there. Nothing that
//! could act exists in that evaluation.

use super::spec::{Declaration, ParamKind, ParamSpec, declare};
use crate::contract::{Failure, Halt};
use crate::error::{Error, Result};
use crate::script::errors;
use crate::script::lower::words;
use crate::script::playbook::Playbook;
use crate::script::resolver::Resolver;
use crate::script::verbs::VERBS;
use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext};
use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The parameters of a playbook, in the order of its source.
///
/// # Errors
/// When something stands before `params`, or a declaration is wrong.
pub fn declared(playbook: &Playbook) -> Result<Vec<ParamSpec>> {
    if !playbook.calls_params()? {
        return Ok(vec![]);
    }
    let found: Arc<Mutex<Option<Vec<ParamSpec>>>> = Arc::default();
    let engine = engine(playbook, &found);
    let wrong = |e: &EvalAltResult| {
        let mut error = errors::error_of(e, &playbook.file, &[], &|file| playbook.text_of(file));
        error.kind = crate::error::Kind::BadInput;
        Box::new(error)
    };
    let mut ast = engine.compile(&playbook.text).map_err(|e| wrong(&e.into()))?;
    ast.set_source(playbook.file.as_str());
    let result = engine.run_ast(&ast);
    let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (found, result) {
        (Some(specs), _) => Ok(specs),
        (None, Err(e)) => Err(wrong(&e)),
        (None, Ok(())) => {
            Error::bad_input("params(...) is never reached").hint("it stands first, outside of if, step and fn").err()
        }
    }
}

/// An engine that knows how to declare, and nothing else.
fn engine(playbook: &Playbook, found: &Arc<Mutex<Option<Vec<ParamSpec>>>>) -> Engine {
    let mut e = crate::script::engine::bare(Resolver::new(&playbook.modules, &[]));
    for verb in VERBS.iter().filter(|v| v.name != "params") {
        let kind = ParamKind::ALL.iter().copied().find(|k| k.word() == verb.name);
        let order = Arc::new(AtomicUsize::new(0));
        for n in verb.takes {
            let (file, order) = (playbook.file.clone(), order.clone());
            e.register_raw_fn(verb.name, vec![TypeId::of::<Dynamic>(); *n], move |c, args| {
                let place = errors::place(c.call_source().unwrap_or(&file), c.call_position());
                let args: Vec<Dynamic> = args.iter().map(|v| (**v).clone()).collect();
                let declared = match kind {
                    // The column tells the order: one counter for each kind would not.
                    Some(kind) => declare(kind, order.fetch_add(1, Ordering::Relaxed), place.clone(), &args),
                    None => Err(Failure::new("params(...) comes first: nothing can be done before it").into()),
                };
                declared.map(Dynamic::from).map_err(|halt| thrown(halt, &c, place.as_ref()))
            });
        }
    }
    let (found, file) = (found.clone(), playbook.file.clone());
    e.register_fn("params", move |c: NativeCallContext, map: Dynamic| -> std::result::Result<Dynamic, _> {
        let place = errors::place(c.call_source().unwrap_or(&file), c.call_position());
        let specs = specs_of(&map).map_err(|halt| thrown(halt, &c, place.as_ref()))?;
        *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(specs);
        Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, c.call_position())))
    });
    e
}

fn thrown(halt: Halt, c: &NativeCallContext, place: Option<&crate::error::Place>) -> Box<EvalAltResult> {
    let f = match halt {
        Halt::Failed(f) => *f,
        Halt::Stop(_) => Failure::new("this value exists only in a run"),
    };
    Box::new(EvalAltResult::ErrorRuntime(errors::thrown(f, place), c.call_position()))
}

/// The map that `params` was given, as specs in the order of the source.
///
/// # Errors
/// When it is no map of declarations, or a name is reserved.
pub fn specs_of(map: &Dynamic) -> std::result::Result<Vec<ParamSpec>, Halt> {
    let fail = |message: String| {
        Err(Failure::new(message).hint("as params(#{ source: host(\"the machine in service\") })").into())
    };
    let map = map.flatten_clone();
    let Some(map) = map.read_lock::<Map>().map(|m| m.clone()) else {
        return fail(format!("params needs a map of declarations, found {}", words(&map)));
    };
    let mut specs = vec![];
    for (name, v) in map {
        if crate::name::RESERVED.contains(&name.as_str()) {
            return fail(format!("{name:?} is a reserved word of the language; call the parameter otherwise"));
        }
        let Some(d) = v.read_lock::<Declaration>().map(|d| d.clone()) else {
            return fail(format!("params: {name} must be declared by host, text, path, ..., found {}", words(&v)));
        };
        let key = d.place.as_ref().map(|p| (p.line, p.column));
        let Declaration { kind, about, default, choices, place, order } = d;
        specs.push(((key, order), ParamSpec { name: name.to_string(), kind, about, default, choices, place }));
    }
    specs.sort_by_key(|(order, _)| *order);
    Ok(specs.into_iter().map(|(_, spec)| spec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<ParamSpec>> {
        declared(&Playbook::load("p", "p.rhai", text, &|_| None).unwrap())
    }

    #[test]
    fn parameters_are_read_in_the_order_of_the_source() {
        let specs = of(r#"const ROOT = "/var/pryv";
            let p = params(#{
                source: host("the register in service"),
                domain: text("platform domain"), root: path("root", ROOT),
                mode: choice("how", ["fast", "safe"], "safe"),
                count: int("how many", 3),
            });
            p.source.ssh("rm -rf /");"#)
        .unwrap();
        let names: Vec<&str> = specs.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["source", "domain", "root", "mode", "count"]);
        assert_eq!(specs[2].default, Some("/var/pryv".into()));
        assert_eq!(specs[3].choices, ["fast", "safe"]);
        assert_eq!(specs[0].place.as_ref().unwrap().line, 3);
    }

    #[test]
    fn a_playbook_without_parameters_is_not_evaluated() {
        assert_eq!(of("loop { }").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, wanted) in [
            ("note(\"x\");\nlet p = params(#{});", "p.rhai:1:1: params(...) comes first"),
            ("let p = params(#{ n: int(\"x\", \"y\") });", "int: the default must be a whole number"),
            ("let p = params(#{ n: 5 });", "params: n must be declared by host, text"),
            ("let p = params(#{ \"new\": text(\"x\") });", "\"new\" is a reserved word"),
            ("let p = params(5);", "params needs a map"),
            ("if false { params(#{}); }", "never reached"),
        ] {
            let said = of(text).unwrap_err();
            assert!(said.to_string().contains(wanted), "{text}: {said}");
            assert_eq!(said.kind, crate::error::Kind::BadInput);
        }
    }
}
