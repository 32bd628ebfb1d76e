//! Reads the sessions of `tests/corpus`, whose README describes the format.

#![allow(dead_code, reason = "each test binary that includes this file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// A session, and what promotion has to answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionFile {
    /// Name of the file, without its ending.
    pub name: String,
    /// What is special about it.
    pub title: String,
    /// What is to be promoted; empty: the default target.
    pub targets: Vec<String>,
    /// Whether its entries have no identities and no page.
    pub terminal: bool,
    /// What holds without any `--allow`.
    pub expected: Verdict,
    /// What holds when this is allowed.
    pub allowed: Option<(String, Verdict)>,
    /// What the user does, in order.
    pub steps: Vec<Step>,
    /// The cells as they stand in the end.
    pub page: Vec<PageCell>,
}

/// One thing that a user does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Runs a cell with this text, which stands on the page from then on.
    Run {
        /// Identity of the cell.
        cell: String,
        /// Its text.
        text: String,
        /// Whether it has to fail.
        fails: bool,
    },
    /// Edits a cell and does not run it.
    Edit {
        /// Identity of the cell.
        cell: String,
        /// Its new text.
        text: String,
    },
    /// Deletes a cell.
    Delete {
        /// Identity of the cell.
        cell: String,
    },
}

/// A cell as it stands on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageCell {
    /// Its identity.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What promotion has to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A pipeline of these cells.
    Promotes(Promoted),
    /// No pipeline, for this reason.
    Refuses(Refused),
}

impl Default for Verdict {
    fn default() -> Self {
        Verdict::Promotes(Promoted::default())
    }
}

/// What is taken of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promoted {
    /// Cells with statements that are kept, in order.
    pub stages: Vec<String>,
    /// Cells that give items, imports, parameters or the seed, and no statement.
    pub outside: Vec<String>,
    /// Cells of which nothing is taken.
    pub dropped: Vec<String>,
    /// Cells that may be in `stages` or in `dropped`.
    pub may_stay: Vec<String>,
    /// All cells of a slice whose unit is the cell, where `stages` is one whose unit is the statement; empty: no difference.
    pub whole: Vec<String>,
    /// Names that become parameters.
    pub parameters: Vec<String>,
    /// Data dependencies: names and paths.
    pub data: BTreeMap<String, String>,
    /// Cells that have to be in one stage.
    pub merged: Vec<Vec<String>>,
    /// Words that the report has to contain.
    pub notes: Vec<String>,
}

impl Promoted {
    /// Whether these are the cells of the slice, in order.
    pub fn are_stages(&self, found: &[String]) -> bool {
        let sure = |cells: &[String]| -> Vec<String> {
            cells.iter().filter(|cell| !self.may_stay.contains(cell)).cloned().collect()
        };
        let found = sure(found);
        found == sure(&self.stages) || !self.whole.is_empty() && found == sure(&self.whole)
    }
}

/// Why a session is refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refused {
    /// The reason: one of [`REASONS`]. Of several that hold, any may be named first; this has to be among them.
    pub reason: String,
    /// Where: any of these; none: anywhere.
    pub at: Vec<Place>,
    /// Words of the advice.
    pub remedy: String,
}

impl Refused {
    /// Whether an advice has the words of the remedy. A report names a cell by the number of one of its runs: `numbers`
    /// has those of each cell.
    pub fn is_in(&self, advice: &str, numbers: &BTreeMap<String, Vec<u64>>) -> bool {
        let (advice, remedy) = (advice.to_lowercase(), self.remedy.to_lowercase());
        let named = remedy.split_once("cell ").and_then(|(before, cell)| Some((before, numbers.get(cell)?)));
        let Some((before, numbers)) = named else { return advice.contains(&remedy) };
        numbers.iter().any(|number| {
            let words = format!("{before}cell {number}");
            advice
                .match_indices(&words)
                .any(|(at, _)| !advice[at + words.len()..].starts_with(|c: char| c.is_ascii_digit()))
        })
    }

    /// Whether this is a place that may be blamed.
    pub fn may_blame(&self, cell: &str, line: usize) -> bool {
        self.at.is_empty() || self.at.iter().any(|at| at.cell == cell && at.line.is_none_or(|wanted| wanted == line))
    }
}

/// A cell, and a line of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cell.
    pub cell: String,
    /// The line, from 1; none if it does not matter.
    pub line: Option<usize>,
}

/// The reasons of the law.
pub const REASONS: &[&str] = &[
    "alias",
    "clock",
    "edited",
    "environment",
    "failed",
    "file",
    "maker-gone",
    "no-target",
    "order",
    "parameter-target",
    "ran-twice",
    "random",
    "skipped",
    "stale-read",
    "statics",
    "unkept-target",
    "unknown-target",
];

