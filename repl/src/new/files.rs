//! The files of a new project: where they lie, and their templates.

/// Paths in the project and templates.
pub const FILES: &[(&str, &str)] = &[
    (".dockerignore", include_str!("template/dockerignore")),
    (".github/workflows/ci.yml", include_str!("template/ci.yml")),
    (".gitignore", include_str!("template/gitignore")),
    // Found from the notebooks, also without a git repository; what lies in it is not for git.
    (".ironbook/.gitignore", "*\n"),
    ("Cargo.toml", include_str!("template/workspace.toml")),
    ("Dockerfile", include_str!("template/Dockerfile")),
    ("README.md", include_str!("template/README.md")),
    ("configs/README.md", include_str!("template/configs.md")),
    ("data/README.md", include_str!("template/data.md")),
    ("data/external/.gitkeep", ""),
    ("data/processed/.gitkeep", ""),
    ("data/raw/rides.csv", include_str!("template/rides.csv")),
    ("dvc.yaml", include_str!("template/dvc.yaml")),
    ("notebooks/01-explore.ipynb", include_str!("template/explore.ipynb")),
    ("notebooks/02-own-code.ipynb", include_str!("template/own_code.ipynb")),
    ("params.yaml", include_str!("template/params.yaml")),
    ("pipelines/.gitkeep", ""),
    ("reports/.gitkeep", ""),
    ("src/Cargo.toml", include_str!("template/crate.toml")),
    ("src/lib.rs", include_str!("template/lib.rs")),
    ("tests/library.rs", include_str!("template/library.rs")),
];
