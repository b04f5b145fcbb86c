//! What a rule sees of the step being recorded: buffers by name, and the few recordings rules share.

use crate::base::rng::{Purpose, stream};
use crate::config::Initialisation;
use crate::kernels::gate;
use crate::net::{Layer, init_std, send};
use crate::plan::{Buf, Init, Role, Tape, When};

/// A rule's persistent buffers. All vectors are indexed by hidden layer l = 1..L, at l - 1, or empty.
#[derive(Debug, Clone, Default)]
pub struct Feedback {
    /// `B^{l+1}`: (`n_{l+1}`, `n_l`), direct: (`n_L`, `n_l`).
    pub b: Vec<Buf>,
    /// Ridge: `V = gamma I + sum e^T e`.
    pub v: Vec<Buf>,
    /// Ridge: `S = sum e^T lambda_hat`.
    pub s: Vec<Buf>,
    /// Ridge: what V and S have rounded off, kept for the next step.
    pub rests: Vec<(Buf, Buf)>,
    /// Fixed magnitudes of sign-symmetric feedback.
    pub magnitude: Vec<Buf>,
    /// The errors that feed B come from the output, not from the layer above.
    pub direct: bool,
}

impl Feedback {
    /// Declares one B for each hidden layer, drawn like a W of the same shape.
    pub fn matrices(tape: &mut Tape, layers: &[Layer], direct: bool, init: Initialisation) -> Self {
        let b = Self::shapes(layers, direct)
            .map(|(l, rows, cols)| {
                let draw = stream(Purpose::InitFeedback, l as u32 + 1);
                let init = match init {
                    Initialisation::Gaussian => Init::Normal { std: init_std(cols), stream: draw },
                    Initialisation::TruncatedNormal => {
                        Init::TruncatedNormal { std: init_std(cols + 1), stream: draw }
                    }
                };
                tape.declare(format!("B{}", l + 1), rows, cols, Role::Feedback, init)
            })
            .collect();
        Self { b, direct, ..Self::default() }
    }

    /// Declares one B = 0 and the ridge sums for each hidden layer.
    pub fn ridge(tape: &mut Tape, layers: &[Layer], direct: bool, gamma: f64) -> Self {
        let mut feedback = Self { direct, ..Self::default() };
        for (l, rows, cols) in Self::shapes(layers, direct) {
            let name = l + 1;
            let diagonal = Init::Diagonal(gamma as f32);
            feedback.b.push(tape.declare(
                format!("B{name}"),
                rows,
                cols,
                Role::Feedback,
                Init::Zero,
            ));
            feedback.v.push(tape.declare(format!("V{name}"), rows, rows, Role::Memory, diagonal));
            feedback.s.push(tape.declare(format!("S{name}"), rows, cols, Role::Memory, Init::Zero));
            let mut rest = |of: &str, cols| {
                tape.declare(format!("rest of {of}{name}"), rows, cols, Role::Memory, Init::Zero)
            };
            feedback.rests.push((rest("V", rows), rest("S", cols)));
        }
        feedback
    }

    /// (l, rows, columns) of the feedback of every hidden layer.
    pub fn shapes(layers: &[Layer], direct: bool) -> impl Iterator<Item = (usize, usize, usize)> {
        let outputs = layers[layers.len() - 1].units();
        layers.windows(2).map(move |pair| {
            let (own, above) = (&pair[0], &pair[1]);
            (own.number, if direct { outputs } else { above.units() }, own.units())
        })
    }
}

