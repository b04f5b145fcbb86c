/** Where things are: the repository, what the build makes, and the cache shared by all clones on this machine. */
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** @param {string[]} parts */
export const inRoot = (...parts) => path.join(root, ...parts);

export const dist = inRoot("dist");
export const wasmOut = inRoot("www", "src", "wasm");
/** The same core for browsers without SIMD. */
export const scalarOut = inRoot("www", "src", "wasm-scalar");
/** Does a shipped file belong to that core? @param {string} file */
export const isScalar = (file) => file.includes("credit_lab_scalar");
export const mnistOut = inRoot("www", "public", "data", "mnist-10k.bin");
/** The folder of the font of formulas and its licence. */
export const fontOut = inRoot("www", "public", "fonts");

/** Stamps and generated settings. Inside node_modules, so a clean install also forgets them. */
export const work = inRoot("node_modules", ".cache", "credit-lab");

/** Command line tools that we compile ourselves; they survive `rm -rf` of a clone. */
export const toolCache = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"),
  "credit-lab",
);

export const wasmTarget = "wasm32-unknown-unknown";

/** A path as a reader of the terminal wants it: relative when it is ours. @param {string} file */
export function pretty(file) {
  const relative = path.relative(root, file);
  if (!relative.startsWith("..") && !path.isAbsolute(relative)) return relative || ".";
  return file.startsWith(os.homedir() + path.sep) ? `~${file.slice(os.homedir().length)}` : file;
}
