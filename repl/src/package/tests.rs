//! Tests of packing: the same files give the same bytes, and nothing half written keeps its name.

use super::*;
use std::collections::BTreeSet;

fn library() -> Library {
    Library {
        id: "0a".into(),
        root: "/r".into(),
        dylib: "/r/l.so".into(),
        deps: "/r/deps".into(),
        externs: Vec::new(),
        crates: Vec::new(),
        runtime: "/r/ironbook-runtime".into(),
        rustc: "/rustc".into(),
        rustc_version: "rustc 1.2.3 (of a test)\n".into(),
        sysroot: "/s".into(),
        host: "x86_64-unknown-linux-gnu".into(),
        cuda: Vec::new(),
        linker_path: None,
    }
}

fn pieces() -> Vec<Piece> {
    let program = b"\x7fELF GLIBC_2.34\0".to_vec();
    vec![
        Piece { name: "bin/ironbook".into(), content: Content::Bytes(program), executable: true },
        tree::text("lib/ironbook/installed.json".into(), "{}"),
    ]
}

fn package(out: &Path) -> Package {
    Package { out: out.to_owned(), only: None, directory: None, level: 6 }
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (kind, name) in [
        (Kind::Archive, format!("ironbook-{}-x86_64-unknown-linux-gnu.tar.gz", env!("CARGO_PKG_VERSION"))),
        (Kind::Wheel, format!("ironbook-{}-py3-none-manylinux_2_34_x86_64.whl", env!("CARGO_PKG_VERSION"))),
    ] {
        let made = folders.each_ref().map(|folder| kind.write(&pieces(), &library(), &package(folder.path())).unwrap());
        assert_eq!(made[0].0.file_name().unwrap().to_str(), Some(name.as_str()));
        let [first, second] = made.map(|(path, size)| {
            let bytes = fs::read(path).unwrap();
            assert_eq!(bytes.len() as u64, size);
            bytes
        });
        assert!(first == second, "{name} differs");
    }
}

#[test]
fn the_archive_unpacks_with_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = Kind::Archive.write(&pieces(), &library(), &package(folder.path())).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(File::open(path).unwrap()));
    let mut names = BTreeSet::new();
    for entry in tar.entries().unwrap() {
        let entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        assert_eq!(entry.header().mode().unwrap() & 0o111 != 0, name.ends_with("bin/ironbook"), "{name}");
        names.insert(name.split_once('/').unwrap().1.to_owned());
    }
    let all = ["LICENSE-APACHE", "LICENSE-MIT", "README.txt", "bin/ironbook", "lib/ironbook/installed.json"];
    assert_eq!(names, all.map(str::to_owned).into());
}

#[test]
fn what_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Piece { name: "lib/x".into(), content: Content::File("/nowhere/x".into()), executable: false };
    let error = Kind::Archive.write(&[gone], &library(), &package(folder.path())).unwrap_err();
    assert!(error.to_string().contains("/nowhere/x") && error.remedy().is_some(), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn files_are_told_apart() {
    let parts =
        ["bin/ironbook", "lib/a/deps/libx-1.rmeta", "lib/a/deps/libm-1.so", "lib/a/libironbook_std.so"].map(part);
    assert_eq!(parts, ["front ends", "metadata of the library's crates", "proc macros", "the library"]);
    assert_eq!((part("lib/a/ironbook-runtime"), megabytes(1_250_000)), ("runtime", "1.3 MB".to_owned()));
}
