//! Traces, spans and assessments.

use super::{Case, check_code, experiment, run_of};
use ironbook_store::{Assessment, Code, Search, Span, Store, TraceInfo};
use serde_json::{Map, Value, json};

pub(super) static CASES: &[(&str, Case)] = &[
    ("traces are kept", kept),
    ("tags of traces change", tags),
    ("traces are found", search),
    ("traces are deleted", deleted),
    ("spans are kept and make traces", spans),
    ("a trace knows of the error of its root", failed_spans),
    ("assessments are kept, changed and removed", assessments),
    ("assessments override others", overriding),
    ("traces are linked to runs", links),
];

pub(super) static LOCAL: &[(&str, Case)] =
    &[("attributes of spans are compared", span_attributes), ("a late root names its trace", late_root)];

/// An id that no other trace has.
fn id() -> String {
    let unique = super::unique("trace");
    let hash = |seed: u64| unique.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("tr-{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(0x9e37_79b9_7f4a_7c15))
}

fn trace(experiment: &str, at: i64, state: &str) -> TraceInfo {
    TraceInfo {
        trace_id: id(),
        experiment: experiment.to_owned(),
        request_time: at,
        execution_duration: Some(250),
        state: state.to_owned(),
        request_preview: Some("what?".to_owned()),
        response_preview: Some("that".to_owned()),
        metadata: vec![("user".to_owned(), "ada".to_owned())],
        tags: vec![("kind".to_owned(), "chat".to_owned()), ("mlflow.traceName".to_owned(), "ask".to_owned())],
        ..TraceInfo::default()
    }
}

fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

fn kept(store: &dyn Store) {
    let info = trace(&experiment(store, "traces"), 5_000, "OK");
    store.put_trace(&info).unwrap();
    let found = store.trace(&info.trace_id).unwrap();
    assert_eq!((found.request_time, found.execution_duration, found.state.as_str()), (5_000, Some(250), "OK"));
    assert_eq!((&found.experiment, &found.request_preview), (&info.experiment, &info.request_preview));
    assert_eq!((value(&found.tags, "kind"), value(&found.metadata, "user")), (Some("chat"), Some("ada")));
    let place = value(&found.tags, "mlflow.artifactLocation").unwrap();
    assert!(place.ends_with(&format!("/traces/{}/artifacts", info.trace_id)), "{place}");
    let again = TraceInfo { state: "ERROR".to_owned(), tags: Vec::new(), ..info.clone() };
    store.put_trace(&again).unwrap();
    let found = store.trace(&info.trace_id).unwrap();
    assert_eq!((found.state.as_str(), value(&found.tags, "kind")), ("ERROR", Some("chat")));
    check_code(store.trace(&id()), Code::ResourceDoesNotExist);
    check_code(store.put_trace(&trace("999999999", 1, "OK")), Code::ResourceDoesNotExist);
}

fn tags(store: &dyn Store) {
    let info = trace(&experiment(store, "trace tags"), 5_000, "OK");
    store.put_trace(&info).unwrap();
    store.set_trace_tag(&info.trace_id, "kind", "batch").unwrap();
    store.set_trace_tag(&info.trace_id, "new", "x").unwrap();
    let found = store.trace(&info.trace_id).unwrap();
    assert_eq!((value(&found.tags, "kind"), value(&found.tags, "new")), (Some("batch"), Some("x")));
    store.delete_trace_tag(&info.trace_id, "new").unwrap();
    assert_eq!(value(&store.trace(&info.trace_id).unwrap().tags, "new"), None);
    check_code(store.delete_trace_tag(&info.trace_id, "new"), Code::ResourceDoesNotExist);
    check_code(store.set_trace_tag(&id(), "a", "b"), Code::ResourceDoesNotExist);
}

fn search(store: &dyn Store) {
    let experiment = experiment(store, "trace search");
    let make = |at, state: &str| store.put_trace(&trace(&experiment, at, state)).unwrap().trace_id;
    let (a, b, c) = (make(1_000, "OK"), make(3_000, "ERROR"), make(2_000, "OK"));
    store.set_trace_tag(&a, "kind", "batch").unwrap();
    let find = |filter: &str, order: &[&str]| {
        let mut search = Search::experiment(&experiment).filter(filter).limit(100);
        search.order_by = order.iter().map(|o| (*o).to_owned()).collect();
        store.search_traces(&search).unwrap().items.into_iter().map(|t| t.trace_id).collect::<Vec<_>>()
    };
    assert_eq!(find("", &[]), [b.as_str(), &c, &a], "newest first");
    assert_eq!(find("", &["timestamp_ms ASC"]), [a.as_str(), &c, &b]);
    assert_eq!(find("trace.status = 'OK'", &[]), [c.as_str(), &a]);
    assert_eq!(find("attributes.timestamp_ms >= 2000 AND attributes.execution_time_ms = 250", &[]), [b.as_str(), &c]);
    assert_eq!(find("tags.kind = 'chat'", &[]), [b.as_str(), &c]);
    assert_eq!(find("metadata.user = 'ada' AND trace.name = 'ask'", &[]).len(), 3);
    assert_eq!(find("metadata.user != 'ada'", &[]), Vec::<String>::new());
    assert_eq!(find("tags.absent IS NULL AND tags.kind IS NOT NULL", &[]).len(), 3);
    let (mut search, mut pages) = (Search::experiment(&experiment).limit(2), Vec::new());
    loop {
        let page = store.search_traces(&search).unwrap();
        pages.push(page.items.len());
        search.page = page.next;
        if search.page.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 1]);
    for bad in ["nothing = 'x'", "tags.a > 1", "trace.timestamp_ms LIKE 'x'", "span.nothing = 'x'"] {
        let bad = Search::experiment(&experiment).limit(100).filter(bad);
        check_code(store.search_traces(&bad), Code::InvalidParameterValue);
    }
}

