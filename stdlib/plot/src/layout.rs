//! Where everything in a drawing goes: from figures to shapes in pixels.

use crate::chart::Chart;
use crate::error::PlotError;
use crate::figure::{ColorBar, Figure, Key, Place};
use crate::font::{Weight, fit, width};
use crate::look::Look;
use crate::marks;
use crate::scale::Axis;
use crate::scene::{Anchor, Run, Scene, Shape, Style};
use crate::theme::{AXIS, Color, GRID, INK, LABEL, SOFT, TICK, TITLE, color};

/// Space around everything.
const MARGIN: f32 = 14.0;
/// Between an axis and its tick labels.
const GAP: f32 = 6.0;
/// Charts of a grid are laid out at least this large, and scaled down from there.
const LEAST: f32 = 200.0;

/// The part of the picture that holds the data, and its axes.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
    pub xs: Axis,
    pub ys: Axis,
    /// Labels run from top to bottom, numbers from bottom to top.
    pub downwards: bool,
}

impl Plot {
    pub fn x(&self, value: f64) -> f32 {
        self.left + self.xs.at(value) as f32 * (self.right - self.left)
    }

    pub fn y(&self, value: f64) -> f32 {
        let share = self.ys.at(value) as f32 * (self.bottom - self.top);
        if self.downwards { self.top + share } else { self.bottom - share }
    }
}

/// How labels stand below their places.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Below {
    /// Side by side, this many apart.
    Across(usize),
    /// Slanted, taking this height.
    Slanted(f32),
}

/// Lays a chart out.
pub(crate) fn scene(chart: &Chart) -> Result<Scene, PlotError> {
    let drawing = chart.kind.drawing();
    if drawing.size() == 0 {
        return Err(PlotError::Empty { what: "the chart" });
    }
    if let Some((charts, columns)) = drawing.parts() {
        return parts(&chart.look, charts, columns);
    }
    let Some(mut figure) = drawing.figure(&chart.look) else { return Err(PlotError::Empty { what: "the chart" }) };
    chart.look.refer(&mut figure);
    Ok(draw(&chart.look, &figure))
}

/// Charts in rows and columns; rows are as high as their charts ask for.
fn parts(look: &Look, charts: &[Chart], columns: usize) -> Result<Scene, PlotError> {
    let mut scene = Scene { width: look.width as f32, height: look.height as f32, shapes: Vec::new() };
    let top = title(look, &[], &mut scene);
    let top = if look.title.is_some() { top } else { 0.0 };
    let asked = |row: &[Chart]| row.iter().map(Chart::height).max().unwrap_or(1) as f32;
    let all: f32 = charts.chunks(columns).map(asked).sum();
    let (wide, mut y) = (scene.width / columns as f32, top);
    for row in charts.chunks(columns) {
        let high = asked(row) / all * (scene.height - top);
        for (i, chart) in row.iter().enumerate() {
            let factor = (wide.min(high) / LEAST).min(1.0);
            let part = chart.clone().size((wide / factor) as u32, (high / factor) as u32);
            scene.place(self::scene(&part)?, (wide * i as f32, y), factor);
        }
        y += high;
    }
    Ok(scene)
}

pub(crate) fn style(size: f32, color: Color, anchor: Anchor) -> Style {
    Style { size, weight: Weight::Regular, color, anchor, run: Run::Across }
}

/// How many ticks axes of this size have room for, about: across and upwards.
pub(crate) fn ticks(look: &Look) -> (usize, usize) {
    ((look.width as f32 / 80.0).max(2.0) as usize, (look.height as f32 / 50.0).max(2.0) as usize)
}

fn draw(look: &Look, figure: &Figure) -> Scene {
    let mut scene = Scene { width: look.width as f32, height: look.height as f32, shapes: Vec::new() };
    let mut top = title(look, &figure.remarks, &mut scene);
    if figure.place == Place::Above {
        top = legend(figure, &mut scene, top);
    }
    let (plot, below) = frame(look, figure, &scene, top + 8.0);
    grid(figure, &plot, &mut scene);
    for layer in &figure.layers {
        marks::draw(layer, figure, &plot, &mut scene);
    }
    axes(figure, &plot, below, &mut scene);
    if let Some(bar) = &figure.bar {
        color_bar(bar, &plot, &mut scene);
    }
    if figure.place != Place::Above {
        inner_legend(figure, &plot, &mut scene);
    }
    names(figure, &plot, &mut scene);
    scene
}

