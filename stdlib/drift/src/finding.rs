//! What differs beside the distributions: columns, types, missing values, categories.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that differs, or needs a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The column that it is about, if it is about one.
    pub column: Option<String>,
    /// In a sentence, with the column's name.
    pub text: String,
}

/// Kinds of findings, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The current table lacks a column of the reference.
    VanishedColumn,
    /// A column's types are of two kinds: text and numbers.
    ChangedType,
    /// One of the tables has no value in a column.
    AllMissing,
    /// The reference lacks a column of the current table.
    NewColumn,
    /// A column has one value in the current table, and had more.
    Constant,
    /// Values are infinite.
    Infinite,
    /// The shares of missing values differ by five points or more.
    Missing,
    /// There are categories that the reference lacks.
    NewCategories,
    /// Categories of the reference with 1% of its values or more are gone.
    VanishedCategories,
    /// A table has fewer than 100 rows.
    FewRows,
}

impl FindingKind {
    /// Whether it is about columns and types, so that a model may not take the table.
    pub fn is_schema(self) -> bool {
        self <= FindingKind::NewColumn
    }

    /// In a word or two.
    pub fn title(self) -> &'static str {
        match self {
            FindingKind::VanishedColumn => "column vanished",
            FindingKind::ChangedType => "type changed",
            FindingKind::AllMissing => "no values",
            FindingKind::NewColumn => "new column",
            FindingKind::Constant => "constant",
            FindingKind::Infinite => "infinite",
            FindingKind::Missing => "missing values",
            FindingKind::NewCategories => "new categories",
            FindingKind::VanishedCategories => "categories vanished",
            FindingKind::FewRows => "few rows",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
