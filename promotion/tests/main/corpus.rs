//! The sessions with verdicts: that they say what the law asks of them, and that all of the law occurs in them.

use crate::session_file::{self, Place, REASONS, Refused, SessionFile, Step, Verdict};
use std::collections::{BTreeMap, BTreeSet};

fn sessions() -> Vec<SessionFile> {
    session_file::all().unwrap_or_else(|error| panic!("{error}"))
}

fn refused(session: &SessionFile) -> Option<&str> {
    match &session.expected {
        Verdict::Refuses(refused) => Some(&refused.reason),
        Verdict::Promotes(_) => None,
    }
}

#[test]
fn every_reason_of_the_law_occurs() {
    let all = sessions();
    let reasons: BTreeSet<&str> = all.iter().filter_map(refused).collect();
    let without: Vec<&&str> = REASONS.iter().filter(|reason| !reasons.contains(**reason)).collect();
    assert!(without.is_empty(), "no session is refused for {without:?}");
}

#[test]
fn most_sessions_promote() {
    let all = sessions();
    let promoted = all.iter().filter(|session| refused(session).is_none()).count();
    assert!(all.len() >= 45, "{} sessions", all.len());
    assert!(promoted * 2 > all.len(), "{promoted} of {} promote", all.len());
}

#[test]
fn edits_deletions_failures_and_terminals_occur() {
    let all = sessions();
    let steps = || all.iter().flat_map(|session| &session.steps);
    assert!(steps().any(|step| matches!(step, Step::Edit { .. })));
    assert!(steps().any(|step| matches!(step, Step::Delete { .. })));
    assert!(steps().any(|step| matches!(step, Step::Run { fails: true, .. })));
    assert!(all.iter().any(|session| session.terminal));
    assert!(all.iter().any(|session| session.allowed.is_some()));
    assert!(all.iter().any(|session| session.targets.is_empty()));
    assert!(all.iter().any(|session| session.targets.len() > 1));
}

#[test]
fn lines_that_are_blamed_exist() {
    for session in sessions() {
        let Verdict::Refuses(refused) = &session.expected else { continue };
        for Place { cell, line } in &refused.at {
            let runs = session.steps.iter().filter_map(|step| match step {
                Step::Run { cell: ran, text, .. } if ran == cell => Some(text),
                _ => None,
            });
            let longest = runs.map(|text| text.lines().count()).max().unwrap_or(0);
            assert!(line.unwrap_or(1) <= longest, "{}: cell {cell} has no line {line:?}", session.name);
        }
    }
}

#[test]
fn the_format_is_read_as_described() {
    let text = "//! title: t\n//! target: a b\n//! verdict: refuses\n//! reason: clock\n//! at: 2:3 1\n//! remedy: seed it\n\
                //! allow: clock\n//! verdict: promotes\n//! stages-cells: 1 2\n//! dropped: 3\n//! data: x=d/x.csv\n\
                //! merged: 1 2\n//! runs: 1 2 !3 2' ~1' -3\n\n\
                // %% 1 tags=parameters,skip\nlet a = 1;\n\n// %% 1'\nlet a = 2;\n// %% 2\nf();\n\ng()\n// %% 2'\nh()\n// %% 3\n%who\n";
    let session = session_file::read("t", text).unwrap();
    assert_eq!(session.targets, ["a", "b"]);
    let run = |cell: &str, text: &str, fails| Step::Run { cell: cell.into(), text: text.into(), fails };
    assert_eq!(
        session.steps,
        [
            run("1", "let a = 1;", false),
            run("2", "f();\n\ng()", false),
            run("3", "%who", true),
            run("2", "h()", false),
            Step::Edit { cell: "1".into(), text: "let a = 2;".into() },
            Step::Delete { cell: "3".into() },
        ]
    );
    let page: Vec<(&str, &str, usize)> =
        session.page.iter().map(|cell| (cell.id.as_str(), cell.text.as_str(), cell.tags.len())).collect();
    assert_eq!(page, [("1", "let a = 2;", 0), ("2", "h()", 0)]);
    let Verdict::Refuses(refused) = &session.expected else { panic!("{:?}", session.expected) };
    assert_eq!(refused.at, [Place { cell: "2".into(), line: Some(3) }, Place { cell: "1".into(), line: None }]);
    let Some((allow, Verdict::Promotes(promoted))) = &session.allowed else { panic!("{:?}", session.allowed) };
    assert_eq!(
        (allow.as_str(), &promoted.merged, promoted.data["x"].as_str()),
        ("clock", &vec![vec!["1".to_owned(), "2".into()]], "d/x.csv")
    );
}

#[test]
fn advice_names_cells_by_the_numbers_of_their_runs() {
    let refused = Refused {
        remedy: "run cell 3".into(),
        at: vec![Place { cell: "3".into(), line: Some(2) }],
        ..Refused::default()
    };
    let numbers = BTreeMap::from([("3".to_owned(), vec![3, 17])]);
    assert!(refused.is_in("Run cell 17 again", &numbers) && refused.is_in("please run cell 3", &numbers));
    assert!(!refused.is_in("run cell 170", &numbers) && !refused.is_in("run cell 4", &numbers));
    assert!(refused.may_blame("3", 2) && !refused.may_blame("3", 1) && !refused.may_blame("2", 2));
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let cells = "\n// %% 1\nlet a = 1;\n// %% 2\nlet b = 2;\n";
    for (header, word) in [
        ("//! title: t\n", "no verdict"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1\n", "nothing is said of {\"2\"}"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1 2\n//! dropped: 2\n", "named twice"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1 2 7\n", "never ran"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1\n//! dropped: 2\n//! merged: 1 2\n", "in no stage"),
        ("//! title: t\n//! verdict: refuses\n//! reason: bad-luck\n//! remedy: x\n", "no reason of the law"),
        ("//! title: t\n//! verdict: refuses\n//! reason: clock\n", "no remedy"),
        ("//! title: t\n//! verdict: promotes\n//! reason: clock\n", "cannot stand here"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1 2\n//! runs: 1 2 3\n", "no cell `3`"),
        ("//! title: t\n//! verdict: promotes\n//! stages-cells: 1 2\n//! allow: clock\n", "belong together"),
    ] {
        let error = session_file::read("t", &format!("{header}{cells}")).unwrap_err();
        assert!(error.contains(word), "{error} has no `{word}`");
    }
}
