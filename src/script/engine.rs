//! The engine without any verb: chosen packages, every limit, and nothing that a replay could not
//! give again (no clock, no random, no files, no `eval`).
//!
//! Deliberately not here: what a playbook can do. Verbs and primitives are registered on top.

use super::resolver::Resolver;
use super::{answers, host, secret_handle};
use rhai::packages::Package;
use rhai::{Engine, OptimizationLevel, Token, def_package};

/// How many operations one evaluation may take. A wait that polls every second for days stays far
/// below it, an endless loop is stopped within seconds.
pub const MAX_OPERATIONS: u64 = 20_000_000;
/// How deep calls may nest.
pub const MAX_CALL_LEVELS: usize = 64;
/// The longest text, in bytes: twice what a command may print.
pub const MAX_TEXT: usize = 16 << 20;
/// The most items a list may have.
pub const MAX_LIST: usize = 1_000_000;
/// The most entries a map may have.
pub const MAX_MAP: usize = 100_000;
/// The stack of a thread that evaluates a playbook: deep recursion ends by [`MAX_CALL_LEVELS`].
pub const STACK: usize = 16 << 20;

/// Words of Rhai that a playbook cannot use, and what to write instead.
pub const REFUSED: &[(&str, &str)] = &[
    ("eval", "a playbook cannot make up code while it runs; write the code itself"),
    ("switch", "use if and else: a switch cannot tell a value that only a run can give from any other"),
    ("exit", "use return, or expect(false, \"why\") to stop the run"),
    ("sleep", "use wait_until(\"what is awaited\", || a reading)"),
];

def_package! {
    /// What replay can give again, and nothing else.
    PlaybookPackage(lib): rhai::packages::CorePackage, rhai::packages::LogicPackage,
        rhai::packages::BasicArrayPackage, rhai::packages::BasicMapPackage,
        rhai::packages::BasicMathPackage, rhai::packages::MoreStringPackage {
        let _ = lib;
    }
}

/// An engine with the language, the values of a playbook and its modules; without verbs.
pub fn bare(modules: Resolver) -> Engine {
    let mut e = Engine::new_raw();
    PlaybookPackage::new().register_into_engine(&mut e);
    limit(&mut e);
    refuse_words(&mut e);
    // Whoever evaluates decides where text goes; by default nowhere, never to a terminal.
    e.on_print(|_| ()).on_debug(|_, _, _| ());
    e.set_module_resolver(modules);
    host::register(&mut e);
    secret_handle::register(&mut e);
    answers::register(&mut e);
    e
}

/// Keywords are disabled; functions of the core package are names to Rhai, so the parser is told
/// that theirs are reserved.
fn refuse_words(e: &mut Engine) {
    for (word, _) in REFUSED {
        e.disable_symbol(*word);
    }
    #[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
    e.on_parse_token(|token, _, _| match token {
        Token::Identifier(name) if REFUSED.iter().any(|(word, _)| *word == name.as_str()) => Token::Reserved(name),
        token => token,
    });
}

/// The same in debug and in release: what passes a test passes at night.
fn limit(e: &mut Engine) {
    e.set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_CALL_LEVELS)
        .set_max_expr_depths(64, 32)
        .set_max_string_size(MAX_TEXT)
        .set_max_array_size(MAX_LIST)
        .set_max_map_size(MAX_MAP)
        .set_max_variables(2_000)
        .set_max_functions(2_000)
        .set_max_modules(64);
}
