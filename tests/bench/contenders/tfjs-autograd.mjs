/**
 * TensorFlow.js, WASM backend with SIMD, one thread, as its documentation teaches: the loss is a
 * function, gradients come from the tape. Node perturbation is a dense op with a custom gradient
 * that sends the error down through B and regresses B on lambda_hat.
 */
import { activate, loadWasm, sessionOf, tf, upload } from "./tfjs-common.mjs";

async function bp(setup) {
  const { batches, w, b } = upload(setup);
  const optimizer = tf.train.sgd(setup.eta_w);
  const step = (k) => {
    const { x, y } = batches[k % batches.length];
    const cost = optimizer.minimize(() => {
      const out = setup.activations.reduce(
        (h, act, l) => activate(act, tf.add(tf.matMul(h, w[l]), b[l])),
        x,
      );
      return tf.mul(0.5, tf.sum(tf.square(tf.sub(out, y))));
    }, true);
    cost.dispose();
  };
  return sessionOf(setup, step, { w, b, batches });
}

async function np(setup) {
  const { activations, c_h } = setup;
  const { batches, noise, w, b, fb } = upload(setup);
  const [forSGD, forB] = [tf.train.sgd(setup.eta_w), tf.train.sgd(setup.eta_b)];
  const L = activations.length;

  const step = (k) => {
    const { x, y } = batches[k % batches.length];
    const xi = noise[k % noise.length];
    // lambda_hat of every hidden layer: made in the forward pass, used when the tape is walked back.
    let lambdaHat = [];
    const { value, grads } = tf.variableGrads(() => {
      const dense = (l) =>
        tf.customGrad((h, weights, feedback, save) => {
          save([h, feedback]);
          return {
            value: tf.matMul(h, weights),
            gradFunc: (e, saved) => {
              const lambda = tf.matMul(e, saved[1], false, true);
              return [
                lambda,
                tf.matMul(saved[0], e, true, false),
                tf.matMul(tf.sub(lambda, lambdaHat[l]), e, true, false),
              ];
            },
          };
        });
      const clean = activations.reduce((h, act, l) => {
        const z = l === 0 ? tf.matMul(h, w[0]) : dense(l)(h, w[l], fb[l]);
        return activate(act, tf.add(z, b[l]));
      }, x);
      const noisy = activations.reduce((h, act, l) => {
        const out = activate(act, tf.add(tf.matMul(h, w[l].clone()), b[l]));
        return l < L - 1 ? tf.add(out, tf.mul(c_h, xi[l])) : out;
      }, x);
      const change = tf.mul(
        0.5,
        tf.sum(tf.mul(tf.sub(noisy, clean), tf.sub(tf.add(noisy, clean), tf.mul(2, y))), 1, true),
      );
      lambdaHat = activations.map((_, l) =>
        l === 0 ? null : tf.keep(tf.div(tf.mul(change, xi[l - 1]), c_h)),
      );
      return tf.mul(0.5, tf.sum(tf.square(tf.sub(clean, y))));
    });
    const named = (variables) =>
      Object.fromEntries(variables.filter(Boolean).map((v) => [v.name, grads[v.name]]));
    forSGD.applyGradients(named([...w, ...b]));
    forB.applyGradients(named(fb));
    for (const t of [value, ...Object.values(grads), ...lambdaHat]) t?.dispose();
  };
  return sessionOf(setup, step, { w, b, fb, batches, noise });
}

export const rules = { bp, np };

export default {
  title: "TensorFlow.js WASM, autograd",
  note: "SIMD, 1 thread; batches and noise drawn beforehand",
  rules,
  load: loadWasm,
};
