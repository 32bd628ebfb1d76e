//! A server in a process of its own: `ironbook serve` as the session starts it.

use super::shown::{Place, Started};
use super::{Asked, Key, make_room, session};
use crate::cli::KEY;
use crate::error::ServeError;
use crate::model::Loaders;
use crate::running::{self, Entry};
use ironbook_learn::PersistError;
use ironbook_track::MODEL_FILE;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

/// What is started, and the formats that it reads.
struct Program {
    command: PathBuf,
    arguments: Vec<String>,
    loaders: Loaders,
}

static PROGRAM: OnceLock<Program> = OnceLock::new();

/// Says which program serves models, with its first arguments, and the formats that it reads; of several calls the first counts.
pub fn set_program(command: PathBuf, arguments: &[&str], loaders: Loaders) {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let _ = PROGRAM.set(Program { command, arguments, loaders });
}

fn program() -> Result<&'static Program, ServeError> {
    PROGRAM.get().ok_or(ServeError::NoProgram)
}

/// Whether the program can load a model of this format.
pub(super) fn knows(format: &str, file: &Path) -> Result<bool, ServeError> {
    Ok(PROGRAM.get().is_some_and(|program| program.loaders.knows(format, file)))
}

/// A value that was saved for a server; its files go with this.
pub(super) struct Saved {
    directory: PathBuf,
    file: PathBuf,
    version: String,
}

