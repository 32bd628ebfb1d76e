//! The type of an expression, as far as it can be told without a compiler: chains of calls by the index's signatures.

mod calls;
mod patterns;

use crate::code::{self, Tok};
use crate::known::Known;
use crate::ty::{self, Ty};
use crate::user;
use ironbook_magics::lexer::Token;
use ironbook_session::library::index::EntryKind;
use std::cell::Cell;
use std::ops::Range;

/// Initialisers that refer to each other are followed so far.
const DEEPEST: usize = 12;

/// So many expressions are looked at for one answer.
const MOST: u32 = 10_000;

/// Infers types of expressions.
pub struct Infer<'k, 'a> {
    known: &'k Known<'a>,
    toks: &'k [Tok<'a>],
    /// Expressions that may still be looked at.
    left: Cell<u32>,
}

impl<'k, 'a> Infer<'k, 'a> {
    /// For the tokens before the cursor.
    pub fn new(known: &'k Known<'a>) -> Infer<'k, 'a> {
        Infer { known, toks: known.toks, left: Cell::new(MOST) }
    }

    /// The type of the chain that ends before token `end`.
    pub fn chain(&self, end: usize) -> Option<Ty> {
        let start = code::chain_start(self.toks, end)?;
        self.expression(start..end, 0)
    }

    /// The type of a local or live variable.
    pub fn name(&self, name: &str, before: usize) -> Option<Ty> {
        self.value(name, before, 0)
    }

    fn expression(&self, range: Range<usize>, depth: usize) -> Option<Ty> {
        self.left.set(self.left.get().checked_sub(1)?);
        if depth > DEEPEST {
            return None;
        }
        let mut at = range.start;
        while at < range.end {
            match self.toks[at].token {
                Token::Punct('&' | '*' | '-') | Token::Word("mut") => at += 1,
                Token::Punct('!') => return Some(Ty::named("bool")),
                _ => break,
            }
        }
        let (mut ty, mut at) = self.primary(at, range.end, depth)?;
        while at < range.end {
            let tok = &self.toks[at];
            (ty, at) = match tok.token {
                Token::Punct('?') => (ty.tried()?, at + 1),
                Token::Punct('.') => self.member(&ty, at + 1, range.end, depth)?,
                Token::Open('[') => {
                    let close = code::matching_close(self.toks, at)?;
                    (self.indexed(&ty, at + 1..close), close + 1)
                }
                Token::Open('(') => (ty.args.first().cloned()?, code::matching_close(self.toks, at)? + 1),
                Token::Punct('=' | '<' | '>' | '!') => return Some(Ty::named("bool")),
                Token::Punct('&' | '|') if self.toks.get(at + 1).is_some_and(|next| next.token == tok.token) => {
                    return Some(Ty::named("bool"));
                }
                Token::Word("as") => {
                    let end = self.toks.get(range.end.checked_sub(1)?)?.range.end;
                    return Ty::parse(self.known.code.get(self.toks[at].range.end..end)?);
                }
                _ => return Some(ty), // an operator: mostly of the left side's type
            };
        }
        Some(ty)
    }

    fn primary(&self, at: usize, end: usize, depth: usize) -> Option<(Ty, usize)> {
        let tok = self.toks.get(at).filter(|_| at < end)?;
        match tok.token {
            Token::Literal => Some((literal(&self.known.code[tok.range.clone()])?, at + 1)),
            Token::Open('(') => {
                let close = code::matching_close(self.toks, at)?;
                let items = code::parts(self.toks, at + 1..close);
                if let [item] = items.as_slice()
                    && let Some(range) = self.range(item.clone(), depth)
                {
                    return Some((range, close + 1));
                }
                let single = items.len() == 1 && !self.toks[close - 1].is(',');
                let types = items.into_iter().map(|item| self.expression(item, depth + 1).unwrap_or_default());
                let args: Vec<Ty> = types.collect();
                let ty = if single { args.into_iter().next()? } else { Ty { name: "tuple".to_owned(), args } };
                Some((ty, close + 1))
            }
            Token::Open('[') => {
                let close = code::matching_close(self.toks, at)?;
                Some((Ty::of("array", self.first_item(at + 1..close, depth)), close + 1))
            }
            Token::Word(word) if !code::is_keyword(word) || matches!(word, "self" | "Self" | "crate" | "super") => {
                self.path(at, end, depth)
            }
            Token::Word("true" | "false") => Some((Ty::named("bool"), at + 1)),
            _ => None,
        }
    }

