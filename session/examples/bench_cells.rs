//! Measures the engine for `bench/cells`: one JSON object per line on standard output.
//!
//! `bench_cells script FILE auto|0|1|2|3 SESSIONS`: each cell of a percent script, compile cache empty at each start;
//! `bench_cells rerun FILE`: the script in a second session over the first one's cache;
//! `bench_cells growth`: three hundred cells of one session, 200 variables and 50 items alive at its end;
//! `bench_cells floor TIMES`: an empty crate, compiled by the same rustc against the same library; and one that imports
//! the prelude, as every cell does.

#![expect(clippy::print_stdout, reason = "what it measures goes to standard output")]

use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, ExecuteOptions, Execution, Session, Source, Status, Tier};
use serde_json::json;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Cells of the growing session.
const CELLS: usize = 300;
/// Its last ones, which are compared with those of a young session.
const COMPARED: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let library = Library::locate(&Paths::from_env())?;
    match words[..] {
        ["script", file, tier, sessions] => script(&library, file, tier, sessions.parse()?),
        ["rerun", file] => rerun(&library, file),
        ["growth"] => growth(&library),
        ["floor", times] => floor(&library, times.parse()?),
        _ => Err("usage: bench_cells script FILE TIER SESSIONS | rerun FILE | growth | floor TIMES".into()),
    }
}

/// The cells of a script, without their `// %%` lines.
fn cells(file: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    let parts = text.split("\n// %% ").skip(1);
    Ok(parts.map(|part| part.split_once('\n').map_or("", |(_, body)| body).trim().to_owned()).collect())
}

/// A session whose runtime is up.
fn start(library: &Library, cache: &Path, tier: Tier) -> Result<Session, Box<dyn Error>> {
    let config =
        Config { library: library.clone(), cache: cache.to_owned(), directory: std::env::current_dir()?, tier };
    let mut session = Session::start(config).map_err(|failure| failure.message)?;
    session.runtime_pid().ok_or("the runtime did not start")?;
    Ok(session)
}

/// What one cell gave and cost.
struct Measured {
    seconds: f64,
    stdout: String,
    result: Option<String>,
    done: Execution,
}

fn execute(session: &mut Session, cell: &str) -> Measured {
    let (mut stdout, mut result) = (String::new(), None);
    let began = Instant::now();
    let done = session.execute(&Source::plain(cell), &ExecuteOptions::default(), &mut |event| match event {
        Event::Stdout(text) => stdout.push_str(&text),
        Event::Result(bundle) => result = Some(bundle.plain().to_owned()),
        _ => {}
    });
    Measured { seconds: began.elapsed().as_secs_f64(), stdout, result, done }
}

fn print(index: usize, session: usize, measured: &Measured) {
    let Measured { seconds, stdout, result, done } = measured;
    let error = match &done.status {
        Status::Ok => None,
        Status::Failed(failure) => Some(format!("{}: {}", failure.name, failure.message)),
    };
    let timing = &done.timing;
    let line = json!({
        "session": session, "index": index, "seconds": seconds, "compile_s": timing.compile_s, "run_s": timing.run_s,
        "compiles": timing.compiles, "opt_level": timing.opt_level, "stdout": stdout, "result": result, "error": error,
    });
    println!("{line}");
}

/// Session 0 warms up (it learns the paths of types, as any earlier session would have) and is printed as well.
fn script(library: &Library, file: &str, tier: &str, sessions: usize) -> Result<(), Box<dyn Error>> {
    let tier = if tier == "auto" { Tier::Auto } else { Tier::Fixed(tier.parse()?) };
    let cache = tempfile::tempdir()?;
    for number in 0..=sessions {
        for compiled in ["cells", "entries"] {
            let folder = cache.path().join(compiled);
            if folder.exists() {
                std::fs::remove_dir_all(folder)?;
            }
        }
        let mut session = start(library, cache.path(), tier)?;
        for (index, cell) in cells(file)?.iter().enumerate() {
            print(index, number, &execute(&mut session, cell));
        }
    }
    Ok(())
}

fn rerun(library: &Library, file: &str) -> Result<(), Box<dyn Error>> {
    let cache = tempfile::tempdir()?;
    for number in 0..2 {
        let mut session = start(library, cache.path(), Tier::Auto)?;
        for (index, cell) in cells(file)?.iter().enumerate() {
            print(index, number, &execute(&mut session, cell));
        }
    }
    Ok(())
}

/// A session that grows: every sixth cell defines a type, the others use it in a new variable.
struct Growing {
    session: Session,
    cells: usize,
    variable: String,
    item: String,
}

impl Growing {
    fn start(library: &Library, cache: &Path) -> Result<Self, Box<dyn Error>> {
        let session = start(library, cache, Tier::Fixed(0))?;
        Ok(Growing { session, cells: 0, variable: "0.5".to_owned(), item: String::new() })
    }

    fn step(&mut self, number: usize) {
        self.cells += 1;
        let index = self.cells;
        let cell = if index % 6 == 1 {
            self.item = format!("Scale{index}");
            format!(
                "#[derive(Debug, Clone)]\nstruct {0} {{ by: f64 }}\nimpl {0} {{ fn of(&self, x: f64) -> f64 {{ self.by * x }} }}",
                self.item
            )
        } else {
            let before = std::mem::replace(&mut self.variable, format!("x{index}"));
            format!("let x{index} = {} {{ by: 1.01 }}.of({before});\nprintln!(\"{{x{index}:.3}}\");", self.item)
        };
        print(index, number, &execute(&mut self.session, &cell));
    }
}

/// The old session's last cells take turns with a young session's, so that the machine's moods fall on both.
fn growth(library: &Library) -> Result<(), Box<dyn Error>> {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut old = Growing::start(library, first.path())?;
    let mut young = Growing::start(library, second.path())?;
    for _ in 0..CELLS - COMPARED {
        old.step(0);
    }
    for _ in 0..COMPARED / 2 {
        young.step(1);
    }
    for _ in 0..COMPARED {
        old.step(0);
        young.step(1);
    }
    let (variables, items) = (old.session.variable_names().len(), old.session.items().len());
    println!("{}", json!({ "variables": variables, "items": items }));
    Ok(())
}

fn floor(library: &Library, times: usize) -> Result<(), Box<dyn Error>> {
    for _ in 0..times {
        let empty = compile(library, "extern crate ironbook;\n")?;
        let prelude = compile(library, "#[allow(unused_imports)]\nuse ironbook::prelude::*;\n")?;
        println!("{}", json!({ "seconds": empty, "prelude_s": prelude }));
    }
    Ok(())
}

/// Seconds that rustc takes for this crate.
fn compile(library: &Library, text: &str) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("cell.rs"), text)?;
    let mut rustc = Command::new(&library.rustc);
    rustc.current_dir(folder.path()).args(["cell.rs", "--edition=2024", "--crate-type=cdylib", "--crate-name=cell"]);
    rustc.args(["-C", "prefer-dynamic", "-C", "embed-bitcode=no", "-Copt-level=0", "-Cdebuginfo=0"]);
    for (name, path) in &library.externs {
        rustc.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    rustc.arg("-L").arg(format!("dependency={}", library.deps.display()));
    let began = Instant::now();
    let output = rustc.output()?;
    let seconds = began.elapsed().as_secs_f64();
    if output.status.success() { Ok(seconds) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}
