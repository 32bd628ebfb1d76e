//! The body of an answer as a reader: one piece at a time, never the whole.

use crate::client::rt;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::error::Error;
use std::io::{self, Read};

/// Reads what a stream brings. The stream travels to the background runtime and back for each piece, so that reading
/// works inside of any runtime.
pub(super) struct Pipe<S> {
    stream: Option<S>,
    rest: Bytes,
}

impl<S> Pipe<S> {
    pub(super) fn new(stream: S) -> Pipe<S> {
        Pipe { stream: Some(stream), rest: Bytes::new() }
    }
}

impl<S, E> Read for Pipe<S>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            // None: at the end, or after an error.
            let Some(mut stream) = self.stream.take() else { return Ok(0) };
            let next = rt::wait(async move { (stream.next().await, stream) });
            match next.map_err(io::Error::other)? {
                (None, _) => return Ok(0),
                (Some(Err(error)), _) => return Err(io::Error::other(error)),
                (Some(Ok(piece)), stream) => {
                    self.rest = piece;
                    self.stream = Some(stream);
                }
            }
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[test]
    fn pieces_become_one_text_and_errors_errors() {
        let pieces = [Ok("ab"), Ok(""), Ok("cde")]
            .map(|p: Result<_, io::Error>| p.map(|text| Bytes::from_static(text.as_bytes())));
        let mut text = String::new();
        Pipe::new(stream::iter(pieces)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcde");
        let broken = [Ok(Bytes::from_static(b"ab")), Err(io::Error::from(io::ErrorKind::BrokenPipe))];
        assert!(Pipe::new(stream::iter(broken)).read_to_string(&mut text).is_err());
    }
}
