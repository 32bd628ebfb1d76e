//! What the language service costs and finds: how long it reads, its memory, and for the methods that the examples'
//! notebooks call how long a completion takes and at which place the method stands that was written there.
//!
//! `cargo build -p ironbook-language && cargo run -p ironbook-lsp --example deep`
#![allow(clippy::print_stdout, reason = "a program that prints figures")]
#![allow(clippy::unwrap_used, reason = "a program for developers")]

use ironbook_assist::{Planned, View, complete, merged};
use ironbook_magics::notebook::Notebook;
use ironbook_magics::script::CellKind;
use ironbook_session::language::{Answer, Cell, Prelude, Query, Service, State, program};
use ironbook_session::library::Library;
use ironbook_session::library::Paths;
use ironbook_session::library::index::Index;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Cells that stand before those of the notebooks, so that the session is not a small one.
const BEFORE: usize = 40;
/// Places that are asked about.
const PLACES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(30);

/// A method call of a notebook, cut behind its first letter.
struct Place {
    cell: usize,
    /// The byte behind the letter.
    at: usize,
    name: String,
}

fn main() {
    let paths = Paths::from_env();
    let variable = std::env::var("IRONBOOK_LANGUAGE").ok();
    // An example lies one directory below the programs.
    let running = std::env::current_exe().unwrap();
    let program = program(variable.as_deref(), running.parent()).unwrap();
    let service = Service::start(&program, &paths).unwrap();
    assert!(service.wait_ready(Duration::from_secs(300)), "{:?}", service.state());
    let State::Ready { seconds, crates } = service.state() else { unreachable!("it is ready") };
    println!("ready     {seconds:8.2} s   {crates} crates");
    println!("memory    {:8.0} MB", memory(&service));

    let mut cells: Vec<String> = (0..BEFORE).map(filler).collect();
    cells.extend(notebook_cells());
    let places = places(&cells);
    println!("session   {:8} cells, {} places", cells.len(), places.len());
    let index = Library::locate(&paths).ok().and_then(|library| Index::load(&library.index_path()?).ok());
    let view = View { index: index.map(Arc::new), ..View::default() };
    let (mut times, mut ranks) = (Vec::new(), Vec::new());
    for place in &places {
        let (taken, rank) = ask(&service, &view, &cells, place);
        times.push(taken);
        ranks.push(rank);
    }
    times.sort_by(f64::total_cmp);
    let part = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("deep      {:8.1} ms  median, {:.1} ms nine of ten, {:.1} ms at most", part(0.5), part(0.9), part(1.0));
    let within = |most: usize| ranks.iter().filter(|rank| rank.is_some_and(|rank| rank < most)).count();
    println!(
        "rank      {:8}     first, {} among five, {} found, of {}",
        within(1),
        within(5),
        within(9999),
        ranks.len()
    );
    for (place, rank) in places.iter().zip(&ranks).filter(|(_, rank)| rank.is_none()) {
        println!("missing   {:?} {rank:?}", place.name);
    }
    println!("memory    {:8.0} MB", memory(&service));
}

/// Milliseconds, and the place of the name that stands there among the candidates.
fn ask(service: &Service, view: &View, cells: &[String], place: &Place) -> (f64, Option<usize>) {
    let mut texts: Vec<String> = cells[..=place.cell].to_vec();
    let last = texts.last_mut().unwrap();
    last.truncate(place.at);
    let lowered = (1..)
        .zip(&texts)
        .map(|(execution, text)| Cell { execution, source: Planned::new(text, view).whole(text, view) });
    let began = Instant::now();
    let document = Prelude::default().document(&lowered.collect::<Vec<_>>());
    let at = document.at(texts.len() as u64, place.at).unwrap();
    let answer = service.ask(&document.text, at, Query::Complete, PATIENCE);
    let instant = complete(view, texts.last().unwrap(), place.at);
    let Some(Answer::Candidates(deep)) = answer else { return (began.elapsed().as_secs_f64() * 1e3, None) };
    let found = merged(instant, &deep, &place.name[..1]);
    let taken = began.elapsed().as_secs_f64() * 1e3;
    (taken, found.candidates.iter().position(|candidate| candidate.text == place.name))
}

fn filler(n: usize) -> String {
    format!(
        "struct Row{n} {{ a: f64, b: String }}\nimpl Row{n} {{ fn sum(&self) -> f64 {{ self.a + {n}.0 }} }}\nlet row{n} = Row{n} {{ a: {n}.5, b: String::from(\"x\") }};\nlet list{n}: Vec<f64> = (0..{n}).map(|i| i as f64 * row{n}.sum()).collect();"
    )
}

fn notebook_cells() -> Vec<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples");
    let mut cells = Vec::new();
    for name in ["flights", "digits"] {
        let text = std::fs::read_to_string(examples.join(name).join(format!("{name}.ipynb"))).unwrap();
        let notebook = Notebook::parse(&text).unwrap();
        let code = notebook.cells.iter().filter(|cell| cell.kind() == CellKind::Code);
        cells.extend(code.map(|cell| cell.source()));
    }
    cells
}

/// The method calls, spread over the cells.
fn places(cells: &[String]) -> Vec<Place> {
    let mut all = Vec::new();
    for (cell, text) in cells.iter().enumerate().skip(BEFORE) {
        for (dot, _) in text.match_indices('.') {
            let name: String = text[dot + 1..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let letter = name.starts_with(|c: char| c.is_ascii_lowercase());
            let called = text[dot + 1 + name.len()..].starts_with('(');
            // Strings, comments and ranges have dots as well; what is called behind one is a method.
            if letter && called && !text[..dot].ends_with('.') {
                all.push(Place { cell, at: dot + 2, name });
            }
        }
    }
    let step = (all.len() / PLACES).max(1);
    all.into_iter().step_by(step).take(PLACES).collect()
}

/// Megabytes that the service holds.
fn memory(service: &Service) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid().unwrap())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}