fn deleted(store: &dyn Store) {
    let experiment = experiment(store, "deleted traces");
    let make = |at| store.put_trace(&trace(&experiment, at, "OK")).unwrap().trace_id;
    let (a, b, c, d) = (make(1_000), make(2_000), make(3_000), make(4_000));
    assert_eq!(store.delete_traces(&experiment, &[c.clone(), id()], None, None).unwrap(), 1);
    check_code(store.trace(&c), Code::ResourceDoesNotExist);
    assert_eq!(store.delete_traces(&experiment, &[], Some(4_000), Some(1)).unwrap(), 1);
    check_code(store.trace(&a), Code::ResourceDoesNotExist);
    assert_eq!(store.delete_traces(&experiment, &[], Some(3_500), None).unwrap(), 1);
    check_code(store.trace(&b), Code::ResourceDoesNotExist);
    assert!(store.trace(&d).is_ok());
    check_code(store.delete_traces(&experiment, &[], None, None), Code::InvalidParameterValue);
    check_code(store.delete_traces(&experiment, std::slice::from_ref(&d), Some(1), None), Code::InvalidParameterValue);
}

fn span(trace: &str, span: u64, parent: Option<u64>, name: &str, at: (i64, i64)) -> Span {
    let hex = |n: u64| format!("{n:016x}");
    Span {
        trace_id: trace.to_owned(),
        span_id: hex(span),
        parent_id: parent.map(hex),
        name: name.to_owned(),
        span_type: Some("LLM".to_owned()),
        status: "OK".to_owned(),
        start_ns: at.0 * 1_000_000,
        end_ns: Some(at.1 * 1_000_000),
        content: json!({
            "name": name, "span_id": hex(span),
            "attributes": { "mlflow.spanInputs": "\"question\"", "mlflow.spanType": "\"LLM\"", "model": "\"gpt\"" },
        }),
    }
}

