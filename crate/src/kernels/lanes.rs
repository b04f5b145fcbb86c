//! SIMD lanes: the few vector operations our loops need, once for every machine.
//!
//! A loop is written against [`Lanes`] and started through [`dispatch`], which picks the widest
//! implementation the machine has. In reproducible arithmetic every lane does exactly the IEEE
//! operations that are written (a multiply-add is a multiply and an add), so the width does not
//! change a bit of the result: lanes always run over independent outputs, never over a sum.
//!
//! The only room of the crate with `unsafe`: intrinsics behind a feature check, and the register
//! tile's loads, whose bounds are asserted once before its loop.
#![allow(unsafe_code, reason = "intrinsics, and unchecked loads behind one assertion")]
#![allow(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "exponent bits")]
#![allow(clippy::wildcard_imports, reason = "forty intrinsics with prefixed names")]

use crate::plan::Arithmetic;

/// A vector of `N` floats.
pub trait Lanes: Copy {
    /// Floats in one vector.
    const N: usize;
    /// All lanes equal `x`.
    fn splat(x: f32) -> Self;
    /// The first `N` values of `s`. Panics when there are fewer.
    fn load(s: &[f32]) -> Self;
    /// Writes to the first `N` values of `s`. Panics when there are fewer.
    fn store(self, s: &mut [f32]);
    /// `N` floats at `p`.
    ///
    /// # Safety
    /// `p` must point to `N` readable floats.
    unsafe fn load_ptr(p: *const f32) -> Self;
    /// Writes `N` floats at `p`.
    ///
    /// # Safety
    /// `p` must point to `N` writable floats.
    unsafe fn store_ptr(self, p: *mut f32);
    /// `self + o`
    fn add(self, o: Self) -> Self;
    /// `self - o`
    fn sub(self, o: Self) -> Self;
    /// `self * o`
    fn mul(self, o: Self) -> Self;
    /// `self / o`
    fn div(self, o: Self) -> Self;
    /// `self * a + b`, fused only in fast arithmetic.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The larger of the two; `o` where `self` is NaN.
    fn max(self, o: Self) -> Self;
    /// The smaller of the two; `o` where `self` is NaN.
    fn min(self, o: Self) -> Self;
    /// Correctly rounded square root.
    fn sqrt(self) -> Self;
    /// `|self|`
    fn abs(self) -> Self;
    /// `magnitude of self, sign of s`
    fn copysign(self, s: Self) -> Self;
    /// Per lane: `if self < bound { a } else { b }`; NaN takes `b`.
    fn select_lt(self, bound: Self, a: Self, b: Self) -> Self;
    /// `2^self` for whole `self` in -126..=127.
    fn pow2(self) -> Self;
    /// Positive normal `self` as `(m, e)` with `self = m 2^e`, `1/2 <= m < 1`.
    fn split_exponent(self) -> (Self, Self);
}

/// A loop that can run with any lanes.
pub trait WithLanes {
    /// What it returns.
    type Output;
    /// Runs it. Implementations are `#[inline(always)]`, so that the whole loop is compiled for the
    /// instruction set of its caller.
    fn run<L: Lanes>(self) -> Self::Output;
}

/// Runs `f` with this machine's lanes.
#[inline]
pub fn dispatch<F: WithLanes>(arithmetic: Arithmetic, f: F) -> F::Output {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY (all calls): the processor was just asked for the features.
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("fma")
        {
            return match arithmetic {
                Arithmetic::Reproducible => unsafe { x86::run_avx512(f) },
                Arithmetic::Fast => unsafe { x86::run_avx512_fused(f) },
            };
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return match arithmetic {
                Arithmetic::Reproducible => unsafe { x86::run_avx2(f) },
                Arithmetic::Fast => unsafe { x86::run_fma(f) },
            };
        }
    }
    let _ = arithmetic; // one arithmetic only below
    #[cfg(target_feature = "simd128")]
    return f.run::<wasm::F32x4>();
    #[cfg(not(target_feature = "simd128"))]
    f.run::<portable::F32x4>()
}

