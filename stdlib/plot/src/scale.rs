//! Axes: ranges, round tick positions, and how numbers are written.

/// A range of values and the ticks in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub lo: f64,
    pub hi: f64,
    pub step: f64,
}

impl Axis {
    /// An axis over the finite values, with about `count` ticks; empty input gives 0 to 1.
    pub fn over(values: impl Iterator<Item = f64> + Clone, count: usize) -> Self {
        let finite = values.filter(|v| v.is_finite());
        let lo = finite.clone().fold(f64::INFINITY, f64::min);
        let hi = finite.clone().fold(f64::NEG_INFINITY, f64::max);
        let (lo, hi) = match () {
            () if lo > hi => (0.0, 1.0),
            () if lo == hi && lo == 0.0 => (-1.0, 1.0),
            () if lo == hi => (lo - lo.abs() * 0.1, hi + lo.abs() * 0.1),
            () => (lo, hi),
        };
        let mut step = round_step((hi / count.max(1) as f64) - (lo / count.max(1) as f64));
        if finite.clone().all(|v| v.fract() == 0.0) && hi - lo >= 1.0 {
            step = step.max(1.0); // whole numbers (epochs, years) get no ticks between them
        }
        Axis { lo, hi, step }
    }

    /// Widened to the next ticks.
    pub fn widened_to_ticks(mut self) -> Self {
        let lo = (self.lo / self.step + 1e-9).floor() * self.step;
        let hi = (self.hi / self.step - 1e-9).ceil() * self.step;
        if lo.is_finite() && hi.is_finite() {
            (self.lo, self.hi) = (lo, hi);
        }
        self
    }

    /// Widened by a tick wherever a value lies so close to an end that its label would leave the plot.
    pub fn with_room_for(mut self, values: &[f64]) -> Self {
        let close = (self.hi - self.lo) * 0.06;
        let (lo, hi, step) = (self.lo, self.hi, self.step);
        if values.iter().any(|&v| v > 0.0 && hi - v < close) && (hi + step).is_finite() {
            self.hi += step;
        }
        if values.iter().any(|&v| v < 0.0 && v - lo < close) && (lo - step).is_finite() {
            self.lo -= step;
        }
        self
    }

    /// Widened by a share of its length on both sides.
    pub fn padded(mut self, share: f64) -> Self {
        let pad = (self.hi - self.lo) * share;
        self.lo -= pad;
        self.hi += pad;
        self
    }

    /// Positions of the ticks.
    pub fn ticks(&self) -> Vec<f64> {
        let first = (self.lo / self.step - 1e-6).ceil();
        let last = (self.hi / self.step + 1e-6).floor();
        let count = (last - first).clamp(0.0, 100.0) as usize;
        (0..=count).map(|i| (first + i as f64) * self.step).map(|t| if t == 0.0 { 0.0 } else { t }).collect()
    }

    /// Where a value lies, 0 at `lo` and 1 at `hi`.
    pub fn at(&self, value: f64) -> f64 {
        // halves keep ranges near the largest float finite
        (value * 0.5 - self.lo * 0.5) / (self.hi * 0.5 - self.lo * 0.5)
    }

    /// A tick's text.
    pub fn label(&self, value: f64) -> String {
        let largest = self.lo.abs().max(self.hi.abs());
        match () {
            () if !(1e-4..1e15).contains(&largest) && largest > 0.0 => {
                let digits = (largest.log10().floor() - self.step.log10().floor()).clamp(0.0, 6.0) as usize;
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
fn round_step(raw: f64) -> f64 {
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
        .map(|v| format!("{v:.decimals$}"))
        .map(|text| minus(&if largest >= 10_000.0 { group(&text) } else { text }))
        .collect()
}

/// A single value in at most four significant digits, for labels on bars and for legends.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
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
        {
            let axis = Axis::over([lo, hi].into_iter(), 5).widened_to_ticks();
            assert!(axis.step > 0.0 && axis.ticks().len() <= 101, "{axis:?}");
            assert!(axis.at(lo).is_finite() && axis.at(hi).is_finite(), "{axis:?}");
        }
    }

    #[test]
    fn short_values() {
        let shown: Vec<String> =
            [0.0, 0.123456, 12.3456, 336_776.0, -0.5, 1.5e6, 2e-9].iter().map(|&v| short(v)).collect();
        assert_eq!(shown, ["0", "0.1235", "12.35", "336,776", "\u{2212}0.5", "1.5M", "2.00e-9"]);
    }
}
