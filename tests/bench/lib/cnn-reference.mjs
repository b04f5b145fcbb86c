/**
 * The judge of the convolutional step, in plain loops and f64: the step of lib/cnn.mjs by backpropagation or by node
 * perturbation with direct feedback, W and b by Adam on the batch sum, B by plain descent (paper, sections 3 and 6.4).
 *
 * Activity is (T, rows, columns, channels). Pooling is "same" as TensorFlow means it: at these
 * sides windows begin at even places and only the last ones reach over the edge.
 */
import { LOSS_TOLERANCE, UPDATE_TOLERANCE, updateError } from "./reference.mjs";

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Calls `visit(o, i, k)` for every tap: pixel o of the output, pixel i of the input, place k in the kernel. */
function taps({ side, kernel }, T, visit) {
  const reach = (kernel - 1) / 2;
  const inside = (v) => v >= 0 && v < side;
  for (let t = 0; t < T; t++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let k = 0; k < kernel * kernel; k++) {
          const [v, u] = [y + Math.floor(k / kernel) - reach, x + (k % kernel) - reach];
          if (inside(v) && inside(u))
            visit((t * side + y) * side + x, (t * side + v) * side + u, k);
        }
      }
    }
  }
}

/** A dense layer is a convolution with one tap a sample. */
function each(layer, T, visit) {
  if (layer.side) taps(layer, T, visit);
  else for (let t = 0; t < T; t++) visit(t, t, 0);
}

/** z = op(x; w) + b. */
function apply(layer, x, w, b, T) {
  const { units, inputs, all } = layer;
  const below = layer.below ?? inputs;
  const z = Float64Array.from({ length: T * all }, (_, k) => b[k % units]);
  each(layer, T, (o, i, k) => {
    for (let c = 0; c < units; c++) {
      let sum = 0;
      for (let d = 0; d < below; d++) sum += w[c * inputs + k * below + d] * x[i * below + d];
      z[o * units + c] += sum;
    }
  });
  return z;
}

/** Gradients of w and b, and what goes down to x, from the error at z. */
function pull(layer, e, x, w, T) {
  const { units, inputs } = layer;
  const below = layer.below ?? inputs;
  const [dw, db, dx] = [w, { length: units }, x].map((a) => new Float64Array(a.length));
  for (let k = 0; k < e.length; k++) db[k % units] += e[k];
  each(layer, T, (o, i, k) => {
    for (let c = 0; c < units; c++) {
      const error = e[o * units + c];
      if (error === 0) continue;
      for (let d = 0; d < below; d++) {
        const at = c * inputs + k * below + d;
        dw[at] += error * x[i * below + d];
        dx[i * below + d] += error * w[at];
      }
    }
  });
  return { dw, db, dx };
}

/** Which element of `a` is the largest of every 3 x 3 window, the first of equals. */
function winners({ side, units }, a) {
  const half = side / 2;
  const best = new Int32Array((a.length / side / side) * half * half);
  for (let k = 0; k < best.length; k++) {
    const c = k % units;
    const pixel = Math.floor(k / units);
    const [x, y, t] = [
      pixel % half,
      Math.floor(pixel / half) % half,
      Math.floor(pixel / half / half),
    ];
    best[k] = -1;
    for (let v = 2 * y; v < Math.min(2 * y + 3, side); v++) {
      for (let u = 2 * x; u < Math.min(2 * x + 3, side); u++) {
        const at = ((t * side + v) * side + u) * units + c;
        if (best[k] < 0 || a[at] > a[best[k]]) best[k] = at;
      }
    }
  }
  return best;
}

/** Activities a (before pooling and masks), h (after them) and the winners of the windows; the last a is the softmax. */
function forward({ layers, batch: T, c_h }, s, x, masks, xi) {
  const pass = { a: [], h: [x], best: [] };
  layers.forEach((layer, l) => {
    const z = apply(layer, pass.h[l], s.w[l], s.b[l], T);
    if (l === layers.length - 1) {
      for (let t = 0; t < T; t++) {
        const row = z.subarray(t * layer.units, (t + 1) * layer.units);
        const top = Math.max(...row);
        const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0);
        row.forEach((v, k) => {
          row[k] = Math.exp(v - top) / total;
        });
      }
      pass.a.push(z);
      return;
    }
    const a = z.map((v, k) => Math.max(v, 0) + (xi ? c_h * xi[l][k] : 0));
    pass.a.push(a);
    pass.best.push(layer.side ? winners(layer, a) : null);
    const from = pass.best[l];
    const mask = masks?.[l];
    if (from) pass.h.push(Float64Array.from(from, (at) => a[at]));
    else pass.h.push(mask ? a.map((v, k) => v * mask[k]) : a);
  });
  return pass;
}

/** Cross-entropy of one sample. */
const entropy = (out, y, t, n) => {
  let loss = 0;
  for (let k = t * n; k < (t + 1) * n; k++) if (y[k] > 0) loss -= y[k] * Math.log(out[k]);
  return loss;
};

