//! Scenes as SVG documents.

use crate::font::Weight;
use crate::scene::{Anchor, Run, Scene, Shape};
use crate::theme::{PAGE, hex};
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// The whole document.
pub(crate) fn write(scene: &Scene) -> String {
    let (w, h) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"'DejaVu Sans', Verdana, sans-serif\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>\n",
        hex(PAGE)
    );
    for shape in &scene.shapes {
        // Writing to a String cannot fail.
        let _ = write_shape(&mut out, shape);
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(out: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Path { points, width, color, dash } => {
            write!(
                out,
                "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"",
                hex(*color)
            )?;
            if let Some(dash) = dash {
                write!(out, " stroke-dasharray=\"{dash} {dash}\"")?;
            }
            out.push_str(" points=\"");
            write_points(out, points)?;
            out.push_str("\"/>\n");
        }
        Shape::Area { points, color, alpha } => {
            write!(out, "<polygon fill=\"{}\"{} points=\"", hex(*color), opacity(*alpha))?;
            write_points(out, points)?;
            out.push_str("\"/>\n");
        }
        Shape::Rect { x, y, width, height, color, alpha } => writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}/>",
            hundredth(*x),
            hundredth(*y),
            hundredth(*width),
            hundredth(*height),
            hex(*color),
            opacity(*alpha)
        )?,
        Shape::Circle { x, y, radius, color, alpha } => {
            write!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{}\"",
                hundredth(*x),
                hundredth(*y),
                hex(*color)
            )?;
            writeln!(out, "{}/>", opacity(*alpha))?;
        }
        Shape::Text { x, y, text, style } => {
            let anchor = match style.anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let weight = if style.weight == Weight::Bold { " font-weight=\"bold\"" } else { "" };
            let (x, y) = (hundredth(*x), hundredth(*y));
            let place = match style.run {
                Run::Across => format!("x=\"{x}\" y=\"{y}\""),
                Run::Upwards => format!("transform=\"translate({x} {y}) rotate(-90)\""),
                Run::Slanted => format!("transform=\"translate({x} {y}) rotate(-45)\""),
            };
            let (size, color) = (style.size, hex(style.color));
            writeln!(
                out,
                "<text {place} font-size=\"{size}\" fill=\"{color}\"{anchor}{weight}>{}</text>",
                escape_html(text)
            )?;
        }
    }
    Ok(())
}

fn write_points(out: &mut String, points: &[(f32, f32)]) -> std::fmt::Result {
    for (i, (x, y)) in points.iter().enumerate() {
        let space = if i == 0 { "" } else { " " };
        write!(out, "{space}{},{}", hundredth(*x), hundredth(*y))?;
    }
    Ok(())
}

fn opacity(alpha: f32) -> String {
    if alpha < 1.0 { format!(" fill-opacity=\"{alpha}\"") } else { String::new() }
}

/// Hundredths of a pixel are enough, and keep documents short.
fn hundredth(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}
