//! Views: text, HTML, JSON, metrics.

use ironbook_core::Display as _;
use ironbook_drift::{DriftOptions, DriftReport, compare};
use polars::prelude::{Column, DataFrame, df};

fn report() -> DriftReport {
    let frame = |shift: f64, carriers: [&str; 4]| {
        let x: Vec<f64> = (0..2000).map(|i| shift + (i % 977) as f64 / 977.0).collect();
        df!["delay" => x, "carrier" => carriers.repeat(500), "a/b \"c\" <d>" => [1.5, 2.5].repeat(1000)].unwrap()
    };
    let (reference, current) = (frame(0.0, ["AA", "UA", "AA", "B6"]), frame(0.3, ["AA", "UA", "B6", "B6"]));
    let importances = [("delay".to_owned(), 3.0), ("carrier".to_owned(), 1.0)];
    let options = DriftOptions::new().names("train", "June").importances(&importances);
    options.compare(&reference, &current).unwrap()
}

#[test]
fn text_fits_the_terminal() {
    let report = report();
    let text = report.to_text(100);
    assert!(text.starts_with("2 of 3 columns drifted (66.7%): the data as a whole have drifted (from 50% on)\ntrain 2,000 rows, June 2,000 rows\n"), "{text}");
    assert!(text.contains("▲  delay") && text.contains("mean 0.4885 → 0.7885"), "{text}");
    for width in [60, 80, 100, 200] {
        let text = report.to_text(width);
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}\n{text}");
    }
}

#[test]
fn what_has_no_room_is_left_out_as_a_whole() {
    let frame = |shift: f64| {
        let x: Vec<Option<f64>> = (0..2000).map(|i| (i % 50 > 0).then_some(shift + f64::from(i % 977))).collect();
        let last: Vec<f64> = (0..2000).map(|i| if shift > 0.0 { shift * 1e300 } else { f64::from(i) }).collect();
        df!["a_name_of_some_length" => x.clone(), "scheduled_arrival" => x, "constant" => last].unwrap()
    };
    let importances = [("a_name_of_some_length".to_owned(), 1.0)];
    let options = DriftOptions::new().importances(&importances).prediction("scheduled_arrival");
    let report = options.compare(&frame(0.0), &frame(90.0)).unwrap();
    let text = report.to_text(80);
    assert!(text.contains("importance") && text.contains("wasserstein") && !text.contains("limit "), "{text}");
    assert!(text.contains("scheduled_ar") && text.contains("(prediction)"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // A number of three hundred digits is no sentence.
    assert!(text.contains("constant: always 9.00e301 in current"), "{text}");
    assert!(report.to_text(140).contains("limit") && report.to_text(140).contains("2.0% → 2.0%"));
}

#[test]
fn html_is_one_piece_without_script() {
    let report = report();
    for html in [report.to_html(), report.to_page()] {
        assert!(!html.contains("<script") && !html.contains("http") && !html.contains("<d>"));
        assert!(html.contains("a/b &quot;c&quot; &lt;d&gt;"));
        let count = |tag: &str| html.matches(tag).count();
        for tag in ["div", "table", "tr", "td", "p", "svg", "ul", "h2", "span"] {
            assert_eq!(count(&format!("<{tag}>")) + count(&format!("<{tag} ")), count(&format!("</{tag}>")), "{tag}");
        }
    }
    assert!(!report.to_html().contains("href=\"#"), "a notebook can hold several reports");
    let bundle = report.bundle();
    assert_eq!(bundle.get("text/html"), Some(report.to_html().as_str()));
    assert_eq!(bundle.plain(), report.to_text(ironbook_data::TEXT_WIDTH));
}

#[test]
fn json_comes_back() {
    let report = report();
    let read: DriftReport = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(read, report);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["columns"][0]["name"], "delay");
    assert_eq!(json["columns"][0]["result"]["test"], "wasserstein");
    assert_eq!(json["columns"][0]["verdict"], "drifted");
    assert_eq!(json["drifted"], true);
}

#[test]
fn metrics_have_names_that_stores_take() {
    let metrics = report().metrics();
    let names: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["drift.share", "drift.columns", "drift.drifted", "drift.delay", "drift.carrier", "drift.a_b _c_ _d_"]
    );
    let frame = df!["share" => [1.0, 2.0]].unwrap();
    assert_eq!(compare(&frame, &frame).unwrap().metrics()[3].0, "drift.share_");
}

#[test]
fn files_are_written_or_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let report = report();
    report.save_html(dir.path().join("drift.html")).unwrap();
    report.save_json(dir.path().join("drift.json")).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("drift.html")).unwrap(), report.to_page());
    let error = report.save_html(dir.path().join("no/drift.html")).unwrap_err().to_string();
    assert!(error.contains("check that its directory exists"), "{error}");
}

#[test]
fn thousands_of_columns_stay_below_a_megabyte() {
    let frame = |shift: f64| {
        let columns = (0..3000).map(|i| {
            let values: Vec<f64> = (0..40).map(|j| shift + ((i * j * 7919) % 997) as f64).collect();
            Column::new(format!("a column with a rather long name, number {i}").as_str().into(), values)
        });
        DataFrame::new(40, columns.collect()).unwrap()
    };
    let report = compare(&frame(0.0), &frame(1.0)).unwrap();
    assert_eq!(report.columns.len(), 3000);
    assert!(report.to_page().len() < 1_000_000, "{}", report.to_page().len());
    assert!(report.to_text(100).lines().count() < 200);
}
