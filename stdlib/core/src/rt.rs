//! What generated cell code calls: the variable store, the guarded call, and the choice of how a value is shown.
//!
//! Nothing here is meant to be called by hand; the names are reserved for generated code.

use crate::bundle::Bundle;
use crate::contain::{self, Holds};
use crate::error::{self, CellError};
use crate::frame::Variable;
use crate::interrupt::{self, InterruptUnwind};
use crate::keep::{self, Compare, Known};
use crate::slots::{Slot, State, discard};
use crate::{inspect, registry, sink};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
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

pub use crate::slots::Store;

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

/// A borrowed value, for choosing by method resolution how it is shown (autoref specialisation).
pub struct Wrap<'a, T: ?Sized>(pub &'a T);

/// Types that this crate knows: their code is compiled once, here, and not in each cell.
pub trait ViaKnown {
    #[doc(hidden)]
    fn __ironbook_bundle(&self) -> Bundle;
    #[doc(hidden)]
    fn __ironbook_show(&self) -> Show;
    #[doc(hidden)]
    fn __ironbook_measure(&self) -> Measure;
}

/// Types known here are not looked up in the registry.
pub trait ViaUnregistered {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
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
        registry::show_borrowed(*self.0)
    }
}
impl<T> ViaRegistry for Wrap<'_, T> {
    fn __ironbook_registered(&self) -> Option<Bundle> {
        registry::show_borrowed(self.0)
    }
}

/// A way to show values, which some types have.
macro_rules! way { // each is a trait of its own, as method resolution tries them in turn
    ($($(#[$doc:meta])* $name:ident)+) => { $(
        $(#[$doc])*
        pub trait $name {
            #[doc(hidden)]
            fn __ironbook_bundle(&self) -> Bundle;
            #[doc(hidden)]
            fn __ironbook_show(&self) -> Show;
        }
    )+ };
}
way! {
    /// Results of types with [`crate::Display`] whose errors have causes.
    ViaCauses
    /// Types with [`crate::Display`].
    ViaDisplay
    /// Results of other types whose errors have causes.
    ViaCausesOf
    /// Options, results, lists and pointers of other types, which the registry may know.
    ViaHeld
    /// Types with `Debug`.
    ViaDebug
    /// All others: the type's name.
    ViaName
}
impl<T: crate::Display, E: std::error::Error> ViaCauses for &&&&Wrap<'_, Result<T, E>> {
    fn __ironbook_bundle(&self) -> Bundle {
        result_bundle(self.0, T::bundle)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<Result<T, E>>(|value| result_bundle(value, T::bundle))
    }
}
impl<T: crate::Display> ViaDisplay for &&&Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        self.0.bundle()
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(T::bundle)
    }
}
impl<T: std::fmt::Debug, E: std::error::Error> ViaCausesOf for &&&Wrap<'_, Result<T, E>> {
    fn __ironbook_bundle(&self) -> Bundle {
        other_result_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<Result<T, E>>(other_result_bundle)
    }
}
impl<T: Holds + std::fmt::Debug> ViaHeld for &&Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        held_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(held_bundle)
    }
}
impl<T: std::fmt::Debug> ViaDebug for &Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        debug_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(|value| debug_bundle(value))
    }
}
impl<T> ViaName for Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        name_bundle(std::any::type_name::<T>())
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(|_| name_bundle(std::any::type_name::<T>()))
    }
}

fn result_bundle<T, E: std::error::Error>(result: &Result<T, E>, show: fn(&T) -> Bundle) -> Bundle {
    match result {
        Ok(value) => show(value),
        Err(error) => with_causes(error),
    }
}

fn other_result_bundle<T: std::fmt::Debug, E: std::error::Error>(result: &Result<T, E>) -> Bundle {
    match result {
        Ok(value) => registry::show_borrowed(value).unwrap_or_else(|| debug_bundle(result)),
        Err(error) => with_causes(error),
    }
}

fn held_bundle<T: Holds + std::fmt::Debug>(value: &T) -> Bundle {
    value.shown().unwrap_or_else(|| debug_bundle(value))
}

fn with_causes<E: std::error::Error>(error: &E) -> Bundle {
    let mut chain = vec![error.to_string()];
    error::follow(error.source(), &mut chain);
    contain::failure(&chain)
}

fn name_bundle(name: &str) -> Bundle {
    Bundle::text(format!("<{name}>"))
}

/// Longest `{:?}` that is shown on one line.
const ONE_LINE: usize = 100;

