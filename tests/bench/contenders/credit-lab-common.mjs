/** What our contenders share: the module the page uses, the built-in digits, the configuration of a case. */
import init, * as module from "/wasm/credit_lab.js";

export const { Gpu, Simulator } = module;

/** Starts the module once: { version, dataset }. */
export async function loadModule() {
  await init();
  const response = await fetch("/data/mnist-10k.bin");
  const dataset = module.Dataset.embedded(new Uint8Array(await response.arrayBuffer()));
  return { version: module.version(), dataset };
}

/** A case as a run: from our own seed, without a warm-up of the feedback, so that every step updates the weights. */
export function configOf({ task, sizes, activations, rule, batch, eta_w, eta_b, c_h }) {
  const rates = rule === "np" ? { eta_w, eta_b, c_h } : { eta_w };
  const usual = module.defaultConfig(task, rule);
  return { ...usual, sizes, activations, batch, seed: 1, warmup: 0, ...rates };
}
