//! Expectations: which rows are against them, by pandas and pandera; what is said, and what is refused.

use ironbook_core::Display as _;
use ironbook_data::{DataError, Expectations, Validation, expect};
use polars::prelude::*;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/expect.json")).unwrap()
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

/// The expectation that a key of the reference names.
fn of(key: &str) -> Expectations {
    let none = Expectations::new();
    match key {
        "not_null carrier" => none.not_null("carrier"),
        "not_null flight" => none.not_null("flight"),
        "unique flight" => none.unique("flight"),
        "unique distance" => none.unique("distance"),
        "unique_together day distance" => none.unique_together(["day", "distance"]),
        "in_range distance 0..=2500" => none.in_range("distance", 0..=2500),
        "in_range distance 0..2500" => none.in_range("distance", 0.0..2500.0),
        "in_range day 1..=31" => none.in_range("day", 1..=31),
        "in_range late 0..=0" => none.in_range("late", 0..=0),
        "one_of carrier" => none.one_of("carrier", ["UA", "AA", "DL"]),
        "one_of day" => none.one_of("day", 1..29),
        "one_of late" => none.one_of("late", [true]),
        "matches tail" => none.matches("tail", r"^N\d+$"),
        other => panic!("no expectation for {other}"),
    }
}

#[test]
fn the_rows_against_an_expectation_are_those_of_pandas_and_pandera() {
    let reference = reference();
    let df = table(&reference);
    for (key, rows) in reference["rows"].as_object().unwrap() {
        let rows: Vec<usize> = rows.as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as usize).collect();
        let validation = of(key).check(&df).unwrap();
        let check = &validation.checks[0];
        assert_eq!((check.violations, check.passed), (Some(rows.len()), rows.is_empty()), "{key}");
        let first: Vec<usize> = check.offenders.iter().map(|offender| offender.row).collect();
        assert_eq!(first, rows[..rows.len().min(5)], "{key}");
        assert_eq!(validation.passed, rows.is_empty(), "{key}");
    }
}

#[test]
fn shares_and_means_are_those_of_pandas() {
    let reference = reference();
    let df = table(&reference);
    let passes = |expected: Expectations| expected.check(&df).unwrap().passed;
    for (name, share) in reference["missing"].as_object().unwrap() {
        let share = share.as_f64().unwrap();
        assert!(passes(Expectations::new().max_missing(name, share)), "{name}");
        assert!(share == 0.0 || !passes(Expectations::new().max_missing(name, share - 1e-9)), "{name}");
    }
    for (name, mean) in reference["mean"].as_object().unwrap() {
        let mean = mean.as_f64().unwrap();
        let off = 1e-9 * mean;
        assert!(passes(Expectations::new().mean_in(name, mean - off..=mean + off)), "{name}");
        assert!(!passes(Expectations::new().mean_in(name, mean + off..)), "{name}");
        assert!(!passes(Expectations::new().mean_in(name, ..mean - off)), "{name}");
    }
}

fn only(expected: &Expectations<&DataFrame>) -> (String, bool) {
    let check = expected.check().unwrap().checks.remove(0);
    (check.found, check.passed)
}

#[test]
fn the_table_itself() {
    let df = df!["a" => [1i64, 2], "b" => ["x", "y"], "c" => [0.5, f64::NAN]].unwrap();
    assert_eq!(only(&expect(&df).columns(["c", "a"])), ("3 columns".to_owned(), true));
    assert_eq!(only(&expect(&df).columns(["a", "z"])), ("missing: z".to_owned(), false));
    assert_eq!(only(&expect(&df).only_columns(["c", "b", "a"])), ("3 columns".to_owned(), true));
    assert_eq!(only(&expect(&df).only_columns(["a", "z"])), ("missing: z; not expected: b, c".to_owned(), false));
    assert_eq!(only(&expect(&df).of_type("a", DataType::Int64)), ("i64".to_owned(), true));
    assert_eq!(only(&expect(&df).of_type("b", DataType::Float64)), ("str".to_owned(), false));
    assert!(only(&expect(&df).row_count(2..)).1 && only(&expect(&df).row_count(1..=2)).1);
    assert_eq!(only(&expect(&df).row_count(..2)), ("2".to_owned(), false));
}

#[test]
fn nan_is_missing_and_missing_values_are_against_nothing_else() {
    let df = df!["x" => [Some(f64::NAN), None, Some(-0.0), Some(2.0), None]].unwrap();
    let check = |expected: Expectations| expected.check(&df).unwrap().checks.remove(0);
    assert_eq!(check(Expectations::new().not_null("x")).violations, Some(3));
    let shown: Vec<String> =
        check(Expectations::new().not_null("x")).offenders.into_iter().map(|offender| offender.value).collect();
    assert_eq!(shown, ["NaN", "null", "null"]);
    assert!(check(Expectations::new().in_range("x", 0..=2)).passed && check(Expectations::new().unique("x")).passed);
    assert!(check(Expectations::new().one_of("x", [0.0, 2.0])).passed);
    assert!(check(Expectations::new().mean_in("x", 1.0..=1.0)).passed);
    assert!(check(Expectations::new().max_missing("x", 0.6)).passed);
    let empty = df.head(Some(0));
    let holds = Expectations::new().not_null("x").unique("x").in_range("x", 0..=1).max_missing("x", 0.0);
    assert!(holds.check(&empty).unwrap().passed);
    assert!(!Expectations::new().mean_in("x", 0..).check(&empty).unwrap().passed);
}

