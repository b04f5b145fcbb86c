//! A layer `a^l = act(op(h^{l-1}; W^l) + b^l)`, dense or convolutional, and what of it the layer above receives:
//! `h^l`, the activity itself, or max pooled, or with silent units. Declares its parameters, records its passes.
//!
//! The layer owns its adjoint and its weight gradient, so a rule never asks what kind it is. `lambda^l` is the
//! gradient at `a^l`, before pooling and dropout: [`Layer::pull_back`] brings it there from `h^l`.
//!
//! Activities are (N, `n_l`); a convolution sees the same buffer as pixels (N H W, C).

use crate::base::rng::{Purpose, stream};
use crate::config::{Initialisation, POOL, RunConfig, Stage};
use crate::kernels::activation::Activation;
use crate::kernels::{add_scaled, adjoint, column_sum, conv, dense, dropout, outer, pool};
use crate::plan::{Buf, Init, Role, Scalar, Tape};

/// What a layer computes before its bias and its non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `h W^T`.
    Dense,
    /// A convolution, stride 1, zeros beyond the edges.
    Convolution(Stage),
}

/// What of its activity the layer above receives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Passing {
    /// All of it.
    Whole,
    /// The largest of every window.
    Pooled(pool::Grid),
    /// Each unit with this probability, scaled by its inverse; which ones, the stream tells, the same in every pass
    /// of a step.
    Dropped {
        /// Probability.
        keep: f64,
        /// Stream of the mask.
        stream: u32,
    },
}

/// Layer `number` (1 = first weight layer).
#[derive(Debug, Clone, Copy)]
pub struct Layer {
    /// l, counted from 1.
    pub number: usize,
    /// `W^l`, (`n_l`, `n_{l-1}`), of a convolution (channels, k k channels below).
    pub w: Buf,
    /// `b^l`, (rows of W, 1).
    pub b: Buf,
    /// Non-linearity.
    pub act: Activation,
    /// What precedes it.
    pub operator: Operator,
    /// What follows it.
    pub passing: Passing,
}

/// Standard deviation `sqrt(2 / n)` of initial weights (discrepancy D11).
pub fn init_std(n: usize) -> f32 {
    libm::sqrt(2.0 / n as f64) as f32
}

/// Records `e weights`: e (N, m), weights (m, n), result (N, n). Feedback of every kind.
#[track_caller]
pub fn send(tape: &mut Tape, label: &str, weights: Buf, e: Buf) -> Buf {
    let g = tape.temporary(label, e.rows, weights.cols);
    adjoint::record(tape, label, g, e, weights);
    g
}

impl Layer {
    /// Declares layer `number` of a network as it trains.
    pub fn declare(tape: &mut Tape, number: usize, config: &RunConfig) -> Self {
        let (units, inputs) = config.weights(number);
        let (std, layer) = (init_std(inputs), number as u32);
        let weights = stream(Purpose::InitWeights, 2 * layer);
        let biases = stream(Purpose::InitWeights, 2 * layer + 1);
        let (w, b) = match config.init {
            Initialisation::Gaussian => {
                (Init::Normal { std, stream: weights }, Init::Normal { std, stream: biases })
            }
            Initialisation::TruncatedNormal => {
                (Init::TruncatedNormal { std, stream: weights }, Init::Constant(0.1))
            }
        };
        let stage = config.stage(number);
        let hidden = number < config.layers();
        let passing = match stage {
            Some(stage) if stage.own.pool => Passing::Pooled(pool::Grid {
                rows: stage.rows,
                cols: stage.cols,
                size: POOL.0,
                stride: POOL.1,
            }),
            None if hidden && config.dropout > 0.0 => Passing::Dropped {
                keep: 1.0 - config.dropout,
                stream: stream(Purpose::Dropout, layer),
            },
            _ => Passing::Whole,
        };
        Self {
            number,
            w: tape.declare(format!("W{number}"), units, inputs, Role::Weight, w),
            b: tape.declare(format!("b{number}"), units, 1, Role::Weight, b),
            act: config.activations[number - 1],
            operator: stage.map_or(Operator::Dense, Operator::Convolution),
            passing,
        }
    }

    /// The same layer outside training: all units speak.
    pub fn awake(self) -> Self {
        let passing = match self.passing {
            Passing::Dropped { .. } => Passing::Whole,
            other => other,
        };
        Self { passing, ..self }
    }

    /// Units of its own activity, `n_l`.
    pub fn units(&self) -> usize {
        match self.operator {
            Operator::Dense => self.w.rows,
            Operator::Convolution(stage) => stage.units(),
        }
    }

    /// Numbers it receives from below.
    pub fn inputs(&self) -> usize {
        match self.operator {
            Operator::Dense => self.w.cols,
            Operator::Convolution(stage) => stage.rows * stage.cols * stage.inputs,
        }
    }

    /// Numbers the layer above receives.
    pub fn passes(&self) -> usize {
        match self.passing {
            Passing::Pooled(grid) => self.units() / (grid.rows * grid.cols) * grid.windows(),
            Passing::Whole | Passing::Dropped { .. } => self.units(),
        }
    }

    /// Records `a = act(op(x) + b) [+ c xi]`: x (N, inputs), a and xi (N, units).
    #[track_caller]
    pub fn forward(
        &self,
        tape: &mut Tape,
        label: &str,
        a: Buf,
        x: Buf,
        noise: Option<(Buf, Scalar)>,
    ) {
        match self.operator {
            Operator::Dense => {
                dense::record(tape, label, (a, x), (self.w, self.b), self.act, noise);
            }
            Operator::Convolution(stage) => {
                let (a, x) = (spread(stage, a), spread(stage, x));
                let noise = noise.map(|(xi, c)| (spread(stage, xi), c));
                let window = window(stage);
                conv::record(tape, label, (a, x), (self.w, self.b), self.act, window, noise);
            }
        }
    }

