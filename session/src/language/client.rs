//! The client of the language service: starts it, asks it, and starts it again when it dies.

mod running;

use super::protocol::{Answer, Query, Reply, Request};
use crate::library::{Library, Paths};
use running::{Running, read, write};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So often it is started again when it dies before it was of any use.
const RESTARTS: u32 = 3;
/// Requests that it may not have read yet; further ones are not sent.
const MOST_POSTED: usize = 16;
/// The part of its patience that who completes waits for a silent one.
const PART: u32 = 4;
/// Longest text that it is asked about; it reads none that is longer.
const LONGEST: usize = 2 << 20;

/// How much is borne.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A service that owes an answer and says nothing for so long is ended, and another one started.
    pub hangs: Duration,
    /// After so long it is waited less for its candidates, until it says something.
    pub silent: Duration,
    /// So is one that has not read the library after so long.
    pub loads: Duration,
    /// After so long a question starts one again that was given up.
    pub forgiven: Duration,
    /// After so long a question starts one again that rested before it had read, since memory was short.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            hangs: Duration::from_secs(60),
            silent: Duration::from_secs(2),
            // Ten seconds on an idle machine, a few minutes on one that swaps.
            loads: Duration::from_secs(600),
            forgiven: Duration::from_secs(300),
            pause: Duration::from_secs(30),
        }
    }
}

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
    /// It has ended since nobody asked for long, or memory was short; the next question starts it again, or one after a while
    /// where memory was too short to begin.
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
///
/// Nobody who asks is held up by it: what it is told is written by a thread, answers are read by another, and a service
/// that neither reads nor answers is ended and started again.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    program: PathBuf,
    paths: Paths,
    /// The compiler that made an installed copy, whatever the default is.
    rustc: Option<PathBuf>,
    limits: Limits,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    running: Option<Running>,
    waiting: HashMap<u64, Sender<Answer>>,
    /// The text that it was told last.
    text: String,
    /// The crates that it is to know besides the library's, as cargo's metadata.
    crates: Option<PathBuf>,
    /// Those that it was told of; none of its knowledge is certain after it could not read them.
    told: Option<Option<PathBuf>>,
    /// The request that told it.
    telling: u64,
    next: u64,
    /// Requests without an answer, and when it gave the last sign of life.
    open: u64,
    heard: Instant,
    deaths: u32,
    /// When it was given up.
    given_up: Option<Instant>,
    /// When it rested without having read.
    put_off: Option<Instant>,
    generation: u64,
}

impl Service {
    /// Starts it in the background.
    ///
    /// # Errors
    /// When its program is not there or cannot be started.
    pub fn start(program: &Path, paths: &Paths) -> Result<Service, ServiceError> {
        Service::start_with(program, paths, Limits::default())
    }

