//! How long it takes from a session to the files of a version, building and running apart.
//!
//! `cargo run -p ironbook-promotion --example promote_cells -- [CELLS]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use ironbook_promotion::{Options, Request, Writing, promote};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, ExecuteOptions, Session, Source, Tier};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cells: usize = std::env::args().nth(1).map_or(Ok(200), |text| text.parse())?;
    let paths = Paths::from_env();
    let library = Library::locate(&paths).map_err(|missing| missing.to_string())?;
    let directory = tempfile::tempdir()?;
    let config = Config {
        library: library.clone(),
        cache: paths.cells(),
        directory: directory.path().to_owned(),
        tier: Tier::Auto,
    };
    let mut session = Session::start(config).map_err(|failure| failure.message)?;
    session.keep_in(&directory.path().join(".sessions"))?;
    for at in 0..cells {
        let text = match at {
            0 => "let v0 = vec![1.0f64; 1000];".to_owned(),
            _ => format!("let v{at}: Vec<f64> = v{}.iter().map(|x| x * 0.5 + {at}.0).collect();", at - 1),
        };
        let options = ExecuteOptions { cell: Some(format!("c{at}")), ..ExecuteOptions::default() };
        session.execute(&Source::plain(text), &options, &mut |_| {});
    }
    let request = Request {
        options: Options { name: "cells".into(), targets: vec![format!("v{}", cells - 1)], ..Options::default() },
        writing: Writing::default(),
        verify: false,
    };
    for round in 0..5 {
        let begun = Instant::now();
        let explored = session.explored(&mut |_| {}).map_err(|failure| failure.message)?;
        let told = begun.elapsed();
        let mut compiling = None;
        let promoted = promote(&explored, None, &request, (&paths, &library), &mut |step| {
            if step == "compiling" {
                compiling = Some(begun.elapsed());
            }
        })?;
        println!(
            "round {round}: {} stages; the session told in {told:.1?}, files written after {:.2?}, published after {:.2?}",
            promoted.plan.stages.len(),
            compiling.unwrap_or_default(),
            begun.elapsed()
        );
    }
    Ok(())
}
