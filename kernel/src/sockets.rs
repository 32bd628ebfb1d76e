//! The five sockets, each behind its gate.

use crate::Error;
use crate::gate::{self, Outer};
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;
use zeromq::{RouterSocket, Socket, XPubSocket};

/// The kernel's sockets.
pub struct Sockets {
    /// Requests.
    pub shell: RouterSocket,
    /// Requests that are answered at once.
    pub control: RouterSocket,
    /// Questions to the user.
    pub stdin: RouterSocket,
    /// What everybody hears.
    pub iopub: XPubSocket,
    /// Echoes.
    pub heartbeat: RouterSocket,
}

impl Sockets {
    /// Opens all of them.
    ///
    /// # Errors
    /// When an address is taken, or not one of this machine.
    pub async fn open(info: &ConnectionInfo) -> Result<Sockets, Error> {
        Ok(Sockets {
            shell: bound("shell", info, info.shell_port).await?,
            control: bound("control", info, info.control_port).await?,
            stdin: bound("stdin", info, info.stdin_port).await?,
            iopub: bound("iopub", info, info.iopub_port).await?,
            heartbeat: bound("heartbeat", info, info.hb_port).await?,
        })
    }
}

async fn bound<S: Socket>(channel: &'static str, info: &ConnectionInfo, port: u16) -> Result<S, Error> {
    let outer = match info.transport {
        Transport::TCP => Outer::Tcp(info.ip.clone(), port),
        Transport::IPC => Outer::Ipc(format!("{}-{port}", info.ip).into()),
    };
    let listener = gate::open(channel, outer).await?;
    let mut socket = S::new();
    socket.bind_listener(listener).await.map_err(|source| Error::Socket { channel, source })?;
    Ok(socket)
}
