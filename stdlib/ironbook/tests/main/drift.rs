//! Drift with the eyes of a model, and what can be handed over to be compared.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use ironbook::drift::{self, DriftError, DriftOptions, FailOn, FindingKind, Role, Verdict};
use ironbook::learn::{LearnError, Signature};
use ironbook::prelude::*;
use ironbook::track::{self, RunOptions, Status};
use std::path::Path;

/// A number between 0 and 1 for each row, the same at each call.
fn uniforms(rows: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..rows).map(|_| next()).collect()
}

/// Rows with `temp` from `from` on, an `origin`, and whether it is late: when it is hot at JFK.
fn flights(rows: usize, from: f64) -> DataFrame {
    let temp: Vec<f64> = uniforms(rows, 7).into_iter().map(|u| from + 40.0 * u).collect();
    let origin: Vec<&str> = uniforms(rows, 9).into_iter().map(|u| if u < 0.5 { "EWR" } else { "JFK" }).collect();
    let noise = uniforms(rows, 11);
    let late: Vec<bool> = temp.iter().zip(&origin).map(|(t, o)| *t > 50.0 && *o == "JFK").collect();
    df!["temp" => temp, "origin" => origin, "noise" => noise, "late" => late].unwrap()
}

fn model(rows: &DataFrame) -> Gbdt {
    let data = Dataset::new(rows, &["temp", "origin", "noise"], "late").unwrap();
    Gbdt::params().n_estimators(20).num_leaves(7).fit(&data).unwrap()
}

#[test]
fn a_model_adds_its_predictions_and_ranks_the_columns() {
    let (winter, summer) = (flights(2000, 20.0), flights(1500, 35.0));
    let model = model(&winter);
    let report = drift::compare_with(DriftOptions::new(), &model, &winter, &summer).unwrap();
    let names: Vec<&str> = report.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names[0], "late"); // the model's target, which both tables have
    assert!(names[1..3].contains(&"prediction") && names[1..3].contains(&"probability.1"), "{names:?}");
    assert_eq!(report.columns[1].role, Role::Prediction);
    let of = |name: &str| report.column(name).unwrap();
    assert_eq!(of("probability.1").verdict, Verdict::Drifted);
    assert_eq!(names[3], "temp");
    assert!(of("temp").importance.unwrap() > 0.2 && of("noise").importance.unwrap() < 0.05, "{:?}", of("noise"));
    let sum: f64 = ["temp", "origin", "noise"].iter().map(|name| of(name).importance.unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    assert!(report.to_text(120).contains("importance"));
    assert_eq!(of("late").importance, None);
    // Columns that the model does not read are left out, unless they are asked for.
    let wider = |rows: &DataFrame| rows.clone().lazy().with_columns([col("temp").alias("more")]).collect().unwrap();
    let (before, now) = (wider(&winter), wider(&summer));
    let all = drift::compare_with(DriftOptions::new(), &model, &before, &now).unwrap();
    assert!(all.column("more").is_none() && all.columns.len() == report.columns.len());
    let asked = drift::compare_with(DriftOptions::new().columns(["more", "temp"]), &model, &before, &now).unwrap();
    assert_eq!(asked.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["temp", "more"]);
    // Importances of one's own come first.
    let own = DriftOptions::new().importances(&[("noise".to_owned(), 1.0)]);
    let report = drift::compare_with(own, &model, &winter, &summer).unwrap();
    assert_eq!(report.column("noise").unwrap().importance, Some(1.0));
}

#[test]
fn predictions_are_the_models_own() {
    let winter = flights(300, 30.0);
    let model = model(&winter);
    let table = drift::predicted(&model, &winter).unwrap();
    let data = Dataset::new(&winter, &["temp", "origin", "noise"], "late").unwrap();
    assert_eq!(table.floats("probability.1").unwrap(), model.predict_proba(&data.features).unwrap());
    let classes: Vec<f64> =
        table.column("prediction").unwrap().i64().unwrap().iter().map(|v| v.unwrap() as f64).collect();
    assert_eq!(classes, model.predict(&data.features).unwrap());
    // From a data set the same.
    let again = drift::predicted(&model, &data).unwrap();
    assert_eq!(again.floats("probability.1").unwrap(), table.floats("probability.1").unwrap());
}

