//! Numbers as people read them, and plain tables.

use super::stats::Summary;

/// `2001000` as `2,001,000`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Decimals that show two digits of `size`.
#[allow(clippy::cast_sign_loss, reason = "clamped")]
fn decimals(size: f64) -> usize {
    if size > 0.0 && size.is_finite() {
        (1.0 - size.log10().floor()).clamp(0.0, 8.0) as usize
    } else {
        2
    }
}

/// Below it a number is written with a power of ten.
const TINY: f64 = 1e-4;

/// A value to four digits.
pub fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < TINY {
        return format!("{value:.1e}");
    }
    let digits = decimals(value.abs()) + 2;
    let text = format!("{value:.*}", if value.abs() >= 1000.0 { 0 } else { digits.min(8) });
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// `515.3 ± 4.1`: the error to two digits, the value to as many decimals.
pub fn with_error(value: f64, error: Option<f64>) -> String {
    match error {
        Some(error) if (f64::MIN_POSITIVE..TINY).contains(&value.abs().max(error)) => {
            format!("{value:.1e} ± {error:.1e}")
        }
        Some(error) if error > 0.0 => {
            let digits = decimals(error);
            format!("{value:.digits$} ± {error:.digits$}")
        }
        Some(_) => format!("{} ± 0", number(value)),
        None => number(value),
    }
}

/// A number of others, to the decimals that they print.
pub fn as_printed(value: f64, error: Option<f64>) -> String {
    let decimals = |v: f64| v.to_string().split_once('.').map_or(0, |(_, digits)| digits.len());
    match error {
        Some(error) => {
            let digits = decimals(value).max(decimals(error));
            format!("{value:.digits$} ± {error:.digits$}")
        }
        None => value.to_string(),
    }
}

/// Mean and standard error.
pub fn summary(summary: Summary) -> String {
    with_error(summary.mean, summary.se)
}

/// A table of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Names of columns.
    pub header: Vec<String>,
    /// As many cells each.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Without rows.
    pub fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// Markdown of GitHub's kind.
    pub fn markdown(&self) -> String {
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = vec!["---".to_string(); self.header.len()];
        let head = row(&self.header) + &row(&rule);
        self.rows.iter().fold(head, |text, cells| text + &row(cells))
    }

    /// Comma-separated values (RFC 4180, but lines end as on Unix).
    pub fn csv(&self) -> String {
        let cell = |text: &String| {
            if text.contains([',', '"', '\n']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.clone()
            }
        };
        let row = |cells: &Vec<String>| cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\n";
        std::iter::once(&self.header).chain(&self.rows).map(row).collect()
    }
}

/// Lines of a list.
pub fn list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    items.into_iter().fold(String::new(), |text, item| text + "- " + item + "\n")
}
