//! Tables that are read in pieces: the same report where few values differ, a stated error where many do.

use ironbook_data::write_parquet;
use ironbook_drift::{ColumnKind, DriftError, DriftOptions, ParquetTable, Test, Verdict, compare, open};
use polars::prelude::{Column, DataFrame, DataType, ParquetWriter, TimeUnit, df};
use std::path::Path;

/// Numbers like delays: a third of them 0, the others skewed.
fn uneven(rows: usize, seed: u64, scale: f64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..rows).map(|i| if i % 3 == 0 { 0.0 } else { scale * (next() * next() * 300.0 - 20.0) }).collect()
}

fn frame(rows: usize, seed: u64, scale: f64) -> DataFrame {
    let delay = uneven(rows, seed, scale);
    let hour: Vec<i32> = delay.iter().map(|v| (*v as i32).rem_euclid(24)).collect();
    let carrier: Vec<Option<String>> = delay
        .iter()
        .enumerate()
        .map(|(i, v)| (i % 11 > 0).then(|| format!("c{}", (*v as i32).rem_euclid(9))))
        .collect();
    let times: Vec<i64> = (0..rows as i64).map(|i| i * 1_000_000).collect();
    let mut frame = df!["delay" => delay, "hour" => hour, "carrier" => carrier, "time" => times].unwrap();
    let time = frame.column("time").unwrap().cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    frame.with_column(time).unwrap();
    frame
}

/// A file of row groups of so many rows.
fn write(path: &Path, frame: &DataFrame, group: usize) {
    let file = std::fs::File::create(path).unwrap();
    ParquetWriter::new(file).with_row_group_size(Some(group)).finish(&mut frame.clone()).unwrap();
}

#[test]
fn what_fits_into_the_tables_is_exact() {
    let dir = tempfile::tempdir().unwrap();
    let (reference, current) = (frame(20_000, 1, 1.0), frame(15_000, 2, 1.1));
    write(&dir.path().join("a.parquet"), &reference, 3_000);
    write(&dir.path().join("b.parquet"), &current, 4_000);
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| ParquetTable::scan(dir.path().join(name)).unwrap());
    let whole = compare(&reference, &current).unwrap();
    assert_eq!(compare(&a, &b).unwrap(), whole);
    // A frame beside a file, and files of one table.
    assert_eq!(compare(&reference, &b).unwrap(), whole);
    let parts = dir.path().join("parts");
    std::fs::create_dir(&parts).unwrap();
    write_parquet(&reference.slice(0, 7_000), parts.join("1.parquet")).unwrap();
    write_parquet(&reference.slice(7_000, 13_000), parts.join("2.parquet")).unwrap();
    assert_eq!(compare(&ParquetTable::scan(&parts).unwrap(), &current).unwrap(), whole);
    assert!(whole.columns.iter().any(|column| column.kind == ColumnKind::Time));
}

#[test]
fn beyond_that_scores_are_off_by_no_more_than_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (reference, current) = (frame(300_000, 3, 1.0), frame(250_000, 4, 1.05));
    write(&dir.path().join("a.parquet"), &reference, 40_000);
    let a = ParquetTable::scan(dir.path().join("a.parquet")).unwrap();
    for test in [Test::Wasserstein, Test::Ks, Test::Psi] {
        let options = DriftOptions::new().test("delay", test).columns(["delay"]);
        let exact = options.compare(&reference, &current).unwrap().columns[0].clone();
        let report = options.compare(&a, &current).unwrap();
        let rough = &report.columns[0];
        assert_eq!(exact.approximation, None);
        let approximation = rough.approximation.unwrap();
        assert!(approximation.rank.reference > 0.0 && approximation.rank.reference < 1e-3, "{approximation:?}");
        assert_eq!(approximation.rank.current, 0.0);
        let (found, wanted) = (rough.result.unwrap(), exact.result.unwrap());
        let off = (found.score - wanted.score).abs();
        match test {
            Test::Psi => assert!(found.error.is_none() && off < 1e-3, "{test}: off by {off}"),
            _ => assert!(off <= found.error.unwrap() && found.error.unwrap() < 1e-2, "{test}: {off} {found:?}"),
        }
        assert!(report.notes.iter().any(|note| note.contains("at most: delay (")), "{:?}", report.notes);
        assert_eq!(rough.verdict, exact.verdict);
    }
}

#[test]
fn texts_that_are_too_many_are_not_tested() {
    let dir = tempfile::tempdir().unwrap();
    let text = |rows: usize| -> DataFrame {
        let names: Vec<String> = (0..rows).map(|i| format!("n{}", i / 2)).collect();
        DataFrame::new(rows, vec![Column::new("id".into(), names), Column::new("x".into(), vec![1.0; rows])]).unwrap()
    };
    write(&dir.path().join("a.parquet"), &text(600_000), 100_000);
    let a = ParquetTable::scan(dir.path().join("a.parquet")).unwrap();
    let report = compare(&a, &text(1000)).unwrap();
    let id = report.column("id").unwrap();
    assert_eq!((id.kind, id.verdict), (ColumnKind::FreeText, Verdict::Untested));
    assert_eq!(report.tested_columns, 1);
}

#[test]
fn paths_are_opened_as_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let table = frame(500, 5, 1.0);
    write_parquet(&table, dir.path().join("a.parquet")).unwrap();
    std::fs::write(dir.path().join("b.csv"), "delay,hour\n1.5,2\n2.5,3\n").unwrap();
    std::fs::write(dir.path().join("c.jsonl"), "{\"delay\": 1.5, \"hour\": 2}\n").unwrap();
    let [a, b, c] = ["a.parquet", "b.csv", "c.jsonl"].map(|name| open(dir.path().join(name)).unwrap());
    assert_eq!(compare(&a, &table).unwrap().drifted_columns, 0);
    assert_eq!(compare(&b, &c).unwrap().columns.len(), 2);
    assert!(matches!(open(dir.path().join("d.parquet")), Err(DriftError::Data(_))));
    assert!(matches!(open(dir.path().join("nowhere")), Err(DriftError::Data(_))));
    std::fs::write(dir.path().join("e.parquet"), "PAR1 and no more").unwrap();
    assert!(matches!(ParquetTable::scan(dir.path().join("e.parquet")), Err(DriftError::Data(_))));
}
