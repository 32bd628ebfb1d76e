//! What the editor can do, as it says in `initialize`.

use crate::lines::Encoding;
use lsp_types::{HoverContents, MarkupContent, MarkupKind, ParameterLabel, PositionEncodingKind};
use serde_json::Value;

/// What the editor can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// What it counts in a line.
    pub encoding: Encoding,
    /// Whether it asks for diagnostics, and again when it is told that there are new ones. Any other is sent them.
    pub pulls: bool,
    /// Whether it takes candidates with tab stops.
    pub snippets: bool,
    /// Whether what it shows of a name may be Markdown.
    pub markdown: bool,
    /// Whether it shows words beside a candidate.
    pub label_details: bool,
    /// Whether it takes a parameter by its place in the signature. Any other takes its words, which may stand there twice.
    pub places_parameters: bool,
    /// Whether it asks for hints again when it is told that there are new ones.
    pub refreshes_hints: bool,
    /// Whether it asks for the kinds of words again when it is told that they are known better.
    pub refreshes_tokens: bool,
    /// Whether it shows how far work is that nobody asked for.
    pub shows_progress: bool,
}

impl Client {
    /// Reads the parameters of `initialize`.
    pub fn new(started: &Value) -> Client {
        let able = &started["capabilities"];
        let (text, workspace) = (&able["textDocument"], &able["workspace"]);
        let encodings = able["general"]["positionEncodings"].as_array();
        let known = encodings.into_iter().flatten().filter_map(|name| encoding(name.as_str()?)).next();
        Client {
            encoding: known.unwrap_or_default(),
            pulls: text["diagnostic"].is_object() && workspace["diagnostics"]["refreshSupport"] == true,
            snippets: text["completion"]["completionItem"]["snippetSupport"] == true,
            markdown: text["hover"]["contentFormat"].as_array().is_some_and(|all| all.contains(&"markdown".into())),
            label_details: text["completion"]["completionItem"]["labelDetailsSupport"] == true,
            places_parameters: text["signatureHelp"]["signatureInformation"]["parameterInformation"]["labelOffsetSupport"]
                == true,
            refreshes_hints: workspace["inlayHint"]["refreshSupport"] == true,
            refreshes_tokens: workspace["semanticTokens"]["refreshSupport"] == true,
            shows_progress: able["window"]["workDoneProgress"] == true,
        }
    }
}

impl Client {
    /// Text whose columns stand below each other: fenced for those that would set it like prose.
    pub fn plain(self, text: String) -> HoverContents {
        if !self.markdown {
            return HoverContents::Markup(MarkupContent { kind: MarkupKind::PlainText, value: text });
        }
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let value = format!("{fence}text\n{}\n{fence}", text.trim_end());
        HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value })
    }

    /// The bytes of a parameter in a signature's label, as the editor takes them: in UTF-16 code units, whatever else it counts.
    pub fn parameter(self, label: &str, range: std::ops::Range<usize>) -> Option<ParameterLabel> {
        let own = label.get(range.clone())?;
        if !self.places_parameters {
            return Some(ParameterLabel::Simple(own.to_owned()));
        }
        let start = Encoding::Utf16.length(label.get(..range.start)?);
        Some(ParameterLabel::LabelOffsets([start, start + Encoding::Utf16.length(own)]))
    }
}

fn encoding(name: &str) -> Option<Encoding> {
    match name {
        "utf-8" => Some(Encoding::Utf8),
        "utf-16" => Some(Encoding::Utf16),
        "utf-32" => Some(Encoding::Utf32),
        _ => None,
    }
}

/// The name of an encoding in the protocol.
pub fn encoding_name(encoding: Encoding) -> PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => PositionEncodingKind::UTF8,
        Encoding::Utf16 => PositionEncodingKind::UTF16,
        Encoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_of_the_same_words_are_told_apart() {
        let label = "fn Point(f64, f64)";
        let information = json!({"parameterInformation": {"labelOffsetSupport": true}});
        let able = json!({"textDocument": {"signatureHelp": {"signatureInformation": information}}});
        let placed = Client::new(&json!({"capabilities": able}));
        assert_eq!(placed.parameter(label, 14..17), Some(ParameterLabel::LabelOffsets([14, 17])));
        assert_eq!(placed.parameter("fn ü(🦀: u8)", 6..14), Some(ParameterLabel::LabelOffsets([5, 11])));
        assert_eq!(Client::default().parameter(label, 14..17), Some(ParameterLabel::Simple("f64".to_owned())));
    }

    #[test]
    fn the_first_encoding_that_is_known_is_taken() {
        let of =
            |names: Value| Client::new(&json!({"capabilities": {"general": {"positionEncodings": names}}})).encoding;
        assert_eq!(of(json!(["utf-7", "utf-8", "utf-16"])), Encoding::Utf8);
        assert_eq!(of(json!(["utf-16", "utf-8"])), Encoding::Utf16);
        assert_eq!(of(json!(null)), Encoding::Utf16);
        assert_eq!(Client::new(&json!(5)), Client::default());
    }
}
