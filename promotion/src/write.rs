//! A plan as the files of a version.

use crate::data::DataFile;
use crate::place;
use crate::plan::Plan;
use crate::stages::Stage;
use crate::vendor::{self, Sources};
use crate::{crates, lock, readme};
use ironbook_pipeline::definition::{
    Allowed, Data, Definition, Input, Kind, Origin, Output, Param, Register, SCHEMA, Stage as Defined, Toolchain, seal,
};
use ironbook_pipeline::export;
use ironbook_session::ExecutionId;
use ironbook_session::explored::Explored;
use ironbook_session::library::extra::Package;
use ironbook_session::library::{Library, Paths};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a version is written.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    /// The notebook or script that it is of.
    pub notebook: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// The standard library is that of this directory instead of a copy.
    pub link: Option<PathBuf>,
}

/// Writes all files of a version but `pipeline.toml` itself into a directory; the definition that belongs to them.
///
/// # Errors
/// When a file cannot be read or written; when cargo does not resolve the crate.
pub(crate) fn write(
    plan: &Plan,
    explored: &Explored,
    (paths, library): (&Paths, &Library),
    writing: &Writing,
    directory: &Path,
) -> io::Result<Definition> {
    let link = writing.link.as_deref();
    let sources = Sources::read(&link.map_or_else(|| vendor::folder(paths), Path::to_owned))?;
    let rustfmt = library.sysroot.join("bin/rustfmt");
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("src/stages.rs"), formatted(&rustfmt, &plan.stages_rs))?;
    fs::write(directory.join("src/main.rs"), formatted(&rustfmt, &plan.main_rs))?;
    fs::write(directory.join(".gitignore"), "target/\noutputs/\n")?;
    let crates = named_crates(&plan.stages_rs, library);
    let more: Vec<&Package> = plan.crates.iter().filter(|package| !crates.contains(&package.library)).collect();
    let dependencies: Vec<&str> =
        crates.iter().filter_map(|name| sources.dependency(name)).map(|(package, _)| package).collect();
    write_crate(&sources, link, (&plan.name, &dependencies, &more), directory)?;
    crates::write(&more, directory)?;
    let lock = match explored.extra.as_ref().filter(|_| !more.is_empty()) {
        // The lock file that cells were built by has the crates of `%dep` as well.
        Some(extra) => lock::of_crate(&extra.lock, directory)?,
        None => lock::of_version(paths, &sources, link, (&plan.name, &dependencies))?,
    };
    fs::write(directory.join("Cargo.lock"), lock)?;
    let hash = sources.hash();
    let mut definition = definition(plan, explored, library, writing, hash, &directory.join("Cargo.lock"))?;
    fs::write(directory.join("params.yaml"), export::params_yaml(&definition))?;
    fs::write(directory.join("README.md"), readme::readme(plan, &definition))?;
    definition.content = "0".repeat(64);
    Ok(definition)
}

/// Crates beside the facade that the code names, as cells may.
fn named_crates(text: &str, library: &Library) -> Vec<String> {
    let named = crates::roots(text);
    let own = |name: &&String| *name != "ironbook" && !name.starts_with("ironbook_");
    library.externs.iter().map(|(name, _)| name).filter(own).filter(|name| named.contains(*name)).cloned().collect()
}

/// Writes `Cargo.toml` of a version of this name that names these packages, and the sources that travel with it.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_crate(
    sources: &Sources,
    link: Option<&Path>,
    (name, dependencies, more): (&str, &[&str], &[&Package]),
    directory: &Path,
) -> io::Result<()> {
    let facade = match link {
        Some(link) => link.join("stdlib/ironbook").display().to_string(),
        None => {
            sources.write(&directory.join(vendor::FOLDER))?;
            format!("{}/stdlib/ironbook", vendor::FOLDER)
        }
    };
    let known = dependencies.iter().filter_map(|package| sources.dependency(&package.replace('-', "_")));
    let of_library = known.map(|(package, value)| format!("{package} = {value}\n"));
    let dependencies: String = of_library.chain(more.iter().map(|package| crates::dependency(package))).collect();
    let profile = sources.profile();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"{UNNAMED}\"\nedition = \"2024\"\nrust-version = \"1.95\"\npublish = false\n\n\
         [dependencies]\nironbook = {{ path = {facade:?} }}\n{dependencies}\n\
         # A workspace of its own, whatever stands around it.\n[workspace]\nexclude = [\"vendor\"]\n\n\
         # As Ironbook is built, so that what both need is compiled once.\n{profile}"
    );
    fs::write(directory.join("Cargo.toml"), manifest)
}

