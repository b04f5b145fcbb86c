//! How a product reads an operand: as it lies, or as one of the matrices of [`View`] that are never put together in
//! memory, so that a convolution is a product. Zeros stand for what is outside of an image.

use super::grid::Slot;
use super::template::expand;
use crate::plan::{Buf, View};

const PATCHES: &str = include_str!("wgsl/patches.wgsl");
const TURNED: &str = include_str!("wgsl/turned.wgsl");

/// Neighbours in memory that an operand is read in runs of.
pub(super) fn columns(view: View, shape: Buf) -> usize {
    match view {
        View::Plain | View::Patches(_) => shape.cols,
        View::Turned(image) => shape.cols / (image.size * image.size),
    }
}

/// WGSL of `NAME(row, col)`, four neighbouring columns of the matrix; the `first` of a side brings what both need.
pub(super) fn loader(name: &str, first: bool, view: View, slot: Slot) -> String {
    let Slot { binding, shape, fours } = slot;
    let channels = columns(view, shape) / if fours { 4 } else { 1 };
    let (text, image, rows) = match view {
        View::Plain => {
            return format!(
                "fn {name}(row: u32, col: u32) -> vec4f {{ return load{binding}(row, col); }}\n"
            );
        }
        View::Patches(image) => (PATCHES, image, 0),
        View::Turned(image) => (TURNED, image, shape.rows),
    };
    let names =
        [("first", u32::from(first)), ("fours", u32::from(fours)), ("single", u32::from(!fours))];
    [
        ("NAME", name.to_string()),
        ("BUFFER", format!("b{binding}")),
        ("HEIGHT", format!("{}u", image.height)),
        ("BREADTH", format!("{}u", image.width)),
        ("SIDE", format!("{}u", image.size)),
        ("TAPS", format!("{}u", image.size * image.size)),
        ("PAD", format!("{}u", image.size / 2)),
        ("OUTPUTS", format!("{rows}u")),
        ("CHANNELS", format!("{channels}u")),
    ]
    .iter()
    .fold(expand(text, &names), |text, (name, value)| text.replace(*name, value))
}
