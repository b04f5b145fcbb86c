/** What the TensorFlow.js contenders share: the backend, the upload of a set-up, the session. */

import * as tf from "tfjs";

export { tf };

/** The WASM backend, SIMD, single-threaded; returns what the report shows. */
export async function loadWasm() {
  if (tf.getBackend() !== "wasm") {
    tf.setWasmPaths("/peers/@tensorflow/tfjs-backend-wasm/dist/");
    tf.setThreadsCount(1);
    if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js has no WASM backend here");
    await tf.ready();
  }
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return `${tf.version_core}, SIMD ${simd ? "on" : "off"}`;
}

/** The WebGPU backend on the adapter the browser gives; returns what the report shows. */
export async function loadWebgpu() {
  if (tf.getBackend() !== "webgpu") {
    if (!(await tf.setBackend("webgpu")))
      throw new Error("TensorFlow.js has no WebGPU backend here");
    await tf.ready();
  }
  return tf.version_core;
}

/** (rows, columns) row major -> (columns, rows). */
export function transposed(a, rows, columns) {
  const out = new Float32Array(a.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c];
  }
  return out;
}

/** Tensors of a set-up; weights as (n_in, n_out), the layout in which h W needs no transpose. */
export function upload(setup) {
  const { sizes, batch } = setup;
  const matrix = (a, l) =>
    a && tf.variable(tf.tensor2d(transposed(a, sizes[l + 1], sizes[l]), [sizes[l], sizes[l + 1]]));
  return {
    w: setup.w.map(matrix),
    b: setup.b.map((a) => tf.variable(tf.tensor1d(a))),
    fb: setup.fb.map(matrix),
    batches: setup.batches.map(({ x, y }) => ({
      x: tf.tensor2d(x, [batch, sizes[0]]),
      y: tf.tensor2d(y, [batch, sizes.at(-1)]),
    })),
    noise: setup.noise.map((layers) =>
      layers?.map((a, l) => tf.tensor2d(a, [batch, sizes[l + 1]])),
    ),
  };
}

export const activate = (name, z) =>
  ({ identity: (v) => v, tanh: tf.tanh, sigmoid: tf.sigmoid, relu: tf.relu })[name](z);

/** Numbers that steps use, as tensors that stay: WebGPU would upload a plain number in every step. */
const constants = new Map();
export function constant(value) {
  if (!constants.has(value)) constants.set(value, tf.keep(tf.scalar(value)));
  return constants.get(value);
}

/** e = lambda * act'(z) from the activity h = act(z). */
export function through(act, h, lambda) {
  if (act === "identity") return lambda;
  if (act === "tanh") return tf.mul(lambda, tf.sub(constant(1), tf.square(h)));
  if (act === "sigmoid") return tf.mul(lambda, tf.mul(h, tf.sub(constant(1), h)));
  return tf.mul(lambda, tf.step(h));
}

/**
 * The Session of page.mjs around `step(k)`. A run ends when one small array of the last step has
 * been read: WASM kernels are done by then anyway, a GPU's queue is worked off in order.
 */
export function sessionOf(setup, step, { w, b, fb = [], ...rest }) {
  const { sizes } = setup;
  const read = async (v, l) => v && transposed(await v.data(), sizes[l], sizes[l + 1]);
  let k = 0;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) tf.tidy(() => step(k++));
      await b.at(-1).data();
    },
    state: async () => ({
      w: await Promise.all(w.map(read)),
      b: await Promise.all(b.map((v) => v.data())),
      fb: await Promise.all(fb.map(read)),
    }),
    dispose: () => tf.dispose({ w, b, fb, ...rest }),
  };
}
