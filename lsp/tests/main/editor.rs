//! An editor in the same process: it opens, types, asks, and reads what it is told.

use ironbook_lsp::{Ground, Live, Options, run};
use ironbook_session::language::Service;
use ironbook_session::library::index::Index;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Checker, Config, Tier};
use lsp_server::{Connection, Message, Notification, Request, Response};
use lsp_types::{Diagnostic, NumberOrString, Position, PublishDiagnosticsParams};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a service says that is ready.
pub const READY: &str = "echo '{\"Ready\":{\"seconds\":0.1,\"crates\":1}}'";

/// So long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An editor with its server.
pub struct Editor {
    connection: Connection,
    server: Option<JoinHandle<()>>,
    next: i32,
    version: i32,
    /// What the server can do.
    pub able: Value,
    /// What came while something else was waited for.
    early: Vec<Message>,
    directory: TempDir,
}

fn library() -> Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let build = |_| Library::build(&Paths::from_env(), &mut |_| ControlFlow::Continue(()));
    LIBRARY.get_or_init(|| Library::locate(&Paths::from_env()).or_else(build).unwrap()).clone()
}

fn service(directory: &Path, script: &str) -> Service {
    let program = directory.join("service");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Service::start(&program, &Paths::from_env()).unwrap()
}

impl Editor {
    /// An editor whose server checks cells, without a language service.
    pub fn new() -> Editor {
        Editor::with(&json!({}), None, None)
    }

    /// One that is attached to a running session, and perhaps helped by a shell script.
    pub fn beside(live: Box<dyn Live>, script: Option<&str>) -> Editor {
        Editor::with(&json!({}), script, Some(live))
    }

    /// The same of an editor that can what it says.
    pub fn beside_able(capabilities: &Value, live: Box<dyn Live>) -> Editor {
        Editor::with(capabilities, None, Some(live))
    }

    /// One whose language service is a shell script.
    pub fn helped_by(script: &str) -> Editor {
        Editor::with(&json!({}), Some(script), None)
    }

    /// One that can what it says.
    pub fn able(capabilities: &Value) -> Editor {
        Editor::with(capabilities, None, None)
    }

    /// The same with a language service that is a shell script.
    pub fn helped(capabilities: &Value, script: &str) -> Editor {
        Editor::with(capabilities, Some(script), None)
    }

    /// One that asks for diagnostics when it is told that there are new ones.
    pub fn that_pulls() -> Editor {
        let refreshes = json!({"diagnostics": {"refreshSupport": true}});
        Editor::with(&json!({"textDocument": {"diagnostic": {}}, "workspace": refreshes}), None, None)
    }

    fn with(capabilities: &Value, script: Option<&str>, live: Option<Box<dyn Live>>) -> Editor {
        let directory = TempDir::new().unwrap();
        let service = script.map(|script| service(directory.path(), script));
        let library = library();
        let index = library.index_path().and_then(|path| Index::load(&path).ok()).map(Arc::new);
        let ground = Ground { index, directory: directory.path().to_owned() };
        let config = Config {
            library,
            cache: Paths::from_env().cells(),
            directory: directory.path().to_owned(),
            tier: Tier::Auto,
        };
        let checker = Some(Checker::new(config).unwrap());
        let (ours, theirs) = Connection::memory();
        let server = std::thread::spawn(move || {
            run(&theirs, Options { checker, ground, service, live, ..Options::default() }).unwrap();
        });
        let mut editor = Editor {
            connection: ours,
            server: Some(server),
            next: 0,
            version: 1,
            able: Value::Null,
            early: Vec::new(),
            directory,
        };
        editor.able = editor.ask("initialize", json!({"capabilities": capabilities}))["capabilities"].take();
        editor.tell("initialized", json!({}));
        editor
    }

    /// The folder that it works in.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Sends a notification.
    pub fn tell(&self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(Message::Notification(message)).unwrap();
    }

    /// Sends a request and waits for the response.
    pub fn request(&mut self, method: &str, params: Value) -> Response {
        let id = self.begin(method, params);
        self.end(id)
    }

    /// The next news of work that takes a while, for which a place was asked.
    pub fn progress(&mut self) -> Value {
        let is_news = |message: &Message| matches!(message, Message::Notification(told) if told.method == "$/progress");
        let Message::Notification(mut told) = self.wait(is_news) else { unreachable!("it was waited for") };
        let asked = |message: &Message| matches!(message, Message::Request(asked) if asked.params["token"] == told.params["token"]);
        assert!(self.early.iter().any(asked), "{told:?}");
        told.params["value"].take()
    }

