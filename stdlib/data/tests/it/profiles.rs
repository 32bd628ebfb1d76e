//! Profiles: numbers against pandas, SciPy and scikit-learn, warnings, and the two views.

use ironbook_data::{
    DataError, Detail, Finding, LEVELS, Measure, Numbers, Profile, ProfileOptions, TargetKind, profile,
};
use polars::prelude::*;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/profile.json")).unwrap()
}

/// The table of the reference.
fn table(reference: &Value) -> DataFrame {
    let column = |(name, values): (&String, &Value)| {
        let values = values.as_array().unwrap();
        let name = PlSmallStr::from(name.as_str());
        match values.iter().find(|v| !v.is_null()).unwrap() {
            Value::String(_) => Column::new(name, values.iter().map(Value::as_str).collect::<Vec<_>>()),
            Value::Bool(_) => Column::new(name, values.iter().map(Value::as_bool).collect::<Vec<_>>()),
            Value::Number(n) if n.is_i64() => Column::new(name, values.iter().map(Value::as_i64).collect::<Vec<_>>()),
            _ => Column::new(name, values.iter().map(Value::as_f64).collect::<Vec<_>>()),
        }
    };
    DataFrame::new_infer_height(reference["data"].as_object().unwrap().iter().map(column).collect()).unwrap()
}

fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found} is not {expected}");
}

