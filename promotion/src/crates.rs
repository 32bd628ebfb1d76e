//! Crates that code names: those of the library, and those of `%dep`, which travel with a version.

use crate::history::History;
use crate::refusal::{Reason, Refusal};
use crate::slice::Slice;
use crate::vendor;
use ironbook_session::explored::Explored;
use ironbook_session::library::extra::{self, Package};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// Directory of a version that holds crates of one's own.
const FOLDER: &str = "crates";

/// The names that paths and imports in a text begin with.
pub(crate) fn roots(text: &str) -> BTreeSet<String> {
    fn walk(tokens: TokenStream, out: &mut BTreeSet<String>) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        // The colon of `a: ::b` stands alone.
        let path = |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
        let word = |at: usize, words: &[&str]| matches!(trees.get(at), Some(TokenTree::Ident(name)) if words.iter().any(|word| name == word));
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => walk(group.stream(), out),
                TokenTree::Ident(name) if path(at + 1) || at > 0 && word(at - 1, &["use", "crate"]) => {
                    out.insert(name.to_string());
                }
                _ => {}
            }
        }
    }
    let mut out = BTreeSet::new();
    if let Ok(tokens) = text.parse() {
        walk(tokens, &mut out);
    }
    out
}

/// The crates of `%dep` that a text names.
pub(crate) fn named(text: &str, explored: &Explored) -> Vec<Package> {
    let Some(extra) = &explored.extra else { return Vec::new() };
    let roots = roots(text);
    extra.packages.iter().filter(|package| roots.contains(&package.library)).cloned().collect()
}

/// Why a crate cannot travel: it was built beside other forms of the library's crates, which one lock file cannot hold.
pub(crate) fn apart(history: &History<'_>, slice: &Slice, named: &[Package]) -> Vec<Refusal> {
    let because = history.explored.extra.as_ref().map(|extra| extra.apart_because.as_slice()).unwrap_or_default();
    if because.is_empty() {
        return Vec::new();
    }
    let refusal = |package: &Package| {
        let name = &package.asked.name;
        let refusal = Refusal::new(
            Reason::Crate,
            format!(
                "`{name}` was built apart from the library, with other features or versions of {}: a pipeline is built with one of each",
                list(because)
            ),
            format!(
                "add `{name}` with fewer features (`%dep {name} --no-default-features`) or in another version, and run what uses it again"
            ),
        );
        let place = slice.taken.iter().find_map(|(id, taken)| {
            let unit = history.unit(*id)?;
            let names = |at: &&usize| unit.statements[**at].idents.contains(&package.library);
            let at = taken.kept.iter().find(names)?;
            Some(unit.place(unit.statements[*at].range.start))
        });
        match place {
            Some(place) => refusal.at(place),
            None => refusal,
        }
    };
    named.iter().map(refusal).collect()
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// The line of a manifest.
pub(crate) fn dependency(package: &Package) -> String {
    let asked = &package.asked;
    let mut fields = match asked.path {
        Some(_) => vec![format!("path = \"{}\"", folder(package))],
        None => vec![format!("version = \"{}\"", package.version)],
    };
    if !asked.features.is_empty() {
        fields.push(format!("features = {:?}", asked.features));
    }
    if !asked.default_features {
        fields.push("default-features = false".to_owned());
    }
    match (&asked.path, fields.as_slice()) {
        (None, [_]) => format!("{} = \"{}\"\n", asked.name, package.version),
        _ => format!("{} = {{ {} }}\n", asked.name, fields.join(", ")),
    }
}

/// What tells a crate from its other versions, wherever it was built.
pub(crate) fn identity(package: &Package) -> String {
    let copy = package.asked.path.as_ref().and_then(|path| path.file_name());
    let content = copy.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{} {} {content} {:?}", package.asked.name, package.version, package.asked.features)
}

/// Where a crate of one's own lies in a version.
fn folder(package: &Package) -> String {
    format!("{}/{FOLDER}/{}", vendor::FOLDER, package.asked.name)
}

/// Writes the sources of crates of one's own into a version.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn write(packages: &[&Package], version: &Path) -> io::Result<()> {
    for package in packages {
        let Some(from) = &package.asked.path else { continue };
        let to = version.join(folder(package));
        for file in extra::source_files(from)? {
            let target = to.join(&file);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(from.join(&file), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_session::library::extra::Dependency;
    use std::path::PathBuf;

    #[test]
    fn names_that_begin_paths() {
        let text = "use itertools::Itertools; use md5 as hash; extern crate own; fn f(a: ::geo::P) -> u8 { hex!(rand::x::<a>(a.b)) }";
        let found: Vec<String> = roots(text).into_iter().collect();
        assert_eq!(found, ["geo", "itertools", "md5", "own", "rand", "x"]);
    }

    #[test]
    fn lines_of_a_manifest() {
        let line = |path: Option<&str>, features: &[&str], default_features: bool| {
            dependency(&Package {
                library: "md5".to_owned(),
                version: "0.10.6".to_owned(),
                asked: Dependency {
                    name: "md-5".to_owned(),
                    version: Some("0.10".to_owned()),
                    features: features.iter().map(|feature| (*feature).to_owned()).collect(),
                    path: path.map(PathBuf::from),
                    default_features,
                },
            })
        };
        assert_eq!(line(None, &[], true), "md-5 = \"0.10.6\"\n");
        assert_eq!(
            line(None, &["std"], false),
            "md-5 = { version = \"0.10.6\", features = [\"std\"], default-features = false }\n"
        );
        assert_eq!(line(Some("/home/me/md-5"), &[], true), "md-5 = { path = \"vendor/crates/md-5\" }\n");
    }
}
