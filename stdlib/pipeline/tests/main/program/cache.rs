//! What is kept, damaged, shared, cleared.

use crate::program::toy::{ALL_CACHED, ALL_DONE, Toy};
use std::fs;
use std::path::{Path, PathBuf};

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() { all.extend(files(&entry.path())) } else { all.push(entry.path()) }
    }
    all
}

fn object(toy: &Toy, digests: &[(String, String)], name: &str) -> PathBuf {
    let digest = &digests.iter().find(|(of, _)| of == name).unwrap().1;
    toy.cache().join("objects").join(&digest[..2]).join(&digest[2..])
}

#[test]
fn a_damaged_entry_is_noticed_said_and_made_again() {
    let toy = Toy::new();
    // Without the model, whose map is written in another order each time.
    let run = || toy.run(&["--only", "sum"]);
    run();
    let entries = files(&toy.cache().join("entries"));
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let bytes = fs::read(&entry).unwrap();
        for damaged in [&bytes[..bytes.len() / 2], b"", &[&bytes[..bytes.len() - 3], b"x}\n"].concat()] {
            fs::write(&entry, damaged).unwrap();
            let ran = run();
            assert_eq!((ran.code, ran.statuses().matches(" done").count()), (Some(0), 1), "{}", ran.err);
            assert!(ran.err.contains("damaged (its entry is not what was written); it is run again"), "{}", ran.err);
        }
    }
}

#[test]
fn a_value_that_is_cut_or_gone_is_made_again() {
    let toy = Toy::new();
    let digests = toy.run(&[]).digests();
    let scaled = object(&toy, &digests, "scaled");
    fs::write(&scaled, b"short").unwrap();
    let ran = toy.run(&[]);
    assert!(ran.err.contains("`scaled` is not whole"), "{}", ran.err);
    assert_eq!(ran.statuses(), ALL_CACHED.replace("scale cached", "scale done"));
    fs::remove_file(&scaled).unwrap();
    let ran = toy.run(&[]);
    assert!(ran.err.contains("`scaled` is gone"), "{}", ran.err);
    assert_eq!(ran.digests(), digests);
}

#[test]
fn a_value_with_changed_bytes_is_noticed_when_it_is_read() {
    let toy = Toy::new();
    let digests = toy.run(&[]).digests();
    let scaled = object(&toy, &digests, "scaled");
    let mut bytes = fs::read(&scaled).unwrap();
    bytes[3] ^= 1;
    fs::write(&scaled, &bytes).unwrap();
    toy.edit("sum-1", "sum-2");
    toy.ran();
    let ran = toy.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("`scale.scaled` in the cache is damaged"), "{}", ran.err);
    assert_eq!(toy.ran(), "scale sum");
    assert_eq!(ran.digests(), digests);
    assert_ne!(fs::read(&scaled).unwrap(), bytes);
}

#[test]
fn two_runs_at_once_share_the_work() {
    let toy = Toy::new();
    let start = || {
        let mut command = toy.command(&["run", "--json", "--no-track"]);
        command.env("TOY_TROUBLE", "scale:slow:400");
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let runs = [start(), start(), start()];
    let runs = runs.map(|run| crate::program::toy::said(&run.wait_with_output().unwrap()));
    for run in &runs {
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert_eq!(run.digests(), runs[0].digests());
    }
    assert_eq!(toy.ran(), "check count model read scale sum");
    assert!(fs::read_dir(toy.cache().join("work")).unwrap().next().is_none());
}

#[test]
fn a_full_disk_is_said_and_leaves_a_good_cache() {
    let toy = Toy::new();
    let many: String = (0..20_000).map(|number| format!("{number}\n")).collect();
    fs::write(toy.path("many.txt"), many).unwrap();
    let data = format!("numbers={}", toy.path("many.txt").display());
    // With the signal ignored, what is larger than the limit fails like what finds the disk full.
    let program = crate::program::toy::program("toy");
    let line = format!("trap '' XFSZ; ulimit -f 100; exec {} run --json --no-track --data {data}", program.display());
    let command = toy.command(&[]);
    let limited = std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(toy.folder.path())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let ran = crate::program::toy::said(&limited);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(
        ran.err.contains("there is no room for the value `read.numbers`") && ran.err.contains("--cache"),
        "{}",
        ran.err
    );
    assert!(files(&toy.cache().join("objects")).is_empty() && files(&toy.cache().join("entries")).is_empty());
    let ran = toy.run(&["--data", &data]);
    assert_eq!((ran.code, ran.statuses().as_str()), (Some(0), ALL_DONE), "{}", ran.err);
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let toy = Toy::new();
    fs::write(toy.path("file"), "").unwrap();
    let ran = toy.run(&["--cache", "file/cache"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("cannot create the directory file/cache"), "{}", ran.err);
}

#[test]
fn the_cache_is_cleared_and_pruned() {
    let toy = Toy::new();
    toy.run(&[]);
    let count = || files(&toy.cache().join("objects")).len();
    let all = count();
    let stray = toy.cache().join("objects/aa");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join("stray"), "x").unwrap();
    let ran = toy.call(&["cache", "--prune"]);
    assert!(ran.out.contains("removed 1 files"), "{}{}", ran.out, ran.err);
    assert_eq!((count(), toy.run(&[]).statuses().as_str()), (all, ALL_CACHED));
    assert_eq!(toy.call(&["cache", "--prune", "--days", "0"]).code, Some(0));
    assert_eq!((count(), toy.run(&[]).statuses().as_str()), (0, ALL_DONE));
    assert_eq!(toy.call(&["cache", "--clear"]).code, Some(0));
    assert_eq!(count(), 0);
    toy.ran();
    let mut running = toy.command(&["run", "--no-track"]).env("TOY_TROUBLE", "read:slow:2000").spawn().unwrap();
    crate::program::toy::wait_for("the run begins", || toy.path("ran").exists());
    let ran = toy.call(&["cache", "--clear"]);
    assert!(ran.code == Some(1) && ran.err.contains("is used by a run"), "{}", ran.err);
    assert!(running.wait().unwrap().success());
}

#[test]
fn another_cache_can_be_named() {
    let toy = Toy::new();
    assert_eq!(toy.run(&["--cache", "here"]).statuses(), ALL_DONE);
    let mut command = toy.command(&["run", "--json", "--no-track"]);
    let ran = crate::program::toy::said(&command.env("IRONBOOK_PIPELINE_CACHE", toy.path("here")).output().unwrap());
    assert_eq!(ran.statuses(), ALL_CACHED);
    assert!(!toy.cache().exists());
}
