//! Reports as parts of a page and as text: tables, a shaded confusion matrix, and charts side by side as inline SVG.

use super::classification::{ClassCurves, ClassSummary};
use crate::confusion::{ConfusionTable, SHOWN, counted};
use ironbook_core::Bundle;
use ironbook_core::Display as _;
use ironbook_core::bundle::escape_html;
use ironbook_learn::table::{Table, number};
use ironbook_plot::{Chart, PlotError};

/// Width and height of a chart in a report.
const SIZE: u32 = 340;
/// Classes that have a curve of their own in a chart.
const CURVES: usize = 7;
/// Classes of a confusion matrix that is drawn; others are tables.
const DRAWN: usize = 6;
/// Columns and rows of a confusion matrix of many classes in text.
const TEXT: (usize, usize) = (96, 36);
/// Classes in the table of classes.
const CLASSES: usize = 40;

/// A report that grows part by part.
pub(super) struct Page {
    text: Vec<String>,
    html: String,
    charts: String,
}

impl Page {
    /// A page that begins with this table.
    pub(super) fn new(table: &Table) -> Self {
        let mut page = Page { text: Vec::new(), html: String::new(), charts: String::new() };
        page.table(table);
        page
    }

    pub(super) fn table(&mut self, table: &Table) {
        let bundle = table.bundle();
        self.text.push(bundle.plain().to_owned());
        self.html += bundle.data.get("text/html").and_then(|html| html.as_str()).unwrap_or_default();
    }

    /// The confusion matrix: a picture of few classes, a table of more, each cell as dark as its share of the row.
    pub(super) fn matrix(&mut self, confusion: &ConfusionTable) {
        let drawn = Chart::confusion(&confusion.classes, &confusion.counts);
        let few = confusion.classes.len() <= DRAWN;
        let bundle = confusion.bundle();
        self.text.push(match &drawn {
            // As wide as a terminal: the table, or the most frequent mistakes.
            Ok(chart) if !few => chart.to_text(TEXT.0, TEXT.1),
            _ => bundle.plain().to_owned(),
        });
        if confusion.classes.len() > SHOWN {
            let table = bundle.data.get("text/html").and_then(|html| html.as_str()).unwrap_or_default();
            self.charts += &format!("<div>{table}</div>");
            return;
        }
        if few && let Ok(svg) = drawn.and_then(|chart| chart.to_svg()) {
            self.charts += &format!("<div>{svg}</div>");
            return;
        }
        let head: String = confusion
            .classes
            .iter()
            .map(|c| format!("<th style=\"text-align:right\">{}</th>", escape_html(c)))
            .collect();
        let row = |(name, counts): (&String, &Vec<f64>)| {
            let all: f64 = counts.iter().sum();
            let cell = |&count: &f64| {
                let share = if all > 0.0 { count / all } else { 0.0 };
                format!(
                    "<td style=\"text-align:right;background:rgba(0,114,178,{:.2})\" title=\"{:.1}% of the row\">{}</td>",
                    0.55 * share,
                    100.0 * share,
                    counted(count)
                )
            };
            let cells: String = counts.iter().map(cell).collect();
            format!("<tr><th style=\"text-align:left\">{}</th>{cells}</tr>", escape_html(name))
        };
        let body: String = confusion.classes.iter().zip(&confusion.counts).map(row).collect();
        self.charts += &format!(
            "<div><p><b>Confusion matrix</b></p><table><thead><tr><th style=\"text-align:left\">true \\ predicted</th>\
             {head}</tr></thead><tbody>{body}</tbody></table></div>"
        );
    }

    pub(super) fn chart(&mut self, chart: Chart) {
        if let Ok(svg) = chart.size(SIZE, SIZE).to_svg() {
            self.charts += &format!("<div>{svg}</div>");
        }
    }

    /// The page as HTML that needs no script, and as text.
    pub(super) fn bundle(self) -> Bundle {
        let charts = match self.charts.is_empty() {
            true => String::new(),
            false => format!(
                "<div style=\"display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start\">{}</div>",
                self.charts
            ),
        };
        // The charts belong beside the numbers that they show, before the slices.
        let at = self.html.find("</div>").map_or(self.html.len(), |at| at + "</div>".len());
        let (first, rest) = self.html.split_at(at);
        Bundle::text(self.text.join("\n\n")).html(format!("<div>{first}{charts}{rest}</div>"))
    }
}

/// Metrics of each class.
pub(super) fn class_table(classes: &[ClassSummary]) -> Table {
    let mut table = Table::new("Classes", &["class", "share", "precision", "recall", "f1"]);
    let mut shown: Vec<&ClassSummary> = classes.iter().collect();
    if classes.len() > CLASSES {
        // Those that need a look.
        shown.sort_by(|a, b| a.f1.total_cmp(&b.f1));
        shown.truncate(CLASSES);
        table.note(format!("the {CLASSES} of {} classes with the lowest f1: report.classes has all", classes.len()));
    }
    for class in shown {
        let values = [class.share, class.precision, class.recall, class.f1].map(number);
        table.row(std::iter::once(class.name.clone()).chain(values));
    }
    table
}

pub(super) fn roc(curves: &[ClassCurves]) -> Result<Chart, PlotError> {
    let mut chart: Option<Chart> = None;
    for curve in curves.iter().take(CURVES) {
        let (x, y): (Vec<f64>, Vec<f64>) = curve.roc.iter().copied().unzip();
        let name = if curves.len() == 1 { "model" } else { &curve.name };
        chart = Some(match chart {
            None => Chart::roc(&x, &y, curve.roc_auc)?.name(name),
            Some(chart) => chart.curve(name, &x, &y, curve.roc_auc)?,
        });
    }
    chart.ok_or(PlotError::Empty { what: "curves" })
}

pub(super) fn pr(curves: &[ClassCurves]) -> Result<Chart, PlotError> {
    let mut chart: Option<Chart> = None;
    for curve in curves.iter().take(CURVES) {
        let (x, y): (Vec<f64>, Vec<f64>) = curve.pr.iter().copied().unzip();
        let name = if curves.len() == 1 { "model" } else { &curve.name };
        chart = Some(match chart {
            None => Chart::pr(&x, &y, curve.average_precision)?.name(name),
            Some(chart) => chart.curve(name, &x, &y, curve.average_precision)?,
        });
    }
    chart.ok_or(PlotError::Empty { what: "curves" })
}

pub(super) fn calibration(curves: &[ClassCurves]) -> Result<Chart, PlotError> {
    let mut chart: Option<Chart> = None;
    for curve in curves.iter().take(CURVES) {
        let bins = &curve.calibration;
        let name = if curves.len() == 1 { "model" } else { &curve.name };
        chart = Some(match chart {
            None => Chart::calibration(&bins.predicted, &bins.observed, &bins.weight)?.name(name),
            Some(chart) => chart.calibrated(name, &bins.predicted, &bins.observed, &bins.weight)?,
        });
    }
    chart.ok_or(PlotError::Empty { what: "curves" })
}
