//! Colours and dashes: the palette of Okabe and Ito, which people with any kind of colour vision can tell apart.

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// `#rrggbb`.
    pub colour: &'static str,
    /// `stroke-dasharray`; none: a full line.
    pub dash: Option<&'static str>,
}

/// Their yellow is left out: it cannot be seen as a thin line on white.
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// For curves that share a colour.
const DASHES: [Option<&str>; 4] = [None, Some("6 3"), Some("2 2.5"), Some("9 3 2 3")];

/// Colours of ten classes; three more than the palette has.
pub const CLASSES: [&str; 10] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c564b",
    "#999999", "#b3a600",
];

/// Text and axes.
pub const INK: &str = "#222222";
/// Less important text.
pub const FAINT: &str = "#666666";
/// Grid lines.
pub const GRID: &str = "#e6e6e6";

impl Style {
    /// The n-th curve's.
    pub fn nth(n: usize) -> Self {
        Self::of(n, n / COLOURS.len())
    }

    /// A colour and a dash of their own, for arms in rows and columns.
    pub fn of(colour: usize, dash: usize) -> Self {
        Self { colour: COLOURS[colour % COLOURS.len()], dash: DASHES[dash % DASHES.len()] }
    }
}
