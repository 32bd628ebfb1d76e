//! How long completion and inspection take over the built library's index (or the file given): milliseconds, one line per text.
#![allow(clippy::print_stdout, reason = "a program that prints figures")]
#![allow(clippy::unwrap_used, reason = "a program for developers")]

use ironbook_assist::{Detail, View, complete, completeness, inspect};
use ironbook_session::library::index::Index;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{ItemInfo, Variable};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Texts that end at the cursor.
const TEXTS: &[&str] = &[
    "fli",
    "rea",
    "D",
    "s",
    "flights.",
    "flights.gro",
    "flights.clone().lazy().filter(col(\"arr_delay\").gt(lit(15))).group_by([col(\"carrier\")]).agg([len()]).coll",
    "Gbdt::params().n_est",
    "let m = Gbdt::params();\nm.",
    "vec![1.0, 2.0].iter().map(|x| x + 1.0).",
    "vec![1.0, 2.0].iter().enumerate().filter(|(i, x)| x.",
    "flights.clone().lazy().group_by([col(\"carrier\")]).agg([col(\"arr_delay\").mean().alias(\"m\")]).filter(col(\"",
    "eval::",
    "std::collections::",
    "col(\"arr",
    "%ti",
    "%track start --",
    "read_csv(\"",
];

/// Each text is completed so often.
const ROUNDS: u32 = 50;

fn main() {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let built = || Library::locate(&Paths::from_env()).ok()?.index_path();
    let path = given.or_else(built).expect("`ironbook setup` makes the index");
    let began = Instant::now();
    let index = Index::load(&path).unwrap();
    println!("load      {:8.2} ms  {} names, {} kB", ms(began), index.len(), path.metadata().unwrap().len() / 1000);
    let view = view(index);
    for text in TEXTS {
        let found = complete(&view, text, text.len()).candidates;
        let began = Instant::now();
        for _ in 0..ROUNDS {
            complete(&view, text, text.len());
        }
        let each = ms(began) / f64::from(ROUNDS);
        let first: Vec<&str> = found.iter().take(4).map(|candidate| candidate.text.as_str()).collect();
        println!("complete  {each:8.2} ms  {:4} for {:?}: {}", found.len(), tail(text), first.join(" "));
    }
    for text in ["flights", "flights.group_by", "read_csv", "%track", "DataFrame", "rows.push"] {
        let began = Instant::now();
        let found = inspect(&view, text, text.len(), Detail::Brief);
        let line = found.map(|bundle| bundle.plain().lines().next().unwrap_or("").to_owned());
        println!("inspect   {:8.2} ms  {text:?}: {}", ms(began), line.unwrap_or_default());
    }
    let cell = "let x = 1;\n".repeat(200);
    let began = Instant::now();
    completeness(&view, &cell);
    println!("is whole  {:8.2} ms  200 lines", ms(began));
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().map(|(at, _)| at).nth(24).unwrap_or(0);
    &text[start..]
}

/// A session of a usual size.
fn view(index: Index) -> View {
    let variable =
        |name: String, type_name: &str| Variable { name, type_name: type_name.to_owned(), ..Variable::default() };
    let mut variables: Vec<Variable> = (0..100).map(|n| variable(format!("value_{n}"), "Vec<f64>")).collect();
    let columns = (0..200).map(|n| (format!("arr_{n}"), "f64".to_owned())).collect();
    variables.push(Variable { columns, ..variable("flights".to_owned(), "DataFrame") });
    variables.push(variable("rows".to_owned(), "Vec<f64>"));
    let item = |n: u64| ItemInfo {
        kind: "fn".to_owned(),
        name: format!("step_{n}"),
        cell: n,
        text: format!("/// Step {n}.\nfn step_{n}(df: &DataFrame) -> f64 {{ {n}.0 }}"),
    };
    View { variables, items: (0..100).map(item).collect(), index: Some(Arc::new(index)), ..View::default() }
}
