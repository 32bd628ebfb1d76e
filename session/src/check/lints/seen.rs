//! What a cell's syntax shows that hints are about.

use crate::execute::Prepared;
use crate::map::Origin;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Pat, Stmt};

/// What was seen. Ranges are bytes of the cell as the user wrote it.
#[derive(Debug, Default)]
pub struct Seen {
    /// `.unwrap()` and `.expect(..)` that `?` could stand for.
    pub unwraps: Vec<Unwrap>,
    /// Copies of variables.
    pub clones: Vec<Cloned>,
    /// All names that the cell binds itself.
    pub bound: BTreeSet<String>,
    /// `let name = value`, at the level of the cell.
    pub lets: BTreeMap<String, Value>,
    /// A variable that the last statement prints, and nothing else.
    pub printed: Option<Printed>,
}

/// `.unwrap()`.
#[derive(Debug)]
pub struct Unwrap {
    /// `unwrap` or `expect`.
    pub name: String,
    /// From the dot to the bracket.
    pub range: Range<usize>,
}

/// `name.clone()`.
#[derive(Debug)]
pub struct Cloned {
    /// What is copied.
    pub name: String,
    /// The whole.
    pub range: Range<usize>,
    /// `.clone()`.
    pub call: Range<usize>,
    /// What is done with the copy.
    pub parent: Parent,
}

/// What is done with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// A method is called.
    Receiver,
    /// It is borrowed.
    Reference,
    /// It is an argument.
    Argument,
    /// Anything.
    Other,
}

/// What a variable is made of.
#[derive(Debug)]
pub struct Value {
    range: Range<usize>,
    /// What is borrowed by a `&` that the value begins with.
    borrowed: Option<Range<usize>>,
    /// Whether `.clone()` can stand right behind what is borrowed.
    simple: bool,
}

/// `println!("{:?}", name);`
#[derive(Debug)]
pub struct Printed {
    /// The statement.
    pub range: Range<usize>,
    /// What it prints.
    pub name: String,
}

impl Value {
    /// What makes it a value of its own.
    pub fn owned(&self) -> Vec<(Range<usize>, String)> {
        let end = self.range.end..self.range.end;
        match &self.borrowed {
            Some(inner) => {
                let sign = self.range.start..inner.start;
                let (open, close) = if self.simple { ("", ".clone()") } else { ("(", ").clone()") };
                vec![(sign, open.to_owned()), (end, close.to_owned())]
            }
            None => vec![(end, ".to_owned()".to_owned())],
        }
    }
}

impl Seen {
    /// Reads a cell.
    pub fn of(prepared: &Prepared) -> Seen {
        let parser = |input: syn::parse::ParseStream<'_>| {
            input.call(syn::Attribute::parse_inner)?;
            input.call(Block::parse_within)
        };
        let Ok(stmts) = syn::parse::Parser::parse_str(parser, &prepared.text.text) else { return Seen::default() };
        let mut walk = Walk { prepared, seen: Seen::default(), parent: Parent::Other, inside: 0 };
        for stmt in &stmts {
            walk.visit_stmt(stmt);
            if let Stmt::Local(local) = stmt {
                walk.value(local);
            }
        }
        walk.seen.printed = stmts.last().and_then(|last| walk.printed(last));
        walk.seen
    }
}

struct Walk<'a> {
    prepared: &'a Prepared,
    seen: Seen,
    /// What is done with the expression that is visited next.
    parent: Parent,
    /// How many functions, closures and futures are around: `?` would end those, not the cell.
    inside: usize,
}

