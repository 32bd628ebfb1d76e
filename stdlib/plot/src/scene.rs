//! A drawing as shapes in pixels: what the layout makes and the SVG and PNG writers read.

use crate::font::Weight;
use crate::theme::Color;

/// A drawing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub width: f32,
    pub height: f32,
    pub shapes: Vec<Shape>,
}

/// Where a text lies relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Which way a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Across,
    Upwards,
    /// Rising at 45 degrees.
    Slanted,
}

/// One shape; positions in pixels from the upper left corner.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Path { points: Vec<(f32, f32)>, width: f32, color: Color, dash: Option<f32> },
    Area { points: Vec<(f32, f32)>, color: Color, alpha: f32 },
    Rect { x: f32, y: f32, width: f32, height: f32, color: Color, alpha: f32 },
    Circle { x: f32, y: f32, radius: f32, color: Color, alpha: f32 },
    Text { x: f32, y: f32, text: String, style: Style },
}

/// How a text is set; `y` of a text is its baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub size: f32,
    pub weight: Weight,
    pub color: Color,
    pub anchor: Anchor,
    pub run: Run,
}

impl Scene {
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, color: Color) {
        self.shapes.push(Shape::Path { points: vec![from, to], width, color, dash: None });
    }

    /// A rectangle between its upper left and its lower right corner.
    pub fn rect(&mut self, (x, y): (f32, f32), (x1, y1): (f32, f32), color: Color, alpha: f32) {
        let (width, height) = ((x1 - x).max(0.0), (y1 - y).max(0.0));
        self.shapes.push(Shape::Rect { x, y, width, height, color, alpha });
    }

    /// Puts a drawing into this one, its upper left corner at this place, scaled.
    pub fn place(&mut self, other: Scene, (dx, dy): (f32, f32), factor: f32) {
        let point = |x: f32, y: f32| (dx + x * factor, dy + y * factor);
        let points = |all: Vec<(f32, f32)>| all.into_iter().map(|(x, y)| point(x, y)).collect();
        let moved = |shape| match shape {
            Shape::Path { points: all, width, color, dash } => {
                Shape::Path { points: points(all), width: width * factor, color, dash: dash.map(|d| d * factor) }
            }
            Shape::Area { points: all, color, alpha } => Shape::Area { points: points(all), color, alpha },
            Shape::Rect { x, y, width, height, color, alpha } => {
                let ((x, y), width, height) = (point(x, y), width * factor, height * factor);
                Shape::Rect { x, y, width, height, color, alpha }
            }
            Shape::Circle { x, y, radius, color, alpha } => {
                let (x, y) = point(x, y);
                Shape::Circle { x, y, radius: radius * factor, color, alpha }
            }
            Shape::Text { x, y, text, style } => {
                let (x, y) = point(x, y);
                Shape::Text { x, y, text, style: Style { size: style.size * factor, ..style } }
            }
        };
        self.shapes.extend(other.shapes.into_iter().map(moved));
    }

    pub fn text(&mut self, (x, y): (f32, f32), text: impl Into<String>, style: Style) {
        // Line breaks and other control characters have no place in a label, nor, as what is no character, in XML.
        let text = text.into().replace(|c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'), " ");
        self.shapes.push(Shape::Text { x, y, text, style });
    }
}