    /// Sends a request; its result.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let response = self.request(method, params);
        serde_json::to_value(response).unwrap()["result"].take()
    }

    fn wait(&mut self, wanted: impl Fn(&Message) -> bool) -> Message {
        if let Some(at) = self.early.iter().position(&wanted) {
            return self.early.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.connection.receiver.recv_timeout(left).expect("an answer in time");
            if wanted(&message) {
                return message;
            }
            self.early.push(message);
        }
    }

    /// Opens a script.
    pub fn open(&mut self, uri: &str, text: &str) {
        let item = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    /// Replaces its text.
    pub fn retype(&mut self, uri: &str, text: &str) {
        self.version += 1;
        self.early.clear();
        let document = json!({"uri": uri, "version": self.version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }

    /// Changes a part of its text.
    pub fn change(&mut self, uri: &str, change: &Value) {
        self.version += 1;
        self.early.clear();
        let document = json!({"uri": uri, "version": self.version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    }

    /// Sends a request and does not wait.
    pub fn begin(&mut self, method: &str, params: Value) -> i32 {
        self.next += 1;
        let request = Request { id: self.next.into(), method: method.to_owned(), params };
        self.connection.sender.send(Message::Request(request)).unwrap();
        self.next
    }

    /// Waits for the response to a request.
    pub fn end(&mut self, id: i32) -> Response {
        match self.wait(|message| matches!(message, Message::Response(response) if response.id == id.into())) {
            Message::Response(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for what is said of a document.
    pub fn diagnostics(&mut self, uri: &str) -> Vec<Diagnostic> {
        let of_document = |message: &Message| matches!(message, Message::Notification(told) if told.method == "textDocument/publishDiagnostics" && told.params["uri"] == uri);
        let Message::Notification(told) = self.wait(of_document) else { unreachable!("a notification") };
        serde_json::from_value::<PublishDiagnosticsParams>(told.params).unwrap().diagnostics
    }

    /// Forgets what came while something else was waited for.
    pub fn forget(&mut self) {
        self.early.clear();
    }

    /// The version of a document that the next diagnostics of it are of, and how many there are.
    pub fn version_told(&mut self, uri: &str) -> (i64, usize) {
        let of_document = |message: &Message| matches!(message, Message::Notification(told) if told.method == "textDocument/publishDiagnostics" && told.params["uri"] == uri);
        let Message::Notification(told) = self.wait(of_document) else { unreachable!("a notification") };
        let found = told.params["diagnostics"].as_array().map_or(0, Vec::len);
        (told.params["version"].as_i64().unwrap_or_else(|| panic!("{told:?}")), found)
    }

    /// How many diagnostics a document has by what came last while something else was waited for.
    pub fn last_count(&self, uri: &str) -> Option<usize> {
        let mut counts = self.early.iter().filter_map(|message| match message {
            Message::Notification(told) if told.params["uri"] == uri => {
                Some(told.params["diagnostics"].as_array()?.len())
            }
            _ => None,
        });
        counts.next_back()
    }

    /// Closes a script.
    pub fn close(&self, uri: &str) {
        self.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// Waits until it is told that there are new diagnostics.
    pub fn refreshed(&mut self) {
        self.wait(
            |message| matches!(message, Message::Request(asked) if asked.method == "workspace/diagnostic/refresh"),
        );
    }

    /// Whether a notification has come meanwhile.
    pub fn was_told(&self, method: &str) -> bool {
        self.early.iter().any(|message| matches!(message, Message::Notification(told) if told.method == method))
    }

    /// Asks about a place.
    pub fn at(&mut self, method: &str, uri: &str, position: Position) -> Value {
        let mut params = json!({"textDocument": {"uri": uri}, "position": position});
        if method == "textDocument/references" {
            params["context"] = json!({"includeDeclaration": true});
        }
        self.ask(method, params)
    }

    /// The labels of what may stand at a place.
    pub fn labels(&mut self, uri: &str, position: Position) -> Vec<String> {
        let found = self.at("textDocument/completion", uri, position);
        let items = found["items"].as_array().unwrap_or_else(|| panic!("{found}"));
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.request("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.server.take().unwrap().join().unwrap();
    }
}

/// A diagnostic as code and place.
pub fn brief(diagnostic: &Diagnostic) -> (String, (u32, u32), (u32, u32)) {
    let code = match &diagnostic.code {
        Some(NumberOrString::String(code)) => code.clone(),
        _ => String::new(),
    };
    let range = diagnostic.range;
    (code, (range.start.line, range.start.character), (range.end.line, range.end.character))
}
