//! `ironbook track ui`.

use super::Problem;
use super::server::{ServerArgs, serve};
use clap::Args;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Arguments of `ironbook track ui`.
#[derive(Args, Debug)]
pub struct UiArgs {
    /// Port to listen at [default: a free one].
    #[arg(long, short, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Directory of the store [default: the project's `.ironbook`].
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Only say where the page is.
    #[arg(long)]
    no_open: bool,
}

/// Shows the page until it is told to stop.
pub(super) fn run(args: &UiArgs) -> Result<(), Problem> {
    let server = ServerArgs::page(args.port, args.store.clone());
    serve(&server, &|address| {
        if !args.no_open && !open(address) {
            super::tell("no browser could be opened; open the address above in one");
        }
    })
}

/// Opens an address in the user's browser; whether there was somebody to ask.
fn open(address: &str) -> bool {
    let programs: &[&str] = if cfg!(target_os = "macos") { &["open"] } else { &["xdg-open", "wslview", "gio open"] };
    // Without a screen `xdg-open` may start a browser of text, which would fight for this terminal.
    let screen = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| std::env::var_os(name).is_some());
    screen
        && programs.iter().any(|program| {
            let mut words = program.split(' ');
            let Some(name) = words.next() else { return false };
            let mut command = Command::new(name);
            command.args(words).arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().is_ok()
        })
}
