//! Names that patterns bind: parameters of closures, loops, tuples, `Some(x)`.

use super::Infer;
use crate::code;
use crate::ty::{self, Ty};
use ironbook_magics::lexer::Token;
use std::ops::Range;

/// A place in a pattern: which parts of tuples lead to the name, outermost first.
type Path = Vec<usize>;

impl Infer<'_, '_> {
    /// The type of the name at token `at`, if a pattern binds it there; the inner `None` when its type cannot be told.
    pub(super) fn pattern(&self, at: usize, depth: usize) -> Option<Option<Ty>> {
        let (root, path) = self.climb(at)?;
        let whole = |ty: Option<Ty>| Some(ty.and_then(|ty| part(ty, &path)));
        match self.toks[root.checked_sub(1)?].token {
            Token::Word("let") => whole(self.initialiser(root, depth)),
            Token::Word("for") => whole(self.looped(root, depth)),
            Token::Punct('|' | ',') => {
                let pipe = self.opening_pipe(root)?;
                whole(self.closure_parameter(pipe, root, depth))
            }
            _ => self.unwrapped(root, depth).map(|ty| ty.and_then(|ty| part(ty, &path))),
        }
    }

    /// The first token of the whole pattern that the name at `at` is in, through tuples, `&` and `mut`.
    fn climb(&self, at: usize) -> Option<(usize, Path)> {
        let toks = self.toks;
        let (mut start, mut path) = (at, Path::new());
        for _ in 0..6 {
            while start > 0 && matches!(toks[start - 1].token, Token::Punct('&') | Token::Word("mut" | "ref")) {
                start -= 1;
            }
            let before = start.checked_sub(1)?;
            match toks[before].token {
                Token::Word("let" | "for") | Token::Punct('|') => break,
                Token::Open('(') | Token::Punct(',') => {
                    if toks[before].is(',') && self.opening_pipe(start).is_some() {
                        break;
                    }
                    let open = code::enclosing(toks, start).filter(|open| toks[*open].token == Token::Open('('))?;
                    let commas =
                        (open..start).filter(|at| toks[*at].is(',') && code::enclosing(toks, *at) == Some(open));
                    match open.checked_sub(1).map(|before| &toks[before].token) {
                        // `Some(x)`: it is told by what is matched.
                        Some(Token::Word("Some" | "Ok" | "Err")) => return Some((start, path)),
                        Some(Token::Word("let" | "for" | "mut") | Token::Punct('|' | ',' | '&') | Token::Open('(')) => {
                            path.insert(0, commas.count());
                            start = open;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        Some((start, path))
    }

    /// The `|` that closes the parameters of a closure, if the token at `at` names one of them.
    pub fn closing_pipe(&self, at: usize) -> Option<usize> {
        let (root, _) = self.climb(at)?;
        self.opening_pipe(root)?;
        (at + 1..self.toks.len()).find(|at| self.toks[*at].is('|'))
    }

    /// The `|` that opens the parameters which the pattern at `root` is one of.
    fn opening_pipe(&self, root: usize) -> Option<usize> {
        let toks = self.toks;
        let mut at = root;
        while at > 0 {
            at -= 1;
            match toks[at].token {
                Token::Punct('|') => {
                    return code::opens_parameters(toks, at).then_some(at);
                }
                Token::Close(_) => at = code::matching_open(toks, at)?,
                Token::Word(_) | Token::Punct(',' | '&' | ':' | '<' | '>' | '\'') => {}
                _ => return None,
            }
        }
        None
    }

    /// `let pattern = value`.
    fn initialiser(&self, root: usize, depth: usize) -> Option<Ty> {
        let equals = (root..self.toks.len()).find(|at| self.toks[*at].is('=') || self.toks[*at].is(';'))?;
        self.toks[equals].is('=').then_some(())?;
        self.expression(equals + 1..self.statement_end(equals + 1), depth + 1)
    }

    /// `if let Some(x) = value {`, `match value { Ok(x) =>`.
    fn unwrapped(&self, start: usize, depth: usize) -> Option<Option<Ty>> {
        let toks = self.toks;
        let variant = start.checked_sub(2)?;
        let Token::Word(name @ ("Some" | "Ok" | "Err")) = toks[variant].token else { return None };
        let close = code::matching_close(toks, variant + 1)?;
        let of = |ty: Ty| if name == "Err" { ty.args.get(1).cloned() } else { ty.tried() };
        if variant > 0 && toks[variant - 1].token == Token::Word("let") {
            let equals = toks.get(close + 1).filter(|tok| tok.is('=')).map(|_| close + 1)?;
            let end = (equals..toks.len())
                .find(|at| matches!(toks[*at].token, Token::Open('{') | Token::Punct(';') | Token::Word("else")));
            return Some(self.expression(equals + 1..end?, depth + 1).and_then(of));
        }
        let arms = code::enclosing(toks, variant).filter(|open| toks[*open].token == Token::Open('{'))?;
        let matched = (0..arms).rev().find(|at| toks[*at].token == Token::Word("match"))?;
        Some(self.expression(matched + 1..arms, depth + 1).and_then(of))
    }

    /// A parameter of the closure whose `|` stands at `pipe`: what the function that gets the closure calls it with.
    fn closure_parameter(&self, pipe: usize, root: usize, depth: usize) -> Option<Ty> {
        let toks = self.toks;
        let number = (pipe..root)
            .filter(|at| toks[*at].is(',') && code::enclosing(toks, *at) == code::enclosing(toks, pipe))
            .count();
        let open = code::enclosing(toks, pipe).filter(|open| toks[*open].token == Token::Open('('))?;
        let method = open.checked_sub(1)?;
        let Token::Word(name) = toks[method].token else { return None };
        if !code::after_dot(toks, method) {
            return None;
        }
        let start = code::chain_start(toks, method - 1)?;
        let ty = self.expression(start..method - 1, depth + 1)?;
        let signature = self.known.member(&ty, name)?.signature;
        let parameter = called_with(&signature)?.into_iter().nth(number)?;
        let mut map = self.known.arguments(&ty);
        map.extend(self.item_of(&ty).map(|item| ("Item".to_owned(), item)));
        // `fold(0.0, |sum, x|`: the type of the argument before.
        for (own, argument) in ty::own_parameters(&signature).into_iter().zip(code::parts(toks, open + 1..pipe)) {
            if !map.iter().any(|(name, _)| *name == own) {
                map.extend(self.expression(argument, depth + 1).map(|ty| (own, ty)));
            }
        }
        let unknown = ty::own_parameters(&signature);
        let found = parameter.with(&map);
        (!unknown.contains(&found.name)).then_some(found)
    }

    /// The type that the closure in these tokens gives.
    pub(super) fn closure_body(&self, range: Range<usize>, depth: usize) -> Option<Ty> {
        let mut at = range.start;
        if self.toks.get(at)?.token == Token::Word("move") {
            at += 1;
        }
        self.toks.get(at).filter(|tok| tok.is('|'))?;
        let close = (at + 1..range.end).find(|at| self.toks[*at].is('|'))?;
        self.expression(close + 1..range.end, depth + 1)
    }

    /// What an iterator gives after a method of iterators; nothing where its signature tells enough.
    pub(super) fn adapted(&self, ty: &Ty, name: &str, arguments: Range<usize>, depth: usize) -> Option<Ty> {
        const SAME: &[&str] = &[
            "by_ref",
            "chain",
            "cycle",
            "filter",
            "fuse",
            "inspect",
            "peekable",
            "rev",
            "skip",
            "skip_while",
            "step_by",
            "take",
            "take_while",
            "cloned",
            "copied",
            "into_iter",
            "iter",
            "iter_mut",
        ];
        let of = |item: Ty| Some(Ty::of("Iterator", item));
        match name {
            "chars" if ty.name == "str" || ty.name == "String" => return of(Ty::named("char")),
            "lines" | "split" | "split_whitespace" | "rsplit" | "splitn"
                if matches!(ty.name.as_str(), "str" | "String") =>
            {
                return of(Ty::named("str"));
            }
            "windows" | "chunks" | "chunks_exact" if matches!(ty.name.as_str(), "Vec" | "slice" | "array") => {
                return of(Ty::of("slice", ty.args.first()?.clone()));
            }
            "keys" | "into_keys" if ty.args.len() >= 2 => return of(ty.args[0].clone()),
            "values" | "values_mut" | "into_values" if ty.args.len() >= 2 => return of(ty.args[1].clone()),
            _ => {}
        }
        // Those of `Option` and `Result` are told by their signatures.
        if matches!(ty.name.as_str(), "Option" | "Result") {
            return match name {
                "map" => self.closure_body(arguments, depth).map(|to| {
                    let rest = ty.args.iter().skip(1).cloned();
                    Ty { name: ty.name.clone(), args: std::iter::once(to).chain(rest).collect() }
                }),
                "and_then" => self.closure_body(arguments, depth),
                _ => None,
            };
        }
        let item = self.item_of(ty)?;
        match name {
            _ if SAME.contains(&name) => of(item),
            "enumerate" => of(Ty { name: "tuple".to_owned(), args: vec![Ty::named("usize"), item] }),
            "zip" => {
                let other = self.expression(arguments, depth + 1).and_then(|other| self.item_of(&other));
                of(Ty { name: "tuple".to_owned(), args: vec![item, other.unwrap_or_default()] })
            }
            "map" => of(self.closure_body(arguments, depth).unwrap_or_default()),
            "filter_map" => of(self.closure_body(arguments, depth).and_then(|ty| ty.tried()).unwrap_or_default()),
            "flat_map" => {
                let inner = self.closure_body(arguments, depth).and_then(|ty| self.item_of(&ty));
                of(inner.unwrap_or_default())
            }
            "flatten" => of(self.item_of(&item).unwrap_or_default()),
            _ => None,
        }
    }
}

/// The part of a tuple that a path leads to.
fn part(ty: Ty, path: &[usize]) -> Option<Ty> {
    path.iter().try_fold(ty, |ty, at| if ty.name == "tuple" { ty.args.get(*at).cloned() } else { None })
}

/// What the first closure of a signature is called with: `FnMut(&T, usize)`.
fn called_with(signature: &str) -> Option<Vec<Ty>> {
    let at = ["FnMut(", "FnOnce(", "Fn("].iter().filter_map(|of| Some(signature.find(of)? + of.len())).min()?;
    let mut depth = 1usize;
    let end = signature[at..].find(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    // One alone needs its comma, to stay a list.
    Ty::parse(&format!("({},)", &signature[at..at + end])).map(|list| list.args)
}
