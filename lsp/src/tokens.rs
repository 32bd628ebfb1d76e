//! `textDocument/semanticTokens`: what each word of a cell is. The language service tells it of Rust; magics, and Rust without
//! the service, are read by their looks.

mod looks;

use crate::page::{Cell, Page};
use crate::server::Server;
use ironbook_session::language::{Answer, Query};
use lsp_types::{
    Position, Range, SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens,
    SemanticTokensFullOptions, SemanticTokensLegend, SemanticTokensOptions, Uri, WorkDoneProgressOptions,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Cells with a longer line than this have no kinds of words; in bytes.
const LONGEST_LINE: usize = 16 << 10;
/// The kinds and modifiers that tokens are numbered by.
const KINDS: [&str; 20] = [
    "namespace",
    "type",
    "enum",
    "interface",
    "struct",
    "typeParameter",
    "parameter",
    "variable",
    "property",
    "enumMember",
    "function",
    "method",
    "macro",
    "keyword",
    "comment",
    "string",
    "number",
    "operator",
    "decorator",
    "label",
];
const MODIFIERS: [&str; 8] =
    ["declaration", "readonly", "static", "deprecated", "async", "modification", "documentation", "defaultLibrary"];

/// What is told of the tokens in `initialize`.
pub fn options() -> SemanticTokensOptions {
    SemanticTokensOptions {
        work_done_progress_options: WorkDoneProgressOptions::default(),
        legend: SemanticTokensLegend {
            token_types: KINDS.map(SemanticTokenType::new).to_vec(),
            token_modifiers: MODIFIERS.map(SemanticTokenModifier::new).to_vec(),
        },
        range: Some(true),
        full: Some(SemanticTokensFullOptions::Bool(true)),
    }
}

/// A word of a cell: its bytes, its kind, and more about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    range: std::ops::Range<usize>,
    kind: &'static str,
    modifiers: u32,
}

impl Word {
    /// A word without modifiers.
    pub fn new(range: std::ops::Range<usize>, kind: &'static str) -> Word {
        Word { range, kind, modifiers: 0 }
    }

    /// It is declared here.
    pub fn declared(self) -> Word {
        Word { modifiers: 1, ..self }
    }
}

impl Server {
    /// The tokens of a document, or of those of its cells that a range touches.
    pub(crate) fn tokens(&self, page: &Page, uri: &Uri, within: Option<Range>) -> SemanticTokens {
        let mut deep = self.deep_words(page, uri);
        let mut placed = Vec::new();
        for (index, cell) in page.code().filter(|(_, cell)| cell.uri == *uri && is_shown(cell)) {
            let words = looks::words(cell.text.text(), &self.blank_view());
            let mut all = match deep.remove(&index) {
                Some(mut rust) => {
                    rust.extend(words.magic);
                    rust
                }
                None => words.magic.into_iter().chain(words.rust).collect(),
            };
            all.sort_by_key(|word| (word.range.start, word.range.end));
            all.iter().for_each(|word| lines(word, cell, &mut placed));
        }
        let is_in = |at: &Position| within.is_none_or(|range| range.start.line <= at.line && at.line <= range.end.line);
        placed.retain(|(at, ..)| is_in(at));
        SemanticTokens { result_id: None, data: relative(placed) }
    }

    /// What the language service tells of each cell.
    fn deep_words(&self, page: &Page, uri: &Uri) -> BTreeMap<usize, Vec<Word>> {
        let mut all: BTreeMap<usize, Vec<Word>> = BTreeMap::new();
        let Some((document, Answer::Tokens(found))) = self.ask_whole(page, uri, Query::Tokens, PATIENCE) else {
            return all;
        };
        for token in found {
            let Some(kind) = KINDS.into_iter().find(|kind| *kind == token.kind) else { continue };
            let Some(there) = document.place(token.range.clone()) else { continue };
            let Some((_, range)) = page.written(&document, token.range) else { continue };
            let Some(index) = page.index_of(there.execution) else { continue };
            let bit = |name: &String| MODIFIERS.iter().position(|known| known == name).map_or(0, |at| 1 << at);
            let modifiers = token.modifiers.iter().map(bit).sum();
            all.entry(index).or_default().push(Word { range, kind, modifiers });
        }
        all
    }
}

/// Whether it is text that somebody looks at.
fn is_shown(cell: &Cell) -> bool {
    cell.is_read() && cell.text.text().lines().all(|line| line.len() <= LONGEST_LINE)
}

/// A token's place, length, kind and modifiers.
type Placed = (Position, u32, u32, u32);

/// A word's tokens: one for each of its lines.
fn lines(word: &Word, cell: &Cell, placed: &mut Vec<Placed>) {
    let Some(text) = cell.text.text().get(word.range.clone()) else { return };
    let kind = KINDS.iter().position(|kind| *kind == word.kind).map_or(0, crate::lines::number);
    let mut start = word.range.start;
    for line in text.split_inclusive('\n') {
        let own = line.trim_end_matches(['\n', '\r']);
        let at = cell.position(start);
        let length = cell.document.encoding().length(own);
        let is_behind = placed.last().is_none_or(|(last, length, ..)| {
            last.line < at.line || last.line == at.line && last.character + length <= at.character
        });
        if length > 0 && is_behind {
            placed.push((at, length, kind, word.modifiers));
        }
        start += line.len();
    }
}

/// Each token's place as the distance from the one before, as the protocol has it.
fn relative(placed: Vec<Placed>) -> Vec<SemanticToken> {
    let mut last = Position::default();
    let token = |(at, length, token_type, token_modifiers_bitset): Placed| {
        let delta_line = at.line - last.line;
        let delta_start = if delta_line == 0 { at.character - last.character } else { at.character };
        last = at;
        SemanticToken { delta_line, delta_start, length, token_type, token_modifiers_bitset }
    };
    placed.into_iter().map(token).collect()
}
