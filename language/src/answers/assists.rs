//! How the text may be changed, and the expressions around a place.

use super::{bytes, size};
use crate::host::Host;
use ironbook_session::language::{Answer, Assist};
use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    AssistConfig, AssistKind, AssistResolveStrategy, DiagnosticsConfig, ExprFillDefaultMode, FileRange, TextRange,
};
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};
use std::ops::Range;

/// What makes no sense in a cell: a `use` goes to another place there, and modules have no files.
const UNFIT: &[&str] = &[
    "auto_import",
    "qualify_path",
    "remove_unused_imports",
    "extract_module",
    "move_module_to_file",
    "move_to_mod_rs",
    "move_from_mod_rs",
    "generate_function",
    "toggle_ignore",
    "promote_local_to_const",
    "unresolved-module",
];
/// Most expressions around a place.
const DEEPEST: usize = 64;

impl Host {
    pub(super) fn assists(&self, range: Range<usize>) -> Option<Answer> {
        let strategy = AssistResolveStrategy::All;
        let place = FileRange { file_id: self.text_id(), range: TextRange::new(size(range.start), size(range.end)) };
        let found = self.analysis().assists_with_fixes(&assists(), &diagnostics(), strategy, place).ok()?;
        let fit = found.iter().filter(|assist| !UNFIT.contains(&assist.id.0));
        Some(Answer::Assists(fit.filter_map(|assist| self.assist(assist)).collect()))
    }

    /// An assist that changes the text, and nothing else.
    fn assist(&self, found: &ra_ap_ide::Assist) -> Option<Assist> {
        let change = found.source_change.as_ref()?;
        let is_own = change.file_system_edits.is_empty() && change.source_file_edits.len() == 1;
        let (edit, _) = change.source_file_edits.get(&self.text_id()).filter(|_| is_own)?;
        let edits: Vec<_> = edit.iter().map(|one| (bytes(one.delete), one.insert.clone())).collect();
        let title = found.label.to_string();
        (!edits.is_empty()).then(|| Assist { title, kind: kind(found.id.1).to_owned(), edits })
    }

    pub(super) fn around(&self, at: usize) -> Option<Answer> {
        let mut range = TextRange::empty(size(at));
        let mut ranges = Vec::new();
        while ranges.len() < DEEPEST {
            let place = FileRange { file_id: self.text_id(), range };
            let wider = self.analysis().extend_selection(place).ok()?;
            if wider == range {
                break;
            }
            range = wider;
            ranges.push(bytes(range));
        }
        Some(Answer::Around(ranges))
    }
}

fn kind(kind: AssistKind) -> &'static str {
    match kind {
        AssistKind::QuickFix => "quickfix",
        AssistKind::Generate | AssistKind::Refactor => "refactor",
        AssistKind::RefactorExtract => "refactor.extract",
        AssistKind::RefactorInline => "refactor.inline",
        AssistKind::RefactorRewrite => "refactor.rewrite",
    }
}

const USES: InsertUseConfig = InsertUseConfig {
    granularity: ImportGranularity::Item,
    enforce_granularity: true,
    prefix_kind: PrefixKind::Plain,
    group: false,
    skip_glob_imports: false,
};

fn assists() -> AssistConfig {
    AssistConfig {
        snippet_cap: None,
        allowed: None,
        insert_use: USES,
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        assist_emit_must_use: false,
        term_search_fuel: 400,
        code_action_grouping: false,
        expr_fill_default: ExprFillDefaultMode::Todo,
        prefer_self_ty: false,
        show_rename_conflicts: false,
    }
}

/// The compiler says what is wrong; rust-analyzer's own words are read for their fixes alone.
fn diagnostics() -> DiagnosticsConfig {
    DiagnosticsConfig {
        enabled: true,
        proc_macros_enabled: true,
        proc_attr_macros_enabled: true,
        disable_experimental: true,
        disabled: Default::default(),
        expr_fill_default: ExprFillDefaultMode::Todo,
        style_lints: false,
        snippet_cap: None,
        insert_use: USES,
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        term_search_fuel: 400,
        show_rename_conflicts: false,
    }
}
