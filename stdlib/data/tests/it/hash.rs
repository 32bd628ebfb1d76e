//! Fingerprints.

use ironbook_data::{fingerprint, read_csv, read_parquet, write_csv, write_parquet};
use polars::prelude::*;
use std::collections::HashSet;

fn of(df: &DataFrame) -> String {
    fingerprint(df).unwrap().to_string()
}

fn flights() -> DataFrame {
    let mut df = df![
        "carrier" => [Some("UA"), None, Some("")],
        "distance" => [1400i64, 760, 1089],
        "rain" => [Some(0.5), None, Some(-0.25)],
        "night" => [Some(true), Some(false), None],
        "day" => [15706, 15764, 16070],
    ]
    .unwrap();
    let day = df.column("day").unwrap().cast(&DataType::Date).unwrap();
    df.with_column(day).unwrap();
    df
}

#[test]
fn it_is_64_hexadecimal_digits_and_stable() {
    let print = fingerprint(&flights()).unwrap();
    assert!(print.as_str().len() == 64 && print.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(print.as_str().starts_with(print.short()) && print.short().len() == 12);
    // A change here means that fingerprints logged by earlier versions no longer compare: change FORM too.
    assert_eq!(of(&df!["x" => [1i64, 2]].unwrap()), "83592382b9329123831f4b2bdf1d6fb27ce78cb441b1e3a6347ae4dcb6cd2081");
}

#[test]
fn files_of_either_kind_and_chunks_give_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut df = flights();
    df.vstack_mut(&flights()).unwrap();
    assert!(df.max_n_chunks() > 1);
    let whole = of(&df);
    let mut rechunked = df.clone();
    rechunked.rechunk_mut();
    assert_eq!(of(&rechunked), whole);
    write_parquet(&df, dir.path().join("f.parquet")).unwrap();
    assert_eq!(of(&read_parquet(dir.path().join("f.parquet")).unwrap()), whole);
    // CSV cannot tell an empty text from a null.
    let filled =
        df.lazy().with_column(col("carrier").fill_null(lit("-")).replace(lit(""), lit("-"))).collect().unwrap();
    write_csv(&filled, dir.path().join("f.csv")).unwrap();
    let read = read_csv(dir.path().join("f.csv")).unwrap();
    assert_eq!(read.dtypes(), filled.dtypes());
    assert_eq!(of(&read), of(&filled));
}

