//! The kernelspec: what Jupyter reads to list Ironbook and to start it, and the directories where it looks.

use jupyter_protocol::JupyterKernelspec;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name under which Jupyter knows the kernel, unless another is chosen.
pub const NAME: &str = ironbook_magics::notebook::KERNEL;
/// What Jupyter shows, unless another is chosen.
pub const DISPLAY_NAME: &str = ironbook_magics::notebook::KERNEL_TITLE;
/// The file that makes a directory a kernelspec.
const SPEC: &str = "kernel.json";
/// The arguments that start the kernel; Jupyter puts the file's path in place of the last.
const START: [&str; 4] = ["kernel", "start", "-f", "{connection_file}"];
/// The logos, by the names that Jupyter looks for.
const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../logo/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../logo/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../logo/logo-svg.svg")),
];

/// Why a kernelspec could not be installed, removed or listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Jupyter would not take the name.
    #[error("`{name}` is no name for a kernel: letters, digits, `.`, `_` and `-` only")]
    Name {
        /// What was given.
        name: String,
    },
    /// The name belongs to another program's kernel.
    #[error("the kernel `{name}` in {} is another program's ({display_name})", folder.display())]
    Foreign {
        /// Its name.
        name: String,
        /// Where it is.
        folder: PathBuf,
        /// What Jupyter shows for it.
        display_name: String,
    },
    /// There is no kernel of that name.
    #[error("there is no kernel `{name}` in {}", folder.display())]
    NotInstalled {
        /// The name.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A file or directory could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SpecError {
    /// What the user can do.
    pub fn remedy(&self) -> String {
        match self {
            SpecError::Name { .. } => "for instance: --name ironbook-gpu".into(),
            SpecError::Foreign { name, .. } => {
                format!("choose another name with --name, or remove it first: jupyter kernelspec uninstall {name}")
            }
            SpecError::NotInstalled { .. } => "`ironbook kernel list` shows what is installed, and where".into(),
            SpecError::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "install it elsewhere: --user for yourself, --prefix DIR for a directory that can be written".into()
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space on that disk".into(),
                _ => "check the path and its permissions".into(),
            },
        }
    }
}

/// A kernelspec to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernelspec {
    /// The program to start: an absolute path, or one that begins with a placeholder of Jupyter (`{resource_dir}`).
    pub program: String,
    /// What Jupyter shows.
    pub display_name: String,
    /// Environment variables for the kernel.
    pub env: Vec<(String, String)>,
}

impl Kernelspec {
    /// The files of its directory, by name; `kernel.json` last, so that a directory with it is complete.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let logos = LOGOS.iter().map(|(name, bytes)| (*name, bytes.to_vec()));
        logos.chain([(SPEC, self.json().into_bytes())]).collect()
    }

    /// Writes it to `kernels/<name>/`, over an earlier one of Ironbook's; each file is replaced in one step.
    ///
    /// # Errors
    /// When the name is not one, is taken by another program, or the directory cannot be written.
    pub fn install(&self, kernels: &Path, name: &str) -> Result<PathBuf, SpecError> {
        let name = checked(name)?;
        let folder = kernels.join(&name);
        refuse_foreign(&folder, &name)?;
        let failed = |action| move |path: &Path, source| SpecError::Io { action, path: path.to_owned(), source };
        fs::create_dir_all(&folder).map_err(|source| failed("create")(&folder, source))?;
        for (file, bytes) in self.files() {
            let path = folder.join(file);
            replace(&path, &bytes).map_err(|source| failed("write")(&path, source))?;
        }
        Ok(folder)
    }

    /// `kernel.json`; the same text for the same spec.
    fn json(&self) -> String {
        let mut env: HashMap<String, String> = HashMap::new();
        env.extend(self.env.iter().cloned());
        let spec = JupyterKernelspec {
            argv: std::iter::once(self.program.as_str()).chain(START).map(str::to_owned).collect(),
            display_name: self.display_name.clone(),
            language: "rust".to_owned(),
            metadata: Some(HashMap::from([("debugger".to_owned(), json!(false))])),
            // A signal would reach the front end only; the message stops the cell wherever it runs.
            interrupt_mode: Some("message".to_owned()),
            env: Some(env),
        };
        let mut value = serde_json::to_value(spec).unwrap_or_default();
        if let Some(env) = value["env"].as_object_mut() {
            env.sort_keys();
        }
        format!("{value:#}\n")
    }
}

