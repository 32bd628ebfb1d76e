//! A value is never read with another layout than it was made with, by whatever path its type changes.

use crate::engine::Engine;
use ironbook_session::FailureKind;

/// `first` makes `v`; after `second` it is gone, and said to be.
#[track_caller]
fn dropped(first: &str, second: &str) {
    let mut e = Engine::new();
    e.cells(&["let keep = 1;", first]);
    e.cell(second).ok().notes("`v`");
    assert_eq!(e.names(), ["keep"], "{second}");
}

#[test]
fn constant_functions_shape_types() {
    dropped(
        "struct Foo; impl Foo { const fn n() -> usize { 1 } } struct Bar([u64; Foo::n()]); let v = Bar([7; 1]);",
        "impl Foo { const fn n() -> usize { 4000 } }",
    );
}

#[test]
fn constants_of_traits_shape_types_that_do_not_name_the_trait() {
    let first = "trait Tc { const N: usize = 1; } struct Q; impl Tc for Q {} struct B([u64; Q::N]); let v = B([7]);";
    dropped(first, "trait Tc { const N: usize = 4000; }");
    dropped(first, "impl Q { const N: usize = 4000; }");
}

#[test]
fn names_through_globs_of_modules_shape_types() {
    dropped(
        "mod geo { pub struct P(pub u64); } use geo::*; struct Segment { a: P } let v = Segment { a: P(3) };",
        "mod geo { pub struct P(pub [u64; 4000]); }",
    );
    let mut e = Engine::new();
    e.cells(&[
        "mod geo { #[derive(Debug)] pub struct P(pub u64); } use geo::*; #[derive(Debug)] struct Apart { a: u64 }",
        "let apart = Apart { a: 1 };",
        "mod geo { #[derive(Debug)] pub struct P(pub u8); }",
    ]);
    e.gives("apart.a", "1");
}

#[test]
fn statics_in_constants_shape_types() {
    dropped(
        "static TAB: [u8; 3] = [1; 3]; const N: usize = TAB.len(); struct T([u64; N]); let v = T([1; N]);",
        "static TAB: [u8; 4000] = [1; 4000];",
    );
}

#[test]
fn a_static_of_a_changed_type_starts_anew() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::sync::Mutex; struct Reg { a: u8 } static REG: Mutex<Vec<Reg>> = Mutex::new(Vec::new());",
        "static OTHER: Mutex<u32> = Mutex::new(0); *OTHER.lock().unwrap() += 5; REG.lock().unwrap().push(Reg { a: 1 });",
    ]);
    e.cell("struct Reg { a: String, b: String }").ok().notes("`REG`");
    e.gives("REG.lock().unwrap().iter().map(|r| r.a.len()).sum::<usize>()", "0");
    e.gives("*OTHER.lock().unwrap()", "5");
    e.cells(&["const N: usize = 2; static ARR: [u64; N] = [1; N]; ARR[1];"]);
    e.cell("const N: usize = 400000;").ok().notes("`ARR`");
    e.gives("ARR[399999]", "1");
}

#[test]
fn an_impl_that_was_left_out_and_came_back_with_another_type() {
    let mut e = Engine::new();
    e.cells(&[
        "struct Foo(i32); struct Helper { a: u8 } \
         impl Iterator for Foo { type Item = u8; fn next(&mut self) -> Option<u8> { Some(Helper { a: 1 }.a) } }",
        "let mut v = Foo(1).peekable(); v.peek();",
    ]);
    e.cell("struct Helper { b: u8 } let foo = Foo(1);").ok().notes("Iterator for Foo");
    e.cell("impl Iterator for Foo { type Item = String; fn next(&mut self) -> Option<String> { None } }").ok();
    e.cell("v.peek().map(|s| s.len())").fails(FailureKind::Compile, &["v"]);
}

#[test]
fn what_an_associated_type_names_shapes_types() {
    let foo =
        "struct Foo(i32); impl Iterator for Foo { type Item = Helper; fn next(&mut self) -> Option<Helper> { None } }";
    let mut e = Engine::new();
    e.cells(&["struct Helper(u8);", foo, "let mut v = Foo(1).peekable(); v.peek(); let foo = Foo(1);"]);
    e.cells(&[
        "impl Iterator for Foo { type Item = Helper; fn next(&mut self) -> Option<Helper> { Some(Helper(1)) } }",
    ]);
    assert_eq!(e.names(), ["foo", "v"]);
    e.cell("struct Helper(String);").ok().notes("`v`").notes("run cell 3 again");
}

#[test]
fn types_inside_functions_are_of_their_function() {
    let mut e = Engine::new();
    e.cells(&["use std::any::Any;"]);
    e.cells(&[
        "fn make() -> Box<dyn Any> { struct L(u8); Box::new(L(1)) }",
        "let b = make();",
        "fn read(b: &dyn Any) -> Option<usize> { struct L(u8); b.downcast_ref::<L>().map(|l| usize::from(l.0)) }",
    ]);
    e.cells(&[
        "fn both(b: Option<&dyn Any>) -> Result<Option<u8>, Box<dyn Any>> \
         { struct L(u8); b.map_or_else(|| Err(Box::new(L(7)) as _), |b| Ok(b.downcast_ref::<L>().map(|l| l.0))) }",
        "let local = both(None).err().unwrap();",
    ]);
    e.gives("both(Some(&*local)).ok().unwrap()", "Some(7)");
    e.cells(&[
        "fn both(b: Option<&dyn Any>) -> Result<Option<usize>, Box<dyn Any>> \
         { struct L(String); b.map_or_else(|| Err(Box::new(L(String::new())) as _), |b| Ok(b.downcast_ref::<L>().map(|l| l.0.len()))) }",
    ]);
    e.gives("both(Some(&*local)).ok().unwrap()", "None");
    e.gives("read(&*b)", "None");
}

#[test]
fn a_file_that_shapes_a_type_counts() {
    let mut e = Engine::new();
    e.file("n.txt", "abc");
    e.cells(&["const N: usize = include_str!(\"n.txt\").len(); struct Row([u8; N]);", "let row = Row([7; N]);"]);
    e.gives("row.0.len()", "3");
    e.file("n.txt", &"x".repeat(50));
    e.cell("row.0.len()").fails(FailureKind::Compile, &["`row` had the type's earlier definition"]);
    e.cells(&["let row = Row([1; N]);"]);
    e.gives("row.0.len()", "50");
}
