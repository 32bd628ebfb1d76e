//! Snippets, the kinds of words, hints within the text, and changes of it.

use crate::{HEAD, ask, candidates, host};
use ironbook_session::language::{Answer, Assist, Hint, Query, Token};

#[test]
fn what_is_written_behind_a_value_is_a_snippet() {
    let Some(mut host) = host() else { return };
    let found = candidates(&mut host, "let o = names.first(); o.$0");
    for (name, begins) in [("match", "match o {"), ("dbg", "dbg!(o)"), ("let", "let $0 = o"), ("ifl", "if let Some(")] {
        let snippet = found.iter().find(|found| found.name == name && found.kind == "snippet");
        let snippet = snippet.unwrap_or_else(|| panic!("{name}"));
        assert!(snippet.snippet.as_deref().unwrap().starts_with(begins), "{snippet:?}");
    }
    let found = candidates(&mut host, "let same = names.is_empty(); same.$0");
    assert!(found.iter().any(|found| found.name == "if" && found.insert.starts_with("if same {")), "no `if`");
}

#[test]
fn a_word_that_stands_for_other_text_is_a_snippet() {
    let Some(mut host) = host() else { return };
    let found = candidates(&mut host, "let$0");
    let shorthand = found.iter().find(|found| found.name == "letm").unwrap();
    assert_eq!(shorthand.kind, "snippet");
    assert!(shorthand.insert.starts_with("let mut "), "{shorthand:?}");
    assert!(found.iter().any(|found| found.name == "let" && found.kind == "keyword"), "no `let`");
}

#[test]
fn calls_have_stops_and_plain_text_has_none() {
    let Some(mut host) = host() else { return };
    let found = candidates(&mut host, "df.sli$0");
    let slice = found.iter().find(|found| found.name == "slice").unwrap();
    assert_eq!(slice.insert, "slice");
    assert_eq!(slice.snippet.as_deref(), Some("slice(${1:offset}, ${2:length})$0"));
    for cell in ["$0", "df.$0", "names.$0", "let p = P$0", "f$0", "match names.first() { $0 }", "for$0", "pri$0"] {
        for found in candidates(&mut host, cell) {
            assert!(!found.insert.contains("$0") && !found.insert.contains("${"), "{cell}: {found:?}");
            assert!(!found.name.contains('$'), "{cell}: {found:?}");
        }
    }
    let found = candidates(&mut host, "println$0");
    let print = found.iter().find(|found| found.name == "println!").unwrap();
    assert_eq!((print.insert.as_str(), print.snippet.as_deref()), ("println!", Some("println!($0)")));
}

fn tokens(cell: &str) -> Option<Vec<(String, String, Vec<String>)>> {
    let mut host = host()?;
    let (text, answer) = ask(&mut host, &Query::Tokens, &format!("$0{cell}"));
    let Answer::Tokens(found) = answer else { panic!("{answer:?}") };
    let end = HEAD.len() + cell.len();
    let own = found.into_iter().filter(|token| token.range.start >= HEAD.len() && token.range.end <= end);
    Some(own.map(|Token { range, kind, modifiers }| (text[range].to_owned(), kind, modifiers)).collect())
}

#[test]
fn words_are_told_by_what_they_mean() {
    let Some(found) = tokens("let mut n = names.len(); // x\nn += p.across as usize; println!(\"{n}\");") else {
        return;
    };
    let kind = |word: &str| {
        let found = found.iter().find(|(text, ..)| text == word).unwrap_or_else(|| panic!("{word}: {found:?}"));
        (found.1.as_str(), found.2.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(kind("let"), ("keyword", vec![]));
    assert_eq!(kind("n"), ("variable", vec!["declaration", "modification"]));
    assert_eq!(kind("names").0, "parameter");
    assert_eq!(kind("len").0, "method");
    assert_eq!(kind("across"), ("property", vec![]));
    assert_eq!(kind("usize").0, "type");
    assert_eq!(kind("println").0, "macro");
    assert_eq!(kind("// x").0, "comment");
}

#[test]
fn types_and_parameters_are_hinted() {
    let Some(mut host) = host() else { return };
    let cell = "let n = names.iter().map(|name| name.len()).max();\ndf.slice(1, 2);\nlet t: i32 = 1;";
    let (text, answer) = ask(&mut host, &Query::Hints, &format!("$0{cell}"));
    let Answer::Hints(found) = answer else { panic!("{answer:?}") };
    let own = found.iter().filter(|hint| hint.at >= HEAD.len() && hint.at <= HEAD.len() + cell.len());
    let brief: Vec<(&str, &str, bool)> = own
        .map(|Hint { at, label, is_parameter, .. }| (&text[at - 1..at + 1], label.as_str(), *is_parameter))
        .collect();
    assert_eq!(
        brief,
        [
            ("n ", ": Option<usize>", false),
            ("e|", ": &String", false),
            ("(1", "offset:", true),
            (" 2", "length:", true)
        ]
    );
}

fn assists(cell: &str) -> Option<(String, Vec<Assist>)> {
    let mut host = host()?;
    let end = HEAD.len() + cell.find("$1").map_or(cell.find("$0")?, |end| end - 2);
    let (text, answer) = ask(&mut host, &Query::Assists(end), &cell.replace("$1", ""));
    let Answer::Assists(found) = answer else { panic!("{answer:?}") };
    Some((text, found))
}

fn applied(mut text: String, assist: &Assist) -> String {
    for (range, new) in assist.edits.iter().rev() {
        text.replace_range(range.clone(), new);
    }
    text[HEAD.len()..].replace("\n;Ok(()) }\n", "")
}

#[test]
fn arms_and_fields_and_members_are_filled_in() {
    for (cell, title, wanted) in [
        (
            "enum E { A, B(i32) }\nlet e = E::A;\nmatch e {$0}",
            "Add 2 missing match arms",
            &["E::A =>", "E::B(_) =>"][..],
        ),
        ("struct Q { a: i32, b: f64 }\nlet q = Q {$0 a: 1 };", "Fill struct fields", &["a: 1, b: todo!()"]),
        (
            "struct Q;\nimpl std::fmt::Display for Q {$0}",
            "Implement missing members",
            &["fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result"],
        ),
        ("let a = $0names.len()$1 + 1;", "Extract into variable", &["= names.len();\nlet a = "]),
    ] {
        let Some((text, found)) = assists(cell) else { return };
        let titles: Vec<&str> = found.iter().map(|assist| assist.title.as_str()).collect();
        let assist = found.iter().find(|assist| assist.title == title).unwrap_or_else(|| panic!("{cell}: {titles:?}"));
        let text = applied(text, assist);
        for words in wanted {
            assert!(text.contains(words), "{cell}\n{text}");
        }
    }
}

#[test]
fn expressions_around_a_place_grow() {
    let Some(mut host) = host() else { return };
    let (text, answer) = ask(&mut host, &Query::Around, "let n = names.it$0er().count();");
    let Answer::Around(found) = answer else { panic!("{answer:?}") };
    let words: Vec<&str> = found.iter().map(|range| &text[range.clone()]).take(4).collect();
    assert_eq!(words, ["iter", "names.iter()", "names.iter().count()", "let n = names.iter().count();"]);
}
