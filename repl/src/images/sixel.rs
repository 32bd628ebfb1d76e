//! Sixels: a picture as rows of signs, six pixels high, colour by colour.

use super::pixels::Pixels;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most colours of a picture.
const COLORS: usize = 256;

/// The picture as one sequence.
pub fn encoded(pixels: &Pixels) -> String {
    let (palette, indices) = quantized(&pixels.colors);
    let mut out = format!("\x1bP0;1;0q\"1;1;{};{}", pixels.width, pixels.height);
    for (at, color) in palette.iter().enumerate() {
        let [red, green, blue] = color.map(|part| (u32::from(part) * 100 + 127) / 255);
        // Writing to a string cannot fail.
        let _ = write!(out, "#{at};2;{red};{green};{blue}");
    }
    for (at, band) in indices.chunks(pixels.width.max(1) * 6).enumerate() {
        if at > 0 {
            out.push('-');
        }
        write_band(band, pixels.width, &mut out);
    }
    out.push_str("\x1b\\");
    out
}

/// Six rows of pixels: for each colour in them a row of signs, whose bits say where it is.
fn write_band(band: &[u8], width: usize, out: &mut String) {
    let mut rows: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    for (at, color) in band.iter().enumerate() {
        rows.entry(*color).or_insert_with(|| vec![0; width])[at % width] |= 1 << (at / width);
    }
    for (at, (color, row)) in rows.iter().enumerate() {
        let _ = write!(out, "{}#{color}", if at > 0 { "$" } else { "" });
        let end = row.iter().rposition(|bits| *bits != 0).map_or(0, |last| last + 1);
        for run in row[..end].chunk_by(|a, b| a == b) {
            let sign = char::from(63 + run[0]);
            match run.len() {
                count @ 0..=3 => out.extend(std::iter::repeat_n(sign, count)),
                count => drop(write!(out, "!{count}{sign}")),
            }
        }
    }
}

/// The colours that stand for all, and which of them each pixel has.
fn quantized(colors: &[[u8; 3]]) -> (Vec<[u8; 3]>, Vec<u8>) {
    let mut counts: BTreeMap<[u8; 3], u32> = BTreeMap::new();
    colors.iter().for_each(|color| *counts.entry(*color).or_default() += 1);
    let all: Vec<([u8; 3], u32)> = counts.into_iter().collect();
    let boxes = cut(all);
    let palette: Vec<[u8; 3]> = boxes.iter().map(mean).collect();
    let mut index: BTreeMap<[u8; 3], u8> = BTreeMap::new();
    for (at, colors) in boxes.iter().enumerate() {
        // There are at most 256 of them.
        index.extend(colors.iter().map(|(color, _)| (*color, at as u8)));
    }
    let indices = colors.iter().map(|color| index.get(color).copied().unwrap_or(0)).collect();
    (palette, indices)
}

type Counted = Vec<([u8; 3], u32)>;

/// Median cut: the box with the widest spread of many pixels is halved until there are enough.
fn cut(all: Counted) -> Vec<Counted> {
    if all.len() <= COLORS {
        return all.into_iter().map(|color| vec![color]).collect();
    }
    let mut boxes = vec![all];
    while boxes.len() < COLORS {
        let weight = |colors: &Counted| {
            let pixels: u32 = colors.iter().map(|(_, count)| count).sum();
            u64::from(widest(colors).1) * u64::from(pixels.isqrt())
        };
        let Some(at) = (0..boxes.len()).max_by_key(|at| weight(&boxes[*at])).filter(|at| boxes[*at].len() > 1) else {
            break;
        };
        let mut colors = boxes.swap_remove(at);
        let channel = widest(&colors).0;
        colors.sort_by_key(|(color, _)| color[channel]);
        let pixels: u32 = colors.iter().map(|(_, count)| count).sum();
        let mut seen = 0;
        let middle = colors.iter().position(|(_, count)| {
            seen += count;
            seen * 2 >= pixels
        });
        let upper = colors.split_off((middle.unwrap_or(0) + 1).min(colors.len() - 1));
        boxes.push(colors);
        boxes.push(upper);
    }
    boxes
}

