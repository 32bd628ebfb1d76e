//! What is kept, what ends with its cell, and what the engine says of it.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn borrows_end_with_their_cell_and_say_so() {
    let mut e = Engine::new();
    e.cells(&["let text = String::from(\"to be or\");"]);
    e.gives("let words: Vec<&str> = text.split(' ').collect(); words.len()", "3").notes("`words` borrows from `text`");
    e.gives("text.len()", "8");
    assert_eq!(e.names(), ["text"]);
    e.gives("let local = vec![1, 2]; let first = &local[0]; *first", "1").notes("`first` borrows from `local`");
    e.gives("local.len()", "2");
    e.gives("let r = &text; let held = r.len(); let it = text.chars(); held", "8").notes("`r`");
    e.gives("held", "8");
    e.cells(&["let slice: &'static str = \"fixed\"; let mutex = std::sync::Mutex::new(vec![1]);"]);
    e.gives("let mut guard = mutex.lock().unwrap(); guard.push(2); let n = guard.len(); n", "2").notes("`guard`");
    e.gives("(slice, n, mutex.lock().unwrap().len())", "(\"fixed\", 2, 2)");
    e.gives("let owned: Vec<String> = text.split(' ').map(str::to_owned).collect(); owned.len()", "3");
    e.gives("owned[0].clone()", "\"to\"");
    e.cells(&["let mut grid = vec![vec![0; 3]; 2];"]);
    e.gives("let row = &mut grid[1]; row[2] = 7; let after = 1; row[0] = 5; grid[1][2] + after", "8").notes("`row`");
    e.gives("after + grid[1][0]", "6");
    e.gives("grid[1][2]", "7");
}

#[test]
fn moved_variables_are_gone_and_assigned_ones_stay() {
    let mut e = Engine::new();
    e.cells(&["let a = vec![1, 2, 3]; let b = vec![4];", "drop(a);"]);
    assert_eq!(e.names(), ["b"]);
    e.cell("a.len()").fails(FailureKind::Compile, &["`a` was moved by cell 2"]);
    e.cells(&["let c = b; b = vec![5, 6];"]);
    e.gives("(&b, &c)", "([5, 6], [4])");
    e.cells(&["let joined: Vec<i32> = b.into_iter().chain(c).collect();"]);
    assert_eq!(e.names(), ["joined"]);
    e.cell("let taken = joined; panic!(\"late\");").fails(FailureKind::Panic, &["late"]);
    e.gives("taken", "[4, 5, 6]".replace("4, 5, 6", "5, 6, 4").as_str());
    e.cell("let x = 5; let s = String::from(\"s\"); drop(s);").ok();
    assert_eq!(e.names(), ["taken", "x"]);
    e.cell("let sum: i32 = taken.iter().sum(); let again = taken; again.len()").ok();
    assert_eq!(e.names(), ["again", "sum", "x"]);
    e.cells(&["let mut p = (String::from(\"l\"), String::from(\"r\"));"]);
    e.cell("let left = p.0;").ok();
    e.gives("left", "\"l\"");
    e.cell("fn consume(v: Vec<i32>) -> usize { v.len() } if x > 3 { consume(again); }").ok();
    assert!(!e.names().contains(&"again".to_owned()));
}

#[test]
fn an_older_variable_does_not_come_back_for_a_newer_one_that_ended() {
    let mut e = Engine::new();
    let older = "let rows = vec![1]; let n = 2;";
    for newer in [
        "let rows = vec![n, n]; let words = rows;",
        "let rows = vec![n, rows[0]]; let words = rows;",
        "let words = vec![n, n]; let rows = &words;",
        "let rows = vec![n]; let rows = vec![n, rows[0]]; let words = rows;",
    ] {
        e.cells(&[older]);
        e.cell(newer).ok();
        assert_eq!(e.names(), ["n", "words"], "{newer}");
        e.gives("words.len()", "2");
        e.cell("rows.len()").fails(FailureKind::Compile, &["`rows` was moved by cell"]);
    }
    // It stays as long as the newer one has not been made.
    e.cells(&[older]);
    e.cell(
        "let rows = vec![3, 4]; let rows: Vec<i32> = rows.into_iter().map(|n| n / 0_i32.min(n)).collect(); drop(rows);",
    )
    .fails(FailureKind::Panic, &["divide by zero"]);
    e.gives("rows", "[1]");
}

