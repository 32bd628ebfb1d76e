//! Cells again, and a session that goes on.

use crate::fake::{Fake, text};
use ironbook_magics::Shell;
use ironbook_session::{Slice, Status};
use std::collections::BTreeSet;

fn shell() -> Shell<Fake> {
    Shell::new(Fake::new(std::path::Path::new("/")))
}

/// Runs a cell; its output, and the number it had, or why it failed.
fn run(shell: &mut Shell<Fake>, cell: &str) -> Result<(String, u64), String> {
    let mut events = Vec::new();
    let outcome = shell.run_cell(cell, None, &mut |event| events.push(event));
    match outcome.status {
        Status::Ok => Ok((text(&events), outcome.number)),
        Status::Failed(failure) => Err(failure.report.join("\n")),
    }
}

#[test]
fn cells_run_again_by_number_range_and_the_last_one_without_any() {
    let mut shell = shell();
    for cell in ["let a = 1;", "let b = 2;", "let c = 3;"] {
        run(&mut shell, cell).unwrap();
    }
    let (output, _) = run(&mut shell, "%rerun 1 2-3").unwrap();
    assert_eq!(output.lines().collect::<Vec<_>>(), ["cell 1: let a = 1;", "cell 2: let b = 2;", "cell 3: let c = 3;"]);
    assert_eq!(shell.engine().rust()[3..], ["let a = 1;", "let b = 2;", "let c = 3;"]);
    run(&mut shell, "%rerun").unwrap();
    assert_eq!(shell.engine().rust().last().unwrap(), "let c = 3;");
    let before = shell.engine().sources.len();
    run(&mut shell, "%rerun --dry-run 1").unwrap();
    assert_eq!(shell.engine().sources.len(), before);
    assert!(run(&mut shell, "%rerun 99").unwrap_err().contains("no cell 99"));
    assert!(run(&mut shell, "%rerun model").unwrap_err().contains("no number"));
    assert!(run(&mut shell, "%rerun 4").unwrap_err().contains("runs cells itself"));
}

#[test]
fn what_is_out_of_date_runs_again_piece_by_piece_and_in_order() {
    let mut shell = shell();
    for cell in ["let a = 1;", "let b = 2;", "let c = 3;"] {
        run(&mut shell, cell).unwrap();
    }
    shell.engine().slice = Slice { names: BTreeSet::from(["c".to_owned()]), executions: vec![1, 3] };
    let (output, _) = run(&mut shell, "%rerun --stale").unwrap();
    assert_eq!(output.lines().collect::<Vec<_>>(), ["cell 1: let a = 1;", "cell 3: let c = 3;"]);
    assert_eq!(shell.engine().rust()[3..], ["let a = 1;", "let c = 3;"]);
    shell.engine().slice = Slice { names: BTreeSet::from(["d".to_owned()]), executions: Vec::new() };
    assert!(run(&mut shell, "%rerun --lost").unwrap_err().contains("no cell of this session makes d"));
}

#[test]
fn a_failing_cell_stops_what_would_run_after_it() {
    let mut shell = shell();
    for cell in ["let a = 1;", "let b = 2;"] {
        run(&mut shell, cell).unwrap();
    }
    shell.engine().fails = Some("let a");
    assert!(run(&mut shell, "%rerun 1-2").unwrap_err().contains("boom"));
    assert_eq!(shell.engine().rust().last().unwrap(), "let a = 1;");
}

#[test]
fn a_resumed_session_counts_on_and_knows_its_cells() {
    let mut shell = shell();
    let (output, number) = run(&mut shell, "%resume known").unwrap();
    assert!(output.contains("1 cell so far, 1 variable back"), "{output}");
    assert_eq!(number, 8);
    assert_eq!(run(&mut shell, "let b = 1;").unwrap().1, 9);
    assert!(run(&mut shell, "%rerun -n 7").unwrap().0.contains("cell 7: let a = 1;"));
}

#[test]
fn every_cell_is_told_to_the_session() {
    let mut shell = shell();
    run(&mut shell, "%who\nlet a = 1;").unwrap();
    let told = &shell.engine().cells[0];
    assert_eq!(
        (told.number, told.text.as_str(), told.ok, &told.executions[..]),
        (1, "%who\nlet a = 1;", true, &[1][..])
    );
}

#[test]
fn variables_that_are_out_of_date_are_marked() {
    let mut shell = shell();
    run(&mut shell, "let a = 1;").unwrap();
    shell.engine().variables[0].stale = Some("made from an older `df`".to_owned());
    let (output, _) = run(&mut shell, "%who").unwrap();
    assert!(output.starts_with("a*\n* out of date"), "{output}");
    assert!(run(&mut shell, "%whos").unwrap().0.contains("older `df`"));
}
