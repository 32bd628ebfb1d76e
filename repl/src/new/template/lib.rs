//! Code that the notebooks and pipelines of {{name}} share.

/// Whether a day is one for a ride: warm enough (degrees Celsius) and dry (mm of rain).
///
/// ```
/// assert!({{crate}}::pleasant(18.0, 0.0));
/// ```
pub fn pleasant(temperature: f64, rain: f64) -> bool {
    (12.0..30.0).contains(&temperature) && rain < 1.0
}
