//! Runs in the tracking store, and registration.

use crate::program::toy::{Ran, Toy};
use ironbook_track::{NewVersion, Run, Search, SqliteStore, Status, Store};

const REGISTER: &str =
    "\n[register]\nmodel = \"model.model\"\nas = \"toy-model\"\nalias = \"champion\"\n\n[[params]]\nname = \"factor\"";

fn tracked(toy: &Toy, arguments: &[&str]) -> Ran {
    toy.call(&[&["run", "--json"], arguments].concat())
}

fn runs(toy: &Toy) -> Vec<Run> {
    let store = SqliteStore::open_existing(&ironbook_track::locate(toy.folder.path())).unwrap();
    let Some(store) = store else { return Vec::new() };
    let store: &dyn Store = &store;
    let mut runs = store.search_runs(&Search::all()).unwrap().items;
    runs.reverse();
    runs
}

#[test]
fn a_run_is_one_run_and_its_stages_are_nested() {
    let toy = Toy::new();
    let ran = tracked(&toy, &["-p", "factor=3"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    let all = runs(&toy);
    assert_eq!(all.len(), 7);
    let id = ran.json()["run"].as_str().unwrap().to_owned();
    let whole = all.iter().find(|run| run.info.id == id).unwrap();
    assert_eq!(whole.tag("ironbook.pipeline.version"), Some("1.0.0"));
    assert_eq!(whole.param("factor"), Some("3.0"));
    let of = |name: &str| all.iter().find(|run| run.tag("ironbook.pipeline.stage") == Some(name)).unwrap();
    for name in crate::program::toy::NAMES {
        assert_eq!(of(name).tag("mlflow.parentRunId"), Some(id.as_str()));
        assert_eq!((of(name).info.status, of(name).tag("ironbook.pipeline.cached")), (Status::Finished, Some("false")));
        assert!(of(name).metric("duration_s").is_some());
    }
    // Logged by the stage itself, in its own process.
    assert_eq!(of("scale").metric("scaled"), Some(4.0));
    assert_eq!((of("scale").param("factor"), of("sum").param("factor")), (Some("3.0"), None));
    assert_eq!(whole.info.status, Status::Finished);
}

#[test]
fn a_run_with_nothing_to_do_is_no_run() {
    let toy = Toy::new();
    tracked(&toy, &[]);
    assert_eq!(tracked(&toy, &[]).json().get("run"), None);
    assert_eq!(runs(&toy).len(), 7);
    let ran = tracked(&toy, &["-p", "title=other"]);
    let id = ran.json()["run"].as_str().unwrap().to_owned();
    let all = runs(&toy);
    assert_eq!(all.len(), 14);
    let of = |run: &&Run| run.tag("mlflow.parentRunId") == Some(id.as_str());
    let cached = all.iter().filter(of).filter(|run| run.tag("ironbook.pipeline.cached") == Some("true")).count();
    assert_eq!(cached, 4);
    toy.run(&["--force"]);
    assert_eq!(runs(&toy).len(), 14, "not tracked");
}

#[test]
fn what_fails_is_recorded() {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--json"]);
    let ran = crate::program::toy::said(&command.env("TOY_TROUBLE", "sum:panic").output().unwrap());
    assert_eq!(ran.code, Some(1));
    let all = runs(&toy);
    let sum = all.iter().find(|run| run.tag("ironbook.pipeline.stage") == Some("sum")).unwrap();
    assert_eq!(sum.info.status, Status::Failed);
    assert!(sum.tag("ironbook.pipeline.why").unwrap().contains("told to"));
    assert!(all.iter().all(|run| run.info.status != Status::Running));
}

#[test]
fn a_store_that_fails_does_not_fail_the_run() {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--json"]);
    let ran = crate::program::toy::said(&command.env("MLFLOW_TRACKING_URI", "file:///dev/null/x").output().unwrap());
    assert_eq!((ran.code, ran.statuses().as_str()), (Some(0), crate::program::toy::ALL_DONE), "{}", ran.err);
    assert_eq!(ran.err.matches("warning: the run is not tracked").count(), 1, "{}", ran.err);
}

#[test]
fn a_model_is_registered_once_its_gates_have_passed() {
    let toy = Toy::new();
    toy.edit("\n[[params]]\nname = \"factor\"", REGISTER);
    // The latest registration leaves a log.
    let log = || {
        let all = std::fs::read_dir(toy.cache().join("logs")).unwrap().map(|entry| entry.unwrap().path());
        let mut of = all.filter(|path| path.to_str().unwrap().contains("toy.register."));
        of.next().map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            text
        })
    };
    let ran = Toy::new().run(&["--only", "register"]);
    assert!(ran.code == Some(2) && ran.err.contains("no stage `register`"), "{}", ran.err);
    let ran = tracked(&toy, &["-p", "least=100", "--only", "register"]);
    assert_eq!((ran.code, log()), (Some(3), None), "{}", ran.err);
    let ran = tracked(&toy, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(log().as_deref(), Some("registering toy-model with weight 5\n"));
    // Not again for the same.
    assert_eq!((tracked(&toy, &[]).code, log()), (Some(0), None));
    assert_eq!((toy.run(&["--force"]).code, log()), (Some(0), None));
    assert_eq!((tracked(&toy, &["-p", "factor=4"]).code, log().is_some()), (Some(0), true));
}

#[test]
fn a_gate_runs_again_when_the_name_that_it_asked_leads_elsewhere() {
    let toy = Toy::new();
    let run = |asks: &str| {
        let mut command = toy.command(&["run", "--json", "--no-track"]);
        crate::program::toy::said(&command.env("TOY_ASKS", asks).output().unwrap())
    };
    let check = |ran: &Ran| {
        let statuses = ran.statuses();
        statuses.rsplit_once(", check ").map(|(_, status)| status.to_owned()).unwrap_or_else(|| panic!("{}", ran.err))
    };
    let store = SqliteStore::open(&ironbook_track::locate(toy.folder.path())).unwrap();
    let store: &dyn Store = &store;
    let version = || {
        let new = NewVersion { name: "late".to_owned(), source: "file:///nowhere".to_owned(), ..NewVersion::default() };
        store.create_version(&new).unwrap().version
    };
    let asks = "models:/late@champion";
    assert_eq!((check(&run(asks)), check(&run(asks))), ("done".to_owned(), "cached".to_owned()));
    store.create_registered("late", None, &[]).unwrap();
    let first = version();
    assert_eq!(check(&run(asks)), "cached", "the alias still leads to nobody");
    store.set_alias("late", "champion", &first).unwrap();
    let again = run(asks);
    assert_eq!(check(&again), "done", "{}", again.err);
    let told = "check: models:/late@champion is version 1, and was nobody; it is run again";
    assert!(again.err.contains(told), "{}", again.err);
    assert_eq!(check(&run(asks)), "cached");
    store.set_alias("late", "champion", &version()).unwrap();
    assert_eq!((check(&run(asks)), check(&run(asks))), ("done".to_owned(), "cached".to_owned()));
}
