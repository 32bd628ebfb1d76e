//! What tokens tell without being parsed: names, captures of format strings, files that are included.

use crate::text::Edit;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

/// All identifiers of a token stream, also inside groups.
pub fn idents_of(tokens: TokenStream, idents: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => {
                idents.insert(ident.to_string());
            }
            TokenTree::Group(group) => idents_of(group.stream(), idents),
            TokenTree::Literal(literal) => format_captures(&literal.to_string(), idents),
            TokenTree::Punct(_) => {}
        }
    }
}

/// Names captured by a format string: `{x}`, `{x:?}`, `{0:w$}`.
pub(super) fn format_captures(literal: &str, names: &mut BTreeSet<String>) {
    if !literal.contains('"') {
        return;
    }
    let literal = literal.replace("{{", "");
    for after in literal.split('{').skip(1) {
        let inside = after.split('}').next().unwrap_or("");
        let pieces = inside.split([':', '$', '.', '>', '<', '^', '?', '#', '+', '-', ' ']);
        names.extend(pieces.filter(|p| syn::parse_str::<syn::Ident>(p).is_ok()).map(str::to_owned));
    }
}

/// Relative paths in `include_str!` and the like are meant from the cells' working directory, not from the generated file.
pub fn includes(tokens: TokenStream, directory: &Path, edits: &mut Vec<Edit>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else { continue };
        let including = matches!(i.checked_sub(2).and_then(|at| trees.get(at)), Some(TokenTree::Ident(name))
            if INCLUDES.contains(&name.to_string().as_str()));
        match group.stream().into_iter().next() {
            Some(TokenTree::Literal(literal)) if including && is_punct(trees.get(i - 1), '!') => {
                edits.extend(absolute(&literal, directory));
            }
            _ => includes(group.stream(), directory, edits),
        }
    }
}

const INCLUDES: &[&str] = &["include_str", "include_bytes", "include"];

fn absolute(literal: &proc_macro2::Literal, directory: &Path) -> Option<Edit> {
    let path: syn::LitStr = syn::parse_str(&literal.to_string()).ok()?;
    let range = literal.span().byte_range();
    let full = directory.join(path.value());
    let relative = Path::new(&path.value()).is_relative();
    relative.then(|| Edit {
        at: range.start,
        delete: range.len(),
        insert: format!("{:?}", full.display().to_string()).into(),
    })
}

pub(super) fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == wanted)
}
