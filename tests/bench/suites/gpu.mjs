/** The suite of WebGPU: everyone in one page of headless Chromium, on the same adapter. */
import path from "node:path";
import { Failure } from "../../../scripts/lib/terminal.mjs";
import { bundle } from "../lib/bundle.mjs";
import { ADAPTERS } from "../lib/chromium.mjs";
import { ensurePeers, here } from "../lib/peers.mjs";
import { openTab } from "../lib/tab.mjs";

const CONTENDERS = [
  ["credit-lab-gpu", "ours"],
  ["tfjs-webgpu", "peer"],
  ["tfjs-webgpu-manual", "peer"],
  ["jax-js-webgpu", "peer"],
];

async function start(context) {
  await ensurePeers();
  const memory = new Map([["/tfjs.js", await bundle(path.join(here, "page", "tfjs-webgpu.mjs"))]]);
  const tab = await openTab(context, {
    entries: CONTENDERS,
    memory,
    flags: ADAPTERS[context.adapter],
    about: async (call) => {
      const adapter = await call("adapter");
      if (adapter) return adapter;
      throw new Failure("finding a WebGPU adapter", {
        cause: `this Chromium offers none (--adapter ${context.adapter})`,
        remedy: "update Chromium or the driver, or try the other --adapter",
      });
    },
  });
  const products = () => (context.ours ? tab.call("products", "credit-lab-gpu", 1024) : undefined);
  return { ...tab, products };
}

/**
 * Fewer rounds of longer windows, and a shorter check: on the software adapter TensorFlow.js takes a
 * second for a step of the autoencoder and more than ten for one of the wide network.
 */
const SLOWLY = { least: 3, check: { share: 0.2, least: 2 } };
const timing = {
  full: { ...SLOWLY, rounds: 5, window: 1000, warm: 2000, budget: 15_000 },
  quick: { ...SLOWLY, rounds: 3, window: 500, warm: 1000, budget: 5000 },
};

export default { name: "gpu", title: "On WebGPU in headless Chromium, one adapter", start, timing };
