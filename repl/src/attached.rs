//! A terminal on a kernel: its own, or one that a notebook has open. Both ways of working share one session.

use crate::ask::Asked;
use crate::interactive::Options;
use crate::interrupt::{Interrupts, Press};
use crate::now::{Now, Wired};
use crate::others::Others;
use crate::reading::{Above, Read, Reader};
use crate::screen::Screen;
use crate::spawned::{Lifetime, Spawned};
use crate::terminal::{Style, Terminal, shortened, took};
use crate::{Error, setup};
use ironbook_kernel::client::{Cell, Client, Ended, Force, Gone, Info, Reply, Told};
use ironbook_session::library::Paths;
use ironbook_session::{Event, FailureKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Cells that take longer than this tell their time.
const SLOW: f64 = 1.0;
/// How long a kernel may take to come up.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long a running one may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// How long outputs may come behind their reply, when some were lost.
const LAST_OUTPUTS: Duration = Duration::from_secs(2);
/// A cell that waits longer than this is told why.
const WAITS: Duration = Duration::from_millis(1500);
/// How long a kernel of ours may take to say that it ends, and then to end.
const ENDS_WITHIN: Duration = Duration::from_secs(4);

/// Which session the terminal is for.
#[derive(Clone, Debug)]
pub enum Target {
    /// A new one.
    New(Lifetime),
    /// The one of this connection file, and what it is called.
    Existing(PathBuf),
}

/// Whose kernel it is.
enum Home {
    /// Started here.
    Own(Spawned, Lifetime),
    /// Somebody else's.
    Shared,
    /// There is none any more.
    Gone(Lifetime),
}

/// What was heard, and of which kernel: the first, the second, ...
type Heard = (u64, Told);

/// How a cell of ours ended.
struct Outcome {
    next: String,
}

struct Attached<'a> {
    options: &'a Options,
    paths: &'a Paths,
    screen: Screen,
    others: Others,
    now: Arc<Now>,
    home: Home,
    generation: u64,
    sender: Sender<Heard>,
    heard: Receiver<Heard>,
    /// The number of the next cell.
    number: u64,
    /// Another client has announced the end.
    ending: Option<bool>,
}

/// Reads cells and runs them in a kernel until Ctrl-D.
///
/// # Errors
/// When no kernel can be started or reached, or the terminal cannot be used.
pub fn run(options: &Options, paths: &Paths, target: Target) -> Result<u8, Error> {
    let screen = Screen::new(Terminal::detect());
    let interrupts = Interrupts::listen();
    let (sender, heard) = channel();
    let (client, home) = match target {
        Target::New(lifetime) => {
            setup::ready(paths, &screen.terminal)?;
            start(options, lifetime, 0, &sender)?
        }
        Target::Existing(file) => (attach(&file, ANSWERS_WITHIN, 0, &sender)?, Home::Shared),
    };
    let others = Others::new(screen.terminal.clone());
    let now = Now::new(client);
    connect(&interrupts, &now, &screen.terminal);
    let mut attached =
        Attached { options, paths, screen, others, now, home, generation: 0, sender, heard, number: 1, ending: None };
    attached.greet()?;
    attached.read_and_run(&interrupts)?;
    attached.leave();
    Ok(0)
}

/// Ctrl-C is for the cell of ours: the first press asks it to stop, the second ends its process.
fn connect(interrupts: &Interrupts, now: &Arc<Now>, terminal: &Terminal) {
    let (now, terminal) = (Arc::clone(now), terminal.clone());
    interrupts.on_press(move |press| {
        if terminal.live && press != Press::Terminate {
            // The terminal has echoed `^C` where the cursor stood.
            terminal.err("\n");
        }
        now.press(press);
    });
}

fn start(
    options: &Options,
    lifetime: Lifetime,
    generation: u64,
    sender: &Sender<Heard>,
) -> Result<(Client, Home), Error> {
    let ends = sender.clone();
    let spawned = Spawned::start(options, lifetime, move |words| {
        // Nobody listens when the terminal is left.
        drop(ends.send((generation, Told::Gone(Gone::Ended(words)))));
    })?;
    let client = attach(&spawned.file, STARTS_WITHIN, generation, sender)?;
    Ok((client, Home::Own(spawned, lifetime)))
}

fn attach(file: &Path, patience: Duration, generation: u64, sender: &Sender<Heard>) -> Result<Client, Error> {
    let sender = sender.clone();
    Ok(Client::attach(file, patience, move |told| drop(sender.send((generation, told))))?)
}

