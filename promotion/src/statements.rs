//! What each statement of a cell binds, names and changes, and which of them a value needs.

use ironbook_session::parse::{self, Cell, Kind};
use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use syn::visit::Visit;

/// A statement of a cell.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Its bytes in the Rust text.
    pub range: Range<usize>,
    /// Names that it binds.
    pub binds: BTreeSet<String>,
    /// Those of them that are `mut`.
    pub mutable: BTreeSet<String>,
    /// Names from outside of it that it mentions.
    pub mentions: BTreeSet<String>,
    /// Names that it assigns to.
    pub assigns: BTreeSet<String>,
    /// All identifiers in it.
    pub idents: BTreeSet<String>,
    /// Functions that it calls, by their last name.
    pub calls: BTreeSet<String>,
    /// Methods that it calls.
    pub methods: BTreeSet<String>,
    /// Whether it is a `let`.
    pub is_let: bool,
    /// Whether it is the last expression, whose value is shown.
    pub is_tail: bool,
    /// Whether it has no other effect than to print.
    pub prints: bool,
    /// Whether it can end the cell early.
    pub returns: bool,
    /// Whether it waits for a future, be it in a macro.
    pub awaits: bool,
}

/// Macros that only print.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];
/// Macros that stand guard.
const GUARDS: &[&str] = &["assert", "assert_eq", "assert_ne", "debug_assert", "panic", "bail", "ensure"];
/// Words in the names of functions that do something to the world outside of the process.
const EFFECTS: &[&str] = &[
    "write", "save", "create", "remove", "rename", "set", "seed", "spawn", "export", "upload", "download", "register",
];
/// The same of methods, which builders have many harmless ones of.
const EFFECT_METHODS: &[&str] = &["write", "save", "send", "spawn", "require", "register"];

/// The statements of a parsed cell.
pub(crate) fn statements(text: &str, cell: &Cell) -> Vec<Statement> {
    cell.statements.iter().map(|of| statement(text, of)).collect()
}

fn statement(text: &str, of: &parse::Statement) -> Statement {
    let own = &text[of.range.clone()];
    let mut idents = BTreeSet::new();
    if let Ok(tokens) = own.parse::<TokenStream>() {
        parse::idents_of(tokens, &mut idents);
    }
    // Alone, it mentions also what earlier statements of the cell bound.
    let alone = parse::parse(own, &|_| false).ok();
    let awaits = alone.as_ref().map_or_else(|| idents.contains("await"), |cell| cell.awaits);
    let alone = alone.and_then(|cell| cell.statements.into_iter().next());
    let (mentions, assigns) =
        alone.map_or_else(|| (of.mentions.clone(), of.assigns.clone()), |alone| (alone.mentions, alone.assigns));
    let mut shape = Shape::default();
    if let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{own}\n}}")) {
        shape.visit_block(&block);
    }
    let binds: BTreeSet<String> = match &of.kind {
        Kind::Let { names, .. } => names.iter().cloned().collect(),
        _ => BTreeSet::new(),
    };
    let prints = shape.only_macro.as_deref().is_some_and(|name| PRINTING.contains(&name));
    Statement {
        range: of.range.clone(),
        mutable: binds.intersection(&shape.mutable).cloned().collect(),
        binds,
        mentions,
        assigns,
        idents,
        calls: shape.calls,
        methods: shape.methods,
        is_let: matches!(of.kind, Kind::Let { .. }),
        is_tail: matches!(of.kind, Kind::Tail { .. }),
        prints,
        returns: shape.returns,
        awaits,
    }
}

#[derive(Default)]
pub(crate) struct Shape {
    mutable: BTreeSet<String>,
    /// Functions that are called, by their last name.
    pub calls: BTreeSet<String>,
    /// Methods that are called.
    pub methods: BTreeSet<String>,
    /// Whether there is a `return` outside of closures and functions.
    returns: bool,
    /// The name of the macro that the whole statement calls.
    only_macro: Option<String>,
}

impl<'ast> Visit<'ast> for Shape {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        let only = match block.stmts.as_slice() {
            [syn::Stmt::Macro(call)] => Some(&call.mac),
            [syn::Stmt::Expr(syn::Expr::Macro(call), _)] => Some(&call.mac),
            _ => None,
        };
        if let Some(call) = only {
            self.only_macro = call.path.segments.last().map(|last| last.ident.to_string());
        }
        syn::visit::visit_block(self, block);
    }

    fn visit_expr_return(&mut self, expr: &'ast syn::ExprReturn) {
        self.returns = true;
        syn::visit::visit_expr_return(self, expr);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        let before = self.returns;
        syn::visit::visit_expr_closure(self, closure);
        self.returns = before;
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        let before = self.returns;
        syn::visit::visit_expr_async(self, block);
        self.returns = before;
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            self.calls.extend(path.path.segments.last().map(|last| last.ident.to_string()));
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.methods.insert(call.method.to_string());
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        if pat.mutability.is_some() {
            self.mutable.insert(pat.ident.to_string());
        }
        syn::visit::visit_pat_ident(self, pat);
    }
}

impl Statement {
    /// Whether it may do something to the world outside of the process, or stands guard.
    pub fn has_effect(&self) -> bool {
        has_effect(&self.calls, &self.methods) || self.idents.iter().any(|name| GUARDS.contains(&name.as_str()))
    }

    /// Whether it can change something through a name that it mentions.
    fn takes_hold(&self) -> bool {
        let hold = |name: &String| {
            name == "mut" || name.ends_with("_mut") || ["lock", "borrow_mut", "entry", "write"].contains(&name.as_str())
        };
        self.idents.iter().any(hold)
    }
}