pub(crate) fn debug_bundle(value: &dyn std::fmt::Debug) -> Bundle {
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
    fn __ironbook_measure(&self) -> Measure;
    #[doc(hidden)]
    fn __ironbook_inspected(&self) -> Inspection;
}
/// All others.
pub trait ViaSize {
    #[doc(hidden)]
    fn __ironbook_measure(&self) -> Measure;
    #[doc(hidden)]
    fn __ironbook_inspected(&self) -> Inspection;
}
impl<T: inspect::Inspect> ViaInspect for &Wrap<'_, T> {
    fn __ironbook_measure(&self) -> Measure {
        Measure::of::<T>(|value| (value.shape(), value.heap_bytes()))
    }
    fn __ironbook_inspected(&self) -> Inspection {
        (self.0.shape(), self.0.heap_bytes())
    }
}
impl<T> ViaSize for Wrap<'_, T> {
    fn __ironbook_measure(&self) -> Measure {
        unmeasured()
    }
    fn __ironbook_inspected(&self) -> Inspection {
        (None, 0)
    }
}

fn unmeasured() -> Measure {
    Measure(|_| (None, 0))
}

macro_rules! known { // one body for types that share no trait that says so
    ($(plain: $($plain:ty),+;)? $(sized: $($sized:ty),+;)?) => {
        $($(known!(@one $plain, unmeasured());)+)?
        $($(known!(@one $sized, Measure::of::<$sized>(|v| (inspect::Inspect::shape(v), inspect::Inspect::heap_bytes(v))));)+)?
    };
    (@one $ty:ty, $measure:expr) => {
        impl ViaUnregistered for &&Wrap<'_, $ty> {
            fn __ironbook_registered(&self) -> Option<Bundle> {
                Some(debug_bundle(self.0))
            }
        }
        impl ViaKnown for &&&&&Wrap<'_, $ty> {
            fn __ironbook_bundle(&self) -> Bundle {
                debug_bundle(self.0)
            }
            fn __ironbook_show(&self) -> Show {
                Show::of::<$ty>(|value| debug_bundle(value))
            }
            fn __ironbook_measure(&self) -> Measure {
                $measure
            }
        }
    };
}
known! {
    plain: (), bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize,
        (usize, usize), std::time::Duration, std::time::Instant;
    sized: String, &str, Vec<bool>, Vec<f32>, Vec<f64>, Vec<i32>, Vec<i64>, Vec<u8>, Vec<u32>, Vec<u64>, Vec<usize>,
        Vec<String>, Vec<&str>;
}

/// How a value is shown: as a type known here, by the registry, by [`crate::Display`], by `Debug`, or by its type's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_bundle {
    // method resolution on a concrete type cannot be written as a function
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaCauses as _, ViaCausesOf as _, ViaDebug as _, ViaDisplay as _, ViaHeld as _, ViaKnown as _, ViaName as _,
        };
        #[allow(unused_imports)]
        use $crate::rt::{ViaReference as _, ViaRegistry as _, ViaUnregistered as _};
        let __ironbook_wrapped = $crate::rt::Wrap($value);
        match (&&&__ironbook_wrapped).__ironbook_registered() {
            ::core::option::Option::Some(__ironbook_bundle) => __ironbook_bundle,
            ::core::option::Option::None => (&&&&&&__ironbook_wrapped).__ironbook_bundle(),
        }
    }};
}

/// What a value's `evcxr_display` is where it has none.
#[doc(hidden)]
pub struct NoMethod;

/// Found only where a value has no method of this name itself: by one reference more.
pub trait WithoutEvcxr {
    #[doc(hidden)]
    fn evcxr_display(&self) -> NoMethod;
}
impl<T: ?Sized> WithoutEvcxr for &T {
    fn evcxr_display(&self) -> NoMethod {
        NoMethod
    }
}

/// Whether this is what [`WithoutEvcxr`] answers.
#[doc(hidden)]
pub fn no_method<T: 'static>(_: &T) -> bool {
    TypeId::of::<T>() == TypeId::of::<NoMethod>()
}

/// As [`bundle!`], for cells with types that may have the method `evcxr_display`, which prints the value.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_bundle_evcxr {
    // method resolution, again
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::WithoutEvcxr as _;
        let __ironbook_shown = $value.evcxr_display();
        match $crate::rt::no_method(&__ironbook_shown) {
            true => $crate::rt::bundle!($value),
            false => $crate::Bundle::default(),
        }
    }};
}