#[test]
fn types_that_cannot_be_written_down_say_how_to_help() {
    let mut e = Engine::new();
    e.cells(&[
        "fn helper(x: f64) -> f64 { x }",
        "let f = helper; let c = move |x: i32| x + 1; let it = vec![1, 2].into_iter().map(|x| x * 2); let fine = 1;",
    ]);
    e.cell("f(1.0)").fails(FailureKind::Compile, &["`f`", "fn(f64)"]);
    e.cell("c(1)").fails(FailureKind::Compile, &["`c`", "Box<dyn Fn"]);
    e.cell("it.count()").fails(FailureKind::Compile, &["`it`", "Vec"]);
    e.gives("fine", "1");
    e.gives("fn f(x: i32) -> i32 { x * 3 } f(2)", "6");
    e.gives("f(3)", "9");
    e.cells(&["async fn later() -> i32 { 5 } let fut = later();"]);
    e.cell("fut.await").fails(FailureKind::Compile, &["`fut`"]);
    e.gives("later().await", "5");
}

#[test]
fn values_of_library_and_user_types_are_kept_together() {
    let mut e = Engine::new();
    e.cells(&[
        "#[derive(Debug, Clone)] struct Tag { n: i32 }",
        "let frame = df!(\"x\" => [1i32, 2, 3])?;",
        "let both = vec![(Tag { n: 1 }, frame.clone())];",
        "let map: std::collections::HashMap<String, (Tag, Option<DataFrame>)> = [(\"k\".to_string(), (Tag { n: 2 }, Some(frame.clone())))].into();",
    ]);
    e.gives("both[0].0.n + both[0].1.height() as i32", "4");
    e.gives("map[\"k\"].0.n", "2");
    e.cells(&["let schema = frame.schema().clone(); let series = frame.column(\"x\")?.clone(); let lazy = frame.clone().lazy(); let e = col(\"x\") + lit(1);"]);
    e.gives("schema.len() + series.len()", "4");
    e.gives("lazy.clone().with_column(e.clone().alias(\"y\")).collect()?.width()", "2");
    e.cells(&["let shared: std::sync::Arc<dyn Fn(&str, &str) -> bool + Send + Sync> = std::sync::Arc::new(|a, b| a == b); let ptr: fn(&str, &[i32]) -> usize = |a, b| a.len() + b.len();"]);
    e.gives("(shared(\"a\", \"a\"), ptr(\"ab\", &[1]))", "(true, 3)");
    e.cells(&["let errors: Vec<Box<dyn std::error::Error + Send + Sync>> = vec![\"e\".into()]; let tensor = candle_core::Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu)?;"]);
    e.gives("(errors.len(), tensor.dims().to_vec())", "(1, [2, 3])");
    e.cells(&["frame = frame.lazy().filter(col(\"x\").gt(lit(1))).collect()?;"]);
    e.gives("frame.height()", "2");
    e.gives("let col_x = frame.column(\"x\")?; col_x.len()", "2");
    e.gives("frame.height() + tensor.elem_count()", "8");
}

#[test]
fn faults_of_the_user_are_the_users() {
    let mut e = Engine::new();
    e.cells(&["let old = vec![1]; let text = String::from(\"t\");"]);
    let faults = [
        ("let mut v = vec![1];\nlet f = &v[0];\nv.push(2);\nprintln!(\"{f}\");", "E0502", ":3:1"),
        ("let a = vec![1];\nlet b = a;\na.len()", "E0382", ":3:1"),
        ("let b = old;\nlet c = 1;\nold.len()", "E0382", ":3:1"),
        ("let r;\n{ let x = 5; r = &x; }\nprintln!(\"{r}\");", "E0597", ":2:"),
        ("let x: i32;\nlet y = 1;\nx + y", "E0381", ":3:1"),
        ("let x = 5;\nlet y = 1;\nx = 6;", "E0594", ":3:1"),
        ("fn longest(a: &str, b: &str) -> &str { a }", "E0106", ":1:"),
        ("std::thread::spawn(|| text.len()).join().unwrap()", "E0597", ":1:"),
        ("let mut a = vec![1, 2];\nlet p = &mut a;\nlet q = &mut a;\np.push(1); q.push(2);", "E0499", ":3:9"),
    ];
    for (cell, code, place) in faults {
        e.cell(cell).fails(FailureKind::Compile, &[code, place]);
    }
    assert_eq!(e.names(), ["old", "text"]);
    e.gives("(old.len(), text)", "(1, \"t\")");
}
