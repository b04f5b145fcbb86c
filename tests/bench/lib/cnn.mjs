/**
 * The convolutional step: the paper's network for CIFAR-10 (section 6.4: convolutions 3x3x32, 5x5x128 and 5x5x256, each
 * max pooled 3 x 3 with stride 2, two dense layers of 2048, softmax; dropout 0.5 on these two, Adam), its count of
 * operations and the common start of all peers.
 *
 * Layouts: activity (T, rows, columns, channels); weights of a convolution (channels, k k channels
 * below), the column of W being (ky k + kx) Cin + ci; B^l of direct feedback (10, n_l), with n_l units before pooling.
 * `w`, `b` and `fb` are lists by layer as in setup.mjs; `fb[l]` feeds layer l, the layer below W[l].
 */
import { gaussian, uniform } from "./random.mjs";

const IMAGE = [32, 32, 3];
const CLASSES = 10;
const CONVOLUTIONS = [
  { channels: 32, kernel: 3 },
  { channels: 128, kernel: 5 },
  { channels: 256, kernel: 5 },
];
const DENSE = 2048;
/** Batches (with their noise and masks) that peers walk round. */
const POOL = 4;

/** Units of a layer at this width, in fours, as the crate rounds them. */
const scaled = (units, width) => 4 * Math.max(1, Math.round((units * width) / 4));

/**
 * The layers, bottom first: `inputs` per unit, `units` rows of W, `side` of the image that a
 * convolution sees (it halves), `all` units of its activity.
 */
export function layersOf(width) {
  let [side, , below] = IMAGE;
  const layers = CONVOLUTIONS.map(({ channels, kernel }) => {
    const units = scaled(channels, width);
    const layer = { kernel, side, below, units };
    Object.assign(layer, { inputs: kernel * kernel * below, all: side * side * units });
    below = units;
    side /= 2;
    return layer;
  });
  let inputs = side * side * below;
  for (const units of [scaled(DENSE, width), scaled(DENSE, width), CLASSES]) {
    layers.push({ inputs, units, all: units });
    inputs = units;
  }
  return layers;
}

/**
 * Operations as in cases.mjs: two per multiply-add of matrix products and convolutions, everything
 * else left out; `forward` is one pass. BP = forward, weight gradients, errors passed down (not to the image). NP
 * direct = clean pass, noisy pass (its first layer shared), weight gradients, the output error through every B and back
 * into it. At width 1 and batch 32: BP 17.6 GFLOP.
 */
export function flopsOf(layers, rule, batch) {
  const macs = layers.map(({ inputs, units, side }) => inputs * units * (side ?? 1) ** 2);
  const all = macs.reduce((a, b) => a + b, 0);
  const upper = all - macs[0];
  const direct = layers.slice(0, -1).reduce((sum, layer) => sum + CLASSES * layer.all, 0);
  const step = rule === "bp" ? 2 * all + upper : 2 * all + upper + 2 * direct;
  return { flops: 2 * batch * step, forward: 2 * batch * all };
}

/** A case of lib/cases.mjs. `rule`: "bp" or "np-dfa"; `width` 1 is the paper's. */
export function cnnCase(suites, rule, batch, width, rest) {
  const layers = layersOf(width);
  const narrow = width === 1 ? "" : `-width-${width}`;
  return {
    suites,
    // What contenders say they can do.
    kind: `cnn-${rule}`,
    id: `cnn-${rule}-${batch}${narrow}`,
    title: `convolutional network ${rule === "bp" ? "BP" : "NP direct"}, Adam, batch ${batch}, width ${width}`,
    image: IMAGE,
    layers,
    width,
    rule,
    batch,
    keep: 0.5,
    // Small, so that nothing diverges however long it runs; the work is the same.
    eta_w: 1e-5,
    eta_b: rule === "bp" ? 0 : 1e-7,
    c_h: 0.067,
    ...flopsOf(layers, rule, batch),
    ...rest,
  };
}

/** The network in which a case's contenders are checked: narrow, so that plain f64 loops take a moment. */
const JUDGED = { width: 0.125, batch: 8, steps: 3 };
export const judgedCase = ({ rule }) =>
  cnnCase([], rule, JUDGED.batch, JUDGED.width, {
    id: `cnn-${rule}-judged`,
    steps: JUDGED.steps,
    // Large enough that three steps of Adam stand above the rounding of f32 weights.
    eta_w: 1e-4,
    eta_b: rule === "bp" ? 0 : 1e-4,
  });

/** Weights, images, labels (one of ten, as 0 and 1), noise (NP) and masks (0 or 1 / keep), drawn with a fixed seed. */
export function cnnSetup(c) {
  const random = uniform(20190600);
  const { layers, batch, rule, keep } = c;
  const hidden = layers.slice(0, -1);
  const pool = Array.from({ length: POOL });
  return {
    ...c,
    w: layers.map(({ inputs, units }) => gaussian(inputs * units, Math.sqrt(2 / inputs), random)),
    b: layers.map(({ inputs, units }) => gaussian(units, Math.sqrt(2 / inputs), random)),
    fb: layers.map((_, l) =>
      l > 0 && rule !== "bp"
        ? gaussian(CLASSES * layers[l - 1].all, Math.sqrt(2 / layers[l - 1].all), random)
        : null,
    ),
    batches: pool.map(() => {
      const y = new Float32Array(batch * CLASSES);
      for (let t = 0; t < batch; t++) y[t * CLASSES + Math.floor(random() * CLASSES)] = 1;
      return { x: Float32Array.from({ length: batch * 3072 }, random), y };
    }),
    masks: pool.map(() =>
      hidden.map(({ side, units }) =>
        side
          ? null
          : Float32Array.from({ length: batch * units }, () => (random() < keep ? 1 / keep : 0)),
      ),
    ),
    noise: pool.map(() =>
      rule === "bp" ? null : hidden.map(({ all }) => gaussian(batch * all, 1, random)),
    ),
  };
}