/// The register tile at the heart of every matrix product: returns
/// `acc[i][v] = start[i][v] + sum_p a[i a_row + p a_k] * b[p b_k + v N ..][..N]`, `p = 0..k` ascending,
/// one accumulator for each output.
///
/// `M` rows of `a` are broadcast against `V` vectors of `b`. 4 x 2 keeps 8 accumulators, 2 vectors
/// and 1 broadcast in the 16 vector registers that a browser's compiler uses. Measured in Chromium at
/// k = 784, GFLOP/s: 4 x 2 50, 8 x 1 29, 2 x 4 29, 3 x 4 25; the loop unrolled twice 25, because the
/// compiler then keeps operands of both rounds alive and spills. Natively 4 x 3 (12 + 3 + 1 of 16 registers) spills one sum
/// in every round: the convolutional step took 1.7 times as long.
///
/// # Panics
/// When `a` or `b` is too short for the sum.
#[inline(always)]
pub fn tile<L: Lanes, const M: usize, const V: usize>(
    start: [[L; V]; M],
    k: usize,
    a: &[f32],
    (a_row, a_k): (usize, usize),
    b: &[f32],
    b_k: usize,
) -> [[L; V]; M] {
    tile_runs(start, (1, k), a, (even(a_row), 0, a_k), b, (0, b_k))
}

/// Where rows begin that lie `stride` apart.
#[inline(always)]
pub fn even<const M: usize>(stride: usize) -> [usize; M] {
    std::array::from_fn(|i| i * stride)
}

/// [`tile`] over `runs` runs of `k` summands each: run r begins `r a_run` further in `a` and `r b_run` further in `b`.
/// Row i of `a` begins at `a_rows[i]`.
///
/// # Panics
/// When `a` or `b` is too short for the sum.
#[inline(always)]
pub fn tile_runs<L: Lanes, const M: usize, const V: usize>(
    start: [[L; V]; M],
    (runs, k): (usize, usize),
    a: &[f32],
    (a_rows, a_run, a_k): ([usize; M], usize, usize),
    b: &[f32],
    (b_run, b_k): (usize, usize),
) -> [[L; V]; M] {
    if runs == 0 || k == 0 {
        return start;
    }
    assert!(
        (runs - 1) * a_run + (k - 1) * a_k < a.len().saturating_sub(last(a_rows)),
        "tile: left operand too short"
    );
    assert!(
        (runs - 1) * b_run + (k - 1) * b_k + V * L::N <= b.len(),
        "tile: right operand too short"
    );
    let mut acc = start;
    for run in 0..runs {
        let mut pa = a.as_ptr().wrapping_add(run * a_run);
        let mut pb = b.as_ptr().wrapping_add(run * b_run);
        for _ in 0..k {
            // SAFETY: in round p of run r, `pa + a_rows[i]` is element `a_rows[i] + r a_run + p a_k` and `pb + v N` starts at
            // `r b_run + p b_k + v N`; the assertions above cover the largest i, v, p and r. The pointers are advanced
            // with wrapping arithmetic because they may pass the end after the last round.
            unsafe {
                let mut vectors = [L::splat(0.0); V];
                for (v, vector) in vectors.iter_mut().enumerate() {
                    *vector = L::load_ptr(pb.add(v * L::N));
                }
                for (i, row) in acc.iter_mut().enumerate() {
                    let left = L::splat(*pa.add(a_rows[i]));
                    for (sum, vector) in row.iter_mut().zip(vectors) {
                        *sum = left.mul_add(vector, *sum);
                    }
                }
            }
            pa = pa.wrapping_add(a_k);
            pb = pb.wrapping_add(b_k);
        }
    }
    acc
}

/// The row that begins last. Lengths are compared with what is left behind it, as a sum with it could wrap.
#[inline(always)]
fn last<const M: usize>(rows: [usize; M]) -> usize {
    rows.into_iter().fold(0, usize::max)
}

