//! The shell over a session that compiles nothing.

use crate::fake::{Fake, text};
use ironbook_core::Bundle;
use ironbook_magics::engine::{Dependency, Tier, Variable};
use ironbook_magics::{Call, CellOutcome, Connection, Error, Example, Expect, Lowered, Magic, Shell};
use ironbook_session::{Event, Failure, FailureKind, Part, Status};
use std::path::Path;
use tempfile::TempDir;

struct Bench {
    shell: Shell<Fake>,
    directory: TempDir,
    outcome: Option<CellOutcome>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        Bench { shell: Shell::new(Fake::new(&path)), directory, outcome: None }
    }

    /// Runs a cell and returns all its output.
    fn run(&mut self, cell: &str) -> String {
        let mut events = Vec::new();
        self.outcome = Some(self.shell.run_cell(cell, Some("id"), &mut |event| events.push(event)));
        text(&events)
    }

    #[track_caller]
    fn ok(&mut self, cell: &str) -> String {
        let output = self.run(cell);
        assert_eq!(self.outcome.as_ref().unwrap().status, Status::Ok, "{cell}\n{output}");
        output
    }

    #[track_caller]
    fn fails(&mut self, cell: &str) -> Failure {
        self.run(cell);
        match &self.outcome.as_ref().unwrap().status {
            Status::Ok => panic!("it ran: {cell}"),
            Status::Failed(failure) => failure.clone(),
        }
    }

    /// The Rust of each execution so far.
    fn rust(&mut self) -> Vec<String> {
        self.shell.engine().rust()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}

