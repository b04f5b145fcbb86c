/**
 * The judge of the benchmark: backpropagation and node perturbation in plain loops and f64, slow
 * on purpose. Every peer starts from the same weights, batches and noise and must arrive where
 * this arrives; a contender that skips work cannot look fast.
 *
 * Arrays: W^l and B^l are (n_l, n_{l-1}) row major, activity is (T, n_l) row major.
 */

/** Largest relative difference of the loss after the check, peer against reference. */
export const LOSS_TOLERANCE = 1e-5;
/**
 * Largest relative Frobenius error of any one matrix's accumulated update (W_end - W_start).
 * Meant to catch skipped or wrong work, which leaves an error of order 1 in some matrix, not to
 * grade rounding: updates here are small against the weights, most peers stay below 2e-4, and
 * PyTorch's in-place addmm_, which adds 512 samples one by one to f32 weights, reaches 2e-2.
 */
export const UPDATE_TOLERANCE = 5e-2;

const ACT = {
  identity: (z) => z,
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  relu: (z) => (z > 0 ? z : 0),
};
/** Derivative as a function of the activity h = act(z). */
const SLOPE = {
  identity: () => 1,
  tanh: (h) => 1 - h * h,
  sigmoid: (h) => h * (1 - h),
  relu: (h) => (h > 0 ? 1 : 0),
};

/** h = act(x W' + b): x (T, n_in) -> (T, n_out). */
function dense(x, w, b, act, T, nIn, nOut) {
  const h = new Float64Array(T * nOut);
  for (let t = 0; t < T; t++) {
    for (let o = 0; o < nOut; o++) {
      let z = b[o];
      for (let i = 0; i < nIn; i++) z += w[o * nIn + i] * x[t * nIn + i];
      h[t * nOut + o] = act(z);
    }
  }
  return h;
}

/** lambda = e W: e (T, n_out) -> (T, n_in). */
function adjoint(e, w, T, nIn, nOut) {
  const lambda = new Float64Array(T * nIn);
  for (let t = 0; t < T; t++) {
    for (let o = 0; o < nOut; o++) {
      const eo = e[t * nOut + o];
      for (let i = 0; i < nIn; i++) lambda[t * nIn + i] += eo * w[o * nIn + i];
    }
  }
  return lambda;
}

/** w -= eta e' h, and b -= eta sum_t e when a bias is given. */
function descend(w, b, eta, e, h, T, nIn, nOut) {
  for (let t = 0; t < T; t++) {
    for (let o = 0; o < nOut; o++) {
      const s = eta * e[t * nOut + o];
      if (b) b[o] -= s;
      for (let i = 0; i < nIn; i++) w[o * nIn + i] -= s * h[t * nIn + i];
    }
  }
}

function forward(setup, s, x, xi) {
  const { sizes, activations, batch: T, c_h } = setup;
  const h = [x];
  for (let l = 0; l < activations.length; l++) {
    const out = dense(h[l], s.w[l], s.b[l], ACT[activations[l]], T, sizes[l], sizes[l + 1]);
    if (xi?.[l]) for (let k = 0; k < out.length; k++) out[k] += c_h * xi[l][k];
    h.push(out);
  }
  return h;
}

/** Loss of one batch without noise, summed over the samples: 1/2 sum (yhat - y)^2. */
export function batchLoss(setup, state, { x, y }) {
  const out = forward(setup, state, x).at(-1);
  let loss = 0;
  for (let k = 0; k < out.length; k++) loss += 0.5 * (out[k] - y[k]) ** 2;
  return loss;
}

/** One step of rule "bp" or "np" on `state`, in place. */
function step(setup, state, { x, y }, xi) {
  const { sizes, activations, batch: T, rule, eta_w, eta_b, c_h } = setup;
  const L = activations.length;
  const h = forward(setup, state, x);
  let lossChange = null;
  if (rule === "np") {
    const noisy = forward(setup, state, x, xi).at(-1);
    const p = sizes[L];
    lossChange = new Float64Array(T);
    for (let k = 0; k < noisy.length; k++) {
      const t = Math.floor(k / p);
      lossChange[t] += 0.5 * (noisy[k] - h[L][k]) * (noisy[k] + h[L][k] - 2 * y[k]);
    }
  }
  const slope = (l) => SLOPE[activations[l - 1]];
  let e = h[L].map((v, k) => (v - y[k]) * slope(L)(v));
  for (let l = L; l >= 1; l--) {
    const nIn = sizes[l - 1];
    const nOut = sizes[l];
    let below = null;
    if (l > 1) {
      const lambda = adjoint(e, rule === "np" ? state.fb[l - 1] : state.w[l - 1], T, nIn, nOut);
      below = lambda.map((v, k) => v * slope(l - 1)(h[l - 1][k]));
      if (rule === "np") {
        const residual = lambda.map(
          (v, k) => v - (lossChange[Math.floor(k / nIn)] * xi[l - 2][k]) / c_h,
        );
        descend(state.fb[l - 1], null, eta_b, e, residual, T, nIn, nOut);
      }
    }
    descend(state.w[l - 1], state.b[l - 1], eta_w, e, h[l - 1], T, nIn, nOut);
    e = below;
  }
}

/** State after `steps` steps from the set-up's start. */
export function train(setup, steps) {
  const copy = (list) => list.map((a) => a && Float64Array.from(a));
  const state = { w: copy(setup.w), b: copy(setup.b), fb: copy(setup.fb) };
  for (let k = 0; k < steps; k++) {
    step(
      setup,
      state,
      setup.batches[k % setup.batches.length],
      setup.noise[k % setup.noise.length],
    );
  }
  return state;
}

/** Relative Frobenius error of the update `got` - `start` where `want` - `start` is right. */
export function updateError(start, want, got) {
  let diff = 0;
  let size = 0;
  for (let k = 0; k < want.length; k++) {
    diff += (got[k] - want[k]) ** 2;
    size += (want[k] - start[k]) ** 2;
  }
  return Math.sqrt(diff / size);
}

/** Compare a peer's state with the reference's: { loss, lossError, updateError, ok }. */
export function judge(setup, reference, state) {
  const loss = batchLoss(setup, state, setup.batches[0]);
  const expected = batchLoss(setup, reference, setup.batches[0]);
  const lossError = Math.abs(loss - expected) / expected;
  let worst = 0;
  for (const key of setup.rule === "np" ? ["w", "b", "fb"] : ["w", "b"]) {
    reference[key].forEach((want, l) => {
      if (!want) return;
      const error = updateError(setup[key][l], want, state[key][l]);
      if (!(error <= worst)) worst = error;
    });
  }
  return {
    loss,
    expected,
    lossError,
    updateError: worst,
    ok: lossError <= LOSS_TOLERANCE && worst <= UPDATE_TOLERANCE,
  };
}
