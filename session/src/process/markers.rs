//! Values that crates for other Rust kernels print between marks: taken out of standard output and shown.
//!
//! The convention is evcxr's: `EVCXR_BEGIN_CONTENT image/png`, a line break, the content, a line break,
//! `EVCXR_END_CONTENT`. Blocks that follow each other are one value in several formats.

use ironbook_core::Bundle;
use serde_json::Value;
use std::time::{Duration, Instant};

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";
/// Longest content; what is longer is shown as it was printed.
const MOST: usize = 32 << 20;
/// How long the beginning of a mark, or a value that may have a further format, waits for what follows.
const WAIT: Duration = Duration::from_millis(20);

/// A piece of standard output.
pub(super) enum Piece {
    Text(String),
    Shown(Bundle),
}

/// Looks for marks in text that comes in pieces. Text without them passes through untouched.
#[derive(Default)]
pub(super) struct Markers {
    /// From a mark, or what may become one, on.
    held: String,
    /// Formats seen so far of a value.
    shown: Option<Bundle>,
    /// Whether the line break behind a block has not come yet.
    open: bool,
    since: Option<Instant>,
}

impl Markers {
    /// Takes text and gives what is known to be text or a value.
    pub(super) fn push(&mut self, text: String) -> Vec<Piece> {
        if text.is_empty() {
            return Vec::new();
        }
        let plain = !text.contains(BEGIN) && beginning(&text) == 0;
        if self.is_idle() && !self.open && plain {
            return vec![Piece::Text(text)];
        }
        self.held.push_str(if std::mem::take(&mut self.open) {
            text.strip_prefix('\n').unwrap_or(&text)
        } else {
            &text
        });
        let mut out = Vec::new();
        while self.step(&mut out) {}
        self.since = (!self.is_idle()).then(Instant::now);
        out
    }

    fn is_idle(&self) -> bool {
        self.held.is_empty() && self.shown.is_none()
    }

    /// Whether a piece was found.
    fn step(&mut self, out: &mut Vec<Piece>) -> bool {
        let at = self.held.find(BEGIN).unwrap_or(self.held.len() - beginning(&self.held));
        if at > 0 {
            out.extend(self.shown.take().map(complete).map(Piece::Shown));
            let rest = self.held.split_off(at);
            out.push(Piece::Text(std::mem::replace(&mut self.held, rest)));
        }
        let Some((mime, content, end)) = block(&self.held) else {
            if self.held.len() > MOST {
                out.push(Piece::Text(std::mem::take(&mut self.held)));
            }
            return false;
        };
        let value = decoded(mime, content);
        let bundle = match self.shown.take() {
            Some(shown) if !shown.data.contains_key(mime) => shown,
            other => {
                out.extend(other.map(complete).map(Piece::Shown));
                Bundle::default()
            }
        };
        let bundle = bundle.with(mime, value);
        self.open = end == self.held.len() && !self.held.ends_with('\n');
        self.held.drain(..end);
        self.shown = Some(bundle);
        true
    }

    /// When what waits is given up.
    pub(super) fn due(&self) -> Option<Instant> {
        // A value that is still being printed waits for its end.
        let printing = self.held.starts_with(BEGIN) && self.shown.is_none();
        self.since.filter(|_| !printing).map(|since| since + WAIT)
    }

    /// What has waited long enough.
    pub(super) fn release_due(&mut self) -> Vec<Piece> {
        if self.due().is_some_and(|due| due <= Instant::now()) { self.settle() } else { Vec::new() }
    }

    /// What needs no more text: finished values, and beginnings of marks that are none.
    pub(super) fn settle(&mut self) -> Vec<Piece> {
        let mut out: Vec<Piece> = self.shown.take().map(complete).map(Piece::Shown).into_iter().collect();
        if !self.held.starts_with(BEGIN) && !self.held.is_empty() {
            out.push(Piece::Text(std::mem::take(&mut self.held)));
        }
        self.since = None;
        out
    }

    /// The rest, when no more will come.
    pub(super) fn finish(&mut self) -> Vec<Piece> {
        let mut out = self.settle();
        if !self.held.is_empty() {
            out.push(Piece::Text(std::mem::take(&mut self.held)));
        }
        out
    }
}

