//! Loops over whole buffers, in lanes, with a remainder that does the same arithmetic.

use super::lanes::Lanes;

/// Widest vector of any machine, in floats.
const WIDEST: usize = 8;
/// Partial sums of [`sum`]: the same number on every machine, so that the order of additions is too.
const PARTIALS: usize = 16;

#[inline(always)]
fn load_all<L: Lanes, const K: usize>(inputs: [&[f32]; K], at: usize) -> [L; K] {
    inputs.map(|s| L::load(&s[at..]))
}

/// Loads what is left from `at` on, padded with zeros.
#[inline(always)]
fn load_rest<L: Lanes, const K: usize>(inputs: [&[f32]; K], at: usize) -> [L; K] {
    inputs.map(|s| {
        let mut padded = [0.0f32; WIDEST];
        padded[..s.len() - at].copy_from_slice(&s[at..]);
        L::load(&padded)
    })
}

/// `out[i] = f(inputs[0][i], ...)`; all of one length.
#[inline(always)]
pub fn map<L: Lanes, const K: usize>(
    out: &mut [f32],
    inputs: [&[f32]; K],
    f: impl Fn([L; K]) -> L,
) {
    let len = out.len();
    let inputs = inputs.map(|s| &s[..len]);
    let whole = len - len % L::N;
    for at in (0..whole).step_by(L::N) {
        f(load_all(inputs, at)).store(&mut out[at..]);
    }
    if whole < len {
        let mut rest = [0.0f32; WIDEST];
        f(load_rest(inputs, whole)).store(&mut rest);
        out[whole..].copy_from_slice(&rest[..len - whole]);
    }
}

/// `out[i] = f(out[i], inputs[0][i], ...)`.
#[inline(always)]
pub fn update<L: Lanes, const K: usize>(
    out: &mut [f32],
    inputs: [&[f32]; K],
    f: impl Fn(L, [L; K]) -> L,
) {
    let len = out.len();
    let inputs = inputs.map(|s| &s[..len]);
    let whole = len - len % L::N;
    for at in (0..whole).step_by(L::N) {
        f(L::load(&out[at..]), load_all(inputs, at)).store(&mut out[at..]);
    }
    if whole < len {
        let [old] = load_rest::<L, 1>([out], whole);
        let mut rest = [0.0f32; WIDEST];
        f(old, load_rest(inputs, whole)).store(&mut rest);
        out[whole..].copy_from_slice(&rest[..len - whole]);
    }
}

/// `sum_i f(inputs[0][i], ...)` with `f(0, ...) = 0`: sixteen interleaved partial sums, added pairwise.
#[inline(always)]
pub fn sum<L: Lanes, const K: usize>(inputs: [&[f32]; K], f: impl Fn([L; K]) -> L) -> f32 {
    let len = inputs[0].len();
    let inputs = inputs.map(|s| &s[..len]);
    let mut sums = [L::splat(0.0); PARTIALS / 4];
    let vectors = PARTIALS / L::N;
    let whole = len - len % PARTIALS;
    for at in (0..whole).step_by(PARTIALS) {
        for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
            *sum = sum.add(f(load_all(inputs, at + v * L::N)));
        }
    }
    if whole < len {
        let padded = inputs.map(|s| {
            let mut padded = [0.0f32; PARTIALS];
            padded[..len - whole].copy_from_slice(&s[whole..]);
            padded
        });
        for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
            *sum = sum.add(f(load_all(padded.each_ref().map(|p| &p[..]), v * L::N)));
        }
    }
    let mut partial = [0.0f32; PARTIALS];
    for (v, sum) in sums.into_iter().enumerate().take(vectors) {
        sum.store(&mut partial[v * L::N..]);
    }
    let mut width = PARTIALS / 2;
    while width > 0 {
        for i in 0..width {
            partial[i] += partial[i + width];
        }
        width /= 2;
    }
    partial[0]
}
