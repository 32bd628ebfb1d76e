//! Which files a path means: one file, those that a pattern matches, or those in a directory, with their partitions.

use crate::error::DataError;
use crate::near::near;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub path: PathBuf,
    /// Names and values of the directories like `year=2013` that it lies in; `None` for the name that stands for null.
    pub partitions: Vec<(String, Option<String>)>,
}

/// A format by the ends of its files' names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub name: &'static str,
    pub endings: &'static [&'static str],
}

pub(crate) const CSV: Format = Format { name: "CSV", endings: &[".csv", ".csv.gz", ".csv.zst", ".tsv"] };
pub(crate) const PARQUET: Format = Format { name: "Parquet", endings: &[".parquet", ".pq"] };
pub(crate) const JSON: Format = Format { name: "JSON", endings: &[".json", ".jsonl", ".ndjson"] };

/// The files that a path means, in the order of their names; a leading `~` is the home directory.
///
/// A path that exists is taken as it is, be there a `*` in its name. In a pattern, `*` and `?` stand for letters of one
/// name, `[a-c]` for one letter, `**` for any directories. A directory that cannot be listed is an error: its files
/// would be missing from the table without a word.
pub(crate) fn sources(path: &Path, format: Format) -> Result<Vec<Source>, DataError> {
    let path = &*polars::io::resolve_homedir(path);
    if path.is_dir() {
        let mut found = Vec::new();
        walk(path, &mut Vec::new(), &mut |file| {
            if ends(file, format) {
                found.push(file.to_owned());
            }
        })?;
        return match found.is_empty() {
            true => Err(DataError::NoFiles { path: path.to_owned(), format: format.name, found: some_files(path) }),
            false => Ok(sorted(found, path)),
        };
    }
    if path.exists() || !is_pattern(path) {
        return Ok(vec![Source { path: path.to_owned(), partitions: partitions(path, Path::new("")) }]);
    }
    let found = matches(path)?;
    match found.is_empty() {
        true => Err(DataError::NoMatch { pattern: path.to_owned(), near: near_matches(path) }),
        false => Ok(sorted(found, &fixed(path))),
    }
}

fn sorted(mut files: Vec<PathBuf>, base: &Path) -> Vec<Source> {
    files.sort();
    files.into_iter().map(|path| Source { partitions: partitions(&path, base), path }).collect()
}

fn ends(path: &Path, format: Format) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    format.endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether a name is one that writers keep for themselves: `_SUCCESS`, `.crc`.
fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']))
}

/// All files below a directory that are not hidden; `above` holds the real places of the directories that it lies in.
fn walk(dir: &Path, above: &mut Vec<PathBuf>, each: &mut dyn FnMut(&Path)) -> Result<(), DataError> {
    let Some(place) = entered(dir, above) else { return Ok(()) };
    above.push(place);
    for path in entries(dir)?.into_iter().filter(|path| !hidden(path)) {
        if path.is_dir() { walk(&path, above, each)? } else { each(&path) }
    }
    above.pop();
    Ok(())
}

/// Where a directory really is; nowhere if that is above itself, by a symbolic link that leads back.
fn entered(dir: &Path, above: &[PathBuf]) -> Option<PathBuf> {
    let place = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    (!above.contains(&place)).then_some(place)
}

/// What is in a directory, in the order of the names; nothing if there is none.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let strip = |path: PathBuf| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
    let read = |source| DataError::Read { path: dir.to_owned(), source };
    let entries = match std::fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries.map_err(read)?,
    };
    let mut paths = entries.map(|entry| Ok(strip(entry?.path()))).collect::<Result<Vec<_>, _>>().map_err(read)?;
    paths.sort();
    Ok(paths)
}

/// Names of a few files of a directory, for an error.
fn some_files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    // What cannot be listed has been reported before.
    let _ = walk(dir, &mut Vec::new(), &mut |file| {
        if names.len() < 5 {
            names.push(file.strip_prefix(dir).unwrap_or(file).display().to_string());
        }
    });
    names
}

/// `key=value` in the directories between `base` and the file.
fn partitions(path: &Path, base: &Path) -> Vec<(String, Option<String>)> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let Some(dirs) = below.parent() else { return Vec::new() };
    let one = |part: Component<'_>| {
        let text = part.as_os_str().to_string_lossy().into_owned();
        let (name, value) = text.split_once('=')?;
        let value = (value != "__HIVE_DEFAULT_PARTITION__").then(|| decoded(value));
        (!name.is_empty()).then(|| (decoded(name), value))
    };
    dirs.components().filter_map(one).collect()
}

/// Names of directories like `year=2013` that the whole table lies in, which are no columns of it.
pub(crate) fn above(source: &Source) -> Vec<String> {
    let all = partitions(&source.path, Path::new(""));
    let own = |name: &String| source.partitions.iter().any(|(own, _)| own == name);
    all.into_iter().map(|(name, _)| name).filter(|name| !own(name)).collect()
}

/// Text with its `%20` replaced.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%').then(|| std::str::from_utf8(tail.get(..2)?).ok()).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Whether a path has signs of a pattern in it.
pub(crate) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// The directories of a pattern before its first sign.
fn fixed(pattern: &Path) -> PathBuf {
    pattern.components().take_while(|part| !is_pattern(Path::new(part.as_os_str()))).collect()
}

