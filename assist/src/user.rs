//! What the user has defined: items of the session and of the cell's own text, read for fields, methods and documentation.

use crate::code::{self, Tok};
use crate::view::View;
use ironbook_magics::lexer::Token;
use ironbook_session::library::index::MemberKind;
use ironbook_session::{ExecutionId, is_too_deep};
use std::borrow::Cow;
use syn::spanned::Spanned as _;

/// An item.
#[derive(Clone, Debug)]
pub struct UserItem<'a> {
    /// `fn`, `type`, `trait`, `impl`, `const`, `static`, `macro`, `mod`, `alias`, `use`.
    pub kind: &'a str,
    /// Its name; for an `impl` its header.
    pub name: Cow<'a, str>,
    /// Its text.
    pub text: &'a str,
    /// The execution that defined it; `None` for the cell that is being typed.
    pub cell: Option<ExecutionId>,
}

/// A field, a variant, a function of a type or trait.
#[derive(Clone, Debug, PartialEq)]
pub struct UserMember {
    /// What it is.
    pub kind: MemberKind,
    /// Its name.
    pub name: String,
    /// Its declaration.
    pub signature: String,
    /// Its documentation.
    pub doc: String,
    /// Its whole text.
    pub text: String,
}

/// All items: those of the cell's own text first, which will replace the others.
pub fn items<'a>(view: &'a View, code: &'a str, toks: &[Tok<'a>]) -> Vec<UserItem<'a>> {
    let mut all = in_text(code, toks);
    all.extend(view.items.iter().map(|item| UserItem {
        kind: &item.kind,
        name: Cow::Borrowed(item.name.as_str()),
        text: &item.text,
        cell: Some(item.cell),
    }));
    all
}

