//! `ironbook track server`.

use super::{Problem, tell};
use crate::server::{Credentials, Guard, Page, Socket, State};
use clap::{ArgAction, Args, ValueEnum};
use ironbook_store::artifacts::Repo;
use ironbook_store::{SqliteOptions, SqliteStore, locate};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Environment variable with the token that clients must know.
const TOKEN: &str = "IRONBOOK_TRACK_TOKEN";

/// The pages that can be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Ui {
    /// Ironbook's own page.
    #[default]
    Ironbook,
    /// The page of an installed MLflow, unchanged.
    Mlflow,
    /// No page.
    None,
}

/// Arguments of `ironbook track server`. Those that `mlflow server` has too mean the same.
#[derive(Args, Debug)]
pub struct ServerArgs {
    /// Address to listen at.
    #[arg(long, short = 'H', default_value = "127.0.0.1")]
    host: String,
    /// Port to listen at; 0 takes a free one.
    #[arg(long, short, default_value_t = 5000)]
    port: u16,
    /// Directory of the store [default: the project's `.ironbook`].
    #[arg(long, value_name = "DIR", conflicts_with = "backend_store_uri")]
    store: Option<PathBuf>,
    /// The store as MLflow names it: `sqlite:///FILE`, or a directory.
    #[arg(long, value_name = "URI")]
    backend_store_uri: Option<String>,
    /// Where artifacts of new experiments lie, as their URIs say [default: `mlflow-artifacts:/`, which is this server].
    #[arg(long, value_name = "URI")]
    default_artifact_root: Option<String>,
    /// Where this server keeps artifacts of clients [default: `artifacts` in the store].
    #[arg(long, value_name = "URI")]
    artifacts_destination: Option<String>,
    /// Keep artifacts for clients (the default).
    #[arg(long, action = ArgAction::SetTrue, overrides_with = "no_serve_artifacts")]
    serve_artifacts: bool,
    /// Keep no artifacts for clients: they write to the place itself.
    #[arg(long, action = ArgAction::SetTrue)]
    no_serve_artifacts: bool,
    /// The page that browsers see.
    #[arg(long, value_enum, default_value_t)]
    ui: Ui,
    /// Directory of MLflow's compiled page [default: of the package that `python3` imports].
    #[arg(long, value_name = "DIR")]
    mlflow_ui: Option<PathBuf>,
    /// Token that clients must know. Other users of this machine can see it: better use `--token-file`, or the environment
    /// variable IRONBOOK_TRACK_TOKEN.
    #[arg(long)]
    token: Option<String>,
    /// File with the token that clients must know.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// File of users: `NAME:PASSWORD` or `NAME:sha256:SALT:HEX` in each line.
    #[arg(long, value_name = "FILE")]
    basic: Option<PathBuf>,
    /// Listen where other machines can reach it although nobody is asked who they are.
    #[arg(long)]
    allow_remote: bool,
    /// Names, besides those of this machine, under which the server is reached; `*` stands for any part.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Origins of other sites' pages that may change something here; `*` stands for any part.
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    cors_allowed_origins: Vec<String>,
}

type Outcome<T> = Result<T, Problem>;

/// Serves until it is told to stop.
pub(super) fn run(args: &ServerArgs) -> Outcome<()> {
    serve(args, &|_| {})
}

impl ServerArgs {
    /// Our page over a store, for this machine only.
    pub(super) fn page(port: u16, store: Option<PathBuf>) -> ServerArgs {
        ServerArgs {
            host: "127.0.0.1".to_owned(),
            port,
            store,
            backend_store_uri: None,
            default_artifact_root: None,
            artifacts_destination: None,
            serve_artifacts: false,
            no_serve_artifacts: false,
            ui: Ui::Ironbook,
            mlflow_ui: None,
            token: None,
            token_file: None,
            basic: None,
            allow_remote: false,
            allowed_hosts: Vec::new(),
            cors_allowed_origins: Vec::new(),
        }
    }
}