#[test]
fn connect_info_says_how_clients_attach() {
    let mut bench = Bench::new();
    assert!(bench.ok("%connect_info").contains("without a kernel"));
    let file = bench.directory.path().join("kernel.json");
    std::fs::write(&file, "{\n  \"shell_port\": 1\n}\n").unwrap();
    bench.shell.set_connection(Connection { file: file.clone(), id: Some("3fa9c1".to_owned()) });
    let said = bench.ok("%connect_info");
    for part in ["\"shell_port\": 1", "ironbook repl --existing 3fa9c1", &file.display().to_string()] {
        assert!(said.contains(part), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(bench.fails("%connect_info").name, "file");
}

#[test]
fn actions_split_a_cell_and_lowered_rust_does_not() {
    let mut bench = Bench::new();
    let output = bench.ok("let a = 1;\n%who\nlet b = 2;\n%seed 7\nb");
    assert_eq!(output, "a\n");
    assert_eq!(bench.rust(), ["let a = 1;\n", "\nlet b = 2;\n::ironbook::seed::set(7);\nb"]);
    let source = bench.shell.engine().sources[1].clone();
    let at = source.text.find("%seed 7").unwrap();
    assert!(source.parts.contains(&Part::Lowered { text: "::ironbook::seed::set(7);".into(), range: at..at + 7 }));
    assert_eq!(bench.outcome.unwrap().executions.len(), 2);
}

#[test]
fn the_rest_is_not_run_after_a_failure() {
    let mut bench = Bench::new();
    bench.shell.engine().fails = Some("bad");
    assert_eq!(bench.fails("bad();\n%who\nlet b = 2;").kind, FailureKind::Panic);
    assert_eq!(bench.rust().len(), 1);
    assert_eq!(bench.fails("let a = 1;\n!exit 3\nlet b = 2;").kind, FailureKind::Magic);
    assert_eq!(bench.rust().len(), 2);
}

#[test]
fn nothing_runs_when_a_magic_is_wrong() {
    let mut bench = Bench::new();
    for cell in ["f();\n%trakc start", "f();\n%opt 9", "f();\n%cd 'open", "f();\n%%bash\nls", "%bash ls", "%%who\nf()"]
    {
        let failure = bench.fails(cell);
        assert_eq!(failure.kind, FailureKind::Magic, "{cell}");
        assert!(!failure.hints.is_empty(), "{cell}");
    }
    assert!(bench.rust().is_empty());
}

#[test]
fn unknown_magics_name_what_is_near() {
    let mut bench = Bench::new();
    let failure = bench.fails("let a = 1;\n%trakc start");
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("unknown magic", "there is no magic `%trakc`"));
    assert_eq!(failure.hints[0], "did you mean `%track`?");
    assert!(failure.report.iter().any(|line| line.contains("line 2: %trakc start")), "{:?}", failure.report);
    assert!(bench.fails("%%writfile x\n").hints[0].contains("`%%writefile`"));
    assert!(bench.fails("%matplotlib inline").hints[0].contains("ironbook::plot"));
    assert!(bench.fails("%pip install x").hints[0].contains("%dep"));
    assert!(bench.fails(":varz").hints[0].contains("`:vars`"));
}

#[test]
fn wrong_arguments_are_claps_words() {
    let mut bench = Bench::new();
    let failure = bench.fails("%opt 9");
    assert_eq!(failure.name, "wrong arguments");
    assert!(failure.message.contains("invalid value '9'") && failure.message.contains("auto"), "{}", failure.message);
    assert!(!failure.report.join("").contains('\u{1b}'));
    let failure = bench.fails("%track start");
    assert!(failure.message.contains("<EXPERIMENT>"), "{}", failure.message);
    assert!(failure.hints.iter().any(|hint| hint.contains("%track start")), "{:?}", failure.hints);
}

#[test]
fn track_lowers_to_the_library() {
    let mut bench = Bench::new();
    bench.ok("%track start flights --name \"first run\" --tag kind=base");
    bench.ok("%track log auc=0.91 loss={loss} mean=total / count as f64 model=\"lr\"");
    bench.ok("%track log loss=loss --step epoch");
    bench.ok("%track end failed");
    bench.ok("%track show --experiment flights");
    assert_eq!(
        bench.rust(),
        [
            "{ ::ironbook::track::start(\"flights\", ::ironbook::track::RunOptions::default().name(\"first run\").tag(\"kind\", \"base\"))?; }",
            "{ ::ironbook::track::log_param(\"model\", \"lr\")?; ::ironbook::track::log_metrics(&[(\"auc\", (0.91) as f64), (\"loss\", (loss) as f64), (\"mean\", (total / count as f64) as f64)])?; }",
            "{ ::ironbook::track::log_metric_at(\"loss\", (loss) as f64, epoch)?; }",
            "::ironbook::track::end(::ironbook::track::Status::Failed)?;",
            "::ironbook::display(&::ironbook::track::runs(\"flights\")?);",
        ]
    );
    let mut bench = Bench::new();
    bench.ok("%track");
    bench.ok("%track compare first 1a2b");
    bench.ok("%track best auc");
    bench.ok("%track best loss --max -n 3");
    bench.ok("%track register model --as late-flights --alias champion");
    bench.ok("%track stage late-flights 3 Production");
    bench.ok("%track alias late-flights 3 challenger");
    bench.ok("%track uri http://127.0.0.1:5000");
    bench.ok("%track uri project");
    bench.ok("%track status");
    bench.ok("%track auto off");
    assert_eq!(
        bench.rust(),
        [
            "::ironbook::display(&::ironbook::track::recent(20)?);",
            "::ironbook::display(&::ironbook::track::compare(&[\"first\", \"1a2b\"])?);",
            "::ironbook::display(&::ironbook::track::best(\"auc\", None, 5)?);",
            "::ironbook::display(&::ironbook::track::best(\"loss\", Some(false), 3)?);",
            "::ironbook::display(&::ironbook::models::register(&(model), \"late-flights\", Some(\"champion\"))?);",
            "::ironbook::display(&::ironbook::track::stage(\"late-flights\", \"3\", \"Production\")?);",
            "::ironbook::display(&::ironbook::track::alias(\"late-flights\", \"3\", \"challenger\")?);",
            "::ironbook::track::set_uri(\"http://127.0.0.1:5000\")?; ::ironbook::display(&::ironbook::track::destination()?);",
            "::ironbook::track::set_uri(\"\")?; ::ironbook::display(&::ironbook::track::destination()?);",
            "::ironbook::display(&::ironbook::track::status()?);",
            "::ironbook::track::set_auto(false);",
        ]
    );
    assert!(bench.fails("%track register \"model +\" --as m").message.contains("no expression"));
    assert!(bench.fails("%track load models:/m/1 --into 1x").message.contains("`1x`"));
    assert!(bench.fails("%track stage m 1 Live").message.contains("Live"));
    assert!(bench.fails("%track log auc=0.91 +").message.contains("`auc`"));
    assert!(bench.fails("%track log 0.91").message.contains("no value"));
}

#[test]
fn time_wraps_statements_and_keeps_values() {
    let mut bench = Bench::new();
    bench.ok("%time let x = f()");
    bench.ok("%time f()?");
    bench.ok("%time f();\ng()");
    bench.ok("%%time\nlet a = 1;\nf(a)\n");
    bench.ok("%time let Some(x) = f() else { return };");
    bench.ok("%time let x = &f();");
    for rust in bench.rust() {
        syn::parse_str::<syn::Block>(&format!("{{{rust}}}")).unwrap_or_else(|error| panic!("{error}: {rust}"));
    }
    let marks =
        |rust: &String| (rust.matches("vnd.ironbook.time+").count(), rust.matches("vnd.ironbook.timed+").count());
    let found: Vec<_> = bench.rust().iter().map(marks).collect();
    assert_eq!(found, [(0, 1), (0, 1), (0, 1), (3, 0), (3, 0), (3, 0)]);
    let rust = bench.rust();
    assert!(rust[0].starts_with("let x = { ") && rust[0].ends_with("__ironbook_value };"), "{}", rust[0]);
    assert!(rust[1].contains("let __ironbook_value = f()?;") && rust[1].ends_with("__ironbook_value }"));
    assert!(rust[3].contains("let a = 1;\n{ let __ironbook_value = f(a);"));
    assert!(rust[5].contains("let x = &f();"));
    let user: Vec<_> =
        bench.shell.engine().sources[1].parts.iter().filter(|part| matches!(part, Part::User(_))).cloned().collect();
    assert!(user.contains(&Part::User(6..10)), "{user:?}");
}

#[test]
fn clocks_become_words() {
    let clock = |cpu: u64, wall: u64| {
        let bundle = Bundle::text("time").with("application/vnd.ironbook.time+json", serde_json::json!([cpu, wall]));
        Event::Display { bundle, id: None, update: false }
    };
    let mut bench = Bench::new();
    bench.shell.engine().events = vec![
        clock(1_000, 4_000_000_000),
        clock(1_000, 5_000_000_000),
        Event::Stdout("x\n".into()),
        clock(251_000, 5_100_000_000),
    ];
    assert_eq!(bench.ok("%time f()"), "x\nwall 100 ms, CPU 250 ms\ncompile 125 ms (opt-level 2)\n");
    let runs = serde_json::json!([1000, [1e-6, 2e-6, 3e-6]]);
    let bundle = Bundle::text("timeit").with("application/vnd.ironbook.timeit+json", runs);
    bench.shell.engine().events = vec![Event::Display { bundle, id: None, update: false }];
    let output = bench.ok("%timeit f()");
    // numpy: mean 2e-6, std (population) 8.165e-07
    assert!(
        output.starts_with("2.00 µs ± 816 ns per loop, best 1.00 µs (mean ± std. dev. of 3 runs, 1,000 loops each)"),
        "{output}"
    );
}

#[test]
fn measurements_are_optimised_unless_a_level_is_set() {
    let mut bench = Bench::new();
    bench.ok("%timeit f()");
    bench.ok("f()");
    bench.ok("%opt 1\n%timeit f()");
    assert_eq!(bench.shell.engine().tiers, [Tier::Fixed(2), Tier::Auto, Tier::Fixed(1)]);
    for rust in bench.rust() {
        syn::parse_str::<syn::Block>(&format!("{{{rust}}}")).unwrap_or_else(|error| panic!("{error}: {rust}"));
    }
}

#[test]
fn magics_inside_code_cells() {
    let mut bench = Bench::new();
    bench.ok("%%time\nlet a = 1;\n%seed 3\na");
    let rust = bench.rust().remove(0);
    assert!(rust.contains("::ironbook::seed::set(3);") && !rust.contains('%'), "{rust}");
    let failure = bench.fails("%%time\n%who");
    assert!(failure.message.contains("`%who` cannot stand here"), "{}", failure.message);
}

#[test]
fn a_users_function_is_a_magic() {
    let mut bench = Bench::new();
    bench.ok("fn magic_shout(args: &str) -> String { args.to_uppercase() }\n%shout hello \"you\"");
    assert!(bench.rust()[0].ends_with("magic_shout(\"hello \\\"you\\\"\")"), "{}", bench.rust()[0]);
    bench.ok("macro_rules! magic_twice { ($e:expr) => { $e * 2 } }\n%twice 1 + 2\nf()");
    assert!(bench.rust()[1].contains("magic_twice!(1 + 2);"));
    let item = |kind: &str, name: &str| ironbook_magics::engine::ItemInfo {
        kind: kind.into(),
        name: name.into(),
        cell: 1,
        text: "use mycrate::magic_whisper;".into(),
    };
    bench.shell.engine().items = vec![item("use", "magic_whisper"), item("macro", "magic_twice")];
    bench.ok("%whisper Hello");
    assert_eq!(bench.rust()[2], "magic_whisper(\"Hello\")");
    bench.ok("%twice 4");
    assert_eq!(bench.rust()[3], "magic_twice!(4)");
    assert!(bench.ok("%lsmagic").contains("%whisper"));
    assert!(bench.ok("%whisper?").contains("use mycrate::magic_whisper;"));
    assert!(bench.fails("%whispr x").hints[0].contains("`%whisper`"));
}

struct Shout;

impl Magic for Shout {
    fn name(&self) -> &'static str {
        "shout"
    }
    fn summary(&self) -> &'static str {
        "Shout"
    }
    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%shout", expect: Expect::Ok }]
    }
    fn lower(&self, _: &Call<'_>) -> Result<Lowered, Error> {
        Ok(Lowered::rust("shout();"))
    }
}

