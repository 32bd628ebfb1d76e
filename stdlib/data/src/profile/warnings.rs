//! What looks wrong in a table, in words.

use super::column::{ColumnProfile, Detail};
use super::target::{Association, Measure, TargetKind, TargetProfile};
use super::{Profile, Texts};
use crate::cells::grouped;
use crate::term::cut_to;
use serde::{Deserialize, Serialize};

/// Something that looks wrong, or that a model should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is.
    pub finding: Finding,
    /// The columns that it concerns; none if it is the whole table.
    pub columns: Vec<String>,
    /// The same in words.
    pub text: String,
}

/// Kinds of warnings, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A column by itself nearly tells the target: it may not be known when a prediction is made.
    Leakage,
    /// The target cannot be predicted: it has fewer than two values, or very many texts.
    UnfitTarget,
    /// Rows have no target.
    MissingTarget,
    /// A class of the target is rare.
    Imbalance,
    /// A column has no values.
    Empty,
    /// A column has one value.
    Constant,
    /// Rows repeat earlier ones.
    RepeatedRows,
    /// Columns have the same values.
    DuplicateColumns,
    /// Values are infinite.
    Infinite,
    /// Values are missing.
    Missing,
    /// Text holds numbers or dates.
    WrongType,
    /// Texts differ in case or white space only, or are blank.
    Untidy,
    /// Nearly every row has a value of its own, as an identifier has.
    Identifier,
    /// Text has many distinct values.
    ManyValues,
    /// Columns go together closely.
    Correlated,
    /// Most values are zero.
    Zeros,
    /// A few values lie far from the rest.
    Skewed,
}

/// From this AUC, or correlation, on, one column tells the target.
const LEAK: f64 = 0.99;
/// From this correlation on, columns are named as going together.
const CLOSE: f64 = 0.95;
/// Share of missing values that is named.
const MISSING: f64 = 0.05;
/// Share of a class below which it is rare.
const RARE: f64 = 0.1;
/// Distinct texts that are many.
const MANY: usize = 50;
/// Share of zeros that is named.
const ZEROS: f64 = 0.5;
/// Skewness that is named; a quarter of them far out at least.
const SKEW: f64 = 10.0;
/// Pairs of columns that are named at most.
const PAIRS: usize = 10;

pub(crate) fn warnings(profile: &Profile, twins: &[Vec<usize>]) -> Vec<Warning> {
    let mut found = Vec::new();
    if let Some(target) = &profile.target {
        of_target(profile, target, &mut found);
    }
    if profile.repeated_rows > 0 {
        let share = share(profile.repeated_rows, profile.rows);
        let (verb, rows) = match profile.repeated_rows {
            1 => ("repeats", "1 row".to_owned()),
            n => ("repeat", format!("{} rows", grouped(n))),
        };
        found.push(warning(Finding::RepeatedRows, &[], format!("{rows} ({share}) {verb} an earlier one")));
    }
    for group in twins {
        let names: Vec<&str> = group.iter().map(|&at| profile.columns[at].name.as_str()).collect();
        found.push(warning(Finding::DuplicateColumns, &names, format!("{} hold the same values", listed(&names))));
    }
    profile.columns.iter().for_each(|column| of_column(profile, column, &mut found));
    correlated(profile, twins, &mut found);
    found.sort_by_key(|warning| warning.finding);
    found
}

fn warning(finding: Finding, columns: &[&str], text: String) -> Warning {
    Warning { finding, columns: columns.iter().map(|&c| c.to_owned()).collect(), text }
}

/// Names listed at most before the rest is counted.
const LISTED: usize = 8;

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(LISTED).map(|name| shortened(name)).collect();
    if names.len() > LISTED {
        shown.push(format!("{} more", grouped(names.len() - LISTED)));
    }
    match shown.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A share in percent that is 0 or 100 only if it is exact.
pub(crate) fn share(part: usize, of: usize) -> String {
    let percent = 100.0 * part as f64 / of.max(1) as f64;
    match () {
        () if part > 0 && percent < 0.05 => "<0.1%".to_owned(),
        () if part < of && percent >= 99.95 => ">99.9%".to_owned(),
        () => format!("{percent:.1}%"),
    }
}

