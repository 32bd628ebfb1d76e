//! A PNG as pixels.

use png::{ColorType, Decoder, Transformations};

/// Larger pictures are not decoded here.
const MOST: u64 = 64 * 1024 * 1024;

/// A picture without transparency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue, row by row.
    pub colors: Vec<[u8; 3]>,
}

/// Width and height of a PNG.
pub fn size(png: &[u8]) -> Option<(u32, u32)> {
    let reader = Decoder::new(png).read_info().ok()?;
    Some((reader.info().width, reader.info().height))
}

/// The pixels of a PNG, on white.
pub fn decode(png: &[u8]) -> Option<Pixels> {
    let mut decoder = Decoder::new(png);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    if u64::from(reader.info().width) * u64::from(reader.info().height) > MOST {
        return None;
    }
    let mut bytes = vec![0; reader.output_buffer_size()];
    let frame = reader.next_frame(&mut bytes).ok()?;
    bytes.truncate(frame.buffer_size());
    let over = |color: u8, alpha: u8| {
        let (color, alpha) = (u32::from(color), u32::from(alpha));
        ((color * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    let colors = match frame.color_type {
        ColorType::Rgba => {
            bytes.chunks_exact(4).map(|p| [over(p[0], p[3]), over(p[1], p[3]), over(p[2], p[3])]).collect()
        }
        ColorType::Rgb => bytes.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect(),
        ColorType::GrayscaleAlpha => bytes.chunks_exact(2).map(|p| [over(p[0], p[1]); 3]).collect(),
        ColorType::Grayscale => bytes.iter().map(|p| [*p; 3]).collect(),
        ColorType::Indexed => return None,
    };
    Some(Pixels { width: frame.width as usize, height: frame.height as usize, colors })
}

impl Pixels {
    /// The same picture with rows of so many pixels, each the mean of what it covers.
    pub fn scaled(&self, width: usize) -> Pixels {
        let width = width.max(1);
        let height = (self.height * width).div_ceil(self.width.max(1)).max(1);
        self.scaled_to(width, height)
    }

    /// The same picture in this size.
    pub fn scaled_to(&self, width: usize, height: usize) -> Pixels {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let range = |at: usize, from: usize, to: usize| {
            let start = (at * from / to).min(from - 1);
            start..((at + 1) * from).div_ceil(to).clamp(start + 1, from)
        };
        let mut colors = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows = range(y, self.height, height);
            for x in 0..width {
                let columns = range(x, self.width, width);
                let count = (rows.len() * columns.len()) as u32;
                let mut sum = [0_u32; 3];
                for row in rows.clone() {
                    for color in &self.colors[row * self.width + columns.start..row * self.width + columns.end] {
                        (0..3).for_each(|channel| sum[channel] += u32::from(color[channel]));
                    }
                }
                colors.push(sum.map(|sum| (sum / count) as u8));
            }
        }
        Pixels { width, height, colors }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A PNG with a gradient and a red corner.
    pub fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(ColorType::Rgba);
        let mut writer = encoder.write_header().expect("a header");
        let pixel = |x: u32, y: u32| match x < width / 4 && y < height / 4 {
            true => [255, 0, 0, 255],
            false => [(x * 255 / width) as u8, (y * 255 / height) as u8, 128, if x + 1 == width { 0 } else { 255 }],
        };
        let data: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        writer.write_image_data(&data).expect("pixels");
        writer.finish().expect("a picture");
        out
    }

    #[test]
    fn what_is_transparent_is_white() {
        let pixels = decode(&png(8, 4)).expect("a picture");
        assert_eq!((pixels.width, pixels.height), (8, 4));
        assert_eq!((pixels.colors[0], pixels.colors[7]), ([255, 0, 0], [255, 255, 255]));
    }

    #[test]
    fn scaling_takes_means() {
        let pixels = Pixels { width: 2, height: 2, colors: vec![[0; 3], [100; 3], [200; 3], [100; 3]] };
        assert_eq!(pixels.scaled(1).colors, [[100; 3]]);
        assert_eq!(pixels.scaled(4).colors.len(), 16);
        assert_eq!(pixels.scaled_to(3, 1).width, 3);
    }
}
