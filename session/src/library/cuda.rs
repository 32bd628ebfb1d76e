//! CUDA: the toolkit that a library for NVIDIA GPUs is built with, found on the machine or fetched as Python wheels.

use super::error::BuildError;
use super::rustc::find_program;
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The wheels of NVIDIA that hold a compiler and what it links, one release of CUDA: cudarc 0.19 knows none later than 13.4.
const WHEELS: &[&str] = &[
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cccl==13.0.85",
    "nvidia-cuda-nvrtc==13.0.88",
    // Not 13.0: the bindings of CUDA 13 name functions that came with 13.1.
    "nvidia-cublas==13.1.0.3",
    "nvidia-curand==10.4.0.35",
];
/// The crate that declares the driver's functions.
const BINDINGS: &str = "cudarc";
/// What the crates inside the dylib link. The dylib holds or loads it; rustc names it once more wherever the dylib is
/// linked, and finds an empty archive there.
const LINKED: &[&str] = &["cuda", "nvrtc", "curand", "cublas", "cublasLt", "cudart", "moe"];
/// The driver's library.
const DRIVER: &str = "libcuda.so.1";

/// What a library for CUDA is built with; kept in `cuda/settings.json` of Ironbook's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuda {
    /// The toolkit: `bin/nvcc`, `include`, and the libraries.
    pub toolkit: PathBuf,
    /// Compute capability of the GPU, for instance 90 for an H100.
    pub compute_cap: u32,
}

impl Cuda {
    /// The settings of the last `setup`, if CUDA is wanted.
    pub fn load(data: &Path) -> Option<Cuda> {
        let text = fs::read_to_string(settings(data)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Finds or fetches a toolkit and keeps the settings; later sessions use the library for CUDA where there is a driver.
    ///
    /// `say` hears what takes long.
    ///
    /// # Errors
    /// [`BuildError::Cuda`], with the words of the program that failed and what to do.
    pub fn prepare(data: &Path, compute_cap: Option<u32>, say: &mut dyn FnMut(&str)) -> Result<Cuda, BuildError> {
        let compute_cap = match compute_cap.or_else(asked_of_the_driver) {
            Some(cap) => cap,
            None => {
                return Err(refused(
                    "there is no GPU here to ask for its compute capability",
                    "give it: `ironbook setup --cuda --compute-cap 90` (90 for H100 and H200, 80 for A100, 89 for L4 and RTX 40)",
                ));
            }
        };
        let toolkit = match installed() {
            Some(toolkit) => {
                say(&format!("CUDA toolkit: {}", toolkit.display()));
                toolkit
            }
            None => fetched(&data.join("cuda"), say)?,
        };
        let cuda = Cuda { toolkit, compute_cap };
        let path = settings(data);
        let text = serde_json::to_string_pretty(&cuda).unwrap_or_default();
        fs::create_dir_all(data.join("cuda"))
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| BuildError::io("write", path, error))?;
        Ok(cuda)
    }

    /// Forgets the settings: later sessions use the library for the CPU.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn forget(data: &Path) -> Result<(), BuildError> {
        match fs::remove_file(settings(data)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(BuildError::io("remove", settings(data), error))
            }
            _ => Ok(()),
        }
    }

    /// Where processes find the toolkit's shared objects, and, where there is no driver, one whose every function says
    /// "no device", so that the runtime starts all the same.
    pub fn library_path(&self, data: &Path) -> Vec<PathBuf> {
        let mut path = vec![self.toolkit.join("lib64")];
        if !driver() {
            path.push(stubs(data));
        }
        path
    }

    /// Where linking against the dylib finds the libraries that it holds or loads itself, for `LIBRARY_PATH`.
    pub(super) fn linker_path(data: &Path) -> OsString {
        prepended(data.join("cuda/links"), "LIBRARY_PATH")
    }

    /// What the build scripts of candle's kernels and of the bindings read.
    pub(super) fn environment(&self, data: &Path) -> Vec<(&'static str, OsString)> {
        let bin = self.toolkit.join("bin");
        vec![
            ("CUDA_HOME", self.toolkit.clone().into()),
            ("CUDA_PATH", self.toolkit.clone().into()),
            ("CUDA_COMPUTE_CAP", self.compute_cap.to_string().into()),
            ("NVCC", bin.join("nvcc").into()),
            ("PATH", prepended(bin, "PATH")),
            // For the linker, where the toolkit has no stub of the driver.
            ("LIBRARY_PATH", prepended(stubs(data), "LIBRARY_PATH")),
        ]
    }

    /// Makes the stub of the driver from the names that the bindings declare.
    pub(super) fn write_stub(data: &Path, bindings: &Path) -> Result<(), BuildError> {
        let folder = stubs(data);
        let (source, library) = (folder.join("libcuda.c"), folder.join(DRIVER));
        if library.is_file() {
            return Ok(());
        }
        let declared = bindings.join("src/driver/sys/mod.rs");
        let text = fs::read_to_string(&declared).map_err(|error| BuildError::io("read", declared, error))?;
        let mut code = String::from("/* Every function of CUDA's driver: 100 is CUDA_ERROR_NO_DEVICE. */\n");
        for name in functions(&text) {
            code.push_str(&format!("int {name}(void) {{ return 100; }}\n"));
        }
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&source, code))
            .map_err(|error| BuildError::io("write", &source, error))?;
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o"]).arg(&library).arg(&source);
        succeed(&mut command, "compile the stub of CUDA's driver", "install gcc")?;
        link(Path::new(DRIVER), &folder.join("libcuda.so"))?;
        let links = data.join("cuda/links");
        let archive = |name: &&str| fs::write(links.join(format!("lib{name}.a")), "!<arch>\n");
        fs::create_dir_all(&links)
            .and_then(|()| LINKED.iter().try_for_each(archive))
            .map_err(|error| BuildError::io("write", links, error))
    }
}

