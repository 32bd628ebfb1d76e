//! What generated cell code calls: the variable store, the guarded call, and the choice of how a value is shown.
//!
//! Nothing here is meant to be called by hand; the names are reserved for generated code.

mod kept;
mod shown;

pub use self::kept::*;
pub use self::shown::*;
pub use crate::slots::Store;
pub use crate::{__ironbook_bundle as bundle, __ironbook_bundle_evcxr as bundle_evcxr};
pub use crate::{__ironbook_know as know, __ironbook_put as put};

use crate::bundle::Bundle;
use crate::error::CellError;
use crate::frame::Variable;
use crate::interrupt::{self, InterruptUnwind};
use crate::keep::{self, Known};
use crate::slots::{Slot, State, discard};
use crate::{registry, sink};
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type Inspection = (Option<String>, u64);

/// Shows a value of one type, whatever that is. Only ever called with a pointer to a value of that type.
#[derive(Clone, Copy)]
pub struct Show(fn(*const ()) -> Bundle);

/// Measures a value of one type.
#[derive(Clone, Copy)]
pub struct Measure(fn(*const ()) -> Inspection);

#[expect(unsafe_code, reason = "one small function for each type keeps cells cheap to compile")]
impl Show {
    /// For values of type `T`.
    #[inline]
    pub fn of<T>(show: fn(&T) -> Bundle) -> Self {
        // SAFETY: `&T` and `*const ()` have the same ABI for sized `T`; `call` is given pointers to `T` only.
        Show(unsafe { std::mem::transmute::<fn(&T) -> Bundle, fn(*const ()) -> Bundle>(show) })
    }

    pub(crate) fn call(self, value: &dyn Any) -> Bundle {
        (self.0)(std::ptr::from_ref(value).cast())
    }
}

#[expect(unsafe_code, reason = "as for `Show`")]
impl Measure {
    /// For values of type `T`.
    #[inline]
    pub fn of<T>(measure: fn(&T) -> Inspection) -> Self {
        // SAFETY: as for `Show::of`.
        Measure(unsafe { std::mem::transmute::<fn(&T) -> Inspection, fn(*const ()) -> Inspection>(measure) })
    }

    pub(crate) fn call(self, value: &dyn Any) -> Inspection {
        (self.0)(std::ptr::from_ref(value).cast())
    }
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
    /// Variables that the cell does not change.
    unchanged: BTreeSet<String>,
    /// The number that the user sees at the cell.
    number: u64,
    /// Results that it made, and that went for it.
    results: RefCell<Vec<String>>,
    /// How those it has taken were kept.
    states: RefCell<HashMap<&'static str, (TypeId, State)>>,
}

/// What an execution left behind.
pub struct Left {
    /// The store, with the execution's variables in it.
    pub store: Store,
    /// Variables that it put, in order.
    pub put: Vec<Variable>,
    /// Names that it took and did not put back.
    pub gone: Vec<String>,
    /// Names that it took or put.
    pub touched: Vec<String>,
}

impl Cx {
    /// Lends the store to an execution of the cell `number`, which only reads the variables `unchanged`.
    pub fn new(store: Store, execution: u64, number: u64, unchanged: BTreeSet<String>) -> Self {
        Cx {
            store: RefCell::new(store),
            execution,
            mismatched: RefCell::default(),
            taken: RefCell::default(),
            put: RefCell::default(),
            shown: Cell::new(false),
            unchanged,
            number,
            results: RefCell::default(),
            states: RefCell::default(),
        }
    }

    /// Ends the execution and gives the store back.
    pub fn finish(self) -> Left {
        let store = self.store.into_inner();
        let taken = self.taken.into_inner();
        let touched: Vec<String> =
            taken.iter().chain(self.put.borrow().iter()).map(|name| (*name).to_owned()).collect();
        let gone = taken.into_iter().filter(|name| store.slot(name).is_none()).map(str::to_owned).collect();
        // A variable that was consumed is not wanted on disk either.
        for (name, (_, state)) in self.states.into_inner() {
            if let State::Large { wanted, .. } = state
                && store.slot(name).is_none()
            {
                wanted.no_more();
            }
        }
        let names = self.put.into_inner();
        let results = self.results.into_inner();
        let put = names.into_iter().chain(results.iter().map(String::as_str));
        let put = put.filter_map(|name| store.describe(name)).collect();
        let gone =
            results.iter().filter(|name| store.slot(name).is_none()).cloned().chain::<Vec<String>>(gone).collect();
        Left { store, put, gone, touched }
    }

    /// Checks, before anything is taken, that `name` holds a `T`.
    #[inline]
    pub fn expect<T: Any>(&self, name: &'static str) {
        self.expect_id(name, TypeId::of::<T>());
    }

