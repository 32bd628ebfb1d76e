//! Names of columns inside strings.

use super::Candidate;
use crate::code::{self, Tok};
use crate::rank::Ranked;
use crate::view::View;
use ironbook_magics::lexer::Token;
use ironbook_session::Variable;

/// What a string stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The name of a column.
    Columns,
    /// The path of a file.
    File,
    /// Anything.
    Other,
}

/// Functions and methods whose strings name columns.
const COLUMNS: &[&str] = &[
    "col",
    "cols",
    "column",
    "select",
    "group_by",
    "group_by_stable",
    "sort",
    "drop",
    "drop_many",
    "drop_in_place",
    "try_get_column_index",
    "get_column_index",
    "column_as",
    "by_name",
    "dtype_cols",
    "partition_by",
    "partition_by_stable",
    "join",
    "left_join",
    "inner_join",
    "full_join",
    "cross_join",
    "unique",
    "unique_stable",
    "rename",
    "explode",
    "pivot",
    "unpivot",
    "to_dummies",
    "columns",
    "select_columns",
    "nth",
    "with_weights_of",
    "with_groups_of",
    "from_frame",
    "without",
    "exclude",
    "is_duplicated",
    "over",
    "new",
    "by",
    "target",
    "features",
    "fit",
    "categorical",
    "numeric",
    "time",
    "x",
    "y",
    "color",
    "facet",
    "hist",
    "scatter",
    "line",
    "bar",
    "box_plot",
];
/// Functions whose strings name files.
const FILES: &[&str] = &[
    "read_csv",
    "read_json",
    "read_parquet",
    "scan_csv",
    "scan_parquet",
    "write_csv",
    "write_parquet",
    "read_to_string",
    "read",
    "write",
    "open",
    "create",
    "load",
    "save",
    "save_png",
    "save_svg",
    "from_path",
    "try_from_path",
    "create_dir",
    "create_dir_all",
    "remove_file",
    "read_dir",
    "include_str",
    "include_bytes",
    "log_artifact",
    "canonicalize",
    "metadata",
    "PathBuf",
    "Path",
];
/// Functions whose strings are new names or values.
const NEITHER: &[&str] =
    &["alias", "lit", "println", "print", "format", "panic", "eprintln", "write", "writeln", "assert", "expect"];

