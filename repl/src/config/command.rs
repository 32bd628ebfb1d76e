//! `ironbook config`: shows and changes the configuration.

use super::schema::BINDINGS;
use super::{Config, KEYS, KeyStyle, change, path};
use crate::Error;
use crate::editor::{Keys, columns_of, fitted, open_in_editor};
use crate::terminal::{Style, Terminal};
use clap::Subcommand;
use ironbook_session::library::Paths;
use std::fs;
use std::path::Path;
use toml::de::DeTable;

/// Examples for `--help`.
pub const HELP: &str = "\
Examples:
  ironbook config                                     what holds, and where it is set
  ironbook config set theme light                     colours for a light background
  ironbook config set startup 'use std::fmt;' '%load' cells that run when a session starts
  ironbook config set bindings.ctrl-p older-cell      a key of your own; `ironbook config keys` lists them
  ironbook config unset theme                         back to the default

The file is ~/.config/ironbook/config.toml, or what IRONBOOK_CONFIG names.";

/// `ironbook config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show one value
    Get {
        /// The key
        key: String,
    },
    /// Set a value; comments in the file stay
    Set {
        /// The key
        key: String,
        /// The value; `startup` takes several
        #[arg(required = true, allow_hyphen_values = true)]
        value: Vec<String>,
    },
    /// Take a value out of the file, so that the default holds
    Unset {
        /// The key
        key: String,
    },
    /// Show the path of the file
    Path,
    /// Open the file in $VISUAL or $EDITOR
    Edit,
    /// List the keys of the terminal session and what they do
    Keys,
}

/// What a new file says.
const NEW_FILE: &str = "# Ironbook's configuration; `ironbook config` shows what can be set.\n";

/// Shows or changes the configuration.
///
/// # Errors
/// When a key or value is wrong, or the file cannot be read or written.
pub fn run(command: Option<&ConfigCommand>, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let config = Config::load(paths);
    match command {
        None => show(&config, &terminal),
        Some(ConfigCommand::Get { key }) => get(&config, key, &terminal)?,
        Some(ConfigCommand::Set { key, value }) => {
            let text = change::set(&config.text, key, value).map_err(wrong)?;
            write(&config.path, &text)?;
        }
        Some(ConfigCommand::Unset { key }) => {
            let text = change::unset(&config.text, key).map_err(wrong)?;
            if text != config.text {
                write(&config.path, &text)?;
            }
        }
        Some(ConfigCommand::Path) => terminal.out(&format!("{}\n", path().display())),
        Some(ConfigCommand::Edit) => return edit(&config, paths, &terminal),
        Some(ConfigCommand::Keys) => show_keys(&config, &terminal),
    }
    Ok(0)
}

fn wrong(words: String) -> Error {
    Error::Config { words }
}

/// Writes the file so that it is never half written; one that is a link stays a link.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut fresh, text.as_bytes()).map_err(failed)?;
    if let Ok(meta) = fs::metadata(&target) {
        fs::set_permissions(fresh.path(), meta.permissions()).map_err(failed)?;
    }
    fresh.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The keys with their values and where these come from.
fn show(config: &Config, terminal: &Terminal) {
    complain(config, terminal);
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for key in KEYS {
        let set = config.lines.get(key.name);
        let value = set.and_then(|_| value_of(config, key.name)).unwrap_or_else(|| key.default.to_owned());
        // Where the environment wants no colours, there are none.
        let (value, set) = match colorless().filter(|_| key.name == "theme") {
            Some(why) => ("\"none\"".to_owned(), why),
            None => (value, from(set)),
        };
        rows.push((key.name.to_owned(), value, format!("{set:8} {}", key.about)));
    }
    for (keys, action) in &config.settings.bindings {
        let name = format!("{BINDINGS}.{keys}");
        let line = from(config.lines.get(&name));
        rows.push((name, format!("{action:?}"), line));
    }
    let first = rows.iter().map(|(name, ..)| columns_of(name)).max().unwrap_or(0);
    let second = rows.iter().map(|(_, value, _)| columns_of(value)).max().unwrap_or(0).min(40);
    for (name, value, origin) in rows {
        let value = fitted(&value, second);
        let gap = " ".repeat(second.saturating_sub(columns_of(&value)));
        terminal.out(&format!("{name:first$}  {value}{gap}  {}\n", terminal.paint_out(Style::Dim, &origin)));
    }
    let there = if config.path.exists() { "" } else { " (not there yet)" };
    terminal.out(&terminal.paint_out(Style::Dim, &format!("\nfile: {}{there}\n", config.path.display())));
}

