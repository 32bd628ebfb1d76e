//! What generated cell code calls: the variable store, the guarded call, and the choice of how a value is shown.
//!
//! Nothing here is meant to be called by hand; the names are reserved for generated code.

use crate::bundle::Bundle;
use crate::error::CellError;
use crate::frame::Variable;
use crate::interrupt::{self, InterruptUnwind};
use crate::{inspect, registry, sink};
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type ShowFn = Box<dyn Fn(&dyn Any) -> Bundle>;
type Inspection = (Option<String>, u64);
type InspectFn = Box<dyn Fn(&dyn Any) -> Inspection>;

struct Slot {
    value: Box<dyn Any>,
    type_name: &'static str,
    show: ShowFn,
    inspect: InspectFn,
    execution: u64,
}

/// The variables of a session, by name. Lives on the one thread that runs cells.
#[derive(Default)]
pub struct Store {
    slots: HashMap<String, Slot>,
}

impl Store {
    /// Describes all variables, by name.
    pub fn variables(&self) -> Vec<Variable> {
        let mut all: Vec<_> = self.slots.iter().map(|(name, slot)| describe(name, slot)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Shows a variable as the last expression of a cell would.
    pub fn show(&self, name: &str) -> Option<Bundle> {
        let slot = self.slots.get(name)?;
        Some(registry::show(&*slot.value).unwrap_or_else(|| (slot.show)(&*slot.value)))
    }

    /// Drops a variable; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.slots.remove(name).is_some_and(|slot| {
            discard(slot.value);
            true
        })
    }
}

fn describe(name: &str, slot: &Slot) -> Variable {
    // A user's `Inspect` may panic, and must not take the store with it.
    let inspected = catch_unwind(AssertUnwindSafe(|| match registry::entry((*slot.value).type_id()) {
        Some(entry) => (entry.inspect)(&*slot.value),
        None => (slot.inspect)(&*slot.value),
    }));
    let (shape, bytes) = inspected.unwrap_or_default();
    Variable {
        name: name.to_owned(),
        type_name: slot.type_name.to_owned(),
        shape,
        bytes: bytes + size_of_val(&*slot.value) as u64,
        execution: slot.execution,
    }
}

/// Drops a value whose destructor may panic.
fn discard<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

/// Why a cell ended early.
#[derive(Debug)]
pub enum Stop {
    /// Stored values are not of the types that the cell was compiled for.
    Refused(Vec<(String, Option<String>)>),
    /// `?` carried an error out.
    Error(CellError),
    /// A panic; the hook has recorded where.
    Panic(String),
    /// The interrupt.
    Interrupted,
}

impl<E: std::fmt::Display + 'static> From<E> for Stop {
    fn from(error: E) -> Self {
        let error = CellError::from(error);
        if error.interrupted { Stop::Interrupted } else { Stop::Error(error) }
    }
}

/// What an entry function returns.
pub type CellResult = Result<(), Stop>;
/// An entry function.
pub type Entry = fn(&Cx) -> CellResult;

/// One execution's view of the store.
pub struct Cx {
    store: RefCell<Store>,
    execution: u64,
    mismatched: RefCell<Vec<(String, Option<String>)>>,
    taken: RefCell<Vec<&'static str>>,
    put: RefCell<Vec<&'static str>>,
    shown: Cell<bool>,
}

/// What an execution left behind.
pub struct Left {
    /// The store, with the execution's variables in it.
    pub store: Store,
    /// Variables that it put, in order.
    pub put: Vec<Variable>,
    /// Names that it took and did not put back.
    pub gone: Vec<String>,
}

impl Cx {
    /// Lends the store to an execution.
    pub fn new(store: Store, execution: u64) -> Self {
        Cx {
            store: RefCell::new(store),
            execution,
            mismatched: RefCell::default(),
            taken: RefCell::default(),
            put: RefCell::default(),
            shown: Cell::new(false),
        }
    }

    /// Ends the execution and gives the store back.
    pub fn finish(self) -> Left {
        let store = self.store.into_inner();
        let put = self.put.into_inner();
        let gone = self.taken.into_inner().into_iter().filter(|n| !store.slots.contains_key(*n)).map(str::to_owned);
        let gone = gone.collect();
        let put = put.iter().filter_map(|name| store.slots.get(*name).map(|slot| describe(name, slot))).collect();
        Left { store, put, gone }
    }