/// Title and remarks; returns where they end.
fn title(look: &Look, remarks: &[String], scene: &mut Scene) -> f32 {
    let (mut y, room) = (MARGIN, scene.width - 2.0 * MARGIN);
    if let Some(title) = &look.title {
        let text = fit(title, TITLE, Weight::Bold, room);
        y += TITLE;
        scene.text((MARGIN, y - 2.0), text, Style { weight: Weight::Bold, ..style(TITLE, INK, Anchor::Start) });
        y += 6.0;
    }
    if !remarks.is_empty() {
        y += TICK;
        let text = fit(&remarks.join("; "), TICK, Weight::Regular, room);
        scene.text((MARGIN, y), text, style(TICK, SOFT, Anchor::Start));
        y += 6.0;
    }
    y
}

/// Legend in rows under the title; what would fill a third of the picture is left out but counted.
fn legend(figure: &Figure, scene: &mut Scene, mut y: f32) -> f32 {
    let (mut x, mut rows) = (MARGIN, 0);
    for (i, entry) in figure.legend.iter().enumerate() {
        let name = fit(&entry.name, TICK, Weight::Regular, scene.width - 2.0 * MARGIN - 26.0);
        let wide = 20.0 + width(&name, TICK, Weight::Regular) + 16.0;
        if rows == 0 || x + wide > scene.width - MARGIN {
            if y > scene.height * 0.33 {
                let more = format!("… {} more", figure.legend.len() - i);
                scene.text((x.min(scene.width - 80.0), y), more, style(TICK, SOFT, Anchor::Start));
                break;
            }
            (x, y, rows) = (MARGIN, y + TICK + 6.0, rows + 1);
        }
        key(entry.key, scene, (x, y - 4.0), color(i));
        scene.text((x + 20.0, y), name, style(TICK, INK, Anchor::Start));
        x += wide;
    }
    if rows > 0 { y + 8.0 } else { y }
}

/// The sample of colour beside a legend entry, 14 pixels wide.
fn key(key: Key, scene: &mut Scene, (x, y): (f32, f32), color: Color) {
    match key {
        Key::Line => scene.line((x, y), (x + 14.0, y), 2.5, color),
        Key::Box => scene.rect((x + 2.0, y - 5.0), (x + 12.0, y + 5.0), color, 1.0),
        Key::Dot => scene.shapes.push(Shape::Circle { x: x + 7.0, y, radius: 4.0, color, alpha: 1.0 }),
    }
}

/// The plot's rectangle, leaving room for tick labels, axis names and the colour bar.
fn frame(look: &Look, figure: &Figure, scene: &Scene, top: f32) -> (Plot, Below) {
    let (count_x, count_y) = ticks(look);
    let (xs, ys) = (figure.x.axis(count_x), figure.y.axis(count_y));
    let widest = ys.ticks().iter().map(|&t| width(&ys.label(t), TICK, Weight::Regular)).fold(0.0, f32::max);
    let name = if figure.y.label.is_some() { LABEL + 8.0 } else { 0.0 };
    let left = MARGIN + name + widest.min(scene.width * 0.42 - MARGIN - name) + GAP;
    let right = scene.width - MARGIN - 10.0 - figure.bar.as_ref().map_or(0.0, bar_room);
    let below = below(figure, &xs, (left, right), scene.height);
    let high = match below {
        Below::Across(_) => TICK,
        Below::Slanted(high) => high,
    };
    let under = high + GAP + 4.0 + if figure.x.label.is_some() { LABEL + 8.0 } else { 0.0 };
    let top = top.min(scene.height * 0.5);
    let bottom = (scene.height - MARGIN - under + 4.0).max(top + scene.height * 0.1 + 10.0);
    let downwards = figure.y.is_bands();
    (Plot { left, top, right: right.max(left + 20.0), bottom, xs, ys, downwards }, below)
}

