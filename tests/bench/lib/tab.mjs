/** One page in headless Chromium with the contenders of a suite in it, and what it fetches. */
import path from "node:path";
import { mnistOut, wasmOut } from "../../../scripts/lib/paths.mjs";
import { launchChromium } from "./chromium.mjs";
import { pack } from "./pack.mjs";
import { here } from "./peers.mjs";
import { serve } from "./server.mjs";

/** ms to wait for the page to come up before we call it stuck. */
const PATIENCE = 60_000;

const METHODS = ["open", "check", "warm", "measure", "facts", "close"];

/**
 * Opens the page. `entries`: [file in contenders/, role] in the order of the table; `memory`: what
 * is served beside the folders; `flags`: of Chromium; `about`: asks the page what it runs on.
 */
export async function openTab({ setups, references, ours }, { entries, memory, flags, about }) {
  for (const [id, setup] of setups) memory.set(`/setup/${id}`, () => pack(setup));
  for (const [id, end] of references) memory.set(`/reference/${id}`, () => pack(end));
  const folders = {
    "/bench/": here,
    "/peers/": path.join(here, "node_modules"),
    "/wasm/": wasmOut,
    "/data/": path.dirname(mnistOut),
  };
  const server = await serve(folders, memory);
  const browser = await launchChromium(flags);
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
    const place = [`Chromium ${browser.version()}`, await about?.(call)].filter(Boolean);
    const contenders = [];
    for (const [file, role] of entries) {
      if (role === "ours" && !ours) continue;
      const self = await call("load", file);
      const bound = Object.fromEntries(
        METHODS.map((method) => [method, (...args) => call(method, file, ...args)]),
      );
      contenders.push({ id: file, role, ...self, ...bound });
    }
    return { about: place.join(", "), contenders, call, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
