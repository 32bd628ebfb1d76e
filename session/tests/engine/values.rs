//! Values of many types outlive their cell, and names mean what Rust says they mean.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn values_of_std_types_are_kept() {
    let mut e = Engine::new();
    e.file("lines.txt", "one\ntwo\n");
    e.cells(&["let mut it = vec![1, 2, 3].into_iter(); let mut stepped = (0..10).step_by(3); let mut split = \"a b c\".split(' ');"]);
    e.gives("(it.next(), stepped.next(), split.next())", "(Some(1), Some(0), Some(\"a\"))");
    e.gives("(it.next(), stepped.next(), split.next())", "(Some(2), Some(3), Some(\"b\"))");
    e.cells(&[
        "use std::io::BufRead; let mut lines = std::io::BufReader::new(std::fs::File::open(\"lines.txt\")?).lines();",
    ]);
    e.gives("lines.next().unwrap()?", "\"one\"");
    e.gives("lines.next().unwrap()?", "\"two\"");
    e.cells(&["let leaked: &'static mut i32 = Box::leak(Box::new(1)); let cow = std::borrow::Cow::Borrowed(\"c\"); let path = std::path::PathBuf::from(\"/tmp\");"]);
    e.gives("*leaked += 1; (*leaked, cow.len(), path.display().to_string())", "(2, 1, \"/tmp\")");
    e.gives("*leaked += 1; *leaked", "3");
    e.cells(&["let nested = Some((1u8, [[0.5f32; 2]; 3], ('x', std::rc::Rc::new(std::cell::RefCell::new(std::collections::VecDeque::from([1u64]))))));"]);
    e.gives("nested.as_ref().unwrap().2.1.borrow_mut().push_back(2); nested.as_ref().unwrap().2.1.borrow().len()", "2");
    e.cells(&["let once = std::sync::OnceLock::<String>::new(); let number = std::num::NonZeroU32::new(3); let range = 1..=4; let wait = std::time::Duration::from_secs(2); let order = std::cmp::Ordering::Less;"]);
    e.gives(
        "(once.get_or_init(|| \"o\".into()).len(), number, range.clone().sum::<i32>(), wait.as_secs(), order.is_lt())",
        "(1, Some(3), 10, 2, true)",
    );
    e.cells(&["let mut rng = rand::rng(); let words: std::collections::BTreeMap<char, Vec<&str>> = [('a', vec![\"ab\"])].into(); let heap = std::collections::BinaryHeap::from([std::cmp::Reverse(2), std::cmp::Reverse(1)]);"]);
    e.gives("use rand::RngExt as _; let roll: u8 = rng.random_range(1..2); (roll, words[&'a'].len(), heap.peek().map(|r| r.0))", "(1, 1, Some(1))");
    e.cells(&["let result: std::result::Result<i32, String> = Err(\"no\".into()); let fallible: std::result::Result<(), Box<dyn std::error::Error>> = Ok(()); let any: Vec<Box<dyn std::any::Any>> = vec![Box::new(1)];"]);
    e.gives("(result.is_err(), fallible.is_ok(), any[0].is::<i32>())", "(true, true, true)");
    e.cells(&["let printer: Box<dyn FnMut(&str) -> usize> = { let mut n = 0; Box::new(move |s| { n += s.len(); n }) }; let table: [fn(f64) -> f64; 2] = [f64::sin, |x| x + 1.0]; let raw: *const i32 = std::ptr::null();"]);
    e.gives("printer(\"ab\"); (printer(\"c\"), table[1](1.0), raw.is_null())", "(3, 2.0, true)");
    e.gives("printer(\"c\")", "4");
}

