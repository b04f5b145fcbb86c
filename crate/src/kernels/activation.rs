//! Activation functions and their derivatives, the latter by the output value (paper, section 2).

use super::lanes::Lanes;
use super::math;
use serde::{Deserialize, Serialize};

/// A layer's non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `h = z`
    Identity,
    /// `h = 1 / (1 + e^-z)`
    Sigmoid,
    /// `h = tanh z`
    Tanh,
    /// `h = max(z, 0)`
    Relu,
    /// `h_k = e^{z_k} / sum_j e^{z_j}`, output layer only.
    Softmax,
}

impl Activation {
    const ALL: [Self; 5] = [Self::Identity, Self::Sigmoid, Self::Tanh, Self::Relu, Self::Softmax];

    /// Number in an op.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// From the number in an op.
    pub fn from_code(code: u32) -> Self {
        Self::ALL[code as usize]
    }

    /// As written in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Softmax => "softmax",
        }
    }

    /// `act(z)` of one vector; softmax needs its row and is not elementwise.
    ///
    /// NaN and infinite `z` give NaN (`z - z`), so that a diverged layer is seen and not clipped away.
    #[inline(always)]
    pub fn apply<L: Lanes>(self, z: L) -> L {
        let h = match self {
            Self::Identity | Self::Softmax => return z,
            Self::Sigmoid => math::sigmoid(z),
            Self::Tanh => math::tanh(z),
            Self::Relu => z.max(L::splat(0.0)),
        };
        h.add(z.sub(z))
    }

    /// `act'` by `h = act(z)`; relu: 1 where h > 0, else 0. Softmax with cross-entropy has its
    /// derivative in the output error.
    #[inline(always)]
    pub fn slope<L: Lanes>(self, h: L) -> L {
        let one = L::splat(1.0);
        match self {
            Self::Identity | Self::Softmax => one,
            Self::Sigmoid => h.mul(one.sub(h)),
            Self::Tanh => one.sub(h.mul(h)),
            Self::Relu => L::splat(0.0).select_lt(h, one, L::splat(0.0)),
        }
    }

    /// [`Activation::apply`] in f64.
    pub fn apply_f64(self, z: f64) -> f64 {
        match self {
            Self::Identity | Self::Softmax => z,
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-z)),
            Self::Tanh => libm::tanh(z),
            Self::Relu => z.max(0.0),
        }
    }

    /// [`Activation::slope`] in f64.
    pub fn slope_f64(self, h: f64) -> f64 {
        match self {
            Self::Identity | Self::Softmax => 1.0,
            Self::Sigmoid => h * (1.0 - h),
            Self::Tanh => 1.0 - h * h,
            Self::Relu => f64::from(u8::from(h > 0.0)),
        }
    }
}
