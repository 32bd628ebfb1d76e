//! `%save` and `%notebook`.

use crate::fake::{Fake, text};
use ironbook_core::Bundle;
use ironbook_magics::{Shell, script};
use ironbook_session::{Event, Failure, FailureKind, Status};
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;

struct Bench {
    shell: Shell<Fake>,
    folder: TempDir,
}

impl Bench {
    /// A session that has run these cells; those with `bad` in them fail.
    fn after(cells: &[&str]) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Shell::new(Fake::new(&folder.path().canonicalize().unwrap()));
        shell.engine().fails = Some("bad");
        let mut bench = Bench { shell, folder };
        for cell in cells {
            bench.run(cell).unwrap_or_default();
        }
        bench
    }

    fn run(&mut self, cell: &str) -> Result<String, Failure> {
        let mut events = Vec::new();
        match self.shell.run_cell(cell, None, &mut |event| events.push(event)).status {
            Status::Ok => Ok(text(&events)),
            Status::Failed(failure) => Err(failure),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn notebook(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The reason and the advice of a refusal.
    fn refused(&mut self, cell: &str) -> String {
        let failure = self.run(cell).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Magic, "{cell}");
        failure.report.join("\n")
    }
}

#[test]
fn the_cells_that_ran_become_a_script_that_runs() {
    let cells =
        ["let a = 1;", "bad();", "%seed 7\na", "%save early.rs", "// %% Fit tags=[\"x\"]\nlet s = r\"\n// %% in\n\";"];
    let mut bench = Bench::after(&cells);
    assert_eq!(bench.run("%save work.rs").unwrap(), "Wrote 3 cells to work.rs\n");
    assert_eq!(
        bench.read("work.rs"),
        "// %%\nlet a = 1;\n\n// %%\n%seed 7\na\n\n// %% Fit tags=[\"x\"]\nlet s = r\"\n// // %% in\n\";\n"
    );
    assert_eq!(script::parse(&bench.read("work.rs"))[2].source, "let s = r\"\n// %% in\n\";");
    bench.shell.engine().sources.clear();
    bench.run("%run work.rs").unwrap();
    assert_eq!(bench.shell.engine().rust().len(), 3);
}

#[test]
fn cells_are_taken_by_number_and_range() {
    let mut bench = Bench::after(&["1", "2", "bad 3", "4", "5"]);
    let mut saved = |args: &str| {
        let said = bench.run(&format!("%save -f part.rs {args}")).unwrap();
        assert!(said.contains("part.rs"), "{said}");
        let cells = script::parse(&bench.read("part.rs"));
        cells.into_iter().map(|cell| (cell.source, cell.tags.join(","))).collect::<Vec<_>>()
    };
    let plain = |texts: &[&str]| texts.iter().map(|text| ((*text).to_owned(), String::new())).collect::<Vec<_>>();
    assert_eq!(saved("2"), plain(&["2"]));
    assert_eq!(saved("5 1-3"), plain(&["5", "1", "2"]));
    assert_eq!(saved("4-5,1"), plain(&["4", "5", "1"]));
    let failed = ("bad 3".to_owned(), "raises-exception".to_owned());
    assert_eq!(saved("3"), std::slice::from_ref(&failed));
    assert_eq!(saved("2-3 --all"), [plain(&["2"]), vec![failed]].concat());
}

#[test]
fn a_file_that_is_there_is_kept_unless_one_says_otherwise() {
    let mut bench = Bench::after(&["1", "2"]);
    bench.run("%save work 1").unwrap();
    assert!(bench.refused("%save work.rs 2").contains("`work.rs` exists already"));
    assert!(bench.refused("%save work.rs 2").contains("`-f` replaces it, `-a` adds to it"));
    assert_eq!(bench.read("work.rs"), "// %%\n1\n");
    assert_eq!(bench.run("%save -a work.rs 2").unwrap(), "Added 1 cell to work.rs\n");
    assert_eq!(bench.read("work.rs"), "// %%\n1\n\n// %%\n2\n");
    bench.run("%save -f work 2").unwrap();
    assert_eq!(bench.read("work.rs"), "// %%\n2\n");
    bench.run("%save -a new.rs 1").unwrap();
    assert_eq!(bench.read("new.rs"), "// %%\n1\n");
}

#[test]
fn what_cannot_be_written_says_why() {
    let mut bench = Bench::after(&[]);
    assert!(bench.refused("%save a.rs").contains("nothing has run yet"));
    let mut bench = Bench::after(&["1", "bad"]);
    assert!(bench.refused("%save a.rs 7").contains("there is no cell 7; the cells so far are 1 to"));
    assert!(bench.refused("%save a.rs 5-3").contains("`5-3` is no cell and no range"));
    assert!(bench.refused("%save a.rs x").contains("%history -n"));
    assert!(bench.refused("%save a.rs 2-2").contains("`--all` takes cells that failed"));
    assert!(bench.refused("%save a.ipynb").contains("`%notebook` writes a notebook"));
    assert!(bench.refused("%notebook a.rs").contains("`%save` writes a script"));
    assert!(bench.refused("%save no/such/a.rs").contains("cannot write"));
    assert!(bench.refused("%save").contains("usage: %save"));
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0, "nothing half written is left");
}

#[test]
fn a_notebook_holds_the_cells_and_what_they_showed() {
    let mut bench = Bench::after(&["let a = 1;"]);
    let shown = |text: &str, update| Event::Display { bundle: Bundle::text(text), id: Some("d".into()), update };
    bench.shell.engine().events =
        vec![Event::Stdout("out\n".into()), shown("old", false), Event::Result(Bundle::text("1"))];
    bench.run("a").unwrap();
    bench.shell.engine().events = vec![shown("new", true)];
    bench.run("// %% [markdown] About\n// # Words").unwrap();
    drop(bench.run("bad"));
    bench.run("%notebook work.ipynb --all").unwrap();
    let notebook = bench.notebook("work.ipynb");
    let cells = notebook["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 4);
    assert_eq!(cells[1]["execution_count"], 2);
    assert_eq!(
        cells[1]["outputs"],
        json!([
            {"output_type": "stream", "name": "stdout", "text": ["out\n"]},
            {"output_type": "display_data", "data": {"text/plain": ["new"]}, "metadata": {}},
            {"output_type": "execute_result", "execution_count": 2, "data": {"text/plain": ["1"]}, "metadata": {}},
        ])
    );
    assert_eq!((&cells[2]["cell_type"], &cells[2]["source"]), (&json!("markdown"), &json!(["# Words"])));
    assert_eq!(cells[2]["metadata"]["title"], "About");
    assert_eq!(cells[3]["outputs"][0]["ename"], "panic");
    assert_eq!(cells[3]["metadata"]["tags"], json!(["raises-exception"]));
    assert_eq!(notebook["metadata"]["kernelspec"]["name"], "ironbook");
    bench.run("%notebook -a work.ipynb 1").unwrap();
    let longer = bench.notebook("work.ipynb");
    assert_eq!(longer["cells"].as_array().unwrap().len(), 5);
    assert_eq!(longer["cells"][1], notebook["cells"][1]);
    std::fs::write(bench.path("odd.ipynb"), "{").unwrap();
    assert!(bench.refused("%notebook -a odd.ipynb").contains("odd.ipynb` is not a notebook"));
    assert_eq!(bench.read("odd.ipynb"), "{");
}
