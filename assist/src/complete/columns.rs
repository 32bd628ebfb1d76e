//! Names of columns inside strings.

use super::Candidate;
use crate::code::{self, Tok};
use crate::infer::Infer;
use crate::known::Known;
use crate::rank::Ranked;
use crate::schema::{Column, Tables};
use crate::ty::{self, Ty};
use crate::user;
use crate::view::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_session::Variable;
use ironbook_session::library::index::EntryKind;

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

/// Functions of polars whose strings name columns, though their parameters do not say so.
const COLUMNS: &[&str] = &[
    "col",
    "cols",
    "column",
    "column_as",
    "drop",
    "drop_in_place",
    "drop_many",
    "exclude",
    "explode",
    "full_join",
    "get_column_index",
    "group_by",
    "group_by_stable",
    "inner_join",
    "join",
    "left_join",
    "over",
    "partition_by",
    "partition_by_stable",
    "pivot",
    "rename",
    "select",
    "sort",
    "sort_in_place",
    "to_dummies",
    "try_get_column_index",
    "unique",
    "unique_stable",
    "unpivot",
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
pub fn role(known: &Known<'_>, at: usize) -> Role {
    let toks = known.toks;
    let mut inner = at;
    // Through lists, tuples and references to the call that has them.
    for _ in 0..4 {
        let Some(open) = code::enclosing(toks, inner) else { return Role::Other };
        let before = open.checked_sub(1).map(|before| (before, &toks[before].token));
        match (&toks[open].token, before) {
            (Token::Open('['), Some((_, Token::Word(word)))) if !code::is_keyword(word) => return Role::Columns,
            (Token::Open('['), Some((_, Token::Close(_) | Token::Punct('?')))) => return Role::Columns,
            (Token::Open('('), Some((place, Token::Word(word)))) => return of_function(known, place, word, inner),
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

/// Of an argument, which holds token `argument`, of the function that token `at` names.
fn of_function(known: &Known<'_>, at: usize, word: &str, argument: usize) -> Role {
    let owner = code::path_before(known.toks, at).last().copied();
    if matches!(owner, Some("Path" | "PathBuf" | "File" | "fs" | "LazyCsvReader" | "PlPath")) {
        return Role::File;
    }
    if let Some(role) = of_parameter(known, at, word, owner, argument) {
        return role;
    }
    if owner.is_none() && NEITHER.contains(&word) {
        Role::Other
    } else if FILES.contains(&word) {
        Role::File
    } else if COLUMNS.contains(&word) {
        Role::Columns
    } else {
        Role::Other
    }
}

/// What the name of the parameter says, if it says anything.
fn of_parameter(known: &Known<'_>, at: usize, word: &str, owner: Option<&str>, argument: usize) -> Option<Role> {
    let is_method = code::after_dot(known.toks, at);
    let signature = if is_method {
        known.member(&Infer::new(known).chain(at - 1)?, word)?.signature
    } else if let Some(owner) = owner {
        let of_module = || {
            let path = known.module_path(&code::path_before(known.toks, at))?;
            let mut entries = known.index()?.module(&path)?;
            entries.find(|entry| entry.name == word && entry.kind == EntryKind::Function)
        };
        match of_module() {
            Some(entry) => entry.declaration.clone(),
            None => known.member(&Ty::named(owner), word)?.signature,
        }
    } else {
        let item = known.items_named(word).find(|item| item.kind == "fn").map(user::signature);
        let entry = || known.index()?.named(word).find(|entry| entry.kind == EntryKind::Function);
        item.or_else(|| entry().map(|entry| entry.declaration.clone()))?
    };
    let open = code::enclosing(known.toks, argument)?;
    let commas = (open + 1..argument)
        .filter(|place| known.toks[*place].is(',') && code::enclosing(known.toks, *place) == Some(open));
    let name = ty::argument_names(&signature).into_iter().nth(commas.count())?;
    match (name.as_str(), word) {
        ("names", "columns" | "only_columns" | "numeric" | "categorical" | "ignore" | "prediction")
        | ("name", "floats" | "strings")
        | ("time", "time_split" | "by")
        | ("group", "within") => return Some(Role::Columns),
        _ => {}
    }
    match name.as_str() {
        "column" | "columns" | "features" | "target" | "by" | "on" | "left_on" | "right_on" => Some(Role::Columns),
        "path" | "paths" | "file" | "filename" | "directory" | "folder" => Some(Role::File),
        _ => None,
    }
}

/// The columns of the table that the chain is about, nothing else where these are surely all; else those of live tables,
/// of the ones that the statement names first. `after` is what stands behind the cursor.
pub fn complete(known: &Known<'_>, at: usize, typed: &str, after: &str) -> Vec<Candidate> {
    let (view, code, toks) = (known.view, known.code, known.toks);
    let typed = typed.replace("\\\"", "\"").replace("\\\\", "\\");
    let mut ranked = Ranked::new(&typed);
    let table = Tables::new(known).around(at);
    if let Some(schema) = &table {
        let wanted = Wanted::of(after);
        for (place, column) in schema.columns.iter().enumerate() {
            let class = u8::from(!wanted.fits(&column.dtype));
            ranked.add_at(&column.name, class, place, || of_chain(column));
        }
        if schema.complete {
            return ranked.finish();
        }
    }
    let start = code::statement_start(toks, at);
    let named = named_tables(view, toks, start, at);
    for variable in view.variables.iter().filter(|variable| !variable.columns.is_empty()) {
        let place = named.iter().position(|name| *name == variable.name);
        let class = place.map_or(9, |place| u8::try_from(place + 2).unwrap_or(8).min(8));
        add(variable, class, &mut ranked);
    }
    // Columns that the cell itself makes: `.alias("delay")`.
    for name in made(code, toks) {
        ranked.add(name, 9, || Candidate::new(name, "property").summary("named in this cell"));
    }
    ranked.finish()
}

fn of_chain(column: &Column) -> Candidate {
    let of = if column.table.is_empty() { "made here".to_owned() } else { format!("of `{}`", column.table) };
    Candidate::new(escaped(&column.name), "property").signature(&column.dtype).summary(of)
}

/// What kind of column what follows is for: `").mean()` is for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Any,
    Number,
    Text,
    Time,
}

impl Wanted {
    fn of(after: &str) -> Wanted {
        let rest = after.trim_start_matches(['"', ')', ' ', '\n']);
        let method =
            rest.strip_prefix('.').map_or("", |rest| rest.split(|c: char| !lexer::is_word(c)).next().unwrap_or(""));
        match method {
            "sum" | "mean" | "median" | "std" | "var" | "quantile" | "abs" | "round" | "sqrt" | "pow" | "log"
            | "exp" | "cum_sum" | "clip" | "is_nan" | "floor" | "ceil" | "skew" | "kurtosis" => Wanted::Number,
            "str" => Wanted::Text,
            "dt" => Wanted::Time,
            _ => Wanted::Any,
        }
    }

    fn fits(self, dtype: &str) -> bool {
        let number = dtype.starts_with(['f', 'i', 'u']) && dtype[1..].bytes().all(|b| b.is_ascii_digit());
        match self {
            _ if dtype.is_empty() => true,
            Wanted::Any => true,
            Wanted::Number => number || dtype == "bool" || dtype.starts_with("decimal"),
            Wanted::Text => dtype == "str",
            Wanted::Time => ["date", "time", "duration"].iter().any(|of| dtype.starts_with(of)),
        }
    }
}

/// The table and the type of a column that the string at token `at` names.
pub fn named(known: &Known<'_>, at: usize, column: &str) -> Option<(String, String)> {
    let (view, toks) = (known.view, known.toks);
    if role(known, at) != Role::Columns {
        return None;
    }
    let table = Tables::new(known).around(at);
    if let Some(column) = table.as_ref().and_then(|schema| schema.column(column)) {
        return Some((column.table.clone(), column.dtype.clone()));
    }
    if table.is_some_and(|schema| schema.lacks(column)) {
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
fn add(variable: &Variable, class: u8, ranked: &mut Ranked<Candidate>) {
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
