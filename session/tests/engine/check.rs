//! Cells that are checked and not run: what is said of them, beside what the compiler says of the same text in a function.

use super::{Engine, library};
use ironbook_session::diagnostics::{Diagnostic, Message, Severity, parse_messages};
use ironbook_session::language::Cell;
use ironbook_session::{Checked, Checker, Config, Source, Tier};
use std::process::Command;
use tempfile::TempDir;

/// A checker in a directory of its own.
pub struct Desk {
    pub checker: Checker,
    _directory: TempDir,
}

impl Desk {
    pub fn new() -> Desk {
        let directory = TempDir::new().unwrap();
        let config = Config {
            library: library(),
            cache: directory.path().join("cache"),
            directory: directory.path().to_owned(),
            tier: Tier::Auto,
        };
        Desk { checker: Checker::new(config).unwrap(), _directory: directory }
    }

    /// Takes cells for run that have to be sound.
    #[track_caller]
    pub fn follow(&mut self, cells: &[&str]) {
        for cell in cells {
            let checked = self.checker.follow(&Source::plain(*cell));
            assert!(checked.is_sound(), "{cell}\n{:#?}", checked.diagnostics);
        }
    }

    pub fn check(&mut self, cell: &str) -> Checked {
        self.checker.check(&Source::plain(cell))
    }

    /// The code of the first error, and the text that it stands at.
    fn first(&mut self, cell: &str) -> (String, String) {
        let checked = self.check(cell);
        let first = checked.diagnostics.iter().find(|found| found.severity == Severity::Error);
        let first = first.unwrap_or_else(|| panic!("no error in: {cell}"));
        (first.code.clone().unwrap_or_default(), at(first, cell).to_owned())
    }
}

/// The text that a diagnostic stands at.
pub fn at<'a>(diagnostic: &Diagnostic, cell: &'a str) -> &'a str {
    diagnostic.place.as_ref().map_or("", |place| &cell[place.range.clone()])
}

