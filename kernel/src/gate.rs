//! The gate before each socket: a listener of our own that passes bytes on to ZeroMQ's.
//!
//! ZeroMQ's library believes the length that a peer announces, so eight bytes from anyone could make it ask for all of
//! memory; and its publisher waits for its slowest subscriber. The gate reads the frames' headers and ends a connection
//! that announces too much, takes what the publisher writes at once, and ends a connection that takes nothing for a while.

use crate::Error;
use bytes::{Bytes, BytesMut};
use rustix::fs::{Mode, OFlags};
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc};

/// Largest message that a client may send.
const LARGEST: u64 = 128 << 20;
/// Most frames of one message.
const MOST_FRAMES: u32 = 4096;
/// What may wait for a client that reads slowly, before ZeroMQ is made to wait for it.
const WAITING: usize = 16 << 20;
/// A client behind which so much waits for so long is given up: the others wait with ZeroMQ.
const STALLED: Duration = Duration::from_secs(1);
const CHUNK: usize = 64 << 10;

/// Where clients connect to.
pub enum Outer {
    /// Address and port.
    Tcp(String, u16),
    /// A socket file.
    Ipc(PathBuf),
}

/// Opens a gate: listens at `outer`, and returns the listener that ZeroMQ adopts.
///
/// # Errors
/// When the address cannot be listened at.
pub async fn open(channel: &'static str, outer: Outer) -> Result<StdUnixListener, Error> {
    let failed = |at: String| move |source| Error::Listen { channel, at, source };
    let (listener, inner) = nameless().map_err(failed("a socket of its own".to_owned()))?;
    match outer {
        Outer::Tcp(ip, port) => {
            let listener = TcpListener::bind((ip.as_str(), port)).await.map_err(failed(format!("{ip}:{port}")))?;
            tokio::spawn(async move {
                loop {
                    let accepted = listener.accept().await.and_then(|(stream, _)| {
                        stream.set_nodelay(true)?;
                        Ok(stream.into_split())
                    });
                    admit(channel, accepted, &inner).await;
                }
            });
        }
        Outer::Ipc(path) => {
            let listener = listen_at(&path).map_err(failed(path.display().to_string()))?;
            tokio::spawn(async move {
                loop {
                    let accepted = listener.accept().await.map(|(stream, _)| stream.into_split());
                    admit(channel, accepted, &inner).await;
                }
            });
        }
    }
    Ok(listener)
}