/// The directory of the sessions.
pub fn corpus() -> PathBuf {
    // The file is included by crates beside this one as well.
    let own = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
    own.parent().unwrap_or(&own).join("promotion/tests/corpus")
}

/// All sessions, by name.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn all() -> Result<Vec<SessionFile>, String> {
    let entries = fs::read_dir(corpus()).map_err(|error| format!("{}: {error}", corpus().display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            read(&name, &text).map_err(|error| format!("{}: {error}", path.display()))
        })
        .collect()
}

/// Reads a session.
///
/// # Errors
/// What is wrong, in words.
pub fn read(name: &str, text: &str) -> Result<SessionFile, String> {
    let mut session = SessionFile { name: name.to_owned(), ..SessionFile::default() };
    let mut header = Header::default();
    for line in text.lines().take_while(|line| !line.starts_with("// %%")) {
        if let Some(said) = line.strip_prefix("//! ") {
            let (key, value) = said.split_once(':').unwrap_or((said, ""));
            header.take(key.trim(), value.trim(), &mut session)?;
        } else if !line.trim().is_empty() {
            return Err(format!("`{line}` stands before the first cell"));
        }
    }
    let runs = header.runs.clone();
    header.finish(&mut session)?;
    let texts = cells(text)?;
    play(&mut session, &texts, runs.as_deref())?;
    check(&session)?;
    Ok(session)
}

/// What was read of a header so far.
#[derive(Default)]
struct Header {
    runs: Option<String>,
    allow: Option<String>,
    verdicts: Vec<Verdict>,
}

impl Header {
    fn take(&mut self, key: &str, value: &str, session: &mut SessionFile) -> Result<(), String> {
        match key {
            "title" => session.title = value.to_owned(),
            "target" => session.targets = words(value),
            "terminal" => session.terminal = true,
            "runs" => self.runs = Some(value.to_owned()),
            "allow" => self.allow = Some(value.to_owned()),
            "verdict" if value == "promotes" => self.verdicts.push(Verdict::default()),
            "verdict" if value == "refuses" => self.verdicts.push(Verdict::Refuses(Refused::default())),
            _ => return self.detail(key, value),
        }
        Ok(())
    }

    fn detail(&mut self, key: &str, value: &str) -> Result<(), String> {
        match (self.verdicts.last_mut(), key) {
            (Some(Verdict::Refuses(refused)), "reason") => refused.reason = value.to_owned(),
            (Some(Verdict::Refuses(refused)), "remedy") => refused.remedy = value.to_owned(),
            (Some(Verdict::Refuses(refused)), "at") => {
                refused.at = words(value).iter().map(|word| place(word)).collect::<Result<_, _>>()?;
            }
            (Some(Verdict::Promotes(promoted)), "stages-cells") => promoted.stages = words(value),
            (Some(Verdict::Promotes(promoted)), "outside") => promoted.outside = words(value),
            (Some(Verdict::Promotes(promoted)), "dropped") => promoted.dropped = words(value),
            (Some(Verdict::Promotes(promoted)), "may-stay") => promoted.may_stay = words(value),
            (Some(Verdict::Promotes(promoted)), "parameters") => promoted.parameters = words(value),
            (Some(Verdict::Promotes(promoted)), "merged") => promoted.merged.push(words(value)),
            (Some(Verdict::Promotes(promoted)), "note") => promoted.notes.push(value.to_owned()),
            (Some(Verdict::Promotes(promoted)), "data") => {
                for word in words(value) {
                    let (name, path) = word.split_once('=').ok_or_else(|| format!("`data: {word}` has no `=`"))?;
                    promoted.data.insert(name.to_owned(), path.to_owned());
                }
            }
            _ => return Err(format!("`{key}` cannot stand here")),
        }
        Ok(())
    }

