//! Kills at random moments: nothing small that a completed cell made is lost, nothing at all is wrong.
//!
//! 30 rounds; `IRONBOOK_KILLS=1000` makes it a longer one (`bench/durable`). Each round a process goes on with the session,
//! checks all of it, and runs cells until it, or only its runtime, is killed.

use super::{Engine, library};
use ironbook_session::durable::sessions;
use ironbook_session::{Config, Event, ExecuteOptions, Session, Source, Status, Tier};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Names the directory to the process that this test starts.
const CHILD: &str = "IRONBOOK_KILLS_IN";

/// What is defined and made first.
const FIRST: &[&str] = &[
    "#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)] struct Point { step: u64, words: Vec<String> }",
    "let mut step = 0u64; let mut number = 0u64; let mut text = String::from(\"0\"); let mut list = vec![0f64; 1000];",
    "let mut point = Point { step: 0, words: vec![\"w\".into(); 9] }; let mut frame = df![\"x\" => vec![0u64; 5000]]?;",
    "let mut tensor = Tensor::full(0f32, (100, 100), &Device::Cpu)?; let closure: Box<dyn Fn() -> u64> = Box::new(|| 7);",
    "let mut wide = df![\"x\" => vec![0u64; 3_000_000]]?; let mut long = vec![0f64; 2_000_000];",
    "let mut vast = Tensor::full(0f32, (2000, 2000), &Device::Cpu)?;",
];

/// Each changes the step and one variable, so that a value says when it was made.
const CELLS: &[(&str, &str)] = &[
    ("number", "step += 1; number = step;"),
    ("text", "step += 1; text = step.to_string();"),
    ("list", "step += 1; list.iter_mut().for_each(|v| *v = step as f64);"),
    ("point", "step += 1; point = Point { step, ..point.clone() };"),
    ("frame", "step += 1; frame = df![\"x\" => vec![step; 5000]]?;"),
    ("tensor", "step += 1; tensor = Tensor::full(step as f32, (100, 100), &Device::Cpu)?;"),
    ("wide", "step += 1; wide = df![\"x\" => vec![step; 3_000_000]]?;"),
    ("long", "step += 1; long.fill(step as f64);"),
    ("vast", "step += 1; vast = Tensor::full(step as f32, (2000, 2000), &Device::Cpu)?;"),
];
const SMALL: &[&str] = &["number", "text", "list", "point", "frame", "tensor"];