/// Whether functions or methods of these names may do something to the world outside of the process.
pub(crate) fn has_effect(calls: &BTreeSet<String>, methods: &BTreeSet<String>) -> bool {
    let of = |names: &BTreeSet<String>, effects: &[&str]| {
        names.iter().any(|name| name.split('_').next().is_some_and(|first| effects.contains(&first)))
    };
    of(calls, EFFECTS) || of(methods, EFFECT_METHODS)
}

/// Which statements of a cell are needed, and what they need of what was there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Positions of the statements.
    pub kept: Vec<usize>,
    /// Names of older variables.
    pub inputs: BTreeSet<String>,
}

/// What is known of a cell besides its text.
pub(crate) struct Surroundings<'a> {
    /// Older variables that it changes.
    pub changes: &'a BTreeSet<String>,
    /// Whether a name is of a type whose values share state.
    pub shares: &'a dyn Fn(&str) -> bool,
    /// Whether the session's functions that a statement calls do something to the outside.
    pub acts: &'a dyn Fn(&Statement) -> bool,
    /// Whether what shows values is kept too.
    pub keep_display: bool,
    /// Statements that are needed for what they do to files.
    pub forced: &'a BTreeSet<usize>,
}

/// The statements that make `wanted`, from the last to the first.
pub(crate) fn needed(all: &[Statement], wanted: &BTreeSet<String>, around: &Surroundings<'_>) -> Needed {
    // What can be changed through a mention: `mut` variables, older ones that are changed, and what holds on to those.
    let mut open: BTreeSet<String> = around.changes.clone();
    // Of names that hold on to others (`let r = &mut v`), those others.
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for statement in all {
        open.extend(statement.mutable.iter().cloned());
        open.extend(statement.assigns.iter().cloned());
        if statement.takes_hold() {
            for mention in statement.mentions.iter().filter(|name| open.contains(*name)) {
                let mut of = held.get(mention.as_str()).cloned().unwrap_or_default();
                of.insert(mention);
                statement.binds.iter().for_each(|name| held.entry(name).or_default().extend(&of));
            }
        }
        open.extend(
            statement.binds.iter().filter(|name| held.contains_key(name.as_str()) || (around.shares)(name)).cloned(),
        );
        open.extend(statement.mentions.iter().filter(|name| (around.shares)(name)).cloned());
    }
    let shares_live = |statement: &Statement, live: &BTreeSet<String>| {
        let shared = |name: &String| (around.shares)(name);
        statement.mentions.iter().any(shared) && live.iter().any(shared)
    };
    let mut live = wanted.clone();
    let mut kept = Vec::new();
    for (index, statement) in all.iter().enumerate().rev() {
        let makes = !statement.binds.is_disjoint(&live) || !statement.assigns.is_disjoint(&live);
        let holds_live =
            |name: &String| held.get(name.as_str()).is_some_and(|of| of.iter().any(|other| live.contains(*other)));
        let changes =
            statement.mentions.iter().any(|name| open.contains(name) && live.contains(name) || holds_live(name));
        let looks = statement.prints && statement.assigns.is_empty();
        let effect =
            !(looks || live.is_empty() && kept.is_empty()) && (statement.has_effect() || (around.acts)(statement));
        let shown = around.keep_display && (statement.is_tail || statement.prints);
        if !(makes
            || around.forced.contains(&index)
            || changes && !looks
            || effect
            || shown
            || shares_live(statement, &live) && !looks)
        {
            continue;
        }
        kept.push(index);
        live.retain(|name| !statement.binds.contains(name));
        live.extend(statement.mentions.iter().cloned());
    }
    kept.reverse();
    Needed { kept, inputs: live }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, wanted: &[&str], changes: &[&str]) -> (Vec<usize>, Vec<String>) {
        let cell = parse::parse(text, &|_| false).unwrap();
        let all = statements(text, &cell);
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        let around = Surroundings {
            changes: &set(changes),
            shares: &|_| false,
            acts: &|_| false,
            keep_display: false,
            forced: &BTreeSet::new(),
        };
        let found = needed(&all, &set(wanted), &around);
        (found.kept, found.inputs.into_iter().filter(|name| name.len() < 3).collect())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_only_looks_is_left_out() {
        let text = "let a = f(x)?; println!(\"{a}\"); let b = a.head(); b";
        assert_eq!(of(text, &["a"], &[]), (vec![0], names(&["f", "x"])));
    }

    #[test]
    fn what_changes_a_value_stays() {
        let text = "let mut v = vec![x]; v.push(1); let n = v.len(); v.push(n); v";
        assert_eq!(of(text, &["v"], &[]).0, [0, 1, 2, 3, 4]);
        assert_eq!(of(text, &["n"], &[]).0, [0, 1, 2]);
        assert_eq!(of("v.push(1); println!(\"{v:?}\")", &["v"], &["v"]), (vec![0], names(&["v"])));
    }

    #[test]
    fn a_reference_that_changes_it_counts() {
        let text = "let mut v = vec![1]; let r = &mut v; r.push(2);";
        assert_eq!(of(text, &["v"], &[]).0, [0, 1, 2]);
    }

    #[test]
    fn shadowing_and_assignment() {
        let text = "let d = a; let d = d + b; let e = d; d = 1;";
        assert_eq!(of(text, &["e"], &[]), (vec![0, 1, 2], names(&["a", "b"])));
    }

    #[test]
    fn effects_stay_where_something_is_needed_below() {
        assert_eq!(of("std::fs::create_dir_all(p)?; let a = 1;", &["a"], &[]).0, [0, 1]);
        assert_eq!(of("let a = 1; assert!(a > 0);", &["a"], &[]).0, [0, 1]);
    }
}
