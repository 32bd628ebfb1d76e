//! `ironbook serve` and `%serve` as users run them: from the registry, from a cell, to the end of the session and beyond.

use crate::support::{Desk, Done, Running, ends, ironbook, output_types, printed, run};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A model of four rows.
const MODEL: &str = "let flights = df![\"hour\" => [6.0, 9.0, 17.0, 20.0], \"late\" => [0, 0, 1, 1]]?;\n\
    let model = Gbdt::params().n_estimators(5).min_child_samples(1).fit(&Dataset::new(&flights, &[\"hour\"], \"late\")?)?;";
/// A model whose type only its session has.
const OWN: &str = "use ironbook::learn::{LearnError, Regression, Signature};\n\
    #[derive(Clone)]\nstruct Twice(Signature);\n\
    impl Predict for Twice {\n    type Task = Regression;\n    \
    fn predict(&self, rows: &Matrix) -> Result<Vec<f64>, LearnError> {\n        \
    ironbook::check()?;\n        let mut out = Vec::new();\n        for value in rows.column(0) { out.push(2.0 * value); }\n        Ok(out)\n    }\n    \
    fn signature(&self) -> Signature { self.0.clone() }\n}";

/// Asks a server; its status and body.
fn ask(address: &str, request: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://"))?;
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    status.zip(body).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

fn predict(address: &str) -> Value {
    let (status, body) = ask(address, "POST /predict", "{\"hour\": 17.0}").unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// A project in which two versions of `late` are registered; the first one is the champion.
fn project() -> Desk {
    let desk = Desk::new();
    let register = "%track register model --as late --alias champion\n%track register model --as late";
    let script = desk.write("train.rs", &format!("// %%\n{MODEL}\n// %%\n{register}\n"));
    let mut command = ironbook();
    command.env_remove("MLFLOW_TRACKING_URI").current_dir(desk.folder.path()).arg("run").arg(script);
    Done::from(command.output().unwrap()).check(0, &[]);
    desk
}

fn command(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = ironbook();
    command.env_remove("MLFLOW_TRACKING_URI").env_remove("IRONBOOK_SERVE_KEY");
    command.current_dir(desk.folder.path()).args(arguments);
    command
}

#[test]
fn the_command_serves_the_registry_follows_an_alias_and_stops_in_peace() {
    let desk = project();
    let arguments =
        ["serve", "models:/late@champion", "-p", "0", "--poll", "0.05", "--log", "requests", "--log-every", "60"];
    let mut running = Running::start(&mut command(&desk, &arguments));
    let told = running.wait_for("Serving late version 1 at ");
    assert_eq!(ask(&told, "GET /ping", "").unwrap(), (200, "\n".to_owned()));
    let split = "{\"dataframe_split\": {\"columns\": [\"hour\"], \"data\": [[17.0], [6.0]]}}";
    let (status, body) = ask(&told, "POST /invocations", split).unwrap();
    assert_eq!((status, body.as_str()), (200, "{\"predictions\": [1,0]}"));
    // The port is taken: the second one says so and ends.
    let port = told.rsplit(':').next().unwrap();
    let second = command(&desk, &["serve", "models:/late/1", "--port", port]).output().unwrap();
    Done::from(second).check(1, &["is taken by another program", "--port"]);
    // The alias moves while requests are answered.
    let stop = Arc::new(AtomicBool::new(false));
    let asking = {
        let (told, stop) = (told.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut answered = 3;
            while !stop.load(Ordering::Relaxed) {
                predict(&told);
                answered += 1;
            }
            answered
        })
    };
    let moved = command(&desk, &["-e", "%track alias late 2 champion"]).output().unwrap();
    Done::from(moved).check(0, &[]);
    while predict(&told)["version"] != "2" {}
    stop.store(true, Ordering::Relaxed);
    assert!(asking.join().unwrap() > 3);
    let listed = command(&desk, &["-e", "%serve"]).output().unwrap();
    let listed = Done::from(listed).check(0, &[]).stdout.clone();
    let line = listed.lines().find(|line| line.contains(&told)).unwrap_or_else(|| panic!("{listed}"));
    assert!(listed.contains("version") && line.split_whitespace().any(|word| word == "2"), "{listed}");
    kill_process(running.pid(), Signal::TERM).unwrap();
    let (status, stderr) = running.finish();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("version 2 answers now, before it version 1"), "{stderr}");
    let files = std::fs::read_dir(desk.path("requests")).unwrap().map(|file| file.unwrap().file_name());
    let files: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(!files.is_empty() && files.iter().all(|name| name.ends_with(".parquet")), "{files:?}");
    assert!(TcpStream::connect(told.trim_start_matches("http://")).is_err());
}

