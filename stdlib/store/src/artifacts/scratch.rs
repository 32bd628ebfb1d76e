//! Bytes from a reader that can be sent more than once: in memory if few, else in a file without a name.

use crate::error::{Error, Result};
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// More bytes than these go to a file.
pub(crate) const IN_MEMORY: usize = 8 << 20;

/// What was read.
pub(crate) enum Scratch {
    /// All of it.
    Memory(Bytes),
    /// A file that vanishes when it is closed, and its length.
    File(File, u64),
}

impl Scratch {
    /// Reads all that there is.
    pub(crate) fn fill(bytes: &mut dyn Read) -> Result<Scratch> {
        let reading = |e| Error::io("read the content of", "an artifact", e);
        let mut first = Vec::new();
        bytes.take(IN_MEMORY as u64 + 1).read_to_end(&mut first).map_err(reading)?;
        if first.len() <= IN_MEMORY {
            return Ok(Scratch::Memory(first.into()));
        }
        let (mut file, path) = nameless()?;
        let written = io::copy(&mut first.as_slice().chain(bytes), &mut file);
        let length = written.map_err(|e| Error::io("write", &path, e))?;
        file.seek(SeekFrom::Start(0)).map_err(|e| Error::io("read", &path, e))?;
        Ok(Scratch::File(file, length))
    }
}

/// A file that nobody else can open, in the system's directory for such.
fn nameless() -> Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut tries = 0;
    loop {
        let name = format!(
            "ironbook-{}-{}-{:x}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed),
            rand::random::<u64>()
        );
        let path = std::env::temp_dir().join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                fs::remove_file(&path).map_err(|e| Error::io("remove the name of", &path, e))?;
                return Ok((file, path));
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < 10 => tries += 1,
            Err(e) => return Err(Error::io("create", path, e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_content_stays_in_memory_and_large_does_not() {
        assert!(matches!(Scratch::fill(&mut &b"abc"[..]).unwrap(), Scratch::Memory(bytes) if bytes == "abc"));
        let mut large = io::repeat(7).take(IN_MEMORY as u64 + 5);
        let Scratch::File(mut file, length) = Scratch::fill(&mut large).unwrap() else { panic!("in memory") };
        let mut back = Vec::new();
        file.read_to_end(&mut back).unwrap();
        assert_eq!((length, back.len()), (IN_MEMORY as u64 + 5, IN_MEMORY + 5));
        assert!(back.iter().all(|b| *b == 7));
    }
}
