//! A name by itself: bindings of the cell, variables, items, names that are imported, keywords.

use super::Candidate;
use crate::code::{self, Tok};
use crate::infer::Infer;
use crate::known::Known;
use crate::rank::Ranked;
use crate::ty::Ty;
use crate::user::{self, UserItem};
use ironbook_magics::lexer::Token;
use ironbook_session::Variable;
use ironbook_session::library::index::{Entry, EntryKind, MemberKind};

/// Adds what can stand before token `end`.
pub fn add(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) {
    if add_fields(known, end, ranked) {
        return;
    }
    if in_derive(known.toks, end) {
        for name in ["Clone", "Copy", "Debug", "Default", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash"] {
            ranked.add(name, 0, || Candidate::new(name, "class"));
        }
        return;
    }
    let is_use = end > 0 && known.toks[end - 1].token == Token::Word("use");
    if !is_use {
        add_values(known, end, ranked);
    }
    add_items(known, ranked);
    add_modules(known, is_use, ranked);
    if ranked.typed().is_empty() || is_use {
        return; // nobody looks for one name among two thousand
    }
    add_imported(known, ranked);
    for word in code::KEYWORDS {
        ranked.add(word, 8, || Candidate::new(*word, "keyword"));
    }
}

/// Adds what has a value before token `end`: bindings of the cell, and variables.
pub fn add_values(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) {
    add_locals(known, end, ranked);
    for variable in &known.view.variables {
        // The newest first, behind what the cell itself binds.
        let place = usize::try_from(u64::MAX / 2 - variable.cell.min(u64::MAX / 2)).unwrap_or(usize::MAX);
        ranked.add_at(&variable.name, 0, place, || variable_candidate(variable));
    }
}

/// A candidate for a variable.
pub fn variable_candidate(variable: &Variable) -> Candidate {
    let shape = variable.shape.as_ref().map(|shape| format!(" · {shape}")).unwrap_or_default();
    let summary = variable.stale.clone().unwrap_or_default();
    Candidate::new(&variable.name, "instance").signature(format!("{}{shape}", variable.type_name)).summary(summary)
}

/// Adds the user's items.
pub fn add_items(known: &Known<'_>, ranked: &mut Ranked<Candidate>) {
    let imported = |item: &&UserItem<'_>| item.kind == "use" && item.name.chars().all(ironbook_magics::lexer::is_word);
    for item in known.items.iter().filter(|item| item.kind != "impl" && item.kind != "use" && item.kind != "item") {
        ranked.add(&item.name, 1, || item_candidate(item));
    }
    for item in known.items.iter().filter(imported) {
        ranked.add(&item.name, 1, || used_candidate(known, item));
    }
}

fn used_candidate(known: &Known<'_>, item: &UserItem<'_>) -> Candidate {
    let entry = known.index().and_then(|index| index.named(&item.name).next());
    entry.map_or_else(|| Candidate::new(item.name.as_ref(), "module").signature(item.text), entry_candidate)
}

/// A candidate for an item.
pub fn item_candidate(item: &UserItem<'_>) -> Candidate {
    let kind = match item.kind {
        "fn" => "function",
        "const" | "static" => "instance",
        "mod" => "module",
        "macro" => "function",
        _ => "class",
    };
    let text = if item.kind == "macro" { format!("{}!", item.name) } else { item.name.to_string() };
    let summary = user::doc(item).lines().next().unwrap_or("").to_owned();
    Candidate::new(text, kind).signature(user::signature(item)).summary(summary)
}

/// A candidate for a name of the index.
pub fn entry_candidate(entry: &Entry) -> Candidate {
    let kind = match entry.kind {
        EntryKind::Function => "function",
        EntryKind::Macro => "function",
        EntryKind::Module => "module",
        EntryKind::Constant | EntryKind::Static => "instance",
        _ => "class",
    };
    let text = if entry.kind == EntryKind::Macro { format!("{}!", entry.name) } else { entry.name.clone() };
    let line = entry.declaration.lines().find(|line| !line.starts_with("#[")).unwrap_or("");
    let signature = match entry.kind {
        EntryKind::Macro | EntryKind::Module => "",
        _ => line.trim_end_matches([' ', '{']),
    };
    Candidate::new(text, kind).signature(signature).summary(&entry.summary)
}

