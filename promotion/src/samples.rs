//! The tests of a version's crate: each stage on a sample of what it took.

use crate::verify;
use ironbook_pipeline::samples::{FOLDER, Sampled, SampledStage};
use ironbook_session::explored::Explored;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// The text of `src/tests.rs` before its tests.
const TESTS: &str = r#"//! Each stage on a sample of what it took when this version was made: `cargo test`.

use super::stages;
use ironbook::pipeline::check_sample;
use std::sync::Once;

/// Runs a stage on `samples/<stage>`, and compares what it makes with what it made then.
fn check(stage: &str) {
    static INIT: Once = Once::new();
    INIT.call_once(ironbook::init);
    if let Err(error) = check_sample(&stages::pipeline(), stage, env!("CARGO_MANIFEST_DIR")) {
        panic!("{error}");
    }
}
"#;

/// Takes samples with the program of a version, whose values are in `cache`, and writes the tests that use them.
///
/// # Errors
/// When a file cannot be read or written. That no sample can be taken is none: the version then says why.
pub(crate) fn add(
    directory: &Path,
    (program, project, cache): (&Path, &Path, &Path),
    explored: &Explored,
) -> io::Result<Vec<SampledStage>> {
    let output = verify::command(program, project, cache, explored)
        .arg("sample")
        .arg(std::path::absolute(directory)?)
        .output()?;
    let stages = match serde_json::from_slice::<Sampled>(&output.stdout) {
        Ok(sampled) if output.status.success() => sampled.stages,
        _ => {
            if directory.join(FOLDER).exists() {
                fs::remove_dir_all(directory.join(FOLDER))?;
            }
            Vec::new()
        }
    };
    let readme = directory.join("README.md");
    fs::write(&readme, fs::read_to_string(&readme)? + &section(&stages))?;
    let tested: Vec<&SampledStage> = stages.iter().filter(|stage| stage.why_not.is_empty()).collect();
    if tested.is_empty() {
        return Ok(stages);
    }
    let mut tests = TESTS.to_owned();
    for SampledStage { name, .. } in tested {
        let _ = write!(tests, "\n#[test]\nfn {name}_on_its_sample() {{\n    check(\"{name}\");\n}}\n");
    }
    fs::write(directory.join("src/tests.rs"), tests)?;
    let main = directory.join("src/main.rs");
    fs::write(&main, fs::read_to_string(&main)?.replace("mod stages;\n", "mod stages;\n#[cfg(test)]\nmod tests;\n"))?;
    Ok(stages)
}

/// What the README says of tests.
fn section(stages: &[SampledStage]) -> String {
    let mut out = String::from("\n## Tests\n\n");
    let tested: Vec<String> =
        stages.iter().filter(|stage| stage.why_not.is_empty()).map(|stage| format!("`{}`", stage.name)).collect();
    if tested.is_empty() {
        out.push_str("There are none.\n");
    } else {
        let _ = writeln!(
            out,
            "`cargo test` runs {} on samples of what they took when this version was made (`{FOLDER}/`), and compares what they make \
             with what they made then: bit for bit on processors with the same features.",
            tested.join(", ")
        );
    }
    let without: Vec<&SampledStage> = stages.iter().filter(|stage| !stage.why_not.is_empty()).collect();
    if !without.is_empty() {
        out.push_str("\nWithout a test:\n\n");
    }
    for SampledStage { name, why_not, .. } in without {
        let _ = writeln!(out, "- `{name}`: {}", why_not.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    out
}

/// `tests: 3 of 4 stages on samples (cargo test in its directory)`
pub(crate) fn remark(stages: &[SampledStage]) -> String {
    let tested = stages.iter().filter(|stage| stage.why_not.is_empty()).count();
    match stages.len() {
        0 => "tests: none".to_owned(),
        all if tested == all => format!("tests: each stage on a sample ({all}; cargo test in its directory)"),
        all => format!("tests: {tested} of {all} stages on samples; its README.md says why not the others"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_stages_with_and_without_a_sample() {
        let stage = |name: &str, why_not: &str| SampledStage {
            name: name.to_owned(),
            rows: None,
            bytes: 1,
            why_not: why_not.to_owned(),
        };
        let stages = [stage("read", ""), stage("train", "it cannot be run\non a sample: no")];
        let text = section(&stages);
        assert!(text.contains("`cargo test` runs `read` on samples"), "{text}");
        assert!(text.contains("- `train`: it cannot be run on a sample: no\n"), "{text}");
        assert!(section(&stages[1..]).contains("There are none."));
        assert_eq!(remark(&stages), "tests: 1 of 2 stages on samples; its README.md says why not the others");
    }
}
