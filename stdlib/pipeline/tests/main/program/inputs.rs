//! Parameters, data and definitions.

use crate::program::toy::{ALL_CACHED, ALL_DONE, Toy};

#[test]
fn a_run_makes_what_it_is_for_and_then_has_nothing_to_do() {
    let toy = Toy::new();
    let first = toy.run(&[]);
    assert_eq!((first.code, first.statuses().as_str()), (Some(0), ALL_DONE), "{}", first.err);
    assert_eq!(toy.ran(), "check count model read scale sum");
    let second = toy.run(&[]);
    assert_eq!((second.code, second.statuses().as_str()), (Some(0), ALL_CACHED));
    assert_eq!(toy.ran(), "");
    assert_eq!(first.digests(), second.digests());
    let sum = first.digests().into_iter().find(|(name, _)| name == "sum").unwrap().1;
    assert_eq!(sum, blake3::hash(&20f64.to_le_bytes()).to_hex().as_str());
}

#[test]
fn only_what_depends_on_a_change_is_run_again() {
    let toy = Toy::new();
    toy.run(&[]);
    toy.ran();
    let other = toy.run(&["-p", "title=early"]);
    assert_eq!(other.statuses(), "read cached, scale cached, sum cached, count cached, model done, check done");
    // The product is another, the sum the same: the numbers come in another order.
    toy.write_numbers("4 3 2 1\n");
    let numbers = toy.path("data/numbers.txt");
    let other = toy.run(&["--data", &format!("numbers={}", numbers.display())]);
    assert_eq!(other.statuses(), "read done, scale done, sum done, count done, model cached, check cached");
    toy.edit("count-1", "count-2");
    toy.write_numbers("1 2 3 4\n");
    let other = toy.run(&[]);
    assert_eq!(other.statuses(), "read cached, scale cached, sum cached, count done, model cached, check cached");
}

#[test]
fn parameters_come_from_file_environment_and_command_line() {
    let toy = Toy::new();
    std::fs::write(toy.path("other.yaml"), "factor: 3\ntitle: of the file\n").unwrap();
    let mut command = toy.command(&["run", "--json", "--no-track", "--params", "other.yaml", "-p", "least=-1e3"]);
    command.env("IRONBOOK_PARAM_TITLE", "of the environment");
    let ran = crate::program::toy::said(&command.output().unwrap());
    let params = &ran.json()["params"];
    assert_eq!(params["factor"]["value"], "3.0");
    assert_eq!(params["factor"]["from"], "other.yaml");
    assert_eq!(params["title"]["value"], "of the environment");
    assert_eq!(params["title"]["from"], "IRONBOOK_PARAM_TITLE");
    assert_eq!(params["least"]["value"], "-1000.0");
}