/// Cells that do not compile, each for another reason.
const BROKEN: &[&str] = &[
    "let x: i32 = \"a\";",
    "let x: String = 5;",
    "let v: Vec<i32> = vec![\"a\"];",
    "nowhere + 1",
    "let a = 1; a.nothing()",
    "\"text\".push_str(\"more\")",
    "let v = vec![1]; v.len(1)",
    "let a = 5; a = 6;",
    "let s = String::new(); drop(s); s.len()",
    "let mut v = vec![1]; let first = &v[0]; v.push(2); println!(\"{first}\");",
    "fn f(x: i32) -> i32 { x } f(\"a\")",
    "fn f(x: i32) -> i32 { x } f(1, 2)",
    "fn f(x: i32) -> i32 { \"no\" } f(1)",
    "fn f() -> i32 { } f()",
    "struct P { x: i32 } let p = P { y: 1 };",
    "struct P { x: i32 } let p = P { x: 1 }; p.z",
    "struct P { x: i32, y: i32 } let p = P { x: 1 };",
    "enum E { A, B } let e = E::A; match e { E::A => 1, }",
    "enum E { A } let e = E::C;",
    "use std::nowhere::Thing;",
    "let m: HashMapp<i32, i32> = Default::default();",
    "let x = if true { 1 } else { \"a\" };",
    "let x = match 1 { 1 => 1, _ => \"a\" };",
    "for i in 5 { println!(\"{i}\"); }",
    "let f = |x: i32| x + 1; f(\"a\")",
    "let x = 1u8 + 1i32;",
    "let x = -1u32;",
    "let x: u8 = 256;",
    "let x = !\"a\";",
    "let x = *5;",
    "let t = (1, 2); t.2",
    "let a = [1, 2]; a[\"x\"]",
    "let c = 'ab';",
    "let s = \"unclosed;",
    "let x = (1 + 2;",
    "let x = 1 +;",
    "let = 5;",
    "let x 5;",
    "fn f( { }",
    "println!(\"{}\")",
    "println!(\"{}\", 1, 2)",
    "println!(\"{missing}\")",
    "let x: i32 = 1.5;",
    "trait T { fn t(&self); } struct S; impl T for S {}",
    "trait T {} impl T for Missing {}",
    "struct S; println!(\"{}\", S);",
    "struct S; println!(\"{:?}\", S);",
    "struct S; let a = S; let b = a; let c = a;",
    "#[derive(Clone)] struct N; #[derive(Clone, Copy)] struct S(N);",
    "fn f<T>(x: T) -> T { x + x } f(1)",
    "fn f<T: Copy>(x: T) -> T { x } f(String::new())",
    "fn longest(a: &str, b: &str) -> &str { a }",
    "fn f() -> &str { \"a\" }",
    "let r; { let x = 5; r = &x; } println!(\"{r}\");",
    "let x = vec![1].iter().map(|x| x + 1).colect::<Vec<_>>();",
    "let x = \"1\".parse()?;",
    "let x = Vec::new();",
    "let x: Option<i32> = 5;",
    "let x: i32 = Some(5);",
    "let Some(x) = Some(5);",
    "let (a, b) = (1, 2, 3);",
    "let [a, b] = [1, 2, 3];",
    "break;",
    "continue;",
    "let x = 5; x();",
    "let x = 5; x.0",
    "let x = 5; x[0]",
    "i32::nothing()",
    "std::cmp::nothing(1)",
    "nothing::at::all()",
    "nothing!()",
    "#[nothing] fn f() {}",
    "#[derive(Nothing)] struct S;",
    "let x = async { 1 }; x + 1",
    "fn f() { 1.await }",
    "unsafe fn f() {} f()",
    "static mut N: i32 = 0; N += 1;",
    "const N: i32 = String::new();",
    "const N: usize = \"abc\".len() + x;",
    "let n = 3; let a = [0; n];",
    "let a: [i32; 2] = [1, 2, 3];",
    "let x = &mut 5; let y = &mut *x; let z = &mut *x; *y = 1;",
    "let s = String::from(\"a\"); let t = s; println!(\"{s}{t}\");",
    "let v = vec![String::new()]; let s = v[0];",
    "let x = Box::new(1); let y = x + 1;",
    "let f: fn(i32) -> i32 = |x: &str| 1;",
    "impl i32 { fn f(&self) {} }",
    "impl Clone for i32 { fn clone(&self) -> i32 { 1 } }",
    "type A = B; type B = A; let x: A = 1;",
    "struct S { s: S }",
    "let x = 1 as String;",
    "let x = \"a\" as i32;",
    "let x = 5 as bool;",
    "pub fn f(self) {}",
    "let x = 0b12;",
    "let x = 1_000_000_000_000i32;",
    "mod m { fn private() {} } m::private()",
    "mod m { pub struct S { x: i32 } } let s = m::S { x: 1 };",
    "let x = vec![1, 2, 3].iter().sum();",
    "return 5;",
    "let x: &'static str = String::new();",
    "let v = vec![1, 2]; v.iter().map(|x| x.nothing()).count()",
    "fn f(x: &mut i32) {} let y = 1; f(&y)",
    "let df = df!(\"a\" => [1, 2])?; df.heed(Some(1))",
    "let df = df!(\"a\" => [1, 2])?; df.head(\"1\")",
    "let df = df!(\"a\" => [1, 2])?; df.lazy().filter(col(\"a\").gtt(lit(1)))",
    "let t = Tensor::zeros((2, 2), DType::F32)?;",
    "let t = Tensor::zeros((2, 2), DType::F33, &Device::Cpu)?;",
    "Gbdt::params().n_estimators(\"many\")",
];

/// What the compiler says of a whole text.
fn rustc(text: &str) -> Vec<Message> {
    let library = library();
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("cell.rs"), text).unwrap();
    let mut rustc = Command::new(&library.rustc);
    rustc.current_dir(directory.path()).args(["cell.rs", "--edition=2024", "--crate-type=lib", "--emit=metadata"]);
    rustc.arg("--error-format=json").arg("-L").arg(format!("dependency={}", library.deps.display()));
    for (name, path) in &library.externs {
        rustc.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    let output = rustc.output().unwrap();
    parse_messages(&String::from_utf8_lossy(&output.stderr))
}