#[test]
fn trees_graphs_and_traits_across_cells() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::rc::{Rc, Weak}; use std::cell::RefCell;",
        "#[derive(Debug)] struct Node { value: i32, parent: RefCell<Weak<Node>>, children: RefCell<Vec<Rc<Node>>> }",
        "let leaf = Rc::new(Node { value: 3, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![]) });",
        "let branch = Rc::new(Node { value: 5, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![Rc::clone(&leaf)]) });",
    ]);
    e.cell("*leaf.parent.borrow_mut() = Rc::downgrade(&branch);").ok();
    e.gives("leaf.parent.borrow().upgrade().map(|p| p.value)", "Some(5)");
    e.cells(&["enum Tree<T> { Leaf, Fork(Box<Tree<T>>, T, Box<Tree<T>>) }", "impl<T: Ord + Copy> Tree<T> { fn insert(self, v: T) -> Tree<T> { match self { Tree::Leaf => Tree::Fork(Box::new(Tree::Leaf), v, Box::new(Tree::Leaf)), Tree::Fork(l, x, r) if v < x => Tree::Fork(Box::new(l.insert(v)), x, r), Tree::Fork(l, x, r) => Tree::Fork(l, x, Box::new(r.insert(v))) } } }"]);
    e.cells(&["impl<T> Tree<T> { fn depth(&self) -> usize { match self { Tree::Leaf => 0, Tree::Fork(l, _, r) => 1 + l.depth().max(r.depth()) } } }", "let tree: Tree<i32> = Tree::Leaf;", "for v in [5, 2, 8, 1] { tree = tree.insert(v); }"]);
    e.gives("tree.depth()", "3");
    e.cells(&[
        "trait Named { const KIND: &'static str; fn name(&self) -> String; fn label(&self) -> String { format!(\"{} {}\", Self::KIND, self.name()) } }",
        "impl<T: std::fmt::Debug> Named for Option<T> { const KIND: &'static str = \"maybe\"; fn name(&self) -> String { format!(\"{self:?}\") } }",
        "fn loud<N: Named>(n: &N) -> String { n.label().to_uppercase() }",
    ]);
    e.gives("loud(&Some(1)) + &None::<u8>.label()", "\"MAYBE SOME(1)maybe None\"");
    e.cells(&["struct Fib(u64, u64); impl Iterator for Fib { type Item = u64; fn next(&mut self) -> Option<u64> { let r = self.0; *self = Fib(self.1, self.0 + self.1); Some(r) } }", "let fib = Fib(0, 1);"]);
    e.gives("fib.by_ref().take(5).collect::<Vec<_>>()", "[0, 1, 1, 2, 3]");
    e.gives("fib.next()", "Some(5)");
    e.cells(&["#[derive(Debug, Clone, PartialEq)] enum Error { Bad(String) } impl std::fmt::Display for Error { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, \"bad\") } } impl std::error::Error for Error {} impl From<std::num::ParseIntError> for Error { fn from(e: std::num::ParseIntError) -> Self { Error::Bad(e.to_string()) } }", "fn read(s: &str) -> std::result::Result<i32, Error> { Ok(s.parse::<i32>()?) }"]);
    e.gives("read(\"x\").unwrap_err()", "Bad(\"invalid digit found in string\")");
    e.cells(&["mod geometry { use super::Fib; pub fn first(f: &Fib) -> u64 { f.0 } pub mod solid { pub fn volume(r: f64) -> f64 { super::double(r) } } fn double(r: f64) -> f64 { 2.0 * r } }"]);
    e.gives("geometry::first(&fib) as f64 + geometry::solid::volume(0.5)", "9.0");
    e.cells(&["macro_rules! hash { ($($k:expr => $v:expr),*) => {{ let mut m = std::collections::BTreeMap::new(); $(m.insert($k, $v);)* m }}; }", "let made = hash!(\"a\" => 1, \"b\" => 2);"]);
    e.gives("made.values().sum::<i32>()", "3");
}

#[test]
fn cells_say_what_does_not_persist() {
    let mut e = Engine::new();
    e.cell("thread_local! { static SEEN: std::cell::Cell<u8> = const { std::cell::Cell::new(0) }; }")
        .ok()
        .notes("thread-local");
    e.cell("fn count() -> u32 { static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0); N.fetch_add(1, std::sync::atomic::Ordering::SeqCst) }")
        .ok()
        .notes("inside of a function");
    e.gives("count(); count()", "1");
    e.cells(&["let rate = 0.5;"]);
    e.cell("fn scaled(x: f64) -> f64 { x * rate }")
        .fails(FailureKind::Compile, &["rate", "functions do not see variables"]);
    e.gives("fn scaled(x: f64, rate: f64) -> f64 { x * rate } scaled(4.0, rate)", "2.0");
    e.cell("let x: i32 = \"a\";").fails(FailureKind::Compile, &["E0308", "cell 7:1:14"]);
    e.cell("let a = 1;\nlet b = a +;\n").fails(FailureKind::Syntax, &["2:12"]);
    e.cell("let n = rate.unknown();").fails(FailureKind::Compile, &["E0599", "unknown"]);
    assert_eq!(e.names(), ["rate"]);
}