impl Saved {
    /// Saves a value as a logged model lies in its directory.
    pub(super) fn new(format: &str, save: &dyn Fn(&Path) -> Result<(), PersistError>) -> Result<Saved, ServeError> {
        let folder = running::folder();
        let directory = folder.join(format!("{}.model", running::fresh_id()));
        let failed = |source| ServeError::Place { folder: folder.clone(), source };
        running::create(&folder).and_then(|()| fs::create_dir(&directory)).map_err(failed)?;
        let mut saved = Saved { file: directory.join(MODEL_FILE), directory, version: String::new() };
        save(&saved.file).map_err(|source| super::broken(&saved.file, source))?;
        let bytes = fs::read(&saved.file).map_err(failed)?;
        saved.version = Sha256::digest(&bytes).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let card = format!(
            "flavors:\n  ironbook:\n    data: \"{MODEL_FILE}\"\n    format: {}\n    type: \"\"\n",
            serde_json::Value::from(format)
        );
        fs::write(saved.directory.join("MLmodel"), card).map_err(failed)?;
        Ok(saved)
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The beginning of its file's hash.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way.
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// Starts a server over the model of an address, and waits until it answers. Without a value that was `saved`, the address is
/// the user's.
pub(super) fn start(asked: &Asked, address: &Path, saved: Option<&Saved>) -> Result<Started, ServeError> {
    let program = program()?;
    let folder = running::folder();
    let in_place = make_room(asked)?;
    let id = running::fresh_id();
    let messages = folder.join(format!("{id}.err"));
    let failed = |source| ServeError::Place { folder: folder.clone(), source };
    running::create(&folder).map_err(failed)?;
    let words = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&messages).map_err(failed)?;
    let mut command = Command::new(&program.command);
    command.args(&program.arguments).arg(address).args(&asked.options);
    command.args(["--id", &id, "--session", &session().to_string()]).arg("--messages").arg(&messages);
    if asked.keep {
        command.arg("--kept");
    }
    if let Some(saved) = saved {
        command.args(["--source", &asked.what, "--as-version", &saved.version]);
        if asked.option("--name").is_none() {
            command.args(["--name", name_of(&asked.what)]);
        }
    } else if asked.option("--store").is_none() {
        look_in(&mut command, ironbook_track::uri().as_deref());
    }
    let key = key(asked, &mut command)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(words);
    let child = command.spawn().map_err(|source| {
        drop(fs::remove_file(&messages));
        ServeError::Start { program: program.command.clone(), source }
    })?;
    let line = first_line(child, &messages)?;
    let entry = running::list(&folder).into_iter().find(|entry| entry.id == id);
    let entry = entry.unwrap_or_else(|| unlisted(id, asked, &line));
    let place = if asked.keep { Place::Kept } else { Place::Child };
    Ok(Started { entry, place, key, in_place })
}

/// Hands over where the session's own models go, which can be another place than the environment says; by the environment as
/// well, because an address can have a password in it.
fn look_in(command: &mut Command, store: Option<&str>) {
    match store {
        Some(uri) => command.env("MLFLOW_TRACKING_URI", uri),
        None => command.env_remove("MLFLOW_TRACKING_URI"),
    };
}

/// Hands the key over, by the environment, which other users of the machine cannot see; the key, if it was made up here.
fn key(asked: &Asked, command: &mut Command) -> Result<Option<String>, ServeError> {
    Ok(match &asked.key {
        Key::FromEnvironment => None,
        Key::Nothing => {
            command.env_remove(KEY);
            None
        }
        Key::Given(key) => {
            command.env(KEY, key);
            None
        }
        Key::Fresh => {
            let key = fresh_key()?;
            command.env(KEY, &key);
            Some(key)
        }
    })
}

/// 32 hexadecimal digits that nobody guesses, drawn by the system.
pub(super) fn fresh_key() -> Result<String, ServeError> {
    let mut drawn = [0; 16];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut drawn));
    read.map_err(ServeError::Run)?;
    Ok(drawn.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The name under which a value is served: its variable's, else `model`.
pub(super) fn name_of(what: &str) -> &str {
    let plain = what.chars().all(|c| c.is_alphanumeric() || c == '_') && !what.is_empty();
    if plain { what } else { "model" }
}

/// What is known of a server that could not enter itself into the register.
fn unlisted(id: String, asked: &Asked, line: &str) -> Entry {
    let (rest, url) = line.rsplit_once(" at ").unwrap_or((line, ""));
    let (name, version) = rest.trim_start_matches("Serving ").rsplit_once(" version ").unwrap_or((rest, ""));
    Entry {
        id,
        pid: 0,
        name: name.to_owned(),
        version: version.to_owned(),
        source: asked.what.clone(),
        url: url.to_owned(),
        key: !matches!(asked.key, Key::Nothing | Key::FromEnvironment),
        log: asked.option("--log").map(PathBuf::from),
        example: String::new(),
        session: Some(session()),
        kept: asked.keep,
        messages: None,
        directory: PathBuf::new(),
        started: running::now(),
    }
}

/// The line with which a server says that it answers; it ends with its words if it ends before.
fn first_line(mut child: Child, messages: &Path) -> Result<String, ServeError> {
    let mut line = Vec::new();
    let mut said = child.stdout.take();
    while let Some(out) = &mut said {
        if let Err(interrupted) = ironbook_core::check() {
            drop(child.kill());
            drop(child.wait());
            drop(fs::remove_file(messages));
            return Err(interrupted.into());
        }
        if !readable(out) {
            continue;
        }
        let mut some = [0; 256];
        let count = out.read(&mut some).unwrap_or(0);
        line.extend_from_slice(&some[..count]);
        if line.contains(&b'\n') {
            // Somebody has to take note of its end.
            drop(std::thread::Builder::new().name("server".to_owned()).spawn(move || child.wait()));
            return Ok(String::from_utf8_lossy(&line).trim().to_owned());
        }
        if count == 0 {
            said = None;
        }
    }
    let status = child.wait().ok();
    let words = last_words(messages, status);
    drop(fs::remove_file(messages));
    Err(ServeError::Ended { words })
}

/// Whether there is something to read, waiting for a moment.
fn readable(out: &impl std::os::fd::AsFd) -> bool {
    let moment = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    let polled = poll(&mut [PollFd::new(out, PollFlags::IN)], Some(&moment));
    // A descriptor that cannot be polled is read, which tells.
    !matches!(polled, Ok(0) | Err(rustix::io::Errno::INTR))
}

/// What a server that has ended had to say.
fn last_words(messages: &Path, status: Option<ExitStatus>) -> String {
    let mut text = String::new();
    if let Ok(file) = File::open(messages) {
        // A part of them is better than none.
        let _ = file.take(64 << 10).read_to_string(&mut text);
    }
    let text = text.trim().trim_start_matches("error: ");
    match (text.is_empty(), status) {
        (false, _) => text.to_owned(),
        (true, Some(status)) => format!("the server ended at once, with {status}"),
        (true, None) => "the server ended at once".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_after_their_variables() {
        assert_eq!(name_of("model_2"), "model_2");
        for other in ["models[0]", "best.model", "f(x)", ""] {
            assert_eq!(name_of(other), "model");
        }
    }

    #[test]
    fn keys_are_long_and_differ() {
        let (one, other) = (fresh_key().unwrap(), fresh_key().unwrap());
        assert!(one.len() == 32 && one != other && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn no_secret_stands_in_the_list_of_processes() {
        let mut command = Command::new("serve");
        look_in(&mut command, Some("http://user:secret@mlflow.example"));
        for given in [Key::Given("secret".to_owned()), Key::Fresh] {
            let made = key(&Asked::new("model", &[]).key(given), &mut command).unwrap();
            let secret = made.unwrap_or_else(|| "secret".to_owned());
            assert!(command.get_args().all(|argument| !argument.to_string_lossy().contains(&secret)));
            let handed: Vec<_> = command.get_envs().filter_map(|(_, value)| value?.to_str()).collect();
            assert!(handed.contains(&secret.as_str()) && handed.contains(&"http://user:secret@mlflow.example"));
        }
    }
}