/// What the string at token `at` stands for.
pub fn role(code: &str, toks: &[Tok<'_>], at: usize) -> Role {
    debug_assert!(code.len() >= toks.get(at).map_or(0, |tok| tok.range.start), "tokens are of the code");
    let mut inner = at;
    // Through lists, tuples and references to the call that has them.
    for _ in 0..4 {
        let Some(open) = code::enclosing(toks, inner) else { return Role::Other };
        let before = open.checked_sub(1).map(|before| (before, &toks[before].token));
        match (&toks[open].token, before) {
            (Token::Open('['), Some((_, Token::Word(word)))) if !code::is_keyword(word) => return Role::Columns,
            (Token::Open('['), Some((_, Token::Close(_) | Token::Punct('?')))) => return Role::Columns,
            (Token::Open('('), Some((place, Token::Word(word)))) => return of_function(toks, place, word),
            (Token::Open('('), Some((bang, Token::Punct('!')))) if bang > 0 => {
                let Token::Word(word) = toks[bang - 1].token else { return Role::Other };
                return if FILES.contains(&word) { Role::File } else { Role::Other };
            }
            (Token::Open('{'), _) => return Role::Other,
            _ => inner = open,
        }
    }
    Role::Other
}

fn of_function(toks: &[Tok<'_>], at: usize, word: &str) -> Role {
    let owner = code::path_before(toks, at).last().copied();
    match owner {
        Some("Path" | "PathBuf" | "File" | "fs" | "LazyCsvReader" | "PlPath") => return Role::File,
        Some("Dataset" | "Matrix" | "Pipeline") => return Role::Columns,
        // `Series::new("name"..)`: a new name.
        Some(_) if word == "new" => return Role::Other,
        _ => {}
    }
    if NEITHER.contains(&word) && owner.is_none() {
        Role::Other
    } else if FILES.contains(&word) {
        Role::File
    } else if COLUMNS.contains(&word) && word != "new" {
        Role::Columns
    } else {
        Role::Other
    }
}

/// The columns of live tables: those of tables that the statement names first.
pub fn complete(view: &View, code: &str, toks: &[Tok<'_>], at: usize, typed: &str) -> Vec<Candidate> {
    let start = code::statement_start(toks, at);
    let named = named_tables(view, toks, start, at);
    let mut ranked = Ranked::new(typed);
    for variable in view.variables.iter().filter(|variable| !variable.columns.is_empty()) {
        let place = named.iter().position(|name| *name == variable.name);
        let class = place.map_or(9, |place| u8::try_from(place).unwrap_or(8).min(8));
        add(variable, class, &mut ranked);
    }
    // Columns that the cell itself makes: `.alias("delay")`.
    for name in made(code, toks) {
        ranked.add(name, 9, || Candidate::new(name, "property").summary("named in this cell"));
    }
    ranked.finish()
}

/// The table and the type of a column that the string at token `at` names.
pub fn named(view: &View, code: &str, toks: &[Tok<'_>], at: usize, column: &str) -> Option<(String, String)> {
    if role(code, toks, at) != Role::Columns {
        return None;
    }
    let near = named_tables(view, toks, code::statement_start(toks, at), at);
    let near = near.into_iter().filter_map(|name| view.variable(name));
    let tables = near.chain(view.variables.iter());
    tables.into_iter().find_map(|variable| {
        let (_, dtype) = variable.columns.iter().find(|(name, _)| name == column)?;
        Some((variable.name.clone(), dtype.clone()))
    })
}

/// Adds the columns of a table.
pub fn add(variable: &Variable, class: u8, ranked: &mut Ranked<Candidate>) {
    for (place, (name, dtype)) in variable.columns.iter().enumerate() {
        ranked.add_at(name, class, place, || {
            Candidate::new(escaped(name), "property").signature(dtype).summary(format!("of `{}`", variable.name))
        });
    }
}

/// A name as it stands in a string literal.
fn escaped(name: &str) -> String {
    let literal = format!("{name:?}");
    literal[1..literal.len() - 1].to_owned()
}

/// Tables that the statement names, or that what it names was made of, nearest first.
fn named_tables<'a>(view: &'a View, toks: &[Tok<'_>], start: usize, at: usize) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    let add = |tok: &Tok<'_>, out: &mut Vec<&'a str>| {
        let Token::Word(word) = tok.token else { return };
        if let Some(variable) = view.variable(word).filter(|variable| !variable.columns.is_empty())
            && !out.contains(&variable.name.as_str())
        {
            out.push(&variable.name);
        }
    };
    toks[start..at.min(toks.len())].iter().rev().for_each(|tok| add(tok, &mut out));
    // `let late = df.clone().lazy(); late.filter(col("|`
    let locals: Vec<&str> = toks[start..at.min(toks.len())].iter().filter_map(word_of).collect();
    for (place, pair) in toks[..start].windows(2).enumerate() {
        let bound = matches!(pair[0].token, Token::Word("let" | "mut"))
            && word_of(&pair[1]).is_some_and(|name| locals.contains(&name));
        if bound {
            let end = toks[place..start].iter().position(|tok| tok.is(';')).map_or(start, |end| place + end);
            toks[place + 2..end.max(place + 2)].iter().for_each(|tok| add(tok, &mut out));
        }
    }
    out
}

fn word_of<'a>(tok: &Tok<'a>) -> Option<&'a str> {
    if let Token::Word(word) = tok.token { Some(word) } else { None }
}

/// Strings in `.alias("..")` of the cell.
fn made<'a>(code: &'a str, toks: &[Tok<'_>]) -> Vec<&'a str> {
    let aliases = toks.windows(3).filter(|w| w[0].token == Token::Word("alias") && w[2].token == Token::Literal);
    aliases.filter_map(|w| code::string_value(&code[w[2].range.clone()])).filter(|name| !name.is_empty()).collect()
}