    /// The same with limits of one's own.
    ///
    /// # Errors
    /// When its program is not there or cannot be started.
    pub fn start_with(program: &Path, paths: &Paths, limits: Limits) -> Result<Service, ServiceError> {
        if !program.is_file() {
            return Err(ServiceError::Missing { path: program.to_owned() });
        }
        let inner = Inner {
            state: State::Loading,
            running: None,
            waiting: HashMap::new(),
            text: String::new(),
            crates: None,
            told: Some(None),
            telling: 0,
            next: 0,
            open: 0,
            heard: Instant::now(),
            deaths: 0,
            given_up: None,
            put_off: None,
            generation: 0,
        };
        let installed = paths.installed.is_some().then(|| Library::locate(paths).ok()).flatten();
        let rustc = installed.map(|library| library.rustc);
        let (program, paths) = (program.to_owned(), paths.clone());
        let shared = Shared { program, paths, rustc, limits, inner: Mutex::new(inner) };
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
        self.lock().running.as_ref().map(|running| running.pid)
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

    /// The crates that texts may name besides the library's: a file of cargo's metadata ([`crate::library::extra::Extra`]
    /// has one). A service that loads is told when it is ready, as is one that is started again.
    pub fn use_crates(&self, metadata: Option<&Path>) {
        let mut inner = self.lock();
        if inner.crates.as_deref() != metadata {
            inner.crates = metadata.map(Path::to_owned);
            inner.tell_crates();
        }
    }

    /// Asks about a place in a text; nothing if it is not ready, or takes longer than `patience`. What may stand there is
    /// waited for less while it owes answers and says nothing: who asks has the session's own.
    pub fn ask(&self, text: &str, at: usize, query: Query, patience: Duration) -> Option<Answer> {
        if text.len() > LONGEST {
            return None;
        }
        let (id, answers, wait) = self.send(text, at, query, patience)?;
        let answer = answers.recv_timeout(wait).ok();
        self.lock().waiting.remove(&id);
        answer
    }

    /// Gives the request's number, where its answer comes, and how long that is worth waiting for.
    fn send(
        &self,
        text: &str,
        at: usize,
        query: Query,
        patience: Duration,
    ) -> Option<(u64, Receiver<Answer>, Duration)> {
        let mut inner = self.lock();
        self.wake(&mut inner);
        if inner.state == State::Loading && inner.heard.elapsed() > self.shared.limits.loads {
            inner.end();
            return None;
        }
        if !matches!(inner.state, State::Ready { .. }) {
            return None;
        }
        if inner.open > 0 && inner.heard.elapsed() > self.shared.limits.hangs {
            // The thread that reads its answers notices the death, and starts another.
            inner.end();
            return None;
        }
        inner.tell_crates();
        let changed = (inner.text != text).then(|| text.to_owned());
        let (sender, receiver) = channel();
        let silent = inner.open > 0 && inner.heard.elapsed() > self.shared.limits.silent;
        let wait = if silent && query == Query::Complete { patience / PART } else { patience };
        let id = inner.post(changed, at, query, Some(patience))?;
        inner.waiting.insert(id, sender);
        Some((id, receiver, wait))
    }

    /// Starts one that rests, or that was given up long ago.
    fn wake(&self, inner: &mut Inner) {
        let forgiven = inner.given_up.is_some_and(|when| when.elapsed() > self.shared.limits.forgiven);
        if forgiven {
            inner.deaths = 0;
            inner.given_up = None;
        }
        let put_off = inner.put_off.is_some_and(|when| when.elapsed() < self.shared.limits.pause);
        if (inner.state == State::Asleep && !put_off || forgiven)
            && let Err(error) = self.launch(inner)
        {
            inner.give_up(error.to_string());
        }
    }

    fn launch(&self, inner: &mut Inner) -> Result<(), ServiceError> {
        let paths = &self.shared.paths;
        let mut command = Command::new(&self.shared.program);
        command.arg("serve").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target);
        command.envs(self.shared.rustc.iter().map(|rustc| ("RUSTC", rustc)));
        // What is typed to interrupt a cell is not for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command.arg("--group"), 0);
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(|source| ServiceError::Start { path: self.shared.program.clone(), source })?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Ok(()) };
        let (lines, posted) = sync_channel(MOST_POSTED);
        inner.state = State::Loading;
        inner.text.clear();
        inner.told = Some(None);
        inner.open = 0;
        inner.heard = Instant::now();
        inner.generation += 1;
        inner.running = Some(Running { pid: child.id(), child: Some(child), lines });
        let generation = inner.generation;
        let weak = Arc::downgrade(&self.shared);
        std::thread::spawn(move || write(input, &posted));
        std::thread::spawn(move || {
            read(output, &mut |reply| {
                if let Some(shared) = weak.upgrade() {
                    Service { shared }.take(generation, reply);
                }
            });
            if let Some(shared) = weak.upgrade() {
                Service { shared }.bury(generation);
            }
        });
        Ok(())
    }

    fn take(&self, generation: u64, reply: Reply) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        inner.heard = Instant::now();
        match reply {
            Reply::Ready { seconds, crates } => {
                inner.state = State::Ready { seconds, crates };
                inner.tell_crates();
            }
            Reply::Rests => {
                inner.put_off = (inner.state == State::Loading).then(Instant::now);
                inner.state = State::Asleep;
            }
            Reply::Unable { reason } => inner.give_up(reason),
            Reply::Answer { id, answer } => {
                inner.deaths = 0;
                inner.open = inner.open.saturating_sub(1);
                if id == inner.telling && matches!(answer, Answer::Refused(_)) {
                    // The file may be there at the next question.
                    inner.told = None;
                }
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
            let why = format!("the language service died {} times in a row", inner.deaths);
            inner.give_up(why);
        } else if let Err(error) = self.launch(&mut inner) {
            inner.give_up(error.to_string());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Puts a request on its way; nothing if the service does not read what it was sent before. Gives its number.
    fn post(&mut self, text: Option<String>, at: usize, query: Query, patience: Option<Duration>) -> Option<u64> {
        let patience_ms = patience.and_then(|patience| u64::try_from(patience.as_millis()).ok());
        let request = Request { id: self.next + 1, text, at, query, patience_ms };
        let mut line = serde_json::to_string(&request).ok()?;
        line.push('\n');
        self.running.as_ref()?.lines.try_send(line).ok()?;
        if self.open == 0 {
            self.heard = Instant::now();
        }
        self.next = request.id;
        self.open += 1;
        if let Some(text) = request.text {
            self.text = text;
        }
        Some(request.id)
    }

    /// Tells it of crates that it does not know yet, if it reads.
    fn tell_crates(&mut self) {
        let news = matches!(self.state, State::Ready { .. }) && self.told.as_ref() != Some(&self.crates);
        if news && let Some(id) = self.post(None, 0, Query::Crates(self.crates.clone()), None) {
            self.told = Some(self.crates.clone());
            self.telling = id;
        }
    }

    /// There is none for a while.
    fn give_up(&mut self, why: String) {
        self.state = State::Off(why);
        self.given_up = Some(Instant::now());
    }

    fn end(&mut self) {
        if let Some(running) = &mut self.running {
            running.kill();
        }
    }
}

#[cfg(test)]
mod tests;
