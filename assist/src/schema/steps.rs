//! What each method of a table does to its columns.

use super::{Column, Schema, Tables};
use crate::code;
use ironbook_magics::lexer::Token;
use std::ops::Range;

/// Methods after which the columns are the same, types and all.
const SAME: &[&str] = &[
    "align_chunks",
    "anti_join",
    "as_ref",
    "bottom_k",
    "cache",
    "clone",
    "collect",
    "collect_with_engine",
    "drop_nans",
    "drop_nulls",
    "expect",
    "fill_nan",
    "fill_null",
    "filter",
    "first",
    "head",
    "last",
    "lazy",
    "limit",
    "rechunk",
    "reverse",
    "sample_frac",
    "sample_n",
    "sample_n_literal",
    "semi_join",
    "shift",
    "slice",
    "sort",
    "sort_by_exprs",
    "tail",
    "to_owned",
    "top_k",
    "unique",
    "unique_generic",
    "unique_stable",
    "unique_stable_generic",
    "unwrap",
    "with_new_streaming",
    "with_optimizations",
    "with_streaming",
];
/// Methods after which the names are the same.
const SAME_NAMES: &[&str] = &[
    "cast",
    "cast_all",
    "explode",
    "interpolate",
    "max",
    "mean",
    "median",
    "min",
    "null_count",
    "quantile",
    "std",
    "sum",
    "var",
];

impl Tables<'_, '_> {
    /// The columns after the method or field at token `at`, and the token behind it.
    pub(super) fn step(&self, schema: Schema, at: usize, end: usize, depth: usize) -> Option<(Schema, usize)> {
        let Token::Word(method) = self.toks.get(at).filter(|_| at < end)?.token else { return None };
        let open = at + 1;
        if open >= end || self.toks[open].token != Token::Open('(') {
            return None;
        }
        let close = code::matching_close(self.toks, open).filter(|close| *close < end)?;
        let arguments = code::parts(self.toks, open + 1..close);
        Some((self.after(schema, method, &arguments, depth)?, close + 1))
    }

    fn after(&self, mut schema: Schema, method: &str, arguments: &[Range<usize>], depth: usize) -> Option<Schema> {
        let first = || arguments.first().cloned().unwrap_or(0..0);
        if schema.keys.is_some() {
            return match method {
                "agg" => Some(self.aggregated(schema, first())),
                "head" | "tail" => Some(Schema { keys: None, ..schema }),
                "having" => Some(schema),
                _ => None,
            };
        }
        match method {
            _ if SAME.contains(&method) => Some(schema),
            _ if SAME_NAMES.contains(&method) => {
                schema.columns.iter_mut().for_each(|column| column.dtype = String::new());
                Some(schema)
            }
            "select" | "select_seq" => {
                let (columns, complete) = self.columns_of(first(), &schema);
                Some(Schema { columns, complete, ..Schema::default() })
            }
            "with_columns" | "with_columns_seq" | "with_column" => {
                let (columns, complete) = self.columns_of(first(), &schema);
                columns.into_iter().for_each(|column| schema.put(column));
                schema.complete &= complete;
                Some(schema)
            }
            "with_row_index" => {
                let name = self.string(first().start)?;
                schema.columns.insert(0, Column { name, dtype: "u32".to_owned(), table: String::new() });
                Some(schema)
            }
            "group_by" | "group_by_stable" => {
                let (keys, complete) = self.columns_of(first(), &schema);
                schema.complete &= complete;
                Some(Schema { keys: Some(keys), ..schema })
            }
            "drop" | "drop_many" => Some(self.dropped(schema, first())),
            "rename" => self.renamed(schema, arguments),
            "join" | "inner_join" | "left_join" | "full_join" | "cross_join" => {
                Some(self.joined(schema, method, arguments, depth))
            }
            _ => None,
        }
    }

    fn aggregated(&self, schema: Schema, list: Range<usize>) -> Schema {
        let (columns, complete) = self.columns_of(list, &schema);
        let keys = schema.keys.unwrap_or_default();
        let mut out = Schema { columns: keys, complete: complete && schema.complete, ..Schema::default() };
        columns.into_iter().for_each(|column| out.put(column));
        out
    }