#[test]
fn magics_can_be_registered() {
    let mut bench = Bench::new();
    bench.shell.register(Box::new(Shout));
    bench.ok("%shout");
    assert_eq!(bench.rust(), ["shout();"]);
    assert!(bench.ok("%lsmagic").contains("%shout"));
    assert!(bench.ok("%shout?").contains("Usage: %shout"));
}

#[test]
fn lists_of_variables() {
    let mut bench = Bench::new();
    assert_eq!(bench.ok("%who"), "There are no variables.\n");
    bench.shell.engine().variables = vec![
        Variable {
            name: "model".into(),
            type_name: "Forest".into(),
            shape: None,
            bytes: 20,
            cell: 3,
            stale: Some("made from an older `df`".into()),
            columns: Vec::new(),
        },
        Variable {
            name: "df".into(),
            type_name: "DataFrame".into(),
            shape: Some("3 x 2".into()),
            bytes: 61_200_000,
            cell: 4,
            stale: None,
            columns: Vec::new(),
        },
    ];
    assert!(bench.ok("%who").starts_with("df  model*\n* out of date"));
    assert_eq!(bench.ok("%who Data"), "df\n");
    let table = bench.ok("%whos");
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines[0], "name   type       shape     size  cell  out of date");
    assert_eq!(lines[2], "df     DataFrame  3 x 2  61.2 MB     4");
    assert_eq!(lines[3], "model  Forest               20 B     3  made from an older `df`");
    assert!(bench.ok("df?").starts_with("df: DataFrame\nshape  3 x 2\nsize   61.2 MB\ncell   4\n"));
    assert!(bench.fails("?dff").hints[0].contains("`df`"));
    assert_eq!(bench.ok(":type df"), "df: DataFrame\n");
}

