//! `%%tune` over the real session.

use crate::fake::text;
use crate::session::{plain, shell};
use ironbook_magics::Shell;
use ironbook_session::{Failure, FailureKind, Status};
use std::path::Path;
use std::process::Command;

/// Runs a cell; its outputs, and why it failed.
fn run(shell: &mut Shell, cell: &str) -> (String, Option<Failure>) {
    let mut events = Vec::new();
    let outcome = shell.run_cell(cell, None, &mut |event| events.push(event));
    let failure = match outcome.status {
        Status::Ok => None,
        Status::Failed(failure) => Some(failure),
    };
    (text(&events), failure)
}

#[track_caller]
fn ok(shell: &mut Shell, cell: &str) -> String {
    let (output, failure) = run(shell, cell);
    assert!(failure.is_none(), "{cell}\n{output}\n{}", plain(&failure.unwrap().report.join("\n")));
    output
}

#[track_caller]
fn fails(shell: &mut Shell, cell: &str) -> (FailureKind, String) {
    let (output, failure) = run(shell, cell);
    let Some(failure) = failure else { panic!("{cell} ran\n{output}") };
    (failure.kind, plain(&failure.report.join("\n")))
}

#[test]
fn the_winner_is_a_variable_and_code() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "let target = 2.0;");
    let cell = "%%tune late-gbdt --trials 40 --minimize loss --seed 3\n\
                let x = trial.float(\"x\", -5.0..=5.0);\n\
                let n = trial.int(\"n\", 1..=4);\n\
                let kind = trial.categorical(\"kind\", [\"oak\", \"ash\"]);\n\
                (x - target).powi(2) + f64::from(n) + if kind == \"oak\" { 0.0 } else { 1.0 }";
    let output = ok(shell, cell);
    assert!(output.contains("late-gbdt: loss") && output.contains("40: 40 complete"), "{output}");
    assert!(output.contains("Best trials") && output.contains("Importance"), "{output}");
    assert!(output.contains("Code of the best trial\nlet x = ") && output.contains("let kind = \"oak\";"), "{output}");
    // The code gives the value again.
    let code = output.split("Code of the best trial\n").nth(1).unwrap().trim().to_owned();
    let again = ok(shell, &format!("let value = {{ {code} }};\nvalue == best_late_gbdt.value()"));
    assert_eq!(again.trim(), "true", "{code}");
    let typed = "let (x, n, kind): (f64, usize, String) = (best_late_gbdt.float(\"x\")?, best_late_gbdt.int(\"n\")?, best_late_gbdt.text(\"kind\")?);\n\
                 (x - target).abs() < 2.0 && n >= 1 && kind == \"oak\"";
    assert_eq!(ok(shell, typed).trim(), "true");
    let shown = ok(shell, "best_late_gbdt");
    assert!(shown.contains("Best of late-gbdt: loss") && shown.contains("let n = "), "{shown}");
    let (_, report) = fails(shell, "best_late_gbdt.float(\"y\")?");
    assert!(report.contains("no parameter \"y\"; it has x, n, kind"), "{report}");
    let (_, report) = fails(shell, "best_late_gbdt.int::<u8>(\"x\")?");
    assert!(report.contains("which is not a whole number"), "{report}");
    // Same seed, same study, also in another session.
    let value = ok(shell, "best_late_gbdt.value()");
    let other = tempfile::tempdir().unwrap();
    let shell = &mut self::shell(other.path());
    ok(shell, "let target = 2.0;");
    ok(shell, cell);
    assert_eq!(ok(shell, "best_late_gbdt.value()"), value);
}

fn shell_with_folds(directory: &Path) -> Shell {
    let mut shell = shell(directory);
    ok(
        &mut shell,
        "let x: Vec<f64> = (0..300).map(|i| f64::from(i % 17) / 17.0).collect();\n\
         let z: Vec<f64> = (0..300).map(|i| f64::from(i * 7 % 23) / 23.0).collect();\n\
         let y: Vec<bool> = x.iter().zip(&z).enumerate().map(|(i, (x, z))| x + z > 1.0 || i % 11 == 0).collect();\n\
         let table = df![\"x\" => x, \"z\" => z, \"y\" => y]?;\n\
         let train = Dataset::new(&table, &[\"x\", \"z\"], \"y\")?;",
    );
    shell
}