/// Removes Ironbook's kernelspec of that name; gives its directory.
///
/// # Errors
/// When there is none, it is another program's, or it cannot be removed.
pub fn uninstall(kernels: &Path, name: &str) -> Result<PathBuf, SpecError> {
    let name = checked(name)?;
    let folder = kernels.join(&name);
    if !folder.join(SPEC).is_file() {
        return Err(SpecError::NotInstalled { name, folder: kernels.to_owned() });
    }
    refuse_foreign(&folder, &name)?;
    fs::remove_dir_all(&folder).map_err(|source| SpecError::Io { action: "remove", path: folder.clone(), source })?;
    Ok(folder)
}

/// One of Ironbook's installed kernelspecs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// What Jupyter shows.
    pub display_name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// The program that it starts, with `{resource_dir}` replaced.
    pub program: PathBuf,
}

/// Ironbook's kernelspecs in these directories; of two with one name the first, as Jupyter does.
pub fn installed(kernels: &[PathBuf]) -> Vec<Installed> {
    let mut found: Vec<Installed> = Vec::new();
    for folder in kernels {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for folder in entries {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let Some(spec) = spec_of(&folder).filter(is_ours) else { continue };
            if found.iter().all(|other| other.name != name) {
                let program = spec.argv[0].replace("{resource_dir}", &folder.to_string_lossy());
                found.push(Installed { name, display_name: spec.display_name, program: program.into(), folder });
            }
        }
    }
    found
}

/// Where a user's kernelspecs are, as jupyter_core has it: `JUPYTER_DATA_DIR`, else the platform's data directory.
pub fn user_kernels(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(user_data(variable)?.join("kernels"))
}

/// Where Jupyter keeps the connection files of the kernels that it starts.
pub fn runtime_folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let named = variable("JUPYTER_RUNTIME_DIR").map(PathBuf::from);
    named.or_else(|| Some(user_data(variable)?.join("runtime")))
}

fn user_data(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = || variable("HOME").map(PathBuf::from);
    Some(match variable("JUPYTER_DATA_DIR") {
        Some(data) => PathBuf::from(data),
        None if cfg!(target_os = "macos") => home()?.join("Library/Jupyter"),
        None => {
            let data = variable("XDG_DATA_HOME").map(PathBuf::from);
            data.or_else(|| Some(home()?.join(".local/share")))?.join("jupyter")
        }
    })
}

/// Where the kernelspecs of an installation prefix are.
pub fn prefix_kernels(prefix: &Path) -> PathBuf {
    prefix.join("share/jupyter/kernels")
}

/// Every directory where Jupyter looks, the first that it takes first; `prefix` is that of its Python.
pub fn search_path(variable: &dyn Fn(&str) -> Option<OsString>, prefix: Option<&Path>) -> Vec<PathBuf> {
    let named = variable("JUPYTER_PATH").unwrap_or_default();
    let named =
        std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).map(|path| path.join("kernels"));
    let user = user_kernels(variable);
    let system = ["/usr/local", "/usr"].map(|prefix| prefix_kernels(Path::new(prefix)));
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in named.chain(user).chain(prefix.map(prefix_kernels)).chain(system) {
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

/// The name as Jupyter writes it: its rule, in small letters.
fn checked(name: &str) -> Result<String, SpecError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    // A name of dots alone would be the directory itself or the one above it.
    let is_path = name.bytes().all(|byte| byte == b'.');
    if is_path || !name.bytes().all(fits) {
        return Err(SpecError::Name { name: name.to_owned() });
    }
    Ok(name.to_ascii_lowercase())
}

fn spec_of(folder: &Path) -> Option<JupyterKernelspec> {
    let value: Value = serde_json::from_slice(&fs::read(folder.join(SPEC)).ok()?).ok()?;
    serde_json::from_value(value).ok()
}

/// Whether a spec starts Ironbook.
fn is_ours(spec: &JupyterKernelspec) -> bool {
    spec.argv.get(1..).is_some_and(|arguments| arguments == START)
}

fn refuse_foreign(folder: &Path, name: &str) -> Result<(), SpecError> {
    match spec_of(folder) {
        Some(spec) if !is_ours(&spec) => Err(SpecError::Foreign {
            name: name.to_owned(),
            folder: folder.to_owned(),
            display_name: spec.display_name,
        }),
        _ => Ok(()),
    }
}

/// Writes beside the file, then renames: a reader sees the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.part", std::process::id()));
    let written = fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        drop(fs::remove_file(&fresh));
    }
    written
}

#[cfg(test)]
mod tests;
