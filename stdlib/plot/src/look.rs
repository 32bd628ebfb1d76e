//! What charts of every kind share: texts, size, scales, reference lines.

use crate::figure::{Figure, Layer, Side};
use crate::scale::Scale;
use crate::theme::SOFT;
use serde::{Deserialize, Serialize};

/// How a chart looks, whatever its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    pub title: Option<String>,
    pub x_label: Option<String>,
    pub y_label: Option<String>,
    pub width: u32,
    pub height: u32,
    pub log_x: bool,
    pub log_y: bool,
    pub time_x: bool,
    pub references: Vec<Reference>,
}

/// A dashed line across the plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub at: f64,
    pub upright: bool,
    pub name: String,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            title: None,
            x_label: None,
            y_label: None,
            width: 640,
            height: 400,
            log_x: false,
            log_y: false,
            time_x: false,
            references: Vec::new(),
        }
    }
}

impl Look {
    /// Whether a point can be drawn.
    pub fn shows(&self, x: f64, y: f64) -> bool {
        x.is_finite() && y.is_finite() && (!self.log_x || x > 0.0) && (!self.log_y || y > 0.0)
    }

    /// The horizontal axis over these values.
    pub fn x_side(&self, values: impl Iterator<Item = f64>) -> Side {
        let side = Side::over(values.filter(|v| !self.log_x || *v > 0.0)).label(self.x_label.as_ref());
        match () {
            () if self.log_x => Side { scale: Scale::Log, ..side },
            () if self.time_x => Side { scale: Scale::Time, ..side },
            () => side,
        }
    }

    /// The vertical axis over these values.
    pub fn y_side(&self, values: impl Iterator<Item = f64>) -> Side {
        let side = Side::over(values.filter(|v| !self.log_y || *v > 0.0)).label(self.y_label.as_ref()).grid();
        if self.log_y { Side { scale: Scale::Log, ..side } } else { side }
    }

    /// Adds the reference lines.
    pub fn refer(&self, figure: &mut Figure) {
        for line in &self.references {
            let side = if line.upright { &mut figure.x } else { &mut figure.y };
            side.include(line.at);
            let name = Some(line.name.clone()).filter(|n| !n.is_empty());
            let (at, upright) = (line.at, line.upright);
            figure.layers.push(Layer::Rule { at, upright, name, color: SOFT, dash: Some(4.0) });
        }
    }
}