/// The `M` x `V N` block of `c` whose rows begin at `rows`.
///
/// # Panics
/// When `c` is too short.
#[inline(always)]
pub fn load_block<L: Lanes, const M: usize, const V: usize>(
    c: &[f32],
    rows: [usize; M],
) -> [[L; V]; M] {
    assert!(V * L::N <= c.len().saturating_sub(last(rows)), "load_block: too short");
    let mut block = [[L::splat(0.0); V]; M];
    for (begin, row) in rows.into_iter().zip(&mut block) {
        for (v, vector) in row.iter_mut().enumerate() {
            // SAFETY: the assertion covers the last row and the largest v.
            *vector = unsafe { L::load_ptr(c.as_ptr().add(begin + v * L::N)) };
        }
    }
    block
}

/// Writes an `M` x `V N` block to `c`; its rows begin at `rows`.
///
/// # Panics
/// When `c` is too short.
#[inline(always)]
pub fn store_block<L: Lanes, const M: usize, const V: usize>(
    c: &mut [f32],
    rows: [usize; M],
    block: [[L; V]; M],
) {
    assert!(V * L::N <= c.len().saturating_sub(last(rows)), "store_block: too short");
    for (begin, row) in rows.into_iter().zip(block) {
        for (v, vector) in row.into_iter().enumerate() {
            // SAFETY: the assertion covers the last row and the largest v.
            unsafe { vector.store_ptr(c.as_mut_ptr().add(begin + v * L::N)) };
        }
    }
}

/// Independent multiply-adds that stay in registers: the arithmetic peak, for benchmarks. Returns the
/// number of floating point operations.
pub struct Peak {
    /// Rounds of 12 multiply-adds of one vector each.
    pub rounds: u64,
}

impl WithLanes for Peak {
    type Output = u64;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u64 {
        let (factor, term) =
            (L::splat(std::hint::black_box(0.999)), L::splat(std::hint::black_box(0.001)));
        let mut sums = [L::splat(1.0); 12];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, term);
            }
        }
        let mut out = [0.0f32; 16];
        for sum in sums {
            sum.store(&mut out);
            std::hint::black_box(&out);
        }
        self.rounds * 12 * 2 * L::N as u64
    }
}

/// Any machine, and browsers without SIMD: four floats in an array; the compiler makes vectors of them where it can.
#[cfg(not(target_feature = "simd128"))]
mod portable {
    use super::Lanes;

    #[derive(Clone, Copy)]
    pub struct F32x4([f32; 4]);

    impl F32x4 {
        #[inline(always)]
        fn zip(self, o: Self, f: impl Fn(f32, f32) -> f32) -> Self {
            let ([a, b, c, d], [p, q, r, s]) = (self.0, o.0);
            // written out: without SIMD the compiler leaves the calls of `from_fn` standing, at 20 times the cost
            Self([f(a, p), f(b, q), f(c, r), f(d, s)])
        }

        #[inline(always)]
        fn each(self, f: impl Fn(f32) -> f32) -> Self {
            let [a, b, c, d] = self.0;
            Self([f(a), f(b), f(c), f(d)])
        }
    }

