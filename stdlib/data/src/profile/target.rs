//! The target of a model, and what each column tells about it by itself.

use super::codes::{Codes, MISSING};
use super::column::{Coded, ColumnProfile, Detail};
use super::pairs::{Ready, auc, correlation_ratio, cramers_v, pearson, rates_elsewhere, spearman};
use crate::error::DataError;
use ironbook_core::check;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The target and what goes with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetProfile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// Rows without a target.
    pub missing: usize,
    /// Each other column that says something about it, the strongest first.
    pub associations: Vec<Association>,
}

/// What a target is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// One of two classes: name and rows of each; the second is the one that is predicted.
    Binary([(String, usize); 2]),
    /// One of several classes: names and rows, the most frequent first.
    Classes(Vec<(String, usize)>),
    /// A number.
    Number,
    /// Nothing to predict: fewer than two values, or text with very many.
    Unfit,
}

/// How much one column tells about the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// The column.
    pub column: String,
    /// How it was measured.
    pub measure: Measure,
    /// The measure itself.
    pub value: f64,
    /// From 0, nothing, to 1, everything, whatever the measure; corrected for the number of categories.
    pub strength: f64,
}

/// Measures of association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The area under the ROC curve of the column as a score; of text, the share of the second class among equal values
    /// in the other half of the rows.
    Auc,
    /// The area under the ROC curve of whether the column is missing.
    AucMissing,
    /// Pearson's correlation.
    Pearson,
    /// Spearman's correlation.
    Spearman,
    /// The correlation ratio of a number over categories.
    CorrelationRatio,
    /// Cramér's V of two columns of categories.
    CramersV,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Measure::Auc => "AUC",
            Measure::AucMissing => "AUC of missing",
            Measure::Pearson => "Pearson",
            Measure::Spearman => "Spearman",
            Measure::CorrelationRatio => "correlation ratio",
            Measure::CramersV => "Cramér's V",
        })
    }
}

/// Classes of a target at most, unless it is text.
const CLASSES: usize = 20;
/// Classes of text at most.
const TEXTS: usize = 200;

pub(crate) fn target(columns: &[ColumnProfile], coded: &[Coded], at: usize) -> Result<TargetProfile, DataError> {
    let kind = kind(&columns[at], &coded[at]);
    let others: Vec<usize> = (0..columns.len()).filter(|&other| other != at).collect();
    let found: Vec<Vec<Association>> = others
        .par_iter()
        .map(|&other| {
            check()?;
            let name = &columns[other].name;
            let measured = match &kind {
                TargetKind::Binary(_) => of_two(&coded[other], &coded[at]),
                TargetKind::Classes(_) => of_many(&coded[other], &coded[at]),
                TargetKind::Number => of_number(&coded[other], &coded[at]),
                TargetKind::Unfit => Vec::new(),
            };
            Ok(measured
                .into_iter()
                .map(|(measure, value, strength)| Association { column: name.clone(), measure, value, strength })
                .collect())
        })
        .collect::<Result<_, DataError>>()?;
    let mut associations: Vec<Association> = found.into_iter().flatten().collect();
    associations.sort_by(|a, b| b.strength.total_cmp(&a.strength).then_with(|| a.column.cmp(&b.column)));
    Ok(TargetProfile { name: columns[at].name.clone(), kind, missing: columns[at].missing, associations })
}

fn kind(column: &ColumnProfile, coded: &Coded) -> TargetKind {
    let counts = &coded.codes.counts;
    let whole = match &column.detail {
        Detail::Number(numbers) => numbers.whole,
        Detail::Boolean { .. } => true,
        _ => false,
    };
    let text = matches!(column.detail, Detail::Text(_));
    let by_size = || {
        let mut classes = classes(column, coded);
        classes.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        classes
    };
    match counts.len() {
        2 if text || whole => match <[_; 2]>::try_from(classes(column, coded)) {
            Ok(both) => TargetKind::Binary(both),
            Err(_) => TargetKind::Unfit,
        },
        3.. if text && counts.len() <= TEXTS && column.distinct * 2 < coded.codes.present() => {
            TargetKind::Classes(by_size())
        }
        3..=CLASSES if whole && column.distinct * 10 < coded.codes.present() => TargetKind::Classes(by_size()),
        2.. if matches!(column.detail, Detail::Number(_)) => TargetKind::Number,
        _ => TargetKind::Unfit,
    }
}

/// Names and rows of the classes, in the order of the codes.
fn classes(column: &ColumnProfile, coded: &Coded) -> Vec<(String, usize)> {
    let counts = &coded.codes.counts;
    match (&column.detail, &coded.values, &coded.names) {
        (Detail::Boolean { .. }, Some(values), _) => {
            values.iter().zip(counts).map(|(v, &n)| ((*v > 0.0).to_string(), n)).collect()
        }
        (_, Some(values), _) => values.iter().zip(counts).map(|(v, &n)| (v.to_string(), n)).collect(),
        (_, None, Some(names)) => names.iter().cloned().zip(counts.iter().copied()).collect(),
        _ => Vec::new(),
    }
}

type Measured = Vec<(Measure, f64, f64)>;

fn of_two(column: &Coded, target: &Coded) -> Measured {
    let positive = |row: usize| match target.codes.rows[row] {
        MISSING => None,
        code => Some(code == 1),
    };
    let mut found: Measured = Vec::new();
    let mut push = |measure, area: Option<f64>| {
        found.extend(area.map(|area| (measure, area, (2.0 * area - 1.0).abs())));
    };
    let codes = &column.codes;
    if codes.counts.len() > 1 {
        push(
            Measure::Auc,
            match column.values {
                Some(_) => auc(codes, positive),
                None => auc(&Codes::of_floats(&rates_elsewhere(codes, positive)).0, positive),
            },
        );
    }
    let missing = codes.rows.len() - codes.present();
    if missing > 0 && missing < codes.rows.len() {
        let rows = codes.rows.iter().map(|&code| u32::from(code == MISSING)).collect();
        push(Measure::AucMissing, auc(&Codes { rows, counts: vec![codes.present(), missing] }, positive));
    }
    found
}

fn of_many(column: &Coded, target: &Coded) -> Measured {
    let (measure, both) = match &column.values {
        Some(values) => (Measure::CorrelationRatio, correlation_ratio(&target.codes, &column.codes, values)),
        None => (Measure::CramersV, cramers_v(&column.codes, &target.codes)),
    };
    both.map(|(value, strength)| (measure, value, strength)).into_iter().collect()
}

fn of_number(column: &Coded, target: &Coded) -> Measured {
    let Some(goal) = &target.values else { return Vec::new() };
    match &column.values {
        None => correlation_ratio(&column.codes, &target.codes, goal)
            .map(|(value, strength)| (Measure::CorrelationRatio, value, strength))
            .into_iter()
            .collect(),
        Some(values) => {
            let (x, y) = (Ready::new(&column.codes, values), Ready::new(&target.codes, goal));
            let (linear, ranked) = (pearson(&x, &y), spearman(&x, &y));
            let both = [(Measure::Pearson, linear), (Measure::Spearman, ranked)];
            let best = both.into_iter().filter_map(|(m, v)| Some((m, v?, v?.abs())));
            best.max_by(|a, b| a.2.total_cmp(&b.2)).into_iter().collect()
        }
    }
}
