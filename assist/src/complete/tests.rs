//! Completion over views made by hand.

use super::*;
use crate::tests::view;

/// The candidates at the `|` of the text.
fn at(text: &str) -> Vec<String> {
    let cursor = text.find('|').unwrap();
    let text = format!("{}{}", &text[..cursor], &text[cursor + 1..]);
    let found = complete(&view(), &text, cursor);
    assert!(found.range.start <= found.range.end && found.range.end == cursor, "{text}: {:?}", found.range);
    found.candidates.into_iter().map(|candidate| candidate.text).collect()
}

/// Whether all of the first list are found, and none of the second.
fn check(text: &str, there: &[&str], not: &[&str]) {
    let found = at(text);
    for name in there {
        assert!(found.iter().any(|text| text == name), "{text}: no {name} in {found:?}");
    }
    for name in not {
        assert!(!found.iter().any(|text| text == name), "{text}: {name} in {found:?}");
    }
}

#[test]
fn names() {
    assert_eq!(at("fli|")[0], "flights");
    check("let flow = 1;\nfl|", &["flow", "flights"], &[]);
    check("De|", &["Delay"], &["flights"]);
    check("rea|", &["read_csv"], &[]);
    check("pri|", &["println!"], &[]);
    check("f|", &["fn", "flights", "for"], &[]);
    check("ma|", &["match", "mean_delay"], &[]);
    check("mea|", &["mean_delay"], &[]);
    check("|", &["flights", "model", "Delay"], &["read_csv", "fn"]);
    check("for row in rows { ro|", &["row"], &[]);
    check("rows.map(|x| x).sum::<f64>(", &[], &[]);
    check("fn f(width: f64) { wi|", &["width"], &[]);
    assert!(at("let fli|").is_empty() && at("fn mea|").is_empty());
    check("Delay { |", &["minutes", "airline"], &["mean_delay"]);
    assert_eq!(at("Delay { minutes: 1.0, |").iter().filter(|name| *name == "minutes").count(), 0);
    check("#[derive(Clo|", &["Clone"], &["flights"]);
}

#[test]
fn members() {
    check("flights.|", &["lazy", "height", "clone"], &["collect"]);
    assert_eq!(at("flights.gro|"), ["group_by"]);
    check("flights.lazy().fil|", &["filter"], &[]);
    check("flights.lazy().filter(col(\"a\").gt(1)).collect()?.he|", &["height"], &[]);
    check("let lf = flights.lazy();\nlf.col|", &["collect"], &[]);
    check("let df = lf.collect()?;\nlet n = df;\nn.hei|", &[], &[]);
    check("let df = flights.lazy().collect()?;\nlet n = df;\nn.hei|", &["height"], &[]);
    check("let m: DataFrame = f(x);\nm.hei|", &["height"], &[]);
    check("Gbdt::params().n_|", &["n_estimators"], &[]);
    check("let m = Gbdt::params().n_estimators(3);\nm.n_es|", &["n_estimators"], &[]);
    check("model.pre|", &["predict"], &[]);
    check("rows.|", &["push", "len"], &[]);
    check("rows.pop().unw|", &["unwrap"], &[]);
    check("rows.pop().unwrap().sq|", &["sqrt"], &[]);
    check("rows[0].sq|", &["sqrt"], &[]);
    check("worst.|", &["minutes", "airline", "is_long", "clone"], &["new"]);
    check("worst.airline.le|", &["len"], &[]);
    check("Delay::new().is|", &["is_long"], &[]);
    check("mean_delay(&flights).sq|", &["sqrt"], &[]);
    check("vec![1.0].pu|", &["push"], &[]);
    check("1..flights.he|", &["height"], &[]);
    check(
        "struct Own { a: u8 } impl Own { fn go(&self) -> f64 { 1. } }\nlet o = Own { a: 1 };\no.|",
        &["a", "go"],
        &[],
    );
    check("flights.he|ight()", &["height"], &[]);
    check("fn f(x: &DataFrame) { x.he|", &["height"], &[]);
    check("shared.he|", &["height"], &[]);
    check("pair.|", &["0", "1"], &[]);
    check("pair.0.he|", &["height"], &[]);
}

#[test]
fn paths() {
    check("Gbdt::|", &["params"], &["predict_all"]);
    check("Delay::|", &["new", "is_long"], &["minutes"]);
    check("Kind::|", &["Early", "Late"], &[]);
    check("eval::ro|", &["roc_auc"], &[]);
    check("ironbook::eval::|", &["roc_auc"], &[]);
    check("std::fs::re|", &["read_to_string"], &[]);
    check("use std::|", &["fs"], &[]);
    check("impl Delay { fn a() -> Self { Self::n|", &["new"], &[]);
    check("mod inner { pub fn deep() {} }\ninner::|", &["deep"], &[]);
}

