//! Axes as numbers: domain to pixels, and where the ticks are.

/// A labelled or minor tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where.
    pub value: f64,
    /// None for minor ticks of a logarithmic axis.
    pub label: Option<String>,
}

/// Maps a domain to pixels, evenly or by logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    lo: f64,
    hi: f64,
    log: bool,
    from: f64,
    to: f64,
}

/// Steps of even ticks, in tenths of a power of ten.
const NICE: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

impl Scale {
    /// Exactly from `lo` to `hi`; both positive if `log`. An empty domain is widened.
    pub fn new(lo: f64, hi: f64, log: bool) -> Self {
        let (lo, hi) = match (hi > lo, log) {
            (true, _) => (lo, hi),
            (false, true) => (lo / 2.0, lo * 2.0),
            (false, false) => (lo - 0.5 * lo.abs().max(1.0), lo + 0.5 * lo.abs().max(1.0)),
        };
        Self { lo, hi, log, from: 0.0, to: 1.0 }
    }

    /// Widened to end on ticks, about `count` of them.
    pub fn nice(lo: f64, hi: f64, log: bool, count: usize) -> Self {
        let mut scale = Self::new(lo, hi, log);
        if log {
            let round = |value: f64, up: bool| {
                let decade = 10f64.powf(value.log10().floor());
                let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade);
                let slack = 1e-9 * value;
                let found = if up {
                    steps.into_iter().find(|s| *s + slack >= value)
                } else {
                    steps.into_iter().rev().find(|s| *s - slack <= value)
                };
                found.unwrap_or(value)
            };
            (scale.lo, scale.hi) = (round(scale.lo, false), round(scale.hi, true));
        } else {
            let step = scale.step(count);
            scale.lo = (scale.lo / step + 1e-9).floor() * step;
            scale.hi = (scale.hi / step - 1e-9).ceil() * step;
        }
        scale
    }

    /// Onto these pixels.
    pub fn onto(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// Where a value is. What has no logarithm lies at the beginning.
    pub fn at(&self, value: f64) -> f64 {
        let t = if self.log {
            (value.max(self.lo * 1e-3) / self.lo).ln() / (self.hi / self.lo).ln()
        } else {
            (value - self.lo) / (self.hi - self.lo)
        };
        self.from + t * (self.to - self.from)
    }

    /// Whether a value lies within the domain.
    pub fn holds(&self, value: f64) -> bool {
        let slack = 1e-9 * (self.hi - self.lo);
        (self.lo - slack..=self.hi + slack).contains(&value)
    }

    fn step(&self, count: usize) -> f64 {
        let raw = (self.hi - self.lo) / count.max(1) as f64;
        let decade = 10f64.powf(raw.log10().floor());
        let steps = NICE.map(|m| m * decade);
        steps.into_iter().find(|s| *s >= 0.95 * raw).unwrap_or(10.0 * decade)
    }

    /// Ticks: on an even axis about `count`, on a logarithmic one at powers of ten, or at 1, 2, 5 where these are few.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.log { self.log_ticks(count) } else { self.even_ticks(count) }
    }

    fn even_ticks(&self, count: usize) -> Vec<Tick> {
        let step = self.step(count);
        let first = (self.lo / step - 1e-9).ceil() as i64;
        let last = (self.hi / step + 1e-9).floor() as i64;
        #[allow(clippy::cast_sign_loss, reason = "not below 0")]
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        (first..=last)
            .map(|i| i as f64 * step)
            .map(|value| Tick { value, label: Some(even_label(value, self.hi, decimals)) })
            .collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let (first, last) = (self.lo.log10().floor() as i32, self.hi.log10().ceil() as i32);
        let decades = (self.hi / self.lo).log10();
        // labels at every k-th power of ten where there are many, at 1, 2, 5 or 1, 3 where there are few
        let every = (decades / count.max(2) as f64).ceil().max(1.0) as i32;
        let labelled: &[i32] = match decades {
            d if d <= 0.3 => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
            d if d <= 1.6 => &[1, 2, 5],
            d if d <= 2.2 => &[1, 3],
            _ => &[1],
        };
        let mut ticks = Vec::new();
        for decade in first..=last {
            for m in 1..10 {
                let value = f64::from(m) * 10f64.powi(decade);
                if self.holds(value) {
                    let named = labelled.contains(&m) && (m != 1 || decade.rem_euclid(every) == 0);
                    ticks.push(Tick { value, label: named.then(|| short(value)) });
                }
            }
        }
        if ticks.iter().filter(|t| t.label.is_some()).count() < 2 {
            // less than a decade and not on its ticks: even ones say more
            return self.even_ticks(count);
        }
        ticks
    }
}

fn even_label(value: f64, hi: f64, decimals: usize) -> String {
    if hi >= 10_000.0 { short(value) } else { format!("{value:.decimals$}").replace('-', "−") }
}

/// A tick's number: `0.001`, `50`, `20k`, `1.5M`, `1e−5`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    let trim = |v: f64| {
        let text = format!("{v:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    };
    let text = if size == 0.0 {
        "0".into()
    } else if !(0.99e-4..1e9).contains(&size) {
        format!("{value:.0e}")
    } else if size >= 1e6 {
        format!("{}M", trim(value / 1e6))
    } else if size >= 1e4 {
        format!("{}k", trim(value / 1e3))
    } else if size >= 0.01 {
        trim(value)
    } else {
        format!("{value:.4}").trim_end_matches('0').to_string()
    };
    text.replace('-', "−")
}