    /// Checks, before anything is taken, that `name` holds a `T`.
    pub fn expect<T: Any>(&self, name: &'static str) {
        let store = self.store.borrow();
        let slot = store.slots.get(name);
        if slot.is_none_or(|slot| (*slot.value).type_id() != TypeId::of::<T>()) {
            self.mismatched.borrow_mut().push((name.to_owned(), slot.map(|slot| slot.type_name.to_owned())));
        }
    }

    /// Whether all that was expected is there.
    ///
    /// # Errors
    /// [`Stop::Refused`] with the variables that are not.
    pub fn ready(&self) -> CellResult {
        let mismatched = self.mismatched.take();
        if mismatched.is_empty() { Ok(()) } else { Err(Stop::Refused(mismatched)) }
    }

    /// Takes a variable out of the store.
    ///
    /// # Panics
    /// If it was not expected before with the same type: a fault of the code generator.
    pub fn take<T: Any>(&self, name: &'static str) -> T {
        let slot = self.store.borrow_mut().slots.remove(name);
        self.taken.borrow_mut().push(name);
        let value = slot.map(|slot| slot.value.downcast::<T>());
        match value {
            Some(Ok(value)) => *value,
            _ => panic!("`{name}` was taken without having been expected"),
        }
    }

    /// Puts a variable at the end of its scope. Scopes end innermost first, so the first put of a name is the newest.
    pub fn put<T: Any>(&self, name: &'static str, value: T, show: fn(&T) -> Bundle, inspect: fn(&T) -> Inspection) {
        if self.put.borrow().contains(&name) {
            discard(value);
        } else {
            self.put.borrow_mut().push(name);
            self.insert(name, Box::new(value), std::any::type_name::<T>(), erase(show), erase(inspect));
        }
    }

    fn insert(&self, name: &str, value: Box<dyn Any>, type_name: &'static str, show: ShowFn, inspect: InspectFn) {
        let slot = Slot { value, type_name, show, inspect, execution: self.execution };
        let old = self.store.borrow_mut().slots.insert(name.to_owned(), slot);
        if let Some(old) = old {
            discard(old.value);
        }
    }

    /// Shows the value of the last expression.
    pub fn result(&self, bundle: Bundle) {
        if !bundle.is_empty() && !self.shown.replace(true) {
            RESULT.with(|flag| flag.set(true));
            sink::emit(sink::Event::Display { bundle, id: None, update: false });
            RESULT.with(|flag| flag.set(false));
        }
    }
}

fn erase<T: Any, R: 'static>(f: fn(&T) -> R) -> Box<dyn Fn(&dyn Any) -> R> {
    Box::new(move |any| f(any.downcast_ref::<T>().expect("a slot's functions are made for its type")))
}

thread_local! {
    static RESULT: Cell<bool> = const { Cell::new(false) };
    static CELL_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether the display being emitted on this thread is the value of a cell.
pub fn emitting_result() -> bool {
    RESULT.with(Cell::get)
}

/// Declares the calling thread the one that runs cells.
pub fn enter_cell_thread() {
    CELL_THREAD.with(|flag| flag.set(true));
}

/// Whether the calling thread is the one that runs cells.
pub fn on_cell_thread() -> bool {
    CELL_THREAD.with(Cell::get)
}

static WORKER: std::sync::OnceLock<fn() -> bool> = std::sync::OnceLock::new();

/// Tells how to recognise a worker of a thread pool whose panics reach the cell (rayon's do).
pub fn set_worker_test(test: fn() -> bool) {
    let _ = WORKER.set(test);
}

/// Whether a panic on the calling thread reaches the running cell.
pub fn unwinds_into_cell() -> bool {
    on_cell_thread() || WORKER.get().is_some_and(|test| test())
}

/// Stands in every loop of user code: one atomic load, and an unwind once the user asked to stop.
#[inline]
pub fn tick() {
    if interrupt::requested() {
        tick_slow();
    }
}

#[cold]
fn tick_slow() {
    if unwinds_into_cell() && !std::thread::panicking() {
        resume_unwind(Box::new(InterruptUnwind));
    }
}

/// Calls a part of a cell; panics and interrupts come back as values.
///
/// # Errors
/// Whatever stopped it.
pub fn run(part: impl FnOnce() -> CellResult) -> CellResult {
    catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|payload| Err(stop_of(payload)))
}

