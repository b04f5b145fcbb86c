//! One panel: title, axes, and what lies in it.

use super::font::{self, Weight, wrap};
use super::scale::{Scale, Tick, short};
use super::series::{Reference, Series, bar, diamond};
use super::style::{FAINT, GRID, INK};
use super::svg::{Svg, a, n, num};

/// An axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// With its unit.
    pub title: String,
    /// Logarithmic.
    pub log: bool,
    /// Lowest value; else what the data need.
    pub lo: Option<f64>,
    /// Highest value; else what the data need.
    pub hi: Option<f64>,
    /// Where the ticks are; else round numbers.
    pub ticks: Vec<f64>,
}

/// One panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// The paper's; panels of one letter stand together.
    pub letter: String,
    /// Above it.
    pub title: String,
    /// Along.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// Later ones lie above earlier ones.
    pub series: Vec<Series>,
    /// Numbers of others.
    pub references: Vec<Reference>,
    /// A level that means something.
    pub mark: Option<(f64, String)>,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// Ticks.
const SMALL: f64 = 11.0;
/// Titles.
const TITLE: f64 = 13.0;
const LINE: f64 = 16.0;
/// Room for the panel's letter.
const LETTER: f64 = 15.0;
/// Room for ticks and title below.
pub const BELOW: f64 = 36.0;
/// Room for the marks of references, right of the plot.
pub const GUTTER: f64 = 13.0;
/// First part of training that does not count for the vertical range: the loss of random weights would hide the rest.
pub const START: f64 = 0.03;

impl Chart {
    fn even_steps(&self) -> bool {
        !self.x.log
    }

    /// Values that the vertical axis has to show.
    fn heights(&self) -> Vec<f64> {
        let furthest =
            self.series.iter().flat_map(|s| &s.points).map(|p| p.x).fold(0.0_f64, f64::max);
        let late = |x: f64| !self.even_steps() || x >= START * furthest;
        let mut values: Vec<f64> = Vec::new();
        for series in &self.series {
            let short = series.points.iter().all(|p| !late(p.x));
            for point in series.points.iter().filter(|p| short || late(p.x)) {
                values.push(point.mean);
                if series.dots {
                    values.extend([point.mean - point.se, point.mean + point.se]);
                }
            }
        }
        values.extend(self.references.iter().map(|r| r.value));
        values.retain(|v| v.is_finite() && (!self.y.log || *v > 0.0));
        values
    }

    /// The vertical scale onto a plot of this height, from 0 at its top.
    fn y_scale(&self, height: f64) -> Scale {
        let mut values = self.heights();
        let (lo, hi) = range(&values).unwrap_or((1.0, 1.0));
        let reach = 0.5 * (hi - lo);
        if let Some((mark, _)) = &self.mark
            && (lo - reach..=hi + reach).contains(mark)
        {
            values.push(*mark);
        }
        let (lo, hi) = range(&values).unwrap_or((0.1, 1.0));
        let (lo, hi) = (self.y.lo.unwrap_or(lo), self.y.hi.unwrap_or(hi));
        if !self.y.ticks.is_empty() {
            return Scale::new(lo, hi, self.y.log).onto(height, 0.0);
        }
        Scale::nice(lo, hi, self.y.log, count_up(height)).onto(height, 0.0)
    }

    fn x_scale(&self, width: f64) -> Scale {
        let values: Vec<f64> = self.series.iter().flat_map(|s| &s.points).map(|p| p.x).collect();
        let values: Vec<f64> = values.into_iter().filter(|v| !self.x.log || *v > 0.0).collect();
        let (lo, hi) = range(&values).unwrap_or(if self.x.log { (1.0, 10.0) } else { (0.0, 1.0) });
        if self.series.iter().any(|s| s.dots) {
            let room = (hi / lo).powf(0.08).max(1.2);
            return Scale::new(lo / room, hi * room, self.x.log).onto(0.0, width);
        }
        let lo = if self.x.log { lo } else { lo.min(0.0) };
        Scale::new(self.x.lo.unwrap_or(lo), self.x.hi.unwrap_or(hi), self.x.log).onto(0.0, width)
    }

    fn y_ticks(&self, scale: &Scale, height: f64) -> Vec<Tick> {
        ticks(&self.y, scale, count_up(height))
    }

    /// Room that the panel needs left of its plot.
    pub fn left(&self, height: f64) -> f64 {
        let ticks = self.y_ticks(&self.y_scale(height), height);
        let labels = ticks.iter().filter_map(|t| t.label.as_deref());
        let widest =
            labels.map(|label| font::width(label, SMALL, Weight::Regular)).fold(0.0_f64, f64::max);
        widest + 28.0
    }

