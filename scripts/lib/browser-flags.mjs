/** How tests start Chromium. Without leading dashes, as a webdriver.json wants them; see `dashed`. */

/** For a browser that runs as root in a container, talks to nobody and shows nothing but the page under test. */
export const BROWSER_FLAGS = [
  "no-sandbox",
  "disable-quic",
  "no-first-run",
  "disable-background-networking",
  "disable-component-update",
  "disable-sync",
  "disable-dev-shm-usage",
];

/**
 * WebGPU by SwiftShader, which comes with Chromium and computes on the CPU: the same on every machine, with or without
 * a GPU. There must be no enable-features here: it would replace Playwright's, which keep the browser off the network.
 */
export const GPU_FLAGS = ["enable-unsafe-webgpu", "use-webgpu-adapter=swiftshader"];

/** As arguments of a command line. @param {string[]} flags */
export const dashed = (flags) => flags.map((flag) => `--${flag}`);