/// `a`, and ten times as large `b`.
struct Sum;

impl Predict for Sum {
    type Task = ironbook::learn::Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let [a, b] = [0, 1].map(|j| features.column(j));
        Ok(a.iter().zip(b).map(|(a, b)| 3.0 * a - 0.6 * b).collect())
    }

    fn signature(&self) -> Signature {
        let one = df!["a" => [0.0], "b" => [0.0], "y" => [0.0]].unwrap();
        Signature::of(&Dataset::new(&one, &["a", "b"], "y").unwrap(), None)
    }
}

/// Of a linear model the weight of a column is its coefficient times the mean distance of shuffled values, which is a third
/// of the range for evenly spread ones.
#[test]
fn weights_are_how_far_predictions_move() {
    let a = uniforms(50_000, 3);
    let b: Vec<f64> = a.iter().map(|value| 10.0 * value).collect();
    let weights = drift::weights(&Sum, &df!["a" => a, "b" => b].unwrap()).unwrap();
    let [(first, a), (second, b)] = weights.as_slice() else { panic!("{weights:?}") };
    assert_eq!([first.as_str(), second.as_str()], ["a", "b"]);
    assert!((a - 1.0).abs() < 0.06, "{a}"); // 1,000 rows: the deviation of the mean is 0.02
    assert!((b / a - 2.0).abs() < 1e-9, "{}", b / a); // shuffled alike: 10 * 0.6 / 3
}

#[test]
fn a_model_that_cannot_predict_is_an_error_in_words() {
    let winter = flights(300, 30.0);
    let error = drift::compare_with(DriftOptions::new(), &model(&winter), &winter, &winter.drop("temp").unwrap());
    assert!(error.unwrap_err().to_string().contains("temp"));
    let data = Dataset::new(&winter, &["temp", "origin"], "late").unwrap();
    let logistic = Pipeline::new().one_hot(["origin"]).then(LogisticRegression::params()).fit(&data).unwrap();
    let gap = df!["temp" => [None, Some(30.0)], "origin" => ["JFK", "EWR"]].unwrap();
    let error = drift::compare_with(DriftOptions::new(), &logistic, &winter, &gap).unwrap_err();
    assert!(matches!(&error, DriftError::Model { table, .. } if table == "the current data"), "{error}");
    assert!(error.to_string().ends_with("without the model, the columns are compared all the same"), "{error}");
}

#[test]
fn whatever_stands_for_a_table_can_be_handed_over() {
    let directory = tempfile::tempdir().unwrap();
    let winter = flights(200, 20.0);
    let (parquet, csv) = (directory.path().join("winter.parquet"), directory.path().join("winter.csv"));
    write_parquet(&winter, &parquet).unwrap();
    write_csv(&winter, &csv).unwrap();
    let data = Dataset::new(&winter, &["temp", "noise"], "late").unwrap();
    let text = parquet.to_str().unwrap();
    let given: [&dyn drift::Comparable; 6] =
        [&winter, &winter.clone().lazy(), &data, &parquet, &text, &csv.to_str().unwrap().to_owned()];
    for (at, given) in given.into_iter().enumerate() {
        let report = drift::compare(&winter, &drift::table(given).unwrap()).unwrap();
        assert_eq!(report.drifted_columns, 0, "{at}");
        assert_eq!(report.rows.current, 200, "{at}");
        assert_eq!(report.fails(FailOn::Schema), at == 2, "{at}: {:?}", report.findings);
    }
}

#[test]
fn a_log_is_held_against_training_data_with_more_columns() {
    let directory = tempfile::tempdir().unwrap();
    let winter = flights(500, 20.0).lazy().with_columns([lit("N123").alias("tailnum")]).collect().unwrap();
    let model = model(&winter);
    write_parquet(&log(&flights(400, 40.0), &model), directory.path().join("0001.parquet")).unwrap();
    let seen = drift::open(directory.path()).unwrap(); // told from other directories by its columns
    let report = drift::compare(&winter, &seen).unwrap();
    assert!(report.findings.iter().all(|finding| finding.kind != FindingKind::VanishedColumn), "{:?}", report.findings);
    assert!(
        report.notes.iter().any(|note| note == "Left out, since a log holds what the model reads: late, tailnum."),
        "{:?}",
        report.notes
    );
    let report = drift::compare_with(DriftOptions::new(), &model, &winter, &seen).unwrap();
    assert_eq!(report.column("probability.1").unwrap().role, Role::Prediction);
    assert_eq!(report.columns.iter().filter(|column| column.role == Role::Prediction).count(), 2);
    assert_eq!(report.column("temp").unwrap().verdict, Verdict::Drifted);
    // What the server has answered is what the model answers.
    assert_eq!(report.column("noise").unwrap().verdict, Verdict::Stable);
}

