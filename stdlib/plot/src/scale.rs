//! Axes: ranges, round tick positions, and how numbers are written.

use crate::time;

/// What lies along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Numbers.
    Linear,
    /// Positive numbers, each decade as long as the next.
    Log,
    /// Seconds since 1970, UTC.
    Time,
    /// Labels, at 0, 1, 2, ...
    Bands(Vec<String>),
}

/// A range of values and the ticks in it. On a logarithmic scale all three are decades.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub lo: f64,
    pub hi: f64,
    pub step: f64,
    pub scale: Scale,
}

impl Axis {
    /// An axis from one value to another, with about `count` ticks; nothing gives 0 to 1.
    pub fn new(scale: &Scale, (lo, hi): (f64, f64), whole: bool, count: usize) -> Self {
        let (lo, hi) = match scale {
            Scale::Log if lo <= hi => (lo.log10(), hi.log10()),
            _ => (lo, hi),
        };
        let (lo, hi) = match scale {
            _ if lo > hi => (0.0, 1.0),
            Scale::Log | Scale::Bands(_) if lo == hi => (lo - 0.5, hi + 0.5),
            Scale::Time if lo == hi => (lo - 1.0, hi + 1.0),
            _ if lo == hi && lo == 0.0 => (-1.0, 1.0),
            _ if lo == hi => ((lo - lo.abs() * 0.1).max(f64::MIN), (hi + lo.abs() * 0.1).min(f64::MAX)),
            _ => (lo, hi),
        };
        // Next to zero a tenth, or a half, rounds to nothing.
        let (lo, hi) = if lo * 0.5 < hi * 0.5 { (lo, hi) } else { (-1.0, 1.0) };
        // near the largest float the next round number is infinite
        let mut step = f64::MAX.min(round_step((hi / count.max(1) as f64) - (lo / count.max(1) as f64)));
        match scale {
            Scale::Time => step = time::step(lo, hi, count),
            Scale::Bands(_) | Scale::Log => step = step.ceil().max(1.0),
            // whole numbers (epochs, years) get no ticks between them
            Scale::Linear if whole && hi - lo >= 1.0 => step = step.max(1.0),
            Scale::Linear => {}
        }
        Axis { lo, hi, step, scale: scale.clone() }
    }

    /// An axis over the finite values.
    #[cfg(test)]
    fn over(values: impl Iterator<Item = f64>, count: usize) -> Self {
        let side = crate::figure::Side::over(values);
        Axis::new(&Scale::Linear, (side.lo, side.hi), side.whole, count)
    }

    /// Widened to the next ticks.
    pub fn widened_to_ticks(mut self) -> Self {
        if matches!(self.scale, Scale::Time | Scale::Bands(_)) {
            return self;
        }
        if self.scale == Scale::Log && self.hi - self.lo < 1.0 {
            return self.padded(0.04);
        }
        let lo = (self.lo / self.step + 1e-9).floor() * self.step;
        let hi = (self.hi / self.step - 1e-9).ceil() * self.step;
        let shows = |v: f64| if self.scale == Scale::Log { (-307.0..=308.0).contains(&v) } else { v.is_finite() };
        if shows(lo) && shows(hi) {
            (self.lo, self.hi) = (lo, hi);
        }
        self
    }

    /// Widened by a tick wherever a value lies so close to an end that its label would leave the plot.
    pub fn with_room_for(mut self, (low, high): (f64, f64)) -> Self {
        let close = (self.hi - self.lo) * 0.06;
        let (lo, hi, step) = (self.lo, self.hi, self.step);
        if high > 0.0 && hi - high < close && (hi + step).is_finite() {
            self.hi += step;
        }
        if low < 0.0 && low - lo < close && (lo - step).is_finite() {
            self.lo -= step;
        }
        self
    }

    /// Widened by a share of its length on both sides.
    pub fn padded(mut self, share: f64) -> Self {
        let pad = self.hi * share - self.lo * share;
        if (self.lo - pad).is_finite() && (self.hi + pad).is_finite() {
            self.lo -= pad;
            self.hi += pad;
        }
        self
    }

    /// The ends, as values.
    pub fn ends(&self) -> (f64, f64) {
        match self.scale {
            Scale::Log => (10f64.powf(self.lo), 10f64.powf(self.hi)),
            _ => (self.lo, self.hi),
        }
    }