    /// A buffer for what the layer above receives of `a` (N, units): `a` itself where that is all of it.
    pub fn received(&self, tape: &mut Tape, label: &str, a: Buf) -> Buf {
        match self.passing {
            Passing::Whole => a,
            Passing::Pooled(_) | Passing::Dropped { .. } => {
                tape.temporary(label, a.rows, self.passes())
            }
        }
    }

    /// Records `h`, what the layer above receives of `a` (N, units); nothing where that is all of it.
    #[track_caller]
    pub fn pass_on(&self, tape: &mut Tape, label: &str, h: Buf, a: Buf) {
        match self.passing {
            Passing::Whole => {}
            Passing::Pooled(grid) => {
                let (h, a) = (pixels(h, grid.windows()), pixels(a, grid.rows * grid.cols));
                pool::record(tape, &format!("{label} = pooled"), h, a, grid);
            }
            Passing::Dropped { keep, stream } => {
                let keep = tape.scalar("keep", move |_, _| keep);
                dropout::record(tape, &format!("{label} = mask o / keep"), h, a, keep, stream);
            }
        }
    }

    /// Records the gradient at the activity `a` (N, units) from `g`, the one at what the layer above received.
    #[track_caller]
    pub fn pull_back(&self, tape: &mut Tape, label: &str, g: Buf, a: Buf) -> Buf {
        let Passing::Pooled(grid) = self.passing else {
            return self.silence(tape, label, g);
        };
        let out = tape.temporary(label, a.rows, a.cols);
        let at = |buf: Buf| pixels(buf, grid.rows * grid.cols);
        pool::record_adjoint(tape, label, at(out), pixels(g, grid.windows()), at(a), grid);
        out
    }

    /// Records `mask o g / keep` with this step's mask, or returns `g` (N, units) where no unit is silent. A unit
    /// that was silent did not act on the loss: its gradient is zero, and the others acted 1 / keep times as
    /// strongly. Both hold of the true gradient, and of one that is fed back to the unit, which knows that it was
    /// silent.
    #[track_caller]
    pub fn silence(&self, tape: &mut Tape, label: &str, g: Buf) -> Buf {
        let Passing::Dropped { keep, stream } = self.passing else { return g };
        let label = format!("{label}, of units that spoke");
        let out = tape.temporary(label.as_str(), g.rows, g.cols);
        let keep = tape.scalar("keep", move |_, _| keep);
        dropout::record(tape, &label, out, g, keep, stream);
        out
    }

    /// Records `mask o g`, for an estimate `g` that was made with this step's mask and so already has the factor
    /// 1 / keep; or returns `g` where no unit is silent.
    #[track_caller]
    pub fn mute(&self, tape: &mut Tape, label: &str, g: Buf) -> Buf {
        let Passing::Dropped { keep, .. } = self.passing else { return g };
        let spoken = self.silence(tape, label, g);
        let out = tape.temporary(label, g.rows, g.cols);
        let keep = tape.scalar("keep", move |_, _| keep);
        add_scaled::record(
            tape,
            &format!("{label}, of units that spoke, as it was"),
            out,
            None,
            spoken,
            keep,
        );
        out
    }

    /// Records the true gradient at this layer's input: e (N, units), result (N, inputs).
    #[track_caller]
    pub fn adjoint(&self, tape: &mut Tape, label: &str, e: Buf) -> Buf {
        match self.operator {
            Operator::Dense => send(tape, label, self.w, e),
            Operator::Convolution(stage) => {
                let g = tape.temporary(label, e.rows, self.inputs());
                let (to, from) = (spread(stage, g), spread(stage, e));
                conv::record_adjoint(tape, label, to, from, self.w, window(stage));
                g
            }
        }
    }

    /// Records `target = beta target + alpha sum_n dW_n`, from e (N, units) and the input x (N, inputs): a gradient
    /// of W or an update of it.
    #[track_caller]
    pub fn weight_gradient(
        &self,
        tape: &mut Tape,
        label: &str,
        target: Buf,
        (e, x): (Buf, Buf),
        beta: Scalar,
        alpha: Scalar,
    ) {
        match self.operator {
            Operator::Dense => outer::record(tape, label, target, (e, x), beta, alpha),
            Operator::Convolution(stage) => {
                let factors = (spread(stage, e), spread(stage, x));
                conv::record_outer(tape, label, target, factors, window(stage), beta, alpha);
            }
        }
    }

    /// Records `target = beta target + alpha sum e`, over samples and pixels: a gradient or an update of b.
    #[track_caller]
    pub fn bias_gradient(
        &self,
        tape: &mut Tape,
        label: &str,
        target: Buf,
        e: Buf,
        beta: Scalar,
        alpha: Scalar,
    ) {
        let e = match self.operator {
            Operator::Dense => e,
            Operator::Convolution(stage) => spread(stage, e),
        };
        column_sum::record(tape, label, target, e, beta, alpha);
    }
}

/// A buffer of N images of so many pixels each, (N, pixels C), as (N pixels, C).
fn pixels(buf: Buf, pixels: usize) -> Buf {
    buf.reshaped(buf.rows * pixels, buf.cols / pixels)
}

/// A convolution's input or output as pixels.
fn spread(stage: Stage, buf: Buf) -> Buf {
    pixels(buf, stage.rows * stage.cols)
}

fn window(stage: Stage) -> conv::Window {
    conv::Window { rows: stage.rows, cols: stage.cols, kernel: stage.own.kernel }
}
