//! Sessions that outlive their runtime, and their own process.

use super::Engine;
use ironbook_session::durable::{Lost, sessions};
use ironbook_session::{Config, ExecuteOptions, FailureKind, Resumed, Session, Source, Tier};
use std::fs;
use std::path::Path;

/// A session that is kept in its directory.
fn kept() -> Engine {
    let mut engine = Engine::new();
    engine.session.keep_in(&root(&engine)).unwrap();
    engine
}

fn root(engine: &Engine) -> std::path::PathBuf {
    engine.directory.path().join("sessions")
}

fn kill(engine: &mut Engine) {
    let pid = rustix::process::Pid::from_raw(engine.session.runtime_pid().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // It has let go of its files once nothing but the status of one thread is left.
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let stat = || fs::read_to_string(format!("{process}/stat")).unwrap_or_default();
    let threads = || fs::read_dir(format!("{process}/task")).map_or(0, Iterator::count);
    while Path::new(&process).exists() && (threads() > 1 || !stat().contains(") Z")) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Kills the runtime and has the session notice; its words.
fn after_kill(engine: &mut Engine) -> String {
    kill(engine);
    let ran = engine.cell("let _ = 0;");
    let notes = ran.notes.join("\n");
    ran.ok();
    assert!(notes.contains("the runtime process was killed from outside (SIGKILL) since the last cell"), "{notes}");
    notes
}

/// Ends the session as a crash would, as far as its files go, and goes on with it.
fn resume(engine: Engine) -> (Engine, Resumed) {
    let id = engine.session.id().unwrap().to_owned();
    let root = root(&engine);
    let Engine { session, directory, cache } = engine;
    drop(session);
    let config = Config {
        library: super::library(),
        cache: cache.path().to_owned(),
        directory: directory.path().to_owned(),
        tier: Tier::Auto,
    };
    let mut resumed = Session::resume(config.clone(), &root, &id, &mut |_| {}).unwrap();
    let session = std::mem::replace(&mut resumed.session, Session::start(config).unwrap());
    (Engine { session, directory, cache }, resumed)
}

#[test]
fn values_outlive_a_killed_runtime() {
    let mut e = kept();
    e.cells(&[
        "use serde::{Serialize, Deserialize}; use std::collections::HashMap;",
        "#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)] struct Point { x: f64, tags: Vec<String> }",
        "let n = 42u64; let mut text = String::from(\"zwölf\"); let list = vec![1.5, f64::NAN, -0.0];",
        "let point = Point { x: 0.1, tags: vec![\"a\".into()] }; let points = vec![Some(point.clone()), None];",
        "let mut counts: HashMap<String, Vec<u32>> = HashMap::new(); counts.insert(\"k\".into(), vec![1, 2]);",
        "let df = df![\"a\" => [1i64, 2, 3], \"b\" => [Some(\"x\"), None, Some(\"z\")]]?;",
        "let t = Tensor::new(&[[1f32, 2.], [3., 4.]], &Device::Cpu)?;",
        "text.push('!'); counts.get_mut(\"k\").unwrap().push(3);",
    ]);
    let notes = after_kill(&mut e);
    assert!(notes.contains("restored from disk: 8 variables"), "{notes}");
    assert!(!notes.contains("lost"), "{notes}");
    e.gives(
        "(n, &text, list.iter().map(|v| v.to_bits()).collect::<Vec<_>>() == [1.5, f64::NAN, -0.0].map(f64::to_bits))",
        "(42, \"zwölf!\", true)",
    );
    e.gives("(&point, points.len(), &counts)", "(Point { x: 0.1, tags: [\"a\"] }, 2, {\"k\": [1, 2, 3]})");
    e.gives("(df.height(), df.column(\"b\")?.null_count(), t.sum_all()?.to_scalar::<f32>()?)", "(3, 1, 10.0)");
    // A variable alone needs no compiler, and shows itself as before.
    e.gives("point", "Point { x: 0.1, tags: [\"a\"] }");
}

#[test]
fn what_cannot_be_kept_is_named_with_the_cells_that_make_it() {
    let mut e = kept();
    e.cells(&[
        "let base = 10;",
        "let add: Box<dyn Fn(i32) -> i32> = Box::new(move |x| x + base);",
        "let eleven = add(1);",
    ]);
    let notes = after_kill(&mut e);
    assert!(notes.contains("`add` (cell 2): it holds code"), "{notes}");
    assert!(notes.contains("`%rerun --lost` runs cell 2"), "{notes}");
    assert_eq!(e.session.lost_makers().executions, [2]);
    e.cell("add(2)").fails(FailureKind::Compile, &["could not be restored"]);
    e.gives("eleven + base", "21");
}

#[test]
fn a_crash_in_a_cell_leaves_the_values_as_they_were_before_it() {
    let mut e = kept();
    e.cells(&["let mut list = vec![1, 2, 3];", "let other = String::from(\"o\");"]);
    e.cell("list.push(4); drop(other); std::process::abort();").fails(FailureKind::Died, &[]);
    e.gives("(&list, &other)", "([1, 2, 3], \"o\")");
    e.cells(&["static COUNT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);"]);
    assert!(after_kill(&mut e).contains("statics start anew: `COUNT`"));
}

#[test]
fn a_session_goes_on_in_another_process() {
    let mut e = kept();
    e.cells(&[
        "#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)] struct Shape { sides: u8 }",
        "impl Shape { fn double(&self) -> Shape { Shape { sides: self.sides * 2 } } }",
        "fn half(n: u8) -> u8 { n / 2 }",
        "let shape = Shape { sides: 3 };",
        "let mut moved = vec![1];",
        "let gone = moved;",
        "let shape = shape.double();",
    ]);
    e.cell("let early = 1u8; let late: u8 = \"x\".parse()?;").fails(FailureKind::Error, &[]);
    e.session.set_env("COLOUR", Some("red")).unwrap();
    let (mut e, resumed) = resume(e);
    assert_eq!(resumed.restored.lost, []);
    assert_eq!(resumed.restored.back, ["early", "gone", "shape"]);
    e.gives("(half(shape.sides), shape.double(), gone.len(), early)", "(3, Shape { sides: 12 }, 1, 1)");
    e.gives("std::env::var(\"COLOUR\")?", "\"red\"");
    assert_eq!(e.session.history().len(), 10, "what ran before is in the history");
    // Another definition of the type is another type, here as everywhere.
    e.cell("struct Shape { sides: u16 }").ok();
    assert!(!e.names().contains(&"shape".to_owned()));
    let (e, resumed) = resume(e);
    assert_eq!(resumed.restored.lost, []);
    assert!(!e.names().contains(&"shape".to_owned()));
}

#[test]
fn a_large_value_is_back_or_named() {
    let mut e = kept();
    e.cells(&["let big: Vec<f64> = (0..2_000_000).map(f64::from).collect();", "let small = 1;"]);
    e.cells(&["let frame = df![\"x\" => (0..2_000_000i64).collect::<Vec<_>>()]?;"]);
    e.session.checkpoint("all", &mut |_| {}).unwrap();
    let (mut e, resumed) = resume(e);
    assert_eq!(resumed.restored.back, ["big", "frame", "small"]);
    e.gives("(big[1_999_999], frame.height())", "(1999999.0, 2000000)");
    // Changed and killed at once: whatever became of the value, it is not the old one.
    e.cells(&["let mut big = big; big[0] = 7.0;"]);
    let notes = after_kill(&mut e);
    if e.names().contains(&"big".to_owned()) {
        e.gives("(big[0], big[1_999_999])", "(7.0, 1999999.0)");
    } else {
        assert!(notes.contains("`big`"), "{notes}");
        assert!(e.session.lost_makers().executions.len() >= 2, "it was made by one cell and changed by another");
    }
}

#[test]
fn a_damaged_value_is_lost_and_never_wrong() {
    let mut e = kept();
    e.cells(&["let text = String::from(\"abcdefgh\");", "let other = 5;"]);
    let values = root(&e).join(e.session.id().unwrap()).join("values");
    for file in fs::read_dir(&values).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(8).position(|window| window == b"abcdefgh") {
            bytes[at] = b'X';
            fs::write(&path, bytes).unwrap();
        }
    }
    let (e, resumed) = resume(e);
    let [Lost { name, cell: 1, why }] = &resumed.restored.lost[..] else { panic!("{:?}", resumed.restored) };
    assert_eq!((name.as_str(), why.as_str()), ("text", "its digest does not match"));
    assert_eq!(e.names(), ["other"]);
}

#[test]
fn what_is_only_read_is_not_written_again() {
    let mut e = kept();
    e.cells(&["let table = df![\"a\" => [1, 2]]?; let words = vec![\"a\".to_owned()];"]);
    let values = root(&e).join(e.session.id().unwrap()).join("values");
    let files = |values: &Path| {
        let mut names: Vec<_> = fs::read_dir(values).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files(&values);
    e.gives("(table.height(), words.len())", "(2, 1)");
    assert_eq!(files(&values), before);
    e.cells(&["let mut words = words; words.push(\"b\".into());", "let table = 1;"]);
    let after = files(&values);
    assert!(after.len() <= 2 && after != before, "what no variable has any more is removed: {after:?}");
}

#[test]
fn a_cell_that_changes_through_a_shared_reference_is_written_again() {
    let mut e = kept();
    e.cells(&["let cell = std::cell::RefCell::new(vec![1]);", "cell.borrow_mut().push(2);"]);
    after_kill(&mut e);
    e.gives("cell.borrow().clone()", "[1, 2]");
}

#[test]
fn a_tensor_that_shares_its_memory_with_a_variable_is_never_old() {
    let mut e = kept();
    e.cells(&[
        "use ironbook::candle_core::Var;",
        "let var = Var::new(&[1f32, 2.], &Device::Cpu)?;",
        "let view = var.as_tensor().detach();",
        "var.set(&Tensor::new(&[5f32, 6.], &Device::Cpu)?)?;",
    ]);
    let now = e.cell("view.to_vec1::<f32>()?").ok().results.join("");
    after_kill(&mut e);
    if e.names().contains(&"view".to_owned()) {
        e.gives("view.to_vec1::<f32>()?", &now);
    }
    assert!(!e.names().contains(&"var".to_owned()));
}

#[test]
fn checkpoints_are_gone_back_to_and_compared() {
    let mut e = kept();
    e.cells(&["fn rate() -> f64 { 0.1 }", "let mut model = vec![1.0]; let data = df![\"a\" => [1, 2]]?;"]);
    let made = e.session.checkpoint("first", &mut |_| {}).unwrap();
    assert_eq!((made.variables, made.missing.len()), (2, 0));
    e.cells(&["fn rate() -> f64 { 0.2 }", "let mut model = model; model.push(rate()); let extra = 1;"]);
    let changes = e.session.diff("first", &mut |_| {}).unwrap();
    let differs: Vec<_> = changes.iter().map(|change| (change.name.as_str(), change.differs)).collect();
    assert_eq!(differs, [("data", Some(false)), ("extra", Some(true)), ("model", Some(true))]);
    let restored = e.session.restore_checkpoint("first", &mut |_| {}).unwrap();
    assert_eq!(restored.back, ["data", "model"]);
    e.gives("(&model, rate(), data.height())", "([1.0], 0.1, 2)");
    // It is still there in the next process, whatever was changed since.
    e.cells(&["let mut model = model; model.clear();"]);
    let (mut e, _) = resume(e);
    e.session.restore_checkpoint("first", &mut |_| {}).unwrap();
    e.gives("(&model, rate())", "([1.0], 0.1)");
    assert!(e.session.forget_checkpoint("first", &mut |_| {}).unwrap());
    let failure = e.session.restore_checkpoint("first", &mut |_| {}).unwrap_err();
    assert!(failure.message.contains("no checkpoint `first`"), "{}", failure.message);
}

#[test]
fn a_live_session_is_not_resumed_and_an_empty_one_leaves_nothing() {
    let mut e = kept();
    e.cells(&["let a = 1;"]);
    let (root, id) = (root(&e), e.session.id().unwrap().to_owned());
    let config =
        || Config { library: super::library(), cache: root.join("cache"), directory: root.clone(), tier: Tier::Auto };
    let Err(failure) = Session::resume(config(), &root, &id, &mut |_| {}) else { panic!("it is alive") };
    assert!(failure.message.contains("is running"), "{}", failure.message);
    let Err(failure) = Session::resume(config(), &root, "0badcafe", &mut |_| {}) else { panic!("there is none") };
    assert!(failure.message.contains("no session 0badcafe"), "{}", failure.message);
    let listed = sessions(&root);
    assert_eq!(
        (listed[0].id.as_str(), listed[0].executions, listed[0].pid),
        (id.as_str(), 1, Some(std::process::id()))
    );
    let mut empty = e.again();
    empty.session.keep_in(&root).unwrap();
    drop(empty);
    assert_eq!(sessions(&root).len(), 1);
}

#[test]
fn what_is_out_of_date_is_made_anew_in_order() {
    let mut e = kept();
    e.cells(&[
        "let df = vec![1, 2, 3];",
        "let sum: i32 = df.iter().sum();",
        "let mut text = format!(\"{sum}\");",
        "text.push('!');",
        "let apart = 7;",
        "let df = vec![10];",
    ]);
    let slice = e.session.outdated_by(None);
    assert_eq!(slice.executions, [2, 3, 4]);
    for id in slice.executions {
        let source: Source = e.session.source(id).unwrap();
        assert!(e.session.execute(&source, &ExecuteOptions::default(), &mut |_| {}).status.is_ok());
    }
    e.gives("(sum, &text, apart)", "(10, \"10!\", 7)");
    assert!(e.session.outdated_by(None).executions.is_empty());
}

#[test]
fn a_full_disk_is_told_once_and_stops_nothing() {
    let mut e = kept();
    e.cells(&["let a = 1;"]);
    let folder = root(&e).join(e.session.id().unwrap()).join("values");
    // As root no permission forbids writing; without the directory nobody can.
    fs::rename(&folder, folder.with_extension("away")).unwrap();
    let ran = e.cell("let b = String::from(\"b\");").ok();
    assert!(ran.notes.iter().any(|note| note.contains("could not be written")), "{:?}", ran.notes);
    e.cells(&["let c = 2;"]);
    fs::rename(folder.with_extension("away"), &folder).unwrap();
    e.cells(&["let d = 3;"]);
    let notes = after_kill(&mut e);
    assert!(notes.contains("`b`") && notes.contains("`c`"), "{notes}");
    e.gives("a + d", "4");
}

#[test]
fn a_variable_that_is_moved_and_assigned_again_is_written_again() {
    let mut e = kept();
    e.cells(&[
        "let mut df = df![\"a\" => [1, 2, 3]]?; let mut x = vec![1, 2];",
        "let from = df.height();",
        "assert_eq!(df.height(), 3);\nlet limit = 1;\ndf = df.lazy().filter(col(\"a\").gt(lit(limit))).collect()?;",
        "x.len();\nlet k = 1;\ndrop(x);\nx = vec![9];",
    ]);
    after_kill(&mut e);
    e.gives("(df.height(), &x)", "(2, [9])");
    assert!(e.session.variables().iter().any(|variable| variable.name == "from" && variable.stale.is_some()));
}

#[test]
fn what_changes_through_shared_references_is_never_old() {
    let mut e = kept();
    e.cells(&[
        "use ironbook::candle_core::Var;",
        "let t = Tensor::zeros((2, 2), DType::F32, &Device::Cpu)?; let t2 = t.clone();",
        "t.slice_set(&Tensor::ones((1, 2), DType::F32, &Device::Cpu)?, 0, 0)?;",
        "let v = Var::zeros((2,), DType::F32, &Device::Cpu)?; let vt = v.as_tensor().detach();\n\
         let mut f: Box<dyn FnMut()> = Box::new(move || v.set(&Tensor::ones((2,), DType::F32, &Device::Cpu).unwrap()).unwrap());",
        "f();",
    ]);
    after_kill(&mut e);
    e.gives("(t.sum_all()?.to_scalar::<f32>()?, t2.sum_all()?.to_scalar::<f32>()?)", "(2.0, 2.0)");
    e.gives("vt.to_vec1::<f32>()?", "[1.0, 1.0]");
}

#[test]
fn types_whose_values_would_not_be_what_they_were_are_not_kept() {
    let mut e = kept();
    e.cells(&[
        "use serde::{Serialize, Deserialize}; use std::rc::Rc; use std::cell::{Cell, RefCell};",
        "#[derive(Serialize, Deserialize, Debug, PartialEq)] struct M { c: Cell<i32> }",
        "#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)] struct Node<T> { v: Rc<T> }",
        "#[derive(Serialize, Deserialize, Debug)] struct Ig { id: i32, #[serde(skip)] cache: i32 }",
        "impl PartialEq for Ig { fn eq(&self, other: &Ig) -> bool { self.id == other.id } }",
        "let ra = Rc::new(M { c: Cell::new(1) }); let na = Node { v: Rc::new(RefCell::new(1)) };",
        "let strong = Rc::new(5i32); let weak = Rc::downgrade(&strong); let ig = Ig { id: 1, cache: 42 };",
        "let plain = Node { v: Rc::new(7i32) };",
    ]);
    let notes = after_kill(&mut e);
    assert_eq!(e.names(), ["plain", "strong"], "{notes}");
    for name in ["ra", "na", "weak", "ig"] {
        assert!(notes.contains(&format!("`{name}`")), "{name}: {notes}");
    }
}

#[test]
fn values_are_read_only_by_what_wrote_them() {
    let mut e = kept();
    let pair = |order: &str| {
        format!(
            "impl serde::Serialize for P {{ fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {{ ({order}).serialize(s) }} }}\n\
             impl<'de> serde::Deserialize<'de> for P {{ fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<P, D::Error> \
             {{ let ({0}) = <(i32, i32)>::deserialize(d)?; Ok(P {{ x, y }}) }} }}",
            order.replace("self.", "")
        )
    };
    e.cells(&["#[derive(Debug, PartialEq)] struct P { x: i32, y: i32 }", &pair("self.x, self.y")]);
    e.cells(&["let p = P { x: 1, y: 2 };"]);
    e.cell(&pair("self.y, self.x")).ok();
    let (e, resumed) = resume(e);
    assert!(!e.names().contains(&"p".to_owned()), "{:?}", resumed.restored);
    assert_eq!(resumed.restored.lost[0].name, "p");
}

#[test]
fn attributes_of_serde_that_name_items_in_text_are_followed() {
    let mut e = kept();
    e.cells(&[
        "use serde::{Serialize, Deserialize};",
        "#[derive(Serialize, Deserialize)] struct Wire(i32);\n\
         #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)] #[serde(from = \"Wire\", into = \"Wire\")] struct Q { x: i32 }\n\
         impl From<Wire> for Q { fn from(w: Wire) -> Q { Q { x: w.0 } } } impl From<Q> for Wire { fn from(q: Q) -> Wire { Wire(q.x) } }",
        "let q = Q { x: 4 };",
    ]);
    after_kill(&mut e);
    e.gives("q.x", "4");
}

#[test]
fn a_damaged_line_of_the_journal_costs_what_is_older_and_nothing_is_wrong() {
    let mut e = kept();
    e.cells(&["let x = 1i32; let keep = 7i32;", "let x = 10i32;", "let y = 2i32;"]);
    let journal = root(&e).join(e.session.id().unwrap()).join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line.contains("let x = 10i32")).unwrap();
    lines[at].replace_range(0..2, "??");
    fs::write(&journal, lines.join("\n") + "\n").unwrap();
    let (mut e, resumed) = resume(e);
    assert_eq!(resumed.restored.back, ["y"], "{:?}", resumed.restored);
    assert_eq!(resumed.restored.lost.iter().map(|lost| lost.name.as_str()).collect::<Vec<_>>(), ["keep", "x"]);
    e.gives("y", "2");
    assert!(fs::read_to_string(&journal).unwrap().contains("let y = 2i32"), "nothing is cut off");
}

#[test]
fn no_directory_but_a_sessions_is_touched() {
    let e = kept();
    let victim = e.directory.path().join("precious");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("lock"), "important").unwrap();
    let config = || Config { library: super::library(), cache: root(&e), directory: root(&e), tier: Tier::Auto };
    for id in [victim.to_str().unwrap(), ".", "", "../precious", "deadbeef"] {
        assert!(Session::resume(config(), &root(&e), id, &mut |_| {}).is_err(), "{id}");
    }
    assert_eq!(fs::read_to_string(victim.join("lock")).unwrap(), "important");
    assert!(!root(&e).join("lock").exists());
}

