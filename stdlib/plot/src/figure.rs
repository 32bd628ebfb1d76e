//! What every kind of chart becomes before it is drawn: two axes and layers of simple marks, in the data's units.
//!
//! The layout (SVG, PNG), Vega-Lite and the terminal all read this, so that a new kind is drawn by all of them.

use crate::scale::{Axis, Scale};
use crate::scene::Anchor;
use crate::theme::{Color, Ramp, color};

/// Runs of points without gaps.
pub(crate) type Runs = Vec<Vec<(f64, f64)>>;

/// A drawing in the units of its data.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub x: Side,
    pub y: Side,
    pub layers: Vec<Layer>,
    pub legend: Vec<Entry>,
    pub place: Place,
    pub bar: Option<ColorBar>,
    /// What the reader must know of what is not drawn.
    pub remarks: Vec<String>,
    /// Whether a notebook's reader may zoom and pan.
    pub zoom: bool,
}

/// Where the legend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Above,
    LowerRight,
    LowerLeft,
    UpperLeft,
}

/// An entry of the legend; its colour is that of its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub name: String,
    pub key: Key,
}

/// The sample of colour beside a legend's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Line,
    Box,
    Dot,
}

/// Says what a ramp's colours mean.
#[derive(Clone, Debug)]
pub(crate) struct ColorBar {
    pub ramp: Ramp,
    pub title: String,
    /// Text at 0 and at 1 of the ramp.
    pub ends: (String, String),
}

/// Colours of a layer's marks.
#[derive(Clone, Debug)]
pub(crate) enum Fill {
    /// The colour of this entry of the legend.
    Series(usize),
    /// One colour that the legend does not name.
    Plain(Color),
    /// A colour per mark.
    Each(Vec<Color>),
    /// A position per mark on the colour bar's ramp, 0 to 1; NaN is missing.
    Ramp(Vec<f64>),
}

impl Fill {
    /// Colour of mark `i`.
    pub fn of(&self, i: usize, bar: Option<&ColorBar>) -> Color {
        match self {
            Fill::Series(n) => color(*n),
            Fill::Plain(color) => *color,
            Fill::Each(colors) => colors[i],
            Fill::Ramp(at) => bar.map_or(Ramp::Viridis, |b| b.ramp).at(at[i]),
        }
    }
}

/// Marks of one sort.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    Line { runs: Runs, fill: Fill, width: f32, dash: Option<f32>, dots: bool },
    Dots { points: Vec<(f64, f64)>, fill: Fill, radius: f32, alpha: f32 },
    Bars { bars: Vec<Bar>, fill: Fill, alpha: f32, gap: f32 },
    Band { runs: Vec<Vec<(f64, f64, f64)>>, fill: Fill },
    Spans { spans: Vec<Span>, upright: bool, color: Color, cap: f32, width: f32 },
    Rule { at: f64, upright: bool, name: Option<String>, color: Color, dash: Option<f32> },
    Texts { texts: Vec<Note> },
}

/// A rectangle from one corner to another, and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub label: String,
    pub value: f64,
}

/// A line along one axis: whiskers, error bars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub at: f64,
    pub lo: f64,
    pub hi: f64,
}

/// A text at a point, moved by some pixels.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub at: (f64, f64),
    pub shift: (f32, f32),
    pub text: String,
    pub color: Color,
    pub anchor: Anchor,
}

/// How far an axis reaches beyond its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    Exact,
    Ticks,
    Padded(f64),
    /// To the ticks, with room for texts at the ends of bars.
    Roomy,
}

/// One axis as the chart asks for it; how many ticks it has depends on the output.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub label: Option<String>,
    pub scale: Scale,
    pub lo: f64,
    pub hi: f64,
    /// Only whole numbers: no ticks between them.
    pub whole: bool,
    pub reach: Reach,
    pub grid: bool,
}

impl Side {
    /// Over the finite values, reaching exactly as far.
    pub fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut lo, mut hi, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for v in values.filter(|v| v.is_finite()) {
            (lo, hi) = (lo.min(v), hi.max(v));
            whole &= v.fract() == 0.0;
        }
        Side { label: None, scale: Scale::Linear, lo, hi, whole, reach: Reach::Exact, grid: false }
    }

    /// 0 to 1.
    pub fn rates() -> Self {
        Side { whole: false, grid: true, ..Side::over([0.0, 1.0].into_iter()) }
    }

    /// A place per label, at 0, 1, 2, ...
    pub fn bands(labels: &[String]) -> Self {
        let (lo, hi) = (-0.5, labels.len() as f64 - 0.5);
        Side { scale: Scale::Bands(labels.to_vec()), ..Side::over([lo, hi].into_iter()) }
    }

    pub fn label(mut self, label: Option<&String>) -> Self {
        self.label = label.cloned();
        self
    }

    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    pub fn grid(mut self) -> Self {
        self.grid = true;
        self
    }

    /// Reaches this value too, if it is finite.
    pub fn include(&mut self, value: f64) {
        if value.is_finite() {
            (self.lo, self.hi) = (self.lo.min(value), self.hi.max(value));
            self.whole &= value.fract() == 0.0;
        }
    }

    pub fn with(mut self, value: f64) -> Self {
        self.include(value);
        self
    }

    pub fn is_bands(&self) -> bool {
        matches!(self.scale, Scale::Bands(_))
    }

    /// The axis with about `count` ticks.
    pub fn axis(&self, count: usize) -> Axis {
        let axis = Axis::new(&self.scale, (self.lo, self.hi), self.whole, count);
        match self.reach {
            Reach::Exact => axis,
            Reach::Ticks => axis.widened_to_ticks(),
            Reach::Padded(share) => axis.padded(share),
            Reach::Roomy => axis.widened_to_ticks().with_room_for((self.lo, self.hi)),
        }
    }
}

impl Figure {
    /// Whether its texts stand on coloured cells, and not on the page.
    pub fn is_tiled(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Bars { fill: Fill::Ramp(_), .. }))
    }

    pub fn new(x: Side, y: Side) -> Self {
        Figure {
            x,
            y,
            layers: Vec::new(),
            legend: Vec::new(),
            place: Place::Above,
            bar: None,
            remarks: Vec::new(),
            zoom: false,
        }
    }

    /// A legend of the named entries: one without a name stands alone unmarked, among others as `series 2`.
    pub fn entries(&mut self, names: impl Iterator<Item = Option<String>>, key: Key) {
        let names: Vec<Option<String>> = names.collect();
        if names.len() > 1 || names.iter().any(Option::is_some) {
            for (i, name) in names.into_iter().enumerate() {
                let name = name.unwrap_or_else(|| format!("series {}", i + 1));
                let taken = |name: &String| self.legend.iter().any(|e| e.name == *name);
                let name = if taken(&name) { format!("{name} ({})", i + 1) } else { name };
                self.legend.push(Entry { name, key });
            }
        }
    }
}