#[test]
fn cells_have_the_numbers_that_the_user_sees() {
    let mut bench = Bench::new();
    bench.ok("%who");
    bench.ok("let a = 1;\n%who\nlet b = 2;");
    bench.ok("let c = 3;");
    let table = bench.ok("%whos");
    let cells: Vec<_> = table.lines().skip(2).map(|line| line.split_whitespace().last().unwrap()).collect();
    assert_eq!(cells, ["2", "2", "3"], "{table}");
}

#[test]
fn reset_asks_first() {
    let mut bench = Bench::new();
    bench.ok("let a = 1; let b = 2;");
    assert_eq!(bench.fails("%reset").name, "refused");
    assert_eq!(bench.fails("%reset a zzz").name, "not found");
    assert_eq!(bench.ok("%who"), "a  b\n");
    assert_eq!(bench.ok("%reset a\n%who"), "forgotten: a\nb\n");
    bench.ok(":clear");
    assert_eq!(bench.ok("%who"), "There are no variables.\n");
}

#[test]
fn commands_stream_both_pipes_and_see_directory_and_environment() {
    let mut bench = Bench::new();
    let here = bench.directory.path().canonicalize().unwrap();
    assert_eq!(bench.ok("!pwd").trim(), here.display().to_string());
    assert_eq!(bench.ok("%env WHAT=a b\n!echo $WHAT"), "WHAT=a b\na b\n");
    assert_eq!(bench.ok("!echo error >&2"), "error\n");
    assert_eq!(bench.ok("%env -u WHAT\n!echo \"[$WHAT]\""), "WHAT is not set any more\n[]\n");
    assert_eq!(bench.ok("%%sh\nprintf 'é'\nprintf 日本").as_str(), "é日本");
    // `!` is a terminal's line, on which all words are alike; a script's streams are apart.
    let streams = |bench: &mut Bench, cell: &str| {
        let mut streams = Vec::new();
        bench.shell.run_cell(cell, None, &mut |event| match event {
            Event::Stdout(text) => streams.push(("out", text)),
            Event::Stderr(text) => streams.push(("err", text)),
            _ => {}
        });
        streams
    };
    assert_eq!(streams(&mut bench, "!echo a >&2"), [("out", "a\n".to_owned())]);
    assert_eq!(streams(&mut bench, "%%sh\necho a >&2"), [("err", "a\n".to_owned())]);
    let failure = bench.fails("!exit 3");
    assert_eq!(
        (failure.name.as_str(), failure.message.as_str()),
        ("command failed", "the command ended with exit status 3: exit 3")
    );
    assert!(bench.fails("!kill -9 $$").message.contains("signal 9"));
    assert!(bench.fails("!no_such_program_anywhere").message.contains("127"));
    assert_eq!(bench.ok("!sleep 2 & echo started"), "started\n");
    bench.ok("%%bash\nx=(1 2 3); echo ${x[1]}");
}

