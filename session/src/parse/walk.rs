//! A way through the expressions of a statement: free names, awaits, loops, and what has to be written into them.

use super::Loops;
use super::names::pattern_names;
use super::tokens::{format_captures, idents_of, is_punct};
use crate::text::Edit;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::parse::Parser as _;
use syn::visit::Visit;
use syn::{Block, Expr, Item, Pat};

/// Macros of tokio and futures that await in their expansion.
const AWAITING: &[&str] = &["join", "try_join", "select", "select_biased"];

/// Macros that assign to none of their arguments; all others might.
const ONLY_READING: &[&str] = &[
    "print",
    "println",
    "eprint",
    "eprintln",
    "format",
    "write",
    "writeln",
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "df",
    "matches",
    "dbg",
];

/// Stands in each loop of user code.
pub const TICK: &str = " ::ironbook::rt::tick(); ";

/// Collects free names, awaits, loops and the edits of one statement.
pub(super) struct Walk {
    scopes: Vec<BTreeSet<String>>,
    pub(super) mentions: BTreeSet<String>,
    pub(super) assigns: BTreeSet<String>,
    pub(super) edits: Vec<Edit>,
    pub(super) awaits: bool,
    pub(super) loops: Loops,
    loop_depth: u32,
    /// Closures and async blocks around: a `return` in them is theirs.
    inner_bodies: u32,
    /// Async blocks and closures around: an `.await` in them is theirs.
    inner_async: u32,
}

impl Walk {
    pub(super) fn new(bound: BTreeSet<String>) -> Self {
        Walk {
            scopes: vec![bound],
            mentions: BTreeSet::new(),
            assigns: BTreeSet::new(),
            edits: Vec::new(),
            awaits: false,
            loops: Loops::default(),
            loop_depth: 0,
            inner_bodies: 0,
            inner_async: 0,
        }
    }

    fn mention(&mut self, name: String) {
        if !self.scopes.iter().any(|scope| scope.contains(&name)) {
            self.mentions.insert(name);
        }
    }

    fn scoped(&mut self, names: Vec<String>, body: impl FnOnce(&mut Self)) {
        self.scopes.push(names.into_iter().collect());
        body(self);
        self.scopes.pop();
    }

    fn bind(&mut self, names: Vec<String>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.extend(names);
        }
    }

    /// Constants in patterns and ranges are mentions too.
    pub(super) fn pattern_paths(&mut self, pat: &Pat) {
        struct Paths<'a>(&'a mut Walk);
        impl<'ast> Visit<'ast> for Paths<'_> {
            fn visit_expr(&mut self, expr: &'ast Expr) {
                self.0.visit_expr(expr);
            }
            fn visit_type(&mut self, _: &'ast syn::Type) {}
        }
        Paths(self).visit_pat(pat);
    }

    fn looped(&mut self, body: &Block) {
        self.loop_depth += 1;
        self.loops.depth = self.loops.depth.max(self.loop_depth);
        self.edits.push(Edit::insert(body.brace_token.span.open().byte_range().end, TICK));
        self.visit_block(body);
        self.loop_depth -= 1;
    }

    fn raw_tokens(&mut self, tokens: TokenStream, formats: bool) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (i, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.raw_tokens(group.stream(), formats),
                TokenTree::Literal(literal) if formats => self.captures(&literal.to_string()),
                TokenTree::Ident(ident) if ident == "await" && is_punct(trees.get(i.wrapping_sub(1)), '.') => {
                    self.awaits |= self.inner_async == 0;
                }
                TokenTree::Ident(ident) => {
                    let range = i >= 2 && is_punct(trees.get(i - 2), '.');
                    let field = is_punct(trees.get(i.wrapping_sub(1)), '.') && !range;
                    let segment =
                        is_punct(trees.get(i.wrapping_sub(1)), ':') && i >= 2 && is_punct(trees.get(i - 2), ':');
                    let head = is_punct(trees.get(i + 1), ':') && is_punct(trees.get(i + 2), ':');
                    if !field && !segment && !head {
                        self.mention(ident.to_string());
                    }
                }
                _ => {}
            }
        }
    }

    fn captures(&mut self, literal: &str) {
        let mut names = BTreeSet::new();
        format_captures(literal, &mut names);
        for name in names {
            self.mention(name);
        }
    }
}

/// The names that the left side of an assignment gives a new value: several when it takes a value apart.
fn assigned(left: &Expr, names: &mut BTreeSet<String>) {
    match left {
        Expr::Path(path) => names.extend(path.path.get_ident().map(ToString::to_string)),
        Expr::Paren(paren) => assigned(&paren.expr, names),
        Expr::Tuple(tuple) => tuple.elems.iter().for_each(|part| assigned(part, names)),
        Expr::Array(array) => array.elems.iter().for_each(|part| assigned(part, names)),
        Expr::Call(call) => call.args.iter().for_each(|part| assigned(part, names)),
        Expr::Struct(parts) => parts.fields.iter().for_each(|part| assigned(&part.expr, names)),
        _ => {}
    }
}

