//! What compiles in a function body compiles in a cell, and later cells see what it left.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn variables_shadow_mutate_and_are_assigned_again() {
    let mut e = Engine::new();
    e.cells(&["let x = 41;"]);
    e.gives("let x = x + 1; x", "42");
    e.gives("x", "42");
    e.cells(&["let s = String::from(\"a\");", "s.push('b');"]);
    e.gives("s.len()", "2");
    e.cells(&["let v = vec![1, 2, 3];", "v = v.into_iter().map(|x| x * 2).collect();"]);
    e.gives("&v", "[2, 4, 6]");
    e.cells(&["let v: Vec<String> = v.iter().map(|x| x.to_string()).collect();"]);
    e.gives("v.join(\"-\")", "\"2-4-6\"");
    e.gives("{ let x = \"inner\"; println!(\"{x}\"); } x", "42");
    e.cells(&["let mut late; late = 5;", "let never: i32;"]);
    e.gives("late", "5");
    e.cells(&["let deferred; if late > 3 { deferred = \"big\"; } else { deferred = \"small\"; }"]);
    e.gives("deferred", "\"big\"");
    e.gives(
        "let (a, b) = (x, late); let [p, .., q] = [1, 2, 3, 4]; let t @ (_, w) = (1.5, 2.5); (a, b, p, q, t, w)",
        "(42, 5, 1, 4, (1.5, 2.5), 2.5)",
    );
    e.gives("struct P { x: i32, y: i32 } let P { x: px, y } = P { x: 1, y: 2 }; px + y", "3");
    e.gives("let Some(found) = v.iter().position(|s| s == \"4\") else { return }; found", "1");
    e.gives("found", "1");
    e.gives("let ref rr = 5; *rr + px", "6");
    let early = e.cell("let before = 1; if late == 5 { return; } let after = 2; after").ok();
    assert!(early.results.is_empty());
    e.gives("before", "1");
}

#[test]
fn control_flow_closures_and_iterators() {
    let mut e = Engine::new();
    e.gives("let out = 'outer: loop { for i in 0.. { if i * i > 50 { break 'outer i; } } }; out", "8");
    e.cells(&["let names = vec![\"b\".to_string(), \"a\".to_string()];"]);
    e.gives("names.iter().map(|n| n.to_uppercase()).rev().collect::<Vec<_>>()", "[\"A\", \"B\"]");
    e.gives("let total: usize = names.iter().map(String::len).sum(); total", "2");
    e.gives("let add = |x: i32| x + out; add(1)", "9").notes("`add` borrows from `out`");
    e.cell("add(2)").fails(FailureKind::Compile, &["E0425", "add"]);
    e.gives("let owned = move |x: i32| x + out; owned(1)", "9");
    e.cell("owned(2)").fails(FailureKind::Compile, &["`owned`", "cannot be written down", "Box<dyn Fn"]);
    e.cells(&["let boxed: Box<dyn Fn(i32) -> i32> = Box::new(move |x| x + out);"]);
    e.gives("boxed(4)", "12");
    e.cells(&[
        "let held: Vec<Box<dyn Fn() -> String>> = vec![{ let n = names.clone(); Box::new(move || n.concat()) }];",
    ]);
    e.gives("held[0]()", "\"ba\"");
    e.cells(&["let consumer = move || names.len();"]);
    let gone = e.cell("names").fails(FailureKind::Compile, &["names"]);
    assert_eq!(gone.execution.id, e.session.history().last().unwrap().id);
    e.gives("fn apply(f: impl Fn(f64) -> f64, x: f64) -> f64 { f(x) } apply(|x| x * 2.0, 2.0)", "4.0");
    e.gives(
        "fn evens() -> impl Iterator<Item = u32> { (0..).step_by(2) } evens().skip(1).take(3).collect::<Vec<_>>()",
        "[2, 4, 6]",
    );
    e.cells(&["fn double(x: f64) -> f64 { 2.0 * x } let f: fn(f64) -> f64 = double;"]);
    e.gives("f(1.5) + apply(double, 1.0)", "5.0");
    e.gives("match out { 0 => \"none\", n if n < 5 => \"few\", 5..=9 => \"some\", _ => \"many\" }", "\"some\"");
    e.gives("if let Some(x) = Some(3) && x > 2 { x } else { 0 }", "3");
    e.gives("let größe = 3; let r#type = 4; größe + r#type", "7");
    e.gives("größe * r#type", "12");
    let quiet = e.cell("// only words\n/* and more */").ok();
    assert_eq!(quiet.execution.timing.compiles, 0);
    let many: String = (0..30).map(|i| format!("let a{i} = {i};\n")).collect();
    e.gives(&format!("{many} a0 + a29"), "29");
    e.gives("a7 + a28", "35");
    e.gives("const N: usize = 3; static NAMES: [&str; N] = [\"x\", \"y\", \"z\"]; NAMES[N - 1]", "\"z\"");
    e.gives("[0u8; N].len() + NAMES.len()", "6");
}