fn of_target(profile: &Profile, target: &TargetProfile, found: &mut Vec<Warning>) {
    let full = target.name.as_str();
    let name = shortened(full);
    if target.missing > 0 {
        let share = share(target.missing, profile.rows);
        let text = format!("the target {name} is missing in {} rows ({share})", grouped(target.missing));
        found.push(warning(Finding::MissingTarget, &[full], text));
    }
    match &target.kind {
        TargetKind::Unfit => {
            let distinct = profile.column(full).map_or(0, |c| c.distinct);
            let text = format!(
                "the target {name} has {} distinct value{}: no class or number to predict",
                grouped(distinct),
                if distinct == 1 { "" } else { "s" }
            );
            found.push(warning(Finding::UnfitTarget, &[full], text));
        }
        TargetKind::Binary(classes) => imbalance(full, classes, found),
        TargetKind::Classes(classes) => imbalance(full, classes, found),
        TargetKind::Number => {}
    }
    let leaks = |a: &&Association| match a.measure {
        Measure::Auc | Measure::AucMissing => a.value.max(1.0 - a.value) >= LEAK,
        _ => a.strength >= LEAK,
    };
    for leak in target.associations.iter().filter(leaks) {
        let what = match leak.measure {
            Measure::AucMissing => format!("whether {} is missing", shortened(&leak.column)),
            _ => shortened(&leak.column),
        };
        let text = format!(
            "{what} alone nearly tells {name} ({} {:.3}): is it known when a prediction is made?",
            leak.measure, leak.value
        );
        found.push(warning(Finding::Leakage, &[&leak.column, full], text));
    }
}

fn imbalance(name: &str, classes: &[(String, usize)], found: &mut Vec<Warning>) {
    let all: usize = classes.iter().map(|(_, rows)| rows).sum();
    let Some((class, rows)) = classes.iter().min_by_key(|(_, rows)| rows) else { return };
    if (*rows as f64) < RARE * all as f64 * 2.0 / classes.len() as f64 {
        let text = format!(
            "class {} of the target {} is rare: {} rows ({})",
            shortened(class),
            shortened(name),
            grouped(*rows),
            share(*rows, all)
        );
        found.push(warning(Finding::Imbalance, &[name], text));
    }
}

fn of_column(profile: &Profile, column: &ColumnProfile, found: &mut Vec<Warning>) {
    let (name, rows) = (shortened(&column.name), profile.rows);
    let present = rows - column.missing;
    let mut add = |finding, text: String| found.push(warning(finding, &[&column.name], text));
    if rows == 0 {
        return;
    }
    if present == 0 {
        add(Finding::Empty, format!("{name} has no values"));
        return;
    }
    if column.missing as f64 >= MISSING * rows as f64 || column.nan > 0 && column.nan < column.missing {
        let of_which = match column.nan {
            0 => String::new(),
            nan if nan == column.missing => ", as NaN".to_owned(),
            nan => format!(", {} as NaN and the others as null", grouped(nan)),
        };
        let text = format!(
            "{name} is missing in {} row{} ({}){of_which}",
            grouped(column.missing),
            plural(column.missing),
            share(column.missing, rows)
        );
        add(Finding::Missing, text);
    }
    if column.distinct == 1 && rows > 1 {
        let value = column.top.first().map(|(value, _)| format!(": {}", shortened(value))).unwrap_or_default();
        let where_there = if column.missing > 0 { " where it is not missing" } else { "" };
        add(Finding::Constant, format!("{name} is constant{where_there}{value}"));
        return;
    }
    let unique = present > 20 && column.distinct as f64 >= 0.95 * present as f64;
    match &column.detail {
        Detail::Number(numbers) => {
            if numbers.infinite > 0 {
                let text =
                    format!("{name} has {} infinite value{}", grouped(numbers.infinite), plural(numbers.infinite));
                add(Finding::Infinite, text);
            }
            if unique && numbers.whole {
                add(Finding::Identifier, identifier(&name, column.distinct, present));
            }
            let zeros = numbers.zeros as f64 / present as f64;
            if zeros >= ZEROS && column.distinct > 2 {
                add(Finding::Zeros, format!("{name} is zero in {}", share(numbers.zeros, present)));
            }
            if let (Some(skew), Some(median), Some(max), Some(min)) =
                (numbers.skew, numbers.median(), numbers.max, numbers.min)
                && skew.abs() >= SKEW
            {
                let far = if skew > 0.0 { max } else { min };
                let text =
                    format!("{name} is very skewed ({skew:.1}): median {}, extreme {}", brief(median), brief(far));
                add(Finding::Skewed, text);
            }
        }
        Detail::Text(texts) => of_text(&name, texts, column, present, unique, &mut add),
        Detail::Boolean { .. } | Detail::Time(_) | Detail::Other => {}
    }
}

fn identifier(name: &str, distinct: usize, present: usize) -> String {
    match distinct == present {
        true => format!("{name} has a value of its own in every row: an identifier?"),
        false => {
            format!("{name} has {} distinct values in {} rows: an identifier?", grouped(distinct), grouped(present))
        }
    }
}