/// What the compiler says of the text in a function: codes and spans of its errors, in its order.
fn compiler(cell: &str) -> Vec<(String, String)> {
    const OPEN: &str =
        "#![allow(unused)]\nuse ::ironbook::prelude::*;\nfn cell() -> Result<(), Box<dyn std::error::Error>> {\n";
    let text = format!("{OPEN}{cell}\n;Ok(()) }}\n");
    let messages = rustc(&text);
    let span = |message: &Message| {
        let primary = message.spans.iter().find(|span| span.is_primary)?;
        // Where the user wrote it, or what called the macro that it is in.
        let mut span = primary;
        while let Some(expansion) = span.expansion.as_ref().filter(|_| span.file_name != "cell.rs") {
            span = &expansion.span;
        }
        let inside = span.file_name == "cell.rs" && span.byte_start >= OPEN.len();
        let place = span.byte_start.checked_sub(OPEN.len())?..span.byte_end.checked_sub(OPEN.len())?;
        inside.then(|| cell.get(place).unwrap_or_default().to_owned())
    };
    let errors = messages.iter().filter(|message| message.is_error());
    errors.filter_map(|message| Some((message.code().unwrap_or_default().to_owned(), span(message)?))).collect()
}

/// Where a cell's ending is, a function goes on: what the parser says there cannot be the same.
const ENDS_EARLY: &[&str] = &["let s = \"unclosed;", "let x = (1 + 2;", "fn f( { }"];
/// The engine runs cells in closures, and lets `return` and `?` stand where a function has another type.
const OF_FUNCTIONS: &[&str] = &["return 5;", "let x = \"1\".parse()?;"];

#[test]
fn broken_cells_have_the_compilers_codes_and_places() {
    assert!(BROKEN.len() >= 100, "{}", BROKEN.len());
    let mut desk = Desk::new();
    let mut wrong = Vec::new();
    for cell in BROKEN {
        let found = desk.check(cell).diagnostics;
        let ours: Vec<(String, String)> = found
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| (found.code.clone().unwrap_or_default(), at(found, cell).to_owned()))
            .collect();
        let theirs = compiler(cell);
        let same = match ours.first() {
            Some(_) if ENDS_EARLY.contains(cell) => true,
            Some((code, _)) if OF_FUNCTIONS.contains(cell) => theirs.iter().any(|(other, _)| other == code),
            Some(first) => theirs.contains(first),
            None => false,
        };
        if !same {
            wrong.push(format!("{cell}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
        }
    }
    println!("{} cells that do not compile, {} of them with another code or place", BROKEN.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), BROKEN.len(), wrong.join("\n"));
}

/// A `use` of several names is wrong at the one that is.
#[test]
fn a_name_that_cannot_be_imported_is_pointed_at() {
    let mut desk = Desk::new();
    for (cell, mark, name) in [
        ("use std::{fmt::t, collections::HashMap};", "t, ", "t"),
        ("use std::{collections::BTreeMap, nowhere::e};", "nowhere", "nowhere"),
    ] {
        let found = desk.check(cell).diagnostics;
        assert_eq!(found[0].code.as_deref(), Some("E0432"), "{found:#?}");
        let range = found[0].place.as_ref().unwrap().range.clone();
        assert_eq!((&cell[range.clone()], Some(range.start)), (name, cell.find(mark)), "{cell}");
    }
}

