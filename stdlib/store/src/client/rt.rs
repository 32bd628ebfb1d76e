//! The one background runtime on which all requests of this process run, so that calls may block anywhere.

use crate::error::{Error, Result};
use std::future::Future;
use std::io;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Handle};

/// The runtime's handle; it lives as long as the process. The threads are started by the first call.
fn handle() -> Result<&'static Handle> {
    static HANDLE: OnceLock<std::result::Result<Handle, io::ErrorKind>> = OnceLock::new();
    let started = HANDLE.get_or_init(|| {
        let built = Builder::new_multi_thread().worker_threads(2).thread_name("ironbook-http").enable_all().build();
        // A runtime must not be dropped inside of another one: this one is never dropped.
        built.map(|runtime| Box::leak(Box::new(runtime)).handle().clone()).map_err(|e| e.kind())
    });
    started.as_ref().map_err(|kind| Error::io("start threads for", "the network", (*kind).into()))
}

/// Runs `work` on the background runtime and waits for it. Works inside of a user's runtime too, because the waiting
/// has nothing to do with it (it holds that thread up, as any blocking call).
pub(crate) fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let (done, answer) = std::sync::mpsc::sync_channel(1);
    handle()?.spawn(async move {
        // Nobody waits any more only when the process ends.
        let _ = done.send(work.await);
    });
    answer.recv().map_err(|_| Error::io("finish a request on", "the network", io::ErrorKind::Interrupted.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_inside_of_any_runtime() {
        let current = Builder::new_current_thread().build().unwrap();
        assert_eq!(current.block_on(async { wait(async { 7 }).unwrap() }), 7);
        let many = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(many.block_on(async { tokio::spawn(async { wait(async { 8 }).unwrap() }).await.unwrap() }), 8);
    }

    #[test]
    fn a_panic_of_the_work_is_an_error_of_the_call() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let answer = wait(async { if true { panic!("on purpose") } else { 1 } });
        std::panic::set_hook(hook);
        assert!(answer.is_err());
    }
}