    fn finish(self, session: &mut SessionFile) -> Result<(), String> {
        let mut verdicts = self.verdicts.into_iter();
        session.expected = verdicts.next().ok_or("no verdict")?;
        session.allowed = match (self.allow, verdicts.next()) {
            (Some(allow), Some(verdict)) => Some((allow, verdict)),
            (None, None) => None,
            _ => return Err("`allow` and a second verdict belong together".to_owned()),
        };
        if verdicts.next().is_some() { Err("more than two verdicts".to_owned()) } else { Ok(()) }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn place(word: &str) -> Result<Place, String> {
    let (cell, line) = word.split_once(':').map_or((word, None), |(cell, line)| (cell, Some(line)));
    let line = line.map(|line| line.parse().map_err(|_| format!("`{word}` is no place"))).transpose()?;
    Ok(Place { cell: cell.to_owned(), line })
}

/// The texts of the cells: those of plain names first stand on the page.
fn cells(text: &str) -> Result<Vec<PageCell>, String> {
    let mut all: Vec<PageCell> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let close = |all: &mut Vec<PageCell>, lines: &mut Vec<&str>| {
        if let Some(cell) = all.last_mut() {
            cell.text = lines.join("\n").trim_end().to_owned();
        }
        lines.clear();
    };
    for line in text.lines() {
        let Some(head) = line.strip_prefix("// %% ") else {
            lines.push(line);
            continue;
        };
        close(&mut all, &mut lines);
        let mut parts = head.split_whitespace();
        let id = parts.next().ok_or("a cell without a name")?.to_owned();
        if all.iter().any(|cell| cell.id == id) {
            return Err(format!("two texts are named `{id}`"));
        }
        let mut tags = Vec::new();
        for part in parts {
            let list = part.strip_prefix("tags=").ok_or_else(|| format!("`{part}` behind `// %% {id}`"))?;
            tags = list.split(',').map(str::to_owned).collect();
        }
        all.push(PageCell { id, text: String::new(), tags });
    }
    close(&mut all, &mut lines);
    Ok(all)
}

/// The cell to which a text belongs.
fn cell_of(text: &str) -> &str {
    text.trim_end_matches('\'')
}

/// Turns the script into steps, and finds the page as it stands in the end.
fn play(session: &mut SessionFile, texts: &[PageCell], runs: Option<&str>) -> Result<(), String> {
    let plain = || texts.iter().filter(|cell| cell_of(&cell.id) == cell.id);
    session.page = plain().cloned().collect();
    let script = runs.map_or_else(|| plain().map(|cell| cell.id.clone()).collect(), words);
    for token in script {
        let (sign, name) = match token.split_at_checked(1) {
            Some((sign @ ("!" | "~" | "-"), name)) => (sign, name),
            _ => ("", token.as_str()),
        };
        let cell = cell_of(name).to_owned();
        let at = session.page.iter().position(|on_page| on_page.id == cell);
        let at = at.ok_or_else(|| format!("`{token}`: no cell `{cell}` on the page"))?;
        if sign == "-" {
            session.page.remove(at);
            session.steps.push(Step::Delete { cell });
            continue;
        }
        // A plain name runs what stands there; to edit back to it, it is written with `~`.
        if name != cell || sign == "~" {
            let text = texts.iter().find(|text| text.id == name).ok_or_else(|| format!("`{token}`: no such text"))?;
            session.page[at] = PageCell { id: cell.clone(), ..text.clone() };
        }
        let text = session.page[at].text.clone();
        session.steps.push(match sign {
            "~" => Step::Edit { cell, text },
            _ => Step::Run { cell, text, fails: sign == "!" },
        });
    }
    Ok(())
}

/// What a header must not contradict.
fn check(session: &SessionFile) -> Result<(), String> {
    if session.title.is_empty() {
        return Err("no title".to_owned());
    }
    let ran: BTreeSet<&str> = session
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Run { cell, .. } => Some(cell.as_str()),
            _ => None,
        })
        .collect();
    if session.terminal && ran.len() != session.steps.len() {
        return Err("an entry of a terminal session runs once".to_owned());
    }
    for verdict in [Some(&session.expected), session.allowed.as_ref().map(|(_, verdict)| verdict)].into_iter().flatten()
    {
        match verdict {
            Verdict::Promotes(promoted) => check_promoted(promoted, &ran)?,
            Verdict::Refuses(refused) => check_refused(refused, &ran)?,
        }
    }
    Ok(())
}

fn check_promoted(promoted: &Promoted, ran: &BTreeSet<&str>) -> Result<(), String> {
    let mut left = ran.clone();
    let named = [&promoted.stages, &promoted.outside, &promoted.dropped, &promoted.may_stay].into_iter().flatten();
    for cell in named {
        if !left.remove(cell.as_str()) {
            return Err(format!("cell {cell} is named twice, or never ran"));
        }
    }
    let stays = |cell: &String| promoted.stages.contains(cell) || promoted.may_stay.contains(cell);
    if !promoted.merged.iter().flatten().all(stays) {
        return Err("`merged` names a cell that is in no stage".to_owned());
    }
    if left.is_empty() { Ok(()) } else { Err(format!("nothing is said of {left:?}")) }
}

fn check_refused(refused: &Refused, ran: &BTreeSet<&str>) -> Result<(), String> {
    if !REASONS.contains(&refused.reason.as_str()) {
        return Err(format!("`{}` is no reason of the law", refused.reason));
    }
    if refused.remedy.is_empty() {
        return Err("no remedy".to_owned());
    }
    match refused.at.iter().find(|place| !ran.contains(place.cell.as_str())) {
        Some(place) => Err(format!("cell {} never ran", place.cell)),
        None => Ok(()),
    }
}