    /// `0..n` between brackets.
    fn range(&self, item: Range<usize>, depth: usize) -> Option<Ty> {
        let dots = |at: &usize| {
            let pair = self.toks[*at].is('.') && self.toks.get(at + 1).is_some_and(|next| next.is('.'));
            pair && code::enclosing(self.toks, *at) == item.start.checked_sub(1)
        };
        let at = item.clone().find(dots)?;
        let ends = [item.start..at, at + 2..item.end];
        let types = ends.into_iter().filter(|end| !end.is_empty()).filter_map(|end| self.expression(end, depth + 1));
        // `0..n` is of the type of what is no literal.
        let of = types.reduce(|a, b| if a.name == "i32" { b } else { a }).unwrap_or_else(|| Ty::named("i32"));
        Some(Ty::of("Range", of))
    }

    fn first_item(&self, range: Range<usize>, depth: usize) -> Ty {
        let mut end = range.start;
        while end < range.end && !self.toks[end].is(',') && !self.toks[end].is(';') {
            end = match self.toks[end].token {
                Token::Open(_) => code::matching_close(self.toks, end).map_or(range.end, |close| close + 1),
                _ => end + 1,
            };
        }
        self.expression(range.start..end.min(range.end), depth + 1).unwrap_or_default()
    }

    /// A path and what is done with it: a call, a macro, a struct's literal, or its value.
    fn path(&self, at: usize, end: usize, depth: usize) -> Option<(Ty, usize)> {
        let mut segments = Vec::new();
        let mut generics = Vec::new();
        let mut next = at;
        while let Some(Token::Word(word)) = self.toks.get(next).filter(|_| next < end).map(|tok| &tok.token) {
            segments.push(*word);
            next += 1;
            if !code::after_colons(self.toks, next + 2) || next + 2 > end {
                break;
            }
            if self.toks.get(next + 2).is_some_and(|tok| tok.is('<')) {
                let close = code::angle_close(self.toks, next + 2, end)?;
                generics = self.types(next + 2..close);
                next = close;
                if !(next + 2 <= end && code::after_colons(self.toks, next + 2)) {
                    break;
                }
            }
            next += 2;
        }
        let follows = self.toks.get(next).filter(|_| next < end);
        match follows.map(|tok| &tok.token) {
            Some(Token::Punct('!'))
                if matches!(self.toks.get(next + 1).map(|tok| &tok.token), Some(Token::Open(_))) =>
            {
                let close = code::matching_close(self.toks, next + 1)?;
                Some((self.macro_call(segments.last()?, next + 2..close, depth)?, close + 1))
            }
            Some(Token::Open('(')) => {
                let close = code::matching_close(self.toks, next)?;
                Some((self.call(&segments, &generics, next + 1..close, depth)?, close + 1))
            }
            Some(Token::Open('{')) if segments.last()?.starts_with(char::is_uppercase) => {
                Some((Ty::named(segments.last()?), code::matching_close(self.toks, next)? + 1))
            }
            _ => Some((self.path_value(&segments, at, depth)?, next)),
        }
    }

    /// The types between `<` and `>`.
    fn types(&self, range: Range<usize>) -> Vec<Ty> {
        let bytes = self.toks[range.start].range.start..self.toks[range.end - 1].range.end;
        let written = self.known.code.get(bytes).map(|list| format!("X{list}"));
        written.and_then(|list| Ty::parse(&list)).map(|ty| ty.args).unwrap_or_default()
    }

