//! Random sessions whose values and dependencies are known: cells over numbers, lists, structs and shared handles, run in
//! any order, run again, edited, deleted, failing.

#![allow(dead_code, reason = "each test binary that includes this file uses a part of it")]

// The paths hold also where another crate includes this file.
#[path = "generate/language.rs"]
pub mod language;
#[path = "generate/law.rs"]
pub mod law;

use crate::session_file::Step;
use language::{Expr, POINT, Statement, Value, text};
pub use law::Expected;
use law::Session;
use std::collections::BTreeMap;

/// A random session, and what promotion has to answer.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Whether it is a session of a terminal: entries without identities, no page.
    pub terminal: bool,
    /// What the user does, in order.
    pub steps: Vec<Step>,
    /// The texts of the cells that stand on the page in the end.
    pub page: BTreeMap<String, String>,
    /// What is to be promoted.
    pub targets: Vec<String>,
    /// What promotion has to answer.
    pub expected: Expected,
    /// The live variables and what `{:?}` shows of them; handles left out.
    pub values: BTreeMap<String, String>,
}

/// The session of a seed: the same for the same seed.
pub fn session(seed: u64) -> Generated {
    let mut maker = Maker { random: Random(seed), ..Maker::default() };
    maker.session.terminal = maker.random.chance(15);
    maker.begin();
    let steps = 6 + maker.random.below(14);
    for _ in 0..steps {
        maker.act();
    }
    maker.finish()
}

/// Steele, Lea and Flood's SplitMix64.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    fn small(&mut self) -> i64 {
        i64::try_from(self.next() % 9).unwrap_or(0) + 1
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { Some(&all[self.below(all.len())]) }
    }
}

/// The kinds of variables: a name's first letter tells.
const INTS: &[&str] = &["a", "b", "c", "d"];
const LISTS: &[&str] = &["list", "rows", "words"];
const POINTS: &[&str] = &["here", "there"];
const HANDLES: &[&str] = &["shared", "other"];
const FUNCTIONS: &[&str] = &["scale", "shift"];

#[derive(Default)]
struct Maker {
    random: Random,
    session: Session,
    steps: Vec<Step>,
    cells: usize,
    /// Cell of each function, so that each has one home.
    homes: BTreeMap<&'static str, String>,
}

impl Maker {
    /// The struct, a number and a list, so that there is something to work with.
    fn begin(&mut self) {
        self.session.page.insert("0".to_owned(), Vec::new());
        self.session.run("0");
        self.steps.push(Step::Run { cell: "0".to_owned(), text: POINT.to_owned(), fails: false });
        let first = Statement::Let { to: "a".to_owned(), value: Expr::Num(self.random.small()) };
        let second = Statement::Let { to: "list".to_owned(), value: Expr::List(vec![Expr::Num(3), Expr::Num(1)]) };
        self.add(vec![first]);
        self.add(vec![second]);
    }

    fn act(&mut self) {
        if self.session.terminal {
            return self.enter();
        }
        let cells: Vec<String> = self.session.page.keys().filter(|cell| *cell != "0").cloned().collect();
        let some = self.random.pick(&cells).cloned();
        match (self.random.below(100), some) {
            (0..66, _) | (_, None) => self.new_cell(),
            (66..80, Some(cell)) => self.run(&cell),
            (80..88, Some(cell)) => {
                self.edit(&cell);
                self.run(&cell);
            }
            (88..90, Some(cell)) => {
                self.edit(&cell);
                let text = text(&self.session.page[&cell]);
                self.steps.push(Step::Edit { cell, text });
            }
            (90..96, Some(_)) => self.run_all(),
            (96, Some(_)) => self.share_twice(),
            (_, Some(cell)) => {
                self.session.delete(&cell);
                self.steps.push(Step::Delete { cell });
            }
        }
    }

    /// An entry of a terminal: a new one, or an older one again, as it was or changed.
    fn enter(&mut self) {
        let older = self.random.below(self.cells) + 1;
        match self.random.below(10) {
            0 | 1 => self.add(self.session.page[&older.to_string()].clone()),
            2 => {
                let changed = self.edited(&older.to_string());
                self.add(changed);
            }
            _ => self.new_cell(),
        }
    }

