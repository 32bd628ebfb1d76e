//! Runs the cells of a percent script and prints what each gave and cost: the engine without a front end.

#![expect(clippy::print_stdout, reason = "an example prints")]

use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Dependency, Event, ExecuteOptions, Session, Source, Status, Tier};
use std::ops::ControlFlow;

fn main() {
    let script = std::env::args().nth(1).expect("a script in percent format");
    let text = std::fs::read_to_string(script).expect("readable");
    let paths = Paths::from_env();
    let library = Library::locate(&paths).or_else(|why| {
        println!("{why}");
        Library::build(&paths, &mut |progress| {
            println!("{progress:?}");
            ControlFlow::Continue(())
        })
    });
    let library = library.expect("the library");
    let directory = std::env::current_dir().expect("a working directory");
    let config = Config {
        library,
        cache: std::env::var("CELLS").map(Into::into).unwrap_or(paths.cells()),
        directory,
        tier: Tier::Auto,
    };
    let mut session = Session::start(config).expect("a session");
    for cell in text.split("// %%").map(str::trim).filter(|c| !c.is_empty()) {
        println!("--- {}", cell.lines().next().unwrap_or(""));
        if let Some(name) = cell.strip_prefix("//dep ") {
            let path = name.contains('/').then(|| name.into());
            let name = name.rsplit('/').next().unwrap_or(name).to_owned();
            let dependency = Dependency { name, version: None, features: vec![], path, default_features: true };
            println!("{:?}", session.add_dependency(&dependency, &mut |event| println!("{event:?}")));
            continue;
        }
        let mut out = |event: Event| match event {
            Event::Stdout(text) | Event::Stderr(text) => print!("{text}"),
            Event::Display { bundle, .. } => println!("display: {}", bundle.plain()),
            Event::Result(bundle) => println!("=> {}", bundle.plain()),
            Event::Note(note) => println!("note: {note}"),
            other => println!("{other:?}"),
        };
        if std::env::var("EXPAND").is_ok() {
            println!("{}", session.expand(&Source::plain(cell)).unwrap_or_else(|f| f.message));
        }
        let done = session.execute(&Source::plain(cell), &ExecuteOptions::default(), &mut out);
        if let Status::Failed(failure) = &done.status {
            println!("{:?} {}: {}", failure.kind, failure.name, failure.report.join("\n"));
        }
        println!(
            "[{}] {:?} read {:?} wrote {:?} moved {:?}",
            done.id,
            done.timing,
            done.flow.read.keys(),
            done.flow.wrote.keys(),
            done.flow.moved
        );
    }
    for variable in session.variables() {
        println!("{variable:?}");
    }
}
