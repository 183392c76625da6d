//! Walks the tree of one file, and asks each rule where it may be broken.

use super::capabilities::Touch;
use super::finding::{Finding, Level};
use super::functions::Names;
use super::source::{Closure, Source, closure_of, variable};
use super::{arguments, borrowed, functions, methods, opaque, outer, parameters, titles};
use rhai::{Expr, FnCallExpr, Position, Stmt};

/// A walk through one file.
pub struct Walk<'a> {
    pub source: &'a Source,
    pub names: &'a Names<'a>,
    pub found: Vec<Finding>,
    /// The names that are known inside the innermost closure of a verb, innermost block last.
    pub locals: Vec<Vec<String>>,
    /// What that closure captured; `None` outside of such closures.
    pub captured: Option<Vec<String>>,
    /// In the closure of a verb itself, not in one that a list method calls.
    pub this_is_unbound: bool,
    /// How many functions, closures and branches the walk is in.
    pub depth: usize,
    pub params: parameters::Seen,
    /// Where the walk is: `the step "Copy"`, `the function stop`.
    pub part: String,
    /// The function that it is in.
    pub function: Option<String>,
    pub touched: Vec<Touch>,
}

/// One call, with the value in front of its dot.
pub struct Call<'a> {
    pub call: &'a FnCallExpr,
    pub pos: Position,
    pub receiver: Option<&'a Expr>,
}

impl Call<'_> {
    pub fn name(&self) -> &str {
        &self.call.name
    }
    /// The arguments, the receiver first.
    pub fn args(&self) -> Vec<&Expr> {
        self.receiver.into_iter().chain(self.call.args.iter()).collect()
    }
    pub fn len(&self) -> usize {
        self.name().chars().count()
    }
}

impl<'a> Walk<'a> {
    pub fn new(source: &'a Source, names: &'a Names<'a>) -> Self {
        Walk {
            source,
            names,
            found: vec![],
            locals: vec![],
            captured: None,
            this_is_unbound: false,
            depth: 0,
            params: parameters::Seen::default(),
            part: "the playbook".into(),
            function: None,
            touched: vec![],
        }
    }

    pub fn findings(mut self) -> Vec<Finding> {
        self.walk();
        self.found
    }

    /// Goes through the whole file.
    pub fn walk(&mut self) {
        let source = self.source;
        self.block(&source.statements);
        // Closures are walked where they stand.
        for body in source.bodies.iter().filter(|b| !b.name.starts_with("anon$")) {
            let part = std::mem::replace(&mut self.part, format!("the function {}", body.name));
            self.function = Some(body.name.clone());
            methods::check(self, body);
            self.inner(|w| {
                w.locals.push(body.params.clone());
                w.block(&body.statements);
                w.locals.pop();
            });
            self.function = None;
            self.part = part;
        }
        parameters::at_the_end(self);
    }

    pub fn say(&mut self, pos: Position, len: usize, message: String, hint: Option<String>) {
        self.say_as(Level::Error, pos, len, message, hint);
    }

    /// The same for what is no error.
    pub fn say_as(&mut self, level: Level, pos: Position, len: usize, message: String, hint: Option<String>) {
        let finding = self.source.finding(pos, len, message, hint);
        self.found.push(Finding { level, ..finding });
    }

    fn inner(&mut self, walk: impl FnOnce(&mut Self)) {
        self.depth += 1;
        walk(self);
        self.depth -= 1;
    }

    fn block(&mut self, statements: &'a [Stmt]) {
        titles::check(self, statements);
        self.locals.push(vec![]);
        for s in statements {
            self.statement(s);
        }
        self.locals.pop();
    }

    fn declare(&mut self, name: &str) {
        if let Some(top) = self.locals.last_mut() {
            top.push(name.into());
        }
    }

    fn statement(&mut self, s: &'a Stmt) {
        match s {
            Stmt::If(x, _) | Stmt::While(x, _) | Stmt::Do(x, ..) => {
                self.expr(&x.expr);
                self.inner(|w| {
                    w.block(x.body.statements());
                    w.block(x.branch.statements());
                });
            }
            Stmt::For(x, _) => {
                self.expr(&x.2.expr);
                self.inner(|w| {
                    w.locals.push(x.1.iter().chain([&x.0]).map(|i| i.name.to_string()).collect());
                    w.block(x.2.body.statements());
                    w.locals.pop();
                });
            }
            Stmt::TryCatch(x, _) => self.inner(|w| {
                w.block(x.body.statements());
                w.locals.push(variable(&x.expr).map(String::from).into_iter().collect());
                w.block(x.branch.statements());
                w.locals.pop();
            }),
            Stmt::Var(x, ..) => {
                self.expr(&x.1);
                parameters::bound(self, &x.0.name, &x.1);
                self.declare(&x.0.name);
            }
            Stmt::Assignment(x) => {
                outer::assigned(self, &x.1.lhs);
                self.expr(&x.1.lhs);
                self.expr(&x.1.rhs);
            }
            Stmt::FnCall(call, pos) => self.call(&Call { call, pos: *pos, receiver: None }),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Expr(e) => self.expr(e),
            Stmt::BreakLoop(Some(e), ..) | Stmt::Return(Some(e), ..) => self.expr(e),
            _ => {}
        }
    }

