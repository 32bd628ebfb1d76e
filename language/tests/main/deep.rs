//! What is known of the library, of chains, closures, generics and macros.

use crate::{HEAD, ask, candidates, host, project, shapes};
use ironbook_session::language::{Answer, Query, Target};

/// A place (`$0`), names that have to be among the candidates, and names that must not.
const PLACES: &[(&str, &[&str], &[&str])] = &[
    ("df.$0", &["height", "head", "lazy", "column", "clone"], &["filter_map", "push_str", "matmul"]),
    ("df.hei$0", &["height"], &["lazy"]),
    ("lazy.$0", &["filter", "group_by", "collect", "with_columns"], &["height"]),
    ("lazy.clone().filter(col(\"a\").gt(lit(1))).gro$0", &["group_by"], &["filter"]),
    ("lazy.clone().group_by([col(\"a\")]).$0", &["agg"], &["filter"]),
    ("col(\"a\").$0", &["sum", "mean", "alias", "is_null"], &["height"]),
    ("t.$0", &["matmul", "shape", "sum_all", "to_dtype"], &["height"]),
    ("t.matmul(&t)?.$0", &["shape"], &["height"]),
    ("p.$0", &["across", "down", "norm"], &["height"]),
    ("names.iter().map(|name| name.len()).$0", &["sum", "collect", "filter"], &["push_str"]),
    ("names.iter().map(|name| name.$0len())", &["len", "to_uppercase", "chars"], &["norm"]),
    ("let f = |x: &Point| x.norm(); f(&p).$0", &["sqrt", "powi", "max"], &["chars"]),
    ("let (a, b) = twice!(p.norm()); b.$0", &["sqrt"], &["chars"]),
    ("let first = names.first().cloned().unwrap_or_default(); first.$0", &["push_str", "len"], &["sqrt"]),
    (
        "let m: std::collections::HashMap<String, Vec<f64>> = Default::default(); m[\"a\"].$0",
        &["len", "iter"],
        &["entry"],
    ),
    ("for n in &names { n.$0; }", &["trim", "len"], &["sqrt"]),
    ("if let Some(x) = names.iter().max() { x.$0 }", &["trim"], &["sqrt"]),
    ("std::collections::$0", &["HashMap", "BTreeMap"], &["DataFrame"]),
    ("Gbdt::params().$0", &["n_estimators", "learning_rate", "fit"], &["height"]),
    ("eval::$0", &["evaluate", "cross_validate"], &["height"]),
    ("let r: Result<i32, std::io::Error> = Ok(1); r.$0", &["unwrap_or", "map", "is_ok"], &["height"]),
    ("println!(\"{}\", p.$0)\n;\n", &["norm"], &["height"]),
    ("for n in &names {\n    println!(\"{}\", n.$0\n)}\n", &["trim"], &["sqrt"]),
    // Items of cells in blocks: the newest of a name.
    ("fn f() -> f64 { 1.0 }\n;\n{\nfn f() -> String { String::new() }\n;\nf().$0\n;\n}", &["push_str"], &["sqrt"]),
];

