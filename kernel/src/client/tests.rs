//! The client against a kernel of this process, which has no library: it answers, and its cells fail.

use super::*;
use crate::Options;
use crate::wire::Incoming;
use ironbook_session::library::Paths;
use ironbook_session::{Event, FailureKind, Tier};
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kernel that ends when a client asks it to.
struct Fixture {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Fixture {
    fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let file = connection::write(folder.path()).unwrap();
        let fixture = Fixture { folder, file };
        fixture.start();
        fixture
    }

    fn start(&self) -> JoinHandle<()> {
        let place = self.folder.path().to_owned();
        let paths = Paths::resolve(
            &|name| (name.starts_with("IRONBOOK_") && name != "IRONBOOK_CUDA").then(|| place.clone().into_os_string()),
            None,
        );
        let options = Options {
            connection_file: self.file.clone(),
            directory: place.clone(),
            history: place.join("history.jsonl"),
            paths,
            log: Some("off".to_owned()),
            language: None,
            output_mb: None,
            cells: None,
            tier: Tier::Auto,
            started_by: crate::running::StartedBy::Jupyter,
            notebook: None,
            life: crate::Life::Parent,
        };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(crate::server::run(options)).unwrap();
        })
    }

    fn attach(&self) -> (Client, Receiver<Told>) {
        attach(&self.file, PATIENCE)
    }
}

fn attach(file: &Path, patience: Duration) -> (Client, Receiver<Told>) {
    let (sender, told) = channel();
    (Client::attach(file, patience, move |told| drop(sender.send(told))).unwrap(), told)
}

/// What is told up to the first thing that fits.
fn until(told: &Receiver<Told>, fits: impl Fn(&Told) -> bool) -> Vec<Told> {
    let deadline = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    loop {
        let next = told.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        heard.push(next.unwrap_or_else(|error| panic!("{error} after {heard:?}")));
        if heard.last().is_some_and(&fits) {
            return heard;
        }
    }
}

fn up(told: &Receiver<Told>) -> Info {
    match until(told, |told| matches!(told, Told::Up { .. })).pop() {
        Some(Told::Up { info, .. }) => *info,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_kernel_says_what_it_is_and_helps_with_words() {
    let kernel = Fixture::new();
    let (client, told) = kernel.attach();
    let info = up(&told);
    assert_eq!((info.implementation.as_str(), info.language.as_str()), ("ironbook", "rust"));
    assert_eq!(info.own.count, 0);
    let found = client.complete("🦀 %who", 9, PATIENCE);
    assert_eq!(found.range.end, 9, "bytes, not code points");
    let found = client.complete("%wh", 3, PATIENCE);
    assert!(found.candidates.iter().any(|candidate| candidate.text == "%who"), "{found:?}");
    assert!(found.candidates.iter().all(|candidate| !candidate.summary.is_empty()), "each has a line about it");
    assert!(client.inspect("%who", 4, PATIENCE).is_some());
    assert!(client.shutdown(PATIENCE));
}

#[test]
fn a_cell_ends_with_its_reply_and_its_last_output() {
    let kernel = Fixture::new();
    let (client, told) = kernel.attach();
    up(&told);
    let cell = client.execute("6 * 7");
    let (mut begun, mut idle, mut reply) = (false, false, None);
    while !idle || reply.is_none() {
        match told.recv_timeout(PATIENCE).unwrap() {
            Told::Begun { cell: begins, number, code } => {
                begun = begins.is_ours() && begins.id == cell && number == 1 && code == "6 * 7";
            }
            Told::Idle { cell: ends } => idle = ends.id == cell,
            Told::Replied { cell: replied, reply: content } if replied == cell => reply = Some(content),
            _ => {}
        }
    }
    assert!(begun);
    match reply.unwrap().ended {
        Ended::Failed(failure) => {
            assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Environment, "library"));
        }
        other => panic!("{other:?}"),
    }
    client.shutdown(PATIENCE);
}