#[test]
fn wrong_arguments_are_named_and_nothing_runs() {
    let toy = Toy::new();
    let check = |arguments: &[&str], expected: &[&str]| {
        let ran = toy.run(arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        expected.iter().for_each(|text| assert!(ran.err.contains(text), "{text}: {}", ran.err));
    };
    check(&["-p", "faktor=1"], &["`faktor`", "`factor`, `title`, `least`"]);
    check(&["-p", "factor=much"], &["`factor`", "`f64`", "`much`"]);
    check(&["-p", "factor"], &["NAME=VALUE"]);
    check(&["--data", "letters=x"], &["`letters`", "`numbers`"]);
    check(&["--only", "skale"], &["`skale`", "`scale`"]);
    check(&["--jobs", "0"], &["--jobs"]);
    check(&["--params", "missing.yaml"], &["missing.yaml"]);
    assert_eq!(toy.ran(), "");
}

#[test]
fn changed_data_is_refused_unless_it_is_asked_for() {
    let toy = Toy::new();
    toy.run(&[]);
    toy.ran();
    toy.write_numbers("5 6 7 8\n");
    let ran = toy.run(&[]);
    assert_eq!((ran.code, toy.ran().as_str()), (Some(1), ""));
    for text in ["`numbers`", "data/numbers.txt", "blake3:", "--data numbers=PATH", "--allow-changed-data"] {
        assert!(ran.err.contains(text), "{text}: {}", ran.err);
    }
    let ran = toy.run(&["--allow-changed-data"]);
    assert_eq!(
        (ran.code, ran.statuses().as_str()),
        (Some(0), "read done, scale done, sum done, count done, model done, check done")
    );
    std::fs::remove_file(toy.path("data/numbers.txt")).unwrap();
    let ran = toy.run(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("cannot be read at") && ran.err.contains("--data numbers=PATH"), "{}", ran.err);
}

#[test]
fn data_that_changes_meanwhile_is_noticed() {
    let toy = Toy::new();
    let path = toy.path("data/numbers.txt");
    let ran = toy.troubled(&format!("read:touch:{}", path.display()), &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("`numbers` changed while the stage ran"), "{}", ran.err);
    toy.write_numbers("1 2 3 4\n");
    assert_eq!(toy.run(&[]).statuses(), ALL_DONE);
}

#[test]
fn a_no_op_does_not_read_the_data() {
    let toy = Toy::new();
    // Older than the clock's tick, so that its fingerprint is remembered.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let numbers = std::fs::File::options().write(true).open(toy.path("data/numbers.txt")).unwrap();
    numbers.set_modified(old).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(60));
    toy.run(&[]);
    let known = std::fs::read_to_string(toy.cache().join("fingerprints.json")).unwrap();
    assert!(known.contains("numbers.txt"), "{known}");
    // What is remembered is believed: this is how it is seen that the file is not read.
    let lie = known.replace("blake3:", "blake3:0");
    std::fs::write(toy.cache().join("fingerprints.json"), lie).unwrap();
    assert!(toy.run(&[]).err.contains("blake3:0"));
    std::fs::write(toy.cache().join("fingerprints.json"), "damaged").unwrap();
    assert_eq!(toy.run(&[]).statuses(), ALL_CACHED);
}

#[test]
fn a_definition_of_a_newer_schema_is_refused() {
    let toy = Toy::new();
    toy.edit("schema = 1", "schema = 2\nnews = true");
    let ran = toy.run(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("schema 2") && ran.err.contains("newer Ironbook"), "{}", ran.err);
}

#[test]
fn a_program_that_does_not_fit_its_definition_is_refused() {
    let toy = Toy::new();
    toy.edit("name = \"count\"\ncode", "name = \"number\"\ncode");
    toy.edit("from = \"count\"", "from = \"number\"");
    let ran = toy.run(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("`number` has no function") && ran.err.contains("`count` has no stage"), "{}", ran.err);
    let ran = toy.call(&["validate"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("2 problems"), "{}", ran.out);
}

#[test]
fn only_a_stage_and_what_it_needs() {
    let toy = Toy::new();
    let ran = toy.run(&["--only", "count"]);
    assert_eq!(ran.statuses(), "read done, count done");
    assert_eq!(toy.run(&["--only", "count", "--force"]).statuses(), "read cached, count done");
    assert_eq!(toy.run(&["--force"]).statuses(), ALL_DONE);
}

#[test]
fn what_was_made_before_an_edit_of_the_code_is_not_taken_for_its_work() {
    let toy = Toy::new();
    toy.edit("content = \"0\"", &format!("content = \"0\"\nsource = \"{}\"", blake3::hash(b"as it was").to_hex()));
    let run = |source: &str, arguments: &[&str]| {
        let mut command = toy.command(arguments);
        crate::program::toy::said(&command.env("TOY_SOURCE", source).output().unwrap())
    };
    let arguments = ["run", "--json", "--no-track"];
    assert_eq!(run("as it was", &arguments).statuses(), ALL_DONE);
    assert_eq!(run("as it was", &arguments).statuses(), ALL_CACHED);
    let edited = run("edited", &arguments);
    assert_eq!(edited.statuses(), ALL_DONE);
    assert!(edited.err.contains("note: src/stages.rs was edited after the version was made"), "{}", edited.err);
    assert_eq!(run("edited", &arguments).statuses(), ALL_CACHED);
    let validated = run("edited", &["validate"]);
    assert_eq!(validated.code, Some(1));
    assert!(validated.out.contains("src/stages.rs was edited"), "{}", validated.out);
    assert_eq!(run("as it was", &["validate"]).code, Some(0));
}
