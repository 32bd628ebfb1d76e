//! A picture as braille signs: dots where it is dark, errors spread to the neighbours.

use super::pixels::Pixels;

/// The bits of a sign's dots, two by four.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The picture over so many columns.
pub fn drawn(pixels: &Pixels, columns: usize) -> String {
    let width = columns * 2;
    // Columns of terminals are half as wide as high: dots are square.
    let height = (pixels.height * width).div_ceil(pixels.width.max(1)).div_ceil(4).max(1) * 4;
    let small = pixels.scaled_to(width, height);
    let mut light: Vec<f32> = small
        .colors
        .iter()
        .map(|[red, green, blue]| 0.2126 * f32::from(*red) + 0.7152 * f32::from(*green) + 0.0722 * f32::from(*blue))
        .collect();
    let mut cells = vec![0_u8; columns * height / 4];
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let is_dark = light[at] < 128.0;
            let error = light[at] - if is_dark { 0.0 } else { 255.0 };
            let neighbours = [
                (x + 1 < width).then_some((at + 1, 7.0)),
                (x > 0 && y + 1 < height).then(|| (at + width - 1, 3.0)),
                (y + 1 < height).then_some((at + width, 5.0)),
                (x + 1 < width && y + 1 < height).then_some((at + width + 1, 1.0)),
            ];
            for (at, share) in neighbours.into_iter().flatten() {
                light[at] += error * share / 16.0;
            }
            if is_dark {
                cells[y / 4 * columns + x / 2] |= BITS[y % 4][x % 2];
            }
        }
    }
    let sign = |bits: &u8| char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
    cells.chunks(columns).map(|row| row.iter().map(sign).collect::<String>()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_is_dots_and_light_is_none() {
        let colors = (0..8).flat_map(|_| [[0; 3], [0; 3], [255; 3], [255; 3]]).collect();
        assert_eq!(drawn(&Pixels { width: 4, height: 8, colors }, 2), "⣿⠀\n⣿⠀");
    }
}