    fn macro_call(&self, name: &str, arguments: Range<usize>, depth: usize) -> Option<Ty> {
        Some(match name {
            "vec" => Ty::of("Vec", self.first_item(arguments, depth)),
            "df" => Ty { name: "Result".to_owned(), args: vec![Ty::named("DataFrame"), Ty::named("PolarsError")] },
            "format" | "concat" | "stringify" | "env" | "include_str" => Ty::named("String"),
            "matches" => Ty::named("bool"),
            _ => return None,
        })
    }

    fn call(&self, segments: &[&str], generics: &[Ty], arguments: Range<usize>, depth: usize) -> Option<Ty> {
        let (last, before) = segments.split_last()?;
        if let Some(owner) = before.last() {
            if let Some(ty) = self.associated(owner, generics, last) {
                return Some(ty);
            }
            let index = self.known.index()?;
            let path = self.known.module_path(before)?;
            let entry = index.module(&path)?.find(|entry| entry.name == *last && entry.kind == EntryKind::Function)?;
            return Ty::parse(ty::returned(&entry.declaration)?);
        }
        if let Some(item) = self.known.items_named(last).find(|item| matches!(item.kind, "fn" | "type")) {
            return match item.kind {
                "fn" => Ty::parse(ty::returned(&user::signature(item))?),
                _ => Some(Ty::named(last)),
            };
        }
        match *last {
            "Some" => return Some(Ty::of("Option", self.first_item(arguments, depth))),
            "Ok" => return Some(Ty::of("Result", self.first_item(arguments, depth))),
            _ => {}
        }
        let functions = self.known.index()?.named(last).filter(|entry| entry.kind == EntryKind::Function);
        let entry = functions.into_iter().next();
        match entry {
            Some(entry) => Ty::parse(ty::returned(&entry.declaration)?),
            // A closure in a variable, or a tuple struct.
            None => last.starts_with(char::is_uppercase).then(|| Ty::named(last)),
        }
    }

    /// `Type::function(..)`, `Type::CONSTANT`, `Type::Variant`.
    fn associated(&self, owner: &str, generics: &[Ty], name: &str) -> Option<Ty> {
        let ty = Ty { name: owner.to_owned(), args: generics.to_vec() };
        let found = self.known.member(&ty, name)?;
        self.known.result_of(&found, &ty)
    }

    fn path_value(&self, segments: &[&str], before: usize, depth: usize) -> Option<Ty> {
        match segments {
            [name] => self.value(name, before, depth),
            [.., owner, name] => self.associated(owner, &[], name),
            [] => None,
        }
    }

