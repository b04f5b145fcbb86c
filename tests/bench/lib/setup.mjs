/**
 * The common start of all peers in one case: weights, feedback weights, a pool of batches and of
 * noise, drawn once with a fixed seed. Node makes it; the page and peers.py read the same bytes.
 *
 * Peers draw nothing inside a step: batches are gathered and noise is drawn beforehand and lies
 * ready in their memory. Credit Lab gathers its batches and draws its noise inside the step.
 */
import { payload } from "../../../scripts/pack-mnist.mjs";
import { cnnSetup } from "./cnn.mjs";
import { gaussian, uniform } from "./random.mjs";

/** Samples in the pool of batches that peers walk round (at least four batches): 1.6 MB of pixels. */
const POOL_SAMPLES = 512;

/** The training digits that the page has built in: magic, four u32, labels, images. */
export function readDigits() {
  const bytes = payload();
  const train = bytes.readUInt32LE(8);
  const test = bytes.readUInt32LE(12);
  const pixels = bytes.readUInt32LE(16) * bytes.readUInt32LE(20);
  const images = 24 + train + test;
  return { count: train, pixels, labels: bytes.subarray(24), images: bytes.subarray(images) };
}

function drawBatch({ task, sizes, batch }, digits, random) {
  const classes = sizes.at(-1);
  const x = new Float32Array(batch * digits.pixels);
  const y = task === "classifier" ? new Float32Array(batch * classes) : x;
  for (let t = 0; t < batch; t++) {
    const n = Math.floor(random() * digits.count);
    const image = digits.images.subarray(n * digits.pixels, (n + 1) * digits.pixels);
    for (let k = 0; k < image.length; k++) x[t * digits.pixels + k] = image[k] / 255;
    if (task === "classifier") y[t * classes + digits.labels[n]] = 1;
  }
  return { x, y };
}

/** The set-up of one case. `fb[0]` and the output layer's noise do not exist. */
export function makeSetup(c, digits) {
  if (c.image) return cnnSetup(c);
  const random = uniform(20190600);
  const { sizes, batch, rule } = c;
  const layers = c.activations.map((_, l) => l);
  const matrix = (l) => gaussian(sizes[l + 1] * sizes[l], Math.sqrt(2 / sizes[l]), random);
  const hidden = layers.slice(0, -1);
  const pool = Array.from({ length: Math.max(4, POOL_SAMPLES / batch) });
  return {
    ...c,
    w: layers.map(matrix),
    b: layers.map((l) => gaussian(sizes[l + 1], Math.sqrt(2 / sizes[l]), random)),
    fb: layers.map((l) => (l > 0 && rule === "np" ? matrix(l) : null)),
    batches: pool.map(() => drawBatch(c, digits, random)),
    noise: pool.map(() =>
      rule === "np" ? hidden.map((l) => gaussian(batch * sizes[l + 1], 1, random)) : null,
    ),
  };
}
