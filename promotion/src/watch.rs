//! What makes a value depend on more than its inputs: the clock, chance, the environment, files, statics.

use crate::refusal::Reason;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;

/// Something in a text that a run may not give again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Why.
    pub reason: Reason,
    /// The words of the text: `SystemTime::now`.
    pub what: String,
    /// Where it stands.
    pub range: Range<usize>,
}

/// A path's last names, and why it is noticed. `a::b` matches `x::a::b` too.
const PATHS: &[(&str, Reason)] = &[
    ("Instant::now", Reason::Clock),
    ("SystemTime::now", Reason::Clock),
    ("Utc::now", Reason::Clock),
    ("Local::now", Reason::Clock),
    ("rand::rng", Reason::Random),
    ("rand::random", Reason::Random),
    ("rand::random_range", Reason::Random),
    ("rand::random_bool", Reason::Random),
    ("rand::random_iter", Reason::Random),
    ("rand::fill", Reason::Random),
    ("thread_rng", Reason::Random),
    ("ThreadRng::default", Reason::Random),
    ("SysRng", Reason::Random),
    ("OsRng", Reason::Random),
    ("RandomState::new", Reason::Random),
    ("Uuid::new_v4", Reason::Random),
    ("Uuid::now_v7", Reason::Random),
    ("Tensor::rand", Reason::Random),
    ("Tensor::randn", Reason::Random),
    ("env::var", Reason::Environment),
    ("env::vars", Reason::Environment),
    ("env::var_os", Reason::Environment),
    ("env::args", Reason::Environment),
    ("env::args_os", Reason::Environment),
    ("env::current_dir", Reason::Environment),
    ("env::set_current_dir", Reason::Environment),
    ("env::current_exe", Reason::Environment),
    ("env::home_dir", Reason::Environment),
    ("env::temp_dir", Reason::Environment),
    ("Command::new", Reason::Environment),
    ("process::id", Reason::Environment),
    ("available_parallelism", Reason::Environment),
    ("TcpStream::connect", Reason::Environment),
    ("UdpSocket::bind", Reason::Environment),
    ("reqwest::get", Reason::Environment),
    ("blocking::get", Reason::Environment),
    ("Client::new", Reason::Environment),
    ("ironbook::input", Reason::Environment),
    ("ironbook::password", Reason::Environment),
    ("io::stdin", Reason::Environment),
    ("File::open", Reason::File),
    ("fs::read", Reason::File),
    ("fs::read_to_string", Reason::File),
    ("fs::read_dir", Reason::File),
    ("fs::metadata", Reason::File),
    ("fs::exists", Reason::File),
    ("OpenOptions::new", Reason::File),
    ("safetensors::load", Reason::File),
];
/// Names that stand for one of the above when a `use` has brought them in alone.
const ALONE: &[(&str, &str)] =
    &[("rng", "rand::rng"), ("random", "rand::random"), ("read_to_string", "fs::read_to_string")];
/// Methods that draw from a source of their own.
const METHODS: &[(&str, Reason)] = &[
    ("from_os_rng", Reason::Random),
    ("from_entropy", Reason::Random),
    ("try_from_os_rng", Reason::Random),
    ("elapsed", Reason::Clock),
];
/// Macros.
const MACROS: &[(&str, Reason)] = &[
    ("include_str", Reason::File),
    ("include_bytes", Reason::File),
    ("include", Reason::File),
    ("env", Reason::Environment),
    ("option_env", Reason::Environment),
];

/// Everything in a text that is worth a look. `known` tells which lone names a `use` of the session has brought in.
pub(crate) fn sightings(text: &str, offset: usize, imported: &BTreeSet<String>) -> Vec<Sighting> {
    let mut out = Vec::new();
    if let Ok(tokens) = text.parse::<TokenStream>() {
        walk(tokens, offset, imported, &mut out);
    }
    out
}

fn walk(tokens: TokenStream, offset: usize, imported: &BTreeSet<String>, out: &mut Vec<Sighting>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        match &trees[at] {
            TokenTree::Group(group) => {
                walk(group.stream(), offset, imported, out);
                at += 1;
            }
            TokenTree::Ident(_) => {
                let (path, next) = path_at(&trees, at);
                out.extend(noticed(&path, &trees, at, next, imported).map(|(reason, what)| {
                    let range =
                        trees[at].span().byte_range().start + offset..trees[next - 1].span().byte_range().end + offset;
                    Sighting { reason, what, range }
                }));
                at = next;
            }
            _ => at += 1,
        }
    }
}

