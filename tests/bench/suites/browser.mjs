/** The suite of headless Chromium: everyone in one page, on its main thread, on one core. */
import { readFileSync } from "node:fs";
import path from "node:path";
import binaryen from "binaryen";
import { bundle } from "../lib/bundle.mjs";
import { ensurePeers, here } from "../lib/peers.mjs";
import { openTab } from "../lib/tab.mjs";

/** Files in contenders/, in the order of the table. A new library is one file and one word here. */
const CONTENDERS = [
  ["peak", "peak"],
  ["credit-lab", "ours"],
  ["tfjs-autograd", "peer"],
  ["tfjs-manual", "peer"],
  ["tfjs-columns", "peer"],
  ["jax-js", "peer"],
  ["convnetjs", "peer"],
  ["tfjs-cnn-forward", "forward"],
];

function assemble(file) {
  const module = binaryen.parseText(readFileSync(path.join(here, file), "utf8"));
  module.setFeatures(
    binaryen.Features.SIMD128 | (file.includes("relaxed") ? binaryen.Features.RelaxedSIMD : 0),
  );
  if (!module.validate()) throw new Error(`${file} is not valid WebAssembly`);
  const bytes = Buffer.from(module.emitBinary());
  module.dispose();
  return bytes;
}

async function start(context) {
  await ensurePeers();
  const memory = new Map([
    ["/tfjs.js", await bundle(path.join(here, "page", "tfjs.mjs"))],
    ["/peak/peak.wasm", assemble("peak.wat")],
    ["/peak/peak-relaxed.wasm", assemble("peak-relaxed.wat")],
  ]);
  return openTab(context, { entries: CONTENDERS, memory, flags: [] });
}

export default { name: "browser", title: "In headless Chromium, one core", start };
