//! The user's configuration: `config.toml`, what it may say, and what holds where it says nothing.

pub mod change;
pub mod command;
mod schema;

pub use schema::{KEYS, Key, nearest};

use crate::editor::Keys;
use crate::kernel::history_path;
use ironbook_session::library::Paths;
use schema::{BINDINGS, check};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// How keys work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStyle {
    /// As in Emacs and IPython.
    #[default]
    Emacs,
    /// As in vi.
    Vi,
}

/// Which colours are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// Those that suit the terminal's background.
    #[default]
    Auto,
    /// For a light background.
    Light,
    /// For a dark background.
    Dark,
    /// None.
    None,
}

/// How pictures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// As the terminal can.
    #[default]
    Auto,
    /// By kitty's graphics protocol.
    Kitty,
    /// By iTerm2's inline images.
    Iterm2,
    /// As sixels.
    Sixel,
    /// As braille signs.
    Braille,
    /// As their text only.
    None,
}

/// What holds in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How keys work.
    pub keys: KeyStyle,
    /// Keys of the user's own: keys and the names of what they do.
    pub bindings: BTreeMap<String, String>,
    /// Which colours are wanted.
    pub theme: ThemeChoice,
    /// How cells are optimised: `auto`, or a level of rustc.
    pub opt: String,
    /// How many cells the history keeps.
    pub history: usize,
    /// How pictures are shown.
    pub images: Images,
    /// Whether long outputs are shown by a pager.
    pub pager: bool,
    /// Whether kernels and editors start the language service.
    pub language: bool,
    /// Cells that run when a session starts.
    pub startup: Vec<String>,
    /// Where what was typed is kept: beside the history of cells.
    pub data: PathBuf,
}

/// Something in the file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its line.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub words: String,
}

/// The configuration as it was read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, whether it is there or not.
    pub path: PathBuf,
    /// Its text; empty if it is not there.
    pub text: String,
    /// What holds.
    pub settings: Settings,
    /// What is wrong in it; the default holds there.
    pub problems: Vec<Problem>,
    /// The lines of the keys that the file sets.
    pub lines: BTreeMap<String, usize>,
}

/// `IRONBOOK_CONFIG`, else `ironbook/config.toml` in `XDG_CONFIG_HOME`, else in `~/.config`.
pub fn path() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").unwrap_or_default().join(".config");
    set("IRONBOOK_CONFIG")
        .unwrap_or_else(|| set("XDG_CONFIG_HOME").unwrap_or_else(home).join("ironbook").join("config.toml"))
}

impl Config {
    /// Reads the file. Whatever is wrong in it, there are settings.
    pub fn load(paths: &Paths) -> Config {
        let path = path();
        let history = history_path(paths);
        let data = history.parent().unwrap_or(&paths.data);
        match std::fs::read_to_string(&path) {
            Ok(text) => Config::of(path, text, data),
            Err(error) => {
                let mut config = Config::of(path, String::new(), data);
                if error.kind() != std::io::ErrorKind::NotFound {
                    config.problems.push(Problem { line: 1, words: format!("it cannot be read: {error}") });
                }
                config
            }
        }
    }

    /// The configuration that a text is.
    pub fn of(path: PathBuf, text: String, data: &Path) -> Config {
        let settings = Settings {
            keys: KeyStyle::default(),
            bindings: BTreeMap::new(),
            theme: ThemeChoice::default(),
            opt: "auto".into(),
            history: 10_000,
            images: Images::default(),
            pager: false,
            language: true,
            startup: Vec::new(),
            data: data.to_owned(),
        };
        let mut config = Config { path, text: String::new(), settings, problems: Vec::new(), lines: BTreeMap::new() };
        let (table, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            let line = line_of(&text, error.span().map_or(0, |span| span.start));
            config.problems.push(Problem { line, words: error.message().to_owned() });
        }
        // Of a text that is half understood nothing is believed.
        if errors.is_empty() {
            for (name, value) in table.get_ref() {
                config.take(&text, name.get_ref(), name.span().start, value.get_ref());
            }
        }
        config.text = text;
        config
    }

    fn take(&mut self, text: &str, name: &str, at: usize, value: &DeValue<'_>) {
        let line = line_of(text, at);
        if name == BINDINGS {
            return self.take_bindings(text, line, value);
        }
        match check(name, value).and_then(|()| self.settings.apply(name, value)) {
            Ok(()) => drop(self.lines.insert(name.to_owned(), line)),
            Err(words) => self.problems.push(Problem { line, words }),
        }
    }

