//! The names and types of what expressions of polars give.

use super::{Column, Schema, Tables};
use crate::code;
use ironbook_magics::lexer::Token;
use std::ops::Range;

/// What an expression gives.
#[derive(Clone, Debug, Default)]
struct Given {
    columns: Vec<Column>,
    /// Whether the names are surely these.
    sure: bool,
    /// Whether it gives one value of many.
    one: bool,
}

impl Given {
    fn of(name: &str, dtype: &str) -> Given {
        let column = Column { name: name.to_owned(), dtype: dtype.to_owned(), table: String::new() };
        Given { columns: vec![column], sure: true, one: false }
    }

    fn typed(mut self, dtype: &str) -> Given {
        for column in &mut self.columns {
            column.dtype = dtype.to_owned();
        }
        self.made()
    }

    /// No longer a column as a table has it.
    fn made(mut self) -> Given {
        self.columns.iter_mut().for_each(|column| column.table = String::new());
        self
    }

    fn one(mut self) -> Given {
        self.one = true;
        self
    }

    fn named(self, name: impl Fn(&str) -> String) -> Given {
        let columns = self.columns.into_iter();
        let columns = columns.map(|column| Column { name: name(&column.name), table: String::new(), ..column });
        Given { columns: columns.collect(), ..self }
    }
}

impl Tables<'_, '_> {
    /// The columns that a list of expressions or names gives over a table, and whether they are all.
    pub(super) fn columns_of(&self, list: Range<usize>, schema: &Schema) -> (Vec<Column>, bool) {
        let mut out: Vec<Column> = Vec::new();
        let mut complete = true;
        for part in self.listed(list) {
            let given = self.given(part, schema).unwrap_or_default();
            complete &= given.sure;
            let grouped = schema.keys.is_some() && !given.one;
            for mut column in given.columns {
                if grouped && !column.dtype.is_empty() {
                    column.dtype = format!("list[{}]", column.dtype);
                }
                if !out.iter().any(|of| of.name == column.name) {
                    out.push(column);
                }
            }
        }
        (out, complete)
    }

    fn given(&self, range: Range<usize>, schema: &Schema) -> Option<Given> {
        let mut at = range.start;
        while at < range.end && matches!(self.toks[at].token, Token::Punct('&' | '-' | '!')) {
            at += 1;
        }
        let (mut given, mut at) = self.start(at, range.end, schema)?;
        while at < range.end {
            match self.toks[at].token {
                Token::Punct('.') => (given, at) = self.method(given, at + 1, range.end)?,
                Token::Punct(sign @ ('+' | '-' | '*' | '/' | '%')) => {
                    let right = self.given(at + 1..range.end, schema);
                    return Some(combined(given, right, sign));
                }
                _ => return None,
            }
        }
        Some(given)
    }

    fn start(&self, at: usize, end: usize, schema: &Schema) -> Option<(Given, usize)> {
        if let Some(name) = self.string(at).filter(|_| at < end) {
            // `select(["a"])`
            return Some((self.column(&name, schema), at + 1));
        }
        let (word, open) = match self.toks.get(at).filter(|_| at < end)?.token {
            Token::Open('(') => ("", at),
            Token::Word(word) => (word, at + 1),
            _ => return None,
        };
        let close = code::matching_close(self.toks, open).filter(|close| *close < end)?;
        if self.toks[open].token != Token::Open('(') {
            return None;
        }
        let inside = open + 1..close;
        let given = match word {
            "" => self.given(inside, schema)?,
            "col" => self.column(&self.string(inside.start).filter(|_| inside.len() == 1)?, schema),
            "cols" | "by_name" => {
                let list = code::parts(self.toks, inside).into_iter().next()?;
                let names: Option<Vec<String>> = self.listed(list).iter().map(|part| self.string(part.start)).collect();
                let each = names?.into_iter().map(|name| self.column(&name, schema));
                Given { columns: each.flat_map(|given| given.columns).collect(), sure: true, one: false }
            }
            "all" => Given { columns: schema.columns.clone(), sure: schema.complete, one: false },
            "lit" => {
                let literal = self.toks.get(inside.start).map(|tok| &self.known.code[tok.range.clone()]);
                Given::of("literal", literal.filter(|_| inside.len() == 1).and_then(dtype_of_literal).unwrap_or(""))
                    .one()
            }
            // `when(..).then(..)`: named as what is then.
            "when" => {
                let then = close + 2;
                let follows = self.toks.get(close + 1).is_some_and(|tok| tok.is('.'))
                    && self.toks.get(then).is_some_and(|tok| tok.token == Token::Word("then"));
                let end = code::matching_close(self.toks, then + 1).filter(|last| follows && *last < end)?;
                return Some((self.given(then + 2..end, schema)?.typed(""), end + 1));
            }
            "len" if inside.is_empty() => Given::of("len", "u32").one(),
            _ => return None,
        };
        Some((given, close + 1))
    }