    fn dropped(&self, mut schema: Schema, range: Range<usize>) -> Schema {
        for name in range.filter_map(|at| self.string(at)) {
            schema.columns.retain(|column| column.name != name);
        }
        schema
    }

    /// `rename(["a"], ["b"], true)`, `rename("a", "b".into())`.
    fn renamed(&self, mut schema: Schema, arguments: &[Range<usize>]) -> Option<Schema> {
        let names = |range: &Range<usize>| -> Vec<Option<String>> {
            self.listed(range.clone()).iter().map(|part| self.string(part.start)).collect()
        };
        let (old, new) = (names(arguments.first()?), names(arguments.get(1)?));
        if old.len() != new.len() || old.iter().chain(&new).any(Option::is_none) {
            schema.complete = false;
            return Some(schema);
        }
        for (old, new) in old.into_iter().flatten().zip(new.into_iter().flatten()) {
            if let Some(column) = schema.columns.iter_mut().find(|column| column.name == old) {
                column.name = new;
                column.table = String::new();
            } else {
                // Not strict: what is not there is passed over.
                schema.maybe.insert(new);
            }
        }
        Some(schema)
    }

    /// Columns of both sides; keys of the right side once, what both have with a suffix.
    fn joined(&self, mut left: Schema, method: &str, arguments: &[Range<usize>], depth: usize) -> Schema {
        let says = |word: &str| arguments.iter().cloned().flatten().any(|at| self.toks[at].token == Token::Word(word));
        if says("Semi") || says("Anti") {
            return left;
        }
        let right = arguments.first().and_then(|right| self.expression(right.clone(), depth + 1));
        let Some(right) = right.filter(|right| right.keys.is_none()) else { return left.incomplete() };
        let keys = match (method, arguments.get(2)) {
            ("cross_join", _) | (_, None) => Vec::new(),
            (_, Some(list)) => self.columns_of(list.clone(), &right).0,
        };
        let is_key = |name: &str| keys.iter().any(|key| key.name == name);
        let suffix = self.suffix(method, arguments);
        let full = method == "full_join" || says("Full") || says("Right");
        // By names alone, in a join that keeps the left keys: those of the right side are surely gone.
        let plain = keys.is_empty() || arguments.get(2).is_some_and(|list| self.are_columns(list.clone()));
        let kind = matches!(method, "inner_join" | "left_join" | "cross_join") || says("Inner") || says("Left");
        let sure = plain && kind && !full && !says("coalesce") && !says("with_coalesce");
        left.complete &= right.complete;
        left.maybe.extend(right.maybe.iter().cloned());
        for mut column in right.columns {
            let clashes = left.column(&column.name).is_some();
            if is_key(&column.name) {
                if !sure {
                    left.maybe.extend([column.name.clone(), format!("{}{suffix}", column.name)]);
                }
                if !full {
                    continue;
                }
            }
            if clashes {
                column.name.push_str(&suffix);
            }
            left.put(column);
        }
        left
    }

    /// Whether all of a list are `col("name")`.
    fn are_columns(&self, list: Range<usize>) -> bool {
        let is_column = |part: &Range<usize>| part.len() == 4 && self.toks[part.start].token == Token::Word("col");
        self.listed(list).iter().all(is_column)
    }

    /// `.with_suffix(Some("_w".into()))`, or what polars appends.
    fn suffix(&self, method: &str, arguments: &[Range<usize>]) -> String {
        let within: Vec<usize> = match (method, arguments.get(1)) {
            ("cross_join", Some(last)) => last.clone().collect(),
            _ => arguments.get(3).map(|last| last.clone().collect()).unwrap_or_default(),
        };
        let named = method == "cross_join"
            || within.iter().any(|at| matches!(self.toks[*at].token, Token::Word("with_suffix" | "suffix")));
        let written = within.into_iter().filter(|_| named).find_map(|at| self.string(at));
        written.unwrap_or_else(|| "_right".to_owned())
    }
}
