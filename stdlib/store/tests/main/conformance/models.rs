//! Logged models.

use super::{Case, check_code, experiment, log_metrics, point, run_of};
use ironbook_store::{
    Code, Metric, MetricOf, ModelInput, ModelOrder, ModelOutput, ModelStatus, NewModel, Param, Search, Store, Tag,
};

pub(super) static CASES: &[(&str, Case)] = &[
    ("a model goes from pending to ready", life),
    ("params and tags of models", params_and_tags),
    ("metrics of models are theirs and their run's", metrics),
    ("models are found by metrics, params, tags and datasets", search),
    ("deleted models are not found", deleted),
    ("runs have models as inputs and outputs", inputs_and_outputs),
];

fn new(experiment: &str, name: &str) -> NewModel {
    NewModel { experiment: experiment.to_owned(), name: Some(name.to_owned()), ..NewModel::default() }
}

fn life(store: &dyn Store) {
    let experiment = experiment(store, "models");
    let run = run_of(store, &experiment);
    let model = NewModel {
        model_type: Some("gbdt".to_owned()),
        source_run: Some(run.clone()),
        params: vec![Param::new("depth", 3)],
        tags: vec![Tag::new("a", "b")],
        ..new(&experiment, "first")
    };
    let made = store.create_model(&model).unwrap();
    assert!(made.id.starts_with("m-") && made.id.len() == 34, "{}", made.id);
    assert_eq!((made.status, made.name.as_str(), made.model_type.as_str()), (ModelStatus::Pending, "first", "gbdt"));
    let above = store.experiment(&experiment).unwrap().artifact_location;
    assert_eq!(made.artifact_uri, format!("{above}/models/{}/artifacts", made.id));
    let found = store.model(&made.id).unwrap();
    assert_eq!((found.params, found.tags), (model.params, model.tags));
    assert_eq!((found.source_run, found.experiment), (Some(run), experiment.clone()));
    assert_eq!(store.finish_model(&made.id, ModelStatus::Ready, None).unwrap().status, ModelStatus::Ready);
    assert_eq!(store.model(&made.id).unwrap().status, ModelStatus::Ready);
    let unnamed = store.create_model(&NewModel { name: None, ..new(&experiment, "") }).unwrap();
    assert!(!unnamed.name.is_empty());
    for bad in ["a/b", "a:b", "a.b", "", "a%b"] {
        check_code(store.create_model(&new(&experiment, bad)), Code::InvalidParameterValue);
    }
    check_code(store.create_model(&new("999999999", "x")), Code::ResourceDoesNotExist);
    let unknown = "m-0123456789abcdef0123456789abcdef";
    check_code(store.model(unknown), Code::ResourceDoesNotExist);
    check_code(store.finish_model(unknown, ModelStatus::Failed, None), Code::ResourceDoesNotExist);
}

fn params_and_tags(store: &dyn Store) {
    let model = store.create_model(&new(&experiment(store, "model params"), "m")).unwrap().id;
    store.log_model_params(&model, &[Param::new("a", 1), Param::new("b", 2)]).unwrap();
    store.set_model_tags(&model, &[Tag::new("t", "one"), Tag::new("u", "x")]).unwrap();
    store.set_model_tags(&model, &[Tag::new("t", "two")]).unwrap();
    let found = store.model(&model).unwrap();
    assert_eq!(found.params, [Param::new("a", 1), Param::new("b", 2)]);
    assert_eq!(found.tags, [Tag::new("t", "two"), Tag::new("u", "x")]);
    store.delete_model_tag(&model, "t").unwrap();
    check_code(store.delete_model_tag(&model, "t"), Code::ResourceDoesNotExist);
    assert_eq!(store.model(&model).unwrap().tags, [Tag::new("u", "x")]);
}

/// A metric of a model, perhaps on a dataset.
fn measured(key: &str, value: f64, step: i64, model: &str, dataset: Option<(&str, &str)>) -> Metric {
    let of = MetricOf {
        model_id: Some(model.to_owned()),
        dataset_name: dataset.map(|d| d.0.to_owned()),
        dataset_digest: dataset.map(|d| d.1.to_owned()),
        run_id: None,
    };
    Metric { of: Some(Box::new(of)), ..point(key, value, 100 + step, step) }
}

