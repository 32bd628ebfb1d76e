//! What a terminal sends, as keys.

use super::{Code, Key};

/// What a terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Text that was pasted.
    Paste(String),
    /// The colour of the background, as `rgb:ffff/ffff/ffff`.
    Background(String),
    /// The abilities of the terminal, as numbers.
    Abilities(Vec<u16>),
    /// Something without a meaning here.
    Nothing,
}

const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// The first thing in the bytes and its length; `None` while it may go on.
///
/// With `ended` nothing more comes for now, so that what would otherwise be waited for is taken as it is: a lone Escape.
pub fn decode(bytes: &[u8], ended: bool) -> Option<(Input, usize)> {
    let (&first, rest) = bytes.split_first()?;
    if first != 0x1b {
        return character(bytes, ended);
    }
    let Some(&second) = rest.first() else {
        return ended.then_some((Input::Key(Key::plain(Code::Esc)), 1));
    };
    let found = match second {
        b'[' => control_sequence(bytes, ended),
        b'O' => rest.get(1).map(|letter| (letter_key(*letter, 0).map_or(Input::Nothing, Input::Key), 3)),
        b']' | b'P' | b'_' => string_sequence(bytes),
        0x1b => return Some((Input::Key(Key::plain(Code::Esc)), 1)),
        _ => character(rest, ended).map(|(input, length)| (with_alt(input), length + 1)),
    };
    match found {
        None if ended && second == b'[' && rest.len() == 1 => Some((Input::Key(Key::alt('[')), 2)),
        None if ended && second == b'O' => Some((Input::Key(Key::alt('O')), 2)),
        // Half a sequence, and no more of it: nothing that a person typed.
        None if ended && !bytes.starts_with(PASTE_BEGIN) => Some((Input::Nothing, bytes.len())),
        found => found,
    }
}

fn with_alt(input: Input) -> Input {
    match input {
        Input::Key(key) => Input::Key(Key { alt: true, ..key }),
        other => other,
    }
}

/// A character or a control byte.
fn character(bytes: &[u8], ended: bool) -> Option<(Input, usize)> {
    let byte = *bytes.first()?;
    let key = match byte {
        // Ctrl-J is what some terminals and all scripts send for Enter.
        b'\r' | b'\n' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x7f | 0x08 => Key::plain(Code::Backspace),
        0 => Key::ctrl(' '),
        0x01..=0x1a => Key::ctrl(char::from(byte - 1 + b'a')),
        0x1c..=0x1f => Key::ctrl(char::from(byte + 0x40)),
        _ => {
            let length = match byte {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            let Some(piece) = bytes.get(..length) else {
                return ended.then_some((Input::Nothing, bytes.len()));
            };
            let Some(c) = std::str::from_utf8(piece).ok().and_then(|text| text.chars().next()) else {
                return Some((Input::Nothing, 1));
            };
            return Some((Input::Key(Key::char(c)), length));
        }
    };
    Some((Input::Key(key), 1))
}

/// `ESC [ ... letter`.
fn control_sequence(bytes: &[u8], ended: bool) -> Option<(Input, usize)> {
    if bytes.starts_with(PASTE_BEGIN) {
        return paste(bytes);
    }
    if bytes.get(2) == Some(&b'[') {
        // The Linux console's function keys.
        let letter = *bytes.get(3)?;
        let key = matches!(letter, b'A'..=b'E').then(|| Key::plain(Code::F(letter - b'A' + 1)));
        return Some((key.map_or(Input::Nothing, Input::Key), 4));
    }
    let end = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte))? + 2;
    let _ = ended;
    let parameters = std::str::from_utf8(&bytes[2..end]).unwrap_or("");
    let last = bytes[end];
    let length = end + 1;
    if let Some(abilities) = parameters.strip_prefix('?') {
        let numbers = abilities.split(';').filter_map(|number| number.parse().ok()).collect();
        return Some((if last == b'c' { Input::Abilities(numbers) } else { Input::Nothing }, length));
    }
    let numbers: Vec<u32> =
        parameters.split(';').map(|n| n.split(':').next().unwrap_or("").parse().unwrap_or(0)).collect();
    let held = numbers.get(1).copied().unwrap_or(1).saturating_sub(1);
    let key = match last {
        b'~' if numbers[0] == 27 => coded(numbers.get(2).copied().unwrap_or(0), held),
        b'~' => numbered(numbers[0]).map(|code| holding(code, held)),
        b'u' => coded(numbers[0], held),
        b'Z' => Some(Key { shift: true, ..Key::plain(Code::Tab) }),
        letter => letter_key(letter, held),
    };
    Some((key.map_or(Input::Nothing, Input::Key), length))
}

