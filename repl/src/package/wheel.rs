//! The wheel: the same files where pip puts programs and data, so that an environment's Jupyter finds the kernel.

use super::tree::{LICENSES, mode, text};
use super::{Package, TIME, bytes, glibc, whole};
use crate::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use ironbook_session::library::Library;
use ironbook_session::library::installed::Piece;
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::PathBuf;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What marks a regular file in a zip; pip makes only those executable.
const REGULAR: u32 = 0o100_000;

/// Writes it; gives its path and size.
pub fn write(pieces: &[Piece], library: &Library, package: &Package) -> Result<(PathBuf, u64), Error> {
    let architecture = library.host.split('-').next().unwrap_or_default();
    let tag = format!("py3-none-manylinux_2_{}_{architecture}", glibc::minor(pieces)?);
    let path = package.out.join(format!("ironbook-{VERSION}-{tag}.whl"));
    let info = format!("ironbook-{VERSION}.dist-info");
    let rustc = library.rustc_version.lines().next().unwrap_or_default();
    let mut all: Vec<Piece> = pieces.iter().map(|piece| Piece { name: place(&piece.name), ..piece.clone() }).collect();
    all.push(text(format!("{info}/METADATA"), metadata(rustc)));
    let wheel = format!("Wheel-Version: 1.0\nGenerator: ironbook {VERSION}\nRoot-Is-Purelib: false\nTag: {tag}\n");
    all.push(text(format!("{info}/WHEEL"), wheel));
    all.extend(LICENSES.iter().map(|(name, license)| text(format!("{info}/licenses/{name}"), *license)));
    let size = whole(&path, |file| {
        let failed = |source: io::Error| Error::Pack { path: path.clone(), source };
        let mut zip = ZipArchiveWriter::new(file);
        let mut record = String::new();
        for piece in &all {
            let content = bytes(piece)?;
            let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&content));
            record.push_str(&format!("{},sha256={digest},{}\n", piece.name, content.len()));
            add(&mut zip, piece, &content, package.level).map_err(failed)?;
        }
        // The record comes last and cannot hold its own hash.
        record.push_str(&format!("{info}/RECORD,,\n"));
        let record = text(format!("{info}/RECORD"), record);
        add(&mut zip, &record, &bytes(&record)?, package.level).map_err(failed)?;
        zip.finish().map_err(io::Error::other).and_then(|mut file| file.flush()).map_err(failed)
    })?;
    Ok((path, size))
}

/// Where a file of the installation is in the wheel: pip moves `scripts` to `bin`, and `data` to the prefix.
fn place(name: &str) -> String {
    match name.strip_prefix("bin/") {
        Some(program) => format!("ironbook-{VERSION}.data/scripts/{program}"),
        None => format!("ironbook-{VERSION}.data/data/{name}"),
    }
}

fn metadata(rustc: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: ironbook\nVersion: {VERSION}\n\
         Summary: An ML notebook for Rust: a Jupyter kernel and a terminal session\n\
         License: Apache-2.0 OR MIT\nRequires-Python: >=3.8\nKeywords: jupyter,rust,notebook,machine learning\n\
         Classifier: Framework :: Jupyter\nClassifier: Programming Language :: Rust\n\
         Classifier: Operating System :: POSIX :: Linux\nDescription-Content-Type: text/plain\n\n\
         Compiled with {rustc}; cells need that compiler and a C linker:\n\
         `rustup toolchain install` with that version (`--component rust-src` for the language service), and gcc or clang.\n\
         `ironbook doctor` checks them.\n"
    )
}

fn add<W: Write>(zip: &mut ZipArchiveWriter<W>, piece: &Piece, content: &[u8], level: u32) -> io::Result<()> {
    let builder = zip
        .new_file(piece.name.as_str())
        .compression_method(CompressionMethod::DEFLATE)
        .last_modified(UtcDateTime::from_unix(TIME.into()))
        .unix_permissions(REGULAR | mode(piece));
    let (mut entry, config) = builder.start().map_err(io::Error::other)?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::new(level)));
    writer.write_all(content)?;
    let (encoder, descriptor) = writer.finish().map_err(io::Error::other)?;
    encoder.finish()?;
    entry.finish(descriptor).map_err(io::Error::other)?;
    Ok(())
}
