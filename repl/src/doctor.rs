//! `ironbook doctor`: checks what cells need, and says what to do about what is missing.

use crate::Error;
use crate::kernel::{Cache, Kernel, Start};
use crate::language;
use crate::terminal::{Style, Terminal, seconds};
use ironbook_session::library::{Library, Paths, Rustc, find_program};
use ironbook_session::{Event, Failure, Status};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Bytes that a first build needs on disk, about.
const BUILD_SPACE: u64 = 6 << 30;
/// Bytes below which nothing works for long.
const LEAST_SPACE: u64 = 300 << 20;
/// Memory that the largest crate needs to compile, about.
const BUILD_MEMORY: u64 = 4 << 30;

/// What a check found.
enum Finding {
    Good(String),
    /// Works, with a remark.
    Remark(String, String),
    /// Does not work; what to do.
    Broken(String, String),
}

use Finding::{Broken, Good, Remark};

/// Runs all checks; status 1 if something is broken.
///
/// # Errors
/// None; what is wrong is shown.
pub fn run(paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let library = Library::locate(paths);
    let rustc = library.as_ref().map_or_else(|_| Rustc::find(paths), |library| Ok(library.compiler()));
    let mut broken = false;
    let mut report = |name: &str, finding: Finding| {
        let (mark, words, remedy) = match finding {
            Good(words) => (terminal.paint(Style::Green, "ok  "), words, None),
            Remark(words, remedy) => (terminal.paint(Style::Yellow, "note"), words, Some(remedy)),
            Broken(words, remedy) => {
                broken = true;
                (terminal.paint(Style::Red, "FAIL"), words, Some(remedy))
            }
        };
        terminal.out(&format!("{mark} {name:<9} {words}\n"));
        if let Some(remedy) = remedy {
            terminal.out(&format!("               {remedy}\n"));
        }
    };
    report(
        "compiler",
        match &rustc {
            Ok(rustc) => compiler(rustc),
            Err(missing) => Broken(missing.to_string(), missing.remedy()),
        },
    );
    if paths.installed.is_none() {
        report("cargo", cargo());
    }
    if let Ok(rustc) = &rustc {
        report("linker", linker(rustc));
    }
    report("sources", sources(paths));
    report(
        "library",
        match &library {
            Ok(library) if paths.installed.is_some() => Good(format!("installed: {}", library.root.display())),
            Ok(library) => Good(format!("built: {}", library.root.display())),
            Err(missing) if missing.can_build() => Remark(missing.to_string(), missing.remedy()),
            Err(missing) => Broken(missing.to_string(), missing.remedy()),
        },
    );
    let built = library.is_ok();
    if let Ok(library) = library {
        report("cells", cells(paths, library));
    }
    if let Ok(rustc) = &rustc {
        report("language", service(rustc, paths));
    }
    report("disk", disk(&paths.data, built || paths.installed.is_some()));
    if !built && paths.installed.is_none() {
        report("target", disk(&paths.target, built));
        report("memory", memory());
    }
    report("cache", cache(&paths.cells()));
    report("GPU", gpu(paths));
    Ok(u8::from(broken))
}

fn cargo() -> Finding {
    match find_program("cargo") {
        Some(path) => Good(path.display().to_string()),
        None => Broken("not found".into(), "install Rust from https://rustup.rs".into()),
    }
}

/// The language service, and the sources of std that it reads.
fn service(rustc: &Rustc, paths: &Paths) -> Finding {
    let place = language::Place::find(paths);
    let Some(service) = place.program() else {
        return Good(
            "the language service is off (IRONBOOK_LANGUAGE=0, or `language = false` in the configuration)".into(),
        );
    };
    if !service.is_file() {
        let words = format!("{} is not there; completion knows names, and no types of chains", service.display());
        return Remark(words, place.advice().into());
    }
    let printed = Command::new(&rustc.path).args(["--print", "sysroot"]).stdin(Stdio::null()).output();
    let sysroot = printed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    match language::missing_std(Path::new(&sysroot)) {
        Some((words, advice)) => Remark(words, advice),
        None => Good(service.display().to_string()),
    }
}

/// Where the library's sources are, if any are needed.
fn sources(paths: &Paths) -> Finding {
    match paths.source.join("Cargo.lock").is_file() {
        _ if paths.installed.is_some() => {
            Good("not needed: an installed copy, without `%dep` and `setup --cuda`".into())
        }
        true => Good(paths.source.display().to_string()),
        false => Broken(
            format!("not in {}", paths.source.display()),
            "set IRONBOOK_SOURCE to the directory of the cloned repository".into(),
        ),
    }
}

/// The compiler's version against the least that Ironbook is written for.
fn compiler(rustc: &Rustc) -> Finding {
    let line = rustc.version.lines().next().unwrap_or_default();
    let numbers = |text: &str| -> Vec<u32> { text.split(['.', '-']).map_while(|part| part.parse().ok()).collect() };
    let have = line.split_whitespace().nth(1).map(numbers).unwrap_or_default();
    let least = env!("CARGO_PKG_RUST_VERSION");
    if have < numbers(least) {
        return Broken(format!("{line} is older than Rust {least}"), "run `rustup update stable`".into());
    }
    Good(format!("{line} ({})", rustc.path.display()))
}