    fn column(&self, name: &str, schema: &Schema) -> Given {
        if name == "*" {
            return Given { columns: schema.columns.clone(), sure: schema.complete, one: false };
        }
        if name.starts_with('^') {
            return Given::default();
        }
        let known = schema.column(name).cloned();
        let column = known.unwrap_or_else(|| Column { name: name.to_owned(), ..Column::default() });
        Given { columns: vec![column], sure: true, one: false }
    }

    /// What a method makes of an expression, and the token behind it.
    fn method(&self, given: Given, at: usize, end: usize) -> Option<(Given, usize)> {
        let Token::Word(method) = self.toks.get(at).filter(|_| at < end)?.token else { return None };
        let open = at + 1;
        let close = code::matching_close(self.toks, open).filter(|close| *close < end)?;
        let inside = open + 1..close;
        let space = matches!(method, "str" | "dt" | "list" | "arr" | "cat" | "struct_" | "name" | "binary");
        if space && inside.is_empty() && self.toks.get(close + 1).is_some_and(|tok| tok.is('.')) {
            let Token::Word(inner) = self.toks.get(close + 2)?.token else { return None };
            let open = close + 3;
            let close = code::matching_close(self.toks, open).filter(|close| *close < end)?;
            let text = self.string(open + 1);
            return Some((in_space(given, method, inner, text), close + 1));
        }
        let after = match method {
            "alias" => {
                let name = self.string(inside.start).filter(|_| inside.len() == 1);
                match name {
                    Some(name) => given.named(|_| name.clone()),
                    None => Given { sure: false, ..given },
                }
            }
            "cast" | "strict_cast" => {
                let dtype =
                    inside.filter_map(|at| dtype_named(&self.known.code[self.toks[at].range.clone()])).next_back();
                given.typed(dtype.unwrap_or(""))
            }
            "as_expr" | "into" | "when" | "then" | "otherwise" => given,
            "exclude" => Given { sure: false, ..given },
            "map" | "apply" | "map_many" | "apply_many" => given.typed(""),
            "over" | "filter" | "sort_by" => given,
            _ => of_method(given, method),
        };
        Some((after, close + 1))
    }
}

/// Methods of expressions after which the type is another.
fn of_method(given: Given, method: &str) -> Given {
    match method {
        "mean" | "median" | "std" | "var" | "quantile" | "skew" | "kurtosis" | "entropy" => given.typed("f64").one(),
        "sum" | "product" => {
            let kept =
                |dtype: &str| matches!(dtype, "f64" | "f32" | "i64" | "u64" | "i32" | "u32").then(|| dtype.to_owned());
            let dtype = given.columns.first().and_then(|column| kept(&column.dtype)).unwrap_or_default();
            given.typed(&dtype).one()
        }
        "min" | "max" | "first" | "last" | "get" | "mode" | "item" => given.made().one(),
        "count" | "n_unique" | "null_count" | "arg_max" | "arg_min" | "len" | "approx_n_unique" => {
            given.typed("u32").one()
        }
        "any" | "all" => given.typed("bool").one(),
        "is_null" | "is_not_null" | "is_nan" | "is_not_nan" | "is_finite" | "is_infinite" | "is_in" | "is_between"
        | "gt" | "lt" | "gt_eq" | "lt_eq" | "eq" | "neq" | "eq_missing" | "neq_missing" | "not" | "and" | "or"
        | "xor" | "logical_and" | "logical_or" | "is_duplicated" | "is_unique" | "is_first_distinct"
        | "is_last_distinct" => given.typed("bool"),
        "sqrt" | "exp" | "log" | "log1p" | "sin" | "cos" | "tan" | "pct_change" | "rolling_mean" | "rolling_std" => {
            given.typed("f64")
        }
        "abs" | "round" | "floor" | "ceil" | "clip" | "shift" | "fill_null" | "fill_nan" | "reverse" | "sort"
        | "unique" | "head" | "tail" | "drop_nulls" | "drop_nans" | "forward_fill" | "backward_fill" | "cum_sum"
        | "cum_max" | "cum_min" | "slice" | "sample_n" | "clone" | "interpolate" | "set_sorted_flag"
        | "unique_stable" => given.made(),
        _ => given.typed(""),
    }
}

