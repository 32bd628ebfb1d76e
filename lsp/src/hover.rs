//! `textDocument/hover` and `textDocument/signatureHelp`.

use crate::server::{Place, Server};
use ironbook_assist::{self as assist, Detail};
use ironbook_session::language::{Answer, Query};
use lsp_types::{
    Documentation, Hover, HoverContents, MarkupContent, MarkupKind, ParameterInformation, SignatureHelp,
    SignatureInformation,
};
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Server {
    /// What the running session says of it, if one is attached; else the language service's words, else what the page tells.
    pub(crate) fn hover(&self, place: &Place) -> Option<Hover> {
        let cell = place.cell();
        if let Some(told) = self.live.as_ref().and_then(|live| live.inspect(cell.text.text(), place.byte)) {
            return Some(Hover { contents: self.client.plain(told), range: None });
        }
        let view = self.view(place);
        if assist::is_rust(&view, cell.text.text(), place.byte)
            && let Some((document, Answer::Hover { range, markdown })) = self.ask(place, Query::Hover, PATIENCE)
        {
            let range = document.place(range).filter(|there| there.execution == place.execution());
            return Some(Hover { contents: markup(markdown), range: range.map(|there| cell.range(there.range)) });
        }
        let found = assist::inspect(&view, cell.text.text(), place.byte, Detail::Brief)?;
        let markdown = found.data.get("text/markdown").and_then(|value| value.as_str())?;
        Some(Hover { contents: markup(markdown.to_owned()), range: None })
    }

    /// What the language service says of the end of a text that stands instead of a cell's, behind a `use`.
    pub(crate) fn hovered(&self, place: &Place, text: &str, byte: usize, import: Option<&str>) -> Option<String> {
        let head = import.map(|import| format!("{import}\n")).unwrap_or_default();
        let there = place.with_text(format!("{head}{text}"), head.len() + byte);
        match self.ask(&there, Query::Hover, PATIENCE) {
            Some((_, Answer::Hover { markdown, .. })) => Some(markdown),
            _ => None,
        }
    }

    pub(crate) fn signature(&self, place: &Place) -> Option<SignatureHelp> {
        let (_, Answer::Signature(found)) = self.ask(place, Query::Signature, PATIENCE)? else { return None };
        let parameters = found.parameters.iter().filter_map(|range| self.client.parameter(&found.label, range.clone()));
        let parameter = |label| ParameterInformation { label, documentation: None };
        let active = found.active.map(crate::lines::number);
        let signature = SignatureInformation {
            parameters: Some(parameters.map(parameter).collect()),
            documentation: (!found.doc.is_empty()).then_some(Documentation::MarkupContent(MarkupContent {
                kind: MarkupKind::Markdown,
                value: found.doc,
            })),
            active_parameter: active,
            label: found.label,
        };
        Some(SignatureHelp { signatures: vec![signature], active_signature: Some(0), active_parameter: active })
    }
}

fn markup(value: String) -> HoverContents {
    HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value })
}
