//! A cell taken apart: items, statements, what each mentions, and where loops and returns are.

use crate::text::Edit;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Block, Expr, Item, Pat, Stmt};

/// A parsed cell. Ranges are bytes of its Rust text.
#[derive(Debug, Default)]
pub struct Cell {
    /// Item definitions, in order.
    pub items: Vec<(Item, Range<usize>)>,
    /// All other statements, in order.
    pub statements: Vec<Statement>,
    /// Whether there is an `.await` outside of async blocks.
    pub awaits: bool,
    /// All identifiers of the statements, for finding the items that they reach.
    pub idents: BTreeSet<String>,
    /// What the loops look like.
    pub loops: Loops,
}

/// A statement that is no item.
#[derive(Debug)]
pub struct Statement {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Names in expression position that nothing inside the cell bound before.
    pub mentions: BTreeSet<String>,
    /// Names that it assigns to.
    pub assigns: BTreeSet<String>,
    /// Ticks in loops, values for bare returns.
    pub edits: Vec<Edit>,
}

/// What a statement is.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// `let` with the names it binds.
    Let {
        /// Names bound, in order.
        names: Vec<String>,
        /// Whether it has an initialiser.
        initialised: bool,
    },
    /// The last expression, without a semicolon: its value is shown.
    Tail {
        /// Whether it makes a value of its own, rather than names one that is somewhere.
        makes: bool,
    },
    /// Anything else.
    Other,
}

/// What decides the tier of generated code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loops {
    /// Deepest nesting of loops.
    pub depth: u32,
    /// Largest literal range that a loop runs over.
    pub longest: u64,
}

impl Loops {
    /// The worse of both.
    pub fn max(self, other: Loops) -> Loops {
        Loops { depth: self.depth.max(other.depth), longest: self.longest.max(other.longest) }
    }
}

/// Deepest nesting of brackets that is parsed: the parser calls itself for each level, and no stack is endless.
const DEEPEST: usize = 1500;

/// Whether brackets are nested deeper than any parser of ours follows. Those in strings and comments count as well.
pub fn is_too_deep(text: &str) -> bool {
    let mut depth = 0usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Forgets the texts that were parsed on this thread, which the parser keeps for the places of its tokens; nothing that was
/// parsed before knows its place any more. A thread that parses for long grows without.
pub fn forget_texts() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// Parses the Rust text of a cell.
///
/// # Errors
/// When it is not a sequence of items and statements; rustc then words the error better.
///
/// `defines_items` says of a macro's name whether calling it as a statement defines items.
pub fn parse(text: &str, defines_items: &dyn Fn(&str) -> bool) -> syn::Result<Cell> {
    // Lints for the whole cell have no meaning of their own here.
    let body = |input: ParseStream| {
        input.call(Attribute::parse_inner)?;
        input.call(Block::parse_within)
    };
    if is_too_deep(text) {
        let words = format!("brackets are nested more than {DEEPEST} deep");
        return Err(syn::Error::new(proc_macro2::Span::call_site(), words));
    }
    let stmts = body.parse_str(text)?;
    let mut cell = Cell::default();
    let mut bound = BTreeSet::new();
    let count = stmts.len();
    for (index, stmt) in stmts.into_iter().enumerate() {
        let range = stmt.span().byte_range();
        if let Some(item) = as_item(&stmt, defines_items) {
            cell.items.push((item, range));
            continue;
        }
        let statement = statement(&stmt, range, index + 1 == count, &mut bound, &mut cell);
        cell.statements.push(statement);
    }
    Ok(cell)
}

fn statement(stmt: &Stmt, range: Range<usize>, last: bool, bound: &mut BTreeSet<String>, cell: &mut Cell) -> Statement {
    let mut walk = Walk::new(bound.clone());
    let kind = match stmt {
        Stmt::Local(local) => {
            if let Some(init) = &local.init {
                walk.visit_expr(&init.expr);
                if let Some((_, diverge)) = &init.diverge {
                    walk.visit_expr(diverge);
                }
            }
            let mut names = Vec::new();
            match local.init.as_ref().is_some_and(|init| init.diverge.is_some()) {
                true => pattern_names(&local.pat, &mut names),
                false => irrefutable_names(&local.pat, &mut names),
            }
            walk.pattern_paths(&local.pat);
            bound.extend(names.iter().cloned());
            Kind::Let { names, initialised: local.init.is_some() }
        }
        Stmt::Macro(mac) => {
            walk.visit_macro(&mac.mac);
            if last && mac.semi_token.is_none() { Kind::Tail { makes: builds(&mac.mac) } } else { Kind::Other }
        }
        Stmt::Expr(expr, semi) => {
            walk.visit_expr(expr);
            if last && semi.is_none() { Kind::Tail { makes: makes(expr) } } else { Kind::Other }
        }
        Stmt::Item(_) => Kind::Other,
    };
    idents_of(quote(stmt), &mut cell.idents);
    cell.awaits |= walk.awaits;
    cell.loops = cell.loops.max(walk.loops);
    Statement { range, kind, mentions: walk.mentions, assigns: walk.assigns, edits: walk.edits }
}

/// Whether an expression is surely a value and no place. What is not sure is shown, and not kept as a result.
fn makes(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => makes(&inner.expr),
        Expr::Group(inner) => makes(&inner.expr),
        Expr::Macro(mac) => builds(&mac.mac),
        Expr::Unary(unary) => !matches!(unary.op, syn::UnOp::Deref(_)),
        Expr::Binary(binary) => !is_assignment(&binary.op),
        Expr::Call(call) => !ends(&call.func),
        Expr::MethodCall(_)
        | Expr::Try(_)
        | Expr::Await(_)
        | Expr::Lit(_)
        | Expr::Cast(_)
        | Expr::Array(_)
        | Expr::Repeat(_) => true,
        _ => false,
    }
}