    fn expect_id(&self, name: &'static str, id: TypeId) {
        let store = self.store.borrow();
        let slot = store.slot(name);
        if slot.is_none_or(|slot| (*slot.value).type_id() != id) {
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
    #[inline]
    #[expect(unsafe_code, reason = "the checked downcast is more code in each cell")]
    pub fn take<T: Any>(&self, name: &'static str) -> T {
        let value = self.take_id(name, TypeId::of::<T>());
        // SAFETY: `take_id` has compared the type.
        *unsafe { Box::from_raw(Box::into_raw(value).cast::<T>()) }
    }

    fn take_id(&self, name: &'static str, id: TypeId) -> Box<dyn Any> {
        self.store.borrow_mut().beware(name);
        let slot = self.store.borrow_mut().take(name);
        self.taken.borrow_mut().push(name);
        match slot {
            Some(mut slot) if (*slot.value).type_id() == id => {
                let state = std::mem::replace(&mut slot.state, State::New);
                self.states.borrow_mut().insert(name, (id, state));
                slot.into_value()
            }
            _ => panic!("`{name}` was taken without having been expected"),
        }
    }

    /// Puts a variable at the end of its scope. Scopes end innermost first, so the first put of a name is the newest.
    #[inline]
    pub fn put<T: Any>(&self, name: &'static str, value: T, show: Show, measure: Measure) {
        self.put_any(name, Box::new(value), std::any::type_name::<T>(), (show, measure));
    }

    fn put_any(
        &self,
        name: &'static str,
        value: Box<dyn Any>,
        type_name: &'static str,
        (show, measure): (Show, Measure),
    ) {
        if self.put.borrow().contains(&name) {
            discard(value);
            return;
        }
        self.put.borrow_mut().push(name);
        let state = self.state_of(name, (*value).type_id());
        let slot = Slot { value, type_name, show, measure, execution: self.execution, state };
        self.store.borrow_mut().insert(name, slot);
    }

    /// The newest variable of a name ended with its scope, moved or borrowing: an older one does not come back in its place.
    pub fn ended(&self, name: &'static str) {
        if self.put.borrow().contains(&name) {
            return;
        }
        self.put.borrow_mut().push(name);
        let slot = self.store.borrow_mut().take(name);
        if let Some(mut slot) = slot {
            self.taken.borrow_mut().push(name);
            let state = std::mem::replace(&mut slot.state, State::New);
            self.states.borrow_mut().insert(name, ((*slot.value).type_id(), state));
            discard(slot.into_value());
        }
    }

    /// A value that was only read is on disk as it was; any other has to be written again.
    fn state_of(&self, name: &'static str, id: TypeId) -> State {
        match self.states.borrow_mut().remove(name) {
            Some((was, state)) if was == id && self.unchanged.contains(name) && keep::is_frozen(id) => state,
            Some((_, State::Large { wanted, .. })) => {
                wanted.no_more();
                State::New
            }
            _ => State::New,
        }
    }

    /// Keeps the value of the last expression under the name `_N`, if its type is registered as one without lifetimes.
    #[inline]
    pub fn keep_result<T>(&self, value: T) {
        let mut value = std::mem::ManuallyDrop::new(value);
        if !self.keep_moved(registry::lifetime_free_id::<T>(), (&raw mut value).cast(), size_of::<T>()) {
            drop(std::mem::ManuallyDrop::into_inner(value));
        }
    }

    /// Whether the value was moved away.
    fn keep_moved(&self, id: TypeId, value: *mut (), size: usize) -> bool {
        let Some(Known::Kept(keeper)) = keep::known(id) else { return false };
        let Some(moved) = keeper.moved.filter(|_| size > 0) else { return false };
        let value = moved(value);
        let kept = self.store.borrow_mut().keep_result(self.number, self.execution, value, &keeper);
        self.results.borrow_mut().extend(kept);
        true
    }

    /// Learns how values of a type are kept: what a crate of its own, compiled once for the type, says. `frozen` tells that
    /// nothing in the type changes through a shared reference.
    pub fn know<T: Any>(&self, keeper: Option<keep::Keeper>, identity: &'static str, frozen: bool) {
        let keeper = keeper.map(|keeper| keeper.compiled_from(identity, frozen));
        if keep::known(TypeId::of::<T>()).is_some() {
            return;
        }
        keep::register::<T>(
            keeper.map_or(Known::Never("its type has no serde, or values of it cannot be compared"), Known::Kept),
        );
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

/// Whether a panic on the calling thread reaches the running cell, or whoever gave the thread its work.
pub fn unwinds_into_cell() -> bool {
    let works = || interrupt::is_at_work() || WORKER.get().is_some_and(|test| test());
    on_cell_thread() || !interrupt::apart() && works()
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
#[inline]
pub fn run(part: impl FnOnce() -> CellResult) -> CellResult {
    let mut part = Some(part);
    let mut result = Ok(());
    guarded(&mut || {
        if let Some(part) = part.take() {
            result = part();
        }
    })?;
    result
}

fn guarded(part: &mut dyn FnMut()) -> CellResult {
    catch_unwind(AssertUnwindSafe(part)).map_err(stop_of)
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