#[test]
fn cells_follow_each_other_without_being_run() {
    let mut desk = Desk::new();
    desk.follow(&[
        "let names = vec![String::from(\"a\"), String::from(\"b\")];\nlet n = names.len();",
        "struct Point { x: f64, y: f64 }\nimpl Point { fn norm(&self) -> f64 { self.x.hypot(self.y) } }",
        "let p = Point { x: 3.0, y: 4.0 };\nlet all = std::collections::HashMap::from([(\"p\", p.norm())]);",
        "let df = df!(\"a\" => [1, 2, 3])?;\nlet lazy = df.clone().lazy();",
        "let total = p.norm() + all[\"p\"] + n as f64;\ndf.head(Some(1))",
        "let upper: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();",
        "let boxed: Box<dyn Fn(f64) -> f64> = Box::new(move |x| x + total);",
        "boxed(1.0)",
    ]);
    let types: Vec<(String, String)> =
        desk.checker.variables().into_iter().map(|variable| (variable.name, variable.type_name)).collect();
    let of = |name: &str| types.iter().find(|(known, _)| known == name).map(|(_, ty)| ty.as_str());
    assert_eq!(of("names"), Some("Vec<String>"));
    assert_eq!(of("n"), Some("usize"));
    assert_eq!(of("df"), Some("DataFrame"));
    assert_eq!(of("lazy"), Some("LazyFrame"));
    assert_eq!(of("total"), Some("f64"));
    assert_eq!(desk.first("df.norm()").0, "E0599");
    assert_eq!(desk.first("p.norm(1)"), ("E0061".to_owned(), "norm".to_owned()));
}

#[test]
fn what_was_moved_is_gone_and_what_was_dropped_unknown() {
    let mut desk = Desk::new();
    desk.follow(&["let s = String::from(\"a\");", "let t = s;"]);
    assert_eq!(desk.first("s.len()"), ("E0425".to_owned(), "s".to_owned()));
    desk.follow(&["struct A(i32);", "let a = A(1);", "struct A(i32, i32);"]);
    assert_eq!(desk.first("a.0"), ("E0425".to_owned(), "a".to_owned()));
}

#[test]
fn a_broken_cell_is_not_held_against_later_ones() {
    let mut desk = Desk::new();
    assert!(!desk.checker.follow(&Source::plain("let data: i32 = \"no\";\nfn helper() -> i32 { 1 }")).is_sound());
    assert!(!desk.checker.follow(&Source::plain("let other = (data;")).is_sound());
    assert!(!desk.checker.follow(&Source::plain("use std::fmt::Alignment;\nlet (left, right) = f((1, 2);")).is_sound());
    desk.follow(&["data + helper()", "other.len()", "let sum: i32 = left + right;\nlet a = Alignment::Left;"]);
    // Nor against those that use what such a cell makes.
    desk.follow(&["let more = data + 1;", "more + 1"]);
    assert_eq!(desk.first("nothing + 1"), ("E0425".to_owned(), "nothing".to_owned()));
}

#[test]
fn what_a_broken_cell_makes_anew_has_no_type_of_before() {
    for broken in ["let x = missing();", "let x = (;", "let (y, x) = missing(x);"] {
        let mut desk = Desk::new();
        desk.follow(&["let x = 1;"]);
        assert!(!desk.checker.follow(&Source::plain(broken)).is_sound(), "{broken}");
        desk.follow(&["x.len()", "let all = x.iter().count();"]);
    }
}

/// The type of a variable that cells so far would make.
fn type_of(desk: &Desk, name: &str) -> Option<String> {
    desk.checker.variables().into_iter().find(|variable| variable.name == name).map(|variable| variable.type_name)
}

#[test]
fn a_mistake_hides_nothing_that_stands_beside_it() {
    let mut desk = Desk::new();
    let cell = "let rows = vec![1.5, 2.5];\nlet n = rows.lenn();\nlet twice: usize = n * 2;\nlet name = \"ü\".to_owned();\n\
                fn half(x: f64) -> f64 { x / 2.0 }\nfn wrong() -> f64 { half(\"x\") }\nprintln!(\"{twice}\");";
    let checked = desk.checker.follow(&Source::plain(cell));
    let codes: Vec<_> = checked.diagnostics.iter().filter_map(|found| found.code.as_deref()).collect();
    assert_eq!(codes, ["E0308", "E0599"], "what is wrong is told as before");
    let known = ["rows", "n", "twice", "name"].map(|name| type_of(&desk, name));
    assert_eq!(known.each_ref().map(Option::as_deref), [Some("Vec<f64>"), None, None, Some("String")]);
    let items: Vec<String> = desk.checker.items().into_iter().map(|item| item.name).collect();
    assert!(items.contains(&"half".to_owned()) && !items.contains(&"wrong".to_owned()), "{items:?}");
    desk.follow(&["twice + n", "let total = half(rows[0]);"]);
    assert_eq!(type_of(&desk, "total").as_deref(), Some("f64"));
}

