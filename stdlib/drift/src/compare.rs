//! Comparing two tables: all columns side by side, then what concerns them together.

use crate::column::Pair;
use crate::error::DriftError;
use crate::findings;
use crate::options::DriftOptions;
use crate::report::{Both, ColumnDrift, DriftReport, FalseDiscoveries, Role, Verdict};
use crate::source::Source;
use crate::stats::{Outcome, adjusted};
use crate::table::Tabular;
use ironbook_core::{Progress, check};
use polars::prelude::DataType;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Mutex;

/// Compares a table with a reference: which columns have drifted, and by how much.
///
/// Tests and thresholds are those that Evidently takes by default; see [`DriftOptions`], also for options. Missing values
/// are left out of the tests and told beside them. A column that has lost all its values counts as drifted, where
/// Evidently gives up.
///
/// ```
/// use ironbook_drift::{Verdict, compare};
/// use polars::prelude::*;
///
/// let train = df!["carrier" => ["AA", "UA", "UA", "DL"].repeat(100), "rain" => [0.0, 0.1, 0.4, 0.2].repeat(100)]?;
/// let recent = df!["carrier" => ["AA", "UA", "UA", "ZZ"].repeat(100), "rain" => [0.4, 0.1, 0.0, 0.2].repeat(100)]?;
/// let report = compare(&train, &recent)?;
/// assert!(report.drifted); // half of the columns
/// assert_eq!(report.columns[0].name, "carrier");
/// assert_eq!(report.column("rain").unwrap().verdict, Verdict::Stable);
/// assert_eq!(report.findings[0].text, "carrier: 1 new category in current (25.0% of its values): ZZ 25.0%");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`DriftError::NoRows`] for an empty window, [`DriftError::NothingInCommon`]; [`DriftError::Interrupted`].
pub fn compare(reference: &dyn Tabular, current: &dyn Tabular) -> Result<DriftReport, DriftError> {
    DriftOptions::default().compare(reference, current)
}

pub(crate) fn report(
    options: &DriftOptions,
    reference: &dyn Tabular,
    current: &dyn Tabular,
) -> Result<DriftReport, DriftError> {
    let target = options.target.as_deref().or(reference.target()).or(current.target()).map(str::to_owned);
    let predictions = [options.predictions.as_slice(), reference.predictions(), current.predictions()].concat();
    let remarks = [reference.remark(), current.remark()];
    let parts = Both::new(reference.is_part(), current.is_part());
    let (mut reference, mut current) = (Source::new(reference.content()?), Source::new(current.content()?));
    for (source, which) in [(&reference, "reference"), (&current, "current")] {
        if source.rows() == 0 {
            return Err(DriftError::NoRows { which });
        }
    }
    let roles = Roles { target, predictions };
    let names = names(options, &reference, &current)?;
    reference.read(&names, &options.names[0])?;
    current.read(&names, &options.names[1])?;
    let mut columns = compared(options, &roles, &names, &reference, &current)?;
    let importances = importances(options, &mut columns);
    let fdr = options.fdr.then(|| control(&mut columns));
    columns.sort_by(|a, b| {
        let key = |c: &ColumnDrift| (c.role, c.verdict == Verdict::Untested);
        key(a).cmp(&key(b)).then(b.rank.total_cmp(&a.rank))
    });
    let tested = columns.iter().filter(|c| c.verdict != Verdict::Untested).count();
    let drifted = columns.iter().filter(|c| c.verdict == Verdict::Drifted).count();
    let share = if tested == 0 { 0.0 } else { drifted as f64 / tested as f64 };
    let mut report = DriftReport {
        drifted: share >= options.share,
        share,
        share_threshold: options.share,
        drifted_columns: drifted,
        tested_columns: tested,
        names: Both::of(options.names.clone()),
        rows: Both::new(reference.rows(), current.rows()),
        columns,
        findings: Vec::new(),
        fdr,
        notes: Vec::new(),
    };
    report.findings = findings::findings(&report, &roles, options, &reference, &current, parts);
    let sides = [(parts.current, &reference, &current), (parts.reference, &current, &reference)];
    let left = sides.into_iter().filter(|(part, ..)| *part);
    let left: Vec<String> = left
        .flat_map(|(_, has, lacks)| findings::alone(has, lacks, &roles, options))
        .map(|(name, _)| name.to_owned())
        .collect();
    report.notes = findings::notes(&report, &importances, &left);
    report.notes.extend(remarks.into_iter().flatten());
    Ok(report)
}

/// Which columns are something else than features.
pub(crate) struct Roles {
    target: Option<String>,
    predictions: Vec<String>,
}

impl Roles {
    pub fn of(&self, name: &str) -> Role {
        match () {
            () if self.target.as_deref() == Some(name) => Role::Target,
            () if self.predictions.iter().any(|prediction| prediction == name) => Role::Prediction,
            () => Role::Feature,
        }
    }
}

