//! Completion over views made by hand.

use super::*;
use crate::explain::{Detail, inspect};
use crate::tests::view;
use ironbook_magics::{Form, Magic, registry};

/// The candidates at the `|` of the text.
fn at(text: &str) -> Vec<String> {
    let cursor = text.find('|').unwrap();
    // `~` is a pipe of the text's own.
    let text = format!("{}{}", &text[..cursor], &text[cursor + 1..]).replace('~', "|");
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
    check("let 名前 = 1;\n名|", &["名前"], &["flights"]);
    check("De|", &["Delay"], &["flights"]);
    check("rea|", &["read_csv"], &[]);
    check("pri|", &["println!"], &[]);
    check("f|", &["fn", "flights", "for"], &[]);
    check("ma|", &["match", "mean_delay"], &[]);
    check("mea|", &["mean_delay"], &[]);
    check("|", &["flights", "model", "Delay"], &["read_csv", "fn"]);
    assert_eq!(at("let mob = 1; let moa = 2;\nmo|")[..3], ["moa", "mob", "model"], "the newest first");
    check("for row in rows { ro|", &["row"], &[]);
    check("rows.map(|x| x).sum::<f64>(", &[], &[]);
    check("fn f(width: f64) { wi|", &["width"], &[]);
    check("rows.iter().fold(0.0, ~total, (deep, &row): (Vec<thin>, tall)~ d|", &["deep"], &[]);
    check("rows.iter().fold(0.0, ~total, (deep, &row): (Vec<thin>, tall)~ t|", &["total"], &["tall", "thin"]);
    check("rows.iter().map(~r~ r + 1.0).sum(); let a = match r { 1 ~ 2 => ro|", &["rows"], &[]);
    assert!(at("let fli|").is_empty() && at("fn mea|").is_empty());
    check("Delay { |", &["minutes", "airline"], &["mean_delay"]);
    assert_eq!(at("Delay { minutes: 1.0, |").iter().filter(|name| *name == "minutes").count(), 0);
    check("#[derive(Clo|", &["Clone"], &["flights"]);
}

#[test]
fn members() {
    check("flights.|", &["lazy", "height", "clone"], &["collect"]);
    assert_eq!(at("flights.gro|"), ["group_by"]);
    assert_eq!(at("flights.lazy().|")[..4], ["filter", "collect", "clone", "logical_plan"]);
    assert_eq!(
        at("Gbdt::params().|")[..4],
        ["n_estimators", "learning_rate", "seed", "check"],
        "as they are documented"
    );
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
    check("%timeit --n|", &[], &["--runs"]);
    check("%timeit --r|", &["--runs"], &[]);
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
    check("%track log a=1\u{3000}rows=rows.le|", &["len"], &[]);
    check("%profile fli|", &["flights"], &[]);
    check("%profile flights --target arr|", &["arr_delay"], &[]);
    check("?fli|", &["flights"], &[]);
}

/// A magic, written as a line and as a cell where it may be, with words behind it.
fn written(magic: &dyn Magic, words: &[String], more: &str) -> Vec<String> {
    let signs: &[&str] = match magic.form() {
        Form::Line => &["%", "let a = 1;\n  %"],
        Form::Cell => &["%%"],
        Form::Both => &["%", "let a = 1;\n%", "%%"],
    };
    signs.iter().map(|sign| format!("{sign}{} {}{more}|", magic.name(), words.concat())).collect()
}

/// A command and all below it, each with the words that lead to it.
fn commands(command: &clap::Command, words: &[String], out: &mut Vec<(Vec<String>, clap::Command)>) {
    out.push((words.to_vec(), command.clone()));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        commands(sub, &[words, &[format!("{} ", sub.get_name())]].concat(), out);
    }
}

/// What clap knows of every magic is offered wherever the magic may stand.
#[test]
fn every_magic_and_all_its_options_are_offered() {
    use clap::ValueHint as Hint;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let view = View { directory: folder.path().to_owned(), ..view() };
    let offered = |text: &str| {
        let code = text.replace('|', "");
        complete(&view, &code, code.len()).candidates
    };
    let has = |text: &str, name: &str| {
        let found = offered(text);
        let one = found.iter().find(|candidate| candidate.text == name);
        let names = || found.iter().map(|candidate| candidate.text.clone()).take(20).collect::<Vec<_>>();
        one.unwrap_or_else(|| panic!("{text}: no {name} in {:?}", names())).clone()
    };
    let (mut magics, mut flags, mut values) = (0, 0, 0);
    for magic in view.registry.all() {
        magics += 1;
        for sign in
            ["%", "%%"].iter().filter(|sign| magic.form() != if **sign == "%" { Form::Cell } else { Form::Line })
        {
            let name = format!("{sign}{}", magic.name());
            assert!(!has(&format!("{}|", &name[..name.len() - 1]), &name).summary.is_empty(), "{name}");
        }
        let mut all = Vec::new();
        let mut root = registry::command(magic);
        root.build();
        commands(&root, &[], &mut all);
        for (words, command) in &all {
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                for text in written(magic, words, "") {
                    assert!(!has(&text, sub.get_name()).summary.is_empty(), "{text}: {} says nothing", sub.get_name());
                }
            }
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let long = arg.get_long().map(|long| format!("--{long}"));
                if let Some(long) = &long {
                    flags += 1;
                    for text in written(magic, words, "--") {
                        let found = has(&text, long);
                        assert!(!found.summary.is_empty() && !found.summary.contains('\n'), "{text}: {found:?}");
                    }
                }
                let takes = arg.get_action().takes_values();
                let befores = long.filter(|_| takes).map(|long| vec![format!("{long} "), format!("{long}=")]);
                // A first positional follows what leads to its command.
                let first = || command.get_positionals().next().is_some_and(|of| of.get_id() == arg.get_id());
                let befores = befores.or_else(|| (arg.is_positional() && first()).then(|| vec![String::new()]));
                for before in befores.unwrap_or_default() {
                    for text in written(magic, words, &before) {
                        for value in arg.get_possible_values().iter().filter(|_| takes) {
                            values += 1;
                            has(&text, value.get_name());
                        }
                        if arg.get_value_hint() == ironbook_magics::magic::VARIABLE {
                            has(&text, "flights");
                        }
                        if matches!(arg.get_value_hint(), Hint::FilePath | Hint::DirPath | Hint::AnyPath) {
                            has(&text, "data/");
                        }
                        if arg
                            .get_value_names()
                            .is_some_and(|names| names.iter().any(|name| name.starts_with("COLUMN")))
                        {
                            has(&text, "arr_delay");
                        }
                    }
                }
            }
        }
    }
    assert!(magics >= 30 && flags >= 80 && values >= 20, "{magics} magics, {flags} flags, {values} values");
}

