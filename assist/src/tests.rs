//! A session made by hand, and texts that must not break anything.

use crate::{Detail, View, complete, completeness, inspect};
use ironbook_session::library::index::{Entry, EntryKind, Index, Member, MemberKind};
use ironbook_session::{ItemInfo, Variable};
use std::sync::Arc;

const DOCS: &str = "Group rows.\n\n```rust\ndf.group_by([\"a\"])?;\n```";

fn member(kind: MemberKind, name: &str, signature: &str) -> Member {
    let doc = if name == "group_by" { (0, u32::try_from(DOCS.len()).unwrap()) } else { (0, 0) };
    let summary = if name == "group_by" { "Group rows." } else { "" };
    Member { kind, name: name.to_owned(), signature: signature.to_owned(), summary: summary.to_owned(), doc }
}

fn entry(kind: EntryKind, name: &str, declaration: &str, members: &[(&str, &str)], traits: &[&str]) -> Entry {
    let of = |(name, signature): &(&str, &str)| {
        let kind = match signature {
            field if !field.contains("fn ") => MemberKind::Field,
            method if method.contains("self") => MemberKind::Method,
            _ => MemberKind::Function,
        };
        member(kind, name, signature)
    };
    Entry {
        kind,
        name: name.to_owned(),
        declaration: declaration.to_owned(),
        summary: String::new(),
        doc: (0, 0),
        members: members.iter().map(of).collect(),
        traits: traits.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn index() -> Index {
    use EntryKind as K;
    let prelude = vec![
        entry(
            K::Struct,
            "DataFrame",
            "pub struct DataFrame { /* private fields */ }",
            &[
                ("height", "pub fn height(&self) -> usize"),
                ("group_by", "pub fn group_by(&self, by: I) -> Result<GroupBy>"),
            ],
            &["Clone", "IntoLazy"],
        ),
        entry(K::Trait, "IntoLazy", "pub trait IntoLazy", &[("lazy", "fn lazy(self) -> LazyFrame")], &[]),
        entry(
            K::Struct,
            "LazyFrame",
            "pub struct LazyFrame",
            &[
                ("logical_plan", "logical_plan: DslPlan"),
                ("with_streaming", "pub fn with_streaming(self, toggle: bool) -> LazyFrame"),
                ("filter", "pub fn filter(self, predicate: Expr) -> LazyFrame"),
                ("collect", "pub fn collect(self) -> PolarsResult<DataFrame>"),
            ],
            &["Clone"],
        ),
        entry(
            K::Struct,
            "Gbdt",
            "pub struct Gbdt",
            &[
                ("params", "pub fn params() -> GbdtParams"),
                ("predict", "pub fn predict(&self, x: &Matrix) -> Vec<f64>"),
            ],
            &[],
        ),
        entry(
            K::Struct,
            "GbdtParams",
            "pub struct GbdtParams",
            &[
                ("n_estimators", "pub fn n_estimators(self, n: usize) -> Self"),
                ("learning_rate", "pub fn learning_rate(mut self, rate: f64) -> GbdtParams"),
                ("seed", "pub fn seed(self, seed: u64) -> Self"),
                ("check", "pub fn check(self) -> Result<Gbdt, LearnError>"),
            ],
            &[],
        ),
        entry(K::Function, "read_csv", "pub fn read_csv(path: &str) -> Result<DataFrame, DataError>", &[], &[]),
    ];
    let std = vec![
        entry(
            K::Struct,
            "Vec",
            "pub struct Vec<T, A = Global>",
            &[
                ("push", "pub fn push(&mut self, value: T)"),
                ("pop", "pub fn pop(&mut self) -> Option<T>"),
                ("len", "pub const fn len(&self) -> usize"),
            ],
            &["Clone"],
        ),
        entry(K::Enum, "Option", "pub enum Option<T>", &[("unwrap", "pub const fn unwrap(self) -> T")], &[]),
        entry(K::Struct, "String", "pub struct String", &[("len", "pub const fn len(&self) -> usize")], &["Clone"]),
        entry(K::Trait, "Clone", "pub trait Clone", &[("clone", "fn clone(&self) -> Self")], &[]),
        entry(K::Macro, "println", "", &[], &[]),
    ];
    let modules = vec![
        (String::new(), prelude),
        ("std::prelude".to_owned(), std),
        ("primitive".to_owned(), vec![entry(K::Primitive, "f64", "", &[("sqrt", "pub fn sqrt(self) -> f64")], &[])]),
        ("eval".to_owned(), vec![entry(K::Function, "roc_auc", "pub fn roc_auc(truth: &[f64]) -> f64", &[], &[])]),
        (
            "ironbook::eval".to_owned(),
            vec![entry(K::Function, "roc_auc", "pub fn roc_auc(truth: &[f64]) -> f64", &[], &[])],
        ),
        ("std".to_owned(), vec![entry(K::Module, "fs", "", &[], &[])]),
        (
            "std::fs".to_owned(),
            vec![entry(K::Function, "read_to_string", "pub fn read_to_string() -> Result<String>", &[], &[])],
        ),
    ];
    Index::of(modules, DOCS)
}

fn variable(name: &str, type_name: &str) -> Variable {
    Variable { name: name.to_owned(), type_name: type_name.to_owned(), bytes: 1200, cell: 3, ..Variable::default() }
}

fn table(name: &str, columns: &[(&str, &str)]) -> Variable {
    let columns = columns.iter().map(|(name, dtype)| ((*name).to_owned(), (*dtype).to_owned())).collect();
    Variable { shape: Some("3 x 2".to_owned()), columns, ..variable(name, "DataFrame") }
}

fn item(kind: &str, name: &str, text: &str) -> ItemInfo {
    ItemInfo { kind: kind.to_owned(), name: name.to_owned(), cell: 2, text: text.to_owned() }
}

/// A session with two tables, a model, and a few items.
pub fn view() -> View {
    View {
        variables: vec![
            table("flights", &[("arr_delay", "f64"), ("carrier", "str")]),
            table("weather", &[("temp", "f64"), ("arr_delay", "f64")]),
            variable("model", "Gbdt"),
            variable("rows", "Vec<f64>"),
            variable("worst", "Delay"),
            variable("shared", "Arc<DataFrame>"),
            variable("pair", "(DataFrame, f64)"),
        ],
        items: vec![
            item(
                "type",
                "Delay",
                "/// A delay.\n#[derive(Clone)]\nstruct Delay { /// How long.\n minutes: f64, airline: String }",
            ),
            item(
                "impl",
                "impl Delay",
                "impl Delay { /// Over an hour.\n fn is_long(&self) -> bool { self.minutes > 60.0 } }",
            ),
            item("impl", "Delay::new", "impl Delay { fn new() -> Self { todo!() }"),
            item("type", "Kind", "enum Kind { Early, Late(f64) }"),
            item("fn", "mean_delay", "/// The mean.\nfn mean_delay(df: &DataFrame) -> f64 { 0.0 }"),
        ],
        index: Some(Arc::new(index())),
        ..View::default()
    }
}

/// Small numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64).max(1)).unwrap()
    }
}

