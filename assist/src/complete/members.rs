//! Behind `value.`: methods and fields of the value's type.

use super::{Candidate, member_kind, usual};
use crate::code::Tok;
use crate::infer::Infer;
use crate::known::{Found, Known};
use crate::rank::Ranked;
use crate::ty::{self, Ty};
use ironbook_magics::lexer::Token;
use ironbook_session::library::index::MemberKind;

/// Adds what can stand behind the `.` at token `dot`.
pub fn add(known: &Known<'_>, dot: usize, ranked: &mut Ranked<Candidate>) {
    let Some(ty) = Infer::new(known).chain(dot) else {
        return chain_of_unknown(known, dot, ranked);
    };
    let members = known.members(&ty);
    let setters = setters(&ty, &members);
    for found in members {
        if !matches!(found.kind, MemberKind::Method | MemberKind::Field) {
            continue;
        }
        let usual = usual::place(&ty.name, &found.name).or_else(|| setters.iter().position(|name| *name == found.name));
        let class = match (found.kind, usual) {
            // Those of the library's tables are its own affair.
            (MemberKind::Field, _) => 1,
            (_, Some(_)) => 0,
            _ => 2 + found.distance,
        };
        ranked.add_at(&found.name.clone(), class, usual.unwrap_or(0), || Candidate { usual, ..candidate(found) });
    }
    if ty.name == "tuple" {
        for (number, arg) in ty.args.iter().enumerate() {
            let name = number.to_string();
            ranked.add(&name, 0, || Candidate::new(&name, "property").signature(&arg.name));
        }
    }
    ranked.add("await", 9, || Candidate::new("await", "keyword"));
}

/// The methods that set what a builder builds with, as its author has ordered them; none where the type is no builder, whose
/// own methods mostly are such.
fn setters(ty: &Ty, members: &[Found]) -> Vec<String> {
    let is_own = |found: &&Found| found.kind == MemberKind::Method && found.owner == ty.name;
    let own: Vec<&Found> = members.iter().filter(is_own).collect();
    let sets = |found: &&&Found| {
        let takes = found.signature.contains("(self, ") || found.signature.contains("(mut self, ");
        let gives = ty::returned(&found.signature).and_then(Ty::parse);
        takes && gives.is_some_and(|gives| gives.name == "Self" || gives.name == ty.name)
    };
    let setters: Vec<String> = own.iter().filter(sets).map(|found| found.name.clone()).collect();
    // What is usual for a type is known better where somebody has said it.
    let is_told = own.iter().any(|found| usual::place(&ty.name, &found.name).is_some());
    let is_builder = !is_told && ty.name.starts_with(char::is_uppercase) && setters.len() * 2 > own.len();
    if is_builder { setters } else { Vec::new() }
}

/// A candidate for a member.
pub fn candidate(found: Found) -> Candidate {
    let kind = member_kind(found.kind);
    Candidate::new(found.name, kind).signature(found.signature).summary(found.summary)
}

/// Behind a value of unknown type: what is called behind a `.` elsewhere in the cell.
fn chain_of_unknown(known: &Known<'_>, dot: usize, ranked: &mut Ranked<Candidate>) {
    // A closure's parameter over expressions or rows: `|e| e.|`; without its type nothing better is known than
    // the methods of an expression, if the cell has one.
    let is_closure = dot > 0 && closure_parameter(known.toks, dot - 1);
    if is_closure && !ranked.typed().is_empty() {
        for found in known.members(&Ty::named("Expr")).into_iter().filter(|found| found.kind == MemberKind::Method) {
            ranked.add(&found.name.clone(), 3 + found.distance, || candidate(found));
        }
    }
}

fn closure_parameter(toks: &[Tok<'_>], at: usize) -> bool {
    let Token::Word(name) = toks[at].token else { return false };
    let is_parameter = |window: &[Tok<'_>]| {
        matches!(window[0].token, Token::Punct('|' | ',')) && window[1].token == Token::Word(name) && window[2].is('|')
    };
    toks[..at].windows(3).any(is_parameter)
}
