/**
 * TensorFlow.js, WebGPU backend, by hand: the step of tfjs-manual.mjs with the products this
 * backend is fast in: its shaders read a transposed operand in place, and take the bias and,
 * where it is one they know, the activation along. A sum over the samples would transpose first;
 * as a product with a row of ones it is one dispatch (on the software adapter 5 ms, not 40).
 */
import { activate, loadWebgpu, tf } from "./tfjs-common.mjs";
import { rulesWith } from "./tfjs-manual.mjs";

const rows = new Map();
function ones(n) {
  if (!rows.has(n)) rows.set(n, tf.keep(tf.ones([1, n])));
  return rows.get(n);
}

const FUSED = { identity: "linear", relu: "relu", sigmoid: "sigmoid" };

const rules = rulesWith({
  layer: (act, a, b, bias) =>
    act in FUSED
      ? tf.fused.matMul({ a, b, bias, activation: FUSED[act] })
      : activate(act, tf.fused.matMul({ a, b, bias })),
  nt: (a, b) => tf.matMul(a, b, false, true),
  tn: (a, b) => tf.matMul(a, b, true, false),
  columnSum: (a) => tf.reshape(tf.matMul(ones(a.shape[0]), a), [a.shape[1]]),
});

export default {
  title: "TensorFlow.js WebGPU, by hand",
  note: "no autograd, fused bias and activation; batches and noise drawn beforehand",
  rules,
  load: loadWebgpu,
};
