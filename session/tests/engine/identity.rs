//! Redefinition: a changed type is another type, and nothing reads an old value with a new layout.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn a_redefined_type_drops_its_values_by_name() {
    let mut e = Engine::new();
    e.cells(&[
        "#[derive(Debug)] struct Foo { a: i32 }",
        "let foo = Foo { a: 1 }; let many = vec![Foo { a: 2 }]; let other = 3;",
    ]);
    e.cells(&["struct Foo { a: i32 }\n".trim(), "let x = 1;"].map(|_| "let keep = foo.a;"));
    e.cell("#[derive(Debug)] struct Foo { a: i32, b: String }").ok().notes("`foo`").notes("`many`");
    assert_eq!(e.names(), ["keep", "other"]);
    e.cell("foo.a").fails(FailureKind::Compile, &["foo"]);
    e.cells(&["struct Bar(i32); let bar = Bar(1);", "struct Bar(i32, i32); let bar = Bar(1, 2);"]);
    e.gives("bar.1", "2");
    e.gives("let foo = Foo { a: 1, b: \"b\".into() }; foo", "Foo { a: 1, b: \"b\" }");
    e.cells(&["#[derive(Debug)] struct Foo { a: i32, b: String }"]);
    e.gives("foo.a", "1");
    e.cells(&["use std::fmt::Write as _;", "use std::collections::*;", "fn a() -> i32 { 1 }", "mod b {}"]);
    e.gives("foo.a", "1");
    e.cell("const N: usize = 2; struct Sized { v: [u8; N] } let sized = Sized { v: [0; N] };").ok();
    e.cell("const N: usize = 4;").ok().notes("`sized`");
}

#[test]
fn traits_and_associated_types_are_part_of_the_identity() {
    let mut e = Engine::new();
    e.cells(&[
        "trait Speak { fn one(&self) -> i32; }",
        "struct Cat; impl Speak for Cat { fn one(&self) -> i32 { 1 } }",
        "let cat: Box<dyn Speak> = Box::new(Cat);",
    ]);
    e.gives("cat.one()", "1");
    e.cell("trait Speak { fn zero(&self) -> i32 { 0 } fn one(&self) -> i32; }").ok().notes("`cat`");
    e.cells(&["let cat: Box<dyn Speak> = Box::new(Cat);"]);
    e.gives("cat.zero() + cat.one()", "1");
    e.cells(&[
        "struct Count(u8); impl Iterator for Count { type Item = u8; fn next(&mut self) -> Option<u8> { self.0 += 1; Some(self.0) } }",
        "let peek = Count(0).peekable();",
    ]);
    e.gives("*peek.peek().unwrap()", "1");
    e.cell("impl Iterator for Count { type Item = String; fn next(&mut self) -> Option<String> { self.0 += 1; Some(self.0.to_string()) } }").ok().notes("`peek`");
    e.gives("Count(3).peekable().next()", "Some(\"4\")");
    e.cells(&["let count = Count(7);", "trait Extra { type T; } impl Extra for Count { type T = i32; }"]);
    e.gives("count.0", "7");
}

#[test]
fn an_impl_that_no_longer_compiles_is_left_out() {
    let mut e = Engine::new();
    e.cells(&[
        "struct Point { x: f64, y: f64 }",
        "impl std::fmt::Display for Point { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"{} {}\", self.x, self.y) } }",
        "impl Point { fn sum(&self) -> f64 { self.x + self.y } fn name(&self) -> &'static str { \"p\" } }",
        "fn origin() -> Point { Point { x: 0.0, y: 0.0 } }",
    ]);
    e.cell("struct Point { r: f64 } let p = Point { r: 2.0 };").ok().notes("does not compile");
    e.gives("p.r", "2.0");
    e.gives("p.name()", "\"p\"");
    e.cells(&["fn origin() -> Point { Point { r: 0.0 } }"]);
    e.gives("origin().r", "0.0");
    e.cells(&["mod tools { pub fn a() -> i32 { 1 } pub fn b() -> i32 { 2 } }", "use tools::a; use tools::b;"]);
    e.gives("a() + b()", "3");
    e.cell("mod tools { pub fn a() -> i32 { 10 } }").ok().notes("use b");
    e.gives("a()", "10");
}

