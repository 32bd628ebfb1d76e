//! Pictures in the terminal: kitty's graphics protocol, iTerm2's inline images, sixels, braille signs.

mod braille;
mod kitty;
mod pixels;
mod sixel;

use crate::config::Images;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ironbook_core::Bundle;

/// How pictures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By their text.
    #[default]
    Text,
    /// As braille signs.
    Braille,
    /// By kitty's graphics protocol.
    Kitty,
    /// By iTerm2's inline images.
    Iterm2,
    /// As sixels.
    Sixel,
}

/// A column of the terminal counts as this many pixels of a page.
const PIXELS_OF_COLUMN: f64 = 8.0;

/// Where a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Columns of the terminal.
    pub columns: usize,
    /// Pixels of one column, if they are known.
    pub column_pixels: Option<f64>,
    /// Whether sequences have to pass through tmux.
    pub in_tmux: bool,
}

impl Way {
    /// How pictures are shown, by what the user wants and what the terminal is; `sixel` is its own word on that.
    pub fn choose(wanted: Images, variable: &dyn Fn(&str) -> Option<String>, sixel: bool) -> Way {
        match wanted {
            Images::Kitty => return Way::Kitty,
            Images::Iterm2 => return Way::Iterm2,
            Images::Sixel => return Way::Sixel,
            Images::Braille => return Way::Braille,
            Images::None => return Way::Text,
            Images::Auto => {}
        }
        let term = variable("TERM").unwrap_or_default();
        let is = |name: &str, values: &[&str]| variable(name).is_some_and(|set| values.contains(&set.as_str()));
        let wrapped = variable("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux");
        if wrapped || term == "dumb" {
            Way::Text
        } else if variable("KITTY_WINDOW_ID").is_some()
            || matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty")
            || is("TERM_PROGRAM", &["ghostty", "WezTerm"])
        {
            Way::Kitty
        } else if is("TERM_PROGRAM", &["iTerm.app"]) || is("LC_TERMINAL", &["iTerm2"]) {
            Way::Iterm2
        } else if sixel {
            Way::Sixel
        } else {
            Way::Text
        }
    }

    /// What to write so that the picture of a value is seen; nothing if it has none, or it cannot be shown so.
    pub fn picture(self, bundle: &Bundle, place: Place) -> Option<String> {
        let encoded = bundle.get("image/png")?;
        if self == Way::Text {
            return None;
        }
        let png = STANDARD.decode(encoded.split_whitespace().collect::<String>()).ok()?;
        let width =
            bundle.metadata.get("image/png").and_then(|meta| meta.get("width")).and_then(|width| width.as_f64());
        let (real, _) = pixels::size(&png)?;
        let wanted = (width.unwrap_or(f64::from(real)) / PIXELS_OF_COLUMN).round().max(1.0) as usize;
        let columns = wanted.min(place.columns.saturating_sub(1)).max(1);
        match self {
            Way::Text => None,
            // A chart's own text is made of braille signs, and has letters besides.
            Way::Braille if bundle.plain().contains(|c| ('\u{2801}'..='\u{28ff}').contains(&c)) => None,
            Way::Braille => Some(braille::drawn(&pixels::decode(&png)?, columns)),
            Way::Kitty => Some(kitty::sequence(&png, columns, place.in_tmux)),
            Way::Iterm2 => Some(iterm2(&png, columns, place.in_tmux)),
            Way::Sixel => {
                let across = columns as f64 * place.column_pixels.unwrap_or(PIXELS_OF_COLUMN);
                Some(sixel::encoded(&pixels::decode(&png)?.scaled(across as usize)))
            }
        }
    }
}

/// iTerm2's sequence for a picture.
fn iterm2(png: &[u8], columns: usize, in_tmux: bool) -> String {
    let size = png.len();
    let data = STANDARD.encode(png);
    let sequence = format!("\x1b]1337;File=inline=1;size={size};width={columns};preserveAspectRatio=1:{data}\x07");
    if in_tmux { through_tmux(&sequence) } else { sequence }
}

/// A sequence that tmux hands on.
fn through_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(wanted: Images, set: &[(&str, &str)], sixel: bool) -> Way {
        let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Way::choose(wanted, &variable, sixel)
    }

    #[test]
    fn terminals_are_known_by_their_variables() {
        assert_eq!(way(Images::Auto, &[("TERM", "xterm-kitty")], false), Way::Kitty);
        assert_eq!(way(Images::Auto, &[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")], true), Way::Kitty);
        assert_eq!(way(Images::Auto, &[("TERM_PROGRAM", "iTerm.app")], false), Way::Iterm2);
        assert_eq!(way(Images::Auto, &[("TERM", "foot")], true), Way::Sixel);
        assert_eq!(way(Images::Auto, &[("TERM", "xterm-256color")], false), Way::Text);
    }

    #[test]
    fn within_tmux_pictures_are_shown_on_demand_only() {
        let inside = [("TMUX", "/tmp/tmux"), ("KITTY_WINDOW_ID", "1"), ("TERM", "tmux-256color")];
        assert_eq!(way(Images::Auto, &inside, true), Way::Text);
        assert_eq!(way(Images::Kitty, &inside, false), Way::Kitty);
        assert!(iterm2(b"x", 3, true).starts_with("\x1bPtmux;\x1b\x1b]1337;"));
    }

    #[test]
    fn pictures_fit_the_terminal() {
        let png = pixels::tests::png(400, 200);
        let bundle = Bundle::text("<image>").png(&png);
        let place = Place { columns: 40, column_pixels: Some(10.0), in_tmux: false };
        let shown = |way: Way, place| way.picture(&bundle, place).expect("a picture");
        assert!(shown(Way::Kitty, place).contains("c=39"));
        assert!(shown(Way::Iterm2, place).contains("width=39;"));
        assert!(shown(Way::Kitty, Place { columns: 200, ..place }).contains("c=50"));
        assert!(shown(Way::Sixel, place).contains("\"1;1;390;195"));
        assert_eq!(shown(Way::Braille, place).lines().map(|line| line.chars().count()).max(), Some(39));
        assert_eq!(Way::Text.picture(&bundle, place), None);
        assert_eq!(Way::Kitty.picture(&Bundle::text("x"), place), None);
        let broken = Bundle::text("x").png(b"no picture");
        assert_eq!(Way::Sixel.picture(&broken, place), None);
    }
}
