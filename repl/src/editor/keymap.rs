//! Which keys do what.

use super::action::{ACTIONS, Action};
use super::keys::{Key, parse, written};
use std::collections::BTreeMap;

/// The keys, as IPython has them.
const DEFAULT: &[(&str, Action)] = &[
    ("enter", Action::Enter),
    ("alt-enter", Action::Run),
    ("ctrl-enter", Action::Run),
    ("shift-enter", Action::Newline),
    ("ctrl-o", Action::Newline),
    ("ctrl-c", Action::Interrupt),
    ("ctrl-d", Action::Eof),
    ("ctrl-z", Action::Suspend),
    ("ctrl-l", Action::ClearScreen),
    ("ctrl-x ctrl-e", Action::EditInEditor),
    ("f2", Action::EditInEditor),
    ("tab", Action::Complete),
    ("shift-tab", Action::CompleteBack),
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
    ("alt-_", Action::Redo),
    ("alt-/", Action::Redo),
    ("ctrl-t", Action::Transpose),
    ("alt-u", Action::Upcase),
    ("alt-l", Action::Downcase),
    ("alt-c", Action::Capitalize),
    ("ctrl-g", Action::Cancel),
    ("esc", Action::Cancel),
    ("ctrl-v", Action::QuotedInsert),
    ("ctrl-q", Action::QuotedInsert),
];

/// Which keys do what.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: BTreeMap<Vec<Key>, Action>,
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This.
    Does(Action),
    /// More keys must follow.
    Begins,
    /// Nothing that is bound.
    Unbound,
}

impl Keymap {
    /// The default keys, changed by the user's own: keys and what they do.
    ///
    /// # Errors
    /// The words on the first binding that cannot be.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Keymap, String> {
        let mut keys = BTreeMap::new();
        for (text, action) in DEFAULT {
            keys.insert(parse(text)?, *action);
        }
        for (text, name) in own {
            let action = Action::named(name).ok_or_else(|| unknown_action(name))?;
            keys.insert(parse(text)?, action);
        }
        Ok(Keymap { keys })
    }

    /// What the keys pressed so far mean.
    pub fn meaning(&self, pressed: &[Key]) -> Meaning {
        match self.keys.get(pressed) {
            Some(action) => Meaning::Does(*action),
            None if self.keys.keys().any(|keys| keys.starts_with(pressed)) => Meaning::Begins,
            None => Meaning::Unbound,
        }
    }

    /// A table of all actions: keys, name, what it does.
    pub fn table(&self) -> Vec<(String, &'static str, &'static str)> {
        let row = |(action, name, about): &(Action, &'static str, &'static str)| {
            let bound = self.keys.iter().filter(|(_, bound)| *bound == action);
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
        assert_eq!(keymap.meaning(&[Key::ctrl('p')]), Meaning::Does(Action::OlderCell));
        assert_eq!(keymap.meaning(&[Key::ctrl('x')]), Meaning::Begins);
        assert_eq!(keymap.meaning(&[Key::ctrl('x'), Key::ctrl('e')]), Meaning::Does(Action::EditInEditor));
        assert_eq!(keymap.meaning(&[Key::char('a')]), Meaning::Unbound);
    }

    #[test]
    fn a_wrong_binding_says_what_was_meant() {
        let own = BTreeMap::from([("ctrl-p".to_owned(), "older-cel".to_owned())]);
        let words = Keymap::new(&own).expect_err("no such action");
        assert_eq!(words, "`older-cel` is no action; did you mean `older-cell`?");
    }
}