/// Whether the library is for CUDA: wanted, and there is a driver, or the user insists with `IRONBOOK_CUDA=1`.
pub(super) fn wanted(variable: &dyn Fn(&str) -> Option<OsString>, data: &Path) -> Option<Cuda> {
    let insists = variable("IRONBOOK_CUDA");
    match insists.as_deref().and_then(|value| value.to_str()) {
        Some("0") => None,
        Some(_) => Cuda::load(data),
        None if driver() => Cuda::load(data),
        None => None,
    }
}

/// The directory of the crate that declares the driver's functions, among a workspace's packages.
pub(super) fn bindings(packages: &[super::cargo::Package]) -> Option<PathBuf> {
    let package = packages.iter().find(|package| package.name == BINDINGS)?;
    package.manifest_path.parent().map(Path::to_owned)
}

/// Whether the driver of an NVIDIA GPU is installed.
pub fn driver() -> bool {
    let searched = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let usual =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib"];
    let found = env::split_paths(&searched).chain(usual.map(PathBuf::from)).any(|folder| folder.join(DRIVER).exists());
    found || Path::new("/proc/driver/nvidia/version").exists()
}

/// A search path with one more directory in front.
fn prepended(first: PathBuf, variable: &str) -> OsString {
    let rest = env::var_os(variable).unwrap_or_default();
    env::join_paths(std::iter::once(first).chain(env::split_paths(&rest))).unwrap_or(rest)
}

fn settings(data: &Path) -> PathBuf {
    data.join("cuda/settings.json")
}

fn stubs(data: &Path) -> PathBuf {
    data.join("cuda/stubs")
}

/// `90` of an H100, from the driver.
fn asked_of_the_driver() -> Option<u32> {
    let query = ["--query-gpu=compute_cap", "--format=csv,noheader"];
    let output = Command::new(find_program("nvidia-smi")?).args(query).output().ok()?;
    capability(&String::from_utf8_lossy(&output.stdout))
}

/// The least of several GPUs': code for it runs on all.
fn capability(text: &str) -> Option<u32> {
    text.lines().filter_map(|line| line.trim().replace('.', "").parse().ok()).min()
}

/// A toolkit on this machine, by `CUDA_HOME`, `PATH` and the usual place.
fn installed() -> Option<PathBuf> {
    let variables = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let on_path =
        find_program("nvcc").and_then(|nvcc| Some(fs::canonicalize(nvcc).ok()?.parent()?.parent()?.to_owned()));
    let usual = ["/usr/local/cuda", "/opt/cuda"].map(PathBuf::from);
    variables.chain(on_path).chain(usual).find(|home| home.join("bin/nvcc").is_file() && home.join("lib64").is_dir())
}

