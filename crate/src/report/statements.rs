//! Sentences that follow from the numbers: what agrees with the paper, what differs, what cannot be told.

use super::format::{as_printed, number, summary};
use super::numbers::{self, Comparison, Numbers, Order, Reversal, Verdict, WITHIN};
use super::tables::apart;
use crate::experiments::preset::Preset;

/// Sentences by what they say.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Statements {
    /// Within two standard errors, or in the same order.
    pub agrees: Vec<String>,
    /// Further apart, or in another order.
    pub differs: Vec<String>,
    /// There is no standard error to judge by, or one that is too large.
    pub open: Vec<String>,
}

/// All sentences about an experiment: orders first, then values.
pub fn statements(preset: &Preset, numbers: &Numbers) -> Statements {
    let mut all = Statements::default();
    for order in &numbers.orders {
        let settled = |r: &&Reversal| r.in_errors.is_some_and(|z| z > WITHIN);
        let sentence = order_sentence(preset, order);
        if order.reversed.is_empty() {
            all.agrees.push(sentence);
        } else if order.reversed.iter().any(|r| settled(&r)) {
            all.differs.push(sentence);
        } else {
            all.open.push(sentence);
        }
    }
    for c in &numbers.comparisons {
        let sentence = value_sentence(preset, c);
        match c.verdict() {
            Verdict::Agrees => all.agrees.push(sentence),
            Verdict::Differs => all.differs.push(sentence),
            Verdict::Loose => all.open.push(sentence),
            Verdict::Open => {}
        }
    }
    for quantity in numbers::quantities(preset) {
        let open =
            |c: &&Comparison| (c.metric, c.layer) == quantity && c.verdict() == Verdict::Open;
        all.open.extend(open_sentence(preset, numbers.comparisons.iter().filter(open).collect()));
    }
    all
}

/// All numbers of a quantity that lack a standard error on one side: the table has them one by one.
fn open_sentence(preset: &Preset, mut open: Vec<&Comparison>) -> Option<String> {
    let far = |c: &Comparison| ((c.ours.mean - c.theirs) / c.theirs).abs();
    open.sort_by(|a, b| far(a).total_cmp(&far(b)));
    let (nearest, furthest) = (open.first()?, open.last()?);
    let name = numbers::name(preset, (nearest.metric, nearest.layer));
    let show = |c: &Comparison| format!("{} ({})", apart(c), c.label);
    Some(if open.len() == 1 {
        format!("{name}: one number without a standard error on one side, {}.", show(nearest))
    } else {
        format!(
            "{name}: {} numbers without a standard error on one side, from {} to {}.",
            open.len(),
            show(nearest),
            show(furthest)
        )
    })
}

fn order_sentence(preset: &Preset, order: &Order) -> String {
    let name = numbers::name(preset, (order.metric, order.layer));
    let (pairs, source) = (order.pairs, order.source);
    if order.reversed.is_empty() {
        let which = if pairs == 1 {
            "the one pair of arms comes".to_string()
        } else {
            format!("all {pairs} pairs of arms come")
        };
        return format!("{name}: {which} in the same order as in {source}.");
    }
    let each = order.reversed.iter().map(|r| {
        let (a, b) = (&r.lower, &r.higher);
        let clear = match r.in_errors {
            Some(z) if z <= WITHIN => format!("; ours are within {WITHIN} s.e. of each other"),
            Some(_) => String::new(),
            None => "; one seed decides nothing".into(),
        };
        format!(
            "{} below {} there ({}, {}), above it here ({}, {}{clear})",
            a.0,
            b.0,
            number(a.1),
            number(b.1),
            number(a.2),
            number(b.2)
        )
    });
    let each: Vec<String> = each.collect();
    format!(
        "{name}: {} of {pairs} pairs of arms come in another order than in {source}: {}.",
        order.reversed.len(),
        each.join("; ")
    )
}

fn value_sentence(preset: &Preset, c: &Comparison) -> String {
    let name = numbers::name(preset, (c.metric, c.layer));
    let about = if c.approximate { "about " } else { "" };
    let (ours, theirs) = (summary(c.ours), as_printed(c.theirs, c.error));
    let n = c.ours.n;
    format!("{name}, {}: {ours} (n = {n}), {}: {about}{theirs}; {}.", c.label, c.source, apart(c))
}
