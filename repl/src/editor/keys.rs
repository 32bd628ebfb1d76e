//! Keys, as terminals send them and as people write them.

mod decode;

pub use decode::{Input, decode};
use std::fmt;

/// A key without what is held with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character; with Ctrl it is a small letter.
    Char(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Escape.
    Esc,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// F1 to F12.
    F(u8),
}

/// A key with what is held with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt, or after Escape.
    pub alt: bool,
    /// With Shift, where a character does not say it already.
    pub shift: bool,
}

impl Key {
    /// A key by itself.
    pub const fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    /// A character.
    pub const fn char(c: char) -> Key {
        Key::plain(Code::Char(c))
    }

    /// A character with Ctrl.
    pub const fn ctrl(c: char) -> Key {
        Key { ctrl: true, ..Key::char(c) }
    }

    /// A character with Alt.
    pub const fn alt(c: char) -> Key {
        Key { alt: true, ..Key::char(c) }
    }
}

/// Names of keys that are no characters.
const NAMES: &[(&str, Code)] = &[
    ("enter", Code::Enter),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("esc", Code::Esc),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("insert", Code::Insert),
    ("delete", Code::Delete),
    ("space", Code::Char(' ')),
];

/// Reads keys as people write them: `ctrl-x ctrl-e`, `alt-enter`, `f2`.
///
/// # Errors
/// When a word names no key.
pub fn parse(text: &str) -> Result<Vec<Key>, String> {
    let keys: Vec<Key> = text.split_whitespace().map(parse_one).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err("no key is named".into()) } else { Ok(keys) }
}

fn parse_one(word: &str) -> Result<Key, String> {
    let lower = word.to_lowercase();
    let mut key = Key::char(' ');
    let mut rest = lower.as_str();
    loop {
        let held = [("ctrl-", 0), ("alt-", 1), ("shift-", 2)];
        match held.iter().find_map(|(name, which)| Some((rest.strip_prefix(name)?, which))) {
            Some((after, 0)) => (key.ctrl, rest) = (true, after),
            Some((after, 1)) => (key.alt, rest) = (true, after),
            Some((after, _)) => (key.shift, rest) = (true, after),
            None => break,
        }
    }
    let mut chars = rest.chars();
    let number = rest.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
    key.code = match (chars.next(), chars.next(), number) {
        (Some(c), None, _) if key.ctrl => Code::Char(c),
        // A letter without Ctrl keeps its case.
        (Some(_), None, _) => Code::Char(word.chars().next_back().unwrap_or(' ')),
        (_, _, Some(number @ 1..=12)) => Code::F(number),
        _ => match NAMES.iter().find(|(name, _)| *name == rest) {
            Some((_, code)) => *code,
            None => {
                return Err(format!(
                    "`{word}` names no key; keys are written like ctrl-x, alt-enter, f2, shift-tab, and sequences like \
                     \"ctrl-x ctrl-e\""
                ));
            }
        },
    };
    Ok(key)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match (self.code, NAMES.iter().find(|(_, code)| *code == self.code)) {
            (_, Some((name, _))) => f.write_str(name),
            (Code::Char(c), _) => write!(f, "{c}"),
            (Code::F(number), _) => write!(f, "f{number}"),
            (code, None) => write!(f, "{code:?}"),
        }
    }
}

/// Keys as people write them.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["ctrl-x ctrl-e", "alt-enter", "f2", "shift-tab", "ctrl-alt-x", "G", "alt-<", "space", "ctrl--"] {
            assert_eq!(written(&parse(text).expect(text)), text);
        }
        assert!(parse("ctrl-foo").expect_err("no key").contains("`ctrl-foo` names no key"));
        assert!(parse(" ").is_err());
    }
}
