/** Finding and starting headless Chromium: one that is installed, never a download. */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { Failure } from "../../../scripts/lib/terminal.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/** No sandbox: containers run as root. The rest keeps the browser from working on its own account. */
const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU without asking which adapter is safe; on the software adapter that Chromium brings along. */
const WEBGPU = ["--enable-unsafe-webgpu", "--enable-features=Vulkan"];
export const ADAPTERS = {
  software: [...WEBGPU, "--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader"],
  hardware: [...WEBGPU, "--use-webgpu-power-preference=force-high-performance"],
};

const runnable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

export function findChromium(env = process.env) {
  const named = [env.CHROMIUM, env.CHROME_BIN].filter(Boolean);
  const folders = (env.PATH ?? "").split(path.delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const file = [...named, ...onPath].find(runnable);
  if (file) return file;
  throw new Failure("finding Chromium", {
    cause: `none of ${NAMES.join(", ")} is on the PATH, and CHROMIUM and CHROME_BIN name no program`,
    remedy: "npm run setup (on Debian: apt-get install chromium), or set CHROMIUM to its path",
  });
}

export const launchChromium = (extra = []) =>
  chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...extra], headless: true });
