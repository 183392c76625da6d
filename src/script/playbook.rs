//! A playbook with everything it imports, gathered once: what is run is what was gathered.

use super::check::syntax_error;
use super::engine;
use super::errors::{place, with_excerpt};
use super::resolver::Resolver;
use crate::error::{Error, Kind, Place, Result};
use crate::text::nearest::nearest;
use rhai::{AST, ASTNode, Engine, Expr, Position, Stmt};
use std::collections::BTreeMap;

/// How an import is written; shown where one is wrong.
pub const IMPORTS: &str = "imports must stay inside the playbook directory: import \"name\"; or import \"std/name\";";

/// The most that a file of a playbook may hold.
const MAX_SOURCE: usize = 1 << 20;

/// A playbook, its text and its modules.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Playbook {
    pub name: String,
    /// What its places are called: a path, or `conductor (shipped)`.
    pub file: String,
    pub text: String,
    /// Import path to place and text.
    pub modules: BTreeMap<String, (String, String)>,
}

/// One `import "path"` in a file.
struct Import {
    /// `None`: it is computed.
    path: Option<String>,
    at: Option<Place>,
}

impl Playbook {
    /// Gathers a playbook and, transitively, what it imports. `find_module` gives place and text
    /// for an import path (as written, without `.rhai`); it never sees `..` or an absolute path.
    ///
    /// # Errors
    /// Every text that does not parse and every import that cannot be.
    pub fn load(
        name: &str,
        file: &str,
        text: &str,
        find_module: &dyn Fn(&str) -> Option<(String, String)>,
    ) -> Result<Playbook, Vec<Error>> {
        let mut playbook =
            Playbook { name: name.into(), file: file.into(), text: text.into(), modules: BTreeMap::new() };
        let mut errors = vec![];
        let mut gathering = Gathering { find_module, engine: lenient(), errors: &mut errors };
        gathering.gather(&mut playbook, file, text, &mut vec![]);
        if errors.is_empty() { Ok(playbook) } else { Err(errors) }
    }

    /// The text of a file of this playbook.
    pub fn text_of(&self, file: &str) -> Option<String> {
        if file == self.file {
            return Some(self.text.clone());
        }
        self.modules.values().find(|(place, _)| place == file).map(|(_, text)| text.clone())
    }

    /// Whether the playbook itself calls `params`.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn calls_params(&self) -> Result<bool> {
        let ast = lenient().compile(&self.text).map_err(|e| {
            let text_of = |file: &str| self.text_of(file);
            Box::new(syntax_error(&e, &self.file, &text_of))
        })?;
        let mut found = false;
        ast.walk(&mut |path| {
            found |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::FnCall(c, _)) | ASTNode::Expr(Expr::FnCall(c, _))) if c.name == "params");
            !found
        });
        Ok(found)
    }
}

/// An engine that parses, also where a variable is not known.
pub fn lenient() -> Engine {
    let mut e = engine::bare(Resolver::default());
    e.set_strict_variables(false);
    e
}

struct Gathering<'a> {
    find_module: &'a dyn Fn(&str) -> Option<(String, String)>,
    engine: Engine,
    errors: &'a mut Vec<Error>,
}

impl Gathering<'_> {
    fn gather(&mut self, playbook: &mut Playbook, file: &str, text: &str, above: &mut Vec<String>) {
        let text_of = |_: &str| Some(text.to_string());
        if text.len() > MAX_SOURCE {
            let message = format!("{file} has {} bytes; a playbook has at most {MAX_SOURCE}", text.len());
            return self.errors.push(Error::bad_input(message));
        }
        let ast = match self.engine.compile(text) {
            Ok(ast) => ast,
            Err(e) => return self.errors.push(syntax_error(&e, file, &text_of)),
        };
        for import in imports(&ast, file) {
            let wrong = |message: String| {
                let mut e = Error::new(Kind::BadInput, message);
                e.place = import.at.clone();
                with_excerpt(e, 6, &text_of)
            };
            let Some(path) = &import.path else {
                self.errors.push(wrong("an import is a plain text, it cannot be computed".into()).hint(IMPORTS));
                continue;
            };
            if let Err(why) = check_path(path) {
                self.errors.push(wrong(format!("import \"{path}\": {why}")).hint(IMPORTS));
                continue;
            }
            if above.contains(path) {
                let circle = above.iter().skip_while(|p| *p != path).chain([path]);
                let circle = circle.map(String::as_str).collect::<Vec<_>>().join(" -> ");
                self.errors.push(wrong(format!("modules import each other in a circle: {circle}")));
                continue;
            }
            if playbook.modules.contains_key(path) {
                continue;
            }
            let Some((place, text)) = (self.find_module)(path.strip_suffix(".rhai").unwrap_or(path)) else {
                let known: Vec<String> = playbook.modules.keys().cloned().collect();
                let mut e = wrong(format!("no module \"{path}\"")).hint(IMPORTS);
                if let Some(near) = nearest(path, known.iter().map(String::as_str)) {
                    e = e.hint(format!("did you mean {near}?"));
                }
                self.errors.push(e);
                continue;
            };
            playbook.modules.insert(path.clone(), (place.clone(), text.clone()));
            above.push(path.clone());
            self.gather(playbook, &place, &text, above);
            above.pop();
        }
    }
}

