//! Requests in, replies out, one line each; a later question about another text stands in for an earlier one.

use crate::host::Host;
use crate::macros::Macros;
use crate::project::Project;
use crate::rest::Rest;
use ironbook_session::language::{Answer, Query, Reply, Request};
use std::io::{self, BufRead, Write};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The stack of a thread that reads or answers: parsers and type checkers call themselves for each bracket that is open.
/// Memory is committed when it is touched.
pub const STACK: usize = 512 << 20;
/// The priority of what nobody waits for. At 19 it would never be ready on a machine with more to do than it has cores.
#[cfg(target_os = "linux")]
const LOW: i32 = 10;
/// So long, and then no more: a model that trains on all cores for an hour would keep it from ever being ready.
const GIVES_WAY: Duration = Duration::from_secs(20);

/// What is asked once before the first question, so that what all answers need has been read: names, methods of tables, of
/// tensors, and of what iterators make.
const FIRST: &[&str] = &["df.", "df.lazy().", "t.", "vec![1.0].iter().map(|x| x + 1.0).", "Data"];

/// Reads the project and answers until the input ends. That is told by `ended`, from another thread, at once: whatever is
/// being read or answered then is for nobody.
///
/// # Errors
/// When the output is closed.
pub fn serve(
    source: &Path,
    target: &Path,
    (input, ended): (impl BufRead + Send + 'static, impl FnOnce() + Send + 'static),
    output: &mut dyn Write,
    rest: &Rest,
) -> io::Result<()> {
    let started = Instant::now();
    let requests = listen(input, ended);
    // Its threads live as long as the service, with the priority of the one that makes them: not of one that gives way. Where
    // there are such threads already, these are they.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
    if rest.is_due() {
        return say(output, &Reply::Rests);
    }
    let project = match quietly(|| Project::find(source, target)) {
        Ok(project) => project,
        Err(error) => return say(output, &Reply::Unable { reason: error.to_string() }),
    };
    let macros = Macros::start(&project);
    // Its memory goes with the process, at once.
    let mut host = ManuallyDrop::new(quietly(|| Host::new(&project, macros)));
    warm(&mut host, started + GIVES_WAY);
    say(output, &Reply::Ready { seconds: started.elapsed().as_secs_f64(), crates: project.crates.len() })?;
    let mut heard = Instant::now();
    let mut rested = true;
    loop {
        match requests.recv_timeout(rest.quiet) {
            Ok(request) => {
                rested = false;
                answer(&mut host, &project, request, &requests, output)?;
                heard = Instant::now();
            }
            Err(RecvTimeoutError::Timeout) => {
                if rest.is_due() || heard.elapsed() >= rest.end {
                    return say(output, &Reply::Rests);
                }
                if !rested {
                    host.rest();
                    rested = true;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Works on a thread that gives way to cells and their compiler; answers, for which somebody waits, do not.
fn quietly<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let quiet = move || {
            give_way();
            work()
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, quiet);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("a thread cannot be started: {error}"),
        }
    })
}

/// Lowers the priority of the calling thread. Where the system does not allow it, it works like any other.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, LOW);
}

/// A request, the text that it is about, and when it came.
struct Heard {
    request: Request,
    text: Arc<str>,
    at: Instant,
}

impl Heard {
    /// Whether somebody waits for the answer still. Crates are told, not asked.
    fn is_awaited(&self) -> bool {
        let late = self.request.patience_ms.is_some_and(|patience| self.at.elapsed() > Duration::from_millis(patience));
        !late || matches!(self.request.query, Query::Crates(_))
    }
}

/// Reads requests while earlier ones are answered, so that whoever asks never waits to be heard.
fn listen(input: impl BufRead + Send + 'static, ended: impl FnOnce() + Send + 'static) -> Receiver<Heard> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut text: Arc<str> = Arc::default();
        for line in input.lines().map_while(Result::ok) {
            // A line that is no request has no id to answer to.
            let Ok(mut request) = serde_json::from_str::<Request>(&line) else { continue };
            if let Some(new) = request.text.take() {
                text = new.into();
            }
            if sender.send(Heard { request, text: Arc::clone(&text), at: Instant::now() }).is_err() {
                return;
            }
        }
        ended();
    });
    receiver
}

/// What an editor asks at once, in the order in which a person waits for it. What is told of crates stands where it stood:
/// what was asked after it may name them.
fn by_haste(waiting: Vec<Heard>) -> Vec<Heard> {
    let mut told = 0;
    let mut ordered = Vec::with_capacity(waiting.len());
    for heard in waiting {
        let haste = match heard.request.query {
            Query::Crates(_) => {
                told += 1;
                0
            }
            Query::Complete => 1,
            Query::Signature | Query::Hover => 2,
            Query::Definition | Query::References | Query::Rename(_) | Query::Around => 3,
            Query::Assists(_) | Query::Tokens | Query::Hints => 4,
        };
        ordered.push(((told, haste), heard));
    }
    ordered.sort_by_key(|(key, _)| *key);
    ordered.into_iter().map(|(_, heard)| heard).collect()
}