#[test]
fn output_comes_before_the_command_ends() {
    // The command waits for a file that is written only once its first line has arrived.
    let bench = Bench::new();
    let Bench { mut shell, directory, .. } = bench;
    let file = directory.path().join("go");
    let mut seen = String::new();
    let outcome = shell.run_cell("!echo first; until [ -e go ]; do :; done; echo second", None, &mut |event| {
        seen.push_str(&text(&[event]));
        if seen == "first\n" {
            std::fs::write(&file, "").unwrap();
        }
    });
    assert_eq!((outcome.status, seen.as_str()), (Status::Ok, "first\nsecond\n"));
}

#[test]
fn an_interrupt_ends_a_command_and_its_cell() {
    let mut bench = Bench::new();
    let handle = bench.shell.handle();
    let outcome = bench.shell.run_cell("!echo ready; while :; do :; done\nlet a = 1;", None, &mut |event| {
        if text(&[event]).contains("ready") {
            handle.interrupt();
        }
    });
    let Status::Failed(failure) = outcome.status else { panic!("it ran") };
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert!(bench.rust().is_empty());
    bench.ok("!echo again");
}

#[test]
fn a_command_that_ignores_interrupts_is_killed_by_the_second() {
    let mut bench = Bench::new();
    let handle = bench.shell.handle();
    let outcome = bench.shell.run_cell("!trap 'echo no' INT; echo ready; while :; do :; done", None, &mut |event| {
        if matches!(text(&[event]).trim(), "ready" | "no") {
            handle.press();
        }
    });
    assert!(matches!(outcome.status, Status::Failed(failure) if failure.kind == FailureKind::Interrupted));
}