/// A step being recorded. Layers count from 1; index 0 of `h` and `a` is the input.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Samples.
    pub batch: usize,
    /// The network, layer l at l - 1.
    pub layers: Vec<Layer>,
    /// `h^l`, what the layer above receives, l = 0..=L.
    pub h: Vec<Buf>,
    /// Activity before any added noise, l = 0..=L; its slopes gate the errors.
    pub a: Vec<Buf>,
    /// Activity with any added noise, l = 0..=L, before pooling and dropout make `h` of it.
    pub emitted: Vec<Buf>,
    /// `xi^l` of the perturbed pass, l = 1..L, at l - 1.
    pub xi: Vec<Buf>,
    /// `L~_n - L_n` (or the batch's, as configured), where there is a perturbed pass.
    pub difference: Option<Buf>,
    /// `e~^l`, l = 1..=L, at l - 1; filled top down.
    pub e: Vec<Option<Buf>>,
    /// `lambda~^l` as sent by the rule, l = 1..L, at l - 1.
    pub lambda: Vec<Option<Buf>>,
    /// Exact `(lambda^l, e^l)`, recorded when first asked for.
    pub(crate) exact: Vec<Option<(Buf, Buf)>>,
    /// The rule's state.
    pub feedback: Feedback,
    /// When W changes; `None` where it is frozen.
    pub forward_updates: Option<When>,
    /// Leave estimates and gradients in buffers of their own, for a trace.
    pub keep: bool,
    /// `lambda_hat^l`, l = 1..L, at l - 1, where kept.
    pub lambda_hat: Vec<Option<Buf>>,
    /// Gradient of `B^{l+1}`, l = 1..L, at l - 1, where kept.
    pub feedback_gradient: Vec<Option<Buf>>,
}

impl Step {
    /// Number of weight layers, L.
    pub fn top(&self) -> usize {
        self.layers.len()
    }

    /// `W^l`'s layer.
    pub fn layer(&self, l: usize) -> Layer {
        self.layers[l - 1]
    }

    /// Fills the slots that are indexed by layer.
    pub fn prepare(&mut self) {
        let top = self.top();
        self.e = vec![None; top];
        self.exact = vec![None; top];
        for slots in [&mut self.lambda, &mut self.lambda_hat, &mut self.feedback_gradient] {
            *slots = vec![None; top];
        }
    }

    /// `e~^l`, which a rule asks for only after it was recorded.
    ///
    /// # Panics
    /// When it was not: a defect of the rule, found the first time it is recorded.
    #[track_caller]
    pub fn error(&self, l: usize) -> Buf {
        assert!(self.e[l - 1].is_some(), "e{l} is not recorded yet");
        self.e[l - 1].unwrap_or(self.h[l])
    }

    /// The error that feeds the feedback of hidden layer l: `e~^{l+1}`, direct: `e^L`.
    pub fn fed(&self, l: usize) -> Buf {
        self.error(if self.feedback.direct { self.top() } else { l + 1 })
    }

    /// Records `lambda^l = e B` with the rule's own feedback weights, zero at units that were silent in this step.
    pub fn feed_back(&self, tape: &mut Tape, l: usize) -> Buf {
        let label = format!("lambda{l} = e B{}", l + 1);
        let lambda = send(tape, &label, self.feedback.b[l - 1], self.fed(l));
        self.layer(l).silence(tape, &format!("lambda{l}"), lambda)
    }

    /// Records (once) the exact gradient `lambda^l` of hidden layer l by backpropagation through W.
    pub fn exact_lambda(&mut self, tape: &mut Tape, l: usize) -> Buf {
        self.exact_pair(tape, l).0
    }

    fn exact_pair(&mut self, tape: &mut Tape, l: usize) -> (Buf, Buf) {
        if let Some(pair) = self.exact[l - 1] {
            return pair;
        }
        let above = self.layer(l + 1);
        let error =
            if l + 1 == self.top() { self.error(l + 1) } else { self.exact_pair(tape, l + 1).1 };
        let g = above.adjoint(tape, &format!("true lambda{l} = e W{}", l + 1), error);
        let lambda = self.layer(l).pull_back(tape, &format!("true lambda{l}"), g, self.emitted[l]);
        let e = tape.temporary(format!("true e{l}"), lambda.rows, lambda.cols);
        gate::record(tape, &format!("true e{l}"), e, lambda, self.a[l], self.layer(l).act);
        self.exact[l - 1] = Some((lambda, e));
        (lambda, e)
    }
}
