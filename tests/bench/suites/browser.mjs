/** The suite of headless Chromium: everyone in one page, on its main thread, on one core. */
import { readFileSync } from "node:fs";
import path from "node:path";
import binaryen from "binaryen";
import { mnistOut, wasmOut } from "../../../scripts/lib/paths.mjs";
import { bundle } from "../lib/bundle.mjs";
import { launchChromium } from "../lib/chromium.mjs";
import { pack } from "../lib/pack.mjs";
import { ensurePeers, here } from "../lib/peers.mjs";
import { serve } from "../lib/server.mjs";

/** Files in contenders/, in the order of the table. A new library is one file and one word here. */
const CONTENDERS = [
  ["peak", "peak"],
  ["credit-lab", "ours"],
  ["tfjs-autograd", "peer"],
  ["tfjs-manual", "peer"],
  ["tfjs-columns", "peer"],
  ["jax-js", "peer"],
  ["convnetjs", "peer"],
];

/** ms to wait for the page to come up before we call it stuck. */
const PATIENCE = 60_000;

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

async function start({ cases, setups, references, ours }) {
  await ensurePeers();
  const memory = new Map([
    ["/tfjs.js", await bundle(path.join(here, "page", "tfjs.mjs"))],
    ["/peak/peak.wasm", assemble("peak.wat")],
    ["/peak/peak-relaxed.wasm", assemble("peak-relaxed.wat")],
  ]);
  for (const { id } of cases) {
    memory.set(`/setup/${id}`, pack(setups.get(id)));
    memory.set(`/reference/${id}`, pack(references.get(id)));
  }
  const folders = {
    "/bench/": here,
    "/peers/": path.join(here, "node_modules"),
    "/wasm/": wasmOut,
    "/data/": path.dirname(mnistOut),
  };
  const server = await serve(folders, memory);
  const browser = await launchChromium();
  const stop = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(`${server.url}/bench/page/index.html`);
    await page.waitForFunction(() => window.bench);
    const call = (method, ...args) =>
      page.evaluate(([m, a]) => window.bench[m](...a), [method, args]);
    const contenders = [];
    for (const [file, role] of CONTENDERS) {
      if (role === "ours" && !ours) continue;
      const about = await call("load", file);
      const bound = Object.fromEntries(
        ["open", "check", "warm", "measure", "close"].map((method) => [
          method,
          (...args) => call(method, file, ...args),
        ]),
      );
      contenders.push({ id: file, role, ...about, ...bound });
    }
    return { about: `Chromium ${browser.version()}`, contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export default { name: "browser", title: "In headless Chromium, one core", start };