/// What each variable says of the step at which it was made; the whole value has to say the same.
fn question(name: &str) -> String {
    match name {
        "number" | "step" => format!("let said = {name};"),
        "text" => "let said: u64 = text.parse()?;".to_owned(),
        "list" | "long" => {
            format!("let first = {name}[0]; assert!({name}.iter().all(|v| *v == first)); let said = first as u64;")
        }
        "point" => "assert_eq!(point.words.len(), 9); let said = point.step;".to_owned(),
        "frame" | "wide" => format!(
            "let column = {name}.column(\"x\")?.u64()?; let said = column.get(0).unwrap(); assert_eq!(column.min(), column.max());"
        ),
        _ => format!(
            "let all = {name}.flatten_all()?.to_vec1::<f32>()?; let said = all[0] as u64; assert!(all.iter().all(|v| *v == all[0]));"
        ),
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// The process that is killed: it says what it finds, then what it does.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let folder = Path::new(&folder);
    let mut dice = Dice(std::env::var("SEED").unwrap().parse().unwrap());
    let root = folder.join("sessions");
    let config =
        || Config { library: library(), cache: folder.join("cache"), directory: folder.to_owned(), tier: Tier::Auto };
    let mut out = std::io::stdout();
    let mut say = |line: &str| writeln!(out, "@{line}").and_then(|()| out.flush()).unwrap();
    let mut session = match sessions(&root).first() {
        None => {
            let mut session = Session::start(config()).unwrap();
            session.keep_in(&root).unwrap();
            for cell in FIRST {
                assert!(run(&mut session, cell).0, "{cell}");
            }
            session
        }
        Some(last) => {
            let resumed = Session::resume(config(), &root, &last.id, &mut |_| {}).unwrap();
            let lost: Vec<&str> = resumed.restored.lost.iter().map(|lost| lost.name.as_str()).collect();
            say(&format!("lost {}", lost.join(" ")));
            resumed.session
        }
    };
    report(&mut session, &mut say);
    // What is lost is made again, as a user would, so that later kills have something to take.
    let there = session.variable_names();
    for (name, _) in CELLS.iter().filter(|(name, _)| !there.iter().any(|n| n == name)) {
        let cell = remake(name);
        say(&format!("begin {name}"));
        let (ok, died) = run(&mut session, cell);
        if died {
            after_death(&mut session, name, &mut say);
        }
        assert!(ok, "{cell}");
        say(&format!("end {name}"));
    }
    loop {
        let (name, cell) = CELLS[dice.below(CELLS.len() as u64) as usize];
        say(&format!("begin {name}"));
        let (ok, died) = run(&mut session, cell);
        if died {
            after_death(&mut session, name, &mut say);
        }
        assert!(ok);
        say(&format!("end {name}"));
    }
}

/// The runtime was killed: what the session has after that, and then its end.
fn after_death(session: &mut Session, name: &str, say: &mut dyn FnMut(&str)) -> ! {
    say(&format!("died {name}"));
    say(&format!("lost {}", session.lost_makers().names.into_iter().collect::<Vec<_>>().join(" ")));
    report(session, say);
    say("alive");
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn remake(name: &str) -> &'static str {
    match name {
        "wide" => "step += 1; let mut wide = df![\"x\" => vec![step; 3_000_000]]?;",
        "long" => "step += 1; let mut long = vec![step as f64; 2_000_000];",
        "vast" => "step += 1; let mut vast = Tensor::full(step as f32, (2000, 2000), &Device::Cpu)?;",
        _ => panic!("`{name}` is small, and lost"),
    }
}

fn run(session: &mut Session, cell: &str) -> (bool, bool) {
    let ran = session.execute(&Source::plain(cell), &ExecuteOptions::default(), &mut |_| {});
    match ran.status {
        Status::Ok => (true, false),
        Status::Failed(failure) => (false, failure.name == "runtime died"),
    }
}

/// Says of every variable that is there when it was made.
fn report(session: &mut Session, say: &mut dyn FnMut(&str)) {
    let pid = session.runtime_pid().unwrap();
    say(&format!("runtime {pid}"));
    for name in session.variable_names() {
        if name != "step" && !CELLS.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let mut printed = String::new();
        let cell = format!("{{ {} println!(\"{{said}}\"); }}", question(&name));
        let ran = session.execute(&Source::plain(cell), &ExecuteOptions::default(), &mut |event| {
            if let Event::Stdout(text) | Event::Stderr(text) | Event::Note(text) = event {
                printed.push_str(&text);
            }
        });
        match ran.status {
            Status::Ok => say(&format!("has {name} {}", printed.trim())),
            Status::Failed(failure) => say(&format!("wrong {name} {}: {printed:?}", failure.message)),
        }
    }
    say("ready");
}

struct Process {
    child: Child,
    lines: Receiver<String>,
    runtime: Option<u32>,
}

impl Process {
    fn start(folder: &Path, seed: u64) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "engine::kills::the_process_that_is_killed", "--nocapture", "--test-threads=1"])
            .env(CHILD, folder)
            .env("SEED", seed.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let stdout: ChildStdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The test harness may have written something before it.
                let Some((_, said)) = line.split_once('@') else { continue };
                if sender.send(said.to_owned()).is_err() {
                    return;
                }
            }
        });
        Process { child, lines, runtime: None }
    }
}

/// What is known of the session from outside.
#[derive(Default, Debug)]
struct Model {
    /// The step at which each variable was made.
    made: BTreeMap<String, u64>,
    step: u64,
    /// The cell that had begun and not ended.
    open: Option<String>,
}