#[test]
fn names_of_the_user_do_not_meet_those_of_the_engine() {
    let mut e = Engine::new();
    e.cells(&["let store = 1; let cx = 2; let run = 3; let put = 4; let take = 5; let rt = 6;"]);
    e.gives("store + cx + run + put + take + rt", "21");
    e.gives("fn Ok(x: i32) -> i32 { x + 1 } fn Err() {} Ok(1)", "2");
    e.gives("let y = Ok(2); y", "3");
    e.gives("struct Vec { only: i32 } let w = Vec { only: 7 }; w.only", "7");
    e.gives("w.only + vec![1][0]", "8");
    e.gives(
        "struct Option; enum Result { A } struct String; mod std { pub fn one() -> i32 { 1 } } mod core {} std::one()",
        "1",
    );
    e.gives("let z = store + std::one(); z", "2");
    let mut e = Engine::new();
    let seen = e.cell("let x = dbg!(1 + 1);").ok();
    assert!(seen.stdout.contains("1 + 1 = 2") && !seen.stdout.contains("/"), "{}", seen.stdout);
    let place = e.cell("(file!(), line!())").ok();
    assert!(!place.results[0].contains('/'), "{:?}", place.results);
}

#[test]
fn items_reach_later_cells() {
    let mut e = Engine::new();
    e.cells(&[
        "struct Point<T> { x: T, y: T }",
        "trait Area { fn area(&self) -> f64; fn twice(&self) -> f64 { 2.0 * self.area() } }",
        "impl Area for Point<f64> { fn area(&self) -> f64 { self.x * self.y } }",
        "impl<T: Copy> Point<T> { fn swap(&self) -> Point<T> { Point { x: self.y, y: self.x } } }",
        "let p = Point { x: 2.0, y: 3.5 };",
    ]);
    e.gives("p.twice() + p.swap().x", "17.5");
    e.cells(&["let shapes: Vec<Box<dyn Area>> = vec![Box::new(Point { x: 1.0, y: 1.0 }), Box::new(p.swap())];"]);
    e.gives("shapes.iter().map(|s| s.area()).sum::<f64>()", "8.0");
    e.cells(&[
        "trait Total { fn total(&self) -> i64; }",
        "impl Total for Vec<i64> { fn total(&self) -> i64 { self.iter().sum() } }",
        "let numbers = vec![1i64, 2];",
    ]);
    e.gives("numbers.total()", "3");
    e.gives("vec![5i64].total()", "5");
    e.cells(&["fn even(n: u32) -> bool { n == 0 || odd(n - 1) } fn odd(n: u32) -> bool { n != 0 && even(n - 1) }"]);
    e.gives("even(10)", "true");
    e.cells(&["fn largest<T: PartialOrd + Copy>(all: &[T]) -> T { let mut best = all[0]; for x in all { if *x > best { best = *x; } } best }"]);
    e.gives("(largest(&[1, 3, 2]), largest(&[0.5, 0.25]))", "(3, 0.5)");
    e.cells(&["macro_rules! square { ($x:expr) => { $x * $x }; }"]);
    e.gives("square!(7) + square!(p.x as i32)", "53");
    e.cells(&["mod inner { fn hidden() -> i32 { 40 } pub fn shown() -> i32 { hidden() + deep::TWO } mod deep { pub const TWO: i32 = 2; } pub struct Open { pub v: i32, w: i32 } impl Open { pub fn new() -> Self { Open { v: 1, w: 2 } } pub fn sum(&self) -> i32 { self.v + self.w } } }"]);
    e.gives("inner::shown()", "42");
    e.cells(&["let open = inner::Open::new();", "use inner::Open;"]);
    e.gives("open.sum() + Open::new().v", "4");
    e.cells(&[
        "use std::collections::BTreeMap as Map; use std::fmt::{self, Write as _};",
        "let m: Map<&str, i32> = [(\"a\", 1)].into();",
    ]);
    e.gives("m[\"a\"]", "1");
    e.gives("let mut text = String::new(); write!(text, \"{}\", 5)?; text", "\"5\"");
    e.cells(&["use std::collections::HashMap as Map;"]);
    e.gives("let mut h: Map<i32, i32> = Map::new(); h.insert(1, 2); h.capacity() >= 1", "true");
    e.gives("fn outer() -> i32 { fn nested() -> i32 { 3 } struct Local(i32); Local(nested()).0 } outer()", "3");
    e.cells(&["#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)] enum Color { #[default] Red, Green(u8), Blue { deep: bool } }"]);
    e.gives(
        "let c = Color::Blue { deep: true }; (Color::default(), c, Color::Green(1) < c)",
        "(Red, Blue { deep: true }, true)",
    );
    e.gives("matches!(c, Color::Blue { deep }) && c != Color::Red", "true");
    e.cells(&[
        "struct Buffer<const N: usize>([u8; N]);",
        "impl<const N: usize> Buffer<N> { const SIZE: usize = N; fn len(&self) -> usize { N } }",
        "let b = Buffer([0; 4]);",
    ]);
    e.gives("b.len() + Buffer::<2>::SIZE", "6");
    e.cells(&["const fn power(mut n: u32) -> u64 { let mut r = 1; while n > 0 { r *= 2; n -= 1; } r } const BIG: u64 = power(10);"]);
    e.gives("BIG + [0; power(3) as usize].len() as u64", "1032");
    e.cells(&["type Pair = (i32, Color); let pair: Pair = (1, Color::Red);"]);
    e.gives("pair.1", "Red");
    e.cells(&["impl std::fmt::Display for Color { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"a color\") } }"]);
    e.gives("format!(\"{}\", pair.1)", "\"a color\"");
    e.cells(&["impl std::ops::Add for Point<f64> { type Output = Point<f64>; fn add(self, o: Self) -> Self { Point { x: self.x + o.x, y: self.y + o.y } } }"]);
    e.gives("(Point { x: 1.0, y: 2.0 } + Point { x: 3.0, y: 4.0 }).x", "4.0");
}