#[test]
fn folds_report_and_are_pruned() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell_with_folds(directory.path());
    let cell = "%%tune late-gbdt --trials 12 --maximize roc_auc --sampler tpe --pruner hyperband --jobs 2 --storage sqlite:///late.db\n\
                let p = Gbdt::params().n_estimators(5).max_depth(trial.int(\"max_depth\", 3..=10)).learning_rate(trial.log_float(\"learning_rate\", 1e-3..0.3));\n\
                cross_validate_pruned(&p, &train, StratifiedKFold::new(5), trial)?.mean(\"roc_auc\")";
    let output = ok(shell, cell);
    assert!(output.contains("12: ") && !output.contains("failed"), "{output}");
    assert!(output.contains("late.db") && output.contains("with 2 jobs"), "{output}");
    // No bars and curves of single fits.
    assert!(!output.contains("Cross-validation"), "{output}");
    let reports = "let study = ironbook::tuning::study(\"late-gbdt\")?;\n\
                   study.trials().iter().all(|trial| (1..=5).contains(&trial.reports().len()))";
    assert_eq!(ok(shell, reports).trim(), "true");
    let code = ok(shell, "println!(\"{}\", best_late_gbdt.code())");
    assert!(code.contains("let trial = &tune::Trial::fixed([\n    (\"max_depth\""), "{code}");
    assert!(code.contains(".max_depth(") && !code.contains("trial.int"), "{code}");
    let again = ok(
        shell,
        &format!(
            "let score: std::result::Result<f64, eval::EvalError> = {{ {code} }};\nscore? == best_late_gbdt.value()"
        ),
    );
    assert_eq!(again.trim(), "true", "{code}");
    // A metric that the models do not have is said in so many words.
    let wrong = cell.replace("--maximize roc_auc", "--maximize auc").replace("late.db", "other.db");
    let (_, report) = fails(shell, &wrong);
    assert!(report.contains("all failed") && report.contains("auc") && report.contains("roc_auc"), "{report}");
    python_reads(&directory.path().join("late.db"));
}

/// Optuna itself opens the database and goes on with the study.
#[expect(clippy::print_stderr, reason = "what was not tested is said")]
fn python_reads(database: &Path) {
    let Some(python) = std::env::var_os("IRONBOOK_TEST_TUNE") else {
        assert!(std::env::var_os("CI").is_none(), "IRONBOOK_TEST_TUNE is not set");
        eprintln!("SKIPPED: IRONBOOK_TEST_TUNE names no Python with tests/env/tune.txt");
        return;
    };
    let script = "import optuna, sys\n\
                  optuna.logging.set_verbosity(optuna.logging.ERROR)\n\
                  study = optuna.load_study(study_name='late-gbdt', storage=f'sqlite:///{sys.argv[1]}')\n\
                  assert len(study.trials) == 12, len(study.trials)\n\
                  assert study.direction == optuna.study.StudyDirection.MAXIMIZE\n\
                  assert study.metric_names == ['roc_auc'], study.metric_names\n\
                  assert set(study.best_params) == {'max_depth', 'learning_rate'}\n\
                  study.optimize(lambda trial: trial.suggest_int('max_depth', 3, 10) * trial.suggest_float('learning_rate', 1e-3, 0.3, log=True), n_trials=3)\n\
                  print(len(study.trials), study.best_value)\n";
    let done = Command::new(python).args(["-c", script]).arg(database).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.starts_with("15 "), "{out}\n{error}");
}

#[test]
fn failures_are_recorded_and_the_study_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    let output = ok(
        shell,
        "%%tune rough --trials 40 --maximize score --sampler random --seed 1\n\
         let x = trial.float(\"x\", 0.0..=1.0);\n\
         match trial.number() % 5 {\n\
             0 => panic!(\"no luck with {}\", 0),\n\
             1 => f64::NAN,\n\
             2 => { \"seven\".parse::<f64>()? }\n\
             3 => Err(\"refused\".to_owned())?,\n\
             _ => x,\n\
         }",
    );
    assert!(output.contains("8 complete") && output.contains("32 failed"), "{output}");
    assert!(output.contains("trial 0 and 7 more failed: panicked: no luck with 0"), "{output}");
    assert!(output.contains("returned NaN") && output.contains("invalid float literal"), "{output}");
    assert!(output.contains("1 more reason of failures"), "{output}");
    assert_eq!(ok(shell, "best_rough.value() == best_rough.float(\"x\")?").trim(), "true");
    let (kind, report) = fails(
        shell,
        "%%tune doomed --trials 3\nlet x = trial.float(\"x\", 0.0..=1.0);\nif x < 2.0 { Err(\"never\")?; }\nx",
    );
    assert_eq!(kind, FailureKind::Error, "{report}");
    assert!(report.contains("none of the 3 trials has a value: all failed") && report.contains("trial 0"), "{report}");
    assert!(report.contains("never"), "{report}");
    // What is wrong with a range is wrong at once.
    let (_, report) = fails(shell, "%%tune empty --trials 30\nf64::from(trial.int(\"depth\", 9..=3))");
    assert!(report.contains("parameter \"depth\" has the empty range 9..=3"), "{report}");
    let (_, report) = fails(
        shell,
        "%%tune kinds --trials 30\nif trial.number() == 0 { trial.float(\"a\", 0.0..=1.0) } else { f64::from(trial.int(\"a\", 1..=3)) };\nErr::<f64, _>(\"none\")?",
    );
    assert!(report.contains("parameter \"a\" was") && report.contains("give it another name"), "{report}");
    // The ends of a range may move.
    let output =
        ok(shell, "%%tune moving --trials 10 --seed 2\ntrial.float(\"x\", 0.0..=1.0 + f64::from(trial.number() % 3))");
    assert!(output.contains("10 complete"), "{output}");
}

