//! The log of a server as a table.

use chrono::{DateTime, TimeDelta, Utc};
use ironbook_data::write_parquet;
use ironbook_drift::{DriftError, Role, compare, open, requests};
use polars::prelude::{Column, DataFrame, DataType, TimeUnit, TimeZone, df};
use std::path::Path;

const START: &str = "2026-06-01T00:00:00Z";

fn at(minute: i64) -> DateTime<Utc> {
    START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

/// Requests of two rows each, one a minute.
fn part(model: &str, version: &str, minutes: std::ops::Range<i64>) -> DataFrame {
    let rows: Vec<(i64, u32)> = minutes.flat_map(|minute| [(minute, 0), (minute, 1)]).collect();
    let times: Vec<i64> = rows.iter().map(|(minute, _)| at(*minute).timestamp_micros()).collect();
    let mut frame = df![
        "request_id" => rows.iter().map(|(minute, _)| format!("r{minute}")).collect::<Vec<_>>(),
        "row" => rows.iter().map(|(_, row)| *row).collect::<Vec<_>>(),
        "time" => times,
        "model" => [model].repeat(rows.len()),
        "version" => [version].repeat(rows.len()),
        "latency_ms" => [0.2].repeat(rows.len()),
        "input.temp" => rows.iter().map(|(minute, row)| 70.0 + (minute * 7 % 13) as f64 + f64::from(*row)).collect::<Vec<_>>(),
        "input.carrier" => rows.iter().map(|(minute, _)| if minute % 3 == 0 { "AA" } else { "UA" }).collect::<Vec<_>>(),
        "output.probability.no" => [0.75].repeat(rows.len()),
        "output.probability.yes" => [0.25].repeat(rows.len()),
        "output.prediction" => ["no"].repeat(rows.len()),
    ]
    .unwrap();
    let zone = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    let time: Column = frame.column("time").unwrap().cast(&zone).unwrap();
    frame.with_column(time).unwrap();
    frame
}

fn write(dir: &Path, name: &str, frame: &DataFrame) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_parquet(frame, path).unwrap();
}

fn log() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "2026-06-01/0001.parquet", &part("late", "1", 0..60));
    write(dir.path(), "2026-06-01/0002.parquet", &part("late", "2", 60..120));
    std::fs::write(dir.path().join("2026-06-01/.0003.parquet"), "being written").unwrap();
    std::fs::write(dir.path().join("README"), "not of the log").unwrap();
    dir
}

#[test]
fn a_log_is_a_table_of_features_and_predictions() {
    let dir = log();
    let seen = requests(dir.path()).read().unwrap();
    let names: Vec<&str> = seen.frame.get_column_names().iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["temp", "carrier", "probability.yes", "prediction"]);
    assert_eq!((seen.frame.height(), seen.target.as_deref()), (240, None));
    assert_eq!(seen.predictions, ["prediction", "probability.yes"]);
    let train =
        df!["temp" => (0..500).map(|i| f64::from(i % 40)).collect::<Vec<_>>(), "carrier" => ["AA", "UA"].repeat(250),
        "prediction" => ["no", "yes"].repeat(250)]
        .unwrap();
    let report = compare(&train, &seen).unwrap();
    assert_eq!(report.columns[0].name, "prediction");
    assert_eq!(report.columns[0].role, Role::Prediction);
    assert_eq!((report.tested_columns, report.drifted_columns), (3, 3));
    assert!(report.findings.iter().all(|finding| !finding.kind.is_schema()), "{:?}", report.findings);
}

#[test]
fn windows_and_versions_are_selected() {
    let dir = log();
    let rows = |log: ironbook_drift::Requests| log.read().unwrap().frame.height();
    assert_eq!(rows(requests(dir.path()).version("2")), 120);
    assert_eq!(rows(requests(dir.path()).model("late").since(at(50)).until(at(70))), 40);
    assert_eq!(rows(requests(dir.path()).since(at(119))), 2);
    let error = requests(dir.path()).version("3").since(at(500)).read().unwrap_err();
    assert_eq!(
        error.to_string().replace(&dir.path().display().to_string(), "requests"),
        "none of the 240 requests in \"requests\" is of version 3, from 2026-06-01 08:20:00 UTC on\n\
         the log has models late, versions 1, 2, from 2026-06-01 00:00:00 UTC to 2026-06-01 01:59:00 UTC"
    );
}