#[test]
fn macros_that_make_items() {
    let mut e = Engine::new();
    e.cells(&["macro_rules! unit { ($name:ident, $factor:expr) => { #[derive(Debug)] struct $name(f64); impl $name { fn base(&self) -> f64 { self.0 * $factor } } }; }"]);
    e.cells(&["unit!(Km, 1000.0);", "let far = Km(2.0);"]);
    e.gives("far.base()", "2000.0");
    e.cell("unit!(Km, 1.0);").ok().notes("far");
    assert!(!e.names().contains(&"far".to_owned()));
    e.cell("thread_local! { static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(1) }; }")
        .ok()
        .notes("thread-local");
    e.gives("DEPTH.with(|d| { d.set(d.get() + 1); d.get() })", "2");
}

#[test]
fn names_of_the_prelude_can_be_taken() {
    let mut e = Engine::new();
    e.cells(&[
        "struct DataFrame { rows: i32 } fn col(x: i32) -> i32 { x } mod ironbook { pub fn here() -> i32 { 1 } }",
    ]);
    e.gives("let d = DataFrame { rows: 2 }; d.rows + col(3) + ironbook::here()", "6");
    e.gives("d.rows", "2");
    e.gives("let df = 5; let rt = df; fn drop(x: i32) -> i32 { x } drop(rt)", "5");
    e.gives("fn main() { println!(\"never\"); } struct Cell; trait Display { fn show(&self) -> i32; } impl Display for i32 { fn show(&self) -> i32 { self + 1 } } df.show()", "6");
    e.gives("macro_rules! vec { ($($x:tt)*) => { 7 }; } vec![1, 2] + df", "12");
    e.gives("macro_rules! println { ($($x:tt)*) => { 3 }; } println!() + df", "8");
    e.gives("fn panic() -> i32 { 4 } type Option = i32; let o: Option = panic(); o", "4");
    e.gives("o + df", "9");
}
