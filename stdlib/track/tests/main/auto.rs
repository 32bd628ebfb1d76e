//! What runs record by themselves, told by the library's own words for it.

use crate::turn;
use ironbook_core::record::{self, Curve, Data, File, Fit, Judged, Mark};
use ironbook_track::{self as track, RunHandle, RunOptions, Search, Status};
use std::path::Path;

fn start(directory: &Path) -> RunHandle {
    track::register();
    track::start("auto", RunOptions::default().directory(directory)).unwrap()
}

fn files() -> Vec<File> {
    let file = |path: &str, digest: Option<&str>| File {
        path: path.to_owned(),
        format: "CSV".to_owned(),
        bytes: 10,
        rows: Some(3),
        digest: digest.map(str::to_owned),
    };
    vec![file("data/flights.csv", Some(&"ab".repeat(32))), file("lazy.csv", None)]
}

fn data(context: &'static str, digest: &'static str, then: impl FnOnce(&Data<'_>)) {
    let columns = || vec![("x".to_owned(), "double".to_owned()), ("y".to_owned(), "double".to_owned())];
    let (digest, example) =
        (move || digest.to_owned(), || Some(serde_json::json!({"columns": ["x"], "data": [[1.0]]})));
    then(&Data { context, rows: 3, columns: &columns, target: "y", digest: &digest, example: &example, files });
}

fn fit(model: &'static str, lr: &str) -> Mark {
    let mark = Mark::fresh();
    let told = Fit::begin(model).unwrap();
    record::step(0, &[("loss", 0.5)]);
    record::step(1, &[("loss", 0.25)]);
    let params = [("lr".to_owned(), lr.to_owned())];
    let curves = vec![Curve { name: "train_logloss".to_owned(), values: vec![0.7, 0.6, 0.5] }];
    data("training", "d1", |data| told.end(mark, &params, &[data], curves, None));
    mark
}

fn judge(mark: Mark, auc: f64) {
    let metrics = [("roc_auc".to_owned(), auc)];
    data("evaluation", "d2", |data| {
        record::recorder().unwrap().judged(&Judged { mark, metrics: &metrics, data: Some(data), report: None });
    });
}

#[test]
fn each_model_has_a_run_of_its_own() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let run = start(directory.path());
    let first = fit("Gbdt", "0.1");
    let second = fit("Gbdt", "0.2");
    // Judged in another order than fitted.
    judge(second, 0.9);
    judge(first, 0.8);
    judge(first, 0.81);
    track::end(Status::Finished).unwrap();
    let store = run.store();
    let runs = store.search_runs(&Search::all()).unwrap().items;
    let [child, parent] = &runs[..] else { panic!("{runs:#?}") };
    assert_eq!((parent.info.id.as_str(), child.parent()), (run.id(), Some(run.id())));
    assert_eq!(
        (parent.param("model"), parent.param("lr"), parent.metric("roc_auc")),
        (Some("Gbdt"), Some("0.1"), Some(0.81))
    );
    assert_eq!((child.param("lr"), child.metric("roc_auc")), (Some("0.2"), Some(0.9)));
    assert_eq!((child.info.status, child.info.name.as_str()), (Status::Finished, "Gbdt 2"));
    let values = |run: &str, key: &str| -> Vec<(i64, f64)> {
        store.metric_history(run, key).unwrap().iter().map(|m| (m.step, m.value)).collect()
    };
    assert_eq!(values(run.id(), "roc_auc"), [(0, 0.8), (1, 0.81)]);
    for of in [parent, child] {
        assert_eq!(values(&of.info.id, "loss"), [(0, 0.5), (1, 0.25)], "steps of a fit belong to its run");
        assert_eq!(values(&of.info.id, "train_logloss"), [(0, 0.7), (1, 0.6), (2, 0.5)]);
        assert!(of.metric("fit_seconds").is_some());
        let inputs: Vec<_> =
            of.datasets.iter().map(|input| (input.dataset.name.as_str(), input.dataset.digest.as_str())).collect();
        assert!(inputs.contains(&("data for y", "d1")), "{inputs:?}");
        assert!(inputs.iter().any(|(name, digest)| *name == "flights" && *digest == "ab".repeat(16)), "{inputs:?}");
        assert!(!inputs.iter().any(|(name, _)| *name == "lazy"), "what was not hashed has no fingerprint");
    }
    let judged =
        parent.datasets.iter().find(|input| input.dataset.digest == "d2").expect("the data that it was judged on");
    assert_eq!(judged.tags, [track::Tag::new("mlflow.data.context", "evaluation")]);
}

