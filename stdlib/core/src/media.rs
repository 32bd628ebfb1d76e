//! Text and pictures in formats that notebooks render: Markdown, HTML, LaTeX, JSON, SVG, images.

use crate::bundle::Bundle;
use crate::display::Display;
use serde_json::{Value, json};
use std::path::Path;

/// Text in a format: the type, its docs, and how it becomes a bundle.
macro_rules! text { // one body for types that differ in name and format only
    ($($(#[$doc:meta])* $name:ident: |$text:ident| $bundle:expr;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        impl $name {
            /// This text.
            pub fn new(text: impl Into<String>) -> Self {
                $name(text.into())
            }
        }

        impl Display for $name {
            fn bundle(&self) -> Bundle {
                let $text = self.0.as_str();
                $bundle
            }
        }
    )+ };
}

text! {
    /// Markdown, rendered by notebooks; terminals show its text.
    ///
    /// ```
    /// use ironbook_core::Display;
    /// use ironbook_core::display::Markdown;
    /// assert_eq!(Markdown::new("**12** rows").bundle().get("text/markdown"), Some("**12** rows"));
    /// ```
    Markdown: |text| Bundle::text(text).with("text/markdown", text.into());

    /// HTML, shown as it is: whatever comes from data has to be escaped, see [`crate::bundle::escape_html`].
    ///
    /// ```
    /// use ironbook_core::Display;
    /// use ironbook_core::display::Html;
    /// let bundle = Html::new("<p>late &amp; <b>tired</b></p>").bundle();
    /// assert_eq!((bundle.get("text/html"), bundle.plain()), (Some("<p>late &amp; <b>tired</b></p>"), "late & tired"));
    /// ```
    Html: |text| Bundle::text(words(text)).html(text);

    /// LaTeX, typeset by notebooks; a text without `$` or `\begin` is set as a formula of its own.
    ///
    /// ```
    /// use ironbook_core::Display;
    /// use ironbook_core::display::Latex;
    /// assert_eq!(Latex::new(r"\bar{x} \pm 2s").bundle().get("text/latex"), Some(r"$$\bar{x} \pm 2s$$"));
    /// ```
    Latex: |text| Bundle::text(text).with("text/latex", formula(text).into());

    /// An SVG document.
    ///
    /// ```
    /// use ironbook_core::Display;
    /// use ironbook_core::display::Svg;
    /// let dot = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle cx="4" cy="4" r="4"/></svg>"#;
    /// assert_eq!(Svg::new(dot).bundle().get("image/svg+xml"), Some(dot));
    /// ```
    Svg: |text| Bundle::text("<svg>").svg(text);
}

fn formula(text: &str) -> String {
    let whole = text.contains('$') || text.contains("\\begin") || text.contains("\\(") || text.contains("\\[");
    if whole { text.to_owned() } else { format!("$${text}$$") }
}

/// What HTML says, without its tags; for terminals.
fn words(html: &str) -> String {
    /// Characters that a terminal gets.
    const MOST: usize = 2000;
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        if !rest[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c)) {
            out.push('<');
            rest = &rest[at + 1..];
            continue;
        }
        let hidden = ["style", "script"].iter().find(|tag| rest[at + 1..].starts_with(**tag));
        let end = match hidden.and_then(|tag| rest[at..].find(&format!("</{tag}"))) {
            Some(close) => rest[at + close..].find('>').map(|end| at + close + end),
            None => rest[at..].find('>').map(|end| at + end),
        };
        let Some(end) = end else {
            rest = "";
            break;
        };
        let breaks = ["p", "/p", "div", "/div", "br", "tr", "/tr", "li", "h"];
        if breaks.iter().any(|tag| rest[at + 1..].starts_with(tag)) && !out.ends_with('\n') && !out.is_empty() {
            out.push('\n');
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    for (name, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        out = out.replace(name, character);
    }
    let text: String = out.trim().chars().take(MOST).collect();
    if text.is_empty() { "<html>".to_owned() } else { text }
}

/// JSON, shown as a tree by JupyterLab and as indented text elsewhere.
///
/// ```
/// use ironbook_core::Display;
/// use ironbook_core::display::Json;
/// let bundle = Json::new(vec![1, 2])?.bundle();
/// assert_eq!((bundle.plain(), bundle.data["application/json"].to_string()), ("[\n  1,\n  2\n]", "[1,2]".to_owned()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