#[test]
fn what_cannot_be_looked_at_does_not_hold_and_the_rest_is_still_checked() {
    let df = df!["day" => [1, 2], "name" => ["a", "b"]].unwrap();
    let validation = expect(&df)
        .not_null("dya")
        .in_range("name", 0..=1)
        .matches("day", "1")
        .one_of("day", ["1"])
        .not_null("day")
        .check()
        .unwrap();
    let passed: Vec<bool> = validation.checks.iter().map(|check| check.passed).collect();
    assert_eq!(passed, [false, false, false, false, true]);
    assert!(validation.checks[0].found.contains("did you mean \"day\"?"), "{}", validation.checks[0].found);
    assert!(validation.checks[1].found.contains("of type str, not numeric"), "{}", validation.checks[1].found);
    assert!(validation.checks[2].found.contains("not text"), "{}", validation.checks[2].found);
}

#[test]
fn an_expectation_without_sense_is_refused() {
    let df = df!["x" => [1.0], "t" => ["a"]].unwrap();
    let refused = |expected: Expectations| match expected.check(&df) {
        Err(DataError::Expectation { expected, problem }) => format!("{expected} | {problem}"),
        other => panic!("{other:?}"),
    };
    assert!(refused(Expectations::new().matches("t", "(")).starts_with("t matches ( | "));
    assert!(refused(Expectations::new().in_range("x", f64::NAN..)).contains("NaN is no end"));
    assert!(refused(Expectations::new().in_range("x", f64::INFINITY..)).contains("infinity"));
    #[expect(clippy::reversed_empty_ranges, reason = "it is what is refused")]
    let reversed = Expectations::new().mean_in("x", 2..=1);
    assert!(refused(reversed).contains("ends before it begins"));
    assert!(refused(Expectations::new().max_missing("x", 5.0)).contains("between 0 and 1"));
    assert!(refused(Expectations::new().one_of("x", [f64::NAN])).contains("NaN equals nothing"));
    assert!(refused(Expectations::new().one_of("t", Vec::<String>::new())).contains("the set is empty"));
    assert!(refused(Expectations::new().unique_together(Vec::<String>::new())).contains("no columns were named"));
    assert!(matches!(Expectations::new().check(&df), Err(DataError::NoExpectations)));
}

#[test]
fn a_failed_validation_says_what_does_not_hold() {
    let df = df!["origin" => ["EWR", "XXX", "JFK"], "distance" => [Some(1400), None, Some(-5)]].unwrap();
    let expected = expect(&df).one_of("origin", ["EWR", "JFK"]).not_null("distance").in_range("distance", 0..=5000);
    let validation = expected.row_count(3..).check().unwrap();
    let shown = validation.bundle();
    let lines = "\
Validation of 3 rows: not passed
column                    expected                   found  first values against it  holds
origin             one of EWR, JFK  1 of 3 rows against it             XXX in row 1     no
distance                  not null  1 of 3 rows against it            null in row 1     no
distance                in 0..5000  1 of 3 rows against it              -5 in row 2     no
          number of rows in 3..                          3                             yes";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(shown.plain()), squeezed(&lines.replace("0..5000", "0..=5000")));
    assert!(shown.get("text/html").unwrap().contains("<td>one of EWR, JFK</td>"));
    let error = validation.require().unwrap_err();
    assert!(matches!(&error, DataError::Unexpected { expectations: 4, reasons } if reasons.len() == 3));
    let words = error.to_string();
    assert!(words.starts_with("3 of 4 expectations do not hold: origin one of EWR, JFK: 1 of 3 rows"), "{words}");
    assert!(words.contains("distance in 0..=5000: 1 of 3 rows against it (-5 in row 2)"), "{words}");
}

#[test]
fn values_of_the_table_stay_text_and_short_in_messages() {
    let evil = "<script>alert(1)</script>".repeat(9);
    let df = df!["t" => [evil.as_str(), "ok"]].unwrap();
    let validation = expect(&df).one_of("t", ["ok"]).check().unwrap();
    assert!(!validation.bundle().get("text/html").unwrap().contains("<script>"));
    assert!(validation.require().unwrap_err().to_string().lines().next().unwrap().len() < 200);
}

#[test]
fn expectations_and_their_outcome_survive_a_file() {
    let df = table(&reference());
    let expected = Expectations::new()
        .only_columns(df.get_column_names_owned().into_iter().map(String::from))
        .of_type("day", DataType::Int64)
        .row_count(1..)
        .one_of("carrier", ["UA"])
        .one_of("late", [true, false])
        .in_range("distance", ..=1e6)
        .matches("tail", "^N")
        .max_missing("tail", 0.2);
    let text = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<Expectations>(&text).unwrap(), expected);
    let validation = expected.check(&df).unwrap();
    let text = serde_json::to_string(&validation).unwrap();
    assert_eq!(serde_json::from_str::<Validation>(&text).unwrap(), validation);
    assert_eq!(validation.failed().map(|check| check.column.as_str()).collect::<Vec<_>>(), ["carrier", "tail"]);
}
