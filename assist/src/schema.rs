//! The columns of a table along a chain of polars, as far as the text tells them.

mod bindings;
mod doubts;
mod expr;
mod steps;

pub use doubts::unknown_columns;

use crate::code::{self, Tok};
use crate::known::Known;
use crate::view::View;
use bindings::Bound;
use ironbook_magics::lexer::Token;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;

/// Variables that are made of each other are followed so far.
const DEEPEST: usize = 16;
/// So many chains are followed for one table.
const MOST_CHAINS: u32 = 2000;
/// A cell with more tokens is no one's writing, and is not followed.
const MOST_TOKENS: usize = 30_000;
/// A table with as many columns may have more: the session tells of no others.
const MOST_TOLD: usize = ironbook_core::registry::MAX_COLUMNS;

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as polars writes it, empty if it is not known.
    pub dtype: String,
    /// The variable that it is of; empty if the chain makes it.
    pub table: String,
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Those that are known, in order.
    pub columns: Vec<Column>,
    /// Names that might be columns as well.
    pub maybe: BTreeSet<String>,
    /// Whether there are surely no others.
    pub complete: bool,
    /// The keys, if its rows are grouped.
    pub keys: Option<Vec<Column>>,
}

impl Schema {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether there is surely no column of the name.
    pub fn lacks(&self, name: &str) -> bool {
        self.complete && self.column(name).is_none() && !self.maybe.contains(name)
    }

    fn put(&mut self, column: Column) {
        match self.columns.iter_mut().find(|of| of.name == column.name) {
            Some(of) => *of = column,
            None => self.columns.push(column),
        }
    }

    fn incomplete(mut self) -> Schema {
        self.complete = false;
        self
    }
}

/// Names and types of columns.
pub type Columns = Vec<(String, String)>;

/// The variables that a cell makes or changes, with their columns where the text tells surely all of them.
pub fn columns_made(view: &View, text: &str) -> Vec<(String, Option<Columns>)> {
    let rust = view.rust_of(text);
    let toks = code::tokens(&rust);
    let known = Known::new(view, &rust, &toks);
    let columns = |schema: Schema| schema.columns.into_iter().map(|column| (column.name, column.dtype)).collect();
    let made = Tables::new(&known).made().into_iter();
    made.map(|(name, schema)| (name, schema.filter(|schema| schema.maybe.is_empty()).map(columns))).collect()
}

/// Follows tables through the cell's text.
pub struct Tables<'k, 'a> {
    known: &'k Known<'a>,
    toks: &'k [Tok<'a>],
    /// Chains that may still be followed.
    left: Cell<u32>,
}

impl<'k, 'a> Tables<'k, 'a> {
    /// For what is known.
    pub fn new(known: &'k Known<'a>) -> Tables<'k, 'a> {
        Tables { known, toks: known.toks, left: Cell::new(MOST_CHAINS) }
    }

    /// The table whose columns the string at token `at` names: that of the nearest call around it that has one.
    pub fn around(&self, at: usize) -> Option<Schema> {
        if self.is_too_long() {
            return None;
        }
        self.begin();
        let mut inner = at;
        for _ in 0..12 {
            let open = code::enclosing(self.toks, inner)?;
            if let Some(schema) = self.of_bracket(open, at) {
                return Some(schema);
            }
            if self.toks[open].token == Token::Open('{') {
                return None;
            }
            inner = open;
        }
        None
    }

    /// Another table is asked for.
    fn begin(&self) {
        self.left.set(MOST_CHAINS);
    }

    fn is_too_long(&self) -> bool {
        self.toks.len() > MOST_TOKENS
    }

    /// The table that the call or index of the bracket `open` is about.
    fn of_bracket(&self, open: usize, at: usize) -> Option<Schema> {
        let before = open.checked_sub(1)?;
        match (&self.toks[open].token, &self.toks[before].token) {
            (Token::Open('['), Token::Word(word)) if !code::is_keyword(word) => self.before(open),
            (Token::Open('['), Token::Close(_) | Token::Punct('?')) => self.before(open),
            (Token::Open('('), Token::Word(word)) if code::after_dot(self.toks, before) => {
                let schema = self.before(before - 1)?;
                // `left.join(right, [..of left], [..of right], ..)`
                let place = self.commas(open, at);
                if word.ends_with("join") && place == 2 {
                    let right = code::parts(self.toks, open + 1..at).into_iter().next()?;
                    return self.expression(right, 0);
                }
                Some(schema)
            }
            // `Dataset::new(&flights, &["..`
            (Token::Open('('), Token::Word(_)) => {
                let arguments = code::parts(self.toks, open + 1..at);
                let complete = self.commas(open, at);
                arguments.into_iter().take(complete).find_map(|argument| self.expression(argument, 0))
            }
            _ => None,
        }
    }

    /// How many commas there are in the bracket before token `at`.
    fn commas(&self, open: usize, at: usize) -> usize {
        let direct = |place: &usize| self.toks[*place].is(',') && code::enclosing(self.toks, *place) == Some(open);
        (open + 1..at).filter(direct).count()
    }

    /// The table of the chain that ends before token `end`.
    fn before(&self, end: usize) -> Option<Schema> {
        let start = code::chain_start(self.toks, end)?;
        self.expression(start..end, 0)
    }

