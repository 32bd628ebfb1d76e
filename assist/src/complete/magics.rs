//! Magics and their arguments, which clap knows.

use super::{Candidate, Completions, files, over, rust};
use crate::rank::Ranked;
use crate::situation::{self, Situation};
use crate::view::View;
use ironbook_magics::magic::{COLUMN, VARIABLE};
use ironbook_magics::{Form, Magic, Style, registry};

/// The names of magics.
pub fn names(view: &View, typed: &str, cell: bool) -> Vec<Candidate> {
    let mut ranked = Ranked::new(typed);
    let unfit = if cell { Form::Line } else { Form::Cell };
    for magic in view.registry.all() {
        if magic.form() != unfit {
            ranked.add(magic.name(), 0, || Candidate::new(magic.name(), "magic").summary(magic.summary()));
        }
    }
    if !cell {
        for item in view.own_magics() {
            let name = item.name.trim_start_matches("magic_");
            ranked.add(name, 0, || Candidate::new(name, "magic").summary(format!("calls `{}`", item.name)));
        }
    }
    ranked.finish()
}

/// The arguments of a magic, which begin at byte `start`.
pub fn arguments(view: &View, before: &str, name: &str, start: usize) -> Completions {
    let args = &before[start.min(before.len())..];
    let Some(magic) = view.registry.find(name) else { return over(before.len()..before.len(), Vec::new()) };
    let words = Words::of(args);
    let word_start = start + words.last_start;
    let typed = &before[word_start..];
    let mut command = registry::command(magic);
    // Adds `--help`.
    command.build();
    let command = subcommand(command, &words.before);
    let options_end =
        matches!(magic.style(), Style::Code | Style::Text) && positional_count(&command, &words.before) > 0;
    if typed.starts_with('-') && !typed.contains('=') && !options_end {
        let options = options(&command, typed);
        if !options.is_empty() || matches!(magic.style(), Style::Words | Style::Body) {
            return over(word_start..before.len(), options);
        }
    }
    let value = Value::of(&command, words.before, typed);
    let value_start = word_start + typed.len() - value.typed.len();
    let values = values(view, magic, &command, &value);
    if !values.is_empty() && !options_end {
        return over(value_start..before.len(), values);
    }
    if is_file(&command, &value.before) || matches!(name, "sh" | "bash") {
        let quote = typed.len() - typed.trim_start_matches(['"', '\'']).len();
        let quote = quote.max(value_start - word_start);
        return files::complete(view, &typed[quote..], word_start + quote);
    }
    if view.holds_code(name) || name == "expand" {
        return code(view, before, start, magic.style());
    }
    over(word_start..before.len(), Vec::new())
}

/// Rust in the arguments of a magic.
fn code(view: &View, before: &str, start: usize, style: Style) -> Completions {
    let probe = format!("{before}x");
    let Situation::Rust { mut code } = situation::rust(view, &probe) else { return Completions::default() };
    if style == Style::Pairs {
        // `name=expression`: only the expression is Rust.
        let word = code.len() - code[start..].rsplit(char::is_whitespace).next().unwrap_or_default().len();
        let Some(value) = code[word..].find('=') else { return over(before.len()..before.len(), Vec::new()) };
        code.replace_range(..word + value + 1, &" ".repeat(word + value + 1));
    }
    rust(view, &code, "")
}

/// Words of the arguments; the last one is being typed.
struct Words<'a> {
    before: Vec<&'a str>,
    last_start: usize,
}

impl<'a> Words<'a> {
    fn of(args: &'a str) -> Words<'a> {
        let mut before = Vec::new();
        let mut start = 0;
        let mut quote = None;
        for (at, c) in args.char_indices() {
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                (c, None) if c.is_whitespace() => {
                    if start < at {
                        before.push(&args[start..at]);
                    }
                    start = at + c.len_utf8();
                }
                _ => {}
            }
        }
        Words { before, last_start: start }
    }
}

/// The value that is being typed: of `--flag=value`, of a list between commas, within quotes.
struct Value<'a> {
    /// The words before it; the last names the option, if one does.
    before: Vec<&'a str>,
    /// What is typed of it.
    typed: &'a str,
    /// Values of the same list before it.
    others: Vec<&'a str>,
    /// Whether a quote is open around it.
    quoted: bool,
}

impl<'a> Value<'a> {
    fn of(command: &clap::Command, mut before: Vec<&'a str>, mut typed: &'a str) -> Value<'a> {
        if let Some((flag, value)) = typed.split_once('=').filter(|(flag, _)| flag.starts_with("--"))
            && option_named(command, flag).is_some_and(|option| option.get_action().takes_values())
        {
            before.push(flag);
            typed = value;
        }
        let bare = typed.trim_start_matches(['"', '\'']);
        let mut value = Value { quoted: bare.len() < typed.len(), typed: bare, before, others: Vec::new() };
        if current(command, &value.before).is_some_and(is_list)
            && let Some((others, last)) = value.typed.rsplit_once(',')
        {
            (value.others, value.typed) = (others.split(',').collect(), last);
        }
        value
    }
}

/// Whether an argument has values between commas.
fn is_list(arg: &clap::Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    arg.get_value_delimiter() == Some(',') || names.iter().any(|name| name.as_str() == "COLUMNS")
}

/// Whether an argument's values are, or begin with, the names of columns.
fn is_column(arg: &clap::Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.split(['=', 'S']).next() == Some(COLUMN))
}

