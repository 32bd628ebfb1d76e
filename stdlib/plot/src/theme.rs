//! Colours and sizes: one theme, on a white card, so that a picture reads the same on light and dark pages.

/// An sRGB colour.
pub(crate) type Color = [u8; 3];

/// Series, in order (Okabe and Ito 2008, without the yellow that fades on white).
const SERIES: [Color; 7] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x55, 0x55, 0x55],
];
pub(crate) const PAGE: Color = [0xff, 0xff, 0xff];
pub(crate) const INK: Color = [0x22, 0x26, 0x2b];
pub(crate) const SOFT: Color = [0x5a, 0x61, 0x69];
pub(crate) const AXIS: Color = [0x9a, 0xa0, 0xa8];
pub(crate) const GRID: Color = [0xe6, 0xe8, 0xeb];
/// Where a value is missing.
pub(crate) const MISSING: Color = [0xc9, 0xcc, 0xd1];
/// What raises a prediction, and what lowers it.
pub(crate) const RAISES: Color = [0xd5, 0x5e, 0x00];
pub(crate) const LOWERS: Color = [0x00, 0x72, 0xb2];

pub(crate) const TITLE: f32 = 15.0;
pub(crate) const LABEL: f32 = 12.0;
pub(crate) const TICK: f32 = 11.0;

/// Colour of series number `i`; after the seventh darker ones, then lighter ones.
pub(crate) fn color(i: usize) -> Color {
    let mixed = |toward: Color, share: f64| {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let own = SERIES[i % SERIES.len()];
        [mix(own[0], toward[0]), mix(own[1], toward[1]), mix(own[2], toward[2])]
    };
    match i / SERIES.len() % 3 {
        0 => SERIES[i % SERIES.len()],
        1 => mixed([0; 3], 0.4),
        _ => mixed(PAGE, 0.45),
    }
}

/// `#rrggbb`.
pub(crate) fn hex([r, g, b]: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Colours for numbers from 0 to 1. All change in lightness, so that they are read without seeing red or green.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ramp {
    /// Dark blue to yellow (viridis, Smith and van der Walt 2015).
    Viridis,
    /// White to blue, for shares.
    Blues,
    /// Blue over white to red, for signed numbers: 0.5 is zero.
    Diverging,
    /// Blue over purple to orange (plasma without its pale end), for dots on white.
    LowHigh,
}

impl Ramp {
    /// The colours at equal distances.
    pub fn stops(self) -> &'static [Color] {
        match self {
            Ramp::Viridis => &[
                [0x44, 0x01, 0x54],
                [0x48, 0x28, 0x78],
                [0x3e, 0x4a, 0x89],
                [0x31, 0x68, 0x8e],
                [0x26, 0x82, 0x8e],
                [0x1f, 0x9e, 0x89],
                [0x35, 0xb7, 0x79],
                [0x6d, 0xcd, 0x59],
                [0xb4, 0xde, 0x2c],
                [0xfd, 0xe7, 0x25],
            ],
            Ramp::Blues => {
                &[[0xf5, 0xf8, 0xfc], [0xc4, 0xdc, 0xee], [0x74, 0xb1, 0xd8], [0x24, 0x78, 0xb5], [0x08, 0x3a, 0x70]]
            }
            Ramp::Diverging => {
                &[[0x1f, 0x56, 0x9b], [0x63, 0xa3, 0xcf], [0xf6, 0xf6, 0xf6], [0xec, 0x92, 0x72], [0xa8, 0x1c, 0x2e]]
            }
            Ramp::LowHigh => {
                &[[0x2a, 0x1a, 0x9e], [0x7e, 0x03, 0xa8], [0xb8, 0x32, 0x89], [0xdb, 0x5c, 0x68], [0xf3, 0x8e, 0x3f]]
            }
        }
    }

    /// The colour at `t`; what is not a number is missing.
    pub fn at(self, t: f64) -> Color {
        if t.is_nan() {
            return MISSING;
        }
        let stops = self.stops();
        let place = t.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let below = (place as usize).min(stops.len() - 2);
        let share = place - below as f64;
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let (a, b) = (stops[below], stops[below + 1]);
        [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])]
    }
}

/// Share of the light that a colour sends back (WCAG 2), 0 to 1.
pub(crate) fn luminance(color: Color) -> f64 {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2])
}

/// Text that reads on a colour.
pub(crate) fn ink_on(color: Color) -> Color {
    if luminance(color) > 0.3 { INK } else { PAGE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_change_in_lightness() {
        for ramp in [Ramp::Viridis, Ramp::LowHigh] {
            let light: Vec<f64> = (0..=20).map(|i| luminance(ramp.at(f64::from(i) / 20.0))).collect();
            assert!(light.windows(2).all(|w| w[0] < w[1]), "{ramp:?} {light:?}");
        }
        let light: Vec<f64> = (0..=20).map(|i| luminance(Ramp::Blues.at(f64::from(i) / 20.0))).collect();
        assert!(light.windows(2).all(|w| w[0] > w[1]), "{light:?}");
        let light: Vec<f64> = (0..=20).map(|i| luminance(Ramp::Diverging.at(f64::from(i) / 20.0))).collect();
        assert!(
            light[..11].windows(2).all(|w| w[0] < w[1]) && light[10..].windows(2).all(|w| w[0] > w[1]),
            "{light:?}"
        );
    }

    #[test]
    fn twenty_one_series_have_colours_of_their_own() {
        for i in 0..21 {
            let (a, page) = (luminance(color(i)), luminance(PAGE));
            assert!((0..i).all(|j| color(j) != color(i)) && (page + 0.05) / (a + 0.05) > 1.4, "{i}: {:?}", color(i));
        }
    }

    #[test]
    fn text_on_any_colour_of_a_ramp_is_readable() {
        for ramp in [Ramp::Viridis, Ramp::Blues, Ramp::Diverging] {
            for i in 0..=40 {
                let under = ramp.at(f64::from(i) / 40.0);
                let (a, b) = (luminance(under), luminance(ink_on(under)));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast > 3.0, "{ramp:?} at {i}/40: contrast {contrast:.1}");
            }
        }
    }
}
