//! Where everything in a chart goes: from the chart's data to shapes in pixels.

use crate::chart::{Chart, Mark, Series};
use crate::error::PlotError;
use crate::font::{Weight, fit, width};
use crate::sample;
use crate::scale::{Axis, alike};
use crate::scene::{Anchor, Run, Scene, Shape, Style};
use crate::theme::{AXIS, Color, GRID, INK, LABEL, SOFT, TICK, TITLE, color};

/// Space around everything.
const MARGIN: f32 = 14.0;
/// Between an axis and its tick labels.
const GAP: f32 = 6.0;

/// The part of the picture that holds the data.
#[derive(Clone, Copy, Debug)]
struct Plot {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Plot {
    fn x(&self, axis: &Axis, value: f64) -> f32 {
        self.left + axis.at(value) as f32 * (self.right - self.left)
    }

    fn y(&self, axis: &Axis, value: f64) -> f32 {
        self.bottom - axis.at(value) as f32 * (self.bottom - self.top)
    }
}

/// Lays a chart out.
pub(crate) fn scene(chart: &Chart) -> Result<Scene, PlotError> {
    if chart.series.iter().all(|s| s.y.is_empty()) {
        return Err(PlotError::Empty { what: "the chart" });
    }
    let mut scene = Scene { width: chart.width as f32, height: chart.height as f32, shapes: Vec::new() };
    let top = head(chart, &mut scene);
    match chart.mark {
        Mark::Bar => bars(chart, &mut scene, top),
        Mark::Line | Mark::Scatter | Mark::Roc => curves(chart, &mut scene, top),
    }
    Ok(scene)
}

fn style(size: f32, color: Color, anchor: Anchor) -> Style {
    Style { size, weight: Weight::Regular, color, anchor, run: Run::Across }
}

/// A series' entry in the legend.
pub(crate) fn legend_name(chart: &Chart, series: &Series) -> Option<String> {
    match (chart.mark, series.auc, &series.name) {
        (Mark::Roc, Some(auc), Some(name)) => Some(format!("{name} (AUC {auc:.3})")),
        (Mark::Roc, Some(auc), None) => Some(format!("AUC {auc:.3}")),
        (.., name) => name.clone(),
    }
}

/// Title, remark and legend; returns where the plot may begin.
fn head(chart: &Chart, scene: &mut Scene) -> f32 {
    let mut y = MARGIN;
    let room = scene.width - 2.0 * MARGIN;
    if let Some(title) = &chart.title {
        let text = fit(title, TITLE, Weight::Bold, room);
        y += TITLE;
        scene.text((MARGIN, y - 2.0), text, Style { weight: Weight::Bold, ..style(TITLE, INK, Anchor::Start) });
        y += 6.0;
    }
    if let Some(remark) = sample::remark(chart) {
        y += TICK;
        scene.text((MARGIN, y), fit(&remark, TICK, Weight::Regular, room), style(TICK, SOFT, Anchor::Start));
        y += 6.0;
    }
    if chart.mark != Mark::Roc {
        y = legend(chart, scene, y);
    }
    y + 8.0
}

/// Legend in rows under the title.
fn legend(chart: &Chart, scene: &mut Scene, mut y: f32) -> f32 {
    let entries: Vec<(usize, String)> = named(chart);
    let (mut x, mut rows) = (MARGIN, 0);
    for (i, name) in &entries {
        let name = fit(name, TICK, Weight::Regular, scene.width - 2.0 * MARGIN - 26.0);
        let wide = 20.0 + width(&name, TICK, Weight::Regular) + 16.0;
        if rows == 0 || x + wide > scene.width - MARGIN {
            (x, y, rows) = (MARGIN, y + TICK + 6.0, rows + 1);
        }
        key(chart, scene, (x, y - 4.0), color(*i));
        scene.text((x + 20.0, y), name, style(TICK, INK, Anchor::Start));
        x += wide;
    }
    if rows > 0 { y + 8.0 } else { y }
}

fn named(chart: &Chart) -> Vec<(usize, String)> {
    let with_number = chart.series.iter().enumerate();
    let entries = with_number.map(|(i, s)| {
        (i, legend_name(chart, s).or_else(|| (chart.series.len() > 1).then(|| format!("series {}", i + 1))))
    });
    entries.filter_map(|(i, name)| name.map(|name| (i, name))).collect()
}

/// The sample of colour beside a legend entry, 14 pixels wide.
fn key(chart: &Chart, scene: &mut Scene, (x, y): (f32, f32), color: Color) {
    match chart.mark {
        Mark::Line | Mark::Roc => scene.line((x, y), (x + 14.0, y), 2.5, color),
        Mark::Bar => scene.shapes.push(Shape::Rect { x: x + 2.0, y: y - 5.0, width: 10.0, height: 10.0, color }),
        Mark::Scatter => scene.shapes.push(Shape::Circle { x: x + 7.0, y, radius: 4.0, color, alpha: 1.0 }),
    }
}

fn curves(chart: &Chart, scene: &mut Scene, top: f32) {
    let runs: Vec<sample::Runs> = chart.series.iter().map(|s| sample::runs(chart, s)).collect();
    let all = || runs.iter().flatten().flatten();
    let count_x = (scene.width / 80.0).max(2.0) as usize;
    let count_y = (scene.height / 50.0).max(2.0) as usize;
    let (xs, ys) = match chart.mark {
        Mark::Roc => (Axis { lo: 0.0, hi: 1.0, step: 0.2 }, Axis { lo: 0.0, hi: 1.0, step: 0.2 }),
        Mark::Scatter => {
            (Axis::over(all().map(|p| p.0), count_x).padded(0.03), Axis::over(all().map(|p| p.1), count_y).padded(0.05))
        }
        _ => (Axis::over(all().map(|p| p.0), count_x), Axis::over(all().map(|p| p.1), count_y).widened_to_ticks()),
    };
    let plot = frame(chart, scene, top, &ys);
    horizontal_grid(scene, &plot, &ys);
    vertical_ticks(scene, &plot, &xs, chart.mark == Mark::Roc);
    if chart.mark == Mark::Roc {
        let points = vec![(plot.left, plot.bottom), (plot.right, plot.top)];
        scene.shapes.push(Shape::Path { points, width: 1.2, color: AXIS, dash: Some(5.0) });
    }
    for (i, runs) in runs.iter().enumerate() {
        for run in runs {
            let points: Vec<(f32, f32)> = run.iter().map(|p| (plot.x(&xs, p.0), plot.y(&ys, p.1))).collect();
            draw_run(chart, scene, points, color(i));
        }
    }
    if chart.mark == Mark::Roc {
        inner_legend(chart, scene, &plot);
    }
    axis_names(chart, scene, &plot, chart.x_label.as_deref(), chart.y_label.as_deref());
}

fn draw_run(chart: &Chart, scene: &mut Scene, points: Vec<(f32, f32)>, color: Color) {
    /// Lines of up to this many points show each of them.
    const DOTS: usize = 24;
    let dot = |&(x, y): &(f32, f32), radius, alpha| Shape::Circle { x, y, radius, color, alpha };
    match chart.mark {
        Mark::Scatter => {
            let (radius, alpha) = if points.len() > 400 { (2.2, 0.45) } else { (3.2, 0.75) };
            scene.shapes.extend(points.iter().map(|p| dot(p, radius, alpha)));
        }
        _ => {
            if points.len() <= DOTS && chart.mark == Mark::Line {
                scene.shapes.extend(points.iter().map(|p| dot(p, 3.0, 1.0)));
            }
            scene.shapes.push(Shape::Path { points, width: 2.0, color, dash: None });
        }
    }
}

/// The plot's rectangle, leaving room for tick labels and axis names.
fn frame(chart: &Chart, scene: &Scene, top: f32, ys: &Axis) -> Plot {
    let widest = ys.ticks().iter().map(|&t| width(&ys.label(t), TICK, Weight::Regular)).fold(0.0, f32::max);
    let name = if chart.y_label.is_some() { LABEL + 8.0 } else { 0.0 };
    let below = TICK + GAP + 4.0 + if chart.x_label.is_some() { LABEL + 8.0 } else { 0.0 };
    Plot {
        left: (MARGIN + name + widest + GAP).min(scene.width * 0.5),
        top: top.min(scene.height * 0.5),
        right: scene.width - MARGIN - 10.0,
        bottom: (scene.height - MARGIN - below + 4.0).max(scene.height * 0.5 + 10.0),
    }
}

fn horizontal_grid(scene: &mut Scene, plot: &Plot, ys: &Axis) {
    for tick in ys.ticks() {
        let y = plot.y(ys, tick);
        scene.line((plot.left, y), (plot.right, y), 1.0, GRID);
        scene.text((plot.left - GAP, y + TICK * 0.36), ys.label(tick), style(TICK, SOFT, Anchor::End));
    }
}

/// Ticks of the horizontal axis; labels that would touch are left out.
fn vertical_ticks(scene: &mut Scene, plot: &Plot, xs: &Axis, grid: bool) {
    let mut free = 0.0;
    for tick in xs.ticks() {
        let x = plot.x(xs, tick);
        let text = xs.label(tick);
        let half = width(&text, TICK, Weight::Regular) / 2.0;
        if grid {
            scene.line((x, plot.top), (x, plot.bottom), 1.0, GRID);
        }
        scene.line((x, plot.bottom), (x, plot.bottom + 4.0), 1.0, AXIS);
        let at = x.min(scene.width - half - 2.0);
        if at - half >= free {
            scene.text((at, plot.bottom + GAP + TICK), text, style(TICK, SOFT, Anchor::Middle));
            free = at + half + 6.0;
        }
    }
    scene.line((plot.left, plot.bottom), (plot.right, plot.bottom), 1.0, AXIS);
}

fn inner_legend(chart: &Chart, scene: &mut Scene, plot: &Plot) {
    let entries = named(chart);
    let room = (plot.right - plot.left) * 0.9 - 30.0;
    let entries: Vec<(usize, String)> =
        entries.into_iter().map(|(i, name)| (i, fit(&name, TICK, Weight::Regular, room))).collect();
    let wide = entries.iter().map(|(_, name)| width(name, TICK, Weight::Regular)).fold(0.0, f32::max) + 20.0;
    let mut y = plot.bottom - 12.0 - (entries.len().saturating_sub(1)) as f32 * (TICK + 7.0);
    let x = plot.right - 12.0 - wide;
    for (i, name) in entries {
        key(chart, scene, (x, y - 4.0), color(i));
        scene.text((x + 20.0, y), name, style(TICK, INK, Anchor::Start));
        y += TICK + 7.0;
    }
}

fn axis_names(chart: &Chart, scene: &mut Scene, plot: &Plot, below: Option<&str>, beside: Option<&str>) {
    if let Some(name) = below {
        let text = fit(name, LABEL, Weight::Regular, chart.width as f32 - plot.left - MARGIN);
        let x = (plot.left + plot.right) / 2.0;
        scene.text((x, chart.height as f32 - MARGIN + 2.0), text, style(LABEL, INK, Anchor::Middle));
    }
    if let Some(name) = beside {
        let text = fit(name, LABEL, Weight::Regular, plot.bottom - plot.top + 20.0);
        let y = (plot.top + plot.bottom) / 2.0;
        scene.text((MARGIN + LABEL - 3.0, y), text, Style { run: Run::Upwards, ..style(LABEL, INK, Anchor::Middle) });
    }
}

/// Bars up to this many carry their value.
const VALUES: usize = 14;

fn bars(chart: &Chart, scene: &mut Scene, top: f32) {
    let widest = chart.labels.iter().map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max);
    let band = (scene.width - 2.0 * MARGIN - 60.0) / chart.labels.len().max(1) as f32;
    let tall = (scene.height - top - 40.0) / chart.labels.len().max(1) as f32;
    if widest + 6.0 > band && tall >= TICK + 2.0 {
        lying_bars(chart, scene, top, widest);
    } else {
        standing_bars(chart, scene, top, widest);
    }
}

