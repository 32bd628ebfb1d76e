//! Turns a cell into steps: Rust sources to compile, and actions between them. Nothing runs here.

use crate::engine::{ItemInfo, Variable};
use crate::error::Error;
use crate::foreign::{self, Colon};
use crate::lexer;
use crate::magic::{Action, Call, Form, Lowered, Magic, literal};
use crate::registry::{self, Registry};
use crate::split::{self, Kind, Names, Piece, Style};
use crate::{help, words};
use ironbook_session::{Part, Source};
use std::ops::Range;

/// One step of a cell.
pub enum Step {
    /// Rust to compile and run.
    Rust {
        /// What is compiled.
        source: Source,
        /// Optimisation level that a measurement in it asks for.
        opt_level: Option<u8>,
    },
    /// Something the session does.
    Action {
        /// The magic's bytes in the cell.
        range: Range<usize>,
        /// What to do.
        action: Action,
    },
}

/// What is wrong with a magic of the cell, and where.
pub struct Fault {
    /// Bytes of the magic.
    pub range: Range<usize>,
    /// What is wrong.
    pub error: Error,
}

/// What the session knows, as far as splitting and user magics ask.
#[derive(Default)]
pub struct Session {
    /// Its items.
    pub items: Vec<ItemInfo>,
    /// Its variables.
    pub variables: Vec<Variable>,
}

struct Known<'a> {
    registry: &'a Registry,
    session: &'a Session,
}

impl Names for Known<'_> {
    fn style(&self, magic: &str) -> Option<Style> {
        self.registry.find(magic).map(|magic| magic.style())
    }

    fn is_defined(&self, name: &str) -> bool {
        self.session.items.iter().any(|item| item.name == name)
            || self.session.variables.iter().any(|variable| variable.name == name)
    }
}

/// Whether a cell is nothing but magics that only look, and questions.
pub fn only_looks(text: &str, registry: &Registry, session: &Session) -> bool {
    let looks = |kind: &Kind| match kind {
        Kind::Line { name, .. } => registry.find(name).is_some_and(Magic::only_looks),
        Kind::Help { .. } => true,
        _ => false,
    };
    let pieces = split::split(text, &Known { registry, session });
    let blank = |range: &Range<usize>| lexer::is_blank(&text[range.clone()]);
    pieces.iter().all(|piece| looks(&piece.kind) || blank(&piece.range))
        && pieces.iter().any(|piece| looks(&piece.kind))
}

/// Plans a cell.
///
/// # Errors
/// The first magic that is unknown, misplaced or wrongly called.
pub fn plan(text: &str, registry: &Registry, session: &Session) -> Result<Vec<Step>, Fault> {
    let pieces = split::split(text, &Known { registry, session });
    let mut planner = Planner { text, registry, session, steps: Vec::new(), parts: Vec::new(), opt_level: None };
    let count = pieces.len();
    for (number, piece) in pieces.into_iter().enumerate() {
        let last = number + 1 == count || lexer::is_blank(&text[piece.range.end..]);
        let range = piece.range.clone();
        planner.piece(piece, last).map_err(|error| Fault { range, error })?;
    }
    planner.flush();
    Ok(planner.steps)
}

struct Planner<'a> {
    text: &'a str,
    registry: &'a Registry,
    session: &'a Session,
    steps: Vec<Step>,
    parts: Vec<Part>,
    opt_level: Option<u8>,
}

