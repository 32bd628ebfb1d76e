//! Return addresses resolved through a twin.

use ironbook_session::diagnostics::resolve;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEXT: &str = "#[inline(never)]
#[unsafe(no_mangle)]
pub extern \"C\" fn outer(i: usize) -> u8 {
    inner(&[1, 2], i) + 1
}
#[inline(never)]
fn inner(v: &[u8], i: usize) -> u8 {
    let at = i * 2;
    Row(v).pick(at)
}
struct Row<'a>(&'a [u8]);
impl Row<'_> {
    #[inline(never)]
    fn pick(&self, at: usize) -> u8 {
        [at].iter().map(|at| self.0[*at]).sum()
    }
}
";

fn compile(directory: &Path, text: &str, name: &str, debuginfo: &str) -> PathBuf {
    let file = directory.join("cell.rs");
    std::fs::write(&file, text).unwrap();
    let out = directory.join(name);
    let status = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "cell", "-C", "prefer-dynamic"])
        .args(["-C", &format!("debuginfo={debuginfo}"), "-o"])
        .arg(&out)
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success());
    out
}

/// Offset of a byte after the start of `outer`.
fn inside(object: &Path, symbol: &str) -> u64 {
    use object::{Object, ObjectSymbol};
    let data = std::fs::read(object).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let found = file.symbols().find(|s| s.name().is_ok_and(|name| name.contains(symbol))).unwrap();
    found.address() + 9
}

#[test]
fn a_twin_gives_function_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let original = compile(directory.path(), TEXT, "original.so", "0");
    let twin = compile(directory.path(), TEXT, "twin.so", "line-tables-only");
    let offsets = [inside(&original, "inner"), inside(&original, "outer"), inside(&original, "pick")];
    let found = resolve(&twin, &original, &offsets).unwrap();
    let named: Vec<_> = found.iter().map(|a| (a.function.as_str(), a.line)).collect();
    assert!(named[0].0.contains("inner"), "{found:?}");
    assert!((7..=9).contains(&named[0].1), "{found:?}");
    assert_eq!(named[1].0, "outer");
    assert!((3..=4).contains(&named[1].1), "{found:?}");
    assert!(named[2].0.contains("Row") && named[2].0.contains("pick"), "{found:?}");
    assert!(found.iter().all(|a| a.file.ends_with("cell.rs")), "{found:?}");
}

#[test]
fn a_twin_of_other_code_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let original = compile(directory.path(), TEXT, "original.so", "0");
    let twin = compile(directory.path(), &TEXT.replace("i * 2", "i * 3"), "twin.so", "line-tables-only");
    assert_eq!(resolve(&twin, &original, &[inside(&original, "outer")]), None);
    assert_eq!(resolve(Path::new("/nonexistent"), &original, &[1]), None);
}
