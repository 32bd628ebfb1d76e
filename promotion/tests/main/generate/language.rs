//! The small language of random sessions: how its statements are written in Rust, and what they do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Number of a run, from 1.
pub type RunId = usize;

/// Numbers stay below it, so that nothing overflows.
pub const MODULUS: i64 = 1009;

/// The struct of all sessions, which their first cell defines.
pub const POINT: &str =
    "#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]\nstruct Point { x: i64, y: i64 }";

/// What has a version: a variable, or what shared handles point to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A variable.
    Var(String),
    /// A cell of the heap.
    Heap(usize),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `i64`.
    Int(i64),
    /// `Vec<i64>`.
    List(Vec<i64>),
    /// `Point`.
    Point(i64, i64),
    /// `Rc<RefCell<i64>>`.
    Shared(usize),
}

impl Value {
    /// As `{:?}` shows it.
    pub fn shown(&self) -> String {
        match self {
            Value::Int(n) => n.to_string(),
            Value::List(all) => format!("{all:?}"),
            Value::Point(x, y) => format!("Point {{ x: {x}, y: {y} }}"),
            Value::Shared(at) => format!("shared {at}"),
        }
    }
}

/// An expression. Numbers first, then what only a `let` takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `7`
    Num(i64),
    /// `a`
    Var(String),
    /// The sum of a list.
    Sum(String),
    /// `p.x`
    X(String),
    /// `*s.borrow()`
    Borrow(String),
    /// `(left * factor + right) % MODULUS`
    Mix(Box<Expr>, i64, Box<Expr>),
    /// `f(argument)`
    Call(String, Box<Expr>),
    /// `vec![..]`
    List(Vec<Expr>),
    /// `v`, which is moved.
    Move(String),
    /// `v.clone()`
    Copy(String),
    /// `Point { x, y }`
    Point(Box<Expr>, Box<Expr>),
    /// `Rc::new(RefCell::new(..))`
    Share(Box<Expr>),
    /// `Rc::clone(&s)`
    Alias(String),
}

/// A statement or an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `fn f(x: i64) -> i64 { (x * factor + plus) % MODULUS }`
    Function { name: String, factor: i64, plus: i64 },
    /// `let to = ..;`
    Let { to: String, value: Expr },
    /// `to = ..;`
    Assign { to: String, value: Expr },
    /// `list.push(..);`
    Push { list: String, value: Expr },
    /// `list.sort();`
    Sort { list: String },
    /// `point.x = ..;`
    SetX { point: String, value: Expr },
    /// What a handle points to gets another value.
    SetShared { shared: String, value: Expr },
    /// `println!(..);`
    Print { value: Expr },
    /// `panic!(..);`
    Panic,
}

/// The text of a cell.
pub fn text(statements: &[Statement]) -> String {
    statements.iter().map(Statement::rust).collect::<Vec<_>>().join("\n")
}

impl Statement {
    fn rust(&self) -> String {
        match self {
            Statement::Function { name, factor, plus } => {
                format!("fn {name}(x: i64) -> i64 {{ (x * {factor} + {plus}) % {MODULUS} }}")
            }
            Statement::Let { to, value } => format!("let mut {to} = {};", value.rust()),
            Statement::Assign { to, value } => format!("{to} = {};", value.rust()),
            Statement::Push { list, value } => format!("{list}.push({});", value.rust()),
            Statement::Sort { list } => format!("{list}.sort();"),
            Statement::SetX { point, value } => format!("{point}.x = {};", value.rust()),
            Statement::SetShared { shared, value } => {
                format!("{{ let next = {}; *{shared}.borrow_mut() = next; }}", value.rust())
            }
            Statement::Print { value } => format!("println!(\"{{:?}}\", {});", value.rust()),
            Statement::Panic => "panic!(\"stopped here\");".to_owned(),
        }
    }
}

impl Expr {
    fn rust(&self) -> String {
        match self {
            Expr::Num(n) => format!("{n}i64"),
            Expr::Var(name) | Expr::Move(name) => name.clone(),
            Expr::Sum(list) => format!("({list}.iter().sum::<i64>() % {MODULUS})"),
            Expr::X(point) => format!("{point}.x"),
            Expr::Borrow(shared) => format!("*{shared}.borrow()"),
            Expr::Mix(left, factor, right) => format!("({} * {factor} + {}) % {MODULUS}", left.rust(), right.rust()),
            Expr::Call(function, argument) => format!("{function}({})", argument.rust()),
            Expr::List(all) => {
                let mut out = String::new();
                all.iter().for_each(|each| {
                    let _ = write!(out, "{}{}", if out.is_empty() { "" } else { ", " }, each.rust());
                });
                format!("vec![{out}]")
            }
            Expr::Copy(list) => format!("{list}.clone()"),
            Expr::Point(x, y) => format!("Point {{ x: {}, y: {} }}", x.rust(), y.rust()),
            Expr::Share(value) => format!("std::rc::Rc::new(std::cell::RefCell::new({}))", value.rust()),
            Expr::Alias(shared) => format!("std::rc::Rc::clone(&{shared})"),
        }
    }

