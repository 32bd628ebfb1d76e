//! What methods and fields give, by their signatures and by what they are called with.

use super::Infer;
use crate::code;
use crate::ty::{self, Ty};
use ironbook_magics::lexer::Token;
use ironbook_session::library::index::MemberKind;
use std::ops::Range;

impl Infer<'_, '_> {
    /// What stands after a `.`: the type, and the token after it.
    pub(super) fn member(&self, ty: &Ty, at: usize, end: usize, depth: usize) -> Option<(Ty, usize)> {
        let tok = self.toks.get(at).filter(|_| at < end)?;
        let name = match tok.token {
            Token::Word("await") => return Some((ty.args.first().cloned().unwrap_or_else(|| ty.clone()), at + 1)),
            Token::Word(name) => name,
            Token::Literal => {
                let mut ty = ty.clone();
                for number in self.known.code.get(tok.range.clone())?.split('.') {
                    ty = self.numbered(&ty, number)?;
                }
                return Some((ty, at + 1));
            }
            _ => return None,
        };
        let mut next = at + 1;
        let mut generics = Vec::new();
        if code::after_colons(self.toks, next + 2) && self.toks.get(next + 2).is_some_and(|tok| tok.is('<')) {
            let close = code::angle_close(self.toks, next + 2, end)?;
            generics = self.types(next + 2..close);
            next = close;
        }
        let is_call = next < end && self.toks[next].token == Token::Open('(');
        let after = if is_call { code::matching_close(self.toks, next)? + 1 } else { next };
        let arguments = if is_call { next + 1..after - 1 } else { next..next };
        let adapted = if is_call { self.adapted(ty, name, arguments.clone(), depth) } else { None };
        let ty = adapted.or_else(|| self.called(ty, name, &generics, is_call, arguments, depth))?;
        Some((ty, after))
    }

    fn numbered(&self, ty: &Ty, number: &str) -> Option<Ty> {
        match ty.name.as_str() {
            "tuple" => ty.args.get(number.parse::<usize>().ok()?).cloned(),
            _ => self.known.result_of(&self.known.member(ty, number)?, ty),
        }
    }

    fn called(
        &self,
        ty: &Ty,
        name: &str,
        generics: &[Ty],
        is_call: bool,
        arguments: Range<usize>,
        depth: usize,
    ) -> Option<Ty> {
        let item = self.item_of(ty);
        if name == "collect"
            && let Some(of) = generics.first()
        {
            // `collect::<Vec<_>>()`
            let given = item.unwrap_or_default();
            return Some(of.with(&[("_".to_owned(), given)]));
        }
        let members = self.known.members(ty);
        let found = members.iter().find(|found| found.name == name && (found.kind == MemberKind::Field) != is_call)?;
        if matches!(name, "clone" | "to_owned" | "by_ref") && found.distance > 0 {
            let owned = if ty.name == "str" { Ty::named("String") } else { ty.clone() };
            return Some(if ty.name == "slice" { Ty { name: "Vec".to_owned(), args: ty.args.clone() } } else { owned });
        }
        let result = self.known.result_of(found, ty)?;
        let own = ty::own_parameters(&found.signature);
        let mut map: Vec<(String, Ty)> = own.iter().cloned().zip(generics.iter().cloned()).collect();
        map.extend(item.clone().map(|item| ("Item".to_owned(), item)));
        if generics.is_empty() {
            map.extend(self.told_by_arguments(&found.signature, &own, arguments, depth));
        }
        if matches!(name, "sum" | "product") && generics.is_empty() {
            return item;
        }
        Some(result.with(&map))
    }

    /// What a function's own parameters stand for, as the arguments tell: `T` by `value: T`, by `range: impl Range<T>`.
    fn told_by_arguments(
        &self,
        signature: &str,
        own: &[String],
        arguments: Range<usize>,
        depth: usize,
    ) -> Vec<(String, Ty)> {
        let written = ty::argument_types(signature).into_iter().zip(code::parts(self.toks, arguments));
        let told = written.filter_map(|(parameter, argument)| {
            let parameter = Ty::parse(parameter)?;
            let inner = parameter.args.first().filter(|arg| own.contains(&arg.name));
            let name = if own.contains(&parameter.name) { &parameter.name } else { &inner?.name };
            let given = match self.ranged(argument.clone(), depth) {
                Some(range) => range,
                None => self.expression(argument, depth + 1)?,
            };
            let given = if inner.is_some() { self.item_of(&given)? } else { given };
            Some((name.clone(), given))
        });
        told.collect()
    }

    /// An argument that is a range: `3..=10`.
    fn ranged(&self, argument: Range<usize>, depth: usize) -> Option<Ty> {
        let dots = |at: &usize| self.toks[*at].is('.') && self.toks.get(at + 1).is_some_and(|next| next.is('.'));
        let at = argument.clone().find(dots)?;
        (at > argument.start).then(|| self.expression(argument.start..at, depth + 1))?.map(|of| Ty::of("Range", of))
    }
}