impl Model {
    /// Takes over a cell that completed.
    fn complete(&mut self, name: &str) {
        self.step += 1;
        self.made.insert(name.to_owned(), self.step);
        self.made.insert("step".to_owned(), self.step);
    }

    /// Compares what a process found; a cell that was open may have completed or not.
    fn check(&mut self, has: &BTreeMap<String, u64>, lost: &[String]) {
        let before = self.made.clone();
        let completed = self.open.take().filter(|_| has.get("step") == Some(&(self.step + 1)));
        if let Some(name) = &completed {
            self.complete(name);
        }
        assert_eq!(has.get("step"), Some(&self.step), "the step is small: {before:?} {has:?}");
        for (name, made) in &self.made {
            match has.get(name) {
                Some(found) => assert_eq!(found, made, "`{name}` is wrong; {lost:?}"),
                None => {
                    assert!(!SMALL.contains(&name.as_str()), "`{name}` is small, and lost");
                    assert!(lost.contains(name), "`{name}` is neither there nor named as lost");
                }
            }
        }
        self.made.retain(|name, _| has.contains_key(name));
    }
}

#[test]
fn random_kills_lose_nothing_small_and_make_nothing_wrong() {
    let rounds: u64 = std::env::var("IRONBOOK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(30);
    let engine = Engine::new();
    let folder = engine.directory.path().to_owned();
    drop(engine.session);
    let mut dice = Dice(rounds);
    let mut model = Model::default();
    for name in ["step"].iter().chain(CELLS.iter().map(|(name, _)| name)) {
        model.made.insert((*name).to_owned(), 0);
    }
    let (mut cells, mut whole, mut large_lost) = (0u64, 0u64, 0u64);
    for round in 0..rounds {
        let mut process = Process::start(&folder, dice.below(u64::MAX));
        let kill_all = dice.below(2) == 0;
        let patience = Duration::from_millis(dice.below(400));
        let (mut has, mut lost) = (BTreeMap::new(), Vec::new());
        let mut deadline = Instant::now() + Duration::from_secs(300);
        let mut killed = false;
        loop {
            let line = process.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = match line {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) if !killed => {
                    let victim = if kill_all { process.child.id() } else { process.runtime.unwrap() };
                    kill_process(Pid::from_raw(victim as i32).unwrap(), Signal::KILL).unwrap();
                    killed = true;
                    deadline = Instant::now() + Duration::from_secs(300);
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => panic!("round {round}: nothing comes after the kill"),
                Err(RecvTimeoutError::Disconnected) => {
                    assert!(killed && kill_all, "round {round}: the process ended by itself");
                    break;
                }
            };
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["lost", names @ ..] => lost = names.iter().map(|name| (*name).to_owned()).collect(),
                ["runtime", pid] => process.runtime = pid.parse().ok(),
                ["has", name, step] => drop(has.insert((*name).to_owned(), step.parse::<u64>().unwrap())),
                ["wrong", ..] => panic!("round {round}: {line}"),
                ["ready"] => {
                    large_lost += lost.len() as u64;
                    model.check(&std::mem::take(&mut has), &std::mem::take(&mut lost));
                    if !killed {
                        deadline = Instant::now() + patience;
                    }
                }
                ["begin", name] => model.open = Some((*name).to_owned()),
                ["end", name] => {
                    cells += 1;
                    model.open = None;
                    model.complete(name);
                }
                ["died", _] => assert!(killed, "round {round}: the runtime died by itself"),
                ["alive"] => break,
                _ => panic!("round {round}: {line}"),
            }
        }
        whole += u64::from(kill_all);
        let _ = process.child.kill();
        process.child.wait().unwrap();
        gone(process.runtime.unwrap());
    }
    println!(
        "{rounds} kills ({whole} of the whole process), {cells} cells completed, {large_lost} losses of large values named"
    );
}

/// No runtime outlives its session.
fn gone(pid: u32) {
    let pid = Pid::from_raw(pid as i32).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while test_kill_process(pid).is_ok() {
        assert!(Instant::now() < deadline, "the runtime is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}
