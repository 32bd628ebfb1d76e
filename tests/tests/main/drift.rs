//! `ironbook drift` as CI runs it: files and logs, the report, and the exit status.

use crate::support::{Desk, Done, ironbook, run};
use serde_json::Value;
use std::fs;

/// A desk with CSV files: 300 rows of winter, of summer, and of winter again.
fn desk() -> Desk {
    let desk = Desk::new();
    let rows = |from: usize, carriers: [&str; 3]| {
        let row = |i: usize| format!("{}.5,{},{}\n", from + i * 7 % 30, carriers[i % 3], i * 11 % 60);
        "temp,carrier,minute\n".to_owned() + &(0..300).map(row).collect::<String>()
    };
    desk.write("winter.csv", &rows(20, ["AA", "UA", "DL"]));
    desk.write("summer.csv", &rows(65, ["AA", "UA", "DL"]));
    desk.write("again.csv", &rows(20, ["AA", "UA", "DL"]));
    desk.write("text.csv", &rows(20, ["AA", "UA", "DL"]).replace(".5,", "F,"));
    desk.write("empty.csv", "temp,carrier,minute\n");
    desk.write("no.parquet", "PAR1 cut off");
    fs::create_dir(desk.path("requests")).unwrap();
    desk
}

fn drift(desk: &Desk, arguments: &str) -> Done {
    let mut command = ironbook();
    command.current_dir(desk.folder.path()).arg("drift").args(arguments.split(' '));
    command.output().expect("ironbook starts").into()
}

#[test]
fn the_status_says_whether_data_have_drifted() {
    let desk = desk();
    let same = drift(&desk, "winter.csv again.csv --fail-on drift,column,schema");
    same.check(0, &[]);
    assert!(same.stdout.starts_with("0 of 3 columns drifted"), "{}", same.stdout);
    let told = drift(&desk, "winter.csv summer.csv");
    told.check(0, &[]);
    assert!(
        told.stdout.starts_with("1 of 3 columns drifted") && told.stdout.contains("winter 300 rows"),
        "{}",
        told.stdout
    );
    drift(&desk, "winter.csv summer.csv --fail-on drift").check(0, &[]);
    let words = ["error: 1 of 3 columns drifted (33.3%)", ": temp\n", "help: see what has changed"];
    drift(&desk, "winter.csv summer.csv --fail-on column").check(1, &words);
    drift(&desk, "winter.csv summer.csv --fail-on drift --share 0.3").check(1, &["have drifted"]);
    let quiet = drift(&desk, "winter.csv text.csv --fail-on schema -q");
    quiet.check(1, &["error: columns and types differ: temp: f64 in winter, str in text"]);
    assert_eq!(quiet.stdout, "");
}

#[test]
fn reports_are_written() {
    let desk = desk();
    let arguments = "winter.csv summer.csv --report page.html --json report.json --test temp=ks --threshold temp=0.01";
    drift(&desk, arguments).check(0, &[]);
    let page = fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("winter") && !page.contains("<script"));
    let report = desk.read("report.json");
    assert_eq!(report["columns"][0]["name"], "temp");
    assert_eq!(report["columns"][0]["result"]["threshold"], 0.01);
    let printed = drift(&desk, "winter.csv summer.csv --json -");
    printed.check(0, &[]);
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(printed["rows"]["current"], 300);
}

/// Names of tests and options are written by the command line and read by the library.
#[test]
fn every_option_reaches_the_library() {
    let desk = desk();
    for (test, column) in [
        ("ks", "temp"),
        ("chisquare", "carrier"),
        ("z", "carrier"),
        ("wasserstein", "temp"),
        ("jensenshannon", "temp"),
        ("psi", "temp"),
    ] {
        let done = drift(&desk, &format!("winter.csv summer.csv --columns {column} --test {column}={test} --json -"));
        done.check(0, &[]);
        let report: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(report["columns"][0]["result"]["test"], test);
    }
    let all = "winter.csv summer.csv --ignore carrier --target minute --prediction temp --numeric minute --categorical carrier \
               --numeric-test psi --categorical-test z --p-threshold 0.01 --distance-threshold 0.2 --share 0.4 --fdr --json -";
    let done = drift(&desk, all);
    done.check(0, &[]);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&report["columns"][0]["name"], &report["columns"][0]["role"]), (&"minute".into(), &"target".into()));
    assert_eq!(
        (&report["columns"][1]["role"], &report["columns"][1]["result"]["test"]),
        (&"prediction".into(), &"psi".into())
    );
    assert_eq!(report["columns"][1]["result"]["threshold"], 0.2);
    assert_eq!(report["share_threshold"], 0.4);
    assert!(report["fdr"].is_object());
}

#[test]
fn what_cannot_be_compared_ends_with_two() {
    let desk = desk();
    let check = |arguments: &str, words: &[&str]| {
        drift(&desk, arguments).check(2, words);
    };
    check("winter.csv", &["the following required arguments were not provided", "<CURRENT>"]);
    check("winter.csv summer.csv --log requests", &["cannot be used with"]);
    check("winter.csv summer.csv --test temp=nose", &["there is no test `nose`; there are ks, chisquare"]);
    check("winter.csv summer.csv --fail-on weather", &["[possible values: drift, column, schema]"]);
    check(
        "winter.csv summer.csv --columns tmep",
        &["error: no column is called \"tmep\", which columns names", "help: there are: temp"],
    );
    check(
        "winter.csv summer.csv --test temp=chisquare",
        &["the test chisquare is not for numeric columns like \"temp\""],
    );
    check("winter.csv summer.csv --share 2", &["the share of drifted columns is 2"]);
    check("winter.csv empty.csv", &["error: the current data has no rows", "help: widen the window"]);
    check("nowhere.csv winter.csv", &["nowhere.csv"]);
    check("winter.csv no.parquet", &["no.parquet"]);
    check("winter.csv requests", &["there is no Parquet file in \"requests\""]);
    check("winter.csv --log requests", &["there is no request log in \"requests\""]);
    check("winter.csv --log nowhere", &["there is no request log in \"nowhere\""]);
    fs::copy(desk.path("no.parquet"), desk.path("requests/1.parquet")).unwrap();
    check("winter.csv --log requests", &["1.parquet"]);
    check(
        "winter.csv --log requests --since yesterday",
        &["error: \"yesterday\" is no moment", "help: write 2026-06-01"],
    );
    check("winter.csv summer.csv --model models:/none@champion", &["there is no model at models:/none@champion"]);
    // The report is there to read all the same.
    let done = drift(&desk, "winter.csv summer.csv --report nowhere/page.html");
    assert!(done.stdout.contains("columns drifted"), "{}", done.stdout);
    done.check(2, &["cannot write \"nowhere/page.html\""]);
}

#[test]
fn help_needs_no_library() {
    let mut command = ironbook();
    let folder = tempfile::tempdir().unwrap();
    let done: Done = command.env("IRONBOOK_HOME", folder.path()).args(["drift", "--help"]).output().unwrap().into();
    done.check(0, &[]);
    assert!(done.stdout.contains("Exit status: 0 nothing of what `--fail-on` names"), "{}", done.stdout);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    run(["drift", "-h"]).check(0, &[]);
}
