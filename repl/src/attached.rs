//! A terminal on a kernel: its own, or one that a notebook has open. Both ways of working share one session.

mod aside;
mod cell;

use crate::config::Config;
use crate::editor::{Above, Editor, Prompt, Read, is_private};
use crate::interactive::Options;
use crate::interrupt::{Interrupts, Press};
use crate::notebook::Kind;
use crate::now::{Now, Wired};
use crate::others::Others;
use crate::screen::Screen;
use crate::spawned::{Lifetime, Spawned};
use crate::terminal::{Style, Terminal, shortened};
use crate::{Error, script, setup, terminal};
use aside::why;
use ironbook_kernel::client::{Client, Force, Gone, Info, Told};
use ironbook_kernel::running::{self, Entry};
use ironbook_session::library::Paths;
use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long a kernel may take to come up.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long a running one may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of what others do that are shown at once.
const SHOWN_TOGETHER: usize = 16 << 10;
/// How long a kernel of ours may take to say that it ends, and then to end.
const ENDS_WITHIN: Duration = Duration::from_secs(4);

/// Which session the terminal is for.
#[derive(Clone, Debug)]
pub enum Target {
    /// A new one.
    New(Lifetime),
    /// A new one that goes on with one that ended: this one, or the last of the directory.
    Resumed(Option<String>, Lifetime),
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

/// What was heard.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are of the large variant")]
pub enum Heard {
    /// From the first kernel (0), or one that took its place.
    Told(u64, Told),
    /// No cell is read any more.
    ReadingEnded,
    /// The user waits no longer for a kernel that does not answer.
    GivenUp,
}

struct Attached<'a> {
    options: &'a Options,
    config: &'a Config,
    paths: &'a Paths,
    screen: Screen,
    others: Others,
    now: Arc<Now>,
    home: Home,
    generation: u64,
    sender: Sender<Heard>,
    heard: Receiver<Heard>,
    /// What was heard while the user was asked something.
    kept: VecDeque<Heard>,
    /// The number of the next cell.
    number: u64,
    /// Another client has announced the end.
    ending: Option<bool>,
}

/// Reads cells and runs them in a kernel until Ctrl-D.
///
/// # Errors
/// When no kernel can be started or reached, or the terminal cannot be used.
pub fn run(options: &Options, config: &Config, paths: &Paths, target: Target) -> Result<u8, Error> {
    let screen = Screen::new(Terminal::detect().themed(config.settings.theme));
    let interrupts = Interrupts::listen();
    let (sender, heard) = channel();
    let resumed = match &target {
        Target::Resumed(id, _) => Some(id.clone()),
        _ => None,
    };
    let (client, home) = match target {
        Target::New(lifetime) | Target::Resumed(_, lifetime) => {
            setup::ready(paths, &screen.terminal)?;
            start(options, lifetime, 0, &sender)?
        }
        Target::Existing(file) => (attach(&file, ANSWERS_WITHIN, 0, &sender)?, Home::Shared),
    };
    let others = Others::new(screen.terminal.clone());
    let now = Now::new(client, sender.clone());
    connect(&interrupts, &now, &screen.terminal);
    let mut attached = Attached {
        options,
        config,
        paths,
        screen,
        others,
        now,
        home,
        generation: 0,
        sender,
        heard,
        kept: VecDeque::new(),
        number: 1,
        ending: None,
    };
    if !io::stdin().is_terminal() {
        return attached.run_piped(&interrupts);
    }
    let mut editor = attached.editor()?;
    attached.greet()?;
    match resumed {
        Some(id) => attached.resume(id.as_deref()),
        None if matches!(attached.home, Home::Own(..)) => attached.start_up(),
        None => {}
    }
    attached.read_and_run(&mut editor, &interrupts)?;
    drop(editor);
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
        drop(ends.send(Heard::Told(generation, Told::Gone(Gone::Ended(words)))));
    })?;
    let client = attach(&spawned.file, STARTS_WITHIN, generation, sender)?;
    Ok((client, Home::Own(spawned, lifetime)))
}

