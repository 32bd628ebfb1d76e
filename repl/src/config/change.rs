//! Changing one value in the text of the configuration; comments and everything else stay as they are.

use super::schema::{BINDINGS, Takes, check, key, unknown};
use crate::editor::Keys;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Where a key stands in the text: its line, and its value.
struct Place {
    lines: Range<usize>,
    value: Range<usize>,
}

/// The table of a key, and its name there.
fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once('.') {
        Some((BINDINGS, keys)) => (Some(BINDINGS), keys.trim_matches('"')),
        _ => (None, name),
    }
}

/// The text with a key set to a value, which is given as it is typed in a shell.
///
/// # Errors
/// The words on why it cannot be.
pub fn set(text: &str, name: &str, value: &[String]) -> Result<String, String> {
    let (table, keys) = split(name);
    let value = toml_value(name, value)?;
    let changed = match find(text, name)? {
        Some(place) => format!("{}{value}{}", &text[..place.value.start], &text[place.value.end..]),
        None => {
            let written = if table.is_some() { quoted(keys) } else { keys.to_owned() };
            insert(text, table, &format!("{written} = {value}\n"))?
        }
    };
    // What was written must be what is read.
    match find(&changed, name)? {
        Some(place) if changed[place.value.clone()] == value => Ok(changed),
        _ => Err(format!("`{name}` cannot be set in this file; change it by hand: ironbook config edit")),
    }
}

/// The text without a key.
///
/// # Errors
/// When there is no such key, or the text is no TOML.
pub fn unset(text: &str, name: &str) -> Result<String, String> {
    if split(name).0.is_none() && key(name).is_none() && name != BINDINGS {
        return Err(unknown(name));
    }
    let Some(place) = find(text, name)? else { return Ok(text.to_owned()) };
    Ok(format!("{}{}", &text[..place.lines.start], &text[place.lines.end..]))
}

/// A value in TOML, checked.
fn toml_value(name: &str, words: &[String]) -> Result<String, String> {
    let first = words.first().map_or("", String::as_str);
    if let (Some(_), keys) = split(name) {
        Keys::new(&BTreeMap::from([(keys.to_owned(), first.to_owned())]))?;
        return Ok(quoted(first));
    }
    let known = key(name).ok_or_else(|| if name == BINDINGS { bindings_form() } else { unknown(name) })?;
    let value = match known.takes {
        Takes::Texts if words.len() == 1 && first.starts_with('[') => first.to_owned(),
        Takes::Texts => format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")),
        Takes::Word(_) => quoted(first),
        Takes::Number(..) => first.to_owned(),
        Takes::Switch => match first {
            "on" | "yes" => "true".to_owned(),
            "off" | "no" => "false".to_owned(),
            other => other.to_owned(),
        },
    };
    let parsed = DeValue::parse(&value).map_err(|_| format!("`{name}` cannot be {first}"));
    let checked = match &parsed {
        Ok(parsed) => check(name, parsed.get_ref()),
        // As a text it is a value, and the words on it tell what would be right.
        Err(_) => check(name, &DeValue::String(first.into())),
    };
    checked.and(parsed.map(|_| value.clone()))
}

fn bindings_form() -> String {
    "name the keys, too: ironbook config set bindings.ctrl-p older-cell".to_owned()
}

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn find(text: &str, name: &str) -> Result<Option<Place>, String> {
    let parsed = DeTable::parse(text).map_err(|error| {
        let line = super::line_of(text, error.span().map_or(0, |span| span.start));
        format!("line {line} of the file is no TOML: {}; mend it first: ironbook config edit", error.message())
    })?;
    let (table, keys) = split(name);
    let root = parsed.get_ref();
    let table = match table {
        None => Some(root),
        Some(table) => {
            root.iter().find(|(name, _)| name.get_ref() == table).and_then(|(_, value)| value.get_ref().as_table())
        }
    };
    let Some(table) = table else { return Ok(None) };
    let found = table.iter().find(|(name, _)| name.get_ref() == keys);
    Ok(found
        .map(|(name, value)| Place { lines: lines(text, name.span().start..value.span().end), value: value.span() }))
}

