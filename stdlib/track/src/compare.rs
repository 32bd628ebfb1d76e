//! Several runs side by side: the parameters that differ, the metrics with the best marked, the curves over each other.

use crate::format::{number, short};
use crate::runs_table::{run_duration, status_cell};
use crate::table::{Align, Cell, Column, Table, page};
use ironbook_core::bundle::escape_html;
use ironbook_core::{Bundle, Display};
use ironbook_store::model::{Metric, Run};
use ironbook_store::{Error, Result, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Most runs that are compared.
pub(crate) const MAX_RUNS: usize = 10;
/// Most curves that are drawn.
const MAX_CURVES: usize = 6;
/// Points of a curve.
const POINTS: usize = 200;
/// A colour for each run; they differ also for those who see few colours (Okabe and Ito's palette).
const COLOURS: [&str; MAX_RUNS] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c564b", "#bcbd22", "#17becf"];

/// Runs side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The runs, in the order that was asked for.
    pub runs: Vec<Run>,
    /// The curves of metrics that have more than one point: the name, and the points of each run.
    pub curves: Vec<(String, Vec<Vec<Metric>>)>,
}

impl Comparison {
    /// Loads the curves of runs.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for fewer than two runs or more than ten; of the store.
    pub fn load(store: &dyn Store, runs: Vec<Run>) -> Result<Comparison> {
        if !(2..=MAX_RUNS).contains(&runs.len()) {
            let expected = "name two to ten runs by id, the beginning of an id, or name";
            return Err(Error::InvalidValue {
                what: "number of runs to compare",
                value: runs.len().to_string(),
                expected,
            });
        }
        let ids: Vec<String> = runs.iter().map(|run| run.info.id.clone()).collect();
        let names: BTreeSet<&str> =
            runs.iter().flat_map(|run| &run.metrics).map(|m| m.key.as_str()).filter(|key| !is_system(key)).collect();
        let mut curves = Vec::new();
        for name in names {
            let mut of: BTreeMap<String, Vec<Metric>> =
                store.metric_curves(&ids, name, (None, None), POINTS)?.into_iter().collect();
            let points: Vec<Vec<Metric>> = ids.iter().map(|id| of.remove(id).unwrap_or_default()).collect();
            if points.iter().any(|points| points.len() > 1) {
                curves.push((name.to_owned(), points));
            }
        }
        Ok(Comparison { runs, curves })
    }

    /// Names of the parameters whose values differ (absent counts as a value).
    pub fn differing_params(&self) -> Vec<&str> {
        let keys: BTreeSet<&str> = self.runs.iter().flat_map(|run| &run.params).map(|p| p.key.as_str()).collect();
        let differs = |key: &&str| self.runs.iter().any(|run| run.param(key) != self.runs[0].param(key));
        keys.into_iter().filter(differs).collect()
    }

    /// Names of the metrics, those of the machine left out.
    pub fn metric_names(&self) -> Vec<&str> {
        let keys: BTreeSet<&str> = self.runs.iter().flat_map(|run| &run.metrics).map(|m| m.key.as_str()).collect();
        keys.into_iter().filter(|key| !is_system(key)).collect()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::new("", "", Align::Left)];
        columns.extend(self.runs.iter().map(|run| Column::new(run.info.name.clone(), "", Align::Right)));
        let mut rows = vec![
            self.row("status", |run| status_cell(run.info.status)),
            self.row("duration", |run| run_duration(run).into()),
        ];
        for key in self.differing_params() {
            rows.push(self.row(key, |run| run.param(key).unwrap_or("–").to_owned().into()));
        }
        for key in self.metric_names() {
            let best = self.best(key);
            rows.push(self.row(key, |run| {
                let Some(value) = run.metric(key) else { return "–".to_owned().into() };
                let text = number(value);
                match best {
                    Some(best) if value == best => {
                        Cell { html: Some(format!("<b>{text}</b>")), text: format!("{text} ◂") }
                    }
                    _ => text.into(),
                }
            }));
        }
        Table { columns, rows }
    }

    fn row(&self, name: &str, cell: impl Fn(&Run) -> Cell) -> Vec<Cell> {
        std::iter::once(Cell::from(name.to_owned())).chain(self.runs.iter().map(cell)).collect()
    }

    /// The best value of a metric, if the runs differ in it.
    fn best(&self, key: &str) -> Option<f64> {
        let values: Vec<f64> = self.runs.iter().filter_map(|run| run.metric(key)).filter(|v| !v.is_nan()).collect();
        let best = values.iter().copied().reduce(|a, b| if is_better(key, b, a) { b } else { a })?;
        values.iter().any(|value| *value != best).then_some(best)
    }

    fn html(&self) -> String {
        let mut out = format!("<h4>{} runs</h4>{}", self.runs.len(), self.table().html());
        if !self.curves.is_empty() {
            out.push_str("<div class=\"columns\">");
            for (name, points) in self.curves.iter().take(MAX_CURVES) {
                out.push_str(&format!("<div><h5>{}</h5>{}</div>", escape_html(name), chart(points)));
            }
            out.push_str("</div><div>");
            for (run, colour) in self.runs.iter().zip(COLOURS) {
                let name = escape_html(&short(&run.info.name, 40));
                // Writing to a string cannot fail.
                let _ = write!(
                    out,
                    "<span class=\"soft\" style=\"margin-right:16px\"><svg width=\"14\" height=\"10\" style=\"display:inline;\
                     color:{colour}\"><rect y=\"4\" width=\"14\" height=\"3\" fill=\"currentColor\"/></svg> {name}</span>"
                );
            }
            out.push_str("</div>");
        }
        page(&out)
    }
}

