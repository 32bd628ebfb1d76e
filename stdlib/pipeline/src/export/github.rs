//! GitHub Actions: builds, tests and runs the version, gates with it.

use super::yaml::Yaml;
use super::{Context, Exporter, File, Library};

/// The exporter `github`.
///
/// GitHub reads workflows at the root of a repository: write it there with `ironbook pipeline export NAME github --out .`.
/// A failed gate ends the run with status 3 and so fails the workflow.
#[derive(Clone, Copy, Debug)]
pub struct GitHub;

impl Exporter for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "a GitHub Actions workflow with a run and its gates: write it to the root of the repository (`--out .`)"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        let name = &context.definition.name;
        let changes = Yaml::map([("paths", vec![format!("{}/**", context.place), path(name)].into())]);
        let document = Yaml::map([
            ("name", context.title().into()),
            (
                "on",
                Yaml::map([
                    ("push", changes.clone()),
                    ("pull_request", changes),
                    ("workflow_dispatch", Yaml::Map(vec![])),
                ]),
            ),
            ("permissions", Yaml::map([("contents", "read".into())])),
            ("jobs", Yaml::map([("run", job(context))])),
        ]);
        let text =
            format!("# Builds, tests and runs {}; a failed gate fails it.\n{}", context.title(), document.document());
        vec![File::new(&path(name), text)]
    }
}

fn path(name: &str) -> String {
    format!(".github/workflows/{name}.yml")
}

fn job(context: &Context<'_>) -> Yaml {
    let place = &context.place;
    let run = |name: &str, command: &str| Yaml::map([("name", name.into()), ("run", command.into())]);
    let rust = context.rust();
    let sources = match context.library {
        Library::Vendored => format!("hashFiles('{place}/Cargo.lock', '{place}/vendor/**')"),
        Library::Linked => format!("hashFiles('{place}/Cargo.lock')"),
    };
    let cache = Yaml::map([
        ("uses", "actions/cache@v4".into()),
        (
            "with",
            Yaml::map([
                ("path", format!("~/.cargo/registry\n~/.cargo/git\n{place}/target\n").into()),
                ("key", format!("cargo-{rust}-${{{{ runner.os }}}}-${{{{ {sources} }}}}").into()),
            ]),
        ),
    ]);
    let checkout = Yaml::map([("uses", "actions/checkout@v5".into()), ("with", Yaml::map([("lfs", true.into())]))]);
    let steps = vec![
        checkout,
        run("Rust", &format!("rustup toolchain install {rust} --profile minimal")),
        cache,
        run("Build", "cargo build --locked"),
        run("Test", "cargo test --locked"),
        run("Check the definition and the data", "cargo run --quiet --locked -- validate"),
        run("Run, with all gates", "cargo run --quiet --locked -- run --no-track"),
    ];
    Yaml::map([
        ("runs-on", "ubuntu-24.04".into()),
        ("timeout-minutes", 120.into()),
        ("env", Yaml::map([("RUSTUP_TOOLCHAIN", rust.into())])),
        ("defaults", Yaml::map([("run", Yaml::map([("working-directory", place.as_str().into())]))])),
        ("steps", Yaml::List(steps)),
    ])
}
