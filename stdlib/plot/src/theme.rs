//! Colours and sizes: one theme, on white, so that a chart reads the same on light and dark pages.

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

pub(crate) const TITLE: f32 = 15.0;
pub(crate) const LABEL: f32 = 12.0;
pub(crate) const TICK: f32 = 11.0;

/// Colour of series number `i`.
pub(crate) fn color(i: usize) -> Color {
    SERIES[i % SERIES.len()]
}

/// `#rrggbb`.
pub(crate) fn hex([r, g, b]: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
