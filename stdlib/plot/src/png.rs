//! Scenes as PNG: shapes are filled with exact coverage, at two dots per pixel.
//!
//! Strokes, discs and glyphs all become outlines for one rasteriser, so that lines and text are equally smooth.

use crate::error::PlotError;
use crate::font::{lay_out, scale};
use crate::scene::{Anchor, Run, Scene, Shape, Style};
use crate::theme::{Color, PAGE};
use ab_glyph::{OutlineCurve, Point, point};
use ab_glyph_rasterizer::Rasterizer;
use std::f32::consts::FRAC_1_SQRT_2;

/// Dots per pixel.
const DENSITY: f32 = 2.0;

/// The encoded picture.
pub(crate) fn write(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let canvas = paint(scene);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width as u32, canvas.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Default);
    encoder.set_filter(png::FilterType::NoFilter); // flat areas compress best unfiltered
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

fn paint(scene: &Scene) -> Canvas {
    let mut canvas = Canvas::new((scene.width * DENSITY) as usize, (scene.height * DENSITY) as usize);
    for shape in &scene.shapes {
        match shape {
            Shape::Path { points, width, color, dash: None } => canvas.stroke(points, *width, *color),
            Shape::Path { points, width, color, dash: Some(dash) } => {
                for piece in dashes(points, *dash) {
                    canvas.stroke(&piece, *width, *color);
                }
            }
            Shape::Area { points, color, alpha } => canvas.fill(std::slice::from_ref(points), *color, *alpha),
            Shape::Rect { x, y, width, height, color, alpha } => {
                let (x1, y1) = (x + width, y + height);
                canvas.fill(&[vec![(*x, *y), (x1, *y), (x1, y1), (*x, y1)]], *color, *alpha);
            }
            Shape::Circle { x, y, radius, color, alpha } => canvas.fill(&[disc((*x, *y), *radius)], *color, *alpha),
            Shape::Text { x, y, text, style } => canvas.text((*x, *y), text, *style),
        }
    }
    canvas
}

/// RGB pixels, row by row.
struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    rasterizer: Rasterizer,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, rgb: PAGE.repeat(width * height), rasterizer: Rasterizer::new(1, 1) }
    }

    /// A line with round joints: a quad per segment and a disc per corner, all of one orientation.
    fn stroke(&mut self, points: &[(f32, f32)], width: f32, color: Color) {
        let half = width / 2.0;
        let mut polygons = Vec::with_capacity(points.len() * 2);
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).hypot(y1 - y0);
            if length > 0.0 {
                let (nx, ny) = (-(y1 - y0) / length * half, (x1 - x0) / length * half);
                polygons.push(vec![(x0 - nx, y0 - ny), (x1 - nx, y1 - ny), (x1 + nx, y1 + ny), (x0 + nx, y0 + ny)]);
            }
        }
        if points.len() > 2 || polygons.is_empty() {
            let corners = if polygons.is_empty() { points } else { &points[1..points.len() - 1] };
            polygons.extend(corners.iter().map(|&p| disc(p, half)));
        }
        // Long lines in pieces: a piece's bounding box is small, and coverage is summed within pieces only.
        for piece in polygons.chunks(64) {
            self.fill(piece, color, 1.0);
        }
    }

    fn fill(&mut self, polygons: &[Vec<(f32, f32)>], color: Color, alpha: f32) {
        let lines = polygons.iter().flat_map(|polygon| {
            let next = polygon.iter().cycle().skip(1);
            polygon
                .iter()
                .zip(next)
                .map(|(a, b)| (point(a.0 * DENSITY, a.1 * DENSITY), point(b.0 * DENSITY, b.1 * DENSITY)))
        });
        self.fill_lines(&lines.collect::<Vec<_>>(), color, alpha);
    }

    fn text(&mut self, (x, y): (f32, f32), text: &str, style: Style) {
        let (glyphs, width) = lay_out(text, style.size, style.weight);
        let shift = match style.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let unit = scale(style.size, style.weight);
        for (advance, outline) in glyphs {
            let place = |p: Point| {
                let (across, up) = (shift + advance + p.x * unit, p.y * unit);
                match style.run {
                    Run::Across => point((x + across) * DENSITY, (y - up) * DENSITY),
                    Run::Upwards => point((x - up) * DENSITY, (y - across) * DENSITY),
                    Run::Slanted => {
                        let (a, u) = (across * FRAC_1_SQRT_2, up * FRAC_1_SQRT_2);
                        point((x + a - u) * DENSITY, (y - a - u) * DENSITY)
                    }
                }
            };
            let mut lines = Vec::new();
            for curve in outline.curves {
                flatten(&curve, |a, b| lines.push((place(a), place(b))));
            }
            self.fill_lines(&lines, style.color, 1.0);
        }
    }

    /// Fills what the closed outlines enclose, in dots.
    fn fill_lines(&mut self, lines: &[(Point, Point)], color: Color, alpha: f32) {
        let ends = || lines.iter().flat_map(|(a, b)| [a, b]);
        let low = ends().fold((f32::MAX, f32::MAX), |(x, y), p| (x.min(p.x), y.min(p.y)));
        let high = ends().fold((f32::MIN, f32::MIN), |(x, y), p| (x.max(p.x), y.max(p.y)));
        let (left, top) = (low.0.floor().max(-1000.0), low.1.floor().max(-1000.0));
        let (right, bottom) =
            (high.0.ceil().min(self.width as f32 + 1000.0), high.1.ceil().min(self.height as f32 + 1000.0));
        if lines.is_empty() || right <= left || bottom <= top {
            return;
        }
        let (w, h) = ((right - left) as usize + 2, (bottom - top) as usize + 1);
        let shift = |p: Point| point(p.x - left, p.y - top);
        self.rasterizer.reset(w, h);
        for (a, b) in lines {
            self.rasterizer.draw_line(shift(*a), shift(*b));
        }
        let (left, top, width, height, rgb) =
            (left as isize, top as isize, self.width as isize, self.height as isize, &mut self.rgb);
        self.rasterizer.for_each_pixel(|i, coverage| {
            if coverage > 0.002 {
                let (x, y) = (left + (i % w) as isize, top + (i / w) as isize);
                if (0..width).contains(&x) && (0..height).contains(&y) {
                    let at = (y * width + x) as usize * 3;
                    blend(&mut rgb[at..at + 3], color, coverage.min(1.0) * alpha);
                }
            }
        });
    }
}