/// The whole lines of a piece, their ends with them.
fn lines(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at + 1);
    start..end
}

/// Puts a line behind the others of its table.
fn insert(text: &str, table: Option<&str>, line: &str) -> Result<String, String> {
    let parsed = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let root = parsed.get_ref();
    let last_of = |table: &DeTable<'_>| {
        let values = table.iter().filter(|(_, value)| !value.get_ref().is_table());
        values.map(|(name, value)| lines(text, name.span().start..value.span().end).end).max()
    };
    let first_header = || {
        let mut at = 0;
        text.split_inclusive('\n').find_map(|line| {
            let start = at;
            at += line.len();
            line.trim_start().starts_with('[').then_some(start)
        })
    };
    let at = match table {
        None => last_of(root).or_else(first_header),
        Some(name) => match root.iter().find(|(known, _)| known.get_ref() == name) {
            Some((known, value)) => {
                value.get_ref().as_table().and_then(last_of).or_else(|| Some(lines(text, known.span()).end))
            }
            None => {
                let blank = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" };
                let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                return Ok(format!("{text}{end}{blank}[{name}]\n{line}"));
            }
        },
    };
    let at = at.unwrap_or(text.len());
    let end = if text[..at].is_empty() || text[..at].ends_with('\n') { "" } else { "\n" };
    Ok(format!("{}{end}{line}{}", &text[..at], &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Mine.\ntheme = \"dark\" # at night\nstartup = [\n  \"a\", # one\n]\n\n[bindings]\n# keys\n\"ctrl-p\" = \"older-cell\"\n";

    fn one(text: &str, name: &str, value: &str) -> Result<String, String> {
        set(text, name, &[value.to_owned()])
    }

    #[test]
    fn a_value_changes_and_its_comment_stays() {
        let changed = one(FILE, "theme", "light").expect("a change");
        assert_eq!(changed, FILE.replace("\"dark\"", "\"light\""));
        let changed = one(FILE, "bindings.ctrl-p", "up").expect("a change");
        assert_eq!(changed, FILE.replace("\"older-cell\"", "\"up\""));
        let changed = set(FILE, "startup", &["x".into(), "y \"z\"".into()]).expect("a change");
        assert!(changed.contains("startup = [\"x\", 'y \"z\"']\n\n[bindings]"), "{changed}");
    }

    #[test]
    fn new_keys_stand_in_their_tables() {
        assert_eq!(one(FILE, "pager", "on").expect("a change"), FILE.replace("]\n\n[b", "]\npager = true\n\n[b"));
        assert_eq!(one(FILE, "bindings.f5", "run").expect("a change"), format!("{FILE}\"f5\" = \"run\"\n"));
        assert_eq!(one("", "bindings.f5", "run").expect("a change"), "[bindings]\n\"f5\" = \"run\"\n");
        assert_eq!(one("[bindings]\n", "opt", "2").expect("a change"), "opt = \"2\"\n[bindings]\n");
        assert_eq!(one("# only words", "opt", "2").expect("a change"), "# only words\nopt = \"2\"\n");
    }

    #[test]
    fn keys_go_with_their_lines() {
        assert_eq!(unset(FILE, "theme").expect("a change"), FILE.replace("theme = \"dark\" # at night\n", ""));
        assert_eq!(unset(FILE, "startup").expect("a change"), FILE.replace("startup = [\n  \"a\", # one\n]\n", ""));
        assert_eq!(unset(FILE, "pager").expect("no change"), FILE);
        assert!(unset(FILE, "pagre").expect_err("no key").contains("did you mean `pager`"));
    }

    #[test]
    fn wrong_values_are_refused() {
        assert!(one(FILE, "theme", "drak").expect_err("no theme").contains("did you mean \"dark\""));
        assert!(one(FILE, "history", "many").expect_err("no number").contains("a number from 0"));
        assert!(one(FILE, "pager", "maybe").expect_err("no switch").contains("true or false"));
        assert!(one(FILE, "bindings.f5", "runn").expect_err("no action").contains("did you mean `run`"));
        assert!(one("theme = dark", "opt", "2").expect_err("no TOML").contains("line 1"));
    }
}