#[test]
fn values_of_options_in_lists_and_quotes() {
    assert_eq!(at("%drift flights weather --columns arr_delay,|")[..1], ["carrier"]);
    assert_eq!(at("%drift flights weather --columns=arr_delay,ca|"), ["carrier"]);
    assert_eq!(at("%drift flights weather --test arr_delay=ks,ca|"), ["carrier"]);
    check("%drift flights weather --fail-on drift,|", &["column", "schema"], &[]);
    check("%serve model --log data --redact carrier,|", &["arr_delay"], &["carrier"]);
    check("%drift flights weather --numeric-test=|", &["wasserstein"], &[]);
    let mut view = view();
    view.variables[0].columns.push(("share late".to_owned(), "f64".to_owned()));
    let texts = |text: &str| {
        let found = complete(&view, text, text.len());
        found.candidates.into_iter().map(|candidate| (text[found.range.clone()].to_owned(), candidate.text)).next()
    };
    let of = |typed: &str, text: &str| Some((typed.to_owned(), text.to_owned()));
    assert_eq!(texts("%profile flights --target sh"), of("sh", "\"share late\""));
    assert_eq!(texts("%profile flights --target \"sh"), of("sh", "share late"));
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
    assert_eq!(at("let odd = df!(\"a\\\"b\" => [1])?;\nodd.column(\"a\\\"|"), ["a\\\"b"]);
    check("fn only_columns(names: [&str; 1]) {}\nonly_columns([\"ca|", &["carrier"], &[]);
    check("fn greet(names: [&str; 1]) {}\ngreet([\"ca|", &[], &["carrier"]);
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

/// A folder of pictures: what was typed is looked for among all of them.
#[test]
fn files_of_large_folders_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..4500 {
        std::fs::write(folder.path().join(format!("{number:04}.png")), "").unwrap();
    }
    let view = View { directory: folder.path().to_owned(), ..view() };
    for number in [0, 1234, 4000, 4499] {
        let text = format!("read_csv(\"{number:04}");
        let found = complete(&view, &text, text.len()).candidates;
        assert_eq!(found.iter().map(|found| found.text.clone()).collect::<Vec<_>>(), [format!("{number:04}.png")]);
    }
}

/// Types that no one writes by hand, in the cell that is typed.
#[test]
fn nested_types_end_nothing() {
    let deep =
        format!("struct Own {{ a: {}u8{} }}\nlet o = Own {{ a: b }};\no.", "(".repeat(60_000), ")".repeat(60_000));
    let text = std::thread::Builder::new().stack_size(4 << 20).spawn(move || {
        complete(&view(), &deep, deep.len());
        inspect(&view(), &deep, "struct Ow".len(), Detail::Full);
    });
    text.unwrap().join().unwrap();
}

/// What is made of each other many times over is followed as far as a moment lets.
#[test]
fn names_of_names_keep_nobody_waiting() {
    let cells = |of: &dyn Fn(usize) -> String| (1..16).map(of).collect::<String>();
    let tuples = cells(&|n| format!("let t{n} = ({});\n", vec![format!("t{}", n - 1); 40].join(", ")));
    let joins = cells(&|n| {
        let last = format!("t{}", n - 1);
        let join = format!(".join({last}.clone(), [col(\"a\")], [col(\"a\")], {last}.args())").repeat(5);
        format!("let t{n} = {last}{join};\n")
    });
    let begun = std::time::Instant::now();
    for text in
        [format!("let t0 = 1.5;\n{tuples}t15.0."), format!("let t0 = flights.lazy();\n{joins}t15.select([col(\"")]
    {
        complete(&view(), &text, text.len());
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
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

#[test]
fn texts_that_are_formatted_name_values() {
    check("let flow = 1;\nprintln!(\"{fl|\")", &["flow", "flights"], &["FileFormat", "fn"]);
    check("let flow = 1;\nformat!(\"é {flow:>5} and {{{flo|", &["flow"], &["flights"]);
    check("assert!(true, \"{|", &["flights", "model"], &[]);
    for none in ["println!(\"{{fl|", "println!(\"fl|", "println!(\"{flow.fl|", "f(\"{fl|", "vec![\"{fl|"] {
        check(none, &[], &["flights"]);
    }
}

#[test]
fn what_is_usual_for_a_value_is_said() {
    let found = complete(&view(), "flights.", 8).candidates;
    let usual = |name: &str| found.iter().find(|found| found.text == name).and_then(|found| found.usual);
    assert_eq!((usual("lazy"), usual("height")), (Some(0), Some(3)));
}
