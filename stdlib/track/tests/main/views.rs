//! What people see.

use crate::run_in;
use ironbook_core::Display;
use ironbook_track::{Artifacts as _, ArtifactsOf, Runs as _};
use ironbook_track::{Batch, Metric, Param, Run, RunInfo, RunUpdate, RunView, RunsTable, SqliteStore, Status, Tag};

fn run(name: &str, status: Status, params: &[(&str, &str)], metrics: &[(&str, f64)]) -> Run {
    let info = RunInfo {
        user: String::new(),
        artifact_uri: String::new(),
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        experiment: "1".to_owned(),
        name: name.to_owned(),
        status,
        start: 1_700_000_000_000,
        end: Some(1_700_000_083_000),
        deleted: false,
    };
    let metric = |(key, value): &(&str, f64)| Metric::new(*key, *value, 0, 0);
    let params = params.iter().map(|(k, v)| Param::new(*k, v)).collect();
    Run { params, metrics: metrics.iter().map(metric).collect(), ..Run::empty(info) }
}

#[test]
fn runs_are_compared_by_what_differs() {
    let runs = vec![
        run("logistic", Status::Finished, &[("c", "1"), ("seed", "0")], &[("auc", 0.712_34), ("rows", 336_776.0)]),
        run("baseline", Status::Failed, &[("seed", "0")], &[("auc", 0.5)]),
    ];
    let table = RunsTable::new("flights", runs, false);
    assert_eq!(table.differing_params(), ["c"]);
    let bundle = table.bundle();
    let lines: Vec<_> = bundle.plain().lines().collect();
    assert_eq!(lines[0], "flights · 2 runs");
    // The time of the start is local: left out.
    let cells = |line: &str| {
        let mut cells: Vec<_> = line.trim_matches('│').split('│').map(|c| c.trim().to_owned()).collect();
        cells.remove(2);
        cells
    };
    assert_eq!(cells(lines[2]), ["run", "status", "duration", "c", "auc", "rows"]);
    assert_eq!(cells(lines[4]), ["logistic", "finished", "1 min 23 s", "1", "0.7123", "336776"]);
    assert_eq!(cells(lines[5]), ["baseline", "failed", "1 min 23 s", "–", "0.5000", "–"]);
    let widths: Vec<_> = lines[1..].iter().map(|l| l.chars().count()).collect();
    assert!(widths.iter().all(|w| *w == widths[0]), "{widths:?}");
    let html = bundle.data["text/html"].as_str().unwrap();
    assert!(html.contains("var(--jp-") && html.contains("<span class=\"status failed\">failed</span>"), "{html}");
}

#[test]
fn every_run_shows_a_metric_and_nested_ones_stand_below_theirs() {
    let within = |id: &str, parent: &str, name: &str, metrics: &[(&str, f64)]| {
        let mut made = run(name, Status::Finished, &[], metrics);
        made.info.id = id.to_owned();
        made.tags = if parent.is_empty() { Vec::new() } else { vec![Tag::new("mlflow.parentRunId", parent)] };
        made
    };
    let many: Vec<(String, f64)> = (0..12).map(|i| (format!("a{i:02}"), 1.0)).collect();
    let many: Vec<(&str, f64)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let runs = vec![
        within("t1", "s", "trial 1", &[("value", 1.0)]),
        within("t0", "s", "trial 0", &[("value", 2.0)]),
        within("e", "", "evaluated", &[&many[..], &[("roc_auc", 0.7), ("system/cpu", 3.0)]].concat()),
        within("s", "r", "study", &[("value", 1.0)]),
        within("r", "", "whole", &[("zeta", 0.25)]),
    ];
    let text = RunsTable::new("flights", runs, false).bundle().plain().to_owned();
    let column = |at: usize| -> Vec<String> {
        let rows = text.lines().filter(|line| line.starts_with('│'));
        rows.map(|line| line.trim_matches('│').split('│').nth(at).unwrap().trim().to_owned()).collect()
    };
    assert_eq!(column(0), ["run", "evaluated", "whole", "↳ study", "↳ trial 1", "↳ trial 0"], "{text}");
    assert!(text.contains("\u{a0}\u{a0}↳ trial 1"), "{text}");
    let titles: Vec<&str> = text.lines().nth(2).unwrap().split('│').map(str::trim).collect();
    assert_eq!(titles[5..13], ["roc_auc", "a00", "a01", "a02", "a03", "a04", "value", "zeta"], "{text}");
    assert!(!text.contains("system/cpu") && text.contains("not shown: 8 metrics"), "{text}");
}

#[test]
fn an_experiment_without_runs_says_how_to_begin() {
    let table = RunsTable::new("flights", Vec::new(), false);
    assert_eq!(table.bundle().plain(), "flights · 0 runs\nno runs yet: %track start begins one");
}

#[test]
fn what_users_write_is_escaped() {
    let evil = "<img src=x onerror=\"alert(1)\">";
    let runs = vec![run(evil, Status::Finished, &[("p", evil)], &[])];
    let table = RunsTable::new(evil, runs.clone(), false);
    let view = RunView {
        run: Run { tags: vec![Tag::new("t", evil)], ..runs[0].clone() },
        experiment: evil.to_owned(),
        curves: Vec::new(),
        artifacts: Vec::new(),
    };
    for bundle in [table.bundle(), view.bundle()] {
        let html = bundle.data["text/html"].as_str().unwrap();
        assert!(!html.contains("<img") && html.contains("&lt;img"), "{html}");
    }
}

#[test]
fn a_run_is_shown_with_its_curves() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let id = run_in(&store, "shown");
    let metrics: Vec<_> = (0..200).map(|step| Metric::now("loss", 1.0 / f64::from(step + 1), step.into())).collect();
    let odd = [Metric::now("odd", f64::NAN, 0), Metric::now("odd", f64::INFINITY, 1), Metric::now("flat", 2.0, 0)];
    let batch = Batch { metrics: &metrics, params: &[Param::new("c", 1)], tags: &[Tag::new("t", "v")] };
    store.log_batch(&id, batch).unwrap();
    store.log_batch(&id, Batch { metrics: &odd, ..Batch::default() }).unwrap();
    store.write_artifact(ArtifactsOf::Run(&id), "plots/roc.svg", &mut &b"<svg/>"[..]).unwrap();
    store.update_run(&id, &RunUpdate { status: Some(Status::Finished), ..RunUpdate::default() }).unwrap();
    let bundle = RunView::load(&store, &id).unwrap().bundle();
    let text = bundle.plain();
    for part in ["shown · started", "│ loss   │ 0.005000 │ 0.005000 │   1 │    200 │ █▁", "plots/roc.svg", "6 B", "∞"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let html = bundle.data["text/html"].as_str().unwrap();
    assert!(html.contains("<polyline") && !html.contains("NaN,") && !html.contains(",NaN"), "{html}");
}