/// The files that a pattern matches.
fn matches(pattern: &Path) -> Result<Vec<PathBuf>, DataError> {
    let base = fixed(pattern);
    let rest: Vec<String> =
        pattern.components().skip(base.components().count()).map(|p| p.as_os_str().to_string_lossy().into()).collect();
    let mut found = Vec::new();
    descend(&base, &rest, &mut Vec::new(), &mut found)?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// `above` holds the real places of the directories that a `**` has gone through.
fn descend(dir: &Path, rest: &[String], above: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let Some((part, below)) = rest.split_first() else { return Ok(()) };
    if part == "**" {
        let Some(place) = entered(dir, above) else { return Ok(()) };
        descend(dir, below, &mut Vec::new(), found)?;
        above.push(place);
        for path in entries(dir)?.into_iter().filter(|path| path.is_dir() && !hidden(path)) {
            descend(&path, rest, above, found)?;
        }
        above.pop();
        return Ok(());
    }
    let letters: Vec<char> = part.chars().collect();
    for path in entries(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let shown = !hidden(&path) || part.starts_with(['.', '_']);
        if !shown || !fits(&letters, &name.chars().collect::<Vec<_>>()) {
            continue;
        }
        match below.is_empty() {
            true if path.is_file() => found.push(path),
            true => {}
            false => descend(&path, below, above, found)?,
        }
    }
    Ok(())
}

/// Whether a name fits a pattern of `*`, `?` and `[..]`.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let (mut rest, mut left) = (pattern, name);
    // Behind the latest star, and what it left of the name: it takes one letter more where all else fails.
    let mut star: Option<(&[char], &[char])> = None;
    loop {
        if let Some(('*', behind)) = rest.split_first() {
            star = Some((behind, left));
            rest = behind;
            continue;
        }
        match (one(rest, left), star) {
            (None, _) if rest.is_empty() && left.is_empty() => return true,
            (Some(behind), _) => (rest, left) = (behind, &left[1..]),
            (None, Some((behind, [_, fewer @ ..]))) => {
                star = Some((behind, fewer));
                (rest, left) = (behind, fewer);
            }
            (None, _) => return false,
        }
    }
}

/// What is left of a pattern without stars at its beginning whose first sign is the first letter of a name.
fn one<'p>(pattern: &'p [char], name: &[char]) -> Option<&'p [char]> {
    let letter = *name.first()?;
    match pattern.split_first()? {
        ('?', rest) => Some(rest),
        ('[', rest) if rest.contains(&']') => {
            let end = rest.iter().position(|&c| c == ']')?;
            in_set(&rest[..end], letter).then(|| &rest[end + 1..])
        }
        (sign, rest) => (*sign == letter).then_some(rest),
    }
}

/// Whether a letter is one of `abc`, `a-c`, `!a-c`.
fn in_set(set: &[char], letter: char) -> bool {
    let (not, set) = match set.split_first() {
        Some(('!' | '^', rest)) => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    let mut at = 0;
    while at < set.len() {
        match set.get(at + 1..at + 3) {
            Some(['-', to]) => {
                found |= (set[at]..=*to).contains(&letter);
                at += 3;
            }
            _ => {
                found |= set[at] == letter;
                at += 1;
            }
        }
    }
    found != not
}

/// Files that the pattern may have meant: those of its directory with an ending or a name like it.
fn near_matches(pattern: &Path) -> Vec<String> {
    let dir = fixed(pattern);
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain: String = name.chars().filter(|c| !"*?[]".contains(*c)).collect();
    let files: Vec<PathBuf> = entries(&dir).unwrap_or_default().into_iter().filter(|path| !hidden(path)).collect();
    let shown = |path: &PathBuf| path.display().to_string();
    let names: Vec<String> =
        files.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
    let like = near(&plain, names.iter().map(String::as_str));
    match like.is_empty() {
        false => like.iter().map(|name| dir.join(name).display().to_string()).collect(),
        true => files.iter().take(3).map(shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns() {
        let fit =
            |pattern: &str, name: &str| fits(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>());
        assert!(fit("*.csv", "a.csv") && fit("a*b*c", "aXbYbZc") && fit("?.csv", "ä.csv") && fit("*", ""));
        assert!(fit("part-[0-3x].csv", "part-2.csv") && fit("part-[0-3x].csv", "part-x.csv"));
        assert!(fit("[!a]b", "cb") && !fit("[!a]b", "ab") && !fit("part-[0-3].csv", "part-7.csv"));
        assert!(!fit("*.csv", "a.csv.gz") && !fit("?", "") && fit("a[b", "a[b"));
        assert!(
            fit("**", "ab") && fit("*a", "aaa") && fit("a*", "a") && !fit("a*b", "a") && !fit("", "a") && fit("", "")
        );
    }

    /// Star by star in nested loops, this would take longer than the universe is old.
    #[test]
    fn many_stars_take_no_time() {
        let fit = |pattern: String, name: String| {
            fits(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
        };
        assert!(!fit("*a".repeat(60) + "b", "a".repeat(250)));
        assert!(fit("*a".repeat(60) + "*", "a".repeat(250)));
    }

    #[test]
    fn partitions_are_decoded() {
        let path = Path::new("data/k=1/year=2013/city=S%C3%A3o%20Paulo/none=__HIVE_DEFAULT_PARTITION__/a.parquet");
        let expected = [("year", Some("2013")), ("city", Some("São Paulo")), ("none", None)]
            .map(|(k, v)| (k.to_owned(), v.map(str::to_owned)));
        assert_eq!(partitions(path, Path::new("data/k=1")), expected);
    }
}