fn spans(store: &dyn Store) {
    let experiment = experiment(store, "spans");
    let trace = id();
    store.log_spans(&experiment, &[span(&trace, 2, Some(1), "inner", (2_100, 2_200))]).unwrap();
    assert_eq!(store.trace(&trace).unwrap().state, "IN_PROGRESS", "its root is not there yet");
    store.log_spans(&experiment, &[span(&trace, 1, None, "outer", (2_000, 2_500))]).unwrap();
    let found = store.trace(&trace).unwrap();
    assert_eq!((found.request_time, found.execution_duration, found.state.as_str()), (2_000, Some(500), "OK"));
    assert!(found.request_preview.unwrap().contains("question"));
    let names = || store.spans(&trace).unwrap().into_iter().map(|s| s.name).collect::<Vec<_>>();
    assert_eq!(names(), ["outer", "inner"], "by start");
    let inner = store.spans(&trace).unwrap().remove(1);
    assert_eq!((inner.parent_id, inner.span_type), (Some(format!("{:016x}", 1)), Some("LLM".to_owned())));
    store.log_spans(&experiment, &[span(&trace, 2, Some(1), "renamed", (2_100, 2_200))]).unwrap();
    assert_eq!(names(), ["outer", "renamed"], "a span that is there is replaced");
    let find = |filter: &str| {
        store.search_traces(&Search::experiment(&experiment).limit(100).filter(filter)).unwrap().items.len()
    };
    assert_eq!((find("span.name = 'outer'"), find("span.name = 'nothing'")), (1, 0));
    assert_eq!(find("span.name = 'outer' AND span.type = 'LLM'"), 1);
    assert_eq!((find("trace.text LIKE '%question%'"), find("trace.text LIKE '%answer%'")), (1, 0));
    assert_eq!((find("span.attributes.model LIKE '%gpt%'"), find("span.attributes.model LIKE '%claude%'")), (1, 0));
}

fn failed_spans(store: &dyn Store) {
    let experiment = experiment(store, "failed spans");
    let trace = id();
    let root = Span { status: "ERROR".to_owned(), ..span(&trace, 1, None, "root", (2_000, 2_500)) };
    store.log_spans(&experiment, &[root, span(&trace, 2, Some(1), "inner", (2_100, 2_200))]).unwrap();
    assert_eq!(store.trace(&trace).unwrap().state, "ERROR");
    check_code(store.spans(&id()), Code::ResourceDoesNotExist);
    check_code(store.log_spans("999999999", &[span(&id(), 1, None, "x", (1, 2))]), Code::ResourceDoesNotExist);
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => panic!("an object"),
    }
}

fn feedback(name: &str, value: &Value) -> Assessment {
    let fields = fields(json!({
        "assessment_name": name,
        "source": { "source_type": "HUMAN", "source_id": "ada" },
        "feedback": { "value": value },
        "rationale": "because",
        "metadata": { "a": "1" },
    }));
    Assessment { assessment_id: String::new(), fields }
}

fn assessments(store: &dyn Store) {
    let experiment = experiment(store, "assessments");
    let trace = store.put_trace(&trace(&experiment, 1_000, "OK")).unwrap().trace_id;
    let made = store.create_assessment(&trace, &feedback("good", &json!(true))).unwrap();
    assert!(made.assessment_id.starts_with("a-"), "{}", made.assessment_id);
    let found = store.assessment(&trace, &made.assessment_id).unwrap();
    assert_eq!(found.fields["assessment_name"], "good");
    assert_eq!(found.fields["feedback"]["value"], true);
    assert_eq!(store.trace(&trace).unwrap().assessments.len(), 1);
    store.create_assessment(&trace, &feedback("score", &json!(0.8))).unwrap();
    let find = |filter: &str| {
        store.search_traces(&Search::experiment(&experiment).limit(100).filter(filter)).unwrap().items.len()
    };
    assert_eq!(
        (find("feedback.good = 'true'"), find("feedback.good = 'false'"), find("feedback.good != 'false'")),
        (1, 0, 1)
    );
    assert_eq!((find("feedback.score > 0.5"), find("feedback.score > 0.9")), (1, 0));
    assert_eq!((find("feedback.absent IS NULL"), find("feedback.good IS NULL")), (1, 0));
    let made_at = found.fields["create_time"].as_str().unwrap().to_owned();
    let change = Assessment {
        assessment_id: made.assessment_id.clone(),
        fields: fields(json!({ "feedback": { "value": false }, "metadata": { "b": "2" } })),
    };
    let changed = store.update_assessment(&trace, &change).unwrap();
    assert_eq!(
        (&changed.fields["feedback"]["value"], &changed.fields["rationale"]),
        (&json!(false), &json!("because"))
    );
    assert_eq!(changed.fields["create_time"], made_at.as_str());
    assert!(changed.fields["last_update_time"].as_str().unwrap() >= made_at.as_str());
    assert_eq!(changed.fields["metadata"], json!({ "a": "1", "b": "2" }), "merged");
    assert_eq!(find("feedback.good = 'false'"), 1);
    let wrong = Assessment { fields: fields(json!({ "expectation": { "value": 1 } })), ..change };
    check_code(store.update_assessment(&trace, &wrong), Code::InvalidParameterValue);
    store.delete_assessment(&trace, &made.assessment_id).unwrap();
    store.delete_assessment(&trace, &made.assessment_id).unwrap();
    check_code(store.assessment(&trace, &made.assessment_id), Code::ResourceDoesNotExist);
    check_code(store.create_assessment(&id(), &feedback("x", &json!(1))), Code::ResourceDoesNotExist);
}