/// Puts a variable with the functions that show and measure it.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_put {
    // as above
    ($cx:expr, put, $name:literal, $value:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaCauses as _, ViaCausesOf as _, ViaDebug as _, ViaDisplay as _, ViaHeld as _, ViaInspect as _,
            ViaKnown as _, ViaName as _, ViaSize as _,
        };
        let __ironbook_show = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_show();
        let __ironbook_measure = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_measure();
        $cx.put($name, $value, __ironbook_show, __ironbook_measure)
    }};
    ($cx:expr, put_evcxr, $name:literal, $value:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{ViaInspect as _, ViaKnown as _, ViaSize as _};
        let __ironbook_show = $crate::rt::show_of(&$value, |__ironbook_v| $crate::rt::bundle_evcxr!(__ironbook_v));
        let __ironbook_measure = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_measure();
        $cx.put($name, $value, __ironbook_show, __ironbook_measure)
    }};
}

/// How values of this one's type are shown.
#[doc(hidden)]
pub fn show_of<T>(_: &T, show: fn(&T) -> Bundle) -> Show {
    Show::of::<T>(show)
}

/// Types with serde whose values are kept through it.
pub trait ViaSerde {
    /// The type.
    type Of;
    #[doc(hidden)]
    fn __ironbook_keeper(&self, compare: Compare<Self::Of>, ways: (Show, Measure)) -> Option<keep::Keeper>;
}
/// All others.
pub trait ViaNothing {
    /// The type.
    type Of;
    #[doc(hidden)]
    fn __ironbook_keeper(&self, compare: Compare<Self::Of>, ways: (Show, Measure)) -> Option<keep::Keeper>;
}
impl<T: Serialize + DeserializeOwned + Any> ViaSerde for &PhantomData<T> {
    type Of = T;
    fn __ironbook_keeper(&self, compare: Compare<T>, ways: (Show, Measure)) -> Option<keep::Keeper> {
        keep::keeper_of::<T>(compare, ways)
    }
}
impl<T> ViaNothing for PhantomData<T> {
    type Of = T;
    fn __ironbook_keeper(&self, _: Compare<T>, _: (Show, Measure)) -> Option<keep::Keeper> {
        None
    }
}

/// Types with `PartialEq`, or with `Debug`.
pub trait ViaEqual<T> {
    #[doc(hidden)]
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool>;
}
/// Types with `Debug`.
pub trait ViaText<T> {
    #[doc(hidden)]
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result>;
}
/// All others.
pub trait ViaNeither<T> {
    #[doc(hidden)]
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool>;
    #[doc(hidden)]
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result>;
}
impl<T: PartialEq> ViaEqual<T> for &PhantomData<T> {
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool> {
        Some(|a, b| a == b)
    }
}
impl<T: std::fmt::Debug> ViaText<T> for &PhantomData<T> {
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result> {
        Some(Compare::debug())
    }
}
impl<T> ViaNeither<T> for PhantomData<T> {
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool> {
        None
    }
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result> {
        None
    }
}

/// Tells how values of a type are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_know {
    // as above
    ($cx:expr, $ty:ty, $identity:literal, $frozen:literal) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaEqual as _, ViaInspect as _, ViaNeither as _, ViaNothing as _, ViaSerde as _, ViaSize as _, ViaText as _,
        };
        let __ironbook_type = ::core::marker::PhantomData::<$ty>;
        let __ironbook_compare = $crate::keep::Compare {
            equal: (&&__ironbook_type).__ironbook_equal(),
            text: (&&__ironbook_type).__ironbook_text(),
        };
        let __ironbook_show = $crate::rt::Show::of::<$ty>(|__ironbook_v| $crate::rt::bundle!(__ironbook_v));
        let __ironbook_measure =
            $crate::rt::Measure::of::<$ty>(|__ironbook_v| (&&$crate::rt::Wrap(__ironbook_v)).__ironbook_inspected());
        let __ironbook_ways = (__ironbook_show, __ironbook_measure);
        let __ironbook_keeper = (&&__ironbook_type).__ironbook_keeper(__ironbook_compare, __ironbook_ways);
        $cx.know::<$ty>(__ironbook_keeper, $identity, $frozen)
    }};
}

pub use __ironbook_bundle as bundle;
pub use __ironbook_bundle_evcxr as bundle_evcxr;
pub use __ironbook_know as know;
pub use __ironbook_put as put;