fn numbers<'a>(profile: &'a Profile, name: &str) -> &'a Numbers {
    match &profile.column(name).unwrap().detail {
        Detail::Number(numbers) => numbers,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn columns_have_the_statistics_of_pandas() {
    let reference = reference();
    let profile = profile(&table(&reference)).unwrap();
    assert_eq!(profile.repeated_rows as u64, reference["repeated"].as_u64().unwrap());
    for column in &profile.columns {
        let name = column.name.as_str();
        assert_eq!(column.distinct as u64, reference["distinct"][name].as_u64().unwrap(), "{name}");
        assert_eq!(column.missing as u64, reference["missing"][name].as_u64().unwrap(), "{name}");
    }
    for (name, expected) in reference["numbers"].as_object().unwrap() {
        let found = numbers(&profile, name);
        let fields = [("mean", found.mean), ("std", found.std), ("min", found.min), ("max", found.max)];
        for (field, value) in fields {
            near(value.unwrap(), &expected[field], &format!("{field} of {name}"));
        }
        // The third and fourth powers of values near 1e9 have fewer digits, in pandas more so than here.
        if name != "large" {
            near(found.skew.unwrap(), &expected["skew"], &format!("skewness of {name}"));
            near(found.kurtosis.unwrap(), &expected["kurtosis"], &format!("kurtosis of {name}"));
        }
        for (at, level) in LEVELS.iter().enumerate() {
            near(found.quantiles[at], &expected["quantiles"][at], &format!("quantile {level} of {name}"));
        }
        assert_eq!(found.zeros as u64, expected["zeros"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn correlations_are_those_of_pandas_over_the_rows_that_both_have() {
    let reference = reference();
    let found = profile(&table(&reference)).unwrap().correlations.unwrap();
    assert_eq!(serde_json::json!(found.names), reference["names"]);
    for (kind, square) in [("pearson", &found.pearson), ("spearman", &found.spearman)] {
        for i in 0..found.names.len() {
            for j in 0..found.names.len() {
                let what = format!("{kind} of {} and {}", found.names[i], found.names[j]);
                near(square[i][j].unwrap(), &reference[kind][i][j], &what);
            }
        }
    }
}

fn association(profile: &Profile, column: &str, measure: Measure) -> (f64, f64) {
    let all = &profile.target.as_ref().unwrap().associations;
    let found = all.iter().find(|a| a.column == column && a.measure == measure);
    found.map(|a| (a.value, a.strength)).unwrap_or_else(|| panic!("{column}: {all:?}"))
}

#[test]
fn associations_with_targets_of_each_kind() {
    let reference = reference();
    let df = table(&reference);
    let of = |target: &str| ProfileOptions::new().target(target).profile(&df).unwrap();
    let kind = |profile: &Profile| profile.target.as_ref().unwrap().kind.clone();

    let late = of("late");
    let TargetKind::Binary([no, yes]) = kind(&late) else { panic!() };
    assert_eq!((no.0.as_str(), yes.0.as_str(), no.1 + yes.1), ("false", "true", 300));
    near(association(&late, "x", Measure::Auc).0, &reference["auc_x"], "AUC of x");
    near(association(&late, "x", Measure::AucMissing).0, &reference["auc_missing"], "AUC of missing x");

    let y = of("y");
    assert_eq!((kind(&y), y.target.as_ref().unwrap().missing > 0), (TargetKind::Number, true));
    let (ratio, corrected) = association(&y, "group", Measure::CorrelationRatio);
    near(ratio, &reference["ratio_group_y"], "correlation ratio of group and y");
    assert!(corrected < ratio);

    let group = of("group");
    assert!(matches!(kind(&group), TargetKind::Classes(classes) if classes.len() == 5));
    let (v, corrected) = association(&group, "kind", Measure::CramersV);
    near(v, &reference["cramers_v"], "Cramér's V of kind and group");
    assert!(corrected < v && corrected > 0.5);
    near(association(&group, "x", Measure::CorrelationRatio).0, &reference["ratio_group_x"], "ratio of x and group");
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let df = table(&reference());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ProfileOptions::new().target("late").sample(200).seed(3).profile(&df).unwrap())
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one, three);
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&three).unwrap());
}

fn texts(profile: &Profile, finding: Finding) -> Vec<&str> {
    profile.warnings.iter().filter(|w| w.finding == finding).map(|w| w.text.as_str()).collect()
}

/// A table with one of everything that is warned of.
fn hostile() -> DataFrame {
    let n = 200usize;
    let number = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let text = |f: &dyn Fn(usize) -> String| (0..n).map(f).collect::<Vec<String>>();
    let df = df![
        "id" => text(&|i| format!("u{i}")),
        "row" => (0..n as i64).collect::<Vec<_>>(),
        "same" => vec!["<b>x</b>"; n],
        "none" => vec![None::<f64>; n],
        "holes" => (0..n).map(|i| (i % 4 > 0).then_some(i as f64 / 7.0)).collect::<Vec<_>>(),
        "nan" => number(&|i| if i % 10 == 0 { f64::NAN } else { (i % 9) as f64 }),
        "inf" => number(&|i| if i < 2 { f64::INFINITY } else { (i % 13) as f64 }),
        "zero" => number(&|i| if i % 5 == 0 { i as f64 } else { 0.0 }),
        "far" => number(&|i| if i == 9 { 1e9 } else { (i % 17) as f64 }),
        "a" => number(&|i| ((i * 37) % 101) as f64),
        "b" => number(&|i| ((i * 37) % 101) as f64),
        "c" => number(&|i| ((i * 37) % 101) as f64 + (i % 2) as f64 / 10.0),
        "typed" => text(&|i| if i == 3 { "NA".into() } else { (i % 8).to_string() }),
        "day" => text(&|i| format!("2013-01-{:02}", i % 28 + 1)),
        "untidy" => text(&|i| ["yes", "Yes", " yes", ""][i % 4].into()),
        "late" => (0..n).map(|i| (i * 37) % 101 > 92).collect::<Vec<_>>(),
    ];
    df.unwrap()
}

#[test]
fn each_fault_is_warned_of_in_words() {
    let df = hostile();
    let found = ProfileOptions::new().target("late").profile(&df).unwrap();
    let one = |finding, expected: &str| {
        assert!(texts(&found, finding).contains(&expected), "{finding:?}: {:?}", texts(&found, finding));
    };
    one(Finding::Identifier, "id has a value of its own in every row: an identifier?");
    one(Finding::Identifier, "row has a value of its own in every row: an identifier?");
    one(Finding::Constant, "same is constant: <b>x</b>");
    one(Finding::Empty, "none has no values");
    one(Finding::Missing, "holes is missing in 50 rows (25.0%)");
    one(Finding::Missing, "nan is missing in 20 rows (10.0%), as NaN");
    one(Finding::Infinite, "inf has 2 infinite values");
    one(Finding::Zeros, "zero is zero in 80.5%");
    one(Finding::DuplicateColumns, "a and b hold the same values");
    one(Finding::WrongType, "typed is text that holds numbers, but for \"NA\"");
    one(Finding::WrongType, "day is text that holds dates");
    one(Finding::Imbalance, "class true of the target late is rare: 16 rows (8.0%)");
    assert!(texts(&found, Finding::Skewed)[0].starts_with("far is very skewed (14.1): median 8, extreme"));
    assert_eq!(
        texts(&found, Finding::Untidy),
        [
            "untidy has 50 rows empty, 50 rows with white space at an end, 2 values that differ from another in case or white space only"
        ]
    );
    let leaks = texts(&found, Finding::Leakage);
    assert_eq!(leaks.len(), 3, "{leaks:?}");
    assert_eq!(leaks[0], "a alone nearly tells late (AUC 1.000): is it known when a prediction is made?");
    let pairs = texts(&found, Finding::Correlated);
    assert!(
        pairs.iter().any(|t| t.starts_with("a and c go together")) && !pairs.iter().any(|t| t.starts_with("a and b ")),
        "{pairs:?}"
    );
    let order: Vec<Finding> = found.warnings.iter().map(|w| w.finding).collect();
    assert!(order.is_sorted(), "the gravest first");
    assert_eq!(found.repeated_rows, 0);
}

#[test]
fn a_tidy_table_has_no_warnings() {
    let df = df!["x" => (0..100).map(|i| f64::from(i * 7 % 13)).collect::<Vec<_>>(), "t" => (0..100).map(|i| ["a", "b"][i % 2]).collect::<Vec<_>>(), "i" => (0..100).collect::<Vec<i32>>()].unwrap();
    let warnings = profile(&df.drop("i").unwrap()).unwrap().warnings;
    // Thirteen times two rows repeat, of course.
    assert!(warnings.iter().all(|w| w.finding == Finding::RepeatedRows), "{warnings:?}");
}

#[test]
fn targets_that_cannot_be_predicted_say_so() {
    let df = hostile();
    for (target, distinct) in
        [("id", "200 distinct values"), ("same", "1 distinct value:"), ("none", "0 distinct values")]
    {
        let found = ProfileOptions::new().target(target).profile(&df).unwrap();
        assert_eq!(found.target.as_ref().unwrap().kind, TargetKind::Unfit, "{target}");
        assert!(texts(&found, Finding::UnfitTarget)[0].contains(distinct), "{:?}", found.warnings);
    }
}

/// Every row of its own knows its own target, and nothing about others.
#[test]
fn identifiers_are_no_leak() {
    let found = ProfileOptions::new().target("late").profile(&hostile()).unwrap();
    assert!(association(&found, "id", Measure::Auc).1 < 1e-9);
}

#[test]
fn wrong_calls_are_refused() {
    let df = hostile();
    let error = ProfileOptions::new().target("lat").profile(&df).unwrap_err();
    assert!(matches!(&error, DataError::UnknownColumn { near, .. } if near.contains(&"late".to_owned())), "{error:?}");
    assert!(matches!(profile(&DataFrame::empty()), Err(DataError::NoColumns)));
    assert!(matches!(ProfileOptions::new().sample(0).profile(&df), Err(DataError::NoRows)));
}

#[test]
fn samples_are_seeded_and_said() {
    let df = df!["x" => (0..1000i64).collect::<Vec<_>>()].unwrap();
    let sample = |seed| ProfileOptions::new().sample(100).seed(seed).profile(&df).unwrap();
    let one = sample(1);
    assert_eq!((one.rows, &one), (100, &sample(1)));
    assert_ne!(numbers(&one, "x").mean, numbers(&sample(2), "x").mean);
    assert_eq!(one.notes, ["a sample of 100 of 1,000 rows, seed 1: counts are those of the sample"]);
    assert!((numbers(&one, "x").mean.unwrap() - 500.0).abs() < 120.0);
    let all = ProfileOptions::new().sample(5000).profile(&df).unwrap();
    assert_eq!((all.rows, all.notes.len()), (1000, 0));
}

#[test]
fn every_type_of_column_has_a_profile() {
    let list = Column::new(
        "list".into(),
        [Series::new("".into(), [1, 2]), Series::new("".into(), [1, 2]), Series::new("".into(), [3])],
    );
    let base = df!["n" => [1i64, 2, 3], "t" => ["x", "y", "z"], "big" => [u64::MAX, 1, 1]].unwrap();
    let cast = |name: &str, to: DataType| col("n").cast(to).alias(name);
    let zone = TimeZone::opt_try_new(Some("America/New_York")).unwrap();
    let mut df = base
        .lazy()
        .with_columns([
            cast("date", DataType::Date),
            cast("at", DataType::Datetime(TimeUnit::Milliseconds, zone)),
            cast("took", DataType::Duration(TimeUnit::Microseconds)),
            cast("clock", DataType::Time),
            cast("decimal", DataType::Decimal(10, 2)),
            cast("single", DataType::Float32),
            col("n").gt(lit(1)).alias("flag"),
        ])
        .collect()
        .unwrap();
    let nested = df.select(["n", "t"]).unwrap().into_struct("struct".into()).into_column();
    df = df.hstack(&[list, nested, Column::full_null("null".into(), 3, &DataType::Null)]).unwrap();
    let found = profile(&df).unwrap();
    let distinct = |name: &str| found.column(name).unwrap().distinct;
    assert_eq!(
        (distinct("list"), distinct("struct"), distinct("null"), distinct("big"), distinct("flag")),
        (2, 3, 0, 2, 2)
    );
    let Detail::Time(times) = &found.column("date").unwrap().detail else { panic!() };
    assert_eq!(
        (times.min.as_str(), times.median.as_str(), times.max.as_str()),
        ("1970-01-02", "1970-01-03", "1970-01-04")
    );
    assert_eq!(numbers(&found, "decimal").mean, Some(2.0));
    let read: Profile = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(read, found);
    for rows in [0, 1] {
        let small = profile(&df.head(Some(rows))).unwrap();
        assert_eq!(small.rows, rows);
        assert!(!small.to_text(100).is_empty() && small.to_html().contains("</div>"));
    }
}

#[test]
fn integers_beyond_the_floats_are_told_apart() {
    let big = 1i64 << 60;
    let df = df!["id" => [big, big + 1, big + 2]].unwrap();
    assert_eq!(profile(&df).unwrap().columns[0].distinct, 3);
}

/// Sizes that a float cannot hold are counted and shown exactly.
#[test]
fn large_integers_and_decimals_are_exact() {
    let big = 9_007_199_254_740_993u64; // 2^53 + 1
    let df = df![
        "id" => [big, big, big - 1, u64::MAX, u64::MAX - 1, u64::MAX - 1],
        "money" => ["1.50", "1.50", "0.07", "-0.07", "0", "0.01"],
    ];
    let money = col("money").cast(DataType::Decimal(30, 2));
    let df = df.unwrap().lazy().with_column(money).collect().unwrap();
    let found = profile(&df).unwrap();
    let id = found.column("id").unwrap();
    let expected = [(big.to_string(), 2), ((u64::MAX - 1).to_string(), 2)];
    assert_eq!((id.distinct, id.top.as_slice()), (4, &expected[..]));
    let signed =
        df.lazy().select([col("id").filter(col("id").lt(lit(1u64 << 60))).cast(DataType::Int64)]).collect().unwrap();
    assert_eq!(profile(&signed).unwrap().columns[0].top, [(big.to_string(), 2)]);
    let money = found.column("money").unwrap();
    assert_eq!((money.distinct, money.top.as_slice()), (5, &[("1.5".to_owned(), 2)][..]));
    assert_eq!((numbers(&found, "money").min, numbers(&found, "money").max), (Some(-0.07), Some(1.5)));
}

#[test]
fn columns_without_values_are_not_all_different() {
    let none = Column::full_null("none".into(), 3, &DataType::String);
    let df = DataFrame::new_infer_height(vec![none, Column::new("x".into(), [1, 2, 3])]).unwrap();
    for df in [df.clone(), df.head(Some(0))] {
        let found = profile(&df).unwrap();
        assert!(!found.to_html().contains("all different"), "{}", found.to_html());
        assert!(found.to_text(100).contains("no values"), "{}", found.to_text(100));
    }
}

/// Many columns that are all distinct are compared by digest, not pair by pair.
#[test]
fn columns_with_the_same_values_are_found_among_many() {
    let rows = 2_000usize;
    let mut columns: Vec<Column> = (0..1_500)
        .map(|j| {
            let values: Vec<f64> = (0..rows).map(|i| ((i * (2 * j + 1)) % 4001) as f64 + 0.5).collect();
            Column::new(format!("c{j}").into(), values)
        })
        .collect();
    for (name, of) in [("again", 7), ("third", 7), ("other", 1_400)] {
        let copy = columns[of].clone().with_name(name.into());
        columns.push(copy);
    }
    let found = profile(&DataFrame::new_infer_height(columns).unwrap()).unwrap();
    let twins = texts(&found, Finding::DuplicateColumns);
    assert_eq!(twins, ["c7, again and third hold the same values", "c1400 and other hold the same values"]);
}

#[test]
fn the_terminal_view_fits_and_is_stable() {
    let df = df![
        "delay" => [Some(5i64), Some(-2), None, Some(30), Some(5)],
        "origin" => ["EWR", "JFK", "EWR", "LGA", "EWR"],
        "late" => [false, false, false, true, false],
    ]
    .unwrap();
    let found = ProfileOptions::new().target("late").profile(&df).unwrap();
    let expected = "\
5 rows x 3 columns, 1 value missing (6.7%), 1 repeated row, 57 B";
    assert!(found.to_text(100).starts_with(expected), "{}", found.to_text(100));
    for width in [60, 80, 100, 140] {
        for frame in [&df, &hostile()] {
            let text = profile(frame).unwrap().to_text(width);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width, "{widest} of {width}:\n{text}");
        }
    }
}

