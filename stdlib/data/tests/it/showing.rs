//! Tables for notebooks and terminals, and the registry.

use ironbook_core::{Bundle, registry};
use ironbook_data::{DataError, register, to_html, to_text};
use polars::prelude::*;
use unicode_width::UnicodeWidthStr as _;

fn check(df: &DataFrame, width: usize, expect: &str) {
    let text = to_text(df, width);
    assert_eq!(text, expect.trim_start_matches('\n'), "\n{text}\n");
}

fn numbered(rows: i64, columns: usize) -> DataFrame {
    let columns = (0..columns)
        .map(|j| Column::new(format!("c{j}").into(), (0..rows).map(|i| i * 10 + j as i64).collect::<Vec<_>>()));
    DataFrame::new_infer_height(columns.collect()).unwrap()
}

#[test]
fn types_nulls_and_alignment() {
    let df = df![
        "name" => [Some("Ada"), None, Some(""), Some("null")],
        "n" => [Some(1i64), Some(-20), None, Some(3)],
        "x" => [Some(0.5), Some(10.25), None, Some(f64::NAN)],
        "ok" => [Some(true), None, Some(false), Some(true)],
    ];
    check(
        &df.unwrap(),
        80,
        "
┌────────┬──────┬───────┬───────┐
│ name   │    n │     x │ ok    │
│ str    │  i64 │   f64 │ bool  │
├────────┼──────┼───────┼───────┤
│ Ada    │    1 │  0.50 │ true  │
│ null   │  -20 │ 10.25 │ null  │
│ \"\"     │ null │  null │ false │
│ \"null\" │    3 │   NaN │ true  │
└────────┴──────┴───────┴───────┘
4 rows x 4 columns",
    );
}

#[test]
fn long_frames_show_both_ends() {
    check(
        &numbered(336_776, 2),
        80,
        "
┌─────────┬─────────┐
│      c0 │      c1 │
│     i64 │     i64 │
├─────────┼─────────┤
│       0 │       1 │
│      10 │      11 │
│      20 │      21 │
│      30 │      31 │
│      40 │      41 │
│       ⋮ │       ⋮ │
│ 3367710 │ 3367711 │
│ 3367720 │ 3367721 │
│ 3367730 │ 3367731 │
│ 3367740 │ 3367741 │
│ 3367750 │ 3367751 │
└─────────┴─────────┘
336,776 rows x 2 columns",
    );
}

#[test]
fn wide_frames_lose_their_middle() {
    check(
        &numbered(2, 40),
        40,
        "
┌─────┬─────┬─────┬───┬─────┬─────┐
│  c0 │  c1 │  c2 │ … │ c38 │ c39 │
│ i64 │ i64 │ i64 │   │ i64 │ i64 │
├─────┼─────┼─────┼───┼─────┼─────┤
│   0 │   1 │   2 │ … │  38 │  39 │
│  10 │  11 │  12 │ … │  48 │  49 │
└─────┴─────┴─────┴───┴─────┴─────┘
2 rows x 40 columns",
    );
}

#[test]
fn long_texts_are_cut_before_columns_go() {
    let df =
        df!["id" => [1i64], "text" => ["the quick brown fox jumps over the lazy dog"], "other" => ["日本語のテキスト"]]
            .unwrap();
    check(
        &df,
        40,
        "
┌─────┬────────────────┬───────────────┐
│  id │ text           │ other         │
│ i64 │ str            │ str           │
├─────┼────────────────┼───────────────┤
│   1 │ the quick bro… │ 日本語のテキ… │
└─────┴────────────────┴───────────────┘
1 row x 3 columns",
    );
}

#[test]
fn dates_and_times_are_never_cut_while_columns_can_go() {
    let mut df = numbered(3, 12);
    let hours = Column::new("time_hour".into(), [0i64, 3_600_000, 7_200_000]);
    df.insert_column(0, hours.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap()).unwrap();
    let text = to_text(&df, 60);
    assert!(text.contains("1970-01-01 02:00:00") && text.contains('…'), "{text}");
    assert!(text.lines().all(|line| line.width() <= 60), "{text}");
}

#[test]
fn tables_never_exceed_the_width() {
    let frames = [
        numbered(3, 1),
        numbered(3, 7),
        numbered(30, 2000),
        df!["text" => ["x".repeat(500)], "t" => ["日本語".repeat(50)]].unwrap(),
        df!["a_very_long_name_of_a_numeric_column_that_does_not_fit" => [1.5]].unwrap(),
    ];
    for df in &frames {
        for width in [20, 33, 80, 100] {
            let text = to_text(df, width);
            let widest = text.lines().filter(|l| !l.ends_with('s')).map(|l| l.width()).max().unwrap();
            assert!(widest <= width, "{widest} > {width}\n{text}");
        }
    }
}

