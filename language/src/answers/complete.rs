//! Candidates for a place.

use super::{bytes, plain};
use crate::host::Host;
use ironbook_session::language::{Answer, Candidate};
use ironbook_session::library::index::first_sentence;
use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    CallableSnippets, CompletionConfig, CompletionFieldsToResolve, CompletionItem, CompletionItemKind, RaFixtureConfig,
    SymbolKind,
};
use ra_ap_ide_db::SnippetCap;
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};

/// Most candidates that are told.
const MOST: usize = 600;
/// Letters that have to be typed before names are offered that need a `use`.
const IMPORTS_FROM: usize = 3;
/// Snippets for files with tests, which cells have none of.
const UNFIT: &[&str] = &["tfn", "tmod"];
/// Functions that nearly every type has: neither that one gives what is expected, as it would anywhere, nor that a trait
/// declares it says anything.
const ANYWHERE: &[&str] =
    &["borrow", "borrow_mut", "clone", "clone_from", "from", "into", "to_owned", "try_from", "try_into"];
/// Longest line about a candidate.
const SUMMARY: usize = 160;

impl Host {
    /// Completes at a place, for what has to be read for it; on any thread, and in vain once that is cancelled.
    pub fn completion(&self, at: usize) -> impl FnOnce() + Send + use<> {
        let (analysis, position) = (self.analysis(), self.position(at));
        let config = config_for(typed(&self.text()[..at]));
        move || drop(analysis.completions(&config, position, None))
    }

    pub(super) fn complete(&self, at: usize) -> Option<Answer> {
        let typed = typed(&self.text()[..at]);
        let config = config_for(typed);
        let items = self.analysis().completions(&config, self.position(at), None).ok()??;
        let mut candidates: Vec<Candidate> =
            items.iter().filter(|item| fits(typed, item.lookup())).filter_map(|item| candidate(item, at)).collect();
        // Of those that fit as well, rust-analyzer tells first what is defined first: mostly what is needed first.
        candidates.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| variable(a).cmp(&variable(b))));
        candidates.truncate(MOST);
        Some(Answer::Candidates(candidates))
    }
}

/// The name of a variable: those of a session have no order of their own.
fn variable(candidate: &Candidate) -> Option<&str> {
    (candidate.kind == "instance").then_some(candidate.name.as_str())
}

/// The part of a word before the place.
fn typed(before: &str) -> &str {
    let word = before.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_');
    &before[before.len() - word.map(char::len_utf8).sum::<usize>()..]
}

/// Whether a name has the typed letters in their order, the first one first.
fn fits(typed: &str, name: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (typed, name) = (lower(typed), lower(name));
    let Some(first) = typed.first() else { return true };
    let mut letters = name.iter();
    let begins = name.first() == Some(first) || name.windows(2).any(|pair| pair[0] == '_' && pair[1] == *first);
    begins && typed.iter().all(|c| letters.any(|other| other == c))
}

fn config_for(typed: &str) -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: true,
        enable_imports_on_the_fly: typed.chars().count() >= IMPORTS_FROM,
        enable_self_on_the_fly: true,
        enable_auto_iter: false,
        enable_auto_await: true,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: true,
        callable: Some(CallableSnippets::FillArguments),
        add_colons_to_module: false,
        add_semicolon_to_unit: false,
        snippet_cap: SnippetCap::new(true),
        insert_use: InsertUseConfig {
            granularity: ImportGranularity::Item,
            enforce_granularity: true,
            prefix_kind: PrefixKind::Plain,
            group: false,
            skip_glob_imports: false,
        },
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        snippets: Vec::new(),
        limit: None,
        fields_to_resolve: CompletionFieldsToResolve::empty(),
        exclude_flyimport: Vec::new(),
        exclude_traits: &[],
        ra_fixture: RaFixtureConfig::default(),
    }
}

fn candidate(item: &CompletionItem, at: usize) -> Option<Candidate> {
    let edit = item.text_edit.iter().find(|edit| bytes(edit.delete).contains(&at) || bytes(edit.delete).end == at)?;
    let name = name_of(item);
    if name.starts_with("__ironbook") || UNFIT.contains(&name.as_str()) {
        return None;
    }
    let doc = item.documentation.as_ref().map(|doc| doc.as_str());
    let detail = plain(&item.detail.clone().or_else(|| item.label.detail_right.clone()).unwrap_or_default());
    let snippet = item.is_snippet.then(|| edit.insert.clone());
    let is_text = is_literal(item)
        || item.kind == CompletionItemKind::Snippet
        || snippet
            .as_ref()
            .is_some_and(|snippet| item.kind == CompletionItemKind::Keyword && !snippet.starts_with(&name));
    let insert = match &snippet {
        Some(_) if !is_text => name.clone(),
        Some(snippet) => without_stops(snippet),
        None => edit.insert.clone(),
    };
    Some(Candidate {
        insert,
        snippet,
        range: bytes(edit.delete),
        kind: if is_text { "snippet" } else { kind(item.kind) }.to_owned(),
        detail,
        summary: doc.map(summary).unwrap_or_default(),
        score: score(item, &name),
        import: item.import_to_add.first().map(|import| {
            let end = if import.as_underscore { " as _" } else { "" };
            format!("use {}{end};", import.path)
        }),
        name,
    })
}

