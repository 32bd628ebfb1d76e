//! Completion over the index of the real library.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

use ironbook_assist::{Detail, Followed, View, columns_made, complete, inspect};
use ironbook_session::library::index::{Index, MemberKind};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Checker, Config, ExecuteOptions, Session, Source, Status, Tier, Variable};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

/// The index of the library as it is now; made once if there is none yet.
fn index() -> Arc<Index> {
    static INDEX: OnceLock<Arc<Index>> = OnceLock::new();
    let made = INDEX.get_or_init(|| {
        let paths = Paths::from_env();
        let located = Library::locate(&paths).ok().filter(|library| library.index_path().is_some());
        let library = located.unwrap_or_else(|| Library::build(&paths, &mut |_| ControlFlow::Continue(())).unwrap());
        Arc::new(Index::load(&library.index_path().expect("a library is built with its index")).unwrap())
    });
    Arc::clone(made)
}

fn view() -> View {
    let variable = |name: &str, type_name: &str| Variable {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        ..Variable::default()
    };
    let variables = vec![
        variable("df", "DataFrame"),
        variable("xs", "Vec<f64>"),
        variable("t", "Tensor"),
        variable("names", "HashMap<String, usize>"),
    ];
    View { variables, index: Some(index()), ..View::default() }
}

/// Whether the end of the text completes to the name.
fn check(view: &View, text: &str, name: &str) {
    let found = complete(view, text, text.len()).candidates;
    let names: Vec<&str> = found.iter().map(|candidate| candidate.text.as_str()).take(30).collect();
    assert!(found.iter().any(|candidate| candidate.text == name), "{text}: no {name} in {names:?}");
}

#[test]
fn the_index_has_what_people_call() {
    let index = index();
    for (ty, name, starts) in [
        ("DataFrame", "group_by", "pub fn group_by"),
        ("DataFrame", "height", "pub fn height(&self) -> usize"),
        ("LazyFrame", "collect", "pub fn collect(self) -> "),
        ("Vec", "push", "pub fn push(&mut self, value: T)"),
        ("Vec", "iter", "pub fn iter(&self) -> "),
        ("String", "split", "pub fn split"),
        ("Option", "map", "pub "),
        ("Tensor", "matmul", "pub fn matmul(&self, rhs: &Tensor) -> "),
        ("Boosted", "params", "pub fn params("),
        ("f64", "sqrt", "pub fn sqrt(self) -> f64"),
        ("Iterator", "map", "fn map"),
    ] {
        let members = index.named(ty).flat_map(|entry| &entry.members);
        let found = members.into_iter().find(|member| member.name == name && member.kind != MemberKind::Field);
        let found = found.unwrap_or_else(|| panic!("{ty}::{name} is not in the index"));
        assert!(found.signature.starts_with(starts), "{ty}::{name}: {}", found.signature);
    }
    for name in ["read_csv", "col", "lit", "df", "Expr", "println", "Vec", "roc_auc"] {
        assert!(index.named(name).next().is_some(), "{name} is not in the index");
    }
    for path in ["", "eval", "plot", "ironbook::eval", "ironbook::data", "std::fs", "std::prelude", "primitive"] {
        assert!(index.module(path).is_some_and(|mut names| names.next().is_some()), "module {path:?} is empty");
    }
}

#[test]
fn chains_follow_its_signatures() {
    let view = view();
    check(&view, "df.gro", "group_by");
    check(&view, "df.clone().lazy().fil", "filter");
    check(&view, "df.clone().lazy().filter(col(\"a\").gt(lit(1))).group_by([col(\"b\")]).ag", "agg");
    check(&view, "df.clone().lazy().select([col(\"a\")]).collect()?.hei", "height");
    check(&view, "df.column(\"a\")?.nu", "null_count");
    check(&view, "xs.iter().ma", "map");
    check(&view, "xs.iter().map(|x| x * 2.0).fil", "filter");
    check(&view, "xs.len().che", "checked_add");
    check(&view, "xs[0].sq", "sqrt");
    check(&view, "names.entry(\"a\".into()).or_", "or_insert");
    check(&view, "t.matmul(&t)?.tra", "transpose");
    check(&view, "read_csv(\"a.csv\")?.hei", "height");
    check(&view, "let m = Gbdt::params().n_est", "n_estimators");
    check(&view, "col(\"a\").me", "mean");
    check(&view, "eval::roc", "roc_auc");
    check(&view, "ironbook::ev", "eval");
    check(&view, "use std::coll", "collections");
    check(&view, "std::collections::Hash", "HashMap");
    check(&view, "\"a,b\".spl", "split");
    check(&view, "read_c", "read_csv");
    check(&view, "DataFr", "DataFrame");
    check(&view, "DataType::Int", "Int64");
}