/// Bytes at the end of the text that a mark could begin with.
fn beginning(text: &str) -> usize {
    (1..BEGIN.len().min(text.len() + 1)).rev().find(|&length| text.ends_with(&BEGIN[..length])).unwrap_or(0)
}

/// Format and content of the block that the text begins with, and where it ends.
fn block(text: &str) -> Option<(&str, &str, usize)> {
    let rest = text.strip_prefix(BEGIN)?;
    let line = rest.find('\n')?;
    let content = BEGIN.len() + line + 1;
    // Before the content's own line break, which an empty one does not have.
    let end = content - 1 + text[content - 1..].find(&format!("\n{END}"))?;
    let after = end + 1 + END.len();
    let next = after + usize::from(text[after..].starts_with('\n'));
    Some((rest[..line].trim(), text.get(content..end).unwrap_or(""), next))
}

/// JSON types hold JSON, others text.
fn decoded(mime: &str, content: &str) -> Value {
    let json = mime == "application/json" || mime.ends_with("+json");
    if let Some(value) = json.then(|| serde_json::from_str(content).ok()).flatten() {
        return value;
    }
    let base64 = mime.starts_with("image/") && mime != "image/svg+xml";
    if base64 { content.split_whitespace().collect::<String>().into() } else { content.into() }
}

/// Every value has a text.
fn complete(bundle: Bundle) -> Bundle {
    let name = bundle.data.keys().next().map(|mime| format!("<{mime}>"));
    match name.filter(|_| !bundle.data.contains_key("text/plain")) {
        Some(name) => bundle.plainly(name),
        None => bundle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces as text, values as `{mime: content, ..}`.
    fn told(pieces: Vec<Piece>) -> String {
        let one = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Shown(bundle) => Value::Object(bundle.data).to_string(),
        };
        pieces.into_iter().map(one).collect()
    }

    fn all(parts: &[&str]) -> String {
        let mut markers = Markers::default();
        let mut out: String = parts.iter().map(|part| told(markers.push((*part).to_owned()))).collect();
        out += &told(markers.finish());
        out
    }

    #[test]
    fn blocks_become_values_wherever_they_are_cut() {
        let printed = "a\nEVCXR_BEGIN_CONTENT text/html\n<b>x</b>\ny\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\nx\nEVCXR_END_CONTENT\nb E";
        let expected = "a\n{\"text/html\":\"<b>x</b>\\ny\",\"text/plain\":\"x\"}b E";
        for cut in 0..=printed.len() {
            assert_eq!(all(&[&printed[..cut], &printed[cut..]]), expected, "cut at {cut}");
        }
        let bytes: Vec<String> = printed.chars().map(String::from).collect();
        assert_eq!(all(&bytes.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn values_of_one_format_are_several() {
        let one = "EVCXR_BEGIN_CONTENT image/png\niVBO\nRw0=\nEVCXR_END_CONTENT\n";
        let value = "{\"image/png\":\"iVBORw0=\",\"text/plain\":\"<image/png>\"}";
        assert_eq!(all(&[one, one]), format!("{value}{value}"));
        assert_eq!(all(&[one, "x", one]), format!("{value}x{value}"));
        let json = "EVCXR_BEGIN_CONTENT application/json\n{\"a\": 1}\nEVCXR_END_CONTENT";
        assert!(all(&[json]).contains("\"application/json\":{\"a\":1}"));
        assert!(all(&["EVCXR_BEGIN_CONTENT text/html\n\nEVCXR_END_CONTENT\n"]).contains("\"text/html\":\"\""));
    }

    #[test]
    fn other_text_passes_at_once_and_unfinished_blocks_are_not_lost() {
        let mut markers = Markers::default();
        assert_eq!(told(markers.push("epoch 1: EVCXR".to_owned())), "epoch 1: ");
        assert!(markers.due().is_some());
        assert_eq!(told(markers.settle()), "EVCXR");
        assert_eq!(told(markers.push("epoch 2".to_owned())), "epoch 2");
        assert!(markers.due().is_none());
        assert_eq!(all(&["EVCXR_BEGIN_CONTENT text/html\n<b>"]), "EVCXR_BEGIN_CONTENT text/html\n<b>");
        assert_eq!(all(&["EVCXR_END_CONTENT\nEE"]), "EVCXR_END_CONTENT\nEE");
    }
}