/// Serves until it is told to stop; `ready` gets the address once it answers.
pub(super) fn serve(args: &ServerArgs, ready: &dyn Fn(&str)) -> Outcome<()> {
    let address = address(&args.host, args.port)?;
    let guard = Guard {
        credentials: credentials(args)?,
        hosts: trimmed(&args.allowed_hosts),
        origins: trimmed(&args.cors_allowed_origins),
        listens: Some(args.host.trim_matches(['[', ']']).to_owned()),
        loopback: address.ip().is_loopback(),
        allow_remote: args.allow_remote,
    };
    let page = match args.ui {
        Ui::None => Page::None,
        Ui::Ironbook => Page::Ironbook,
        Ui::Mlflow => Page::Mlflow(crate::ui::find_mlflow(args.mlflow_ui.as_deref()).map_err(|r| Problem(r.message))?),
    };
    // Threads only wait for the disk; more of them than a few cost memory.
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(64)
        .thread_keep_alive(Duration::from_secs(2))
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let (stop, at_once) = stop()?;
        // A start that fails must leave no new store behind.
        let socket = Socket::bind(address, &guard).await?;
        let store = Arc::new(open(args)?);
        let proxied: Option<Arc<dyn Repo>> = (!args.no_serve_artifacts).then(|| store.proxied());
        let place = store.directory().display().to_string();
        let own = store.directory().join("artifacts").display().to_string();
        let roots = [Some(&own), args.default_artifact_root.as_ref(), args.artifacts_destination.as_ref()];
        let state = State::new(store, proxied, guard, page)
            .report(|problem| tell(&format!("ironbook track server: {problem}")));
        let state = roots.into_iter().flatten().fold(state, |state, root| state.root(root));
        let server = socket.server(state);
        let at = format!("http://{}", server.address());
        let line = format!("Serving {place} at {at}; in Python: mlflow.set_tracking_uri(\"{at}\")");
        let mut out = std::io::stdout();
        // Whoever closed our output does not want the line.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        ready(&at);
        tokio::select! {
            done = server.run(stop) => done?,
            () = at_once => {}
        }
        Ok(())
    });
    // Uploads that still wait for their clients must not hold the program.
    runtime.shutdown_background();
    done
}

