//! The server: it listens, guards, and passes requests to the model.

mod body;
mod connections;
mod guard;
mod held;
mod patient;
mod queue;
pub(crate) mod refusal;
mod routes;
mod score;
pub(crate) mod state;
mod threads;
mod watch;

pub use guard::ApiKey;

use crate::error::ServeError;
use crate::log::{LogOptions, RequestLog};
use crate::metrics::Metrics;
use crate::served::{Served, Slot};
use crate::source::Source;
use body::Limits;
use guard::Guard;
use queue::{Bounds, Queue};
use state::{Ids, Seldom, Shared, State};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use threads::Threads;
use tokio::net::TcpListener;

/// How a server is to be. The defaults are Ironbook's own, unless it is said whose they are.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one (127.0.0.1:8080).
    pub address: SocketAddr,
    /// The name that was given for the address, which clients may use (`127.0.0.1`).
    pub listens: String,
    /// Further names under which the server is reached; `*` for any (none).
    pub hosts: Vec<String>,
    /// What clients must know (nothing).
    pub key: Option<ApiKey>,
    /// Whether strangers of the network may ask (no).
    pub allow_remote: bool,
    /// Threads that answer (as many as there are cores).
    pub workers: usize,
    /// Requests that may wait for the model (1024); further ones get 429.
    pub queue: usize,
    /// Rows that a model is given at once, from requests together (512); a request of more rows goes alone.
    pub max_batch: usize,
    /// Bytes of a body (16 MiB); larger ones get 413.
    pub max_body: usize,
    /// Bytes of all bodies, the rows read from them and answers that are not yet sent (256 MiB); beyond that requests get 429.
    pub max_bodies: usize,
    /// Connections at once (4096); further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a body may take to come (30 s); slower ones get 408. As long may a client take none of its answer; then its
    /// connection is ended.
    pub patience: Duration,
    /// How long a head may take to come, and a connection be silent (75 s); then it is ended.
    pub silence: Duration,
    /// How long the model may take, waiting included (60 s, MLflow's); later answers are 504.
    pub deadline: Duration,
    /// How long requests may take to end after the server was told to stop (30 s).
    pub farewell: Duration,
    /// How often the registry is asked whether the address leads to another version (5 s).
    pub poll: Duration,
    /// Where requests are logged (nowhere).
    pub log: Option<LogOptions>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            listens: "127.0.0.1".to_owned(),
            hosts: Vec::new(),
            key: None,
            allow_remote: false,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 1024,
            max_batch: 512,
            max_body: 16 << 20,
            max_bodies: 256 << 20,
            max_connections: 4096,
            patience: Duration::from_secs(30),
            silence: Duration::from_secs(75),
            deadline: Duration::from_secs(60),
            farewell: Duration::from_secs(30),
            poll: Duration::from_secs(5),
            log: None,
        }
    }
}

/// Told what goes wrong inside, for whoever runs the server.
pub type Report = Arc<dyn Fn(&str) + Send + Sync>;

/// Told the version that answers from now on.
pub(crate) type Exchanged = Box<dyn Fn(&str) + Send>;

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Shared,
    options: Options,
    watched: Option<Arc<Source>>,
    exchanged: Exchanged,
}

impl Server {
    /// Listens; `source` is watched if its address can move.
    ///
    /// # Errors
    /// [`ServeError::Open`], [`ServeError::Taken`], [`ServeError::Listen`], [`ServeError::Log`], [`ServeError::Redact`].
    pub async fn bind(
        served: Served,
        source: Option<Source>,
        options: Options,
        report: Report,
    ) -> Result<Server, ServeError> {
        let at = options.address;
        if !at.ip().is_loopback() && options.key.is_none() && !options.allow_remote {
            return Err(ServeError::Open(at.ip()));
        }
        let listener = TcpListener::bind(at).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::Taken(at),
            _ => ServeError::Listen { address: at, source },
        })?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen { address: at, source })?;
        let log = match &options.log {
            Some(log) => {
                let report = Arc::clone(&report);
                Some(RequestLog::open(log, move |told| report(told))?)
            }
            None => None,
        };
        let served = served.logged(log.as_ref())?;
        let metrics = Arc::new(Metrics::default());
        let runners = options.workers.max(1);
        let bounds = Bounds { requests: options.queue.max(1), rows: options.max_batch.max(1), runners };
        let threads = Threads::new(runners, served.ours).map_err(ServeError::Run)?;
        let shared = Arc::new(State {
            slot: Slot::new(served),
            queue: Queue::new(bounds, Arc::clone(&metrics), threads),
            metrics,
            log,
            guard: Guard {
                key: options.key.clone(),
                loopback: address.ip().is_loopback(),
                listens: options.listens.trim_matches(['[', ']']).to_owned(),
                hosts: options.hosts.clone(),
            },
            held: Arc::default(),
            limits: Limits { one: options.max_body, all: options.max_bodies, patience: options.patience },
            silence: options.silence,
            deadline: options.deadline,
            stopping: AtomicBool::new(false),
            ids: Ids::new(),
            report: Box::new(move |told| report(told)),
            failures: Seldom::default(),
        });
        let watched = source.filter(Source::moves).map(Arc::new);
        Ok(Server { listener, address, shared, options, watched, exchanged: Box::new(|_| {}) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells of each version that is put in place of another.
    pub fn on_exchange(&mut self, told: impl Fn(&str) + Send + 'static) {
        self.exchanged = Box::new(told);
    }

    /// Serves until `stop` is there; then it accepts nothing new, answers what it has accepted, and completes the log.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Server { listener, shared, options, watched, exchanged, .. } = self;
        let watching = watched.map(|source| watch::begin(source, Arc::clone(&shared), options.poll, exchanged));
        let router = routes::router(Arc::clone(&shared));
        let most = options.max_connections.max(1);
        connections::accept(listener, Arc::clone(&shared), router, most, options.farewell, stop).await;
        drop(watching);
        if shared.log.is_some() {
            // Waits for the disk.
            let log = Arc::clone(&shared);
            let completed = tokio::task::spawn_blocking(move || log.log.as_ref().map(RequestLog::complete)).await;
            if completed.is_err() {
                (shared.report)("the request log could not be completed");
            }
        }
    }
}

/// A runtime for a server: few threads, since they only pass bytes and ask brief models.
///
/// # Errors
/// [`ServeError::Run`].
pub fn runtime(options: &Options) -> Result<tokio::runtime::Runtime, ServeError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.workers.max(1))
        .max_blocking_threads(4)
        .thread_name("serve")
        .on_thread_start(threads::alone)
        .enable_all()
        .build()
        .map_err(ServeError::Run)
}