#[test]
fn names_that_patterns_bind_have_types() {
    let view = view();
    for (text, name) in [
        ("xs.iter().map(|x| x.sq", "sqrt"),
        ("xs.iter().enumerate().map(|(i, x)| x.sq", "sqrt"),
        ("xs.iter().enumerate().map(|(i, x)| i.che", "checked_add"),
        ("xs.iter().filter(|&x| x.sq", "sqrt"),
        ("xs.iter().map(|x| x.to_string()).for_each(|s| s.len", "len"),
        ("xs.iter().map(|x| x.to_string()).for_each(|s| s.to_upp", "to_uppercase"),
        ("xs.iter().fold(0.0, |sum, x| sum.sq", "sqrt"),
        ("xs.sort_by(|a, b| b.total", "total_cmp"),
        ("xs.retain(|x| x.is_n", "is_nan"),
        ("names.iter().map(|(name, count)| name.to_upp", "to_uppercase"),
        ("names.iter().map(|(name, count)| count.che", "checked_add"),
        ("names.values().map(|count| count.che", "checked_add"),
        ("names.keys().for_each(|name| name.to_upp", "to_uppercase"),
        ("names.get(\"a\").map(|count| count.che", "checked_add"),
        ("\"a b\".split(' ').map(|word| word.to_upp", "to_uppercase"),
        ("\"ab\".chars().filter(|c| c.is_alph", "is_alphabetic"),
        ("(0..xs.len()).map(|i| i.che", "checked_add"),
        ("xs.iter().zip(names.values()).map(|(x, n)| n.che", "checked_add"),
        ("for (name, count) in &names { name.to_upp", "to_uppercase"),
        ("for (i, x) in xs.iter().enumerate() { x.sq", "sqrt"),
        ("let (a, b) = (1.5, xs.clone());\nb.pu", "push"),
        ("if let Some(x) = xs.first() { x.sq", "sqrt"),
        ("let Some(x) = xs.first() else { return };\nx.sq", "sqrt"),
        ("match xs.first() { Some(x) => x.sq", "sqrt"),
        ("match df.column(\"a\") { Ok(column) => column.nu", "null_count"),
        ("let v = xs.iter().map(|x| x.to_string()).collect::<Vec<_>>();\nv[0].to_upp", "to_uppercase"),
        ("xs.iter().copied().max_by(f64::total_cmp).unwrap().sq", "sqrt"),
        ("xs.iter().sum::<f64>().sq", "sqrt"),
        ("xs.windows(2).map(|pair| pair[0].sq", "sqrt"),
        ("df.column(\"a\").map(|column| column.nu", "null_count"),
        (
            "struct Tree { leaves: Vec<f64> }\nlet t = Tree { leaves: vec![] };\nt.leaves.iter().map(|leaf| leaf.sq",
            "sqrt",
        ),
        ("%%tune a --trials 5\nlet depth: i32 = trial.int(\"depth\", 1..=9);\ndepth.che", "checked_add"),
        ("%%tune a --trials 5\nlet depth = trial.int(\"depth\", 1..=9usize);\ndepth.che", "checked_add"),
        ("%%tune a --trials 5\nlet rate = trial.log_float(\"rate\", 1e-3..=1.0);\nrate.sq", "sqrt"),
        (
            "%%tune a --trials 5\nlet kind = trial.categorical(\"kind\", [\"oak\", \"ash\"]);\nkind.to_upp",
            "to_uppercase",
        ),
    ] {
        check(&view, text, name);
    }
}

/// What people call most comes first, with a signature and a line of documentation.
#[test]
fn the_usual_comes_first() {
    let view = view();
    let first = |text: &str| {
        let found = complete(&view, text, text.len()).candidates;
        found.into_iter().take(5).collect::<Vec<_>>()
    };
    let names = |text: &str| first(text).into_iter().map(|found| found.text).collect::<Vec<_>>();
    assert_eq!(names("df."), ["lazy", "head", "column", "height", "shape"]);
    assert_eq!(names("df.clone().lazy()."), ["filter", "select", "with_columns", "group_by", "join"]);
    assert_eq!(names("col(\"a\")."), ["alias", "mean", "sum", "eq", "gt"]);
    assert_eq!(names("xs.iter()."), ["map", "filter", "collect", "sum", "enumerate"]);
    assert_eq!(names("df.he")[..2], ["head", "height"]);
    for found in first("df.") {
        assert!(found.signature.contains(&format!("fn {}", found.text)), "{found:?}");
    }
    let documented = first("df.").into_iter().filter(|found| !found.summary.is_empty()).count();
    assert!(documented >= 4, "{:#?}", first("df."));
    // Every usual method is one.
    for (text, name) in [("df.", "floats"), ("t.", "matmul"), ("xs.", "iter"), ("names.", "entry"), ("\"a\".", "trim")]
    {
        check(&view, text, name);
    }
}

