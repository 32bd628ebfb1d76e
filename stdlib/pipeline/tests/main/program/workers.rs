//! Stages that share a process, and take values from its memory while they are written.

use crate::program::toy::{ALL_CACHED, ALL_DONE, Toy, said, wait_for};

const ONE: [&str; 2] = ["--jobs", "1"];

#[test]
fn the_next_stage_begins_before_what_it_takes_is_written() {
    let toy = Toy::new();
    let ran = toy.shared("400", "", &ONE);
    assert_eq!((ran.code, ran.statuses().as_str()), (Some(0), ALL_DONE), "{}", ran.err);
    let happened = toy.happened();
    assert!(happened.starts_with("read scale "), "{happened}");
    assert!(happened.find("scale") < happened.find("wrote"), "{happened}");
    assert_eq!(happened.matches("wrote").count(), 2, "{happened}");
    // All of it is there.
    let again = toy.shared("400", "", &ONE);
    assert_eq!((again.statuses().as_str(), toy.happened().as_str()), (ALL_CACHED, ""), "{}", again.err);
    assert_eq!(again.digests(), ran.digests());
}

#[test]
fn values_are_those_that_pass_through_the_disk() {
    let (memory, disk) = (Toy::new(), Toy::new());
    // Without the model, whose map is written in another order each time.
    let only = ["--only", "sum", "--only", "count"];
    let of_memory = memory.shared("20", "", &only);
    let of_disk = disk.run(&[&only[..], &["--isolate"]].concat());
    assert_eq!(of_memory.digests(), of_disk.digests(), "{} {}", of_memory.err, of_disk.err);
    // Whoever knows nothing of workers finds what they left.
    assert!(!memory.run(&[&only[..], &["--isolate"]].concat()).statuses().contains("done"));
}

#[test]
fn each_stage_has_its_own_log() {
    let toy = Toy::new();
    let ran = toy.shared("100", "", &ONE);
    for stage in ran.json()["stages"].as_array().unwrap() {
        let name = stage["name"].as_str().unwrap();
        let log = std::fs::read_to_string(stage["log"].as_str().unwrap()).unwrap();
        assert_eq!(log, format!("{name} is at work\n"));
    }
    let logs = std::fs::read_dir(toy.cache().join("logs")).unwrap().count();
    assert_eq!(logs, 6, "a log that was begun without a key is moved to it");
}

#[test]
fn a_stage_that_was_seen_waits_for_what_it_takes() {
    let toy = Toy::new();
    toy.shared("20", "", &ONE);
    toy.happened();
    // Other bytes with the same numbers: what was made of them is there.
    toy.write_numbers("1  2 3 4\n");
    let ran = toy.shared("200", "", &["--jobs", "1", "--allow-changed-data"]);
    assert_eq!(ran.statuses(), ALL_CACHED.replace("read cached", "read done"), "{}", ran.err);
    assert_eq!(toy.happened(), "read wrote");
}

#[test]
fn a_panic_leaves_what_is_being_written() {
    let toy = Toy::new();
    let ran = toy.shared("300", "scale:panic", &ONE);
    assert_eq!(ran.code, Some(1));
    assert!(ran.statuses().starts_with("read done, scale failed"), "{} {}", ran.statuses(), ran.err);
    let again = toy.shared("0", "", &ONE);
    assert_eq!(again.statuses(), ALL_DONE.replace("read done", "read cached"), "{}", again.err);
}

#[test]
fn a_process_that_goes_takes_what_was_not_written_and_says_so() {
    let toy = Toy::new();
    let ran = toy.shared("2000", "scale:exit:3", &ONE);
    assert_eq!(ran.code, Some(1));
    assert!(ran.statuses().starts_with("read not-run, scale failed"), "{} {}", ran.statuses(), ran.err);
    assert!(ran.err.contains("read: undone, since its process went before all was written"), "{}", ran.err);
    let again = toy.shared("0", "", &ONE);
    assert_eq!((again.code, again.statuses().as_str()), (Some(0), ALL_DONE), "{}", again.err);
}

#[test]
fn what_others_need_is_made_again_when_its_process_goes() {
    let toy = Toy::new();
    let ran = toy.shared("1000", "scale:exit:3", &["--jobs", "1", "--keep-going"]);
    assert_eq!(ran.code, Some(1));
    let statuses = ran.statuses();
    assert!(statuses.starts_with("read done, scale failed, sum not-run, count done"), "{statuses} {}", ran.err);
}

#[test]
fn no_room_undoes_what_was_made_of_a_value() {
    let toy = Toy::new();
    let ran = toy.shared("full", "", &ONE);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let json = ran.json();
    let read = &json["stages"][0];
    assert_eq!((read["status"].as_str(), read["failure"].as_str()), (Some("failed"), Some("no-room")), "{}", ran.err);
    assert!(read["why"].as_str().unwrap().contains("there is no room for the value `read.numbers` in "));
    assert!(!ran.statuses().contains(" done"), "{}", ran.statuses());
    assert_eq!(toy.shared("0", "", &ONE).statuses(), ALL_DONE);
}

#[test]
fn a_run_that_is_killed_goes_on_with_what_is_written() {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--json", "--no-track", "--jobs", "1"]);
    command.env("TOY_SHARED", "300").env("TOY_TROUBLE", "sum:hang");
    let mut run = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let text = || std::fs::read_to_string(toy.path("ran")).unwrap_or_default();
    wait_for("both lists are written while the stage hangs", || text().matches("wrote").count() == 2);
    let entries = || std::fs::read_dir(toy.cache().join("entries")).unwrap().count();
    wait_for("both are entered", || entries() == 2);
    run.kill().unwrap();
    run.wait().unwrap();
    // With the run goes its worker.
    wait_for("nothing is left of it", || crate::program::hostile::of_folder(&toy).is_empty());
    let again = toy.shared("0", "", &ONE);
    assert_eq!(
        again.statuses(),
        ALL_DONE.replace("read done, scale done", "read cached, scale cached"),
        "{}",
        again.err
    );
}

#[test]
fn an_interrupt_keeps_what_is_being_written() {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--json", "--no-track", "--jobs", "1"]);
    command.env("TOY_SHARED", "400").env("TOY_TROUBLE", "scale:hang");
    let run = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let text = || std::fs::read_to_string(toy.path("ran")).unwrap_or_default();
    wait_for("the stage hangs", || text().contains("scale"));
    let id = rustix::process::Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let ran = said(&run.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(ran.statuses().starts_with("read done, scale not-run"), "{} {}", ran.statuses(), ran.err);
}
