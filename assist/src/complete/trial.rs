//! Parameters of searches: `trial.int("|`, `best.float("|`, by what the session's `%%tune` cells ask for.

use super::Candidate;
use crate::code::{self, Tok};
use crate::infer::Infer;
use crate::known::Known;
use crate::rank::Ranked;
use ironbook_magics::lexer::Token;

/// Methods that ask a trial for a parameter: name first, then what it may be.
const ASKING: &[&str] = &["int", "int_step", "log_int", "float", "float_step", "log_float", "categorical", "bool"];
/// Methods that tell a parameter of the best trial, by its name.
const TELLING: &[&str] = &["int", "float", "text", "bool", "value_of"];

/// A parameter that a cell asks for.
struct Parameter {
    name: String,
    /// `float`.
    method: String,
    /// `1e-5..=1e-1`, empty if it is not written there.
    range: String,
    /// The cell; `None` for the one that is typed.
    cell: Option<u64>,
}

/// The names of parameters, if the string at token `at` is one.
pub fn names(known: &Known<'_>, at: usize, typed: &str) -> Option<Vec<Candidate>> {
    let (method, place) = call(known, at)?;
    if place > 0 {
        return None;
    }
    let mut ranked = Ranked::new(typed);
    for (order, parameter) in parameters(known).into_iter().rev().enumerate() {
        let class = u8::from(parameter.method != method);
        let of = match parameter.cell {
            Some(cell) => format!("as cell {cell} asks for it"),
            None => "as this cell asks for it".to_owned(),
        };
        let signature = format!("{}({})", parameter.method, parameter.range);
        ranked.add_at(&parameter.name, class, order, || {
            Candidate::new(&parameter.name, "property").signature(signature).summary(of)
        });
    }
    Some(ranked.finish())
}

/// Adds the ranges that the parameter has in other places, where one is to stand before token `end`.
pub fn add_ranges(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) {
    let Some(open) = code::enclosing(known.toks, end) else { return };
    let Some((method, 1)) = call(known, end) else { return };
    let Some(name) = known.toks.get(open + 1).and_then(|tok| code::string_value(&known.code[tok.range.clone()])) else {
        return;
    };
    let found = parameters(known).into_iter().rev();
    let same =
        found.filter(|parameter| parameter.name == name && parameter.method == method && !parameter.range.is_empty());
    for (order, parameter) in same.enumerate() {
        let range = parameter.range;
        let of = parameter.cell.map_or_else(|| "as above".to_owned(), |cell| format!("as in cell {cell}"));
        ranked.add_at(&range.clone(), 0, order, || Candidate::new(range, "instance").summary(of));
    }
}

/// The method of a trial, or of a best one, whose argument token `at` is, and which of its arguments.
fn call<'a>(known: &Known<'a>, at: usize) -> Option<(&'a str, usize)> {
    let toks = known.toks;
    let open = code::enclosing(toks, at).filter(|open| toks[*open].token == Token::Open('('))?;
    let method = open.checked_sub(1)?;
    let Token::Word(name) = toks[method].token else { return None };
    if !code::after_dot(toks, method) || !(ASKING.contains(&name) || TELLING.contains(&name)) {
        return None;
    }
    let of = Infer::new(known).chain(method - 1)?;
    let fits = of.name == "Trial" && ASKING.contains(&name) || of.name == "Best" && TELLING.contains(&name);
    let commas = (open..at).filter(|at| toks[*at].is(',') && code::enclosing(toks, *at) == Some(open));
    fits.then(|| (name, commas.count()))
}

/// The parameters of the session's searches, then of the cell that is typed; of equal ones the last.
fn parameters(known: &Known<'_>) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = Vec::new();
    let mut add = |found: Vec<Parameter>| {
        for parameter in found {
            all.retain(|other| (&other.name, &other.method) != (&parameter.name, &parameter.method));
            all.push(parameter);
        }
    };
    for (cell, text) in &known.view.searches {
        add(asked(text, &code::tokens(text), Some(*cell)));
    }
    add(asked(known.code, known.toks, None));
    all
}

/// `trial.float("rate", 1e-3..=1.0)`, wherever it stands.
fn asked(text: &str, toks: &[Tok<'_>], cell: Option<u64>) -> Vec<Parameter> {
    let mut out = Vec::new();
    for at in 2..toks.len().saturating_sub(2) {
        let Token::Word(method) = toks[at].token else { continue };
        let is_call = code::after_dot(toks, at) && toks[at + 1].token == Token::Open('(');
        let of_trial = toks[at - 2].token == Token::Word("trial");
        if !(is_call && of_trial && ASKING.contains(&method)) {
            continue;
        }
        // The one that is being typed is not closed.
        let Some(close) = code::matching_close(toks, at + 1) else { continue };
        let Some(name) = toks.get(at + 2).and_then(|tok| code::string_value(&text[tok.range.clone()])) else {
            continue;
        };
        let rest = code::parts(toks, at + 2..close).get(1).cloned();
        let range = rest.and_then(|rest| text.get(toks[rest.start].range.start..toks[rest.end - 1].range.end));
        out.push(Parameter {
            name: name.to_owned(),
            method: method.to_owned(),
            range: range.unwrap_or("").to_owned(),
            cell,
        });
    }
    out
}
