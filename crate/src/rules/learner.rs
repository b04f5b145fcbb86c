//! Feedback weights fitted to a target gradient, shared by the rules that regress (paper, section 3 and
//! appendix B): `B` minimises `sum_n ||e_n B - target_n||^2`, by a gradient step or by exact ridge.

use super::{Feedback, Setting, Step};
use crate::config::FeedbackLearner;
use crate::kernels::{add_scaled, outer, ridge, row_scale, running_sum};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// What B is fitted to.
pub enum Target {
    /// `lambda_hat = (L~ - L) xi / c_h`, the estimate by perturbation.
    Perturbation,
    /// A gradient that is there in a buffer.
    Exact(Buf),
}

/// Declares B and, for ridge, its running sums.
pub fn declare(tape: &mut Tape, layers: &[Layer], direct: bool, setting: Setting) -> Feedback {
    match setting.feedback {
        FeedbackLearner::Sgd => Feedback::matrices(tape, layers, direct, setting.init),
        FeedbackLearner::Ridge => Feedback::ridge(tape, layers, direct, setting.gamma),
    }
}

/// Records `out = lambda_hat`, or `g - lambda_hat` where a prediction g is given.
fn estimate(tape: &mut Tape, step: &Step, l: usize, label: &str, g: Option<Buf>) -> Buf {
    let xi = step.xi[l - 1];
    let out = tape.temporary(label, xi.rows, xi.cols);
    let scale = if g.is_some() {
        tape.scalar("-1 / c_h", |h, _| -1.0 / h.c_h)
    } else {
        tape.scalar("1 / c_h", |h, _| 1.0 / h.c_h)
    };
    if let Some(difference) = step.difference {
        row_scale::record(tape, label, out, difference, xi, g, scale);
    }
    out
}

/// Records `lambda_hat^l = (L~ - L) xi^l / c_h`, (N, `n_l`).
pub fn lambda_hat(tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
    let out = estimate(tape, step, l, &format!("lambda_hat{l} = (L~ - L) xi{l} / c_h"), None);
    step.lambda_hat[l - 1] = Some(out);
    out
}

/// Records the fit of the feedback of hidden layer l.
pub fn fit(tape: &mut Tape, step: &mut Step, l: usize, target: &Target) {
    let (name, fed) = (l + 1, step.fed(l));
    let b = step.feedback.b[l - 1];
    if step.keep && matches!(target, Target::Perturbation) {
        lambda_hat(tape, step, l);
    }
    let one = tape.scalar("1", |_, _| 1.0);
    if let Some((v_rest, s_rest)) = step.feedback.rests.get(l - 1).copied() {
        let (v, s) = (step.feedback.v[l - 1], step.feedback.s[l - 1]);
        let target = match target {
            Target::Exact(lambda) => *lambda,
            Target::Perturbation => match step.lambda_hat[l - 1] {
                Some(kept) => kept,
                None => lambda_hat(tape, step, l),
            },
        };
        let zero = tape.scalar("0", |_, _| 0.0);
        let mut add = |label: &str, sum: Buf, rest, right| {
            let term = tape.temporary(label, sum.rows, sum.cols);
            outer::record(tape, label, term, (fed, right), zero, one);
            running_sum::record(tape, &format!("+= {label}"), sum, rest, term);
        };
        add(&format!("V{name} term = e^T e"), v, v_rest, fed);
        add(&format!("S{name} term = e^T lambda_hat{l}"), s, s_rest, target);
        ridge::record(tape, &format!("B{name} = V^-1 S"), b, v, s);
        return;
    }
    let Some(predicted) = step.lambda[l - 1] else { return };
    let label = format!("e B{name} - target");
    let residual = match target {
        Target::Perturbation => estimate(tape, step, l, &label, Some(predicted)),
        Target::Exact(lambda) => {
            let out = tape.temporary(label.as_str(), lambda.rows, lambda.cols);
            let minus = tape.scalar("-1", |_, _| -1.0);
            add_scaled::record(tape, &label, out, Some(predicted), *lambda, minus);
            out
        }
    };
    // Of a unit that was silent the prediction is 0 whatever B is, so it teaches B nothing: this is the factor
    // by which the prediction follows e B.
    let residual = step.layer(l).silence(tape, &label, residual);
    let rate = tape.scalar("-eta_B", |h, _| -h.eta_b);
    if step.keep {
        let zero = tape.scalar("0", |_, _| 0.0);
        let gradient = tape.temporary(format!("dB{name}"), b.rows, b.cols);
        let label = format!("dB{name} = e^T (e B{name} - target)");
        outer::record(tape, &label, gradient, (fed, residual), zero, one);
        step.feedback_gradient[l - 1] = Some(gradient);
    }
    let label = format!("B{name} -= eta_B e^T (e B{name} - target)");
    outer::record(tape, &label, b, (fed, residual), one, rate);
}