    /// Lines of the title in a panel of this width.
    fn title_lines(&self, width: f64) -> Vec<String> {
        wrap(&self.title, TITLE, Weight::Bold, width - LETTER)
    }

    /// Room that the panel needs above its plot.
    pub fn above(&self, width: f64) -> f64 {
        self.title_lines(width).len() as f64 * LINE + 10.0
    }

    /// Draws the panel: `plot` is the area between the axes, `frame` its left edge and width with everything.
    /// `id` is unlike those of other panels; `first`: the letter is shown.
    pub fn draw(&self, svg: &mut Svg, id: usize, plot: Rect, frame: (f64, f64), first: bool) {
        self.draw_title(svg, plot, frame, first);
        svg.open("g", &[a("transform", format!("translate({} {})", n(plot.x), n(plot.y)))]);
        let (x, y) = (self.x_scale(plot.w), self.y_scale(plot.h));
        self.draw_y(svg, &y, plot);
        self.draw_x(svg, &x, plot);
        if let Some((value, name)) = self.mark.as_ref().filter(|(value, _)| y.holds(*value)) {
            draw_level(svg, y.at(*value), plot.w, name);
        }
        let clip = format!("plot{id}");
        svg.open("clipPath", &[a("id", clip.clone())]);
        // a curve along the edge is drawn in full width
        svg.empty(
            "rect",
            &[a("x", "-1"), a("y", "-1"), num("width", plot.w + 2.0), num("height", plot.h + 2.0)],
        );
        svg.close();
        svg.open("g", &[a("clip-path", format!("url(#{clip})"))]);
        self.draw_levels(svg, &y, plot.w);
        self.series.iter().for_each(|series| series.draw_error(svg, &x, &y));
        self.draw_connection(svg, &x, &y);
        self.series.iter().for_each(|series| series.draw(svg, &x, &y));
        svg.close();
        self.draw_references(svg, &x, &y, plot.w);
        svg.close();
    }

    fn draw_title(&self, svg: &mut Svg, plot: Rect, (left, width): (f64, f64), first: bool) {
        let lines = self.title_lines(width);
        let letter = !self.letter.is_empty();
        let indent = if letter { LETTER } else { 0.0 };
        let top = plot.y - 12.0 - (lines.len() as f64 - 1.0) * LINE;
        if letter && first {
            text(svg, (left, top), (TITLE + 2.0, Weight::Bold), "start", INK, &self.letter);
        }
        for (i, line) in lines.iter().enumerate() {
            let at = (left + indent, top + i as f64 * LINE);
            text(svg, at, (TITLE, Weight::Bold), "start", INK, line);
        }
    }

    fn draw_y(&self, svg: &mut Svg, y: &Scale, plot: Rect) {
        let mut widest = 0.0_f64;
        for tick in self.y_ticks(y, plot.h) {
            let at = y.at(tick.value);
            let Some(label) = tick.label else {
                line(svg, format!("M-3 {0}H0", n(at)), FAINT, 0.8);
                continue;
            };
            line(svg, format!("M0 {0}H{1}", n(at), n(plot.w)), GRID, 1.0);
            line(svg, format!("M-5 {0}H0", n(at)), FAINT, 1.0);
            widest = widest.max(font::width(&label, SMALL, Weight::Regular));
            text(svg, (-8.0, at + 4.0), (SMALL, Weight::Regular), "end", INK, &label);
        }
        line(svg, format!("M0 0V{}", n(plot.h)), FAINT, 1.0);
        let (x, y) = (-(widest + 16.0), 0.5 * plot.h);
        svg.text(
            "text",
            &[
                a("transform", format!("translate({} {}) rotate(-90)", n(x), n(y))),
                num("font-size", SMALL),
                a("text-anchor", "middle"),
                a("fill", FAINT),
            ],
            &self.y.title,
        );
    }

    fn draw_x(&self, svg: &mut Svg, x: &Scale, plot: Rect) {
        let bottom = plot.h;
        line(svg, format!("M0 {0}H{1}", n(bottom), n(plot.w)), FAINT, 1.0);
        let mut free = f64::NEG_INFINITY;
        for tick in ticks(&self.x, x, fitting(plot.w, 60.0).max(2)) {
            let at = x.at(tick.value);
            let half =
                tick.label.as_ref().map_or(0.0, |l| 0.5 * font::width(l, SMALL, Weight::Regular));
            let label = tick.label.filter(|_| at - half > free);
            let length = if label.is_some() { 5.0 } else { 3.0 };
            line(svg, format!("M{} {}v{}", n(at), n(bottom), n(length)), FAINT, 1.0);
            if let Some(label) = label {
                free = at + half + 5.0;
                text(svg, (at, bottom + 17.0), (SMALL, Weight::Regular), "middle", INK, &label);
            }
        }
        let at = (0.5 * plot.w, bottom + 32.0);
        text(svg, at, (SMALL, Weight::Regular), "middle", FAINT, &self.x.title);
    }