/** Loss of a batch, summed, with nobody silent and no noise. */
function batchLoss(setup, state, { x, y }) {
  const out = forward(setup, state, x).a.at(-1);
  const n = setup.layers.at(-1).units;
  return Array.from({ length: setup.batch }, (_, t) => entropy(out, y, t, n)).reduce(
    (a, b) => a + b,
  );
}

function adam(w, g, moments, rate, t) {
  for (let k = 0; k < w.length; k++) {
    moments.m[k] = BETA1 * moments.m[k] + (1 - BETA1) * g[k];
    moments.v[k] = BETA2 * moments.v[k] + (1 - BETA2) * g[k] ** 2;
    const [m, v] = [moments.m[k] / (1 - BETA1 ** t), moments.v[k] / (1 - BETA2 ** t)];
    w[k] -= (rate * m) / (Math.sqrt(v) + EPSILON);
  }
}

/** State after `steps` steps from the set-up's start. */
export function trainCnn(setup, steps) {
  const { layers, batch: T, rule, eta_w, eta_b, c_h } = setup;
  const copy = (list) => list.map((a) => a && Float64Array.from(a));
  const state = { w: copy(setup.w), b: copy(setup.b), fb: copy(setup.fb) };
  const zero = (list) =>
    list.map(({ length }) => ({ m: new Float64Array(length), v: new Float64Array(length) }));
  const moments = { w: zero(state.w), b: zero(state.b) };
  const top = layers.length - 1;
  const n = layers[top].units;
  for (let step = 0; step < steps; step++) {
    const at = step % setup.batches.length;
    const { x, y } = setup.batches[at];
    const [masks, xi] = [setup.masks[at], setup.noise[at]];
    const clean = forward(setup, state, x, masks);
    const out = clean.a[top].map((v, k) => v - y[k]);
    const errors = layers.map((_, l) => (l === top ? out : null));
    const gradients = [];
    const change =
      xi &&
      ((noisy) =>
        Array.from(
          { length: T },
          (_, t) => entropy(noisy, y, t, n) - entropy(clean.a[top], y, t, n),
        ))(forward(setup, state, x, masks, xi).a[top]);
    for (let l = top; l >= 0; l--) {
      gradients[l] = pull(layers[l], errors[l], clean.h[l], state.w[l], T);
      if (l === 0) break;
      const { all } = layers[l - 1];
      const mask = masks[l - 1];
      let lambda = new Float64Array(T * all);
      if (rule === "bp") {
        const from = clean.best[l - 1];
        if (from) {
          gradients[l].dx.forEach((v, k) => {
            lambda[from[k]] += v;
          });
        } else lambda = gradients[l].dx.map((v, k) => v * mask[k]);
      } else {
        const residual = new Float64Array(T * all);
        for (let k = 0; k < lambda.length; k++) {
          const [t, unit] = [Math.floor(k / all), k % all];
          for (let o = 0; o < n; o++) lambda[k] += out[t * n + o] * state.fb[l][o * all + unit];
          lambda[k] *= mask?.[k] ?? 1;
          // A silent unit's prediction follows B by the factor of its mask, so does its gradient.
          residual[k] = (lambda[k] - (change[t] * xi[l - 1][k]) / c_h) * (mask?.[k] ?? 1);
        }
        gradients[l].dfb = new Float64Array(n * all);
        for (let k = 0; k < residual.length; k++) {
          const [t, unit] = [Math.floor(k / all), k % all];
          for (let o = 0; o < n; o++)
            gradients[l].dfb[o * all + unit] += out[t * n + o] * residual[k];
        }
      }
      errors[l - 1] = lambda.map((v, k) => (clean.a[l - 1][k] > 0 ? v : 0));
    }
    gradients.forEach(({ dw, db, dfb }, l) => {
      adam(state.w[l], dw, moments.w[l], eta_w, step + 1);
      adam(state.b[l], db, moments.b[l], eta_w, step + 1);
      dfb?.forEach((g, k) => {
        state.fb[l][k] -= eta_b * g;
      });
    });
  }
  return state;
}

/** Of a peer that only has the forward pass: its loss of the first batch, before any step. */
export function judgeForward(setup, loss) {
  const expected = batchLoss(setup, setup, setup.batches[0]);
  const lossError = Math.abs(loss - expected) / expected;
  return { loss, expected, lossError, updateError: lossError, ok: lossError <= LOSS_TOLERANCE };
}

/** As `judge` of reference.mjs. */
export function judgeCnn(setup, reference, state) {
  const loss = batchLoss(setup, state, setup.batches[0]);
  const expected = batchLoss(setup, reference, setup.batches[0]);
  const lossError = Math.abs(loss - expected) / expected;
  const errors = (setup.rule === "bp" ? ["w", "b"] : ["w", "b", "fb"]).flatMap((key) =>
    reference[key].flatMap((want, l) =>
      want ? [updateError(setup[key][l], want, state[key][l])] : [],
    ),
  );
  // Not Math.max: it must not lose NaN behind a comparison.
  const ok = lossError <= LOSS_TOLERANCE && errors.every((error) => error <= UPDATE_TOLERANCE);
  return { loss, expected, lossError, updateError: Math.max(...errors), ok };
}