fn in_space(given: Given, space: &str, method: &str, text: Option<String>) -> Given {
    match (space, method) {
        ("name", "suffix") => match text {
            Some(text) => given.named(|name| format!("{name}{text}")),
            None => Given { sure: false, ..given },
        },
        ("name", "prefix") => match text {
            Some(text) => given.named(|name| format!("{text}{name}")),
            None => Given { sure: false, ..given },
        },
        ("name", "to_lowercase") => given.named(str::to_lowercase),
        ("name", "to_uppercase") => given.named(str::to_uppercase),
        ("name", "keep") => Given { sure: false, ..given },
        ("name", _) | ("struct_", _) => Given { sure: false, ..given }.typed(""),
        ("str", "len_chars" | "len_bytes" | "count_matches") => given.typed("u32"),
        ("str", "contains" | "contains_literal" | "starts_with" | "ends_with") | ("list", "contains") => {
            given.typed("bool")
        }
        (
            "str",
            "to_lowercase" | "to_uppercase" | "strip_chars" | "replace" | "replace_all" | "head" | "tail" | "slice",
        ) => given.typed("str"),
        ("dt", "year") => given.typed("i32"),
        ("dt", "month" | "day" | "hour" | "minute" | "second" | "weekday" | "quarter" | "week") => given.typed("i8"),
        ("dt", "ordinal_day") => given.typed("i16"),
        ("dt", "date") => given.typed("date"),
        ("dt", "to_string" | "strftime") => given.typed("str"),
        _ => given.typed(""),
    }
}

/// `left + right`: named as the left side.
fn combined(left: Given, right: Option<Given>, sign: char) -> Given {
    let of = |given: &Given| given.columns.first().map(|column| column.dtype.clone()).unwrap_or_default();
    let (a, b) = (of(&left), right.as_ref().map(of).unwrap_or_default());
    let one = left.one && right.is_some_and(|right| right.one);
    let dtype = match (a.as_str(), b.as_str()) {
        ("f64", _) | (_, "f64") if !b.is_empty() && !a.is_empty() => "f64".to_owned(),
        _ if a == b && sign != '/' => a,
        _ => String::new(),
    };
    Given { one, ..left.typed(&dtype) }
}

/// The type that polars gives a column of such literals.
pub(super) fn dtype_of_literal(text: &str) -> Option<&'static str> {
    Some(match text {
        "true" | "false" => "bool",
        _ if text.starts_with('"') => "str",
        _ if text.ends_with("f32") => "f32",
        _ if text.ends_with("i64") => "i64",
        _ if text.ends_with("u32") => "u32",
        _ if text.starts_with(|c: char| c.is_ascii_digit()) && (text.contains('.') || text.ends_with("f64")) => "f64",
        _ if text.chars().all(|c| c.is_ascii_digit() || c == '_') => "i32",
        _ => return None,
    })
}

fn dtype_named(word: &str) -> Option<&'static str> {
    const NAMES: &[(&str, &str)] = &[
        ("Boolean", "bool"),
        ("String", "str"),
        ("Float64", "f64"),
        ("Float32", "f32"),
        ("Int8", "i8"),
        ("Int16", "i16"),
        ("Int32", "i32"),
        ("Int64", "i64"),
        ("UInt8", "u8"),
        ("UInt16", "u16"),
        ("UInt32", "u32"),
        ("UInt64", "u64"),
        ("Date", "date"),
        ("Time", "time"),
    ];
    NAMES.iter().find(|(name, _)| *name == word).map(|(_, dtype)| *dtype)
}