#[test]
fn the_compiler_points_into_the_cell() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "let mut count = 0;\nlet shared = std::rc::Rc::new(1.5);");
    let (kind, report) = fails(shell, "%%tune a\nlet x = trial.float(\"x\", 0.0..=1.0);\ncount += 1;\nx");
    assert_eq!(kind, FailureKind::Compile);
    assert!(report.contains("3:1") && report.contains("count += 1"), "{report}");
    let (_, report) = fails(shell, "%%tune a\nlet x = trial.float(\"x\", 0.0..=1.0);\nx * *shared");
    assert!(report.contains("Rc<f64>") && report.contains("threads"), "{report}");
    let (_, report) = fails(shell, "%%tune a\nlet x = trial.float(\"x\", 0.0..=1.0);\n");
    assert!(report.contains("has to end in a number"), "{report}");
    let (_, report) = fails(shell, "%%tune a\nlet x = trial.float(\"x\", 0.0..=1.0);\nformat!(\"{x}\")");
    assert!(report.contains("has to end in a number") && report.contains("3:1"), "{report}");
    let (_, report) = fails(shell, "%%tune a\ntrial.float(\"x\", 0.0..=1.0) + missing");
    assert!(report.contains("2:31") && report.contains("missing"), "{report}");
    assert_eq!(ok(shell, "count").trim(), "0");
    // An end in `Ok(..)`, and `?` on errors that are no `std::error::Error`.
    let cell = "%%tune a --trials 5\nlet x = trial.float(\"x\", 0.0..=1.0);\nif x < 0.0 { Err(\"small\".to_owned())?; }\nOk(x) // fine";
    assert!(ok(shell, cell).contains("5 complete"));
    // Magics within.
    assert!(ok(shell, "%%tune a --trials 5\n%seed 3\ntrial.float(\"x\", 0.0..=1.0)").contains("5 complete"));
}

#[test]
fn an_interrupt_keeps_what_is_done_and_resume_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    let cell = "%%tune long --trials 60 --jobs 2 --storage sqlite:///long.db --resume\n\
                let x = trial.float(\"x\", 0.0..=1.0);\n\
                if trial.number() == 20 && !std::path::Path::new(\"go\").exists() { println!(\"ready\"); loop {} }\n\
                x";
    let handle = shell.handle();
    let mut events = Vec::new();
    let outcome = shell.run_cell(cell, None, &mut |event| {
        if text(std::slice::from_ref(&event)).contains("ready") {
            handle.interrupt();
        }
        events.push(event);
    });
    let Status::Failed(failure) = outcome.status else { panic!("it ran: {}", text(&events)) };
    assert_eq!(failure.kind, FailureKind::Interrupted, "{failure:?}");
    let output = text(&events);
    assert!(output.contains("it was interrupted") && output.contains("`--resume` goes on"), "{output}");
    assert_eq!(ok(&mut shell, "best_long.unfinished().is_some() && best_long.value() < 0.5").trim(), "true");
    std::fs::write(directory.path().join("go"), "").unwrap();
    let output = ok(&mut shell, cell);
    assert!(output.contains("60: "), "{output}");
    assert_eq!(ok(&mut shell, "best_long.unfinished().is_none()").trim(), "true");
    // Nothing is left to do, and a cell without `--resume` is refused.
    let output = ok(&mut shell, cell);
    assert!(output.contains("for 0 trials"), "{output}");
    let (_, report) = fails(&mut shell, &cell.replace(" --resume", ""));
    assert!(report.contains("the study \"long\" exists in") && report.contains("--resume"), "{report}");
}

