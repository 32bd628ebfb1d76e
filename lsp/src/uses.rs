//! Where a `use` goes in a cell: into one of the same module, behind the others, or before the first line of Rust.

use ironbook_assist::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_magics::split::{Kind, Names as _, Style, split};
use std::ops::Range;
use syn::{ItemUse, UseTree};

/// The bytes of a cell's text that a `use` such as `use std::fs::File;` takes the place of, and what is written there; nothing if
/// the cell has it.
pub fn edit(text: &str, view: &View, import: &str) -> Option<(Range<usize>, String)> {
    let rust = statements(text, view);
    let wanted: ItemUse = syn::parse_str(import).ok()?;
    let all = uses(&rust);
    for range in &all {
        let Ok(found) = syn::parse_str::<ItemUse>(&rust[range.clone()]) else { continue };
        match joined(&found, &wanted, &rust[range.clone()]) {
            Joined::Has => return None,
            Joined::Into(new) => return Some((range.clone(), new)),
            Joined::No => {}
        }
    }
    let first = first_statement(text, &rust, view);
    if let Some(last) = last_of_first(&rust, &all, first) {
        return Some((last..last, format!("\n{import}")));
    }
    if first == text.len() && !text.is_empty() && !text.ends_with('\n') {
        return Some((first..first, format!("\n{import}")));
    }
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    Some((line..line, format!("{import}\n")))
}

/// The text with magics replaced by spaces, and all of their words.
fn statements(text: &str, view: &View) -> String {
    let rust = view.rust_of(text);
    let mut out: String =
        rust.chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }).collect();
    for piece in split(text, view) {
        let own = match piece.kind {
            Kind::Rust => piece.range,
            Kind::Cell { body, .. } => body,
            _ => continue,
        };
        out.replace_range(own.clone(), &rust[own]);
    }
    out
}

/// The `use` statements that stand in no bracket.
fn uses(rust: &str) -> Vec<Range<usize>> {
    let (mut found, mut begun, mut depth, mut at) = (Vec::new(), None, 0usize, 0);
    let mut may_begin = true;
    while let Some((token, next)) = lexer::token(rust, at) {
        match token {
            Token::Word("use") if may_begin && depth == 0 => begun = Some(at),
            Token::Punct(';') if depth == 0 => found.extend(begun.take().map(|start| start..next)),
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !matches!(token, Token::Space | Token::Newline | Token::Comment) {
            may_begin = matches!(token, Token::Punct(';') | Token::Close('}'));
        }
        at = next;
    }
    found
}

/// The first byte of a cell's Rust behind magics and inner attributes, comments counted, or of the magic that measures Rust; the
/// end of the text if there is none.
fn first_statement(text: &str, rust: &str, view: &View) -> usize {
    for piece in split(text, view) {
        let start = match &piece.kind {
            Kind::Rust => piece.range.start,
            Kind::Line { name, .. } if view.style(name) == Some(Style::Code) => return piece.range.start,
            Kind::Cell { body, .. } => body.start,
            _ => continue,
        };
        let at = behind_attributes(&rust[..piece.range.end], start);
        if at < piece.range.end {
            return at;
        }
    }
    text.len()
}

fn behind_attributes(rust: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        at += rust[at..].len() - rust[at..].trim_start().len();
        if !rust[at..].starts_with("#![") {
            return at;
        }
        let mut depth = 0usize;
        while let Some((token, next)) = lexer::token(rust, at) {
            at = next;
            match token {
                Token::Open(_) => depth += 1,
                Token::Close(_) if depth <= 1 => break,
                Token::Close(_) => depth -= 1,
                _ => {}
            }
        }
    }
}

/// The end of the last of the uses that the cell's Rust begins with; only comments and space may stand between.
fn last_of_first(rust: &str, all: &[Range<usize>], first: usize) -> Option<usize> {
    let mut end = first;
    let mut last = None;
    for range in all {
        let between = rust.get(end..range.start)?;
        let is_near = lexed(between).all(|token| matches!(token, Token::Space | Token::Newline | Token::Comment));
        if !is_near {
            break;
        }
        end = range.end;
        last = Some(end);
    }
    last
}

fn lexed(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (token, next) = lexer::token(text, at)?;
        at = next;
        Some(token)
    })
}

enum Joined {
    /// The `use` brings the name in already.
    Has,
    /// The `use` with the name.
    Into(String),
    /// It is of another module, or not to be touched.
    No,
}

