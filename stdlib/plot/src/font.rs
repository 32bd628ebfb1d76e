//! The embedded font: DejaVu Sans, regular and bold, in a subset (see font/LICENSE).

use ab_glyph::{Font, FontRef, GlyphId, Outline};
use std::sync::LazyLock;
use unicode_width::UnicodeWidthChar as _;

const REGULAR: &[u8] = include_bytes!("../font/DejaVuSans-subset.ttf");
const BOLD: &[u8] = include_bytes!("../font/DejaVuSans-Bold-subset.ttf");

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
        [REGULAR, BOLD]
            .map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded fonts are valid: a test reads them"))
    });
    &FONTS[usize::from(weight == Weight::Bold)]
}

/// What a character moves the next one by, in pixels: what the font has not is drawn by a reader's own fonts, where
/// accents take no room and East Asian letters a square.
fn advance(font: &FontRef<'static>, c: char, size: f32, scale: f32) -> f32 {
    match (font.glyph_id(c), c.width()) {
        (GlyphId(0), Some(0)) => 0.0,
        (GlyphId(0), Some(2)) => size,
        (glyph, _) => font.h_advance_unscaled(glyph) * scale,
    }
}

/// Glyph outlines of a text with their horizontal positions, in pixels at this size, and the whole width.
pub(crate) fn lay_out(text: &str, size: f32, weight: Weight) -> (Vec<(f32, Outline)>, f32) {
    let font = font(weight);
    let scale = size / font.units_per_em().unwrap_or(2048.0);
    let (mut glyphs, mut x, mut last) = (Vec::new(), 0.0, None);
    for c in text.chars() {
        let id = font.glyph_id(c);
        if let Some(last) = last {
            x += font.kern_unscaled(last, id) * scale;
        }
        let step = advance(font, c, size, scale);
        if let Some(outline) = font.outline(id).filter(|_| step > 0.0) {
            glyphs.push((x, outline));
        }
        x += step;
        last = Some(id);
    }
    (glyphs, x)
}

/// Pixels from unscaled font units at this size.
pub(crate) fn scale(size: f32, weight: Weight) -> f32 {
    size / font(weight).units_per_em().unwrap_or(2048.0)
}

/// Width of a text in pixels.
pub(crate) fn width(text: &str, size: f32, weight: Weight) -> f32 {
    let (font, scale) = (font(weight), scale(size, weight));
    text.chars().map(|c| advance(font, c, size, scale)).sum()
}

/// The text, or as much of it as fits with an ellipsis.
pub(crate) fn fit(text: &str, size: f32, weight: Weight, room: f32) -> String {
    let (font, scale) = (font(weight), scale(size, weight));
    let (mut wide, mut kept) = (0.0, 0);
    for (at, c) in text.char_indices() {
        wide += advance(font, c, size, scale);
        if wide + size <= room {
            kept = at + c.len_utf8();
        } else if wide > room {
            return text[..kept].trim_end().to_owned() + "…";
        }
    }
    text.to_owned()
}

/// Registers the fonts with plotters under the generic family.
pub(crate) fn register_with_plotters() {
    use plotters::style::{FontStyle, register_font};
    for family in ["sans-serif", "sans"] {
        // It refuses broken fonts only, and a test reads these.
        let _ = register_font(family, FontStyle::Normal, REGULAR);
        let _ = register_font(family, FontStyle::Bold, BOLD);
    }
}