#[test]
fn floats_line_up_and_small_ones_keep_their_digits() {
    let df = df!["x" => [1.0, 0.125, 1000.0], "y" => [1e-9, 2.0, 3.0], "z" => [1e20, 1.0, f64::INFINITY], "f" => [0.1f32, 2.0, 3.0]].unwrap();
    check(
        &df,
        100,
        "
┌──────────┬───────────┬───────────┬─────┐
│        x │         y │         z │   f │
│      f64 │       f64 │       f64 │ f32 │
├──────────┼───────────┼───────────┼─────┤
│    1.000 │ 1.0000e-9 │ 1.0000e20 │ 0.1 │
│    0.125 │  2.0000e0 │  1.0000e0 │ 2.0 │
│ 1000.000 │  3.0000e0 │       inf │ 3.0 │
└──────────┴───────────┴───────────┴─────┘
3 rows x 4 columns",
    );
}

#[test]
fn dates_lists_and_structs_are_shown() {
    let lists = Column::new("l".into(), [Series::new("".into(), [1, 2, 3])]);
    let mut df = df!["d" => [0], "t" => [0i64]].unwrap();
    df = df
        .lazy()
        .with_columns([col("d").cast(DataType::Date), col("t").cast(DataType::Datetime(TimeUnit::Microseconds, None))])
        .collect()
        .unwrap();
    df.with_column(lists).unwrap();
    check(
        &df,
        80,
        "
┌────────────┬─────────────────────┬───────────┐
│ d          │ t                   │ l         │
│ date       │ datetime[μs]        │ list[i32] │
├────────────┼─────────────────────┼───────────┤
│ 1970-01-01 │ 1970-01-01 00:00:00 │ [1, 2, 3] │
└────────────┴─────────────────────┴───────────┘
1 row x 3 columns",
    );
}

#[test]
fn empty_frames_say_so() {
    check(
        &df!["a" => Vec::<i64>::new()].unwrap(),
        80,
        "
┌─────┐
│   a │
│ i64 │
├─────┤
└─────┘
0 rows x 1 column",
    );
    check(&DataFrame::empty(), 80, "0 rows x 0 columns");
}

#[test]
fn terminals_are_safe_from_control_characters() {
    let df = df!["a\u{1b}[2J" => ["\u{1b}[31mred\nnext\t."]].unwrap();
    let text = to_text(&df, 80);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(text.contains("\\u{1b}[31mred\\nnext\\t."), "{text}");
}

#[test]
fn html_escapes_everything() {
    let df = df!["<b>&" => ["<script>alert('x')</script>", "\"&amp;"]].unwrap();
    let html = to_html(&df);
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(
        html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;")
            && html.contains("&quot;&amp;amp;")
            && html.contains("&lt;b&gt;&amp;")
    );
}

#[test]
fn no_name_and_no_value_leaves_its_place() {
    let evil = "</td></table><script>\"'\u{202e}\u{1b}[2J\u{0}";
    let df = df![evil => [Some(evil.repeat(20)), None]].unwrap();
    for html in [to_html(&df), shown(&df.column(evil).unwrap().clone()).get("text/html").unwrap().to_owned()] {
        assert_eq!((html.matches("</table>").count(), html.matches("<script").count()), (1, 0), "{html}");
        assert!(!html.contains(['\u{202e}', '\u{1b}', '\u{0}']), "{html}");
        assert!(!html.contains(" id=") && html.contains("title=\"&lt;/td&gt;"), "{html}");
    }
    let arabic = to_html(&df!["اسم" => ["كييف"]].unwrap());
    assert!(arabic.contains(">اسم<") && arabic.contains(">كييف<"));
}

#[test]
fn html_has_types_nulls_alignment_and_caption() {
    let df = df!["n" => [Some(1i64), None], "s" => ["a", "null"]].unwrap();
    let html = to_html(&df);
    assert!(
        html.contains("<th class=\"r\">n<span class=\"t\">i64</span><span class=\"u\" title=\"1 null (50.0%)\"><i style=\"width:50.0%\">")
            && html.contains("<th>s<span class=\"t\">str</span><span class=\"u\" title=\"no nulls\"></span></th>"),
        "{html}"
    );
    assert!(
        html.contains("<td class=\"r\">1</td>")
            && html.contains("<td class=\"r n\">null</td>")
            && html.contains("<td>null</td>")
    );
    assert!(html.contains(">2 rows x 2 columns</p>"));
    assert!(html.contains("overflow-x:auto") && html.contains("var(--jp-content-font-color1,"));
    assert_eq!(html.matches("<tr>").count(), html.matches("</tr>").count());
}