    /// Makes a handle anew between two reads, one of which saw a change through the older one.
    fn share_twice(&mut self) {
        let to = self.name(HANDLES);
        let (start, factor) = (Expr::Num(self.random.small()), self.random.small() + 1);
        self.add(vec![Statement::Let { to: to.clone(), value: Expr::Share(Box::new(start)) }]);
        let maker = self.cells.to_string();
        let old = Box::new(Expr::Borrow(to.clone()));
        let value = Expr::Mix(old, factor, Box::new(Expr::Num(self.random.small())));
        self.add(vec![Statement::SetShared { shared: to.clone(), value }]);
        let sum = |name: &str| {
            let read = Expr::Mix(Box::new(Expr::Borrow(to.clone())), 1, Box::new(Expr::Var(name.to_owned())));
            Statement::Let { to: "d".to_owned(), value: if name.is_empty() { Expr::Borrow(to.clone()) } else { read } }
        };
        self.add(vec![sum("")]);
        self.run(&maker);
        self.add(vec![sum("d")]);
    }

    /// Runs the page from top to bottom.
    fn run_all(&mut self) {
        let mut cells: Vec<String> = self.session.page.keys().filter(|cell| *cell != "0").cloned().collect();
        cells.sort_by_key(|cell| cell.parse::<usize>().unwrap_or(0));
        cells.iter().for_each(|cell| self.run(cell));
    }

    fn new_cell(&mut self) {
        if self.random.chance(12)
            && let Some(name) = FUNCTIONS.iter().find(|name| !self.homes.contains_key(*name))
        {
            let (factor, plus) = (self.random.small(), self.random.small());
            self.homes.insert(name, (self.cells + 1).to_string());
            return self.add(vec![Statement::Function { name: (*name).to_owned(), factor, plus }]);
        }
        let mut statements: Vec<Statement> = Vec::new();
        let mut trial = self.session.state.clone();
        for _ in 0..=self.random.below(3) {
            let statement = self.statement(&trial);
            // What would not compile is left out; a failure on purpose comes from running a cell again.
            if trial.run(std::slice::from_ref(&statement), 0).is_ok() {
                statements.push(statement);
            }
        }
        if self.random.chance(3) {
            statements.push(Statement::Panic);
        }
        if !statements.is_empty() {
            self.add(statements);
        }
    }

    fn add(&mut self, statements: Vec<Statement>) {
        self.cells += 1;
        let cell = self.cells.to_string();
        self.session.page.insert(cell.clone(), statements);
        self.run(&cell);
    }

    fn run(&mut self, cell: &str) {
        let text = text(&self.session.page[cell]);
        let ok = self.session.run(cell);
        self.steps.push(Step::Run { cell: cell.to_owned(), text, fails: !ok });
    }

    fn edit(&mut self, cell: &str) {
        let changed = self.edited(cell);
        self.session.page.insert(cell.to_owned(), changed);
    }

    /// A cell with another constant or another statement.
    fn edited(&mut self, cell: &str) -> Vec<Statement> {
        let mut statements = self.session.page[cell].clone();
        let item = matches!(statements.first(), Some(Statement::Function { .. }));
        if self.random.chance(70) || item {
            let mut constants: Vec<&mut i64> = statements.iter_mut().flat_map(Statement::constants).collect();
            let count = constants.len();
            if count > 0 {
                *constants[self.random.below(count)] += 1;
            }
        } else {
            let statement = self.statement(&self.session.state.clone());
            statements.pop();
            statements.push(statement);
        }
        statements
    }

    fn finish(mut self) -> Generated {
        let keeps = |value: &Value| !matches!(value, Value::Shared(_));
        let live: Vec<String> =
            self.session.state.values.iter().filter(|(_, value)| keeps(value)).map(|(name, _)| name.clone()).collect();
        let mut targets: Vec<String> = Vec::new();
        for _ in 0..=self.random.below(2) {
            targets.extend(self.random.pick(&live).filter(|name| !targets.contains(name)).cloned());
        }
        let values = self.session.state.values.iter().filter(|(_, value)| keeps(value));
        let shown = |(cell, statements): (&String, &Vec<Statement>)| {
            (cell.clone(), if cell == "0" { POINT.to_owned() } else { text(statements) })
        };
        Generated {
            expected: self.session.judge(&targets),
            page: self.session.page.iter().map(shown).collect(),
            values: values.map(|(name, value)| (name.clone(), value.shown())).collect(),
            steps: self.steps,
            terminal: self.session.terminal,
            targets,
        }
    }
}

