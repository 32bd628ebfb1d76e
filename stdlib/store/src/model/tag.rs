//! Names of the tags that Ironbook sets by itself; MLflow's where it has one.

/// Id of the run in which a run is nested.
pub const PARENT: &str = "mlflow.parentRunId";
/// The run's name.
pub const RUN_NAME: &str = "mlflow.runName";
/// Who started the run.
pub const USER: &str = "mlflow.user";
/// Commit of the project.
pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
/// Branch of the project.
pub const GIT_BRANCH: &str = "mlflow.source.git.branch";
/// `true` when tracked files of the project differ from the commit.
pub const GIT_DIRTY: &str = "ironbook.git.dirty";
/// Name of the machine.
pub const HOST: &str = "ironbook.host";
/// Working directory.
pub const DIRECTORY: &str = "ironbook.cwd";
/// Version of the compiler.
pub const RUSTC: &str = "ironbook.rustc";
/// BLAKE3 of the project's `Cargo.lock`.
pub const CARGO_LOCK: &str = "ironbook.cargo_lock.blake3";
/// Version of this library.
pub const VERSION: &str = "ironbook.version";
/// Process id.
pub const PID: &str = "ironbook.process.pid";
/// Start time of the process, in the unit of its system: with the id it names a process for good.
pub const PROCESS_START: &str = "ironbook.process.start";
/// Identity of the boot.
pub const BOOT: &str = "ironbook.process.boot";
/// Process namespace (a container's process ids mean nothing outside of it).
pub const NAMESPACE: &str = "ironbook.process.namespace";
/// What computes: CPU and GPUs.
pub const DEVICE: &str = "ironbook.device";
/// The session's seed.
pub const SEED: &str = "ironbook.seed";
/// Name of the program; `ironbook`.
pub const SOURCE: &str = "mlflow.source.name";
/// Kind of program: `NOTEBOOK`, `JOB`, `LOCAL`.
pub const SOURCE_TYPE: &str = "mlflow.source.type";
