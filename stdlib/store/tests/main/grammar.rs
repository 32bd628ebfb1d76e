//! Whatever somebody searches for: an answer or a refusal, never a failure of the database, never another's data.

use crate::run_in;
use ironbook_store::store::{Experiments, Models, Registry, Runs, Traces};
use ironbook_store::{Batch, Code, Metric, ModelOrder, NewModel, Param, Result, Search, SqliteStore, TraceInfo};

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const NAMES: &[&str] = &[
    "metrics.auc",
    "params.model",
    "tags.team",
    "attributes.status",
    "status",
    "start_time",
    "run_id",
    "name",
    "artifact_uri",
    "dataset.name",
    "dataset.context",
    "experiment_id",
    "creation_time",
    "version_number",
    "source_path",
    "model_type",
    "creation_timestamp",
    "timestamp_ms",
    "execution_time_ms",
    "span.name",
    "span.attributes.x",
    "feedback.good",
    "metadata.a",
    "trace.text",
    "metrics.`a b`",
    "params.\"x\"",
    "`run name`",
    "tags.`mlflow.prompt.is_prompt`",
    "end_time_ms",
    "issue.id",
    "expectation.e",
    "attributes.run_id",
    "span.content",
    "request_id",
];
const OPS: &[&str] = &[
    "=",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
    "LIKE",
    "ILIKE",
    "IN",
    "NOT IN",
    "IS NULL",
    "IS NOT NULL",
    "like",
    "==",
    "RLIKE",
];
const VALUES: &[&str] = &[
    "'x'",
    "\"x\"",
    "5",
    "-1.5e300",
    "'%'",
    "'_%'",
    "('a', 'b')",
    "('1')",
    "('x',)",
    "''",
    "'it''s'",
    "'\\'",
    "1e999",
    "()",
    "'[a-z]*'",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "'\u{0}'",
    "'größe'",
    "true",
];
/// Comparisons that at least one kind of thing has.
const GOOD: &[&str] = &[
    "name LIKE '%'",
    "name != 'x'",
    "tags.a != 'b'",
    "tags.`x y` ILIKE '%'",
    "name ILIKE '%\\_%'",
    "metrics.auc >= -1.5e300",
    "status != 'x'",
    "params.model IS NOT NULL",
    "tags.team IS NULL",
];
const JUNK: &[&str] = &[
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    ",",
    ";",
    "--",
    "/*",
    "*/",
    "'",
    "\"",
    "`",
    "\\",
    "?",
    "?1",
    ":a",
    "@b",
    "$c",
    "NULL",
    "%",
    "ß",
    "UNION SELECT uuid FROM runs",
    "1=1",
    "\u{0}",
    "\u{202e}",
    ".",
    "..",
    "-",
    "0x10",
    "x'41'",
    "''",
    "é",
    "🦀",
];

/// A comparison, several of them, or nonsense.
fn filter(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for part in 0..=numbers.below(4) {
        if part > 0 {
            text.push_str(numbers.of(&[" AND ", " OR ", " and not ", " AND (", ") OR "]));
        }
        match numbers.below(20) {
            0 => text.push_str(numbers.of(JUNK)),
            1 => text.push_str(&format!("NOT ({} {} {})", numbers.of(NAMES), numbers.of(OPS), numbers.of(VALUES))),
            2 => text.push_str(&format!("{}{}{}", numbers.of(NAMES), numbers.of(OPS), numbers.of(JUNK))),
            3 => text.push_str(&format!("{} {}", numbers.of(NAMES), numbers.of(OPS))),
            4..8 => text.push_str(&format!("{} {} {}", numbers.of(NAMES), numbers.of(OPS), numbers.of(VALUES))),
            _ => text.push_str(numbers.of(GOOD)),
        }
    }
    text
}

fn order(numbers: &mut Numbers) -> String {
    let names = if numbers.below(8) == 0 { JUNK } else { NAMES };
    format!("{}{}", numbers.of(names), numbers.of(&["", " ASC", " DESC", " x"]))
}

/// Whether it was answered.
fn answered<T>(result: Result<T>, search: &Search) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(
                error.code(),
                Code::InvalidParameterValue,
                "{search:?}: {error} {:?}",
                std::error::Error::source(&error)
            );
            false
        }
    }
}

#[test]
fn searches_are_answered_or_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "fuzz");
    let experiment = store.run(&run).unwrap().info.experiment;
    let batch = Batch { metrics: &[Metric::new("auc", 1.0, 0, 0)], params: &[Param::new("model", "x")], tags: &[] };
    store.log_batch(&run, batch).unwrap();
    store.create_model(&NewModel { experiment: experiment.clone(), ..NewModel::default() }).unwrap();
    store.create_registered("x", None, &[]).unwrap();
    let trace = TraceInfo { trace_id: "tr-1".to_owned(), experiment: experiment.clone(), ..TraceInfo::default() };
    store.put_trace(&trace).unwrap();
    // Nothing of another experiment may come.
    run_in(&store, "other");
    let (mut numbers, mut answers) = (Numbers(7), [0; 6]);
    for _ in 0..10_000 {
        let mut search = Search::experiment(&experiment).filter(filter(&mut numbers)).limit(10);
        search.order_by = (0..numbers.below(6) / 4).map(|_| order(&mut numbers)).collect();
        let runs = store.search_runs(&search);
        assert!(runs.iter().flat_map(|page| &page.items).all(|found| found.info.id == run), "{search:?}");
        let all = Search { experiments: Vec::new(), ..search.clone() };
        let keys = search.order_by.iter().map(|field| ModelOrder { field: field.clone(), ..ModelOrder::default() });
        let results = [
            answered(runs, &search),
            answered(store.search_experiments(&all), &search),
            answered(store.search_registered(&all), &search),
            answered(store.search_versions(&all), &search),
            answered(store.search_models(&search, &[], &keys.collect::<Vec<_>>()), &search),
            answered(store.search_traces(&search), &search),
        ];
        answers.iter_mut().zip(results).for_each(|(count, answered)| *count += i32::from(answered));
    }
    println!("answered, of 10,000: {answers:?}");
    assert!(answers.iter().all(|count| *count > 200), "some of each kind are good: {answers:?}");
    store.check().unwrap();
    assert_eq!(store.run(&run).unwrap().param("model"), Some("x"));
}
