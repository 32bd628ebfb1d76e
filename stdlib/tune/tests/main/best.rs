//! The winner as a value and as code.

use ironbook_core::Display as _;
use ironbook_tune::{Best, Budget, Code, Grid, ParamValue, Piece, Study, TuneError, Unfinished};

/// One trial with these answers.
fn study() -> Study {
    let grid = Grid::params().values("depth", [7]).values("rate", [0.25]).values("shift", [-1.5]).values("kind", ["b"]);
    let study = Study::new("one").maximize().metric("roc_auc").sampler(grid.values("on", [true])).create().unwrap();
    let report = study.optimize(Budget::new(), |trial| {
        let kind = trial.categorical("kind", ["a", "b"]);
        let sum =
            f64::from(trial.int("depth", 1..=9)) + trial.float("rate", 0.0..=1.0) + trial.float("shift", -2.0..=2.0);
        let on = trial.categorical("on", [true, false]);
        assert_eq!((kind, on), ("b", true));
        Ok(sum)
    });
    assert_eq!(report.unwrap().counts().complete, 1);
    study
}

#[test]
fn parameters_are_read_as_what_they_are() {
    let best = Best::of(&study()).unwrap();
    assert_eq!((best.value(), best.metric(), best.number()), (5.75, "roc_auc", 0));
    assert_eq!((best.int::<u8>("depth").unwrap(), best.float("depth").unwrap()), (7, 7.0));
    assert_eq!(
        (best.float("rate").unwrap(), best.text("kind").unwrap().as_str(), best.flag("on").unwrap()),
        (0.25, "b", true)
    );
    assert!(matches!(best.int::<usize>("rate"), Err(TuneError::Read { .. })));
    assert!(matches!(best.int::<usize>("shift"), Err(TuneError::Read { .. })));
    assert!(matches!(best.text("depth"), Err(TuneError::Read { .. })));
    assert!(matches!(best.flag("kind"), Err(TuneError::Read { .. })));
    let missing = best.float("x").unwrap_err().to_string();
    assert!(missing.contains("no parameter \"x\"; it has kind, depth, rate, shift, on"), "{missing}");
    let again = best.trial();
    assert_eq!((again.int("depth", 1..=9), again.categorical("kind", ["a", "b"])), (7, "b"));
    let shown = best.bundle().plain().to_owned();
    assert!(best.bundle().get("text/html").unwrap().contains("overflow-x:auto"), "long lines stay within the page");
    assert!(shown.starts_with("Best of one: roc_auc 5.75\n") && shown.contains("let depth = 7;"), "{shown}");
}

#[test]
fn a_winner_is_read_back_as_it_was() {
    let study = Study::new("far").create().unwrap();
    study.optimize(Budget::trials(1), |trial| Ok(trial.float("x", 0.1..=0.3) * f64::INFINITY)).unwrap();
    for best in
        [Best::of(&study).unwrap(), Best::of(&self::study()).unwrap().with_unfinished(Some(Unfinished::Interrupted))]
    {
        let json = serde_json::to_string(&best).unwrap();
        assert_eq!(serde_json::from_str::<Best>(&json).unwrap(), best, "{json}");
    }
}

#[test]
fn nothing_completed_is_said() {
    let study = Study::new("none").create().unwrap();
    assert!(matches!(Best::of(&study), Err(TuneError::NothingCompleted { .. })));
}

fn piece(text: &'static str, param: &'static str) -> Piece<'static> {
    Piece { text, param, choices: &[], receives: false }
}

#[test]
fn code_has_values_in_place_of_questions() {
    let study = study();
    let record = study.best().unwrap();
    let pieces = [
        piece("let p = params().depth(", "depth"),
        Piece { receives: true, ..piece(").rate(", "rate") },
        piece(".min(0.5)).shift(", "shift"),
        Piece { choices: &["Kind::A", "Kind::B"], ..piece(").kind(", "kind") },
        piece(").on(", "on"),
        piece(").drop(", "drop"),
        piece(");\nscore(&p)\n", ""),
    ];
    let code = Code { pieces: &pieces, asks_more: false };
    let expected = "let p = params().depth(7).rate(0.25_f64.min(0.5)).shift((-1.5)).kind(Kind::B).on(true)\
                    .drop(unreachable!(\"\\\"drop\\\" was not asked for\"));\nscore(&p)";
    assert_eq!(code.filled(&record), expected);
    let more = Code { asks_more: true, ..code }.filled(&record);
    assert!(
        more.starts_with(
            "let trial = &tune::Trial::fixed([\n    (\"kind\", tune::ParamValue::from(\"b\")),\n    (\"depth\", "
        ) && more.contains("(\"on\", tune::ParamValue::from(true)),\n]);\n"),
        "{more}"
    );
    assert_eq!(
        Code::default().filled(&record),
        "let kind = \"b\";\nlet depth = 7;\nlet rate = 0.25;\nlet shift = -1.5;\nlet on = true;"
    );
}

#[test]
fn names_that_are_no_names_are_remarks() {
    let study = Study::new("names").create().unwrap();
    let choices: [ParamValue; 1] = [ParamValue::Null];
    study
        .optimize(Budget::trials(1), move |trial| {
            trial.categorical("type", choices.clone());
            Ok(trial.float("learning rate", 0.5..=0.5))
        })
        .unwrap();
    let code = Best::of(&study).unwrap().code().to_owned();
    assert_eq!(code, "// \"type\" = None\n// \"learning rate\" = 0.5");
}