fn blend(pixel: &mut [u8], color: Color, share: f32) {
    for (old, new) in pixel.iter_mut().zip(color) {
        *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * share).round() as u8;
    }
}

fn disc((x, y): (f32, f32), radius: f32) -> Vec<(f32, f32)> {
    let corners = (radius * DENSITY * 4.0).clamp(8.0, 48.0) as usize;
    (0..corners)
        .map(|i| (i as f32 / corners as f32 * std::f32::consts::TAU).sin_cos())
        .map(|(sin, cos)| (x + cos * radius, y + sin * radius))
        .collect()
}

/// A curve as straight pieces.
fn flatten(curve: &OutlineCurve, mut line: impl FnMut(Point, Point)) {
    const PIECES: u8 = 6;
    match *curve {
        OutlineCurve::Line(a, b) => line(a, b),
        OutlineCurve::Quad(a, b, c) => {
            let at = |t: f32| {
                let (u, v) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t));
                point(a.x * u + b.x * v + c.x * t * t, a.y * u + b.y * v + c.y * t * t)
            };
            for i in 0..PIECES {
                line(at(f32::from(i) / f32::from(PIECES)), at(f32::from(i + 1) / f32::from(PIECES)));
            }
        }
        OutlineCurve::Cubic(a, b, c, d) => {
            let at = |t: f32| {
                let s = 1.0 - t;
                let mix = |a: f32, b: f32, c: f32, d: f32| {
                    a * s * s * s + 3.0 * b * s * s * t + 3.0 * c * s * t * t + d * t * t * t
                };
                point(mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y))
            };
            for i in 0..PIECES {
                line(at(f32::from(i) / f32::from(PIECES)), at(f32::from(i + 1) / f32::from(PIECES)));
            }
        }
    }
}

/// A path cut into dashes of this length, with gaps as long.
fn dashes(points: &[(f32, f32)], length: f32) -> Vec<Vec<(f32, f32)>> {
    let mut out = Vec::new();
    let (mut drawn, mut left, mut piece) = (true, length, points.first().copied().into_iter().collect::<Vec<_>>());
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let distance = (to.0 - from.0).hypot(to.1 - from.1);
            // Also where the distance is no number: this has to end.
            if distance.is_nan() || distance <= left {
                left -= distance;
                piece.push(to);
                break;
            }
            let share = left / distance;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            piece.push(from);
            if drawn {
                out.push(std::mem::take(&mut piece));
            }
            piece = vec![from];
            (drawn, left) = (!drawn, length);
        }
    }
    if drawn && piece.len() > 1 {
        out.push(piece);
    }
    out
}