impl Display for Comparison {
    fn bundle(&self) -> Bundle {
        Bundle::text(format!("{} runs\n{}", self.runs.len(), self.table().text())).html(self.html())
    }
}

/// Whether a metric is of the machine or of the record itself.
fn is_system(key: &str) -> bool {
    key.starts_with("system/") || key == "cell_seconds"
}

/// Whether smaller values of a metric are better, as its name says.
pub(crate) fn smaller_is_better(key: &str) -> bool {
    const SMALLER: [&str; 14] = [
        "loss",
        "rmse",
        "mae",
        "mse",
        "mape",
        "error",
        "brier",
        "deviance",
        "perplexity",
        "seconds",
        "duration",
        "cost",
        "joules",
        "bias",
    ];
    let words = key.to_lowercase();
    words.split(|c: char| !c.is_alphanumeric()).any(|word| SMALLER.contains(&word) || word.ends_with("loss"))
}

fn is_better(key: &str, a: f64, b: f64) -> bool {
    if smaller_is_better(key) { a < b } else { a > b }
}

/// Curves over each other, in the colours of the runs, with the ends of both axes.
fn chart(curves: &[Vec<Metric>]) -> String {
    const W: f64 = 300.0;
    const H: f64 = 140.0;
    let finite = || curves.iter().flatten().filter(|m| m.value.is_finite());
    let span = |of: fn(&Metric) -> f64| {
        finite().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
    };
    let ((x0, x1), (y0, y1)) = (span(|m| m.step as f64), span(|m| m.value));
    if !x0.is_finite() || !y0.is_finite() {
        return "<span class=\"soft\">no finite values</span>".to_owned();
    }
    // Halves first: the difference of two large numbers may overflow.
    let part = |v: f64, (a, b): (f64, f64)| if b > a { (v / 2.0 - a / 2.0) / (b / 2.0 - a / 2.0) } else { 0.5 };
    let mut out = format!("<svg width=\"{W}\" height=\"{}\" viewBox=\"0 0 {W} {}\" role=\"img\">", H + 30.0, H + 30.0);
    let _ = write!(
        out,
        "<g font-size=\"10\" fill=\"currentColor\" class=\"soft\"><text x=\"0\" y=\"9\">{}</text><text x=\"0\" y=\"{}\">{}</text>\
         <text x=\"0\" y=\"{}\">step {x0}</text><text x=\"{W}\" y=\"{}\" text-anchor=\"end\">{x1}</text></g>",
        number(y1),
        H + 14.0,
        number(y0),
        H + 27.0,
        H + 27.0
    );
    for (points, colour) in curves.iter().zip(COLOURS) {
        let at = |m: &Metric| {
            let (x, y) = (part(m.step as f64, (x0, x1)), part(m.value, (y0, y1)));
            format!("{:.1},{:.1}", 2.0 + x * (W - 4.0), 12.0 + (1.0 - y) * (H - 12.0))
        };
        let line: Vec<String> = points.iter().filter(|m| m.value.is_finite()).map(at).collect();
        let _ = write!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-linejoin=\"round\" points=\"{}\"/>",
            line.join(" ")
        );
        if let [point] = &line[..]
            && let Some((x, y)) = point.split_once(',')
        {
            let _ = write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        }
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_way_a_metric_is_better() {
        for smaller in ["loss", "valid_loss", "log_loss", "train_logloss", "rmse", "val/mae", "fit_seconds"] {
            assert!(smaller_is_better(smaller), "{smaller}");
        }
        for larger in ["auc", "roc_auc", "accuracy", "r2", "blossom"] {
            assert!(!smaller_is_better(larger), "{larger}");
        }
    }
}
