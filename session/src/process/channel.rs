//! The channel to the runtime: one socket and two pipes, read so that outputs keep their order.
//!
//! Before the runtime sends a frame it writes out what was printed before; after it, the cell prints nothing until the
//! frame has been taken from the socket. So here the pipes are emptied between the moment when the socket's bytes are
//! counted and the moment when just these are taken.

use super::decode::Decoder;
use super::hold::{Hold, Stream};
use super::markers::{Markers, Piece};
use crate::event::Event;
use ironbook_core::frame::{MAX_FRAME, Reply};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

/// Most that is read at once.
const CHUNK: u64 = 64 * 1024;
/// What is remembered of the end of a stream.
const TAIL: usize = 8 * 1024;

/// What waiting brought.
#[expect(clippy::large_enum_variant, reason = "nearly all are frames, one at a time")]
pub(super) enum Step {
    /// A frame; everything printed before it has been passed on.
    Frame(Reply),
    /// The process closed its end.
    Closed,
    /// Another thread asks to look at the deadline again.
    Woken,
    /// The deadline passed.
    TimedOut,
}

/// The session's ends.
pub(super) struct Channel {
    socket: UnixStream,
    stdout: Pipe,
    stderr: Pipe,
    hold: Hold,
    wake: Arc<OwnedFd>,
    incoming: Vec<u8>,
    closed: bool,
}

#[derive(Default)]
struct Ready {
    socket: bool,
    woken: bool,
}

impl Channel {
    pub(super) fn new(
        socket: UnixStream,
        stdout: Option<OwnedFd>,
        stderr: Option<OwnedFd>,
        wake: Arc<OwnedFd>,
    ) -> Self {
        Channel {
            socket,
            stdout: Pipe::new(stdout, Stream::Stdout),
            stderr: Pipe::new(stderr, Stream::Stderr),
            hold: Hold::default(),
            wake,
            incoming: Vec::new(),
            closed: false,
        }
    }

    /// Waits for the next frame or the deadline, passing on what is printed meanwhile.
    pub(super) fn next(&mut self, deadline: Option<Instant>, out: &mut dyn FnMut(Event)) -> io::Result<Step> {
        let step = self.step(deadline, out);
        // What was printed before a frame comes before it.
        pass(Stream::Stdout, self.stdout.markers.settle(), &mut self.hold, out);
        self.hold.release(out);
        step
    }

    fn step(&mut self, deadline: Option<Instant>, out: &mut dyn FnMut(Event)) -> io::Result<Step> {
        loop {
            if let Some(reply) = self.pop()? {
                return Ok(Step::Frame(reply));
            }
            if self.closed {
                return Ok(Step::Closed);
            }
            let ready =
                self.wait(deadline.into_iter().chain(self.hold.due()).chain(self.stdout.markers.due()).min())?;
            let arrived = if ready.socket { Some(ioctl_fionread(&self.socket)?) } else { None };
            self.drain(out)?;
            pass(Stream::Stdout, self.stdout.markers.release_due(), &mut self.hold, out);
            self.hold.release_due(out);
            match arrived {
                Some(bytes) => self.take(bytes)?,
                None if ready.woken => {
                    let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
                    return Ok(Step::Woken);
                }
                // A stream of prints must not hide the deadline.
                None if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Ok(Step::TimedOut),
                None => {}
            }
        }
    }

