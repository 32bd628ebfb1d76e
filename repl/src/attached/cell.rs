//! A cell of ours: sent, waited for, shown.

use super::{Attached, Heard, Home};
use crate::ask;
use crate::interrupt::Interrupts;
use crate::terminal::{shortened, took};
use ironbook_kernel::client::{Ended, Question, Reply, Told};
use ironbook_session::Event;
use std::cell::RefCell;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// Cells that take longer than this tell their time.
const SLOW: f64 = 1.0;

/// How long outputs may come behind their reply, when some were lost.
const LAST_OUTPUTS: Duration = Duration::from_secs(2);

/// A cell that waits longer than this is told why.
const WAITS: Duration = Duration::from_millis(1500);

/// How a cell of ours ended.
pub(super) struct Outcome {
    /// Whether it ran to its end.
    pub ok: bool,
    /// Text for the next prompt.
    pub next: String,
}

impl Attached<'_> {
    /// Runs and shows one cell.
    pub(super) fn cell(&mut self, text: &str) -> Outcome {
        let id = self.now.client().execute(text);
        self.sent(text, &id)
    }

    /// Runs and shows one that leaves no trace: no number, no place in the history.
    pub(super) fn untraced(&mut self, text: &str) -> Outcome {
        let id = self.now.client().execute_untraced(text);
        let number = self.number;
        let outcome = self.sent(text, &id);
        self.number = number;
        outcome
    }

    fn sent(&mut self, text: &str, id: &str) -> Outcome {
        let begun = Instant::now();
        self.now.set_cell(Some(id.to_owned()));
        let reply = self.follow(id);
        self.now.set_cell(None);
        self.screen.end();
        let Some(reply) = reply else { return Outcome { ok: false, next: String::new() } };
        if let Some(number) = reply.number {
            self.number = self.number.max(number + 1);
        }
        match &reply.ended {
            Ended::Ok => {}
            Ended::Failed(failure) => self.screen.failure(failure),
            Ended::Aborted => {
                self.dim("The cell was taken back and has not run.");
                return Outcome { ok: false, next: text.to_owned() };
            }
        }
        for page in &reply.pages {
            self.screen.event(&Event::Page(page.clone()));
        }
        let seconds = reply.seconds.unwrap_or_else(|| begun.elapsed().as_secs_f64());
        if seconds >= SLOW && self.screen.terminal.live {
            self.dim(&took(seconds, reply.compile_s));
        }
        let ok = matches!(reply.ended, Ended::Ok);
        Outcome { ok, next: reply.next_input.map(|next| next.text).unwrap_or_default() }
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
                Ok(Heard::Told(generation, told)) if generation == self.generation => told,
                Ok(Heard::GivenUp) if self.give_up() => return None,
                Ok(_) => continue,
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
            if reply.is_some() {
                deadline = Some(Instant::now() + LAST_OUTPUTS);
            }
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
                Told::Asked(question) => self.answer(id, &question),
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

    /// Ends a kernel of ours that does not answer; whether a kernel of others is not waited for any more.
    fn give_up(&mut self) -> bool {
        match &self.home {
            Home::Own(spawned, _) => {
                // Its end is told by whoever waits for the process.
                spawned.kill();
                false
            }
            _ => {
                self.warn("the cell is not waited for any more; it runs on if the kernel does");
                true
            }
        }
    }

    /// Asks the user what the cell asks, until it is answered, interrupted, or the cell has ended.
    fn answer(&mut self, id: &str, question: &Question) {
        let meanwhile = RefCell::new(Vec::new());
        let over = || {
            meanwhile.borrow_mut().extend(self.heard.try_iter());
            let ends = |heard: &Heard| match heard {
                Heard::Told(_, Told::Replied { cell, .. }) => cell == id,
                Heard::Told(_, Told::Gone(_)) => true,
                _ => false,
            };
            Interrupts::listen().any() || meanwhile.borrow().iter().any(ends)
        };
        let answer = ask::answer(&question.prompt, question.password, &over);
        self.now.client().answer(question, answer);
        self.kept.extend(meanwhile.into_inner());
    }

    pub(super) fn hear(&mut self, patience: Duration) -> Result<Heard, RecvTimeoutError> {
        if let Some(heard) = self.kept.pop_front() {
            return Ok(heard);
        }
        match patience {
            Duration::MAX => self.heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            patience => self.heard.recv_timeout(patience),
        }
    }

    /// Says which cell of another client ours waits for, if it does.
    fn say_what_is_waited_for(&mut self) -> bool {
        let Some((number, line)) = self.others.running() else { return false };
        let words = format!("waiting for another client's cell [{number}]; Ctrl-C takes yours back");
        // Its heading may have been shown long ago.
        let room = self.screen.terminal.width.saturating_sub(words.len() + 2);
        let line = if line.is_empty() || room < 10 { String::new() } else { format!(": {}", shortened(line, room)) };
        self.dim(&format!("{words}{line}"));
        true
    }
}
