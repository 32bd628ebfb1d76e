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
        self.with("image/png", Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)))
    }

    /// Adds `image/svg+xml`.
    #[must_use]
    pub fn svg(self, svg: impl Into<String>) -> Self {
        self.with("image/svg+xml", Value::String(svg.into()))
    }

    /// Adds one representation.
    #[must_use]
    pub fn with(mut self, mime: &str, value: Value) -> Self {
        self.data.insert(mime.to_owned(), value);
        self
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

/// Escapes `& < > " '` so that data can stand in HTML text and attributes.
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