    /// Values at the ticks.
    pub fn ticks(&self) -> Vec<f64> {
        match &self.scale {
            Scale::Bands(labels) => (0..labels.len()).map(|i| i as f64).collect(),
            Scale::Time => time::ticks(self.lo, self.hi, self.step),
            Scale::Log => self.decades(),
            Scale::Linear => self.multiples(),
        }
    }

    fn multiples(&self) -> Vec<f64> {
        let first = (self.lo / self.step - 1e-6).ceil();
        let last = (self.hi / self.step + 1e-6).floor();
        let count = (last - first).clamp(0.0, 100.0) as usize;
        (0..=count).map(|i| (first + i as f64) * self.step).map(|t| if t == 0.0 { 0.0 } else { t }).collect()
    }

    /// Powers of ten; in a short range also twice and five times these, or else round numbers.
    fn decades(&self) -> Vec<f64> {
        let powers = self.multiples();
        if powers.len() > 2 || self.hi - self.lo > 3.0 {
            return powers.into_iter().map(|p| 10f64.powf(p)).collect();
        }
        let inside = |v: &f64| (self.lo - 1e-9..=self.hi + 1e-9).contains(&v.log10());
        let decades = self.lo.floor() as i32..=self.hi.ceil() as i32;
        let leads = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|lead| lead * 10f64.powi(d)));
        let ticks: Vec<f64> = leads.filter(inside).collect();
        if ticks.len() > 2 {
            return ticks;
        }
        let linear = Axis::new(&Scale::Linear, self.ends(), false, 4);
        linear.multiples().into_iter().filter(|v| *v > 0.0).collect()
    }

    /// Where a value lies, 0 at `lo` and 1 at `hi`.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Log { value.log10() } else { value };
        // halves keep ranges near the largest float finite
        (value * 0.5 - self.lo * 0.5) / (self.hi * 0.5 - self.lo * 0.5)
    }

    /// A tick's text.
    pub fn label(&self, value: f64) -> String {
        match &self.scale {
            Scale::Bands(labels) => labels.get(value as usize).cloned().unwrap_or_default(),
            Scale::Time => time::label(value, self.step),
            Scale::Log => short(value),
            Scale::Linear => self.number(value),
        }
    }

    fn number(&self, value: f64) -> String {
        let largest = self.lo.abs().max(self.hi.abs());
        // A short way far from zero needs all digits: numbers in units would be alike.
        let far = largest / self.step >= 1e6;
        match () {
            () if far && (1e6..1e15).contains(&largest) => fixed(value, self.step, true),
            () if !(1e-4..1e15).contains(&largest) && largest > 0.0 => {
                let digits = (largest.log10().floor() - self.step.log10().floor()).clamp(0.0, 16.0) as usize;
                if value == 0.0 { "0".to_owned() } else { minus(&format!("{value:.digits$e}")) }
            }
            () if largest >= 1e12 => with_unit(value, self.step, 1e12, "T"),
            () if largest >= 1e9 => with_unit(value, self.step, 1e9, "G"),
            () if largest >= 1e6 => with_unit(value, self.step, 1e6, "M"),
            () => fixed(value, self.step, largest >= 10_000.0),
        }
    }
}

/// The round number (1, 2 or 5 times a power of ten) that is at least nearly `raw`.
pub(crate) fn round_step(raw: f64) -> f64 {
    if !(raw.is_finite() && raw > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(raw.log10().floor());
    let lead = raw / power;
    power
        * if lead <= 1.2 {
            1.0
        } else if lead <= 2.4 {
            2.0
        } else if lead <= 6.0 {
            5.0
        } else {
            10.0
        }
}

fn with_unit(value: f64, step: f64, unit: f64, name: &str) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{}{name}", fixed(value / unit, step / unit, false)) }
}

/// Years and other numbers of four digits stand without a comma.
fn fixed(value: f64, step: f64, grouped: bool) -> String {
    let decimals = (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    minus(&if grouped { group(&text) } else { text })
}

/// What stands for a value that is missing or infinite.
const MISSING: &str = "–";

/// Values written alike, with three significant digits of the largest; each for itself where that would hide one.
pub(crate) fn alike(values: &[f64]) -> Vec<String> {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let largest = finite().map(f64::abs).fold(0.0, f64::max);
    let decimals =
        if finite().all(|v| v.fract() == 0.0) { 0 } else { (2 - largest.log10().floor() as i32).clamp(0, 6) as usize };
    let hidden = finite().any(|v| v != 0.0 && v.abs() < 0.5 * 10f64.powi(-(decimals as i32)));
    if hidden || largest >= 1e6 {
        return values.iter().map(|&v| short(v)).collect();
    }
    values
        .iter()
        .map(|v| if v.is_finite() { format!("{v:.decimals$}") } else { MISSING.to_owned() })
        .map(|text| minus(&if largest >= 10_000.0 { group(&text) } else { text }))
        .collect()
}

/// A single value in at most four significant digits, for labels on bars and for legends.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return minus(&format!("{value:.2e}"));
    }
    for (unit, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M")] {
        if size >= unit {
            return format!("{}{name}", short(value / unit));
        }
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    minus(&if size >= 10_000.0 { group(text) } else { text.to_owned() })
}