    impl Lanes for F32x4 {
        const N: usize = 4;
        #[inline(always)]
        fn splat(x: f32) -> Self {
            Self([x; 4])
        }
        #[inline(always)]
        fn load(s: &[f32]) -> Self {
            Self([s[0], s[1], s[2], s[3]])
        }
        #[inline(always)]
        fn store(self, s: &mut [f32]) {
            s[..4].copy_from_slice(&self.0);
        }
        #[inline(always)]
        unsafe fn load_ptr(p: *const f32) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
        }
        #[inline(always)]
        unsafe fn store_ptr(self, p: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { p.cast::<[f32; 4]>().write_unaligned(self.0) }
        }
        #[inline(always)]
        fn add(self, o: Self) -> Self {
            self.zip(o, |a, b| a + b)
        }
        #[inline(always)]
        fn sub(self, o: Self) -> Self {
            self.zip(o, |a, b| a - b)
        }
        #[inline(always)]
        fn mul(self, o: Self) -> Self {
            self.zip(o, |a, b| a * b)
        }
        #[inline(always)]
        fn div(self, o: Self) -> Self {
            self.zip(o, |a, b| a / b)
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            self.mul(a).add(b)
        }
        #[inline(always)]
        fn max(self, o: Self) -> Self {
            self.zip(o, |a, b| if a > b { a } else { b })
        }
        #[inline(always)]
        fn min(self, o: Self) -> Self {
            self.zip(o, |a, b| if a < b { a } else { b })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            self.each(f32::sqrt)
        }
        #[inline(always)]
        fn abs(self) -> Self {
            self.each(f32::abs)
        }
        #[inline(always)]
        fn copysign(self, s: Self) -> Self {
            self.zip(s, f32::copysign)
        }
        #[inline(always)]
        fn select_lt(self, bound: Self, a: Self, b: Self) -> Self {
            let choose = |i: usize| if self.0[i] < bound.0[i] { a.0[i] } else { b.0[i] };
            Self([choose(0), choose(1), choose(2), choose(3)])
        }
        #[inline(always)]
        fn pow2(self) -> Self {
            self.each(|n| f32::from_bits(((n as i32 + 127) << 23) as u32))
        }
        #[inline(always)]
        fn split_exponent(self) -> (Self, Self) {
            (
                self.each(|x| f32::from_bits((x.to_bits() & 0x007F_FFFF) | 0x3F00_0000)),
                self.each(|x| ((x.to_bits() >> 23) as i32 - 126) as f32),
            )
        }
    }
}

/// The browser's 128-bit vectors.
#[cfg(target_feature = "simd128")]
mod wasm {
    use super::Lanes;
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub struct F32x4(v128);

    impl Lanes for F32x4 {
        const N: usize = 4;
        #[inline(always)]
        fn splat(x: f32) -> Self {
            Self(f32x4_splat(x))
        }
        #[inline(always)]
        fn load(s: &[f32]) -> Self {
            let s = &s[..4];
            // SAFETY: four floats were just sliced; wasm loads need no alignment.
            Self(unsafe { v128_load(s.as_ptr().cast()) })
        }
        #[inline(always)]
        fn store(self, s: &mut [f32]) {
            let s = &mut s[..4];
            // SAFETY: four floats were just sliced; wasm stores need no alignment.
            unsafe { v128_store(s.as_mut_ptr().cast(), self.0) }
        }
        #[inline(always)]
        unsafe fn load_ptr(p: *const f32) -> Self {
            // SAFETY: the caller's promise.
            Self(unsafe { v128_load(p.cast()) })
        }
        #[inline(always)]
        unsafe fn store_ptr(self, p: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { v128_store(p.cast(), self.0) }
        }
        #[inline(always)]
        fn add(self, o: Self) -> Self {
            Self(f32x4_add(self.0, o.0))
        }
        #[inline(always)]
        fn sub(self, o: Self) -> Self {
            Self(f32x4_sub(self.0, o.0))
        }
        #[inline(always)]
        fn mul(self, o: Self) -> Self {
            Self(f32x4_mul(self.0, o.0))
        }
        #[inline(always)]
        fn div(self, o: Self) -> Self {
            Self(f32x4_div(self.0, o.0))
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            self.mul(a).add(b)
        }
        #[inline(always)]
        fn max(self, o: Self) -> Self {
            // pmax(x, y) = x < y ? y : x, so NaN in y keeps x: the native rule with x = o.
            Self(f32x4_pmax(o.0, self.0))
        }
        #[inline(always)]
        fn min(self, o: Self) -> Self {
            Self(f32x4_pmin(o.0, self.0))
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(f32x4_sqrt(self.0))
        }
        #[inline(always)]
        fn abs(self) -> Self {
            Self(f32x4_abs(self.0))
        }
        #[inline(always)]
        fn copysign(self, s: Self) -> Self {
            Self(v128_bitselect(s.0, self.0, i32x4_splat(i32::MIN)))
        }
        #[inline(always)]
        fn select_lt(self, bound: Self, a: Self, b: Self) -> Self {
            Self(v128_bitselect(a.0, b.0, f32x4_lt(self.0, bound.0)))
        }
        #[inline(always)]
        fn pow2(self) -> Self {
            let n = i32x4_trunc_sat_f32x4(self.0);
            Self(i32x4_shl(i32x4_add(n, i32x4_splat(127)), 23))
        }
        #[inline(always)]
        fn split_exponent(self) -> (Self, Self) {
            let m = v128_or(v128_and(self.0, i32x4_splat(0x007F_FFFF)), i32x4_splat(0x3F00_0000));
            let e = i32x4_sub(u32x4_shr(self.0, 23), i32x4_splat(126));
            (Self(m), Self(f32x4_convert_i32x4(e)))
        }
    }
}