    /// The constants in it, to be changed by an edit.
    pub fn constants(&mut self) -> Vec<&mut i64> {
        match self {
            Expr::Num(n) => vec![n],
            Expr::Mix(left, factor, right) => {
                left.constants().into_iter().chain([factor]).chain(right.constants()).collect()
            }
            Expr::Call(_, value) | Expr::Share(value) => value.constants(),
            Expr::List(all) => all.iter_mut().flat_map(Expr::constants).collect(),
            Expr::Point(x, y) => x.constants().into_iter().chain(y.constants()).collect(),
            _ => Vec::new(),
        }
    }
}

impl Statement {
    /// The constants in it, to be changed by an edit.
    pub fn constants(&mut self) -> Vec<&mut i64> {
        match self {
            Statement::Function { factor, plus, .. } => vec![factor, plus],
            Statement::Let { value, .. }
            | Statement::Assign { value, .. }
            | Statement::Push { value, .. }
            | Statement::SetX { value, .. }
            | Statement::SetShared { value, .. }
            | Statement::Print { value } => value.constants(),
            Statement::Sort { .. } | Statement::Panic => Vec::new(),
        }
    }
}

/// A function as it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// What it multiplies by and adds.
    pub body: (i64, i64),
    /// The run that defined it.
    pub by: RunId,
}

/// The memory of a session, or of a replay.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Live variables.
    pub values: BTreeMap<String, Value>,
    /// What handles point to.
    pub heap: Vec<i64>,
    /// Functions in force.
    pub functions: BTreeMap<String, Function>,
}

/// What statements that a pipeline keeps have read and written, in the order of a run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Read before anything of this run wrote it.
    pub read: BTreeSet<Key>,
    /// Made or changed.
    pub wrote: BTreeSet<Key>,
    /// Functions that were called.
    pub called: BTreeSet<String>,
    /// Functions that were defined.
    pub defined: BTreeSet<String>,
    /// Whether a shared handle was touched.
    pub shared: bool,
    /// Whether it ended with a panic.
    pub panicked: bool,
    /// Of each statement that a pipeline can keep: what it read and wrote.
    pub statements: Vec<(BTreeSet<Key>, BTreeSet<Key>)>,
}

impl Trace {
    /// Adds what one statement did.
    fn take(&mut self, own: Trace) {
        own.read.iter().for_each(|key| self.read(key.clone()));
        self.wrote.extend(own.wrote.iter().cloned());
        self.called.extend(own.called);
        self.shared |= own.shared;
        self.statements.push((own.read, own.wrote));
    }

    fn read(&mut self, key: Key) {
        if !self.wrote.contains(&key) {
            self.read.insert(key);
        }
    }
}

/// A name that is not there: the cell does not compile.
#[derive(Debug, PartialEq)]
pub struct Missing(pub String);

impl State {
    /// Runs a cell. When it does not compile, nothing of it has happened.
    pub fn run(&mut self, statements: &[Statement], by: RunId) -> Result<Trace, Missing> {
        let mut next = self.clone();
        let mut trace = Trace::default();
        // The whole cell is compiled, also what stands behind a panic; its items count from the first line on.
        for statement in statements {
            if let Statement::Function { name, factor, plus } = statement {
                next.functions.insert(name.clone(), Function { body: (*factor, *plus), by });
                trace.defined.insert(name.clone());
            }
        }
        for statement in statements {
            if *statement == Statement::Panic {
                trace.panicked = true;
                break;
            }
            let mut own = Trace::default();
            next.step(statement, &mut own)?;
            trace.take(own);
        }
        *self = next;
        Ok(trace)
    }