    /// Levels of references: across the panel while there are few, else only near their marks.
    fn draw_levels(&self, svg: &mut Svg, y: &Scale, width: f64) {
        let levels = self.references.iter().filter(|r| r.x.is_none());
        let from = if levels.clone().count() > 3 { 0.86 * width } else { 0.0 };
        for level in levels {
            let at = y.at(level.value);
            let from = if level.style.is_none() { 0.0 } else { from };
            svg.empty(
                "path",
                &[
                    a("d", format!("M{} {}H{}", n(from), n(at), n(width + 2.0))),
                    a("stroke", level.style.map_or(FAINT, |s| s.colour)),
                    a("stroke-width", "1.1"),
                    a("stroke-dasharray", "4 3"),
                    a("stroke-opacity", if level.approximate { "0.45" } else { "0.85" }),
                ],
            );
        }
    }

    fn draw_connection(&self, svg: &mut Svg, x: &Scale, y: &Scale) {
        let mut dots: Vec<_> =
            self.series.iter().filter(|s| s.dots).flat_map(|s| s.points.iter().copied()).collect();
        dots.sort_by(|a, b| a.x.total_cmp(&b.x));
        if dots.len() > 1 {
            let at: Vec<String> =
                dots.iter().map(|p| format!("{} {}", n(x.at(p.x)), n(y.at(p.mean)))).collect();
            line(svg, format!("M{}", at.join("L")), "#bbbbbb", 1.2);
        }
    }

    fn draw_references(&self, svg: &mut Svg, x: &Scale, y: &Scale, width: f64) {
        for reference in &self.references {
            // beside our point, not on top of it
            let at = reference.x.map_or(width + 0.5 * GUTTER, |v| x.at(v) + 8.0);
            let colour = reference.style.map_or(FAINT, |s| s.colour);
            if let Some(error) = reference.error {
                bar(svg, at, y, (reference.value, error), colour);
            }
            diamond(svg, at, y.at(reference.value), colour, reference.approximate);
        }
    }
}

/// A dotted level with its name above its right end: curves fall steeply at the left.
fn draw_level(svg: &mut Svg, y: f64, width: f64, name: &str) {
    svg.empty(
        "path",
        &[
            a("d", format!("M0 {}H{}", n(y), n(width))),
            a("stroke", FAINT),
            a("stroke-dasharray", "1 3"),
            a("stroke-width", "1.2"),
        ],
    );
    // below the line where there is no room above
    let at = if y < 14.0 { y + 12.0 } else { y - 4.0 };
    text(svg, (width - 4.0, at), (10.0, Weight::Regular), "end", FAINT, name);
}

fn count_up(height: f64) -> usize {
    fitting(height, 34.0).max(3)
}

#[allow(clippy::cast_sign_loss, reason = "lengths are positive")]
fn fitting(length: f64, each: f64) -> usize {
    (length / each) as usize
}

fn ticks(axis: &Axis, scale: &Scale, count: usize) -> Vec<Tick> {
    if axis.ticks.is_empty() {
        return scale.ticks(count);
    }
    let inside = axis.ticks.iter().copied().filter(|v| scale.holds(*v));
    inside.map(|value| Tick { value, label: Some(short(value)) }).collect()
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(lo, hi), v| (lo.min(*v), hi.max(*v))))
}

/// A stroke without fill.
pub fn line(svg: &mut Svg, d: String, colour: &str, width: f64) {
    svg.empty(
        "path",
        &[a("d", d), a("fill", "none"), a("stroke", colour), num("stroke-width", width)],
    );
}

/// A line of text.
pub fn text(
    svg: &mut Svg,
    (x, y): (f64, f64),
    (size, weight): (f64, Weight),
    anchor: &str,
    colour: &str,
    content: &str,
) {
    let mut attributes = vec![
        num("x", x),
        num("y", y),
        num("font-size", size),
        a("fill", colour),
        a("text-anchor", anchor),
    ];
    if weight == Weight::Bold {
        attributes.push(a("font-weight", "bold"));
    }
    svg.text("text", &attributes, content);
}
