/**
 * TensorFlow.js, WASM backend with SIMD, one thread, tuned by hand: no tape, gradients written
 * out, and every product in the one form its matrix kernel is fast in (neither operand flagged as
 * transposed; explicit tf.transpose first). Rates are folded into the errors, which are small.
 */
import { activate, constant, loadWasm, sessionOf, tf, through, upload } from "./tfjs-common.mjs";

/** How the backend wants its products: a layer act(h W + b), a b', a' b, and the sum over the samples. */
const WASM = {
  layer: (act, h, w, b) => activate(act, tf.add(tf.matMul(h, w), b)),
  nt: (a, b) => tf.matMul(a, tf.transpose(b)),
  tn: (a, b) => tf.matMul(tf.transpose(a), b),
  columnSum: (a) => tf.sum(a, 0),
};

/** The rules written out over such products. */
export function rulesWith({ layer, nt, tn, columnSum }) {
  function open(setup) {
    const { activations, rule } = setup;
    const { batches, noise, w, b, fb } = upload(setup);
    const [eta_w, eta_b, c_h] = [setup.eta_w, setup.eta_b, setup.c_h].map(constant);
    const L = activations.length;
    const dense = (h, l) => layer(activations[l], h, w[l], b[l]);

    const step = (k) => {
      const { x, y } = batches[k % batches.length];
      const h = [x];
      for (let l = 0; l < L; l++) h.push(dense(h[l], l));
      const miss = tf.sub(h[L], y);

      let xi;
      let change; // (L~ - L) / c_h per sample
      if (rule === "np") {
        xi = noise[k % noise.length];
        // The first pre-activation is that of the clean pass.
        let noisy = tf.add(h[1], tf.mul(c_h, xi[0]));
        for (let l = 1; l < L; l++) {
          noisy = dense(noisy, l);
          if (l < L - 1) noisy = tf.add(noisy, tf.mul(c_h, xi[l]));
        }
        // (y~ - yhat)(y~ + yhat - 2 y) = d (d + 2 miss) with d = y~ - yhat
        const d = tf.sub(noisy, h[L]);
        const sum = tf.sum(tf.mul(d, tf.add(d, tf.mul(constant(2), miss))), 1, true);
        change = tf.mul(constant(0.5 / setup.c_h), sum);
      }

      let e = through(activations[L - 1], h[L], miss);
      for (let l = L - 1; l >= 0; l--) {
        let below;
        if (l > 0) {
          const lambda = nt(e, rule === "np" ? fb[l] : w[l]);
          below = through(activations[l - 1], h[l], lambda);
          if (rule === "np") {
            const residual = tf.sub(lambda, tf.mul(change, xi[l - 1]));
            fb[l].assign(tf.sub(fb[l], tn(residual, tf.mul(eta_b, e))));
          }
        }
        const scaled = tf.mul(eta_w, e);
        w[l].assign(tf.sub(w[l], tn(h[l], scaled)));
        b[l].assign(tf.sub(b[l], columnSum(scaled)));
        e = below;
      }
    };
    return sessionOf(setup, step, { w, b, fb, batches, noise });
  }
  return { bp: async (setup) => open(setup), np: async (setup) => open(setup) };
}

export default {
  title: "TensorFlow.js WASM, tuned by hand",
  note: "SIMD, 1 thread, explicit transposes, no autograd; batches and noise drawn beforehand",
  rules: rulesWith(WASM),
  load: loadWasm,
};