/// Commas between thousands.
fn group(text: &str) -> String {
    let (whole, rest) = text.find('.').map_or((text, ""), |dot| text.split_at(dot));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("-", d));
    let mut out = sign.to_owned();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

/// A true minus sign; and no minus before zero.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(lo: f64, hi: f64, count: usize) -> String {
        let axis = Axis::over([lo, hi].into_iter(), count);
        axis.ticks().iter().map(|&t| axis.label(t)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_and_written_plainly() {
        assert_eq!(labels(0.0, 1.0, 5), "0 1"); // whole numbers only
        assert_eq!(labels(0.0, 0.99, 5), "0.0 0.2 0.4 0.6 0.8");
        assert_eq!(labels(0.0, 30_000.0, 6), "0 5,000 10,000 15,000 20,000 25,000 30,000");
        assert_eq!(labels(0.0, 3.4e6, 7), "0 0.5M 1.0M 1.5M 2.0M 2.5M 3.0M");
        assert_eq!(labels(-2.0, 2.0, 4), "\u{2212}2 \u{2212}1 0 1 2");
        assert_eq!(labels(1.0, 12.0, 6), "2 4 6 8 10 12");
        assert_eq!(labels(0.0, 4.5e-7, 4), "0 1e-7 2e-7 3e-7 4e-7");
    }

    #[test]
    fn years_have_no_comma() {
        assert_eq!(labels(2011.0, 2015.0, 4), "2011 2012 2013 2014 2015");
    }

    #[test]
    fn values_of_one_chart_are_written_alike() {
        assert_eq!(alike(&[10.0, 21.72, -5.4]), ["10.0", "21.7", "\u{2212}5.4"]);
        assert_eq!(alike(&[3.0, 12_345.0]), ["3", "12,345"]);
        assert_eq!(alike(&[0.004, 20.5]), ["0.004", "20.5"]);
        assert_eq!(alike(&[1.5e6, 10.0]), ["1.5M", "10"]);
    }

    #[test]
    fn extreme_ranges_stay_finite() {
        for (lo, hi) in [(f64::MIN, f64::MAX), (0.0, f64::MIN_POSITIVE), (5.0, 5.0), (0.0, 0.0), (1e300, 1.0000001e300)]
            .into_iter()
            .chain([5e-324, -5e-324, 1e-310, f64::MAX, f64::MIN].map(|v| (v, v)))
        {
            let axis = Axis::over([lo, hi].into_iter(), 5).widened_to_ticks();
            assert!(axis.step > 0.0 && axis.ticks().len() <= 30, "{axis:?}");
            assert!(axis.at(lo).is_finite() && axis.at(hi).is_finite(), "{axis:?}");
        }
    }

    #[test]
    fn ticks_far_from_zero_differ() {
        assert_eq!(labels(1e9, 1e9 + 10.0, 4), "1,000,000,000 1,000,000,005 1,000,000,010");
        for (lo, hi) in [(1e12, 1e12 + 1.0), (1.6e18, 1.6e18 + 1e5), (123_456.7, 123_456.8), (1e-5, 1.000_01e-5)] {
            let axis = Axis::over([lo, hi].into_iter(), 4);
            let mut texts: Vec<String> = axis.ticks().iter().map(|&t| axis.label(t)).collect();
            let count = texts.len();
            texts.dedup();
            assert!(count > 1 && texts.len() == count, "{texts:?}");
        }
    }

    #[test]
    fn short_values() {
        let shown: Vec<String> =
            [0.0, 0.123456, 12.3456, 336_776.0, -0.5, 1.5e6, 2e-9].iter().map(|&v| short(v)).collect();
        assert_eq!(shown, ["0", "0.1235", "12.35", "336,776", "\u{2212}0.5", "1.5M", "2.00e-9"]);
    }
}