const CELLS: &[&str] = &[
    "let späte = flights.lazy().filter(col(\"arr_delay\").gt(lit(15))).collect()?;\nspäte.height()",
    "%track log auc={0.91} name=\"ä\"\n%time mean_delay(&flights)\n!ls /tmp",
    "impl Delay { fn a<T: Fn(f64) -> f64>(&self, f: T) -> Vec<Option<T>> { let x = self.minutes; vec![Some(f)] } }",
    "%%time\nfor (i, row) in rows.iter().enumerate() { println!(\"{i} {row:?} 日本\"); }",
    "let r = r#\"a \" b\"#; let c = '\\''; /* a /* b */ c */ x.0.1..=y::<Vec<_>>::new()[1]?",
    "match <T as Into<U>>::into(a) { Kind::Late(m) if m > 1. => m, _ => Delay { minutes: 1.0, ..d }.minutes }",
    "let l = flights.lazy().join(weather.lazy(), [col(\"a\")], [col(\"b\")], a); let l = l.group_by([col(\"ü\")]).agg([len()]);",
    "for (i, (a, &b)) in rows.iter().zip(rows.iter().map(|x| (x, 1..2))).enumerate() { b.x(|(a, b), c| c.1) }",
    "%%tune ä\nlet x: f64 = trial.float(\"x\", 0.0..=1.0); match trial.int(\"ü\", 1..=3) { Some(n) => n, _ => x }",
    "%drift flights weather --columns=a,\"b c\" --test a=ks --fail-on",
    "macro_rules! m { ($($x:expr),*) => { [$($x),*] } }\n#[derive(Debug)]\nstruct É<'a, T>(&'a T);\n%cd ~/ü",
];

/// Whatever is typed, nothing breaks, and ranges lie within the text.
#[test]
fn no_text_breaks_anything() {
    let view = view();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..3000 {
        let mut text = String::new();
        for _ in 0..=random.below(3) {
            let chars: Vec<char> = CELLS[random.below(CELLS.len())].chars().collect();
            let start = random.below(chars.len());
            let end = start + random.below(chars.len() - start + 1);
            text.extend(&chars[start..end]);
        }
        // Also where no character begins.
        let cursor = random.below(text.len() + 2);
        let found = complete(&view, &text, cursor);
        assert!(text.get(found.range.clone()).is_some(), "{round}: {text:?} {cursor} {:?}", found.range);
        let detail = if round % 2 == 0 { Detail::Brief } else { Detail::Full };
        if let Some(bundle) = inspect(&view, &text, cursor, detail) {
            assert!(!bundle.plain().is_empty(), "{text:?} {cursor}");
        }
        completeness(&view, &text);
        crate::unknown_columns(&view, &text, 1);
        crate::columns_made(&view, &text);
    }
}