/// An MLflow server that is killed, and comes again.
#[test]
fn a_registry_that_is_away_is_missed_by_nobody() {
    let desk = project();
    let port = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string() };
    let registry = || {
        let mut running = Running::start(&mut command(&desk, &["track", "server", "--port", &port]));
        running.wait_for("Serving ");
        running
    };
    let away = registry();
    let uri = format!("http://127.0.0.1:{port}");
    let arguments = ["serve", "models:/late@champion", "-p", "0", "--poll", "0.05", "--store", &uri];
    let mut running = Running::start(&mut command(&desk, &arguments));
    let told = running.wait_for("Serving late version 1 at ");
    let failures = || {
        let (_, text) = ask(&told, "GET /metrics", "").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("ironbook_serve_registry_failures_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(failures(), 0);
    kill_process(away.pid(), Signal::KILL).unwrap();
    away.finish();
    while failures() == 0 {
        assert_eq!(predict(&told)["version"], "1");
    }
    // Moved meanwhile, in the project's own store.
    let moved = command(&desk, &["-e", "%track alias late 2 champion"]).output().unwrap();
    Done::from(moved).check(0, &[]);
    assert_eq!(predict(&told)["version"], "1");
    let back = registry();
    while predict(&told)["version"] != "2" {}
    kill_process(running.pid(), Signal::TERM).unwrap();
    let (status, stderr) = running.finish();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_eq!(stderr.matches("version 1 goes on answering").count(), 1, "{stderr}");
    kill_process(back.pid(), Signal::KILL).unwrap();
    back.finish();
}

#[test]
fn wrong_use_of_the_command_is_told() {
    run(["serve"]).check(2, &["<MODEL>"]);
    run(["serve", "models:/late@champion", "--prot", "1"]).check(2, &["--prot", "--port"]);
    let help = run(["serve", "--help"]);
    help.check(0, &[]);
    assert!(help.stdout.contains("--redact") && !help.stdout.contains("--messages"), "{}", help.stdout);
    let desk = Desk::new();
    let none = command(&desk, &["serve", "./nothing"]).output().unwrap();
    Done::from(none).check(1, &["\"./nothing\" cannot be fetched", "directory of a logged model"]);
}

/// The address that a cell of this name printed, and the process that serves there.
fn started(running: &mut Running) -> (String, Pid) {
    let told = running.wait_for("at ");
    let process = running.wait_for("process ");
    (told, process.parse().ok().and_then(Pid::from_raw).unwrap())
}

/// Serves a model and prints where, then waits for ever.
fn waiting(desk: &Desk, options: &str) -> Running {
    let tell = "for entry in ironbook::serve::running::list(&ironbook::serve::running::folder()) {\n    \
        if entry.session == Some(std::os::unix::process::parent_id()) { println!(\"at {}\", entry.url); println!(\"process {}\", entry.pid); }\n}";
    let script = format!("// %%\n{MODEL}\n// %%\n%serve model --port 0 {options}\n// %%\n{tell}\n// %%\nloop {{}}\n");
    let script = desk.write("serve.rs", &script);
    Running::start(command(desk, &["run"]).arg(script))
}

#[test]
fn a_killed_session_leaves_no_server() {
    let desk = Desk::new();
    let mut running = waiting(&desk, "--name of-a-killed-session");
    let (told, process) = started(&mut running);
    assert_eq!(predict(&told)["model"], "of-a-killed-session");
    kill_process(running.pid(), Signal::KILL).unwrap();
    running.finish();
    assert!(ends(process, 20), "the server goes on");
    assert!(TcpStream::connect(told.trim_start_matches("http://")).is_err());
}

#[test]
fn a_server_that_is_kept_outlives_its_session_and_any_session_can_stop_it() {
    let desk = Desk::new();
    let name = format!("kept-{}", std::process::id());
    let mut running = waiting(&desk, &format!("--keep --name {name}"));
    let (told, process) = started(&mut running);
    kill_process(running.pid(), Signal::KILL).unwrap();
    running.finish();
    assert!(!ends(process, 1), "the server has ended");
    assert_eq!(predict(&told)["model"], name.as_str());
    let listed = command(&desk, &["-e", "%serve"]).output().unwrap();
    let listed = Done::from(listed);
    assert!(listed.check(0, &[]).stdout.contains(&name) && listed.stdout.contains(&told), "{}", listed.stdout);
    let stopped = command(&desk, &["-e", &format!("%serve --stop {name}")]).output().unwrap();
    let stopped = Done::from(stopped);
    assert!(stopped.check(0, &[]).stdout.contains("has ended"), "{}", stopped.stdout);
    assert!(ends(process, 5));
}

#[test]
fn cells_serve_what_is_saved_in_a_process_and_their_own_types_on_threads() {
    let desk = Desk::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let free = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
    let ask = "fn ask(port: u16) -> std::io::Result<String> {\n    use std::io::{Read, Write};\n    \
        let mut to = std::net::TcpStream::connect((\"127.0.0.1\", port))?;\n    \
        write!(to, \"POST /predict HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\ncontent-type: application/json\\r\\ncontent-length: 14\\r\\n\\r\\n{{\\\"hour\\\": 17.5}}\")?;\n    \
        let mut told = String::new();\n    to.read_to_string(&mut told)?;\n    Ok(told.rsplit(\"\\r\\n\").next().unwrap_or_default().to_owned())\n}";
    let cells = [
        MODEL.to_owned(),
        format!("%serve model --port {port}"),
        format!("{OWN}\n{ask}"),
        "let twice = Twice(model.signature());".to_owned(),
        format!("%serve twice --port {free} --name own-twice"),
        format!("println!(\"{{}}\", ask({free})?);"),
        // What stops a cell does not stop a server.
        format!("ironbook::interrupt::request();\nlet told = ask({free})?;\nironbook::interrupt::clear();\nprintln!(\"{{told}}\");"),
        // Run again, it takes the place of the first.
        format!("%serve model --port {free} --name own-twice"),
        format!("println!(\"{{}}\", ask({free})?);"),
        "%serve --stop".to_owned(),
        "%serve flights".to_owned(),
        "%serve twice --port 0 --keep".to_owned(),
        "struct Bare(ironbook::learn::Signature);\nimpl Predict for Bare {\n    type Task = ironbook::learn::Regression;\n    \
         fn predict(&self, rows: &Matrix) -> Result<Vec<f64>, ironbook::learn::LearnError> { Ok(vec![0.0; rows.rows()]) }\n    \
         fn signature(&self) -> ironbook::learn::Signature { self.0.clone() }\n}\nlet bare = Bare(model.signature());"
            .to_owned(),
        "%serve bare --port 0".to_owned(),
        "%serve models:/of-no-registry@champion --port 0".to_owned(),
        "%serve --stop of-no-server".to_owned(),
    ];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let path = desk.notebook("n.ipynb", &cells);
    let mut run = command(&desk, &["run", "--keep-going", "-o", "out.ipynb"]);
    let done = Done::from(run.arg(path).output().unwrap());
    let written = desk.read("out.ipynb");
    let told = |cell: usize| written["cells"][cell]["outputs"].to_string();
    assert!(told(1).contains("is taken by another program"), "{}", told(1));
    assert!(told(4).contains("own-twice") && told(4).contains("with this session's runtime"), "{}", told(4));
    // A value that can only be copied has the time at which it was served for a version.
    let version =
        told(4).split("own-twice version ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    assert!(version.starts_with("20") && version.ends_with('Z') && version.len() == 20, "{version}");
    assert!(printed(&written, 5).contains(&version), "{}", printed(&written, 5));
    assert!(
        printed(&written, 5).contains("\"predictions\":[{\"prediction\":35"),
        "{done:?} {}",
        told(5),
        done = done.stderr
    );
    assert_eq!(printed(&written, 6).split("predictions").nth(1), printed(&written, 5).split("predictions").nth(1));
    assert!(told(7).contains("took the place"), "{}", told(7));
    assert!(printed(&written, 8).contains("\"probability\""), "{}", told(8));
    assert!(told(9).contains("has ended"), "{}", told(9));
    assert!(told(10).contains("Predict"), "{}", told(10));
    assert!(told(11).contains("only this session has"), "{}", told(11));
    assert!(told(13).contains("can be neither saved nor copied"), "{}", told(13));
    assert!(told(14).contains("cannot be fetched"), "{}", told(14));
    assert!(told(15).contains("no server has the name, port or id"), "{}", told(15));
    for cell in [0, 2, 3, 4, 5, 6, 7, 8, 9, 12] {
        assert!(!output_types(&written, cell).contains(&"error".to_owned()), "cell {cell}: {}", told(cell));
    }
}