fn overriding(store: &dyn Store) {
    let experiment = experiment(store, "overriding");
    let trace = store.put_trace(&trace(&experiment, 1_000, "OK")).unwrap().trace_id;
    let old = store.create_assessment(&trace, &feedback("good", &json!("no"))).unwrap().assessment_id;
    let mut new = feedback("good", &json!("yes"));
    new.fields.insert("overrides".to_owned(), json!(old));
    let new = store.create_assessment(&trace, &new).unwrap().assessment_id;
    assert_eq!(store.assessment(&trace, &old).unwrap().fields["valid"], false);
    let find = |filter: &str| {
        store.search_traces(&Search::experiment(&experiment).limit(100).filter(filter)).unwrap().items.len()
    };
    assert_eq!((find("feedback.good = 'yes'"), find("feedback.good = 'no'")), (1, 0));
    store.delete_assessment(&trace, &new).unwrap();
    assert_eq!((find("feedback.good = 'yes'"), find("feedback.good = 'no'")), (0, 1), "valid again");
}

fn links(store: &dyn Store) {
    let experiment = experiment(store, "links");
    let run = run_of(store, &experiment);
    let (a, b) = (trace(&experiment, 1_000, "OK"), trace(&experiment, 2_000, "OK"));
    store.put_trace(&a).unwrap();
    store.put_trace(&TraceInfo { metadata: vec![("mlflow.sourceRun".to_owned(), run.clone())], ..b.clone() }).unwrap();
    let find = || {
        let search = Search::experiment(&experiment).limit(100).filter(format!("attributes.run_id = '{run}'"));
        store.search_traces(&search).unwrap().items.into_iter().map(|t| t.trace_id).collect::<Vec<_>>()
    };
    assert_eq!(find(), [b.trace_id.as_str()], "made in the run");
    store.link_traces(&run, &[a.trace_id.clone(), a.trace_id.clone()]).unwrap();
    assert_eq!(find(), [b.trace_id, a.trace_id], "and linked to it");
    check_code(store.link_traces("0123456789abcdef0123456789abcdef", &[id()]), Code::ResourceDoesNotExist);
}

fn span_attributes(store: &dyn Store) {
    let experiment = experiment(store, "span attributes");
    store.log_spans(&experiment, &[span(&id(), 1, None, "outer", (2_000, 2_500))]).unwrap();
    let find = |filter: &str| {
        store.search_traces(&Search::experiment(&experiment).limit(100).filter(filter)).unwrap().items.len()
    };
    assert_eq!((find("span.attributes.model = 'gpt'"), find("span.attributes.model = 'other'")), (1, 0));
    assert_eq!((find("span.attributes.model != 'other'"), find("span.attributes.absent != 'x'")), (1, 0));
    assert_eq!((find("span.name = 'outer' OR span.name = 'x'"), find("NOT span.name = 'outer'")), (1, 0));
}

fn late_root(store: &dyn Store) {
    let experiment = experiment(store, "late root");
    let trace = id();
    store.log_spans(&experiment, &[span(&trace, 2, Some(1), "inner", (2_100, 2_200))]).unwrap();
    assert_eq!(value(&store.trace(&trace).unwrap().tags, "mlflow.traceName"), None);
    store.log_spans(&experiment, &[span(&trace, 1, None, "outer", (2_000, 2_500))]).unwrap();
    assert_eq!(value(&store.trace(&trace).unwrap().tags, "mlflow.traceName"), Some("outer"));
}
