/** What our contenders share: the module the page uses, the built-in digits, the configuration of a case. */
import init, * as module from "/wasm/credit_lab.js";
import { uniform } from "../lib/random.mjs";

export const { Gpu, Simulator } = module;

/** Images of the convolutional cases, to train on and to test. */
const IMAGES = [512, 128];

let digits;
let images;

/** Starts the module once: its version. */
export async function loadModule() {
  await init();
  const response = await fetch("/data/mnist-10k.bin");
  digits = module.Dataset.embedded(new Uint8Array(await response.arrayBuffer()));
  return module.version();
}

/** Noise for an image with a label that shows in its brightness, in the files of CIFAR-10: a label, then 32 x 32 x 3 bytes. */
function drawImages() {
  const random = uniform(20200600);
  const loader = new module.Loader();
  for (const [k, file] of ["data_batch_1.bin", "test_batch.bin"].entries()) {
    const records = new Uint8Array(IMAGES[k] * 3073);
    for (let at = 0; at < records.length; at += 3073) {
      const label = Math.floor(10 * random());
      const image = records.subarray(at + 1, at + 3073);
      records[at] = label;
      image.forEach((_, i) => {
        image[i] = 128 * random() + 12 * label;
      });
    }
    loader.begin(file);
    loader.push(records);
    loader.end();
  }
  return loader.finish();
}

/** The data of a case. */
export function dataOf({ image }) {
  if (!image) return digits;
  images ??= drawImages();
  return images;
}

/** A case as a run: from our own seed, without a warm-up of the feedback, so that every step updates the weights. */
export function configOf(setup) {
  const { task, sizes, activations, rule, batch, eta_w, eta_b, c_h } = setup;
  const rates = rule.startsWith("np") ? { eta_w, eta_b, c_h } : { eta_w };
  if (setup.image) return convolutional(setup, rates);
  const usual = module.defaultConfig(task, rule);
  return { ...usual, sizes, activations, batch, seed: 1, warmup: 0, ...rates };
}

function convolutional({ image, layers, rule, batch, keep }, rates) {
  const convolutions = layers.filter(({ kernel }) => kernel);
  return {
    ...module.defaultConfig("classifier", rule, "adam"),
    sizes: [image.reduce((a, b) => a * b), ...layers.map(({ all }) => all)],
    activations: layers.map((_, l) => (l < layers.length - 1 ? "relu" : "softmax")),
    loss: "cross_entropy",
    image,
    convolutions: convolutions.map(({ units, kernel }) => ({
      channels: units,
      kernel,
      pool: true,
    })),
    dropout: 1 - keep,
    batch,
    seed: 1,
    warmup: 0,
    probe: 128,
    ...rates,
  };
}
