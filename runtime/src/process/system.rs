//! What the process asks of the operating system: its socket, its signals, its process group.

use ironbook_core::frame::FD_VARIABLE;
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

/// Lowest number for the socket's descriptor, out of the way of those that cells open and name by number.
const LOWEST: RawFd = 100;

/// Takes the socket over from the session: moved to a descriptor that children do not inherit.
pub(super) fn claim_socket() -> io::Result<File> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{FD_VARIABLE} is not set to a descriptor"));
    let number: RawFd = std::env::var(FD_VARIABLE).ok().and_then(|text| text.parse().ok()).ok_or_else(missing)?;
    forget_variable();
    let given = adopt(number);
    let socket = rustix::io::fcntl_dupfd_cloexec(&given, LOWEST)?;
    if given.as_raw_fd() == 0 {
        // The session passes the socket as standard input, the one way to hand a descriptor over without a race.
        std::mem::forget(given);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    }
    Ok(File::from(socket))
}

#[expect(unsafe_code, reason = "a descriptor that came by number has no owner yet")]
fn adopt(number: RawFd) -> OwnedFd {
    // SAFETY: the session made this descriptor for us alone, and this runs once, before anything else opens files.
    unsafe { OwnedFd::from_raw_fd(number) }
}

#[expect(unsafe_code, reason = "changing the environment is unsafe while other threads read it")]
fn forget_variable() {
    // SAFETY: called at the start of `main`, when there is one thread.
    unsafe { std::env::remove_var(FD_VARIABLE) }
}

/// Lets SIGINT pass this process by, while its children keep the default (an ignored signal would be inherited).
#[expect(unsafe_code, reason = "std has no signal handlers")]
pub(super) fn keep_through_sigint() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: an all-zero `sigaction` is valid; the handler does nothing, so it is safe in any context.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn leads_its_group() -> bool {
    getpgrp() == getpid()
}

/// Passes an interrupt on to the processes that cells started, as a terminal does with Ctrl-C.
pub(super) fn interrupt_children() {
    if leads_its_group() {
        let _ = kill_current_process_group(Signal::INT);
    }
}

/// Ends this process and all that cells started, at once, also with a cell in `loop {}`.
pub(super) fn end_group() -> ! {
    if leads_its_group() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    end_process()
}

/// Ends this process without running destructors of statics, which may hang in foreign libraries.
#[expect(unsafe_code, reason = "std's exit runs C's exit handlers")]
pub(super) fn end_process() -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(0) }
}

/// Writes out what C code printed (its standard output is a pipe, so it is buffered in full).
#[expect(unsafe_code, reason = "C's buffers can be reached by C's functions only")]
pub(super) fn flush_c() {
    // SAFETY: `fflush(NULL)` locks each stream it flushes.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// Bytes sent over a socket that its other end has not read yet.
#[expect(unsafe_code, reason = "rustix has no SIOCOUTQ")]
pub(super) fn unread(socket: &File) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ (the number is TIOCOUTQ's) stores one `int` through the pointer.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 { Ok(u64::try_from(bytes).unwrap_or(0)) } else { Err(io::Error::last_os_error()) }
}