#[test]
fn every_change_of_content_shows() {
    let base = flights();
    let mut seen = HashSet::from([of(&base)]);
    let mut renamed = base.clone();
    renamed.rename("rain", "snow".into()).unwrap();
    let changes = [
        renamed,
        base.select(["distance", "carrier", "rain", "night", "day"]).unwrap(),
        base.head(Some(2)),
        base.reverse(),
        base.clone().lazy().with_column(col("distance").cast(DataType::Int32)).collect().unwrap(),
        base.clone().lazy().with_column(col("distance") + lit(1)).collect().unwrap(),
        base.clone().lazy().with_column(col("rain").fill_null(lit(0.0))).collect().unwrap(),
        base.clone().lazy().with_column(col("carrier").fill_null(lit(""))).collect().unwrap(),
        base.clone().lazy().with_column(col("night").fill_null(lit(false))).collect().unwrap(),
        base.clone()
            .lazy()
            .with_column(col("day").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
            .collect()
            .unwrap(),
    ];
    for (i, changed) in changes.iter().enumerate() {
        assert!(seen.insert(of(changed)), "change {i} does not show");
    }
}

#[test]
fn neighbouring_texts_do_not_run_together() {
    assert_ne!(of(&df!["x" => ["ab", "c"]].unwrap()), of(&df!["x" => ["a", "bc"]].unwrap()));
    assert_ne!(of(&df!["x" => ["a"], "y" => ["b"]].unwrap()), of(&df!["x" => ["ab"], "y" => [""]].unwrap()));
}

#[test]
fn nan_is_one_value_and_zero_has_a_sign() {
    let other_nan = f64::from_bits(f64::NAN.to_bits() | 1);
    assert_eq!(of(&df!["x" => [f64::NAN]].unwrap()), of(&df!["x" => [other_nan]].unwrap()));
    assert_ne!(of(&df!["x" => [0.0]].unwrap()), of(&df!["x" => [-0.0]].unwrap()));
    assert_ne!(of(&df!["x" => [Some(f64::NAN)]].unwrap()), of(&df!["x" => [None::<f64>]].unwrap()));
}

#[test]
fn nested_and_decimal_columns_count() {
    let lists = |values: [&[i32]; 2]| {
        let series: Vec<Series> = values.iter().map(|v| Series::new("".into(), *v)).collect();
        DataFrame::new_infer_height(vec![Column::new("x".into(), series)]).unwrap()
    };
    assert_eq!(of(&lists([&[1, 2], &[3]])), of(&lists([&[1, 2], &[3]])));
    assert_ne!(of(&lists([&[1, 2], &[3]])), of(&lists([&[1], &[2, 3]])));
    let structs = |b: i32| {
        let df = df!["a" => [1, 2], "b" => [b, 5]].unwrap();
        DataFrame::new_infer_height(vec![df.into_struct("s".into()).into_column()]).unwrap()
    };
    assert_eq!(of(&structs(4)), of(&structs(4)));
    assert_ne!(of(&structs(4)), of(&structs(3)));
    // One value for all rows, which polars may keep once.
    let one = structs(4).head(Some(1));
    let spread = |rows| {
        let scalar = Scalar::new(one.dtypes()[0].clone(), one.columns()[0].get(0).unwrap().into_static());
        DataFrame::new_infer_height(vec![Column::new_scalar("s".into(), scalar, rows)]).unwrap()
    };
    assert_eq!(of(&spread(1)), of(&one));
    assert_eq!(of(&spread(2)), of(&one.vstack(&one).unwrap()));
    let decimals = |scale| {
        df!["x" => [1, 2]].unwrap().lazy().select([col("x").cast(DataType::Decimal(10, scale))]).collect().unwrap()
    };
    assert_ne!(of(&decimals(1)), of(&decimals(2)));
}

/// Codes of categories and names of fields are content, too.
#[test]
fn categories_and_fields_count_by_their_names() {
    let cast = |values: [&str; 2], to: DataType| {
        let df = df!["x" => values].unwrap();
        of(&df.lazy().select([col("x").cast(to)]).collect().unwrap())
    };
    let own = |name: &str| DataType::from_categories(Categories::new(name.into(), "".into(), CategoricalPhysical::U32));
    // Each of these gives the codes 0 and 1.
    assert_ne!(cast(["a", "b"], own("one")), cast(["x", "y"], own("two")));
    assert_eq!(cast(["a", "b"], own("three")), cast(["a", "b"], own("four")));
    let codes = |first: &str| cast([first, "b"], DataType::from_categories(Categories::global()));
    assert_ne!(codes("zebra"), codes("yak"));
    let fixed = |names: [&'static str; 2]| DataType::from_frozen_categories(FrozenCategories::new(names).unwrap());
    assert_ne!(cast(["a", "b"], fixed(["a", "b"])), cast(["a", "b"], fixed(["b", "a"])));
    assert_ne!(cast(["a", "b"], fixed(["a", "b"])), cast(["x", "y"], fixed(["x", "y"])));
    let structs = |field: &str, value: f64| {
        let df = df![field => [value, 5.0]].unwrap();
        of(&DataFrame::new_infer_height(vec![df.into_struct("s".into()).into_column()]).unwrap())
    };
    assert_ne!(structs("a", 0.1), structs("b", 0.1));
    assert_ne!(structs("a", 0.123_456_789), structs("a", 0.123_456_788), "every digit counts");
    assert_eq!(structs("a", f64::NAN), structs("a", -f64::NAN));
}

#[test]
fn frames_without_rows_or_columns_have_one() {
    assert_ne!(of(&DataFrame::empty()), of(&flights().head(Some(0))));
}

#[test]
fn three_hundred_thousand_rows_take_well_under_a_second() {
    let rows = 300_000i64;
    let numbers: Vec<Column> = (0..13)
        .map(|j| Column::new(format!("c{j}").into(), (0..rows).map(|i| (i * j) as f64).collect::<Vec<_>>()))
        .collect();
    let texts = Column::new("t".into(), (0..rows).map(|i| format!("N{}", i % 5000)).collect::<Vec<_>>());
    let holes = Column::new("h".into(), (0..rows).map(|i| (i % 3 > 0).then_some(i)).collect::<Vec<_>>());
    let df = DataFrame::new_infer_height([numbers, vec![texts, holes]].concat()).unwrap();
    let start = std::time::Instant::now();
    assert_eq!(of(&df).len(), 64);
    // 0.1 s on an idle core; the bound leaves room for a busy machine.
    assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
}
