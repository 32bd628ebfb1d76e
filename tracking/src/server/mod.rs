//! The server: it listens, guards, and passes requests to the routes.

mod auth;
mod guard;
mod routes;
mod state;

pub use auth::Credentials;
pub use guard::Guard;
pub(crate) use routes::nowhere;
pub(crate) use state::blocking;
pub use state::{Page, Shared, State};

use axum::serve::ListenerExt;
use std::future::{Future, IntoFuture};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests may take to end after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {} of {} is taken by another program\nstop it, or choose another port with `--port` (0: any free one)", .0.port(), .0.ip())]
    Taken(SocketAddr),
    /// The system refused.
    #[error("cannot listen at {address}\nsee the cause below")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Everybody could use it.
    #[error(
        "{0} can be reached from other machines, and this server would ask nobody who they are\ngive `--token-file` or `--basic`, or say `--allow-remote` if the network is trusted"
    )]
    Open(IpAddr),
}

/// A place to listen at that is taken, before there is anything to serve.
pub struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

impl Socket {
    /// Listens at an address (port 0: any free one), if the guard allows that.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bind(address: SocketAddr, guard: &Guard) -> Result<Socket, StartError> {
        if !address.ip().is_loopback() && !guard.asks() && !guard.trusts_network() {
            return Err(StartError::Open(address.ip()));
        }
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::Taken(address),
            _ => StartError::Listen { address, source },
        })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
        Ok(Socket { listener, address })
    }

    /// A server there.
    pub fn server(self, state: State) -> Server {
        Server { listener: self.listener, address: self.address, shared: Shared::new(state) }
    }
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Shared,
}

impl Server {
    /// Listens at an address (port 0: any free one).
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bind(address: SocketAddr, state: State) -> Result<Server, StartError> {
        Ok(Socket::bind(address, &state.guard).await?.server(state))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is there, then ends what is under way, for some seconds at most.
    ///
    /// # Errors
    /// Of the listener.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Server { listener, shared, .. } = self;
        let listener = listener.tap_io(|stream| {
            // Small answers must not wait for a packet to fill. A failure costs speed only.
            let _ = stream.set_nodelay(true);
        });
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let serving = axum::serve(listener, routes::router(shared.clone())).with_graceful_shutdown(async move {
            stop.await;
            let _ = stopping.send(());
        });
        let deadline = async {
            if stopped.await.is_ok() {
                tokio::time::sleep(FAREWELL).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            done = serving.into_future() => done?,
            () = deadline => {}
        }
        if let Err(error) = shared.store.flush() {
            (shared.report)(&format!("the store could not write everything: {error}"));
        }
        Ok(())
    }
}
