//! Registered models and their versions.

use super::{Case, check_code, experiment, run_of, unique};
use ironbook_store::{Alias, Code, NewModel, NewVersion, Search, Stage, Store, Tag, VersionStatus};

pub(super) static CASES: &[(&str, Case)] = &[
    ("registered models have unique names", names),
    ("registered models are changed and deleted", changes),
    ("versions are counted", versions),
    ("aliases move", aliases),
    ("stages", stages),
    ("versions name their model and run", sources),
    ("models and versions are found", search),
];

fn model(store: &dyn Store, what: &str) -> String {
    let name = unique(what);
    store.create_registered(&name, None, &[]).unwrap();
    name
}

fn version(store: &dyn Store, name: &str) -> String {
    let new = NewVersion { name: name.to_owned(), source: "s3://bucket/model".to_owned(), ..NewVersion::default() };
    store.create_version(&new).unwrap().version
}

fn names(store: &dyn Store) {
    let name = unique("registered");
    let made = store.create_registered(&name, Some("what it is"), &[Tag::new("a", "b")]).unwrap();
    assert_eq!((made.name.as_str(), made.description.as_str()), (name.as_str(), "what it is"));
    check_code(store.create_registered(&name, None, &[]), Code::ResourceAlreadyExists);
    let found = store.registered(&name).unwrap();
    assert_eq!(found.tags, [Tag::new("a", "b")]);
    assert!(found.created > 0 && found.latest_versions.is_empty() && found.aliases.is_empty());
    for bad in ["", " ", "a/b", "a:b"] {
        check_code(store.create_registered(bad, None, &[]), Code::InvalidParameterValue);
    }
    check_code(store.registered(&unique("unknown")), Code::ResourceDoesNotExist);
}

fn changes(store: &dyn Store) {
    let (name, new) = (model(store, "old"), unique("new"));
    version(store, &name);
    store.set_registered_tag(&name, &Tag::new("t", "one")).unwrap();
    store.set_registered_tag(&name, &Tag::new("t", "two")).unwrap();
    assert_eq!(store.describe_registered(&name, "text").unwrap().description, "text");
    assert_eq!(store.rename_registered(&name, &new).unwrap().name, new);
    check_code(store.registered(&name), Code::ResourceDoesNotExist);
    let found = store.registered(&new).unwrap();
    assert_eq!((found.description.as_str(), &found.tags[..]), ("text", &[Tag::new("t", "two")][..]));
    assert_eq!(store.version(&new, "1").unwrap().name, new, "versions go with it");
    let other = model(store, "other");
    check_code(store.rename_registered(&new, &other), Code::ResourceAlreadyExists);
    check_code(store.rename_registered(&new, "a/b"), Code::InvalidParameterValue);
    store.delete_registered_tag(&new, "t").unwrap();
    store.delete_registered_tag(&new, "t").unwrap();
    assert_eq!(store.registered(&new).unwrap().tags, []);
    store.delete_registered(&new).unwrap();
    check_code(store.registered(&new), Code::ResourceDoesNotExist);
    check_code(store.version(&new, "1"), Code::ResourceDoesNotExist);
    check_code(store.delete_registered(&new), Code::ResourceDoesNotExist);
    store.create_registered(&new, None, &[]).unwrap();
    assert_eq!(version(store, &new), "1", "a new model begins again");
}