impl Planner<'_> {
    fn piece(&mut self, piece: Piece, last: bool) -> Result<(), Error> {
        let Piece { range, kind } = piece;
        match kind {
            Kind::Rust => self.parts.push(Part::User(range)),
            Kind::Line { name, args, nested } => self.line(&name, args, range, nested, last)?,
            Kind::Cell { name, args, body } => self.cell(&name, args, body, range)?,
            Kind::Shell { command } => {
                let lowered = self.call("sh", command, None, last)?;
                self.place(lowered, range, false, "!")?;
            }
            Kind::Help { subject } => self.action(range, Lowered::action(move |cx| help::subject(cx, &subject))),
            Kind::Colon { name, args } => self.colon(&name, args, range)?,
        }
        Ok(())
    }

    fn line(
        &mut self,
        name: &str,
        args: Range<usize>,
        range: Range<usize>,
        nested: bool,
        last: bool,
    ) -> Result<(), Error> {
        if let Some(name) = name.strip_prefix('%') {
            return Err(Error::Place {
                name: format!("%%{name}"),
                reason: "it takes the whole cell",
                advice: format!("put `%%{name}` on the first line of a cell of its own"),
            });
        }
        let Some(magic) = self.registry.find(name) else {
            let text = own_call(name, self.text, &args, &range, self.session)
                .ok_or_else(|| self.registry.unknown(name, false, &own_magics(&self.session.items)))?;
            let end = if last { "" } else { ";" };
            self.parts.push(Part::Lowered { text: text + end, range });
            return Ok(());
        };
        if magic.form() == Form::Cell {
            return Err(Error::Place {
                name: format!("%{name}"),
                reason: "it works on the lines below it",
                advice: format!("write `%%{name}` on the first line of a cell"),
            });
        }
        let lowered = self.call(name, args, None, last && !nested)?;
        self.place(lowered, range, nested, name)
    }

    fn cell(&mut self, name: &str, args: Range<usize>, body: Range<usize>, range: Range<usize>) -> Result<(), Error> {
        let Some(magic) = self.registry.find(name) else {
            return Err(self.registry.unknown(name, true, &own_magics(&self.session.items)));
        };
        if magic.form() == Form::Line {
            return Err(Error::Place {
                name: format!("%%{name}"),
                reason: "it takes only its own line",
                advice: format!("write `%{name}`"),
            });
        }
        let lowered = self.call(name, args, Some(body), true)?;
        self.place(lowered, range, false, name)
    }

    /// Reads the arguments and lowers.
    fn call(
        &mut self,
        name: &str,
        args: Range<usize>,
        body: Option<Range<usize>>,
        last: bool,
    ) -> Result<Lowered, Error> {
        let Some(magic) = self.registry.find(name) else {
            return Err(self.registry.unknown(name, false, &[]));
        };
        let (words, rest) = arguments(magic, self.text, args)?;
        // `%track log --help` asks about the part of the magic only.
        let deeper = words.first().is_some_and(|word| !word.starts_with('-'));
        let matches = match registry::command(magic).try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => {
                let text = if deeper { error.to_string() } else { registry::help(magic) };
                return Ok(Lowered::action(move |cx| {
                    cx.page(text);
                    Ok(())
                }));
            }
            Err(error) => return Err(refused(name, &error)),
        };
        let parts = match (&body, magic.style()) {
            (Some(body), Style::Code | Style::Body) => self.body_parts(magic, body.clone())?,
            _ => Vec::new(),
        };
        magic.lower(&Call { name, matches, text: self.text, rest, body, last, parts })
    }

    /// The Rust of a cell magic's body, with the magics in it lowered.
    fn body_parts(&self, magic: &dyn Magic, body: Range<usize>) -> Result<Vec<Part>, Error> {
        let inner = plan(&self.text[body.clone()], self.registry, self.session).map_err(|fault| fault.error)?;
        let mut parts = Vec::new();
        for step in inner {
            match step {
                Step::Rust { source, .. } => parts.extend(source.parts.into_iter().map(|part| shift(part, body.start))),
                Step::Action { range, .. } => {
                    let line = &self.text[body.start + range.start..body.start + range.end];
                    return Err(Error::Place {
                        name: line.lines().next().unwrap_or(line).to_owned(),
                        reason: "the cell is compiled as one piece, and this is nothing to compile",
                        advice: format!("leave it out of the `%%{}` cell", magic.name()),
                    });
                }
            }
        }
        Ok(parts)
    }

    fn place(&mut self, lowered: Lowered, range: Range<usize>, nested: bool, name: &str) -> Result<(), Error> {
        match lowered {
            Lowered::Rust(rust) => {
                self.opt_level = self.opt_level.max(rust.opt_level);
                self.parts.extend(rust.into_parts(&range));
            }
            Lowered::Action(_) if nested => {
                return Err(Error::Place {
                    name: format!("%{name}"),
                    reason: "it runs between cells of Rust, not inside a block",
                    advice: "move it out of the braces".to_owned(),
                });
            }
            action => self.action(range, action),
        }
        Ok(())
    }

    fn action(&mut self, range: Range<usize>, lowered: Lowered) {
        if let Lowered::Action(action) = lowered {
            self.flush();
            self.steps.push(Step::Action { range, action });
        }
    }

    /// Ends the Rust so far, if there is any to compile.
    fn flush(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        let opt_level = self.opt_level.take();
        if parts.iter().any(|part| !lexer::is_blank(part.text(self.text))) {
            self.steps.push(Step::Rust { source: Source { text: self.text.to_owned(), parts }, opt_level });
        }
    }

    fn colon(&mut self, name: &str, args: Range<usize>, range: Range<usize>) -> Result<(), Error> {
        let Some((name, meaning)) = foreign::COLON.iter().find(|(known, _)| *known == name) else {
            let names = foreign::COLON.iter().map(|(name, _)| *name);
            let mut advice: Vec<_> = crate::error::did_you_mean(name, names, ":").into_iter().collect();
            advice.push("`%lsmagic` lists all magics".to_owned());
            return Err(Error::Unknown { name: format!(":{name}"), advice });
        };
        let text = self.text[args.clone()].to_owned();
        let lowered = match meaning {
            Colon::Magic(line) => self.other(line)?,
            Colon::With(line) => match line.strip_prefix('%') {
                Some(magic) => self.call(magic, args, None, false)?,
                None => self.other(&format!("{line} {text}"))?,
            },
            Colon::Says(words) => {
                let words = format!(":{name}: {words}");
                Lowered::action(move |cx| {
                    cx.say(words);
                    Ok(())
                })
            }
            Colon::Timing => Lowered::action(|cx| {
                cx.state.timing = !cx.state.timing;
                cx.say(format!("timing: {}", cx.state.timing));
                Ok(())
            }),
            Colon::Version => Lowered::action(|cx| {
                cx.say(concat!("Ironbook ", env!("CARGO_PKG_VERSION")));
                Ok(())
            }),
            Colon::Type => Lowered::action(move |cx| help::type_of(cx, &text)),
            Colon::Doc => Lowered::action(move |cx| help::subject(cx, &text)),
        };
        self.place(lowered, range, false, name)
    }

    /// An action that runs another line.
    fn other(&self, line: &str) -> Result<Lowered, Error> {
        let line = line.to_owned();
        Ok(Lowered::action(move |cx| {
            let steps = cx.plan(&line)?;
            for step in steps {
                if let Step::Action { action, .. } = step {
                    action(cx)?;
                }
            }
            Ok(())
        }))
    }
}