    fn wait(&self, deadline: Option<Instant>) -> io::Result<Ready> {
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|duration| duration.try_into().ok());
        let mut fds = vec![PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&*self.wake, PollFlags::IN)];
        fds.extend(
            [&self.stdout, &self.stderr]
                .iter()
                .filter_map(|pipe| pipe.fd.as_ref())
                .map(|fd| PollFd::new(fd, PollFlags::IN)),
        );
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => Ok(Ready { socket: !fds[0].revents().is_empty(), woken: !fds[1].revents().is_empty() }),
            Err(Errno::INTR) => Ok(Ready::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Passes on what lies in the pipes now; not what is printed meanwhile, which may never end.
    fn drain(&mut self, out: &mut dyn FnMut(Event)) -> io::Result<()> {
        self.stdout.drain(&mut self.hold, out)?;
        self.stderr.drain(&mut self.hold, out)
    }

    /// Takes as many bytes from the socket as had arrived (of a large frame, a part of them).
    fn take(&mut self, arrived: u64) -> io::Result<()> {
        let start = self.incoming.len();
        let wanted = usize::try_from(arrived.clamp(1, 4 * CHUNK)).unwrap_or(1);
        self.incoming.resize(start + wanted, 0);
        let read = loop {
            match self.socket.read(&mut self.incoming[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A process that dies with requests unread resets the connection.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break 0,
                other => break other?,
            }
        };
        self.incoming.truncate(start + read);
        self.closed = read == 0;
        Ok(())
    }

    fn pop(&mut self) -> io::Result<Option<Reply>> {
        let Some((header, rest)) = self.incoming.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*header);
        if length > MAX_FRAME {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame larger than 1 GiB"));
        }
        let Some(body) = rest.get(..length as usize) else { return Ok(None) };
        let reply = serde_json::from_slice(body)?;
        self.incoming.drain(..4 + length as usize);
        Ok(Some(reply))
    }

    /// At the end of an execution: bytes that began a character and will not be completed.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(Event)) {
        self.stdout.finish(&mut self.hold, out);
        self.stderr.finish(&mut self.hold, out);
        self.hold.release(out);
    }

    /// After the end of the process: what it wrote last.
    pub(super) fn last_words(&mut self, out: &mut dyn FnMut(Event)) {
        // The pipes hold all of it; children that left the process group may keep them open, so nothing waits for their end.
        let _ = self.drain(out);
        self.finish(out);
    }

    /// The last of what was written to standard error since [`Channel::forget_tails`].
    pub(super) fn stderr_tail(&self) -> String {
        String::from_utf8_lossy(&self.stderr.tail).into_owned()
    }

    pub(super) fn forget_tails(&mut self) {
        self.stdout.tail.clear();
        self.stderr.tail.clear();
    }
}

/// One of the two streams.
struct Pipe {
    fd: Option<OwnedFd>,
    stream: Stream,
    decoder: Decoder,
    markers: Markers,
    tail: Vec<u8>,
}

impl Pipe {
    fn new(fd: Option<OwnedFd>, stream: Stream) -> Self {
        Pipe { fd, stream, decoder: Decoder::default(), markers: Markers::default(), tail: Vec::new() }
    }

    fn drain(&mut self, hold: &mut Hold, out: &mut dyn FnMut(Event)) -> io::Result<()> {
        let Some(fd) = &self.fd else { return Ok(()) };
        let mut left = ioctl_fionread(fd)?;
        let mut buffer = vec![0; usize::try_from(left.clamp(1, CHUNK)).unwrap_or(1)];
        if left == 0 && !at_end(fd)? {
            return Ok(());
        }
        loop {
            let read = rustix::io::retry_on_intr(|| rustix::io::read(fd, &mut buffer))?;
            if read == 0 {
                self.fd = None;
                return Ok(());
            }
            remember(&mut self.tail, &buffer[..read]);
            let text = self.decoder.push(&buffer[..read]);
            match self.stream {
                Stream::Stdout => pass(self.stream, self.markers.push(text), hold, out),
                Stream::Stderr => hold.push(self.stream, text, out),
            }
            left = left.saturating_sub(read as u64);
            if left == 0 {
                return Ok(());
            }
        }
    }

    fn finish(&mut self, hold: &mut Hold, out: &mut dyn FnMut(Event)) {
        if let Some(text) = self.decoder.finish() {
            pass(self.stream, self.markers.push(text), hold, out);
        }
        pass(self.stream, self.markers.finish(), hold, out);
    }
}

/// Passes on text, and values that were printed in its place.
fn pass(stream: Stream, pieces: Vec<Piece>, hold: &mut Hold, out: &mut dyn FnMut(Event)) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => hold.push(stream, text, out),
            Piece::Shown(bundle) => {
                hold.release(out);
                out(Event::Display { bundle, id: None, update: false });
            }
        }
    }
}

/// Whether all writers have closed a pipe that holds nothing.
fn at_end(fd: &OwnedFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&at_once))?;
    let flags = fds[0].revents();
    Ok(flags.contains(PollFlags::HUP) && !flags.contains(PollFlags::IN))
}

fn remember(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    if tail.len() > 2 * TAIL {
        tail.drain(..tail.len() - TAIL);
    }
}
