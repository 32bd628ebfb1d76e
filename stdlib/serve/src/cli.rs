//! `ironbook serve MODEL`: the arguments, and a process that serves until it is told to stop.

use crate::contract::Extra;
use crate::error::ServeError;
use crate::log::LogOptions;
use crate::model::Loaders;
use crate::running::{self, Entry};
use crate::served::Served;
use crate::server::{ApiKey, Options, Report, Server, runtime};
use crate::source::Source;
use clap::{Args, Parser};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot::Receiver;

/// Environment variable with the key that clients must know.
pub(crate) const KEY: &str = "IRONBOOK_SERVE_KEY";
/// Port to listen at, unless another one is named.
pub(crate) const PORT: &str = "8080";

/// How many of the largest bodies there is room for.
const BODIES: usize = 16;

/// Serve a model over HTTP: MLflow's scoring protocol, the Open Inference Protocol, rows, and a page to try it.
///
/// It stops at SIGTERM and Ctrl-C, and answers what it has accepted before. Exit status: 0 stopped; 1 not started; 2 wrong use.
#[derive(Clone, Debug, Parser)]
#[command(name = "ironbook serve", version, max_term_width = 100)]
pub struct Cli {
    /// What is served, and how.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Arguments of `ironbook serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// The model: `models:/NAME@ALIAS`, `models:/NAME/VERSION`, `runs:/RUN/PATH`, or the directory of a logged model.
    model: String,
    /// Address to listen at.
    #[arg(long, short = 'H', default_value = "127.0.0.1")]
    host: String,
    /// Port to listen at; 0 takes a free one.
    #[arg(long, short, default_value = PORT)]
    port: u16,
    /// Name under which the model is served [default: the registry's].
    #[arg(long)]
    name: Option<String>,
    /// Store of the model: `http://..`, `sqlite:///FILE`, or a directory [default: MLFLOW_TRACKING_URI, else the project's].
    #[arg(long, value_name = "URI")]
    store: Option<String>,
    /// Directory in which requests and answers are logged, as Parquet files.
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Share of the requests that are logged, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    log_sample: f64,
    /// Columns whose values are left out of the log.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    redact: Vec<String>,
    /// Seconds after which a file of the log is complete; the first ones are after 1, 2, 4, ..
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    log_every: f64,
    /// File with the API key that clients must know; also by the environment variable IRONBOOK_SERVE_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Listen where other machines can reach it although nobody is asked for a key.
    #[arg(long)]
    allow_remote: bool,
    /// Names, besides those of this machine, under which the server is reached; `*` for any.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Leave out columns that the model does not read, instead of refusing the request.
    #[arg(long)]
    ignore_extra: bool,
    /// Seconds between two looks at the registry, whether its alias has moved.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    poll: f64,
    /// Seconds that an answer may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    timeout: f64,
    /// Requests that may wait for the model.
    #[arg(long, default_value_t = 1024)]
    queue: usize,
    /// Rows that the model is given at once.
    #[arg(long, default_value_t = 512)]
    max_batch: usize,
    /// Bytes of a request.
    #[arg(long, default_value_t = 16 << 20)]
    max_body: usize,
    /// Threads that answer [default: as many as there are cores].
    #[arg(long)]
    workers: Option<usize>,
    #[command(flatten)]
    started: Started,
}

/// What a session tells of itself to a server that it starts.
#[derive(Args, Clone, Debug)]
struct Started {
    /// The server's identity.
    #[arg(long, hide = true)]
    id: Option<String>,
    /// The process of the session.
    #[arg(long, hide = true)]
    session: Option<u32>,
    /// Whether to go on when that ends.
    #[arg(long, hide = true)]
    kept: bool,
    /// What the session calls the model.
    #[arg(long, hide = true)]
    source: Option<String>,
    /// The model's version.
    #[arg(long, hide = true)]
    as_version: Option<String>,
    /// The file that standard error goes to.
    #[arg(long, hide = true)]
    messages: Option<PathBuf>,
}

impl ServeArgs {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn extra(&self) -> Extra {
        if self.ignore_extra { Extra::Ignore } else { Extra::Refuse }
    }

    /// The directory of the log, wherever this process goes.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        self.log.as_ref().map(|log| std::path::absolute(log).unwrap_or_else(|_| log.clone()))
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.01..=1e6).contains(seconds));
    seconds.ok_or_else(|| "give a number of seconds, at least 0.01".to_owned())
}