fn add_imported(known: &Known<'_>, ranked: &mut Ranked<Candidate>) {
    let Some(index) = known.index() else { return };
    for (path, class) in [("", 2), ("std::prelude", 2), ("primitive", 3)] {
        for entry in index.module(path).into_iter().flatten() {
            let named = !matches!(entry.name.as_str(), "slice" | "array" | "tuple");
            if path != "primitive" || named {
                let class = class + rarity(known, entry);
                ranked.add(&entry.name, class, || entry_candidate(entry));
            }
        }
    }
    // Variants of std's own prelude.
    for name in ["Some", "None", "Ok", "Err"] {
        ranked.add(name, 3, || Candidate::new(name, "class"));
    }
}

/// Names of the libraries below that notebooks are full of.
pub const COMMON: &[&str] = &[
    "Column",
    "DType",
    "DataFrame",
    "DataType",
    "Device",
    "Expr",
    "JoinArgs",
    "JoinType",
    "LazyFrame",
    "Series",
    "SortMultipleOptions",
    "Tensor",
    "Var",
    "col",
    "cols",
    "df",
    "len",
    "lit",
    "when",
];

/// 0 for what notebooks are full of, more for what libraries export for each other.
fn rarity(known: &Known<'_>, entry: &Entry) -> u8 {
    let own = || known.index().is_some_and(|index| index.is_own(&entry.name));
    match entry.kind {
        EntryKind::Constant | EntryKind::Static => 4,
        _ if COMMON.contains(&entry.name.as_str()) || own() => 0,
        EntryKind::Trait => 3,
        _ => 1,
    }
}

/// Modules that a path can begin with.
fn add_modules(known: &Known<'_>, is_use: bool, ranked: &mut Ranked<Candidate>) {
    let Some(index) = known.index() else { return };
    let class = if is_use { 0 } else { 3 };
    for name in ["ironbook", "std"] {
        if index.module(name).is_some() {
            ranked.add(name, class, || Candidate::new(name, "module"));
        }
    }
}

/// Bindings of the cell above the cursor.
fn add_locals(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) {
    let mut seen = std::collections::BTreeSet::new();
    let infer = Infer::new(known);
    let bound = bindings(&known.toks[..end.min(known.toks.len())]);
    for (place, name) in bound.into_iter().enumerate() {
        if crate::rank::quality(ranked.typed(), name).is_none() || !seen.insert(name) {
            continue;
        }
        let ty = infer.name(name, end).map(|ty| written(&ty)).unwrap_or_default();
        ranked.add_at(name, 0, place, || Candidate::new(name, "instance").signature(ty));
    }
}

/// A type as people write it.
pub fn written(ty: &Ty) -> String {
    let args: Vec<String> = ty.args.iter().filter(|arg| !arg.name.is_empty()).map(written).collect();
    match (ty.name.as_str(), args.is_empty()) {
        ("tuple", _) => format!("({})", args.join(", ")),
        ("slice" | "array", false) => format!("[{}]", args.join(", ")),
        (name, true) => name.to_owned(),
        (name, false) => format!("{name}<{}>", args.join(", ")),
    }
}

