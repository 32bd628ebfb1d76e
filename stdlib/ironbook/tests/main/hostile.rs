//! Names, labels and values from data stay text in every display that can be made of them.

use ironbook::Display;
use ironbook::data::{self, Dataset};
use ironbook::features::{Impute, Pipeline};
use ironbook::learn::{
    DecisionTree, DecisionTreeRegressor, ElasticNet, Fit, Gbdt, GbdtRanker, GbdtRegressor, LinearRegression,
    LogisticRegression, MajorityBaseline, MeanBaseline, RandomForest, RandomForestRegressor, Ridge,
};
use ironbook::nn::{MlpClassifier, MlpRegressor};
use ironbook::{Bundle, eval, explain, plot, rt};
use polars::prelude::*;

const EVIL: &str = "</td></table></svg><script>alert(\"x'y\")</script>\u{202e}\u{1b}[2J";

fn evil(name: &str) -> String {
    format!("{EVIL}{name}")
}

/// Refuses a display in which what came from data is more than text.
fn tame(what: &str, bundle: &Bundle) {
    assert!(!bundle.plain().contains('\u{1b}'), "{what}: an escape sequence reaches the terminal\n{}", bundle.plain());
    let mut rich = 0;
    for mime in ["text/html", "image/svg+xml"] {
        let Some(text) = bundle.get(mime) else { continue };
        rich += 1;
        for raw in ["<script", "\"x'y", "x'y", "</td></table></svg>", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(raw), "{what}: {mime} holds {raw:?}\n{text}");
        }
        tags_are_whole(what, text);
        assert!(!text.contains(" id=\""), "{what}: ids repeat when a display is shown twice");
    }
    // A picture of pixels holds no text.
    rich += usize::from(bundle.get("image/png").is_some());
    assert!(rich > 0, "{what} has neither HTML nor a picture: {:?}", bundle.data.keys().collect::<Vec<_>>());
}

/// Every tag is closed in its order, and has attributes in quotes.
fn tags_are_whole(what: &str, html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').unwrap_or_else(|| panic!("{what}: a tag has no end\n{html}"));
        let tag = &rest[at + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert_eq!(tag.matches('"').count() % 2, 0, "{what}: <{tag}>");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{what}: </{name}> closes nothing\n{html}");
        } else if !tag.ends_with('/') && !["img", "br", "hr", "meta"].contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert_eq!(open, Vec::<&str>::new(), "{what}");
}

fn show(what: &str, value: &impl Display) {
    tame(what, &value.bundle());
}

fn frame() -> DataFrame {
    let rows = 120i32;
    let number = |k: i32| (0..rows).map(|i| f64::from((i * k + 7) % 23) + 0.01 * f64::from(i)).collect::<Vec<_>>();
    let late: Vec<bool> = (0..rows).map(|i| (i * 7 + 7) % 23 + (i % 3) * 4 > 14).collect();
    let text: Vec<Option<String>> =
        (0..rows).map(|i| if i % 10 == 0 { None } else { Some(evil(["a", "b", "c"][i as usize % 3])) }).collect();
    let class: Vec<String> = (0..rows as usize).map(|i| evil(["u", "v", "w"][(i * 7 + 7) % 23 / 8])).collect();
    df![
        evil("x") => number(7), evil("y") => number(5), evil("t") => text,
        evil("late") => late, evil("class") => class, evil("value") => number(7),
    ]
    .expect("columns of one length")
}

fn dataset(target: &str) -> Dataset {
    Dataset::new(&frame(), &[evil("x"), evil("y"), evil("t")], &evil(target)).expect("the columns are there")
}

fn numbers(target: &str) -> Dataset {
    Dataset::new(&frame(), &[evil("x"), evil("y")], &evil(target)).expect("the columns are there")
}

#[test]
fn frames_and_data_sets() {
    ironbook::init();
    let df = frame();
    tame("frame", &rt::bundle!(&df));
    tame("series", &rt::bundle!(&df.columns()[2].as_materialized_series().clone()));
    tame("lazy frame", &rt::bundle!(&df.clone().lazy()));
    tame("result", &rt::bundle!(&Ok::<DataFrame, PolarsError>(df.clone())));
    let missing = df.column(EVIL).cloned();
    tame("error", &rt::bundle!(&missing));
    tame("debug error", &Err::<Bundle, String>(evil("e")).bundle());
    show("data set", &dataset("late"));
    show("matrix", &dataset("late").features);
    show("profile", &data::profile(&df).unwrap());
    let expected = data::expect(&df).one_of(evil("t"), [evil("z")]).matches(evil("t"), "^a").columns([EVIL]);
    show("validation", &expected.check().unwrap());
}