fn holding(code: Code, held: u32) -> Key {
    Key { code, shift: held & 1 != 0, alt: held & 2 != 0, ctrl: held & 4 != 0 }
}

/// A key by its code point: `ESC [ 13 ; 2 u`.
fn coded(point: u32, held: u32) -> Option<Key> {
    let code = match char::from_u32(point)? {
        '\r' => Code::Enter,
        '\t' => Code::Tab,
        '\x1b' => Code::Esc,
        '\x7f' | '\x08' => Code::Backspace,
        c if c.is_control() => return None,
        c => {
            let key = holding(Code::Char(c), held);
            return Some(Key { shift: false, ..key });
        }
    };
    Some(holding(code, held))
}

fn numbered(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(number as u8 - 10),
        17..=21 => Code::F(number as u8 - 11),
        23..=24 => Code::F(number as u8 - 12),
        _ => return None,
    })
}

fn letter_key(letter: u8, held: u32) -> Option<Key> {
    let code = match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'P'..=b'S' => Code::F(letter - b'P' + 1),
        _ => return None,
    };
    Some(holding(code, held))
}

fn paste(bytes: &[u8]) -> Option<(Input, usize)> {
    let inside = &bytes[PASTE_BEGIN.len()..];
    let end = inside.windows(PASTE_END.len()).position(|window| window == PASTE_END)?;
    let text = String::from_utf8_lossy(&inside[..end]).replace("\r\n", "\n").replace('\r', "\n");
    Some((Input::Paste(text), PASTE_BEGIN.len() + end + PASTE_END.len()))
}

/// `ESC ] ... BEL` and its like: answers to questions.
fn string_sequence(bytes: &[u8]) -> Option<(Input, usize)> {
    let bell = bytes.iter().position(|byte| *byte == 7).map(|at| (at, at + 1));
    let string = bytes.windows(2).skip(2).position(|pair| pair == b"\x1b\\").map(|at| (at + 2, at + 4));
    let (end, length) = match (bell, string) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    let text = String::from_utf8_lossy(&bytes[2..end.max(2)]);
    let background = bytes[1] == b']' && text.starts_with("11;");
    Some((if background { Input::Background(text[3..].to_owned()) } else { Input::Nothing }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        while let Some((input, length)) = decode(bytes, true) {
            out.push(match input {
                Input::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            });
            assert!(length > 0 && length <= bytes.len());
            bytes = &bytes[length..];
        }
        out
    }

    #[test]
    fn keys_of_many_terminals() {
        assert_eq!(all(b"a\x01\r\n\t\x7f"), ["a", "ctrl-a", "enter", "enter", "tab", "backspace"]);
        assert_eq!(all("é日👩".as_bytes()), ["é", "日", "👩"]);
        assert_eq!(all(b"\x1b[A\x1bOA\x1b[1;5C\x1b[3~\x1b[Z"), ["up", "up", "ctrl-right", "delete", "shift-tab"]);
        assert_eq!(all(b"\x1bb\x1b\r\x1b[13;2u\x1b[27;2;13~"), ["alt-b", "alt-enter", "shift-enter", "shift-enter"]);
        assert_eq!(all(b"\x1b[12~\x1bOQ\x1b[[B\x1b[24~"), ["f2", "f2", "f2", "f12"]);
        assert_eq!(all(b"\x1b"), ["esc"]);
        assert_eq!(all(b"\x1b["), ["alt-["]);
    }

    #[test]
    fn an_escape_waits_for_what_may_follow() {
        for begun in ["\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\x1b]11;rgb:", "\x1b[200~abc"] {
            assert_eq!(decode(begun.as_bytes(), false), None, "{begun:?}");
        }
        assert_eq!(decode("日".as_bytes().get(..2).expect("three bytes"), false), None);
        assert_eq!(decode(b"\x1b[200~abc", true), None, "a paste comes in pieces");
    }

    #[test]
    fn pasted_text_is_one_piece() {
        assert_eq!(all(b"\x1b[200~a\rb\r\nc\x1b[201~d"), ["Paste(\"a\\nb\\nc\")", "d"]);
    }

    #[test]
    fn answers_are_told_from_keys() {
        let answer = b"x\x1b]11;rgb:ffff/0000/0000\x1b\\\x1b[?62;4cy\x1b]11;rgb:1/1/1\x07";
        assert_eq!(
            all(answer),
            ["x", "Background(\"rgb:ffff/0000/0000\")", "Abilities([62, 4])", "y", "Background(\"rgb:1/1/1\")"]
        );
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let byte = (seed >> 33) as u8;
                bytes.push(if seed >> 62 == 0 { b"\x1b[O];~?\\P_u\x07"[(byte % 12) as usize] } else { byte });
            }
            all(&bytes);
        }
    }
}
