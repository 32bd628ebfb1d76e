//! A server on threads of this process, for a session's own values.

use crate::error::ServeError;
use crate::served::Served;
use crate::server::{Options, Report, Server, runtime};
use crate::source::Source;
use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A server on threads of this process; it stops when this goes.
#[derive(Debug)]
pub struct Background {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a server; it answers when this returns.
    ///
    /// # Errors
    /// As [`Server::bind`], [`ServeError::Run`].
    pub fn start(
        served: Served,
        source: Option<Source>,
        options: Options,
        report: Report,
    ) -> Result<Background, ServeError> {
        let (stop, stopped) = oneshot::channel();
        let (started, told) = sync_channel(1);
        let serve = move || {
            let runtime = match runtime(&options) {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            runtime.block_on(async {
                match Server::bind(served, source, options, report).await {
                    Ok(server) => {
                        let _ = started.send(Ok(server.address()));
                        server.run(async { drop(stopped.await) }).await;
                    }
                    Err(error) => drop(started.send(Err(error))),
                }
            });
            // A model that hangs must not hold whoever stops the server.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("serve-main".to_owned()).spawn(serve).map_err(ServeError::Run)?;
        let gone = || ServeError::Run(std::io::Error::other("the thread of the server has ended"));
        let address = told.recv().map_err(|_| gone())??;
        Ok(Background { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: what it has accepted is answered, the log completed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