/// For its variables' types, too: everybody who types waits for them.
#[test]
fn a_cell_of_usual_types_is_compiled_twice() {
    let mut desk = Desk::new();
    let compiles = |desk: &mut Desk, cell: &str| desk.checker.follow(&Source::plain(cell)).compiles;
    assert_eq!(compiles(&mut desk, "let words: Vec<_> = \"a b\".split(' ').map(str::to_owned).collect();"), 2);
    assert_eq!(compiles(&mut desk, "let first = words.first().cloned();\nlet n = words.lenn();"), 2);
    assert_eq!(type_of(&desk, "first").as_deref(), Some("Option<String>"));
}

#[test]
fn what_is_guessed_beside_a_mistake_is_not_held_against_later_cells() {
    let mut desk = Desk::new();
    assert!(!desk.checker.follow(&Source::plain("let few = 5;\nlet many: u64 = few + nowhere();")).is_sound());
    assert_eq!(type_of(&desk, "few").as_deref(), Some("u64"), "as it would be with the mistake mended");
    assert!(!desk.checker.follow(&Source::plain("let few = 5;\nlet many: u64 = nowhere(few);")).is_sound());
    assert_eq!(type_of(&desk, "few").as_deref(), Some("i32"), "with the mistake mended it may be u64");
    desk.follow(&["let wide: u64 = few;", "let wider: u64 = few + wide;", "let copy = few;", "let other: u64 = copy;"]);
    assert_eq!(desk.first("few + nothing"), ("E0425".to_owned(), "nothing".to_owned()));
    desk.follow(&["let few = 5u64;"]);
    assert_eq!(desk.first("let text: String = few;"), ("E0308".to_owned(), "few".to_owned()));
}

#[test]
fn a_closure_cannot_be_used_later_and_the_place_is_named() {
    let mut desk = Desk::new();
    desk.follow(&["let double = |x: i32| 2 * x;"]);
    let (code, at) = desk.first("1 + double(2)");
    assert_eq!((code.as_str(), at.as_str()), ("unnameable type", "double"));
}

#[test]
fn what_borrows_is_told_at_its_name() {
    let mut desk = Desk::new();
    let cell = "let text = String::from(\"a b\");\nlet words: Vec<&str> = text.split(' ').collect();";
    let checked = desk.check(cell);
    assert!(checked.is_sound(), "{:#?}", checked.diagnostics);
    let hint = checked.diagnostics.iter().find(|found| found.severity == Severity::Hint).unwrap();
    assert!(hint.message.contains("borrows from `text`"), "{}", hint.message);
    assert_eq!(at(hint, cell), "words");
}

#[test]
fn an_unused_lazy_frame_is_a_doubt() {
    let mut desk = Desk::new();
    let cell = "let df = df!(\"a\" => [1])?;\ndf.lazy().filter(col(\"a\").gt(lit(0)));\nlet b = 1;";
    let found = desk.check(cell).diagnostics;
    let doubt = found.iter().find(|found| found.severity == Severity::Warning).unwrap();
    assert_eq!(doubt.code.as_deref(), Some("ironbook::unused_lazy_frame"));
}

