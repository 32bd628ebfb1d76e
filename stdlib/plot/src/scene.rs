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
}

/// One shape; positions in pixels from the upper left corner.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Path { points: Vec<(f32, f32)>, width: f32, color: Color, dash: Option<f32> },
    Rect { x: f32, y: f32, width: f32, height: f32, color: Color },
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

    pub fn text(&mut self, (x, y): (f32, f32), text: impl Into<String>, style: Style) {
        // Line breaks and other control characters have no place in a label, nor in XML.
        let text = text.into().replace(|c: char| c.is_control(), " ");
        self.shapes.push(Shape::Text { x, y, text, style });
    }
}
