//! Reports of the kernel's own panics, for its authors: where it happened, and nothing of the user's.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes a report into this directory at each panic of this process.
pub fn watch(folder: &Path) {
    let folder = folder.to_owned();
    std::panic::set_hook(Box::new(move |info| {
        let text = report(info, &Backtrace::force_capture());
        match write(&folder, &text) {
            Ok(path) => log::error!("the kernel itself failed; a report without data is in {}", path.display()),
            Err(_) => log::error!("the kernel itself failed:\n{text}"),
        }
    }));
}

/// A message that is a constant of the program is kept; one that was put together may hold data, and is left out.
fn report(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let message =
        info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(a message that may hold data is left out)");
    let mut text = String::new();
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    // Writing to a string cannot fail.
    let _ =
        writeln!(text, "ironbook {} on {}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS);
    let _ = writeln!(text, "thread {}", std::thread::current().name().unwrap_or("unnamed"));
    let _ = writeln!(text, "at {place}\n{message}\n\n{backtrace}");
    text
}

fn write(folder: &Path, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let path = folder.join(format!("{seconds}-{}.txt", std::process::id()));
    std::fs::write(&path, text)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hook is the process's own; this is the one test that sets it.
    #[test]
    fn a_report_says_where_and_keeps_data_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        watch(&folder.path().join("crashes"));
        let secret = String::from("swordfish");
        let panicked = std::thread::Builder::new().name("victim".into()).spawn(move || panic!("no room for {secret}"));
        assert!(panicked.unwrap().join().is_err());
        drop(std::panic::take_hook());
        let path = std::fs::read_dir(folder.path().join("crashes")).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("thread victim") && text.contains("crash.rs"), "{text}");
        assert!(text.contains("left out") && !text.contains("swordfish"), "{text}");
    }
}
