//! What a name of a cell is bound to, and whether it may have been changed since.

use super::Tables;
use crate::code;
use ironbook_magics::lexer::Token;
use std::ops::Range;

/// What a name is bound to.
pub(super) enum Bound {
    /// The value of these tokens.
    To(Range<usize>),
    /// A parameter, a pattern: nothing is known.
    Somehow,
    /// Not in the cell.
    Nowhere,
}

impl Tables<'_, '_> {
    /// Whether the variable may be changed in its place between two tokens.
    pub(super) fn is_changed(&self, name: &str, from: usize, to: usize) -> bool {
        const CHANGING: &[&str] = &[
            "with_column",
            "rename",
            "drop_in_place",
            "insert_column",
            "replace",
            "replace_column",
            "set_column_names",
            "apply",
            "try_apply",
            "hstack_mut",
            "replace_or_add",
            "pop",
            "extend",
            "as_mut",
            "get_columns_mut",
        ];
        (from..to.min(self.toks.len())).any(|at| {
            let word = |at: usize| {
                self.toks.get(at).and_then(|tok| match tok.token {
                    Token::Word(word) => Some(word),
                    _ => None,
                })
            };
            let borrowed = at >= 2 && word(at - 1) == Some("mut") && self.toks[at - 2].is('&');
            let called = self.toks.get(at + 1).is_some_and(|tok| tok.is('.'))
                && word(at + 2).is_some_and(|method| CHANGING.contains(&method));
            let is_it = word(at) == Some(name) && !code::after_dot(self.toks, at);
            is_it && (borrowed || called || self.is_in_unknown_macro(at))
        })
    }

    /// Whether a token is an argument of a macro that might do anything with it.
    fn is_in_unknown_macro(&self, at: usize) -> bool {
        const READING: &[&str] = &[
            "assert",
            "assert_eq",
            "assert_ne",
            "dbg",
            "df",
            "eprint",
            "eprintln",
            "format",
            "matches",
            "panic",
            "print",
            "println",
            "vec",
            "write",
            "writeln",
        ];
        let mut inner = at;
        while let Some(open) = code::enclosing(self.toks, inner) {
            let name = open.checked_sub(2).filter(|_| self.toks[open - 1].is('!')).map(|name| &self.toks[name].token);
            if let Some(Token::Word(name)) = name {
                return !READING.contains(name);
            }
            inner = open;
        }
        false
    }

    /// What the name is bound to above a token.
    pub(super) fn bound(&self, name: &str, before: usize) -> Bound {
        let toks = self.toks;
        let mut at = before.min(toks.len());
        while at > 0 {
            at -= 1;
            if let Token::Close(_) = toks[at].token {
                // What is closed binds nothing here, but may set.
                let Some(open) = code::matching_open(toks, at) else { return Bound::Somehow };
                // `let (a, b) = `, `Some(a) =>`, `for (a, b) in`
                let pattern = toks.get(at + 1).is_some_and(|tok| tok.is('=') || tok.token == Token::Word("in"));
                let binds = |at: usize| {
                    self.sets(name, at)
                        || self.is_parameter(name, at)
                        || (pattern && toks[at].token == Token::Word(name))
                };
                if (open..at).any(binds) {
                    return Bound::Somehow;
                }
                at = open;
                continue;
            }
            if toks[at].token != Token::Word(name) || code::after_dot(toks, at) || code::after_colons(toks, at) {
                continue;
            }
            if let Some(bound) = self.bound_at(name, at, before) {
                return bound;
            }
        }
        Bound::Nowhere
    }

    /// What the name, which stands at token `at`, is bound to there; nothing if it is only used.
    fn bound_at(&self, name: &str, at: usize, before: usize) -> Option<Bound> {
        let toks = self.toks;
        let token = |at: usize| toks.get(at).map(|tok| &tok.token);
        let is_let = |at: usize| token(at) == Some(&Token::Word("let"));
        let last = at.checked_sub(1)?;
        if is_let(last) || (token(last) == Some(&Token::Word("mut")) && last.checked_sub(1).is_some_and(is_let)) {
            // `let lf: LazyFrame = ..`
            let end = (at..before).find(|at| toks[*at].is('=') || toks[*at].is(';'));
            return match end.filter(|end| toks[*end].is('=')) {
                Some(equals) => self.value(equals + 1, before),
                None => Some(Bound::Somehow),
            };
        }
        if self.sets(name, at) {
            // Perhaps only in a branch.
            let same = code::enclosing(toks, at) == code::enclosing(toks, before);
            return if same { self.value(at + 2, before) } else { Some(Bound::Somehow) };
        }
        let is_bound = matches!(token(last), Some(Token::Word("for") | Token::Punct('|')))
            || self.is_parameter(name, at)
            || self.is_in_pattern(at);
        is_bound.then_some(Bound::Somehow)
    }

    /// `name = value`, where it is a statement.
    pub(super) fn sets(&self, name: &str, at: usize) -> bool {
        let is = |at: usize, c: char| self.toks.get(at).is_some_and(|tok| tok.is(c));
        let starts =
            at == 0 || matches!(self.toks[at - 1].token, Token::Punct(';') | Token::Open('{') | Token::Close('}'));
        self.toks[at].token == Token::Word(name) && starts && is(at + 1, '=') && !is(at + 2, '=')
    }

    /// `name: Type` in a list.
    fn is_parameter(&self, name: &str, at: usize) -> bool {
        let is = |at: usize, c: char| self.toks.get(at).is_some_and(|tok| tok.is(c));
        let listed = at > 0
            && matches!(self.toks[at - 1].token, Token::Open('(') | Token::Punct(',' | '|') | Token::Word("mut"));
        self.toks[at].token == Token::Word(name) && listed && is(at + 1, ':') && !is(at + 2, ':')
    }

    fn is_in_pattern(&self, at: usize) -> bool {
        let toks = self.toks;
        let closure = toks.get(at + 1).is_some_and(|tok| tok.is('|'));
        let tuple = code::enclosing(toks, at).is_some_and(|open| {
            open > 0 && matches!(toks[open - 1].token, Token::Word("let" | "for") | Token::Punct('|'))
        });
        closure || tuple
    }

    /// The statement's rest from a token on; nothing if the name stands in it: `let lf = lf.filter(` means the one before.
    fn value(&self, from: usize, before: usize) -> Option<Bound> {
        let mut at = from;
        while at < before.min(self.toks.len()) {
            match self.toks[at].token {
                Token::Punct(';') => return Some(Bound::To(from..at)),
                Token::Close(_) | Token::Word("else") => return Some(Bound::Somehow),
                Token::Open(_) => at = code::matching_close(self.toks, at)? + 1,
                _ => at += 1,
            }
        }
        None
    }
}