/// Items at the level of the cell.
fn in_text<'a>(code: &'a str, toks: &[Tok<'a>]) -> Vec<UserItem<'a>> {
    let mut out = Vec::new();
    let (mut at, mut begin) = (0, 0);
    while at < toks.len() {
        let kind = match toks[at].token {
            Token::Word("fn") => "fn",
            Token::Word("struct" | "enum" | "union") => "type",
            Token::Word("trait") => "trait",
            Token::Word("impl") => "impl",
            Token::Word("const") if !matches!(toks.get(at + 1).map(|tok| &tok.token), Some(Token::Word("fn"))) => {
                "const"
            }
            Token::Word("static") => "static",
            Token::Word("type") => "alias",
            Token::Word("mod") => "mod",
            Token::Word("macro_rules") => "macro",
            Token::Word("pub" | "unsafe" | "async" | "extern" | "const") | Token::Punct('#') => {
                at += 1;
                continue;
            }
            Token::Open(_) => {
                let attribute =
                    at > 0 && toks[at - 1].is('#') || toks[begin..at].iter().any(|tok| tok.token == Token::Word("pub"));
                at = code::matching_close(toks, at).map_or(toks.len(), |close| close + 1);
                if !attribute {
                    begin = at;
                }
                continue;
            }
            _ => {
                at = end_of_statement(toks, at);
                begin = at;
                continue;
            }
        };
        let end = end_of_item(toks, at);
        let bytes = toks[begin].range.start..toks[end - 1].range.end;
        let name = match kind {
            "impl" => Cow::Borrowed(
                code.get(toks[at].range.start..bytes.end).and_then(|text| text.split('{').next()).unwrap_or("").trim(),
            ),
            _ => match toks[at + 1..end]
                .iter()
                .find_map(|tok| if let Token::Word(word) = tok.token { Some(word) } else { None })
            {
                Some(name) => Cow::Borrowed(name),
                None => Cow::Borrowed(""),
            },
        };
        if !name.is_empty() {
            out.push(UserItem { kind, name, text: &code[bytes], cell: None });
        }
        at = end;
        begin = at;
    }
    out
}

/// The place after the `;` that ends a statement, or after its block if that ends a line.
fn end_of_statement(toks: &[Tok<'_>], from: usize) -> usize {
    let mut at = from;
    while at < toks.len() {
        match toks[at].token {
            Token::Punct(';') => return at + 1,
            Token::Open(open) => {
                at = code::matching_close(toks, at).map_or(toks.len(), |close| close + 1);
                let goes_on =
                    toks.get(at).is_some_and(|tok| matches!(tok.token, Token::Punct(_) | Token::Word("else")));
                if open == '{' && !goes_on {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The place after an item's block or semicolon.
fn end_of_item(toks: &[Tok<'_>], from: usize) -> usize {
    let mut at = from + 1;
    while at < toks.len() {
        match toks[at].token {
            Token::Punct(';') => return at + 1,
            Token::Open(open) => {
                at = code::matching_close(toks, at).map_or(toks.len(), |close| close + 1);
                if open == '{' {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The documentation of an item.
pub fn doc(item: &UserItem<'_>) -> String {
    let lines =
        item.text.lines().map(str::trim_start).take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let lines = lines.filter_map(|line| line.strip_prefix("///")).map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The item without documentation and body.
pub fn signature(item: &UserItem<'_>) -> String {
    let mut lines = item.text.lines().skip_while(|line| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[") || line.is_empty()
    });
    let text = match item.kind {
        "fn" | "impl" | "trait" | "mod" => {
            let text: Vec<&str> = lines.collect();
            let text = text.join(" ");
            text.split('{').next().unwrap_or("").to_owned()
        }
        "macro" => format!("macro_rules! {}", item.name),
        "const" | "static" => lines.collect::<Vec<_>>().join(" ").split('=').next().unwrap_or("").to_owned(),
        _ => lines.next().unwrap_or("").trim_end_matches('{').to_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(';').to_owned()
}

/// Fields or variants of a type.
pub fn parts(item: &UserItem<'_>) -> Vec<UserMember> {
    let field = |field: &syn::Field, number: usize| {
        let name = field.ident.as_ref().map_or_else(|| number.to_string(), ToString::to_string);
        let ty = slice(item.text, field.ty.span());
        UserMember {
            kind: MemberKind::Field,
            signature: format!("{name}: {ty}"),
            name,
            doc: docs(&field.attrs),
            text: slice(item.text, field.span()),
        }
    };
    match parsed(item.text) {
        Ok(syn::Item::Struct(of)) => of.fields.iter().enumerate().map(|(number, of)| field(of, number)).collect(),
        Ok(syn::Item::Enum(of)) => of
            .variants
            .iter()
            .map(|variant| UserMember {
                kind: MemberKind::Variant,
                name: variant.ident.to_string(),
                signature: slice(
                    item.text,
                    variant.ident.span().join(variant.fields.span()).unwrap_or(variant.ident.span()),
                ),
                doc: docs(&variant.attrs),
                text: slice(item.text, variant.span()),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The traits that a type derives.
pub fn derives(item: &UserItem<'_>) -> Vec<String> {
    let lists =
        item.text.match_indices("derive(").filter_map(|(at, start)| item.text[at + start.len()..].split(')').next());
    let names = lists.flat_map(|list| list.split(','));
    names.filter_map(|name| name.trim().rsplit("::").next()).map(str::to_owned).collect()
}

/// The functions of an `impl` or trait, and the names of the type and of the trait.
pub struct Block {
    /// What is implemented, if it is a trait.
    pub of_trait: Option<String>,
    /// For what.
    pub for_type: String,
    /// What is in it.
    pub members: Vec<UserMember>,
}

/// Reads an `impl` or a `trait`.
pub fn block(item: &UserItem<'_>) -> Option<Block> {
    let function =
        |attrs: &[syn::Attribute], start: proc_macro2::Span, signature: &syn::Signature, whole: proc_macro2::Span| {
            let bytes =
                start.byte_range().start.min(signature.span().byte_range().start)..signature.span().byte_range().end;
            let text = item.text.get(bytes).unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
            UserMember {
                kind: if signature.receiver().is_some() { MemberKind::Method } else { MemberKind::Function },
                name: signature.ident.to_string(),
                signature: text,
                doc: docs(attrs),
                text: slice(item.text, whole),
            }
        };
    // The session keeps an `impl` function by function, without the brace at the end.
    match parsed(item.text).or_else(|_| parsed(&format!("{} }}", item.text))).ok()? {
        syn::Item::Impl(block) => {
            let member = |member: &syn::ImplItem| match member {
                syn::ImplItem::Fn(of) => Some(function(&of.attrs, visible(&of.vis, &of.sig), &of.sig, of.span())),
                syn::ImplItem::Const(of) => Some(constant(item.text, &of.ident, &of.ty, &of.attrs, of.span())),
                _ => None,
            };
            Some(Block {
                of_trait: block.trait_.as_ref().and_then(|(path, _)| Some(path.segments.last()?.ident.to_string())),
                for_type: slice(item.text, block.self_ty.span()),
                members: block.items.iter().filter_map(member).collect(),
            })
        }
        syn::Item::Trait(of) => {
            let member = |member: &syn::TraitItem| match member {
                syn::TraitItem::Fn(of) => Some(function(&of.attrs, of.sig.span(), &of.sig, of.span())),
                syn::TraitItem::Const(of) => Some(constant(item.text, &of.ident, &of.ty, &of.attrs, of.span())),
                _ => None,
            };
            let members = of.items.iter().filter_map(member).collect();
            Some(Block { of_trait: None, for_type: of.ident.to_string(), members })
        }
        _ => None,
    }
}

/// Reads an item, unless it is nested deeper than the parser's stack.
fn parsed(text: &str) -> syn::Result<syn::Item> {
    if is_too_deep(text) {
        return Err(syn::Error::new(proc_macro2::Span::call_site(), "brackets are nested too deep"));
    }
    syn::parse_str(text)
}

fn visible(vis: &syn::Visibility, signature: &syn::Signature) -> proc_macro2::Span {
    match vis {
        syn::Visibility::Inherited => signature.span(),
        vis => vis.span(),
    }
}

fn constant(
    text: &str,
    name: &syn::Ident,
    ty: &syn::Type,
    attrs: &[syn::Attribute],
    whole: proc_macro2::Span,
) -> UserMember {
    UserMember {
        kind: MemberKind::Constant,
        name: name.to_string(),
        signature: format!("const {name}: {}", slice(text, ty.span())),
        doc: docs(attrs),
        text: slice(text, whole),
    }
}

fn docs(attrs: &[syn::Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn slice(text: &str, span: proc_macro2::Span) -> String {
    text.get(span.byte_range()).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "let a = 1; /// A point.\n#[derive(Clone, serde::Debug)]\npub struct Point { /// Left.\n pub x: f64, y: f64 }\n\
        impl Point { /// Length.\n pub fn norm(&self) -> f64 { 0.0 } fn new(x: f64) -> Point { todo!() } const ZERO: f64 = 0.0; }\n\
        if a > 1 { fn inner() {} } else { }\nenum Shape { Dot(Point), Line { a: u8 } } fn f<T>(x: T) -> T where T: Copy { x }\n1 + 2";

    #[test]
    fn items_of_a_text() {
        let toks = code::tokens(TEXT);
        let items = in_text(TEXT, &toks);
        let seen: Vec<(&str, &str)> = items.iter().map(|item| (item.kind, item.name.as_ref())).collect();
        assert_eq!(seen, [("type", "Point"), ("impl", "impl Point"), ("type", "Shape"), ("fn", "f")]);
        assert_eq!(derives(&items[0]), ["Clone", "Debug"]);
        assert_eq!(signature(&items[3]), "fn f<T>(x: T) -> T where T: Copy");
    }

    #[test]
    fn members_of_items() {
        let toks = code::tokens(TEXT);
        let items = in_text(TEXT, &toks);
        let fields: Vec<String> = parts(&items[0]).into_iter().map(|part| part.signature).collect();
        assert_eq!(fields, ["x: f64", "y: f64"]);
        assert_eq!(parts(&items[0])[0].doc, "Left.");
        let block = block(&items[1]).unwrap();
        assert_eq!(block.for_type, "Point");
        let seen: Vec<(MemberKind, &str)> = block.members.iter().map(|m| (m.kind, m.signature.as_str())).collect();
        assert_eq!(
            seen,
            [
                (MemberKind::Method, "pub fn norm(&self) -> f64"),
                (MemberKind::Function, "fn new(x: f64) -> Point"),
                (MemberKind::Constant, "const ZERO: f64"),
            ]
        );
        assert_eq!(parts(&items[2]).len(), 2);
    }
}