fn heights(chart: &Chart) -> Vec<f64> {
    chart.series.iter().flat_map(|s| s.y.iter().copied()).collect()
}

fn values_axis(chart: &Chart, count: usize) -> Axis {
    Axis::over(heights(chart).into_iter().chain([0.0]), count).widened_to_ticks()
}

/// The bars' values as text, series after series; none if there are too many or one is wider than `room`.
fn value_labels(chart: &Chart, room: f32) -> Option<Vec<Vec<String>>> {
    let all = heights(chart);
    let texts = alike(&all);
    let fits = all.len() <= VALUES && texts.iter().all(|t| width(t, TICK, Weight::Regular) <= room);
    let mut texts = texts.into_iter();
    fits.then(|| chart.series.iter().map(|s| texts.by_ref().take(s.y.len()).collect()).collect())
}

fn standing_bars(chart: &Chart, scene: &mut Scene, top: f32, widest: f32) {
    let mut ys = values_axis(chart, (scene.height / 50.0).max(2.0) as usize);
    let wide_of = |plot: &Plot| (plot.right - plot.left) / chart.labels.len().max(1) as f32;
    let written = value_labels(chart, wide_of(&frame(chart, scene, top, &ys)) * 0.9 / chart.series.len() as f32);
    if written.is_some() {
        ys = ys.with_room_for(&heights(chart));
    }
    let plot = frame(chart, scene, top, &ys);
    horizontal_grid(scene, &plot, &ys);
    let band = wide_of(&plot);
    let wide = band * 0.76 / chart.series.len() as f32;
    let zero = plot.y(&ys, 0.0);
    for (i, series) in chart.series.iter().enumerate() {
        for (j, &value) in series.y.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let x = plot.left + band * (j as f32 + 0.12) + wide * i as f32;
            let y = plot.y(&ys, value);
            let gap = if wide > 4.0 { 0.5 } else { 0.0 };
            scene.shapes.push(Shape::Rect {
                x: x + gap,
                y: y.min(zero),
                width: wide - 2.0 * gap,
                height: (y - zero).abs(),
                color: color(i),
            });
            if let Some(text) = written.as_ref().map(|w| w[i][j].clone()) {
                let y = if value < 0.0 { y + TICK + 2.0 } else { y - 4.0 };
                scene.text((x + wide / 2.0, y), text, style(TICK, INK, Anchor::Middle));
            }
        }
    }
    scene.line((plot.left, zero), (plot.right, zero), 1.0, AXIS);
    let every = ((widest + 6.0) / band).ceil().max(1.0) as usize;
    for (j, label) in chart.labels.iter().enumerate().step_by(every) {
        let x = plot.left + band * (j as f32 + 0.5);
        let label = fit(label, TICK, Weight::Regular, (band * every as f32).max(40.0));
        scene.text((x, plot.bottom + GAP + TICK), label, style(TICK, SOFT, Anchor::Middle));
    }
    axis_names(chart, scene, &plot, chart.x_label.as_deref(), chart.y_label.as_deref());
}