#[test]
fn html_of_large_frames_stays_small() {
    let html = to_html(&numbered(336_776, 50));
    assert_eq!(html.matches("<tr>").count(), 1 + 10 + 1 + 10);
    assert_eq!(html.matches("<th ").count(), 21);
    assert!(html.contains("336,776 rows x 50 columns; 30 columns in the middle not shown"));
    assert!(html.contains(">c11<") && !html.contains(">c12<") && !html.contains(">c41<") && html.contains(">c42<"));
    assert_eq!(to_html(&numbered(60, 2)).matches("<tr>").count(), 61, "up to sixty rows are shown whole");
    assert!(html.contains(">336775<") || html.contains(">3367750<"));
    assert!(!html.contains(">5005<"), "rows in the middle are not shown");
    let long = to_html(&df!["s" => ["y".repeat(100_000)]].unwrap());
    assert!(long.len() < 6000 && long.contains('…') && long.contains(&format!(" title=\"{}…\"", "y".repeat(1000))));
}

/// With `IRONBOOK_TABLES` set to a directory, pages with tables are left there to be looked at.
#[test]
fn pages_of_tables() {
    let narrow = df![
        "carrier" => [Some("UA"), None, Some("a very long name of an airline that goes on and on, for longer than anyone would read it in a table")],
        "distance" => [Some(1400i64), Some(760), None], "rain" => [0.5, 10.25, f64::NAN], "night" => [Some(true), None, Some(false)],
    ];
    let tables = to_html(&narrow.unwrap()) + "<br>" + &to_html(&numbered(336_776, 24));
    assert!(tables.starts_with("<div class=\"ironbook-frame\">") && tables.ends_with("</div>"));
    if let Some(dir) = std::env::var_os("IRONBOOK_TABLES").map(std::path::PathBuf::from) {
        for (name, page) in [("light", "color:#111;background:#fff"), ("dark", "color:#eee;background:#111")] {
            std::fs::write(
                dir.join(format!("{name}.html")),
                format!("<meta charset=utf-8><body style=\"font-family:sans-serif;{page}\">{tables}"),
            )
            .unwrap();
        }
    }
}

fn shown<T: 'static>(value: &T) -> Bundle {
    register();
    registry::show(value).expect("the type is registered")
}

#[test]
fn frames_columns_series_and_their_results_are_registered() {
    let df = df!["a" => [1i64, 2]].unwrap();
    let bundle = shown(&df);
    assert!(bundle.plain().contains("2 rows x 1 column") && bundle.data.contains_key("text/html"));
    let column = df.column("a").unwrap().clone();
    for bundle in [shown(&column), shown(&column.as_materialized_series().clone()), shown(&Some(column.clone()))] {
        assert!(bundle.plain().ends_with("2 values of i64"), "{}", bundle.plain());
        assert!(bundle.data.contains_key("text/html"));
    }
    assert!(shown(&Ok::<DataFrame, PolarsError>(df.clone())).data.contains_key("text/html"));
    assert!(shown(&Ok::<DataFrame, DataError>(df.clone())).data.contains_key("text/html"));
    assert!(shown(&Some(df)).data.contains_key("text/html"));
    assert_eq!(shown(&None::<DataFrame>).plain(), "None");
    assert_eq!(
        shown(&Err::<DataFrame, DataError>(DataError::NoRows)).plain(),
        "Err: the table has no rows\ncheck the file, filter or join that made it"
    );
}

#[test]
fn inspect_gives_shape_and_bytes() {
    register();
    let df = numbered(1000, 19);
    let entry = registry::entry(std::any::TypeId::of::<DataFrame>()).unwrap();
    assert_eq!((entry.inspect)(&df), (Some("1000 x 19".to_owned()), 1000 * 19 * 8));
    let entry = registry::entry(std::any::TypeId::of::<Series>()).unwrap();
    assert_eq!((entry.inspect)(&Series::new("s".into(), [1i64, 2])), (Some("len 2".to_owned()), 16));
}

#[test]
fn lazy_frames_show_their_columns_and_do_not_run() {
    let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = ran.clone();
    let lazy = numbered(3, 2).lazy().map(
        move |df| {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok(df)
        },
        AllowedOptimizations::default(),
        None,
        Some("watched"),
    );
    let bundle = shown(&lazy);
    assert!(bundle.plain().contains("│ c1     │ i64  │"), "{}", bundle.plain());
    assert!(bundle.plain().ends_with("a lazy frame of 2 columns, not run yet: .collect()? runs it"));
    assert!(!ran.load(std::sync::atomic::Ordering::Relaxed));
    let wrong = numbered(1, 1).lazy().select([col("nope")]);
    assert!(shown(&wrong).plain().starts_with("a lazy frame that cannot run: "));
}

#[test]
fn errors_carried_out_of_cells_have_their_causes() {
    register();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.parquet");
    std::fs::write(&path, b"PAR1 nonsense \x04\0\0\0PAR1").unwrap();
    let error: ironbook_core::CellError = ironbook_data::read_parquet(&path).unwrap_err().into();
    assert!(error.chain.len() >= 2, "{:?}", error.chain);
}
