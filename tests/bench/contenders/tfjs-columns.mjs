/**
 * TensorFlow.js, WASM backend, by hand as in tfjs-manual.mjs, with everything turned on its side:
 * activity is (n_l, T), one column a sample, and weights are (n_out, n_in). Its matrix kernel
 * repacks the right operand in every call; this way that operand is mostly the small activity
 * rather than the weights. The fastest way we found to write it.
 */
import { activate, loadWasm, tf, through } from "./tfjs-common.mjs";

function open(setup) {
  const { sizes, activations, batch, rule, eta_w, eta_b, c_h } = setup;
  const L = activations.length;
  const matrix = (a, l) => a && tf.variable(tf.tensor2d(a, [sizes[l + 1], sizes[l]]));
  const w = setup.w.map(matrix);
  const fb = setup.fb.map(matrix);
  const b = setup.b.map((a, l) => tf.variable(tf.tensor2d(a, [sizes[l + 1], 1])));
  /** (T, n) data as (n, T). */
  const flip = (a, n) => tf.tidy(() => tf.transpose(tf.tensor2d(a, [batch, n])));
  const batches = setup.batches.map(({ x, y }) => ({
    rows: tf.tensor2d(x, [batch, sizes[0]]),
    x: flip(x, sizes[0]),
    y: flip(y, sizes.at(-1)),
  }));
  const noise = setup.noise.map((layers) => layers?.map((a, l) => flip(a, sizes[l + 1])));
  const layer = (h, l) => activate(activations[l], tf.add(tf.matMul(w[l], h), b[l]));

  const step = (k) => {
    const { x, y, rows } = batches[k % batches.length];
    const h = [x];
    for (let l = 0; l < L; l++) h.push(layer(h[l], l));
    const miss = tf.sub(h[L], y);

    let xi;
    let change; // (L~ - L) / c_h per sample
    if (rule === "np") {
      xi = noise[k % noise.length];
      let noisy = tf.add(h[1], tf.mul(c_h, xi[0]));
      for (let l = 1; l < L; l++) {
        noisy = layer(noisy, l);
        if (l < L - 1) noisy = tf.add(noisy, tf.mul(c_h, xi[l]));
      }
      const d = tf.sub(noisy, h[L]);
      change = tf.mul(0.5 / c_h, tf.sum(tf.mul(d, tf.add(d, tf.mul(2, miss))), 0, true));
    }

    let e = through(activations[L - 1], h[L], miss);
    for (let l = L - 1; l >= 0; l--) {
      let below;
      if (l > 0) {
        const back = rule === "np" ? fb[l] : w[l];
        const lambda = tf.transpose(tf.matMul(tf.transpose(e), back));
        below = through(activations[l - 1], h[l], lambda);
        if (rule === "np") {
          const residual = tf.sub(lambda, tf.mul(change, xi[l - 1]));
          fb[l].assign(tf.sub(fb[l], tf.matMul(tf.mul(eta_b, e), tf.transpose(residual))));
        }
      }
      const scaled = tf.mul(eta_w, e);
      w[l].assign(tf.sub(w[l], tf.matMul(scaled, l === 0 ? rows : tf.transpose(h[l]))));
      b[l].assign(tf.sub(b[l], tf.sum(scaled, 1, true)));
      e = below;
    }
  };

  let k = 0;
  const read = async (v) => v?.data();
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) tf.tidy(() => step(k++));
    },
    state: async () => ({
      w: await Promise.all(w.map(read)),
      b: await Promise.all(b.map(read)),
      fb: await Promise.all(fb.map(read)),
    }),
    dispose: () => tf.disposeVariables(),
  };
}

export default {
  title: "TensorFlow.js WASM, tuned, columns",
  note: "as above, activity (features, batch) to spare its repacking of weights",
  rules: { bp: async (setup) => open(setup), np: async (setup) => open(setup) },
  load: loadWasm,
};