#[test]
fn html_is_escaped_and_needs_nothing_from_elsewhere() {
    let df = df!["<script>alert(1)</script>" => ["<img src=x>", "\"&'", "<img src=x>"], "n\u{7}" => [1, 2, 3]].unwrap();
    let html = profile(&df).unwrap().to_html();
    assert!(!html.contains("<script") && !html.contains("<img") && html.contains("&lt;img src=x&gt;"), "{html}");
    for foreign in ["http:", "https:", "url(", "@import", "\u{7}"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let hostile = ProfileOptions::new().target("late").profile(&hostile()).unwrap();
    let page = hostile.to_html();
    assert!(!page.contains("<b>x</b>") && !page.contains("NaN%") && !page.contains("inf%"));
    let balanced = |tag: &str| page.matches(&format!("<{tag}")).count() == page.matches(&format!("</{tag}>")).count();
    assert!(
        ["div", "table", "ul", "li", "svg", "details", "style", "td", "rect", "text"].iter().all(|tag| balanced(tag))
    );
}

/// Names and values of the worst kind, in every place where they stand.
#[test]
fn long_names_and_values_fit_into_page_and_terminal() {
    let name = |j: usize| format!("{}{j}{}", "\"<".repeat(30), "長い名前".repeat(200));
    let wide = |j: usize, rows: usize| match j % 3 {
        0 => Column::new(name(j).into(), (0..rows).map(|i| ((i * (j + 1)) % 97) as f64).collect::<Vec<_>>()),
        1 => Column::new(
            name(j).into(),
            (0..rows).map(|i| "&\"".repeat(20) + &(i % (9 + j % 3)).to_string()).collect::<Vec<_>>(),
        ),
        _ => Column::new(name(j).into(), (0..rows).map(|i| " ".repeat(1000 + i % 2)).collect::<Vec<_>>()),
    };
    let mut columns: Vec<Column> = (0..2_000).map(|j| wide(j, 50)).collect();
    columns.push(Column::new("y".into(), (0..50).map(|i| i % 2 == 0).collect::<Vec<_>>()));
    let df = DataFrame::new_infer_height(columns).unwrap();
    let found = ProfileOptions::new().target("y").profile(&df).unwrap();
    assert!(found.to_html().len() < 1_000_000, "{}", found.to_html().len());
    let of_name = ProfileOptions::new().target(name(0)).profile(&df).unwrap();
    for width in [60, 73, 100] {
        for text in [found.to_text(width), of_name.to_text(width)] {
            use unicode_width::UnicodeWidthStr as _;
            let widest = text.lines().map(|line| line.width()).max().unwrap();
            assert!(widest <= width, "{widest} of {width}:\n{text}");
        }
    }
}

#[test]
fn pages_of_wide_tables_stay_small() {
    let columns = (0..1500).map(|j| {
        Column::new(format!("column_{j}").into(), (0..30).map(|i| f64::from((i * j) % 11)).collect::<Vec<_>>())
    });
    let df = DataFrame::new_infer_height(columns.collect()).unwrap();
    let found = profile(&df).unwrap();
    assert_eq!(found.notes, ["correlations of the first 60 of 1363 numeric columns"]);
    assert!(found.to_html().len() < 1_000_000, "{}", found.to_html().len());
    let dir = tempfile::tempdir().unwrap();
    found.save_html(dir.path().join("p.html")).unwrap();
    let page = std::fs::read_to_string(dir.path().join("p.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(matches!(found.save_html(dir.path().join("no/p.html")), Err(DataError::Write { .. })));
}