#[test]
fn nothing_is_told_without_a_run_or_when_it_is_off() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    track::register();
    assert!(Fit::begin("Gbdt").is_none(), "no run is active");
    let run = start(directory.path());
    track::set_auto(false);
    assert!(Fit::begin("Gbdt").is_none(), "it is off");
    track::set_auto(true);
    let hush = ironbook_core::display::Hush::new();
    assert!(Fit::begin("Gbdt").is_none(), "within something larger");
    drop(hush);
    let failed = Fit::begin("Gbdt").unwrap();
    data("training", "d1", |data| failed.end(Mark::default(), &[], &[data], Vec::new(), Some("no rows".to_owned())));
    drop(Fit::begin("Ridge").unwrap());
    track::end(Status::Finished).unwrap();
    assert!(Fit::begin("Gbdt").is_none(), "the run has ended");
    let found = run.fetch().unwrap();
    assert_eq!((found.param("model"), found.tag("ironbook.fit.error")), (Some("Gbdt"), Some("no rows")));
}

#[test]
fn a_run_knows_its_machine_and_cells() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let before = track::CellRecord::begin(3, "%track start auto".to_owned());
    let run = start(directory.path());
    before.end(true);
    track::CellRecord::begin(4, "let x = 1;\n".to_owned()).end(false);
    track::end(Status::Finished).unwrap();
    track::CellRecord::begin(5, "let y = 1;".to_owned()).end(true);
    let found = run.fetch().unwrap();
    for name in
        ["system/cpu_utilization_percentage", "system/system_memory_usage_megabytes", "system/process_memory_megabytes"]
    {
        let value = found.metric(name).unwrap_or_else(|| panic!("{name} is missing: {:?}", found.metrics));
        assert!(value >= 0.0 && value.is_finite(), "{name} {value}");
    }
    // Set where there is an NVIDIA GPU.
    if std::env::var_os("IRONBOOK_TEST_GPU").is_some() {
        for name in
            ["gpu_0_utilization_percentage", "gpu_0_memory_usage_megabytes", "gpu_0_power_usage_watts", "energy_joules"]
        {
            let value =
                found.metric(&format!("system/{name}")).unwrap_or_else(|| panic!("{name}: {:?}", found.metrics));
            assert!(value >= 0.0 && value.is_finite(), "{name} {value}");
        }
        assert!(found.tag("ironbook.device").is_some_and(|device| device.contains("NVIDIA")), "{:?}", found.tags);
        found.metrics.iter().for_each(|m| println!("{} {}", m.key, m.value));
        println!("{:?}", found.tag("ironbook.device"));
    }
    assert!(found.tag("ironbook.device").is_some_and(|device| device.contains('×')), "{:?}", found.tags);
    assert_eq!(found.tag("ironbook.seed"), Some("0"));
    let cells: Vec<_> = run.view().unwrap().artifacts.into_iter().map(|a| a.path).collect();
    assert_eq!(cells, ["cells/0003.rs", "cells/0004.rs"]);
    let mut text = String::new();
    let of = track::ArtifactsOf::Run(run.id());
    std::io::Read::read_to_string(&mut run.store().read_artifact(of, "cells/0004.rs").unwrap(), &mut text).unwrap();
    assert!(text.starts_with("// cell 4: failed after 0.") && text.ends_with("\nlet x = 1;\n"), "{text}");
}

#[test]
fn runs_are_compared_and_the_best_found() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    for (name, lr, auc, loss) in [("slow", 0.01, 0.7, 0.6), ("fast", 0.1, 0.9, 0.3), ("wild", 1.0, 0.6, 0.9)] {
        track::start("auto", RunOptions::default().directory(directory.path()).name(name)).unwrap();
        track::log_param("lr", lr).unwrap();
        track::log_param("depth", 3).unwrap();
        track::log_metrics(&[("auc", auc), ("loss", 1.0), ("loss", loss)]).unwrap();
        track::end(Status::Finished).unwrap();
    }
    let names = |table: track::RunsTable| table.runs.into_iter().map(|run| run.info.name).collect::<Vec<_>>();
    assert_eq!(names(track::best("auc", None, 2).unwrap()), ["fast", "slow"]);
    assert_eq!(names(track::best("loss", None, 3).unwrap()), ["fast", "slow", "wild"]);
    assert_eq!(names(track::best("loss", Some(false), 1).unwrap()), ["wild"]);
    let error = track::best("accuracy", None, 1).unwrap_err().to_string();
    assert!(error.contains("accuracy") && error.contains("`auc`, `loss`"), "{error}");
    let both = track::compare(&["slow", "fast"]).unwrap();
    assert_eq!(both.differing_params(), ["lr"]);
    assert_eq!(both.metric_names(), ["auc", "loss"]);
    let text = ironbook_core::Display::bundle(&both).plain().to_owned();
    assert!(text.contains("0.9000 ◂") && text.contains("0.3000 ◂") && !text.contains("depth"), "{text}");
    assert!(track::compare(&["slow"]).is_err());
    assert_eq!(names(track::recent(10).unwrap()).len(), 3);
}