/// What went wrong, in words.
#[derive(Debug)]
struct Trouble(String);

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            text.push_str("\ncause: ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        Trouble(text)
    }
}

/// Serves until the process is told to stop (SIGTERM, Ctrl-C). `loaders` knows the formats of models, those of other crates
/// too. One line on standard output says where it listens, once it answers; problems go to standard error.
#[must_use]
pub fn serve(args: &ServeArgs, loaders: Loaders) -> ExitCode {
    match run(args, loaders) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble(told)) => {
            tell(&format!("error: {told}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line for whoever runs the program; one that cannot be written is lost.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn run(args: &ServeArgs, loaders: Loaders) -> Result<(), Trouble> {
    if args.started.session.is_some() {
        // Neither the interrupts of cells nor the end of their runtime are meant for this. It fails if it is so already.
        let _ = rustix::process::setsid();
    }
    let options = options(args)?;
    let source = source(args).named(args.name.clone()).extra(args.extra()).loaders(loaders);
    let source = source.told_as(args.started.source.clone(), args.started.as_version.clone());
    let served = source.load()?;
    let mut entry = entry(args, &served, options.key.is_some());
    let runtime = runtime(&options)?;
    let report: Report = Arc::new(|told| tell(&format!("ironbook serve: {told}")));
    let done = runtime.block_on(async {
        let session = args.started.session.filter(|_| !args.started.kept);
        let (stop, at_once) = stops(session).map_err(ServeError::Run)?;
        let mut server = Server::bind(served, Some(source), options, Arc::clone(&report)).await?;
        entry.url = format!("http://{}", server.address());
        let registered = entry.register(&running::folder()).map(Arc::new).inspect_err(|error| {
            report(&format!("this server is not listed by `%serve`: {error}"));
        });
        // The entry is not to outlive this for a registry that does not answer.
        let listed = registered.as_ref().map_or_else(|_| Weak::new(), Arc::downgrade);
        server.on_exchange(move |version| {
            if let Some(Err(error)) = listed.upgrade().map(|listed| listed.answers(version)) {
                report(&format!("`%serve` lists this server with an older version: {error}"));
            }
        });
        let line = format!("Serving {} version {} at {}", entry.name, entry.version, entry.url);
        let mut out = io::stdout();
        // Whoever closed our output does not want the line.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        tokio::select! {
            () = server.run(stop) => {}
            () = at_once => {}
        }
        Ok(())
    });
    // A model that hangs must not hold the program.
    runtime.shutdown_background();
    done
}

/// What the register is to say, all but where it listens.
fn entry(args: &ServeArgs, served: &Served, key: bool) -> Entry {
    let Started { id, session, kept, messages, .. } = args.started.clone();
    Entry {
        id: id.unwrap_or_else(running::fresh_id),
        pid: std::process::id(),
        name: served.name().to_owned(),
        version: served.version().to_owned(),
        source: served.source().to_owned(),
        url: String::new(),
        key,
        log: args.log(),
        example: served.contract().example(),
        session,
        kept,
        messages,
        directory: std::env::current_dir().unwrap_or_default(),
        started: running::now(),
    }
}

fn source(args: &ServeArgs) -> Source {
    let uri = args.store.clone().or_else(|| std::env::var("MLFLOW_TRACKING_URI").ok().filter(|uri| !uri.is_empty()));
    Source::new(&args.model, move || {
        let project = ironbook_store::locate(std::path::Path::new("."));
        ironbook_store::open(uri.as_deref(), &project)
    })
}

/// What the arguments say of the server.
pub(crate) fn options(args: &ServeArgs) -> Result<Options, ServeError> {
    let defaults = Options::default();
    Ok(Options {
        address: address(&args.host, args.port)?,
        listens: args.host.clone(),
        hosts: args.allowed_hosts.clone(),
        key: key(args)?,
        allow_remote: args.allow_remote,
        workers: args.workers.unwrap_or(defaults.workers),
        queue: args.queue,
        max_batch: args.max_batch,
        max_body: args.max_body,
        // A body that may come must find room, with the rows that are read from it.
        max_bodies: defaults.max_bodies.max(args.max_body.saturating_mul(BODIES)),
        deadline: Duration::from_secs_f64(args.timeout),
        poll: Duration::from_secs_f64(args.poll),
        log: args.log.as_ref().map(|directory| LogOptions {
            sample: args.log_sample,
            redact: args.redact.clone(),
            rotate_every: Duration::from_secs_f64(args.log_every),
            ..LogOptions::new(directory)
        }),
        ..defaults
    })
}

fn address(host: &str, port: u16) -> Result<SocketAddr, ServeError> {
    let unknown = |why: String| {
        let told =
            format!("`{host}` is not an address to listen at{why}\ngive `--host` an address or name of this machine");
        ServeError::Options { told }
    };
    let mut found = (host.trim_matches(['[', ']']), port).to_socket_addrs().map_err(|e| unknown(format!(": {e}")))?;
    found.next().ok_or_else(|| unknown(String::new()))
}

fn key(args: &ServeArgs) -> Result<Option<ApiKey>, ServeError> {
    let wrong = |told: String| ServeError::Options { told };
    let text = match &args.key_file {
        Some(file) => Some(
            std::fs::read_to_string(file)
                .map_err(|error| wrong(format!("cannot read the API key from \"{}\": {error}", file.display())))?,
        ),
        // What is no text is no key that anybody can send; nobody is to think that one is asked for.
        None => std::env::var_os(KEY).map(|key| key.to_string_lossy().into_owned()),
    };
    let Some(text) = text else { return Ok(None) };
    sendable(&text).map(|key| Some(ApiKey::new(key))).map_err(|flaw| {
        wrong(format!("the API key {flaw}\ngive one that cannot be guessed, for instance 32 random letters"))
    })
}

/// A key without the blanks around it, if a header can carry it; else what is wrong with it.
pub(crate) fn sendable(key: &str) -> Result<&str, &'static str> {
    match key.trim() {
        "" => Err("is empty"),
        key if !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => {
            Err("has characters that no header can carry")
        }
        key => Ok(key),
    }
}