/// Labels stand side by side if they fit, slanted if they have room for that, or else some are left out.
fn below(figure: &Figure, xs: &Axis, (left, right): (f32, f32), height: f32) -> Below {
    if !figure.x.is_bands() {
        return Below::Across(1);
    }
    let ticks = xs.ticks();
    let widest = ticks.iter().map(|&t| width(&xs.label(t), TICK, Weight::Regular)).fold(0.0, f32::max);
    let band = (right - left) / ticks.len().max(1) as f32;
    let every = ((widest + 6.0) / band).ceil().max(1.0) as usize;
    match () {
        () if every == 1 || ticks.len() == 1 => Below::Across(1),
        () if band >= TICK + 3.0 => Below::Slanted((widest * 0.71 + 6.0).min(height * 0.3)),
        () => Below::Across(every),
    }
}

fn grid(figure: &Figure, plot: &Plot, scene: &mut Scene) {
    for tick in plot.ys.ticks().into_iter().filter(|_| figure.y.grid) {
        let y = plot.y(tick);
        scene.line((plot.left, y), (plot.right, y), 1.0, GRID);
    }
    for tick in plot.xs.ticks().into_iter().filter(|_| figure.x.grid) {
        let x = plot.x(tick);
        scene.line((x, plot.top), (x, plot.bottom), 1.0, GRID);
    }
}

fn axes(figure: &Figure, plot: &Plot, below: Below, scene: &mut Scene) {
    let name = if figure.y.label.is_some() { LABEL + 8.0 } else { 0.0 };
    let room = plot.left - GAP - MARGIN - name + 1.0;
    let ticks = plot.ys.ticks();
    let apart = (plot.bottom - plot.top) / ticks.len().max(1) as f32;
    let every = if figure.y.is_bands() { ((TICK + 1.0) / apart).ceil().max(1.0) as usize } else { 1 };
    for tick in ticks.into_iter().step_by(every) {
        let text = fit(&plot.ys.label(tick), TICK, Weight::Regular, room.max(20.0));
        scene.text((plot.left - GAP, plot.y(tick) + TICK * 0.36), text, style(TICK, SOFT, Anchor::End));
    }
    match below {
        Below::Across(every) if figure.x.is_bands() => labels(plot, every, scene),
        Below::Across(_) => numbers(plot, scene),
        Below::Slanted(high) => slanted(plot, high, scene),
    }
    // The line that values stand on: zero where bars do, or else the lower end.
    let zero = |side: &crate::figure::Side, axis: &Axis| {
        let (lo, hi) = axis.ends();
        if !side.is_bands() && axis.scale == crate::scale::Scale::Linear && lo < 0.0 && hi > 0.0 { 0.0 } else { lo }
    };
    if figure.y.is_bands() && !figure.x.is_bands() {
        let x = plot.x(zero(&figure.x, &plot.xs));
        scene.line((x, plot.top), (x, plot.bottom), 1.0, AXIS);
    } else if !figure.y.is_bands() {
        let y = if figure.x.is_bands() { plot.y(zero(&figure.y, &plot.ys)) } else { plot.bottom };
        scene.line((plot.left, y), (plot.right, y), 1.0, AXIS);
    }
}

/// Numbers along the horizontal axis; those that would touch are left out.
fn numbers(plot: &Plot, scene: &mut Scene) {
    let mut free = 0.0;
    for tick in plot.xs.ticks() {
        let (x, text) = (plot.x(tick), plot.xs.label(tick));
        let half = width(&text, TICK, Weight::Regular) / 2.0;
        scene.line((x, plot.bottom), (x, plot.bottom + 4.0), 1.0, AXIS);
        let at = x.min(scene.width - half - 2.0);
        if at - half >= free {
            scene.text((at, plot.bottom + GAP + TICK), text, style(TICK, SOFT, Anchor::Middle));
            free = at + half + 6.0;
        }
    }
}

/// Every so many labels, side by side.
fn labels(plot: &Plot, every: usize, scene: &mut Scene) {
    let ticks = plot.xs.ticks();
    let band = (plot.right - plot.left) / ticks.len().max(1) as f32;
    for tick in ticks.into_iter().step_by(every) {
        let label = fit(&plot.xs.label(tick), TICK, Weight::Regular, (band * every as f32).max(40.0));
        scene.text((plot.x(tick), plot.bottom + GAP + TICK), label, style(TICK, SOFT, Anchor::Middle));
    }
}

