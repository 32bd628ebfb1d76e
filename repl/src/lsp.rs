//! `ironbook lsp`: the language server on standard input and output.

use crate::cli::Lsp;
use crate::{Error, existing, language};
use ironbook_assist::Completions;
use ironbook_kernel::client::Client;
use ironbook_lsp::{Ground, Live, Options};
use ironbook_session::language::Service;
use ironbook_session::library::index::Index;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Checker, Config, Tier};
use lsp_server::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// So long the running session may take to answer, and to come up.
const WITHIN: Duration = Duration::from_millis(500);
const COMES_UP: Duration = Duration::from_secs(10);

/// So long the last words may take to be written.
const ENDS: Duration = Duration::from_secs(1);

/// What `ironbook lsp --help` adds.
pub const HELP: &str = "\
Editors start it; there is nothing to type. It works on scripts in percent format (`// %%`) and on the Rust cells of
notebooks: completion, hover, definitions, symbols, kinds of words, folding, formatting, diagnostics of the compiler with
its fixes. No cell is run.

Examples:
  ironbook lsp --existing    knows the variables of the session that was started last as well
  Neovim   vim.lsp.start({ name = 'ironbook', cmd = { 'ironbook', 'lsp' } })
  Helix    [language-server.ironbook]  command = \"ironbook\"  args = [\"lsp\"]
  Emacs    (add-to-list 'eglot-server-programs '(rust-mode . (\"ironbook\" \"lsp\")))";

/// Serves until the editor ends it.
///
/// # Errors
/// When there is no such session, or the editor does not keep to the protocol.
pub fn run(command: &Lsp, paths: &Paths) -> Result<u8, Error> {
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let live = match &command.existing {
        Some(named) => Some(attached(named, paths)?),
        None => None,
    };
    let (connection, threads) = Connection::stdio();
    let served = ironbook_lsp::run(&connection, Options { live, ..options(paths, directory, &command.allow) });
    drop(connection);
    served.map_err(|error| Error::Editor(Box::new(error)))?;
    // What was written last is on its way; what is still being answered nobody reads.
    let (done, ended) = channel();
    std::thread::spawn(move || drop(done.send(threads.join())));
    let _ = ended.recv_timeout(ENDS);
    Ok(0)
}

fn options(paths: &Paths, directory: PathBuf, allowed: &[String]) -> Options {
    let mut options = Options { service: service(paths), ..Options::default() };
    options.ground.directory.clone_from(&directory);
    match Library::locate(paths) {
        Ok(library) => {
            let index = library.index_path().and_then(|path| Index::load(&path).ok());
            options.ground = Ground { index: index.map(Arc::new), directory: directory.clone() };
            let rustfmt = library.rustc.with_file_name("rustfmt");
            options.rustfmt = Some(rustfmt).filter(|path| path.is_file());
            let config = Config { library, cache: paths.cells(), directory, tier: Tier::Auto };
            match Checker::new(config) {
                Ok(mut checker) => {
                    checker.allow(allowed);
                    options.checker = Some(checker);
                }
                Err(failure) => options.unchecked = Some(format!("cells are not checked: {}", failure.message)),
            }
        }
        Err(missing) => {
            options.unchecked = Some(format!("cells are not checked: {missing}; {}", missing.remedy()));
        }
    }
    options
}

/// A running session, through a client of its kernel.
struct Attached(Client);

impl Live for Attached {
    fn complete(&self, text: &str, at: usize) -> Completions {
        by_name(self.0.complete(text, at, WITHIN))
    }

    fn inspect(&self, text: &str, at: usize) -> Option<String> {
        self.0.inspect(text, at, WITHIN)
    }

    fn names(&self) -> Vec<String> {
        let said = self.0.own_info(WITHIN).unwrap_or_default();
        said.variables.into_iter().chain(said.items).collect()
    }
}

/// Where a terminal writes the whole path of what is not in scope, an editor writes the name, and adds the `use`.
fn by_name(mut found: Completions) -> Completions {
    for candidate in found.candidates.iter_mut().filter(|candidate| candidate.import.is_some()) {
        let name = candidate.text.rsplit("::").next().unwrap_or_default().to_owned();
        candidate.text = name;
    }
    found
}

fn attached(named: &str, paths: &Paths) -> Result<Box<dyn Live>, Error> {
    let client = Client::attach(&existing::find(named, paths)?, COMES_UP, |_| {})?;
    Ok(Box::new(Attached(client)))
}

/// The language service; without its program, names are all that is known.
fn service(paths: &Paths) -> Option<Service> {
    Service::start(&language::program(paths)?, paths).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_assist::Candidate;

    #[test]
    fn editors_add_the_use_of_what_is_not_in_scope() {
        let import = Some("use std::collections::BTreeMap;".to_owned());
        let path = "std::collections::BTreeMap".to_owned();
        let candidates = vec![
            Candidate { text: path, import: import.clone(), ..Candidate::default() },
            Candidate { text: "a::b".to_owned(), ..Candidate::default() },
        ];
        let found = by_name(Completions { range: 0..2, candidates }).candidates;
        assert_eq!((found[0].text.as_str(), &found[0].import), ("BTreeMap", &import));
        assert_eq!(found[1].text, "a::b");
    }
}
