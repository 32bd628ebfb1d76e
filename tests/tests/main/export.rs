//! Sessions and notebooks written to files: `%save`, `%notebook`, `ironbook convert`.

use crate::runs::assert_valid;
use crate::support::{Desk, Done, ironbook, output_types, printed, run, workspace};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

#[test]
fn a_session_is_saved_as_a_script_and_a_notebook_that_run() {
    let desk = Desk::new();
    let text = "let a = 20;\n// %%\nprintln!(\"{a}\");\n2 * a\n// %%\n%save work.rs\n%notebook work.ipynb\n";
    let mut command = ironbook();
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.current_dir(desk.folder.path()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Done::from(child.wait_with_output().unwrap()).check(0, &[]);
    let notebook = desk.read("work.ipynb");
    assert_valid(&desk.path("work.ipynb"));
    assert_eq!(printed(&notebook, 1), "20\n");
    assert_eq!(output_types(&notebook, 1), ["stream", "execute_result"]);
    let done = run(["run", desk.path("work.rs").to_str().unwrap()]);
    done.check(0, &["ok: 2 cells"]);
    assert_eq!(done.stdout, "20\n40\n");
}

#[test]
fn every_example_survives_as_a_script() {
    let desk = Desk::new();
    let (script, back) = (desk.path("a.rs"), desk.path("b.ipynb"));
    let mut count = 0;
    for folder in fs::read_dir(workspace().join("examples")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "ipynb") {
                count += 1;
                run(["convert", "-f", path.to_str().unwrap(), script.to_str().unwrap()]).check(0, &["written:"]);
                run(["convert", "-f", script.to_str().unwrap(), back.to_str().unwrap()]).check(0, &["written:"]);
                assert_valid(&back);
                let before: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
                assert_eq!(texts(&desk.read("b.ipynb")), texts(&before), "{}", path.display());
            }
        }
    }
    assert!(count > 1);
}

/// Kind and source of each cell.
fn texts(notebook: &Value) -> Vec<(String, String)> {
    let source = |cell: &Value| match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or("").to_owned(),
    };
    let cells = notebook["cells"].as_array().unwrap().iter();
    cells.map(|cell| (cell["cell_type"].as_str().unwrap().to_owned(), source(cell))).collect()
}

#[test]
fn a_conversion_that_cannot_be_says_why() {
    let desk = Desk::new();
    let script = desk.write("a.rs", "// %%\n1\n");
    let script = script.to_str().unwrap();
    let path = |name: &str| desk.path(name).to_string_lossy().into_owned();
    run(["convert", script, &path("a.ipynb")]).check(0, &["written:"]);
    run(["convert", script, &path("a.ipynb")]).check(2, &["a.ipynb exists already", "`--force` replaces it"]);
    run(["convert", script, &path("a.txt")]).check(2, &["neither a notebook (.ipynb) nor a script (.rs)"]);
    run(["convert", script, &path("no/a.ipynb")]).check(2, &["cannot write", "make its directory first"]);
    run(["convert", &path("b.rs"), &path("b.ipynb")]).check(2, &["cannot read", "check the path"]);
    let done = run(["convert", desk.notebook("n.ipynb", &["1"]).to_str().unwrap(), &path("n.rs")]);
    done.check(0, &["written:"]);
    assert_eq!(fs::read_to_string(desk.path("n.rs")).unwrap(), "// %%\n1\n");
}