/// The words that clap reads, and the bytes of what follows the options.
fn arguments(magic: &dyn Magic, text: &str, args: Range<usize>) -> Result<(Vec<String>, Range<usize>), Error> {
    let raw = &text[args.clone()];
    match magic.style() {
        Style::Words | Style::Body => Ok((words::shell(magic.name(), raw)?, args)),
        Style::Pairs => Ok((words::pairs(raw), args)),
        Style::Code | Style::Text => {
            let command = registry::command(magic);
            let takes_value = |word: &str| {
                command.get_arguments().any(|arg| {
                    let short = arg.get_short().is_some_and(|short| word == format!("-{short}"));
                    let long = arg.get_long().is_some_and(|long| word == format!("--{long}"));
                    (short || long) && arg.get_action().takes_values()
                })
            };
            let (options, rest) = words::options(raw, &takes_value);
            Ok((options.into_iter().map(str::to_owned).collect(), args.end - rest.len()..args.end))
        }
    }
}

/// clap's message, in one line, and the usage as advice.
fn refused(name: &str, error: &clap::Error) -> Error {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let mut advice: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        match paragraph.split_once(": ") {
            Some(("tip", tip)) => advice.push(tip.to_owned()),
            Some(("Usage", usage)) => advice.push(format!("usage: {usage}")),
            _ => {}
        }
    }
    advice.push(format!("`%help {name}` shows all arguments and examples"));
    Error::Arguments { magic: name.to_owned(), message: format!("`%{name}`: {message}"), advice }
}

fn shift(part: Part, by: usize) -> Part {
    let moved = |range: Range<usize>| range.start + by..range.end + by;
    match part {
        Part::User(range) => Part::User(moved(range)),
        Part::Lowered { text, range } => Part::Lowered { text, range: moved(range) },
    }
}

/// Prefix of the functions and macros that are magics.
const OWN: &str = "magic_";

/// Names of the user's magics among the session's items.
pub(crate) fn own_magics(items: &[ItemInfo]) -> Vec<String> {
    let named = items.iter().filter(|item| matches!(item.kind.as_str(), "fn" | "macro" | "use"));
    named.filter_map(|item| item.name.strip_prefix(OWN)).map(str::to_owned).collect()
}

/// The call of a user's magic: `magic_name("args")` for a function, `magic_name!(args)` for a macro. It is defined by
/// an item of the session or of the cell's own text above.
fn own_call(name: &str, text: &str, args: &Range<usize>, range: &Range<usize>, session: &Session) -> Option<String> {
    let function = format!("{OWN}{name}");
    let above = &text[..range.start];
    let args = &text[args.clone()];
    let macro_above = || above.split("macro_rules!").skip(1).any(|rest| rest.trim_start().starts_with(&function));
    let item = session.items.iter().find(|item| item.name == function);
    match item.map(|item| item.kind.as_str()) {
        Some("macro") => Some(format!("{function}!({args})")),
        Some("fn" | "use") => Some(format!("{function}({})", literal(args))),
        _ if macro_above() => Some(format!("{function}!({args})")),
        _ if lexer::mentions(above, &function) => Some(format!("{function}({})", literal(args))),
        _ => None,
    }
}