#[test]
fn fixes_are_the_compilers() {
    let mut desk = Desk::new();
    let fixed = |desk: &mut Desk, cell: &str| {
        let found = desk.check(cell).diagnostics;
        let fix = found.iter().flat_map(|found| &found.fixes).next().unwrap_or_else(|| panic!("no fix: {found:#?}"));
        let mut text = cell.to_owned();
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.range.start));
        edits.iter().for_each(|(place, new)| text.replace_range(place.range.clone(), new));
        text
    };
    for cell in [
        "let a = 5;\na = 6;\na",
        "let mut counts: HashMap<String, i32> = HashMap::new();\ncounts.len()",
        "let x = vec![1].iter().map(|x| x + 1).colect::<Vec<i32>>();",
        "struct S;\nlet a = S;\nprintln!(\"{a:?}\");",
        "let s: String = \"a\";\ns.len()",
    ] {
        let text = fixed(&mut desk, cell);
        let checked = desk.check(&text);
        assert!(checked.is_sound(), "{text}\n{:#?}", checked.diagnostics);
    }
}

#[test]
fn a_live_session_is_checked_without_being_changed() {
    let mut engine = Engine::new();
    engine.cells(&["let df = df!(\"a\" => [1, 2])?;", "struct S { v: i32 }\nlet s = S { v: 1 };"]);
    let mut checker = engine.session.checker();
    assert!(checker.check(&Source::plain("s.v + df.height() as i32")).is_sound());
    let checked = checker.check(&Source::plain("s.w"));
    assert_eq!(checked.diagnostics[0].code.as_deref(), Some("E0609"));
    assert!(checker.follow(&Source::plain("let s = 5; let df = 1;")).is_sound());
    engine.gives("s.v + df.height() as i32", "3");
}

