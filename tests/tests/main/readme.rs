//! What the README shows is true: its snippet runs, and so does its notebook.

use crate::support::{Desk, ironbook, run, workspace};

/// The first Rust block of the README.
fn snippet() -> String {
    let text = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let (_, rest) = text.split_once("```rust\n").expect("the README has a Rust block");
    rest.split_once("```").expect("the block ends").0.to_owned()
}

#[test]
fn the_snippet_runs() {
    let done = ironbook().current_dir(workspace()).args(["-e", &snippet()]).output().unwrap();
    let stdout = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(stdout.contains("ROC AUC 0.6"), "{stdout}");
    assert!(stdout.contains("SHAP") || stdout.contains("hour"), "{stdout}");
}

#[test]
fn the_digits_notebook_reads_digits() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("data")).unwrap();
    for file in ["digits.ipynb", "data/digits.parquet"] {
        std::fs::copy(workspace().join("examples/digits").join(file), desk.path(file)).unwrap();
    }
    let out = desk.path("out.ipynb");
    run(["run".into(), desk.path("digits.ipynb"), "-o".into(), out.clone(), "-p".into(), "epochs=6".into()])
        .check(0, &[]);
    let notebook = std::fs::read_to_string(&out).unwrap();
    let accuracy = notebook.split_once("network 0.").and_then(|(_, rest)| rest.get(..4)?.parse::<u32>().ok());
    assert!(accuracy.is_some_and(|accuracy| accuracy > 9600), "{accuracy:?}");
    assert!(notebook.contains("validation"));
}

#[test]
fn the_flights_notebook_beats_its_baseline_and_tracks_it() {
    let desk = Desk::new();
    let example = workspace().join("examples/flights");
    std::fs::create_dir_all(desk.path("data")).unwrap();
    std::fs::create_dir_all(desk.path(".ironbook")).unwrap();
    for file in ["flights.ipynb", "data/flights.parquet", "data/weather.parquet", "data/airlines.parquet"] {
        std::fs::copy(example.join(file), desk.path(file)).unwrap();
    }
    let out = desk.path("out.ipynb");
    let arguments = ["run".into(), desk.path("flights.ipynb"), "-o".into(), out.clone()];
    let done = run(arguments);
    done.check(0, &[]);
    let notebook = std::fs::read_to_string(&out).unwrap();
    for words in ["Gate for", "passed", "vnd.vegalite.v5+json", "image/png", "0.6936"] {
        assert!(notebook.contains(words), "no `{words}` in the executed notebook");
    }
    assert!(desk.path(".ironbook/track.db").is_file());
}

/// Trained on winter, served, fed with June, held against what the model has learnt from, retrained, swapped.
#[test]
fn the_loop_of_the_flights_closes() {
    let desk = Desk::new();
    let example = workspace().join("examples/flights");
    std::fs::create_dir_all(desk.path("data")).unwrap();
    std::fs::create_dir_all(desk.path(".ironbook")).unwrap();
    for file in ["loop.ipynb", "late.rs", "data/flights.parquet", "data/weather.parquet"] {
        std::fs::copy(example.join(file), desk.path(file)).unwrap();
    }
    let out = desk.path("out.ipynb");
    run(["run".into(), desk.path("loop.ipynb"), "-o".into(), out.clone()]).check(0, &[]);
    let notebook = std::fs::read_to_string(&out).unwrap();
    for words in [
        "reproduced:",
        "columns drifted",
        "late-flights 1.0.1: the same code on other data",
        "version \\\"2\\\" answers",
    ] {
        assert!(notebook.contains(words), "no `{words}` in the executed notebook");
    }
    // What `-p` has set stays a parameter.
    let parameters = std::fs::read_to_string(desk.path("pipelines/late-flights/1.0.0/params.yaml")).unwrap();
    assert!(parameters.contains("num_leaves: 5"), "{parameters}");
    let page = std::fs::read_to_string(desk.path("loop/drift.html")).unwrap();
    assert!(page.contains("temp") && page.contains("importance"));
    // The same question from outside: the log answers it without the session.
    let mut command = ironbook();
    command.current_dir(desk.folder.path()).args(["drift", "loop/winter.parquet", "--log", "loop/requests"]);
    command.args(["--model", "models:/late-flights/1", "--served-version", "1", "--fail-on", "column"]);
    let done: crate::support::Done = command.output().unwrap().into();
    done.check(1, &["columns drifted"]);
    assert!(done.stdout.contains("temp"), "{}", done.stdout);
}