#[test]
fn files() {
    let mut bench = Bench::new();
    bench.ok("%%writefile a.txt\none\n%who\n");
    bench.ok("%%writefile -a a.txt\ntwo");
    assert_eq!(bench.read("a.txt"), "one\n%who\ntwo\n");
    bench.ok("%load a.txt");
    let next = bench.outcome.take().unwrap().next_input.unwrap();
    assert_eq!((next.text.as_str(), next.replace), ("// %load a.txt\none\n%who\ntwo\n", true));
    std::fs::create_dir(bench.directory.path().join("sub dir")).unwrap();
    let home = bench.shell.engine().directory.clone();
    assert_eq!(Path::new(bench.ok("%cd 'sub dir'").trim()), home.join("sub dir"));
    assert_eq!(Path::new(bench.ok("%cd -").trim()), home);
    assert_eq!(bench.fails("%cd nowhere").name, "file");
    assert_eq!(bench.fails("%cd a.txt").name, "file");
}

#[test]
fn running_files() {
    let mut bench = Bench::new();
    bench.write(
        "s.rs",
        "// %% first\nlet a = 1;\n// %track end\n// %% [markdown]\n// text\n// %%\n// a % b\nlet b = 2;\n",
    );
    bench.ok("%run s.rs");
    assert_eq!(
        bench.rust(),
        ["let a = 1;\n::ironbook::track::end(::ironbook::track::Status::Finished)?;", "// a % b\nlet b = 2;"]
    );
    let cells =
        r#"{"cells":[{"cell_type":"markdown","source":"x"},{"cell_type":"code","source":["let c = 3;\n","c"]}]}"#;
    bench.write("n.ipynb", cells);
    bench.ok("%run n.ipynb");
    assert_eq!(bench.rust()[2], "let c = 3;\nc");
    bench.write("bad.ipynb", "[]");
    assert_eq!(bench.fails("%run bad.ipynb").name, "not a notebook");
    bench.write("loop.rs", "%run loop.rs\n");
    assert_eq!(bench.fails("%run loop.rs").name, "refused");
    bench.shell.engine().fails = Some("bad");
    bench.write("fails.rs", "// %%\nbad();\n// %%\nlet d = 4;\n");
    assert_eq!(bench.fails("%run fails.rs").kind, FailureKind::Panic);
    assert_eq!(bench.rust().len(), 4);
}

#[test]
fn history() {
    let mut bench = Bench::new();
    let file = bench.directory.path().join("history.jsonl");
    assert_eq!(bench.fails("%history -g").name, "refused");
    bench.shell.set_history_file(&file).unwrap();
    bench.ok("let a = 1;");
    bench.ok("let b = 2;\nb");
    assert_eq!(bench.ok("%history -n"), "1: %history -g\n2: let a = 1;\n3: let b = 2;\n   b\n");
    assert_eq!(bench.ok("%history 2"), "let a = 1;\n");
    assert_eq!(bench.ok("%history let*2"), "let b = 2;\nb\n");
    assert_eq!(bench.ok("%history -l 1 let"), "%history let*2\n");
    let mut later = Bench::new();
    later.shell.set_history_file(&file).unwrap();
    assert!(later.ok("%history -g a = 1").ends_with("/2: let a = 1;\n"));
}