#[test]
fn a_time_is_kept_also_by_code_that_hangs() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    let output = ok(
        shell,
        "%%tune hanging --timeout 1s\nlet x = trial.float(\"x\", 0.0..=1.0);\nif trial.number() == 3 { loop { std::hint::black_box(x); } }\nx",
    );
    assert!(output.contains("3 complete, 1 failed") && output.contains("did not end in time"), "{output}");
}

#[test]
fn a_winner_outlives_its_process() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "%%tune kept --trials 20 --seed 5\ntrial.float(\"x\", 0.0..=1.0)");
    let before = ok(shell, "best_kept");
    let (kind, _) = fails(shell, "std::process::abort();");
    assert_eq!(kind, FailureKind::Died);
    assert_eq!(ok(shell, "best_kept"), before);
}

#[test]
fn trials_are_runs_in_the_study_of_the_active_run() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "%track start flights --name search");
    ok(
        shell,
        "%%tune tracked --trials 6 --maximize score --seed 1\nlet x = trial.float(\"x\", 0.0..=1.0);\nif trial.number() == 2 { Err(\"no\")?; }\nx",
    );
    ok(shell, "%track end");
    let output = ok(shell, "%track show -e flights");
    assert!(output.contains("tracked") && output.contains("trial 5"), "{output}");
    let best = ok(shell, "%track best score --max -n 1");
    let value = ok(shell, "println!(\"{:.4}\", best_tracked.value())");
    assert!(best.contains(&value.trim()[..5]), "{best}\n{value}");
}

#[test]
fn bad_flags_say_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    for (flags, said) in [
        ("--sampler grid", "a grid needs the values of each parameter"),
        ("--grid a=1,2", "`--grid` is for the sampler `grid`"),
        ("--sampler grid --grid a", "has no values"),
        ("--timeout soon", "`soon` is no time"),
        ("--timeout 0", "`0` is no time"),
        ("--timeout 5x", "`5x` is no time"),
        ("--trials 0", "0"),
        ("--trials -3", "-3"),
        ("--jobs 0", "1 to 1024 threads, or -1"),
        ("--jobs -2", "1 to 1024 threads, or -1"),
        ("--sampler cma", "cma"),
        ("--pruner patient", "patient"),
        ("--maximize a --minimize b", "cannot be used with"),
    ] {
        let (kind, report) = fails(shell, &format!("%%tune a {flags}\ntrial.float(\"x\", 0.0..=1.0)"));
        assert_eq!(kind, FailureKind::Magic, "{flags}");
        assert!(report.contains(said), "{flags}: {report}");
    }
    let cell = "%%tune g --sampler grid --grid x=1,2 --grid zz=1,2\nf64::from(trial.int(\"x\", 1..=2))";
    assert!(ok(shell, cell).contains("the grid has values of `zz`, for which no trial has asked"));
    let (_, report) = fails(shell, "%%tune a --storage late.db\ntrial.float(\"x\", 0.0..=1.0)");
    assert!(report.contains("\"late.db\" is not a storage") && report.contains("sqlite:///"), "{report}");
    let (kind, report) = fails(shell, "%%tune a\n");
    assert!(kind == FailureKind::Magic && report.contains("there is nothing to try"), "{report}");
}

#[test]
fn a_variable_that_threads_cannot_share_is_pointed_at() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(
        shell,
        "use std::{cell::{Cell, RefCell}, rc::Rc};\nstruct Seen { count: Cell<u32> }\n\
         let far = Rc::new(2.0);\nlet list = RefCell::new(vec![1.0]);\nlet seen = Seen { count: Cell::new(0) };",
    );
    for (name, tail) in
        [("far", "(x - *far).powi(2)"), ("list", "x * list.borrow()[0]"), ("seen", "x + f64::from(seen.count.get())")]
    {
        let cell = format!("%%tune held --trials 3\nlet x = trial.float(\"x\", 0.0..=1.0);\n{tail}");
        let (kind, report) = fails(shell, &cell);
        assert_eq!(kind, FailureKind::Compile, "{report}");
        assert!(
            report.contains(&format!("`{name}` can be used by one thread only, and this runs in several")),
            "{report}"
        );
        let column = tail.find(name).unwrap() + 1;
        assert!(report.contains(&format!(":3:{column} ]")), "{report}");
        assert!(report.contains("used by several threads here: `") && !report.contains("closure"), "{report}");
        assert!(report.contains("help: take what is needed out of"), "{report}");
    }
}
