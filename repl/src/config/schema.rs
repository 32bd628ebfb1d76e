//! The keys that the configuration knows, and which values they take.

use ironbook_magics::distance;
use toml::de::DeValue;

/// The table of the user's own keys.
pub const BINDINGS: &str = "bindings";

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One of these words; a number stands for its digits.
    Word(&'static [&'static str]),
    /// A number in a range.
    Number(i64, i64),
    /// `true` or `false`.
    Switch,
    /// A list of texts.
    Texts,
}

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds without it, as it would be written.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// All keys.
pub const KEYS: &[Key] = &[
    Key {
        name: "keys",
        takes: Takes::Word(&["emacs", "vi"]),
        default: "\"emacs\"",
        about: "how the keys of the editor work",
    },
    Key {
        name: "theme",
        takes: Takes::Word(&["auto", "light", "dark", "none"]),
        default: "\"auto\"",
        about: "colours; auto asks the terminal for its background",
    },
    Key {
        name: "opt",
        takes: Takes::Word(&["auto", "0", "1", "2", "3"]),
        default: "\"auto\"",
        about: "how cells are optimised",
    },
    Key {
        name: "history",
        takes: Takes::Number(0, 1_000_000),
        default: "10000",
        about: "how many cells the history keeps",
    },
    Key {
        name: "images",
        takes: Takes::Word(&["auto", "kitty", "iterm2", "sixel", "braille", "none"]),
        default: "\"auto\"",
        about: "how charts and pictures are shown",
    },
    Key { name: "pager", takes: Takes::Switch, default: "false", about: "whether long outputs are shown by $PAGER" },
    Key {
        name: "language",
        takes: Takes::Switch,
        default: "true",
        about: "whether kernels and editors start the language service",
    },
    Key { name: "startup", takes: Takes::Texts, default: "[]", about: "cells that run when a session starts" },
];

/// The key of a name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Words on a name that no key has.
pub fn unknown(name: &str) -> String {
    let names = KEYS.iter().map(|key| key.name).chain([BINDINGS]);
    match nearest(name, names.clone()) {
        Some(near) => format!("`{name}` is no key; did you mean `{near}`?"),
        None => format!("`{name}` is no key; there are {}", listed(&names.collect::<Vec<_>>(), "and")),
    }
}

/// Whether a key takes this value.
///
/// # Errors
/// The words on why not.
pub fn check(name: &str, value: &DeValue<'_>) -> Result<(), String> {
    let key = key(name).ok_or_else(|| unknown(name))?;
    match key.takes {
        Takes::Word(words) => {
            let number = integer(value).map(|number| number.to_string());
            let said = value.as_str().or(number.as_deref());
            if said.is_some_and(|said| words.contains(&said)) {
                return Ok(());
            }
            let near = said.and_then(|said| nearest(said, words.iter().copied()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            Err(format!("`{name}` is {}, not {}{hint}", listed(words, "or"), written(value)))
        }
        Takes::Number(least, most) => match integer(value) {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            _ => Err(format!("`{name}` is a number from {least} to {most}, not {}", written(value))),
        },
        Takes::Switch if value.as_bool().is_some() => Ok(()),
        Takes::Switch => Err(format!("`{name}` is true or false, not {}", written(value))),
        Takes::Texts => match value.as_array() {
            Some(texts) if texts.iter().all(|text| text.get_ref().is_str()) => Ok(()),
            _ => Err(format!("`{name}` is a list of texts like [\"use std::fmt;\"], not {}", written(value))),
        },
    }
}

/// A whole number.
pub fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A value as it is written.
fn written(value: &DeValue<'_>) -> String {
    match (value.as_str(), value.as_integer(), value.as_bool()) {
        (Some(text), ..) => format!("{text:?}"),
        (_, Some(number), _) => number.as_str().to_owned(),
        (.., Some(switch)) => switch.to_string(),
        _ => format!("a value of type {}", value.type_str()),
    }
}

fn listed(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [front @ .., end] => format!("{} {last} {end}", front.join(", ")),
    }
}

/// The name that is nearest to one that does not exist, if it is near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = (length / 3).max(1).min(length.saturating_sub(1));
    known.map(|known| (distance(name, known), known)).filter(|(far, _)| *far <= limit).min().map(|(_, known)| known)
}
