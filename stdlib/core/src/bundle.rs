//! MIME bundles: one value in several representations, `text/plain` always among them.

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One displayed value: representations by MIME type, as Jupyter's `display_data` has them.
///
/// JSON types (`application/json`, `application/vnd.vegalite.v5+json`) hold JSON; text types hold strings;
/// binary types (`image/png`) hold base64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Representations by MIME type.
    pub data: Map<String, Value>,
    /// Metadata by MIME type, for instance width and height of an image.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Bundle {
    /// A bundle with `text/plain` only.
    pub fn text(text: impl Into<String>) -> Self {
        Bundle::default().with("text/plain", Value::String(text.into()))
    }

    /// Adds `text/html`. The caller escapes whatever comes from data (see [`escape_html`]).
    #[must_use]
    pub fn html(self, html: impl Into<String>) -> Self {
        self.with("text/html", Value::String(html.into()))
    }

    /// Adds `image/png` from raw PNG bytes.
    #[must_use]
    pub fn png(self, bytes: &[u8]) -> Self {
        self.binary("image/png", bytes)
    }

    /// Adds a representation of a binary type.
    #[must_use]
    pub fn binary(self, mime: &str, bytes: &[u8]) -> Self {
        self.with(mime, Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)))
    }

    /// Adds `image/svg+xml`.
    #[must_use]
    pub fn svg(self, svg: impl Into<String>) -> Self {
        self.with("image/svg+xml", Value::String(svg.into()))
    }

    /// The same with another `text/plain`.
    #[must_use]
    pub fn plainly(self, text: impl Into<String>) -> Self {
        self.with("text/plain", Value::String(text.into()))
    }

    /// Adds one representation.
    #[must_use]
    pub fn with(mut self, mime: &str, value: Value) -> Self {
        self.data.insert(mime.to_owned(), value);
        self
    }

    /// The representation of this type, if it is text.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.data.get(mime).and_then(Value::as_str)
    }

    /// The `text/plain` representation, empty if there is none.
    pub fn plain(&self) -> &str {
        self.data.get("text/plain").and_then(Value::as_str).unwrap_or("")
    }

    /// Whether there is nothing to show (the value was `()`).
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// Escapes `& < > " '` so that data can stand in HTML and SVG, as text and in attributes.
///
/// Characters that would break the document or turn the text around it are made visible: control characters become
/// their pictures (`␛`), what XML forbids and the overrides of writing direction become `\u{fffd}`. Text that is
/// written from right to left stays as it is.
///
/// ```
/// use ironbook_core::bundle::escape_html;
/// assert_eq!(escape_html("<b title='x'>"), "&lt;b title=&#39;x&#39;&gt;");
/// assert_eq!(escape_html("a\u{1b}[0m\u{202e}b"), "a␛[0m\u{fffd}b");
/// ```
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(harmless(c)),
        }
    }
    out
}

/// The character, or what stands for it where it would do harm.
fn harmless(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
            char::REPLACEMENT_CHARACTER
        }
        _ => c,
    }
}
