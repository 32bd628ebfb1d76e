//! `ironbook package`: Ironbook as an archive to unpack anywhere and as a Python wheel, both without sources.

mod archive;
mod glibc;
mod language;
mod tree;
mod wheel;

use crate::terminal::{Style, Terminal, seconds};
use crate::{Error, setup};
use clap::{Args, ValueEnum};
use ironbook_session::library::installed::{Content, Piece};
use ironbook_session::library::{Library, Paths};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// Seconds since 1970 that all packed files have as their time: 1980, before which zip knows none.
const TIME: u32 = 315_532_800;

/// Examples for `--help`.
pub const HELP: &str = "\
Examples:
  ironbook package                          the archive and the wheel, here
  ironbook package --only wheel --out dist  the wheel, in dist/
  ironbook package --directory /opt/ironbook   the same files, installed there

What is packed needs Rust's compiler of the very version that built it (and its component rust-src for the language
service), and a C linker, but no cargo and no build.";

/// `ironbook package`.
#[derive(Args, Debug)]
pub struct Package {
    /// Where the packages are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,

    /// Make one of them only
    #[arg(long, value_enum)]
    pub only: Option<Kind>,

    /// Write the files to this directory instead, uncompressed
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "only", "level"])]
    pub directory: Option<PathBuf>,

    /// How hard to compress
    #[arg(long, value_name = "1-9", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub level: u32,
}

/// A kind of package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A tar.gz.
    Archive,
    /// A Python wheel.
    Wheel,
}

impl Kind {
    fn write(self, pieces: &[Piece], library: &Library, package: &Package) -> Result<(PathBuf, u64), Error> {
        match self {
            Kind::Archive => archive::write(pieces, library, package),
            Kind::Wheel => wheel::write(pieces, library, package),
        }
    }
}

/// Packs, and reports sizes.
///
/// # Errors
/// When the library is not built and cannot be, or a file cannot be read or written.
pub fn run(package: &Package, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    // The library for GPUs stands on CUDA's own, which are not ours to give away.
    let paths = &Paths { cuda: None, ..paths.clone() };
    let library = setup::ready(paths, &terminal)?;
    let mut pieces = tree::pieces(&library, paths)?;
    let read = tempfile::tempdir().map_err(|source| Error::Pack { path: std::env::temp_dir(), source })?;
    match setup::language(paths, &terminal)? {
        Some(service) => pieces.extend(language::pieces(&service, &library, paths, read.path())?),
        None => terminal.say("Packed without the language service."),
    }
    pieces.sort_by(|a, b| a.name.cmp(&b.name));
    report_parts(&pieces, &terminal)?;
    if let Some(directory) = &package.directory {
        tree::write(&pieces, directory)?;
        terminal.say(&format!("{} installed in {}", terminal.paint(Style::Green, "ok:"), directory.display()));
        return Ok(0);
    }
    fs::create_dir_all(&package.out).map_err(|source| Error::Write { path: package.out.clone(), source })?;
    let kinds = package.only.map_or_else(|| vec![Kind::Archive, Kind::Wheel], |kind| vec![kind]);
    let began = Instant::now();
    let written: Vec<_> = thread::scope(|scope| {
        let work = |kind: Kind| {
            let (pieces, library) = (&pieces, &library);
            scope.spawn(move || kind.write(pieces, library, package))
        };
        let running: Vec<_> = kinds.into_iter().map(work).collect();
        running.into_iter().map(|work| work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    for result in written {
        let (path, size) = result?;
        terminal.out(&format!("{:>9}  {}\n", megabytes(size), path.display()));
    }
    terminal.say(&format!(
        "{} packed in {}; needs {}",
        terminal.paint(Style::Green, "ok:"),
        seconds(began.elapsed().as_secs_f64()),
        library.rustc_version.lines().next().unwrap_or_default()
    ));
    Ok(0)
}

/// Prints what is packed, by part, uncompressed.
fn report_parts(pieces: &[Piece], terminal: &Terminal) -> Result<(), Error> {
    let mut parts: Vec<(&str, u64)> = Vec::new();
    for piece in pieces {
        let part = part(&piece.name);
        let size = size(piece).map_err(|source| failed(&piece.content, &piece.name, source))?;
        match parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, sum)) => *sum += size,
            None => parts.push((part, size)),
        }
    }
    for (part, size) in &parts {
        terminal.out(&format!("{:>9}  {part}\n", megabytes(*size)));
    }
    terminal.out(&format!("{:>9}  in all, unpacked\n", megabytes(parts.iter().map(|(_, size)| size).sum())));
    Ok(())
}

/// What a file of the installation is for.
fn part(name: &str) -> &'static str {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    match (name.starts_with("bin/"), name.contains("/deps/"), extension) {
        (true, ..) if name.ends_with("-language") => "language service",
        (true, ..) => "front ends",
        (_, true, Some("rmeta")) => "metadata of the library's crates",
        (_, true, _) => "proc macros",
        (_, _, Some("so" | "dylib")) => "the library",
        _ if name.ends_with("/ironbook-runtime") => "runtime",
        _ if name.contains("/source/") => "sources for pipelines",
        _ if name.contains("/language/") => "sources for the language service",
        _ if name.contains("/index-") => "names for completion",
        _ => "kernelspec, licences and other small files",
    }
}

fn megabytes(bytes: u64) -> String {
    let tenths = (bytes * 10).div_ceil(1_000_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

fn size(piece: &Piece) -> io::Result<u64> {
    match &piece.content {
        Content::File(path) => fs::metadata(path).map(|meta| meta.len()),
        Content::Bytes(bytes) => Ok(bytes.len() as u64),
    }
}

/// What is in a file of the installation.
fn bytes(piece: &Piece) -> Result<Cow<'_, [u8]>, Error> {
    match &piece.content {
        Content::File(path) => {
            fs::read(path).map(Cow::Owned).map_err(|source| failed(&piece.content, &piece.name, source))
        }
        Content::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
    }
}

/// An error about one file.
fn failed(content: &Content, name: &str, source: io::Error) -> Error {
    let path = match content {
        Content::File(path) => path.clone(),
        Content::Bytes(_) => name.into(),
    };
    Error::Pack { path, source }
}

/// Writes a file that appears under its name only when it is whole; gives its size.
fn whole(path: &Path, fill: impl FnOnce(BufWriter<File>) -> Result<(), Error>) -> Result<u64, Error> {
    let fresh = path.with_file_name(format!(
        ".{}.{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    let failed = |source| Error::Pack { path: path.to_owned(), source };
    let written = File::create(&fresh)
        .map_err(failed)
        .and_then(|file| fill(BufWriter::new(file)))
        .and_then(|()| fs::rename(&fresh, path).map_err(failed));
    if written.is_err() {
        drop(fs::remove_file(&fresh));
    }
    written.and_then(|()| fs::metadata(path).map_err(failed)).map(|meta| meta.len())
}

#[cfg(test)]
mod tests;
