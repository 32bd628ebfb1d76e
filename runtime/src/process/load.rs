//! Loading compiled cells. A loaded object is never unloaded: function pointers, vtables and literals of it may be alive.

use ironbook_core::rt::Entry;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::mem::ManuallyDrop;
use std::path::Path;

/// Loads a shared object, with its symbols visible to later ones (statics of earlier cells).
#[expect(unsafe_code, reason = "a shared object can run code when it is loaded")]
pub(super) fn open(path: &Path) -> Result<ManuallyDrop<Library>, String> {
    // SAFETY: the object was compiled by the session's rustc against the dylib that this process runs on.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    library.map(ManuallyDrop::new).map_err(|error| in_words(&error))
}

/// Loads a cell and finds its entry.
#[expect(unsafe_code, reason = "a symbol has no type")]
pub(super) fn entry(path: &Path, name: &str) -> Result<Entry, String> {
    let library = open(path)?;
    // SAFETY: the session names a function that its code generator declared as an `Entry`, compiled by the same rustc.
    let symbol = unsafe { library.get::<Entry>(name) };
    symbol.map(|symbol| *symbol).map_err(|error| in_words(&error))
}

fn in_words(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
