//! The content of a file that may be looked at more than once.

use crate::error::DataError;
use crate::read::open;
use crate::records::packed;
use polars::prelude::{CsvReadOptions, DataFrame, PolarsError, SerReader};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Bytes at the beginning that are looked at for separators and line ends.
const HEAD: u64 = 1 << 16;

/// A file, or the bytes of what can be read only once: a pipe, standard input.
pub(crate) struct Content<'p> {
    pub path: &'p Path,
    held: Option<Vec<u8>>,
}

impl<'p> Content<'p> {
    /// The content of a file that is not empty.
    pub fn of(path: &'p Path) -> Result<Self, DataError> {
        let read = |source| DataError::Read { path: path.to_owned(), source };
        let mut file = open(path)?;
        if file.metadata().map_err(read)?.is_file() {
            return Ok(Content { path, held: None });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(read)?;
        Ok(Content { path, held: Some(bytes) })
    }

    /// The content from its beginning.
    pub fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.held {
            Some(bytes) => Box::new(&bytes[..]),
            None => Box::new(File::open(self.path)?),
        })
    }

    /// The first bytes, unless they are compressed.
    pub fn head(&self) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        self.reader().ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        (!packed(&head)).then_some(head)
    }

    /// All bytes, unless they are compressed: then lines have no meaning for whoever wants to mend them.
    pub fn plain(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader().ok()?.read_to_end(&mut bytes).ok()?;
        (!packed(&bytes)).then_some(bytes)
    }

    /// The content as CSV.
    pub fn parse(&self, options: CsvReadOptions) -> Result<DataFrame, PolarsError> {
        match &self.held {
            Some(bytes) => options.into_reader_with_file_handle(Cursor::new(bytes)).finish(),
            None => options.into_reader_with_file_handle(File::open(self.path)?).finish(),
        }
    }
}