/// The channel whose values lie furthest apart, and how far.
fn widest(colors: &Counted) -> (usize, u8) {
    let spread = |channel: usize| {
        let values = || colors.iter().map(|(color, _)| color[channel]);
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    (0..3).map(|channel| (channel, spread(channel))).max_by_key(|(_, spread)| *spread).unwrap_or((0, 0))
}

fn mean(colors: &Counted) -> [u8; 3] {
    let pixels: u64 = colors.iter().map(|(_, count)| u64::from(*count)).sum();
    [0, 1, 2].map(|channel| {
        let sum: u64 = colors.iter().map(|(color, count)| u64::from(color[channel]) * u64::from(*count)).sum();
        (sum / pixels.max(1)) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pixels of a sequence, as a terminal would read it.
    fn decoded(text: &str) -> Pixels {
        let body =
            text.strip_prefix("\x1bP0;1;0q\"1;1;").and_then(|text| text.strip_suffix("\x1b\\")).expect("a sequence");
        let end = body.find('#').expect("colours");
        let (width, height) = body[..end].split_once(';').expect("a size");
        let (width, height): (usize, usize) = (width.parse().expect("a width"), height.parse().expect("a height"));
        let mut colors = vec![[9, 9, 9]; width * height];
        let mut palette: BTreeMap<usize, [u8; 3]> = BTreeMap::new();
        let (mut x, mut band, mut color, mut count) = (0, 0, 0, 1);
        let mut chars = body[end..].chars().peekable();
        while let Some(c) = chars.next() {
            let mut number = || {
                let mut number = 0;
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    number = number * 10 + digit as usize;
                    chars.next();
                }
                number
            };
            match c {
                '#' => {
                    color = number();
                    if chars.next_if_eq(&';').is_some() {
                        let parts: String =
                            std::iter::from_fn(|| chars.next_if(|c| c.is_ascii_digit() || *c == ';')).collect();
                        let parts: Vec<u32> = parts.split(';').map(|part| part.parse().expect("a number")).collect();
                        palette.insert(color, [1, 2, 3].map(|at| (parts[at] * 255 / 100) as u8));
                    }
                }
                '!' => count = number(),
                '$' => x = 0,
                '-' => (x, band) = (0, band + 1),
                sign => {
                    let bits = sign as u8 - 63;
                    for _ in 0..std::mem::replace(&mut count, 1) {
                        (0..6).filter(|row| bits & (1 << row) != 0).for_each(|row| {
                            colors[(band * 6 + row) * width + x] = palette[&color];
                        });
                        x += 1;
                    }
                }
            }
        }
        Pixels { width, height, colors }
    }

    fn far(a: &Pixels, b: &Pixels) -> u8 {
        let pairs = a.colors.iter().zip(&b.colors);
        pairs.flat_map(|(a, b)| (0..3).map(move |channel| a[channel].abs_diff(b[channel]))).max().unwrap_or(0)
    }

    #[test]
    fn few_colours_come_back_as_they_were() {
        let colors = (0..7 * 13).map(|at| if at % 5 == 0 { [255, 0, 51] } else { [0, 102, 255] }).collect();
        let pixels = Pixels { width: 13, height: 7, colors };
        assert_eq!(far(&decoded(&encoded(&pixels)), &pixels), 0);
    }

    #[test]
    fn many_colours_come_back_nearly_as_they_were() {
        let color = |x: usize, y: usize| [(x * 2) as u8, (y * 3) as u8, (x ^ y) as u8];
        let colors = (0..80).flat_map(|y| (0..120).map(move |x| color(x, y))).collect();
        let pixels = Pixels { width: 120, height: 80, colors };
        let back = decoded(&encoded(&pixels));
        assert_eq!((back.width, back.height), (120, 80));
        assert!(far(&back, &pixels) <= 48, "{}", far(&back, &pixels));
    }
}
