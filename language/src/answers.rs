//! Questions about a place in the text, put to rust-analyzer, and its answers in the protocol's words.

mod assists;
mod complete;
mod rename;
mod words;

use crate::host::Host;
use ironbook_session::language::{Answer, Query, Signature, Spot, Target};
use ra_ap_ide::{
    FilePosition, FileRange, FindAllRefsConfig, GotoDefinitionConfig, HoverConfig, HoverDocFormat, NavigationTarget,
    RaFixtureConfig, SubstTyLen, TextRange, TextSize,
};
use std::ops::Range;

impl Host {
    /// Answers a question about a byte of the text. One that rust-analyzer cannot answer, or panics at, has none.
    pub fn answer(&self, query: &Query, at: usize) -> Answer {
        if !self.is_sane() || at > self.text().len() || !self.text().is_char_boundary(at) {
            return Answer::Nothing;
        }
        let ask = || match query {
            Query::Complete => self.complete(at),
            Query::Hover => self.hover(at),
            Query::Signature => self.signature(at),
            Query::Definition => self.definition(at),
            Query::References => self.references(at),
            Query::Tokens => self.tokens(),
            Query::Hints => self.hints(),
            Query::Assists(end) => self.assists(at..self.within(*end).max(at)),
            Query::Around => self.around(at),
            // It changes the text for a moment.
            Query::Rename(_) => None,
            // It changes what is known.
            Query::Crates(_) => None,
        };
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask));
        answer.ok().flatten().unwrap_or_default()
    }

    /// The byte, or the last one before it that a character begins at.
    fn within(&self, at: usize) -> usize {
        self.text().floor_char_boundary(at)
    }

    fn position(&self, at: usize) -> FilePosition {
        FilePosition { file_id: self.text_id(), offset: size(at) }
    }

    fn hover(&self, at: usize) -> Option<Answer> {
        let config = HoverConfig {
            links_in_hover: false,
            memory_layout: None,
            documentation: true,
            keywords: true,
            format: HoverDocFormat::Markdown,
            max_trait_assoc_items_count: Some(8),
            max_fields_count: Some(8),
            max_enum_variants_count: Some(12),
            max_subst_ty_len: SubstTyLen::LimitTo(60),
            show_drop_glue: false,
            ra_fixture: RaFixtureConfig::default(),
        };
        let range = FileRange { file_id: self.text_id(), range: TextRange::empty(size(at)) };
        let found = self.analysis().hover(&config, range).ok()??;
        let markdown = plain(found.info.markup.as_str().trim_start());
        let markdown = if self.is_of_an_earlier_cell(at) { markdown.replacen("let mut ", "let ", 1) } else { markdown };
        Some(Answer::Hover { range: bytes(found.range), markdown })
    }

    /// Whether the name here is a variable that the text declares for an earlier cell: as one that may change, for nobody
    /// has told whether it may.
    fn is_of_an_earlier_cell(&self, at: usize) -> bool {
        let Some(Answer::Targets(targets)) = self.definition(at) else { return false };
        let [Target::Text(name)] = &targets[..] else { return false };
        let (before, after) = self.text().split_at(name.start);
        before.ends_with("let mut ") && after.lines().next().is_some_and(|line| line.ends_with(" = ::core::todo!();"))
    }

    fn signature(&self, at: usize) -> Option<Answer> {
        let help = self.analysis().signature_help(self.position(at)).ok()??;
        let doc = help.doc.as_ref().map(|doc| doc.as_str().to_owned()).unwrap_or_default();
        Some(Answer::Signature(Signature {
            parameters: help.parameter_ranges().iter().map(|range| bytes(*range)).collect(),
            active: help.active_parameter,
            label: help.signature,
            doc,
        }))
    }

    fn definition(&self, at: usize) -> Option<Answer> {
        let config = GotoDefinitionConfig { ra_fixture: RaFixtureConfig::default() };
        let found = self.analysis().goto_definition(self.position(at), &config).ok()??;
        let targets: Vec<Target> = found.info.iter().filter_map(|to| self.target(to)).collect();
        (!targets.is_empty()).then_some(Answer::Targets(targets))
    }

    /// Where a name of the text stands in it, its definition first.
    fn references(&self, at: usize) -> Option<Answer> {
        let config = FindAllRefsConfig {
            search_scope: None,
            ra_fixture: RaFixtureConfig::default(),
            exclude_imports: false,
            exclude_tests: false,
        };
        let found = self.analysis().find_all_refs(self.position(at), &config).ok()??;
        let mut targets = Vec::new();
        for one in &found {
            targets.extend(one.declaration.as_ref().and_then(|declaration| self.target(&declaration.nav)));
            let here = one.references.get(&self.text_id()).into_iter().flatten();
            let mut ranges: Vec<Range<usize>> = here.map(|(range, _)| bytes(*range)).collect();
            ranges.sort_by_key(|range| range.start);
            targets.extend(ranges.into_iter().map(Target::Text));
        }
        (!targets.is_empty()).then_some(Answer::Targets(targets))
    }

    fn target(&self, to: &NavigationTarget) -> Option<Target> {
        let range = to.focus_or_full_range();
        if to.file_id == self.text_id() {
            return Some(Target::Text(bytes(range)));
        }
        let path = self.path(to.file_id)?.display().to_string();
        let lines = self.analysis().file_line_index(to.file_id).ok()?;
        let text = self.analysis().file_text(to.file_id).ok()?;
        let spot = |at: TextSize| {
            let place = lines.line_col(at);
            let begins = usize::from(at) - place.col as usize;
            let units = text.get(begins..usize::from(at)).map_or(0, |before| before.encode_utf16().count());
            Spot { line: place.line, column: u32::try_from(units).unwrap_or(0) }
        };
        Some(Target::File { path, start: spot(range.start()), end: spot(range.end()) })
    }
}

/// Types as people write them: without the allocator that all have.
fn plain(types: &str) -> String {
    types.replace(", Global>", ">")
}

fn size(at: usize) -> TextSize {
    TextSize::new(u32::try_from(at).unwrap_or(u32::MAX))
}

fn bytes(range: TextRange) -> Range<usize> {
    range.start().into()..range.end().into()
}
