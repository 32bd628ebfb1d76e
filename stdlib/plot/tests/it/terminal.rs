//! Charts in characters, as a reader of the terminal sees them.

use ironbook_plot::Chart;

fn check(chart: &Chart, columns: usize, rows: usize, expect: &str) {
    let text = chart.to_text(columns, rows);
    assert_eq!(text, expect.trim_start_matches('\n'), "\n{text}\n");
}

#[test]
fn a_line() {
    let x: Vec<i32> = (0..=20).collect();
    let y: Vec<i32> = x.iter().map(|v| v * v).collect();
    let chart = Chart::line(&x, &y).unwrap().title("Squares").x_label("x").y_label("x²");
    let expect = "
Squares
x²
 400┤                                 ⡠⠊
    │                              ⢀⡠⠊
 300┤                            ⢀⠤⠃
    │                          ⣠⠒⠁
 200┤                       ⢠⠔⠊
    │                    ⣠⠔⠊⠁
 100┤                ⣀⡠⠒⠉
    │           ⣀⡠⠤⠒⠉
   0┤⣀⣀⣀⣀⡠⠤⠤⠔⠒⠊⠉⠁
    └┬────────────────┬────────────────┬
     0               10               20
                      x";
    check(&chart, 40, 14, expect);
}

#[test]
fn bars() {
    let chart = Chart::bar(&["EWR", "JFK", "LGA"], &[15.1, 12.1, 10.3]).unwrap().title("Mean delay").y_label("minutes");
    let expect = "
Mean delay
minutes
EWR │████████████████████████████ 15.1
JFK │██████████████████████▍ 12.1
LGA │███████████████████▏ 10.3";
    check(&chart, 38, 10, expect);
}

#[test]
fn bars_below_zero() {
    let chart = Chart::bar(&["a", "b"], &[-2, 1]).unwrap();
    check(
        &chart,
        24,
        6,
        "
a │████████████ −2
b │            ██████ 1",
    );
}

#[test]
fn two_lines_are_told_apart_by_letters() {
    let chart = Chart::line(&[0, 1], &[0, 1]).unwrap().name("up").series("down", &[0, 1], &[1, 0]).unwrap();
    let expect = "
 1┤⠉⠒⠤⣀⡀                 ⢀⣀⠤⠒A
  │    ⠈⠑⠢⢄⣀         ⣀⡠⠔⠊⠁
  │         ⠉⠒⠤⢄⣀⡠⠤⠒⠉
  │         ⣀⠤⠒⠊⠉⠑⠒⠤⣀
  │    ⢀⡠⠔⠊⠉         ⠉⠑⠢⢄⡀
 0┤⣀⠤⠒⠉⠁                 ⠈⠉⠒⠤B
  └┬─────────────────────────┬
   0                         1
A up   B down";
    check(&chart, 30, 9, expect);
}

#[test]
fn grouped_bars_name_their_series_and_fit() {
    let chart = Chart::bar(&["2012", "2013"], &[3, 1]).unwrap().name("north").bars("south", &[2, 4]).unwrap();
    let text = chart.to_text(40, 10);
    assert!(text.contains(" 3 north") && text.contains(" 4 south") && !text.contains('…'), "{text}");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let chart = Chart::bar(&["a\u{1b}[31m"], &[1]).unwrap().title("t\u{7}");
    assert!(!chart.to_text(40, 10).chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn long_bar_charts_say_how_much_is_left_out() {
    let labels: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let chart = Chart::bar(&labels, &(0..100).collect::<Vec<_>>()).unwrap();
    let text = chart.to_text(60, 12);
    assert!(text.ends_with("... 89 more"), "{text}");
}

#[test]
fn a_waterfall() {
    let chart = Chart::waterfall(0.2, &["hour", "wind"], &[0.3, -0.1]).unwrap().title("Why");
    let expect = "
Why
      base │┊ 0.2
      hour │██████████████████ +0.3
      wind │           ▒▒▒▒▒▒▒ −0.1
prediction │           ┊ 0.4";
    check(&chart, 40, 12, expect);
}

#[test]
fn a_correlation_table() {
    let chart = Chart::heatmap(&["a", "b"], &["a", "b"], &[vec![1.0, -0.25], vec![-0.25, f64::NAN]]).unwrap();
    let expect = "
       a      b
a   1.00  −0.25
b  −0.25      –";
    check(&chart, 40, 12, expect);
}

#[test]
fn boxes_lie() {
    let chart = Chart::boxplot(&["x"], &[(0..=20).map(f64::from).chain([60.0]).collect()]).unwrap();
    let expect = "
x │───▒▒▒█▒▒▒───                       ·
  └┬───────────┬───────────┬───────────┬
   0          20          40          60";
    check(&chart, 40, 12, expect);
}