impl Attached<'_> {
    /// The first lines. A kernel of ours is not waited for, one of others has to say what it is.
    fn greet(&mut self) -> Result<(), Error> {
        let version = env!("CARGO_PKG_VERSION");
        if !matches!(self.home, Home::Shared) {
            self.screen.say(&format!("Ironbook {version}. %help for magics, Ctrl-D to quit."));
            return Ok(());
        }
        loop {
            match self.heard.recv().map(|(_, told)| told) {
                Ok(Told::Up { info, .. }) if info.implementation != "ironbook" => {
                    return Err(Error::OtherKernel { implementation: info.implementation, language: info.language });
                }
                Ok(Told::Up { info, replaced }) => {
                    let words = attached_to(&info);
                    self.up(&info, replaced);
                    self.screen.say(&words);
                    return Ok(());
                }
                Ok(Told::Gone(gone)) => return Err(Error::NoKernel { why: why(&gone) }),
                Ok(_) => {}
                Err(_) => return Err(Error::NoKernel { why: why(&Gone::Nobody) }),
            }
        }
    }

    fn read_and_run(&mut self, interrupts: &Interrupts) -> Result<(), Error> {
        let words = Box::new(Wired(Arc::clone(&self.now)));
        let mut reader = Reader::new(words, &self.paths.data.join("lines.txt")).map_err(Error::Terminal)?;
        let mut prefill = String::new();
        let mut pressed = false;
        loop {
            let read = self.read(&mut reader, &std::mem::take(&mut prefill))?;
            let again = std::mem::replace(&mut pressed, read == Read::Interrupted);
            match read {
                Read::Cell(text) if text.trim().is_empty() => {}
                Read::Cell(text) => {
                    if matches!(self.home, Home::Gone(_)) {
                        self.restart_kernel()?;
                    }
                    interrupts.reset();
                    prefill = self.cell(&text)?.next;
                }
                Read::Interrupted => self.pressed_at_the_prompt(again),
                Read::End => return Ok(()),
            }
        }
    }

    /// Ctrl-C where nothing of ours runs.
    fn pressed_at_the_prompt(&mut self, again: bool) {
        match self.others.running() {
            None => self.screen.say("Ctrl-D quits."),
            Some((number, _)) if !again => {
                self.dim(&format!("Cell [{number}] of another client runs; Ctrl-C once more interrupts it."));
            }
            Some(_) => self.now.client().interrupt(None, Force::Ask),
        }
    }

    /// Reads a cell, showing meanwhile what others do.
    fn read(&mut self, reader: &mut Reader, prefill: &str) -> Result<Read, Error> {
        let mut above = reader.above().map_err(Error::Terminal)?;
        let prompt = format!("[{}]: ", self.number);
        let (mark, generation) = (self.sender.clone(), self.generation);
        thread::scope(|scope| {
            let listening = scope.spawn(move || self.listen(&mut above));
            let read = reader.read(&prompt, prefill);
            drop(mark.send((generation, Told::Mark)));
            // It only shows text; a panic in it would be told where it happened.
            drop(listening.join());
            read.map_err(Error::Terminal)
        })
    }

    /// Until the mark.
    fn listen(&mut self, above: &mut Above) {
        self.now.refresh();
        while let Ok((generation, told)) = self.heard.recv() {
            if matches!(told, Told::Mark) {
                return;
            }
            if generation != self.generation {
                continue;
            }
            let ended = matches!(told, Told::Idle { .. });
            let text = self.aside(told);
            if !text.is_empty() {
                above(text);
            }
            if ended {
                self.now.refresh();
            }
        }
    }

    /// What is not of a cell of ours, as text to be shown.
    fn aside(&mut self, told: Told) -> String {
        let theirs = |cell: &Cell| !cell.is_ours();
        match told {
            Told::Begun { cell, number, code } if theirs(&cell) => {
                self.number = number + 1;
                self.others.begun(&cell, number, &code)
            }
            Told::Output { cell, event } if theirs(&cell) => self.others.output(&cell, &event),
            Told::Failed { cell, failure } if theirs(&cell) => self.others.failed(&cell, &failure),
            Told::Idle { cell } if theirs(&cell) => self.others.ended(&cell),
            Told::Up { info, replaced } => {
                self.up(&info, replaced);
                match replaced {
                    true => self.notice("the session was restarted; its variables are gone"),
                    false => String::new(),
                }
            }
            Told::Ending { restart } => {
                self.ending = Some(restart);
                String::new()
            }
            Told::Lost => {
                self.now.set_up(None);
                String::new()
            }
            Told::Gone(gone) => self.gone(&gone).map(|words| self.notice(&words)).unwrap_or_default(),
            Told::Alive(false) => self.notice("the kernel does not answer"),
            Told::Alive(true) => self.notice("the kernel answers again"),
            Told::Missed => self.notice("the connection was interrupted: some outputs of other clients may be missing"),
            // Of a cell of ours that was given up.
            _ => String::new(),
        }
    }

    /// The kernel answers.
    fn up(&mut self, info: &Info, replaced: bool) {
        if replaced {
            self.others.clear();
        }
        self.ending = None;
        self.number = info.own.count + 1 + u64::from(info.own.running.is_some());
        self.now.set_up(Some(info.own.clone()));
        self.adopt_running();
    }

    /// A cell of another client may have begun before this terminal listened.
    fn adopt_running(&mut self) {
        if let Some(running) = self.now.session().running.filter(|running| !self.now.is_ours(&running.request)) {
            self.others.adopt(&running.request, running.number, &running.line);
        }
    }

    /// There is no kernel any more: words on it, once.
    fn gone(&mut self, gone: &Gone) -> Option<String> {
        let lifetime = match &self.home {
            Home::Gone(_) => return None,
            // How it ended is told by whoever waits for the process.
            Home::Own(..) if *gone == Gone::Nobody => return None,
            Home::Own(_, lifetime) => *lifetime,
            Home::Shared => Lifetime::Ours,
        };
        self.home = Home::Gone(lifetime);
        self.now.set_up(None);
        self.others.clear();
        self.number = 1;
        let why = match (self.ending.take(), gone) {
            (Some(_), _) => "another client has shut it down".to_owned(),
            (None, gone) => why(gone),
        };
        Some(format!("the session has ended: {why}\nits variables are gone; the next cell starts a new session"))
    }

    /// Starts a kernel in place of one that is gone. Here values that were kept would be given back.
    fn restart_kernel(&mut self) -> Result<(), Error> {
        let Home::Gone(lifetime) = self.home else { return Ok(()) };
        self.generation += 1;
        let (client, home) = start(self.options, lifetime, self.generation, &self.sender)?;
        self.now.replace(client);
        self.home = home;
        self.number = 1;
        Ok(())
    }

    /// Runs and shows one cell.
    fn cell(&mut self, text: &str) -> Result<Outcome, Error> {
        let begun = Instant::now();
        let id = self.now.client().execute(text);
        self.now.set_cell(Some(id.clone()));
        let reply = self.follow(&id);
        self.now.set_cell(None);
        self.screen.end();
        let Some(reply) = reply else { return Ok(Outcome { next: String::new() }) };
        if let Some(number) = reply.number {
            self.number = self.number.max(number + 1);
        }
        match &reply.ended {
            Ended::Ok => {}
            Ended::Failed(failure) => {
                self.screen.failure(failure);
                if failure.kind == FailureKind::Died {
                    self.others.clear();
                }
            }
            Ended::Aborted => {
                self.dim("The cell was taken back and has not run.");
                return Ok(Outcome { next: text.to_owned() });
            }
        }
        for page in &reply.pages {
            self.screen.event(&Event::Page(page.clone()));
        }
        let seconds = reply.seconds.unwrap_or_else(|| begun.elapsed().as_secs_f64());
        if seconds >= SLOW && self.screen.terminal.live {
            self.dim(&took(seconds, reply.compile_s));
        }
        Ok(Outcome { next: reply.next_input.map(|next| next.text).unwrap_or_default() })
    }

    /// Shows what comes until our cell has ended; `None` when it was lost with its kernel, which has been told.
    fn follow(&mut self, id: &str) -> Option<Reply> {
        let sent = Instant::now();
        let (mut reply, mut idle, mut began) = (None, false, false);
        // When there is nothing more to be waited for.
        let mut deadline: Option<Instant> = None;
        let mut told_why = self.say_what_is_waited_for();
        loop {
            if idle && reply.is_some() {
                return reply;
            }
            let patience = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None if !began && !told_why => WAITS.saturating_sub(sent.elapsed()),
                None => Duration::MAX,
            };
            let told = match self.hear(patience) {
                Ok((generation, _)) if generation != self.generation => continue,
                Ok((_, told)) => told,
                Err(RecvTimeoutError::Timeout) if deadline.is_some() => {
                    if reply.is_none() {
                        self.warn("the connection was lost while the cell ran, and with it what became of the cell");
                    }
                    return reply;
                }
                Err(RecvTimeoutError::Timeout) => {
                    told_why = true;
                    self.now.refresh();
                    self.adopt_running();
                    if !self.say_what_is_waited_for() && !self.now.is_up() {
                        self.dim("the session starts ...");
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return reply,
            };
            match told {
                Told::Begun { cell, number, .. } if cell.id == id => {
                    began = true;
                    self.others.clear();
                    self.number = number;
                }
                Told::Output { cell, event } if cell.id == id => self.screen.event(&event),
                Told::Idle { cell } if cell.id == id => idle = true,
                Told::Replied { cell, reply: replied } if cell == id => {
                    reply = Some(*replied);
                    deadline = Some(Instant::now() + LAST_OUTPUTS);
                }
                Told::Asked(question) => {
                    // What the cell has printed stands before its question.
                    let interrupted = || Interrupts::listen().any();
                    let answer = Asked::User.answer(&question.prompt, question.password, &interrupted);
                    self.now.client().answer(&question, answer);
                }
                Told::Up { info, replaced: false } if began && info.own.running.is_none() => {
                    self.up(&info, false);
                    deadline = Some(Instant::now() + LAST_OUTPUTS);
                }
                told => {
                    let lost = matches!(told, Told::Gone(_) | Told::Up { replaced: true, .. });
                    let text = self.aside(told);
                    if !text.is_empty() {
                        self.screen.say(text.trim_end_matches('\n'));
                    }
                    if lost && (matches!(self.home, Home::Gone(_)) || !text.is_empty()) {
                        return None;
                    }
                }
            }
        }
    }

    fn hear(&self, patience: Duration) -> Result<Heard, RecvTimeoutError> {
        match patience {
            Duration::MAX => self.heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            patience => self.heard.recv_timeout(patience),
        }
    }

    /// Says which cell of another client ours waits for, if it does.
    fn say_what_is_waited_for(&mut self) -> bool {
        let Some((number, line)) = self.others.running() else { return false };
        let line = if line.is_empty() { String::new() } else { format!(": {}", shortened(line, 30)) };
        self.dim(&format!("waiting for cell [{number}] of another client{line} (Ctrl-C takes yours back)"));
        true
    }

    /// Ends or leaves the session.
    fn leave(self) {
        let Attached { home, now, screen, .. } = self;
        let mut screen = screen;
        let id = now.session().id.unwrap_or_default();
        match home {
            Home::Own(spawned, Lifetime::Ours) => {
                if now.is_up() {
                    now.client().shutdown(ENDS_WITHIN);
                }
                spawned.end(ENDS_WITHIN);
            }
            Home::Own(_, Lifetime::Kept) => {
                screen.say(&format!("The session goes on; `ironbook repl --existing {id}` comes back to it."));
            }
            Home::Shared => screen.say("The session goes on."),
            Home::Gone(_) => {}
        }
    }

    fn dim(&mut self, words: &str) {
        let words = self.screen.terminal.paint(Style::Dim, words);
        self.screen.say(&words);
    }

    fn warn(&mut self, words: &str) {
        let mark = self.screen.terminal.paint(Style::Yellow, "warning:");
        self.screen.say(&format!("{mark} {words}"));
    }

    /// Words of ours among the outputs of others.
    fn notice(&self, words: &str) -> String {
        let lines =
            words.lines().map(|line| format!("{}\n", self.screen.terminal.paint(Style::Yellow, &format!("── {line}"))));
        lines.collect()
    }
}

fn attached_to(info: &Info) -> String {
    let own = &info.own;
    let count = |number: u64, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    let id = own.id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
    let variables = own.variables.len() as u64;
    format!(
        "Attached to session{id}: {}, {} so far. Ctrl-D leaves it running.",
        count(variables, "variable"),
        count(own.count, "cell"),
    )
}

fn why(gone: &Gone) -> String {
    match gone {
        Gone::Nobody => "nobody listens at the addresses of its connection file any more".to_owned(),
        Gone::Key => "the key of the connection file is not that of the kernel".to_owned(),
        Gone::Silent => "the kernel takes connections, but does not answer".to_owned(),
        Gone::Ended(words) => words.clone(),
    }
}