/// Names that patterns bind: behind `let`, `for`, in closures and parameters.
fn bindings<'a>(toks: &[Tok<'a>]) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut pattern = false;
    let mut parameters = Parameters::default();
    for (at, tok) in toks.iter().enumerate() {
        parameters.pass(toks, at);
        match tok.token {
            Token::Word("let" | "for") => pattern = true,
            Token::Word("in") | Token::Punct('=' | ';') => pattern = false,
            Token::Punct(':') if pattern && !code::after_colons(toks, at + 1) => {
                pattern = toks.get(at + 1).is_some_and(|next| next.is(':'));
            }
            Token::Word(word) if !code::is_keyword(word) && starts_low(word) => {
                let parameter = at > 0
                    && matches!(toks[at - 1].token, Token::Open('(') | Token::Punct(','))
                    && toks.get(at + 1).is_some_and(|next| next.is(':'))
                    && !toks.get(at + 2).is_some_and(|next| next.is(':'));
                if pattern || parameters.bind() || parameter {
                    out.push(word);
                }
            }
            _ => {}
        }
    }
    out.reverse();
    out
}

/// The parameters of a closure, while one goes through them.
#[derive(Default)]
struct Parameters {
    /// Between the pipes.
    inside: bool,
    /// Behind a colon, with the brackets that are open since then.
    of_type: Option<i32>,
}

impl Parameters {
    /// Goes on by the token at `at`.
    fn pass(&mut self, toks: &[Tok<'_>], at: usize) {
        let opens = || code::opens_parameters(toks, at);
        match (&toks[at].token, &mut self.of_type) {
            (Token::Punct('|'), _) => *self = Parameters { inside: !self.inside && opens(), of_type: None },
            // No parameters, as it turns out.
            (Token::Punct('=' | ';') | Token::Open('{'), _) => self.inside = false,
            (Token::Punct(':'), of_type @ None) => *of_type = Some(0),
            (Token::Open(_) | Token::Punct('<'), Some(open)) => *open += 1,
            (Token::Close(_) | Token::Punct('>'), Some(open)) => *open -= 1,
            (Token::Punct(','), of_type @ Some(0)) => *of_type = None,
            _ => {}
        }
    }

    /// Whether a name would be bound here.
    fn bind(&self) -> bool {
        self.inside && self.of_type.is_none()
    }
}

/// Whether the cell binds the name above or at token `at`.
pub fn is_bound(known: &Known<'_>, at: usize, name: &str) -> bool {
    bindings(&known.toks[..known.toks.len().min(at + 1)]).contains(&name)
}

fn starts_low(word: &str) -> bool {
    // Many scripts have no cases.
    word.starts_with(|c: char| c.is_alphabetic() && !c.is_uppercase() || c == '_') && word != "_"
}

/// In a struct's literal the fields that are not there yet; whether this is one.
fn add_fields(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) -> bool {
    let Some(open) = code::enclosing(known.toks, end).filter(|open| known.toks[*open].token == Token::Open('{')) else {
        return false;
    };
    let at_start = end == open + 1 || known.toks[end - 1].is(',');
    let Some(Token::Word(name)) = open.checked_sub(1).map(|before| known.toks[before].token) else {
        return false;
    };
    // `impl Name {`, `-> Name {` and so on open no literal.
    let opens_block = open.checked_sub(2).is_some_and(|before| {
        matches!(
            known.toks[before].token,
            Token::Punct('>') | Token::Word("impl" | "for" | "struct" | "enum" | "trait" | "union" | "mod")
        )
    });
    if opens_block || !at_start || !name.starts_with(char::is_uppercase) {
        return false;
    }
    let there: Vec<&Token<'_>> = known.toks[open..end].iter().map(|tok| &tok.token).collect();
    let fields = known.members(&Ty::named(name)).into_iter().filter(|found| found.kind == MemberKind::Field);
    let mut any = false;
    for found in fields {
        any = true;
        if !there.contains(&&Token::Word(&found.name)) {
            ranked.add(&found.name.clone(), 0, || super::members::candidate(found));
        }
    }
    any
}

fn in_derive(toks: &[Tok<'_>], end: usize) -> bool {
    code::enclosing(toks, end).is_some_and(|open| open >= 1 && toks[open - 1].token == Token::Word("derive"))
}