#[test]
fn labels_are_joined_when_they_come() {
    let dir = log();
    let labels =
        df!["request_id" => ["r0", "r1", "r1", "r500"], "row" => [0i64, 1, 1, 0], "label" => [true, true, false, true]]
            .unwrap();
    let path = dir.path().join("labels.pq");
    write_parquet(&labels, &path).unwrap();
    let seen = requests(dir.path()).labels(&path, "late").read().unwrap();
    assert_eq!((seen.frame.height(), seen.target.as_deref()), (240, Some("late")));
    let late = seen.frame.column("late").unwrap();
    assert_eq!(late.null_count(), 238);
    assert_eq!([0, 1, 3].map(|row| late.bool().unwrap().get(row)), [Some(true), None, Some(false)]);
    let wrong = df!["id" => ["r0"], "row" => [0], "label" => [true]].unwrap();
    write_parquet(&wrong, &path).unwrap();
    assert!(matches!(requests(dir.path()).labels(&path, "late").read(), Err(DriftError::NotLabels { .. })));
    write_parquet(&labels, &path).unwrap();
    assert!(matches!(requests(dir.path()).labels(&path, "temp").read(), Err(DriftError::NotLabels { .. })));
}

#[test]
fn logs_that_are_none_are_refused_in_words() {
    let dir = log();
    assert!(matches!(requests(dir.path().join("nowhere")).read(), Err(DriftError::NoLog { .. })));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(requests(empty.path()).read(), Err(DriftError::NoLog { .. })));
    write(dir.path(), "z.parquet", &df!["x" => [1]].unwrap());
    let error = requests(dir.path()).read().unwrap_err().to_string();
    assert!(error.contains("z.parquet\" is no file of a request log: it has no column request_id"), "{error}");
    std::fs::write(dir.path().join("z.parquet"), b"PAR1 cut off").unwrap();
    assert!(matches!(requests(dir.path()).read(), Err(DriftError::Data(_))));
    std::fs::remove_file(dir.path().join("z.parquet")).unwrap();

    write(dir.path(), "z.parquet", &part("early", "1", 0..5));
    let error = requests(dir.path()).read().unwrap_err().to_string();
    assert!(error.ends_with("has requests of several models: early, late\nsay which: .model(\"early\")"), "{error}");
    assert_eq!(requests(dir.path()).model("late").read().unwrap().frame.height(), 240);

    let mut other = part("late", "3", 120..130);
    let text = other.column("input.temp").unwrap().cast(&DataType::String).unwrap();
    other.with_column(text).unwrap();
    write(dir.path(), "z.parquet", &other);
    assert!(matches!(requests(dir.path()).read(), Err(DriftError::LogTypes { .. })));
}

#[test]
fn a_version_with_another_feature_leaves_gaps() {
    let dir = log();
    let mut wider = part("late", "3", 120..130);
    wider.with_column(Column::new("input.prediction".into(), [1.5].repeat(20))).unwrap();
    write(dir.path(), "z.parquet", &wider);
    let seen = requests(dir.path()).read().unwrap();
    assert_eq!(seen.frame.column("prediction").unwrap().null_count(), 240);
    assert_eq!(seen.predictions[0], "output.prediction");
}

#[test]
fn what_a_server_is_still_writing_is_said() {
    let dir = log();
    let began = ".requests-20260601T020000-7-1.parquet.unfinished";
    std::fs::write(dir.path().join(began), "PAR1").unwrap();
    let seen = requests(dir.path()).read().unwrap();
    assert_eq!((seen.frame.height(), seen.unfinished), (240, 1));
    let report = compare(&seen.frame, &seen).unwrap();
    let note = report.notes.last().unwrap();
    assert!(note.starts_with("The latest requests are not in the log yet: a file is being written there"), "{note}");
    // A window that has passed lacks nothing.
    assert_eq!(requests(dir.path()).until(at(70)).read().unwrap().unfinished, 0);
    let later = requests(dir.path()).since(at(500)).read().unwrap_err().to_string();
    assert!(later.contains("01:59:00 UTC; a file is being written there"), "{later}");
    let young = tempfile::tempdir().unwrap();
    std::fs::write(young.path().join(began), "PAR1").unwrap();
    let errors = [requests(young.path()).read().map(drop), open(young.path()).map(drop)];
    for error in errors.map(|read| read.unwrap_err().to_string()) {
        assert!(error.contains("\na file is being written there: the requests in it can be seen once"), "{error}");
    }
}