#[test]
fn each_client_hears_the_other_and_knows_whose_cell_it_is() {
    let kernel = Fixture::new();
    let ((one, heard_by_one), (other, heard_by_other)) = (kernel.attach(), kernel.attach());
    up(&heard_by_one);
    up(&heard_by_other);
    let cell = one.execute("x");
    let whose = |told: &Receiver<Told>| match until(told, |told| matches!(told, Told::Begun { .. })).pop() {
        Some(Told::Begun { cell, .. }) => cell,
        other => panic!("{other:?}"),
    };
    assert_eq!(whose(&heard_by_one), Cell { id: cell.clone(), sender: Sender::Us });
    assert_eq!(whose(&heard_by_other), Cell { id: cell, sender: Sender::Terminal });
    other.shutdown(PATIENCE);
    until(&heard_by_one, |told| matches!(told, Told::Ending { restart: false }));
    until(&heard_by_one, |told| matches!(told, Told::Lost));
    until(&heard_by_one, |told| matches!(told, Told::Gone(Gone::Nobody)));
}

#[test]
fn a_kernel_that_starts_again_is_found_again_and_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = connection::write(folder.path()).unwrap();
    let kernel = Fixture { folder, file };
    let running = kernel.start();
    let (client, told) = kernel.attach();
    let first = up(&told);
    client.ask(Channel::Control, "shutdown_request", json!({"restart": true}), PATIENCE).unwrap();
    until(&told, |told| matches!(told, Told::Ending { restart: true }));
    running.join().unwrap();
    kernel.start();
    match until(&told, |told| matches!(told, Told::Up { .. })).pop() {
        Some(Told::Up { info, replaced }) => assert!(replaced && info.run != first.run),
        other => panic!("{other:?}"),
    }
    client.shutdown(PATIENCE);
}

#[test]
fn what_is_sent_before_the_kernel_is_there_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let file = connection::write(folder.path()).unwrap();
    let (client, told) = attach(&file, PATIENCE);
    let cell = client.execute("x");
    let kernel = Fixture { folder, file };
    kernel.start();
    until(&told, |told| matches!(told, Told::Replied { cell: replied, .. } if *replied == cell));
    client.shutdown(PATIENCE);
}

#[test]
fn a_wrong_key_is_told() {
    let kernel = Fixture::new();
    let (client, told) = kernel.attach();
    up(&told);
    let other = kernel.folder.path().join("other.json");
    let mut info: Value = serde_json::from_str(&fs::read_to_string(&kernel.file).unwrap()).unwrap();
    info["key"] = json!("another");
    fs::write(&other, info.to_string()).unwrap();
    let (_wrong, heard) = attach(&other, PATIENCE);
    until(&heard, |told| matches!(told, Told::Gone(Gone::Key)));
    client.shutdown(PATIENCE);
}

#[test]
fn where_nobody_listens_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = connection::write(folder.path()).unwrap();
    let (client, told) = attach(&file, Duration::from_millis(50));
    until(&told, |told| matches!(told, Told::Gone(Gone::Nobody)));
    assert_eq!(client.own_info(PATIENCE), None, "nobody is waited for");
}