fn from(line: Option<&usize>) -> String {
    line.map_or_else(|| "default".to_owned(), |line| format!("line {line}"))
}

/// The variable that forbids colours, if one does.
fn colorless() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let no_color = set("NO_COLOR").map(|_| "NO_COLOR");
    let off = || set("CLICOLOR").filter(|value| value == "0").map(|_| "CLICOLOR");
    no_color.or_else(off).map(str::to_owned)
}

fn complain(config: &Config, terminal: &Terminal) {
    for words in config.complaints() {
        terminal.say(&format!("{} {words}", terminal.paint(Style::Yellow, "warning:")));
    }
}

/// A value as the file writes it, in one line.
fn value_of(config: &Config, name: &str) -> Option<String> {
    let table = DeTable::parse(&config.text).ok()?;
    let (_, value) = table.get_ref().iter().find(|(known, _)| known.get_ref() == name)?;
    Some(config.text[value.span()].split_whitespace().collect::<Vec<_>>().join(" "))
}

fn get(config: &Config, name: &str, terminal: &Terminal) -> Result<(), Error> {
    complain(config, terminal);
    let settings = &config.settings;
    let plain = |text: &str| text.trim_matches('"').to_owned();
    let value = match (name, name.strip_prefix("bindings.")) {
        (_, Some(keys)) => settings.bindings.get(keys).cloned().unwrap_or_default(),
        ("startup", _) => settings.startup.join("\n"),
        (BINDINGS, _) => {
            let line = |(keys, action): (&String, &String)| format!("{keys} = {action}");
            settings.bindings.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        _ => {
            let key = super::schema::key(name).ok_or_else(|| wrong(super::schema::unknown(name)))?;
            let set = config.lines.contains_key(name);
            set.then(|| value_of(config, name)).flatten().map_or_else(|| plain(key.default), |value| plain(&value))
        }
    };
    if !value.is_empty() {
        terminal.out(&format!("{value}\n"));
    }
    Ok(())
}

fn edit(config: &Config, paths: &Paths, terminal: &Terminal) -> Result<u8, Error> {
    if !config.path.exists() {
        write(&config.path, NEW_FILE)?;
    }
    open_in_editor(&config.path).map_err(wrong)?;
    let config = Config::load(paths);
    complain(&config, terminal);
    Ok(u8::from(!config.problems.is_empty()))
}

fn show_keys(config: &Config, terminal: &Terminal) {
    complain(config, terminal);
    let Ok(keys) = Keys::new(&config.settings.bindings) else { return };
    let table = keys.table();
    let first = table.iter().map(|(_, name, _)| name.len()).max().unwrap_or(0);
    let second = table.iter().map(|(keys, ..)| keys.len()).max().unwrap_or(0);
    for (keys, name, about) in table {
        let name = terminal.paint_out(Style::Bold, &format!("{name:first$}"));
        terminal.out(&format!("{name}  {keys:second$}  {}\n", terminal.paint_out(Style::Dim, about)));
    }
    if config.settings.keys == KeyStyle::Vi {
        terminal.out(
            "\nThese hold while text is inserted; after Escape, keys are vi's commands (v: edit in your editor).\n",
        );
    }
    terminal.out(
        "\nA key of your own: ironbook config set bindings.ctrl-p older-cell\n\
         %edit [N] opens cell N, or what was typed last, in $VISUAL or $EDITOR; what it becomes stands at the prompt.\n\
         A cell that begins with a blank is kept in no history.\n",
    );
}
