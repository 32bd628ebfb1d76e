//! Experiments.

use super::{Case, check_code, experiment, run_of, unique};
use ironbook_store::{Code, NewExperiment, NewRun, Search, Store, Tag, View};

pub(super) static CASES: &[(&str, Case)] = &[
    ("experiments have unique names", names),
    ("tags of experiments change", tags),
    ("experiments are renamed", rename),
    ("deleted experiments come back, with their runs", deleted),
    ("artifact locations are kept", locations),
    ("the first experiment is Default", default),
];

fn names(store: &dyn Store) {
    let name = unique("experiments");
    let new = NewExperiment { tags: vec![Tag::new("team", "a")], ..NewExperiment::named(&name) };
    let id = store.create_experiment(&new).unwrap();
    check_code(store.create_experiment(&NewExperiment::named(&name)), Code::ResourceAlreadyExists);
    let found = store.experiment_by_name(&name).unwrap().unwrap();
    assert_eq!((found.id.as_str(), &found.name, found.deleted), (id.as_str(), &name, false));
    assert!(found.tags.contains(&Tag::new("team", "a")) && found.created > 0 && found.updated >= found.created);
    assert_eq!(store.experiment(&id).unwrap(), found);
    assert_eq!(store.experiment_by_name(&name.to_uppercase()).unwrap(), None, "names tell cases apart");
    check_code(store.experiment("999999999"), Code::ResourceDoesNotExist);
    check_code(store.create_experiment(&NewExperiment::named("")), Code::InvalidParameterValue);
    check_code(store.create_experiment(&NewExperiment::named("x".repeat(501))), Code::InvalidParameterValue);
}

fn tags(store: &dyn Store) {
    let id = experiment(store, "tags");
    let value = |key: &str| store.experiment(&id).unwrap().tags.into_iter().find(|t| t.key == key).map(|t| t.value);
    store.set_experiment_tag(&id, &Tag::new("a", "one")).unwrap();
    store.set_experiment_tag(&id, &Tag::new("a", "two")).unwrap();
    store.set_experiment_tag(&id, &Tag::new("long", "x".repeat(20_000))).unwrap();
    assert_eq!((value("a").as_deref(), value("long").unwrap().len()), (Some("two"), 20_000));
    check_code(store.set_experiment_tag(&id, &Tag::new("a", "x".repeat(20_001))), Code::InvalidParameterValue);
    check_code(store.set_experiment_tag(&id, &Tag::new("a//b", "x")), Code::InvalidParameterValue);
    store.delete_experiment_tag(&id, "a").unwrap();
    assert_eq!(value("a"), None);
    check_code(store.delete_experiment_tag(&id, "a"), Code::ResourceDoesNotExist);
    check_code(store.set_experiment_tag("999999999", &Tag::new("a", "b")), Code::ResourceDoesNotExist);
}

fn rename(store: &dyn Store) {
    let (id, name) = (experiment(store, "rename"), unique("renamed"));
    store.rename_experiment(&id, &name).unwrap();
    assert_eq!(store.experiment_by_name(&name).unwrap().unwrap().id, id);
    check_code(store.rename_experiment(&id, ""), Code::InvalidParameterValue);
    check_code(store.rename_experiment("999999999", &unique("x")), Code::ResourceDoesNotExist);
    store.delete_experiment(&id).unwrap();
    check_code(store.rename_experiment(&id, &unique("again")), Code::InvalidState);
}

fn deleted(store: &dyn Store) {
    let id = experiment(store, "deleted");
    let run = run_of(store, &id);
    store.delete_experiment(&id).unwrap();
    assert!(store.experiment(&id).unwrap().deleted);
    assert!(store.run(&run).unwrap().info.deleted);
    check_code(store.delete_experiment(&id), Code::ResourceDoesNotExist);
    check_code(store.set_experiment_tag(&id, &Tag::new("a", "b")), Code::InvalidParameterValue);
    let new = NewRun { experiment: id.clone(), ..NewRun::default() };
    check_code(store.create_run(&new), Code::InvalidParameterValue);
    let name = store.experiment(&id).unwrap().name;
    check_code(store.create_experiment(&NewExperiment::named(&name)), Code::ResourceAlreadyExists);
    let listed = |view| {
        let found = store.search_experiments(&Search::all().filter(format!("name = '{name}'")).view(view)).unwrap();
        found.items.len()
    };
    assert_eq!((listed(View::Active), listed(View::Deleted), listed(View::All)), (0, 1, 1));
    store.restore_experiment(&id).unwrap();
    assert!(!store.experiment(&id).unwrap().deleted && !store.run(&run).unwrap().info.deleted);
    check_code(store.restore_experiment(&id), Code::ResourceDoesNotExist);
}

fn locations(store: &dyn Store) {
    let plain = store.experiment(&experiment(store, "plain")).unwrap();
    assert!(plain.artifact_location.ends_with(&format!("/{}", plain.id)), "{}", plain.artifact_location);
    let location = Some("s3://bucket/some/where".to_owned());
    let new = NewExperiment { artifact_location: location, ..NewExperiment::named(unique("elsewhere")) };
    let id = store.create_experiment(&new).unwrap();
    assert_eq!(store.experiment(&id).unwrap().artifact_location, "s3://bucket/some/where");
    let run = store.run(&run_of(store, &id)).unwrap().info;
    assert_eq!(run.artifact_uri, format!("s3://bucket/some/where/{}/artifacts", run.id));
}

fn default(store: &dyn Store) {
    assert_eq!(store.experiment("0").unwrap().name, "Default");
}