impl Walk<'_> {
    /// The bytes of the cell that Rust text stands for, where it is verbatim.
    fn place(&self, range: Range<usize>) -> Option<Range<usize>> {
        let length = range.len();
        let pieces = self.prepared.text.pieces(range, &[]);
        match pieces.as_slice() {
            [piece] => match piece.origin {
                Origin::Cell { start, .. } if piece.text.len() == length => Some(start..start + length),
                _ => None,
            },
            _ => None,
        }
    }

    fn value(&mut self, local: &syn::Local) {
        let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init) else { return };
        let Some(range) = self.place(init.expr.span().byte_range()) else { return };
        let inner = match &*init.expr {
            Expr::Reference(reference) if reference.mutability.is_none() => Some(&*reference.expr),
            _ => None,
        };
        let simple = inner.is_none_or(|inner| {
            matches!(inner, Expr::Path(_) | Expr::Field(_) | Expr::Index(_) | Expr::MethodCall(_) | Expr::Call(_))
        });
        let borrowed = inner.and_then(|inner| self.place(inner.span().byte_range()));
        let postfix =
            matches!(&*init.expr, Expr::Path(_) | Expr::Field(_) | Expr::MethodCall(_) | Expr::Call(_) | Expr::Try(_));
        if borrowed.is_some() || (inner.is_none() && postfix) {
            self.seen.lets.insert(name.ident.to_string(), Value { range, borrowed, simple });
        }
    }

    fn printed(&self, stmt: &Stmt) -> Option<Printed> {
        let (mac, range) = match stmt {
            Stmt::Macro(of) => (&of.mac, of.span()),
            Stmt::Expr(Expr::Macro(of), _) => (&of.mac, stmt.span()),
            _ => return None,
        };
        if !mac.path.is_ident("println") {
            return None;
        }
        let list = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let arguments = mac.parse_body_with(list).ok()?;
        let format = match arguments.first()? {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(format), .. }) => format.value(),
            _ => return None,
        };
        let inner = format.strip_prefix('{')?.strip_suffix('}')?;
        let inner = inner.strip_suffix("#?").or(inner.strip_suffix('?')).unwrap_or(inner);
        let captured = inner.strip_suffix(':').unwrap_or(inner);
        let name = match (arguments.len(), arguments.get(1)) {
            (1, _) => captured.to_owned(),
            (2, Some(Expr::Path(path))) if captured.is_empty() => path.path.get_ident()?.to_string(),
            (2, Some(Expr::Reference(of))) if captured.is_empty() => match &*of.expr {
                Expr::Path(path) => path.path.get_ident()?.to_string(),
                _ => return None,
            },
            _ => return None,
        };
        syn::parse_str::<syn::Ident>(&name).ok()?;
        Some(Printed { range: self.place(range.byte_range())?, name })
    }

    fn unwrap(&mut self, call: &syn::ExprMethodCall) {
        let range = call.dot_token.span().byte_range().start..call.paren_token.span.close().byte_range().end;
        let name = call.method.to_string();
        let fits = name == "unwrap" && call.args.is_empty() || name == "expect" && call.args.len() == 1;
        if let Some(range) = self.place(range).filter(|_| fits && self.inside == 0) {
            self.seen.unwraps.push(Unwrap { name, range });
        }
    }

    fn clone_of(&mut self, call: &syn::ExprMethodCall, parent: Parent) {
        let Expr::Path(path) = &*call.receiver else { return };
        let Some(name) = path.path.get_ident() else { return };
        let copies = ["clone", "to_vec", "to_owned"].iter().any(|method| call.method == method);
        let dot = call.dot_token.span().byte_range().start..call.paren_token.span.close().byte_range().end;
        if let (true, Some(range), Some(dot)) = (copies, self.place(call.span().byte_range()), self.place(dot)) {
            self.seen.clones.push(Cloned { name: name.to_string(), range, call: dot, parent });
        }
    }

    fn within(&mut self, visit: impl FnOnce(&mut Self)) {
        self.inside += 1;
        visit(self);
        self.inside -= 1;
    }

    fn child(&mut self, expr: &Expr, parent: Parent) {
        self.parent = parent;
        self.visit_expr(expr);
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        let parent = std::mem::replace(&mut self.parent, Parent::Other);
        match expr {
            Expr::MethodCall(call) => {
                self.unwrap(call);
                self.clone_of(call, parent);
                self.child(&call.receiver, Parent::Receiver);
                call.args.iter().for_each(|arg| self.child(arg, Parent::Argument));
            }
            Expr::Call(call) => {
                self.child(&call.func, Parent::Other);
                call.args.iter().for_each(|arg| self.child(arg, Parent::Argument));
            }
            Expr::Reference(of) if of.mutability.is_none() => self.child(&of.expr, Parent::Reference),
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) | Expr::TryBlock(_) => {
                self.within(|walk| visit::visit_expr(walk, expr));
            }
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        // Items know no variables.
        if let syn::Item::Fn(of) = item {
            self.seen.bound.insert(of.sig.ident.to_string());
        }
    }

    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.seen.bound.insert(pat.ident.to_string());
        visit::visit_pat_ident(self, pat);
    }
}
