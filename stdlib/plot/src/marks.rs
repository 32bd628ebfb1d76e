//! The marks of a figure as shapes in pixels.

use crate::figure::{Figure, Layer, Note, Span};
use crate::font::{Weight, width};
use crate::layout::{Plot, style};
use crate::scene::{Anchor, Scene, Shape};
use crate::theme::{Color, PAGE, SOFT, TICK};

/// Draws one layer.
pub(crate) fn draw(layer: &Layer, figure: &Figure, plot: &Plot, scene: &mut Scene) {
    let bar = figure.bar.as_ref();
    let place = |&(x, y): &(f64, f64)| (plot.x(x), plot.y(y));
    match layer {
        Layer::Line { runs, fill, width, dash, dots } => {
            for run in runs {
                let points: Vec<(f32, f32)> = run.iter().map(place).collect();
                let color = fill.of(0, bar);
                if *dots || points.len() == 1 {
                    let dot = |&(x, y): &(f32, f32)| Shape::Circle { x, y, radius: 3.0, color, alpha: 1.0 };
                    scene.shapes.extend(points.iter().map(dot));
                }
                scene.shapes.push(Shape::Path { points, width: *width, color, dash: *dash });
            }
        }
        Layer::Dots { points, fill, radius, alpha } => {
            let dots = points.iter().enumerate().map(|(i, p)| {
                let ((x, y), color) = (place(p), fill.of(i, bar));
                Shape::Circle { x, y, radius: *radius, color, alpha: *alpha }
            });
            scene.shapes.extend(dots);
        }
        Layer::Bars { bars, fill, alpha, gap } => {
            for (i, b) in bars.iter().enumerate() {
                let ((x0, y0), (x1, y1)) = (place(&(b.x.0, b.y.0)), place(&(b.x.1, b.y.1)));
                let (x0, x1) = inset(x0, x1, *gap);
                let (y0, y1) = if figure.y.is_bands() { inset(y0, y1, *gap) } else { (y0.min(y1), y0.max(y1)) };
                scene.rect((x0, y0), (x1, y1), fill.of(i, bar), *alpha);
            }
        }
        Layer::Band { runs, fill } => {
            for run in runs {
                let upper = run.iter().map(|p| (plot.x(p.0), plot.y(p.2)));
                let lower = run.iter().rev().map(|p| (plot.x(p.0), plot.y(p.1)));
                let points = upper.chain(lower).collect();
                scene.shapes.push(Shape::Area { points, color: fill.of(0, bar), alpha: 0.18 });
            }
        }
        Layer::Spans { spans, upright, color, cap, width } => {
            spans.iter().for_each(|s| span(s, (*upright, *cap, *width, *color), plot, scene));
        }
        Layer::Rule { at, upright, name, color, dash } => rule(plot, scene, (*at, *upright, *color, *dash), name),
        Layer::Texts { texts } => texts.iter().for_each(|note| text(note, place(&note.at), scene)),
    }
}

/// Ends of a bar in order, with half the gap to its neighbours taken off; thin bars keep their width.
fn inset(a: f32, b: f32, gap: f32) -> (f32, f32) {
    let (a, b) = (a.min(b), a.max(b));
    let gap = if b - a > 4.0 { gap } else { 0.0 };
    (a + gap, b - gap)
}

/// An error bar or whisker, with a cap at both ends.
fn span(s: &Span, (upright, cap, width, color): (bool, f32, f32, Color), plot: &Plot, scene: &mut Scene) {
    let turn = |along: f32, across: f32| if upright { (across, along) } else { (along, across) };
    let (from, to, at) =
        if upright { (plot.y(s.lo), plot.y(s.hi), plot.x(s.at)) } else { (plot.x(s.lo), plot.x(s.hi), plot.y(s.at)) };
    scene.line(turn(from, at), turn(to, at), width, color);
    for end in [from, to].into_iter().filter(|_| cap > 0.0) {
        scene.line(turn(end, at - cap), turn(end, at + cap), width, color);
    }
}

/// A line across the plot; its name stands at its end, within the plot.
fn rule(
    plot: &Plot,
    scene: &mut Scene,
    (at, upright, color, dash): (f64, bool, Color, Option<f32>),
    name: &Option<String>,
) {
    let (from, to) = if upright {
        ((plot.x(at), plot.bottom), (plot.x(at), plot.top))
    } else {
        ((plot.left, plot.y(at)), (plot.right, plot.y(at)))
    };
    scene.shapes.push(Shape::Path { points: vec![from, to], width: 1.2, color, dash });
    let Some(name) = name else { return };
    let room = (plot.right - plot.left) * 0.6;
    let name = crate::font::fit(name, TICK, Weight::Regular, room);
    let fits = to.0 + 5.0 + width(&name, TICK, Weight::Regular) < scene.width;
    let (spot, anchor) = match upright {
        true if fits => ((to.0 + 5.0, plot.top + TICK), Anchor::Start),
        true => ((to.0 - 5.0, plot.top + TICK), Anchor::End),
        false if to.1 - TICK - 4.0 < plot.top => ((to.0 - 2.0, to.1 + TICK + 2.0), Anchor::End),
        false => ((to.0 - 2.0, to.1 - 4.0), Anchor::End),
    };
    // On a ground of its own, so that it reads where curves cross it.
    let wide = width(&name, TICK, Weight::Regular);
    let left = if anchor == Anchor::End { spot.0 - wide } else { spot.0 };
    scene.rect((left - 2.0, spot.1 - TICK + 1.0), (left + wide + 2.0, spot.1 + 2.0), PAGE, 0.75);
    scene.text(spot, name, style(TICK, SOFT, anchor));
}

/// A text at its point; on the other side of it where it would leave the picture.
fn text(note: &Note, (x, y): (f32, f32), scene: &mut Scene) {
    let wide = width(&note.text, TICK, Weight::Regular);
    let over = note.anchor == Anchor::Start && x + note.shift.0 + wide > scene.width - 3.0;
    let (shift, anchor) = if over { (-note.shift.0, Anchor::End) } else { (note.shift.0, note.anchor) };
    scene.text((x + shift, y + note.shift.1), note.text.clone(), style(TICK, note.color, anchor));
}
