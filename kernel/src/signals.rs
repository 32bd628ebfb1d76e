//! Signals, and the process that started the kernel: an interrupt stops the cell, the end of either ends the kernel.

use crate::server::Server;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often it is looked whether the parent still lives.
const PARENT_PERIOD: Duration = Duration::from_secs(1);

/// Watches until the kernel ends.
pub async fn watch(server: Arc<Server>) {
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
            }
        }
    }
}

/// Returns when the parent that Jupyter names (`JPY_PARENT_PID`) is gone; never for other parents.
async fn orphaned() {
    let parent = || rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    let named = std::env::var("JPY_PARENT_PID").ok().and_then(|text| text.parse::<i32>().ok());
    if named.is_none() || parent() != named {
        return std::future::pending().await;
    }
    while parent() == named {
        tokio::time::sleep(PARENT_PERIOD).await;
    }
}