#[test]
fn a_cell_that_has_ended_is_not_interrupted_again() {
    let kernel = Fixture::new();
    let (client, told) = kernel.attach();
    up(&told);
    let first = client.execute("x");
    until(&told, |told| matches!(told, Told::Replied { .. }));
    client.interrupt(Some(&first), Force::Kill);
    client.execute("x");
    match until(&told, |told| matches!(told, Told::Replied { cell, .. } if *cell != first)).pop() {
        Some(Told::Replied { reply, .. }) => match reply.ended {
            Ended::Failed(failure) => assert_eq!(failure.name, "library", "not interrupted"),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    client.shutdown(PATIENCE);
}

#[test]
fn a_cell_that_is_taken_back_before_it_arrives_does_not_run() {
    let kernel = Fixture::new();
    let (client, told) = kernel.attach();
    up(&told);
    let draft = Draft::new("execute_request", &json!({}), json!({"code": "x"}));
    let cell = draft.id.clone();
    client.interrupt(Some(&cell), Force::Ask);
    // The reply comes when the interrupt has been heeded.
    client.own_info(PATIENCE);
    client.send(Way::Request(Channel::Shell), draft);
    let heard = until(&told, |told| matches!(told, Told::Idle { cell: ends } if ends.id == cell));
    let aborted = |told: &Told| matches!(told, Told::Replied { reply, .. } if matches!(reply.ended, Ended::Aborted));
    let rest = if heard.iter().any(aborted) { Vec::new() } else { until(&told, aborted) };
    assert!(heard.iter().chain(&rest).all(|told| !matches!(told, Told::Begun { .. })), "{heard:?} {rest:?}");
    client.shutdown(PATIENCE);
}

/// A message of iopub as a kernel writes it and a client reads it.
fn heard(kind: &str, content: Value) -> Option<Told> {
    let (kernel, client) = (Wire::new("key"), Wire::named("key", NAME));
    let parent = json!({"msg_id": "a", "session": client.session(), "msg_type": "execute_request"});
    let message = kernel.write(&[], &Draft::new(kind, &parent, content));
    let message: Incoming = client.read(message).unwrap();
    told::published(&message, client.session())
}

fn event(kind: &str, content: Value) -> Event {
    match heard(kind, content) {
        Some(Told::Output { cell, event }) if cell.is_ours() && cell.id == "a" => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_become_the_events_that_they_were_made_of() {
    use ironbook_core::Bundle;
    use ironbook_core::progress::State;
    let state = State {
        id: 3,
        title: "fit".into(),
        done: 1,
        total: Some(2),
        message: "loss 1".into(),
        elapsed_s: 0.5,
        finished: false,
    };
    let shown = crate::progress::bundle(&state, false);
    let bar = json!({"data": shown.data, "metadata": {}, "transient": {"display_id": "d"}});
    assert_eq!(event("display_data", bar.clone()), Event::Progress(state.clone()));
    assert_eq!(event("update_display_data", bar), Event::Progress(state));
    let note = json!({"data": {"text/plain": "note: n", crate::printer::NOTE: {"text": "n"}}, "metadata": {}});
    assert_eq!(event("display_data", note), Event::Note("n".into()));
    assert_eq!(event("stream", json!({"name": "stdout", "text": "o"})), Event::Stdout("o".into()));
    assert_eq!(event("stream", json!({"name": "stderr", "text": "e"})), Event::Stderr("e".into()));
    assert_eq!(event("clear_output", json!({"wait": true})), Event::Clear { wait: true });
    let result = json!({"data": {"text/plain": "42"}, "metadata": {}, "execution_count": 1});
    assert_eq!(event("execute_result", result), Event::Result(Bundle::text("42")));
    let update = json!({"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "d"}});
    let expected = Event::Display { bundle: Bundle::text("x"), id: Some("d".into()), update: true };
    assert_eq!(event("update_display_data", update), expected);
    assert!(heard("comm_msg", json!({})).is_none());
    assert!(heard("stream", json!([])).is_some(), "what is no message of the protocol does no harm");
}

#[test]
fn replies_bring_pages_the_next_cell_and_the_reason() {
    let reply = told::reply(&json!({
        "status": "error", "execution_count": 4, "ename": "E0308", "evalue": "mismatched types", "traceback": ["a", "b"],
        "payload": [{"source": "page", "data": {"text/plain": "help"}}, {"source": "set_next_input", "text": "x", "replace": true}],
        "ironbook": {"kind": "Compile", "seconds": 2.5, "compile_s": 0.5},
    }));
    assert_eq!((reply.number, reply.seconds, reply.compile_s), (Some(4), Some(2.5), 0.5));
    assert_eq!(reply.pages, ["help"]);
    assert!(reply.next_input.is_some_and(|next| next.text == "x" && next.replace));
    match reply.ended {
        Ended::Failed(failure) => {
            assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Compile, "E0308"));
            assert_eq!(failure.report, ["a", "b"]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(told::reply(&json!({"status": "aborted"})).ended, Ended::Aborted));
}
