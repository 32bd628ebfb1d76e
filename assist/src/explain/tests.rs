//! Inspection over views made by hand.

use super::*;
use crate::tests::view;

/// What is said at the `|` of the text.
fn at(text: &str, detail: Detail) -> Option<Bundle> {
    // `~` where the text has pipes of its own.
    let cursor = text.find('~').or_else(|| text.find('|')).unwrap();
    let text = format!("{}{}", &text[..cursor], &text[cursor + 1..]);
    inspect(&view(), &text, cursor, detail)
}

fn check(text: &str, words: &[&str]) {
    let bundle = at(text, Detail::Brief).unwrap_or_else(|| panic!("nothing is known of {text}"));
    for word in words {
        assert!(bundle.plain().contains(word), "{text}: no {word:?} in {:?}", bundle.plain());
    }
    for mime in ["text/html", "text/markdown"] {
        assert!(bundle.data.contains_key(mime), "{text}: no {mime}");
    }
}

#[test]
fn variables() {
    check("fli|ghts", &["flights: DataFrame", "3 x 2", "1.2 kB", "arr_delay  f64", "carrier"]);
    check("f(flights|)", &["flights: DataFrame"]);
    check("let x = 1.5;\nx| + 1", &["let x: f64"]);
    check("flights?|", &["flights: DataFrame"]);
}

#[test]
fn parameters_of_closures_are_explained_and_not_the_call() {
    check("flights.group_by(|x| x, |(a, ro~w)| 1)", &["let row"]);
    check("rows.pop().map(|r~| r + 1.0)", &["let r"]);
    check("rows.pop().map(|r: f64, s~: u8| r)", &["let s"]);
    check("let f = |del~ay: f64| delay;", &["let delay"]);
    check("flights.group_by(a | fo~o)", &["pub fn group_by"]);
}

#[test]
fn a_variable_of_a_cell_that_has_not_run_has_no_size() {
    let mut view = view();
    view.variables.iter_mut().for_each(|variable| variable.bytes = 0);
    let told = inspect(&view, "flights", 3, Detail::Brief).unwrap();
    assert!(!told.plain().contains("size"), "{}", told.plain());
}

#[test]
fn methods_functions_and_types() {
    check("flights.group_by|([\"a\"])", &["pub fn group_by(&self, by: I)", "Group rows.", "df.group_by([\"a\"])?;"]);
    check("flights.lazy().fil|ter(x)", &["pub fn filter"]);
    check("read_csv(|\"a\")", &["pub fn read_csv"]);
    check("read_csv(\"a|\")", &["pub fn read_csv"]);
    check("flights.group_by(|)", &["pub fn group_by"]);
    check("Gbdt::par|ams()", &["pub fn params() -> GbdtParams"]);
    check("eval::roc|_auc(x)", &["pub fn roc_auc"]);
    check("DataFra|me::new()", &["pub struct DataFrame"]);
}

#[test]
fn items_and_their_text() {
    check("mean_|delay(&x)", &["fn mean_delay(df: &DataFrame) -> f64", "The mean."]);
    check("Del|ay", &["struct Delay", "minutes: f64"]);
    check("worst.is_l|ong()", &["fn is_long(&self) -> bool", "Over an hour."]);
    let full = at("mean_|delay", Detail::Full).unwrap();
    assert!(full.plain().contains("{ 0.0 }"));
    assert!(!at("mean_|delay", Detail::Brief).unwrap().plain().contains("{ 0.0 }"));
    check("fn later() -> u8 { 1 }\nlat|er()", &["fn later() -> u8"]);
}

#[test]
fn magics_and_columns() {
    check("%ti|me f(x)", &["Usage: %time"]);
    check("%track st|art", &["Usage: %track"]);
    check("%time mean_|delay(x)", &["fn mean_delay"]);
    check("%%ba|sh\nls", &["%%bash"]);
    check("flights.select([\"arr_|delay\"])", &["\"arr_delay\": f64", "flights"]);
}

#[test]
fn nothing_is_said_of_the_unknown() {
    for text in ["unknown_na|me", "|", "1 +| 2", "// fli|ghts"] {
        assert_eq!(at(text, Detail::Brief), None, "{text}");
    }
}

#[test]
fn html_is_escaped() {
    let bundle = at("fn f<T>(a: &T) {}\nf|(x)", Detail::Full).unwrap();
    let html = bundle.data["text/html"].as_str().unwrap();
    assert!(html.contains("fn f&lt;T&gt;(a: &amp;T)") && !html.contains("<T>"), "{html}");
}
