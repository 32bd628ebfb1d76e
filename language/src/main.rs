//! `ironbook-language serve --source DIR --target DIR`: the service on standard input and output.

use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: ironbook-language serve --source <Ironbook's sources> --target <cargo's target directory>";

#[expect(clippy::print_stderr, reason = "a program's own messages")]
fn main() -> ExitCode {
    let Some((source, target)) = arguments(std::env::args_os().skip(1).map(PathBuf::from).collect()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    // Cells come first. Where that is not allowed it runs like any other process.
    let _ = rustix::process::nice(10);
    let served = ironbook_language::serve(&source, &target, BufReader::new(io::stdin()), &mut io::stdout().lock());
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ironbook-language: the answers cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: Vec<PathBuf>) -> Option<(PathBuf, PathBuf)> {
    let [serve, first, source, second, target] = <[PathBuf; 5]>::try_from(words).ok()?;
    let right = serve.as_os_str() == "serve" && first.as_os_str() == "--source" && second.as_os_str() == "--target";
    right.then_some((source, target))
}