/// Functions of std that do not return, whose type the compiler would have to guess.
fn ends(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| {
        ["abort", "exit", "resume_unwind", "panic_any", "handle_alloc_error"].iter().any(|name| last.ident == name)
    })
}

/// `a += b` has no value.
fn is_assignment(op: &syn::BinOp) -> bool {
    quote(op).to_string().ends_with('=')
        && !matches!(op, syn::BinOp::Eq(_) | syn::BinOp::Ne(_) | syn::BinOp::Le(_) | syn::BinOp::Ge(_))
}

/// Macros whose value is one: others can diverge.
fn builds(mac: &syn::Macro) -> bool {
    mac.path.segments.last().is_some_and(|last| ["vec", "format", "df"].iter().any(|name| last.ident == name))
}

fn quote<T: quote::ToTokens>(tokens: &T) -> TokenStream {
    tokens.to_token_stream()
}

/// `thread_local!` and the like define items, and so may a user's own macro (see `items`).
fn as_item(stmt: &Stmt, defines_items: &dyn Fn(&str) -> bool) -> Option<Item> {
    match stmt {
        Stmt::Item(item) => Some(item.clone()),
        Stmt::Macro(mac) if mac.mac.path.get_ident().is_some_and(|name| defines_items(&name.to_string())) => {
            Some(Item::Macro(syn::ItemMacro {
                attrs: mac.attrs.clone(),
                ident: None,
                mac: mac.mac.clone(),
                semi_token: mac.semi_token,
            }))
        }
        _ => None,
    }
}

/// The names that a pattern binds which can fail: a lone capitalised name in it is a constant or a variant.
pub fn pattern_names(pat: &Pat, names: &mut Vec<String>) {
    bindings(pat, &|name| !name.starts_with(char::is_uppercase), names);
}

/// The names that a pattern binds which cannot fail: `X` is a variable (unless the session has an item of that name).
pub fn irrefutable_names(pat: &Pat, names: &mut Vec<String>) {
    bindings(pat, &|name| name != "None", names);
}

fn bindings(pat: &Pat, binds: &dyn Fn(&str) -> bool, names: &mut Vec<String>) {
    struct Names<'a>(&'a mut Vec<String>, &'a dyn Fn(&str) -> bool);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            let name = pat.ident.to_string();
            let binds = pat.by_ref.is_some() || pat.mutability.is_some() || pat.subpat.is_some() || (self.1)(&name);
            if binds && !self.0.contains(&name) {
                self.0.push(name);
            }
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    Names(names, binds).visit_pat(pat);
}

/// All identifiers of a token stream, also inside groups.
pub fn idents_of(tokens: TokenStream, idents: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => {
                idents.insert(ident.to_string());
            }
            TokenTree::Group(group) => idents_of(group.stream(), idents),
            TokenTree::Literal(literal) => format_captures(&literal.to_string(), idents),
            TokenTree::Punct(_) => {}
        }
    }
}

/// Names captured by a format string: `{x}`, `{x:?}`, `{0:w$}`.
fn format_captures(literal: &str, names: &mut BTreeSet<String>) {
    if !literal.contains('"') {
        return;
    }
    let literal = literal.replace("{{", "");
    for after in literal.split('{').skip(1) {
        let inside = after.split('}').next().unwrap_or("");
        let pieces = inside.split([':', '$', '.', '>', '<', '^', '?', '#', '+', '-', ' ']);
        names.extend(pieces.filter(|p| syn::parse_str::<syn::Ident>(p).is_ok()).map(str::to_owned));
    }
}

/// Relative paths in `include_str!` and the like are meant from the cells' working directory, not from the generated file.
pub fn includes(tokens: TokenStream, directory: &Path, edits: &mut Vec<Edit>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else { continue };
        let including = matches!(i.checked_sub(2).and_then(|at| trees.get(at)), Some(TokenTree::Ident(name))
            if INCLUDES.contains(&name.to_string().as_str()));
        match group.stream().into_iter().next() {
            Some(TokenTree::Literal(literal)) if including && is_punct(trees.get(i - 1), '!') => {
                edits.extend(absolute(&literal, directory));
            }
            _ => includes(group.stream(), directory, edits),
        }
    }
}

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
const INCLUDES: &[&str] = &["include_str", "include_bytes", "include"];

fn absolute(literal: &proc_macro2::Literal, directory: &Path) -> Option<Edit> {
    let path: syn::LitStr = syn::parse_str(&literal.to_string()).ok()?;
    let range = literal.span().byte_range();
    let full = directory.join(path.value());
    let relative = Path::new(&path.value()).is_relative();
    relative.then(|| Edit {
        at: range.start,
        delete: range.len(),
        insert: format!("{:?}", full.display().to_string()).into(),
    })
}

/// Collects free names, awaits, loops and the edits of one statement.
struct Walk {
    scopes: Vec<BTreeSet<String>>,
    mentions: BTreeSet<String>,
    assigns: BTreeSet<String>,
    edits: Vec<Edit>,
    awaits: bool,
    loops: Loops,
    loop_depth: u32,
    /// Closures and async blocks around: a `return` in them is theirs.
    inner_bodies: u32,
    /// Async blocks and closures around: an `.await` in them is theirs.
    inner_async: u32,
}

/// Stands in each loop of user code.
pub const TICK: &str = " ::ironbook::rt::tick(); ";

impl Walk {
    fn new(bound: BTreeSet<String>) -> Self {
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
    fn pattern_paths(&mut self, pat: &Pat) {
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

fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == wanted)
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
