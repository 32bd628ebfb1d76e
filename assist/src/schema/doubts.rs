//! Columns that a chain names and that its table surely does not have.

use super::{Schema, Tables};
use crate::code;
use crate::known::Known;
use crate::view::View;
use ironbook_magics::distance;
use ironbook_magics::lexer::Token;
use ironbook_session::check::lints::UNKNOWN_COLUMN;
use ironbook_session::diagnostics::{Diagnostic, Fix, Severity};
use ironbook_session::{ExecutionId, Place};

/// So many columns are listed.
const LISTED: usize = 12;

/// Methods of tables whose expressions are over their columns.
const OVER_EXPRESSIONS: &[&str] = &[
    "agg",
    "filter",
    "group_by",
    "group_by_stable",
    "inner_join",
    "join",
    "left_join",
    "select",
    "sort_by_exprs",
    "with_column",
    "with_columns",
];
/// Methods of tables whose strings are their columns.
const OVER_NAMES: &[&str] = &["column", "drop", "group_by", "select", "sort"];
/// Functions that pass expressions on.
const FUNCTIONS: &[&str] = &[
    "col",
    "when",
    "not",
    "coalesce",
    "concat_str",
    "as_struct",
    "min_horizontal",
    "max_horizontal",
    "sum_horizontal",
    "mean_horizontal",
];
/// Methods whose expressions are over something else.
const ELSEWHERE: &[&str] = &["eval", "map", "apply", "map_many", "apply_many", "map_elements", "map_batches"];

/// Columns that a cell names, and that the tables it takes them of surely do not have; with what may be meant.
pub fn unknown_columns(view: &View, text: &str, execution: ExecutionId) -> Vec<Diagnostic> {
    let rust = view.rust_of(text);
    let toks = code::tokens(&rust);
    let known = Known::new(view, &rust, &toks);
    let tables = Tables::new(&known);
    let mut out = Vec::new();
    if tables.is_too_long() {
        return out;
    }
    for (at, tok) in toks.iter().enumerate() {
        let Some(name) = tables.string(at) else { continue };
        if name.is_empty() || name.contains(['*', '^']) {
            continue;
        }
        if let Some(schema) = tables.surely_of(at).filter(|schema| schema.lacks(&name)) {
            let place = Place { execution, range: tok.range.clone() };
            out.push(doubt(&name, &schema, place));
        }
    }
    out
}

fn doubt(name: &str, schema: &Schema, place: Place) -> Diagnostic {
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let mut tables: Vec<&str> =
        schema.columns.iter().map(|column| column.table.as_str()).filter(|t| !t.is_empty()).collect();
    tables.dedup();
    let of = match tables.as_slice() {
        [table] if schema.columns.iter().all(|column| column.table == *table) => format!("`{table}`"),
        _ => "the table here".to_owned(),
    };
    let words = format!("{of} has no column {name:?}");
    let mut doubt = Diagnostic::new(Severity::Warning, Some(UNKNOWN_COLUMN.to_owned()), words);
    if let Some(near) = nearest(name, &names) {
        let title = format!("write {near:?}");
        doubt.remarks.push(format!("help: did you mean {near:?}?"));
        doubt.fixes.push(Fix { title, edits: vec![(place.clone(), format!("{near:?}"))], sure: true });
    } else {
        let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("{name:?}")).collect();
        let more = if names.len() > LISTED { ", .." } else { "" };
        doubt.remarks.push(format!("help: its columns are {}{more}", shown.join(", ")));
    }
    doubt.place = Some(place);
    doubt
}

/// The name that differs in so few letters that it is likely the one meant.
fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let far = |other: &str| distance(&name.to_lowercase(), &other.to_lowercase());
    let most = 1 + name.chars().count() / 5;
    let near = names.iter().map(|other| (far(other), *other)).min_by_key(|(far, _)| *far)?;
    (near.0 <= most).then_some(near.1)
}

impl Tables<'_, '_> {
    /// The table that the string at a token surely names a column of.
    fn surely_of(&self, at: usize) -> Option<Schema> {
        self.begin();
        let word = |at: Option<usize>| match at.map(|at| &self.toks[at].token) {
            Some(Token::Word(word)) => Some(*word),
            _ => None,
        };
        // Through lists to what has them.
        let mut inner = at;
        let mut in_expression = false;
        for _ in 0..16 {
            let open = code::enclosing(self.toks, inner)?;
            let before = open.checked_sub(1)?;
            let name = word(Some(before)).filter(|word| !code::is_keyword(word));
            match (&self.toks[open].token, name) {
                (Token::Open('['), Some(_)) if !in_expression && inner == at => return self.before(open),
                (Token::Open('['), None) if matches!(self.toks[before].token, Token::Close(_) | Token::Punct('?')) => {
                    return self.before(open).filter(|_| !in_expression && inner == at);
                }
                (Token::Open('['), None) => {}
                (Token::Open('('), Some(name)) if code::after_dot(self.toks, before) => {
                    let Some(schema) = self.before(before - 1) else {
                        if !in_expression || ELSEWHERE.contains(&name) {
                            return None;
                        }
                        inner = open;
                        continue;
                    };
                    return self.named_in(schema, name, open, at, in_expression);
                }
                (Token::Open('('), Some(name)) if !in_expression && self.takes_names(name, before) => {
                    let table = code::parts(self.toks, open + 1..at).into_iter().next()?;
                    return self.expression(table, 0).filter(|_| self.commas(open, at) > 0);
                }
                (Token::Open('('), Some(name)) if !code::after_colons(self.toks, before) => {
                    let passes = FUNCTIONS.contains(&name) && (in_expression || (name == "col" && inner == at));
                    passes.then_some(())?;
                    in_expression = true;
                }
                (Token::Open('('), None) if in_expression && !self.toks[before].is('!') => {}
                _ => return None,
            }
            inner = open;
        }
        None
    }

    /// Whether the function at token `at` takes a table and names of its columns: `Dataset::new`, `eval::time_split`.
    fn takes_names(&self, name: &str, at: usize) -> bool {
        let of = at.checked_sub(3).filter(|_| code::after_colons(self.toks, at)).map(|of| &self.toks[of].token);
        match of {
            Some(Token::Word("Dataset")) => name == "new",
            Some(Token::Word("eval")) => name == "time_split",
            _ => false,
        }
    }

    /// The table whose columns an argument of a method names, if the method is one of those that fail without it.
    fn named_in(&self, schema: Schema, method: &str, open: usize, at: usize, in_expression: bool) -> Option<Schema> {
        let place = self.commas(open, at);
        let between = self.toks.get(open..at)?;
        if between.iter().any(|tok| tok.is('|')) {
            return None;
        }
        match (in_expression, method) {
            (true, "join" | "inner_join" | "left_join") if place == 2 => {
                let right = code::parts(self.toks, open + 1..at).into_iter().next()?;
                self.expression(right, 0)
            }
            (true, method) if OVER_EXPRESSIONS.contains(&method) => Some(schema),
            (false, method) if OVER_NAMES.contains(&method) && place == 0 => Some(schema),
            _ => None,
        }
    }
}