/// The subcommand that the words have reached, `before` shortened to the words after its name.
fn subcommand(command: clap::Command, before: &[&str]) -> clap::Command {
    let named = before.iter().find_map(|word| command.find_subcommand(word).cloned());
    named.unwrap_or(command)
}

fn words_of<'a>(command: &clap::Command, before: &[&'a str]) -> Vec<&'a str> {
    let own = before.iter().position(|word| *word == command.get_name()).map_or(0, |at| at + 1);
    before[own..].to_vec()
}

fn positional_count(command: &clap::Command, before: &[&str]) -> usize {
    let mut takes_value = false;
    let mut count = 0;
    for word in words_of(command, before) {
        if std::mem::take(&mut takes_value) {
            continue;
        }
        match option_named(command, word) {
            Some(option) => takes_value = option.get_action().takes_values() && !word.contains('='),
            None if word.starts_with('-') => {}
            None => count += 1,
        }
    }
    count
}

/// The option that a word names.
pub fn option_named<'c>(command: &'c clap::Command, word: &str) -> Option<&'c clap::Arg> {
    let long = word.strip_prefix("--").map(|name| name.split('=').next().unwrap_or(name));
    let short = word.strip_prefix('-').filter(|_| long.is_none()).and_then(|name| name.chars().next());
    command
        .get_arguments()
        .find(|arg| (long.is_some() && arg.get_long() == long) || (short.is_some() && arg.get_short() == short))
}

fn options(command: &clap::Command, typed: &str) -> Vec<Candidate> {
    let mut ranked = Ranked::new(typed);
    for arg in command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let summary = help.lines().next().unwrap_or("");
        let value = arg.get_value_names().and_then(|names| names.first()).filter(|_| arg.get_action().takes_values());
        let signature = value.map(ToString::to_string).unwrap_or_default();
        let spellings =
            [arg.get_long().map(|long| format!("--{long}")), arg.get_short().map(|short| format!("-{short}"))];
        // Letters somewhere within another option are not what was meant.
        for (class, text) in (0..).zip(spellings.into_iter().flatten().filter(|text| text.starts_with(typed))) {
            ranked.add(&text.clone(), class, || Candidate::new(text, "magic").signature(&signature).summary(summary));
        }
    }
    ranked.finish()
}

/// The argument that the word being typed is for.
fn current<'c>(command: &'c clap::Command, before: &[&str]) -> Option<&'c clap::Arg> {
    let words = words_of(command, before);
    let option = words.last().and_then(|word| option_named(command, word).filter(|_| !word.contains('=')));
    if let Some(option) = option.filter(|option| option.get_action().takes_values()) {
        return Some(option);
    }
    let count = positional_count(command, before);
    let positionals: Vec<&clap::Arg> = command.get_positionals().collect();
    positionals
        .get(count)
        .or(positionals.last().filter(|arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1)))
        .copied()
}

/// Subcommands, values that clap lists, and names where a magic asks for them.
fn values(view: &View, magic: &dyn Magic, command: &clap::Command, value: &Value<'_>) -> Vec<Candidate> {
    let mut ranked = Ranked::new(value.typed);
    if positional_count(command, &value.before) == 0 {
        for sub in command.get_subcommands() {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            ranked.add(sub.get_name(), 0, || Candidate::new(sub.get_name(), "magic").summary(about));
        }
    }
    let Some(arg) = current(command, &value.before) else { return ranked.finish() };
    for possible in arg.get_possible_values() {
        let help = possible.get_help().map(ToString::to_string).unwrap_or_default();
        ranked.add(possible.get_name(), 0, || Candidate::new(possible.get_name(), "magic").summary(help));
    }
    if magic.name() == "help" {
        for magic in view.registry.all() {
            ranked.add(magic.name(), 1, || Candidate::new(magic.name(), "magic").summary(magic.summary()));
        }
    }
    if arg.get_value_hint() == VARIABLE {
        for variable in &view.variables {
            ranked.add(&variable.name, 0, || super::names::variable_candidate(variable));
        }
    }
    if is_column(arg) {
        add_columns(view, value, &mut ranked);
    }
    ranked.finish()
}

/// Columns of live tables, those of the tables that the line names first; in quotes where a blank would end the word.
fn add_columns(view: &View, value: &Value<'_>, ranked: &mut Ranked<Candidate>) {
    for variable in &view.variables {
        let named = value.before.iter().position(|word| *word == variable.name);
        let class = named.map_or(9, |place| u8::try_from(place).unwrap_or(8).min(8));
        for (place, (name, dtype)) in variable.columns.iter().enumerate() {
            if value.others.contains(&name.as_str()) {
                continue;
            }
            let bare = value.quoted || !name.contains([' ', '"', '\'', '\t']);
            let text = if bare { name.clone() } else { format!("{name:?}") };
            let of = format!("of `{}`", variable.name);
            ranked.add_at(name, class, place, || Candidate::new(text, "property").signature(dtype).summary(of));
        }
    }
}

/// Whether the word being typed is a path.
fn is_file(command: &clap::Command, before: &[&str]) -> bool {
    use clap::ValueHint as Hint;
    let Some(arg) = current(command, before) else { return false };
    let called = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    matches!(arg.get_value_hint(), Hint::FilePath | Hint::DirPath | Hint::AnyPath)
        || matches!(called, "FILE" | "DIR" | "DIRECTORY")
}
