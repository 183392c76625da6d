//! What lines that are typed one after the other share: variables, functions and imports.
//!
//! It belongs to no gate: each line may be evaluated against another one, dry or in earnest.

use super::host::Host;
use super::play::{Eval, Setting};
use super::resolver::Resolver;
use crate::name::RESERVED;
use rhai::{AST, Dynamic, Engine, Expr, Map, ModuleResolver, Position, Scope, Stmt};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names, and what they stand for.
pub struct Memory {
    pub(super) scope: Scope<'static>,
    /// The functions and closures of the lines so far.
    pub(super) functions: AST,
    /// Import path to place and text, as in a playbook.
    pub(super) modules: BTreeMap<String, (String, String)>,
    /// `import "path" as alias`, in their order; without an alias it is empty.
    pub(super) imports: Vec<(String, String)>,
}

/// What a name stands for, as far as completion wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Host,
    /// A map, with its keys.
    Map(Vec<String>),
    Text,
    List,
    Other,
}

impl Default for Memory {
    fn default() -> Self {
        Memory { scope: Scope::new(), functions: AST::empty(), modules: BTreeMap::new(), imports: vec![] }
    }
}

impl Memory {
    /// The names at the beginning: each host and each group of the inventory under its own, and
    /// the parameters. A name that the language cannot say is left out: `host("r-1")` still can.
    pub fn new(setting: &Setting, params: &Value) -> Self {
        let mut memory = Memory::default();
        let host = |name: &String| {
            let address = setting.hosts.get(name).cloned().unwrap_or_default();
            Dynamic::from(Host { name: name.clone(), address })
        };
        for name in setting.hosts.keys().filter(|n| can_be_said(n)) {
            memory.scope.push_dynamic(name.clone(), host(name));
        }
        for (name, members) in setting.groups.iter().filter(|(n, _)| can_be_said(n)) {
            let list: rhai::Array = members.iter().map(host).collect();
            memory.scope.push_dynamic(name.clone(), list.into());
        }
        for (name, value) in params.as_object().into_iter().flatten().filter(|(n, _)| can_be_said(n)) {
            memory.scope.push_dynamic(name.clone(), plain(value));
        }
        memory
    }

    /// The names there are, each once, the last meaning of each.
    pub fn names(&self) -> BTreeMap<String, Known> {
        let known = |v: &Dynamic| {
            let v = v.flatten_clone();
            match () {
                () if v.is::<Host>() => Known::Host,
                () if v.is_map() => Known::Map(
                    v.read_lock::<Map>().map(|m| m.keys().map(ToString::to_string).collect()).unwrap_or_default(),
                ),
                () if v.is_string() => Known::Text,
                () if v.is_array() => Known::List,
                () => Known::Other,
            }
        };
        self.scope.iter_raw().map(|(name, _, v)| (name.to_string(), known(v))).collect()
    }

    /// The functions that were defined, with the number of their arguments; methods with their type.
    pub fn functions(&self) -> Vec<(String, usize, bool)> {
        let named = self.functions.iter_functions().filter(|f| !f.name.starts_with("anon$"));
        named.map(|f| (f.name.to_string(), f.params.len(), f.this_type.is_some())).collect()
    }

    /// Whether there is a function or a closure of this name.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.functions.iter_functions().any(|f| f.name == name)
    }

    /// The modules that can be named, by alias.
    pub fn aliases(&self) -> Vec<&str> {
        self.imports.iter().map(|(alias, _)| alias.as_str()).filter(|a| !a.is_empty()).collect()
    }

    /// The methods that imported modules and lines add to hosts.
    pub fn methods(&self) -> Vec<String> {
        let texts = self.imports.iter().filter_map(|(_, path)| self.modules.get(path).map(|(_, text)| text));
        let lenient = super::playbook::lenient();
        let mut names: Vec<String> = texts
            .filter_map(|text| lenient.compile(text).ok())
            .flat_map(|ast| {
                ast.iter_functions().filter(|f| f.this_type.is_some()).map(|f| f.name.to_string()).collect::<Vec<_>>()
            })
            .chain(self.functions().into_iter().filter(|(_, _, is_method)| *is_method).map(|(name, ..)| name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Takes in the modules that a line imports, gathered beforehand.
    pub fn take_modules(&mut self, modules: &BTreeMap<String, (String, String)>) {
        self.modules.extend(modules.iter().map(|(k, v)| (k.clone(), v.clone())));
    }

    /// Keeps the functions and imports of what was evaluated.
    pub(super) fn keep(&mut self, ast: &AST) {
        self.functions = self.functions.merge(&ast.clone_functions_only());
        for s in ast.statements() {
            if let Stmt::Import(x, _) = s
                && let Expr::StringConstant(path, _) = &x.0
            {
                let import = (x.1.name.to_string(), path.to_string());
                if !self.imports.contains(&import) {
                    self.imports.push(import);
                }
            }
        }
    }

    /// Makes the modules of earlier lines known to an engine, as their imports did then.
    pub(super) fn import_into(&self, engine: &mut Engine) -> Eval<()> {
        let resolver = Resolver::new(&self.modules, &[]);
        for (n, (alias, path)) in self.imports.iter().enumerate() {
            let module = resolver.resolve(engine, None, path, Position::NONE)?;
            // Without a name its methods are known all the same.
            let name = if alias.is_empty() { format!("import {n}") } else { alias.clone() };
            engine.register_static_module(name, module);
        }
        Ok(())
    }
}

/// Whether a name of the inventory can be a name of the language.
pub fn can_be_said(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let keyword = [
        "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "do", "return", "true", "false", "this",
        "import", "export", "private", "try", "catch", "throw", "break", "continue",
    ];
    begins
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
        && !keyword.contains(&name)
}

/// A parameter: plain values only.
fn plain(v: &Value) -> Dynamic {
    match v {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => (*b).into(),
        Value::Number(n) => n.as_i64().map(Dynamic::from).or(n.as_f64().map(Dynamic::from)).unwrap_or_default(),
        Value::String(s) => s.clone().into(),
        Value::Array(items) => items.iter().map(plain).collect::<rhai::Array>().into(),
        Value::Object(o) => Dynamic::from_map(o.iter().map(|(k, v)| (k.as_str().into(), plain(v))).collect()),
    }
}