fn metrics(store: &dyn Store) {
    let experiment = experiment(store, "model metrics");
    let run = run_of(store, &experiment);
    let model = store.create_model(&new(&experiment, "m")).unwrap().id;
    let points = [
        measured("auc", 0.5, 0, &model, None),
        measured("auc", 0.7, 1, &model, None),
        measured("auc", 0.6, 2, &model, Some(("iris", "abc"))),
        point("other", 1.0, 0, 0),
    ];
    log_metrics(store, &run, &points).unwrap();
    let mut found = store.model(&model).unwrap().metrics;
    // A store may answer with older points, too.
    found.retain(|m| m.step > 0);
    found.sort_by_key(|m| m.step);
    let of = |m: &Metric| m.of.clone().unwrap();
    assert_eq!(found.iter().map(|m| m.value).collect::<Vec<_>>(), [0.7, 0.6]);
    assert_eq!((of(&found[0]).run_id.as_deref(), of(&found[0]).dataset_name), (Some(run.as_str()), None));
    assert_eq!(of(&found[1]).dataset_name.as_deref(), Some("iris"));
    assert_eq!(of(&found[1]).dataset_digest.as_deref(), Some("abc"));
    assert_eq!(store.run(&run).unwrap().metric("auc"), Some(0.6), "the run has it, too");
    assert_eq!(store.metric_history(&run, "auc").unwrap().len(), 3);
}

fn search(store: &dyn Store) {
    let experiment = experiment(store, "model search");
    let run = run_of(store, &experiment);
    let make = |name: &str, depth: i64, auc: f64, iris: f64| {
        let model = NewModel {
            params: vec![Param::new("depth", depth)],
            tags: vec![Tag::new("kind", name)],
            ..new(&experiment, name)
        };
        let id = store.create_model(&model).unwrap().id;
        let points = [measured("auc", auc, 0, &id, None), measured("on", iris, 0, &id, Some(("iris", "abc")))];
        log_metrics(store, &run, &points).unwrap();
        id
    };
    let (a, b, c) = (make("a", 1, 0.9, 0.1), make("b", 2, 0.8, 0.3), make("c", 3, 0.7, 0.2));
    let by = |field: &str, ascending| ModelOrder { field: field.to_owned(), ascending, ..ModelOrder::default() };
    let find = |filter: &str, datasets: &[(String, Option<String>)], order: &[ModelOrder]| {
        let search = Search::experiment(&experiment).filter(filter);
        let found = store.search_models(&search, datasets, order).unwrap().items;
        found.into_iter().map(|m| m.id).collect::<Vec<_>>()
    };
    let name = [by("name", true)];
    assert_eq!(find("", &[], &name), [a.as_str(), &b, &c]);
    assert_eq!(find("metrics.auc > 0.75", &[], &name), [a.as_str(), &b]);
    assert_eq!(find("params.depth != '2'", &[], &name), [a.as_str(), &c]);
    assert_eq!(find("tags.kind = 'b'", &[], &[]), [b.as_str()]);
    assert_eq!(find("name LIKE '%' AND metrics.auc <= 0.8", &[], &[by("metrics.auc", true)]), [c.as_str(), &b]);
    assert_eq!(find("", &[], &[by("metrics.on", false)]), [b.as_str(), &c, &a]);
    let iris = [("iris".to_owned(), Some("abc".to_owned()))];
    assert_eq!(find("metrics.on > 0.15", &iris, &name), [b.as_str(), &c]);
    assert_eq!(find("metrics.auc > 0.15", &iris, &name), Vec::<String>::new(), "not measured on it");
    let (mut search, mut pages) = (Search::experiment(&experiment).limit(2), Vec::new());
    loop {
        let page = store.search_models(&search, &[], &name).unwrap();
        pages.push(page.items.iter().map(|m| m.name.clone()).collect::<Vec<_>>());
        search.page = page.next;
        if search.page.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["a", "b"], vec!["c"]]);
    for bad in ["metric.auc > 1", "metrics.auc LIKE 'x'", "params.depth > 1", "attribute.name = 'x'", "nothing = 'x'"] {
        let bad = Search::experiment(&experiment).filter(bad);
        assert!(store.search_models(&bad, &[], &[]).is_err(), "{bad:?}");
    }
}

fn deleted(store: &dyn Store) {
    let experiment = experiment(store, "deleted models");
    let model = store.create_model(&new(&experiment, "m")).unwrap().id;
    store.delete_model(&model).unwrap();
    check_code(store.model(&model), Code::ResourceDoesNotExist);
    let found = store.search_models(&Search::experiment(&experiment), &[], &[]).unwrap();
    assert_eq!(found.items, []);
}

fn inputs_and_outputs(store: &dyn Store) {
    let experiment = experiment(store, "model inputs");
    let run = run_of(store, &experiment);
    let one = store.create_model(&new(&experiment, "one")).unwrap().id;
    let two = store.create_model(&new(&experiment, "two")).unwrap().id;
    store.log_inputs(&run, &[], &[ModelInput { model_id: one.clone() }]).unwrap();
    store.log_outputs(&run, &[ModelOutput { model_id: two.clone(), step: 7 }]).unwrap();
    let found = store.run(&run).unwrap();
    assert_eq!(found.model_inputs, [ModelInput { model_id: one }]);
    assert_eq!(found.model_outputs, [ModelOutput { model_id: two, step: 7 }]);
}