#[test]
fn models_of_tables() {
    let (text, two, many, value) = (dataset("late"), numbers("late"), numbers("class"), numbers("value"));
    show("majority", &MajorityBaseline::params().fit(&text).unwrap());
    show("mean", &MeanBaseline::params().fit(&value).unwrap());
    show("logistic", &LogisticRegression::params().fit(&two).unwrap());
    show("softmax", &LogisticRegression::params().fit(&many).unwrap());
    show("linear", &LinearRegression::params().fit(&value).unwrap());
    show("ridge", &Ridge::params().fit(&value).unwrap());
    show("elastic net", &ElasticNet::params().fit(&value).unwrap());
    show("tree", &DecisionTree::params().seed(1).fit(&two).unwrap());
    show("regression tree", &DecisionTreeRegressor::params().seed(1).fit(&value).unwrap());
    show("forest", &RandomForest::params().n_estimators(3).seed(1).fit(&many).unwrap());
    show("regression forest", &RandomForestRegressor::params().n_estimators(3).seed(1).fit(&value).unwrap());
    let boosted = Gbdt::params().n_estimators(3).seed(1).fit_eval(&text, &text).unwrap();
    show("boosted", &boosted);
    show("history", boosted.history());
    show("boosted regression", &GbdtRegressor::params().n_estimators(3).seed(1).fit(&value).unwrap());
    let groups = value.clone().with_groups((0..120).map(|i| i / 12).collect());
    let mut ranked = groups;
    ranked.target.iter_mut().for_each(|y| *y = (*y / 6.0).floor());
    show("ranker", &GbdtRanker::params().n_estimators(3).seed(1).fit(&ranked).unwrap());
    let net = MlpClassifier::params().epochs(2).seed(1).fit(&text).unwrap();
    show("network", &net);
    show("losses", net.history());
    show("regression network", &MlpRegressor::params().epochs(2).seed(1).fit(&value).unwrap());
    show("parameters", &Gbdt::params().monotone(EVIL, ironbook::learn::Monotone::Increasing));
    show("list of models", &vec![Ridge::params().fit(&value).unwrap()]);
}

#[test]
fn reports_explanations_and_pipelines() {
    let (text, many, value) = (dataset("late"), numbers("class"), numbers("value"));
    let boosted = Gbdt::params().n_estimators(5).seed(1).fit(&text).unwrap();
    let report = eval::evaluate(&boosted, &text).unwrap();
    show("report", &report);
    show("comparison", &report.compare(&report));
    let gate = eval::baseline_gate(&report, &report, &eval::GateRules::first_metric()).unwrap();
    show("gate", &gate.against(EVIL).note(EVIL));
    show("confusion", &report.confusion);
    let classes = RandomForest::params().n_estimators(3).seed(1).fit(&many).unwrap();
    show("report of classes", &eval::evaluate(&classes, &many).unwrap());
    let ridge = Ridge::params().fit(&value).unwrap();
    show("report of values", &eval::evaluate(&ridge, &value).unwrap());
    show("slices", &eval::slices(&boosted, &text, &[evil("t")]).unwrap());
    let folds = eval::KFold::new(3);
    show("cross-validation", &eval::cross_validate(&Ridge::params(), &value, &folds).unwrap());
    show("permutation", &explain::permutation_importance(&boosted, &text, "roc_auc", 1, 0).unwrap());
    let shap = explain::shap(&boosted, &text.features).unwrap();
    show("shap", &shap);
    show("beeswarm", &shap.beeswarm().unwrap());
    show("waterfall", &shap.waterfall(0).unwrap());
    let pipeline = Pipeline::new().impute(evil("x"), Impute::Median).one_hot(vec![evil("t")]);
    show("pipeline", &pipeline);
    show("model with pipeline", &pipeline.then(LogisticRegression::params()).fit(&text).unwrap());
}

#[test]
fn charts() {
    let (labels, values) = ([evil("a"), evil("b")], [1.0, 2.0]);
    let line = plot::line(&values, &values).unwrap().name(evil("s")).series(evil("z"), &values, &values).unwrap();
    let charts = vec![
        line.title(evil("title")).x_label(evil("x")).y_label(evil("y")).hline(1.5, evil("h")).unwrap(),
        plot::bar(&labels, &values).unwrap(),
        plot::barh(&labels, &values).unwrap(),
        plot::boxplot(&labels, &[vec![1.0, 2.0, 3.0], vec![2.0, 3.0]]).unwrap(),
        plot::confusion(&labels, &[vec![1, 2], vec![3, 4]]).unwrap(),
        plot::waterfall(0.5, &labels, &values).unwrap(),
    ];
    for chart in &charts {
        show("chart", chart);
        tame("SVG of a chart", &Bundle::text("").svg(chart.to_svg().expect("it can be drawn")));
    }
    show("charts", &charts);
}