/// A toolkit from wheels, laid out as NVIDIA's installer does.
fn fetched(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, BuildError> {
    let (venv, toolkit) = (folder.join("venv"), folder.join("toolkit"));
    if toolkit.join("bin/nvcc").is_file() {
        return Ok(toolkit);
    }
    say("No CUDA toolkit is installed: fetching NVIDIA's compiler and libraries, about 2 GB, as Python wheels.");
    let python = find_program("python3").ok_or_else(|| {
        refused("python3 is needed to fetch the CUDA toolkit", "install it, or install the toolkit and set CUDA_HOME")
    })?;
    let advice = "check the network and the free space, or install the toolkit of NVIDIA and set CUDA_HOME";
    succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv), "make a Python environment", advice)?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(WHEELS);
    succeed(&mut pip, "fetch the CUDA toolkit", advice)?;
    let found = subfolders(&venv.join("lib")).iter().find_map(|python| {
        let nvidia = python.join("site-packages/nvidia");
        subfolders(&nvidia).into_iter().find(|release| release.join("bin/nvcc").is_file())
    });
    let wheels = found.ok_or_else(|| refused("the wheels hold no nvcc", "install the toolkit and set CUDA_HOME"))?;
    lay_out(&wheels, &toolkit)?;
    Ok(toolkit)
}

/// Links to the parts of the wheels, libraries also under the names without a version that linkers look for.
fn lay_out(wheels: &Path, toolkit: &Path) -> Result<(), BuildError> {
    let libraries = toolkit.join("lib64");
    fs::create_dir_all(&libraries).map_err(|error| BuildError::io("create", &libraries, error))?;
    for part in ["bin", "include", "nvvm"] {
        link(&wheels.join(part), &toolkit.join(part))?;
    }
    let entries =
        fs::read_dir(wheels.join("lib")).map_err(|error| BuildError::io("read", wheels.join("lib"), error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        link(&path, &libraries.join(name))?;
        if let Some((stem, _)) = name.split_once(".so.") {
            link(Path::new(name), &libraries.join(format!("{stem}.so")))?;
        }
    }
    Ok(())
}

fn link(to: &Path, at: &Path) -> Result<(), BuildError> {
    drop(fs::remove_file(at));
    std::os::unix::fs::symlink(to, at).map_err(|error| BuildError::io("link", at, error))
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Names of the driver's functions in the bindings' source.
fn functions(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split("fn cu")
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .filter(|name| {
            name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    // What was split off stands before each name.
    names
        .into_iter()
        .filter_map(|name| text.find(&format!("cu{name}(")).map(|at| &text[at..at + name.len() + 2]))
        .collect()
}

/// Runs a program; its last words become the error.
fn succeed(command: &mut Command, what: &str, advice: &str) -> Result<(), BuildError> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| BuildError::io("start", command.get_program(), error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(refused(&format!("cannot {what}: {last}"), advice))
}

fn refused(words: &str, advice: &str) -> BuildError {
    BuildError::Cuda { words: words.to_owned(), advice: advice.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_capability_counts() {
        assert_eq!(capability("9.0\n8.0\n"), Some(80));
        assert_eq!(capability("No devices were found\n"), None);
    }

    #[test]
    fn names_of_functions() {
        let text = "pub unsafe fn cuInit(Flags: c_uint) -> CUresult { fn cuInit(Flags: c_uint); }\nfn cuMemAlloc_v2(a: u8);\nfn current()";
        assert_eq!(functions(text), ["cuInit", "cuMemAlloc_v2"]);
    }

    #[test]
    fn wheels_are_laid_out_as_a_toolkit() {
        let folder = tempfile::tempdir().unwrap();
        let (wheels, toolkit) = (folder.path().join("cu13"), folder.path().join("toolkit"));
        for file in ["bin/nvcc", "include/cuda.h", "nvvm/bin/cicc", "lib/libcublas.so.13", "lib/libcudart_static.a"] {
            fs::create_dir_all(wheels.join(file).parent().unwrap()).unwrap();
            fs::write(wheels.join(file), "x").unwrap();
        }
        lay_out(&wheels, &toolkit).unwrap();
        for file in
            ["bin/nvcc", "include/cuda.h", "lib64/libcublas.so", "lib64/libcublas.so.13", "lib64/libcudart_static.a"]
        {
            assert!(toolkit.join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn without_settings_there_is_no_cuda() {
        let folder = tempfile::tempdir().unwrap();
        let insists = |name: &str| (name == "IRONBOOK_CUDA").then(|| OsString::from("1"));
        assert_eq!(wanted(&insists, folder.path()), None);
        let cuda = Cuda { toolkit: "/opt/cuda".into(), compute_cap: 90 };
        fs::create_dir_all(folder.path().join("cuda")).unwrap();
        fs::write(settings(folder.path()), serde_json::to_string(&cuda).unwrap()).unwrap();
        assert_eq!(wanted(&insists, folder.path()), Some(cuda));
        let refuses = |name: &str| (name == "IRONBOOK_CUDA").then(|| OsString::from("0"));
        assert_eq!(wanted(&refuses, folder.path()), None);
        Cuda::forget(folder.path()).unwrap();
        assert_eq!(Cuda::load(folder.path()), None);
    }
}
