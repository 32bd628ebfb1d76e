//! Where the values that a convolution multiplies lie.

use super::super::conv::Window;

/// Values that are multiplied at once.
pub(super) const LANES: usize = 8;
/// A place outside the image, or beyond the taps of the weight: a zero.
pub(super) const NONE: u32 = u32::MAX;

/// Sizes of a convolution of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) channels: usize,
    pub(super) input: (usize, usize),
    pub(super) kernel: (usize, usize),
    pub(super) output: (usize, usize),
}

/// An image is laid out as rows, in which a window reads `runs` stretches of `len` neighbouring values.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) runs: usize,
    /// A multiple of [`LANES`].
    pub(super) len: usize,
    /// Start of each run in the rows, position by position.
    pub(super) starts: Vec<u32>,
    /// Place in the image of each value of the rows.
    pub(super) image: Vec<u32>,
    /// Place in the weight of one output channel of each value of the runs.
    pub(super) taps: Vec<u32>,
}

impl Plan {
    pub(super) fn new(sizes: Sizes, window: Window) -> Self {
        let row = sizes.channels * sizes.kernel.1;
        if row.is_multiple_of(LANES) && window.dilation.1 == 1 { padded(sizes, window) } else { patches(sizes, window) }
    }

    /// Values of the runs of one window.
    pub(super) fn depth(&self) -> usize {
        self.runs * self.len
    }

    /// Positions of the window.
    pub(super) fn positions(&self) -> usize {
        self.starts.len() / self.runs
    }
}

/// The place of a value in an image, if it is inside.
fn place(sizes: Sizes, padding: (usize, usize), channel: usize, y: usize, x: usize) -> u32 {
    let (height, width) = sizes.input;
    let (y, x) = (y.wrapping_sub(padding.0), x.wrapping_sub(padding.1));
    if y < height && x < width { ((channel * height + y) * width + x) as u32 } else { NONE }
}

/// The image with its padding, channels innermost: a run is one row of the window.
fn padded(sizes: Sizes, window: Window) -> Plan {
    let (channels, (kh, kw), (oh, ow)) = (sizes.channels, sizes.kernel, sizes.output);
    let (height, width) = (sizes.input.0 + 2 * window.padding.0, sizes.input.1 + 2 * window.padding.1);
    let (mut starts, mut image, mut taps) = (Vec::new(), Vec::with_capacity(height * width * channels), Vec::new());
    for (y, x) in pairs(height, width) {
        image.extend((0..channels).map(|c| place(sizes, window.padding, c, y, x)));
    }
    for (i, j) in pairs(oh, ow) {
        let row = |k: usize| (i * window.stride.0 + k * window.dilation.0) * width + j * window.stride.1;
        starts.extend((0..kh).map(|k| (row(k) * channels) as u32));
    }
    for (ki, kj) in pairs(kh, kw) {
        taps.extend((0..channels).map(|c| ((c * kh + ki) * kw + kj) as u32));
    }
    Plan { runs: kh, len: kw * channels, starts, image, taps }
}

/// The patch of each position, one after the other: one run.
fn patches(sizes: Sizes, window: Window) -> Plan {
    let (channels, (kh, kw), (oh, ow)) = (sizes.channels, sizes.kernel, sizes.output);
    let depth = channels * kh * kw;
    let len = depth.next_multiple_of(LANES);
    let mut image = Vec::with_capacity(len * oh * ow);
    for (i, j) in pairs(oh, ow) {
        for (c, (ki, kj)) in (0..channels).flat_map(|c| pairs(kh, kw).map(move |k| (c, k))) {
            let (y, x) = (i * window.stride.0 + ki * window.dilation.0, j * window.stride.1 + kj * window.dilation.1);
            image.push(place(sizes, window.padding, c, y, x));
        }
        image.resize(image.len().next_multiple_of(len), NONE);
    }
    let starts = (0..oh * ow).map(|n| (n * len) as u32).collect();
    let taps = (0..len).map(|l| if l < depth { l as u32 } else { NONE }).collect();
    Plan { runs: 1, len, starts, image, taps }
}

fn pairs(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..rows).flat_map(move |i| (0..columns).map(move |j| (i, j)))
}