fn versions(store: &dyn Store) {
    let name = model(store, "versions");
    assert_eq!([version(store, &name), version(store, &name), version(store, &name)], ["1", "2", "3"]);
    let found = store.version(&name, "2").unwrap();
    assert_eq!(
        (found.stage, found.status, found.source.as_str()),
        (Stage::None, VersionStatus::Ready, "s3://bucket/model")
    );
    assert_eq!(store.version_uri(&name, "2").unwrap(), "s3://bucket/model");
    assert_eq!(store.describe_version(&name, "2", "better").unwrap().description, "better");
    store.set_version_tag(&name, "2", &Tag::new("t", "one")).unwrap();
    store.set_version_tag(&name, "2", &Tag::new("t", "two")).unwrap();
    assert_eq!(store.version(&name, "2").unwrap().tags, [Tag::new("t", "two")]);
    store.delete_version_tag(&name, "2", "t").unwrap();
    store.delete_version_tag(&name, "2", "t").unwrap();
    assert_eq!(store.version(&name, "2").unwrap().tags, []);
    store.set_alias(&name, "best", "3").unwrap();
    store.delete_version(&name, "3").unwrap();
    check_code(store.version(&name, "3"), Code::ResourceDoesNotExist);
    check_code(store.delete_version(&name, "3"), Code::ResourceDoesNotExist);
    assert_eq!(store.registered(&name).unwrap().aliases, [], "its aliases go with it");
    assert_eq!(version(store, &name), "4", "a number is never used again");
    check_code(store.version(&name, "x"), Code::InvalidParameterValue);
    check_code(store.version(&name, "99"), Code::ResourceDoesNotExist);
    let new = NewVersion { name: unique("unknown"), source: "s3://b/x".to_owned(), ..NewVersion::default() };
    check_code(store.create_version(&new), Code::ResourceDoesNotExist);
}

fn aliases(store: &dyn Store) {
    let name = model(store, "aliases");
    version(store, &name);
    version(store, &name);
    store.set_alias(&name, "champion", "1").unwrap();
    store.set_alias(&name, "other", "1").unwrap();
    let mut found = store.version(&name, "1").unwrap().aliases;
    found.sort();
    assert_eq!(found, ["champion", "other"]);
    store.set_alias(&name, "champion", "2").unwrap();
    assert_eq!(store.version_by_alias(&name, "champion").unwrap().version, "2");
    let alias = |alias: &str, version: &str| Alias { alias: alias.to_owned(), version: version.to_owned() };
    assert_eq!(store.registered(&name).unwrap().aliases, [alias("champion", "2"), alias("other", "1")]);
    for bad in ["latest", "LATEST", "v1", "V22", "a b", "a/b", ""] {
        check_code(store.set_alias(&name, bad, "1"), Code::InvalidParameterValue);
    }
    check_code(store.set_alias(&name, &"a".repeat(256), "1"), Code::InvalidParameterValue);
    check_code(store.set_alias(&name, "x", "99"), Code::ResourceDoesNotExist);
    store.delete_alias(&name, "champion").unwrap();
    store.delete_alias(&name, "champion").unwrap();
    check_code(store.version_by_alias(&name, "champion"), Code::InvalidParameterValue);
}

fn stages(store: &dyn Store) {
    let name = model(store, "stages");
    for _ in 0..3 {
        version(store, &name);
    }
    let stage = |v: &str, stage, archive| store.stage_version(&name, v, stage, archive);
    assert_eq!(stage("1", Stage::Production, false).unwrap().stage, Stage::Production);
    stage("2", Stage::Production, false).unwrap();
    assert_eq!(store.version(&name, "1").unwrap().stage, Stage::Production, "not put away");
    let latest = |stages: &[Stage]| {
        let mut found = store.latest_versions(&name, stages).unwrap();
        found.sort_by(|a, b| a.version.cmp(&b.version));
        found.into_iter().map(|v| (v.version, v.stage)).collect::<Vec<_>>()
    };
    assert_eq!(latest(&[]), [("2".to_owned(), Stage::Production), ("3".to_owned(), Stage::None)]);
    stage("3", Stage::Production, true).unwrap();
    assert_eq!(latest(&[]), [("2".to_owned(), Stage::Archived), ("3".to_owned(), Stage::Production)]);
    assert_eq!(latest(&[Stage::Production]), [("3".to_owned(), Stage::Production)]);
    assert_eq!(store.registered(&name).unwrap().latest_versions.len(), 2);
    assert!(stage("3", Stage::Archived, true).is_err(), "only what is in use can be put away so");
}

