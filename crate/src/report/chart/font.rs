//! The figures' typeface: widths of text for the layout, and the same files for the rasteriser.
//!
//! Noto Sans (SIL Open Font License) comes with the program: a machine may have no font at all, and the layout must
//! not depend on which it has.

use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId};
use std::sync::LazyLock;

/// `font-family` of every text.
pub const FAMILY: &str = "Noto Sans, Helvetica Neue, Arial, sans-serif";
/// Files of the typeface.
pub const FILES: [&[u8]; 2] = [notosans::REGULAR_TTF, notosans::BOLD_TTF];

/// Weights in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Everything else.
    Regular,
    /// Titles and panel letters.
    Bold,
}

/// Advance widths in em of the first few hundred characters; others count as the widest of them.
struct Widths {
    known: Vec<f64>,
    widest: f64,
}

/// Latin, Greek and the mathematical signs in titles: `‖` is U+2016, `−` is U+2212.
const KNOWN: usize = 0x2300;

impl Widths {
    fn of(file: &[u8]) -> Self {
        let mut known = vec![0.0; KNOWN];
        if let Ok(font) = FontRef::new(file) {
            let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
            for (code, width) in (0u32..).zip(known.iter_mut()) {
                let glyph = font.charmap().map(code).unwrap_or(GlyphId::NOTDEF);
                *width = f64::from(metrics.advance_width(glyph).unwrap_or(0.6));
            }
        }
        Self { known, widest: 1.0 }
    }

    fn width(&self, text: &str) -> f64 {
        let of = |c: char| self.known.get(c as usize).copied().unwrap_or(self.widest);
        text.chars().map(of).sum()
    }
}

static REGULAR: LazyLock<Widths> = LazyLock::new(|| Widths::of(FILES[0]));
static BOLD: LazyLock<Widths> = LazyLock::new(|| Widths::of(FILES[1]));

/// Width of a line of text, in the unit of `size`.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let widths = match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    };
    widths.width(text) * size
}

/// Breaks text between words into lines of at most `most`; a longer word stands alone.
pub fn wrap(text: &str, size: f64, weight: Weight, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, weight) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}
