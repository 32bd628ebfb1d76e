//! `ironbook-language serve --source DIR --target DIR [--group]`: the service on standard input and output. With `--group` it
//! leads a process group that ends with it.

use ironbook_language::{Rest, STACK};
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str =
    "usage: ironbook-language serve --source <Ironbook's sources> --target <cargo's target directory> [--group]";

#[expect(clippy::print_stderr, reason = "a program's own messages")]
fn main() -> ExitCode {
    let Some((source, target, group)) = arguments(std::env::args_os().skip(1).map(PathBuf::from).collect()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
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
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) | Err(error) => {
            eprintln!("ironbook-language: {error}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) => ExitCode::FAILURE,
    }
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
    let [serve, first, source, second, target] = <[PathBuf; 5]>::try_from(words).ok()?;
    let right = serve.as_os_str() == "serve" && first.as_os_str() == "--source" && second.as_os_str() == "--target";
    right.then_some((source, target, group))
}