    /// The variables that the cell makes or changes, with their columns where these are surely all.
    pub fn made(&self) -> Vec<(String, Option<Schema>)> {
        if self.is_too_long() {
            return Vec::new();
        }
        let mut names: Vec<&str> = Vec::new();
        let mut add = |name: &'a str| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        for (at, tok) in self.toks.iter().enumerate() {
            let Token::Word(name) = tok.token else { continue };
            let bound = at > 0 && matches!(self.toks[at - 1].token, Token::Word("let" | "mut"));
            if bound && !code::is_keyword(name) || self.sets(name, at) {
                add(name);
            }
        }
        for variable in self.known.view.variables.iter().filter(|variable| !variable.columns.is_empty()) {
            let word = self.toks.iter().find_map(|tok| match tok.token {
                Token::Word(word) if word == variable.name => Some(word),
                _ => None,
            });
            word.filter(|word| self.is_changed(word, 0, self.toks.len())).into_iter().for_each(&mut add);
        }
        let end = self.toks.len();
        let told = |name: &str| {
            self.begin();
            let schema = self.variable(name, end, 0)?;
            (schema.complete && schema.keys.is_none()).then_some(schema)
        };
        names.into_iter().map(|name| (name.to_owned(), told(name))).collect()
    }

    fn expression(&self, range: Range<usize>, depth: usize) -> Option<Schema> {
        self.left.set(self.left.get().checked_sub(1)?);
        if depth > DEEPEST {
            return None;
        }
        let mut at = range.start;
        while at < range.end && matches!(self.toks[at].token, Token::Punct('&') | Token::Word("mut")) {
            at += 1;
        }
        let (mut schema, mut at) = self.primary(at, range.end, depth)?;
        while at < range.end {
            match self.toks[at].token {
                Token::Punct('?') => at += 1,
                Token::Punct('.') => (schema, at) = self.step(schema, at + 1, range.end, depth)?,
                _ => return None,
            }
        }
        Some(schema)
    }

    fn primary(&self, at: usize, end: usize, depth: usize) -> Option<(Schema, usize)> {
        let next = |at: usize| self.toks.get(at).filter(|_| at < end).map(|tok| &tok.token);
        match next(at)? {
            Token::Open('(') => {
                let close = code::matching_close(self.toks, at)?;
                Some((self.expression(at + 1..close, depth + 1)?, close + 1))
            }
            Token::Word("df") if next(at + 1) == Some(&Token::Punct('!')) => {
                let close = code::matching_close(self.toks, at + 2)?;
                Some((self.written(at + 3..close), close + 1))
            }
            Token::Word("concat") if next(at + 1) == Some(&Token::Open('(')) => {
                let close = code::matching_close(self.toks, at + 1)?;
                let list = code::parts(self.toks, at + 2..close).into_iter().next()?;
                let first = self.listed(list).into_iter().next()?;
                Some((self.expression(first, depth + 1)?.incomplete(), close + 1))
            }
            Token::Word(name) if !code::is_keyword(name) => match next(at + 1) {
                None | Some(Token::Punct('.' | '?')) => Some((self.variable(name, at, depth)?, at + 1)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `df!("a" => [1, 2], "b" => ..)`.
    fn written(&self, range: Range<usize>) -> Schema {
        let mut schema = Schema { complete: true, ..Schema::default() };
        for part in code::parts(self.toks, range) {
            match self.string(part.start) {
                Some(name) => {
                    let dtype = self.dtype_of_values(part.start + 1..part.end).unwrap_or_default();
                    schema.put(Column { name, dtype: dtype.to_owned(), table: String::new() });
                }
                None => schema.complete = false,
            }
        }
        schema
    }

    /// The type of `=> [1, 2]`, if literals tell it.
    fn dtype_of_values(&self, range: Range<usize>) -> Option<&'static str> {
        let literal = range.clone().find(|at| self.toks[*at].token == Token::Literal)?;
        let plain = |at: &usize| matches!(self.toks[*at].token, Token::Punct('=' | '>' | '&' | '-') | Token::Open('['));
        if !(range.start..literal).all(|at| plain(&at)) {
            return None;
        }
        let text = &self.known.code[self.toks[literal].range.clone()];
        expr::dtype_of_literal(text)
    }

    /// A binding of the cell above, else a live variable.
    fn variable(&self, name: &str, before: usize, depth: usize) -> Option<Schema> {
        match self.bound(name, before) {
            Bound::To(range) => {
                let schema = self.expression(range.clone(), depth + 1)?;
                Some(if self.is_changed(name, range.end, before) { schema.incomplete() } else { schema })
            }
            Bound::Somehow => None,
            Bound::Nowhere => {
                let variable = self.known.view.variable(name).filter(|variable| !variable.columns.is_empty())?;
                let column = |(of, dtype): &(String, String)| Column {
                    name: of.clone(),
                    dtype: dtype.clone(),
                    table: name.to_owned(),
                };
                let columns: Vec<Column> = variable.columns.iter().map(column).collect();
                let complete = columns.len() < MOST_TOLD && !self.is_changed(name, 0, before);
                Some(Schema { columns, complete, ..Schema::default() })
            }
        }
    }

    /// The parts of `[a, b]`, `&[a]`, `vec![a]`, or the one part.
    fn listed(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut at = range.start;
        loop {
            match self.toks.get(at).filter(|_| at < range.end).map(|tok| &tok.token) {
                Some(Token::Punct('&')) => at += 1,
                Some(Token::Word("vec")) if self.toks.get(at + 1).is_some_and(|tok| tok.is('!')) => at += 2,
                Some(Token::Open('[')) => {
                    let close = code::matching_close(self.toks, at).filter(|close| *close + 1 >= range.end);
                    return close.map_or_else(|| vec![range], |close| code::parts(self.toks, at + 1..close));
                }
                _ => return vec![range],
            }
        }
    }

    /// The value of a string literal, escapes undone.
    fn string(&self, at: usize) -> Option<String> {
        let tok = self.toks.get(at).filter(|tok| tok.token == Token::Literal)?;
        let literal: syn::LitStr = syn::parse_str(self.known.code.get(tok.range.clone())?).ok()?;
        Some(literal.value())
    }
}

#[cfg(test)]
mod tests;
