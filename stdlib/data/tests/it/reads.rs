//! The list of what was read.

use ironbook_data::{DataError, ReadRecord, read_csv, read_parquet, reads, scan_csv, scan_parquet, write_parquet};
use polars::prelude::*;
use std::path::Path;

/// The reads below a directory: other tests read, too.
fn below(dir: &Path) -> Vec<ReadRecord> {
    reads().into_iter().filter(|read| read.source.starts_with(dir)).collect()
}

#[test]
fn reads_are_noted_with_the_hash_of_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    read_csv(&path).unwrap();
    let [read] = &below(dir.path())[..] else { panic!("one read") };
    assert_eq!((read.bytes, read.rows, read.format.as_str()), (8, Some(1), "CSV"));
    // What `b3sum a.csv` prints.
    let expected = blake3::hash(b"a,b\n1,2\n").to_hex().to_string();
    assert_eq!(read.fingerprint.as_ref().unwrap().as_str(), expected);
    assert_eq!(read.content().unwrap().as_str(), expected);
    assert!(read.at >= read.modified.unwrap());
    // The same again is listed once; other content is another read.
    read_csv(&path).unwrap();
    assert_eq!(below(dir.path()).len(), 1);
    std::fs::write(&path, "a,b\n1,3\n").unwrap();
    read_csv(&path).unwrap();
    assert_eq!(below(dir.path()).len(), 2);
    let failed = read_csv(dir.path().join("none.csv"));
    assert!(failed.is_err() && below(dir.path()).len() == 2, "what failed was not read");
}

#[test]
fn several_files_are_one_read() {
    let dir = tempfile::tempdir().unwrap();
    for (name, x) in [("a", 1), ("b", 2)] {
        write_parquet(&df!["x" => [x]].unwrap(), dir.path().join(name).with_extension("parquet")).unwrap();
    }
    read_parquet(dir.path().join("*.parquet")).unwrap();
    let [read] = &below(dir.path())[..] else { panic!("one read") };
    let digests: Vec<u8> =
        read.files.iter().flat_map(|file| *blake3::hash(&std::fs::read(file).unwrap()).as_bytes()).collect();
    assert_eq!((read.files.len(), read.rows), (2, Some(2)));
    assert_eq!(read.fingerprint.as_ref().unwrap().as_str(), blake3::hash(&digests).to_hex().to_string());
}

#[test]
fn scans_are_hashed_when_asked_unless_the_file_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    write_parquet(&df!["x" => [1]].unwrap(), &path).unwrap();
    drop(scan_parquet(&path).unwrap());
    let [read] = &below(dir.path())[..] else { panic!("one read") };
    assert_eq!((read.rows, read.fingerprint.is_none()), (None, true));
    let expected = blake3::hash(&std::fs::read(&path).unwrap()).to_hex().to_string();
    assert_eq!(read.content().unwrap().as_str(), expected);
    write_parquet(&df!["x" => [1, 2, 3], "another" => [1, 2, 3]].unwrap(), &path).unwrap();
    let error = read.content().unwrap_err();
    assert!(matches!(error, DataError::Changed { .. }), "{error:?}");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read.content(), Err(DataError::Read { .. })));
}

/// The same number of bytes within the same second is a change nevertheless.
#[test]
fn a_quick_change_of_the_same_size_is_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, "x\n1\n").unwrap();
    drop(scan_csv(&path).unwrap());
    let [read] = &below(dir.path())[..] else { panic!("one read") };
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, "x\n2\n").unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time + std::time::Duration::from_nanos(1000)).unwrap();
    assert!(matches!(read.content(), Err(DataError::Changed { .. })));
}
