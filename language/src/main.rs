//! `ironbook-language serve --source DIR --target DIR [--group]`: the service on standard input and output. With `--group` it
//! leads a process group that ends with it. `ironbook-language pack --source DIR --target DIR --deps DIR --to DIR` copies what
//! it reads for an installed copy.

use ironbook_language::{Project, Rest, STACK, packed};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: ironbook-language serve --source <Ironbook's sources> --target <cargo's target directory> [--group]
       ironbook-language pack --source <..> --target <..> --deps <deps of the library's copy> --to <new directory>";

#[expect(clippy::print_stderr, reason = "a program's own messages")]
fn main() -> ExitCode {
    let words: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let said = match words.first().and_then(|word| word.to_str()) {
        Some("serve") => Some(words).and_then(arguments).map(serve),
        Some("pack") => options(&words[1..], ["--source", "--target", "--deps", "--to"]).map(pack),
        _ => None,
    };
    match said {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("ironbook-language: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::exit, reason = "to take down all that was read would last seconds")]
fn serve((source, target, group): (PathBuf, PathBuf, bool)) -> Result<(), String> {
    let (source, target) = (absolute(&source)?, absolute(&target)?);
    let serve = move || {
        let input = BufReader::new(io::stdin());
        // Whoever started it has ended. To take down all that was read would last seconds.
        let ended = move || {
            if group {
                end_group();
            }
            std::process::exit(0)
        };
        ironbook_language::serve(&source, &target, (input, ended), &mut io::stdout().lock(), &Rest::default())
    };
    let thread = std::thread::Builder::new().name("language".to_owned()).stack_size(STACK).spawn(serve);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(served)) => served.map_err(|error| error.to_string()),
        Ok(Err(_)) => Err("it panicked".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn pack([source, target, deps, to]: [PathBuf; 4]) -> Result<(), String> {
    let (source, target) = (absolute(&source)?, absolute(&target)?);
    let project = Project::find(&source, &target).map_err(|error| error.to_string())?;
    packed::pack(&project, &deps, &to).map_err(|error| error.to_string())
}

/// The service reads paths that begin at the root.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Ends what it has started too: the server of macros may be in one that never ends.
fn end_group() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
        if getpgrp() == getpid() {
            // Where it cannot be, it ends alone.
            let _ = kill_current_process_group(Signal::KILL);
        }
    }
}

fn arguments(mut words: Vec<PathBuf>) -> Option<(PathBuf, PathBuf, bool)> {
    let group = words.pop_if(|last| last.as_os_str() == "--group").is_some();
    let [source, target] = options(words.get(1..)?, ["--source", "--target"])?;
    Some((source, target, group))
}

/// The values of options, all of which have to be there, in this order.
fn options<const N: usize>(words: &[PathBuf], names: [&str; N]) -> Option<[PathBuf; N]> {
    let (pairs, []) = words.as_chunks::<2>() else { return None };
    let right = pairs.len() == N && pairs.iter().zip(names).all(|([name, _], wanted)| name.as_os_str() == wanted);
    let values: Vec<PathBuf> = pairs.iter().map(|[_, value]| value.clone()).collect();
    if right { values.try_into().ok() } else { None }
}
