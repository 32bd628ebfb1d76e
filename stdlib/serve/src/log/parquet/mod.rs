//! A small writer of flat Parquet files: what the request log needs, and no more.
//!
//! A file is made of row groups; in each, every column is one chunk of a dictionary page (where values repeat) and one data
//! page, compressed by Snappy. Format: <https://github.com/apache/parquet-format>.

mod encode;
mod thrift;

pub(crate) use encode::{Column, Texts};

use encode::Encoded;
use std::io::{self, Write};
use thrift::Thrift;

const MAGIC: &[u8; 4] = b"PAR1";

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    UInt32,
    Int64,
    Float64,
    /// Microseconds since 1970; of UTC, or by a clock of its own.
    Time {
        utc: bool,
    },
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether values may be missing.
    pub(crate) optional: bool,
}

/// Where the pages of a column in a row group stand.
struct Chunk {
    offset: u64,
    dictionary: Option<u64>,
    plain: u64,
    compressed: u64,
    encodings: &'static [i32],
}

struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

/// What is to be written at the end of a file that is being written.
pub(crate) struct Footer {
    fields: Vec<Field>,
    groups: Vec<Group>,
    /// Bytes written so far.
    at: u64,
    /// Said in the file, for whoever reads it.
    notes: Vec<(String, String)>,
}

impl Footer {
    /// Begins a file.
    pub(crate) fn begin(out: &mut impl Write, fields: Vec<Field>, notes: Vec<(String, String)>) -> io::Result<Footer> {
        out.write_all(MAGIC)?;
        Ok(Footer { fields, groups: Vec::new(), at: MAGIC.len() as u64, notes })
    }

    /// Bytes of the file so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.at
    }

    /// Rows of the file so far.
    pub(crate) fn rows(&self) -> usize {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// Writes a row group of as many columns as the file has, of one length. When that fails, nothing of it counts.
    pub(crate) fn group(&mut self, out: &mut impl Write, columns: &[Column]) -> io::Result<()> {
        let (mut at, mut chunks) = (self.at, Vec::with_capacity(columns.len()));
        for (field, column) in self.fields.iter().zip(columns) {
            let encoded = encode::encode(column, field.optional);
            let chunk = chunk(out, at, &encoded)?;
            at += chunk.compressed;
            chunks.push(chunk);
        }
        self.at = at;
        self.groups.push(Group { rows: columns.first().map_or(0, Column::len), chunks });
        Ok(())
    }

    /// Takes back the group that was written last, whose bytes did not get where they should.
    pub(crate) fn undo(&mut self, before: u64) {
        self.groups.pop();
        self.at = before;
    }

    /// Ends the file.
    pub(crate) fn end(&self, out: &mut impl Write) -> io::Result<()> {
        let mut to = Thrift::default();
        self.metadata(&mut to);
        let bytes = to.bytes();
        out.write_all(&bytes)?;
        out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        out.write_all(MAGIC)
    }

    fn metadata(&self, to: &mut Thrift) {
        to.int32(1, 1);
        to.list(2, self.fields.len() + 1);
        to.element(|root| {
            root.text(4, "requests");
            root.int32(5, self.fields.len() as i32);
        });
        self.fields.iter().for_each(|field| to.element(|to| schema(field, to)));
        to.int64(3, self.rows() as i64);
        to.list(4, self.groups.len());
        for group in &self.groups {
            to.element(|to| {
                to.list(1, group.chunks.len());
                for (field, chunk) in self.fields.iter().zip(&group.chunks) {
                    to.element(|to| column_chunk(field, chunk, group.rows, to));
                }
                to.int64(2, group.chunks.iter().map(|chunk| chunk.plain as i64).sum());
                to.int64(3, group.rows as i64);
            });
        }
        if !self.notes.is_empty() {
            to.list(5, self.notes.len());
            for (name, value) in &self.notes {
                to.element(|to| {
                    to.text(1, name);
                    to.text(2, value);
                });
            }
        }
        to.text(6, concat!("ironbook ", env!("CARGO_PKG_VERSION")));
        to.stop();
    }
}

/// The number of the physical type.
fn physical(kind: Kind) -> i32 {
    match kind {
        Kind::UInt32 => 1,
        Kind::Int64 | Kind::Time { .. } => 2,
        Kind::Float64 => 5,
        Kind::Text => 6,
    }
}

fn schema(field: &Field, to: &mut Thrift) {
    to.int32(1, physical(field.kind));
    to.int32(3, i32::from(field.optional));
    to.text(4, &field.name);
    match field.kind {
        Kind::Text => {
            to.int32(6, 0);
            to.structure(10, |logical| logical.structure(1, |_| {}));
        }
        Kind::UInt32 => {
            to.int32(6, 13);
            to.structure(10, |logical| {
                logical.structure(10, |integer| {
                    integer.int8(1, 32);
                    integer.flag(2, false);
                });
            });
        }
        Kind::Time { utc } => {
            // The older mark stands for times of UTC only.
            if utc {
                to.int32(6, 10);
            }
            to.structure(10, |logical| {
                logical.structure(8, |time| {
                    time.flag(1, utc);
                    time.structure(2, |unit| unit.structure(2, |_| {}));
                });
            });
        }
        Kind::Int64 | Kind::Float64 => {}
    }
}

fn column_chunk(field: &Field, chunk: &Chunk, rows: usize, to: &mut Thrift) {
    to.int64(2, chunk.dictionary.unwrap_or(chunk.offset) as i64);
    to.structure(3, |to| {
        to.int32(1, physical(field.kind));
        to.int32s(2, chunk.encodings);
        to.texts(3, &[&field.name]);
        to.int32(4, 1);
        to.int64(5, rows as i64);
        to.int64(6, chunk.plain as i64);
        to.int64(7, chunk.compressed as i64);
        to.int64(9, chunk.offset as i64);
        if let Some(dictionary) = chunk.dictionary {
            to.int64(11, dictionary as i64);
        }
    });
}

/// Writes the pages of a column from `at` on.
fn chunk(out: &mut impl Write, at: u64, encoded: &Encoded) -> io::Result<Chunk> {
    let mut chunk = Chunk { offset: at, dictionary: None, plain: 0, compressed: 0, encodings: encoded.encodings() };
    if let Some((count, values)) = &encoded.dictionary {
        let header = |to: &mut Thrift| {
            to.structure(7, |to| {
                to.int32(1, *count as i32);
                to.int32(2, 0);
            });
        };
        page(out, &mut chunk, 2, values, header)?;
        chunk.dictionary = Some(at);
        chunk.offset = at + chunk.compressed;
    }
    let header = |to: &mut Thrift| {
        to.structure(5, |to| {
            to.int32(1, encoded.count as i32);
            to.int32(2, encoded.data_encoding());
            to.int32(3, 3);
            to.int32(4, 3);
        });
    };
    page(out, &mut chunk, 0, &encoded.data, header)?;
    Ok(chunk)
}

fn page(out: &mut impl Write, chunk: &mut Chunk, kind: i32, data: &[u8], more: impl Fn(&mut Thrift)) -> io::Result<()> {
    let compressed = snap::raw::Encoder::new().compress_vec(data).map_err(io::Error::other)?;
    let mut header = Thrift::default();
    header.int32(1, kind);
    header.int32(2, data.len() as i32);
    header.int32(3, compressed.len() as i32);
    more(&mut header);
    header.stop();
    let header = header.bytes();
    out.write_all(&header)?;
    out.write_all(&compressed)?;
    chunk.plain += (header.len() + data.len()) as u64;
    chunk.compressed += (header.len() + compressed.len()) as u64;
    Ok(())
}