/// Answers all that has been asked so far: of completions only the newest, since who types on does not look at the others.
fn answer(
    host: &mut Host,
    project: &Project,
    first: Heard,
    requests: &Receiver<Heard>,
    output: &mut dyn Write,
) -> io::Result<()> {
    let waiting: Vec<Heard> = std::iter::once(first).chain(requests.try_iter()).collect();
    let completions = waiting.iter().filter(|heard| heard.request.query == Query::Complete);
    let newest = completions.map(|heard| heard.request.id).next_back();
    for heard in by_haste(waiting) {
        let awaited = heard.is_awaited();
        let request = heard.request;
        let passed = !awaited || (request.query == Query::Complete && newest != Some(request.id));
        // What panics here would panic again in a service that is started anew.
        if !passed && host.text() != &*heard.text && caught(|| host.set_text(heard.text.to_string())).is_none() {
            let _ = caught(|| host.set_text(String::new()));
        }
        let answer = match &request.query {
            _ if passed => Answer::Nothing,
            Query::Rename(name) => host.rename(request.at, name),
            Query::Crates(metadata) => told(host, project, metadata.as_deref()),
            query => host.answer(query, request.at),
        };
        say(output, &Reply::Answer { id: request.id, answer })?;
    }
    Ok(())
}

/// Reads the crates that texts may name from now on.
fn told(host: &mut Host, project: &Project, metadata: Option<&Path>) -> Answer {
    match caught(|| project.with_crates(metadata).map(|project| host.read(&project))) {
        Some(Ok(())) => Answer::Nothing,
        Some(Err(error)) => {
            let path = metadata.unwrap_or(Path::new("")).display();
            Answer::Refused(format!("the crates of {path} cannot be read: {error}"))
        }
        None => {
            // Without them it knows the library still; to be told again would end the same.
            let _ = caught(|| host.read(project));
            Answer::Nothing
        }
    }
}

/// Does something that may panic; nothing if it does.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Asks what is asked first, so that what all answers need has been read; beside everything else until then.
fn warm(host: &mut Host, until: Instant) {
    let head = "use ::ironbook::prelude::*;\nfn f(df: DataFrame, t: Tensor) {\n";
    for line in FIRST {
        host.set_text(format!("{head}{line}"));
        let at = head.len() + line.len();
        if !completes_quietly(host, at, until) {
            // What had been read is known.
            host.answer(&Query::Complete, at);
        }
    }
}

/// Completes at a place on a thread that gives way; whether that came to its end until then.
fn completes_quietly(host: &mut Host, at: usize, until: Instant) -> bool {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return false;
    }
    let complete = host.completion(at);
    let (done, is_done) = channel();
    std::thread::scope(|scope| {
        let quiet = move || {
            give_way();
            let _ = caught(complete);
            // Who waits may have gone on.
            let _ = done.send(());
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, quiet);
        let ended = thread.is_ok() && is_done.recv_timeout(left).is_ok();
        if !ended {
            host.cancel();
        }
        ended
    })
}

fn say(output: &mut dyn Write, reply: &Reply) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reply)?;
    output.write_all(b"\n")?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ProjectError;
    use ironbook_session::library::Paths;

    /// With a library of nothing: std is read at the first question, which takes longer than a moment.
    #[test]
    fn what_gave_way_too_long_is_read_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        write("Cargo.toml", "[package]\nname = \"ironbook\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
        write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"ironbook\"\nversion = \"0.1.0\"\n");
        write("src/lib.rs", "pub mod prelude {}\n");
        let project = match Project::find(folder.path(), &Paths::from_env().target) {
            Err(error @ ProjectError::NoStd { .. }) => return eprintln!("SKIPPED: {error}"),
            found => found.unwrap(),
        };
        let text = "fn f() { vec![1.0].";
        let asked = move || {
            let mut host = Host::new(&project, None);
            host.set_text(text.to_owned());
            let began = Instant::now();
            assert!(!completes_quietly(&mut host, text.len(), began), "no time at all");
            assert!(!completes_quietly(&mut host, text.len(), began + Duration::from_millis(10)), "a moment");
            let Answer::Candidates(found) = host.answer(&Query::Complete, text.len()) else { panic!("no candidates") };
            assert!(found.iter().any(|each| each.name == "push"), "{found:?}");
            assert!(completes_quietly(&mut host, text.len(), Instant::now() + Duration::from_secs(60)), "all is known");
        };
        std::thread::Builder::new().stack_size(STACK).spawn(asked).unwrap().join().unwrap();
    }

    #[test]
    fn what_a_person_waits_for_comes_first_but_not_before_what_it_may_name() {
        let heard = |(id, query): (u64, Query)| {
            let request = Request { id, text: None, at: 0, query, patience_ms: None };
            Heard { request, text: Arc::default(), at: Instant::now() }
        };
        let asked =
            [Query::Tokens, Query::Complete, Query::Crates(None), Query::Hints, Query::Signature, Query::Complete];
        let order = by_haste((1..).zip(asked).map(heard).collect());
        assert_eq!(order.iter().map(|heard| heard.request.id).collect::<Vec<_>>(), [2, 1, 3, 6, 5, 4]);
    }

    #[test]
    fn what_nobody_waits_for_is_passed_but_crates_are_told() {
        let came = Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        let awaited = |query, patience_ms| {
            let request = Request { id: 1, text: None, at: 0, query, patience_ms };
            Heard { request, text: Arc::default(), at: came }.is_awaited()
        };
        assert!(!awaited(Query::Hover, Some(1)));
        assert!(awaited(Query::Hover, Some(60_000)) && awaited(Query::Hover, None));
        assert!(awaited(Query::Crates(None), Some(1)));
    }
}