/// Statements that can be made of what is there.
impl Maker {
    fn live(&mut self, state: &language::State, names: &[&str]) -> Option<String> {
        let live: Vec<&&str> = names.iter().filter(|name| state.values.contains_key(**name)).collect();
        self.random.pick(&live).map(|name| (**name).to_owned())
    }

    fn name(&mut self, names: &[&'static str]) -> String {
        names[self.random.below(names.len())].to_owned()
    }

    fn statement(&mut self, state: &language::State) -> Statement {
        let made = match self.random.below(22) {
            0 | 1 => Some(Statement::Let { to: self.name(LISTS), value: self.list(state) }),
            2 => Some(Statement::Let { to: self.name(POINTS), value: self.point(state) }),
            3 => self
                .live(state, HANDLES)
                .map(|from| Statement::Let { to: self.name(HANDLES), value: Expr::Alias(from) }),
            4 => {
                let value = Expr::Share(Box::new(self.number(state, 1)));
                Some(Statement::Let { to: self.name(HANDLES), value })
            }
            5 | 6 => {
                let to = self.live(state, INTS);
                to.map(|to| Statement::Assign { value: self.onto(Expr::Var(to.clone()), state), to })
            }
            7 | 8 => self.live(state, LISTS).map(|list| Statement::Push { list, value: self.number(state, 1) }),
            9 => self.live(state, LISTS).map(|list| Statement::Sort { list }),
            10 => {
                let point = self.live(state, POINTS);
                point.map(|point| Statement::SetX { value: self.onto(Expr::X(point.clone()), state), point })
            }
            11 | 12 | 20 | 21 => {
                let shared = self.live(state, HANDLES);
                shared.map(|shared| Statement::SetShared {
                    value: self.onto(Expr::Borrow(shared.clone()), state),
                    shared,
                })
            }
            13 => self.live(state, INTS).map(|name| Statement::Print { value: Expr::Var(name) }),
            14 => self.live(state, LISTS).map(|name| Statement::Print { value: Expr::Sum(name) }),
            _ => None,
        };
        made.unwrap_or_else(|| Statement::Let { to: self.name(INTS), value: self.number(state, 2) })
    }

    /// A change in place is made of what was there.
    fn onto(&mut self, old: Expr, state: &language::State) -> Expr {
        Expr::Mix(Box::new(old), self.random.small(), Box::new(self.number(state, 0)))
    }

    fn list(&mut self, state: &language::State) -> Expr {
        match (self.random.below(4), self.live(state, LISTS)) {
            (0, Some(from)) => Expr::Move(from),
            (1, Some(from)) => Expr::Copy(from),
            _ => Expr::List((0..=self.random.below(3)).map(|_| self.number(state, 0)).collect()),
        }
    }

    fn point(&mut self, state: &language::State) -> Expr {
        match (self.random.below(4), self.live(state, POINTS)) {
            (0, Some(from)) => Expr::Copy(from),
            _ => Expr::Point(Box::new(self.number(state, 0)), Box::new(self.number(state, 0))),
        }
    }

    fn number(&mut self, state: &language::State, depth: usize) -> Expr {
        if depth > 0 && self.random.chance(50) {
            let (left, factor) = (self.number(state, depth - 1), self.random.small());
            return Expr::Mix(Box::new(left), factor, Box::new(self.number(state, depth - 1)));
        }
        let found = match self.random.below(10) {
            0..4 => self.live(state, INTS).map(Expr::Var),
            4 => self.live(state, LISTS).map(Expr::Sum),
            5 => self.live(state, POINTS).map(Expr::X),
            6 | 7 => self.live(state, HANDLES).map(Expr::Borrow),
            8 => {
                let known: Vec<String> = state.functions.keys().cloned().collect();
                let argument = Box::new(Expr::Num(self.random.small()));
                self.random.pick(&known).map(|name| Expr::Call(name.clone(), argument))
            }
            _ => None,
        };
        found.unwrap_or_else(|| Expr::Num(self.random.small()))
    }
}