#[test]
fn private_fields_and_shapes_of_items() {
    let mut e = Engine::new();
    e.cells(&[
        "struct Tuple(i32, pub String); pub struct Unit; union Bits { f: f32, u: u32 } #[repr(u8)] enum Level { Low = 1, High = 9 }",
        "impl Tuple { fn new(n: i32) -> Self { Tuple(n, n.to_string()) } }",
        "unsafe trait Marked {} unsafe impl Marked for Unit {} fn only<T: Marked>(_: T) -> i32 { 1 }",
        "struct Generic<'a, T: 'a + ?Sized, const N: usize = 2> where T: std::fmt::Debug { r: &'a T, n: [u8; N] }",
        "impl<'a, T: ?Sized + std::fmt::Debug, const N: usize> Generic<'a, T, N> { fn show(&self) -> String { format!(\"{:?} {}\", self.r, self.n.len()) } }",
        "trait Shape { const SIDES: u32; type Unit: Default; fn make() -> Self where Self: Sized; fn sides(&self) -> u32 { Self::SIDES } }",
        "struct Tri; impl Shape for Tri { const SIDES: u32 = 3; type Unit = i32; fn make() -> Tri { Tri } }",
    ]);
    e.gives("let t = Tuple::new(4); (t.0, &t.1)", "(4, \"4\")");
    e.gives("only(Unit) + unsafe { Bits { f: 1.0 }.u as i32 >> 29 } + Level::High as i32", "11");
    e.gives("let g: Generic<'static, str> = Generic { r: \"s\", n: [0; 2] }; g.show()", "\"\\\"s\\\" 2\"");
    e.gives("g.show().len() as u32 + Tri::make().sides()", "8");
    e.cells(&["#[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)] struct Saved { name: String, #[serde(default)] n: Vec<f64> }"]);
    e.gives("serde_json::from_str::<Saved>(\"{\\\"name\\\": \\\"a\\\"}\")?", "Saved { name: \"a\", n: [] }");
}

#[test]
fn everything_that_shapes_a_type_is_part_of_its_identity() {
    let mut e = Engine::new();
    e.cells(&[
        "type Inner = u8; struct ByAlias { x: Inner, y: u8 } let by_alias = ByAlias { x: 1, y: 2 };",
        "macro_rules! width { () => { u8 }; } struct ByMacro { x: width!(), y: u8 } let by_macro = vec![ByMacro { x: 1, y: 2 }];",
        "use std::collections::HashMap as Map; struct ByUse { x: Map<i32, i32> } let by_use = ByUse { x: [(1, 2)].into() };",
        "struct Part { n: u8 } struct Whole { part: Part, all: Vec<Part> } let by_part = Some(Whole { part: Part { n: 1 }, all: vec![] });",
        "mod shapes { pub struct Square(pub u8); } let by_module = shapes::Square(3);",
        "const fn three() -> usize { 3 } struct ByConst([u8; three()]); let by_const = ByConst([0; 3]);",
        "trait Draw { fn draw(&self) -> i32; } impl Draw for u8 { fn draw(&self) -> i32 { 1 } } struct Canvas { all: Vec<Box<dyn Draw>> } let by_trait = Canvas { all: vec![Box::new(1u8)] };",
        "let untouched = (1, String::from(\"s\"));",
    ]);
    let changes = [
        ("type Inner = u64;", "by_alias"),
        ("macro_rules! width { () => { u64 }; }", "by_macro"),
        ("use std::collections::BTreeMap as Map;", "by_use"),
        ("struct Part { n: [u64; 4] }", "by_part"),
        ("mod shapes { pub struct Square(pub u64, pub u64); }", "by_module"),
        ("const fn three() -> usize { 1 + 2 + 1 }", "by_const"),
        ("trait Draw { fn first(&self) -> i32 { 0 } fn draw(&self) -> i32; }", "by_trait"),
    ];
    for (change, name) in changes {
        let note = e.cell(change).ok().notes(&format!("dropped `{name}`"));
        assert_eq!(note.notes.len(), 1, "{:?}", note.notes);
    }
    assert_eq!(e.names(), ["untouched"]);
    e.gives("let c = Canvas { all: vec![Box::new(1u8)] }; c.all[0].first() + c.all[0].draw()", "1");
    e.gives("untouched.1", "\"s\"");
}