/// Version of a crate that has none yet.
pub(crate) const UNNAMED: &str = "1.0.0";

/// Ends a version: seals it, gives its crate the version, and writes the files for other tools.
///
/// The crate's version tells also of the content: where several projects share a target directory, cargo takes crates of
/// the same name and version in the same place of their workspaces for one.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn finish(definition: &mut Definition, directory: &Path) -> io::Result<()> {
    seal(definition, directory)?;
    let name = &definition.name;
    let version = format!("{}+{}", definition.version, &definition.content[..12]);
    let manifest = fs::read_to_string(directory.join("Cargo.toml"))?;
    let line = manifest.lines().find(|line| line.starts_with("version = ")).unwrap_or_default();
    let manifest = manifest.replacen(line, &format!("version = \"{version}\""), 1);
    fs::write(directory.join("Cargo.toml"), manifest)?;
    let lock = fs::read_to_string(directory.join("Cargo.lock"))?;
    fs::write(directory.join("Cargo.lock"), lock::with_version(&lock, name, &version))?;
    let context = export::Context::new(definition).of(directory);
    for exporter in export::ALL {
        export::write(*exporter, &context, directory)?;
    }
    Ok(())
}

/// The text as rustfmt writes it; as it is where there is no rustfmt.
pub(crate) fn formatted(rustfmt: &Path, text: &str) -> String {
    let run = || -> io::Result<String> {
        let mut child = Command::new(rustfmt)
            .args(["--edition", "2024", "--config", "max_width=120,use_small_heuristics=Max"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            let text = text.to_owned();
            // It reads all before it writes.
            std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
        }
        let output = child.wait_with_output()?;
        match output.status.success() {
            true => String::from_utf8(output.stdout).map_err(io::Error::other),
            false => Err(io::Error::other("rustfmt failed")),
        }
    };
    run().unwrap_or_else(|_| text.to_owned())
}

fn definition(
    plan: &Plan,
    explored: &Explored,
    library: &Library,
    writing: &Writing,
    sources: String,
    lock: &Path,
) -> io::Result<Definition> {
    let project = place::project(explored);
    let stage_name = |at: usize| plan.stages.get(at).map_or("", |stage| stage.name.as_str());
    let target = |name: &str| {
        let found = plan.targets.iter().find(|(_, target)| target == name);
        found.map(|(at, name)| format!("{}.{name}", stage_name(*at)))
    };
    let register = plan.register.as_ref().and_then(|register| {
        Some(Register {
            model: target(&register.model)?,
            name: register.name.clone(),
            alias: register.alias.clone().unwrap_or_default(),
        })
    });
    Ok(Definition {
        schema: SCHEMA,
        name: plan.name.clone(),
        version: "1.0.0".into(),
        content: String::new(),
        source: String::new(),
        description: writing.description.clone(),
        targets: plan.targets.iter().map(|(at, name)| format!("{}.{name}", stage_name(*at))).collect(),
        origin: origin(plan, explored, writing),
        toolchain: Toolchain {
            rustc: library.rustc_version.lines().next().unwrap_or_default().to_owned(),
            ironbook: env!("CARGO_PKG_VERSION").into(),
            library: sources,
            lock: blake3::hash(&fs::read(lock)?).to_hex().to_string(),
            target: library.host.clone(),
            cpu_features: ironbook_pipeline::machine::cpu_features(),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        },
        params: plan
            .params
            .iter()
            .map(|param| Param {
                name: param.name.clone(),
                type_name: param.type_name.clone(),
                default: param.default.clone(),
                doc: param.doc.clone(),
            })
            .collect(),
        data: plan.data.iter().map(|file| data(file, &project)).collect(),
        stages: plan.stages.iter().map(|stage| defined(stage, &stage_name)).collect(),
        register,
        allowed: plan
            .allowed
            .iter()
            .map(|refusal| Allowed { name: refusal.reason.name().into(), why: refusal.words.clone() })
            .collect(),
        verified: None,
    })
}

fn data(file: &DataFile, project: &Path) -> Data {
    Data {
        name: file.name.clone(),
        path: place::from_project(&file.path, project, Path::new(&file.written).is_relative()).display().to_string(),
        fingerprint: file.fingerprint.clone(),
        bytes: file.bytes,
    }
}

fn defined<'a>(stage: &Stage, name: &dyn Fn(usize) -> &'a str) -> Defined {
    Defined {
        name: stage.name.clone(),
        kind: if stage.is_gate { Kind::Gate } else { Kind::Stage },
        code: stage.code.clone(),
        cells: stage.cells.clone(),
        params: stage.params.clone(),
        data: stage.data.clone(),
        timeout_s: stage.timeout_s,
        retries: stage.retries,
        memory_mb: stage.memory_mb,
        inputs: stage
            .inputs
            .iter()
            .map(|edge| Input {
                name: edge.name.clone(),
                from: name(edge.from).to_owned(),
                type_name: shown(&edge.type_name),
            })
            .collect(),
        outputs: stage
            .outputs
            .iter()
            .map(|(name, of)| Output { name: name.clone(), type_name: shown(of), codec: codec(of).to_owned() })
            .collect(),
    }
}

