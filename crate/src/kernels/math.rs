//! exp, tanh, sigmoid, ln, sine and cosine from one source, in lanes.
//!
//! Platform mathematics libraries differ in the last bits, so a run would not repeat from native to
//! browser. These are polynomials in plain multiplications and additions (Cephes' single precision
//! coefficients, S. Moshier), with the error bounds that the tests at the end measure against f64.

#![allow(clippy::excessive_precision, reason = "published coefficients, as published")]

use super::lanes::Lanes;

/// Evaluates a polynomial, highest coefficient first.
#[inline(always)]
fn horner<L: Lanes>(x: L, coefficients: &[f32]) -> L {
    let mut sum = L::splat(0.0);
    for (i, &c) in coefficients.iter().enumerate() {
        sum = if i == 0 { L::splat(c) } else { sum.mul_add(x, L::splat(c)) };
    }
    sum
}

/// Nearest whole number for |x| < 2^22, ties to even: the bits below 1 fall off the end of the sum.
#[inline(always)]
fn round<L: Lanes>(x: L) -> L {
    let magic = L::splat(12_582_912.0); // 1.5 * 2^23
    x.add(magic).sub(magic)
}

/// `e^x`, within 2 ulp; saturates at about `1.2e-38` and `2.4e38` outside [-87.3, 88.3]; NaN -> large.
#[inline(always)]
pub fn exp<L: Lanes>(x: L) -> L {
    let x = x.min(L::splat(88.3)).max(L::splat(-87.3));
    let n = round(x.mul(L::splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first with few bits, so that n * part is exact
    let r = x.sub(n.mul(L::splat(0.693_359_375))).sub(n.mul(L::splat(-2.121_944_4e-4)));
    let p = horner(
        r,
        &[1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5],
    );
    let y = p.mul(r.mul(r)).add(r).add(L::splat(1.0));
    y.mul(n.pow2())
}

/// `1 / (1 + e^-x)`, within 4 ulp for |x| < 80.
#[inline(always)]
pub fn sigmoid<L: Lanes>(x: L) -> L {
    let one = L::splat(1.0);
    one.div(one.add(exp(L::splat(0.0).sub(x))))
}

/// `tanh x`, within 3 ulp.
#[inline(always)]
pub fn tanh<L: Lanes>(x: L) -> L {
    let magnitude = x.abs();
    let square = x.mul(x);
    // small: x + x^3 P(x^2); large: 1 - 2 / (e^{2|x|} + 1), with the sign put back
    let p = horner(
        square,
        &[-5.704_988_7e-3, 2.063_908_9e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1],
    );
    let small = p.mul(square).mul(x).add(x);
    let e = exp(magnitude.add(magnitude));
    let large = L::splat(1.0).sub(L::splat(2.0).div(e.add(L::splat(1.0)))).copysign(x);
    magnitude.select_lt(L::splat(0.625), small, large)
}

/// `ln x` for positive normal x, within 2 ulp (away from 1: relative; near 1: of the result's scale).
#[inline(always)]
pub fn ln<L: Lanes>(x: L) -> L {
    let (m, e) = x.split_exponent();
    // bring the mantissa into [sqrt(1/2), sqrt(2))
    let root = L::splat(std::f32::consts::FRAC_1_SQRT_2);
    let one = L::splat(1.0);
    let e = m.select_lt(root, e.sub(one), e);
    let m = m.select_lt(root, m.add(m), m).sub(one);
    let square = m.mul(m);
    let p = horner(
        m,
        &[
            7.037_683_6e-2,
            -1.151_461e-1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_8e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            3.333_333_1e-1,
        ],
    );
    let y = p.mul(m).mul(square);
    let y = y.add(e.mul(L::splat(-2.121_944_4e-4)));
    let y = y.sub(square.mul(L::splat(0.5)));
    m.add(y).add(e.mul(L::splat(0.693_359_375)))
}

/// `(sin 2 pi u, cos 2 pi u)` for 0 <= u <= 1, absolute error below 1.5e-7.
///
/// The quarter turn is taken off exactly (4u is exact in binary), so no large multiple of pi is ever
/// subtracted.
#[inline(always)]
pub fn sin_cos_turn<L: Lanes>(u: L) -> (L, L) {
    let t = u.mul(L::splat(4.0));
    let q = round(t);
    let r = t.sub(q).mul(L::splat(std::f32::consts::FRAC_PI_2)); // -pi/4 ..= pi/4
    let z = r.mul(r);
    let sin = horner(z, &[-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]).mul(z).mul(r).add(r);
    let cos = horner(z, &[2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2])
        .mul(z)
        .mul(z)
        .sub(z.mul(L::splat(0.5)))
        .add(L::splat(1.0));
    // quarters 0..=4: (s, c), (c, -s), (-s, -c), (-c, s), (s, c)
    let zero = L::splat(0.0);
    let (minus_sin, minus_cos) = (zero.sub(sin), zero.sub(cos));
    (pick(q, [sin, cos, minus_sin, minus_cos, sin]), pick(q, [cos, minus_sin, minus_cos, sin, cos]))
}

/// The entry number q = 0..=4.
#[inline(always)]
fn pick<L: Lanes>(q: L, [a, b, c, d, e]: [L; 5]) -> L {
    let upper = q.select_lt(L::splat(3.5), d, e);
    let upper = q.select_lt(L::splat(2.5), c, upper);
    let lower = q.select_lt(L::splat(0.5), a, b);
    q.select_lt(L::splat(1.5), lower, upper)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{WithLanes, dispatch};
    use super::*;
    use crate::plan::Arithmetic;

    /// One function over one array, on the lanes of this machine.
    struct Map<'a>(&'a str, &'a mut [f32]);

    impl WithLanes for Map<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self) {
            for chunk in self.1.chunks_exact_mut(L::N) {
                let x = L::load(chunk);
                let y = match self.0 {
                    "exp" => exp(x),
                    "sigmoid" => sigmoid(x),
                    "tanh" => tanh(x),
                    "ln" => ln(x),
                    "sin" => sin_cos_turn(x).0,
                    _ => sin_cos_turn(x).1,
                };
                y.store(chunk);
            }
        }
    }

    fn samples(low: f64, high: f64) -> Vec<f32> {
        (0..1 << 18)
            .map(|i| (low + (high - low) * f64::from(i) / f64::from((1 << 18) - 1)) as f32)
            .collect()
    }

    /// Largest error in units of the last place of the true value (or of `floor`, if larger).
    fn worst(name: &str, xs: &[f32], floor: f64, truth: impl Fn(f64) -> f64) -> f64 {
        let mut worst = 0.0f64;
        for arithmetic in [Arithmetic::Reproducible, Arithmetic::Fast] {
            let mut ys = xs.to_vec();
            dispatch(arithmetic, Map(name, &mut ys));
            for (&x, &y) in xs.iter().zip(&ys) {
                let t = truth(f64::from(x));
                let ulp = f64::exp2(t.abs().max(floor).log2().floor() - 23.0);
                worst = worst.max((f64::from(y) - t).abs() / ulp);
            }
        }
        println!("{name}: {worst:.2} ulp");
        worst
    }

    #[test]
    fn functions_stay_within_their_stated_errors() {
        assert!(worst("exp", &samples(-87.0, 88.0), 0.0, f64::exp) <= 2.0);
        assert!(worst("sigmoid", &samples(-80.0, 80.0), 0.0, |x| 1.0 / (1.0 + (-x).exp())) <= 4.0);
        assert!(worst("tanh", &samples(-12.0, 12.0), 0.0, f64::tanh) <= 3.0);
        assert!(worst("tanh", &samples(-0.7, 0.7), 0.0, f64::tanh) <= 3.0);
        assert!(worst("ln", &samples(1e-30, 1.0), 0.5, f64::ln) <= 2.0);
        assert!(worst("ln", &samples(0.5, 1e6), 0.5, f64::ln) <= 2.0);
        // absolute bound 1.5e-7 = 2.5 ulp of a number in [1/2, 1)
        assert!(
            worst("sin", &samples(0.0, 1.0), 0.5, |u| (std::f64::consts::TAU * u).sin()) <= 2.5
        );
        assert!(
            worst("cos", &samples(0.0, 1.0), 0.5, |u| (std::f64::consts::TAU * u).cos()) <= 2.5
        );
    }

    #[test]
    fn extremes_saturate_and_do_not_trap() {
        let extremes = [f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 100.0, -100.0, 0.0, -0.0];
        // twice: `Map` takes whole vectors, and the widest machine's has sixteen floats
        let mut x = [extremes, extremes].concat();
        dispatch(Arithmetic::Reproducible, Map("tanh", &mut x));
        let wanted = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 0.0, -0.0];
        assert_eq!(x, [wanted, wanted].concat());
    }
}
