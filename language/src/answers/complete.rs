//! Candidates for a place.

use super::bytes;
use crate::host::Host;
use ironbook_session::language::{Answer, Candidate};
use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    CompletionConfig, CompletionFieldsToResolve, CompletionItem, CompletionItemKind, RaFixtureConfig, SymbolKind,
};
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};

/// Most candidates that are told.
const MOST: usize = 600;
/// Letters that have to be typed before names are offered that need a `use`.
const IMPORTS_FROM: usize = 3;
/// Longest line about a candidate.
const SUMMARY: usize = 160;

impl Host {
    pub(super) fn complete(&self, at: usize) -> Option<Answer> {
        let typed = typed(&self.text()[..at]);
        let config = config(typed.chars().count() >= IMPORTS_FROM);
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

fn config(imports: bool) -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: false,
        enable_imports_on_the_fly: imports,
        enable_self_on_the_fly: true,
        enable_auto_iter: false,
        enable_auto_await: true,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: true,
        callable: None,
        add_colons_to_module: false,
        add_semicolon_to_unit: false,
        snippet_cap: None,
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
    if name.starts_with("__ironbook") {
        return None;
    }
    let doc = item.documentation.as_ref().map(|doc| doc.as_str());
    let detail = item.detail.clone().or_else(|| item.label.detail_right.clone()).unwrap_or_default();
    Some(Candidate {
        insert: edit.insert.clone(),
        range: bytes(edit.delete),
        kind: kind(item.kind).to_owned(),
        detail,
        summary: doc.map(summary).unwrap_or_default(),
        score: item.relevance.score(),
        import: item.import_to_add.first().map(|import| {
            let end = if import.as_underscore { " as _" } else { "" };
            format!("use {}{end};", import.path)
        }),
        name,
    })
}

/// What a candidate is called, without what the menu shows behind it.
fn name_of(item: &CompletionItem) -> String {
    let label = item.label.primary.as_str();
    label.split(['(', ' ', '{']).next().filter(|name| !name.is_empty()).unwrap_or(label).to_owned()
}

/// The first paragraph's first sentence, on one line.
fn summary(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let text = paragraph.join(" ");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].chars().take(SUMMARY).collect()
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
    fn a_summary_is_one_sentence() {
        assert_eq!(summary("Gets the first\nrows. And more.\n\nExamples"), "Gets the first rows.");
        assert_eq!(summary("Title"), "Title");
    }
}
