//! A dense layer `h^l = act(h^{l-1} (W^l)^T + b^l)`: declares its parameters and records its passes.
//!
//! The layer owns its adjoint and its weight gradient, so backpropagation and feedback alignment differ
//! in one argument: the matrix handed to [`Dense::adjoint`].

use crate::base::rng::{Purpose, stream};
use crate::config::Initialisation;
use crate::kernels::activation::Activation;
use crate::kernels::{adjoint, column_sum, dense, outer};
use crate::plan::{Buf, Init, Role, Scalar, Tape};

/// Layer `number` (1 = first weight layer).
#[derive(Debug, Clone, Copy)]
pub struct Dense {
    /// l, counted from 1.
    pub number: usize,
    /// `W^l`, (`n_l`, `n_{l-1}`).
    pub w: Buf,
    /// `b^l`, (`n_l`, 1).
    pub b: Buf,
    /// Non-linearity.
    pub act: Activation,
}

/// Standard deviation `sqrt(2 / n)` of initial weights (discrepancy D11).
pub fn init_std(n: usize) -> f32 {
    libm::sqrt(2.0 / n as f64) as f32
}

impl Dense {
    /// Declares layer `number` with `inputs` and `units`.
    pub fn declare(
        tape: &mut Tape,
        number: usize,
        (inputs, units): (usize, usize),
        act: Activation,
        init: Initialisation,
    ) -> Self {
        let (std, layer) = (init_std(inputs), number as u32);
        let weights = stream(Purpose::InitWeights, 2 * layer);
        let biases = stream(Purpose::InitWeights, 2 * layer + 1);
        let (w, b) = match init {
            Initialisation::Gaussian => {
                (Init::Normal { std, stream: weights }, Init::Normal { std, stream: biases })
            }
            Initialisation::TruncatedNormal => {
                (Init::TruncatedNormal { std, stream: weights }, Init::Constant(0.1))
            }
        };
        Self {
            number,
            w: tape.declare(format!("W{number}"), units, inputs, Role::Weight, w),
            b: tape.declare(format!("b{number}"), units, 1, Role::Weight, b),
            act,
        }
    }

    /// Units above, `n_l`.
    pub fn units(&self) -> usize {
        self.w.rows
    }

    /// Units below, `n_{l-1}`.
    pub fn inputs(&self) -> usize {
        self.w.cols
    }

    /// Records `h = act(x W^T + b) [+ c xi]`: x (N, inputs), h and xi (N, units).
    #[track_caller]
    pub fn forward(
        &self,
        tape: &mut Tape,
        label: &str,
        h: Buf,
        x: Buf,
        noise: Option<(Buf, Scalar)>,
    ) {
        dense::record(tape, label, (h, x), (self.w, self.b), self.act, noise);
    }

    /// Records `e weights`: e (N, units), result (N, inputs). `weights` is W for the true gradient, B for
    /// a synthetic one.
    #[track_caller]
    pub fn adjoint(&self, tape: &mut Tape, label: &str, weights: Buf, e: Buf) -> Buf {
        let g = tape.temporary(label, e.rows, weights.cols);
        adjoint::record(tape, label, g, e, weights);
        g
    }

    /// Records `target = beta target + alpha e^T x`: a gradient of W, or an update of W or B.
    #[track_caller]
    pub fn weight_gradient(
        tape: &mut Tape,
        label: &str,
        target: Buf,
        (e, x): (Buf, Buf),
        beta: Scalar,
        alpha: Scalar,
    ) {
        outer::record(tape, label, target, (e, x), beta, alpha);
    }

    /// Records `target = beta target + alpha sum_n e_n`: a gradient or an update of b.
    #[track_caller]
    pub fn bias_gradient(
        tape: &mut Tape,
        label: &str,
        target: Buf,
        e: Buf,
        beta: Scalar,
        alpha: Scalar,
    ) {
        column_sum::record(tape, label, target, e, beta, alpha);
    }
}