    /// A binding of the cell above, else a variable of the session, else a constant.
    fn value(&self, name: &str, before: usize, depth: usize) -> Option<Ty> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(ty) = self.local(name, before, depth) {
            return ty;
        }
        if let Some(variable) = self.known.view.variable(name) {
            return Ty::parse(&variable.type_name);
        }
        let item = self.known.items_named(name).find(|item| matches!(item.kind, "const" | "static" | "type"));
        if let Some(item) = item {
            let signature = user::signature(item);
            return if item.kind == "type" { Some(Ty::named(name)) } else { Ty::parse(signature.split_once(':')?.1) };
        }
        let entry = self.known.index()?.named(name).next()?;
        match entry.kind {
            EntryKind::Struct => Some(Ty::named(name)),
            EntryKind::Constant | EntryKind::Static => {
                Ty::parse(entry.declaration.split_once(':')?.1.split('=').next()?)
            }
            _ => None,
        }
    }

    /// The newest `let name`, parameter or loop variable above; the inner `None` when its type cannot be told.
    fn local(&self, name: &str, before: usize, depth: usize) -> Option<Option<Ty>> {
        let toks = self.toks;
        for at in (1..before.min(toks.len())).rev() {
            if toks[at].token != Token::Word(name) || code::after_dot(toks, at) || code::after_colons(toks, at) {
                continue;
            }
            let next = toks.get(at + 1).map(|tok| &tok.token);
            let colon = next == Some(&Token::Punct(':')) && !code::after_colons(toks, at + 3);
            let bound = match toks[at - 1].token {
                Token::Word("let") => true,
                Token::Word("mut") => at >= 2 && toks[at - 2].token == Token::Word("let") || colon,
                Token::Open('(') | Token::Punct(',' | '|') => colon && !toks.get(at + 2).is_some_and(|tok| tok.is(':')),
                Token::Word("for") => return Some(self.looped(at, depth)),
                _ => false,
            };
            if !bound {
                match self.pattern(at, depth) {
                    Some(ty) => return Some(ty),
                    None => continue,
                }
            }
            if colon {
                return Some(self.annotated(at + 2));
            }
            if next == Some(&Token::Punct('=')) {
                let end = self.statement_end(at + 2);
                return Some(self.expression(at + 2..end, depth + 1));
            }
            return Some(None);
        }
        None
    }

    fn statement_end(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.toks.len() {
            match self.toks[at].token {
                Token::Punct(';') | Token::Close(_) | Token::Word("else" | "let") => break,
                Token::Open(_) => at = code::matching_close(self.toks, at).map_or(self.toks.len(), |close| close + 1),
                _ => at += 1,
            }
        }
        at
    }

    /// The type written from token `at` on.
    fn annotated(&self, at: usize) -> Option<Ty> {
        let rest = self.known.code.get(self.toks.get(at)?.range.start..)?;
        Ty::parse(rest)
    }

    /// `for name in expression {`.
    fn looped(&self, at: usize, depth: usize) -> Option<Ty> {
        let start = (at..self.toks.len()).find(|at| self.toks[*at].token == Token::Word("in"))? + 1;
        let open = (start..self.toks.len()).find(|at| self.toks[*at].token == Token::Open('{'))?;
        if (start..open).any(|at| self.toks[at].is('.') && self.toks[at + 1].is('.')) {
            return self.expression(start..start + 1, depth + 1);
        }
        self.item_of(&self.expression(start..open, depth + 1)?)
    }

    fn item_of(&self, ty: &Ty) -> Option<Ty> {
        match ty.name.as_str() {
            "Iter" | "IterMut" | "IntoIter" if ty.args.len() == 2 => {
                Some(Ty { name: "tuple".to_owned(), args: ty.args.clone() })
            }
            "Vec" | "slice" | "array" | "Iter" | "IterMut" | "IntoIter" | "Iterator" | "HashSet" | "BTreeSet"
            | "VecDeque" | "Range" | "RangeInclusive" | "Drain" | "Option" => ty.args.first().cloned(),
            "HashMap" | "BTreeMap" => Some(Ty { name: "tuple".to_owned(), args: ty.args.get(..2)?.to_vec() }),
            _ => None,
        }
    }

    fn indexed(&self, ty: &Ty, index: Range<usize>) -> Ty {
        let ranged =
            index.clone().any(|at| self.toks[at].is('.') && self.toks.get(at + 1).is_some_and(|next| next.is('.')));
        match ty.name.as_str() {
            _ if ranged => ty.clone(),
            "DataFrame" => Ty::named("Column"),
            "HashMap" | "BTreeMap" => ty.args.get(1).cloned().unwrap_or_default(),
            _ => ty.args.first().cloned().unwrap_or_default(),
        }
    }
}

fn literal(text: &str) -> Option<Ty> {
    let first = text.chars().next()?;
    Some(Ty::named(match first {
        '"' | 'r' => "str",
        'b' | 'c' => return None,
        '\'' => "char",
        _ => {
            let suffix = ["f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "isize"];
            let suffix = suffix.into_iter().find(|suffix| text.ends_with(suffix));
            suffix.unwrap_or(if text.contains('.') { "f64" } else { "i32" })
        }
    }))
}