#[test]
fn what_fits_a_place_is_found() {
    let Some(mut host) = host() else { return };
    let mut wrong = Vec::new();
    for (cell, wanted, unwanted) in PLACES {
        let found = candidates(&mut host, cell);
        let names: Vec<&str> = found.iter().map(|candidate| candidate.name.as_str()).collect();
        let missing: Vec<&&str> = wanted.iter().filter(|name| !names.contains(*name)).collect();
        let wrongly: Vec<&&str> = unwanted.iter().filter(|name| names.contains(*name)).collect();
        if !missing.is_empty() || !wrongly.is_empty() {
            let some: Vec<&&str> = names.iter().take(12).collect();
            wrong.push(format!("{cell}\n  missing {missing:?}, wrong {wrongly:?}, found {} {some:?}", names.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), PLACES.len(), wrong.join("\n"));
}

/// Where what a place takes is generic, what every type has would fit as well as anything.
#[test]
fn what_every_type_has_is_no_better_than_what_the_value_is() {
    let Some(mut host) = host() else { return };
    for (cell, better, worse) in [
        (
            "fn takes<T: Into<f64>>(x: T) {}\nstruct Curve { area: i64 }\nimpl Clone for Curve { fn clone(&self) -> Curve { Curve { area: 1 } } }\n\
          let curve = Curve { area: 1 };\ntakes(curve.$0);",
            "area",
            "into",
        ),
        ("struct Layer;\nimpl Layer { fn new(n: usize) -> Layer { Layer } }\nlet layer = Layer::$0;", "new", "from"),
    ] {
        let found = candidates(&mut host, cell);
        let score = |name: &str| {
            found.iter().find(|found| found.name == name).unwrap_or_else(|| panic!("{cell}: {name}")).score
        };
        assert!(score(better) > score(worse), "{cell}: {} {}", score(better), score(worse));
    }
}

#[test]
fn a_candidate_tells_its_signature_and_a_line_about_it() {
    let Some(mut host) = host() else { return };
    let found = candidates(&mut host, "p.no$0");
    let norm = found.iter().find(|candidate| candidate.name == "norm").unwrap();
    assert_eq!((norm.insert.as_str(), norm.kind.as_str()), ("norm", "function"));
    assert!(norm.detail.contains("-> f64"), "{}", norm.detail);
    assert_eq!(norm.summary, "How far it is.");
}

#[test]
fn names_that_need_a_use_bring_it() {
    let Some(mut host) = host() else { return };
    let found = candidates(&mut host, "BTreeM$0");
    let map = found.iter().find(|candidate| candidate.name == "BTreeMap").unwrap();
    assert_eq!(map.import.as_deref().unwrap_or("in the prelude"), "use std::collections::BTreeMap;");
}

#[test]
fn signatures_know_the_parameter() {
    let Some(mut host) = host() else { return };
    let (_, answer) = ask(&mut host, &Query::Signature, "df.slice(0, $0)");
    let Answer::Signature(found) = answer else { panic!("{answer:?}") };
    assert!(found.label.starts_with("fn slice"), "{}", found.label);
    assert_eq!(found.active, Some(1));
    assert!(found.label[found.parameters[1].clone()].contains("usize"), "{}", found.label);
}

#[test]
fn hovering_tells_types() {
    let Some(mut host) = host() else { return };
    let (text, answer) = ask(&mut host, &Query::Hover, "let total = names.iter().count(); to$0tal + 1;");
    let Answer::Hover { range, markdown } = answer else { panic!("{answer:?}") };
    assert!(markdown.contains("usize"), "{markdown}");
    assert_eq!(&text[range], "total");
    let (_, answer) = ask(&mut host, &Query::Hover, "let mut v = vec![vec![1.5]]; v$0.pop();");
    let Answer::Hover { markdown, .. } = answer else { panic!("{answer:?}") };
    assert!(markdown.contains("v: Vec<Vec<f64>>"), "{markdown}");
    let (_, answer) = ask(
        &mut host,
        &Query::Hover,
        "let mut earlier: Vec<String> = ::core::todo!();\nlet mut own = 1; own += ear$0lier.len();",
    );
    let Answer::Hover { markdown, .. } = answer else { panic!("{answer:?}") };
    assert!(markdown.starts_with("```rust\nlet earlier: "), "{markdown}");
    let (_, answer) = ask(&mut host, &Query::Hover, "let mut own = 1; o$0wn += 1;");
    let Answer::Hover { markdown, .. } = answer else { panic!("{answer:?}") };
    assert!(markdown.contains("let mut own: "), "{markdown}");
    let (_, answer) = ask(&mut host, &Query::Hover, "df.hei$0ght();");
    let Answer::Hover { markdown, .. } = answer else { panic!("{answer:?}") };
    assert!(markdown.contains("fn height") && markdown.contains("usize"), "{markdown}");
}

#[test]
fn definitions_are_in_the_text_and_in_the_library() {
    let Some(mut host) = host() else { return };
    let (text, answer) = ask(&mut host, &Query::Definition, "p.no$0rm();");
    let at = text.find("norm(&self)").unwrap();
    assert_eq!(answer, Answer::Targets(vec![Target::Text(at..at + 4)]));
    let (_, answer) = ask(&mut host, &Query::Definition, "df.hei$0ght();");
    let Answer::Targets(targets) = answer else { panic!("{answer:?}") };
    let Target::File { path, start, .. } = &targets[0] else { panic!("{targets:?}") };
    let file = std::fs::read_to_string(path).unwrap();
    assert!(file.lines().nth(start.line as usize).unwrap().contains("fn height"), "{path}:{}", start.line);
}

#[test]
fn references_are_those_of_the_name() {
    let Some(mut host) = host() else { return };
    let (text, answer) = ask(&mut host, &Query::References, "let abc = 1; let d = a$0bc + abc; { let abc = 2; abc; }");
    let Answer::Targets(targets) = answer else { panic!("{answer:?}") };
    let first = HEAD.len() + 4;
    let uses: Vec<usize> = text.match_indices("abc").map(|(at, _)| at).take(3).collect();
    assert_eq!(uses[0], first);
    assert_eq!(targets, uses.iter().map(|at| Target::Text(*at..at + 3)).collect::<Vec<_>>());
}

#[test]
fn nothing_that_is_typed_harms() {
    let Some(mut host) = host() else { return };
    let long = format!("{}df.$0", "let a = vec![1, 2, 3].len();\n".repeat(500));
    let deep = format!("{}df.$0", "(".repeat(100_000));
    let huge = format!("let s = \"{}\"; df.$0", "x".repeat(5 << 20));
    for cell in [
        "$0",
        "}}}}$0",
        "(((($0",
        "\"$0",
        "/*$0",
        "'$0",
        "df.$0\u{0}",
        "let ü = 🦀.$0;",
        "r#\"$0",
        "%$0",
        "use $0",
        &long,
        &deep,
        &huge,
    ] {
        for query in [Query::Complete, Query::Hover, Query::Signature, Query::Definition, Query::References] {
            ask(&mut host, &query, cell);
        }
    }
    host.set_text("ü".to_owned());
    assert_eq!(host.answer(&Query::Complete, 1), Answer::Nothing);
    assert_eq!(host.answer(&Query::Complete, 99), Answer::Nothing);
    assert!(!candidates(&mut host, "df.$0").is_empty());
}

/// The cell after a rename of what `$0` stands at, or why not.
fn renamed(cell: &str, name: &str) -> Result<String, String> {
    let Some(mut host) = host() else { return Err("no sources".to_owned()) };
    let (text, _) = ask(&mut host, &Query::Hover, cell);
    let at = HEAD.len() + cell.find("$0").unwrap();
    let edits = match host.rename(at, name) {
        Answer::Edits(edits) => edits,
        Answer::Refused(why) => return Err(why),
        other => panic!("{other:?}"),
    };
    // The text is as it was.
    assert_eq!(host.text(), text);
    let mut out = text;
    for (range, insert) in edits.iter().rev() {
        out.replace_range(range.clone(), insert);
    }
    Ok(out[HEAD.len()..].split("\n;Ok(").next().unwrap().to_owned())
}

#[test]
fn names_are_changed_where_they_mean_the_same() {
    if host().is_none() {
        return;
    }
    for (cell, name, after) in [
        (
            "let a$0 = 1; let b = a + a; { let a = 2; a; } format!(\"{a}\");",
            "first",
            "let first = 1; let b = first + first; { let a = 2; a; } format!(\"{first}\");",
        ),
        ("fn f(x: i32) -> i32 { x } f(1); { $0f(2); }", "gg", "fn gg(x: i32) -> i32 { x } gg(1); { gg(2); }"),
        (
            "struct S { x: i32 } let x$0 = 1; let s = S { x }; s.x;",
            "y",
            "struct S { x: i32 } let y = 1; let s = S { x: y }; s.x;",
        ),
        ("let ü$0 = 1; ü;", "ä", "let ä = 1; ä;"),
        // Another kind of name, and another place.
        ("fn f$0() {} struct A; mod m { pub fn g() {} } f();", "g", "fn g() {} struct A; mod m { pub fn g() {} } g();"),
        ("let a$0 = 1; a;", "fn", "let r#fn = 1; r#fn;"),
    ] {
        assert_eq!(renamed(cell, name).as_deref(), Ok(after), "{cell}");
    }
}

#[test]
fn names_that_are_taken_or_foreign_or_none_are_refused() {
    if host().is_none() {
        return;
    }
    for (cell, name) in [
        ("let a$0 = 1; let b = 2; a + b;", "b"),
        ("let b = 2; { let a$0 = 1; b; }", "b"),
        ("let a$0 = 1; { let b = 2; a + b; }", "b"),
        // A variable of the session that the text does not make.
        ("let a$0 = 1; a; fares;", "fares"),
        // Items of which the later one would take the earlier one's place, though nobody uses it.
        ("fn f$0() -> i32 { 1 } fn g() -> i32 { 2 } f();", "g"),
        ("struct A$0; enum B {} let a = A;", "B"),
        ("struct S { x$0: i32, y: i32 } let s = S { x: 1, y: 2 }; s.x;", "y"),
        ("enum E { A$0, B } let e = E::A;", "B"),
        ("struct S; impl S { fn a$0(&self) {} fn b(&self) {} } S.a();", "b"),
        ("df.hei$0ght();", "tall"),
        ("let a$0 = 1;", "not a name"),
        ("1 +$0 1;", "b"),
    ] {
        assert!(renamed(cell, name).is_err(), "{cell} {name}: {:?}", renamed(cell, name));
    }
}

#[test]
fn what_derives_make_is_known() {
    let Some(mut host) = host() else { return };
    let sysroot = project().unwrap().sysroot;
    if !sysroot.join("libexec/rust-analyzer-proc-macro-srv").is_file() {
        eprintln!("SKIPPED: {} has no server for proc macros", sysroot.display());
        return;
    }
    let mut wrong = Vec::new();
    for (cell, wanted) in [
        (
            "#[derive(serde::Serialize)] struct S { a: i32 } use serde::Serialize; let s = S { a: 1 }; s.ser$0",
            "serialize",
        ),
        ("#[derive(Debug, thiserror::Error)] #[error(\"no\")] struct No; use std::error::Error; No.sou$0", "source"),
        ("#[derive(clap::Parser)] struct Args { a: i32 } use clap::Parser; Args::try_pa$0", "try_parse_from"),
        ("#[derive(thiserror::Error, Debug)] #[error(\"no {0}\")] struct No(i32); No(1).to_str$0", "to_string"),
    ] {
        match ask(&mut host, &Query::Complete, cell).1 {
            Answer::Candidates(found) if found.iter().any(|candidate| candidate.name == wanted) => {}
            other => wrong.push(format!("{cell}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_of_dep_are_known_until_they_are_taken_back() {
    let Some(mut host) = host() else { return };
    let project = project().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cell = "shapes::circle().s$0";
    let knows = |host: &mut crate::Host| match ask(host, &Query::Complete, cell).1 {
        Answer::Candidates(found) => found.iter().any(|candidate| candidate.name == "surface"),
        _ => false,
    };
    assert!(!knows(&mut host));
    host.read(&project.with_crates(Some(&shapes(folder.path()))).unwrap());
    assert!(knows(&mut host));
    // The library is still there.
    assert!(candidates(&mut host, "df.hei$0").iter().any(|candidate| candidate.name == "height"));
    let (_, answer) = ask(&mut host, &Query::Definition, "shapes::circ$0le();");
    assert!(matches!(&answer, Answer::Targets(targets) if matches!(&targets[0], Target::File { .. })), "{answer:?}");
    host.read(&project.with_crates(None).unwrap());
    assert!(!knows(&mut host));
    // A file that is not there adds nothing, and harms nothing.
    project.with_crates(Some(folder.path())).unwrap_err();
    assert!(candidates(&mut host, "df.hei$0").iter().any(|candidate| candidate.name == "height"));
}
