//! Which keys do what.

use super::action::{ACTIONS, Action};
use super::keys::{parse, written};
use rustyline::KeyEvent;
use std::collections::BTreeMap;

/// The keys, as IPython has them.
const DEFAULT: &[(&str, Action)] = &[
    ("enter", Action::Enter),
    ("ctrl-j", Action::Enter),
    ("alt-enter", Action::Run),
    ("ctrl-o", Action::Newline),
    ("ctrl-c", Action::Interrupt),
    ("ctrl-d", Action::Eof),
    ("ctrl-z", Action::Suspend),
    ("ctrl-l", Action::ClearScreen),
    ("ctrl-x ctrl-e", Action::EditInEditor),
    ("f2", Action::EditInEditor),
    ("tab", Action::Complete),
    ("shift-tab", Action::Dedent),
    ("left", Action::Left),
    ("ctrl-b", Action::Left),
    ("right", Action::Right),
    ("ctrl-f", Action::Right),
    ("alt-b", Action::WordLeft),
    ("ctrl-left", Action::WordLeft),
    ("alt-left", Action::WordLeft),
    ("alt-f", Action::WordRight),
    ("ctrl-right", Action::WordRight),
    ("alt-right", Action::WordRight),
    ("home", Action::LineStart),
    ("ctrl-a", Action::LineStart),
    ("end", Action::LineEnd),
    ("ctrl-e", Action::LineEnd),
    ("alt-<", Action::TextStart),
    ("ctrl-home", Action::TextStart),
    ("alt->", Action::TextEnd),
    ("ctrl-end", Action::TextEnd),
    ("up", Action::Up),
    ("ctrl-p", Action::Up),
    ("down", Action::Down),
    ("ctrl-n", Action::Down),
    ("pageup", Action::OlderCell),
    ("alt-p", Action::OlderCell),
    ("alt-up", Action::OlderCell),
    ("pagedown", Action::NewerCell),
    ("alt-n", Action::NewerCell),
    ("alt-down", Action::NewerCell),
    ("ctrl-r", Action::Search),
    ("ctrl-s", Action::SearchForward),
    ("backspace", Action::Backspace),
    ("delete", Action::Delete),
    ("ctrl-k", Action::KillLineEnd),
    ("ctrl-u", Action::KillLineStart),
    ("ctrl-w", Action::KillBlankWordLeft),
    ("alt-backspace", Action::KillWordLeft),
    ("alt-d", Action::KillWordRight),
    ("ctrl-delete", Action::KillWordRight),
    ("ctrl-y", Action::Yank),
    ("alt-y", Action::YankPop),
    ("ctrl-_", Action::Undo),
    ("ctrl-x ctrl-u", Action::Undo),
    ("ctrl-t", Action::Transpose),
    ("alt-u", Action::Upcase),
    ("alt-l", Action::Downcase),
    ("alt-c", Action::Capitalize),
    ("ctrl-g", Action::Cancel),
    ("ctrl-v", Action::QuotedInsert),
    ("ctrl-q", Action::QuotedInsert),
];

/// Which keys do what.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: Vec<(Vec<KeyEvent>, Action)>,
}

impl Keymap {
    /// The default keys, changed by the user's own: keys and what they do.
    ///
    /// # Errors
    /// The words on the first binding that cannot be.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Keymap, String> {
        let mut keys: Vec<(Vec<KeyEvent>, Action)> = Vec::new();
        for (text, action) in DEFAULT {
            keys.push((parse(text)?, *action));
        }
        for (text, name) in own {
            let action = Action::named(name).ok_or_else(|| unknown_action(name))?;
            let own = parse(text)?;
            keys.retain(|(bound, _)| *bound != own);
            keys.push((own, action));
        }
        Ok(Keymap { keys })
    }

    /// The keys, and what each does.
    pub fn bindings(&self) -> impl Iterator<Item = (&[KeyEvent], Action)> {
        self.keys.iter().map(|(keys, action)| (keys.as_slice(), *action))
    }

    /// A table of all actions: keys, name, what it does.
    pub fn table(&self) -> Vec<(String, &'static str, &'static str)> {
        let row = |(action, name, about): &(Action, &'static str, &'static str)| {
            let bound = self.keys.iter().filter(|(_, bound)| *bound == *action);
            let keys: Vec<String> = bound.map(|(keys, _)| written(keys)).collect();
            (keys.join(", "), *name, *about)
        };
        ACTIONS.iter().filter(|(action, ..)| *action != Action::Nothing).map(row).collect()
    }
}

/// Words on a name that no action has.
pub fn unknown_action(name: &str) -> String {
    let names = ACTIONS.iter().map(|(_, name, _)| *name);
    match crate::config::nearest(name, names) {
        Some(near) => format!("`{name}` is no action; did you mean `{near}`?"),
        None => format!("`{name}` is no action; `ironbook config keys` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_keys_come_before_the_default() {
        let own = BTreeMap::from([("ctrl-p".to_owned(), "older-cell".to_owned())]);
        let keymap = Keymap::new(&own).expect("bindings");
        let of = |name: &str| {
            let keys = parse(name).expect(name);
            keymap.bindings().filter(|(bound, _)| *bound == keys).map(|(_, action)| action).collect::<Vec<_>>()
        };
        assert_eq!(of("ctrl-p"), [Action::OlderCell]);
        assert_eq!(of("ctrl-x ctrl-e"), [Action::EditInEditor]);
        assert_eq!(of("a"), []);
    }

    #[test]
    fn a_wrong_binding_says_what_was_meant() {
        let own = BTreeMap::from([("ctrl-p".to_owned(), "older-cel".to_owned())]);
        let words = Keymap::new(&own).expect_err("no such action");
        assert_eq!(words, "`older-cel` is no action; did you mean `older-cell`?");
    }
}