    fn step(&mut self, statement: &Statement, trace: &mut Trace) -> Result<(), Missing> {
        match statement {
            Statement::Function { .. } | Statement::Panic => {}
            Statement::Let { to, value } => {
                let value = self.value(value, trace)?;
                self.put(to, value, trace);
            }
            Statement::Assign { to, value } => {
                self.variable(to, trace)?;
                let value = self.value(value, trace)?;
                self.put(to, value, trace);
            }
            Statement::Push { list, value } => {
                let pushed = self.number(value, trace)?;
                let mut all = self.list(list, trace)?;
                all.push(pushed);
                self.put(list, Value::List(all), trace);
            }
            Statement::Sort { list } => {
                let mut all = self.list(list, trace)?;
                all.sort_unstable();
                self.put(list, Value::List(all), trace);
            }
            Statement::SetX { point, value } => {
                let x = self.number(value, trace)?;
                let (_, y) = self.point(point, trace)?;
                self.put(point, Value::Point(x, y), trace);
            }
            Statement::SetShared { shared, value } => {
                let next = self.number(value, trace)?;
                let at = self.handle(shared, trace)?;
                // Old versions of what lies there are what others made of it.
                trace.read(Key::Heap(at));
                self.heap[at] = next;
                trace.wrote.insert(Key::Heap(at));
            }
            // Dropped from a pipeline: what it reads is not followed.
            Statement::Print { value } => drop(self.value(value, &mut Trace::default())?),
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: Value, trace: &mut Trace) {
        trace.shared |= matches!(value, Value::Shared(_));
        self.values.insert(name.to_owned(), value);
        trace.wrote.insert(Key::Var(name.to_owned()));
    }

    fn variable(&self, name: &str, trace: &mut Trace) -> Result<Value, Missing> {
        let value = self.values.get(name).ok_or_else(|| Missing(name.to_owned()))?;
        trace.read(Key::Var(name.to_owned()));
        trace.shared |= matches!(value, Value::Shared(_));
        Ok(value.clone())
    }

    fn number(&mut self, expr: &Expr, trace: &mut Trace) -> Result<i64, Missing> {
        match self.value(expr, trace)? {
            Value::Int(n) => Ok(n),
            other => unreachable!("{expr:?} is {other:?}"),
        }
    }

    fn list(&self, name: &str, trace: &mut Trace) -> Result<Vec<i64>, Missing> {
        match self.variable(name, trace)? {
            Value::List(all) => Ok(all),
            other => unreachable!("{name} is {other:?}"),
        }
    }

    fn point(&self, name: &str, trace: &mut Trace) -> Result<(i64, i64), Missing> {
        match self.variable(name, trace)? {
            Value::Point(x, y) => Ok((x, y)),
            other => unreachable!("{name} is {other:?}"),
        }
    }

    fn handle(&self, name: &str, trace: &mut Trace) -> Result<usize, Missing> {
        match self.variable(name, trace)? {
            Value::Shared(at) => Ok(at),
            other => unreachable!("{name} is {other:?}"),
        }
    }

    fn value(&mut self, expr: &Expr, trace: &mut Trace) -> Result<Value, Missing> {
        Ok(match expr {
            Expr::Num(n) => Value::Int(*n),
            Expr::Var(name) | Expr::Copy(name) => self.variable(name, trace)?,
            Expr::Sum(list) => Value::Int(self.list(list, trace)?.iter().sum::<i64>() % MODULUS),
            Expr::X(point) => Value::Int(self.point(point, trace)?.0),
            Expr::Borrow(shared) => {
                let at = self.handle(shared, trace)?;
                trace.read(Key::Heap(at));
                Value::Int(self.heap[at])
            }
            Expr::Mix(left, factor, right) => {
                Value::Int((self.number(left, trace)? * factor + self.number(right, trace)?) % MODULUS)
            }
            Expr::Call(name, argument) => {
                let argument = self.number(argument, trace)?;
                let function = self.functions.get(name).ok_or_else(|| Missing(name.clone()))?;
                trace.called.insert(name.clone());
                Value::Int((argument * function.body.0 + function.body.1) % MODULUS)
            }
            Expr::List(all) => Value::List(all.iter().map(|each| self.number(each, trace)).collect::<Result<_, _>>()?),
            Expr::Move(name) => {
                let value = self.variable(name, trace)?;
                self.values.remove(name);
                value
            }
            Expr::Point(x, y) => Value::Point(self.number(x, trace)?, self.number(y, trace)?),
            Expr::Share(value) => {
                let value = self.number(value, trace)?;
                self.heap.push(value);
                trace.wrote.insert(Key::Heap(self.heap.len() - 1));
                trace.shared = true;
                Value::Shared(self.heap.len() - 1)
            }
            Expr::Alias(shared) => self.variable(shared, trace)?,
        })
    }
}