fn of_text(
    name: &str,
    texts: &Texts,
    column: &ColumnProfile,
    present: usize,
    unique: bool,
    add: &mut impl FnMut(Finding, String),
) {
    if texts.numeric {
        let odd = texts.odd.as_ref().map(|odd| format!(", but for \"{}\"", shortened(odd))).unwrap_or_default();
        add(Finding::WrongType, format!("{name} is text that holds numbers{odd}"));
    } else if texts.dates {
        add(Finding::WrongType, format!("{name} is text that holds dates"));
    }
    let untidy = [
        (texts.empty, "empty", "rows"),
        (texts.padded, "with white space at an end", "rows"),
        (texts.variants, "that differ from another in case or white space only", "values"),
    ];
    let untidy: Vec<String> =
        untidy.into_iter().filter(|u| u.0 > 0).map(|(n, what, of)| format!("{} {of} {what}", grouped(n))).collect();
    if !untidy.is_empty() && !unique {
        add(Finding::Untidy, format!("{name} has {}", untidy.join(", ")));
    }
    match column.distinct {
        _ if unique => add(Finding::Identifier, identifier(name, column.distinct, present)),
        distinct if distinct > MANY => {
            add(Finding::ManyValues, format!("{name} has many distinct texts: {}", grouped(distinct)));
        }
        _ => {}
    }
}

/// Pairs that go together, but for twins, the closest first.
fn correlated(profile: &Profile, twins: &[Vec<usize>], found: &mut Vec<Warning>) {
    let Some(correlations) = &profile.correlations else { return };
    let names = &correlations.names;
    let twin = |a: &str, b: &str| {
        let has = |group: &[usize], name: &str| group.iter().any(|&at| profile.columns[at].name == name);
        twins.iter().any(|group| has(group, a) && has(group, b))
    };
    let mut pairs: Vec<(f64, &str, &str, &str)> = Vec::new();
    for i in 0..names.len() {
        for j in 0..i {
            let both = [("Pearson", correlations.pearson[i][j]), ("Spearman", correlations.spearman[i][j])];
            let best =
                both.into_iter().filter_map(|(m, v)| Some((m, v?))).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            if let Some((measure, value)) = best.filter(|(_, v)| v.abs() >= CLOSE)
                && !twin(&names[i], &names[j])
            {
                pairs.push((value, measure, &names[j], &names[i]));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let more = pairs.len().saturating_sub(PAIRS);
    for (value, measure, a, b) in pairs.into_iter().take(PAIRS) {
        // Three digits would round what is not exact up to 1.
        let value = if value.abs() < 1.0 { (value * 1000.0).trunc() / 1000.0 } else { value };
        found.push(warning(
            Finding::Correlated,
            &[a, b],
            format!("{} and {} go together ({measure} {value:.3})", shortened(a), shortened(b)),
        ));
    }
    if more > 0 {
        found.push(warning(Finding::Correlated, &[], format!("{more} more pairs of columns go together")));
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Columns of the terminal that a name or a value takes in a sentence at most.
const SHORT: usize = 40;

/// A name or a value in a sentence.
pub(crate) fn shortened(text: &str) -> String {
    let clean: String = text.chars().take(SHORT + 1).map(|c| if c.is_control() { '␣' } else { c }).collect();
    cut_to(&clean, SHORT)
}

/// A measure between -1 and 1 in three decimals; what rounds to zero has no sign.
pub(crate) fn measured(value: f64) -> String {
    let text = format!("{value:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text }
}

/// A number in at most about five digits.
pub(crate) fn brief(value: f64) -> String {
    let size = value.abs();
    match () {
        () if value == 0.0 => "0".to_owned(),
        () if !value.is_finite() => value.to_string(),
        () if !(1e-3..1e7).contains(&size) => format!("{value:.2e}"),
        () if value.fract() == 0.0 => {
            format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped(size as usize))
        }
        () if size >= 1e4 => brief(value.round()),
        () if size >= 1e3 => {
            // Tenths, grouped as whole numbers are.
            let tenths = (size * 10.0).round() as usize;
            let part = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
            format!("{}{}{part}", if value < 0.0 { "-" } else { "" }, grouped(tenths / 10))
        }
        () => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_few_digits() {
        let cases = [
            (0.0, "0"),
            (12.0, "12"),
            (-43.0, "-43"),
            (1234.567, "1,234.6"),
            (-2803.5, "-2,803.5"),
            (9999.99, "10,000"),
            (1234.04, "1,234"),
            (-12345.6, "-12,346"),
            (15.49, "15.49"),
            (0.0123456, "0.01235"),
        ];
        for (value, text) in cases {
            assert_eq!(brief(value), text);
        }
        assert_eq!(
            (brief(1e9), brief(-2.5e-7), brief(123_456.0)),
            ("1.00e9".into(), "-2.50e-7".into(), "123,456".into())
        );
    }

    #[test]
    fn what_rounds_to_zero_has_no_sign() {
        assert_eq!(
            (measured(-0.0004), measured(-0.0005001), measured(0.12)),
            ("0.000".into(), "-0.001".into(), "0.120".into())
        );
    }

    #[test]
    fn shares_are_round_only_if_exact() {
        assert_eq!(
            (share(0, 9), share(9, 9), share(1, 100_000), share(99_999, 100_000)),
            ("0.0%".into(), "100.0%".into(), "<0.1%".into(), ">99.9%".into())
        );
        assert_eq!(share(0, 0), "0.0%");
    }
}