fn attach(file: &Path, patience: Duration, generation: u64, sender: &Sender<Heard>) -> Result<Client, Error> {
    let sender = sender.clone();
    Ok(Client::attach(file, patience, move |told| drop(sender.send(Heard::Told(generation, told))))?)
}

impl Attached<'_> {
    /// The line editor. What it hears of the terminal is for all that is drawn.
    fn editor(&mut self) -> Result<Editor, Error> {
        let words = Arc::new(Wired(Arc::clone(&self.now)));
        let editor = Editor::new(&self.config.settings, &self.screen.terminal, words)?;
        self.screen.terminal = editor.informed(&self.screen.terminal, &self.config.settings);
        self.others = Others::new(self.screen.terminal.clone());
        Ok(editor)
    }

    /// Runs the cells that the configuration has for the start.
    fn start_up(&mut self) {
        for (at, text) in self.config.settings.startup.iter().enumerate() {
            if !self.untraced(text).ok {
                let path = self.config.path.display();
                self.warn(&format!("this was cell {} of `startup` in {path}", at + 1));
            }
        }
    }

    /// The first lines. A kernel of ours is not waited for, one of others has to say what it is.
    fn greet(&mut self) -> Result<(), Error> {
        let words = match self.home {
            Home::Shared => {
                let info = self.wait_for_kernel()?;
                attached_to(&info, &running::list(&self.paths.data))
            }
            _ => format!("Ironbook {}. %help for magics, Ctrl-D to quit.", env!("CARGO_PKG_VERSION")),
        };
        for words in self.config.complaints() {
            self.warn(&words);
        }
        self.screen.say(&words);
        Ok(())
    }

    /// What the kernel says of itself.
    fn wait_for_kernel(&mut self) -> Result<Box<Info>, Error> {
        loop {
            let Ok(Heard::Told(_, told)) = self.heard.recv() else { continue };
            match told {
                Told::Up { info, .. } if info.implementation != "ironbook" => {
                    return Err(Error::OtherKernel { implementation: info.implementation, language: info.language });
                }
                Told::Up { info, replaced } => {
                    self.up(&info, replaced);
                    return Ok(info);
                }
                Told::Gone(gone) => return Err(Error::NoKernel { why: why(&gone) }),
                _ => {}
            }
        }
    }

    /// Runs the cells of standard input in the session until one fails.
    fn run_piped(mut self, interrupts: &Interrupts) -> Result<u8, Error> {
        self.wait_for_kernel()?;
        let text = io::read_to_string(io::stdin()).map_err(Error::Terminal)?;
        for cell in script::parse(&text).cells.iter().filter(|cell| cell.kind() == Kind::Code) {
            if !self.cell(&cell.source()).ok {
                return Ok(if interrupts.any() { 130 } else { 1 });
            }
        }
        Ok(0)
    }

    fn read_and_run(&mut self, editor: &mut Editor, interrupts: &Interrupts) -> Result<(), Error> {
        let mut prefill = String::new();
        let mut pressed = 0;
        loop {
            let read = self.read(editor, &std::mem::take(&mut prefill))?;
            // Answers of the terminal may have come late.
            self.screen.terminal = editor.informed(&self.screen.terminal, &self.config.settings);
            pressed = if read == Read::Interrupted { pressed + 1 } else { 0 };
            match read {
                Read::Cell(text) if text.trim().is_empty() => {}
                Read::Cell(text) => {
                    if let Err(error) = self.restart_kernel() {
                        terminal::complain(&error);
                        prefill = text;
                        continue;
                    }
                    interrupts.reset();
                    let ran = if is_private(&text) { self.untraced(&text) } else { self.cell(&text) };
                    prefill = ran.next;
                }
                Read::Interrupted => self.pressed_at_the_prompt(pressed),
                Read::End => return Ok(()),
            }
        }
    }

    /// Ctrl-C where nothing of ours runs, so many times in a row: the first drops what was typed, the second wants to leave.
    fn pressed_at_the_prompt(&mut self, times: usize) {
        match self.others.running() {
            None if times == 2 => self.screen.say("Ctrl-D quits."),
            None => {}
            Some((number, _)) if times == 1 => {
                self.dim(&format!("Another client's cell [{number}] runs; Ctrl-C once more interrupts it."));
            }
            Some(_) => self.now.client().interrupt(None, Force::Ask),
        }
    }

    /// Reads a cell, showing meanwhile what others do.
    fn read(&mut self, editor: &mut Editor, prefill: &str) -> Result<Read, Error> {
        self.now.refresh();
        let terminal = self.screen.terminal.clone();
        let mut above = editor.printer().unwrap_or_else(|| Box::new(move |text| terminal.out(&text)));
        let prompt = Prompt { number: self.number, stale: self.now.session().stale };
        let sender = self.sender.clone();
        thread::scope(|scope| {
            let listening = scope.spawn(move || self.listen(&mut above));
            let read = editor.read(&prompt, prefill);
            drop(sender.send(Heard::ReadingEnded));
            // It only shows text; a panic in it would be told where it happened.
            drop(listening.join());
            read
        })
    }

    /// Shows what is heard until nothing is read any more.
    fn listen(&mut self, above: &mut Above) {
        while let Ok(first) = self.hear(Duration::MAX) {
            // What comes together is shown together: the prompt is drawn anew each time.
            let (mut next, mut text, mut ended, mut over) = (Some(first), String::new(), false, false);
            while let Some(heard) = next.take() {
                match heard {
                    Heard::ReadingEnded => over = true,
                    Heard::Told(generation, told) if generation == self.generation => {
                        ended |= matches!(told, Told::Idle { .. });
                        text.push_str(&self.aside(told));
                    }
                    Heard::Told(..) | Heard::GivenUp => {}
                }
                if !over && text.len() < SHOWN_TOGETHER {
                    next = self.hear(Duration::ZERO).ok();
                }
            }
            if !text.is_empty() {
                above(text);
            }
            if over {
                return;
            }
            if ended {
                self.now.refresh();
            }
        }
    }

    /// Goes on with a session that ended: the kernel's own `%resume`, which says what is back.
    fn resume(&mut self, id: Option<&str>) {
        let line = id.map_or_else(|| "%resume".to_owned(), |id| format!("%resume {id}"));
        self.cell(&line);
    }

    /// Starts a kernel in place of one that is gone, if it is, and goes on with what was kept on disk.
    fn restart_kernel(&mut self) -> Result<(), Error> {
        let Home::Gone(lifetime) = self.home else { return Ok(()) };
        let kept = self.now.session().kept;
        self.generation += 1;
        let (client, home) = start(self.options, lifetime, self.generation, &self.sender)?;
        self.now.replace(client);
        self.home = home;
        self.number = 1;
        if let Some(id) = kept {
            self.resume(Some(&id));
        }
        Ok(())
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
}

/// `Attached to 3fa9c1 of flights.ipynb: 2 variables, 3 cells. Ctrl-D leaves it running.`
fn attached_to(info: &Info, entries: &[Entry]) -> String {
    let own = &info.own;
    let count = |number: u64, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    let id = own.id.as_deref().unwrap_or("a session");
    let notebook = entries.iter().find(|entry| entry.id == id).and_then(|entry| entry.notebook.as_deref());
    let name = notebook.and_then(|path| Path::new(path).file_name()).map(|name| name.to_string_lossy());
    let of = name.map(|name| format!(" of {}", shortened(&name, 30))).unwrap_or_default();
    let (variables, cells) = (count(own.variables.len() as u64, "variable"), count(own.count, "cell"));
    format!("Attached to {id}{of}: {variables}, {cells}. Ctrl-D leaves it running.")
}