fn joined(found: &ItemUse, wanted: &ItemUse, text: &str) -> Joined {
    let (module, Some(leaf)) = flat(&wanted.tree) else { return Joined::No };
    let (other, own) = flat(&found.tree);
    if other != module || wanted.leading_colon.is_some() != found.leading_colon.is_some() {
        return Joined::No;
    }
    let plain = matches!(found.vis, syn::Visibility::Inherited) && found.attrs.is_empty() && !module.is_empty();
    match own {
        Some(UseTree::Glob(_)) => Joined::Has,
        Some(one) if one == leaf => Joined::Has,
        Some(one @ UseTree::Name(_)) if plain => Joined::Into(grouped(found, &module, &[one, leaf])),
        Some(UseTree::Group(group)) if group.items.iter().any(|one| one == leaf) => Joined::Has,
        Some(UseTree::Group(group)) if plain && text.contains('{') => {
            let simple = group.items.iter().all(|one| matches!(one, UseTree::Name(_)));
            if simple && !text.contains('\n') && !text.contains("/*") {
                let mut all: Vec<&UseTree> = group.items.iter().collect();
                all.push(leaf);
                return Joined::Into(grouped(found, &module, &all));
            }
            Joined::Into(text.replacen('{', &format!("{{{}, ", named(leaf)), 1))
        }
        _ => Joined::No,
    }
}

/// A tree's path down to what is no path.
fn flat(tree: &UseTree) -> (Vec<String>, Option<&UseTree>) {
    let mut path = Vec::new();
    let mut tree = tree;
    while let UseTree::Path(next) = tree {
        path.push(next.ident.to_string());
        tree = &next.tree;
    }
    (path, Some(tree))
}

fn named(tree: &UseTree) -> String {
    match tree {
        UseTree::Name(name) => name.ident.to_string(),
        UseTree::Rename(renamed) => format!("{} as {}", renamed.ident, renamed.rename),
        _ => String::new(),
    }
}

fn grouped(found: &ItemUse, module: &[String], names: &[&UseTree]) -> String {
    let mut names: Vec<String> = names.iter().map(|name| named(name)).collect();
    // As rustfmt has it: modules and functions before types.
    names.sort_by_key(|name| (name != "self", name.starts_with(char::is_uppercase), name.clone()));
    let colon = if found.leading_colon.is_some() { "::" } else { "" };
    format!("use {colon}{}::{{{}}};", module.join("::"), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, import: &str) -> String {
        let mut text = text.to_owned();
        if let Some((range, new)) = edit(&text, &View::default(), import) {
            text.replace_range(range, &new);
        }
        text
    }

    #[test]
    fn a_use_stands_before_the_first_rust() {
        let import = "use std::fs::File;";
        for (text, wanted) in [
            ("File", "use std::fs::File;\nFile"),
            ("", "use std::fs::File;\n"),
            ("%%time\nFile", "%%time\nuse std::fs::File;\nFile"),
            ("%dep rand\n\nFile", "%dep rand\n\nuse std::fs::File;\nFile"),
            ("%timeit File::open(\"a\")", "use std::fs::File;\n%timeit File::open(\"a\")"),
            ("%dep rand\n!ls\nuse a::B;\nFile", "%dep rand\n!ls\nuse a::B;\nuse std::fs::File;\nFile"),
            ("%dep rand", "%dep rand\nuse std::fs::File;"),
            ("#![allow(unused)]\nFile", "#![allow(unused)]\nuse std::fs::File;\nFile"),
            ("// ü\nFile", "use std::fs::File;\n// ü\nFile"),
            ("let a = [(1, \"", "use std::fs::File;\nlet a = [(1, \""),
        ] {
            assert_eq!(after(text, import), wanted, "{text}");
        }
    }

    #[test]
    fn a_use_joins_others() {
        for (text, import, wanted) in [
            ("use a::B;\nx.", "use c::D;", "use a::B;\nuse c::D;\nx."),
            (
                "use a::B;\n\nuse e::f; // g\nlet h;\nuse i::J;",
                "use c::D;",
                "use a::B;\n\nuse e::f;\nuse c::D; // g\nlet h;\nuse i::J;",
            ),
            ("use a::b::D;", "use a::b::C;", "use a::b::{C, D};"),
            ("use a::b::{D, f};", "use a::b::C;", "use a::b::{f, C, D};"),
            ("use a::{\n    b::D,\n};", "use a::C;", "use a::{C, \n    b::D,\n};"),
            ("use a::*;", "use a::C;", "use a::*;"),
            ("use a::C;", "use a::C;", "use a::C;"),
            ("use a::{B, C};", "use a::C;", "use a::{B, C};"),
            ("pub use a::B;", "use a::C;", "use a::C;\npub use a::B;"),
            ("use a::B as D;", "use a::C;", "use a::B as D;\nuse a::C;"),
            ("use x;", "use c::D;", "use x;\nuse c::D;"),
            ("fn f() { use a::B; }", "use a::C;", "use a::C;\nfn f() { use a::B; }"),
        ] {
            assert_eq!(after(text, import), wanted, "{text}");
        }
    }
}
