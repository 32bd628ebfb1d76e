//! Files that a pipeline reads: paths in quotes that the library's readers are given, and declared ones.

use crate::refusal::{Place, Reason, Refusal};
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// A file that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Name by which it can be replaced.
    pub name: String,
    /// The path as it stands in the text.
    pub written: String,
    /// Where it is.
    pub path: PathBuf,
    /// `blake3:` and the hash of its content.
    pub fingerprint: String,
    /// Bytes.
    pub bytes: u64,
}

/// Functions that read the file whose path is their first argument.
pub(crate) const READERS: &[&str] = &[
    "read_csv",
    "read_parquet",
    "read_json",
    "read_ndjson",
    "read_ipc",
    "scan_csv",
    "scan_parquet",
    "scan_ndjson",
    "scan_ipc",
    "from_path",
    "read_csv_with",
    "read_parquet_with",
    "read_json_with",
    "csv",
    "parquet",
];

/// A path in quotes that a reader is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The path.
    pub path: String,
    /// Bytes of the literal in the unit's text.
    pub range: Range<usize>,
    /// Whether it is read; else it is written.
    pub read: bool,
}

/// A reader whose argument is no path in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opaque {
    /// The reader's name.
    pub reader: String,
    /// Bytes of the call.
    pub range: Range<usize>,
}

/// The paths in a part of a unit's text.
pub(crate) fn literals(text: &str, range: Range<usize>) -> (Vec<Literal>, Vec<Opaque>) {
    let own = &text[range.clone()];
    let mut calls = Calls { offset: range.start as isize - 1, ..Calls::default() };
    if let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{own}\n}}")) {
        calls.visit_block(&block);
    }
    (calls.literals, calls.opaque)
}

#[derive(Default)]
struct Calls {
    offset: isize,
    literals: Vec<Literal>,
    opaque: Vec<Opaque>,
}

impl Calls {
    fn at(&self, range: Range<usize>) -> Range<usize> {
        let moved = |at: usize| at.saturating_add_signed(self.offset);
        moved(range.start)..moved(range.end)
    }
}

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        use syn::spanned::Spanned as _;
        if let syn::Expr::Path(path) = &*call.func {
            let name = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            let read = READERS.contains(&name.as_str()) && !(name == "csv" || name == "parquet");
            let write = name.starts_with("write") || name == "create" || name == "save";
            let first = call.args.first().map(bare);
            let texts = call.args.iter().map(bare).filter_map(text_of);
            match first.and_then(text_of) {
                Some((path, range)) if read => {
                    self.literals.push(Literal { path, range: self.at(range), read: true });
                }
                None if read && !call.args.is_empty() => {
                    self.opaque.push(Opaque { reader: name, range: self.at(call.span().byte_range()) });
                }
                _ if write => {
                    for (path, range) in texts {
                        self.literals.push(Literal { path, range: self.at(range), read: false });
                    }
                }
                _ => {}
            }
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        if name.starts_with("save") || name.starts_with("write") {
            for (path, range) in call.args.iter().map(bare).filter_map(text_of) {
                self.literals.push(Literal { path, range: self.at(range), read: false });
            }
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

/// An expression without references and conversions around it.
fn bare(expr: &syn::Expr) -> &syn::Expr {
    match expr {
        syn::Expr::Reference(inner) => bare(&inner.expr),
        syn::Expr::Paren(inner) => bare(&inner.expr),
        syn::Expr::MethodCall(call)
            if ["into", "to_string", "to_owned", "as_ref"].contains(&call.method.to_string().as_str()) =>
        {
            bare(&call.receiver)
        }
        syn::Expr::Call(call) if call.args.len() == 1 => {
            match &*call.func {
                syn::Expr::Path(path)
                    if path.path.segments.iter().any(|s| {
                        ["Path", "PathBuf", "PlPath", "PlRefPath"].contains(&s.ident.to_string().as_str())
                    }) =>
                {
                    call.args.first().map_or(expr, bare)
                }
                _ => expr,
            }
        }
        other => other,
    }
}

fn text_of(expr: &syn::Expr) -> Option<(String, Range<usize>)> {
    match expr {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some((text.value(), text.span().byte_range())),
        _ => None,
    }
}

/// Describes the file at `path`; `place` tells where in the cells it is read.
pub(crate) fn file(name: String, written: &str, path: PathBuf, place: &dyn Fn() -> Place) -> Result<DataFile, Refusal> {
    let refused = |words: String, remedy: &str| Refusal::new(Reason::File, words, remedy).at(place());
    if written.contains(['*', '?', '[']) {
        return Err(refused(
            format!("`{written}` is a pattern: which files it means can change"),
            "read one file, or declare each (`// data: NAME=PATH`)",
        ));
    }
    if written.contains("://") {
        return Err(refused(
            format!("`{written}` is not on this machine: what it holds can change"),
            "keep a copy below `data/` and read that",
        ));
    }
    let (fingerprint, bytes) = fingerprint(&path).map_err(|error| {
        refused(
            format!("`{written}` cannot be read: {error}"),
            "put the file back, or run the cell again with the one that is meant",
        )
    })?;
    Ok(DataFile { name, written: written.to_owned(), path, fingerprint, bytes })
}

/// The hash of a file's content, and its size.
pub(crate) fn fingerprint(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut block, mut bytes) = (blake3::Hasher::new(), vec![0; 1 << 18], 0u64);
    loop {
        match file.read(&mut block)? {
            0 => return Ok((format!("blake3:{}", hasher.finalize().to_hex()), bytes)),
            n => {
                hasher.update(&block[..n]);
                bytes += n as u64;
            }
        }
    }
}

/// A name for a file: its stem as an identifier, with a number where it is taken.
pub(crate) fn name_for(written: &str, taken: &dyn Fn(&str) -> bool) -> String {
    let stem = Path::new(written).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let mut name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "data_");
    }
    let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}_{n}") }).find(|name| !taken(name));
    free.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_that_readers_are_given() {
        let text = "let a = read_csv(\"a.csv\")?; let b = ironbook::data::read_parquet(Path::new(\"b/c.parquet\"))?; read_csv(&p)?; write_csv(&mut a, \"out.csv\")?;";
        let (literals, opaque) = super::literals(text, 0..text.len());
        let found: Vec<(&str, &str, bool)> =
            literals.iter().map(|l| (l.path.as_str(), &text[l.range.clone()], l.read)).collect();
        assert_eq!(
            found,
            [("a.csv", "\"a.csv\"", true), ("b/c.parquet", "\"b/c.parquet\"", true), ("out.csv", "\"out.csv\"", false)]
        );
        assert_eq!(opaque.iter().map(|o| &text[o.range.clone()]).collect::<Vec<_>>(), ["read_csv(&p)"]);
    }
}
