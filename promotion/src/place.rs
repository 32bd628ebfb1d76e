//! Where a session's project is, and where files lie in it.

use ironbook_pipeline::folder;
use ironbook_session::explored::Explored;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The project of a session: the nearest directory upward of where it is that is marked as one (`pipelines`,
/// `.ironbook`, `.git`); without a mark the directory that it began in, or, where it has left that, the one that it is in.
pub(crate) fn project(explored: &Explored) -> PathBuf {
    let here = &explored.directory;
    match folder::marked(here) {
        Some(project) => project.to_owned(),
        None if is_below(here, &explored.began) => explored.began.clone(),
        None => here.clone(),
    }
}

fn is_below(path: &Path, above: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.starts_with(above) || real(path).starts_with(real(above))
}

/// Whether two paths lead to one directory or file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

/// A file as seen from the project: as it was reached, over links and all, if that way lies in the project. One outside
/// is named by `..` where its path was `relative`, and else as a whole.
pub(crate) fn from_project(path: &Path, project: &Path, relative: bool) -> PathBuf {
    let plain = without_dots(path);
    // A link before `..` leads elsewhere than the words say.
    let plain = if is_same(&plain, path) { plain } else { path.to_owned() };
    if let Ok(inside) = plain.strip_prefix(project) {
        return inside.to_owned();
    }
    let real = |path: &Path| -> Option<PathBuf> { fs::canonicalize(path).ok() };
    let folder = path.parent().and_then(real).zip(path.file_name()).map(|(folder, name)| folder.join(name));
    match folder.zip(real(project)) {
        Some((path, project)) => match path.strip_prefix(&project) {
            Ok(inside) => inside.to_owned(),
            Err(_) if relative => upward(&path, &project),
            Err(_) => plain,
        },
        None => plain,
    }
}

fn upward(path: &Path, from: &Path) -> PathBuf {
    let shared = path.components().zip(from.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

/// The path without `.`, and without what `..` takes back.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explored(began: &Path, directory: &Path) -> Explored {
        Explored { began: began.to_owned(), directory: directory.to_owned(), ..Explored::default() }
    }

    #[test]
    fn the_project_stays_when_the_session_moves_within_it() {
        let place = tempfile::tempdir().unwrap();
        let (root, data) = (place.path().join("p"), place.path().join("p/data"));
        fs::create_dir_all(&data).unwrap();
        assert_eq!(project(&explored(&root, &root)), root);
        assert_eq!(project(&explored(&root, &data)), root);
        assert_eq!(project(&explored(&data, &root)), root, "it has left where it began");
        fs::create_dir(place.path().join(".ironbook")).unwrap();
        assert_eq!(project(&explored(&root, &data)), place.path(), "a mark is a mark");
        fs::create_dir(data.join("pipelines")).unwrap();
        assert_eq!(project(&explored(&root, &data)), data);
    }

    #[test]
    fn files_are_named_from_the_project() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("p");
        for folder in ["p/data", "p/notebooks", "far/deep"] {
            fs::create_dir_all(place.path().join(folder)).unwrap();
        }
        for file in ["p/data/a.csv", "far/b.csv", "far/deep/c.csv"] {
            fs::write(place.path().join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(place.path().join("far/deep"), root.join("linked")).unwrap();
        std::os::unix::fs::symlink(&root, place.path().join("q")).unwrap();
        let seen = |directory: &str, written: &str| {
            let path = place.path().join(directory).join(written);
            from_project(&path, &root, Path::new(written).is_relative())
        };
        assert_eq!(seen("p", "data/a.csv"), Path::new("data/a.csv"));
        assert_eq!(seen("p/notebooks", "../data/./a.csv"), Path::new("data/a.csv"));
        assert_eq!(seen("q/data", "a.csv"), Path::new("data/a.csv"), "over a link to the project");
        assert_eq!(seen("p", "linked/c.csv"), Path::new("linked/c.csv"), "over a link in the project");
        assert_eq!(seen("p/linked", "../b.csv"), Path::new("linked/../b.csv"), "the link counts, not its name");
        assert_eq!(seen("p/notebooks", "../../far/b.csv"), Path::new("../far/b.csv"));
        let far = place.path().join("far/b.csv");
        assert_eq!(seen("p", &far.display().to_string()), far);
        assert_eq!(seen("p/notebooks", "missing.csv"), Path::new("notebooks/missing.csv"));
    }
}