#[test]
fn dependencies() {
    let mut bench = Bench::new();
    let here = bench.shell.engine().directory.clone();
    bench.ok(":dep regex = \"1.10\"");
    bench.ok(":dep tokio = { version = \"1\", features = [\"rt\", \"net\"], default-features = false }");
    bench.ok("%dep rayon@1.9 --features a,b");
    bench.ok("%dep mine --path ../mine");
    bench.ok("%dep one two");
    let dependency = |name: &str| Dependency {
        name: name.into(),
        version: None,
        features: Vec::new(),
        path: None,
        default_features: true,
    };
    assert_eq!(
        bench.shell.engine().dependencies,
        [
            Dependency { version: Some("1.10".into()), ..dependency("regex") },
            Dependency {
                version: Some("1".into()),
                features: vec!["rt".into(), "net".into()],
                default_features: false,
                ..dependency("tokio")
            },
            Dependency { version: Some("1.9".into()), features: vec!["a".into(), "b".into()], ..dependency("rayon") },
            Dependency { path: Some(here.join("../mine")), ..dependency("mine") },
            dependency("one"),
            dependency("two"),
        ]
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    assert!(bench.fails(&format!("%dep --path {path}")).message.contains("cannot read"));
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    assert!(bench.fails(&format!("%dep --path {path}")).message.contains("names no package"));
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"own-crate\"\n").unwrap();
    bench.ok(&format!("%dep --path {path}"));
    let added = bench.shell.engine().dependencies.last().cloned();
    assert_eq!(added, Some(Dependency { path: Some(folder.path().into()), ..dependency("own-crate") }));
    assert!(bench.fails("%dep x = { git = \"y\" }").message.contains("`git` is not supported"));
    assert!(bench.ok(":show_deps").contains("rayon"));
}

#[test]
fn expansion_runs_nothing() {
    let mut bench = Bench::new();
    assert_eq!(bench.fails("%expand").name, "refused");
    assert_eq!(bench.ok("%expand %track end"), "::ironbook::track::end(::ironbook::track::Status::Finished)?;\n");
    assert!(bench.ok("%expand let a = 1;").contains("mod cell { let a = 1; }"));
    assert!(bench.ok("%expand -c %seed 1").contains("mod cell { ::ironbook::seed::set(1); }"));
    assert!(bench.rust().is_empty());
}

#[test]
fn colon_commands_work_or_say_what_does() {
    let mut bench = Bench::new();
    assert_eq!(bench.ok(":opt 2\n:opt"), "optimisation level: 2\noptimisation level: 2\n");
    assert!(bench.ok(":help").contains("%lsmagic"));
    assert!(bench.ok(":version").starts_with("Ironbook "));
    assert!(bench.ok(":quit").contains("Ctrl-D"));
    assert!(bench.ok(":efmt {:?}").contains("chain"));
    assert!(bench.ok(":env A=b").contains("A=b"));
    assert!(bench.ok("let a = 1;\n:vars").contains("a"));
    assert!(bench.ok(":timing\nlet b = 1;").contains("compile 125 ms, run"));
}

#[test]
fn a_magic_after_an_open_expression_is_explained() {
    let mut bench = Bench::new();
    bench.shell.engine().fails = Some("df\n%who");
    // The fake session fails by panic; only compile errors are explained.
    assert!(bench.fails("df\n%who").hints.is_empty());
    assert_eq!(bench.rust(), ["df\n%who"]);
}

#[test]
fn empty_cells_are_no_executions() {
    let mut bench = Bench::new();
    for cell in ["", "  \n", "// a remark", "%who // not a word\n"] {
        bench.run(cell);
        assert!(bench.outcome.as_ref().unwrap().executions.is_empty(), "{cell}");
    }
}
