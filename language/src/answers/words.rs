//! What each word of the text is, and what may be shown between them.

use super::bytes;
use crate::host::Host;
use ironbook_session::language::{Answer, Hint, Token};
use ra_ap_hir::ClosureStyle;
use ra_ap_ide::{
    AdjustmentHints, AdjustmentHintsMode, ClosureReturnTypeHints, DiscriminantHints, GenericParameterHints,
    HighlightConfig, HlMod, HlMods, HlRange, HlTag, InlayFieldsToResolve, InlayHint, InlayHintPosition,
    InlayHintsConfig, InlayKind, LifetimeElisionHints, RaFixtureConfig, SymbolKind, TypeHintsPlacement,
};

/// Longest type that is shown, in characters; rust-analyzer's own setting.
const LONGEST: usize = 25;

impl Host {
    pub(super) fn tokens(&self) -> Option<Answer> {
        let config = HighlightConfig {
            strings: true,
            comments: true,
            punctuation: false,
            specialize_punctuation: false,
            operator: true,
            specialize_operator: false,
            inject_doc_comment: false,
            macro_bang: true,
            syntactic_name_ref_highlighting: false,
            ra_fixture: RaFixtureConfig::default(),
        };
        let found = self.analysis().highlight(config, self.text_id()).ok()?;
        Some(Answer::Tokens(found.iter().filter_map(token).collect()))
    }

    pub(super) fn hints(&self) -> Option<Answer> {
        let found = self.analysis().inlay_hints(&inlay(), self.text_id(), None).ok()?;
        let mut hints: Vec<Hint> = found.into_iter().filter_map(hint).collect();
        hints.sort_by_key(|hint| hint.at);
        Some(Answer::Hints(hints))
    }
}

fn token(found: &HlRange) -> Option<Token> {
    let kind = kind(found.highlight.tag)?;
    Some(Token { range: bytes(found.range), kind: kind.to_owned(), modifiers: modifiers(found.highlight.mods) })
}

fn kind(tag: HlTag) -> Option<&'static str> {
    use SymbolKind as S;
    Some(match tag {
        HlTag::Symbol(symbol) => match symbol {
            S::Function => "function",
            S::Method => "method",
            S::Macro | S::ProcMacro => "macro",
            S::Struct | S::Union => "struct",
            S::Enum => "enum",
            S::Variant => "enumMember",
            S::Trait => "interface",
            S::TypeAlias | S::SelfType | S::Impl => "type",
            S::TypeParam | S::ConstParam => "typeParameter",
            S::Module | S::CrateRoot | S::ToolModule => "namespace",
            S::Field => "property",
            S::ValueParam => "parameter",
            S::SelfParam => "keyword",
            S::Attribute | S::BuiltinAttr | S::Derive | S::DeriveHelper => "decorator",
            S::LifetimeParam | S::Label => "label",
            S::Local | S::Const | S::Static | S::InlineAsmRegOrRegClass => "variable",
        },
        HlTag::AttributeBracket => "decorator",
        HlTag::BoolLiteral | HlTag::Keyword => "keyword",
        HlTag::BuiltinType => "type",
        HlTag::ByteLiteral | HlTag::NumericLiteral => "number",
        HlTag::CharLiteral
        | HlTag::StringLiteral
        | HlTag::EscapeSequence
        | HlTag::InvalidEscapeSequence
        | HlTag::FormatSpecifier => "string",
        HlTag::Comment => "comment",
        HlTag::Operator(_) => "operator",
        HlTag::Punctuation(_) | HlTag::UnresolvedReference | HlTag::None => return None,
    })
}

fn modifiers(mods: HlMods) -> Vec<String> {
    let known = mods.iter().filter_map(|one| {
        Some(match one {
            HlMod::Definition => "declaration",
            HlMod::Const => "readonly",
            HlMod::Static => "static",
            HlMod::Deprecated => "deprecated",
            HlMod::Async => "async",
            HlMod::Mutable => "modification",
            HlMod::Documentation => "documentation",
            HlMod::DefaultLibrary => "defaultLibrary",
            _ => return None,
        })
    });
    known.map(str::to_owned).collect()
}

/// rust-analyzer's settings where the user has not changed any.
fn inlay() -> InlayHintsConfig<'static> {
    InlayHintsConfig {
        render_colons: true,
        type_hints: true,
        type_hints_placement: TypeHintsPlacement::Inline,
        sized_bound: false,
        discriminant_hints: DiscriminantHints::Never,
        parameter_hints: true,
        parameter_hints_for_missing_arguments: false,
        generic_parameter_hints: GenericParameterHints { type_hints: false, lifetime_hints: false, const_hints: true },
        chaining_hints: true,
        adjustment_hints: AdjustmentHints::Never,
        adjustment_hints_disable_reborrows: true,
        adjustment_hints_mode: AdjustmentHintsMode::Prefix,
        adjustment_hints_hide_outside_unsafe: false,
        closure_return_type_hints: ClosureReturnTypeHints::Never,
        closure_capture_hints: false,
        binding_mode_hints: false,
        implicit_drop_hints: false,
        implied_dyn_trait_hints: false,
        lifetime_elision_hints: LifetimeElisionHints::Never,
        param_names_for_lifetime_elision_hints: false,
        hide_inferred_type_hints: false,
        hide_named_constructor_hints: false,
        hide_closure_initialization_hints: false,
        hide_closure_parameter_hints: false,
        range_exclusive_hints: false,
        closure_style: ClosureStyle::ImplFn,
        max_length: Some(LONGEST),
        closing_brace_hints_min_lines: None,
        fields_to_resolve: InlayFieldsToResolve::empty(),
        ra_fixture: RaFixtureConfig::default(),
    }
}

fn hint(found: InlayHint) -> Option<Hint> {
    let is_parameter = match found.kind {
        InlayKind::Type | InlayKind::Chaining => false,
        InlayKind::Parameter | InlayKind::GenericParameter => true,
        _ => return None,
    };
    let range = bytes(found.range);
    let at = match found.position {
        InlayHintPosition::Before => range.start,
        InlayHintPosition::After => range.end,
    };
    let mut label = found.label.to_string();
    if found.kind == InlayKind::Chaining {
        label.insert(0, ' ');
    }
    let edit = found.text_edit.and_then(ra_ap_ide::LazyProperty::computed).filter(|_| !is_parameter);
    // A cut type is no type.
    let edit = edit.filter(|_| !label.contains('…'));
    let edits = edit.iter().flat_map(ra_ap_ide::TextEdit::iter).map(|one| (bytes(one.delete), one.insert.clone()));
    Some(Hint { at, label, is_parameter, edits: edits.collect() })
}
