//! Results that have a closed form: the targets of the paper's theorems
//! (arXiv 1906.00889, Theorems 1 and 2, Corollary 1), least squares, and the
//! exact loss difference of a linear network.

use super::{Inputs, Spec, State, add_outer, mat_vec, row, solve};

/// `A B`, A: rows x inner, B: inner x cols.
pub fn mat_mul(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let rows = a.len() / inner;
    let cols = b.len() / inner;
    let mut out = vec![0.0; rows * cols];
    for r in 0..rows {
        for c in 0..cols {
            for k in 0..inner {
                out[r * cols + c] += a[r * inner + k] * b[k * cols + c];
            }
        }
    }
    out
}

/// `W^L W^{L-1} ... W^{i+1}` (p x n_i): what the direct form converges to in a
/// linear network (Corollary 1), and dyhat/dh^i there.
pub fn weights_above(spec: &Spec, state: &State, i: usize) -> Vec<f64> {
    let mut product = state.w[spec.layers() - 1].clone(); // W^L
    for l in (i + 1..spec.layers()).rev() {
        product = mat_mul(&product, &state.w[l - 1], spec.sizes[l]); // ... W^l
    }
    product
}

/// Ridge or (gamma = 0) least squares of a whole record at once:
/// `B = (E^T E + gamma I)^{-1} E^T Lambda`, E: T x ne, Lambda: T x nl.
pub fn least_squares(e: &[f64], lambda: &[f64], ne: usize, nl: usize, gamma: f64) -> Vec<f64> {
    let mut v = vec![0.0; ne * ne];
    for j in 0..ne {
        v[j * ne + j] = gamma;
    }
    let mut s = vec![0.0; ne * nl];
    for t in 0..e.len() / ne {
        add_outer(&mut v, row(e, t, ne), row(e, t, ne));
        add_outer(&mut s, row(e, t, ne), row(lambda, t, nl));
    }
    solve(&v, &s, ne)
}

/// `L~ - L` of sample t in a linear network with squared error, exactly:
/// the output moves by `d = c_h sum_i W^L ... W^{i+1} xi^i`, so the loss by
/// `e^L . d + |d|^2 / 2`.
pub fn linear_loss_difference(
    spec: &Spec,
    state: &State,
    inp: &Inputs,
    e_out: &[f64],
    t: usize,
) -> f64 {
    let mut d = vec![0.0; e_out.len()];
    for i in 1..=spec.hidden() {
        let moved = mat_vec(&weights_above(spec, state, i), row(&inp.xi[i - 1], t, spec.sizes[i]));
        for k in 0..d.len() {
            d[k] += spec.c_h * moved[k];
        }
    }
    (0..d.len()).map(|k| e_out[k] * d[k] + 0.5 * d[k] * d[k]).sum()
}

/// Frobenius norm.
pub fn norm(m: &[f64]) -> f64 {
    m.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// `||A - B||_F / ||B||_F`
pub fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let d: Vec<f64> = (0..a.len()).map(|q| a[q] - b[q]).collect();
    norm(&d) / norm(b)
}