/// A listener that only this process can reach: its file is gone at once, and a descriptor of it stays.
fn nameless() -> io::Result<(StdUnixListener, OwnedFd)> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = runtime.into_iter().chain([std::env::temp_dir(), PathBuf::from("/dev/shm")]);
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for place in places {
        match nameless_in(&place) {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn nameless_in(place: &Path) -> io::Result<(StdUnixListener, OwnedFd)> {
    // For this user alone, also in the moment in which it has a name.
    let folder =
        tempfile::Builder::new().prefix("ironbook-").permissions(Permissions::from_mode(0o700)).tempdir_in(place)?;
    let path = folder.path().join("s");
    let listener = StdUnixListener::bind(&path)?;
    let file = rustix::fs::open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    Ok((listener, file))
}

/// Listens at a socket file, for this user alone; one that a kernel left behind is replaced.
fn listen_at(path: &Path) -> io::Result<UnixListener> {
    let bound = UnixListener::bind(path).or_else(|error| {
        let left_behind = error.kind() == io::ErrorKind::AddrInUse && StdUnixStream::connect(path).is_err();
        if !left_behind {
            return Err(error);
        }
        std::fs::remove_file(path)?;
        UnixListener::bind(path)
    })?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(bound)
}

async fn admit<R, W>(channel: &'static str, accepted: io::Result<(R, W)>, inner: &OwnedFd)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let connected = accepted.and_then(|outer| Ok((outer, connect(inner)?)));
    match connected {
        Ok(((from_client, to_client), inner)) => {
            let (from_inner, to_inner) = inner.into_split();
            tokio::spawn(async move {
                // Whichever way ends first ends the connection.
                let words = tokio::select! {
                    ended = inwards(from_client, to_inner) => ended,
                    ended = outwards(from_inner, to_client) => ended,
                };
                match words {
                    Ok(()) => log::debug!("{channel}: a client left"),
                    // One that was killed, or did not wait for the last messages.
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) =>
                    {
                        log::debug!("{channel}: a client left: {error}");
                    }
                    Err(error) => log::warn!("{channel}: a connection was ended: {error}"),
                }
            });
        }
        Err(error) => {
            log::warn!("{channel}: a connection could not be accepted: {error}");
            // Out of descriptors, most likely: others may be given back.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn connect(inner: &OwnedFd) -> io::Result<UnixStream> {
    let stream = StdUnixStream::connect(format!("/proc/self/fd/{}", inner.as_raw_fd()))?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// From the client: frame by frame within the limits.
async fn inwards(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut meter = Meter::default();
    let mut buffer = BytesMut::with_capacity(CHUNK);
    while from.read_buf(&mut buffer).await? > 0 {
        meter.pass(&buffer).map_err(|words| io::Error::new(io::ErrorKind::InvalidData, words))?;
        to.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}

/// To the client: taken from ZeroMQ at once, and given as the client takes it.
async fn outwards(mut from: impl AsyncRead + Unpin, to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let backlog = Arc::new(Backlog::default());
    let fill = async {
        let mut buffer = BytesMut::with_capacity(CHUNK);
        while from.read_buf(&mut buffer).await? > 0 {
            backlog.add(buffer.len()).await?;
            if sender.send(buffer.split().freeze()).is_err() {
                break;
            }
            buffer.reserve(CHUNK);
        }
        Ok(())
    };
    tokio::select! {
        ended = fill => ended,
        ended = drain(receiver, to, &backlog) => ended,
    }
}

async fn drain(
    mut receiver: mpsc::UnboundedReceiver<Bytes>,
    mut to: impl AsyncWrite + Unpin,
    backlog: &Backlog,
) -> io::Result<()> {
    while let Some(mut bytes) = receiver.recv().await {
        while !bytes.is_empty() {
            let written = to.write_buf(&mut bytes).await?;
            if written == 0 {
                return Ok(());
            }
            backlog.took(written);
        }
    }
    Ok(())
}

/// Bytes that wait for clients, at all gates.
static WAITING_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Waits until clients have taken everything, or the time is over.
pub async fn drained(within: Duration) {
    let deadline = tokio::time::Instant::now() + within;
    // What ZeroMQ has not even given to a gate cannot be counted; it does so as soon as it may run.
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if WAITING_BYTES.load(Ordering::Relaxed) == 0 || tokio::time::Instant::now() >= deadline {
            return;
        }
    }
}

/// What waits for a client.
#[derive(Default)]
struct Backlog {
    bytes: AtomicUsize,
    moved: Notify,
}

impl Backlog {
    async fn add(&self, bytes: usize) -> io::Result<()> {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        WAITING_BYTES.fetch_add(bytes, Ordering::Relaxed);
        let fits = async {
            while self.bytes.load(Ordering::Relaxed) > WAITING {
                self.moved.notified().await;
            }
        };
        tokio::time::timeout(STALLED, fits).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, "the client does not read what is sent to it, or too slowly")
        })
    }

    fn took(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        WAITING_BYTES.fetch_sub(bytes, Ordering::Relaxed);
        self.moved.notify_one();
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        WAITING_BYTES.fetch_sub(self.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Follows the framing of ZMTP 3: a greeting of 64 bytes, then frames of flags, length and body.
#[derive(Debug)]
struct Meter {
    state: State,
    /// Bytes and frames of the message so far.
    size: u64,
    frames: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Skip { left: u64, then_ends: bool },
    Flags,
    Length { flags: u8, left: u8, value: u64 },
}

const MORE: u8 = 1;
const LONG: u8 = 2;

impl Default for Meter {
    fn default() -> Meter {
        Meter { state: State::Skip { left: 64, then_ends: true }, size: 0, frames: 0 }
    }
}

impl Meter {
    /// Looks at the next bytes.
    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            match self.state {
                State::Skip { left, then_ends } => {
                    let step = left.min(bytes.len() as u64);
                    bytes = &bytes[usize::try_from(step).unwrap_or(bytes.len())..];
                    self.state =
                        if step == left { self.ended(then_ends) } else { State::Skip { left: left - step, then_ends } };
                }
                State::Flags => {
                    let flags = bytes[0];
                    bytes = &bytes[1..];
                    self.state = State::Length { flags, left: if flags & LONG == 0 { 1 } else { 8 }, value: 0 };
                }
                State::Length { flags, left, value } => {
                    let value = value << 8 | u64::from(bytes[0]);
                    bytes = &bytes[1..];
                    self.state = if left > 1 {
                        State::Length { flags, left: left - 1, value }
                    } else {
                        self.announced(flags, value)?
                    };
                }
            }
        }
        Ok(())
    }

    fn announced(&mut self, flags: u8, length: u64) -> Result<State, &'static str> {
        self.size = self.size.saturating_add(length);
        self.frames += 1;
        if self.size > LARGEST {
            return Err("a message of more than 128 MiB");
        }
        if self.frames > MOST_FRAMES {
            return Err("a message of more than 4096 frames");
        }
        let then_ends = flags & MORE == 0;
        Ok(if length == 0 { self.ended(then_ends) } else { State::Skip { left: length, then_ends } })
    }

    fn ended(&mut self, message: bool) -> State {
        if message {
            (self.size, self.frames) = (0, 0);
        }
        State::Flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeted() -> Meter {
        let mut meter = Meter::default();
        meter.pass(&[0xff; 64]).unwrap();
        meter
    }

    fn frame(flags: u8, length: u64) -> Vec<u8> {
        let mut bytes = vec![flags | LONG];
        bytes.extend(length.to_be_bytes());
        bytes
    }

    #[test]
    fn sizes_are_counted_per_message_however_the_bytes_come() {
        let mut stream = vec![];
        for _ in 0..5 {
            stream.extend([MORE, 3, 1, 2, 3, MORE, 0]);
            stream.extend(frame(0, 300));
            stream.extend([7; 300]);
        }
        for step in [1, 2, 7, 64, 1000] {
            let mut meter = greeted();
            stream.chunks(step).for_each(|part| meter.pass(part).unwrap());
            assert!(matches!((meter.state, meter.size, meter.frames), (State::Flags, 0, 0)), "{meter:?}");
        }
    }

    #[test]
    fn what_announces_too_much_is_ended_before_it_comes() {
        assert!(greeted().pass(&frame(0, LARGEST)).is_ok());
        assert!(greeted().pass(&frame(0, LARGEST + 1)).is_err());
        assert!(greeted().pass(&frame(0, u64::MAX)).is_err());
        let mut meter = greeted();
        let half = frame(MORE, LARGEST / 2 + 1);
        meter.pass(&half).unwrap();
        meter.pass(&vec![0; (LARGEST / 2 + 1) as usize]).unwrap();
        assert!(meter.pass(&half).is_err());
        assert!(greeted().pass(&[MORE, 0].repeat(MOST_FRAMES as usize + 1)).is_err());
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_given_up() {
        let (mut near, far) = tokio::io::duplex(1024);
        let (to_client, _client_that_never_reads) = tokio::io::duplex(16);
        let given_up = tokio::spawn(outwards(far, to_client));
        let mut sent = 0;
        while near.write_all(&[0; 4096]).await.is_ok() {
            sent += 4096;
        }
        assert!(given_up.await.unwrap().is_err());
        assert!(sent >= WAITING);
    }
}