/// The names of a list as it was written, perhaps with blanks after its commas.
fn trimmed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn address(host: &str, port: u16) -> Outcome<SocketAddr> {
    let unknown = |why: String| {
        Problem(format!(
            "`{host}` is not an address to listen at{why}\ngive `--host` an address or name of this machine"
        ))
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = (bare, port).to_socket_addrs().map_err(|e| unknown(format!(": {e}")))?;
    found.next().ok_or_else(|| unknown(String::new()))
}

fn credentials(args: &ServerArgs) -> Outcome<Credentials> {
    let mut credentials = Credentials::default();
    let token = match &args.token_file {
        Some(file) => Some(secret_file(file)?),
        None => args.token.clone().or_else(|| std::env::var(TOKEN).ok()),
    };
    if let Some(token) = token {
        let token = token.trim();
        if token.is_empty() {
            return Err(Problem(
                "the token is empty\ngive one that cannot be guessed, for instance 32 random letters".to_owned(),
            ));
        }
        credentials = credentials.token(token);
    }
    if let Some(file) = &args.basic {
        credentials = credentials.users(&secret_file(file)?)?;
        if !credentials.ask() {
            return Err(Problem(format!("{} names no user\nwrite `NAME:PASSWORD` in each line", file.display())));
        }
    }
    Ok(credentials)
}

/// Reads a file of secrets, which nobody else may read.
fn secret_file(file: &Path) -> Outcome<String> {
    let read = |e: std::io::Error| Problem(format!("cannot read {}: {e}", file.display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(file).map_err(read)?.permissions().mode();
        if mode & 0o077 != 0 {
            let shown = file.display();
            return Err(Problem(format!("{shown} can be read by others\nmake it yours alone: `chmod 600 {shown}`")));
        }
    }
    fs::read_to_string(file).map_err(read)
}

/// Opens the store that is asked for.
fn open(args: &ServerArgs) -> Outcome<SqliteStore> {
    let (directory, database) = match (&args.store, &args.backend_store_uri) {
        (Some(directory), _) => (directory.clone(), None),
        (None, Some(uri)) => backend(uri)?,
        (None, None) => (locate(&std::env::current_dir()?), None),
    };
    if let Some(file) = database.as_deref().filter(|file| of_mlflow(file)) {
        let shown = file.display();
        return Err(Problem(format!(
            "{shown} is a database of MLflow's, which is not served as it is\nlet `mlflow server` serve it, or read it into a store of Ironbook's: `ironbook track import`"
        )));
    }
    let own = (!args.no_serve_artifacts).then(|| "mlflow-artifacts:/".to_owned());
    let options = SqliteOptions {
        database,
        artifact_root: args.default_artifact_root.clone().or(own),
        artifacts_destination: args.artifacts_destination.clone(),
        ..SqliteOptions::default()
    };
    Ok(SqliteStore::open_with(&directory, options)?)
}

/// Whether a file is a database of MLflow's. It is only read: opening it as a store would change it.
fn of_mlflow(file: &Path) -> bool {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let asked = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'";
    let opened = rusqlite::Connection::open_with_flags(file, flags);
    opened.and_then(|c| c.query_row(asked, [], |row| row.get::<_, i64>(0))).is_ok_and(|count| count > 0)
}

/// Directory and database file of a store that is named as MLflow does.
fn backend(uri: &str) -> Outcome<(PathBuf, Option<PathBuf>)> {
    let of_file = |file: &str| {
        let file = PathBuf::from(file);
        let parent = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (parent.to_owned(), Some(file.clone()))
    };
    match uri.split_once(":") {
        Some(("sqlite", rest)) => match rest.strip_prefix("///").filter(|file| !file.is_empty()) {
            Some(file) => Ok(of_file(file)),
            None => Err(Problem(format!(
                "`{uri}` names no file\nwrite `sqlite:///FILE`, with one more `/` where FILE is absolute"
            ))),
        },
        Some(("file", rest)) => Ok((PathBuf::from(rest.trim_start_matches("//")), None)),
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => {
            Err(Problem(format!("a store at `{scheme}:` is not served here\ngive a directory, or `sqlite:///FILE`")))
        }
        _ => Ok((PathBuf::from(uri), None)),
    }
}

/// Ready when the program is told to stop, and when it is told once more, which means at once.
fn stop() -> Outcome<(impl Future<Output = ()> + Send + 'static, impl Future<Output = ()>)> {
    let (first, told) = tokio::sync::oneshot::channel();
    let (second, told_again) = tokio::sync::oneshot::channel();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            for order in [first, second] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                // Nobody waits any more if the server has ended by itself.
                let _ = order.send(());
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        for order in [first, second] {
            // Without this there is no way to tell it to stop but to kill it, which the store survives.
            let _ = tokio::signal::ctrl_c().await;
            let _ = order.send(());
        }
    });
    let ready = |order: tokio::sync::oneshot::Receiver<()>| async {
        let _ = order.await;
    };
    Ok((ready(told), ready(told_again)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_mlflow_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mlflow.db");
        let made = rusqlite::Connection::open(&file).unwrap();
        made.execute_batch("CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE experiments (id INTEGER)")
            .unwrap();
        drop(made);
        let before = fs::read(&file).unwrap();
        assert!(of_mlflow(&file));
        assert_eq!(fs::read(&file).unwrap(), before);
        assert!(!of_mlflow(&directory.path().join("none")));
        SqliteStore::open(&directory.path().join("ours")).unwrap();
        assert!(!of_mlflow(&directory.path().join("ours/track.db")));
    }

    #[test]
    fn a_start_that_fails_leaves_no_store() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("store");
        let port = taken.local_addr().unwrap().port();
        let args = ServerArgs::page(port, Some(store.clone()));
        assert!(serve(&args, &|_| {}).unwrap_err().0.contains("taken"));
        let args = ServerArgs { host: "0.0.0.0".to_owned(), ..ServerArgs::page(0, Some(store.clone())) };
        assert!(serve(&args, &|_| {}).unwrap_err().0.contains("other machines"));
        assert!(!store.exists());
    }

    #[test]
    fn blanks_in_lists_do_not_count() {
        assert_eq!(trimmed(&["a".to_owned(), " b".to_owned(), " ".to_owned()]), ["a", "b"]);
    }

    #[test]
    fn stores_are_named_as_mlflow_does() {
        let is = |uri: &str, directory: &str, file: Option<&str>| {
            assert_eq!(backend(uri).unwrap(), (PathBuf::from(directory), file.map(PathBuf::from)), "{uri}");
        };
        is("sqlite:///a.db", ".", Some("a.db"));
        is("sqlite:////x/a.db", "/x", Some("/x/a.db"));
        is("some/dir", "some/dir", None);
        is("file:///x/y", "/x/y", None);
        for bad in ["sqlite://", "postgresql://h/db", "http://h"] {
            assert!(backend(bad).is_err(), "{bad}");
        }
    }
}
