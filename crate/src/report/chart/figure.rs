//! Panels in a grid under one title, above one legend.
//!
//! Panels of one letter belong together. Where several letters have several panels (one for each layer, say), a
//! letter is a column and its panels stand above each other, as in the paper; else panels run from left to right.

use super::font::{self, Weight, wrap};
use super::panel::{BELOW, Chart, GUTTER, Rect, text};
use super::series::diamond;
use super::style::{FAINT, INK, Style};
use super::svg::{Svg, a, n, num};

/// A figure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figure {
    /// Bold, on top.
    pub title: String,
    /// Below the title: what the curves are.
    pub subtitle: String,
    /// The panels.
    pub charts: Vec<Chart>,
    /// Curves' names.
    pub legend: Vec<(Style, String)>,
}

/// Width at which text has the size that it says.
pub const WIDTH: f64 = 900.0;
/// Of a figure of one panel.
const NARROW: f64 = 640.0;
/// Around everything.
pub const MARGIN: f64 = 14.0;
const GAP: f64 = 16.0;
const ROW_GAP: f64 = 18.0;
const LEGEND_TEXT: f64 = 12.0;
const LEGEND_LINE: f64 = 20.0;

/// Column and row of every panel.
pub fn grid(letters: &[&str]) -> Vec<(usize, usize)> {
    let mut groups: Vec<usize> = Vec::new();
    for (i, letter) in letters.iter().enumerate() {
        match groups.last_mut() {
            Some(size) if i > 0 && letters[i - 1] == *letter && !letter.is_empty() => *size += 1,
            _ => groups.push(1),
        }
    }
    let depth = groups.iter().copied().max().unwrap_or(1);
    let even = groups.iter().all(|size| *size == depth || *size == 1);
    if depth > 1 && even {
        let mut places = Vec::new();
        let (mut column, mut row) = (0, 0);
        for size in &groups {
            // a column of single panels ends where a letter with several begins
            if *size > 1 && row > 0 || row == depth {
                (column, row) = (column + 1, 0);
            }
            for _ in 0..*size {
                places.push((column, row));
                row += 1;
            }
        }
        if (2..4).contains(&column) {
            return places;
        }
    }
    let columns = match letters.len() {
        n @ 0..4 => n.max(1),
        4 => 2,
        _ => 3,
    };
    (0..letters.len()).map(|i| (i % columns, i / columns)).collect()
}

/// Draws the figure.
pub fn draw(figure: &Figure) -> String {
    let letters: Vec<&str> = figure.charts.iter().map(|c| c.letter.as_str()).collect();
    let places = grid(&letters);
    let columns = places.iter().map(|p| p.0 + 1).max().unwrap_or(1);
    let rows = places.iter().map(|p| p.1 + 1).max().unwrap_or(1);
    let width = if columns == 1 { NARROW } else { WIDTH };
    let cell = (width - 2.0 * MARGIN - GAP * (columns as f64 - 1.0)) / columns as f64;
    let height = (0.66 * cell).clamp(140.0, 270.0);

    let heading = Heading::new(&figure.title, &figure.subtitle, width);
    let mut top = heading.height;
    let mut body = Svg::default();
    let in_column = |column| {
        let charts = figure.charts.iter().zip(&places).filter(move |(_, p)| p.0 == column);
        charts.map(|(chart, _)| chart.left(height)).fold(0.0_f64, f64::max)
    };
    for row in 0..rows {
        let charts = || figure.charts.iter().enumerate().zip(&places).filter(|(_, p)| p.1 == row);
        top += charts().map(|((_, chart), _)| chart.above(cell)).fold(0.0_f64, f64::max);
        for ((i, chart), (column, _)) in charts() {
            let left = MARGIN + *column as f64 * (cell + GAP);
            let room = in_column(*column);
            let plot = Rect { x: left + room, y: top, w: cell - room - GUTTER, h: height };
            let first = i == 0 || letters[i - 1] != letters[i];
            chart.draw(&mut body, i, plot, (left, cell), first);
        }
        top += height + BELOW + ROW_GAP;
    }
    let below = legend(&mut body, figure, top - 2.0, width);
    document(&heading, width, below + MARGIN, &figure.title, body)
}

/// Title and subtitle, broken into lines.
pub struct Heading {
    title: Vec<String>,
    subtitle: Vec<String>,
    /// Of both, with room below.
    pub height: f64,
}