    fn take_bindings(&mut self, text: &str, line: usize, value: &DeValue<'_>) {
        let Some(table) = value.as_table() else {
            let words = "`bindings` is a table: a line [bindings], and below it lines like \"ctrl-p\" = \"older-cell\"";
            return self.problems.push(Problem { line, words: words.to_owned() });
        };
        for (keys, action) in table {
            let line = line_of(text, keys.span().start);
            let (keys, action) = (keys.get_ref().to_string(), action.get_ref());
            let Some(action) = action.as_str() else {
                let meant = nearest(&keys, KEYS.iter().map(|key| key.name));
                if let Some(meant) = meant {
                    let words = format!("`{keys}` stands under [bindings]; `{meant}` belongs above that line");
                    self.problems.push(Problem { line, words });
                    continue;
                }
                let words = format!("what `{keys}` does is written as text: \"{keys}\" = \"older-cell\"");
                self.problems.push(Problem { line, words });
                continue;
            };
            match Keys::new(&BTreeMap::from([(keys.clone(), action.to_owned())])) {
                Ok(_) => {
                    self.lines.insert(format!("{BINDINGS}.{keys}"), line);
                    self.settings.bindings.insert(keys, action.to_owned());
                }
                Err(words) => self.problems.push(Problem { line, words }),
            }
        }
    }

    /// What is wrong, one line each.
    pub fn complaints(&self) -> Vec<String> {
        let said = |problem: &Problem| format!("{}:{}: {}", self.path.display(), problem.line, problem.words);
        self.problems.iter().map(said).collect()
    }
}

impl Settings {
    /// Takes a value that was checked.
    fn apply(&mut self, name: &str, value: &DeValue<'_>) -> Result<(), String> {
        let text = value.as_str().unwrap_or("");
        match name {
            "keys" => self.keys = if text == "vi" { KeyStyle::Vi } else { KeyStyle::Emacs },
            "theme" => {
                self.theme = match text {
                    "light" => ThemeChoice::Light,
                    "dark" => ThemeChoice::Dark,
                    "none" => ThemeChoice::None,
                    _ => ThemeChoice::Auto,
                }
            }
            "opt" => self.opt = schema::integer(value).map_or_else(|| text.to_owned(), |level| level.to_string()),
            "history" => self.history = schema::integer(value).and_then(|n| n.try_into().ok()).unwrap_or(self.history),
            "images" => {
                self.images = match text {
                    "kitty" => Images::Kitty,
                    "iterm2" => Images::Iterm2,
                    "sixel" => Images::Sixel,
                    "braille" => Images::Braille,
                    "none" => Images::None,
                    _ => Images::Auto,
                }
            }
            "pager" => self.pager = value.as_bool().unwrap_or(false),
            "language" => self.language = value.as_bool().unwrap_or(true),
            "startup" => {
                let cells = value.as_array().into_iter().flatten();
                self.startup = cells.filter_map(|cell| cell.get_ref().as_str().map(str::to_owned)).collect();
            }
            _ => {}
        }
        Ok(())
    }
}

/// The number of the line that holds a byte.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::of("config.toml".into(), text.into(), Path::new("/data"))
    }

    #[test]
    fn all_keys_are_read() {
        let config = config(
            "keys = \"vi\" # mine\ntheme = \"light\"\nopt = 2\nhistory = 500\nimages = \"sixel\"\npager = true\n\
             language = false\n\
             startup = [\n  \"use std::fmt;\",\n  \"%plots small\",\n]\n[bindings]\n\"ctrl-p\" = \"older-cell\"\n",
        );
        assert_eq!(config.problems, []);
        let settings = &config.settings;
        assert_eq!((settings.keys, settings.theme, settings.opt.as_str()), (KeyStyle::Vi, ThemeChoice::Light, "2"));
        assert_eq!((settings.history, settings.images, settings.pager), (500, Images::Sixel, true));
        assert!(!settings.language && Config::of("".into(), String::new(), Path::new("/")).settings.language);
        assert_eq!(settings.startup, ["use std::fmt;", "%plots small"]);
        assert_eq!(settings.bindings["ctrl-p"], "older-cell");
        assert_eq!(config.lines["bindings.ctrl-p"], 13);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_rest_holds() {
        let config = config(
            "thme = \"dark\"\ntheme = \"drak\"\nhistory = -3\nkeys = \"vi\"\nopt = 7\n[bindings]\nf99 = \"run\"\n",
        );
        assert_eq!(config.settings.keys, KeyStyle::Vi);
        assert_eq!(config.settings.theme, ThemeChoice::Auto);
        let mut complaints = config.complaints();
        complaints.sort();
        assert_eq!(
            complaints[..4],
            [
                "config.toml:1: `thme` is no key; did you mean `theme`?",
                "config.toml:2: `theme` is auto, light, dark or none, not \"drak\"; did you mean \"dark\"?",
                "config.toml:3: `history` is a number from 0 to 1000000, not -3",
                "config.toml:5: `opt` is auto, 0, 1, 2 or 3, not 7",
            ]
        );
        assert!(complaints[4].starts_with("config.toml:7: `f99` names no key"), "{complaints:?}");
    }

    #[test]
    fn a_text_that_is_no_toml_leaves_the_defaults() {
        let config = config("keys = \"vi\"\ntheme = dark\n");
        assert_eq!(config.settings.keys, KeyStyle::Emacs);
        assert_eq!(config.problems[0].line, 2);
    }
}