/// The path that begins at an identifier, and the position behind it.
fn path_at(trees: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = start;
    loop {
        match trees.get(at) {
            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
            _ => return (path, at),
        }
        at += 1;
        if !(punct(trees.get(at), ':') && punct(trees.get(at + 1), ':')) {
            return (path, at);
        }
        if !matches!(trees.get(at + 2), Some(TokenTree::Ident(_))) {
            return (path, at);
        }
        at += 2;
    }
}

fn punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn noticed(
    path: &[String],
    trees: &[TokenTree],
    at: usize,
    next: usize,
    imported: &BTreeSet<String>,
) -> Option<(Reason, String)> {
    let joined = path.join("::");
    let behind_dot = at > 0 && punct(trees.get(at - 1), '.');
    let called = matches!(trees.get(next), Some(TokenTree::Group(group))
        if group.delimiter() == proc_macro2::Delimiter::Parenthesis);
    if punct(trees.get(next), '!') {
        let found = MACROS.iter().find(|(name, _)| path.last().is_some_and(|last| last == name))?;
        return Some((found.1, format!("{}!", found.0)));
    }
    if let Some((name, reason)) = METHODS.iter().find(|(name, _)| path.last().is_some_and(|last| last == name)) {
        return (called || behind_dot).then(|| (*reason, (*name).to_owned()));
    }
    if behind_dot {
        return None;
    }
    let ends = |wanted: &str| joined == wanted || joined.ends_with(&format!("::{wanted}"));
    if let Some((name, reason)) = PATHS.iter().find(|(name, _)| ends(name)) {
        return Some((*reason, (*name).to_owned()));
    }
    let (_, full) = ALONE.iter().find(|(name, _)| joined == *name && called && imported.contains(*name))?;
    PATHS.iter().find(|(name, _)| name == full).map(|(name, reason)| (*reason, (*name).to_owned()))
}

/// What to do about it.
pub(crate) fn remedy(sighting: &Sighting, name: &str) -> String {
    let allow = format!("--allow {}", sighting.reason.name());
    match sighting.reason {
        Reason::Clock => format!("pass the time in as a parameter (`let now = \"2026-01-31\"; // param`), or {allow}"),
        Reason::Random => {
            format!(
                "draw from a seeded generator (`StdRng::seed_from_u64(0)`, a `.seed(..)` of the builder), or {allow}"
            )
        }
        Reason::Environment => format!("make it a parameter (`let {name} = \"..\"; // param`), or {allow}"),
        Reason::File => format!(
            "read it with `read_csv`, `read_parquet` or `read_json` and a path in quotes, declare it (`// data: NAME=PATH` \
             above the statement), or {allow}"
        ),
        _ => allow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Reason, String)> {
        let imported = BTreeSet::from(["rng".to_owned()]);
        sightings(text, 0, &imported).into_iter().map(|s| (s.reason, s.what)).collect()
    }

    #[test]
    fn what_a_run_may_not_give_again() {
        assert_eq!(found("let t = std::time::Instant::now();"), [(Reason::Clock, "Instant::now".to_owned())]);
        assert_eq!(found("f(|| rng().random::<f64>())"), [(Reason::Random, "rand::rng".to_owned())]);
        assert_eq!(found("let r = StdRng::from_os_rng();"), [(Reason::Random, "from_os_rng".to_owned())]);
        assert_eq!(found("let p = std::env::var(\"HOME\")?;"), [(Reason::Environment, "env::var".to_owned())]);
        assert_eq!(found("include_str!(\"x\")"), [(Reason::File, "include_str!".to_owned())]);
        assert_eq!(found("df.rng(); let random = 1; StdRng::seed_from_u64(1)"), []);
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let text = "let a = 1; let t = SystemTime::now();";
        assert_eq!(&text[sightings(text, 0, &BTreeSet::new())[0].range.clone()], "SystemTime::now");
    }
}