/// The library's own functions whose strings name columns.
#[test]
fn the_librarys_functions_take_columns() {
    let mut view = view();
    view.variables[0].columns = vec![("carrier".to_owned(), "str".to_owned()), ("late".to_owned(), "bool".to_owned())];
    for text in [
        "Dataset::new(&df, &[\"car",
        "Dataset::new(&df, &[\"late\"], \"car",
        "eval::time_split(&df, \"car",
        "df.strings(\"car",
        "Pipeline::new().one_hot([\"car",
        "Pipeline::new().standardise([\"late\", \"car",
        "Pipeline::new().cyclical(\"car",
        "DriftOptions::default().columns([\"car",
        "drift::DriftOptions::default().ignore([\"car",
        "df.clone().lazy().sort([\"car",
        "df.group_by([\"car",
        "df.drop(\"car",
        "df[\"car",
    ] {
        check(&view, text, "carrier");
    }
}

#[test]
fn names_are_explained() {
    let view = view();
    for (text, words) in [
        ("df.group_by", "group_by"),
        ("xs.push", "Appends an element to the back of a collection."),
        ("read_csv", "pub fn read_csv"),
        ("Gbdt", "pub type Gbdt"),
        ("Gbdt::params", "pub fn params()"),
        ("df", "df: DataFrame"),
        ("println!", "Prints to the standard output"),
    ] {
        let bundle = inspect(&view, text, text.trim_end_matches('!').len(), Detail::Brief);
        let bundle = bundle.unwrap_or_else(|| panic!("nothing is known of {text}"));
        assert!(bundle.plain().contains(words), "{text}: {}", bundle.plain());
    }
}

/// Of a cell that was not run, magics and all, the cells below know what it will have made.
#[test]
fn what_magics_will_make_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::from_env();
    let library =
        Library::locate(&paths).or_else(|_| Library::build(&paths, &mut |_| ControlFlow::Continue(()))).unwrap();
    let config = Config { library, cache: paths.cells(), directory: directory.path().to_owned(), tier: Tier::Auto };
    let mut checker = Checker::new(config).unwrap();
    let mut said = |text: &str| {
        let followed = Followed::new(&mut checker, text, &View::default(), None);
        followed.diagnostics.into_iter().map(|found| found.message).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(said("%track load models:/late@champion --into model\n%dep -F std shapes circles"), none);
    assert_eq!(said("let n = model.signature();\nlet c = circles::Circle::new();\nuse shapes::Square;"), none);
    assert!(said("nobody").iter().any(|message| message.contains("nobody")));
}

