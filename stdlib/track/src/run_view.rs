//! One run in full: its metrics with their curves, parameters, artifacts and tags.

use crate::format::{bytes, moment, number, short};
use crate::runs_table::{run_duration, status_cell};
use crate::table::{Align, Cell, Column, Table, page};
use ironbook_core::bundle::escape_html;
use ironbook_core::{Bundle, Display};
use ironbook_store::Result;
use ironbook_store::Store;
use ironbook_store::model::{ArtifactInfo, ArtifactsOf, Metric, Run};

/// Most artifacts that are listed.
const MAX_ARTIFACTS: usize = 200;
/// Width of a small curve: points in HTML, characters in text.
const CURVE: (usize, usize) = (120, 16);

/// A run with its curves and artifacts, as they were when it was loaded.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Name of its experiment.
    pub experiment: String,
    /// All points of each metric, in the order of [`Run::metrics`].
    pub curves: Vec<Vec<Metric>>,
    /// Its artifacts (files), at most 200.
    pub artifacts: Vec<ArtifactInfo>,
}

impl RunView {
    /// Loads a run from a store.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], or of the store.
    pub fn load(store: &dyn Store, run: &str) -> Result<RunView> {
        let run = store.run(run)?;
        let experiment = store.experiment(&run.info.experiment)?.name;
        let curve = |m: &Metric| store.metric_history(&run.info.id, &m.key);
        let curves = run.metrics.iter().map(curve).collect::<Result<_>>()?;
        let artifacts = files(store, &run.info.id)?;
        Ok(RunView { run, experiment, curves, artifacts })
    }

    fn metrics(&self) -> Table {
        let curved = self.curves.iter().any(|c| c.len() > 1);
        let mut columns = vec![Column::new("metric", "", Align::Left), Column::new("last", "", Align::Right)];
        if curved {
            let more = [("min", Align::Right), ("max", Align::Right), ("points", Align::Right), ("curve", Align::Left)];
            columns.extend(more.map(|(title, align)| Column::new(title, "", align)));
        }
        let rows = self.run.metrics.iter().zip(&self.curves).map(|(metric, curve)| {
            let mut row: Vec<Cell> = vec![metric.key.clone().into(), number(metric.value).into()];
            if curved {
                // Of a single point they would only repeat it.
                let span = range(curve).filter(|_| curve.len() > 1);
                let (min, max) = span.map_or_else(Default::default, |(a, b)| (number(a), number(b)));
                row.extend([min.into(), max.into(), curve.len().to_string().into(), curve_cell(curve)]);
            }
            row
        });
        Table { rows: rows.collect(), columns }
    }

    fn params(&self) -> Table {
        let rows = self.run.params.iter().map(|p| vec![p.key.clone().into(), p.value.clone().into()]).collect();
        Table { columns: vec![Column::new("parameter", "", Align::Left), Column::new("value", "", Align::Right)], rows }
    }

    fn tags(&self) -> Table {
        let rows = self.run.tags.iter().map(|t| vec![t.key.clone().into(), t.value.clone().into()]).collect();
        Table { columns: vec![Column::new("tag", "", Align::Left), Column::new("value", "", Align::Left)], rows }
    }

    fn files(&self) -> Table {
        let size = |a: &ArtifactInfo| a.size.map(bytes).unwrap_or_default();
        let rows = self.artifacts.iter().map(|a| vec![a.path.clone().into(), size(a).into()]).collect();
        Table { columns: vec![Column::new("artifact", "", Align::Left), Column::new("size", "", Align::Right)], rows }
    }

    fn facts(&self) -> String {
        let info = &self.run.info;
        format!("{} · started {} · took {} · {}", self.experiment, moment(info.start), run_duration(&self.run), info.id)
    }

    fn text(&self) -> String {
        let mut out = format!("{} ({})\n{}", self.run.info.name, status_cell(self.run.info.status).text, self.facts());
        for table in [self.metrics(), self.params(), self.files()] {
            if !table.rows.is_empty() {
                out.push('\n');
                out.push_str(&table.text());
            }
        }
        out
    }

    fn html(&self) -> String {
        let status = status_cell(self.run.info.status).html.unwrap_or_default();
        let name = escape_html(&self.run.info.name);
        let mut out =
            format!("<h4>{name} <small>{status}</small></h4><div class=\"soft\">{}</div>", escape_html(&self.facts()));
        out.push_str("<div class=\"columns\">");
        for (title, table) in [("Metrics", self.metrics()), ("Parameters", self.params()), ("Artifacts", self.files())]
        {
            if !table.rows.is_empty() {
                out.push_str(&format!("<div><h5>{title}</h5>{}</div>", table.html()));
            }
        }
        out.push_str("</div>");
        let tags = self.tags();
        out.push_str(&format!("<details><summary>{} tags</summary>{}</details>", tags.rows.len(), tags.html()));
        page(&out)
    }
}

impl Display for RunView {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.text()).html(self.html())
    }
}

/// All files of a run, directory by directory.
fn files(store: &dyn Store, run: &str) -> Result<Vec<ArtifactInfo>> {
    let mut found = Vec::new();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        let (inner, here): (Vec<_>, Vec<_>) =
            store.list_artifacts(ArtifactsOf::Run(run), &directory)?.into_iter().partition(ArtifactInfo::is_directory);
        found.extend(here);
        directories.extend(inner.into_iter().map(|d| d.path));
        if found.len() >= MAX_ARTIFACTS {
            break;
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.truncate(MAX_ARTIFACTS);
    Ok(found)
}

/// Smallest and largest finite value.
fn range(curve: &[Metric]) -> Option<(f64, f64)> {
    let finite = curve.iter().map(|m| m.value).filter(|v| v.is_finite());
    finite.fold(None, |range, v| range.map_or(Some((v, v)), |(a, b): (f64, f64)| Some((a.min(v), b.max(v)))))
}

/// At most `count` finite values, evenly over the points, the last always among them; scaled to 0..=1.
fn sample(curve: &[Metric], count: usize) -> Vec<f64> {
    let Some((min, max)) = range(curve) else { return Vec::new() };
    let finite: Vec<f64> = curve.iter().map(|m| m.value).filter(|v| v.is_finite()).collect();
    let count = count.min(finite.len());
    // Halves first: the difference of two large numbers may overflow.
    let scale = |v: f64| if max > min { (v / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0) } else { 0.5 };
    let last = finite.len() - 1;
    (0..count).map(|i| scale(finite[if count > 1 { i * last / (count - 1) } else { last }])).collect()
}

fn curve_cell(curve: &[Metric]) -> Cell {
    if curve.len() < 2 {
        return Cell::default();
    }
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let text = sample(curve, CURVE.1).into_iter().map(|v| BARS[((v * 7.0).round() as usize).min(7)]).collect();
    let heights = sample(curve, CURVE.0);
    let step = 116.0 / heights.len().saturating_sub(1).max(1) as f64;
    let points: Vec<_> = heights
        .iter()
        .enumerate()
        .map(|(i, v)| format!("{:.1},{:.1}", 2.0 + i as f64 * step, 20.0 - v * 18.0))
        .collect();
    let label = escape_html(&short(&curve[0].key, 60));
    let html = format!(
        "<svg width=\"120\" height=\"22\" viewBox=\"0 0 120 22\" role=\"img\" aria-label=\"{label}\"><polyline fill=\"none\" \
         stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linejoin=\"round\" points=\"{}\"/></svg>",
        points.join(" ")
    );
    Cell { text, html: Some(html) }
}