/// AVX2 and AVX-512: eight and sixteen floats, with and without fused multiply-add.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Lanes, WithLanes};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    pub fn run_avx2<F: WithLanes>(f: F) -> F::Output {
        f.run::<F32x8<false>>()
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn run_fma<F: WithLanes>(f: F) -> F::Output {
        f.run::<F32x8<true>>()
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub fn run_avx512<F: WithLanes>(f: F) -> F::Output {
        f.run::<F32x16<false>>()
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub fn run_avx512_fused<F: WithLanes>(f: F) -> F::Output {
        f.run::<F32x16<true>>()
    }

    /// Exists only inside `run_avx2` and `run_fma`, so the instructions it uses are there.
    #[derive(Clone, Copy)]
    pub struct F32x8<const FUSED: bool>(__m256);

    // SAFETY, for every block below: see the type's comment; loads and stores are sliced first.
    impl<const FUSED: bool> Lanes for F32x8<FUSED> {
        const N: usize = 8;
        #[inline(always)]
        fn splat(x: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(x) })
        }
        #[inline(always)]
        fn load(s: &[f32]) -> Self {
            let s = &s[..8];
            Self(unsafe { _mm256_loadu_ps(s.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, s: &mut [f32]) {
            let s = &mut s[..8];
            unsafe { _mm256_storeu_ps(s.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        unsafe fn load_ptr(p: *const f32) -> Self {
            Self(unsafe { _mm256_loadu_ps(p) })
        }
        #[inline(always)]
        unsafe fn store_ptr(self, p: *mut f32) {
            unsafe { _mm256_storeu_ps(p, self.0) }
        }
        #[inline(always)]
        fn add(self, o: Self) -> Self {
            Self(unsafe { _mm256_add_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn sub(self, o: Self) -> Self {
            Self(unsafe { _mm256_sub_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn mul(self, o: Self) -> Self {
            Self(unsafe { _mm256_mul_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn div(self, o: Self) -> Self {
            Self(unsafe { _mm256_div_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            if FUSED {
                Self(unsafe { _mm256_fmadd_ps(self.0, a.0, b.0) })
            } else {
                self.mul(a).add(b)
            }
        }
        #[inline(always)]
        fn max(self, o: Self) -> Self {
            Self(unsafe { _mm256_max_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn min(self, o: Self) -> Self {
            Self(unsafe { _mm256_min_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(unsafe { _mm256_sqrt_ps(self.0) })
        }
        #[inline(always)]
        fn abs(self) -> Self {
            Self(unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0) })
        }
        #[inline(always)]
        fn copysign(self, s: Self) -> Self {
            unsafe {
                let sign = _mm256_set1_ps(-0.0);
                Self(_mm256_or_ps(_mm256_andnot_ps(sign, self.0), _mm256_and_ps(sign, s.0)))
            }
        }
        #[inline(always)]
        fn select_lt(self, bound: Self, a: Self, b: Self) -> Self {
            unsafe {
                let mask = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, bound.0);
                Self(_mm256_blendv_ps(b.0, a.0, mask))
            }
        }
        #[inline(always)]
        fn pow2(self) -> Self {
            unsafe {
                let n = _mm256_add_epi32(_mm256_cvttps_epi32(self.0), _mm256_set1_epi32(127));
                Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(n)))
            }
        }
        #[inline(always)]
        fn split_exponent(self) -> (Self, Self) {
            unsafe {
                let bits = _mm256_castps_si256(self.0);
                let m = _mm256_or_si256(
                    _mm256_and_si256(bits, _mm256_set1_epi32(0x007F_FFFF)),
                    _mm256_set1_epi32(0x3F00_0000),
                );
                let e = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(126));
                (Self(_mm256_castsi256_ps(m)), Self(_mm256_cvtepi32_ps(e)))
            }
        }
    }

    /// Exists only inside `run_avx512` and `run_avx512_fused`, so the instructions it uses are there.
    #[derive(Clone, Copy)]
    pub struct F32x16<const FUSED: bool>(__m512);

    /// Sign bits of sixteen floats.
    #[inline(always)]
    fn signs() -> __m512i {
        unsafe { _mm512_set1_epi32(i32::MIN) }
    }

    // SAFETY, for every block below: see the type's comment; loads and stores are sliced first.
    impl<const FUSED: bool> Lanes for F32x16<FUSED> {
        const N: usize = 16;
        #[inline(always)]
        fn splat(x: f32) -> Self {
            Self(unsafe { _mm512_set1_ps(x) })
        }
        #[inline(always)]
        fn load(s: &[f32]) -> Self {
            let s = &s[..16];
            Self(unsafe { _mm512_loadu_ps(s.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, s: &mut [f32]) {
            let s = &mut s[..16];
            unsafe { _mm512_storeu_ps(s.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        unsafe fn load_ptr(p: *const f32) -> Self {
            Self(unsafe { _mm512_loadu_ps(p) })
        }
        #[inline(always)]
        unsafe fn store_ptr(self, p: *mut f32) {
            unsafe { _mm512_storeu_ps(p, self.0) }
        }
        #[inline(always)]
        fn add(self, o: Self) -> Self {
            Self(unsafe { _mm512_add_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn sub(self, o: Self) -> Self {
            Self(unsafe { _mm512_sub_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn mul(self, o: Self) -> Self {
            Self(unsafe { _mm512_mul_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn div(self, o: Self) -> Self {
            Self(unsafe { _mm512_div_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            if FUSED {
                Self(unsafe { _mm512_fmadd_ps(self.0, a.0, b.0) })
            } else {
                self.mul(a).add(b)
            }
        }
        #[inline(always)]
        fn max(self, o: Self) -> Self {
            Self(unsafe { _mm512_max_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn min(self, o: Self) -> Self {
            Self(unsafe { _mm512_min_ps(self.0, o.0) })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(unsafe { _mm512_sqrt_ps(self.0) })
        }
        #[inline(always)]
        fn abs(self) -> Self {
            unsafe {
                let bits = _mm512_andnot_si512(signs(), _mm512_castps_si512(self.0));
                Self(_mm512_castsi512_ps(bits))
            }
        }
        #[inline(always)]
        fn copysign(self, s: Self) -> Self {
            unsafe {
                let magnitude = _mm512_andnot_si512(signs(), _mm512_castps_si512(self.0));
                let sign = _mm512_and_si512(signs(), _mm512_castps_si512(s.0));
                Self(_mm512_castsi512_ps(_mm512_or_si512(magnitude, sign)))
            }
        }
        #[inline(always)]
        fn select_lt(self, bound: Self, a: Self, b: Self) -> Self {
            unsafe {
                let mask = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, bound.0);
                Self(_mm512_mask_blend_ps(mask, b.0, a.0))
            }
        }
        #[inline(always)]
        fn pow2(self) -> Self {
            unsafe {
                let n = _mm512_add_epi32(_mm512_cvttps_epi32(self.0), _mm512_set1_epi32(127));
                Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(n)))
            }
        }
        #[inline(always)]
        fn split_exponent(self) -> (Self, Self) {
            unsafe {
                let bits = _mm512_castps_si512(self.0);
                let m = _mm512_or_si512(
                    _mm512_and_si512(bits, _mm512_set1_epi32(0x007F_FFFF)),
                    _mm512_set1_epi32(0x3F00_0000),
                );
                let e = _mm512_sub_epi32(_mm512_srli_epi32::<23>(bits), _mm512_set1_epi32(126));
                (Self(_mm512_castsi512_ps(m)), Self(_mm512_cvtepi32_ps(e)))
            }
        }
    }
}
