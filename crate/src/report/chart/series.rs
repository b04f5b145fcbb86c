//! What lies in a panel: curves with bands, single points, and the numbers of others to compare with.

use super::scale::Scale;
use super::style::Style;
use super::svg::{Svg, a, n, num};

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Along.
    pub x: f64,
    /// Upwards.
    pub mean: f64,
    /// Half height of band or bar; 0 for none.
    pub se: f64,
}

/// An arm in a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Colour and dash.
    pub style: Style,
    /// From left to right.
    pub points: Vec<Point>,
    /// A dot with a bar for each point instead of a curve with a band.
    pub dots: bool,
}

/// A number of the paper or its authors.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Along, where arms lie along the panel; else it is a level.
    pub x: Option<f64>,
    /// Upwards.
    pub value: f64,
    /// Its standard error.
    pub error: Option<f64>,
    /// Its arm's; none: of no arm.
    pub style: Option<Style>,
    /// Read off a plot: drawn hollow and lighter.
    pub approximate: bool,
}

/// Averages the points that fall into one pixel column: more cannot be seen, and files stay small.
fn columns(points: &[Point], x: &Scale) -> Vec<Point> {
    let mut out: Vec<(i64, Point, f64)> = Vec::new();
    for point in points {
        let column = x.at(point.x).round() as i64;
        match out.last_mut() {
            Some((last, sum, count)) if *last == column => {
                sum.x += point.x;
                sum.mean += point.mean;
                sum.se += point.se;
                *count += 1.0;
            }
            _ => out.push((column, *point, 1.0)),
        }
    }
    out.into_iter()
        .map(|(_, sum, n)| Point { x: sum.x / n, mean: sum.mean / n, se: sum.se / n })
        .collect()
}

/// A coordinate with one decimal, for paths.
fn p(value: f64) -> String {
    n((value * 10.0).round() / 10.0)
}

impl Series {
    /// Draws the band or the bars.
    pub fn draw_error(&self, svg: &mut Svg, x: &Scale, y: &Scale) {
        if self.dots {
            for point in self.points.iter().filter(|point| point.se > 0.0) {
                bar(svg, x.at(point.x), y, (point.mean, point.se), self.style.colour);
            }
            return;
        }
        let points = columns(&self.points, x);
        if points.len() < 2 || points.iter().all(|point| point.se == 0.0) {
            return;
        }
        let corner = |point: &Point, side: f64| {
            format!("{} {}", p(x.at(point.x)), p(y.at(point.mean + side * point.se)))
        };
        let mut corners: Vec<String> = points.iter().map(|point| corner(point, 1.0)).collect();
        corners.extend(points.iter().rev().map(|point| corner(point, -1.0)));
        let path = format!("M{}Z", corners.join("L"));
        svg.empty("path", &[a("d", path), a("fill", self.style.colour), a("fill-opacity", "0.18")]);
    }

    /// Draws the curve or the dots.
    pub fn draw(&self, svg: &mut Svg, x: &Scale, y: &Scale) {
        let points = if self.dots { self.points.clone() } else { columns(&self.points, x) };
        if self.dots || points.len() == 1 {
            for point in &points {
                svg.empty(
                    "circle",
                    &[
                        num("cx", x.at(point.x)),
                        num("cy", y.at(point.mean)),
                        a("r", "3.5"),
                        a("fill", self.style.colour),
                    ],
                );
            }
            return;
        }
        let at = |point: &Point| format!("{} {}", p(x.at(point.x)), p(y.at(point.mean)));
        let path = points.iter().map(at).collect::<Vec<_>>().join("L");
        if path.is_empty() {
            return;
        }
        let mut attributes = vec![
            a("d", format!("M{path}")),
            a("fill", "none"),
            a("stroke", self.style.colour),
            a("stroke-width", "1.6"),
            a("stroke-linejoin", "round"),
        ];
        attributes.extend(self.style.dash.map(|dash| a("stroke-dasharray", dash)));
        svg.empty("path", &attributes);
    }
}

/// A thin vertical bar of a standard error.
pub fn bar(svg: &mut Svg, x: f64, y: &Scale, (mean, se): (f64, f64), colour: &str) {
    svg.empty(
        "path",
        &[
            a("d", format!("M{} {}V{}", n(x), n(y.at(mean - se)), n(y.at(mean + se)))),
            a("stroke", colour),
            a("stroke-width", "1.4"),
        ],
    );
}

/// The mark of another's number: a diamond, hollow where it was read off a plot.
pub fn diamond(svg: &mut Svg, x: f64, y: f64, colour: &str, approximate: bool) {
    let r = if approximate { 3.6 } else { 4.2 };
    let d = format!("M{} {}l{r} {r}l-{r} {r}l-{r} -{r}Z", n(x), n(y - r));
    svg.empty(
        "path",
        &[
            a("d", d),
            a("fill", if approximate { "#ffffff" } else { colour }),
            a("stroke", if approximate { colour } else { "#ffffff" }),
            a("stroke-width", if approximate { "1.2" } else { "0.8" }),
            a("stroke-opacity", if approximate { "0.75" } else { "1" }),
        ],
    );
}