/// Names of the columns that are compared, in the order of the reference.
fn names(options: &DriftOptions, reference: &Source<'_>, current: &Source<'_>) -> Result<Vec<String>, DriftError> {
    let [left, right] = [reference, current]
        .map(|source| source.fields().into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<String>>());
    let known = |name: &String| left.contains(name) || right.contains(name);
    let listed: [(&'static str, Vec<&String>); 8] = [
        ("target", options.target.iter().collect()),
        ("prediction", options.predictions.iter().collect()),
        ("columns", options.columns.iter().flatten().collect()),
        ("numeric", options.numeric.iter().collect()),
        ("categorical", options.categorical.iter().collect()),
        ("test", options.tests.keys().collect()),
        ("threshold", options.thresholds.keys().collect()),
        ("ignore", options.ignored.iter().collect()),
    ];
    for (option, names) in listed {
        if let Some(name) = names.into_iter().find(|name| !known(name)) {
            let mut columns = left.clone();
            columns.extend(right.iter().filter(|name| !left.contains(name)).cloned());
            return Err(DriftError::UnknownColumn { name: name.clone(), option, columns });
        }
    }
    let common: Vec<String> = left.iter().filter(|name| right.contains(name) && options.wants(name)).cloned().collect();
    match common.is_empty() {
        true => Err(DriftError::NothingInCommon { reference: left, current: right }),
        false => Ok(common),
    }
}

impl DriftOptions {
    /// Whether a column of this name is to be compared.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
            && !self.ignored.iter().any(|ignored| ignored == name)
    }
}

/// All columns, side by side.
fn compared(
    options: &DriftOptions,
    roles: &Roles,
    names: &[String],
    reference: &Source<'_>,
    current: &Source<'_>,
) -> Result<Vec<ColumnDrift>, DriftError> {
    let progress = Mutex::new(Progress::new("drift", Some(names.len() as u64)));
    let types = [reference, current].map(|source| source.fields().into_iter().collect::<HashMap<&str, &DataType>>());
    names
        .par_iter()
        .with_max_len(1)
        .map(|name| {
            check()?;
            let (left, right) = rayon::join(|| reference.sample(name), || current.sample(name));
            let (left, right) = (left?, right?);
            let pair = Pair {
                options,
                role: roles.of(name),
                name,
                rows: [reference.rows() as u64, current.rows() as u64],
                types: [0, 1].map(|side| types[side].get(name.as_str()).copied().unwrap_or(&DataType::Null)),
                samples: [&left, &right],
            };
            let column = pair.compare()?;
            if let Ok(mut progress) = progress.lock() {
                progress.inc(1);
            }
            Ok(column)
        })
        .collect()
}

/// Weighs the columns by their importance; the names that no column has.
fn importances(options: &DriftOptions, columns: &mut [ColumnDrift]) -> Vec<String> {
    let total: f64 = options.importances.iter().map(|(_, value)| value).sum();
    // A column without values has changed more than any test could say.
    let lost = columns.iter().filter_map(|c| c.result).map(|result| result.strength).fold(1.0, f64::max);
    for column in columns.iter_mut() {
        let strength = match (&column.result, column.verdict) {
            (Some(result), _) => result.strength,
            (None, Verdict::Drifted) => lost,
            (None, _) => 0.0,
        };
        let named = options.importances.iter().find(|(name, _)| *name == column.name);
        column.importance = (!options.importances.is_empty() && column.role == Role::Feature)
            .then(|| named.map_or(0.0, |(_, value)| if total > 0.0 { value / total } else { 0.0 }));
        column.rank = strength * column.importance.unwrap_or(1.0);
    }
    let known = |name: &str| columns.iter().any(|column| column.name == name);
    options.importances.iter().map(|(name, _)| name.clone()).filter(|name| !known(name)).collect()
}

/// Controls false discoveries over all p-values.
fn control(columns: &mut [ColumnDrift]) -> FalseDiscoveries {
    let chances: Vec<usize> = (0..columns.len())
        .filter(|&at| columns[at].result.is_some_and(|result| result.outcome == Outcome::PValue))
        .collect();
    let p: Vec<f64> = chances.iter().filter_map(|&at| columns[at].result.map(|result| result.score)).collect();
    let drifted =
        |columns: &[ColumnDrift]| chances.iter().filter(|&&at| columns[at].verdict == Verdict::Drifted).count();
    let before = drifted(columns);
    let mut withdrawn = Vec::new();
    for (&at, adjusted) in chances.iter().zip(adjusted(&p)) {
        let column = &mut columns[at];
        let Some(result) = &mut column.result else { continue };
        result.adjusted = Some(adjusted);
        if column.verdict == Verdict::Drifted && !result.test.is_drift(adjusted, result.threshold) {
            column.verdict = Verdict::Stable;
            withdrawn.push((Reverse(result.strength.to_bits()), column.name.clone()));
        }
    }
    withdrawn.sort();
    let after = drifted(columns);
    FalseDiscoveries { tests: p.len(), before, after, withdrawn: withdrawn.into_iter().map(|(_, name)| name).collect() }
}
