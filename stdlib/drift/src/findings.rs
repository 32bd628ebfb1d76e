//! Finding what differs beside the distributions, and saying how the numbers came about.

use crate::compare::Roles;
use crate::finding::{Finding, FindingKind};
use crate::options::DriftOptions;
use crate::report::{Both, Category, CategoryTable, ColumnDrift, ColumnKind, Detail, DriftReport, Role, Verdict};
use crate::source::Source;
use crate::stats::Outcome;
use crate::words::{brief, counted, grouped, name, percent, plain, share};
use polars::prelude::DataType;
use std::collections::HashSet;

/// Rows below which a table is small.
const FEW: usize = 100;
/// Difference of the shares of missing values that is worth telling.
const MISSING: f64 = 0.05;
/// Share of the reference's values that vanished categories have to have had.
const VANISHED: f64 = 0.01;
/// Categories that a finding names.
const NAMED: usize = 5;

/// What differs beside the distributions, the gravest first.
pub(crate) fn findings(
    report: &DriftReport,
    roles: &Roles,
    options: &DriftOptions,
    reference: &Source<'_>,
    current: &Source<'_>,
    parts: Both<bool>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let names = [&report.names.reference, &report.names.current];
    let sides = [
        (FindingKind::VanishedColumn, reference, current, names, parts.current),
        (FindingKind::NewColumn, current, reference, [names[1], names[0]], parts.reference),
    ];
    for (kind, has, lacks, [with, without], _) in sides.into_iter().filter(|(.., part)| !part) {
        for (column, dtype) in alone(has, lacks, roles, options) {
            let text = format!("{}: in {with} ({dtype}), not in {without}", name(column));
            found.push(Finding { kind, column: Some(column.to_owned()), text });
        }
    }
    report.columns.iter().for_each(|column| of_column(column, report, &mut found));
    for (rows, which) in [(report.rows.reference, names[0]), (report.rows.current, names[1])] {
        if rows < FEW {
            let rows = counted(rows as u64, "row", "rows");
            let text = format!("{which} has {rows}: p-values see little in so few, and distances vary by chance");
            found.push(Finding { kind: FindingKind::FewRows, column: None, text });
        }
    }
    found.sort_by_key(|finding| finding.kind);
    found
}

/// The features of one table that the other one lacks. Labels and predictions may be known for one table only.
pub(crate) fn alone<'a>(
    has: &'a Source<'_>,
    lacks: &Source<'_>,
    roles: &Roles,
    options: &DriftOptions,
) -> Vec<(&'a str, &'a DataType)> {
    let known: HashSet<&str> = lacks.fields().into_iter().map(|(column, _)| column).collect();
    let alone = |column: &str| !known.contains(column) && options.wants(column) && roles.of(column) == Role::Feature;
    has.fields().into_iter().filter(|(column, _)| alone(column)).collect()
}

fn of_column(column: &ColumnDrift, report: &DriftReport, found: &mut Vec<Finding>) {
    let mut add = |kind: FindingKind, text: String| {
        let text = format!("{}: {text}", name(&column.name));
        found.push(Finding { kind, column: Some(column.name.clone()), text });
    };
    let names = [&report.names.reference, &report.names.current];
    let rows = [report.rows.reference, report.rows.current].map(|rows| rows as u64);
    let types = [&column.types.reference, &column.types.current];
    let changed = column.kind == ColumnKind::Other && column.verdict == Verdict::Untested && types[0] != types[1];
    if changed && !types.iter().any(|dtype| *dtype == "null") {
        let text = format!(
            "{} in {}, {} in {}: not compared; cast one to the other's type",
            types[0], names[0], types[1], names[1]
        );
        add(FindingKind::ChangedType, text);
    }
    let missing = [column.missing.reference, column.missing.current];
    if column.verdict == Verdict::Drifted && column.result.is_none() {
        let (empty, other) = if missing[1] + column.infinite.current >= rows[1] { (1, 0) } else { (0, 1) };
        let text = format!(
            "no value in {} ({} missing in {}); counted as drifted",
            names[empty],
            share(missing[other], rows[other]),
            names[other]
        );
        add(FindingKind::AllMissing, text);
        return;
    }
    let infinite = [column.infinite.reference, column.infinite.current];
    if infinite != [0, 0] {
        let text = format!(
            "infinite values left out: {} in {}, {} in {}",
            grouped(infinite[0]),
            names[0],
            grouped(infinite[1]),
            names[1]
        );
        add(FindingKind::Infinite, text);
    }
    let shares = [0, 1].map(|side| missing[side] as f64 / rows[side].max(1) as f64);
    if (shares[0] - shares[1]).abs() >= MISSING && column.kind != ColumnKind::Other {
        let text = format!("{} missing in {}, {} in {}", percent(shares[0]), names[0], percent(shares[1]), names[1]);
        add(FindingKind::Missing, text);
    }
    match &column.detail {
        Detail::Numbers { summary, .. } => {
            if let (Some(before), Some(now)) = (summary.reference, summary.current)
                && now.distinct == 1
                && before.distinct > 1
            {
                let text = format!(
                    "always {} in {}; {} different values in {}",
                    brief(now.min),
                    names[1],
                    grouped(before.distinct as u64),
                    names[0]
                );
                add(FindingKind::Constant, text);
            }
        }
        Detail::Categories(table) => of_categories(table, names, &mut add),
        Detail::Times { .. } | Detail::Nothing => {}
    }
}

