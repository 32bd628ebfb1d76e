//! Keys, as people write them and as the line editor knows them.

use rustyline::{KeyCode, KeyEvent, Modifiers};

/// Names of keys that are no characters.
const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("esc", KeyCode::Esc),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("space", KeyCode::Char(' ')),
];

/// What is held with a key, and its name.
const HELD: &[(&str, Modifiers)] =
    &[("ctrl-", Modifiers::CTRL), ("alt-", Modifiers::ALT), ("shift-", Modifiers::SHIFT)];

/// The only key that begins sequences.
const PREFIX: KeyEvent = KeyEvent(KeyCode::Char('X'), Modifiers::CTRL);

/// Reads keys as people write them: `ctrl-x ctrl-e`, `alt-enter`, `f2`.
///
/// # Errors
/// When a word names no key, or a key that cannot be bound.
pub fn parse(text: &str) -> Result<Vec<KeyEvent>, String> {
    let keys: Vec<KeyEvent> = text.split_whitespace().map(parse_one).collect::<Result<_, _>>()?;
    match keys.as_slice() {
        [] => Err("no key is named".to_owned()),
        [_] => Ok(keys),
        [first, _] if *first == PREFIX => Ok(keys),
        _ => Err(format!("`{text}` cannot be bound: a sequence is ctrl-x and one more key")),
    }
}

fn parse_one(word: &str) -> Result<KeyEvent, String> {
    let lower = word.to_lowercase();
    let (mut held, mut rest) = (Modifiers::NONE, lower.as_str());
    while let Some((after, modifier)) = HELD.iter().find_map(|(name, held)| Some((rest.strip_prefix(name)?, held))) {
        (held, rest) = (held | *modifier, after);
    }
    let mut chars = rest.chars();
    let number = rest.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
    let code = match (chars.next(), chars.next(), number) {
        (Some(c), None, _) if held.contains(Modifiers::CTRL) => KeyCode::Char(c.to_ascii_uppercase()),
        // A letter without Ctrl keeps its case.
        (Some(_), None, _) => KeyCode::Char(word.chars().next_back().unwrap_or(' ')),
        (_, _, Some(number @ 1..=12)) => KeyCode::F(number),
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
    let ctrl = Modifiers::CTRL;
    Ok(match code {
        KeyCode::Enter if held.intersects(Modifiers::CTRL | Modifiers::SHIFT) => {
            return Err(format!("`{word}` cannot be bound: terminals send it as enter; alt-enter can be"));
        }
        // Terminals send these as the keys that are named so.
        KeyCode::Char('I') if held.contains(ctrl) => KeyEvent(KeyCode::Tab, held - ctrl),
        KeyCode::Char('M') if held.contains(ctrl) => KeyEvent(KeyCode::Enter, held - ctrl),
        KeyCode::Char('H') if held.contains(ctrl) => KeyEvent(KeyCode::Backspace, held - ctrl),
        code => KeyEvent::normalize(KeyEvent(code, held)),
    })
}

/// Keys as people write them.
pub fn written(keys: &[KeyEvent]) -> String {
    keys.iter().map(written_one).collect::<Vec<_>>().join(" ")
}

fn written_one(KeyEvent(code, held): &KeyEvent) -> String {
    let mut out: String = HELD.iter().filter(|(_, one)| held.contains(*one)).map(|(name, _)| *name).collect();
    match (code, NAMES.iter().find(|(_, named)| named == code)) {
        (_, Some((name, _))) => out.push_str(name),
        (KeyCode::BackTab, _) => out.push_str("shift-tab"),
        (KeyCode::Char(c), _) if held.contains(Modifiers::CTRL) => out.extend(c.to_lowercase()),
        (KeyCode::Char(c), _) => out.push(*c),
        (KeyCode::F(number), _) => out.push_str(&format!("f{number}")),
        (code, None) => out.push_str(&format!("{code:?}").to_lowercase()),
    }
    out
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

    #[test]
    fn keys_that_never_arrive_are_refused_or_read_as_what_arrives() {
        assert_eq!(written(&parse("ctrl-i").expect("a key")), "tab");
        assert!(parse("shift-enter").expect_err("no such key").contains("alt-enter can be"));
        assert!(parse("ctrl-a ctrl-b").expect_err("no such sequence").contains("ctrl-x and one more key"));
    }
}