fn lying_bars(chart: &Chart, scene: &mut Scene, top: f32, widest: f32) {
    let xs = values_axis(chart, (scene.width / 100.0).max(2.0) as usize).with_room_for(&heights(chart));
    let name = if chart.x_label.is_some() { LABEL + 8.0 } else { 0.0 };
    let room = scene.width * 0.45;
    let below = TICK + GAP + if chart.y_label.is_some() { LABEL + 8.0 } else { 0.0 };
    let right = scene.width - MARGIN - 24.0;
    let plot = Plot { left: MARGIN + name + widest.min(room) + GAP, top, right, bottom: scene.height - MARGIN - below };
    for tick in xs.ticks() {
        let x = plot.x(&xs, tick);
        scene.line((x, plot.top), (x, plot.bottom), 1.0, GRID);
        scene.text((x, plot.bottom + GAP + TICK), xs.label(tick), style(TICK, SOFT, Anchor::Middle));
    }
    let band = (plot.bottom - plot.top) / chart.labels.len().max(1) as f32;
    let thick = band * 0.76 / chart.series.len() as f32;
    let zero = plot.x(&xs, 0.0);
    let written = value_labels(chart, scene.width).filter(|_| thick >= TICK - 1.0);
    for (i, series) in chart.series.iter().enumerate() {
        for (j, &value) in series.y.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let y = plot.top + band * (j as f32 + 0.12) + thick * i as f32;
            let x = plot.x(&xs, value);
            scene.shapes.push(Shape::Rect {
                x: x.min(zero),
                y,
                width: (x - zero).abs(),
                height: thick,
                color: color(i),
            });
            if let Some(text) = written.as_ref().map(|w| w[i][j].clone()) {
                let (x, anchor) = if value < 0.0 { (x - 4.0, Anchor::End) } else { (x + 4.0, Anchor::Start) };
                scene.text((x, y + thick / 2.0 + TICK * 0.36), text, style(TICK, INK, anchor));
            }
        }
    }
    scene.line((zero, plot.top), (zero, plot.bottom), 1.0, AXIS);
    for (j, label) in chart.labels.iter().enumerate() {
        let y = plot.top + band * (j as f32 + 0.5) + TICK * 0.36;
        scene.text((plot.left - GAP, y), fit(label, TICK, Weight::Regular, room), style(TICK, SOFT, Anchor::End));
    }
    // The bars lie, so the names of the axes change places.
    axis_names(chart, scene, &plot, chart.y_label.as_deref(), chart.x_label.as_deref());
}