/// An interrupt between two compiles keeps the second from being begun.
#[test]
fn a_check_that_is_stopped_compiles_no_further() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = TempDir::new().unwrap();
    let (calls, program) = (directory.path().join("calls"), directory.path().join("rustc"));
    let mut library = library();
    let script = format!(
        "#!/bin/sh\necho x >> {calls}\n[ $(wc -l < {calls}) -lt 2 ] || sleep 20\nexec {rustc} \"$@\"\n",
        calls = calls.display(),
        rustc = library.rustc.display(),
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    library.rustc = program;
    let (cache, own) = (directory.path().join("cache"), directory.path().to_owned());
    let mut checker = Checker::new(Config { library, cache, directory: own, tier: Tier::Auto }).unwrap();
    let handle = checker.handle();
    let count = || std::fs::read_to_string(&calls).unwrap_or_default().lines().count();
    std::thread::scope(|scope| {
        // Two lints would each have a change of theirs compiled.
        let cell = "let df = df!(\"a\" => [1])?;\nlet n: i32 = \"4\".parse().unwrap();\nprintln!(\"{df}\");";
        let checked = scope.spawn(move || checker.check(&Source::plain(cell)));
        while count() < 2 && !checked.is_finished() {
            std::thread::yield_now();
        }
        // The compiler may not be known yet that has written the line.
        while !checked.is_finished() {
            handle.interrupt();
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    assert_eq!(count(), 2);
}

#[test]
fn what_a_language_service_reads_of_a_session_is_rust() {
    let mut engine = Engine::new();
    engine.cells(&[
        "use std::collections::BTreeMap;\nmacro_rules! twice { ($e:expr) => { ($e, $e) } }",
        "#[derive(Clone, Debug)]\nstruct P { x: f64 }\nimpl P { fn norm(&self) -> f64 { self.x.abs() } }",
        "let ps = vec![P { x: 1.0 }];\nlet (a, b) = twice!(ps[0].norm());\nlet m = BTreeMap::from([(\"a\", ps.clone())]);",
        "let df = df!(\"a\" => [1, 2])?;\nlet f: Box<dyn Fn(f64) -> f64 + Send> = Box::new(|x| x + 1.0);",
    ]);
    let cell =
        "let n: f64 = m[\"a\"][0].norm() + f(a) + b + ps.len() as f64 + df.height() as f64;\nlet q: P = ps[0].clone();";
    let cell = Cell { execution: 9, source: Source::plain(cell) };
    let document = engine.session.prelude().document(&[cell]);
    let errors: Vec<String> =
        rustc(&document.text).into_iter().filter(Message::is_error).map(|message| message.message).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", document.text);
}

/// The parser keeps each text that a thread has parsed; a server checks cells on one thread for days.
#[test]
fn texts_of_earlier_checks_are_not_kept() {
    let mut desk = Desk::new();
    let mut place = |cell: &str| {
        desk.check(cell);
        let tokens: proc_macro2::TokenStream = "a".parse().unwrap();
        format!("{:?}", tokens.into_iter().next().unwrap().span())
    };
    let first = place("let a = 1;\na");
    let later: Vec<String> = (0..3).map(|_| place("let a = 1;\na")).collect();
    assert_eq!(later, [first.as_str(); 3]);
}

#[test]
fn nothing_that_is_typed_harms() {
    let mut desk = Desk::new();
    for cell in ["", "   \n", "}}}}", "((((", "\"", "/*", "'", "\u{0}", "let ü = 🦀;", "fn", "r#\"", "%"] {
        let checked = desk.check(cell);
        assert_eq!(checked.is_sound(), cell.trim().is_empty(), "{cell:?} {:#?}", checked.diagnostics);
    }
    let long = "let a = 1; ".repeat(300);
    assert!(desk.check(&long).is_sound());
    let deep = "(".repeat(3_000);
    assert!(!desk.check(&deep).is_sound());
}

/// Text that nobody means as Rust is answered soon, and the checker goes on.
#[test]
fn megabytes_and_noise_are_answered_soon() {
    let mut desk = Desk::new();
    desk.follow(&["let kept = 7;"]);
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = |length: usize| -> String {
        let bytes = std::iter::repeat_with(|| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()
        });
        String::from_utf8_lossy(&bytes.flatten().take(length).collect::<Vec<u8>>()).into_owned()
    };
    let megabytes = format!("let s = \"{}\";", "x".repeat(4 << 20));
    let unbalanced = "let v = vec![(1, [2, {3".repeat(2_000);
    let cells =
        [noise(200), noise(100 << 10), megabytes, unbalanced, "}])".repeat(10_000), "\u{0}\u{1}\u{fffd}".to_owned()];
    for cell in cells {
        let started = std::time::Instant::now();
        desk.check(&cell);
        let took = started.elapsed();
        assert!(
            took.as_secs() < 20,
            "{took:?} for {} bytes: {:?}",
            cell.len(),
            cell.chars().take(40).collect::<String>()
        );
    }
    assert_eq!(desk.first("kept.nothing()").0, "E0599");
}

/// What cells may have that functions have not.
#[test]
fn what_only_cells_have_is_sound() {
    let mut desk = Desk::new();
    desk.follow(&[
        "let n: i32 = \"4\".parse()?;",
        "async fn later(x: i32) -> i32 { x + 1 }\nlet m = later(n).await;",
        "struct P { x: i32 }\nimpl P { fn twice(&self) -> i32 { 2 * self.x } }\nlet p = P { x: m };",
        "p.twice()",
        "impl P { fn twice(&self) -> f64 { 2.0 * self.x as f64 } }",
        "let t: f64 = p.twice();",
        "macro_rules! twice { ($e:expr) => { ($e, $e) } }\nlet (a, b) = twice!(n);",
        "macro_rules! twice { ($e:expr) => { [$e, $e] } }\nlet all = twice!(a + b);",
        "all.iter().sum::<i32>()",
        "fn twice(x: i32) -> i32 { x }",
        "fn twice(x: f64) -> f64 { x }\nlet u = twice(t);",
        "use std::collections::BTreeMap as Sorted;\nlet s: Sorted<&str, i32> = Sorted::new();",
        "const LIMIT: usize = 3;\nstatic NAME: &str = \"a\";",
        "const LIMIT: usize = 5;\nlet few = [0; LIMIT];",
        "if n > 3 { return Ok(()); }\nlet after = 1;",
        "match n {\n    4 => todo!(),\n    _ => panic!(),\n}",
    ]);
}
