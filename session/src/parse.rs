//! A cell taken apart: items, statements, what each mentions, and where loops and returns are.

mod names;
mod tokens;
mod walk;

pub use names::{irrefutable_names, pattern_names};
pub use tokens::{idents_of, includes};
pub use walk::{TICK, item_loops};

use crate::text::Edit;
use proc_macro2::TokenStream;
use std::collections::BTreeSet;
use std::ops::Range;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Block, Expr, Item, Stmt};
use walk::Walk;

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
