//! A server in this process, on a free port, over a store in a directory that goes with it.

use ironbook_store::{SqliteOptions, SqliteStore};
use ironbook_tracking::server::{Guard, Page, Server, State};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;

/// A running server.
pub struct Running {
    pub base: String,
    pub client: Client,
    pub directory: TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    done: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

/// How the server is to be.
pub struct Options {
    pub guard: Guard,
    pub page: Page,
    pub serves_artifacts: bool,
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options { guard: Guard::local(), page: Page::None, serves_artifacts: true, max_bytes: None }
    }
}

pub async fn start() -> Running {
    start_with(Options::default()).await
}

pub async fn start_with(options: Options) -> Running {
    let directory = tempfile::tempdir().unwrap();
    let how = SqliteOptions {
        artifact_root: Some("mlflow-artifacts:/".to_owned()),
        max_bytes: options.max_bytes,
        ..SqliteOptions::default()
    };
    let store = Arc::new(SqliteStore::open_with(directory.path(), how).unwrap());
    let proxied = options.serves_artifacts.then(|| store.proxied());
    let state = State::new(store, proxied, options.guard, options.page);
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), state).await.unwrap();
    let base = format!("http://{}", server.address());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let done = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { base, client: Client::new(), directory, stop: Some(stop), done: Some(done) }
}

impl Running {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Tells the server to stop, and waits until it has.
    pub async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.done.take().unwrap().await.unwrap().unwrap();
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.ask(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    /// A call of the API's second version that must be answered well.
    pub async fn v2(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(&format!("/api/2.0/mlflow/{path}"), body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn new_run(&self) -> String {
        let run = self.v2("runs/create", serde_json::json!({ "experiment_id": "0" })).await;
        run["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }
}

pub async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The program `ironbook track` by itself, which `cargo test` builds beside the tests.
pub fn program() -> std::path::PathBuf {
    let program = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("server");
    assert!(program.is_file(), "{} is not there: `cargo build -p ironbook-tracking --examples`", program.display());
    program
}
