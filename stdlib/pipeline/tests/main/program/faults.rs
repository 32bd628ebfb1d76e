//! Stages that fail in all ways.

use crate::program::toy::{ALL_DONE, NAMES, Toy};

/// What is said of a stage that fails so.
fn why(toy: &Toy, trouble: &str) -> String {
    let ran = toy.troubled(trouble, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let json = ran.json();
    let stages = json["stages"].as_array().unwrap();
    let failed: Vec<_> = stages.iter().filter(|stage| stage["status"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{}", ran.err);
    format!(
        "{} {} {}",
        failed[0]["name"].as_str().unwrap(),
        failed[0]["failure"].as_str().unwrap(),
        failed[0]["why"].as_str().unwrap()
    )
}

#[test]
fn a_panic_ends_its_stage_only() {
    let toy = Toy::new();
    let text = why(&toy, "sum:panic");
    assert!(text.starts_with("sum panic it panicked: told to (") && text.contains("toy.rs:"), "{text}");
    let ran = toy.run(&[]);
    assert!(ran.statuses().contains("scale cached, sum done"), "{}", ran.statuses());
}

#[test]
fn an_exit_is_no_success() {
    let toy = Toy::new();
    assert_eq!(why(&toy, "sum:exit:0"), "sum died its process exited with status 0 before it was done");
    assert_eq!(why(&toy, "sum:exit:7"), "sum died its process exited with status 7 before it was done");
}

#[test]
fn a_hang_ends_at_its_limit_with_all_that_it_started() {
    let toy = Toy::new();
    toy.edit("code = \"sum-1\"", "code = \"sum-1\"\ntimeout_s = 0.5");
    assert_eq!(why(&toy, "sum:hang"), "sum timeout it was stopped after 0.5 s, the longest that it may take");
    assert!(why(&toy, "sum:child").starts_with("sum timeout"));
    assert_eq!(crate::program::hostile::of_folder(&toy), Vec::<String>::new());
}

#[test]
fn memory_ends_at_its_limit() {
    let toy = Toy::new();
    toy.edit("code = \"sum-1\"", "code = \"sum-1\"\nmemory_mb = 256");
    assert_eq!(why(&toy, "sum:memory"), "sum memory it ran out of memory (it may take 256 MiB)");
    assert_eq!(toy.run(&[]).code, Some(0));
}

#[test]
fn a_stage_is_tried_again_as_often_as_it_says() {
    let toy = Toy::new();
    toy.edit("code = \"sum-1\"", "code = \"sum-1\"\nretries = 2");
    let leave = |count: usize| (0..count).for_each(|n| std::fs::write(toy.path(&format!("left{n}")), "").unwrap());
    let trouble = format!("sum:files:{}", toy.path("left").display());
    leave(2);
    let ran = toy.troubled(&trouble, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(toy.ran(), "check count model read scale sum sum sum");
    leave(3);
    let ran = toy.troubled(&trouble, &["--force"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("a file was left") && ran.err.contains("0 more times"), "{}", ran.err);
}

#[test]
fn a_failure_blocks_what_needs_it_and_the_rest_goes_on_if_wanted() {
    let toy = Toy::new();
    let ran = toy.troubled("scale:panic", &["--keep-going"]);
    assert_eq!(ran.statuses(), "read done, scale failed, sum not-run, count done, model not-run, check not-run");
    let ran = toy.troubled("read:panic", &["--force"]);
    assert!(ran.statuses().starts_with("read failed, scale not-run"), "{}", ran.statuses());
}

#[test]
fn a_value_that_cannot_be_written_is_named() {
    let toy = Toy::new();
    let text = why(&toy, "model:closed");
    for part in ["model value", "`model.model`", "toy::Closed", "serde"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(why(&toy, "model:nothing").contains("without its output `model`"));
}

#[test]
fn a_gate_that_does_not_pass_has_an_exit_code_of_its_own() {
    let toy = Toy::new();
    let ran = toy.run(&["-p", "least=100"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert_eq!(ran.json()["status"], "gate-failed");
    assert!(ran.err.contains("check: the gate has not passed: its condition does not hold"), "{}", ran.err);
    // It is known from now on, and said again.
    toy.ran();
    let ran = toy.run(&["-p", "least=100"]);
    assert_eq!((ran.code, toy.ran().as_str()), (Some(3), ""));
    assert_eq!(toy.run(&["-p", "least=2"]).code, Some(0));
    assert_eq!(toy.troubled("check:panic", &["-p", "least=3"]).code, Some(1));
}

#[test]
fn stages_run_in_one_process_too() {
    let toy = Toy::new();
    let ran = toy.run(&["--in-process"]);
    assert_eq!((ran.code, toy.ran().as_str()), (Some(0), "check count model read scale sum"), "{}", ran.err);
    let alone = toy.troubled("sum:panic", &["--in-process", "--force"]);
    assert_eq!(alone.code, Some(1));
    assert!(alone.err.contains("told to"), "{}", alone.err);
}

#[test]
fn a_kill_in_any_stage_leaves_what_was_finished() {
    for stage in NAMES {
        let toy = Toy::new();
        let mut command = toy.command(&["run", "--no-track"]);
        let mut run =
            command.env("TOY_TROUBLE", format!("{stage}:hang")).stderr(std::process::Stdio::null()).spawn().unwrap();
        let ran = || std::fs::read_to_string(toy.path("ran")).unwrap_or_default();
        crate::program::toy::wait_for("the stage hangs", || ran().lines().any(|line| line == stage));
        run.kill().unwrap();
        run.wait().unwrap();
        crate::program::toy::wait_for("nothing is left", || crate::program::hostile::of_folder(&toy).is_empty());
        let before = toy.ran();
        let ran = toy.run(&[]);
        assert_eq!(ran.code, Some(0), "{stage}: {}", ran.err);
        let again = toy.ran();
        assert!(again.split(' ').any(|name| name == stage), "{stage}: {again}");
        // What another stage had finished is not done again; only what was under way is.
        let twice = before.split(' ').filter(|name| again.split(' ').any(|other| other == *name)).count();
        assert!(twice <= 2, "{stage}: {before} / {again}");
        assert!(std::fs::read_dir(toy.cache().join("work")).unwrap().next().is_none());
        assert_eq!(toy.run(&["--force"]).statuses(), ALL_DONE);
    }
}

#[test]
fn a_kill_at_any_moment_leaves_a_good_cache() {
    let toy = Toy::new();
    let whole = toy.run(&["--cache", "undisturbed"]).digests();
    for delay in (0..60).map(|number| std::time::Duration::from_millis(number * 3)) {
        let mut command = toy.command(&["run", "--no-track", "--force"]);
        let mut run = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let ran = toy.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.err.contains("damaged"), "{}", ran.err);
    let plain =
        |digests: Vec<(String, String)>| digests.into_iter().filter(|(name, _)| name != "model").collect::<Vec<_>>();
    assert_eq!(plain(ran.digests()), plain(whole));
    crate::program::toy::wait_for("nothing is left", || crate::program::hostile::of_folder(&toy).is_empty());
    toy.run(&[]);
    assert!(std::fs::read_dir(toy.cache().join("work")).unwrap().next().is_none());
}