impl Json {
    /// Anything that serde can write.
    ///
    /// # Errors
    /// What has no JSON: maps whose keys are no texts, and what its own `Serialize` refuses.
    pub fn new(value: impl serde::Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_value(value).map(Json)
    }
}

impl Display for Json {
    fn bundle(&self) -> Bundle {
        Bundle::text(format!("{:#}", self.0)).with("application/json", self.0.clone())
    }
}

/// A picture: PNG, JPEG, GIF or WebP, told apart by its first bytes.
///
/// ```
/// use ironbook_core::Display;
/// use ironbook_core::display::Image;
/// let gif = Image::new(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec())?;
/// assert_eq!(gif.bundle().plain(), "<GIF image, 14 bytes>");
/// assert!(Image::new(b"BM".to_vec()).is_err());
/// # Ok::<(), ironbook_core::display::NotAnImage>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    bytes: Vec<u8>,
    mime: &'static str,
    name: &'static str,
    width: Option<u32>,
}

/// Why something is no [`Image`].
#[derive(Debug, thiserror::Error)]
pub enum NotAnImage {
    /// The bytes begin like no known format.
    #[error("{0} bytes that begin like no PNG, JPEG, GIF or WebP\nconvert the picture to one of these")]
    Format(usize),
    /// The file cannot be read.
    #[error("cannot read the picture {path}")]
    Read {
        /// Its path.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Image {
    /// A picture from the bytes of its file.
    ///
    /// # Errors
    /// [`NotAnImage::Format`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, NotAnImage> {
        let bytes = bytes.into();
        let (mime, name) = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => ("image/png", "PNG"),
            [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "JPEG"),
            [b'G', b'I', b'F', b'8', ..] => ("image/gif", "GIF"),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", "WebP"),
            other => return Err(NotAnImage::Format(other.len())),
        };
        Ok(Image { bytes, mime, name, width: None })
    }

    /// A picture from a file.
    ///
    /// # Errors
    /// [`NotAnImage`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NotAnImage> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| NotAnImage::Read { path: path.to_owned(), source })?;
        Image::new(bytes)
    }

    /// Sets the width at which it is shown, in pixels.
    #[must_use]
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = Some(pixels);
        self
    }
}

impl Display for Image {
    fn bundle(&self) -> Bundle {
        let text = format!("<{} image, {} bytes>", self.name, self.bytes.len());
        let mut bundle = Bundle::text(text).binary(self.mime, &self.bytes);
        if let Some(width) = self.width {
            bundle.metadata.insert(self.mime.to_owned(), json!({ "width": width }));
        }
        bundle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_a_terminal_is_its_words() {
        let cases = [
            ("<style>p{color:red}</style><p>a</p><p>b</p>", "a\nb"),
            ("<table><tr><td>1</td></tr></table>", "1"),
            ("<img src=x>", "<html>"),
            ("a < b <", "a < b <"),
            ("a<b", "a"),
            ("&amp;lt;", "&lt;"),
        ];
        for (html, expected) in cases {
            assert_eq!(Html::new(html).bundle().plain(), expected, "{html}");
        }
    }

    #[test]
    fn a_formula_keeps_what_marks_it() {
        for whole in ["$x$", "\\begin{align}x\\end{align}", "\\(x\\)"] {
            assert_eq!(Latex::new(whole).bundle().get("text/latex"), Some(whole));
        }
    }

    #[test]
    fn pictures_are_told_apart_and_sized() {
        let png = Image::new(b"\x89PNG....".to_vec()).unwrap().width(40).bundle();
        assert!(png.get("image/png").is_some());
        assert_eq!(png.metadata["image/png"]["width"], 40);
        assert!(Image::new(b"\xff\xd8\xff\xe0".to_vec()).unwrap().bundle().get("image/jpeg").is_some());
        assert!(Image::new(b"RIFF....WEBP".to_vec()).unwrap().bundle().get("image/webp").is_some());
        assert!(Image::open("/nowhere.png").is_err());
    }
}