impl Heading {
    /// For a figure of this width.
    pub fn new(title: &str, subtitle: &str, width: f64) -> Self {
        let most = width - 2.0 * MARGIN;
        let title = wrap(title, 16.0, Weight::Bold, most);
        let subtitle = wrap(subtitle, 12.0, Weight::Regular, most);
        let lines = (title.len() as f64, subtitle.len() as f64);
        Self { title, subtitle, height: MARGIN + 21.0 * lines.0 + 17.0 * lines.1 + 10.0 }
    }

    fn draw(&self, svg: &mut Svg) {
        let mut y = MARGIN;
        for line in &self.title {
            text(svg, (MARGIN, y + 15.0), (16.0, Weight::Bold), "start", INK, line);
            y += 21.0;
        }
        for line in &self.subtitle {
            text(svg, (MARGIN, y + 13.0), (12.0, Weight::Regular), "start", FAINT, line);
            y += 17.0;
        }
    }
}

/// Puts a body on white paper of this size, under its heading.
pub fn document(heading: &Heading, width: f64, height: f64, name: &str, body: Svg) -> String {
    let mut svg = Svg::default();
    let height = height.ceil();
    svg.open(
        "svg",
        &[
            a("xmlns", "http://www.w3.org/2000/svg"),
            num("width", width),
            num("height", height),
            a("viewBox", format!("0 0 {} {}", n(width), n(height))),
            a("font-family", font::FAMILY),
            a("role", "img"),
        ],
    );
    svg.text("title", &[], name);
    svg.empty("rect", &[num("width", width), num("height", height), a("fill", "#ffffff")]);
    heading.draw(&mut svg);
    svg.raw(&body.finish());
    svg.finish()
}

/// Flows items from left to right and returns where the next line would begin.
pub struct Flow {
    /// Left end of the next item.
    pub x: f64,
    /// Middle of its line.
    pub y: f64,
    width: f64,
}

impl Flow {
    /// Below `top`, in a figure of this width.
    pub fn new(top: f64, width: f64) -> Self {
        Self { x: MARGIN, y: top + 0.5 * LEGEND_LINE, width }
    }

    /// Room for a symbol of width `symbol` and its label; the label is drawn.
    pub fn item(&mut self, svg: &mut Svg, symbol: f64, label: &str) -> (f64, f64) {
        let wide = symbol + 6.0 + font::width(label, LEGEND_TEXT, Weight::Regular);
        if self.x + wide > self.width - MARGIN && self.x > MARGIN {
            self.x = MARGIN;
            self.y += LEGEND_LINE;
        }
        let at = (self.x, self.y);
        let beside = (at.0 + symbol + 6.0, at.1 + 4.0);
        text(svg, beside, (LEGEND_TEXT, Weight::Regular), "start", INK, label);
        self.x += wide + 18.0;
        at
    }

    /// Lower end.
    pub fn bottom(&self) -> f64 {
        self.y + 0.5 * LEGEND_LINE
    }
}

fn legend(svg: &mut Svg, figure: &Figure, top: f64, width: f64) -> f64 {
    let mut flow = Flow::new(top, width);
    let dots = figure.charts.iter().all(|c| c.series.iter().all(|s| s.dots));
    for (style, label) in &figure.legend {
        let (x, y) = flow.item(svg, 26.0, label);
        if dots {
            let at = [num("cx", x + 13.0), num("cy", y)];
            svg.empty("circle", &[&at[..], &[a("r", "3.5"), a("fill", style.colour)]].concat());
            continue;
        }
        let mut attributes = vec![
            a("d", format!("M{} {}h26", n(x), n(y))),
            a("stroke", style.colour),
            a("stroke-width", "2.2"),
        ];
        attributes.extend(style.dash.map(|dash| a("stroke-dasharray", dash)));
        svg.empty("path", &attributes);
    }
    let references = || figure.charts.iter().flat_map(|c| &c.references);
    for (approximate, label) in [(false, "paper"), (true, "approximate (read off a plot)")] {
        if references().any(|r| r.approximate == approximate) {
            let (x, y) = flow.item(svg, 10.0, label);
            diamond(svg, x + 5.0, y, FAINT, approximate);
        }
    }
    flow.bottom()
}