/// Links an empty program, as compiling a cell does.
fn linker(rustc: &Rustc) -> Finding {
    let remedy = "install a C compiler and its libraries: `apt-get install gcc libc6-dev`, or your system's like";
    let Ok(folder) = tempfile::tempdir() else {
        return Broken("the temporary directory cannot be written".into(), "set TMPDIR to one that can".into());
    };
    let source = folder.path().join("empty.rs");
    if let Err(error) = std::fs::write(&source, "") {
        return Broken(format!("cannot write {}: {error}", source.display()), "set TMPDIR to another directory".into());
    }
    let output = Command::new(&rustc.path)
        .args(["--crate-type", "cdylib", "--crate-name", "empty", "-C", "prefer-dynamic", "--out-dir"])
        .arg(folder.path())
        .arg(&source)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let path = find_program("cc").map_or_else(|| "cc".into(), |path| path.display().to_string());
            Good(format!("{path} links"))
        }
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            let first = words.lines().find(|line| !line.is_empty()).unwrap_or("linking failed");
            Broken(first.trim_start_matches("error: ").to_owned(), remedy.into())
        }
        Err(error) => Broken(format!("cannot start {}: {error}", rustc.path.display()), remedy.into()),
    }
}

/// Runs a first cell.
fn cells(paths: &Paths, library: Library) -> Finding {
    let began = Instant::now();
    let broken = |failure: &Failure| {
        let hint = failure.hints.first().cloned().unwrap_or_else(|| "run `ironbook setup`".into());
        Broken(failure.message.clone(), hint)
    };
    let start = Start { paths, library, directory: std::env::temp_dir(), opt: "auto", cache: Cache::Own };
    let mut kernel = match Kernel::start(start) {
        Ok(kernel) => kernel,
        Err(Error::Environment(failure)) => return broken(&failure),
        Err(error) => return Broken(error.to_string(), error.remedy().unwrap_or_default()),
    };
    let mut result = String::new();
    let outcome = kernel.run("1 + 1", None, &mut |event| {
        if let Event::Result(bundle) = event {
            bundle.plain().clone_into(&mut result);
        }
    });
    match outcome.status {
        Status::Ok if result == "2" => Good(format!("a first cell ran in {}", seconds(began.elapsed().as_secs_f64()))),
        Status::Ok => Broken(format!("1 + 1 gave `{result}`"), "run `ironbook setup`".into()),
        Status::Failed(failure) => broken(&failure),
    }
}

fn disk(path: &Path, built: bool) -> Finding {
    let existing = path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let Ok(space) = rustix::fs::statvfs(existing) else {
        return Remark(format!("the free space of {} is not known", existing.display()), String::new());
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let words = format!("{} free for {}", gigabytes(free), path.display());
    let remedy = "free some space, or set IRONBOOK_HOME and CARGO_TARGET_DIR to another disk";
    match free {
        _ if free < LEAST_SPACE => Broken(words, remedy.into()),
        _ if !built && free < BUILD_SPACE => {
            Remark(words, format!("a first build needs about {}: {remedy}", gigabytes(BUILD_SPACE)))
        }
        _ => Good(words),
    }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    match kilobytes.map(|kilobytes| kilobytes << 10) {
        Some(free) if free < BUILD_MEMORY => {
            let remedy = "the build may fail: close other programs, or set CARGO_BUILD_JOBS=1";
            Remark(format!("{} free", gigabytes(free)), remedy.into())
        }
        Some(free) => Good(format!("{} free", gigabytes(free))),
        None => Remark("the free memory is not known".into(), String::new()),
    }
}

/// Whether compiled cells can be kept, and how much space they take.
fn cache(folder: &Path) -> Finding {
    let remedy = "set IRONBOOK_HOME to a directory that can be written";
    if let Err(error) = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder)) {
        return Broken(format!("cannot write to {}: {error}", folder.display()), remedy.into());
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|file| file.metadata().ok());
    let (count, bytes) = files.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.len()));
    Good(format!("{count} files, {} in {}", gigabytes(bytes), folder.display()))
}

/// What the driver says of the graphics cards, and whether the library is for them.
fn gpu(paths: &Paths) -> Finding {
    let query = ["--query-gpu=name,memory.total", "--format=csv,noheader"];
    let asked = find_program("nvidia-smi").and_then(|program| Command::new(program).args(query).output().ok());
    let names = match asked {
        Some(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().replace('\n', "; "),
        _ if Path::new("/proc/driver/nvidia/version").exists() => "an NVIDIA driver is loaded".into(),
        _ => return Good("none found; tensors are computed on the CPU".into()),
    };
    match &paths.cuda {
        Some(cuda) => Good(format!("{names}; the library is built for compute capability {}", cuda.compute_cap)),
        None if paths.installed.is_some() => {
            Remark(names, "not used: this copy is built for the CPU; a clone of the repository builds for GPUs".into())
        }
        None => Remark(names, "not used: run `ironbook setup --cuda` to build the library for it".into()),
    }
}

fn gigabytes(bytes: u64) -> String {
    match bytes >> 20 {
        megabytes if megabytes < 1000 => format!("{megabytes} MB"),
        megabytes => format!("{:.1} GB", f64::from(u32::try_from(megabytes).unwrap_or(u32::MAX)) / 1024.0),
    }
}