/// Chains over the tables that [`TABLES`] makes; each computes, and polars says what its columns are.
const CHAINS: &[&str] = &[
    "l.select([col(\"a\"), col(\"s\").alias(\"t\")])",
    "l.select([all().as_expr().name().suffix(\"_x\")])",
    "l.select([cols([\"a\", \"x\"]).as_expr().mean().name().prefix(\"mean_\")])",
    "l.with_columns([(col(\"a\") * lit(2)).alias(\"double\"), col(\"x\").gt(lit(0.5))])",
    "l.with_columns([(col(\"x\") / lit(2.0)).alias(\"half\"), (col(\"a\") + col(\"a\")).alias(\"sum\"), lit(1.5).alias(\"one\")])",
    "l.with_columns([col(\"s\").str().len_chars().alias(\"n\"), col(\"s\").str().to_uppercase().alias(\"S\")])",
    "l.with_columns([col(\"a\").cast(DataType::Float64), col(\"x\").cast(DataType::Int64).alias(\"whole\")])",
    "l.with_columns([col(\"a\").is_null().not().alias(\"there\"), col(\"x\").fill_null(lit(0.0)).round(1, RoundMode::HalfToEven)])",
    "l.filter(col(\"a\").gt(lit(1))).sort([\"x\"], Default::default()).limit(2)",
    "l.drop(cols([\"a\"]))",
    "l.rename([\"a\", \"x\"], [\"key\", \"value\"], true)",
    "l.with_row_index(\"row\", None)",
    "l.group_by([col(\"s\")]).agg([col(\"x\").mean().alias(\"m\"), col(\"a\").sum(), len(), col(\"x\").max().alias(\"most\")])",
    "l.group_by([col(\"s\"), col(\"a\")]).agg([col(\"x\")])",
    "l.group_by([col(\"s\").str().len_chars().alias(\"n\")]).agg([col(\"a\").n_unique().alias(\"u\"), col(\"x\").quantile(lit(0.5), QuantileMethod::Linear).alias(\"q\")])",
    "l.group_by_stable([col(\"a\")]).agg([col(\"x\").first(), col(\"s\").count().alias(\"c\")]).filter(col(\"c\").gt(lit(0)))",
    "l.join(r.clone(), [col(\"a\")], [col(\"a\")], JoinArgs::new(JoinType::Inner))",
    "l.join(r.clone(), [col(\"a\")], [col(\"k\")], JoinArgs::new(JoinType::Left))",
    "l.join(r.clone(), [col(\"a\")], [col(\"k\")], JoinArgs::new(JoinType::Inner).with_suffix(Some(\"_of_r\".into())))",
    "l.join(r.clone(), [col(\"a\")], [col(\"a\")], JoinArgs::new(JoinType::Semi))",
    "l.inner_join(r.clone(), col(\"a\"), col(\"a\"))",
    "l.left_join(r.clone(), col(\"a\"), col(\"a\")).drop_nulls(None)",
    "l.cross_join(r.clone(), Some(\"_two\".into()))",
    "l.anti_join(r.clone(), col(\"a\"), col(\"a\"))",
    "l.select([when(col(\"a\").gt(lit(1))).then(lit(1)).otherwise(lit(0)).alias(\"flag\")])",
    "l.select([col(\"x\").std(1), col(\"a\").median(), col(\"s\").min()])",
    "l.unique(None, UniqueKeepStrategy::Any).tail(1).reverse()",
    "l.select([col(\"a\").cum_sum(false), col(\"x\").shift(lit(1)), (col(\"x\") - col(\"x\").mean()).alias(\"centred\")])",
];
const TABLES: &str = "let df = df!(\"a\" => [1i64, 2, 3], \"x\" => [0.5, 1.5, 2.5], \"s\" => [\"u\", \"v\", \"v\"])?;\n\
    let l = df.clone().lazy();\nlet r = df!(\"a\" => [1i64, 2], \"k\" => [2i64, 3], \"x\" => [1.0, 2.0])?.lazy();";

/// The columns that the text tells are those that polars computes: all names in order, and types where any is told.
#[test]
fn columns_along_chains_are_those_of_polars() {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::from_env();
    let library =
        Library::locate(&paths).or_else(|_| Library::build(&paths, &mut |_| ControlFlow::Continue(()))).unwrap();
    let cache = directory.path().join("cache");
    let mut session =
        Session::start(Config { library, cache, directory: directory.path().to_owned(), tier: Tier::Auto }).unwrap();
    let mut run = |text: &str| {
        let ran = session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut |_| {});
        assert!(matches!(ran.status, Status::Ok), "{text}\n{:?}", ran.status);
        session.known_variables()
    };
    let tables = run(TABLES);
    let cells: Vec<String> = CHAINS
        .iter()
        .enumerate()
        .map(|(number, chain)| format!("let c{number} = {}.collect()?;", chain.replacen("l.", "l.clone().", 1)))
        .collect();
    let variables = run(&cells.join("\n"));
    let view = View { variables: tables, ..View::default() };
    let (mut told, mut typed, mut wrong) = (0, 0, Vec::new());
    for (number, cell) in cells.iter().enumerate() {
        let real = &variables.iter().find(|variable| variable.name == format!("c{number}")).unwrap().columns;
        let Some(ours) = columns_made(&view, cell).into_iter().find_map(|(_, columns)| columns) else { continue };
        told += 1;
        let names = |columns: &[(String, String)]| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let known = ours.iter().zip(real).filter(|((_, dtype), _)| !dtype.is_empty());
        typed += known.clone().count();
        if names(&ours) != names(real) || known.into_iter().any(|((_, ours), (_, real))| ours != real) {
            wrong.push(format!("{cell}\n  ours:   {ours:?}\n  polars: {real:?}"));
        }
    }
    println!("{told} of {} chains told, {typed} types", CHAINS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told == CHAINS.len() && typed >= 90, "{told} chains, {typed} types");
}
