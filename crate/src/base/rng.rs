//! Counter-based random numbers: a pure function of (seed, stream, step, element).
//!
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011)
//! has no state, so any step can be drawn again, in any order, on any device. The batch order is a
//! keyed permutation built on it, for the same reason. Initial weights come from `rand`'s `ChaCha8`
//! (a portable, versioned stream), drawn once on the host.
//!
//! Philox counter: `[element / 4, stream, step low, step high]`; key: the seed.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Largest seed: 2^53 - 1, which JSON, JavaScript and a URL carry exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;

const MULTIPLIERS: (u32, u32) = (0xD251_1F53, 0xCD9E_8D57);
const WEYL: (u32, u32) = (0x9E37_79B9, 0xBB67_AE85);

/// What a random number is for. Different purposes never share numbers, so adding one consumer
/// (a metric, say) cannot shift another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Order in which training samples are visited.
    BatchOrder = 1,
    /// Noise added to the input (denoising autoencoder).
    Input = 2,
    /// `xi^l`, noise on the activity of layer `l` in a training step.
    Activity = 3,
    /// Noise of a weight mirror's own pass.
    Mirror = 4,
    /// `xi^l` of the metric probe.
    Probe = 5,
    /// Initial `W^l` and `b^l`.
    InitWeights = 6,
    /// Initial `B^l`.
    InitFeedback = 7,
    /// Which units of layer `l` are silent in a training step.
    Dropout = 8,
}

/// A named stream: a purpose and a layer (0 where layers do not matter).
pub const fn stream(purpose: Purpose, layer: u32) -> u32 {
    ((purpose as u32) << 16) | layer
}

/// Philox4x32 with ten rounds: four words from four counter words and two key words.
#[inline(always)]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let low = u64::from(MULTIPLIERS.0) * u64::from(c0);
        let high = u64::from(MULTIPLIERS.1) * u64::from(c2);
        (c0, c1, c2, c3) =
            ((high >> 32) as u32 ^ c1 ^ k0, high as u32, (low >> 32) as u32 ^ c3 ^ k1, low as u32);
        k0 = k0.wrapping_add(WEYL.0);
        k1 = k1.wrapping_add(WEYL.1);
    }
    [c0, c1, c2, c3]
}

/// [`philox`] for `K` consecutive counters, word by word: `out[word][i]` belongs to `counter[0] + i`. Arrays
/// and plain loops, so that the compiler uses vector multiplications.
#[inline(always)]
pub fn philox_blocks<const K: usize>(counter: [u32; 4], key: [u32; 2]) -> [[u32; K]; 4] {
    let [first, rest @ ..] = counter;
    let mut c = [[0u32; K], [rest[0]; K], [rest[1]; K], [rest[2]; K]];
    for (i, word) in c[0].iter_mut().enumerate() {
        *word = first.wrapping_add(i as u32);
    }
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let (mut low, mut high) = ([0u64; K], [0u64; K]);
        for i in 0..K {
            low[i] = u64::from(MULTIPLIERS.0) * u64::from(c[0][i]);
            high[i] = u64::from(MULTIPLIERS.1) * u64::from(c[2][i]);
        }
        for i in 0..K {
            c[0][i] = (high[i] >> 32) as u32 ^ c[1][i] ^ k0;
            c[1][i] = high[i] as u32;
            c[2][i] = (low[i] >> 32) as u32 ^ c[3][i] ^ k1;
            c[3][i] = low[i] as u32;
        }
        k0 = k0.wrapping_add(WEYL.0);
        k1 = k1.wrapping_add(WEYL.1);
    }
    c
}

/// The key of a seed.
#[inline]
pub fn key(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// A keyed permutation of `0..count`: a balanced Feistel network over the next even power of two,
/// walked until it lands inside (cycle walking keeps it a permutation).
///
/// Eight rounds of a 32-bit mixer; a GPU computes the same integers.
#[derive(Debug, Clone, Copy)]
pub struct Permutation {
    count: u32,
    half_bits: u32,
    keys: [u32; 8],
}

impl Permutation {
    /// The order of pass number `epoch` through `count >= 1` samples.
    pub fn new(seed: u64, epoch: u64, count: u32) -> Self {
        let at = |block| {
            philox(
                [block, stream(Purpose::BatchOrder, 0), epoch as u32, (epoch >> 32) as u32],
                key(seed),
            )
        };
        let (a, b) = (at(0), at(1));
        Self {
            count,
            half_bits: half_bits(count),
            keys: [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]],
        }
    }

    /// Where `position < count` goes.
    #[inline]
    pub fn at(&self, position: u32) -> u32 {
        let mask = (1u32 << self.half_bits) - 1;
        let mut value = position;
        loop {
            let (mut left, mut right) = (value >> self.half_bits, value & mask);
            for k in self.keys {
                (left, right) = (right, left ^ (mix(right ^ k) & mask));
            }
            value = (left << self.half_bits) | right;
            if value < self.count {
                return value;
            }
        }
    }
}

