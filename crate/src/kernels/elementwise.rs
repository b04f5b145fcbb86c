//! Loops over whole buffers, in lanes, with a remainder that does the same arithmetic.
//!
//! Macros and not functions with closures: a closure is compiled without the instruction set of the
//! function it is written in, and its vector operations become calls (measured: 3 times slower steps).

/// Widest vector of any machine, in floats.
pub(super) const WIDEST: usize = 16;
/// Partial sums of [`sum`]: the same number on every machine, so that the order of additions is too.
pub(super) const PARTIALS: usize = 16;

/// What is left of `s` from `at` on, padded with zeros.
#[inline(always)]
pub(super) fn rest<const N: usize>(s: &[f32], at: usize) -> [f32; N] {
    let mut padded = [0.0f32; N];
    padded[..s.len() - at].copy_from_slice(&s[at..]);
    padded
}

/// `map!(L, out; a = x, b = y => f(a, b))`: `out[i] = f(x[i], y[i])` in lanes `L`; all of one length.
macro_rules! map {
    ($L:ident, $out:expr; $($v:ident = $input:expr),+ => $body:expr) => {{
        let out: &mut [f32] = $out;
        let len = out.len();
        $(let $v: &[f32] = &$input[..len];)+
        let whole = len - len % $L::N;
        let mut at = 0;
        while at < whole {
            let result = {
                $(let $v = $L::load(&$v[at..]);)+
                $body
            };
            result.store(&mut out[at..]);
            at += $L::N;
        }
        if whole < len {
            use $crate::kernels::elementwise::{WIDEST, rest};
            let result = {
                $(let $v = $L::load(&rest::<WIDEST>($v, whole));)+
                $body
            };
            let mut tail = [0.0f32; WIDEST];
            result.store(&mut tail);
            out[whole..].copy_from_slice(&tail[..len - whole]);
        }
    }};
}

/// `update!(L, out as o; a = x => f(o, a))`: `out[i] = f(out[i], x[i])` in lanes `L`.
macro_rules! update {
    ($L:ident, $out:expr, as $old:ident; $($v:ident = $input:expr),* => $body:expr) => {{
        let out: &mut [f32] = $out;
        let len = out.len();
        $(let $v: &[f32] = &$input[..len];)*
        let whole = len - len % $L::N;
        let mut at = 0;
        while at < whole {
            let result = {
                let $old = $L::load(&out[at..]);
                $(let $v = $L::load(&$v[at..]);)*
                $body
            };
            result.store(&mut out[at..]);
            at += $L::N;
        }
        if whole < len {
            use $crate::kernels::elementwise::{WIDEST, rest};
            let result = {
                let $old = $L::load(&rest::<WIDEST>(out, whole));
                $(let $v = $L::load(&rest::<WIDEST>($v, whole));)*
                $body
            };
            let mut tail = [0.0f32; WIDEST];
            result.store(&mut tail);
            out[whole..].copy_from_slice(&tail[..len - whole]);
        }
    }};
}

/// `sum!(L; a = x, b = y => f(a, b))`: `sum_i f(x[i], y[i])`, with `f(0, 0) = 0`: sixteen interleaved partial
/// sums, added pairwise.
macro_rules! sum {
    ($L:ident; $($v:ident = $input:expr),+ => $body:expr) => {{
        use $crate::kernels::elementwise::{PARTIALS, pairwise, rest};
        let inputs = [$(&$input[..]),+];
        let len = inputs[0].len();
        $(let $v: &[f32] = &$input[..len];)+
        let mut sums = [$L::splat(0.0); PARTIALS / 4];
        let vectors = PARTIALS / $L::N;
        let whole = len - len % PARTIALS;
        let mut at = 0;
        while at < whole {
            for (i, sum) in sums.iter_mut().enumerate().take(vectors) {
                let term = {
                    $(let $v = $L::load(&$v[at + i * $L::N..]);)+
                    $body
                };
                *sum = sum.add(term);
            }
            at += PARTIALS;
        }
        if whole < len {
            $(let $v = rest::<PARTIALS>($v, whole);)+
            for (i, sum) in sums.iter_mut().enumerate().take(vectors) {
                let term = {
                    $(let $v = $L::load(&$v[i * $L::N..]);)+
                    $body
                };
                *sum = sum.add(term);
            }
        }
        let mut partial = [0.0f32; PARTIALS];
        for (i, sum) in sums.into_iter().enumerate().take(vectors) {
            sum.store(&mut partial[i * $L::N..]);
        }
        pairwise(partial)
    }};
}

/// Adds partial sums, halves on halves.
#[inline(always)]
pub(super) fn pairwise(mut partial: [f32; PARTIALS]) -> f32 {
    let mut width = PARTIALS / 2;
    while width > 0 {
        for i in 0..width {
            partial[i] += partial[i + width];
        }
        width /= 2;
    }
    partial[0]
}

pub(super) use {map, sum, update};