/// Every import of a file, also inside functions and closures.
fn imports(ast: &AST, file: &str) -> Vec<Import> {
    let mut found = vec![];
    ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Import(x, pos))) = path.last() {
            let path = match &x.0 {
                Expr::StringConstant(s, _) => Some(s.to_string()),
                _ => None,
            };
            let pos: Position = *pos;
            found.push(Import { path, at: place(file, pos) });
        }
        true
    });
    found
}

/// Whether an import path stays where modules lie.
fn check_path(path: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    match () {
        () if path.is_empty() => Err("the path is empty".into()),
        () if path.starts_with('/') => Err("the path is absolute".into()),
        () if path.starts_with('~') => Err("~ is not expanded".into()),
        () if path.split('/').any(|p| p == "..") => Err("the path leads out with ..".into()),
        () if path.len() > 200 => Err("the path is longer than 200 characters".into()),
        () if path.split('/').any(|p| p.is_empty() || p == ".") => Err("the path has an empty part".into()),
        () if !path.chars().all(plain) => Err("only letters, digits, _, -, . and / may stand in it".into()),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, modules: &[(&str, &str)]) -> Result<Playbook, Vec<Error>> {
        let find = |path: &str| {
            modules.iter().find(|(p, _)| *p == path).map(|(p, text)| (format!("{p}.rhai"), text.to_string()))
        };
        Playbook::load("p", "p.rhai", text, &find)
    }
    fn said(text: &str, modules: &[(&str, &str)]) -> String {
        load(text, modules).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn modules_are_gathered_through_modules() {
        let p =
            load("import \"std/a\"; import \"lib/b\" as b;", &[("std/a", "import \"lib/b\";"), ("lib/b", "fn f() {}")]);
        let p = p.unwrap();
        assert_eq!(p.modules.keys().collect::<Vec<_>>(), ["lib/b", "std/a"]);
        assert_eq!(p.text_of("lib/b.rhai").unwrap(), "fn f() {}");
    }

    #[test]
    fn row_23_a_syntax_error_has_file_line_column_the_line_and_a_caret() {
        let text = said("let a = 1;\nlet b = ;\n", &[]);
        assert!(text.starts_with("p.rhai:2:9: "), "{text}");
        assert!(text.contains("2 | let b = ;\n  |         ^"), "{text}");
        let text = said("import \"m\";", &[("m", "\tlet é = \"x\" +;")]);
        assert!(text.starts_with("m.rhai:1:"), "{text}");
    }

    #[test]
    fn row_26_imports_stay_inside() {
        for path in ["../x", "/etc/x", "a/../../x", "~/x", "", "a//b", "./x", "C:x", "a b"] {
            let text = said(&format!("import \"{path}\";"), &[]);
            assert!(text.contains("imports must stay inside the playbook directory"), "{path}: {text}");
        }
        assert!(said("let x = \"a\"; import x as y;", &[]).contains("cannot be computed"));
        assert!(said("import \"nope\";", &[]).contains("no module \"nope\""));
    }

    #[test]
    fn row_26_an_import_cycle_is_shown() {
        let text = said("import \"a\";", &[("a", "import \"b\";"), ("b", "import \"a\";")]);
        assert!(text.contains("a -> b -> a"), "{text}");
    }

    #[test]
    fn row_26_eval_and_its_like_are_refused() {
        for word in ["eval(\"1\")", "switch 1 { _ => 2 }", "exit()", "sleep(5)"] {
            let text = said(word, &[]);
            assert!(text.contains("cannot be used in a playbook"), "{text}");
        }
    }
}