    fn expr(&mut self, e: &'a Expr) {
        if let Some(closure) = closure_of(e) {
            return self.closure(&closure, false);
        }
        match e {
            Expr::FnCall(call, pos) | Expr::MethodCall(call, pos) => {
                self.call(&Call { call, pos: *pos, receiver: None });
            }
            Expr::Dot(x, ..) => {
                borrowed::chain(self, &x.lhs, &x.rhs);
                if !parameters::read(self, &x.lhs, &x.rhs) {
                    self.expr(&x.lhs);
                }
                self.chain(&x.lhs, &x.rhs);
            }
            Expr::Index(x, ..) => {
                borrowed::chain(self, &x.lhs, &x.rhs);
                self.expr(&x.lhs);
                self.expr(&x.rhs);
            }
            Expr::InterpolatedString(x, _) | Expr::Array(x, _) => x.iter().for_each(|e| self.expr(e)),
            Expr::Map(x, _) => x.0.iter().for_each(|(_, e)| self.expr(e)),
            Expr::And(x, _) | Expr::Or(x, _) | Expr::Coalesce(x, _) => x.iter().for_each(|e| self.expr(e)),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::Variable(..) => parameters::handed_on(self, e),
            Expr::ThisPtr(pos) => outer::this(self, *pos),
            _ => {}
        }
    }

    /// What stands behind a dot: a chain leans to the right.
    fn chain(&mut self, receiver: &'a Expr, e: &'a Expr) {
        match e {
            Expr::MethodCall(call, pos) => self.call(&Call { call, pos: *pos, receiver: Some(receiver) }),
            Expr::Dot(x, ..) => {
                self.chain(receiver, &x.lhs);
                self.chain(&x.lhs, &x.rhs);
            }
            Expr::Index(x, ..) => {
                self.chain(receiver, &x.lhs);
                self.expr(&x.rhs);
            }
            Expr::Property(..) => {}
            other => self.expr(other),
        }
    }

    fn call(&mut self, c: &Call<'a>) {
        if c.call.op_token.is_none() {
            parameters::called(self, c);
            parameters::named(self, c);
            functions::check(self, c);
            arguments::check(self, c);
            opaque::check(self, c);
            outer::changed(self, c);
            super::capabilities::note(self, c);
        }
        let part = titles::of_call(c.call).map(|(title, _)| format!("the step \"{title}\""));
        let around = part.map(|part| std::mem::replace(&mut self.part, part));
        let declares = std::mem::replace(&mut self.params.declares, c.name() == "params");
        let runs = self.names.verb(c.name()).is_some_and(|v| v.runs) && c.call.op_token.is_none();
        for arg in &c.call.args {
            match (closure_of(arg), arg) {
                (Some(closure), _) => {
                    functions::closure(self, c, &closure, arg);
                    self.closure(&closure, runs);
                }
                // manual(..., #{ done_when: || ... })
                (None, Expr::Map(x, _)) if runs => {
                    for (_, e) in &x.0 {
                        match closure_of(e) {
                            Some(closure) => {
                                functions::closure(self, c, &closure, e);
                                self.closure(&closure, true);
                            }
                            None => self.expr(e),
                        }
                    }
                }
                _ => self.expr(arg),
            }
        }
        self.params.declares = declares;
        if let Some(around) = around {
            self.part = around;
        }
    }

    /// A closure where it stands. `runs`: a verb calls it, so that it is a step or a branch.
    fn closure(&mut self, closure: &Closure, runs: bool) {
        let source = self.source;
        let Some(body) = source.body(&closure.name) else { return };
        let own: Vec<String> = body.params.iter().skip(closure.captured.len()).cloned().collect();
        let unbound = std::mem::replace(&mut self.this_is_unbound, runs);
        let outside = runs.then(|| {
            let captured = self.captured.replace(closure.captured.clone());
            (captured, std::mem::take(&mut self.locals))
        });
        self.inner(|w| {
            w.locals.push(own);
            w.block(&body.statements);
            w.locals.pop();
        });
        if let Some((captured, locals)) = outside {
            self.captured = captured;
            self.locals = locals;
        }
        self.this_is_unbound = unbound;
    }
}
