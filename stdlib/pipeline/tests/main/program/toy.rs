//! A project with the toy pipeline in it.

use serde_json::Value;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub struct Toy {
    pub folder: tempfile::TempDir,
    /// Its definition, with short words in place of hashes.
    text: RefCell<String>,
}

/// What a run has said.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// The status of each stage.
    pub fn statuses(&self) -> String {
        let json = self.json();
        let stages = json["stages"].as_array().unwrap();
        let one = |stage: &Value| format!("{} {}", stage["name"].as_str().unwrap(), stage["status"].as_str().unwrap());
        stages.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// The digests of all values.
    pub fn digests(&self) -> Vec<(String, String)> {
        let json = self.json();
        let stages = json["stages"].as_array().unwrap().clone();
        let made = stages.iter().flat_map(|stage| stage["outputs"].as_array().unwrap().clone());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        made.map(|made| (text(&made["name"]), text(&made["digest"]))).collect()
    }
}

const DEFINITION: &str = r#"
schema = 1
name = "toy"
version = "1.0.0"
content = "0"
targets = ["model.model"]

[origin]
promoted = "2026-01-01T00:00:00Z"
cells = [1, 2]

[toolchain]
rustc = "rustc 1.95.0"
ironbook = "0.1.0"
library = "0"
lock = "0"
target = "x86_64-unknown-linux-gnu"
cpu_features = []
threads = 2

[[params]]
name = "factor"
type = "f64"
default = 2.0

[[params]]
name = "title"
type = "&str"
default = "late"

[[params]]
name = "least"
type = "f64"
default = 1.0

[[data]]
name = "numbers"
path = "data/numbers.txt"
fingerprint = "FINGERPRINT"
bytes = 8

[[stages]]
name = "read"
code = "read-1"
data = ["numbers"]
outputs = [{ name = "numbers", type = "Vec<f64>", codec = "plain" }]

[[stages]]
name = "scale"
code = "scale-1"
params = ["factor"]
inputs = [{ name = "numbers", from = "read", type = "Vec<f64>" }]
outputs = [{ name = "scaled", type = "Vec<f64>", codec = "plain" }]

[[stages]]
name = "sum"
code = "sum-1"
inputs = [{ name = "scaled", from = "scale", type = "Vec<f64>" }]
outputs = [{ name = "sum", type = "f64", codec = "plain" }]

[[stages]]
name = "count"
code = "count-1"
inputs = [{ name = "numbers", from = "read", type = "Vec<f64>" }]
outputs = [{ name = "count", type = "usize", codec = "plain" }]

[[stages]]
name = "model"
code = "model-1"
params = ["title"]
inputs = [{ name = "sum", from = "sum", type = "f64" }, { name = "count", from = "count", type = "usize" }]
outputs = [{ name = "model", type = "Model", codec = "serde" }]

[[stages]]
name = "check"
kind = "gate"
code = "check-1"
params = ["least"]
inputs = [{ name = "model", from = "model", type = "Model" }]
outputs = [{ name = "check", type = "bool", codec = "plain" }]
"#;

pub const ALL_DONE: &str = "read done, scale done, sum done, count done, model done, check done";
pub const ALL_CACHED: &str = "read cached, scale cached, sum cached, count cached, model cached, check cached";
pub const NAMES: [&str; 6] = ["read", "scale", "sum", "count", "model", "check"];

impl Toy {
    pub fn new() -> Toy {
        let folder = tempfile::Builder::new().prefix("ironbook-pipeline-").tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        std::fs::create_dir_all(folder.path().join(".ironbook")).unwrap();
        let toy = Toy { folder, text: RefCell::default() };
        toy.write_numbers("1 2 3 4\n");
        let (print, _) = ironbook_pipeline::fingerprint::fingerprint(&toy.path("data/numbers.txt")).unwrap();
        toy.define(&DEFINITION.replace("FINGERPRINT", &print));
        toy
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write_numbers(&self, text: &str) {
        std::fs::write(self.path("data/numbers.txt"), text).unwrap();
    }

    fn define(&self, text: &str) {
        text.clone_into(&mut self.text.borrow_mut());
        let mut whole = String::new();
        for line in text.lines() {
            let hashed =
                line.split_once(" = ").filter(|(name, _)| ["code", "content", "library", "lock"].contains(name));
            match hashed {
                Some((name, word)) => {
                    whole.push_str(&format!("{name} = \"{}\"\n", blake3::hash(word.as_bytes()).to_hex()));
                }
                None => whole.push_str(&format!("{line}\n")),
            }
        }
        std::fs::write(self.path("toy.toml"), whole).unwrap();
    }

    /// Changes the definition.
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.text.borrow().clone();
        assert!(text.contains(from), "{from}");
        self.define(&text.replace(from, to));
    }

    /// Its cache.
    pub fn cache(&self) -> PathBuf {
        self.path(".ironbook/pipeline")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("toy"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("TOY_DEFINITION", self.path("toy.toml")).env("TOY_RAN", self.path("ran"));
        command.env_remove("TOY_TROUBLE").env_remove("MLFLOW_TRACKING_URI").env_remove("IRONBOOK_PIPELINE_CACHE");
        command
    }

    pub fn call(&self, arguments: &[&str]) -> Ran {
        said(&self.command(arguments).output().unwrap())
    }

    /// A run without tracking.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.call(&[&["run", "--json", "--no-track"], arguments].concat())
    }

    /// The same with trouble.
    pub fn troubled(&self, trouble: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(&[&["run", "--json", "--no-track"], arguments].concat());
        said(&command.env("TOY_TROUBLE", trouble).output().unwrap())
    }

    /// A run whose lists of numbers stay in memory: `TOY_SHARED` as given.
    pub fn shared(&self, how: &str, trouble: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(&[&["run", "--json", "--no-track"], arguments].concat());
        said(&command.env("TOY_SHARED", how).env("TOY_TROUBLE", trouble).output().unwrap())
    }

    /// What has happened since the last call, in order.
    pub fn happened(&self) -> String {
        let text = std::fs::read_to_string(self.path("ran")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("ran"));
        text.lines().collect::<Vec<_>>().join(" ")
    }

    /// The stages that have run since the last call, sorted.
    pub fn ran(&self) -> String {
        let text = std::fs::read_to_string(self.path("ran")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("ran"));
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join(" ")
    }
}

pub fn said(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// An example of this crate, which cargo has built beside the tests.
pub fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(program.exists(), "{}: build it with `cargo build --examples`", program.display());
    program
}

/// Waits until something is so.
pub fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
