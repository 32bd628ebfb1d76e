//! Signals that ask the run to end: Ctrl-C, SIGTERM, SIGHUP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the run was asked to end. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicU32>);

impl Stop {
    /// Listens from now on; `then` is called for each signal, on another thread.
    pub(crate) fn listen(then: impl Fn() + Send + 'static) -> std::io::Result<Stop> {
        let stop = Stop::default();
        let own = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let signals = {
            let _inside = runtime.enter();
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal)
        };
        let [interrupt, terminate, hangup] = signals;
        let (mut interrupt, mut terminate, mut hangup) = (interrupt?, terminate?, hangup?);
        let serve = move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        _ = hangup.recv() => {}
                    }
                    own.0.fetch_add(1, Ordering::Release);
                    then();
                }
            });
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(serve)?;
        Ok(stop)
    }

    /// Whether it was asked to.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Whether it was asked more than once.
    pub(crate) fn is_insisted(&self) -> bool {
        self.0.load(Ordering::Acquire) > 1
    }
}
