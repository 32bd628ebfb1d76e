//! What generated cell code calls. Nothing here is meant to be called by hand, except [`block_on`].

pub use ironbook_core::rt::*;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval};

/// How soon a cell that waits in an `.await` notices an interrupt.
const WAKE: Duration = Duration::from_millis(50);

/// Runs a future to its end on the session's tokio runtime, which is started by the first call.
///
/// The future is polled every 50 ms even if nothing woke it, so that [`run_async`] can see an interrupt.
///
/// # Panics
/// When called from within another future (then `.await` it), or when the system refuses tokio's threads.
pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(async {
        let mut future = pin!(future);
        let mut wake = interval(WAKE);
        wake.set_missed_tick_behavior(MissedTickBehavior::Delay);
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                if wake.poll_tick(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    })
}

/// The session's tokio runtime; tasks spawned on it outlive their cell.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let built = builder.enable_all().thread_name("tokio").build();
        built.unwrap_or_else(|error| panic!("tokio's threads could not be started: {error}"))
    })
}