/// Ready when the process is told to stop, or the session that started it is gone; the second one when it is told again.
fn stops(session: Option<u32>) -> io::Result<(impl Future<Output = ()> + Send + 'static, impl Future<Output = ()>)> {
    let gone = session.map(gone).transpose()?;
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn hung_up(told: &mut Option<Signal>) {
        match told {
            Some(told) => drop(told.recv().await),
            None => std::future::pending().await,
        }
    }
    let (first, told) = tokio::sync::oneshot::channel();
    let (second, told_again) = tokio::sync::oneshot::channel();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // `nohup` has it ignored, and means it.
    let mut hangup = if hangups_are_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    tokio::spawn(async move {
        let mut gone = gone;
        for order in [first, second] {
            let gone = std::mem::take(&mut gone);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = hung_up(&mut hangup) => {}
                () = ended(gone) => {}
            }
            // Nobody waits any more if the server has ended by itself.
            let _ = order.send(());
        }
    });
    let ready = |order: Receiver<()>| async {
        let _ = order.await;
    };
    Ok((ready(told), ready(told_again)))
}

/// Whether this process was started to go on when its terminal closes.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is the first signal.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Told when a process has ended; at once if it is gone already.
fn gone(process: u32) -> io::Result<Receiver<()>> {
    let (ended, told) = tokio::sync::oneshot::channel();
    let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return Ok(told) };
    let process = match pidfd_open(process, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(told),
        Err(error) => return Err(error.into()),
    };
    let watch = move || {
        // A process that cannot be watched any more is taken for gone.
        let _ = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], None));
        drop(ended);
    };
    std::thread::Builder::new().name("session".to_owned()).spawn(watch)?;
    Ok(told)
}

/// Ready when a process has ended; without one to watch, never.
async fn ended(process: Option<Receiver<()>>) {
    match process {
        None => std::future::pending().await,
        // The end of the watch says it.
        Some(told) => drop(told.await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_allowed_finds_room() {
        let of = |bytes: &str| {
            let cli = Cli::try_parse_from(["serve", "m", "--max-body", bytes]).unwrap();
            options(&cli.serve).unwrap()
        };
        assert_eq!(of("1000").max_bodies, Options::default().max_bodies);
        let large = of("1000000000");
        assert!(large.max_body == 1_000_000_000 && large.max_bodies >= 16 * large.max_body);
    }
}
