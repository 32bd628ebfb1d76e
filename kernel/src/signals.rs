//! Signals, and the process that started the kernel: an interrupt stops the cell, the end of either ends the kernel.

use crate::Life;
use crate::server::Server;
use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often it is looked whether the parent still lives.
const PARENT_PERIOD: Duration = Duration::from_secs(1);

/// Watches until the kernel ends.
pub async fn watch(server: Arc<Server>, life: Life) {
    if life == Life::Stdin {
        end_with_stdin(Arc::clone(&server));
    }
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds else {
        log::warn!("signals cannot be handled: interrupt by message only");
        return;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => server.shared.interrupt(),
            _ = terminate.recv() => server.end(),
            _ = hangup.recv() => {}
            () = orphaned() => {
                log::info!("the process that started this kernel is gone");
                server.end();
                return;
            }
        }
    }
}

/// Ends the kernel when standard input closes; nobody writes to it.
fn end_with_stdin(server: Arc<Server>) {
    let watched = std::thread::Builder::new().name("life".to_owned()).spawn(move || {
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        log::info!("whoever started this kernel is gone");
        server.end();
    });
    if let Err(error) = watched {
        log::warn!("the end of whoever started this kernel will not be seen: {error}");
    }
}

/// Returns when the process that Jupyter names (`JPY_PARENT_PID`) is gone; never without one.
async fn orphaned() {
    let named = std::env::var("JPY_PARENT_PID").ok().and_then(|text| text.parse::<i32>().ok()).and_then(Pid::from_raw);
    let Some(named) = named else { return std::future::pending().await };
    // It may belong to another user; only one that is not there is gone.
    let lives = || test_kill_process(named) != Err(Errno::SRCH);
    if !lives() && getppid().is_none_or(|parent| parent != Pid::INIT) {
        // A number of another process namespace.
        return std::future::pending().await;
    }
    let is_parent = getppid() == Some(named);
    // A parent that has ended and was not waited for is still there, but no parent any more.
    while lives() && (!is_parent || getppid() == Some(named)) {
        tokio::time::sleep(PARENT_PERIOD).await;
    }
}
