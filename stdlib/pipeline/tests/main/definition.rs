//! Reading definitions: what is refused, on which line, and what the remedy is.

use crate::support::{FULL, full};
use ironbook_pipeline::definition::{Definition, Error, Problem};

/// What is wrong after one replacement in the full definition.
#[track_caller]
fn problems(from: &str, to: &str) -> Vec<Problem> {
    assert!(FULL.contains(from), "{from}");
    match Definition::parse(&FULL.replacen(from, to, 1)) {
        Err(Error::Invalid(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

/// The line of a text in the full definition, from 1.
fn line_of(text: &str) -> usize {
    FULL[..FULL.find(text).unwrap()].lines().count() + 1
}

#[track_caller]
fn one(from: &str, to: &str, field: &str, message: &str) {
    let found = problems(from, to);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].field, field);
    assert!(found[0].message.contains(message), "{}", found[0].message);
    assert!(!found[0].remedy.is_empty());
}

#[test]
fn a_full_definition_is_read_and_written() {
    let definition = full();
    assert_eq!(Definition::parse(&definition.to_toml()).unwrap(), definition);
    assert_eq!(definition.problems(), []);
    assert_eq!(definition.stages.len(), 4);
    assert_eq!(definition.output("train.model").unwrap().codec, "model");
    assert_eq!(definition.output("train.report"), None);
}

#[test]
fn a_newer_schema_is_named_before_its_fields_are() {
    let text = FULL.replace("schema = 1", "schema = 2\nnew_field = true");
    let error = Definition::parse(&text).unwrap_err();
    assert!(matches!(error, Error::Newer { schema: 2, line: Some(1) }), "{error:?}");
    assert!(error.to_string().contains("written by a newer Ironbook (schema 2"), "{error}");
}

#[test]
fn unknown_and_missing_fields_have_a_line() {
    let unknown = FULL.replace("retries = 2", "retriess = 2");
    let error = Definition::parse(&unknown).unwrap_err();
    assert!(matches!(error, Error::Syntax { line: Some(line), .. } if line == line_of("retries = 2")), "{error}");
    assert!(error.to_string().contains("unknown field `retriess`") && error.to_string().contains("remove"), "{error}");

    let missing = FULL.replace("from = \"read\"\n", "");
    let error = Definition::parse(&missing).unwrap_err();
    assert!(matches!(error, Error::Syntax { line: Some(_), .. }), "{error}");
    assert!(error.to_string().contains("missing field `from`"), "{error}");

    let error = Definition::parse("schema = ").unwrap_err();
    assert!(matches!(error, Error::Syntax { line: Some(1), .. }), "{error}");
}

#[test]
fn a_file_that_is_wrong_is_named() {
    let desk = tempfile::tempdir().unwrap();
    let error = Definition::read(desk.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("pipeline.toml"), "{error}");
    std::fs::write(desk.path().join("pipeline.toml"), FULL.replace("1.3.0", "1.3")).unwrap();
    let error = Definition::read(desk.path()).unwrap_err().to_string();
    assert!(error.contains("pipeline.toml: line 3: version: `1.3` is no version"), "{error}");
}

#[test]
fn an_input_comes_from_an_earlier_stage() {
    one("from = \"train\"", "from = \"trian\"", "stages[2].inputs[0].from", "there is no stage `trian`");
    one("from = \"train\"", "from = \"judge\"", "stages[2].inputs[0].from", "from itself");
    one("from = \"read\"", "from = \"judge\"", "stages[1].inputs[0].from", "comes later");
    let found = problems("from = \"train\"", "from = \"trian\"");
    assert_eq!(found[0].line, Some(line_of("from = \"train\"")));
    assert!(found[0].remedy.contains("`train`"), "{}", found[0].remedy);
}

#[test]
fn an_input_is_what_the_stage_makes() {
    let from = "name = \"model\"\nfrom = \"train\"";
    one(from, "name = \"modell\"\nfrom = \"train\"", "stages[2].inputs[0].name", "makes no `modell`");
    let from = "from = \"train\"\ntype = \"ironbook_learn::Booster\"";
    one(
        from,
        "from = \"train\"\ntype = \"Tree\"",
        "stages[2].inputs[0].type",
        "`Tree` here and `ironbook_learn::Booster`",
    );
}

#[test]
fn names_are_unique() {
    let found = problems("name = \"weather\"\ntype", "name = \"flights\"\ntype");
    assert_eq!(
        (found[0].field.as_str(), found[0].message.as_str()),
        ("stages[0].outputs[1].name", "`flights` is there twice")
    );
    one("name = \"auc_is_good\"", "name = \"judge\"", "stages[3].name", "two stages `judge`");
    let found = problems("name = \"weather\"\npath", "name = \"flights\"\npath");
    assert_eq!(found[0].field, "data[1].name");
    one(
        "targets = [\"train.model\", \"judge.report\"]",
        "targets = [\"train.model\", \"train.model\"]",
        "targets[1]",
        "twice",
    );
}

#[test]
fn targets_and_the_registered_model_are_made() {
    one("\"judge.report\"]", "\"judge.reports\"]", "targets[1]", "no stage makes `judge.reports`");
    one("model = \"train.model\"", "model = \"model\"", "register.model", "no stage makes `model`");
    one("targets = [\"train.model\", \"judge.report\"]", "targets = []", "targets", "there is no target");
}

#[test]
fn parameters_are_typed() {
    one("type = \"usize\"", "type = \"Vec<u8>\"", "params[0].type", "cannot be of type `Vec<u8>`");
    one("default = 300", "default = -1", "params[0].default", "-1 is not of type `usize`");
    one("default = 0.1", "default = \"0.1\"", "params[1].default", "is not of type `f64`");
    one("params = [\"title\"]", "params = [\"titel\"]", "stages[2].params[0]", "no parameter `titel`");
    one(
        "data = [\"flights\", \"weather\"]",
        "data = [\"flights\", \"wether\"]",
        "stages[0].data[1]",
        "no data `wether`",
    );
}

#[test]
fn texts_are_well_formed() {
    one("version = \"1.3.0\"", "version = \"1.03.0\"", "version", "is no version");
    one("name = \"late-flights\"", "name = \"Late flights\"", "name", "cannot be the name");
    one("fingerprint = \"blake3:b1", "fingerprint = \"sha256:b1", "data[1].fingerprint", "is no fingerprint");
    one("content = \"aa", "content = \"AA", "content", "is no BLAKE3 hash");
    one("timeout_s = 600.5", "timeout_s = 0.0", "stages[1].timeout_s", "not above 0");
    one("memory_mb = 4096", "memory_mb = 0", "stages[1].memory_mb", "0 MiB");
}

#[test]
fn all_problems_are_named_at_once() {
    let text = FULL.replace("version = \"1.3.0\"", "version = \"x\"").replace("default = 300", "default = true");
    let error = Definition::parse(&text).unwrap_err().to_string();
    assert!(error.contains("line 3: version") && error.contains("params[0].default"), "{error}");
}