/// A type's name as people write it.
pub(crate) fn shown(type_name: &str) -> String {
    ironbook_session::diagnostics::shorten_type(type_name)
}

/// How values of a type are written.
fn codec(type_name: &str) -> &'static str {
    let has = |part: &str| type_name.contains(part);
    if type_name.starts_with("polars_core::frame::") || type_name.starts_with("polars_core::series::") {
        "arrow"
    } else if type_name.starts_with("candle_core::tensor::") {
        "safetensors"
    } else if type_name.starts_with("ironbook_learn::") || type_name.starts_with("ironbook_nn::") {
        "model"
    } else if has("::") && !type_name.starts_with("alloc::string::") {
        "serde"
    } else {
        "plain"
    }
}

fn origin(plan: &Plan, explored: &Explored, writing: &Writing) -> Origin {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&explored.directory)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"]).unwrap_or_default();
    let dirty =
        !commit.is_empty() && git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|t| !t.is_empty());
    Origin {
        promoted: now(),
        session: explored.session.clone().unwrap_or_default(),
        notebook: writing.notebook.clone(),
        git_commit: commit,
        git_dirty: dirty,
        cells: plan.cells.clone(),
    }
}

/// The time as definitions have it.
pub(crate) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A value of the session: the stage that makes it, its name, and its bytes as they are kept.
pub(crate) struct Expected {
    pub stage: String,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Values of the session that a run can be compared with, and those that the session no longer has.
pub(crate) fn expected(plan: &Plan, explored: &Explored) -> (Vec<Expected>, Vec<String>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for stage in &plan.stages {
        for (name, _) in &stage.outputs {
            let is_there = explored.variables.get(name).is_some_and(|held| {
                stage.executions.contains(&held.execution)
                    || is_repeated(explored, name, &stage.executions, held.execution)
            });
            match is_there.then(|| explored.value(name)) {
                Some(Ok(value)) => {
                    found.push(Expected { stage: stage.name.clone(), name: name.clone(), bytes: value.bytes });
                }
                _ => missing.push(format!("{}.{name}", stage.name)),
            }
        }
    }
    (found, missing)
}

/// Whether a later execution has left a variable as the last of these did that wrote it.
fn is_repeated(explored: &Explored, name: &str, by: &[ExecutionId], later: ExecutionId) -> bool {
    let past = |id: ExecutionId| explored.executions.iter().find(|past| past.id == id);
    let writers = by.iter().filter_map(|id| past(*id)).filter(|past| past.flow.wrote.contains_key(name));
    let left = writers.max_by_key(|past| past.id).and_then(|past| past.digests.get(name));
    left.is_some() && left == past(later).and_then(|past| past.digests.get(name))
}