/// Labels that end below their places, rising.
fn slanted(plot: &Plot, high: f32, scene: &mut Scene) {
    for tick in plot.xs.ticks() {
        let x = plot.x(tick);
        let room = (high.min(x - 4.0) / 0.71).max(12.0);
        let label = fit(&plot.xs.label(tick), TICK, Weight::Regular, room);
        let at = (x + TICK * 0.3, plot.bottom + GAP + TICK * 0.5);
        scene.text(at, label, Style { run: Run::Slanted, ..style(TICK, SOFT, Anchor::End) });
    }
}

/// Width of a colour bar with its texts.
fn bar_room(bar: &ColorBar) -> f32 {
    let (low, high) = &bar.ends;
    let ends = width(low, TICK, Weight::Regular).max(width(high, TICK, Weight::Regular));
    24.0 + ends.max(if bar.title.is_empty() { 0.0 } else { TICK + 4.0 })
}

fn color_bar(bar: &ColorBar, plot: &Plot, scene: &mut Scene) {
    const STEPS: usize = 48;
    let (x, wide) = (plot.right + 14.0, 11.0);
    let high = (plot.bottom - plot.top).min(240.0);
    let top = (plot.top + plot.bottom - high) / 2.0;
    let step = high / STEPS as f32;
    for i in 0..STEPS {
        let y = top + step * i as f32;
        let color = bar.ramp.at(1.0 - (i as f64 + 0.5) / STEPS as f64);
        // A little over the next, so that no seam shows.
        scene.rect((x, y), (x + wide, (y + step + 0.5).min(top + high)), color, 1.0);
    }
    let text = style(TICK, SOFT, Anchor::Start);
    scene.text((x + wide + 5.0, top + TICK * 0.72), bar.ends.1.clone(), text);
    scene.text((x + wide + 5.0, top + high), bar.ends.0.clone(), text);
    let title = fit(&bar.title, TICK, Weight::Regular, high - 3.0 * TICK);
    let along = Style { run: Run::Upwards, ..style(TICK, SOFT, Anchor::Middle) };
    scene.text((x + wide + 5.0 + TICK * 0.8, top + high / 2.0), title, along);
}

/// The legend within the plot, in the corner that curves leave free.
fn inner_legend(figure: &Figure, plot: &Plot, scene: &mut Scene) {
    let room = (plot.right - plot.left) * 0.9 - 30.0;
    let names: Vec<String> = figure.legend.iter().map(|e| fit(&e.name, TICK, Weight::Regular, room)).collect();
    let wide = names.iter().map(|name| width(name, TICK, Weight::Regular)).fold(0.0, f32::max) + 20.0;
    let high = names.len().saturating_sub(1) as f32 * (TICK + 7.0);
    let x = if figure.place == Place::LowerRight { plot.right - 12.0 - wide } else { plot.left + 12.0 };
    let mut y = if figure.place == Place::UpperLeft { plot.top + 12.0 + TICK } else { plot.bottom - 12.0 - high };
    if !names.is_empty() {
        scene.rect((x - 5.0, y - TICK - 3.0), (x + wide + 5.0, y + high + 6.0), crate::theme::PAGE, 0.8);
    }
    for (i, (name, entry)) in names.into_iter().zip(&figure.legend).enumerate() {
        key(entry.key, scene, (x, y - 4.0), color(i));
        scene.text((x + 20.0, y), name, style(TICK, INK, Anchor::Start));
        y += TICK + 7.0;
    }
}

/// The names of the axes.
fn names(figure: &Figure, plot: &Plot, scene: &mut Scene) {
    if let Some(name) = &figure.x.label {
        let text = fit(name, LABEL, Weight::Regular, scene.width - plot.left - MARGIN);
        let half = width(&text, LABEL, Weight::Regular) / 2.0;
        let x = ((plot.left + plot.right) / 2.0).min(scene.width - MARGIN - half);
        scene.text((x, scene.height - MARGIN + 2.0), text, style(LABEL, INK, Anchor::Middle));
    }
    if let Some(name) = &figure.y.label {
        let text = fit(name, LABEL, Weight::Regular, plot.bottom - plot.top + 20.0);
        let y = (plot.top + plot.bottom) / 2.0;
        scene.text((MARGIN + LABEL - 3.0, y), text, Style { run: Run::Upwards, ..style(LABEL, INK, Anchor::Middle) });
    }
}
