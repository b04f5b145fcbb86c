//! PNG from SVG, with the figures' own typeface.

use super::font;
use crate::base::{Error, Result};
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

/// Draws a document at `scale` pixels a unit.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>> {
    let tree = parse(svg)?;
    let size = tree.size();
    #[allow(clippy::cast_sign_loss, reason = "sizes are positive")]
    let [width, height] = [size.width(), size.height()].map(|s| (s * scale).round() as u32);
    let mut pixels = Pixmap::new(width, height)
        .ok_or_else(|| Error::internal(format!("a picture of {width} by {height} pixels")))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    encode(&pixels)
}

/// Reads a document as the rasteriser does.
pub fn parse(svg: &str) -> Result<Tree> {
    let mut fonts = fontdb::Database::new();
    font::FILES.iter().for_each(|file| fonts.load_font_data(file.to_vec()));
    fonts.set_sans_serif_family("Noto Sans");
    let options =
        Options { fontdb: Arc::new(fonts), font_family: "Noto Sans".into(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|e| Error::internal(format!("a figure is no SVG: {e}")))
}

/// A grey picture, 0 black to 1 white: `(rows, cols)`, row by row.
pub fn grey(rows: u32, cols: u32, values: impl Iterator<Item = f64>) -> Result<Vec<u8>> {
    let mut pixels = Pixmap::new(cols, rows)
        .ok_or_else(|| Error::internal(format!("a picture of {cols} by {rows} pixels")))?;
    for (pixel, value) in pixels.pixels_mut().iter_mut().zip(values) {
        #[allow(clippy::cast_sign_loss, reason = "clamped")]
        let v = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        if let Some(grey) = PremultipliedColorU8::from_rgba(v, v, v, 255) {
            *pixel = grey;
        }
    }
    encode(&pixels)
}

fn encode(pixels: &Pixmap) -> Result<Vec<u8>> {
    pixels.encode_png().map_err(|e| Error::internal(format!("PNG: {e}")))
}

/// A picture as it stands in an SVG.
pub fn data_url(png: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("data:image/png;base64,");
    for chunk in png.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