/// The log of a server that has answered these rows.
fn log(rows: &DataFrame, model: &Gbdt) -> DataFrame {
    let n = rows.height();
    let answers = drift::predicted(model, rows).unwrap();
    let chance = answers.floats("probability.1").unwrap();
    let time = Series::new("time".into(), (0..n as i64).map(|i| 1_780_000_000_000_000 + i).collect::<Vec<_>>());
    let utc = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    let mut frame = df![
        "request_id" => (0..n).map(|i| format!("r{i}")).collect::<Vec<_>>(), "row" => vec![0u32; n],
        "model" => vec!["late"; n], "version" => vec!["1"; n], "latency_ms" => vec![0.1; n],
        "output.probability.0" => chance.iter().map(|p| 1.0 - p).collect::<Vec<_>>(), "output.probability.1" => chance,
    ]
    .unwrap();
    let named = |from: &str, to: &str, table: &DataFrame| table.column(from).unwrap().clone().with_name(to.into());
    for name in ["temp", "origin", "noise"] {
        frame.with_column(named(name, &format!("input.{name}"), rows)).unwrap();
    }
    frame.with_column(named("prediction", "output.prediction", &answers)).unwrap();
    frame.with_column(Column::from(time.cast(&utc).unwrap())).unwrap();
    frame
}

#[test]
fn a_model_is_found_by_its_address() {
    let _turn = crate::turn();
    let directory = tempfile::tempdir().unwrap();
    let (winter, summer) = (flights(2000, 20.0), flights(1500, 35.0));
    let model = model(&winter);
    let error = |address: &str| {
        drift::compare_with_address(DriftOptions::new(), address, &winter, &summer).unwrap_err().to_string()
    };
    assert!(error("nowhere").starts_with("there is no model at nowhere: "), "{}", error("nowhere"));
    std::fs::create_dir_all(directory.path().join(".ironbook")).unwrap();
    let store = track::SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
    let run = track::start("drift", RunOptions::default().directory(directory.path()).store(Arc::new(store)));
    let run = run.unwrap();
    let id = ironbook::models::log(&model, "late").unwrap();
    let report = drift::compare_with(DriftOptions::new(), &model, &winter, &summer).unwrap();
    drift::tell(&report).unwrap();
    let told = run.fetch().unwrap();
    let share = told.metrics.iter().find(|metric| metric.key == "drift.share").unwrap().value;
    assert_eq!(share, report.share);
    let fetched = track::fetch_model_from(run.store(), &format!("models:/{id}")).unwrap();
    let address = fetched.file().parent().unwrap().to_string_lossy().into_owned();
    let again = drift::compare_with_address(DriftOptions::new(), &address, &winter, &summer).unwrap();
    assert_eq!(again, report);
    run.end(Status::Finished).unwrap();
    drift::tell(&report).unwrap(); // without a run it does nothing
}

#[test]
fn paths_that_are_no_tables_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let first = |path: &Path| {
        let error = drift::open(path).map(|_| ()).unwrap_err().to_string();
        error.lines().next().unwrap().replace(&directory.path().display().to_string(), "DIR")
    };
    assert_eq!(first(directory.path()), "there is no Parquet file in \"DIR\"");
    let damaged = directory.path().join("x.parquet");
    std::fs::write(&damaged, "no Parquet").unwrap();
    assert!(first(&damaged).contains("DIR/x.parquet"), "{}", first(&damaged));
    assert!(first(directory.path()).contains("DIR"), "{}", first(directory.path()));
    assert!(first(&directory.path().join("nowhere.csv")).contains("nowhere.csv"));
}