/// rust-analyzer's score, without what it gives to functions that build a value where they take one of its kind already.
fn score(item: &CompletionItem, name: &str) -> u32 {
    let mut relevance = item.relevance;
    let is_anywhere = ANYWHERE.contains(&name);
    if is_anywhere || relevance.function.is_some_and(|function| function.has_self_param) {
        relevance.function = None;
    }
    if is_anywhere {
        relevance.type_match = None;
        relevance.trait_ = None;
    }
    relevance.score()
}

/// What a candidate is called, without what the menu shows behind it.
fn name_of(item: &CompletionItem) -> String {
    let label = item.label.primary.as_str();
    if is_literal(item) {
        return label.to_owned();
    }
    label.split(['(', ' ', '{']).next().filter(|name| !name.is_empty()).unwrap_or(label).to_owned()
}

/// Whether a struct's fields would be written, and not its name alone.
fn is_literal(item: &CompletionItem) -> bool {
    item.label.primary.ends_with("{…}")
}

/// A snippet's text alone: `f(${1:x})$0` is `f(x)`.
pub fn without_stops(snippet: &str) -> String {
    let mut out = String::new();
    // Whether each brace that is open belongs to a stop.
    let mut open: Vec<bool> = Vec::new();
    let mut rest = snippet;
    while let Some(c) = rest.chars().next() {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if let Some(escaped) = rest.strip_prefix('\\').and_then(|text| text.chars().next())
            && matches!(escaped, '$' | '}' | '\\')
        {
            out.push(escaped);
            rest = &rest[1 + escaped.len_utf8()..];
        } else if let Some(stop) = rest.strip_prefix("${").filter(|stop| digits(stop) > 0) {
            open.push(true);
            let stop = &stop[digits(stop)..];
            rest = stop.strip_prefix(':').unwrap_or(stop);
        } else if let Some(stop) = rest.strip_prefix('$').filter(|stop| digits(stop) > 0) {
            rest = &stop[digits(stop)..];
        } else {
            rest = &rest[c.len_utf8()..];
            match c {
                '{' => open.push(false),
                '}' if open.pop() == Some(true) => continue,
                _ => {}
            }
            out.push(c);
        }
    }
    out
}

/// The first paragraph's first sentence, on one line.
fn summary(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let text = paragraph.join(" ");
    first_sentence(&text).chars().take(SUMMARY).collect()
}

fn kind(kind: CompletionItemKind) -> &'static str {
    use CompletionItemKind as K;
    use SymbolKind as S;
    match kind {
        K::SymbolKind(S::Function | S::Method | S::Macro | S::ProcMacro | S::Derive | S::Attribute) => "function",
        K::SymbolKind(
            S::Struct | S::Enum | S::Union | S::Trait | S::TypeAlias | S::TypeParam | S::SelfType | S::Variant,
        )
        | K::BuiltinType => "class",
        K::SymbolKind(S::Module | S::CrateRoot | S::ToolModule) => "module",
        K::SymbolKind(S::Field) => "property",
        K::Keyword => "keyword",
        K::Snippet => "snippet",
        _ => "instance",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_in_their_order() {
        for (typed, name) in [("", "head"), ("he", "head"), ("gb", "group_by"), ("by", "group_by"), ("DF", "DataFrame")]
        {
            assert!(fits(typed, name), "{typed} {name}");
        }
        assert!(!fits("ead", "head") && !fits("xh", "head"));
        assert_eq!(typed("df.he"), "he");
        assert_eq!(typed("df."), "");
    }

    #[test]
    fn a_snippet_without_stops_is_plain_text() {
        for (snippet, text) in [
            ("f(${1:a}, ${2:b})$0", "f(a, b)"),
            ("if x {\n    $0\n}", "if x {\n    \n}"),
            ("P { x: ${1:()} }$0", "P { x: () }"),
            ("dbg!(\\$a)", "dbg!($a)"),
            ("match o {\n    Some(${1:_}) => {$2},\n}", "match o {\n    Some(_) => {},\n}"),
            ("${1}(x)", "(x)"),
            ("a\\\\b$", "a\\b$"),
        ] {
            assert_eq!(without_stops(snippet), text, "{snippet}");
        }
    }

    #[test]
    fn a_summary_is_one_sentence() {
        assert_eq!(summary("Gets the first\nrows. And more.\n\nExamples"), "Gets the first rows.");
        assert_eq!(summary("Title"), "Title");
        assert_eq!(summary("Sets it (i.e. the height). And more."), "Sets it (i.e. the height).");
    }
}
