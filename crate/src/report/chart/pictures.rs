//! The autoencoder seen: its code of two numbers as a scatter, and what it gives back.

use super::figure::{Flow, Heading, MARGIN, WIDTH, document};
use super::font::Weight;
use super::panel::text;
use super::png;
use super::scale::Scale;
use super::style::{CLASSES, FAINT, INK};
use super::svg::{Svg, a, n, num};
use crate::base::Result;

/// A sample's class and its code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    /// 0 to 9.
    pub label: usize,
    /// First unit.
    pub x: f64,
    /// Second unit.
    pub y: f64,
}

/// Inputs and what came out, 0 black to 1 white.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Height of a picture.
    pub rows: usize,
    /// Width of a picture.
    pub cols: usize,
    /// `rows x cols` numbers each.
    pub inputs: Vec<Vec<f64>>,
    /// As many as inputs.
    pub outputs: Vec<Vec<f64>>,
}

/// What there is to see of a method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Method {
    /// Its name.
    pub label: String,
    /// Codes of many samples; may be empty.
    pub codes: Vec<Code>,
    /// A few samples.
    pub samples: Option<Samples>,
}

const PER_ROW: usize = 4;
const GAP: f64 = 22.0;
/// Samples beside each other; each stands above what came out.
const ACROSS: usize = 4;

/// Draws all methods: panels B and C of the paper's Figure 3.
pub fn draw(title: &str, subtitle: &str, methods: &[Method]) -> Result<String> {
    let cell = (WIDTH - 2.0 * MARGIN - GAP * (PER_ROW as f64 - 1.0)) / PER_ROW as f64;
    let heading = Heading::new(title, subtitle, WIDTH);
    let mut body = Svg::default();
    let mut top = heading.height;
    for (r, row) in methods.chunks(PER_ROW).enumerate() {
        let scatter = if row.iter().any(|m| !m.codes.is_empty()) { cell + 24.0 } else { 0.0 };
        let strip = row.iter().map(|m| m.samples.as_ref().map_or(0.0, |s| strip_height(s, cell)));
        let strip = strip.fold(0.0_f64, f64::max);
        for (i, method) in row.iter().enumerate() {
            let left = MARGIN + i as f64 * (cell + GAP);
            let first = i == 0 && r == 0;
            label(&mut body, (left, top + 14.0), if first { "B" } else { "" }, &method.label);
            if !method.codes.is_empty() {
                draw_codes(&mut body, method, (left, top + 24.0), cell);
            }
            if let Some(samples) = &method.samples {
                let at = top + 24.0 + scatter;
                if first {
                    text(&mut body, (left, at + 12.0), (15.0, Weight::Bold), "start", INK, "C");
                }
                draw_samples(&mut body, samples, (left, at + 18.0), cell)?;
            }
        }
        top += 24.0 + scatter + 18.0 + strip + 24.0;
    }
    let mut bottom = top;
    if methods.iter().any(|m| !m.codes.is_empty()) {
        let mut flow = Flow::new(top - 8.0, WIDTH);
        for (class, colour) in CLASSES.iter().enumerate() {
            let (x, y) = flow.item(&mut body, 9.0, &class.to_string());
            let at = [num("cx", x + 4.5), num("cy", y)];
            body.empty("circle", &[&at[..], &[a("r", "4.5"), a("fill", *colour)]].concat());
        }
        bottom = flow.bottom();
    }
    Ok(document(&heading, WIDTH, bottom + MARGIN, title, body))
}

fn label(svg: &mut Svg, (x, y): (f64, f64), letter: &str, name: &str) {
    text(svg, (x, y), (15.0, Weight::Bold), "start", INK, letter);
    text(svg, (x + 16.0, y), (13.0, Weight::Bold), "start", INK, name);
}

/// Codes in a square; every class is one path of dots, so that files stay small.
fn draw_codes(svg: &mut Svg, method: &Method, (left, top): (f64, f64), size: f64) {
    const INSET: f64 = 6.0;
    let scale = |value: fn(&Code) -> f64| {
        let values = method.codes.iter().map(value).filter(|v| v.is_finite());
        let (lo, hi) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        Scale::new(lo, hi, false)
    };
    let x = scale(|code| code.x).onto(left + INSET, left + size - INSET);
    let y = scale(|code| code.y).onto(top + size - INSET, top + INSET);
    svg.empty(
        "rect",
        &[
            num("x", left),
            num("y", top),
            num("width", size),
            num("height", size),
            a("fill", "none"),
            a("stroke", "#bbbbbb"),
        ],
    );
    for (class, colour) in CLASSES.iter().enumerate() {
        let codes = method
            .codes
            .iter()
            .filter(|code| code.label == class && code.x.is_finite() && code.y.is_finite());
        // a stroke of no length with round ends is a dot
        let dots: Vec<String> =
            codes.map(|code| format!("M{:.1} {:.1}h.01", x.at(code.x), y.at(code.y))).collect();
        let d = dots.concat();
        if d.is_empty() {
            continue;
        }
        svg.empty(
            "path",
            &[
                a("d", d),
                a("fill", "none"),
                a("stroke", *colour),
                a("stroke-width", "2.4"),
                a("stroke-linecap", "round"),
                a("stroke-opacity", "0.6"),
            ],
        );
    }
    for (axis, scale, anchor) in [("x", &x, "middle"), ("y", &y, "end")] {
        // the ends of the axes in numbers: how far codes spread differs by method
        let ticks = scale.ticks(4);
        for tick in ticks {
            let Some(value) = tick.label else { continue };
            let at = scale.at(tick.value);
            if axis == "x" {
                let place = (at, top + size + 13.0);
                text(svg, place, (10.0, Weight::Regular), anchor, FAINT, &value);
            } else {
                svg.text(
                    "text",
                    &[
                        a(
                            "transform",
                            format!("translate({} {}) rotate(-90)", n(left - 4.0), n(at)),
                        ),
                        a("font-size", "10"),
                        a("text-anchor", "middle"),
                        a("fill", FAINT),
                    ],
                    &value,
                );
            }
        }
    }
}

fn strip_height(samples: &Samples, width: f64) -> f64 {
    let bands = samples.inputs.len().div_ceil(ACROSS);
    let side = width / ACROSS as f64;
    bands as f64 * (2.0 * side * samples.rows as f64 / samples.cols.max(1) as f64 + 6.0)
}

/// Bands of inputs above outputs, each band one embedded picture.
fn draw_samples(
    svg: &mut Svg,
    samples: &Samples,
    (left, top): (f64, f64),
    width: f64,
) -> Result<()> {
    let (rows, cols) = (samples.rows, samples.cols);
    let side = width / ACROSS as f64;
    let height = 2.0 * side * rows as f64 / cols.max(1) as f64;
    let bands = samples.inputs.chunks(ACROSS).zip(samples.outputs.chunks(ACROSS));
    for (i, (inputs, outputs)) in bands.enumerate() {
        let across = inputs.len();
        let mut values = Vec::with_capacity(2 * rows * cols * across);
        for pictures in [inputs, outputs] {
            for row in 0..rows {
                for picture in pictures {
                    values.extend(picture.iter().skip(row * cols).take(cols));
                }
            }
        }
        let picture = png::grey((2 * rows) as u32, (cols * across) as u32, values.into_iter())?;
        svg.empty(
            "image",
            &[
                num("x", left),
                num("y", top + i as f64 * (height + 6.0)),
                num("width", side * across as f64),
                num("height", height),
                a("preserveAspectRatio", "none"),
                a("style", "image-rendering:pixelated"),
                a("href", png::data_url(&picture)),
            ],
        );
    }
    Ok(())
}