/// Nested as deep as it may be, and long as no one writes: an answer comes at once.
#[test]
fn an_answer_comes_at_once() {
    let view = view();
    let nested = "rows.iter().map(|x| x.sqrt()).zip(rows.iter().map(|y| f(".repeat(30);
    let closures = "rows.iter().map(|x| rows.iter().filter(|x| ".repeat(30);
    let joins = "flights.lazy().join(flights.lazy(), [col(\"a\")], [".repeat(40);
    let chain =
        format!("flights.lazy(){}.filter(col(\"", ".with_columns([col(\"arr_delay\").alias(\"b\")])".repeat(150));
    let lets: String = (0..500).map(|n| format!("let l{} = l{n}.lazy().filter(col(\"a\"));\n", n + 1)).collect();
    let list = format!("let names = [{}\"a\"];\nnames.", "\"column\", ".repeat(20_000));
    let texts = [
        format!("{nested}x."),
        format!("{closures}x."),
        format!("{joins}col(\""),
        chain,
        format!("let l0 = flights;\n{lets}l500.filter(col(\""),
        list,
    ];
    for text in texts {
        let began = std::time::Instant::now();
        complete(&view, &text, text.len());
        crate::unknown_columns(&view, &text, 1);
        crate::columns_made(&view, &text);
        let took = began.elapsed();
        // Unoptimised, on a loaded machine; it is a hundredth of that.
        assert!(took.as_secs() < 5, "{took:?}: {:?}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn the_body_of_a_magic_has_what_the_magic_gives() {
    let trial = entry(
        EntryKind::Struct,
        "Trial",
        "pub struct Trial",
        &[("float", "pub fn float(&self, name: &str, range: R) -> f64")],
        &[],
    );
    let view = View {
        index: Some(Arc::new(Index::of([("tune".to_owned(), vec![trial])], ""))),
        registry: ironbook_magics::Registry::default(),
        ..View::default()
    };
    let texts = |text: &str| {
        let found = complete(&view, text, text.len()).candidates;
        found.into_iter().map(|candidate| candidate.text).collect::<Vec<_>>()
    };
    let of_trial = texts("%%tune a --trials 5\nlet x = trial.");
    assert!(of_trial.iter().any(|text| text.starts_with("float")), "{of_trial:?}");
    assert!(texts("%%tune a --trials 5\nlet x = tri").iter().any(|text| text == "trial"));
    assert!(texts("let x = trial.").is_empty());
}

#[test]
fn parameters_of_searches() {
    let view = View {
        searches: vec![
            (3, "%%tune a\nlet rate = trial.log_float(\"rate\", 1e-4..=0.1);\ntrial.int(\"depth\", 2..9)".to_owned()),
            (5, "%%tune b\ntrial.log_float(\"rate\", 1e-3..=0.3) + trial.float(\"share\", 0.5..1.0)".to_owned()),
        ],
        variables: vec![variable("best_a", "Best")],
        ..View::default()
    };
    let at = |text: &str| {
        let found = complete(&view, text, text.len()).candidates;
        found.into_iter().map(|found| (found.text, found.signature, found.summary)).collect::<Vec<_>>()
    };
    let names = |text: &str| at(text).into_iter().map(|(text, ..)| text).collect::<Vec<_>>();
    let rate = ("rate".to_owned(), "log_float(1e-3..=0.3)".to_owned(), "as cell 5 asks for it".to_owned());
    assert_eq!(at("%%tune c\ntrial.log_float(\"")[0], rate);
    assert_eq!(names("%%tune c\ntrial.log_float(\"")[..1], ["rate"]);
    assert_eq!(names("%%tune c\ntrial.int(\"")[..1], ["depth"]);
    assert_eq!(names("%%tune c\nlet k = trial.int(\"leaves\", 2..9);\ntrial.int(\"le"), ["leaves"]);
    assert_eq!(names("%%tune c\ntrial.log_float(\"rate\", ")[..1], ["1e-3..=0.3"]);
    assert_eq!(names("best_a.float(\"sh"), ["share"]);
    // Of anything else they are no parameters.
    assert!(names("trial.int(\"").is_empty());
    assert!(names("%%tune c\nother.int(\"").is_empty());
}
