//! The panic hook: panics that end the cell are recorded for its report, all others are printed as usual.

use ironbook_core::frame::Panic;
use ironbook_core::rt;
use std::backtrace::Backtrace;
use std::ffi::{CStr, OsStr, c_int, c_void};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Panics since the cell began that may be the one that ends it.
static RECORDED: Mutex<Vec<Panic>> = Mutex::new(Vec::new());
/// Workers of a pool can panic by the thousands; the first and the last are of interest.
const KEPT: usize = 16;
/// Deepest stack that is walked; runaway recursion would otherwise be walked for seconds.
const DEEPEST: usize = 200;

pub(super) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let panic = describe(info);
        if !rt::unwinds_into_cell() {
            print(&panic);
        } else if aborts(&panic.message) {
            recorded().iter().for_each(print);
            print(&panic);
        } else {
            record(panic);
        }
    }));
}

/// Forgets the panics of an earlier cell.
pub(super) fn clear() {
    recorded().clear();
}

/// The record of the panic that ended the cell with `message`.
pub(super) fn take(message: &str) -> Option<Panic> {
    let mut all = std::mem::take(&mut *recorded());
    let index = all.iter().rposition(|panic| panic.message == message).or(all.len().checked_sub(1))?;
    Some(all.swap_remove(index))
}

fn recorded() -> std::sync::MutexGuard<'static, Vec<Panic>> {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn record(panic: Panic) {
    let mut all = recorded();
    if all.len() == KEPT {
        all.remove(KEPT / 2);
    }
    all.push(panic);
}

/// Whether std aborts the process after this panic, so that nobody will read the record.
fn aborts(message: &str) -> bool {
    message == "panic in a destructor during cleanup" || message == "panic in a function that cannot unwind"
}

fn describe(info: &PanicHookInfo<'_>) -> Panic {
    let message = info.payload_as_str().unwrap_or("a panic with a payload that is no text").to_owned();
    let location = info.location();
    Panic {
        message,
        file: location.map_or_else(String::new, |l| l.file().to_owned()),
        line: location.map_or(0, std::panic::Location::line),
        column: location.map_or(0, std::panic::Location::column),
        frames: walk(),
    }
}

fn print(panic: &Panic) {
    let current = std::thread::current();
    let thread = current.name().unwrap_or("<unnamed>");
    let Panic { message, file, line, column, .. } = panic;
    let mut text = format!("thread '{thread}' panicked at {file}:{line}:{column}:\n{message}\n");
    let asked = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    if asked && !rt::unwinds_into_cell() {
        let _ = writeln!(text, "{}", Backtrace::force_capture());
    }
    let _ = io::stderr().write_all(text.as_bytes()); // in one piece, as several threads may panic
}

#[repr(C)]
struct UnwindContext {
    _opaque: [u8; 0],
}

/// `_URC_NO_REASON` and `_URC_END_OF_STACK` of the Itanium C++ ABI.
const GO_ON: c_int = 0;
const STOP: c_int = 5;

#[expect(unsafe_code, reason = "the unwinder that std links is a C library")]
unsafe extern "C" {
    fn _Unwind_Backtrace(callback: extern "C" fn(*mut UnwindContext, *mut c_void) -> c_int, data: *mut c_void)
    -> c_int;
    fn _Unwind_GetIP(context: *mut UnwindContext) -> usize;
}

/// Return addresses of the calling thread, innermost first.
///
/// std's own backtraces know only the objects that were loaded when the first one was taken, which leaves later cells out.
#[expect(unsafe_code, reason = "the unwinder calls back with raw pointers")]
fn walk() -> Vec<(PathBuf, u64)> {
    extern "C" fn push(context: *mut UnwindContext, data: *mut c_void) -> c_int {
        // SAFETY: `data` is the vector below, which outlives the walk; `context` is valid during the callback.
        let (addresses, ip) = unsafe { (&mut *data.cast::<Vec<usize>>(), _Unwind_GetIP(context)) };
        if ip == 0 || addresses.len() == addresses.capacity() {
            return STOP;
        }
        addresses.push(ip);
        GO_ON
    }
    let mut addresses: Vec<usize> = Vec::with_capacity(DEEPEST);
    // SAFETY: the callback has the signature that the ABI asks for and does not unwind.
    unsafe { _Unwind_Backtrace(push, (&raw mut addresses).cast()) };
    addresses.into_iter().filter_map(place).collect()
}

/// The object that an address lies in, and the offset in it.
#[expect(unsafe_code, reason = "dladdr is a C function")]
fn place(address: usize) -> Option<(PathBuf, u64)> {
    // SAFETY: an all-zero `Dl_info` is valid; `dladdr` accepts any address and fills the struct when it returns non-zero;
    // the name it gives lives as long as the object, which is never unloaded.
    let (name, base) = unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(address as *const c_void, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        (CStr::from_ptr(info.dli_fname), info.dli_fbase as usize)
    };
    Some((PathBuf::from(OsStr::from_bytes(name.to_bytes())), address.checked_sub(base)? as u64))
}
