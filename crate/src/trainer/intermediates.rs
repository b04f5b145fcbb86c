//! Where a recorded step leaves what it computes, by name: the one list behind a trace and the page's pictures.

use super::Compiled;
use crate::plan::Buf;

/// What a step leaves of one layer. `None`: this rule has no such thing, or it was not kept.
#[derive(Debug, Clone, Copy)]
pub struct Intermediates {
    /// Activity before any added noise.
    pub a: Buf,
    /// Activity with any added noise, before pooling and dropout.
    pub emitted: Buf,
    /// What the layer above receives of it.
    pub h: Buf,
    /// Activity in the perturbed pass.
    pub noisy: Option<Buf>,
    /// Its noise.
    pub xi: Option<Buf>,
    /// Estimate of the gradient on the activity.
    pub lambda_hat: Option<Buf>,
    /// Gradient on the activity as the rule sent it.
    pub lambda: Option<Buf>,
    /// True gradient on the activity.
    pub truth: Option<Buf>,
    /// Error signal.
    pub e: Option<Buf>,
    /// Batch-sum gradient of W.
    pub dw: Option<Buf>,
    /// Batch-sum gradient of b.
    pub db: Option<Buf>,
    /// Gradient of the B that this layer's error feeds, or the output's under direct feedback.
    pub dfeedback: Option<Buf>,
}

impl Compiled {
    /// Of layers 1..=L, at l - 1. Unless W `learns` in the step, its gradients' buffers hold nothing of it.
    pub fn intermediates(&self, learns: bool) -> Vec<Intermediates> {
        let step = &self.recorded;
        let slot = |slots: &[Option<Buf>], i: usize| slots.get(i).copied().flatten();
        (0..step.top())
            .map(|i| {
                let gradient = self.gradients[i].filter(|_| learns);
                Intermediates {
                    a: step.a[i + 1],
                    emitted: step.emitted[i + 1],
                    h: step.h[i + 1],
                    noisy: self.h_noisy.get(i).copied(),
                    xi: step.difference.and(step.xi.get(i).copied()),
                    lambda_hat: slot(&step.lambda_hat, i),
                    lambda: slot(&step.lambda, i),
                    truth: step.exact.get(i).copied().flatten().map(|pair| pair.0),
                    e: slot(&step.e, i),
                    dw: gradient.map(|g| g.w),
                    db: gradient.map(|g| g.b),
                    dfeedback: i.checked_sub(1).and_then(|i| slot(&step.feedback_gradient, i)),
                }
            })
            .collect()
    }
}