#[test]
fn what_was_taken_back_is_not_run_again() {
    let mut e = kept();
    e.cells(&["struct Z(i32);", "let z = Z(1); let mut x = vec![0];"]);
    e.session.checkpoint("early", &mut |_| {}).unwrap();
    e.cells(&["let z = Z(2);", "x.push(1);"]);
    e.session.restore_checkpoint("early", &mut |_| {}).unwrap();
    assert_eq!(e.session.lost_makers().executions, [2]);
    e.cells(&["let y = x.len();", "x.push(5);"]);
    assert_eq!(e.session.outdated_by(None).executions, [5]);
    let (e, _) = resume(e);
    // The cell that makes `z` makes `x` anew too, which the last one changes.
    assert_eq!(
        e.session.lost_makers().executions,
        [2, 6],
        "what is lost stays named, and what was taken back stays so"
    );
}

#[test]
fn items_that_were_defined_anew_are_not_undone() {
    let mut e = kept();
    e.cells(&[
        "struct N(i32);\n#[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)] struct P { a: i32 }\nfn helper() -> i32 { 1 }\nlet lost = N(helper());",
        "#[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)] struct P { a: i32, b: i32 }\nfn helper() -> i32 { 2 }",
        "let p = P { a: 1, b: 2 };",
    ]);
    after_kill(&mut e);
    for id in e.session.lost_makers().executions {
        let source = e.session.source(id).unwrap();
        assert!(e.session.execute(&source, &ExecuteOptions::default(), &mut |_| {}).status.is_ok());
    }
    e.gives("(helper(), &p)", "(2, P { a: 1, b: 2 })");
    assert!(e.names().contains(&"lost".to_owned()));
}
