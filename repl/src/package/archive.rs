//! The archive: a tar.gz with one directory, to unpack anywhere; the same files give the same bytes.

use super::tree::{LICENSES, mode, text};
use super::{Package, TIME, bytes, whole};
use crate::Error;
use flate2::{Compression, GzBuilder};
use ironbook_session::library::Library;
use ironbook_session::library::installed::Piece;
use std::io::{self, Write};
use std::path::PathBuf;

/// What the archive says of itself.
const README: &str = include_str!("README.txt");

/// Writes it; gives its path and size.
pub fn write(pieces: &[Piece], library: &Library, package: &Package) -> Result<(PathBuf, u64), Error> {
    let root = format!("ironbook-{}-{}", env!("CARGO_PKG_VERSION"), library.host);
    let path = package.out.join(format!("{root}.tar.gz"));
    let readme = README.replace("{rustc}", library.rustc_version.lines().next().unwrap_or_default());
    let mut own = vec![text("README.txt".into(), readme)];
    own.extend(LICENSES.iter().map(|(name, license)| text((*name).into(), *license)));
    let size = whole(&path, |file| {
        let failed = |source: io::Error| Error::Pack { path: path.clone(), source };
        let packed = GzBuilder::new().mtime(TIME).write(file, Compression::new(package.level));
        let mut tar = tar::Builder::new(packed);
        for piece in own.iter().chain(pieces) {
            let content = bytes(piece)?;
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(mode(piece));
            header.set_mtime(TIME.into());
            tar.append_data(&mut header, format!("{root}/{}", piece.name), &content[..]).map_err(failed)?;
        }
        let finished = tar.into_inner().and_then(|packed| packed.finish()).and_then(|mut file| file.flush());
        finished.map_err(failed)
    })?;
    Ok((path, size))
}
