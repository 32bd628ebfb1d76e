//! `ironbook run` on notebooks and scripts that are as they should be.

use crate::support::{Desk, Done, code, ironbook, notebook, output_types, printed, run};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_notebook_is_executed_and_written() {
    let desk = Desk::new();
    let cells = [
        json!({"cell_type": "markdown", "metadata": {}, "source": "# Title"}),
        code("let x = 20;\nprintln!(\"x is {x}\");", &[]),
        code("x + 1", &[]),
        code("", &[]),
        code("df![\"a\" => [1, 2]]?", &[]),
    ];
    let path = desk.write("n.ipynb", &notebook(&cells).to_string());
    let out = desk.path("out.ipynb");
    let done = run(["run", path.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    done.check(0, &["[1/3]", "[3/3]", "ok:", "out.ipynb"]);
    assert!(done.stdout.contains("x is 20") && done.stdout.contains("21"), "{}", done.stdout);
    let written = desk.read("out.ipynb");
    assert_eq!(printed(&written, 1), "x is 20\n");
    assert_eq!(written["cells"][2]["outputs"][0]["data"]["text/plain"], json!(["21"]));
    assert_eq!(written["cells"][2]["outputs"][0]["execution_count"], 2);
    assert_eq!(written["cells"][3]["execution_count"], Value::Null);
    assert!(written["cells"][4]["outputs"][0]["data"]["text/html"].is_array());
    assert_eq!(written["cells"][0]["source"], "# Title", "what is not executed stays as it was");
    assert_valid(&out);
}

#[test]
fn a_script_takes_parameters_in_both_forms() {
    let desk = Desk::new();
    let path = desk.write(
        "s.rs",
        "//! About.\n\n// %% parameters\nlet n = 1;\nlet name = \"a\";\n\n// %% [markdown]\n// # Title\n\n// %% Show\n\
         println!(\"{n} {name}\");\n// %who\n",
    );
    let out = desk.path("out.ipynb");
    let path = path.to_str().unwrap();
    let done = run(["run", "-p", "n", "5", path, "-p", "name=b c", "-o", out.to_str().unwrap()]);
    done.check(0, &["ok:"]);
    assert!(done.stdout.contains("5 b c"), "{}", done.stdout);
    let written = desk.read("out.ipynb");
    assert_eq!(written["cells"][1]["metadata"]["tags"], json!(["injected-parameters"]));
    assert_eq!(written["cells"][2]["cell_type"], "markdown");
    assert_valid(&out);
}

#[test]
fn a_failing_cell_ends_the_run_and_is_shown() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["println!(\"one\");", "let broken: i32 = \"two\";", "println!(\"three\");"]);
    let out = desk.path("out.ipynb");
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let done = run(["run", path, "-o", out]);
    done.check(1, &["E0308", "broken", "failed: cell 2"]);
    assert!(!done.stdout.contains("three"));
    let written = desk.read("out.ipynb");
    assert_eq!(printed(&written, 0), "one\n");
    assert_eq!(output_types(&written, 1), ["error"]);
    assert_eq!(written["cells"][1]["outputs"][0]["ename"], "E0308");
    assert_eq!(written["cells"][2]["execution_count"], Value::Null);
    assert_valid(Path::new(out));

    let done = run(["run", path, "-o", out, "--keep-going"]);
    done.check(1, &["failed: cell 2"]);
    assert_eq!(printed(&desk.read("out.ipynb"), 2), "three\n");
}

#[test]
fn a_cell_that_is_meant_to_fail_may() {
    let desk = Desk::new();
    let cells = [code("panic!(\"as told\");", &["raises-exception"]), code("println!(\"on\");", &[])];
    let path = desk.write("n.ipynb", &notebook(&cells).to_string());
    let done = run(["run", path.to_str().unwrap()]);
    done.check(0, &["as told", "ok:"]);
    assert!(done.stdout.contains("on"));
}

#[test]
fn an_unchanged_notebook_compiles_nothing() {
    let desk = Desk::new();
    let unique = desk.folder.path().display().to_string();
    let path = desk.notebook("n.ipynb", &[&format!("let place = \"{unique}\";"), "place.len()"]);
    let path = path.to_str().unwrap();
    run(["run", path]).check(0, &["compiling"]);
    let again = run(["run", path]);
    again.check(0, &["of which compiling 0.0 ms"]);
}

#[test]
fn values_of_the_library_live_on_in_later_cells() {
    let desk = Desk::new();
    let cells = [
        "let truth = [0.0f64, 1.0, 0.0, 1.0];",
        "let curve = eval::roc_curve(&truth, &[0.1, 0.9, 0.2, 0.8])?;",
        "let chart = plot::roc(&curve.fpr, &curve.tpr, curve.auc)?;",
        "let run = track::active();",
        "println!(\"{} {}\", curve.auc, run.is_none());\nlet same = chart;",
    ];
    let path = desk.notebook("n.ipynb", &cells);
    let done = run(["run", path.to_str().unwrap()]);
    done.check(0, &["ok:"]);
    assert_eq!(done.stdout, "1 true\n");
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let desk = Desk::new();
    let runs = ["one", "two"].map(|name| {
        let path = desk.notebook(&format!("{name}.ipynb"), &["let a = vec![1, 2, 3];", "a.iter().sum::<i32>()"]);
        ironbook()
            .arg("run")
            .arg(path)
            .arg("-o")
            .arg(desk.path(&format!("{name}-out.ipynb")))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for (child, name) in runs.into_iter().zip(["one", "two"]) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let written = desk.read(&format!("{name}-out.ipynb"));
        assert_eq!(written["cells"][1]["outputs"][0]["data"]["text/plain"], json!(["6"]));
    }
}

#[test]
fn one_cell_from_the_command_line() {
    let done = run(["-e", "6 * 7"]);
    done.check(0, &[]);
    assert_eq!(done.stdout, "42\n");
    run(["-e", "6 *"]).check(1, &[]);
    run(["--opt", "9"]).check(2, &["possible values"]);
}

#[test]
fn what_comes_through_a_pipe_is_a_script() {
    use std::io::Write as _;
    let pipe = |text: &str| {
        let mut child = ironbook().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Done::from(child.wait_with_output().unwrap())
    };
    let done = pipe("fn twice(x: i32) -> i32 {\n    2 * x\n}\n// %%\ntwice(21)\n// %%\n%%bash\necho shell\n");
    done.check(0, &[]);
    assert_eq!(done.stdout, "42\nshell\n");
    let done = pipe("panic!(\"no\")\n// %%\nprintln!(\"after\");\n");
    done.check(1, &["no"]);
    assert!(!done.stdout.contains("after"));
}

/// Asks Jupyter's own library; without it the check is skipped, except in CI.
#[track_caller]
pub fn assert_valid(path: &Path) {
    let Some(python) = std::env::var_os("IRONBOOK_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "CI sets IRONBOOK_TEST_PYTHON");
        eprintln!("SKIPPED nbformat.validate: IRONBOOK_TEST_PYTHON is not set");
        return;
    };
    let script = "import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))";
    let output = Command::new(python).args(["-W", "error", "-c", script]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