#[test]
fn magics_and_their_arguments() {
    check("%ti|", &["%time", "%timeit"], &["%bash"]);
    check("%%ba|", &["%%bash"], &["%%time"]);
    check("let a = 1;\n%wh|", &["%who", "%whos"], &[]);
    check("%time --|", &[], &["flights"]);
    check("%timeit --|", &["--runs"], &[]);
    check("%track st|", &["start"], &[]);
    check("%track start flights --|", &["--name", "--nest"], &[]);
    check("%track end |", &["finished", "failed"], &[]);
    check("%reset fl|", &["flights"], &[]);
    check("%help ti|", &["timeit"], &[]);
    check("%time fli|", &["flights"], &[]);
    check("%time flights.he|", &["height"], &[]);
    check("%timeit flights.he|", &["height"], &[]);
    check("%%time\nlet a = flights.he|", &["height"], &[]);
    check("%track log rows={rows.le|", &["len"], &[]);
    check("%profile fli|", &["flights"], &[]);
    check("%profile flights --target arr|", &["arr_delay"], &[]);
    check("?fli|", &["flights"], &[]);
}

#[test]
fn columns_of_live_tables() {
    check("flights.select([\"arr|", &["arr_delay"], &[]);
    check("col(\"|", &["arr_delay", "carrier", "temp"], &[]);
    assert_eq!(at("weather.lazy().select([col(\"|"), ["temp", "arr_delay"]);
    assert_eq!(at("f(x).select([col(\"|").len(), 3);
    // What follows says what is wanted.
    assert_eq!(at("flights.lazy().select([col(\"|\").str().to_lowercase()"), ["carrier", "arr_delay"]);
    assert_eq!(at("flights.lazy().select([col(\"|\").mean()]"), ["arr_delay", "carrier"]);
    assert_eq!(at("flights.lazy().with_columns([x.alias(\"new\")]).filter(col(\"n|"), ["new"]);
    assert_eq!(at("flights.lazy().drop(cols([\"|"), ["arr_delay", "carrier"]);
    assert_eq!(at("flights.lazy().rename([\"|"), ["arr_delay", "carrier"]);
    assert_eq!(at("let odd = df!(\"a\\\"b\" => [1])?;\nodd.column(\"|"), ["a\\\"b"]);
    assert_eq!(at("weather.lazy().select([col(\"te|"), ["temp"]);
    assert_eq!(at("flights.lazy().group_by([col(\"|")[..2], ["arr_delay", "carrier"]);
    check("cols([\"carrier\", \"|", &["arr_delay"], &[]);
    check("flights.column(\"ca|", &["carrier"], &[]);
    check("flights[\"ca|", &["carrier"], &[]);
    check("fn f(n: u8, columns: &[&str]) {}\nf(1, &[\"ca|", &["carrier"], &[]);
    check("x.alias(\"ca|", &[], &["carrier"]);
    check("let l = f(weather).lazy(); x.alias(\"hot\"); l.filter(col(\"h|", &["hot"], &[]);
    assert_eq!(at("let l = weather.lazy();\nl.filter(col(\"|")[0], "temp");
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/ä flights.csv"), "").unwrap();
    std::fs::write(folder.path().join(".hidden"), "").unwrap();
    let view = View { directory: folder.path().to_owned(), ..view() };
    for (text, expected) in [
        ("read_csv(\"da", vec!["data/"]),
        ("read_csv(\"data/", vec!["ä flights.csv"]),
        ("%cd ", vec!["data/"]),
        ("%run da", vec!["data/"]),
        ("%load .h", vec![".hidden"]),
        ("f(\"./da", vec!["data/"]),
        ("!ls da", vec!["data/"]),
        ("std::fs::read_to_string(\"data/ä", vec!["ä flights.csv"]),
        ("println!(\"da", vec![]),
    ] {
        let found = complete(&view, text, text.len());
        let names: Vec<&str> = found.candidates.iter().map(|candidate| candidate.text.as_str()).collect();
        assert_eq!(names, expected, "{text}");
    }
}

#[test]
fn nothing_in_comments_and_numbers() {
    assert!(at("// fli|").is_empty());
    assert!(at("/* fli|").is_empty());
    assert!(at("let x = 12|").is_empty());
    assert!(at("\"abc\"|").is_empty());
}

#[test]
fn candidates_tell_what_they_are() {
    let found = complete(&view(), "flights.gro", 11).candidates;
    assert_eq!(found[0].kind, "function");
    assert_eq!(found[0].signature, "pub fn group_by(&self, by: I) -> Result<GroupBy>");
    assert_eq!(found[0].summary, "Group rows.");
    let found = complete(&view(), "fli", 3).candidates;
    assert_eq!((found[0].kind, found[0].signature.as_str()), ("instance", "DataFrame · 3 x 2"));
}