/// As [`run`], for a part with `.await` in it.
pub fn run_async<F: Future<Output = CellResult>>(part: F) -> impl Future<Output = CellResult> {
    use std::task::Poll;
    let mut part = Box::pin(part);
    std::future::poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| part.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) if interrupt::requested() => Poll::Ready(Err(Stop::Interrupted)),
            Ok(poll) => poll,
            Err(payload) => Poll::Ready(Err(stop_of(payload))),
        }
    })
}

fn stop_of(payload: Box<dyn Any + Send>) -> Stop {
    if payload.is::<InterruptUnwind>() {
        return Stop::Interrupted;
    }
    let text = payload.downcast_ref::<&'static str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    discard(payload);
    Stop::Panic(text.unwrap_or_else(|| "a panic with a payload that is no text".to_owned()))
}

/// A borrowed value, for choosing by method resolution how it is shown (autoref specialisation).
pub struct Wrap<'a, T: ?Sized>(pub &'a T);

/// Registered types behind one reference.
pub trait ViaReference {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
/// Registered types themselves.
pub trait ViaRegistry {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
impl<U> ViaReference for &Wrap<'_, &U> {
    fn __ironbook_registered(&self) -> Option<Bundle> {
        registered(*self.0)
    }
}
impl<T> ViaRegistry for Wrap<'_, T> {
    fn __ironbook_registered(&self) -> Option<Bundle> {
        registered(self.0)
    }
}

fn registered<T>(value: &T) -> Option<Bundle> {
    registry::show_borrowed(value)
}

/// Types with [`crate::Display`].
pub trait ViaDisplay {
    #[doc(hidden)]
    fn __ironbook_bundle(&self) -> Bundle;
}
/// Types with `Debug`.
pub trait ViaDebug {
    #[doc(hidden)]
    fn __ironbook_bundle(&self) -> Bundle;
}
/// All others: the type's name.
pub trait ViaName {
    #[doc(hidden)]
    fn __ironbook_bundle(&self) -> Bundle;
}
impl<T: crate::Display + ?Sized> ViaDisplay for &&Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        self.0.bundle()
    }
}
impl<T: std::fmt::Debug> ViaDebug for &Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        debug_bundle(self.0)
    }
}
impl<T> ViaName for Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        Bundle::text(format!("<{}>", std::any::type_name::<T>()))
    }
}

/// Longest `{:?}` that is shown on one line.
const ONE_LINE: usize = 100;

fn debug_bundle(value: &dyn std::fmt::Debug) -> Bundle {
    let flat = format!("{value:?}");
    match flat.as_str() {
        "()" => Bundle::default(),
        _ if flat.len() > ONE_LINE && flat.contains('{') && !flat.contains('\n') => Bundle::text(format!("{value:#?}")),
        _ => Bundle::text(flat),
    }
}

/// Types with [`inspect::Inspect`].
pub trait ViaInspect {
    #[doc(hidden)]
    fn __ironbook_inspect(&self) -> (Option<String>, u64);
}
/// All others.
pub trait ViaSize {
    #[doc(hidden)]
    fn __ironbook_inspect(&self) -> (Option<String>, u64);
}
impl<T: inspect::Inspect> ViaInspect for &Wrap<'_, T> {
    fn __ironbook_inspect(&self) -> (Option<String>, u64) {
        (self.0.shape(), self.0.heap_bytes())
    }
}
impl<T> ViaSize for Wrap<'_, T> {
    fn __ironbook_inspect(&self) -> (Option<String>, u64) {
        (None, 0)
    }
}

/// How a value is shown: by the registry, by [`crate::Display`], by `Debug`, or by its type's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_bundle { // method resolution on a concrete type cannot be written as a function
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::{ViaDebug as _, ViaDisplay as _, ViaName as _, ViaReference as _, ViaRegistry as _};
        let wrapped = $crate::rt::Wrap($value);
        match (&wrapped).__ironbook_registered() {
            ::core::option::Option::Some(bundle) => bundle,
            ::core::option::Option::None => (&&&wrapped).__ironbook_bundle(),
        }
    }};
}

/// Puts a variable with the functions that show and measure it.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_put { // as above
    ($cx:expr, put, $name:literal, $value:ident) => {
        $cx.put(
            $name,
            $value,
            |value| $crate::__ironbook_bundle!(value),
            |value| {
                #[allow(unused_imports)]
                use $crate::rt::{ViaInspect as _, ViaSize as _};
                (&&$crate::rt::Wrap(value)).__ironbook_inspect()
            },
        )
    };
}

pub use __ironbook_bundle as bundle;
pub use __ironbook_put as put;