#[test]
fn what_a_function_body_takes_a_cell_takes() {
    let mut e = Engine::new();
    e.gives("#![allow(unused_variables)]\nlet quiet = 1; quiet", "1");
    e.gives("#[derive(Default)] struct Options { a: i32, b: bool, c: String } let o = Options { a: 1, ..Default::default() }; (o.a, o.b, o.c.len())", "(1, false, 0)");
    e.gives("let mut stack = vec![1, 2, 3]; let mut seen = vec![]; while let Some(top) = stack.pop() { if top == 2 { continue; } seen.push(top); } seen", "[3, 1]");
    e.gives("let text = { let a = \"x\"; let b = format!(\"{a}{a}\"); b }; text", "\"xx\"");
    e.gives("let v = [1, 5, 9]; match v { [first, .., last] if first < last => first + last, _ => 0 }", "10");
    e.gives("let n @ 1..=9 = 4 else { panic!() }; n", "4");
    e.gives("let x = 5; let x = x * 2; { let x = 1; let _ = x; } let x = x + 1; x", "11");
    e.gives("let mut count = 0; let mut inc = || { count += 1; count }; inc(); inc()", "2").notes("`inc`");
    e.gives("count", "2");
    e.gives("let mut data = vec![3, 1, 2]; let first = &mut data; first.sort(); let smallest = data[0]; smallest", "1")
        .notes("`first`");
    e.gives("let (mut lo, mut hi) = (0, 10); while lo < hi { let mid = (lo + hi) / 2; if mid * mid < 30 { lo = mid + 1 } else { hi = mid } } lo", "6");
    e.gives("let parsed: std::result::Result<Vec<i32>, _> = \"1,2,x\".split(',').map(str::parse::<i32>).collect(); parsed.is_err()", "true");
    e.cell("return Err(\"stopped here\".into());").fails(FailureKind::Error, &["stopped here"]);
    e.gives("let r = (|| -> std::result::Result<i32, std::num::ParseIntError> { let n: i32 = \"7\".parse()?; return Ok(n); })(); r", "Ok(7)");
    e.gives("let b = Box::new([1u8; 4]); let c = *b; c.len() + b.len()", "8");
    e.gives("let s = String::from(\"héllo\"); let t = &s[0..1]; t.to_owned() + &s[3..]", "\"hllo\"").notes("`t`");
    e.gives("let opt: Option<&str> = None; let Some(word) = opt else { println!(\"left\"); return; }; word.len()", "");
    e.gives("let mut arr = [[0; 3]; 2]; for (i, row) in arr.iter_mut().enumerate() { for (j, x) in row.iter_mut().enumerate() { *x = i * 3 + j; } } arr", "[[0, 1, 2], [3, 4, 5]]");
    e.gives(
        "let total: f64 = arr.iter().flatten().map(|x| *x as f64).sum(); let arr = arr.len(); (total, arr)",
        "(15.0, 2)",
    );
    e.gives("unsafe { let p = &raw const total; *p }", "15.0");
    e.gives("if total > 1.0 { \"big\" } else { \"small\" }", "\"big\"");
    e.gives("let swap = { let (a, b); (b, a) = (1, 2); (a, b) }; swap", "(2, 1)");
    e.gives("let mut a = vec![1]; let b = std::mem::take(&mut a); a.push(9); (a, b.len())", "([9], 1)");
}

/// For completion: without IO, and nothing for values that are no tables.
#[test]
fn tables_tell_their_columns() {
    let mut e = Engine::new();
    e.file("a.csv", "x,y\n1,2\n");
    e.cells(&[
        "let df = df![\"a\" => [1, 2], \"b\" => [\"x\", \"y\"]]?; let n = 1;",
        "let query = df.clone().lazy().with_columns([lit(1.5).alias(\"c\")]).select([col(\"c\"), col(\"b\")]);",
        "let scan = LazyCsvReader::new(\"a.csv\".into()).finish()?; let data = Dataset::new(&df, &[\"a\"], \"b\")?;",
    ]);
    let variables = e.session.variables();
    let columns = |name: &str| -> Vec<(String, String)> {
        variables.iter().find(|variable| variable.name == name).unwrap().columns.clone()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, dtype)| ((*name).to_owned(), (*dtype).to_owned())).collect()
    };
    assert_eq!(columns("df"), pairs(&[("a", "i32"), ("b", "str")]));
    assert_eq!(columns("query"), pairs(&[("c", "f64"), ("b", "str")]));
    assert_eq!(columns("scan"), []);
    assert_eq!(columns("data"), pairs(&[("a", "f64"), ("b", "str")]));
    assert_eq!(columns("n"), []);
}
