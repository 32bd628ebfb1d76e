//! Paths of files, from the session's directory on.

use super::{Candidate, Completions};
use crate::rank::{Ranked, quality};
use crate::view::View;
use std::fs;
use std::path::PathBuf;

/// Entries of a folder that are read at most.
const MOST: usize = 100_000;
/// Those of them that fit and are looked at, whether they are folders.
const MOST_FITTING: usize = 4000;

/// Files and folders for what was typed, which begins at byte `start`.
pub fn complete(view: &View, typed: &str, start: usize) -> Completions {
    let folder_length = typed.rfind('/').map_or(0, |at| at + 1);
    let (folder, name) = typed.split_at(folder_length);
    let range = start + folder_length..start + typed.len();
    let mut ranked = Ranked::new(name);
    let entries = fs::read_dir(resolve(view, folder)).into_iter().flatten().flatten().take(MOST);
    let entries = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry));
    let is_hidden = |file: &str| file.starts_with('.') && !name.starts_with('.');
    let fitting = entries.filter(|(file, _)| !is_hidden(file) && quality(name, file).is_some());
    for (file, entry) in fitting.take(MOST_FITTING) {
        // Through links, to where they lead.
        let is_folder = fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir());
        let text = if is_folder { format!("{file}/") } else { file.clone() };
        ranked.add(&file, u8::from(!is_folder), || Candidate::new(text, "path"));
    }
    Completions { range, candidates: ranked.finish() }
}

fn resolve(view: &View, folder: &str) -> PathBuf {
    match (folder.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => view.directory.join(folder),
    }
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}