fn of_categories(table: &CategoryTable, names: [&String; 2], add: &mut impl FnMut(FindingKind, String)) {
    let (before, now) = (table.count.reference, table.count.current);
    if table.distinct.current == 1 && table.distinct.reference > 1 {
        let only = table.top.iter().chain(&table.new).find(|c| c.count.current > 0).map(|c| name(&c.name));
        let distinct = grouped(table.distinct.reference as u64);
        let text =
            format!("always {} in {}; {distinct} different values in {}", only.unwrap_or_default(), names[1], names[0]);
        add(FindingKind::Constant, text);
    }
    let listed = |some: &[Category], all: usize, side: fn(&Category) -> u64, of: u64| {
        let shown: Vec<String> =
            some.iter().take(NAMED).map(|c| format!("{} {}", name(&c.name), share(side(c), of))).collect();
        format!("{}{}", shown.join(", "), if all > shown.len() { ", .." } else { "" })
    };
    if table.new_count > 0 {
        let side = |c: &Category| c.count.current;
        let count = counted(table.new_count as u64, "new category", "new categories");
        let text = format!(
            "{count} in {} ({} of its values): {}",
            names[1],
            share(table.new_values, now),
            listed(&table.new, table.new_count, side, now)
        );
        add(FindingKind::NewCategories, text);
    }
    if table.vanished_values as f64 >= VANISHED * before as f64 && table.vanished_count > 0 {
        let side = |c: &Category| c.count.reference;
        let count = counted(table.vanished_count as u64, "category", "categories");
        let text = format!(
            "{count} of {} ({} of its values) gone: {}",
            names[0],
            share(table.vanished_values, before),
            listed(&table.vanished, table.vanished_count, side, before)
        );
        add(FindingKind::VanishedCategories, text);
    }
}

/// `delay (0.0002)`, or how far its distribution can be off where the test does not say.
fn rough(column: &ColumnDrift) -> String {
    let error = column.result.and_then(|result| result.error);
    let known = error.map(|error| format!("{error:.1e}"));
    let rank = column.approximation.map_or(0.0, |a| a.rank.reference.max(a.rank.current));
    let known = known.unwrap_or_else(|| format!("shares {}", percent(rank)));
    format!("{} ({known})", name(&column.name))
}

/// How the numbers came about; `unknown` are names of importances that no column has, `left` columns that a table lacks
/// since it is a part only.
pub(crate) fn notes(report: &DriftReport, unknown: &[String], left: &[String]) -> Vec<String> {
    let mut notes = vec![
        "Missing and infinite values are left out of the tests, as Evidently does; their shares stand beside the scores."
            .to_owned(),
    ];
    let untested: Vec<&ColumnDrift> = report.columns.iter().filter(|c| c.verdict == Verdict::Untested).collect();
    if !untested.is_empty() {
        let each = |c: &&ColumnDrift| format!("{} ({})", name(&c.name), c.reason.as_deref().unwrap_or("no test"));
        let shown: Vec<String> = untested.iter().take(20).map(each).collect();
        let more = if untested.len() > shown.len() {
            format!(", and {} more", untested.len() - shown.len())
        } else {
            String::new()
        };
        notes.push(format!("Not tested, and not counted in the share: {}{more}.", shown.join(", ")));
    }
    let outcomes: Vec<Outcome> = report.columns.iter().filter_map(|c| c.result.map(|r| r.outcome)).collect();
    if let Some(fdr) = &report.fdr {
        notes.push(match fdr.tests {
            0 => "False discoveries: there is no p-value to control; distances are no chances and stay as they are.".to_owned(),
            tests => format!(
                "False discoveries controlled over {} (Benjamini and Hochberg): {} below the threshold alone, {} with it{}{}.",
                counted(tests as u64, "p-value", "p-values"),
                fdr.before,
                fdr.after,
                if fdr.withdrawn.is_empty() {
                    String::new()
                } else {
                    let shown: Vec<String> = fdr.withdrawn.iter().take(20).map(|n| name(n)).collect();
                    format!("; no longer drifted: {}", shown.join(", "))
                },
                if outcomes.contains(&Outcome::Distance) { "; distances are no chances and stay as they are" } else { "" },
            ),
        });
    } else if let chances @ 5.. = outcomes.iter().filter(|o| **o == Outcome::PValue).count() {
        let level = report.columns.iter().filter_map(|c| c.result).find(|r| r.outcome == Outcome::PValue);
        let level = level.map_or(0.05, |result| result.threshold);
        notes.push(format!(
            "{chances} p-values at {}: about {:.1} of them fall below it by chance where nothing has changed (.fdr() controls that).",
            plain(level),
            chances as f64 * level
        ));
    }
    let rough: Vec<String> = report.columns.iter().filter(|c| c.approximation.is_some()).map(rough).collect();
    if !rough.is_empty() {
        let more = if rough.len() > 10 { ", .." } else { "" };
        notes.push(format!(
            "Read in pieces, with more different numbers than are kept apart, so that scores can be off by as much at most: {}{more}.",
            rough[..rough.len().min(10)].join(", ")
        ));
    }
    if report.columns.iter().any(|c| c.importance.is_some()) {
        notes.push("Ranked by drift (score in thresholds) times the model's importance.".to_owned());
    }
    let listed = [
        ("Importances of columns that the tables do not share", unknown),
        ("Left out, since a log holds what the model reads", left),
    ];
    for (words, names) in listed.into_iter().filter(|(_, names)| !names.is_empty()) {
        let shown: Vec<String> = names.iter().take(10).map(|n| name(n)).collect();
        let more = if names.len() > shown.len() { ", .." } else { "" };
        notes.push(format!("{words}: {}{more}.", shown.join(", ")));
    }
    notes
}