fn sources(store: &dyn Store) {
    let name = model(store, "sources");
    let experiment = experiment(store, "sources");
    let run = run_of(store, &experiment);
    let new = NewModel { experiment, source_run: Some(run.clone()), ..NewModel::default() };
    let logged = store.create_model(&new).unwrap();
    let source = format!("models:/{}", logged.id);
    let new = NewVersion { name: name.clone(), source: source.clone(), ..NewVersion::default() };
    let made = store.create_version(&NewVersion { model_id: Some(logged.id.clone()), ..new.clone() }).unwrap();
    assert_eq!((made.run.as_deref(), made.source.as_str()), (Some(run.as_str()), source.as_str()));
    assert_eq!(store.version_uri(&name, "1").unwrap(), logged.artifact_uri);
    let new = NewVersion { source: format!("models:/{name}/1"), tags: vec![Tag::new("a", "b")], ..new };
    assert_eq!(store.create_version(&new).unwrap().tags, [Tag::new("a", "b")]);
    assert_eq!(store.version_uri(&name, "2").unwrap(), logged.artifact_uri, "a version of a version");
}

fn search(store: &dyn Store) {
    let key = unique("find").replace(' ', "_");
    let names: Vec<String> = ["b", "a", "C"].iter().map(|n| format!("{key} {n}")).collect();
    for (name, team) in names.iter().zip(["x", "y", "x"]) {
        store.create_registered(name, None, &[Tag::new("team", team)]).unwrap();
        version(store, name);
    }
    version(store, &names[0]);
    store.set_version_tag(&names[0], "2", &Tag::new("kind", "new")).unwrap();
    let models = |filter: &str, order: &[&str]| {
        let mut search = Search::all().filter(filter).limit(100);
        search.order_by = order.iter().map(|o| (*o).to_owned()).collect();
        let found = store.search_registered(&search).unwrap().items;
        found.into_iter().map(|m| m.name.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(models(&format!("name LIKE '{key}%'"), &[]), ["C", "a", "b"]);
    assert_eq!(models(&format!("name LIKE '{key}%'"), &["name DESC"]), ["b", "a", "C"]);
    assert_eq!(models(&format!("name LIKE '{key}%' AND tags.team = 'x'"), &[]), ["C", "b"]);
    assert_eq!(models(&format!("name ILIKE '{key} c'"), &[]), ["C"]);
    assert_eq!(models(&format!("name LIKE '{key} c'"), &[]), Vec::<String>::new());
    let versions = |filter: &str, order: &[&str]| {
        let mut search = Search::all().filter(filter).limit(100);
        search.order_by = order.iter().map(|o| (*o).to_owned()).collect();
        let found = store.search_versions(&search).unwrap().items;
        found.into_iter().map(|v| (v.name.rsplit(' ').next().unwrap().to_owned(), v.version)).collect::<Vec<_>>()
    };
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let b = &names[0];
    assert_eq!(versions(&format!("name = '{b}'"), &["version_number ASC"]), [pair("b", "1"), pair("b", "2")]);
    assert_eq!(versions(&format!("name = '{b}' AND tags.kind = 'new'"), &[]), [pair("b", "2")]);
    assert_eq!(versions(&format!("name = '{b}' AND version_number > 1"), &[]), [pair("b", "2")]);
    assert_eq!(
        versions(&format!("name IN ('{b}', '{}')", names[1]), &["name", "version_number"]),
        [pair("a", "1"), pair("b", "1"), pair("b", "2")]
    );
    assert_eq!(
        versions(&format!("source_path = 's3://bucket/model' AND name = '{}'", names[1]), &[]),
        [pair("a", "1")]
    );
    for bad in ["nothing = 'x'", "metrics.a > 1", "name = 5"] {
        check_code(store.search_registered(&Search::all().limit(100).filter(bad)), Code::InvalidParameterValue);
    }
}
