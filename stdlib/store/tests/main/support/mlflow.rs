//! A real `mlflow server` in a temporary directory.

use super::{free_port, python};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Starts the server in a session of its own and kills that when its input ends: also when this process is killed.
const KEEPER: &str = r#"
import os, signal, subprocess, sys
server = subprocess.Popen(sys.argv[1:], start_new_session=True, stdin=subprocess.DEVNULL)
sys.stdin.read()
os.killpg(server.pid, signal.SIGKILL)
server.wait()
"#;

/// A server.
pub struct Server {
    pub uri: String,
    port: u16,
    python: PathBuf,
    directory: PathBuf,
    keeper: Option<(Child, ChildStdin)>,
}

impl Server {
    /// Starts one and waits until it answers.
    pub fn start(python: &Path, directory: &Path) -> Server {
        let port = free_port();
        let (python, directory) = (python.to_owned(), directory.to_owned());
        let mut server = Server { uri: format!("http://127.0.0.1:{port}"), port, python, directory, keeper: None };
        server.up();
        server
    }

    /// Starts it again, at the same address with the same data.
    pub fn up(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.directory.join("log")).unwrap();
        let mut command = Command::new(&self.python);
        command.args(["-c", KEEPER]).arg(&self.python).args(["-m", "mlflow", "server", "--workers", "1"]);
        command.arg("--backend-store-uri").arg(format!("sqlite:///{}/mlflow.db", self.directory.display()));
        command.arg("--artifacts-destination").arg(self.directory.join("artifacts"));
        command.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
        command.current_dir(&self.directory);
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the Python of IRONBOOK_TEST_MLFLOW runs");
        let input = keeper.stdin.take().unwrap();
        self.keeper = Some((keeper, input));
        let deadline = Instant::now() + Duration::from_secs(120);
        while !answers(self.port) {
            let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "mlflow server did not start: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Kills it.
    pub fn down(&mut self) {
        if let Some((mut keeper, input)) = self.keeper.take() {
            drop(input);
            keeper.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let asked = stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

/// The address of the one server that all tests of this binary share, or `None` after saying that `test` is skipped.
pub fn shared(test: &str) -> Option<&'static str> {
    static SERVER: OnceLock<Option<(Server, tempfile::TempDir)>> = OnceLock::new();
    let python = python(test)?;
    let server = SERVER.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        Some((Server::start(&python, directory.path()), directory))
    });
    server.as_ref().map(|(server, _)| server.uri.as_str())
}