fn literal_range(expr: &Expr) -> u64 {
    fn literal(expr: Option<&Expr>) -> Option<u64> {
        match expr? {
            Expr::Lit(lit) => match &lit.lit {
                syn::Lit::Int(int) => int.base10_parse().ok(),
                _ => None,
            },
            _ => None,
        }
    }
    match expr {
        Expr::Range(range) => {
            let start = literal(range.start.as_deref()).unwrap_or(0);
            literal(range.end.as_deref()).map_or(0, |end| end.saturating_sub(start))
        }
        Expr::Paren(paren) => literal_range(&paren.expr),
        Expr::MethodCall(call) => literal_range(&call.receiver),
        _ => 0,
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if path.qself.is_none() && path.path.leading_colon.is_none() && path.path.segments.len() == 1 {
            self.mention(path.path.segments[0].ident.to_string());
        }
        syn::visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        self.awaits |= self.inner_async == 0 && AWAITING.contains(&name.as_str());
        if !ONLY_READING.contains(&name.as_str()) {
            idents_of(mac.tokens.clone(), &mut self.assigns);
        }
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        match parser.parse2(mac.tokens.clone()) {
            // Loops and returns inside a macro's arguments are left as they are.
            Ok(args) => {
                let edits = std::mem::take(&mut self.edits);
                for arg in &args {
                    self.visit_expr(arg);
                }
                self.edits = edits;
                for tree in mac.tokens.clone() {
                    if let TokenTree::Literal(literal) = tree {
                        self.captures(&literal.to_string());
                    }
                }
            }
            Err(_) => self.raw_tokens(mac.tokens.clone(), true),
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        let mut names = Vec::new();
        for input in &closure.inputs {
            pattern_names(input, &mut names);
        }
        let is_async = u32::from(closure.asyncness.is_some());
        let depth = std::mem::take(&mut self.loop_depth);
        self.inner_bodies += 1;
        self.inner_async += is_async;
        self.scoped(names, |walk| walk.visit_expr(&closure.body));
        self.inner_async -= is_async;
        self.inner_bodies -= 1;
        self.loop_depth = depth;
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.inner_bodies += 1;
        self.inner_async += 1;
        self.visit_block(&block.block);
        self.inner_async -= 1;
        self.inner_bodies -= 1;
    }

    fn visit_expr_assign(&mut self, expr: &'ast syn::ExprAssign) {
        assigned(&expr.left, &mut self.assigns);
        syn::visit::visit_expr_assign(self, expr);
    }

    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        self.awaits |= self.inner_async == 0;
        self.visit_expr(&expr.base);
    }

    fn visit_expr_return(&mut self, expr: &'ast syn::ExprReturn) {
        match &expr.expr {
            Some(value) => self.visit_expr(value),
            None if self.inner_bodies == 0 => {
                let end = expr.return_token.span.byte_range().end;
                self.edits.push(Edit::insert(end, " ::core::result::Result::Ok(())"));
            }
            None => {}
        }
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        self.visit_expr(&expr.expr);
        self.loops.longest = self.loops.longest.max(literal_range(&expr.expr));
        let mut names = Vec::new();
        pattern_names(&expr.pat, &mut names);
        self.scoped(names, |walk| walk.looped(&expr.body));
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.scoped(Vec::new(), |walk| {
            walk.visit_expr(&expr.cond);
            walk.looped(&expr.body);
        });
    }

    // Its names are bound for what follows in the condition, and for the body.
    fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
        self.visit_expr(&expr.expr);
        self.pattern_paths(&expr.pat);
        let mut names = Vec::new();
        pattern_names(&expr.pat, &mut names);
        self.bind(names);
    }

    // Constants are computed by the compiler: no ticks.
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_expr_repeat(&mut self, expr: &'ast syn::ExprRepeat) {
        self.visit_expr(&expr.expr);
    }

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_expr_loop(&mut self, expr: &'ast syn::ExprLoop) {
        self.looped(&expr.body);
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        self.scoped(Vec::new(), |walk| {
            walk.visit_expr(&expr.cond);
            walk.visit_block(&expr.then_branch);
        });
        if let Some((_, other)) = &expr.else_branch {
            self.visit_expr(other);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let mut names = Vec::new();
        pattern_names(&arm.pat, &mut names);
        self.pattern_paths(&arm.pat);
        self.scoped(names, |walk| syn::visit::visit_arm(walk, arm));
    }

    fn visit_pat(&mut self, _: &'ast Pat) {}

    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(Vec::new(), |walk| {
            for stmt in &block.stmts {
                walk.visit_stmt(stmt);
            }
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        syn::visit::visit_local(self, local);
        let mut names = Vec::new();
        pattern_names(&local.pat, &mut names);
        self.bind(names);
    }

    // Items do not capture variables.
    fn visit_item(&mut self, _: &'ast Item) {}
}

/// What an item's bodies contain: ticks for its loops and the shape of the loops. Const functions get no ticks.
pub fn item_loops(item: &Item) -> (Vec<Edit>, Loops) {
    struct Bodies(Walk);
    impl<'ast> Visit<'ast> for Bodies {
        fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
            if item.sig.constness.is_none() {
                self.body(&item.block);
            }
        }
        fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
            if item.sig.constness.is_none() {
                self.body(&item.block);
            }
        }
        fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
            if let Some(block) = &item.default {
                self.body(block);
            }
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    impl Bodies {
        fn body(&mut self, block: &Block) {
            // A `return` in a function is the function's own.
            self.0.inner_bodies += 1;
            self.0.visit_block(block);
            self.0.inner_bodies -= 1;
        }
    }
    let mut bodies = Bodies(Walk::new(BTreeSet::new()));
    bodies.visit_item(item);
    (bodies.0.edits, bodies.0.loops)
}
