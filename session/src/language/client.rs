//! The client of the language service: starts it, asks it, and starts it again when it dies.

use super::protocol::{Answer, Query, Reply, Request};
use crate::library::Paths;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So often it is started again when it dies before it was of any use.
const RESTARTS: u32 = 3;

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The program is not there.
    #[error("there is no language service at {path}; IRONBOOK_LANGUAGE names one, and 0 does without")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be started.
    #[error("the language service {path} cannot be started: {source}")]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What the service is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It reads the library.
    Loading,
    /// It answers.
    Ready {
        /// Seconds that it read.
        seconds: f64,
        /// Crates that it has read.
        crates: usize,
    },
    /// It has ended since memory was short; the next question starts it again.
    Asleep,
    /// It does not work here, or died too often; why.
    Off(String),
}

/// The program: `IRONBOOK_LANGUAGE`, else `ironbook-language` beside the running one; none if that is `0`.
pub fn program(variable: Option<&str>, running: Option<&Path>) -> Option<PathBuf> {
    match variable.filter(|value| !value.is_empty()) {
        Some("0") => None,
        Some(path) => Some(path.into()),
        None => {
            let name = format!("ironbook-language{}", std::env::consts::EXE_SUFFIX);
            // A test's program lies one directory deeper.
            let directories = running?.ancestors().skip(1).take(2);
            let beside = directories.clone().next()?.join(&name);
            Some(directories.map(|directory| directory.join(&name)).find(|path| path.is_file()).unwrap_or(beside))
        }
    }
}

/// A language service, in a process of its own. Clones are the same one.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    program: PathBuf,
    paths: Paths,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    running: Option<Running>,
    waiting: HashMap<u64, Sender<Answer>>,
    text: String,
    next: u64,
    deaths: u32,
    generation: u64,
}

struct Running {
    child: Child,
    input: ChildStdin,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already if it died.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// Starts it in the background.
    ///
    /// # Errors
    /// When its program is not there or cannot be started.
    pub fn start(program: &Path, paths: &Paths) -> Result<Service, ServiceError> {
        if !program.is_file() {
            return Err(ServiceError::Missing { path: program.to_owned() });
        }
        let inner = Inner {
            state: State::Loading,
            running: None,
            waiting: HashMap::new(),
            text: String::new(),
            next: 0,
            deaths: 0,
            generation: 0,
        };
        let shared = Shared { program: program.to_owned(), paths: paths.clone(), inner: Mutex::new(inner) };
        let service = Service { shared: Arc::new(shared) };
        service.launch(&mut service.lock())?;
        Ok(service)
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lock().running.as_ref().map(|running| running.child.id())
    }

    /// Waits until it has read the library; whether it answers now.
    pub fn wait_ready(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            match self.state() {
                State::Ready { .. } => return true,
                State::Off(_) | State::Asleep => return false,
                State::Loading if Instant::now() > until => return false,
                State::Loading => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Asks about a place in a text; nothing if it is not ready, or takes longer than `patience`.
    pub fn ask(&self, text: &str, at: usize, query: Query, patience: Duration) -> Option<Answer> {
        let (id, answers) = self.send(text, at, query)?;
        let answer = answers.recv_timeout(patience).ok();
        self.lock().waiting.remove(&id);
        answer
    }

    fn send(&self, text: &str, at: usize, query: Query) -> Option<(u64, Receiver<Answer>)> {
        let mut inner = self.lock();
        if inner.state == State::Asleep
            && let Err(error) = self.launch(&mut inner)
        {
            inner.state = State::Off(error.to_string());
        }
        if !matches!(inner.state, State::Ready { .. }) {
            return None;
        }
        inner.next += 1;
        let id = inner.next;
        let changed = (inner.text != text).then(|| text.to_owned());
        let request = Request { id, text: changed, at, query };
        let mut line = serde_json::to_string(&request).ok()?;
        line.push('\n');
        let (sender, receiver) = channel();
        inner.waiting.insert(id, sender);
        let written = inner
            .running
            .as_mut()
            .map(|running| running.input.write_all(line.as_bytes()).and_then(|()| running.input.flush()));
        if !matches!(written, Some(Ok(()))) {
            // The thread that reads its answers notices the death.
            inner.waiting.remove(&id);
            return None;
        }
        if let Some(text) = request.text {
            inner.text = text;
        }
        Some((id, receiver))
    }

    fn launch(&self, inner: &mut Inner) -> Result<(), ServiceError> {
        let paths = &self.shared.paths;
        let mut command = Command::new(&self.shared.program);
        command.arg("serve").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target);
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(|source| ServiceError::Start { path: self.shared.program.clone(), source })?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Ok(()) };
        inner.state = State::Loading;
        inner.text.clear();
        inner.generation += 1;
        inner.running = Some(Running { child, input });
        let generation = inner.generation;
        let weak = Arc::downgrade(&self.shared);
        std::thread::spawn(move || {
            read(output, &mut |reply| {
                if let Some(shared) = weak.upgrade() {
                    Service { shared }.take(reply);
                }
            });
            if let Some(shared) = weak.upgrade() {
                Service { shared }.bury(generation);
            }
        });
        Ok(())
    }

    fn take(&self, reply: Reply) {
        let mut inner = self.lock();
        match reply {
            Reply::Ready { seconds, crates } => inner.state = State::Ready { seconds, crates },
            Reply::Rests => inner.state = State::Asleep,
            Reply::Unable { reason } => inner.state = State::Off(reason),
            Reply::Answer { id, answer } => {
                inner.deaths = 0;
                if let Some(waiting) = inner.waiting.remove(&id) {
                    // Who asked may have gone.
                    let _ = waiting.send(answer);
                }
            }
        }
    }

    /// After its death: those who wait get nothing, and it is started again, unless that has been in vain.
    fn bury(&self, generation: u64) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        inner.running = None;
        inner.waiting.clear();
        if matches!(inner.state, State::Off(_) | State::Asleep) {
            return;
        }
        inner.deaths += 1;
        if inner.deaths > RESTARTS {
            inner.state = State::Off(format!("the language service died {} times in a row", inner.deaths));
        } else if let Err(error) = self.launch(&mut inner) {
            inner.state = State::Off(error.to_string());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(output: ChildStdout, take: &mut dyn FnMut(Reply)) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        // A line that is none of ours is a dependency's.
        if let Ok(reply) = serde_json::from_str(&line) {
            take(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_lies_beside_the_running_one() {
        assert_eq!(program(Some("0"), None), None);
        assert_eq!(program(Some("/x/l"), None), Some("/x/l".into()));
        assert_eq!(program(None, Some(Path::new("/b/ironbook"))), Some("/b/ironbook-language".into()));
        assert_eq!(program(Some(""), None), None);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Service::start(Path::new("/no/ironbook-language"), &Paths::from_env()).err().unwrap();
        assert!(error.to_string().contains("/no/ironbook-language"), "{error}");
    }
}