/// Bits of either half of a number below `count >= 1`, as a [`Permutation`] splits it.
pub fn half_bits(count: u32) -> u32 {
    let bits = 32 - count.saturating_sub(1).leading_zeros();
    bits.div_ceil(2).max(1)
}

/// The 32-bit finaliser of `MurmurHash3` (Appleby, public domain).
#[inline]
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 13;
    x = x.wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}

/// Draws initial values: one independent `ChaCha8` stream for each (seed, stream).
pub struct InitRng(ChaCha8Rng);

impl InitRng {
    /// The generator of one named stream.
    pub fn new(seed: u64, stream: u32) -> Self {
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&stream.to_le_bytes());
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// One N(0, 1) value by Box-Muller. `libm`, not the platform's mathematics, so that every host
    /// draws the same bits; a root is correctly rounded everywhere, and an instruction in wasm too.
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.0.random::<f64>();
        let v = self.0.random::<f64>();
        (-2.0 * libm::log(u)).sqrt() * libm::cos(std::f64::consts::TAU * v)
    }

    /// One N(0, 1) value, drawn again while it lies further than two standard deviations out.
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let z = self.normal();
            if z.abs() <= 2.0 {
                return z;
            }
        }
    }
}

/// A fresh seed from the system's entropy, at most [`MAX_SEED`].
pub fn random_seed() -> crate::base::Result<u64> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|e| {
        crate::base::Error::internal(format!("the system gives no random seed: {e}"))
    })?;
    Ok(u64::from_le_bytes(bytes) & MAX_SEED)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The known-answer vectors of Random123 1.14, file kat_vectors, lines `philox4x32 10`.
    #[test]
    fn philox_matches_its_published_vectors() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn blocks_are_the_single_draws() {
        let (counter, key) = ([u32::MAX - 2, 7, 8, 9], [1, 2]);
        let blocks = philox_blocks::<8>(counter, key);
        for i in 0..8 {
            let single = philox([counter[0].wrapping_add(i as u32), 7, 8, 9], key);
            assert_eq!(blocks.map(|word| word[i]), single);
        }
    }

    #[test]
    fn every_pass_visits_every_sample_once() {
        for count in [1, 2, 3, 7, 10, 100, 1000, 9000, 60_000] {
            let order = Permutation::new(5, 3, count);
            let mut seen = vec![false; count as usize];
            for position in 0..count {
                let index = order.at(position) as usize;
                assert!(!seen[index], "{index} twice among {count}");
                seen[index] = true;
            }
        }
    }

    #[test]
    fn passes_and_seeds_differ_in_order() {
        let orders = [(1, 0), (1, 1), (2, 0)].map(|(seed, epoch)| {
            (0..50).map(|p| Permutation::new(seed, epoch, 1000).at(p)).collect::<Vec<_>>()
        });
        assert_ne!(orders[0], orders[1]);
        assert_ne!(orders[0], orders[2]);
    }

    // Under a uniform shuffle the displacement correlation is 0 with s.d. 1/sqrt(n) = 0.01; 5 s.d. allowed.
    #[test]
    fn order_is_uncorrelated_with_position() {
        let n = 10_000u32;
        for epoch in 0..5 {
            let order = Permutation::new(9, epoch, n);
            let mean = f64::from(n - 1) / 2.0;
            let (mut cross, mut square) = (0.0, 0.0);
            for p in 0..n {
                let (a, b) = (f64::from(p) - mean, f64::from(order.at(p)) - mean);
                cross += a * b;
                square += a * a;
            }
            assert!((cross / square).abs() < 0.05, "epoch {epoch}: {}", cross / square);
        }
    }

    #[test]
    fn initial_normals_have_unit_variance() {
        let mut rng = InitRng::new(1, 2);
        let n = 100_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let z = rng.normal();
            sum += z;
            square += z * z;
        }
        // standard errors 0.0032 and 0.0045; five of them allowed
        assert!((sum / f64::from(n)).abs() < 0.016);
        assert!((square / f64::from(n) - 1.0).abs() < 0.023);
    }
}
